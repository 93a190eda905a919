//! Responses of a server, which may not be GitLab.

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use terraform_provider_gitlab_job_token::gitlab;

/// The maximum length of a message: 300 characters and an ellipsis, and the words around the title
/// of a web page.
const LONGEST_LINE: usize = 301 + "a web page titled \"\"".len();

/// Reads the bytes as the body of an error. The part that is shown must be printable.
///
/// # Panics
///
/// Panics if it isn't printable or too long.
pub fn refusal(bytes: &[u8]) {
    let gitlab::ErrorMessage {
        text,
        code,
        scope,
        is_not_found: _,
        is_not_json: _,
        is_unknown_route: _,
    } = gitlab::read_error_message(bytes, |said| said);
    for line in [text, code, scope].into_iter().flatten() {
        assert!(!line.trim().is_empty(), "nothing is said as nothing");
        assert!(!line.chars().any(char::is_control), "{line:?} moves the cursor");
        assert!(line.chars().count() <= LONGEST_LINE, "{} characters", line.chars().count());
    }
}

/// Reads the first two bytes as page number and number of elements, and each following line as a
/// header.
///
/// # Panics
///
/// Panics if another page than the next one would be read.
pub fn headers(bytes: &[u8]) {
    let [page, count, lines @ ..] = bytes else { return };
    let headers: HeaderMap = lines.split(|byte| *byte == b'\n').filter_map(header).collect();
    if let Ok(Some(next)) = gitlab::next_page(u64::from(*page), &headers, usize::from(*count)) {
        assert_eq!(next, u64::from(*page) + 1);
    }
    for status in [StatusCode::TOO_MANY_REQUESTS, StatusCode::SERVICE_UNAVAILABLE] {
        // Any wait is valid: the client rejects one that is too long.
        let _ = gitlab::retry_after(status, &headers);
    }
}

/// Reads the bytes as a GraphQL response about a project's entries. The result has never both kinds
/// of permissions.
///
/// # Panics
///
/// Panics if it doesn't.
pub fn graphql(bytes: &[u8]) {
    for entry in gitlab::entries_in(bytes).into_iter().flatten() {
        assert!(entry.target.id() > 0, "{entry:?}");
        let shown = format!("{entry:?}");
        assert!(!shown.is_empty());
    }
}

fn header(line: &[u8]) -> Option<(HeaderName, HeaderValue)> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let (name, value) = line.split_at(colon);
    Some((HeaderName::from_bytes(name).ok()?, HeaderValue::from_bytes(&value[1..]).ok()?))
}
