//! Pages of lists that are inconsistent.

use serde_json::{Value, json};

use crate::http::ApiResponse;

/// Far above the IDs that the simulator assigns.
const INVENTED: u64 = 1_000_000_000;

const PAGE: &str = "x-page";
const NEXT_PAGE: &str = "x-next-page";
/// The headers that show where the list ends.
const ENDS: [&str; 4] = [NEXT_PAGE, "link", "x-total", "x-total-pages"];

/// Announces a next page, and adds an invented element to an empty page. GraphQL pages stay empty.
pub(super) fn without_end(mut response: ApiResponse) -> ApiResponse {
    if let Some(mut body) = graphql(&response) {
        continue_connections(&mut body);
        response.body = body.to_string().into_bytes();
        return response;
    }
    let (page, elements) = (number(&response), elements(&response));
    let invented = vec![json!({ "id": INVENTED + page })];
    continued(response, page, if elements.is_empty() { invented } else { elements })
}

/// Announces a next page, with the same element on each page.
pub(super) fn repeated(response: ApiResponse) -> ApiResponse {
    if graphql(&response).is_some() {
        return response;
    }
    let page = number(&response);
    continued(response, page, vec![json!({ "id": INVENTED })])
}

/// Removes the first element, unless this is the first page.
pub(super) fn shifted(response: ApiResponse) -> ApiResponse {
    if graphql(&response).is_some() {
        return response;
    }
    let mut elements = elements(&response);
    if number(&response) > 1 && !elements.is_empty() {
        elements.remove(0);
    }
    with_elements(response, elements)
}

/// Removes the last element, without changing the totals.
pub(super) fn incomplete(response: ApiResponse) -> ApiResponse {
    if graphql(&response).is_some() {
        return response;
    }
    let mut elements = elements(&response);
    elements.pop();
    with_elements(response, elements)
}

/// Returns the body of a GraphQL response.
fn graphql(response: &ApiResponse) -> Option<Value> {
    serde_json::from_slice(&response.body).ok().filter(|body: &Value| body.get("data").is_some())
}

/// Announces a next page on every page in the value, even on the last one.
fn continue_connections(value: &mut Value) {
    match value {
        Value::Object(members) => {
            if let Some(next) = members.get_mut("hasNextPage") {
                *next = Value::Bool(true);
            }
            members.values_mut().for_each(continue_connections);
        }
        Value::Array(values) => values.iter_mut().for_each(continue_connections),
        _ => {}
    }
}

fn continued(mut response: ApiResponse, page: u64, elements: Vec<Value>) -> ApiResponse {
    response.headers.retain(|(name, _)| !ENDS.contains(name));
    with_elements(response.with(NEXT_PAGE, page + 1), elements)
}

fn with_elements(mut response: ApiResponse, elements: Vec<Value>) -> ApiResponse {
    response.body = Value::from(elements).to_string().into_bytes();
    response
}

fn elements(response: &ApiResponse) -> Vec<Value> {
    serde_json::from_slice(&response.body).unwrap_or_default()
}

/// Returns the page number; a response that isn't a page counts as the first page.
fn number(response: &ApiResponse) -> u64 {
    let header = response.headers.iter().find(|(name, _)| *name == PAGE);
    header.and_then(|(_, number)| number.parse().ok()).unwrap_or(1)
}
