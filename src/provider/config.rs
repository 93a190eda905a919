//! The provider block: checks its attributes and the environment, and connects to GitLab.

mod base_url;
mod files;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use secrecy::SecretString;

use super::connection::Connection;
use super::names::capital;
use super::report::{quoted, report};
use crate::framework::{
    Attr, Attribute, AttributePath, Diagnostic, Errors, Host, Schema, Step, Type, Warnings, model,
};
use crate::gitlab::{
    BaseUrl, Client, Config, ConfigError, DUPLICATE_HEADER, ErrorKind, Proxy, forbidden_header,
    invalid_header_value, is_job_token,
};

/// The `User-Agent` header.
const PROGRAM: &str = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));

const TOKEN_VARIABLE: &str = "GITLAB_TOKEN";
const EARLY_AUTH_CHECK_VARIABLE: &str = "GITLAB_EARLY_AUTH_CHECK";
/// For tests: `false` turns caching off, and results must be the same.
const SNAPSHOTS_VARIABLE: &str = "GITLAB_JOB_TOKEN_SNAPSHOTS";

/// More retries only hide an outage: with backoff they take longer than any run.
const MAX_RETRIES: i64 = 100;
/// One hour, which is longer than GitLab lets any API request run.
const MAX_REQUEST_TIMEOUT_SECONDS: i64 = 3600;
/// GitLab's own limits allow fewer.
const MAX_CONCURRENT_REQUESTS: i64 = 1000;

model! {
    /// The attributes of the provider block. They are named as in the official GitLab provider
    /// where it has them.
    pub struct ProviderBlock {
        /// The access token.
        token: String,
        /// The address of the API.
        base_url: String,
        /// File with certificate authorities.
        cacert_file: String,
        /// File with the client certificate.
        client_cert: String,
        /// File with the client certificate's key.
        client_key: String,
        /// True if any server certificate is accepted.
        insecure: bool,
        /// Headers of each request.
        headers: BTreeMap<String, Attr<String>>,
        /// Number of retries of a failed request.
        retries: i64,
        /// True if the token is verified during configuration.
        early_auth_check: bool,
        /// Seconds for one attempt.
        request_timeout: i64,
        /// Maximum number of concurrent requests.
        max_concurrent_requests: i64,
    }
}

pub(super) fn schema() -> Schema {
    let attributes = vec![
        Attribute::optional(
            "token",
            Type::String,
            "Personal, project or group access token, or OAuth token, with the `api` scope; \
             `read_api` is enough for plans. Its user needs at least the Maintainer role in each \
             project whose settings are managed, and targets to add must be visible to the token. \
             Defaults to the `GITLAB_TOKEN` environment variable. GitLab doesn't accept CI/CD job \
             tokens for these settings.",
        )
        .sensitive(),
        Attribute::optional(
            "base_url",
            Type::String,
            "URL of the GitLab instance or of its API, such as `https://gitlab.example.com` or \
             `https://gitlab.example.com/api/v4`. Defaults to the `GITLAB_BASE_URL` environment \
             variable, then `CI_API_V4_URL`, then to `https://gitlab.com/api/v4`.",
        ),
        Attribute::optional(
            "cacert_file",
            Type::String,
            "Path to a PEM file with certificates to trust in addition to the system's: those of \
             certificate authorities, or the server's own.",
        ),
        Attribute::optional(
            "client_cert",
            Type::String,
            "Path to a PEM file with the client certificate, if the server or a proxy requires \
             one. Needs `client_key`.",
        ),
        Attribute::optional(
            "client_key",
            Type::String,
            "Path to a PEM file with the unencrypted private key of `client_cert`: an RSA, ECDSA \
             or Ed25519 key. The certificate and the key can be in the same file.",
        ),
        Attribute::optional(
            "insecure",
            Type::Bool,
            "Whether to accept any server certificate. Anyone between this machine and GitLab can \
             then read the token. Defaults to `false`.",
        ),
        Attribute::optional(
            "headers",
            Type::map(Type::String),
            "Headers to add to each request, such as those that a proxy requires.",
        )
        .sensitive(),
        Attribute::optional(
            "retries",
            Type::Number,
            "Number of retries after a connection error, rate limiting or a transient server \
             error, between 0 and 100. Defaults to 5.",
        ),
        Attribute::optional(
            "early_auth_check",
            Type::Bool,
            "Whether to verify the token during provider configuration, so that an invalid token \
             results in one error instead of one per resource. Sends one request for a plan, two \
             for an apply and three for a destroy. Defaults to the `GITLAB_EARLY_AUTH_CHECK` \
             environment variable, then to `true`.",
        ),
        Attribute::optional(
            "request_timeout",
            Type::Number,
            "Timeout of each request attempt, in seconds, between 1 and 3600. Defaults to 30.",
        ),
        Attribute::optional(
            "max_concurrent_requests",
            Type::Number,
            "Maximum number of concurrent requests, between 1 and 1000. Defaults to 10.",
        ),
    ];
    let description = "Manages which projects and groups can access a GitLab project with their \
        CI/CD job tokens.";
    Schema { version: 0, description, attributes }
}

/// Checks the values that the block sets, without the environment.
pub(super) fn validate(block: &ProviderBlock) -> Result<(), Errors> {
    let base_url = block.base_url.known().and_then(|url| base_url::parse_block(url).err());
    let incomplete_client_certificate = match (&block.client_cert, &block.client_key) {
        (Attr::Known(_), Attr::Null) => {
            Some(files::incomplete_client_certificate("client_cert", "client_key"))
        }
        (Attr::Null, Attr::Known(_)) => {
            Some(files::incomplete_client_certificate("client_key", "client_cert"))
        }
        _ => None,
    };
    let headers = block.headers.known().map(headers).unwrap_or_default();
    let has_job_token = block.token.known().is_some_and(|token| is_job_token(token.trim()));
    let problems = [
        has_job_token.then(|| ci_job_token().at("token")),
        base_url,
        incomplete_client_certificate,
        check_range("retries", &block.retries, 0..=MAX_RETRIES),
        check_range("request_timeout", &block.request_timeout, 1..=MAX_REQUEST_TIMEOUT_SECONDS),
        check_range(
            "max_concurrent_requests",
            &block.max_concurrent_requests,
            1..=MAX_CONCURRENT_REQUESTS,
        ),
    ];
    Errors::check(problems.into_iter().flatten().chain(headers))
}

/// Returns an error for each header that can't be sent.
fn headers(headers: &BTreeMap<String, Attr<String>>) -> Vec<Diagnostic> {
    let mut names = BTreeSet::new();
    let refused = headers.iter().filter_map(|(name, value)| {
        let is_new = names.insert(name.to_ascii_lowercase());
        let of_value = || match value {
            Attr::Known(value) => invalid_header_value(value),
            Attr::Null => Some("its value is null. Set a value, or remove the header"),
            Attr::Unknown => None,
        };
        let reason =
            forbidden_header(name).or_else(of_value).or((!is_new).then_some(DUPLICATE_HEADER))?;
        Some(unusable(&ConfigError::Header { name: name.clone(), reason }))
    });
    refused.collect()
}

/// Creates the client, and verifies the token unless that is turned off.
pub(super) async fn connect(
    block: ProviderBlock,
    environment: &(dyn Fn(&str) -> Option<String> + Send + Sync),
    host: Host,
    warnings: &Warnings,
) -> Result<Connection, Errors> {
    validate(&block)?;
    // Hosts validate several times in a run, so these warnings wait until here.
    if block.insecure == Attr::Known(true) {
        warnings.add(insecure());
    }
    let config = client_config(&block, environment, &host)?;
    // An `http://` proxy can read the token, even if the GitLab host is on this machine.
    if config.base_url.sends_token_unencrypted()
        || config.proxy.is_some() && !config.base_url.is_https()
    {
        warnings.add(plain_http(&config.base_url));
    }
    if config.has_job_token() {
        return Err(ci_job_token().at("token").into());
    }
    let client = Client::new(&config, host.stopped)
        .map_err(|error| files::unusable(&block, &error).unwrap_or_else(|| unusable(&error)))?;
    if early_auth_check(&block, environment)? {
        let source = base_url::Source::of(&block, environment);
        let user =
            client.current_user().await.map_err(|error| not_accepted(&client, source, &error))?;
        tracing::info!(user = user.username, base_url = %client.base_url(), "GitLab accepts the token");
    }
    let remembers = flag(environment, SNAPSHOTS_VARIABLE, true)?;
    Ok(Connection::new(if remembers { client } else { client.without_cache() }))
}

fn client_config(
    block: &ProviderBlock,
    environment: &(dyn Fn(&str) -> Option<String> + Send + Sync),
    host: &Host,
) -> Result<Config, Errors> {
    let token = token(block, environment)?;
    let user_agent = format!("{PROGRAM} Terraform/{}", host.terraform_version);
    let base_url = base_url::configured(block, environment)?;
    let mut config = Config::new(base_url, token, user_agent);
    config.cacert_pem = files::read("cacert_file", &block.cacert_file)?;
    config.client_cert_pem = files::read("client_cert", &block.client_cert)?;
    config.client_key_pem = files::read("client_key", &block.client_key)?.map(SecretString::from);
    config.proxy = proxy(&config.base_url, environment)?;
    config.insecure = block.insecure == Attr::Known(true);
    if let Some(headers) = block.headers.known() {
        config.headers = headers
            .iter()
            .filter_map(|(name, value)| {
                Some((name.clone(), SecretString::from(value.known()?.clone())))
            })
            .collect();
    }
    if let Some(retries) = checked(&block.retries) {
        config.retries = retries;
    }
    if let Some(seconds) = checked(&block.request_timeout) {
        config.request_timeout = Duration::from_secs(seconds);
    }
    if let Some(requests) = checked(&block.max_concurrent_requests) {
        config.max_concurrent_requests = requests;
    }
    Ok(config)
}

/// Returns the token without surrounding whitespace, such as the newline at the end of a file. If
/// there is no token and it isn't verified, the first request returns the error: a configuration
/// may make no request.
fn token(
    block: &ProviderBlock,
    environment: &(dyn Fn(&str) -> Option<String> + Send + Sync),
) -> Result<Option<SecretString>, Diagnostic> {
    let token = block.token.known().cloned().or_else(|| environment(TOKEN_VARIABLE));
    let token = token.map(|token| token.trim().to_owned()).filter(|token| !token.is_empty());
    if token.is_none() && early_auth_check(block, environment)? {
        return Err(missing_token().at("token"));
    }
    Ok(token.map(SecretString::from))
}

/// Converts a number that [`validate`] has checked.
fn checked<T: TryFrom<i64>>(number: &Attr<i64>) -> Option<T> {
    number.known().and_then(|number| T::try_from(*number).ok())
}

fn proxy(
    base_url: &BaseUrl,
    environment: &(dyn Fn(&str) -> Option<String> + Send + Sync),
) -> Result<Option<Proxy>, Diagnostic> {
    Proxy::from_environment(base_url, &environment).map_err(|error| {
        let detail = format!(
            "{error}. To connect to {base_url} without a proxy, add its host to `NO_PROXY`."
        );
        Diagnostic::new("Invalid environment variable", detail)
    })
}

fn early_auth_check(
    block: &ProviderBlock,
    environment: &(dyn Fn(&str) -> Option<String> + Send + Sync),
) -> Result<bool, Diagnostic> {
    if let Some(check) = block.early_auth_check.known() {
        return Ok(*check);
    }
    flag(environment, EARLY_AUTH_CHECK_VARIABLE, true)
}

fn flag(
    environment: &(dyn Fn(&str) -> Option<String> + Send + Sync),
    variable: &str,
    default: bool,
) -> Result<bool, Diagnostic> {
    // Parsed like Go, and so like the official provider.
    let value = environment(variable);
    match value.as_deref().map(str::trim) {
        None => Ok(default),
        Some("1" | "t" | "T" | "true" | "TRUE" | "True") => Ok(true),
        Some("0" | "f" | "F" | "false" | "FALSE" | "False") => Ok(false),
        Some(_) => Err(Diagnostic::new(
            "Invalid environment variable",
            format!(
                "`{variable}` must be `true` or `false`, but is {}.",
                quoted(&value.unwrap_or_default())
            ),
        )),
    }
}

fn check_range(
    attribute: &'static str,
    number: &Attr<i64>,
    bounds: std::ops::RangeInclusive<i64>,
) -> Option<Diagnostic> {
    let number = number.known().filter(|number| !bounds.contains(number))?;
    let detail = format!(
        "`{attribute}` must be between {} and {}, but is {number}.",
        bounds.start(),
        bounds.end()
    );
    Some(Diagnostic::new("Invalid attribute value", detail).at(attribute))
}

fn insecure() -> Diagnostic {
    let detail = "With `insecure = true`, the provider accepts any server certificate, so anyone \
                  between this machine and GitLab can read the token. To trust your own \
                  certificate authority, use `cacert_file`.";
    Diagnostic::new("Server certificate isn't verified", detail).at("insecure")
}

fn plain_http(base_url: &BaseUrl) -> Diagnostic {
    let detail = format!(
        "Connections to {base_url} aren't encrypted, so anyone between this machine and GitLab can \
         read the token. Use a URL that starts with `https://`."
    );
    Diagnostic::new("Token is sent without encryption", detail).at("base_url")
}

fn missing_token() -> Diagnostic {
    let detail = format!(
        "Set `token` in the provider block, or the `{TOKEN_VARIABLE}` environment variable, to an \
         access token with the `api` scope."
    );
    Diagnostic::new("Missing GitLab token", detail)
}

fn ci_job_token() -> Diagnostic {
    let detail = "The token is a CI/CD job token (`glcbt-…`), and GitLab doesn't accept job tokens \
                  for these settings. Use a personal, project or group access token with the `api` \
                  scope, for example from a masked CI/CD variable.";
    Diagnostic::new("CI/CD job token can't be used", detail)
}

fn unusable(error: &ConfigError) -> Diagnostic {
    let diagnostic = Diagnostic::new(
        "Invalid provider configuration",
        format!("{}.", capital(&error.to_string())),
    );
    match error {
        ConfigError::TokenEmpty | ConfigError::TokenNotSendable => diagnostic.at("token"),
        ConfigError::CaCertificate(_) | ConfigError::NoAuthorities => diagnostic.at("cacert_file"),
        ConfigError::IncompleteClientCertificate
        | ConfigError::ClientCertificate(_)
        | ConfigError::ClientKeyPair(_) => diagnostic.at("client_cert"),
        ConfigError::ClientKey(_) => diagnostic.at("client_key"),
        ConfigError::Header { name, .. } => diagnostic
            .at_path(AttributePath::attribute("headers").with_step(Step::Key(name.clone()))),
        ConfigError::NoConcurrency => diagnostic.at("max_concurrent_requests"),
        ConfigError::NoTime => diagnostic.at("request_timeout"),
        ConfigError::UserAgent | ConfigError::Proxy(_) | ConfigError::Tls(_) => diagnostic,
    }
}

/// Returns the advice if `base_url` is the address of a page, whose path was taken for GitLab's
/// relative URL root.
fn without_path(base_url: &BaseUrl) -> String {
    let without = base_url.without_path();
    without
        .map(|url| format!(" If GitLab isn't installed under this path, use `{url}`."))
        .unwrap_or_default()
}

fn not_accepted(
    client: &Client,
    source: base_url::Source<'_>,
    error: &crate::gitlab::Error,
) -> Diagnostic {
    let attempted = format!("Can't use GitLab at {}", client.base_url());
    if error.is_not_found() || !error.is_supported() {
        // GitLab returns a user for every token, so this server isn't GitLab.
        let detail = format!(
            "`GET /user` returned 404, so GitLab's API isn't at this URL. Set the provider's \
             `base_url` to the URL of a GitLab instance, for example \
             `https://gitlab.example.com`.{}{}",
            without_path(client.base_url()),
            source.note()
        );
        return Diagnostic::new(attempted, detail).at("base_url");
    }
    if matches!(
        error.kind(),
        ErrorKind::UnexpectedStatus | ErrorKind::InvalidResponse | ErrorKind::Redirected { .. }
    ) {
        let diagnostic = report(attempted, error);
        let detail =
            format!("{}{}{}", diagnostic.detail, without_path(client.base_url()), source.note());
        return Diagnostic { detail, ..diagnostic }.at("base_url");
    }
    if error.is_proxy_error() {
        return report(attempted, error);
    }
    let diagnostic = report(attempted, error);
    if error.is_token_error() {
        return diagnostic.at("token");
    }
    let detail = format!("{}{}", diagnostic.detail, source.note());
    Diagnostic { detail, ..diagnostic }.at("base_url")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_that_cannot_be_sent_are_errors() {
        let problems = |pairs: &[(&str, &str)]| {
            let known = |text: &str| Attr::Known(text.to_owned());
            let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), known(value)));
            headers(&pairs.collect())
                .iter()
                .map(|problem| problem.detail.clone())
                .collect::<Vec<_>>()
        };
        assert_eq!(problems(&[("X-A", "a"), ("X-B", "b\tc")]), [""; 0]);
        let null = BTreeMap::from([("X-B".to_owned(), Attr::Null)]);
        assert_eq!(
            headers(&null)[0].detail,
            "The header `X-B` can't be sent: its value is null. Set a value, or remove the header."
        );
        assert_eq!(
            problems(&[("", "a"), ("PRIVATE-TOKEN", "a")]),
            [
                "A header with an empty name can't be sent.",
                "The header `PRIVATE-TOKEN` can't be sent: it carries a token. Set the provider's \
                 `token` instead."
            ]
        );
        for value in ["hush\n", "hu\rsh", "hu\0sh", "hu\u{7f}sh"] {
            let diagnostic = problems(&[("X-A", value)]).concat();
            assert!(
                diagnostic.contains("`X-A`")
                    && diagnostic.contains("control characters")
                    && !diagnostic.contains("hu"),
                "{diagnostic}"
            );
        }
        let diagnostic = problems(&[("X-A", "a"), ("x-a", "b")]).concat();
        assert!(
            diagnostic.contains("`x-a`") && diagnostic.contains("another header has the same name"),
            "{diagnostic}"
        );
    }
}
