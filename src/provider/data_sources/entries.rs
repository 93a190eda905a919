//! Allowlist entries in data sources, and the attributes that they share.

use crate::framework::{Attr, Attribute, Type, model};
use crate::gitlab::{ListedEntry, Permissions, PermittedEntry};

model! {
    /// An entry of a project's allowlist. Entries are sorted in the order of the fields.
    pub(in crate::provider) struct Entry {
        r#type: String,
        path: String,
        id: i64,
        default_permissions: bool,
        job_token_policies: Vec<Attr<String>>,
        created_at: String,
        added_by: String,
    }
}

/// Returns the attributes of [`Entry`].
pub(super) fn entry_attributes() -> Vec<Attribute> {
    let mut attributes = vec![
        Attribute::computed("type", Type::String, "Type of the target: `project` or `group`."),
        Attribute::computed("id", Type::Number, "ID of the target."),
        Attribute::computed(
            "path",
            Type::String,
            "Full path of the target; null if it isn't visible to the token.",
        ),
    ];
    attributes.extend(held_permissions());
    attributes.extend(added());
    attributes
}

/// Returns the attributes for permissions.
pub(super) fn held_permissions() -> Vec<Attribute> {
    vec![
        Attribute::computed(
            "default_permissions",
            Type::Bool,
            "Whether the jobs have the default permissions, which are all that a job token can \
             have; null before GitLab 18.0, and if permissions aren't visible to the token.",
        ),
        Attribute::computed(
            "job_token_policies",
            Type::list(Type::String),
            "Policies that the jobs are restricted to, such as `READ_JOBS`, sorted. Empty with the \
             default permissions; null before GitLab 18.0, and if permissions aren't visible to \
             the token.",
        ),
    ]
}

/// Returns the attributes that say when an entry was added, and by whom.
pub(super) fn added() -> [Attribute; 2] {
    [
        Attribute::computed(
            "created_at",
            Type::String,
            "Time when the entry was added, such as `2025-01-31T12:00:00Z`; null before GitLab \
             18.0, and if it isn't visible to the token.",
        ),
        Attribute::computed(
            "added_by",
            Type::String,
            "Username of the user who added the entry; null before GitLab 18.0, if it isn't \
             visible to the token, and if the user was deleted.",
        ),
    ]
}

/// Returns the values of [`held_permissions`].
pub(super) fn permissions_of(entry: &PermittedEntry) -> (Attr<bool>, Attr<Vec<Attr<String>>>) {
    let (default, policies) = match &entry.permissions {
        Permissions::Default => (true, Vec::new()),
        Permissions::Only(policies) => (false, policies.iter().cloned().map(Attr::Known).collect()),
    };
    (Attr::Known(default), Attr::Known(policies))
}

/// Returns the entries as a list, sorted by type and path.
pub(super) fn sorted(mut entries: Vec<Entry>) -> Attr<Vec<Attr<Entry>>> {
    entries.sort();
    Attr::Known(entries.into_iter().map(Attr::Known).collect())
}

pub(super) fn known_or_null(text: &Option<String>) -> Attr<String> {
    text.clone().map_or(Attr::Null, Attr::Known)
}

impl From<&PermittedEntry> for Entry {
    fn from(entry: &PermittedEntry) -> Self {
        let (default_permissions, job_token_policies) = permissions_of(entry);
        Self {
            r#type: Attr::Known(entry.target.kind().to_string()),
            path: Attr::Known(entry.full_path.clone()),
            id: Attr::Known(entry.target.into()),
            default_permissions,
            job_token_policies,
            created_at: known_or_null(&entry.created_at),
            added_by: known_or_null(&entry.added_by),
        }
    }
}

/// Converts an entry from REST, which has no permissions and doesn't say who added it.
impl From<&ListedEntry> for Entry {
    fn from(entry: &ListedEntry) -> Self {
        Self {
            r#type: Attr::Known(entry.target.kind().to_string()),
            path: known_or_null(&entry.full_path),
            id: Attr::Known(entry.target.into()),
            ..Self::default()
        }
    }
}
