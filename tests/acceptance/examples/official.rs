//! A stand-in for the official GitLab provider: the resources that the examples use, with the same
//! attributes and IDs, implemented on the simulator. The CLI attaches to it as to a debugged
//! provider. It removes objects as the official one does, so that tests notice a migration that
//! destroys.

use std::marker::PhantomData;
use std::sync::Arc;

use gitlab_simulator::{Simulator, Target};
use serde_json::json;
use terraform_provider_gitlab_job_token::framework::{
    AnyDataSource, AnyListResource, AnyResource, ApplyError, Attr, Attribute, CallTracker, Change,
    Context, Diagnostic, Errors, Host, IdentityAttribute, IdentitySchema, ImportBy, Model, Plan,
    PlanContext, Provider, Resource, Schema, Set, Type, Warnings, model, service,
};
use terraform_provider_gitlab_job_token::plugin::MAX_MESSAGE_BYTES;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::service::Routes;
use tonic::transport::Server;

use crate::worlds::examples::project_id;

/// Serves until it is dropped.
pub(crate) struct Official {
    /// The value for `TF_REATTACH_PROVIDERS`.
    pub(crate) reattach: String,
    _runtime: Runtime,
}

impl Official {
    pub(crate) fn start(gitlab: &Arc<Simulator>) -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let provider =
            service(StandIn(Arc::clone(gitlab)), CallTracker::default(), MAX_MESSAGE_BYTES)
                .expect("valid schemas");
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let server = Server::builder().add_routes(Routes::new(provider));
        runtime.spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
        let reattach = json!({ "gitlabhq/gitlab": {
            "Protocol": "grpc",
            "ProtocolVersion": 6,
            "Pid": std::process::id(),
            "Test": true,
            "Addr": { "Network": "tcp", "String": address },
        }});
        Self { reattach: reattach.to_string(), _runtime: runtime }
    }
}

struct StandIn(Arc<Simulator>);

model! {
    struct ProviderBlock {
        token: String,
    }
}

impl Provider for StandIn {
    type Config = ProviderBlock;
    type Client = Arc<Simulator>;

    const SOURCE: &'static str = "gitlabhq/gitlab";

    fn schema(&self) -> Schema {
        schema(0, vec![Attribute::optional("token", Type::String, "Not looked at.")])
    }

    async fn configure(
        &self,
        _: ProviderBlock,
        _: Host,
        _: &Warnings,
    ) -> Result<Arc<Simulator>, Errors> {
        Ok(Arc::clone(&self.0))
    }

    fn resources(&self) -> Vec<Box<dyn AnyResource<Arc<Simulator>>>> {
        vec![
            Box::new(Of::<Project>::NEW),
            Box::new(Of::<OneEntry>::NEW),
            Box::new(Of::<WholeList>::NEW),
        ]
    }

    fn data_sources(&self) -> Vec<Box<dyn AnyDataSource<Arc<Simulator>>>> {
        Vec::new()
    }

    fn list_resources(&self) -> Vec<Box<dyn AnyListResource<Arc<Simulator>>>> {
        Vec::new()
    }
}

/// A resource of the official provider, which is created and destroyed, but never updated.
trait OfficialResource: Model {
    const TYPE_NAME: &'static str;

    fn schema() -> Schema;
    fn id(&self) -> &Attr<String>;
    fn with_id(self, id: Attr<String>) -> Self;
    fn create(self, gitlab: &Simulator) -> Self;
    fn destroy(self, gitlab: &Simulator);
}

struct Of<T>(PhantomData<fn() -> T>);

impl<T> Of<T> {
    const NEW: Self = Self(PhantomData);
}

model! {
    struct Identity {
        id: String,
    }
}

impl<T: OfficialResource> Resource for Of<T> {
    type Client = Arc<Simulator>;
    type Model = T;
    type Identity = Identity;
    const TYPE_NAME: &'static str = T::TYPE_NAME;

    fn schema(&self) -> Schema {
        T::schema()
    }

    fn identity_schema(&self) -> IdentitySchema {
        let id = IdentityAttribute {
            name: "id",
            ty: Type::String,
            required: true,
            description: "Its id.",
        };
        IdentitySchema { version: 0, attributes: vec![id] }
    }

    /// Returns nothing: the official provider stores no identities for these, and OpenTofu can't
    /// move a state that has one.
    fn identity(&self, _: &T) -> Identity {
        Identity::default()
    }

    async fn plan(
        &self,
        _: PlanContext<'_, Arc<Simulator>>,
        change: Change<T>,
    ) -> Result<Plan<T>, Errors> {
        let id = change.prior.map_or(Attr::Unknown, |prior| prior.id().clone());
        Ok(Plan {
            planned: change.config.with_id(id),
            requires_replace: Vec::new(),
            notes: Default::default(),
        })
    }

    async fn create(
        &self,
        context: Context<'_, Arc<Simulator>>,
        planned: T,
    ) -> Result<T, ApplyError<T>> {
        Ok(planned.create(context.client))
    }

    async fn read(&self, _: Context<'_, Arc<Simulator>>, state: T) -> Result<Option<T>, Errors> {
        Ok(Some(state))
    }

    async fn update(&self, _: Context<'_, Arc<Simulator>>, _: T, _: T) -> Result<T, ApplyError<T>> {
        Err(Diagnostic::new("No update", "No example changes a resource of the official provider.")
            .into())
    }

    async fn delete(
        &self,
        context: Context<'_, Arc<Simulator>>,
        state: T,
    ) -> Result<(), ApplyError<T>> {
        state.destroy(context.client);
        Ok(())
    }

    async fn import(
        &self,
        _: Context<'_, Arc<Simulator>>,
        _: ImportBy<'_, Identity>,
    ) -> Result<T, Errors> {
        Err(Diagnostic::new("No import", "No example imports a resource of the official provider.")
            .into())
    }
}

model! {
    struct Project {
        name: String,
        namespace_id: i64,
        id: String,
    }
}

impl OfficialResource for Project {
    const TYPE_NAME: &'static str = "gitlab_project";

    fn schema() -> Schema {
        schema(
            0,
            vec![
                Attribute::required("name", Type::String, "The name."),
                Attribute::required("namespace_id", Type::Number, "The group."),
                id(),
            ],
        )
    }

    fn id(&self) -> &Attr<String> {
        &self.id
    }

    fn with_id(self, id: Attr<String>) -> Self {
        Self { id, ..self }
    }

    fn create(self, gitlab: &Simulator) -> Self {
        let group = Target::Group(unsigned(&self.namespace_id));
        let group = gitlab.full_path(group).expect("the group exists");
        let created = gitlab.add_project(&format!("{group}/{}", text(&self.name)));
        Self { id: Attr::Known(created.to_string()), ..self }
    }

    fn destroy(self, gitlab: &Simulator) {
        gitlab.delete_project(text(&self.id).parse().expect("a number"));
    }
}

model! {
    struct OneEntry {
        project: String,
        target_project_id: i64,
        target_group_id: i64,
        id: String,
    }
}

impl OfficialResource for OneEntry {
    const TYPE_NAME: &'static str = "gitlab_project_job_token_scope";

    fn schema() -> Schema {
        schema(
            1,
            vec![
                Attribute::required("project", Type::String, "The project."),
                Attribute::optional("target_project_id", Type::Number, "The target, if a project."),
                Attribute::optional("target_group_id", Type::Number, "The target, if a group."),
                id(),
            ],
        )
    }

    fn id(&self) -> &Attr<String> {
        &self.id
    }

    fn with_id(self, id: Attr<String>) -> Self {
        Self { id, ..self }
    }

    fn create(self, gitlab: &Simulator) -> Self {
        let project = text(&self.project);
        let target = self.target();
        gitlab.allow(project_id(gitlab, project), target);
        let id = match target {
            Target::Project(target) => format!("{project}:project:{target}"),
            Target::Group(target) => format!("{project}:group:{target}"),
        };
        Self { id: Attr::Known(id), ..self }
    }

    fn destroy(self, gitlab: &Simulator) {
        gitlab.revoke(project_id(gitlab, text(&self.project)), self.target());
    }
}

impl OneEntry {
    fn target(&self) -> Target {
        match &self.target_project_id {
            Attr::Known(_) => Target::Project(unsigned(&self.target_project_id)),
            _ => Target::Group(unsigned(&self.target_group_id)),
        }
    }
}

model! {
    struct WholeList {
        project: String,
        enabled: bool,
        target_project_ids: Set<i64>,
        target_group_ids: Set<i64>,
        id: String,
    }
}

impl OfficialResource for WholeList {
    const TYPE_NAME: &'static str = "gitlab_project_job_token_scopes";

    fn schema() -> Schema {
        let numbers = Type::set(Type::Number);
        schema(
            1,
            vec![
                Attribute::required("project", Type::String, "The project."),
                Attribute::optional("enabled", Type::Bool, "Whether the list limits access."),
                Attribute::optional("target_project_ids", numbers.clone(), "The projects."),
                Attribute::optional("target_group_ids", numbers, "The groups."),
                id(),
            ],
        )
    }

    fn id(&self) -> &Attr<String> {
        &self.id
    }

    fn with_id(self, id: Attr<String>) -> Self {
        Self { id, ..self }
    }

    fn create(self, gitlab: &Simulator) -> Self {
        let project = project_id(gitlab, text(&self.project));
        gitlab.set_inbound_enabled(project, self.enabled == Attr::Known(true));
        for id in self.target_project_ids.known().into_iter().flat_map(|Set(ids)| ids) {
            gitlab.allow(project, Target::Project(unsigned(id)));
        }
        for id in self.target_group_ids.known().into_iter().flat_map(|Set(ids)| ids) {
            gitlab.allow(project, Target::Group(unsigned(id)));
        }
        Self { id: Attr::Known(text(&self.project).to_owned()), ..self }
    }

    /// Empties the list, whatever is on it.
    fn destroy(self, gitlab: &Simulator) {
        let project = project_id(gitlab, text(&self.project));
        let list = gitlab.allowlist(project);
        let projects = list.projects.into_iter().map(Target::Project);
        for target in projects.chain(list.groups.into_iter().map(Target::Group)) {
            gitlab.revoke(project, target);
        }
        gitlab.set_inbound_enabled(project, true);
    }
}

fn schema(version: i64, attributes: Vec<Attribute>) -> Schema {
    Schema { version, description: "As far as examples need it.", attributes }
}

fn id() -> Attribute {
    Attribute::computed("id", Type::String, "Its id.")
}

fn text(attr: &Attr<String>) -> &str {
    attr.known().expect("a text")
}

fn unsigned(attr: &Attr<i64>) -> u64 {
    attr.known().and_then(|number| u64::try_from(*number).ok()).expect("a number")
}
