//! The base URL, from the provider block, the environment or the default.

use super::ProviderBlock;
use crate::framework::{Diagnostic, Errors};
use crate::gitlab::BaseUrl;

/// The API of GitLab.com.
const DEFAULT_BASE_URL: &str = "https://gitlab.com/api/v4";

/// The prefix of GitLab's access tokens.
const TOKEN_PREFIX: &str = "glpat-";

/// GitLab sets the second one in CI jobs.
const BASE_URL_VARIABLES: [&str; 2] = ["GITLAB_BASE_URL", "CI_API_V4_URL"];

/// Returns the base URL of the block, the environment, or GitLab.com, in this order.
pub(super) fn configured(
    block: &ProviderBlock,
    environment: &(dyn Fn(&str) -> Option<String> + Send + Sync),
) -> Result<BaseUrl, Errors> {
    match Source::of(block, environment) {
        Source::Block(url) => Ok(parse_block(url)?),
        Source::Variable(variable, url) => {
            Ok(parse(&url, &format!("The `{variable}` environment variable"))?)
        }
        Source::Default => Ok(parse(DEFAULT_BASE_URL, "The default")?),
    }
}

/// Where the base URL comes from, with the URL as written there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source<'a> {
    Block(&'a str),
    Variable(&'static str, String),
    Default,
}

impl<'a> Source<'a> {
    pub(super) fn of(
        block: &'a ProviderBlock,
        environment: &(dyn Fn(&str) -> Option<String> + Send + Sync),
    ) -> Self {
        if let Some(url) = block.base_url.known() {
            return Self::Block(url);
        }
        let set = |variable| Some(Self::Variable(variable, environment(variable)?));
        BASE_URL_VARIABLES.into_iter().find_map(set).unwrap_or(Self::Default)
    }

    /// Returns a paragraph that names the source, unless it is the block.
    pub(super) fn note(&self) -> String {
        match self {
            Self::Block(_) => String::new(),
            Self::Variable(variable, _) => format!(
                "\n\n`base_url` isn't set, so the URL is from the `{variable}` environment \
                 variable."
            ),
            Self::Default => "\n\nNeither `base_url` nor the `GITLAB_BASE_URL` environment \
                              variable is set, so the URL is GitLab.com's."
                .to_owned(),
        }
    }
}

/// Parses the `base_url` of the block.
///
/// # Errors
///
/// Fails if the string isn't the URL of a GitLab instance.
pub(super) fn parse_block(url: &str) -> Result<BaseUrl, Diagnostic> {
    let may_have_secret = url.contains(['@', '?', '#']) || url.contains(TOKEN_PREFIX);
    parse(url, "`base_url`").map_err(|problem| match may_have_secret {
        // Hosts print the source line of an attribute.
        true => problem,
        false => problem.at("base_url"),
    })
}

/// Parses a base URL. The message of an error begins with `source`.
///
/// # Errors
///
/// Fails if the string isn't the URL of a GitLab instance.
fn parse(url: &str, source: &str) -> Result<BaseUrl, Diagnostic> {
    if url.contains(TOKEN_PREFIX) {
        let detail = format!(
            "{source} contains an access token. Set the token as `token` or `GITLAB_TOKEN` instead."
        );
        return Err(Diagnostic::new("Invalid base URL", detail));
    }
    BaseUrl::parse(url).map_err(|reason| {
        let example = match BaseUrl::suggested(url) {
            Some(url) => url.to_string(),
            None => "https://gitlab.example.com".to_owned(),
        };
        let detail = format!("{source} {reason}, for example `{example}`.");
        Diagnostic::new("Invalid base URL", detail)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::framework::Attr;

    #[test]
    fn note_names_the_source_of_the_base_url() {
        let note = |set: &'static [&str], block: &ProviderBlock| {
            let environment = move |name: &str| set.contains(&name).then(|| "x".to_owned());
            Source::of(block, &environment).note()
        };
        let unset = ProviderBlock::default();
        let set = ProviderBlock { base_url: Attr::Known("x".to_owned()), ..unset.clone() };
        assert_eq!(note(&BASE_URL_VARIABLES, &set), "");
        assert!(
            note(&BASE_URL_VARIABLES, &unset)
                .ends_with(" the `GITLAB_BASE_URL` environment variable.")
        );
        assert!(
            note(&["CI_API_V4_URL"], &unset)
                .ends_with(" the `CI_API_V4_URL` environment variable.")
        );
        assert!(note(&[], &unset).contains("so the URL is GitLab.com's"));
    }
}
