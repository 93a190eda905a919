//! Pages of lists that are inconsistent.

use serde_json::{Value, json};

use crate::http::Answer;

/// Far above the IDs that the simulator assigns.
const INVENTED: u64 = 1_000_000_000;

const PAGE: &str = "x-page";
const NEXT_PAGE: &str = "x-next-page";
/// The headers that show where the list ends.
const ENDS: [&str; 4] = [NEXT_PAGE, "link", "x-total", "x-total-pages"];

/// Announces a next page, and adds an invented element to an empty page. GraphQL pages stay empty.
pub(super) fn without_end(mut answer: Answer) -> Answer {
    if let Some(mut body) = graphql(&answer) {
        continue_connections(&mut body);
        answer.body = body.to_string().into_bytes();
        return answer;
    }
    let (page, elements) = (number(&answer), elements(&answer));
    let invented = vec![json!({ "id": INVENTED + page })];
    continued(answer, page, if elements.is_empty() { invented } else { elements })
}

/// Announces a next page, with the same element on each page.
pub(super) fn repeated(answer: Answer) -> Answer {
    if graphql(&answer).is_some() {
        return answer;
    }
    let page = number(&answer);
    continued(answer, page, vec![json!({ "id": INVENTED })])
}

/// Removes the first element, unless this is the first page.
pub(super) fn shifted(answer: Answer) -> Answer {
    if graphql(&answer).is_some() {
        return answer;
    }
    let mut elements = elements(&answer);
    if number(&answer) > 1 && !elements.is_empty() {
        elements.remove(0);
    }
    with_elements(answer, elements)
}

/// Removes the last element, without changing the totals.
pub(super) fn incomplete(answer: Answer) -> Answer {
    if graphql(&answer).is_some() {
        return answer;
    }
    let mut elements = elements(&answer);
    elements.pop();
    with_elements(answer, elements)
}

/// Returns the body of a GraphQL response.
fn graphql(answer: &Answer) -> Option<Value> {
    serde_json::from_slice(&answer.body).ok().filter(|body: &Value| body.get("data").is_some())
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

fn continued(mut answer: Answer, page: u64, elements: Vec<Value>) -> Answer {
    answer.headers.retain(|(name, _)| !ENDS.contains(name));
    with_elements(answer.with(NEXT_PAGE, page + 1), elements)
}

fn with_elements(mut answer: Answer, elements: Vec<Value>) -> Answer {
    answer.body = Value::from(elements).to_string().into_bytes();
    answer
}

fn elements(answer: &Answer) -> Vec<Value> {
    serde_json::from_slice(&answer.body).unwrap_or_default()
}

/// Returns the page number; a response that isn't a page counts as the first page.
fn number(answer: &Answer) -> u64 {
    let header = answer.headers.iter().find(|(name, _)| *name == PAGE);
    header.and_then(|(_, number)| number.parse().ok()).unwrap_or(1)
}
