//! The part of GitLab's schema that is served, in each version. Resolvers are elsewhere.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use apollo_compiler::schema::{ComponentName, ExtendedType, UnionType};
use apollo_compiler::validation::Valid;
use apollo_compiler::{Schema, ast, name};

use crate::world::{MissingField, Settings, Version};

const SOURCE: &str = include_str!("schema.graphql");

/// The directive on fields and types that older versions lack.
const SINCE: &str = "since";

/// The union whose members changed.
const TARGET: &str = "CiJobTokenScopeTarget";

type Key = (String, BTreeSet<MissingField>);

/// A cache of schemas, which instances of a version share.
static SCHEMAS: LazyLock<Mutex<HashMap<Key, Arc<Valid<Schema>>>>> = LazyLock::new(Mutex::default);

/// Returns the schema of an instance.
pub(super) fn schema(settings: &Settings) -> Arc<Valid<Schema>> {
    let key = (settings.version.to_string(), settings.missing_fields.clone());
    let mut schemas = SCHEMAS.lock().unwrap_or_else(PoisonError::into_inner);
    schemas.entry(key).or_insert_with(|| Arc::new(made(settings))).clone()
}

/// Returns whether a schema has a field: of the named type, or of any.
pub(crate) fn has_field(settings: &Settings, missing: &MissingField) -> bool {
    let schema = schema(settings);
    schema.types.iter().any(|(ty, definition)| {
        let is_meant = missing.ty.as_ref().is_none_or(|meant| ty.as_str() == meant);
        let fields = match definition {
            ExtendedType::Object(object) => object.fields.contains_key(missing.name.as_str()),
            ExtendedType::InputObject(input) => input.fields.contains_key(missing.name.as_str()),
            _ => false,
        };
        is_meant && fields
    })
}

fn made(settings: &Settings) -> Valid<Schema> {
    let mut schema = Schema::parse(SOURCE, "schema.graphql").unwrap_or_else(|error| wrong(&error));
    let version = &settings.version;
    for (ty, definition) in &mut schema.types {
        let is_missing = |field: &str| {
            let of_type = |missing: &MissingField| {
                missing.ty.as_ref().is_none_or(|meant| ty.as_str() == meant)
            };
            settings.missing_fields.iter().any(|missing| missing.name == field && of_type(missing))
        };
        restrict(definition, version, is_missing);
    }
    if !version.has_accessible_targets()
        && let Some(ExtendedType::Union(target)) = schema.types.get_mut(TARGET)
    {
        show_targets_themselves(target.make_mut());
    }
    schema.directive_definitions.shift_remove(SINCE);
    schema.validate().unwrap_or_else(|error| wrong(&error))
}

fn wrong(error: &dyn std::fmt::Display) -> ! {
    panic!("the schema is wrong: {error}")
}

fn show_targets_themselves(target: &mut UnionType) {
    target.members =
        [name!("Group"), name!("Project")].into_iter().map(ComponentName::from).collect();
}

/// Removes what a version lacks.
fn restrict(definition: &mut ExtendedType, version: &Version, is_missing: impl Fn(&str) -> bool) {
    let keep = |directives: &mut ast::DirectiveList| keep(directives, version);
    match definition {
        ExtendedType::Object(object) => {
            let fields = &mut object.make_mut().fields;
            fields
                .retain(|name, field| keep(&mut field.make_mut().directives) && !is_missing(name));
            for field in fields.values_mut() {
                field
                    .make_mut()
                    .arguments
                    .retain_mut(|argument| keep(&mut argument.make_mut().directives));
            }
        }
        ExtendedType::InputObject(input) => {
            let fields = &mut input.make_mut().fields;
            fields
                .retain(|name, field| keep(&mut field.make_mut().directives) && !is_missing(name));
        }
        ExtendedType::Enum(choices) => {
            choices.make_mut().values.retain(|_, value| keep(&mut value.make_mut().directives));
        }
        _ => {}
    }
}

/// Returns whether a version has the field or type with these directives. Removes the directives,
/// which GitLab doesn't have.
fn keep(directives: &mut ast::DirectiveList, version: &Version) -> bool {
    let since = directives.get(SINCE).and_then(|directive| {
        directive.specified_argument_by_name("version")?.as_str()?.parse::<Version>().ok()
    });
    directives.0.retain(|directive| directive.name != SINCE);
    since.is_none_or(|since| version.has_reached(&since))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(version: &str) -> Settings {
        Settings { version: version.parse().unwrap(), ..Settings::default() }
    }

    #[test]
    fn each_version_has_its_fields() {
        for (ty, field, before, since) in [
            ("ProjectCiCdSetting", "pushRepositoryForJobTokenAllowed", "17.1", "17.2"),
            ("Project", "ciJobTokenAuthLogs", "17.5", "17.6"),
            ("Project", "ciJobTokenScopeAllowlist", "17.11", "18.0"),
            ("Mutation", "ciJobTokenScopeUpdatePolicies", "17.11", "18.0"),
            (
                "CiJobTokenScopeAddGroupOrProjectPayload",
                "ciJobTokenScopeAllowlistEntry",
                "17.11",
                "18.0",
            ),
            ("ProjectCiCdSetting", "crossProjectPushForJobTokenAllowed", "19.0", "19.1"),
        ] {
            let has = |version| schema(&settings(version)).type_field(ty, field).is_ok();
            assert!(!has(before) && has(since), "{ty}.{field}");
        }
    }

    #[test]
    fn policies_grow_with_the_version() {
        let count = |version| {
            let schema = schema(&settings(version));
            schema.get_enum("CiJobTokenScopePolicies").unwrap().values.len()
        };
        assert_eq!([count("18.8"), count("19.0"), count("19.3"), count("19.4")], [19, 20, 20, 22]);
    }

    #[test]
    fn targets_have_separate_types_since_18_3() {
        let members = |version| {
            let schema = schema(&settings(version));
            let members = &schema.get_union(TARGET).unwrap().members;
            members.iter().map(|member| member.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(members("18.2"), ["Group", "Project"]);
        assert_eq!(members("18.3"), ["CiJobTokenAccessibleGroup", "CiJobTokenAccessibleProject"]);
    }

    #[test]
    fn field_is_removed_from_one_type_or_from_all() {
        let missing = |ty: Option<&str>| MissingField {
            ty: ty.map(str::to_owned),
            name: "webUrl".to_owned(),
        };
        let has = |missing_fields: BTreeSet<MissingField>, ty: &str| {
            schema(&Settings { missing_fields, ..Settings::default() })
                .type_field(ty, "webUrl")
                .is_ok()
        };
        let one = BTreeSet::from([missing(Some("Project"))]);
        assert!(!has(one.clone(), "Project") && has(one, "Group"));
        let all = BTreeSet::from([missing(None)]);
        assert!(!has(all.clone(), "Project") && !has(all, "Group"));
        assert!(has_field(&Settings::default(), &missing(Some("Group"))));
        assert!(!has_field(&Settings::default(), &missing(Some("Query"))));
    }
}
