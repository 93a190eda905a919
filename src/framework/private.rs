//! Private data: what a host keeps beside a state for the provider, opaque to it. Hosts never tell
//! the address of a resource, so that a mark in here is all that tells its instances apart.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

/// The mark of one instance of a resource. It stays with the instance from its first plan, import
/// or move on, and goes where its state goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Mark(u64);

impl Mark {
    /// Returns a mark that no instance has.
    #[must_use]
    pub fn random() -> Self {
        Self(fastrand::u64(..))
    }
}

/// The instance that a call is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Instance {
    /// Its mark.
    pub mark: Mark,
    /// The instance that a replacement takes away for it.
    pub replaces: Option<Mark>,
    /// True if its state had the mark before this call: only then does a later call have it, too.
    pub lasting: bool,
}

/// The private data of one object. The mark stays beside the state; what a plan adds for its apply
/// alone doesn't.
///
/// A read can't change any of it: a host takes a state whose private data alone has changed for
/// drift.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Private {
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    imported: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    mark: Option<Mark>,
    #[serde(skip_serializing_if = "Option::is_none")]
    planned: Option<Planned>,
}

/// The part that a plan adds and the apply strips.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Planned {
    #[serde(skip_serializing_if = "Option::is_none")]
    replaces: Option<Mark>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    notes: Map<String, Json>,
    /// The titles of the warnings that the plan has given.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

impl Private {
    /// Returns the private data of an object that was just imported.
    pub(super) fn imported() -> Self {
        Self { imported: true, ..Self::moved() }
    }

    /// Returns the private data of an object that was another resource's so far.
    pub(super) fn moved() -> Self {
        Self { mark: Some(Mark::random()), ..Self::default() }
    }

    /// Checks whether the object was imported and no apply has changed it since.
    #[must_use]
    pub fn is_imported(&self) -> bool {
        self.imported
    }

    /// Returns the instance, if its mark is known.
    #[must_use]
    pub fn instance(&self) -> Option<Instance> {
        let replaces = self.planned.as_ref().and_then(|planned| planned.replaces);
        self.mark.map(|mark| Instance { mark, replaces, lasting: true })
    }

    /// Returns the mark of the instance, if it is known.
    #[must_use]
    pub fn mark(&self) -> Option<Mark> {
        self.mark
    }

    /// Returns the value of that name that the plan of this change has noted for its apply.
    #[must_use]
    pub fn note(&self, name: &str) -> Option<&Json> {
        self.planned.as_ref()?.notes.get(name)
    }

    /// Checks whether the plan that made this private data has given a warning of that title.
    pub(super) fn has_warned(&self, title: &str) -> bool {
        self.planned.iter().flat_map(|planned| &planned.warnings).any(|told| told == title)
    }

    /// Returns the instance that a plan is about, from the private data before the change. `exists`
    /// says whether there is a state: private data that a plan has just made, and no state, are the
    /// second step of a replacement, which takes away the instance of the first.
    pub(super) fn instance_to_plan(&self, exists: bool, first_plan: Option<&Self>) -> Instance {
        let new = || first_plan.and_then(|first| first.mark).unwrap_or_else(Mark::random);
        match (self.mark, &self.planned) {
            (Some(replaced), Some(_)) if !exists => {
                Instance { mark: new(), replaces: Some(replaced), lasting: true }
            }
            (Some(mark), _) => Instance { mark, replaces: None, lasting: true },
            // Every plan of a state without a mark makes another one; a create is planned once.
            (None, _) => Instance { mark: new(), replaces: None, lasting: !exists },
        }
    }

    /// Returns the private data of a planned change of that instance.
    pub(super) fn to_apply(&self, instance: Instance, notes: Map<String, Json>) -> Self {
        let planned = Planned { replaces: instance.replaces, notes, warnings: Vec::new() };
        Self { imported: self.imported, mark: Some(instance.mark), planned: Some(planned) }
    }

    /// Returns the same private data of a plan that has given warnings of those titles.
    pub(super) fn with_warnings(self, titles: Vec<String>) -> Self {
        let planned = self.planned.map(|planned| Planned { warnings: titles, ..planned });
        Self { planned, ..self }
    }

    /// Returns the private data of a planned removal.
    pub(super) fn to_remove(&self, notes: Map<String, Json>) -> Self {
        Self { planned: Some(Planned { notes, ..Planned::default() }), ..self.clone() }
    }

    /// Reads what a host sent. Bytes that this framework hasn't written hold nothing.
    pub(super) fn decode(bytes: &[u8]) -> Self {
        serde_json::from_slice(bytes).unwrap_or_default()
    }

    /// Returns the bytes for a host; none where there is nothing to keep.
    pub(super) fn encode(&self) -> Vec<u8> {
        if *self == Self::default() {
            Vec::new()
        } else {
            serde_json::to_vec(self).unwrap_or_default()
        }
    }

    /// Returns what stays beside the state of an object that was applied as planned.
    pub(super) fn applied(self) -> Self {
        Self { mark: self.mark, ..Self::default() }
    }

    /// Returns what stays of these bytes beside the state of an object whose apply has failed.
    /// Those of others stay as they are.
    pub(super) fn failed(bytes: Vec<u8>) -> Vec<u8> {
        match serde_json::from_slice::<Self>(&bytes) {
            Ok(private) => Self { planned: None, ..private }.encode(),
            Err(_) => bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(private: &Private) -> Private {
        Private::decode(&private.encode())
    }

    #[test]
    fn bytes_of_others_hold_nothing() {
        for bytes in [
            &b""[..],
            b"private",
            b"null",
            b"[1]",
            br#"{"imported":7}"#,
            br#"{"schema_version":"1"}"#,
        ] {
            assert_eq!(Private::decode(bytes), Private::default());
        }
        assert_eq!(Private::default().encode(), b"");
        assert_eq!(Private::failed(b"private".to_vec()), b"private");
    }

    #[test]
    fn released_form_of_an_import_is_read() {
        let released = Private::decode(br#"{"imported":true}"#);
        assert!(released.is_imported());
        assert_eq!(released.instance(), None);
    }

    #[test]
    fn mark_stays_from_the_import_on() {
        let imported = sent(&Private::imported());
        let mark = imported.instance().unwrap().mark;
        let planned = imported.instance_to_plan(true, None);
        assert_eq!(planned, Instance { mark, replaces: None, lasting: true });
        let notes = Map::from_iter([("removes".to_owned(), 1.into())]);
        let to_apply = sent(&imported.to_apply(planned, notes));
        assert_eq!((to_apply.is_imported(), to_apply.note("removes")), (true, Some(&1.into())));
        let applied = sent(&to_apply.clone().applied());
        assert_eq!((applied.is_imported(), applied.note("removes")), (false, None));
        assert_eq!(applied.instance().unwrap().mark, mark);
        let failed = Private::decode(&Private::failed(to_apply.encode()));
        assert_eq!((failed.is_imported(), failed.note("removes")), (true, None));
        assert_eq!(failed.instance().unwrap().mark, mark);
    }

    #[test]
    fn second_step_of_a_replacement_names_what_it_replaces() {
        let stored = Private::moved();
        let first = stored.instance_to_plan(true, None);
        let second = sent(&stored.to_apply(first, Map::new())).instance_to_plan(false, None);
        assert_eq!((second.replaces, second.lasting), (Some(first.mark), true));
        assert_ne!(second.mark, first.mark);
    }

    #[test]
    fn object_that_is_gone_is_planned_under_its_mark() {
        let stored = Private::moved();
        let planned = stored.instance_to_plan(false, None);
        assert_eq!((Some(planned.mark), planned.replaces), (stored.mark, None));
    }

    #[test]
    fn state_without_a_mark_gets_one_that_no_other_call_has() {
        let released = Private::default();
        let planned = [(); 2].map(|()| released.instance_to_plan(true, None));
        assert!(planned.iter().all(|instance| !instance.lasting));
        assert_ne!(planned[0].mark, planned[1].mark);
    }

    #[test]
    fn plan_of_the_apply_keeps_the_mark_of_the_first_plan() {
        let create = Private::default().instance_to_plan(false, None);
        let first = sent(&Private::default().to_apply(create, Map::new()));
        assert_eq!(Private::default().instance_to_plan(false, Some(&first)).mark, create.mark);
    }

    #[test]
    fn plan_of_the_apply_knows_the_warnings_of_the_first_plan() {
        let create = Private::default().instance_to_plan(false, None);
        let planned = Private::default().to_apply(create, Map::new());
        let first = sent(&planned.with_warnings(vec!["a".to_owned()]));
        assert_eq!(["a", "b"].map(|title| first.has_warned(title)), [true, false]);
        assert!(!sent(&first.applied()).has_warned("a"));
    }
}
