//! The tested GitLab: its properties, the token's rights, and a group in which checks create
//! objects. All of them are tracked and removed at the end.

use std::sync::{Mutex, PoisonError, RwLock};
use std::time::Duration;

use serde_json::{Value, json};
use terraform_cli::Cli;

use crate::api::Api;
use crate::check::{Need, Problem};
use crate::deletion;
use crate::secrets::redacted;
use crate::version::Version;

/// The prefix of the names of everything that the test creates.
const PREFIX: &str = "job-token-live";

/// The connection to a GitLab.
#[derive(Clone)]
pub(crate) struct Connection {
    pub(crate) base_url: String,
    pub(crate) token: String,
    /// ID or full path of the group in which the test makes its own.
    pub(crate) parent: Option<String>,
    /// Names of the variables by which the user agrees to checks with side effects.
    pub(crate) consents: Vec<&'static str>,
    /// The time until all processes of GitLab use a changed instance setting.
    pub(crate) settling: Duration,
}

/// A project or a group.
#[derive(Debug, Clone)]
pub(crate) struct ProjectOrGroup {
    pub(crate) id: u64,
    pub(crate) path: String,
}

impl ProjectOrGroup {
    fn read(created: &Value, path: &str) -> Result<Self, Problem> {
        let place = created["id"].as_u64().zip(created[path].as_str());
        let (id, path) = place.ok_or_else(|| {
            Problem::Setup(format!("no ID or `{path}` in {}", redacted(&created.to_string())))
        })?;
        Ok(Self { id, path: path.to_owned() })
    }

    /// Returns an API path below the job token scope of the project.
    pub(crate) fn scope(&self, rest: &str) -> String {
        format!("/projects/{}/job_token_scope{rest}", self.id)
    }

    /// Returns the full path as one segment of a URL.
    pub(crate) fn encoded(&self) -> String {
        self.path.replace('/', "%2F")
    }
}

/// A created user, with its own client.
#[derive(Debug)]
pub(crate) struct User {
    pub(crate) id: u64,
    pub(crate) api: Api,
}

/// The tested GitLab.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) api: Api,
    pub(crate) version: Version,
    pub(crate) group: ProjectOrGroup,
    /// Locked by each check, exclusively by those that change the instance.
    pub(crate) turn: RwLock<()>,
    pub(crate) settling: Duration,
    cli: Option<Cli>,
    administrator: bool,
    enforced: bool,
    consents: Vec<&'static str>,
    suffix: String,
    made: Mutex<Made>,
}

#[derive(Debug, Default)]
struct Made {
    count: usize,
    users: Vec<u64>,
}

impl Site {
    /// Reads the properties of the GitLab instance, and creates the group.
    pub(crate) fn connect(connection: &Connection, cli: Option<Cli>) -> Result<Self, Problem> {
        let Connection { base_url, token, parent, consents, settling } = connection;
        let api = Api::new(base_url, token).map_err(Problem::Setup)?;
        let version = api.get("/version")?.created(200)?;
        let text = version["version"].as_str().unwrap_or_default();
        let version = Version::read(text)
            .ok_or_else(|| Problem::Setup(format!("{text:?} isn't a version of GitLab")))?;
        let administrator = api.get("/user")?.created(200)?["is_admin"] == true;
        let suffix: String = std::iter::repeat_with(fastrand::lowercase).take(8).collect();
        let name = format!("{PREFIX}-{suffix}");
        let mut body = json!({ "name": name, "path": name, "visibility": "private" });
        if let Some(parent) = parent {
            let path = format!("/groups/{}?with_projects=false", parent.replace('/', "%2F"));
            body["parent_id"] = api.get(&path)?.created(200)?["id"].clone();
        }
        let group = ProjectOrGroup::read(&api.post("/groups", &body)?.created(201)?, "full_path")?;
        let mut site = Self {
            api,
            version,
            group,
            turn: RwLock::default(),
            settling: *settling,
            cli,
            administrator,
            enforced: false,
            consents: consents.clone(),
            suffix,
            made: Mutex::default(),
        };
        match site.is_enforced() {
            Ok(enforced) => site.enforced = enforced,
            Err(problem) => {
                site.clean_up();
                return Err(problem);
            }
        }
        Ok(site)
    }

    /// Returns whether allowlists are enforced, by opening a project.
    fn is_enforced(&self) -> Result<bool, Problem> {
        let project = self.project()?;
        let status = self.api.patch(&project.scope(""), &json!({ "enabled": false }))?.status;
        let scope = self.api.get(&project.scope(""))?.created(200)?;
        Ok(status == 400 || scope["inbound_enabled"] == true)
    }

    /// Returns what a check lacks.
    pub(crate) fn lacks(&self, needs: &[Need]) -> Option<String> {
        needs.iter().find_map(|need| match need {
            Need::Administrator if !self.administrator => Some("needs an administrator".to_owned()),
            Need::Since(major, minor) if !self.version.is_since(*major, *minor) => {
                Some(format!("needs GitLab {major}.{minor}"))
            }
            Need::NoEnforcement if self.enforced => {
                Some("needs an instance that doesn't enforce allowlists".to_owned())
            }
            Need::Program if self.cli.is_none() => Some("needs terraform or tofu".to_owned()),
            Need::Consent(variable) if !self.consents.contains(variable) => {
                Some(format!("needs {variable}=1"))
            }
            _ => None,
        })
    }

    pub(crate) fn cli(&self) -> Result<&Cli, Problem> {
        self.cli.as_ref().ok_or_else(|| Problem::Setup("there is no terraform or tofu".to_owned()))
    }

    /// Makes a project in the group.
    pub(crate) fn project(&self) -> Result<ProjectOrGroup, Problem> {
        self.project_in(&self.group)
    }

    /// Makes a project in another group.
    pub(crate) fn project_in(&self, group: &ProjectOrGroup) -> Result<ProjectOrGroup, Problem> {
        let name = self.name("project");
        let body = json!({ "name": name, "path": name, "namespace_id": group.id, "visibility": "private" });
        ProjectOrGroup::read(
            &self.api.post("/projects", &body)?.created(201)?,
            "path_with_namespace",
        )
    }

    /// Makes a group below the group.
    pub(crate) fn subgroup(&self) -> Result<ProjectOrGroup, Problem> {
        let name = self.name("group");
        let body = json!({ "name": name, "path": name, "parent_id": self.group.id, "visibility": "private" });
        ProjectOrGroup::read(&self.api.post("/groups", &body)?.created(201)?, "full_path")
    }

    /// Makes a user with a token of these scopes.
    pub(crate) fn user(&self, scopes: &[&str]) -> Result<User, Problem> {
        let username = format!("{PREFIX}-{}-{}", self.suffix, self.name("user"));
        let body = json!({
            "email": format!("{username}@example.com"),
            "username": username,
            "name": username,
            "force_random_password": true,
            "skip_confirmation": true,
        });
        let user = self.api.post("/users", &body)?.created(201)?;
        let id =
            user["id"].as_u64().ok_or_else(|| Problem::Setup("a user without an ID".to_owned()))?;
        self.made.lock().unwrap_or_else(PoisonError::into_inner).users.push(id);
        let body = json!({ "name": PREFIX, "scopes": scopes });
        let token =
            self.api.post(&format!("/users/{id}/personal_access_tokens"), &body)?.created(201)?;
        let secret = token["token"].as_str().unwrap_or_default();
        Ok(User { id, api: self.api.with_token(secret) })
    }

    /// Makes a user who is a member of a project, with an access level such as 40 for Maintainer.
    pub(crate) fn member(
        &self,
        project: &ProjectOrGroup,
        level: u64,
        scopes: &[&str],
    ) -> Result<User, Problem> {
        let user = self.user(scopes)?;
        let body = json!({ "user_id": user.id, "access_level": level });
        self.api.post(&format!("/projects/{}/members", project.id), &body)?.created(201)?;
        Ok(user)
    }

    fn name(&self, kind: &str) -> String {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        made.count += 1;
        format!("{kind}-{}", made.count)
    }

    /// Removes everything that was created. Returns what is left, one per line.
    pub(crate) fn clean_up(&self) -> Vec<String> {
        let users =
            std::mem::take(&mut self.made.lock().unwrap_or_else(PoisonError::into_inner).users);
        let remove_user = |id: u64| match self.api.delete(&format!("/users/{id}?hard_delete=true"))
        {
            Ok(response) if matches!(response.status, 204 | 404) => None,
            _ => Some(format!("user {id}")),
        };
        let mut left: Vec<String> = users.into_iter().filter_map(remove_user).collect();
        if deletion::delete_group(self, &self.group).is_err() {
            let waits = if deletion::is_marked(self, &self.group) {
                ", which waits for its deletion"
            } else {
                ""
            };
            left.push(format!("group {}{waits}", self.group.path));
        }
        left
    }
}
