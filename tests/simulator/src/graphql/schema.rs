//! The part of GitLab's schema that is served, once as it is and once as versions have it that are too old. What its
//! fields answer is not known here.

use std::sync::LazyLock;

use apollo_compiler::schema::ExtendedType;
use apollo_compiler::validation::Valid;
use apollo_compiler::{Schema, ast};

const SOURCE: &str = include_str!("schema.graphql");

/// The directive on what older versions lack.
const RECENT: &str = "recent";

static CURRENT: LazyLock<Valid<Schema>> = LazyLock::new(|| checked(parsed()));

static OLD: LazyLock<Valid<Schema>> = LazyLock::new(|| {
    let mut schema = parsed();
    schema.types.values_mut().for_each(age);
    checked(schema)
});

/// The schema of a version.
pub(super) fn schema(too_old: bool) -> &'static Valid<Schema> {
    if too_old { &OLD } else { &CURRENT }
}

fn parsed() -> Schema {
    Schema::parse(SOURCE, "schema.graphql").unwrap_or_else(|error| panic!("the schema is wrong: {error}"))
}

fn checked(schema: Schema) -> Valid<Schema> {
    schema.validate().unwrap_or_else(|error| panic!("the schema is wrong: {error}"))
}

/// Takes away what is recent.
fn age(definition: &mut ExtendedType) {
    match definition {
        ExtendedType::Object(object) => {
            let fields = &mut object.make_mut().fields;
            fields.retain(|_, field| is_old(&field.directives));
            for field in fields.values_mut() {
                field.make_mut().arguments.retain(|argument| is_old(&argument.directives));
            }
        }
        ExtendedType::InputObject(input) => {
            input.make_mut().fields.retain(|_, field| is_old(&field.directives));
        }
        _ => {}
    }
}

fn is_old(directives: &ast::DirectiveList) -> bool {
    !directives.has(RECENT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_version_lacks_what_is_recent_and_nothing_else() {
        let has = |too_old, ty: &str, field: &str| schema(too_old).type_field(ty, field).is_ok();
        for (ty, field) in [
            ("Project", "ciJobTokenScopeAllowlist"),
            ("Mutation", "ciJobTokenScopeUpdatePolicies"),
            ("CiJobTokenScopeAddGroupOrProjectPayload", "ciJobTokenScopeAllowlistEntry"),
        ] {
            assert!(has(false, ty, field) && !has(true, ty, field), "{ty}.{field}");
        }
        assert!(has(true, "Project", "ciCdSettings") && has(true, "Mutation", "ciJobTokenScopeRemoveGroup"));
    }
}
