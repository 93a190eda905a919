//! Plans any configuration with any state: core accepts the plan, or the error is readable.
//! Planning twice yields the same result.

use gitlab_simulator::Simulator;
use plugin_host::wire::UNKNOWN;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use tokio::runtime::Runtime;

use crate::check_all;
use crate::host::{Attribute, Resource, block, same};

const CASES: u32 = 96;

/// Starts a GitLab with projects 1 to 4 and some groups.
fn gitlab() -> Simulator {
    let gitlab = Simulator::start();
    for path in ["acme/app", "acme/lib", "acme/tools/cli", "other/site"] {
        gitlab.add_project(path);
    }
    gitlab
}

const NAMES: [&str; 11] = [
    "acme/app",
    "Acme/APP",
    "acme/lib",
    "acme/tools",
    "acme",
    "other",
    "no/where",
    "1",
    "2",
    "3",
    "77",
];
/// Strings that don't name an existing project or group.
const INVALID_REFERENCES: [&str; 10] =
    ["", " ", "0", "-5", "99999999999999999999", "/", "a//b", "acme/app/", "project", "group"];

fn text() -> BoxedStrategy<Value> {
    prop_oneof![
        6 => prop::sample::select(&NAMES[..]).prop_map(Value::from),
        1 => prop::sample::select(&INVALID_REFERENCES[..]).prop_map(Value::from),
        1 => any::<String>().prop_map(Value::from),
    ]
    .boxed()
}

fn number() -> BoxedStrategy<Value> {
    let odd = prop::sample::select(vec![
        json!(0),
        json!(-1),
        json!(1.5),
        json!(i64::MAX),
        json!(u64::MAX),
    ]);
    prop_oneof![8 => (1_u64..12).prop_map(Value::from), 1 => odd].boxed()
}

/// Generates a value of the attribute: null, known or, where allowed, unknown. In a configuration,
/// a computed attribute is never set.
fn value(attribute: &Attribute, in_config: bool) -> BoxedStrategy<Value> {
    if in_config && !attribute.settable {
        return Just(Value::Null).boxed();
    }
    if attribute.elements.is_empty() {
        return of_type(&attribute.ty, in_config);
    }
    let elements =
        attribute.elements.iter().map(|inner| (inner.name.clone(), value(inner, in_config)));
    let any_element = or_none(object(elements.collect()), in_config);
    let sensible = prop::sample::select(vec![
        json!({"job_token_policies": ["READ_JOBS"], "default_permissions": null, "id": null}),
        json!({"job_token_policies": [], "default_permissions": null, "id": null}),
        json!({"job_token_policies": null, "default_permissions": true, "id": null}),
    ]);
    let element = prop_oneof![8 => sensible, 1 => any_element];
    let key = text().prop_map(|text| text.as_str().unwrap_or_default().to_owned());
    let map = prop::collection::btree_map(key, element, 0..4);
    let map = map.prop_map(|map| Value::Object(map.into_iter().collect()));
    // Seldom, since a kind has at most one form.
    prop_oneof![1 => or_none(map.boxed(), in_config), 3 => Just(Value::Null)].boxed()
}

fn of_type(ty: &Value, unknowns: bool) -> BoxedStrategy<Value> {
    let known = match (ty.as_str(), ty[1].as_str()) {
        (Some("string"), _) => text(),
        (Some("number"), _) => number(),
        (Some("bool"), _) => any::<bool>().prop_map(Value::from).boxed(),
        (_, Some(_)) => {
            prop::collection::vec(of_type(&ty[1], unknowns), 0..4).prop_map(set).boxed()
        }
        _ => panic!("{ty} isn't a type that a resource here has"),
    };
    or_none(known, unknowns)
}

fn or_none(known: BoxedStrategy<Value>, unknowns: bool) -> BoxedStrategy<Value> {
    let unknown = u32::from(unknowns);
    prop_oneof![6 => known, 3 => Just(Value::Null), unknown => Just(Value::from(UNKNOWN))].boxed()
}

fn set(values: Vec<Value>) -> Value {
    let mut once: Vec<Value> = Vec::new();
    for value in values.into_iter().filter(|value| !value.is_null()) {
        if !once.contains(&value) {
            once.push(value);
        }
    }
    Value::Array(once)
}

fn object(attributes: Vec<(String, BoxedStrategy<Value>)>) -> BoxedStrategy<Value> {
    let pairs: Vec<_> = attributes
        .into_iter()
        .map(|(name, value)| value.prop_map(move |value| (name.clone(), value)))
        .collect();
    pairs.prop_map(|pairs| Value::Object(pairs.into_iter().collect::<Map<_, _>>())).boxed()
}

/// Generates a configuration in which required attributes are set and computed ones aren't, as core
/// ensures.
fn any_config(attributes: &[Attribute]) -> BoxedStrategy<Value> {
    let attribute = |attribute: &Attribute| {
        let any = value(attribute, true);
        let allowed = match attribute.required {
            true => any.prop_filter("it is required", |value| !value.is_null()).boxed(),
            false => any,
        };
        (attribute.name.clone(), allowed)
    };
    object(attributes.iter().map(attribute).collect())
}

fn any_state(attributes: &[Attribute]) -> BoxedStrategy<Value> {
    let attribute = |attribute: &Attribute| (attribute.name.clone(), value(attribute, false));
    prop_oneof![Just(Value::Null), object(attributes.iter().map(attribute).collect())].boxed()
}

/// Generates a configuration from the IDs of a state, so that some plans keep prior values.
fn resembling(state: &Value, config: &Value) -> Value {
    let mut alike = state.clone();
    if let (Value::Object(alike), Value::Object(config)) = (&mut alike, config) {
        alike.extend(
            config
                .iter()
                .filter(|(_, value)| known(value))
                .map(|(name, value)| (name.clone(), value.clone())),
        );
    }
    alike
}

fn known(value: &Value) -> bool {
    !value.is_null() && !value.to_string().contains(UNKNOWN)
}

/// Returns how many inputs could be planned.
fn plans_of(type_name: &'static str, block: fn(&Simulator) -> Value) -> u32 {
    let (runtime, gitlab) = (Runtime::new().unwrap(), gitlab());
    let resource = runtime.block_on(Resource::start(type_name, block(&gitlab)));
    let planned = std::cell::Cell::new(0);
    let inputs = (any_config(&resource.attributes), any_state(&resource.attributes), any::<bool>());
    check_all(CASES, inputs, |(config, state, alike)| {
        let prior = if alike { resembling(&state, &config) } else { state };
        runtime.block_on(async {
            if !resource.accepts(&config).await {
                return;
            }
            let Some((_, first)) = resource.plan(&prior, &config).await else { return };
            let (_, second) = resource.plan(&prior, &config).await.unwrap();
            let names = resource.attributes.iter().map(|attribute| &attribute.name);
            for name in names {
                let (first, second) = (&first.state[name], &second.state[name]);
                assert!(same(first, second), "{name} is planned as {first}, then as {second}");
            }
            planned.set(planned.get() + 1);
        });
    });
    planned.get()
}

/// The minimum number of successful plans for the test to be meaningful.
const ENOUGH: u32 = CASES / 20;

#[test]
fn any_plan_of_a_scope_is_valid() {
    assert!(plans_of("gitlab_job_token_scope", block) > ENOUGH);
}

#[test]
fn any_plan_of_an_entry_is_valid() {
    assert!(plans_of("gitlab_job_token_allowlist_entry", block) > 0);
}

#[test]
fn any_plan_of_an_exclusive_list_is_valid() {
    assert!(plans_of("gitlab_job_token_allowlist_exclusive", block) > ENOUGH);
}

#[test]
fn any_plan_is_valid_while_the_provider_is_not_configured() {
    let unknown = |_: &Simulator| json!({"base_url": UNKNOWN, "token": "glpat-x"});
    for type_name in ["gitlab_job_token_scope", "gitlab_job_token_allowlist_exclusive"] {
        assert!(plans_of(type_name, unknown) > ENOUGH, "{type_name}");
    }
    assert!(plans_of("gitlab_job_token_allowlist_entry", unknown) > 0);
}
