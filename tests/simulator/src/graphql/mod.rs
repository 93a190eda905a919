//! GitLab's GraphQL API for the world: the part of its schema about job tokens, and an engine that
//! validates every query. Tokens are checked before; sockets, faults and the log are elsewhere.

mod auth_log;
mod complexity;
mod connection;
mod entries;
mod mutations;
mod objects;
mod place;
mod request;
mod schema;
mod variables;
mod wording;

use std::cell::RefCell;

use apollo_compiler::ExecutableDocument;
use apollo_compiler::executable::Operation;
use apollo_compiler::resolvers::{Execution, ObjectValue};
use apollo_compiler::validation::Valid;
use serde_json::{Value, json};

use crate::http::{ApiResponse, INVALID_TOKEN, Site};
use crate::world::{TokenId, World};
use complexity::{MAX_COMPLEXITY, complexity};
use mutations::Mutation;
use objects::{Query, Session};
use request::errors;
pub(crate) use request::{Request, Summary};
pub(crate) use schema::has_field;
use schema::schema;

/// A valid token, and whether its scopes allow mutations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bearer {
    pub(crate) token: TokenId,
    pub(crate) may_write: bool,
}

/// Executes a request and returns the response. All errors have status 200.
pub(crate) fn carry_out(
    request: &Request,
    bearer: Bearer,
    site: &Site,
    world: &mut World,
) -> ApiResponse {
    let body =
        run(request, bearer, site, world).unwrap_or_else(|errors| json!({ "errors": errors }));
    ApiResponse::json(200, &body)
}

/// Returns the rejection of a request without a valid token. GitLab doesn't say why the token is
/// invalid.
pub(crate) fn invalid_token() -> ApiResponse {
    errors(401, "Invalid token").with("www-authenticate", INVALID_TOKEN)
}

/// Returns a response with one error and no data.
pub(crate) fn error(message: &str) -> ApiResponse {
    errors(200, message)
}

fn run(
    request: &Request,
    bearer: Bearer,
    site: &Site,
    world: &mut World,
) -> Result<Value, Vec<Value>> {
    if request.query.trim().is_empty() {
        return Err(one("No query string was present"));
    }
    let schema = &*schema(&world.settings);
    let document = ExecutableDocument::parse_and_validate(schema, &request.query, "query")
        .map_err(|broken| wording::errors(schema, &request.query, &broken.errors))?;
    let operation = chosen(&document, request.operation_name.as_deref())?;
    let complaints = variables::complaints(schema, &document, operation, &request.variables);
    if !complaints.is_empty() {
        return Err(complaints.into_iter().map(|error| json!(error)).collect());
    }
    let cost = complexity(schema, &document, operation, &request.variables);
    if cost > MAX_COMPLEXITY {
        return Err(one(&format!(
            "Query has complexity of {cost}, which exceeds max complexity of {MAX_COMPLEXITY}"
        )));
    }
    let Bearer { token, may_write } = bearer;
    let session = Session { world: RefCell::new(world), site, token, may_write };
    let (query, mutation) = (Query(&session), Mutation(&session));
    let root: &dyn ObjectValue = if operation.is_mutation() { &mutation } else { &query };
    let execution = Execution::new(schema, &document)
        .operation(operation)
        .raw_variable_values(&request.variables)
        .enable_schema_introspection(true);
    let response =
        execution.execute_sync(root).map_err(|error| one(&error.message().to_string()))?;
    Ok(json!(wording::response(response)))
}

fn chosen<'d>(
    document: &'d Valid<ExecutableDocument>,
    name: Option<&str>,
) -> Result<&'d Operation, Vec<Value>> {
    let operation = document.operations.get(name).map_err(|_| match name {
        Some(name) => one(&format!("No operation named \"{name}\"")),
        None => one("An operation name is required"),
    })?;
    Ok(operation)
}

/// Returns one error without a location in the query.
fn one(message: &str) -> Vec<Value> {
    vec![json!({ "message": message })]
}
