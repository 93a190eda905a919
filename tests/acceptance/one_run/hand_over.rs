//! An entry or setting that one resource removes and another one adds in the same run: after a
//! successful apply, the server matches the configuration.
//!
//! Terraform orders neither of the two, so each hand-over runs several times, with removals as fast
//! as reads and slower.

use std::fs;
use std::time::Duration;

use gitlab_simulator::{Allowlist, Fault, Injection, Permissions, Route, Simulator, Target};
use terraform_cli::Workspace;

use super::{ENTRY, KEPT, KINDS, LIST, SCOPE, entry, mentions, provider_requirement, resource_of};
use crate::kit::{json_with, workspace};
use crate::needs::TERRAFORM_DATA;
use crate::worlds::APP;

/// The number of runs of each hand-over of three targets at each speed of removals.
const ROUNDS: usize = 5;

/// The numbers of targets, each with the number of runs of its hand-over per speed of removals.
const SIZES: [(usize, usize); 3] = [(1, 1), (3, ROUNDS), (40, 1)];

/// How much slower than a read a removal is.
const DELAYS: [Duration; 2] = [Duration::from_millis(300), Duration::ZERO];

/// Has the targets as entries, one by one.
const ENTRIES: &str = "acme/entries";
/// Has the targets in an exclusive list.
const LISTED: &str = "acme/listed";
/// Is open to all job tokens.
const OPEN: &str = "acme/open";
/// Allows its own job tokens to push.
const PUSHING: &str = "acme/pushing";

/// Allows the first target to read jobs and nothing else.
const LIMITED: &str = "acme/limited";

/// A GitLab instance with these projects and this number of targets.
struct Site {
    gitlab: Simulator,
    projects: Vec<u64>,
    groups: Vec<u64>,
}

/// The server's side of these projects.
#[derive(Debug, Clone, PartialEq)]
struct Server {
    entries: Allowlist,
    listed: Allowlist,
    is_open: bool,
    pushes: bool,
    limited: Option<Permissions>,
}

impl Site {
    fn with(targets: usize) -> Self {
        let gitlab = Simulator::start();
        for path in [ENTRIES, LISTED, OPEN, PUSHING, LIMITED] {
            gitlab.add_project(path);
        }
        let (groups, projects): (Vec<usize>, Vec<usize>) =
            (0..targets).partition(|index| index % 3 == 2);
        let projects =
            projects.iter().map(|index| gitlab.add_project(&format!("targets/t{index}"))).collect();
        let groups =
            groups.iter().map(|index| gitlab.add_group(&format!("group-{index}"))).collect();
        Self { gitlab, projects, groups }
    }

    /// Returns the two blocks of the entries, each with a key in front of the ID.
    fn entries(&self, project: &str, name: &str, key: &str, more: &str) -> String {
        [("project", &self.projects), ("group", &self.groups)]
            .map(|(kind, ids)| {
                let arguments = format!(
                    "for_each = {{ for id in {ids:?} : \"{key}${{id}}\" => id }}\n\
                     target_{kind}_id = each.value\n{more}"
                );
                resource_of(&format!("\"{project}\""), ENTRY, &format!("{name}_{kind}"), &arguments)
            })
            .concat()
    }

    fn list(&self, project: &str, name: &str, more: &str) -> String {
        let Self { projects, groups, .. } = self;
        let arguments =
            format!("target_project_ids = {projects:?}\ntarget_group_ids = {groups:?}\n{more}");
        resource_of(&format!("\"{project}\""), LIST, name, &arguments)
    }

    fn limited(&self, name: &str, more: &str) -> String {
        let arguments = format!(
            "target_project_id = {}\njob_token_policies = [\"READ_JOBS\"]\n{more}",
            self.projects[0]
        );
        resource_of(&format!("\"{LIMITED}\""), ENTRY, &format!("{name}_limited"), &arguments)
    }

    /// Returns all resources of these projects.
    fn all(&self, name: &str, more: &str) -> String {
        [
            self.entries(ENTRIES, name, "", more),
            self.list(LISTED, name, more),
            scopes(name, more),
            self.limited(name, more),
        ]
        .concat()
    }

    fn server(&self) -> Server {
        let id = |path| self.gitlab.project_id(path).expect("a project of the site");
        Server {
            entries: self.gitlab.allowlist(id(ENTRIES)),
            listed: self.gitlab.allowlist(id(LISTED)),
            is_open: !self.gitlab.inbound_enabled(id(OPEN)),
            pushes: self.gitlab.push_repository_for_job_token_allowed(id(PUSHING)),
            limited: self
                .projects
                .first()
                .and_then(|first| self.gitlab.permissions(id(LIMITED), Target::Project(*first))),
        }
    }

    fn targets(&self) -> Allowlist {
        let (projects, groups) = (self.projects.iter(), self.groups.iter());
        Allowlist { projects: projects.copied().collect(), groups: groups.copied().collect() }
    }

    /// Returns the server's side when all is in place.
    fn all_in_place(&self) -> Server {
        let targets = self.targets();
        let limited = Some(Permissions::limited_to(["READ_JOBS"]));
        Server { entries: targets.clone(), listed: targets, is_open: true, pushes: true, limited }
    }

    /// Returns the server's side with entries and lists alone.
    fn allowlists_in_place(&self) -> Server {
        Server { is_open: false, pushes: false, limited: None, ..self.all_in_place() }
    }

    /// Delays all removals of access. A scope grants and removes access with the same request.
    fn slow_removals(&self, delay: Duration) {
        self.gitlab.clear_faults();
        if delay.is_zero() {
            return;
        }
        let routes = [
            Route::AllowlistProjectDelete,
            Route::AllowlistGroupDelete,
            Route::ScopePatch,
            Route::ProjectPut,
        ];
        let slow = Injection::from(Fault::StallsTheRequest(delay));
        self.gitlab.inject(routes.into_iter().fold(slow, Injection::on));
    }
}

fn scopes(name: &str, more: &str) -> String {
    let open = format!("inbound_enabled = false\n{more}");
    let pushing = format!("push_repository_for_job_token_allowed = true\n{more}");
    [
        resource_of(&format!("\"{OPEN}\""), SCOPE, &format!("{name}_open"), &open),
        resource_of(&format!("\"{PUSHING}\""), SCOPE, &format!("{name}_pushing"), &pushing),
    ]
    .concat()
}

/// A configuration, and what the server has once it is applied.
struct Form {
    config: String,
    /// The configuration of the module [`MODULE`], if the configuration calls it.
    module: Option<String>,
    server: Server,
}

/// The directory of a module.
const MODULE: &str = "access";

impl Form {
    fn new(config: String, server: Server) -> Self {
        Self { config, module: None, server }
    }

    /// Returns a module that has all resources.
    fn in_module(module: &str, server: Server) -> Self {
        let config = format!("module \"{MODULE}\" {{\n  source = \"./{MODULE}\"\n}}\n");
        let module = Some(format!("{}{module}", provider_requirement()));
        Self { config, module, server }
    }

    /// Makes this the configuration of the workspace.
    #[track_caller]
    fn enter(&self, tf: &Workspace) {
        tf.config(&self.config);
        if let Some(module) = &self.module {
            fs::create_dir_all(tf.directory().join(MODULE)).expect("a directory");
            tf.file(&format!("{MODULE}/main.tf"), module);
            tf.run(&["get"]).succeeds();
        }
    }
}

/// Applies the first form, then the two in turn, with each number of targets and at each speed of
/// removals. Each time the server has what the form says, and the next plan changes nothing.
#[track_caller]
fn hand_over(sizes: &[(usize, usize)], forms: impl Fn(&Site) -> [Form; 2]) {
    apply_in_turn(sizes, forms, |_| Vec::new());
}

/// Applies one form, then replaces all of its resources each time, as [`hand_over`] does.
#[track_caller]
fn replace(form: impl Fn(&Site) -> Form) {
    let options = |tf: &Workspace| {
        tf.state().addresses().iter().map(|address| format!("-replace={address}")).collect()
    };
    apply_in_turn(&SIZES, |site| [form(site), form(site)], options);
}

#[track_caller]
fn apply_in_turn(
    sizes: &[(usize, usize)],
    forms: impl Fn(&Site) -> [Form; 2],
    options: impl Fn(&Workspace) -> Vec<String>,
) {
    for (targets, rounds) in sizes {
        let site = Site::with(*targets);
        let tf = workspace(&site.gitlab);
        let [first, second] = forms(&site);
        first.enter(&tf);
        tf.apply().succeeds();
        assert_eq!(site.server(), first.server);
        let options = options(&tf);
        let options: Vec<&str> = options.iter().map(String::as_str).collect();
        let mut turns = [&second, &first].into_iter().cycle();
        for (delay, round) in
            DELAYS.iter().flat_map(|delay| (0..*rounds).map(move |round| (delay, round)))
        {
            let Some(form) = turns.next() else { return };
            form.enter(&tf);
            site.slow_removals(*delay);
            tf.apply_with(&options).succeeds();
            assert_eq!(site.server(), form.server, "{targets} targets, {delay:?}, round {round}");
            tf.plan().changes_nothing();
        }
    }
}

#[test]
fn renamed_resources_keep_everything() {
    hand_over(&SIZES, |site| {
        ["one", "other"].map(|name| Form::new(site.all(name, ""), site.all_in_place()))
    });
}

/// Terraform destroys one instance while it creates the other.
#[test]
fn renamed_keys_keep_everything() {
    hand_over(&SIZES, |site| {
        ["one", "other"].map(|key| {
            let instance = format!("for_each = toset([\"{key}\"])");
            let config = [
                site.entries(ENTRIES, "this", key, ""),
                site.list(LISTED, "this", &instance),
                scopes("this", &instance),
                site.limited("this", &instance),
            ];
            Form::new(config.concat(), site.all_in_place())
        })
    });
}

#[test]
fn entries_and_lists_become_each_other() {
    hand_over(&SIZES, |site| {
        [("one", ENTRIES, LISTED), ("other", LISTED, ENTRIES)].map(|(name, one_by_one, listed)| {
            let config = [site.entries(one_by_one, name, "", ""), site.list(listed, name, "")];
            Form::new(config.concat(), site.allowlists_in_place())
        })
    });
}

/// All instances after the one that is gone are replaced, each by the target of the next one.
#[test]
fn shifted_count_keeps_all_other_entries() {
    // A third of the targets are groups.
    let sizes = [(4, ROUNDS), (60, 1)];
    hand_over(&sizes, |site| {
        [&site.projects[..], &site.projects[1..]].map(|ids| {
            let arguments =
                format!("count = {}\ntarget_project_id = {ids:?}[count.index]", ids.len());
            let entries =
                Allowlist { projects: ids.iter().copied().collect(), ..Allowlist::default() };
            let server =
                Server { entries, listed: Allowlist::default(), ..site.allowlists_in_place() };
            Form::new(resource_of(&format!("\"{ENTRIES}\""), ENTRY, "this", &arguments), server)
        })
    });
}

#[test]
fn resources_moved_into_a_module_keep_everything() {
    hand_over(&SIZES, |site| {
        let config = site.all("this", "");
        let server = site.all_in_place();
        [Form::new(config.clone(), server.clone()), Form::in_module(&config, server)]
    });
}

#[test]
fn replacement_in_place_keeps_everything() {
    replace(|site| Form::new(site.all("this", ""), site.all_in_place()));
}

#[test]
fn create_before_destroy_keeps_everything() {
    let lifecycle = "lifecycle {\ncreate_before_destroy = true\n}";
    replace(|site| Form::new(site.all("this", lifecycle), site.all_in_place()));
}

#[test]
fn replacement_by_a_trigger_keeps_everything() {
    TERRAFORM_DATA.require();
    let lifecycle = "lifecycle {\ncreate_before_destroy = true\nreplace_triggered_by = \
        [terraform_data.revision]\n}";
    hand_over(&SIZES, |site| {
        [1, 2].map(|revision| {
            let trigger =
                format!("resource \"terraform_data\" \"revision\" {{\n  input = {revision}\n}}\n");
            Form::new(format!("{trigger}{}", site.all("this", lifecycle)), site.all_in_place())
        })
    });
}

/// It would close the project and open it again, or forbid pushes for a moment.
#[test]
fn replaced_scope_writes_nothing() {
    for lifecycle in ["", "lifecycle {\ncreate_before_destroy = true\n}"] {
        let site = Site::with(0);
        let tf = workspace(&site.gitlab);
        tf.config(&scopes("this", lifecycle));
        tf.apply().succeeds();
        let options = ["open", "pushing"].map(|name| format!("-replace={SCOPE}.this_{name}"));
        site.gitlab.clear_requests();

        tf.apply_with(&options.each_ref().map(String::as_str)).succeeds();

        assert_eq!(site.gitlab.requests().writes().to_string(), "");
        tf.plan().changes_nothing();
    }
}

/// The former resource and the new one have the same entry. If the removal has left it to the new
/// one, a message says so.
#[test]
fn failed_create_names_what_was_left_for_it() {
    for kind in KINDS {
        let gitlab = kind.gitlab(&[]);
        let tf = workspace(&gitlab);
        let policies =
            |policy: &str| format!("{}\njob_token_policies = [\"{policy}\"]", kind.entry(0));
        tf.config(&entry("one", &policies("READ_JOBS")));
        tf.apply().succeeds();
        gitlab.inject(Fault::InternalError.on(Route::GraphqlMutation));
        tf.config(&entry("other", &policies("READ_PACKAGES")));

        let run = tf.apply();

        let said = [run.fails().errors(), run.warnings()].concat();
        let is_said = said.iter().any(|message| mentions(message, &[KEPT, &kind.named(0)]));
        assert!(is_said || kind.allowed(&gitlab).is_empty(), "{run}");

        gitlab.clear_faults();
        tf.apply().succeeds();
        assert_eq!(kind.allowed(&gitlab), [0]);
        tf.plan().changes_nothing();
    }
}

/// Another client has taken it off the list between GitLab's check and ours.
#[test]
fn addition_is_sent_again_where_the_list_does_not_show_it() {
    for (kind, route) in
        KINDS.into_iter().zip([Route::AllowlistProjectPost, Route::AllowlistGroupPost])
    {
        let gitlab = kind.gitlab(&[]);
        let already = json_with(
            400,
            r#"{"message":"400 Bad request - Target is already in the job token scope"}"#,
        );
        gitlab.inject(already.on(route).project(APP).once());
        let tf = workspace(&gitlab);
        tf.config(&entry("this", &kind.entry(0)));

        tf.apply().succeeds();

        assert_eq!(kind.allowed(&gitlab), [0]);
        tf.plan().changes_nothing();
    }
}
