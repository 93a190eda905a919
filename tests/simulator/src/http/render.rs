//! Projects and groups as JSON with all keys that GitLab sends, so that a client must pick what it
//! needs.

use serde_json::{Value, json};

use super::site::Site;
use crate::world::{Group, Project, Role, Target, TokenId, World, last_part};

/// The setting that lets job tokens push, in a project that is read and in one that is written.
pub(crate) const PUSH_REPOSITORY: &str = "ci_push_repository_for_job_token_allowed";

/// Maximum number of projects in `GET /groups/:id`.
const GROUP_PROJECTS: usize = 100;

/// Renders for a caller and a URL.
pub(crate) struct Render<'a> {
    pub(crate) site: &'a Site,
    pub(crate) world: &'a World,
    pub(crate) token: TokenId,
}

impl Render<'_> {
    /// Returns an element of a list of projects. A project hidden from the caller has only its
    /// identifying fields.
    pub(crate) fn basic_project(&self, project: &Project) -> Value {
        let place = Target::Project(project.id);
        let mut element = json!({
            "id": project.id,
            "name": self.world.name(place),
            "name_with_namespace": self.world.full_name(place),
            "path": last_part(&project.path),
            "path_with_namespace": project.path,
            "created_at": timestamp(project.id),
            "web_url": self.web_url(&project.path),
        });
        if self.world.can_see(self.token, Target::Project(project.id)) {
            merge(&mut element, self.details(project));
        }
        element
    }

    /// Returns the response to `GET /projects/:id`.
    pub(crate) fn project(&self, project: &Project) -> Value {
        let mut response = self.basic_project(project);
        let role = self.world.role(self.token, Target::Project(project.id));
        let visibility =
            if self.world.is_public(Target::Project(project.id)) { "public" } else { "private" };
        let settings = json!({
            "archived": project.archived,
            "marked_for_deletion_on": self.marked(Target::Project(project.id)),
            "empty_repo": false,
            "visibility": visibility,
            "owner": null,
            "creator_id": 1,
            "import_status": "none",
            "open_issues_count": 0,
            "ci_default_git_depth": 20,
            "ci_job_token_scope_enabled": project.outbound_enabled,
            "permissions": {
                "project_access": role.map(|role| json!({ "access_level": access_level(role), "notification_level": 3 })),
                "group_access": null,
            },
        });
        merge(&mut response, settings);
        if role >= Some(Role::Maintainer) && self.world.settings.version.has_push_setting() {
            let allowed = project.push_repository_for_job_token_allowed;
            merge(&mut response, json!({ PUSH_REPOSITORY: allowed }));
        }
        response
    }

    /// Returns an element of a list of groups, which has only three keys.
    pub(crate) fn basic_group(&self, group: &Group) -> Value {
        json!({ "id": group.id, "web_url": self.group_url(group), "name": self.group_name(group) })
    }

    /// Returns the response to `GET /groups/:id`.
    pub(crate) fn group(&self, group: &Group, with_projects: bool) -> Value {
        let visibility =
            if self.world.is_public(Target::Group(group.id)) { "public" } else { "private" };
        let mut response = json!({
            "id": group.id,
            "web_url": self.group_url(group),
            "name": self.group_name(group),
            "path": last_part(&group.path),
            "description": "",
            "visibility": visibility,
            "share_with_group_lock": false,
            "require_two_factor_authentication": false,
            "two_factor_grace_period": 48,
            "project_creation_level": "developer",
            "subgroup_creation_level": "maintainer",
            "lfs_enabled": true,
            "avatar_url": null,
            "request_access_enabled": true,
            "full_name": self.world.full_name(Target::Group(group.id)),
            "full_path": group.path,
            "created_at": timestamp(group.id),
            "parent_id": self.world.parent(&group.path).map(|parent| parent.id),
            "shared_with_groups": [],
            "marked_for_deletion_on": self.marked(Target::Group(group.id)),
        });
        if with_projects {
            let seen = self.world.projects_of(group);
            let seen =
                seen.filter(|project| self.world.can_see(self.token, Target::Project(project.id)));
            let projects: Vec<Value> =
                seen.take(GROUP_PROJECTS).map(|project| self.basic_project(project)).collect();
            merge(&mut response, json!({ "projects": projects, "shared_projects": [] }));
        }
        response
    }

    /// Returns the response to `GET /user`, which has `is_admin` only for administrators.
    pub(crate) fn own_user(&self) -> Value {
        let mut user = self.user(self.world.user_id(self.token));
        merge(&mut user, json!({ "bot": true }));
        if self.world.is_administrator(self.token) {
            merge(&mut user, json!({ "is_admin": true }));
        }
        user
    }

    /// Returns a user as responses show it.
    pub(crate) fn user(&self, id: u64) -> Value {
        let (username, name) = self
            .world
            .user(id)
            .map(|user| (user.username.as_str(), user.name.as_str()))
            .unwrap_or_default();
        json!({
            "id": id,
            "username": username,
            "name": name,
            "state": "active",
            "locked": false,
            "avatar_url": null,
            "web_url": self.web_url(username),
            "created_at": timestamp(1),
        })
    }

    /// Returns the response to the creation of a membership.
    pub(crate) fn member(&self, user: u64, role: Role) -> Value {
        let mut member = self.user(user);
        merge(
            &mut member,
            json!({ "access_level": access_level(role), "expires_at": null, "membership_state": "active" }),
        );
        member
    }

    /// Returns the day on which a project or group was marked for deletion; null if it wasn't.
    fn marked(&self, place: Target) -> Value {
        json!(self.world.is_marked_for_deletion(place).then_some("2024-06-01"))
    }

    fn details(&self, project: &Project) -> Value {
        let url = self.web_url(&project.path);
        json!({
            "description": description(&project.path),
            "default_branch": "main",
            "tag_list": ["delivery", "platform"],
            "topics": ["delivery", "platform"],
            "ssh_url_to_repo": format!("ssh://git@{}/{}.git", self.site.host(), project.path),
            "http_url_to_repo": format!("{url}.git"),
            "readme_url": format!("{url}/-/blob/main/README.md"),
            "avatar_url": null,
            "forks_count": 0,
            "star_count": project.id % 7,
            "last_activity_at": timestamp(project.id + 1),
            "namespace": self.world.parent(&project.path).map(|parent| self.namespace(parent)),
        })
    }

    fn namespace(&self, group: &Group) -> Value {
        json!({
            "id": group.id,
            "name": self.group_name(group),
            "path": last_part(&group.path),
            "kind": "group",
            "full_path": group.path,
            "parent_id": self.world.parent(&group.path).map(|parent| parent.id),
            "avatar_url": null,
            "web_url": self.group_url(group),
        })
    }

    fn group_name(&self, group: &Group) -> &str {
        self.world.name(Target::Group(group.id))
    }

    fn group_url(&self, group: &Group) -> String {
        self.web_url(&format!("groups/{}", group.path))
    }

    fn web_url(&self, path: &str) -> String {
        format!("{}/{path}", self.site.url())
    }
}

pub(super) fn access_level(role: Role) -> u8 {
    match role {
        Role::Guest => 10,
        Role::Reporter => 20,
        Role::Developer => 30,
        Role::Maintainer => 40,
        Role::Owner => 50,
    }
}

/// Returns a description of realistic length: a list must be cheap to read although most of it is
/// unused.
fn description(path: &str) -> String {
    format!(
        "Everything in {path} is built, tested and delivered by its own pipelines. Packages and \
         images are published for the projects that depend on them; they fetch them with the token \
         of the running job, so ask the maintainers before another project or group is put on the \
         allowlist. Releases are cut every other week."
    )
}

/// Returns a plausible time, which is always the same for an ID.
fn timestamp(id: u64) -> String {
    format!("2024-{:02}-{:02}T{:02}:{:02}:00.000Z", 1 + id % 12, 1 + id % 28, id % 24, id % 60)
}

fn merge(into: &mut Value, more: Value) {
    if let (Value::Object(into), Value::Object(more)) = (into, more) {
        into.extend(more);
    }
}
