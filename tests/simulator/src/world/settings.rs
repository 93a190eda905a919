//! Settings of the whole instance, and the differences between GitLab versions that a client can meet.

/// Whether the instance makes every project limit inbound access to its allowlist.
///
/// Under either kind of enforcement a read answers `inbound_enabled: true`, whatever the project's own setting is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Enforcement {
    /// Every project decides for itself.
    #[default]
    Off,
    /// GitLab 18.0 to 18.7: an attempt to turn the limit off answers 204, and nothing changes.
    Silent,
    /// GitLab 18.8 and later: an attempt to turn the limit off answers 400.
    Refusing,
}

/// How GitLab words "already on the list".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Wording {
    /// "… is already in the job token scope".
    #[default]
    Scope,
    /// "… is already in the job token allowlist", as newer versions say.
    Allowlist,
}

impl Wording {
    pub(crate) fn noun(self) -> &'static str {
        match self {
            Self::Scope => "scope",
            Self::Allowlist => "allowlist",
        }
    }
}

/// What an administrator of the instance decides.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) enforcement: Enforcement,
    pub(crate) wording: Wording,
    /// What `GET /version` answers.
    pub(crate) version: String,
    /// Whether lists leave `X-Total`, `X-Total-Pages` and the link to the last page out, as for very large sets.
    pub(crate) omits_totals: bool,
    /// Whether additions call the source project `project_id`, as older versions do.
    pub(crate) older_answers: bool,
    /// Whether the instance is of a version that knows neither permissions of single entries nor pushes by job tokens.
    pub(crate) too_old_for_permissions: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            enforcement: Enforcement::default(),
            wording: Wording::default(),
            version: "18.8.0-ee".to_owned(),
            omits_totals: false,
            older_answers: false,
            too_old_for_permissions: false,
        }
    }
}
