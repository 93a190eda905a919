//! The service over a provider made for the purpose, called as a host calls it.

use std::sync::Arc;

use proptest::prelude::*;
use tokio::sync::mpsc;
use tokio_stream::StreamExt as _;
use tonic::Request;

use super::*;
use crate::bindings::tfplugin6::provider_server::Provider as _;
use crate::framework::codec::strategies::any_type;
use crate::framework::codec::{json, msgpack};
use crate::framework::{
    Attr, Attribute, Change, Context, DataSource, Failed, Host, IdentityAttribute, ImportBy, ListResource,
    Listed, MoveSource, Plan, PlanContext, Resource, Value, Warnings, cannot_move, model,
};

model! {
    /// The one resource's attributes.
    struct Thing {
        name: String,
        size: i64,
        id: String,
    }
}

impl Thing {
    fn with_id(self, id: &str) -> Thing {
        Thing { id: Attr::Known(id.to_owned()), ..self }
    }
}

model! {
    /// What tells things apart.
    struct ThingIdentity {
        id: String,
        size: i64,
    }
}

model! {
    /// The list resource's `config` block.
    struct Query {
        prefix: String,
        fails: bool,
    }
}

/// Finds as many things as anyone wants.
struct ThingLister;

impl ListResource for ThingLister {
    type Resource = ThingResource;
    type Config = Query;

    fn schema(&self) -> Schema {
        let attributes = vec![
            Attribute::required("prefix", Type::String, "How ids begin."),
            Attribute::optional("fails", Type::Bool, "Whether it fails in the end."),
        ];
        Schema { version: 0, description: "Things.", attributes }
    }

    fn validate(&self, config: &Query, _: &Warnings) -> Result<(), Errors> {
        let empty = config.prefix.known().is_some_and(String::is_empty);
        Errors::check(empty.then(|| Diagnostic::new("No prefix", "It is empty.").at("prefix")))
    }

    async fn list(
        &self,
        _: Context<'_, String>,
        config: Query,
        found: mpsc::Sender<Listed<Thing>>,
    ) -> Result<(), Errors> {
        for number in 0.. {
            if number == 3 && config.fails == Attr::Known(true) {
                return Err(Diagnostic::new("Lost", "No more.").into());
            }
            let id = format!("{}{number}", config.prefix.known().unwrap());
            let object = thing("found", 7, None).with_id(&id);
            if found.send(Listed { object, display_name: id }).await.is_err() {
                break;
            }
        }
        Ok(())
    }
}

model! {
    /// The provider block's attributes.
    struct Config {
        url: String,
    }
}

/// What the resource does is told by its name, so that each test shows its own case.
struct ThingResource;

impl Resource for ThingResource {
    type Client = String;
    type Model = Thing;
    type Identity = ThingIdentity;
    const TYPE_NAME: &'static str = "test_thing";

    fn identity_schema(&self) -> IdentitySchema {
        let attributes = vec![
            IdentityAttribute { name: "id", ty: Type::String, required: true, description: "An id." },
            IdentityAttribute { name: "size", ty: Type::Number, required: false, description: "A size." },
        ];
        IdentitySchema { version: 0, attributes }
    }

    fn identity(&self, state: &Thing) -> ThingIdentity {
        ThingIdentity { id: state.id.clone(), size: Attr::Null }
    }

    async fn import(&self, _: Context<'_, String>, by: ImportBy<'_, ThingIdentity>) -> Result<Thing, Errors> {
        match by {
            ImportBy::Id("") => Err(Diagnostic::new("No id", "There is none.").into()),
            ImportBy::Id(id) => Ok(thing("by id", None, None).with_id(id)),
            ImportBy::Identity(identity) => Ok(Thing { id: identity.id, ..thing("by identity", None, None) }),
        }
    }

    fn move_from(&self, source: &MoveSource, warnings: &Warnings) -> Result<Thing, Errors> {
        if source.type_name != "other_thing" {
            return Err(cannot_move(source, Self::TYPE_NAME).into());
        }
        warnings.add(Diagnostic::new("Moved", format!("From {}.", source.provider_address)));
        let name = source.state.get("title").and_then(serde_json::Value::as_str).unwrap_or_default();
        Ok(thing(name, None, None))
    }

    fn schema(&self) -> Schema {
        let attributes = vec![
            Attribute::required("name", Type::String, "What it does."),
            Attribute::optional("size", Type::Number, "A size.").or_default(Value::Number(1.into())),
            Attribute::computed("id", Type::String, "An id."),
        ];
        Schema { version: 0, description: "A thing.", attributes }
    }

    fn validate(&self, config: &Thing, warnings: &Warnings) -> Result<(), Errors> {
        match config.name.known().map(String::as_str) {
            Some("") => Err(Diagnostic::new("No name", "It has none.").at("name").into()),
            Some("dubious") => {
                warnings.add(Diagnostic::new("Dubious", "Are you sure?").at("name"));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    async fn plan(
        &self,
        context: PlanContext<'_, String>,
        change: Change<Thing>,
    ) -> Result<Plan<Thing>, Errors> {
        let mut planned = change.proposed;
        if context.client.is_some() && planned.name.known().is_some() {
            planned.id = planned.name.clone();
        }
        if planned.name.known().is_some_and(|name| name == "breaks the plan") {
            planned.size = Attr::Known(99);
        }
        Ok(Plan { planned, replace: vec!["name", "size"] })
    }

    async fn create(&self, context: Context<'_, String>, planned: Thing) -> Result<Thing, Failed<Thing>> {
        let created = Thing { id: Attr::Known(format!("{}!", context.client)), ..planned.clone() };
        match planned.name.known().map(String::as_str) {
            Some("fails") => Err(Diagnostic::new("Failed", "Nothing was made.").into()),
            Some("half") => Err(Failed {
                left: Some(created),
                errors: Diagnostic::new("Failed", "Half was made.").into(),
            }),
            Some("panics") => panic!("a defect"),
            Some("forgets") => Ok(Thing { id: Attr::Unknown, ..created }),
            Some(_) if planned.id.known().is_some() => Ok(planned),
            _ => Ok(created),
        }
    }

    async fn read(&self, _: Context<'_, String>, state: Thing) -> Result<Option<Thing>, Errors> {
        match state.name.known().map(String::as_str) {
            Some("gone") => Ok(None),
            Some("secret") => Err(Diagnostic::new("Forbidden", "No.").into()),
            _ => Ok(Some(Thing { size: Attr::Known(7), ..state })),
        }
    }

    async fn update(&self, _: Context<'_, String>, _: Thing, planned: Thing) -> Result<Thing, Failed<Thing>> {
        match planned.name.known().map(String::as_str) {
            Some("fails") => Err(Diagnostic::new("Failed", "Nothing was changed.").into()),
            _ => Ok(planned),
        }
    }

    async fn delete(&self, context: Context<'_, String>, state: Thing) -> Result<(), Failed<Thing>> {
        if state.name.known().is_some_and(|name| name == "stays") {
            context.warnings.add(Diagnostic::new("Stays", "It does not want to go."));
            return Err(Diagnostic::new("Failed", "It is still there.").into());
        }
        Ok(())
    }
}

struct ThingSource;

impl DataSource for ThingSource {
    type Client = String;
    type Model = Thing;
    const TYPE_NAME: &'static str = "test_thing";

    fn schema(&self) -> Schema {
        Resource::schema(&ThingResource)
    }

    async fn read(&self, context: Context<'_, String>, config: Thing) -> Result<Thing, Errors> {
        Ok(Thing { size: Attr::Known(3), id: Attr::Known(context.client.clone()), ..config })
    }
}

struct TestProvider;

impl Provider for TestProvider {
    type Config = Config;
    type Client = String;

    fn schema(&self) -> Schema {
        let attributes = vec![Attribute::required("url", Type::String, "Where.")];
        Schema { version: 0, description: "A provider.", attributes }
    }

    async fn configure(&self, config: Config, host: Host, _: &Warnings) -> Result<String, Errors> {
        match config.url.known() {
            Some(url) => Ok(format!("{url} from {}", host.terraform_version)),
            None => Err(Diagnostic::new("No URL", "Set it.").at("url").into()),
        }
    }

    fn resources(&self) -> Vec<Box<dyn AnyResource<String>>> {
        vec![Box::new(ThingResource)]
    }

    fn data_sources(&self) -> Vec<Box<dyn AnyDataSource<String>>> {
        vec![Box::new(ThingSource)]
    }

    fn list_resources(&self) -> Vec<Box<dyn AnyListResource<String>>> {
        vec![Box::new(ThingLister)]
    }
}

fn unconfigured() -> Service<TestProvider> {
    Service(Arc::new(Served::new(TestProvider)))
}

async fn configured_with(url: Value) -> Service<TestProvider> {
    let service = unconfigured();
    let request = pb::configure_provider::Request {
        terraform_version: "1.0".into(),
        config: Some(convert::dynamic(Some([("url".to_owned(), url)].into()))),
        client_capabilities: None,
    };
    let answer = service.configure_provider(Request::new(request)).await.unwrap().into_inner();
    assert_eq!(told(&answer.diagnostics), [""; 0]);
    service
}

async fn configured() -> Service<TestProvider> {
    configured_with(Value::String("http://x".into())).await
}

fn thing(name: &str, size: impl Into<Option<i64>>, id: impl Into<Option<&'static str>>) -> Thing {
    Thing {
        name: Attr::Known(name.to_owned()),
        size: size.into().map_or(Attr::Null, Attr::Known),
        id: id.into().map_or(Attr::Null, |id| Attr::Known(id.to_owned())),
    }
}

fn sent(thing: impl Into<Option<Thing>>) -> Option<pb::DynamicValue> {
    Some(convert::dynamic(thing.into().map(crate::framework::Model::into_object)))
}

fn received(message: Option<pb::DynamicValue>) -> Option<Thing> {
    let object = convert::object("answer", message, &Resource::schema(&ThingResource).object_type()).unwrap();
    object.map(|object| crate::framework::Model::from_object(object).unwrap())
}

/// Each diagnostic on a line: `E` or `W`, attribute, summary.
fn told(diagnostics: &[pb::Diagnostic]) -> Vec<String> {
    let line = |diagnostic: &pb::Diagnostic| {
        let severity = if diagnostic.severity == 1 { "E" } else { "W" };
        let at = diagnostic.attribute.as_ref().map_or("", |_| " at an attribute");
        format!("{severity}{at}: {}", diagnostic.summary)
    };
    diagnostics.iter().map(line).collect()
}

async fn plan(
    service: &Service<TestProvider>,
    prior: Option<Thing>,
    config: Option<Thing>,
) -> pb::plan_resource_change::Response {
    let request = pb::plan_resource_change::Request {
        type_name: "test_thing".into(),
        prior_state: sent(prior),
        proposed_new_state: sent(config.clone()),
        config: sent(config),
        prior_private: b"private".to_vec(),
        ..Default::default()
    };
    service.plan_resource_change(Request::new(request)).await.unwrap().into_inner()
}

async fn apply(
    prior: Option<Thing>,
    planned: Option<Thing>,
) -> (Option<Thing>, pb::apply_resource_change::Response) {
    let request = pb::apply_resource_change::Request {
        type_name: "test_thing".into(),
        prior_state: sent(prior),
        planned_state: sent(planned.clone()),
        config: sent(planned),
        planned_private: b"private".to_vec(),
        ..Default::default()
    };
    let answer = configured().await.apply_resource_change(Request::new(request)).await.unwrap().into_inner();
    (received(answer.new_state.clone()), answer)
}

async fn read(service: &Service<TestProvider>, state: Thing) -> pb::read_resource::Response {
    let request = pb::read_resource::Request {
        type_name: "test_thing".into(),
        current_state: sent(state),
        private: b"private".to_vec(),
        ..Default::default()
    };
    service.read_resource(Request::new(request)).await.unwrap().into_inner()
}

#[tokio::test]
async fn a_create_is_planned_with_defaults_and_what_is_known_already() {
    let answer = plan(&configured().await, None, Some(thing("a", None, None))).await;
    assert_eq!(received(answer.planned_state), Some(thing("a", 1, "a")));
    assert!(answer.requires_replace.is_empty());
    assert_eq!(answer.planned_private, b"private");
}

#[tokio::test]
async fn a_change_of_what_is_fixed_is_planned_as_a_replacement() {
    let answer = plan(&configured().await, Some(thing("a", 1, "a")), Some(thing("b", 1, None))).await;
    let path = convert::path(&super::super::AttributePath::attribute("name"));
    assert_eq!(answer.requires_replace, [path]);
}

#[tokio::test]
async fn a_destroy_is_planned_as_null() {
    let answer = plan(&configured().await, Some(thing("a", 1, "a")), None).await;
    assert_eq!(received(answer.planned_state), None);
    assert_eq!(answer.planned_private, b"private");
}

#[tokio::test]
async fn a_plan_that_core_would_refuse_is_a_defect_of_ours() {
    let answer = plan(&configured().await, None, Some(thing("breaks the plan", 5, None))).await;
    assert_eq!(
        answer.diagnostics[0].detail,
        "test_thing: the plan for `size` is neither what is configured nor what was before.\n\n\
         This is a defect in the provider: please report it with the text above."
    );
}

#[tokio::test]
async fn an_unknown_provider_block_leaves_a_valid_plan_and_an_untouched_state() {
    let service = configured_with(Value::Unknown).await;
    let planned = received(plan(&service, None, Some(thing("a", None, None))).await.planned_state).unwrap();
    assert_eq!(planned.id, Attr::Unknown);
    let answer = read(&service, thing("a", 1, "a")).await;
    assert_eq!(received(answer.new_state), Some(thing("a", 1, "a")));
}

#[tokio::test]
async fn an_unknown_provider_block_defers_where_the_host_allows_it() {
    let service = configured_with(Value::Unknown).await;
    let request = pb::plan_resource_change::Request {
        type_name: "test_thing".into(),
        prior_state: sent(None),
        proposed_new_state: sent(thing("a", None, None)),
        config: sent(thing("a", None, None)),
        client_capabilities: Some(pb::ClientCapabilities { deferral_allowed: true, ..Default::default() }),
        ..Default::default()
    };
    let answer = service.plan_resource_change(Request::new(request)).await.unwrap().into_inner();
    assert_eq!(answer.deferred.unwrap().reason(), pb::deferred::Reason::ProviderConfigUnknown);
}

#[tokio::test]
async fn an_import_is_deferred_as_an_object_of_which_nothing_is_known() {
    let request = pb::import_resource_state::Request {
        type_name: "test_thing".into(),
        id: "7".into(),
        client_capabilities: Some(pb::ClientCapabilities { deferral_allowed: true, ..Default::default() }),
        ..Default::default()
    };
    let service = configured_with(Value::Unknown).await;
    let answer = service.import_resource_state(Request::new(request)).await.unwrap().into_inner();
    assert_eq!(answer.deferred.unwrap().reason(), pb::deferred::Reason::ProviderConfigUnknown);
    let [object] = answer.imported_resources.try_into().unwrap();
    assert_eq!(object.state, Some(convert::unknown()));
}

#[tokio::test]
async fn an_operation_before_the_configuration_is_refused() {
    let answer = read(&unconfigured(), thing("a", 1, "a")).await;
    assert_eq!(told(&answer.diagnostics), ["E: Provider is not configured"]);
}

#[tokio::test]
async fn a_provider_may_be_configured_again() {
    let service = configured_with(Value::Unknown).await;
    let answer = service
        .configure_provider(Request::new(pb::configure_provider::Request {
            config: Some(convert::dynamic(Some([("url".to_owned(), Value::String("u".into()))].into()))),
            ..Default::default()
        }))
        .await
        .unwrap();
    assert!(answer.into_inner().diagnostics.is_empty());
    assert!(read(&service, thing("a", 1, "a")).await.diagnostics.is_empty());
}

#[tokio::test]
async fn what_is_applied_is_stored() {
    let (state, answer) = apply(None, Some(Thing { id: Attr::Unknown, ..thing("a", 1, None) })).await;
    assert_eq!(state, Some(thing("a", 1, "http://x from 1.0!")));
    assert!(answer.private.is_empty());
    assert_eq!(apply(Some(thing("a", 1, "a")), Some(thing("a", 2, "a"))).await.0, Some(thing("a", 2, "a")));
    assert_eq!(apply(Some(thing("a", 1, "a")), None).await.0, None);
}

#[tokio::test]
async fn after_a_failure_the_state_is_what_is_left() {
    let (state, answer) = apply(None, Some(thing("fails", 1, None))).await;
    assert_eq!((state, told(&answer.diagnostics)), (None, vec!["E: Failed".to_owned()]));

    let (state, answer) = apply(None, Some(thing("half", 1, None))).await;
    assert_eq!(state, Some(thing("half", 1, "http://x from 1.0!")));
    assert_eq!(told(&answer.diagnostics), ["E: Failed"]);

    assert_eq!(answer.private, b"private");

    let (state, _) = apply(Some(thing("fails", 1, "a")), Some(thing("fails", 2, "a"))).await;
    assert_eq!(state, Some(thing("fails", 1, "a")));

    let (state, answer) = apply(Some(thing("stays", 1, "a")), None).await;
    assert_eq!(state, Some(thing("stays", 1, "a")));
    assert_eq!(told(&answer.diagnostics), ["E: Failed", "W: Stays"]);
}

#[tokio::test]
async fn what_an_apply_leaves_unknown_is_stored_as_null_and_told() {
    let (state, answer) = apply(None, Some(Thing { id: Attr::Unknown, ..thing("forgets", 1, None) })).await;
    assert_eq!(state, Some(thing("forgets", 1, None)));
    assert_eq!(told(&answer.diagnostics), ["E: Unexpected result of an apply"]);
}

#[tokio::test]
async fn a_panic_costs_its_own_call_only() {
    let (state, answer) = apply(None, Some(thing("panics", 1, None))).await;
    assert_eq!(state, None);
    assert_eq!(answer.new_state, None);
    assert_eq!(told(&answer.diagnostics), ["E: The provider failed unexpectedly"]);
    assert!(!answer.diagnostics[0].detail.contains("a defect\n"), "what a panic says may hold a secret");
}

#[tokio::test]
async fn a_read_tells_drift_absence_and_failure_apart() {
    let service = configured().await;
    let drifted = read(&service, thing("a", 1, "a")).await;
    assert_eq!(drifted.private, b"private");
    assert_eq!(received(drifted.new_state), Some(thing("a", 7, "a")));
    let gone = read(&service, thing("gone", 1, "a")).await;
    assert_eq!((received(gone.new_state), gone.diagnostics.len()), (None, 0));
    let failed = read(&service, thing("secret", 1, "a")).await;
    assert_eq!((failed.new_state, told(&failed.diagnostics)), (None, vec!["E: Forbidden".to_owned()]));
}

#[tokio::test]
async fn a_configuration_is_checked_before_anything_is_configured() {
    let validate = async |config: Thing| {
        let request = pb::validate_resource_config::Request {
            type_name: "test_thing".into(),
            config: sent(config),
            ..Default::default()
        };
        let answer = unconfigured().validate_resource_config(Request::new(request)).await.unwrap();
        told(&answer.into_inner().diagnostics)
    };
    assert_eq!(validate(thing("a", None, None)).await, [""; 0]);
    assert_eq!(validate(thing("", None, None)).await, ["E at an attribute: No name"]);
    assert_eq!(validate(thing("dubious", None, None)).await, ["W at an attribute: Dubious"]);
    assert_eq!(validate(Thing { name: Attr::Unknown, ..Thing::default() }).await, [""; 0]);
}

#[tokio::test]
async fn an_unknown_type_is_told_by_its_name() {
    let request = pb::read_resource::Request { type_name: "test_other".into(), ..Default::default() };
    let answer = unconfigured().read_resource(Request::new(request)).await.unwrap().into_inner();
    assert_eq!(
        answer.diagnostics[0].detail,
        "This version of the provider has no resource of the type `test_other`. Is a newer one needed?"
    );
}

async fn imported(request: pb::import_resource_state::Request) -> pb::import_resource_state::Response {
    let request = pb::import_resource_state::Request { type_name: "test_thing".into(), ..request };
    configured().await.import_resource_state(Request::new(request)).await.unwrap().into_inner()
}

fn identity(id: &str) -> pb::ResourceIdentityData {
    let identity = ThingIdentity { id: Attr::Known(id.to_owned()), size: Attr::Null };
    let object = crate::framework::Model::into_object(identity);
    pb::ResourceIdentityData { identity_data: Some(convert::dynamic(Some(object))) }
}

#[tokio::test]
async fn an_import_goes_by_id_or_by_identity() {
    let by_id = imported(pb::import_resource_state::Request { id: "7".into(), ..Default::default() }).await;
    let [object] = by_id.imported_resources.try_into().unwrap();
    assert_eq!(received(object.state), Some(thing("by id", None, "7")));
    assert_eq!(object.identity, Some(identity("7")));

    let request = pb::import_resource_state::Request { identity: Some(identity("8")), ..Default::default() };
    let [object] = imported(request).await.imported_resources.try_into().unwrap();
    assert_eq!(received(object.state), Some(thing("by identity", None, "8")));

    let nothing = imported(Default::default()).await;
    assert_eq!(told(&nothing.diagnostics), ["E: No id"]);
    assert!(nothing.imported_resources.is_empty());
}

#[tokio::test]
async fn an_import_is_remembered_until_the_first_apply() {
    let imported =
        imported(pb::import_resource_state::Request { id: "7".into(), ..Default::default() }).await;
    let private = imported.imported_resources[0].private.clone();
    assert!(private::is_imported(&private) && !private::is_imported(b""));
    let request = pb::apply_resource_change::Request {
        type_name: "test_thing".into(),
        prior_state: sent(thing("a", 1, "a")),
        planned_state: sent(thing("a", 2, "a")),
        planned_private: private,
        ..Default::default()
    };
    let answer = configured().await.apply_resource_change(Request::new(request)).await.unwrap().into_inner();
    assert!(!private::is_imported(&answer.private));
}

#[tokio::test]
async fn an_identity_goes_with_every_state() {
    let service = configured().await;
    assert_eq!(read(&service, thing("a", 1, "a")).await.new_identity, Some(identity("a")));
    assert_eq!(read(&service, thing("gone", 1, "a")).await.new_identity, None);
    let planned = plan(&service, None, Some(thing("a", None, None))).await;
    assert_eq!(planned.planned_identity, Some(identity("a")));
    let (_, applied) = apply(Some(thing("a", 1, "a")), Some(thing("a", 2, "a"))).await;
    assert_eq!(applied.new_identity, Some(identity("a")));
}

#[tokio::test]
async fn a_stored_identity_is_read_from_its_file() {
    let upgraded = async |version: i64, text: &str| {
        let request = pb::upgrade_resource_identity::Request {
            type_name: "test_thing".into(),
            version,
            raw_identity: Some(pb::RawState { json: text.as_bytes().to_vec(), ..Default::default() }),
        };
        unconfigured().upgrade_resource_identity(Request::new(request)).await.unwrap().into_inner()
    };
    assert_eq!(upgraded(0, r#"{"id":"a"}"#).await.upgraded_identity, Some(identity("a")));
    assert_eq!(told(&upgraded(1, r#"{"id":"a"}"#).await.diagnostics), ["E: Unreadable identity"]);
    assert_eq!(told(&upgraded(0, "null").await.diagnostics), ["E: Unreadable identity"]);
}

#[tokio::test]
async fn a_state_is_taken_over_from_another_type_without_a_client() {
    let moved = async |type_name: &str, state: &str| {
        let request = pb::move_resource_state::Request {
            source_provider_address: "example.com/other/other".into(),
            source_type_name: type_name.into(),
            source_state: Some(pb::RawState { json: state.as_bytes().to_vec(), ..Default::default() }),
            target_type_name: "test_thing".into(),
            ..Default::default()
        };
        unconfigured().move_resource_state(Request::new(request)).await.unwrap().into_inner()
    };
    let answer = moved("other_thing", r#"{"title":"a","more":[1]}"#).await;
    assert_eq!(received(answer.target_state), Some(thing("a", None, None)));
    assert_eq!(answer.target_identity, None, "its id is not known before the next read");
    assert_eq!(told(&answer.diagnostics), ["W: Moved"]);
    assert_eq!(
        moved("strange_thing", "{}").await.diagnostics[0].detail,
        "A `test_thing` can't take over the state of a `strange_thing` of the provider example.com/other/other. Put a \
         `removed` block with `destroy = false` in place of the `moved` block, and import the object."
    );
    assert_eq!(told(&moved("other_thing", "[]").await.diagnostics), ["E: Unreadable state"]);
}

async fn listed(limit: i64, fails: bool, objects: bool) -> Vec<pb::list_resource::Event> {
    listed_by(Query { prefix: Attr::Known("p".into()), fails: Attr::Known(fails) }, limit, objects).await
}

async fn listed_by(config: Query, limit: i64, objects: bool) -> Vec<pb::list_resource::Event> {
    let request = pb::list_resource::Request {
        type_name: "test_thing".into(),
        config: Some(convert::dynamic(Some(crate::framework::Model::into_object(config)))),
        include_resource_object: objects,
        limit,
    };
    let events = configured().await.list_resource(Request::new(request)).await.unwrap().into_inner();
    events.map(Result::unwrap).collect().await
}

#[tokio::test]
async fn a_list_ends_at_the_limit() {
    let events = listed(2, false, true).await;
    let names: Vec<_> = events.iter().map(|event| event.display_name.as_str()).collect();
    assert_eq!(names, ["p0", "p1"]);
    assert_eq!(events[1].identity, Some(identity("p1")));
    assert_eq!(received(events[1].resource_object.clone()), Some(thing("found", 7, "p1")));
    assert_eq!(listed(1, false, false).await[0].resource_object, None);
}

#[tokio::test]
async fn a_list_that_fails_says_so_after_what_it_found() {
    let events = listed(100, true, false).await;
    assert_eq!(events.len(), 4);
    assert_eq!(told(&events[3].diagnostic), ["E: Lost"]);
}

#[tokio::test]
async fn a_list_that_panics_does_not_pass_for_a_complete_one() {
    let events = listed_by(Query { prefix: Attr::Null, fails: Attr::Null }, 100, false).await;
    assert_eq!(events.len(), 1);
    assert_eq!(told(&events[0].diagnostic), ["E: The provider failed unexpectedly"]);
}

#[tokio::test]
async fn a_query_is_checked_by_itself() {
    let config = Query { prefix: Attr::Known(String::new()), fails: Attr::Null };
    let request = pb::validate_list_resource_config::Request {
        type_name: "test_thing".into(),
        config: Some(convert::dynamic(Some(crate::framework::Model::into_object(config)))),
        ..Default::default()
    };
    let answer = unconfigured().validate_list_resource_config(Request::new(request)).await.unwrap();
    assert_eq!(told(&answer.into_inner().diagnostics), ["E at an attribute: No prefix"]);
}

#[tokio::test]
async fn a_data_source_is_read_and_deferred() {
    let request = pb::read_data_source::Request {
        type_name: "test_thing".into(),
        config: sent(thing("a", None, None)),
        client_capabilities: Some(pb::ClientCapabilities { deferral_allowed: true, ..Default::default() }),
        ..Default::default()
    };
    let read = async |service: Service<TestProvider>| {
        service.read_data_source(Request::new(request.clone())).await.unwrap().into_inner()
    };
    let answer = read(configured().await).await;
    assert_eq!(received(answer.state), Some(thing("a", 3, "http://x from 1.0")));
    let deferred = read(configured_with(Value::Unknown).await).await;
    assert!(deferred.deferred.is_some());
    assert_eq!(received(deferred.state).unwrap().id, Attr::Unknown);
}

#[tokio::test]
async fn stopping_reaches_a_configuration_that_has_only_begun_and_not_the_next() {
    let service = configured().await;
    let begun = service.0.next_interrupt();
    service.stop_provider(Request::new(Default::default())).await.unwrap();
    assert!(begun.is_cancelled());
    assert!(!service.0.next_interrupt().is_cancelled());
}

async fn upgraded(version: i64, text: &str) -> pb::upgrade_resource_state::Response {
    let request = pb::upgrade_resource_state::Request {
        type_name: "test_thing".into(),
        version,
        raw_state: Some(pb::RawState { json: text.as_bytes().to_vec(), flatmap: Default::default() }),
    };
    unconfigured().upgrade_resource_state(Request::new(request)).await.unwrap().into_inner()
}

#[tokio::test]
async fn a_state_is_read_from_its_file() {
    let answer = upgraded(0, r#"{"name":"a","size":1,"id":"a","from_the_future":true}"#).await;
    assert_eq!(received(answer.upgraded_state), Some(thing("a", 1, "a")));
}

#[tokio::test]
async fn a_state_that_is_not_ours_is_an_error() {
    assert_eq!(
        upgraded(9, "{}").await.diagnostics[0].detail,
        "A `test_thing` in the state can't be read: its schema version is 9. Was it written by a newer version of \
         this provider, or changed by hand? Use that version, or take the object out of the state and import it again."
    );
    assert_eq!(told(&upgraded(0, "{").await.diagnostics), ["E: Unreadable state"]);
    assert_eq!(told(&upgraded(0, "").await.diagnostics), ["E: Unreadable state"]);
}

#[tokio::test]
async fn the_schemas_are_announced_with_what_the_service_can_do() {
    let answer =
        unconfigured().get_provider_schema(Request::new(Default::default())).await.unwrap().into_inner();
    let block = answer.resource_schemas["test_thing"].block.clone().unwrap();
    let attributes: Vec<_> = block.attributes.iter().map(|attribute| attribute.name.as_str()).collect();
    assert_eq!(attributes, ["name", "size", "id"]);
    assert_eq!(block.attributes[1].r#type, br#""number""#);
    assert!(answer.provider.unwrap().block.is_some(), "the host panics without one");
    assert!(answer.server_capabilities.unwrap().plan_destroy);
    let metadata = unconfigured().get_metadata(Request::new(Default::default())).await.unwrap().into_inner();
    assert_eq!(metadata.resources[0].type_name, "test_thing");
}

proptest! {
    #[test]
    fn no_bytes_of_a_host_panic(ty in any_type(), bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let message = pb::DynamicValue { msgpack: bytes.clone(), json: bytes };
        let _ = convert::object("value", Some(message), &ty);
    }

    #[test]
    fn json_and_msgpack_mean_the_same(size in any::<i64>()) {
        let text = format!(r#"{{"name":"a","size":{size},"id":null}}"#);
        let ty = Resource::schema(&ThingResource).object_type();
        let from_json = json::decode(text.as_bytes(), &ty).unwrap();
        prop_assert_eq!(msgpack::decode(&msgpack::encode(&from_json), &ty), Ok(from_json));
    }
}
