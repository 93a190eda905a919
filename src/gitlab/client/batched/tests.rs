use std::fmt::Debug;

use futures_util::future::join_all;
use gitlab_simulator::{
    GranularGraphql, Permissions as Permitted, Role, Simulator, Target as SimulatedTarget,
    TokenSpec,
};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value, json};

use crate::gitlab::client::{Client, Freshness};
use crate::gitlab::testing::{MockServer, USER_AGENT, json as reply, list, project};
use crate::gitlab::{BaseUrl, Config, Error, Kind, ProjectId, ProjectRef};

/// The number of projects that are read.
const PROJECTS: u64 = 4;

/// The settings of a generated project.
#[derive(Clone, Debug)]
struct Setup {
    is_restricted: bool,
    has_outbound: bool,
    is_visible: bool,
    role: Option<Role>,
    projects: Vec<u64>,
    outbound: Vec<u64>,
    groups: Vec<u64>,
    own_entry: bool,
    limited: bool,
    is_full: bool,
    permissions_off: bool,
    is_archived: bool,
}

/// A generated GitLab instance, and the token that reads it.
#[derive(Clone, Debug)]
struct World {
    version: &'static str,
    is_enforced: bool,
    without_outbound: bool,
    missing: Option<&'static str>,
    root: &'static str,
    token: Token,
    projects: Vec<Setup>,
}

#[derive(Clone, Copy, Debug)]
enum Token {
    Administrator,
    Member,
    FineGrained(GranularGraphql),
}

const READ_PERMISSIONS: [&str; 5] = [
    "Job Token Scope: Read",
    "Job Token Scope Allowlist: Read",
    "Project: Read",
    "Group: Read",
    "User: Read",
];

fn setup() -> impl Strategy<Value = Setup> {
    let role = prop_oneof![
        4 => Just(Some(Role::Maintainer)),
        1 => Just(Some(Role::Developer)),
        1 => Just(None),
    ];
    let lists = (
        subsequence((0..8).collect::<Vec<u64>>(), 0..=4),
        subsequence((0..8).collect::<Vec<u64>>(), 0..=2),
        subsequence((0..4).collect::<Vec<u64>>(), 0..=3),
    );
    let flags = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    let rare = || prop::bool::weighted(0.1);
    (flags, role, lists, rare(), rare(), rare(), prop::bool::weighted(0.8)).prop_map(
        |(
            flags,
            role,
            (projects, outbound, groups),
            is_full,
            permissions_off,
            is_archived,
            is_visible,
        )| {
            let (is_restricted, has_outbound, own_entry, limited) = flags;
            Setup {
                is_restricted,
                has_outbound,
                is_visible,
                role,
                projects,
                outbound,
                groups,
                own_entry,
                limited,
                is_full,
                permissions_off,
                is_archived,
            }
        },
    )
}

fn world() -> impl Strategy<Value = World> {
    let version =
        select(vec!["16.11", "17.0", "17.2", "18.0", "18.2", "18.3", "18.10", "19.1", "19.4"]);
    let missing = select(vec![
        None,
        None,
        None,
        Some("direction"),
        Some("jobTokenScopeEnabled"),
        Some("createdAt"),
        Some("addedBy"),
        Some("count"),
        Some("fullPaths"),
        Some("webUrl"),
    ]);
    let token = prop_oneof![
        3 => Just(Token::Administrator),
        3 => Just(Token::Member),
        2 => select(vec![GranularGraphql::Errors, GranularGraphql::Nulls, GranularGraphql::EmptyLists])
            .prop_map(Token::FineGrained),
    ];
    let rare = || prop::bool::weighted(0.2);
    let projects = prop::collection::vec(setup(), usize::try_from(PROJECTS).unwrap());
    (version, rare(), rare(), missing, select(vec!["", "/gitlab"]), token, projects).prop_map(
        |(version, is_enforced, without_outbound, missing, root, token, projects)| World {
            version,
            is_enforced,
            without_outbound,
            missing,
            root,
            token,
            projects,
        },
    )
}

impl World {
    /// Starts the GitLab, and returns it with the token.
    fn start(&self) -> (Simulator, String) {
        let mut builder = Simulator::builder().version(self.version).relative_url_root(self.root);
        if self.is_enforced && self.version >= "18.0" {
            builder = builder.enforced();
        }
        if self.without_outbound {
            builder = builder.without_outbound_enabled();
        }
        if let Some(field) = self.missing {
            builder = builder.without_field(field);
        }
        let gitlab = builder.start();
        let project_ids: Vec<u64> = (1..=PROJECTS)
            .map(|number| gitlab.add_project(&format!("Acme/app-{number}")))
            .collect();
        let targets: Vec<u64> =
            (0..8).map(|number| gitlab.add_project(&format!("lib/target-{number}"))).collect();
        let groups: Vec<u64> =
            (0..4).map(|number| gitlab.add_group(&format!("teams/team-{number}"))).collect();
        let has_fine_grained_tokens = ["18.10", "19.1", "19.4"].contains(&self.version);
        let mut spec = match self.token {
            Token::FineGrained(_) if !has_fine_grained_tokens => TokenSpec::new("reader"),
            Token::Administrator => TokenSpec::new("reader").administrator(),
            Token::Member => TokenSpec::new("reader").can_see(SimulatedTarget::Project(targets[0])),
            Token::FineGrained(_) => TokenSpec::new("reader").fine_grained(READ_PERMISSIONS),
        };
        for (id, setup) in project_ids.iter().zip(&self.projects) {
            setup.arrange(&gitlab, *id, &targets, &groups);
            spec = match setup.role {
                Some(role) => spec.role(SimulatedTarget::Project(*id), role),
                None if setup.is_visible => spec.can_see(SimulatedTarget::Project(*id)),
                None => spec,
            };
        }
        if let Token::FineGrained(responses) = self.token {
            gitlab.set_granular_graphql(responses);
        }
        let token = gitlab.add_token(spec);
        (gitlab, token)
    }
}

impl Setup {
    fn arrange(&self, gitlab: &Simulator, id: u64, targets: &[u64], groups: &[u64]) {
        gitlab.set_inbound_enabled(id, self.is_restricted);
        gitlab.set_outbound_enabled(id, self.has_outbound);
        gitlab.set_archived(id, self.is_archived);
        let limits = || Permitted::limited_to(["READ_JOBS"]);
        let allow = |place| {
            if self.limited {
                gitlab.allow_with(id, place, limits())
            } else {
                gitlab.allow(id, place)
            }
        };
        let at = |index: &u64| usize::try_from(*index).unwrap();
        self.projects.iter().for_each(|index| allow(SimulatedTarget::Project(targets[at(index)])));
        self.groups.iter().for_each(|index| allow(SimulatedTarget::Group(groups[at(index)])));
        self.outbound.iter().for_each(|index| gitlab.allow_outbound(id, targets[at(index)]));
        if self.own_entry {
            allow(SimulatedTarget::Project(id));
        }
        if self.is_full {
            for number in self.projects.len()..200 {
                gitlab.allow(
                    id,
                    SimulatedTarget::Project(gitlab.add_project(&format!("full/{id}-{number}"))),
                );
            }
        }
        gitlab.set_fine_grained_permissions(id, !self.permissions_off);
    }
}

/// A read of a project.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Read {
    Settings,
    Refresh,
    Own,
    Projects,
    Groups,
    Permissions,
    Path,
    FullPath,
}

const READS: [Read; 8] = [
    Read::Settings,
    Read::Refresh,
    Read::Own,
    Read::Projects,
    Read::Groups,
    Read::Permissions,
    Read::Path,
    Read::FullPath,
];

impl Read {
    /// Performs the read, and returns the formatted result, or only the kind of an error.
    async fn read(self, client: &Client, id: ProjectId) -> Result<Value, String> {
        fn shown<T: Debug>(response: Result<T, Error>) -> Result<Value, String> {
            response.map(|value| json!(format!("{value:?}"))).map_err(|error| {
                let kind = format!("{:?}", error.kind());
                kind.split([' ', '(', '{']).next().unwrap_or_default().to_owned()
            })
        }
        match self {
            Self::Settings => shown(client.settings(id, Freshness::Shared).await),
            Self::Refresh => shown(client.refreshed_settings(id).await),
            Self::Own => shown(client.own_settings(id, Freshness::Shared).await),
            Self::Projects => shown(client.allowlist(id, Kind::Project, Freshness::Shared).await),
            Self::Groups => shown(client.allowlist(id, Kind::Group, Freshness::Shared).await),
            Self::Permissions => shown(client.permissions(id, Freshness::Shared).await),
            Self::FullPath => shown(client.full_path(id.into()).await),
            Self::Path => {
                let path: ProjectRef = format!("acme/APP-{id}").parse().unwrap();
                shown(client.resolve_to_read(&path).await)
            }
        }
    }
}

fn client(gitlab: &Simulator, token: &str) -> Client {
    let config = Config {
        retries: 0,
        ..Config::new(
            BaseUrl::parse(&gitlab.api_url()).unwrap(),
            Some(token.into()),
            USER_AGENT.into(),
        )
    };
    crate::gitlab::testing::client(&config)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn batched_projects_equal_projects_read_alone(
        world in world(),
        reads in subsequence(READS.to_vec(), 1..=READS.len()),
        rounds in 1_usize..=2,
    ) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let (gitlab, token) = world.start();
            let all: Vec<(ProjectId, Read)> = (1..=PROJECTS)
                .flat_map(|id| reads.iter().map(move |read| (project(id), *read)))
                .collect();
            let mut alone = Vec::new();
            for (id, read) in &all {
                alone.push(read.read(&client(&gitlab, &token), *id).await);
            }
            let together = client(&gitlab, &token);
            for _ in 0..rounds {
                let responses = join_all(all.iter().map(|(id, read)| read.read(&together, *id))).await;
                for (asked, (response, expected)) in all.iter().zip(responses.iter().zip(&alone)) {
                    prop_assert_eq!(response, expected, "{:?}", asked);
                }
            }
            Ok(())
        })?;
    }
}

#[tokio::test]
async fn lists_with_hidden_entries_are_read_over_rest() {
    let page = |nodes: Value, count: usize| json!({ "nodes": nodes, "count": count, "pageInfo": { "hasNextPage": false, "endCursor": null } });
    let node = move |id: u64| {
        json!({
            "id": format!("gid://gitlab/Project/{id}"), "fullPath": format!("acme/{id}"),
            "ciCdSettings": { "inboundJobTokenScopeEnabled": true, "jobTokenScopeEnabled": false },
            "ciJobTokenScopeAllowlist": {
                "projectsAllowlist": page(json!([]), 3), "groupsAllowlist": page(json!([]), 0),
            },
        })
    };
    let server = MockServer::new(move |seen| match seen.method.as_str() {
        "POST" => {
            let end = json!({ "hasNextPage": false, "endCursor": null });
            reply(200, &json!({ "data": { "projects": { "nodes": [node(1), node(2)], "pageInfo": end } } }))
        }
        _ => list(&[if seen.path.starts_with("/projects/1/") { 1 } else { 2 }, 7, 8], seen),
    })
    .await;
    let client = server.client();
    let read = |id, kind| client.allowlist(project(id), kind, Freshness::Shared);
    let (one, other) = tokio::join!(read(1, Kind::Project), read(2, Kind::Project));
    assert_eq!((one.unwrap().iter().count(), other.unwrap().iter().count()), (2, 2));
    assert_eq!(server.count(), 3, "a query, and two lists over REST");
    assert_eq!(read(1, Kind::Group).await.unwrap().iter().count(), 0);
    assert_eq!(server.count(), 3, "the list of groups was shown");
}

#[tokio::test]
async fn settings_read_with_lists_serve_one_refresh() {
    let (gitlab, client) = two_projects();
    let refresh = async || client.refreshed_settings(project(1)).await.unwrap().inbound_enabled;
    let read = |id| client.allowlist(project(id), Kind::Project, Freshness::Shared);
    let (one, other) = tokio::join!(read(1), read(2));
    assert!(one.is_ok() && other.is_ok());
    gitlab.clear_requests();
    assert!(refresh().await);
    assert_eq!(
        gitlab.requests().len(),
        1,
        "one request learns whether REST has `outbound_enabled`"
    );
    gitlab.set_inbound_enabled(1, false);
    assert!(!refresh().await);

    client.set_inbound_enabled(project(1), true).await.unwrap();
    assert!(refresh().await, "what was read before a write is forgotten");
}

/// Starts an instance with two projects, and returns it with a client.
fn two_projects() -> (Simulator, Client) {
    let gitlab = Simulator::start();
    for name in ["app", "lib"] {
        gitlab.add_project(&format!("acme/{name}"));
    }
    let client = client(&gitlab, gitlab.token());
    (gitlab, client)
}

#[tokio::test]
async fn settings_read_with_lists_serve_plans() {
    let (gitlab, client) = two_projects();
    let read = |id| client.allowlist(project(id), Kind::Project, Freshness::Shared);
    let (one, other) = tokio::join!(read(1), read(2));
    assert!(one.is_ok() && other.is_ok());
    gitlab.clear_requests();
    for id in [1, 2, 1] {
        let settings = client.settings(project(id), Freshness::Shared).await.unwrap();
        assert!(settings.inbound_enabled);
    }
    assert_eq!(
        gitlab.requests().len(),
        1,
        "one request learns whether REST has `outbound_enabled`"
    );

    client.set_inbound_enabled(project(1), false).await.unwrap();
    let settings = client.settings(project(1), Freshness::Shared).await.unwrap();
    assert!(!settings.inbound_enabled, "what was read before a write is forgotten");
}

#[tokio::test]
async fn projects_that_are_targets_are_read_by_path() {
    let (gitlab, client) = two_projects();
    let path = |name: &str| format!("acme/{name}").parse::<ProjectRef>().unwrap();
    let (app, lib) = (path("app"), path("lib"));
    let (one, other) = tokio::join!(client.resolve(&app), client.resolve(&lib));
    assert_eq!((one.unwrap(), other.unwrap()), (Some(project(1)), Some(project(2))));
    gitlab.clear_requests();

    let (one, other) = tokio::join!(client.resolve_to_read(&app), client.resolve_to_read(&lib));
    assert_eq!((one.unwrap(), other.unwrap()), (Some(project(1)), Some(project(2))));
    for id in [1, 2] {
        client.allowlist(project(id), Kind::Project, Freshness::Shared).await.unwrap();
    }
    // The second request omits the fields that this GitLab version lacks.
    let requests = gitlab.requests();
    let is_by_path = |name: &String| name == "JobTokenProjectsByPath";
    assert!(requests.iter().all(|request| request.names.iter().any(is_by_path)), "{requests}");
    assert_eq!(requests.len(), 2, "{requests}");
}
