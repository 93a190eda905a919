//! Global IDs of GraphQL, which include the kind, such as `gid://gitlab/Project/42`.

use serde::Deserialize;

use crate::gitlab::names::{Kind, Target};

/// The global ID of a project or group. Other kinds don't occur.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(in crate::gitlab) struct GlobalId(pub(in crate::gitlab) Target);

impl TryFrom<String> for GlobalId {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        const NONE: &str = "no global id of a project or group";
        let (name, id) =
            text.strip_prefix("gid://gitlab/").and_then(|rest| rest.split_once('/')).ok_or(NONE)?;
        let kind = Kind::ALL.into_iter().find(|kind| kind.type_name() == name).ok_or(NONE)?;
        let id: i64 = id.parse().map_err(|_| NONE)?;
        Target::new(kind, id).map(Self).map_err(|_| NONE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn global_id_has_a_kind_and_an_id() {
        let read = |text: &str| GlobalId::try_from(text.to_owned()).ok().map(|id| id.0.to_string());
        assert_eq!(read("gid://gitlab/Project/42").as_deref(), Some("project 42"));
        assert_eq!(read("gid://gitlab/Group/7").as_deref(), Some("group 7"));
        for text in [
            "42",
            "gid://gitlab/User/1",
            "gid://gitlab/Project/0",
            "gid://gitlab/Project/",
            "gid://other/Group/7",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
