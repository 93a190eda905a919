//! Private data: opaque data of the provider that a host stores with a resource's state. Hosts
//! don't send resource addresses, so an ID in the private data identifies the resource instance.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

/// The random ID of a resource instance. It is created by the first plan, an import or a move, and
/// stays with the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct InstanceId(u64);

impl InstanceId {
    /// Generates a new ID.
    #[must_use]
    pub fn random() -> Self {
        Self(fastrand::u64(..))
    }
}

/// The resource instance that an RPC is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Instance {
    /// The ID.
    pub id: InstanceId,
    /// The instance that this one replaces.
    pub replaces: Option<InstanceId>,
    /// Whether later RPCs for the instance have the same ID.
    pub persistent: bool,
}

/// The private data of a resource. The instance ID is stored with the state; planned data lasts
/// until the apply.
///
/// A read must not change it: hosts report a state as drifted even if only its private data
/// changed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Private {
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    imported: bool,
    #[serde(rename = "mark", skip_serializing_if = "Option::is_none")]
    instance_id: Option<InstanceId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    planned: Option<Planned>,
}

/// The data that a plan adds and the apply removes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Planned {
    #[serde(skip_serializing_if = "Option::is_none")]
    replaces: Option<InstanceId>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    notes: Map<String, Json>,
    /// The summaries of the warnings that the plan returned.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

impl Private {
    /// Creates the private data of an imported resource.
    pub(super) fn imported() -> Self {
        Self { imported: true, ..Self::moved() }
    }

    /// Creates the private data of a resource that was moved from another type.
    pub(super) fn moved() -> Self {
        Self { instance_id: Some(InstanceId::random()), ..Self::default() }
    }

    /// Returns whether the resource was imported and not applied since.
    #[must_use]
    pub fn is_imported(&self) -> bool {
        self.imported
    }

    /// Returns the instance, if its ID is known.
    #[must_use]
    pub fn instance(&self) -> Option<Instance> {
        let replaces = self.planned.as_ref().and_then(|planned| planned.replaces);
        self.instance_id.map(|id| Instance { id, replaces, persistent: true })
    }

    /// Returns the instance ID, if it is known.
    #[must_use]
    pub fn instance_id(&self) -> Option<InstanceId> {
        self.instance_id
    }

    /// Returns the note that the plan of this change added under `name`.
    #[must_use]
    pub fn note(&self, name: &str) -> Option<&Json> {
        self.planned.as_ref()?.notes.get(name)
    }

    /// Returns whether the plan that created this private data returned a warning with `summary`.
    pub(super) fn has_warned(&self, summary: &str) -> bool {
        self.planned.iter().flat_map(|planned| &planned.warnings).any(|shown| shown == summary)
    }

    /// Returns the instance to plan, given the private data before the change.
    ///
    /// `exists` is whether there is a prior state. Planned private data without a prior state
    /// belongs to the second step of a replacement, which replaces the instance of the first step.
    pub(super) fn instance_to_plan(&self, exists: bool, first_plan: Option<&Self>) -> Instance {
        let new_id =
            || first_plan.and_then(|first| first.instance_id).unwrap_or_else(InstanceId::random);
        match (self.instance_id, &self.planned) {
            (Some(replaced), Some(_)) if !exists => {
                Instance { id: new_id(), replaces: Some(replaced), persistent: true }
            }
            (Some(id), _) => Instance { id, replaces: None, persistent: true },
            // Each plan of a state without an ID generates a different one; a create is planned
            // once.
            (None, _) => Instance { id: new_id(), replaces: None, persistent: !exists },
        }
    }

    /// Returns the private data of a planned change of `instance`.
    pub(super) fn planned_change(&self, instance: Instance, notes: Map<String, Json>) -> Self {
        let planned = Planned { replaces: instance.replaces, notes, warnings: Vec::new() };
        Self { imported: self.imported, instance_id: Some(instance.id), planned: Some(planned) }
    }

    /// Adds the summaries of the warnings that the plan returned.
    pub(super) fn with_warnings(self, summaries: Vec<String>) -> Self {
        let planned = self.planned.map(|planned| Planned { warnings: summaries, ..planned });
        Self { planned, ..self }
    }

    /// Returns the private data of a planned removal.
    pub(super) fn planned_removal(&self, notes: Map<String, Json>) -> Self {
        Self { planned: Some(Planned { notes, ..Planned::default() }), ..self.clone() }
    }

    /// Decodes the bytes that a host sent. Bytes that this framework didn't write are ignored.
    pub(super) fn decode(bytes: &[u8]) -> Self {
        serde_json::from_slice(bytes).unwrap_or_default()
    }

    /// Encodes the data for a host; empty data has no bytes.
    pub(super) fn encode(&self) -> Vec<u8> {
        if *self == Self::default() {
            Vec::new()
        } else {
            serde_json::to_vec(self).unwrap_or_default()
        }
    }

    /// Returns the data to store after a successful apply.
    pub(super) fn applied(self) -> Self {
        Self { instance_id: self.instance_id, ..Self::default() }
    }

    /// Returns the bytes to store after a failed apply. Bytes that this framework didn't write stay
    /// unchanged.
    pub(super) fn apply_failed(bytes: Vec<u8>) -> Vec<u8> {
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
    fn foreign_bytes_are_ignored() {
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
        assert_eq!(Private::apply_failed(b"private".to_vec()), b"private");
    }

    #[test]
    fn released_form_of_an_import_is_read() {
        let released = Private::decode(br#"{"imported":true}"#);
        assert!(released.is_imported());
        assert_eq!(released.instance(), None);
    }

    #[test]
    fn id_is_kept_after_an_import() {
        let imported = sent(&Private::imported());
        let id = imported.instance().unwrap().id;
        let instance = imported.instance_to_plan(true, None);
        assert_eq!(instance, Instance { id, replaces: None, persistent: true });
        let notes = Map::from_iter([("removes".to_owned(), 1.into())]);
        let planned = sent(&imported.planned_change(instance, notes));
        assert_eq!((planned.is_imported(), planned.note("removes")), (true, Some(&1.into())));
        let applied = sent(&planned.clone().applied());
        assert_eq!((applied.is_imported(), applied.note("removes")), (false, None));
        assert_eq!(applied.instance().unwrap().id, id);
        let failed = Private::decode(&Private::apply_failed(planned.encode()));
        assert_eq!((failed.is_imported(), failed.note("removes")), (true, None));
        assert_eq!(failed.instance().unwrap().id, id);
    }

    #[test]
    fn encoded_field_names_are_stable() {
        let private = Private { instance_id: Some(InstanceId(7)), ..Private::default() };
        assert_eq!(private.encode(), br#"{"mark":7}"#, "released versions read and write this");
    }

    #[test]
    fn second_step_of_a_replacement_has_the_id_it_replaces() {
        let stored = Private::moved();
        let first = stored.instance_to_plan(true, None);
        let second = sent(&stored.planned_change(first, Map::new())).instance_to_plan(false, None);
        assert_eq!((second.replaces, second.persistent), (Some(first.id), true));
        assert_ne!(second.id, first.id);
    }

    #[test]
    fn deleted_object_is_planned_with_its_id() {
        let stored = Private::moved();
        let planned = stored.instance_to_plan(false, None);
        assert_eq!((Some(planned.id), planned.replaces), (stored.instance_id, None));
    }

    #[test]
    fn plans_of_a_state_without_an_id_have_different_ids() {
        let released = Private::default();
        let planned = [(); 2].map(|()| released.instance_to_plan(true, None));
        assert!(planned.iter().all(|instance| !instance.persistent));
        assert_ne!(planned[0].id, planned[1].id);
    }

    #[test]
    fn plan_of_the_apply_keeps_the_id_of_the_first_plan() {
        let create = Private::default().instance_to_plan(false, None);
        let first = sent(&Private::default().planned_change(create, Map::new()));
        assert_eq!(Private::default().instance_to_plan(false, Some(&first)).id, create.id);
    }

    #[test]
    fn plan_of_the_apply_has_the_warnings_of_the_first_plan() {
        let create = Private::default().instance_to_plan(false, None);
        let planned = Private::default().planned_change(create, Map::new());
        let first = sent(&planned.with_warnings(vec!["a".to_owned()]));
        assert_eq!(["a", "b"].map(|summary| first.has_warned(summary)), [true, false]);
        assert!(!sent(&first.applied()).has_warned("a"));
    }
}
