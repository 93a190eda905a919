//! Permission errors of fine-grained personal access tokens. REST identifies them by a code,
//! GraphQL only by the message, of which there are four variants. The missing permissions are in
//! brackets.

/// The parts that identify the messages of all versions, in lower case.
const MARKS: [&str; 2] = ["fine-grained personal access token", "lacks the required permissions"];

/// Returns the missing permissions if the message is such an error, and `None` otherwise.
pub(super) fn permission_error(message: &str) -> Option<Option<String>> {
    let lower = message.to_ascii_lowercase();
    let is_one =
        lower.starts_with("access denied:") && MARKS.iter().any(|mark| lower.contains(mark));
    is_one.then(|| missing_permissions(message))
}

/// Returns the missing permissions of a message, such as `Job Token Scope: Read, Project: Read`.
pub(super) fn missing_permissions(message: &str) -> Option<String> {
    let (_, listed) = message.split_once('[')?;
    let (listed, _) = listed.split_once(']')?;
    (!listed.trim().is_empty()).then(|| listed.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_all_versions_are_recognized() {
        for (sentence, expected) in [
            (
                "Access denied: This operation requires a fine-grained personal access token with \
                 the following project permissions: [Job Token Scope: Read, Project: Read].",
                Some(Some("Job Token Scope: Read, Project: Read")),
            ),
            (
                "Access denied: Your Personal Access Token lacks the required permissions: [User: \
                 Read].",
                Some(Some("User: Read")),
            ),
            (
                "Access denied: This operation doesn't support fine-grained personal access \
                 tokens.",
                Some(None),
            ),
            (
                "Access denied: Fine-grained personal access tokens are not yet supported.",
                Some(None),
            ),
            ("The resource that you are attempting to access does not exist", None),
        ] {
            let error = permission_error(sentence);
            assert_eq!(error.as_ref().map(Option::as_deref), expected, "{sentence}");
        }
    }
}
