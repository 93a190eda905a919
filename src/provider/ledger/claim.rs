//! What a resource can claim, and the claim of one instance.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::framework::InstanceId;
use crate::gitlab::{Kind, Permissions, ProjectId, Target};

/// A resource type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Manager {
    /// `gitlab_job_token_scope`.
    Scope,
    /// `gitlab_job_token_allowlist_entry`.
    Entry,
    /// `gitlab_job_token_allowlist_exclusive`.
    Exclusive,
}

/// An object on the server that only one resource should manage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Object {
    /// The setting that restricts access to the project to its allowlist.
    Access(ProjectId),
    /// The setting that lets jobs push to the project's repository.
    Pushes(ProjectId),
    /// The setting that lets jobs of other projects push to the project's repository.
    CrossProjectPushes(ProjectId),
    /// An entry on the project's allowlist.
    Entry(ProjectId, Target),
}

impl Object {
    /// Returns whether it is an entry on this allowlist.
    pub(super) fn is_on(self, list: (ProjectId, Kind)) -> bool {
        match self {
            Self::Entry(project, target) => (project, target.kind()) == list,
            Self::Access(_) | Self::Pushes(_) | Self::CrossProjectPushes(_) => false,
        }
    }
}

/// A value of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A setting.
    Setting(bool),
    /// An entry that exists, with its permissions if they are managed.
    Entry(Option<Permissions>),
    /// The result of a removal: the default of a setting, or no entry.
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

    /// Returns whether it is an entry with restricted permissions.
    pub(super) fn is_restricted(&self) -> bool {
        matches!(self, Self::Entry(Some(Permissions::Only(_))))
    }

    /// Returns whether writing `next` would undo this value.
    pub(super) fn is_undone_by(&self, next: &Self) -> bool {
        match (self, next) {
            (Self::Entry(Some(held)), Self::Entry(Some(next))) => held != next,
            (Self::Entry(_), Self::Entry(_)) => false,
            (held, next) => held != next,
        }
    }
}

/// The objects that a resource wants, with their values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    objects: BTreeMap<Object, (Value, String)>,
    /// The entries that aren't on the server yet.
    added: BTreeSet<Object>,
    /// The allowlists that an exclusive allowlist manages.
    managed: BTreeSet<(ProjectId, Kind)>,
    /// Those that may have no entries other than the objects: all targets are known.
    exclusive: BTreeSet<(ProjectId, Kind)>,
}

impl Wanted {
    /// Adds an object with its display name.
    pub fn with(mut self, object: Object, value: Value, name: impl Into<String>) -> Self {
        self.objects.insert(object, (value, name.into()));
        self
    }

    /// Marks an object as not yet on the server.
    #[must_use]
    pub fn new_on_the_server(mut self, object: Object) -> Self {
        self.added.insert(object);
        self
    }

    /// Adds an allowlist whose targets may not all be known.
    #[must_use]
    pub fn managing(mut self, project: ProjectId, kind: Kind) -> Self {
        self.managed.insert((project, kind));
        self
    }

    /// Makes an allowlist exclusive: it may have no entries other than those added here.
    #[must_use]
    pub fn exclusively(mut self, project: ProjectId, kind: Kind) -> Self {
        self.exclusive.insert((project, kind));
        self.managing(project, kind)
    }

    /// Returns the objects, in ascending order.
    pub fn objects(&self) -> impl Iterator<Item = &Object> {
        self.objects.keys()
    }

    /// Returns the objects with their values and display names.
    pub(super) fn values(&self) -> impl Iterator<Item = (&Object, &(Value, String))> {
        self.objects.iter()
    }

    /// Returns the display name of one of the objects.
    #[must_use]
    pub fn name(&self, object: Object) -> Option<&str> {
        self.objects.get(&object).map(|(_, name)| name.as_str())
    }

    pub(super) fn value(&self, object: Object) -> Option<&Value> {
        self.objects.get(&object).map(|(value, _)| value)
    }

    pub(super) fn adds(&self, object: Object) -> bool {
        self.added.contains(&object)
    }

    pub(super) fn managed(&self) -> &BTreeSet<(ProjectId, Kind)> {
        &self.managed
    }

    /// Returns whether all targets on an allowlist that it manages are known.
    pub(super) fn is_exclusive(&self, list: (ProjectId, Kind)) -> bool {
        self.exclusive.contains(&list)
    }

    /// Returns whether one of the exclusive allowlists removes the entry. A project's entry for
    /// itself can't be removed.
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

    /// Returns whether the object is still wanted with this value.
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
    pub(super) planned: Planned,
    pub(super) replaces: Option<InstanceId>,
    /// True if later calls for the instance carry the same ID.
    pub(super) persistent: bool,
    /// True if the apply changes nothing, so that hosts don't call it.
    pub(super) unchanged: bool,
    /// Its place in the order in which this run planned the resources.
    pub(super) order: u64,
}

/// What this run does with an instance.
#[derive(Debug, Clone)]
pub(super) enum Planned {
    /// It was read, and isn't planned yet.
    Unknown,
    /// It is planned with these objects.
    Keep(Wanted),
    /// It is planned to be removed, except for the objects that the removal leaves.
    Remove { leaves: BTreeSet<Object> },
}

impl Claim {
    pub(super) fn of_read(manager: Manager) -> Self {
        let held = BTreeSet::new();
        Self {
            manager,
            held,
            planned: Planned::Unknown,
            replaces: None,
            persistent: true,
            unchanged: false,
            order: 0,
        }
    }

    pub(super) fn wanted(&self) -> Option<&Wanted> {
        match &self.planned {
            Planned::Keep(wanted) => Some(wanted),
            Planned::Unknown | Planned::Remove { .. } => None,
        }
    }

    /// Returns whether the instance has the object in its state and keeps it, as far as is known.
    pub(super) fn keeps(&self, object: Object) -> bool {
        self.held.contains(&object)
            && match &self.planned {
                Planned::Unknown => true,
                Planned::Keep(wanted) => wanted.value(object).is_some(),
                Planned::Remove { .. } => false,
            }
    }

    /// Returns whether removing the instance leaves the object.
    pub(super) fn leaves(&self, object: Object) -> bool {
        match &self.planned {
            Planned::Remove { leaves } => self.held.contains(&object) && leaves.contains(&object),
            Planned::Unknown | Planned::Keep(_) => false,
        }
    }

    /// Returns whether removing the instance removes the object.
    pub(super) fn removes(&self, object: Object) -> bool {
        match &self.planned {
            Planned::Remove { leaves } => self.held.contains(&object) && !leaves.contains(&object),
            Planned::Unknown | Planned::Keep(_) => false,
        }
    }

    /// Returns whether the instance wants the entry with restricted permissions.
    pub(super) fn restricts(&self, entry: Object) -> bool {
        self.wanted().and_then(|wanted| wanted.value(entry)).is_some_and(Value::is_restricted)
    }
}

/// The format in which a plan notes an object for its apply.
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
