//! The mutations and their payloads. `world` has the rules.

use apollo_compiler::resolvers::{FieldError, ObjectValue, ResolveInfo, ResolvedValue};
use apollo_compiler::response::{JsonMap, JsonValue};

use super::entries::EntryNode;
use super::objects::{CiCdSettings, NOT_AVAILABLE, ProjectNode, Session};
use crate::world::{CiCdChange, Direction, MutationError, Permissions, Requirement, Target};

/// `Mutation`.
pub(super) struct Mutation<'s>(pub(super) &'s Session<'s>);

impl ObjectValue for Mutation<'_> {
    fn type_name(&self) -> &str {
        "Mutation"
    }

    fn resolve_field<'a>(
        &'a self,
        info: &'a ResolveInfo<'a>,
    ) -> Result<ResolvedValue<'a>, FieldError> {
        let not_available = || FieldError { message: NOT_AVAILABLE.to_owned() };
        if !self.0.may_write {
            return Err(not_available());
        }
        if let Some(needed) = requirement(info.field_name()) {
            self.0.check(needed)?;
        }
        let input = Input(info.arguments().get("input").and_then(JsonValue::as_object));
        let outcome = match info.field_name() {
            "ciJobTokenScopeAddGroupOrProject" => self.add(&input),
            "ciJobTokenScopeUpdatePolicies" => self.update(&input),
            "ciJobTokenScopeRemoveProject" => self.remove_project(&input),
            "ciJobTokenScopeRemoveGroup" => self.remove_group(&input),
            "projectCiCdSettingsUpdate" => self.update_settings(&input),
            _ => return Err(self.unknown_field_error(info)),
        };
        let (changed, errors) = match outcome {
            Ok(changed) => (Some(changed), Vec::new()),
            Err(MutationError::Refused(reason)) => {
                (self.unchanged(info.field_name(), &input), vec![reason])
            }
            Err(MutationError::NotAvailable) => return Err(not_available()),
            Err(MutationError::BadArgument(why)) => {
                return Err(FieldError { message: why.to_owned() });
            }
        };
        Ok(ResolvedValue::object(Payload {
            session: self.0,
            ty: info.field_definition().ty.inner_named_type().to_string(),
            changed,
            errors,
            client_mutation_id: input.value("clientMutationId"),
        }))
    }
}

/// Returns the permission that a fine-grained token needs for a mutation.
fn requirement(mutation: &str) -> Option<Requirement> {
    Some(Requirement::project(match mutation {
        "ciJobTokenScopeAddGroupOrProject" => "Job Token Scope Allowlist: Create",
        "ciJobTokenScopeUpdatePolicies" => "Job Token Scope: Update",
        "ciJobTokenScopeRemoveProject" | "ciJobTokenScopeRemoveGroup" => {
            "Job Token Scope Allowlist: Delete"
        }
        "projectCiCdSettingsUpdate" => "CI/CD Setting: Update",
        _ => return None,
    }))
}

/// A changed allowlist, and the written entry.
struct Changed {
    source_project: u64,
    entry: Option<Target>,
}

impl Changed {
    fn entry((source_project, target): (u64, Target)) -> Self {
        Self { source_project, entry: Some(target) }
    }

    fn list(source_project: u64) -> Self {
        Self { source_project, entry: None }
    }
}

impl Mutation<'_> {
    fn add(&self, input: &Input<'_>) -> Result<Changed, MutationError> {
        let (source_project, target) = (input.text("projectPath"), input.text("targetPath"));
        let mut world = self.0.world.borrow_mut();
        world
            .add_by_path(self.0.token, source_project, target, input.permissions())
            .map(Changed::entry)
    }

    fn update(&self, input: &Input<'_>) -> Result<Changed, MutationError> {
        let (source_project, target) = (input.text("projectPath"), input.text("targetPath"));
        let mut world = self.0.world.borrow_mut();
        world
            .update_by_path(self.0.token, source_project, target, input.permissions())
            .map(Changed::entry)
    }

    fn remove_project(&self, input: &Input<'_>) -> Result<Changed, MutationError> {
        let (source_project, target) = (input.text("projectPath"), input.text("targetProjectPath"));
        let direction = match input.text("direction") {
            "INBOUND" => Direction::Inbound,
            _ => Direction::Outbound,
        };
        let mut world = self.0.world.borrow_mut();
        world
            .remove_project_by_path(self.0.token, source_project, target, direction)
            .map(Changed::list)
    }

    fn remove_group(&self, input: &Input<'_>) -> Result<Changed, MutationError> {
        let (source_project, target) = (input.text("projectPath"), input.text("targetGroupPath"));
        let mut world = self.0.world.borrow_mut();
        world.remove_group_by_path(self.0.token, source_project, target).map(Changed::list)
    }

    /// Returns the payload of a rejected mutation: the project's settings, without an entry.
    fn unchanged(&self, mutation: &str, input: &Input<'_>) -> Option<Changed> {
        if mutation != "projectCiCdSettingsUpdate" {
            return None;
        }
        let world = self.0.world.borrow();
        world.administered_by_path(self.0.token, input.text("fullPath")).ok().map(Changed::list)
    }

    fn update_settings(&self, input: &Input<'_>) -> Result<Changed, MutationError> {
        let change = CiCdChange {
            inbound: input.value("inboundJobTokenScopeEnabled").as_bool(),
            outbound: input.value("jobTokenScopeEnabled").as_bool(),
            push: input.value("pushRepositoryForJobTokenAllowed").as_bool(),
            cross_project_push: input.value("crossProjectPushForJobTokenAllowed").as_bool(),
        };
        let mut world = self.0.world.borrow_mut();
        world.change_ci_cd_by_path(self.0.token, input.text("fullPath"), change).map(Changed::list)
    }
}

/// The members of `input`, validated by the schema.
struct Input<'i>(Option<&'i JsonMap>);

impl Input<'_> {
    fn value(&self, name: &str) -> JsonValue {
        self.0.and_then(|members| members.get(name)).cloned().unwrap_or_default()
    }

    fn text(&self, name: &str) -> &str {
        self.0.and_then(|members| members.get(name)?.as_str()).unwrap_or_default()
    }

    /// Returns the requested permissions. A version without permissions uses the default ones.
    fn permissions(&self) -> Permissions {
        let policies = self.value("jobTokenPolicies");
        let policies = policies.as_array().into_iter().flatten();
        Permissions {
            default_permissions: self.value("defaultPermissions").as_bool().unwrap_or(true),
            job_token_policies: policies
                .filter_map(|policy| policy.as_str().map(str::to_owned))
                .collect(),
        }
    }
}

struct Payload<'s> {
    session: &'s Session<'s>,
    ty: String,
    changed: Option<Changed>,
    errors: Vec<String>,
    client_mutation_id: JsonValue,
}

impl ObjectValue for Payload<'_> {
    fn type_name(&self) -> &str {
        &self.ty
    }

    fn resolve_field<'a>(
        &'a self,
        info: &'a ResolveInfo<'a>,
    ) -> Result<ResolvedValue<'a>, FieldError> {
        let changed = self.changed.as_ref();
        let entry = |changed: &Changed| {
            let target = changed.entry?;
            let direction = Direction::Inbound;
            Some(EntryNode {
                session: self.session,
                source_project: changed.source_project,
                direction,
                target,
            })
        };
        Ok(match info.field_name() {
            "errors" => ResolvedValue::list(
                self.errors.iter().map(|error| ResolvedValue::leaf(error.as_str())),
            ),
            "clientMutationId" => ResolvedValue::Leaf(self.client_mutation_id.clone()),
            "ciCdSettings" | "ciJobTokenScopeAllowlistEntry" => {
                let Some(changed) = changed else { return Ok(ResolvedValue::null()) };
                // The type of the response counts only after the change was made.
                if let Some(response) = self.session.withheld() {
                    return response;
                }
                match entry(changed) {
                    Some(entry) => ResolvedValue::object(entry),
                    None => ResolvedValue::object(CiCdSettings(ProjectNode {
                        session: self.session,
                        id: changed.source_project,
                    })),
                }
            }
            "ciJobTokenScope" => ResolvedValue::nullable_object(changed.map(|changed| Scope {
                session: self.session,
                source_project: changed.source_project,
            })),
            _ => return Err(self.unknown_field_error(info)),
        })
    }
}

struct Scope<'s> {
    session: &'s Session<'s>,
    source_project: u64,
}

impl ObjectValue for Scope<'_> {
    fn type_name(&self) -> &str {
        "CiJobTokenScopeType"
    }

    fn resolve_field<'a>(
        &'a self,
        info: &'a ResolveInfo<'a>,
    ) -> Result<ResolvedValue<'a>, FieldError> {
        if info.field_name() != "groupsAllowlistCount" {
            return Err(self.unknown_field_error(info));
        }
        let world = self.session.world.borrow();
        let groups = world.project(self.source_project).map(|project| project.allowed_groups.len());
        Ok(ResolvedValue::leaf(groups.unwrap_or_default()))
    }
}
