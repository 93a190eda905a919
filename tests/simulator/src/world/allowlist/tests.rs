use super::*;
use crate::world::TokenSpec;

/// A world with `acme/app` (the source project), `acme/lib`, the group `partners`, and a maintainer
/// of `acme`.
struct Fixture {
    world: World,
    source_project: u64,
    lib: Target,
    partners: Target,
    maintainer: TokenId,
}

fn scene() -> Fixture {
    scene_of("18.8.0-ee")
}

fn scene_of(version: &str) -> Fixture {
    let mut world = World::default();
    world.settings.version = version.parse().unwrap();
    let source_project = world.add_project("acme/app").unwrap();
    let lib = Target::Project(world.add_project("acme/lib").unwrap());
    let partners = Target::Group(world.add_group("partners").unwrap());
    let acme = Target::Group(world.group_id("acme").unwrap());
    let secret =
        world.add_token(TokenSpec::new("maintainer").maintainer_of(acme).can_see(partners));
    let maintainer = world.token_by_secret(&secret).unwrap();
    Fixture { world, source_project, lib, partners, maintainer }
}

impl Fixture {
    fn add(&mut self, target: Target) -> Result<(), Refusal> {
        self.world.add_link(self.maintainer, self.source_project, target, Permissions::default())
    }

    fn remove(&mut self, target: Target) -> Result<(), Refusal> {
        self.world.remove_link(self.maintainer, self.source_project, target)
    }

    fn listed(&self) -> Vec<u64> {
        let listed = self.world.listed_projects(self.maintainer, self.source_project).unwrap();
        listed.iter().map(|project| project.id).collect()
    }

    fn hide(&mut self, target: Target) {
        self.world.token_named("maintainer").unwrap().set_hidden(target, true);
    }

    fn fill(&mut self, kind: Target) {
        for n in 0..LINK_LIMIT {
            let target = match kind {
                Target::Project(_) => {
                    Target::Project(self.world.add_project(&format!("acme/many/p{n}")).unwrap())
                }
                Target::Group(_) => {
                    Target::Group(self.world.add_group(&format!("acme/many/g{n}")).unwrap())
                }
            };
            self.add(target).unwrap();
        }
    }
}

fn rejected(reason: &str) -> Result<(), Refusal> {
    Err(Refusal::Rejected(reason.to_owned()))
}

#[test]
fn target_is_added_once_and_removed_once() {
    for pick in [|s: &Fixture| s.lib, |s: &Fixture| s.partners] {
        let mut scene = scene();
        let target = pick(&scene);
        assert_eq!(scene.add(target), Ok(()));
        assert!(
            matches!(scene.add(target), Err(Refusal::Rejected(why)) if why.contains("already in the job token allowlist."))
        );
        assert_eq!(scene.remove(target), Ok(()));
        assert!(
            matches!(scene.remove(target), Err(Refusal::Rejected(why)) if why.contains("is not in the job token scope"))
        );
    }
}

#[test]
fn limit_is_validated_before_uniqueness() {
    let mut scene = scene();
    scene.add(scene.lib).unwrap();
    scene.fill_but_one();
    assert_eq!(
        scene.add(scene.lib),
        rejected(
            "Validation failed: Source project exceeds the allowable number of project links in \
             this direction"
        )
    );
}

impl Fixture {
    fn fill_but_one(&mut self) {
        for n in 1..LINK_LIMIT {
            let id = self.world.add_project(&format!("acme/many/p{n}")).unwrap();
            self.add(Target::Project(id)).unwrap();
        }
    }
}

#[test]
fn limit_applies_to_each_kind_separately() {
    let mut scene = scene();
    scene.fill(scene.partners);
    assert_eq!(
        scene.add(scene.partners),
        rejected("Validation failed: Source project exceeds the allowable number of group links")
    );
    assert_eq!(scene.add(scene.lib), Ok(()));
}

#[test]
fn project_has_no_entry_for_itself_before_18_3() {
    let mut scene = scene_of("18.2.8-ee");
    let own = Target::Project(scene.source_project);
    assert_eq!(
        scene.add(own),
        rejected("Validation failed: Target project can't be the same as the source project")
    );
    assert_eq!(
        scene.remove(own),
        rejected("Source project cannot be removed from the job token scope")
    );
    assert_eq!(scene.listed(), [scene.source_project]);
}

#[test]
fn entry_of_the_project_itself_is_listed_twice() {
    let mut scene = scene_of("18.3.0-ee");
    let own = Target::Project(scene.source_project);
    assert_eq!(scene.add(own), Ok(()));
    assert_eq!(scene.add(own), rejected("This project is already in the job token allowlist."));
    assert_eq!(scene.listed(), [scene.source_project, scene.source_project]);
    assert_eq!(
        scene.remove(own),
        rejected("Source project cannot be removed from the job token scope")
    );
}

#[test]
fn hidden_project_can_be_removed_since_19_4() {
    let mut scene = scene_of("19.4.1-ee");
    let lib = scene.lib;
    scene.add(lib).unwrap();
    scene.hide(lib);
    assert_eq!(scene.remove(lib), Ok(()));
    assert_eq!(scene.remove(lib), rejected("Target project is not in the job token scope"));
    assert_eq!(scene.remove(Target::Project(999)), Err(Refusal::ProjectNotFound));
}

#[test]
fn outbound_links_are_not_on_the_allowlist() {
    let mut scene = scene();
    scene.world.allow_outbound(scene.source_project, scene.lib.id()).unwrap();
    assert_eq!(scene.listed(), [scene.source_project]);
    assert_eq!(scene.remove(scene.lib), rejected("Target project is not in the job token scope"));
    let outbound = |scene: &Fixture| {
        scene.world.project(scene.source_project).unwrap().outbound_projects.len()
    };
    assert_eq!(outbound(&scene), 1);
    scene.world.delete_project(scene.lib.id()).unwrap();
    assert_eq!(outbound(&scene), 0);
}

#[test]
fn hidden_group_can_be_removed_but_not_a_hidden_project() {
    let mut scene = scene();
    let (lib, partners) = (scene.lib, scene.partners);
    scene.add(lib).unwrap();
    scene.add(partners).unwrap();
    scene.hide(lib);
    scene.hide(partners);
    assert_eq!(scene.remove(lib), Err(Refusal::ProjectNotFound));
    assert_eq!(scene.remove(partners), Ok(()));
    let source_project = scene.world.project(scene.source_project).unwrap();
    assert!(
        source_project.allowed_projects.contains_key(&lib.id())
            && source_project.allowed_groups.is_empty()
    );
}

#[test]
fn hidden_target_cannot_be_added() {
    for (pick, word) in [
        ((|s: &Fixture| s.lib) as fn(&Fixture) -> Target, "target_project"),
        (|s| s.partners, "target_group"),
    ] {
        let mut scene = scene();
        let target = pick(&scene);
        scene.hide(target);
        assert!(
            matches!(scene.add(target), Err(Refusal::Rejected(why)) if why.starts_with(&format!("The {word} that")))
        );
    }
}

#[test]
fn missing_target_has_an_error_per_kind() {
    let mut scene = scene();
    assert_eq!(scene.add(Target::Project(999)), Err(Refusal::NoSuchTarget(Target::Project(999))));
    assert_eq!(scene.add(Target::Group(999)), Err(Refusal::NoSuchTarget(Target::Group(999))));
    assert_eq!(scene.remove(Target::Project(999)), Err(Refusal::ProjectNotFound));
    assert_eq!(scene.remove(Target::Group(999)), Err(Refusal::NoSuchTarget(Target::Group(999))));
}

#[test]
fn developer_is_forbidden_and_nonmember_gets_not_found() {
    let mut scene = scene();
    let source_project = Target::Project(scene.source_project);
    for (spec, expected) in [
        (TokenSpec::new("developer").developer_of(source_project), Refusal::Forbidden),
        (TokenSpec::new("watcher").can_see(source_project), Refusal::Forbidden),
        (TokenSpec::new("stranger"), Refusal::ProjectNotFound),
    ] {
        let secret = scene.world.add_token(spec);
        let token = scene.world.token_by_secret(&secret).unwrap();
        assert_eq!(scene.world.scope(token, scene.source_project), Err(expected.clone()));
        assert_eq!(
            scene.world.set_inbound(token, scene.source_project, false),
            Err(expected.clone())
        );
        assert_eq!(
            scene.world.add_link(token, scene.source_project, scene.lib, Permissions::default()),
            Err(expected.clone())
        );
        let removal =
            if expected == Refusal::Forbidden { Refusal::ForbiddenRemoval } else { expected };
        scene.world.make_public(scene.lib);
        assert_eq!(scene.world.remove_link(token, scene.source_project, scene.lib), Err(removal));
    }
}

#[test]
fn enforcement_hides_the_setting_and_keeps_it() {
    for (enforcement, accepted) in
        [(Enforcement::Off, true), (Enforcement::Silent, true), (Enforcement::Refusing, false)]
    {
        let mut scene = scene();
        scene.world.settings.enforcement = enforcement;
        let response = scene.world.set_inbound(scene.maintainer, scene.source_project, false);
        assert_eq!(response.is_ok(), accepted, "{enforcement:?}");
        let own = scene.world.project(scene.source_project).unwrap().inbound_enabled;
        assert_eq!(own, enforcement != Enforcement::Off, "{enforcement:?}");
    }
    let mut scene = scene();
    scene.world.set_inbound(scene.maintainer, scene.source_project, false).unwrap();
    scene.world.settings.enforcement = Enforcement::Silent;
    assert!(scene.world.scope(scene.maintainer, scene.source_project).unwrap().inbound_enabled);
}

#[test]
fn order_of_the_list_is_stable_but_not_by_id() {
    let mut scene = scene();
    scene.fill_but_one();
    let listed = scene.listed();
    assert!(!listed.is_sorted());
    assert_eq!(listed, scene.listed());
}
