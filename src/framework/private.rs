//! Private data: what a host keeps beside a state for the provider, opaque to it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

/// The private data of one object. Some of it stays beside the state; what a plan adds for its apply alone doesn't.
///
/// A read can't change any of it: a host takes a state whose private data alone has changed for drift.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Private {
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    imported: bool,
    #[serde(skip_serializing_if = "Map::is_empty")]
    kept: Map<String, Json>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    planned: Map<String, Json>,
}

impl Private {
    /// The private data of an object that was just imported.
    pub(super) fn imported() -> Self {
        Self { imported: true, ..Self::default() }
    }

    /// Checks whether the object was imported and no apply has changed it since.
    #[must_use]
    pub fn is_imported(&self) -> bool {
        self.imported
    }

    /// Returns what stays beside the state under that name.
    #[must_use]
    pub fn kept(&self, name: &str) -> Option<&Json> {
        self.kept.get(name)
    }

    /// Keeps a value beside the state from the next apply on.
    pub fn keep(&mut self, name: &str, value: impl Into<Json>) {
        self.kept.insert(name.to_owned(), value.into());
    }

    /// Returns what the plan of this change has added under that name.
    #[must_use]
    pub fn planned(&self, name: &str) -> Option<&Json> {
        self.planned.get(name)
    }

    /// Adds a value for the apply of this plan.
    pub fn plan(&mut self, name: &str, value: impl Into<Json>) {
        self.planned.insert(name.to_owned(), value.into());
    }

    /// Reads what a host sent. Bytes that this framework hasn't written hold nothing.
    pub(super) fn decode(bytes: &[u8]) -> Self {
        serde_json::from_slice(bytes).unwrap_or_default()
    }

    /// Returns the bytes for a host; none where there is nothing to keep.
    pub(super) fn encode(&self) -> Vec<u8> {
        if *self == Self::default() { Vec::new() } else { serde_json::to_vec(self).unwrap_or_default() }
    }

    /// Returns what stays beside the state of an object that was applied as planned.
    pub(super) fn applied(self) -> Self {
        Self { kept: self.kept, ..Self::default() }
    }

    /// Returns what stays of these bytes beside the state of an object whose apply has failed. Those of others stay as they
    /// are.
    pub(super) fn failed(bytes: Vec<u8>) -> Vec<u8> {
        match serde_json::from_slice::<Self>(&bytes) {
            Ok(private) => Self { planned: Map::new(), ..private }.encode(),
            Err(_) => bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_of_others_hold_nothing() {
        for bytes in
            [&b""[..], b"private", b"null", b"[1]", br#"{"imported":7}"#, br#"{"schema_version":"1"}"#]
        {
            assert_eq!(Private::decode(bytes), Private::default());
        }
        assert_eq!(Private::default().encode(), b"");
        assert_eq!(Private::failed(b"private".to_vec()), b"private");
    }

    #[test]
    fn released_form_of_an_import_is_read() {
        assert_eq!(Private::decode(br#"{"imported":true}"#), Private::imported());
        assert_eq!(Private::imported().encode(), br#"{"imported":true}"#);
    }

    #[test]
    fn apply_drops_what_was_only_planned() {
        let mut private = Private::imported();
        private.keep("mark", 1);
        private.plan("removes", vec!["a"]);
        let private = Private::decode(&private.encode());
        assert_eq!(
            (private.kept("mark"), private.planned("removes")),
            (Some(&1.into()), Some(&["a"][..].into()))
        );
        let applied = private.clone().applied();
        assert_eq!(
            (applied.is_imported(), applied.kept("mark"), applied.planned("removes")),
            (false, Some(&1.into()), None)
        );
        let failed = Private::decode(&Private::failed(private.encode()));
        assert_eq!(
            (failed.is_imported(), failed.kept("mark"), failed.planned("removes")),
            (true, Some(&1.into()), None)
        );
    }
}
