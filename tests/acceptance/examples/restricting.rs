//! The guide "Restrict access to a group's projects", from open projects to least privilege, with a
//! hundred projects.

use std::collections::BTreeSet;
use std::fs;

use gitlab_simulator::{Permissions, Route, Simulator, Target};

use super::guides::guide;
use super::of_project;
use crate::kit::{json, workspace};
use crate::needs::CHECK_BLOCKS;
use crate::worlds::examples::{allow, examples, project_id};

const PROJECTS: usize = 100;
const LOOK: &str = "restrict-access-to-a-groups-projects/1-review";
const RESTRICT: &str = "restrict-access-to-a-groups-projects/2-restrict";

const SCANNER: &str = "security/scanner";
const DEPLOY: &str = "platform/deploy";
const STOREFRONT: &str = "platform/apps/storefront";
const BOT: &str = "platform/tools/release-bot";

/// The policies to choose from, of which each caller needs some.
const TRIED: [&str; 4] = ["READ_JOBS", "READ_PACKAGES", "READ_RELEASES", "READ_REPOSITORIES"];

/// Returns the policies that the guide ends with for a caller.
fn needed(caller: &str) -> &'static [&'static str] {
    match caller {
        SCANNER => &["READ_REPOSITORIES"],
        DEPLOY => &["READ_PACKAGES", "READ_REPOSITORIES"],
        STOREFRONT => &["READ_PACKAGES"],
        // Its entry is already restricted to this policy.
        _ => &["READ_RELEASES"],
    }
}

/// A group with open projects, and the permissions that jobs need: from, to and policy, sorted.
struct Group {
    gitlab: Simulator,
    projects: Vec<String>,
    needs: BTreeSet<(u64, u64, &'static str)>,
}

impl Group {
    /// Opens each project, with entries and a log. `security/scanner` has no entry, and the entry
    /// of `shop` is unused.
    fn open() -> Self {
        let gitlab = examples();
        let mut projects: Vec<_> =
            ["platform/charts", DEPLOY, STOREFRONT, BOT].map(str::to_owned).to_vec();
        for number in projects.len()..PROJECTS {
            let path = format!("platform/services/s{number:02}");
            gitlab.add_project(&path);
            projects.push(path);
        }
        let mut group = Self { gitlab, projects, needs: BTreeSet::new() };
        for (index, path) in group.projects.clone().iter().enumerate() {
            let id = project_id(&group.gitlab, path);
            group.gitlab.set_inbound_enabled(id, false);
            allow(&group.gitlab, path, &["shop/*"]);
            group.log(SCANNER, path);
            if index % 2 == 0 {
                allow(&group.gitlab, path, &[DEPLOY]);
                group.log(DEPLOY, path);
            }
            if index % 3 == 0 {
                allow(&group.gitlab, path, &["platform/apps/*"]);
                group.log(STOREFRONT, path);
            }
            if index % 5 == 0 {
                let bot = Target::Project(project_id(&group.gitlab, BOT));
                group.gitlab.allow_with(id, bot, Permissions::limited_to(["READ_RELEASES"]));
                group.log(BOT, path);
            }
        }
        group
    }

    fn log(&mut self, caller: &str, project: &str) {
        let (from, to) = (project_id(&self.gitlab, caller), project_id(&self.gitlab, project));
        self.gitlab.record_authentication(to, from, "2026-11-20T10:00:00Z");
        self.needs.extend(needed(caller).iter().map(|policy| (from, to, *policy)));
    }

    /// Returns every right that a job of one project has in another of the group.
    fn rights(&self) -> BTreeSet<(u64, u64, &'static str)> {
        let ids: Vec<_> = self.projects.iter().map(|path| project_id(&self.gitlab, path)).collect();
        let outside = [SCANNER, "security/vault"].map(|path| project_id(&self.gitlab, path));
        let origins: Vec<_> = ids.iter().copied().chain(outside).chain(1..=41).collect();
        let mut rights = BTreeSet::new();
        for to in ids {
            for from in origins.iter().copied().filter(|from| *from != to) {
                let may = TRIED.into_iter().filter(|policy| self.gitlab.job_may(from, to, policy));
                rights.extend(may.map(|policy| (from, to, policy)));
            }
        }
        rights
    }

    fn restricted(&self) -> usize {
        let restricted =
            |path: &&String| self.gitlab.inbound_enabled(project_id(&self.gitlab, path));
        self.projects.iter().filter(restricted).count()
    }

    #[track_caller]
    fn assert_every_caller_has_access(&self) {
        assert_eq!(self.needs.difference(&self.rights()).collect::<Vec<_>>(), Vec::<&_>::new());
    }
}

#[test]
pub(super) fn group_is_restricted_to_what_its_log_shows() {
    CHECK_BLOCKS.require();
    let group = Group::open();
    let gitlab = &group.gitlab;
    let (look, tf) = (workspace(gitlab), workspace(gitlab));

    guide(&look, LOOK);
    let warnings = look.apply().succeeds().warnings();
    for finding in [
        "Open to the job tokens of all projects: platform/apps/storefront, ",
        "Without an entry: platform/apps/storefront <- security/scanner, ",
        "Not used in the last 30 days: platform/apps/storefront <- shop, ",
    ] {
        assert!(
            warnings.iter().any(|warning| warning.detail.starts_with(finding)),
            "{finding}: {warnings:?}"
        );
    }
    assert_eq!(gitlab.requests().writes().to_string(), "");

    guide(&tf, RESTRICT);
    let allowlists = look.output("allowlists");
    tf.file("allowlists.auto.tfvars", allowlists.as_str().expect("a text"));
    let warnings = tf.plan().run().warnings();
    let losses: Vec<_> = warnings
        .iter()
        .filter(|warning| warning.summary.starts_with("Targets lose access"))
        .collect();
    assert_eq!(losses.len(), PROJECTS, "{warnings:?}");
    assert!(losses.iter().all(|warning| warning.detail.contains(":\n\n  - group shop (11)\n\n")));
    tf.apply_saved().succeeds();
    assert_eq!(group.restricted(), 0);
    assert_eq!(gitlab.requests().to(Route::ScopePatch).len(), 0);
    group.assert_every_caller_has_access();

    for (restricted, count) in
        [(r#"["platform/charts", "platform/deploy"]"#, 2), ("null", PROJECTS)]
    {
        gitlab.clear_requests();
        tf.file("restricted.auto.tfvars", &format!("restricted = {restricted}\n"));
        tf.apply().succeeds();
        assert_eq!(group.restricted(), count);
        group.assert_every_caller_has_access();
        let writes = gitlab.requests().writes();
        assert_eq!(writes.len(), writes.to(Route::ScopePatch).len(), "{writes}");
    }

    assert_eq!(group.rights(), group.needs);
    tf.plan().changes_nothing().has_no_warnings();
    look.apply().succeeds().has_no_warnings();
}

#[test]
fn target_without_policies_keeps_its_permissions() {
    CHECK_BLOCKS.require();
    let group = Group::open();
    let look = workspace(&group.gitlab);
    guide(&look, LOOK);
    look.file("none.auto.tfvars", "needs = {}\n");

    let warnings = look.apply().succeeds().warnings();

    let finding = "Add these to `needs`, or their jobs keep all permissions: ";
    let undecided = warnings
        .iter()
        .find_map(|warning| warning.detail.strip_prefix(finding))
        .expect("a finding");
    let (targets, _) = undecided.split_once('.').expect("a sentence");
    assert_eq!(
        targets.split(", ").collect::<BTreeSet<_>>(),
        BTreeSet::from(["platform/apps", DEPLOY, SCANNER])
    );
    let output = look.output("allowlists");
    assert!(
        output
            .as_str()
            .expect("a text")
            .contains(r#""security/scanner" = { default_permissions = true }"#)
    );
}

#[test]
fn incomplete_log_keeps_every_entry() {
    CHECK_BLOCKS.require();
    let group = Group::open();
    let look = workspace(&group.gitlab);
    guide(&look, LOOK);
    look.apply().succeeds();
    assert!(!look.output("allowlists").to_string().contains("shop"));

    let log = serde_json::json!({
        "data": { "project": {
            "id": "gid://gitlab/Project/98",
            "ciCdSettings": { "inboundJobTokenScopeEnabled": false },
            "ciJobTokenAuthLogs": {
                "nodes": [null],
                "pageInfo": { "hasNextPage": false, "endCursor": null },
            },
        } },
    });
    let response =
        json(&log.to_string()).on(Route::GraphqlQuery).named("JobTokenAuthenticationLog");
    group.gitlab.inject(response.project(98));
    look.apply().succeeds();

    assert!(look.output("allowlists").to_string().contains("shop"));
}

/// The guide shows a part of the file that the first step writes.
#[test]
fn guide_shows_the_outputs() {
    CHECK_BLOCKS.require();
    let group = Group::open();
    let look = workspace(&group.gitlab);
    guide(&look, LOOK);
    look.apply().succeeds();
    let page =
        fs::read_to_string(of_project("docs-src/guides/restrict-access-to-a-groups-projects.md"))
            .expect("the guide");
    let shown: Vec<_> =
        page.split("```text\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    let [log, allowlists] = shown[..] else { panic!("two blocks, not {shown:?}") };
    for (block, output) in [(log, look.output("log")), (allowlists, look.output("allowlists"))] {
        for part in block.split("…\n").map(str::trim_end).filter(|part| !part.is_empty()) {
            assert!(output.as_str().is_some_and(|text| text.contains(part)), "{part}\n\n{output}");
        }
    }
}
