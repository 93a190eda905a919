//! The refusals of fine-grained personal access tokens. REST marks them by a code, GraphQL by its
//! sentences alone, of which there are four by version and cause. The list of permissions stands in
//! brackets in all that have one.

/// The parts by which the sentences of all versions are known, in lower case.
const MARKS: [&str; 2] = ["fine-grained personal access token", "lacks the required permissions"];

/// Returns `None` if the sentence isn't a refusal of a fine-grained token, or else the permissions
/// that it names.
pub(super) fn refusal(sentence: &str) -> Option<Option<String>> {
    let lower = sentence.to_ascii_lowercase();
    let is_one =
        lower.starts_with("access denied:") && MARKS.iter().any(|mark| lower.contains(mark));
    is_one.then(|| needed(sentence))
}

/// Returns the permissions that a refusal lists, such as `Job Token Scope: Read, Project: Read`.
pub(super) fn needed(sentence: &str) -> Option<String> {
    let (_, listed) = sentence.split_once('[')?;
    let (listed, _) = listed.split_once(']')?;
    (!listed.trim().is_empty()).then(|| listed.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_of_all_versions_are_recognized() {
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
            let refusal = refusal(sentence);
            assert_eq!(refusal.as_ref().map(Option::as_deref), expected, "{sentence}");
        }
    }
}
