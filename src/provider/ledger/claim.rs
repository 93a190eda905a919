//! Objects and values that a resource can claim, and the claim of one instance.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::framework::InstanceId;
use crate::gitlab::{Kind, Permissions, ProjectId, Target};

/// A resource type, as far as claims differ by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Manager {
    /// `gitlab_job_token_scope`.
    Scope,
    /// `gitlab_job_token_allowlist_entry`.
    Entry,
    /// `gitlab_job_token_allowlist_exclusive`.
    Exclusive,
}

/// Something on the server that one resource should manage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Object {
    /// The setting that restricts access to the project to its allowlist.
    Access(ProjectId),
    /// The setting that lets jobs push to the project's repository.
    Pushes(ProjectId),
    /// The setting that lets jobs of other projects push to the project's repository.
    CrossProjectPushes(ProjectId),
    /// A target on the project's allowlist.
    Entry(ProjectId, Target),
}

/// A value that a write gives an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A setting.
    Setting(bool),
    /// An entry that is there, with its permissions if those are managed.
    Entry(Option<Permissions>),
    /// The outcome of a removal: the default of a setting, or no entry.
    Default,
}

impl Value {
    pub(super) fn is_default(&self) -> bool {
        *self == Self::Default
    }

    pub(super) fn setting(&self) -> Option<bool> {
        match self {
            Self::Setting(value) => Some(*value),
            Self::Entry(_) | Self::Default => None,
        }
    }

    /// Checks whether it is an entry with less than full permissions.
    pub(super) fn is_restricted(&self) -> bool {
        matches!(self, Self::Entry(Some(Permissions::Only(_))))
    }

    /// Checks whether writing `next` would undo this value.
    pub(super) fn is_undone_by(&self, next: &Self) -> bool {
        match (self, next) {
            (Self::Entry(Some(held)), Self::Entry(Some(next))) => held != next,
            (Self::Entry(_), Self::Entry(_)) => false,
            (held, next) => held != next,
        }
    }
}

/// The objects that one resource wants, with their values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    objects: BTreeMap<Object, (Value, String)>,
    /// The entries that the server doesn't have yet.
    added: BTreeSet<Object>,
    /// The allowlists that are to have no other entries.
    exclusive: BTreeSet<(ProjectId, Kind)>,
}

impl Wanted {
    /// Adds an object, under the name that people read.
    pub fn with(mut self, object: Object, value: Value, name: impl Into<String>) -> Self {
        self.objects.insert(object, (value, name.into()));
        self
    }

    /// Says of an object that the server doesn't have it yet.
    pub fn new_on_the_server(mut self, object: Object) -> Self {
        self.added.insert(object);
        self
    }

    /// Makes an allowlist have no other entries than those added.
    pub fn exclusively(mut self, project: ProjectId, kind: Kind) -> Self {
        self.exclusive.insert((project, kind));
        self
    }

    /// Returns the objects, in ascending order.
    pub fn objects(&self) -> impl Iterator<Item = &Object> {
        self.objects.keys()
    }

    /// Returns the name of an object that is among them.
    pub fn name(&self, object: Object) -> Option<&str> {
        self.objects.get(&object).map(|(_, name)| name.as_str())
    }

    pub(super) fn value(&self, object: Object) -> Option<&Value> {
        self.objects.get(&object).map(|(value, _)| value)
    }

    pub(super) fn adds(&self, object: Object) -> bool {
        self.added.contains(&object)
    }

    pub(super) fn exclusive(&self) -> &BTreeSet<(ProjectId, Kind)> {
        &self.exclusive
    }

    /// Checks whether an exclusive list of these removes the entry. A project's entry for itself
    /// can't be removed.
    pub(super) fn excludes(&self, object: Object) -> bool {
        match object {
            Object::Entry(project, target) if target == Target::Project(project) => false,
            Object::Entry(project, target) => {
                self.exclusive.contains(&(project, target.kind()))
                    && !self.objects.contains_key(&object)
            }
            Object::Access(_) | Object::Pushes(_) | Object::CrossProjectPushes(_) => false,
        }
    }

    /// Checks whether that value of the object is still wanted.
    pub(super) fn wants(&self, object: Object, value: &Value) -> bool {
        match self.value(object) {
            Some(wanted) => wanted == value,
            None => value.is_default() && self.excludes(object),
        }
    }
}

/// The claim of one instance.
#[derive(Debug, Clone)]
pub(super) struct Claim {
    pub(super) manager: Manager,
    /// The objects in its state.
    pub(super) held: BTreeSet<Object>,
    pub(super) fate: Fate,
    pub(super) replaces: Option<InstanceId>,
    /// Whether later RPCs for the instance have the same ID.
    pub(super) persistent: bool,
    /// True if its apply has nothing to do, so that a host doesn't call it.
    pub(super) unchanged: bool,
}

/// The future of an instance in this run.
#[derive(Debug, Clone)]
pub(super) enum Fate {
    /// It was read, and no plan of it is known.
    Read,
    /// It is planned to have this.
    Kept(Wanted),
    /// It is to be removed, but for what its removal leaves.
    Removed { leaves: BTreeSet<Object> },
}

impl Claim {
    pub(super) fn of_read(manager: Manager) -> Self {
        let held = BTreeSet::new();
        Self { manager, held, fate: Fate::Read, replaces: None, persistent: true, unchanged: false }
    }

    pub(super) fn wanted(&self) -> Option<&Wanted> {
        match &self.fate {
            Fate::Kept(wanted) => Some(wanted),
            Fate::Read | Fate::Removed { .. } => None,
        }
    }

    /// Checks whether the instance has the object in its state and keeps it, as far as is known.
    pub(super) fn keeps(&self, object: Object) -> bool {
        self.held.contains(&object)
            && match &self.fate {
                Fate::Read => true,
                Fate::Kept(wanted) => wanted.value(object).is_some(),
                Fate::Removed { .. } => false,
            }
    }

    /// Checks whether the removal of the instance leaves the object.
    pub(super) fn leaves(&self, object: Object) -> bool {
        match &self.fate {
            Fate::Removed { leaves } => self.held.contains(&object) && leaves.contains(&object),
            Fate::Read | Fate::Kept(_) => false,
        }
    }

    /// Checks whether the removal of the instance takes the object away.
    pub(super) fn removes(&self, object: Object) -> bool {
        match &self.fate {
            Fate::Removed { leaves } => self.held.contains(&object) && !leaves.contains(&object),
            Fate::Read | Fate::Kept(_) => false,
        }
    }

    /// Checks whether the instance wants the entry with less than full permissions.
    pub(super) fn restricts(&self, entry: Object) -> bool {
        self.wanted().and_then(|wanted| wanted.value(entry)).is_some_and(Value::is_restricted)
    }
}

/// The form in which a plan notes an object for its apply.
impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Access(project) => write!(f, "{project}:access"),
            Self::Pushes(project) => write!(f, "{project}:pushes"),
            Self::CrossProjectPushes(project) => write!(f, "{project}:cross_project_pushes"),
            Self::Entry(project, target) => {
                write!(f, "{project}:{}:{}", target.kind(), target.id())
            }
        }
    }
}

impl fmt::Display for Manager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Scope => "gitlab_job_token_scope",
            Self::Entry => "gitlab_job_token_allowlist_entry",
            Self::Exclusive => "gitlab_job_token_allowlist_exclusive",
        })
    }
}
