//! A test provider, and the RPCs of a host.

use serde_json::{Map, Value as Json};

use super::*;
use crate::framework::{
    AnyDataSource, AnyListResource, AnyResource, ApplyError, Attr, Attribute, Change, Context,
    DataSource, Diagnostic, Host, IdentityAttribute, IdentitySchema, ImportBy, ListRequest,
    ListResource, ListResult, MoveSource, Object, Plan, PlanContext, Private, Resource, Schema,
    StoredState, Type, Value, Warnings, cannot_move, model,
};

model! {
    /// The attributes of the test resource.
    pub(super) struct Thing {
        name: String,
        size: i64,
        id: String,
    }
}

impl Thing {
    fn with_id(self, id: &str) -> Self {
        Self { id: Attr::Known(id.to_owned()), ..self }
    }
}

model! {
    /// The identity of the test resource.
    pub(super) struct ThingIdentity {
        id: String,
        size: i64,
    }
}

model! {
    /// The `config` block of the list resource.
    pub(super) struct Query {
        prefix: String,
        fails: bool,
    }
}

/// Lists things without an end.
pub(super) struct ThingLister;

impl ListResource for ThingLister {
    type Resource = ThingResource;
    type Config = Query;

    fn schema(&self) -> Schema {
        let attributes = vec![
            Attribute::required("prefix", Type::String, "The prefix of the IDs."),
            Attribute::optional("fails", Type::Bool, "Whether it fails after three results."),
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
        ListRequest { config, include_object, .. }: ListRequest<Query>,
        results: mpsc::Sender<ListResult<Thing>>,
    ) -> Result<(), Errors> {
        for number in 0.. {
            if number == 3 && config.fails == Attr::Known(true) {
                return Err(Diagnostic::new("Lost", "No more.").into());
            }
            let id = format!("{}{number}", config.prefix.known().unwrap());
            let name = if include_object { "found" } else { "not read" };
            let object = thing(name, 7, None).with_id(&id);
            if results.send(ListResult { object, display_name: id }).await.is_err() {
                break;
            }
        }
        Ok(())
    }
}

model! {
    /// The provider block's attributes.
    pub(super) struct Config {
        url: String,
    }
}

/// The version of the resource's schema. Version 1 had a `title` in place of the `name`; there was
/// no version 0.
pub(super) const VERSION: i64 = 2;

/// Counts the plans of a change in the notes.
fn noted(first_plan: Option<&Private>) -> Map<String, Json> {
    let seen =
        first_plan.and_then(|first| first.note("seen")).and_then(Json::as_i64).unwrap_or_default();
    Map::from_iter([("seen".to_owned(), (seen + 1).into())])
}

/// A resource whose behavior depends on `name`.
pub(super) struct ThingResource;

impl Resource for ThingResource {
    type Client = String;
    type Model = Thing;
    type Identity = ThingIdentity;
    const TYPE_NAME: &'static str = "test_thing";

    fn identity_schema(&self) -> IdentitySchema {
        let attributes = vec![
            IdentityAttribute {
                name: "id",
                ty: Type::String,
                required: true,
                description: "An id.",
            },
            IdentityAttribute {
                name: "size",
                ty: Type::Number,
                required: false,
                description: "A size.",
            },
        ];
        IdentitySchema { version: 0, attributes }
    }

    fn identity(&self, state: &Thing) -> ThingIdentity {
        ThingIdentity { id: state.id.clone(), size: Attr::Null }
    }

    async fn import(
        &self,
        _: Context<'_, String>,
        by: ImportBy<'_, ThingIdentity>,
    ) -> Result<Thing, Errors> {
        match by {
            ImportBy::Id("") => Err(Diagnostic::new("No id", "There is none.").into()),
            ImportBy::Id(id) => Ok(thing("by id", None, None).with_id(id)),
            ImportBy::Identity(identity) => {
                Ok(Thing { id: identity.id, ..thing("by identity", None, None) })
            }
        }
    }

    fn move_from(&self, source: &MoveSource, warnings: &Warnings) -> Result<Thing, Errors> {
        if source.type_name != "other_thing" {
            return Err(cannot_move(source, Self::TYPE_NAME).into());
        }
        warnings.add(Diagnostic::new("Moved", format!("From {}.", source.provider_address)));
        let name =
            source.state.get("title").and_then(serde_json::Value::as_str).unwrap_or_default();
        Ok(thing(name, None, None))
    }

    fn schema(&self) -> Schema {
        let attributes = vec![
            Attribute::required("name", Type::String, "What it does."),
            Attribute::optional("size", Type::Number, "A size.")
                .with_default(Value::Number(1.into())),
            Attribute::computed("id", Type::String, "An id."),
        ];
        Schema { version: VERSION, description: "A thing.", attributes }
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
        let Change { prior, config: mut planned } = change;
        let unchanged =
            prior.filter(|prior| prior.name == planned.name && prior.size == planned.size);
        planned.id = unchanged.map_or(Attr::Unknown, |prior| prior.id);
        if context.client.is_some() && planned.name.known().is_some() {
            planned.id = planned.name.clone();
        }
        if planned.name.known().is_some_and(|name| name == "warns") {
            let count = noted(context.first_plan)["seen"].clone();
            context.warnings.add(Diagnostic::new("Warned", format!("By plan {count}.")));
        }
        if planned.name.known().is_some_and(|name| name == "breaks the plan") {
            planned.size = Attr::Known(99);
        }
        Ok(Plan {
            planned,
            requires_replace: vec!["name", "size"],
            notes: noted(context.first_plan),
        })
    }

    async fn plan_removal(
        &self,
        context: PlanContext<'_, String>,
        _: Thing,
    ) -> Result<Map<String, Json>, Errors> {
        Ok(noted(context.first_plan))
    }

    async fn create(
        &self,
        context: Context<'_, String>,
        planned: Thing,
    ) -> Result<Thing, ApplyError<Thing>> {
        let created = Thing { id: Attr::Known(format!("{}!", context.client)), ..planned.clone() };
        match planned.name.known().map(String::as_str) {
            Some("fails") => Err(Diagnostic::new("Failed", "Nothing was made.").into()),
            Some("half") => Err(ApplyError {
                new_state: Some(created),
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

    async fn update(
        &self,
        _: Context<'_, String>,
        _: Thing,
        planned: Thing,
    ) -> Result<Thing, ApplyError<Thing>> {
        match planned.name.known().map(String::as_str) {
            Some("fails") => Err(Diagnostic::new("Failed", "Nothing was changed.").into()),
            _ => Ok(planned),
        }
    }

    fn upgrade(&self, stored: StoredState) -> Option<serde_json::Map<String, serde_json::Value>> {
        let StoredState { version, mut state } = stored;
        let title = (version == 1).then(|| state.remove("title"))??;
        state.insert("name".to_owned(), title);
        Some(state)
    }

    async fn delete(
        &self,
        context: Context<'_, String>,
        state: Thing,
    ) -> Result<(), ApplyError<Thing>> {
        if state.name.known().is_some_and(|name| name == "stays") {
            context.warnings.add(Diagnostic::new("Stays", "It does not want to go."));
            return Err(Diagnostic::new("Failed", "It is still there.").into());
        }
        Ok(())
    }
}

pub(super) struct ThingSource;

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

pub(super) struct TestProvider;

impl Provider for TestProvider {
    type Config = Config;
    type Client = String;

    const SOURCE: &'static str = "acme/test";

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

pub(super) fn unconfigured() -> Service<TestProvider> {
    Service::new(TestProvider, CallTracker::default()).unwrap()
}

pub(super) fn configuration(config: Object) -> pb::configure_provider::Request {
    pb::configure_provider::Request {
        terraform_version: "1.0".into(),
        config: Some(convert::dynamic_value(Some(config))),
        client_capabilities: None,
    }
}

/// Creates a request of the connection with this session.
pub(super) fn request_on<T>(session: &Session<String>, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.extensions_mut().insert(session.clone());
    request
}

pub(super) async fn configured_with(url: Value) -> Service<TestProvider> {
    let service = unconfigured();
    let warnings = if url == Value::Unknown {
        vec!["W: Provider configuration isn't known yet"]
    } else {
        vec![]
    };
    let request = configuration([("url".to_owned(), url)].into());
    let response = service.configure_provider(Request::new(request)).await.unwrap().into_inner();
    assert_eq!(summaries(&response.diagnostics), warnings);
    service
}

pub(super) async fn configured() -> Service<TestProvider> {
    configured_with(Value::String("http://x".into())).await
}

pub(super) fn thing(
    name: &str,
    size: impl Into<Option<i64>>,
    id: impl Into<Option<&'static str>>,
) -> Thing {
    Thing {
        name: Attr::Known(name.to_owned()),
        size: size.into().map_or(Attr::Null, Attr::Known),
        id: id.into().map_or(Attr::Null, |id| Attr::Known(id.to_owned())),
    }
}

pub(super) fn sent(thing: impl Into<Option<Thing>>) -> Option<pb::DynamicValue> {
    Some(convert::dynamic_value(thing.into().map(crate::framework::Model::into_object)))
}

pub(super) fn received(message: Option<pb::DynamicValue>) -> Option<Thing> {
    let object =
        convert::object("response", message, &Resource::schema(&ThingResource).object_type())
            .unwrap();
    object.map(|object| crate::framework::Model::from_object(object).unwrap())
}

/// Formats each diagnostic on a line: `E` or `W`, attribute, summary.
pub(super) fn summaries(diagnostics: &[pb::Diagnostic]) -> Vec<String> {
    let line = |diagnostic: &pb::Diagnostic| {
        let severity = if diagnostic.severity == 1 { "E" } else { "W" };
        let at = diagnostic.attribute.as_ref().map_or("", |_| " at an attribute");
        format!("{severity}{at}: {}", diagnostic.summary)
    };
    diagnostics.iter().map(line).collect()
}

pub(super) async fn plan(
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

pub(super) async fn apply(
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
    let response =
        configured().await.apply_resource_change(Request::new(request)).await.unwrap().into_inner();
    (received(response.new_state.clone()), response)
}

pub(super) async fn read(
    service: &Service<TestProvider>,
    state: Thing,
) -> pb::read_resource::Response {
    let request = pb::read_resource::Request {
        type_name: "test_thing".into(),
        current_state: sent(state),
        private: b"private".to_vec(),
        ..Default::default()
    };
    service.read_resource(Request::new(request)).await.unwrap().into_inner()
}

pub(super) fn identity(id: &str) -> pb::ResourceIdentityData {
    let identity = ThingIdentity { id: Attr::Known(id.to_owned()), size: Attr::Null };
    let object = crate::framework::Model::into_object(identity);
    pb::ResourceIdentityData { identity_data: Some(convert::dynamic_value(Some(object))) }
}

/// A provider whose schema doesn't match its model.
pub(super) struct Misspelled;

impl Provider for Misspelled {
    type Config = Config;
    type Client = String;

    const SOURCE: &'static str = "acme/test";

    fn schema(&self) -> Schema {
        let attributes = vec![Attribute::required("uri", Type::String, "Where.")];
        Schema { version: 0, description: "A provider.", attributes }
    }

    async fn configure(&self, _: Config, _: Host, _: &Warnings) -> Result<String, Errors> {
        Ok(String::new())
    }

    fn resources(&self) -> Vec<Box<dyn AnyResource<String>>> {
        Vec::new()
    }

    fn data_sources(&self) -> Vec<Box<dyn AnyDataSource<String>>> {
        Vec::new()
    }

    fn list_resources(&self) -> Vec<Box<dyn AnyListResource<String>>> {
        Vec::new()
    }
}
