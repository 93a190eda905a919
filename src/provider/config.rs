//! The provider block: from attributes and environment to a connection that GitLab has accepted.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read as _};
use std::time::Duration;

use secrecy::SecretString;

use super::connection::Connection;
use super::names::capital;
use super::report::{quoted, report, sentence};
use crate::framework::{
    Attr, Attribute, AttributePath, Diagnostic, Errors, Host, Schema, Step, Type, Warnings, model,
};
use crate::gitlab::{
    BaseUrl, Client, Config, ConfigError, ErrorKind, HEADER_TWICE, Proxy, refused_header,
    refused_header_value,
};

/// Address of GitLab.com's API.
const DEFAULT_BASE_URL: &str = "https://gitlab.com/api/v4";

/// The User-Agent that GitLab sees.
const PROGRAM: &str = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));

const TOKEN_VARIABLE: &str = "GITLAB_TOKEN";
/// The second is what GitLab itself sets in CI jobs.
const BASE_URL_VARIABLES: [&str; 2] = ["GITLAB_BASE_URL", "CI_API_V4_URL"];
const EARLY_AUTH_CHECK_VARIABLE: &str = "GITLAB_EARLY_AUTH_CHECK";
/// For tests: with `false` no answer of GitLab is kept, and all must come out the same.
const SNAPSHOTS_VARIABLE: &str = "GITLAB_JOB_TOKEN_SNAPSHOTS";

/// More repetitions than this only hide an outage: with back-off they take longer than any run.
const MAX_RETRIES: i64 = 100;
/// An hour: longer than any request of GitLab's API may take on the server.
const MAX_REQUEST_TIMEOUT_SECONDS: i64 = 3600;
/// More than GitLab's own limits would bear.
const MAX_CONCURRENT_REQUESTS: i64 = 1000;

/// The largest file that the block may name, in bytes.
const LARGEST_FILE: u64 = 1024 * 1024;

/// The beginning of each section of a PEM file.
const PEM_MARK: &str = "-----BEGIN ";

model! {
    /// The attributes of the provider block, named as in the official GitLab provider where that
    /// has them.
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
        /// Repetitions of a failed request.
        retries: i64,
        /// True if the token is verified at once.
        early_auth_check: bool,
        /// Seconds for one attempt.
        request_timeout: i64,
        /// Requests at a time.
        max_concurrent_requests: i64,
    }
}

pub(super) fn schema() -> Schema {
    let attributes = vec![
        Attribute::optional(
            "token",
            Type::String,
            "Personal, project or group access token, or OAuth token, with the scope `api`; \
             `read_api` is enough for plans. Its user needs at least the Maintainer role in each \
             project whose settings are managed, and the targets that are added must be visible to \
             it. Defaults to the environment variable `GITLAB_TOKEN`. GitLab doesn't accept CI/CD \
             job tokens for these settings.",
        )
        .sensitive(),
        Attribute::optional(
            "base_url",
            Type::String,
            "URL of the GitLab instance or of its API, such as `https://gitlab.example.com` or \
             `https://gitlab.example.com/api/v4`. Defaults to the environment variable \
             `GITLAB_BASE_URL`, then `CI_API_V4_URL`, then to `https://gitlab.com/api/v4`.",
        ),
        Attribute::optional(
            "cacert_file",
            Type::String,
            "Path of a PEM file with certificates to trust in addition to the system's: of \
             certificate authorities, or the server's own certificate.",
        ),
        Attribute::optional(
            "client_cert",
            Type::String,
            "Path of a PEM file with the client certificate, if the server or a proxy requires \
             one. Needs `client_key`.",
        ),
        Attribute::optional(
            "client_key",
            Type::String,
            "Path of a PEM file with the unencrypted private key of `client_cert`: an RSA, ECDSA \
             or Ed25519 key. Can be the same file.",
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
            "Headers to add to each request, for example for a proxy.",
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
             results in one error instead of one per resource. Takes one request for a plan, two \
             for an apply and three for a destroy. Defaults to the environment variable \
             `GITLAB_EARLY_AUTH_CHECK` (`true` or `false`), then to `true`.",
        ),
        Attribute::optional(
            "request_timeout",
            Type::Number,
            "Timeout of each attempt of a request, in seconds, between 1 and 3600. Defaults to 30.",
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

/// Checks what the block says by itself.
pub(super) fn validate(block: &ProviderBlock) -> Result<(), Errors> {
    let base_url = block.base_url.known().and_then(|url| base_url(url, "`base_url`").err());
    let incomplete_client_certificate = match (&block.client_cert, &block.client_key) {
        (Attr::Known(_), Attr::Null) => {
            Some(incomplete_client_certificate("client_cert", "client_key"))
        }
        (Attr::Null, Attr::Known(_)) => {
            Some(incomplete_client_certificate("client_key", "client_cert"))
        }
        _ => None,
    };
    let headers = block.headers.known().map(headers).unwrap_or_default();
    let problems = [
        base_url.map(|problem| problem.at("base_url")),
        incomplete_client_certificate,
        within("retries", &block.retries, 0..=MAX_RETRIES),
        within("request_timeout", &block.request_timeout, 1..=MAX_REQUEST_TIMEOUT_SECONDS),
        within(
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
        let of_value = || value.known().and_then(|value| refused_header_value(value));
        let reason = refused_header(name).or_else(of_value).or((!is_new).then_some(HEADER_TWICE))?;
        Some(unusable(&ConfigError::Header { name: name.clone(), reason }))
    });
    refused.collect()
}

/// Makes the client, and unless told otherwise has GitLab look at the token.
pub(super) async fn connect(
    block: ProviderBlock,
    environment: &(dyn Fn(&str) -> Option<String> + Send + Sync),
    host: Host,
    warnings: &Warnings,
) -> Result<Connection, Errors> {
    validate(&block)?;
    // Hosts validate several times in a run, so what is only warned of waits until here.
    if block.insecure == Attr::Known(true) {
        warnings.add(insecure());
    }
    let config = client_config(&block, environment, &host)?;
    // A proxy for plain HTTP reads it, too, even on the way to a name of this machine.
    if config.base_url.sends_token_in_the_clear()
        || config.proxy.is_some() && !config.base_url.is_https()
    {
        warnings.add(plain_http(&config.base_url));
    }
    if config.token_is_of_a_ci_job() {
        return Err(ci_job_token().at("token").into());
    }
    let client = Client::new(&config, host.stopped)
        .map_err(|error| unusable_file(&block, &error).unwrap_or_else(|| unusable(&error)))?;
    if early_auth_check(&block, environment)? {
        let source = BaseUrlSource::of(&block, environment);
        let user =
            client.current_user().await.map_err(|error| unaccepted(&client, source, &error))?;
        tracing::info!(user = user.username, base_url = %client.base_url(), "GitLab accepts the token");
    }
    let remembers = flag(environment, SNAPSHOTS_VARIABLE, true)?;
    Ok(Connection::new(if remembers { client } else { client.without_memory() }))
}

fn client_config(
    block: &ProviderBlock,
    environment: &(dyn Fn(&str) -> Option<String> + Send + Sync),
    host: &Host,
) -> Result<Config, Errors> {
    let token = token(block, environment)?;
    let user_agent = format!("{PROGRAM} Terraform/{}", host.terraform_version);
    let base_url = configured_base_url(block, environment)?;
    let mut config = Config::new(base_url, token, user_agent);
    config.cacert_pem = file("cacert_file", &block.cacert_file)?;
    config.client_cert_pem = file("client_cert", &block.client_cert)?;
    config.client_key_pem = file("client_key", &block.client_key)?.map(SecretString::from);
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
    if let Some(retries) = whole(&block.retries) {
        config.retries = retries;
    }
    if let Some(seconds) = whole(&block.request_timeout) {
        config.request_timeout = Duration::from_secs(seconds);
    }
    if let Some(requests) = whole(&block.max_concurrent_requests) {
        config.max_concurrent_requests = requests;
    }
    Ok(config)
}

/// Returns the token without the blanks and line breaks around it that come with a file. Without
/// one, and without the check of the token, it is an error of the first request: a configuration
/// may come to make none.
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

/// A number that [`validate`] has found to be within bounds.
fn whole<T: TryFrom<i64>>(number: &Attr<i64>) -> Option<T> {
    number.known().and_then(|number| T::try_from(*number).ok())
}

fn configured_base_url(
    block: &ProviderBlock,
    environment: &(dyn Fn(&str) -> Option<String> + Send + Sync),
) -> Result<BaseUrl, Errors> {
    match BaseUrlSource::of(block, environment) {
        BaseUrlSource::Block(url) => {
            base_url(url, "`base_url`").map_err(|problem| problem.at("base_url").into())
        }
        BaseUrlSource::Variable(variable, url) => {
            Ok(base_url(&url, &format!("The environment variable `{variable}`"))?)
        }
        BaseUrlSource::Default => Ok(base_url(DEFAULT_BASE_URL, "The default")?),
    }
}

/// The place that the base URL is from, with the URL as it is written there.
#[derive(Debug, Clone, PartialEq, Eq)]
enum BaseUrlSource<'a> {
    Block(&'a str),
    Variable(&'static str, String),
    Default,
}

impl<'a> BaseUrlSource<'a> {
    fn of(
        block: &'a ProviderBlock,
        environment: &(dyn Fn(&str) -> Option<String> + Send + Sync),
    ) -> Self {
        if let Some(url) = block.base_url.known() {
            return Self::Block(url);
        }
        let set = |variable| Some(Self::Variable(variable, environment(variable)?));
        BASE_URL_VARIABLES.into_iter().find_map(set).unwrap_or(Self::Default)
    }

    /// Returns a paragraph that names the place, unless it is the block.
    fn note(&self) -> String {
        match self {
            Self::Block(_) => String::new(),
            Self::Variable(variable, _) => format!(
                "\n\n`base_url` isn't set, so the URL is from the environment variable \
                 `{variable}`."
            ),
            Self::Default => "\n\nNeither `base_url` nor the environment variable \
                              `GITLAB_BASE_URL` is set, so the URL is GitLab.com's."
                .to_owned(),
        }
    }
}

fn base_url(url: &str, source: &str) -> Result<BaseUrl, Diagnostic> {
    BaseUrl::parse(url).map_err(|reason| {
        let detail = format!("{source} {reason}, for example `https://gitlab.example.com`.");
        Diagnostic::new("Invalid base URL", detail)
    })
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
    // As Go reads them, and so the official provider.
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

fn file(attribute: &'static str, path: &Attr<String>) -> Result<Option<String>, Diagnostic> {
    let Some(path) = path.known() else { return Ok(None) };
    // Not to be shown: it may be a private key.
    if path.contains(PEM_MARK) {
        let detail = format!(
            "`{attribute}` has the content of a PEM file, but must be the path of the file."
        );
        return Err(Diagnostic::new("Unreadable file", detail).at(attribute));
    }
    let unreadable = |error: io::Error| {
        let reason = match error.kind() {
            io::ErrorKind::InvalidData => "it isn't a PEM file".to_owned(),
            _ => error.to_string(),
        };
        let detail = format!("`{attribute}` is {path:?}, which can't be read: {reason}.");
        Diagnostic::new("Unreadable file", detail).at(attribute)
    };
    let read = || {
        let mut bytes = Vec::new();
        // A pipe or terminal might never have an end, or a beginning.
        if !std::fs::metadata(path)?.is_file() {
            return Err(io::Error::other("it isn't a regular file"));
        }
        let mut start = std::fs::File::open(path)?.take(LARGEST_FILE + 1);
        start.read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let bytes = read().map_err(unreadable)?;
    if bytes.len() as u64 > LARGEST_FILE {
        let detail = format!(
            "`{attribute}` is {path:?}, which is larger than 1 MiB and so isn't a PEM file."
        );
        return Err(Diagnostic::new("Unreadable file", detail).at(attribute));
    }
    // Comments may have any encoding.
    let text = String::from_utf8_lossy(&bytes).into_owned();
    if !text.contains(PEM_MARK) && text.contains(char::REPLACEMENT_CHARACTER) {
        return Err(unreadable(io::ErrorKind::InvalidData.into()));
    }
    Ok(Some(text))
}

fn within(
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

fn incomplete_client_certificate(set: &'static str, missing: &'static str) -> Diagnostic {
    Diagnostic::new(
        "Incomplete client certificate",
        format!("`{set}` is set, but `{missing}` isn't. Set both or neither."),
    )
    .at(set)
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
        "Set `token` in the provider block, or the environment variable `{TOKEN_VARIABLE}`, to an \
         access token with the scope `api`."
    );
    Diagnostic::new("Missing GitLab token", detail)
}

fn ci_job_token() -> Diagnostic {
    let detail = "The token is a CI/CD job token (`glcbt-…`), and GitLab doesn't accept job tokens \
                  for these settings. Use a personal, project or group access token with the scope \
                  `api`, for example from a masked CI/CD variable.";
    Diagnostic::new("CI/CD job token can't be used", detail)
}

/// Returns the error of a file that the block names, if the error is about one.
fn unusable_file(block: &ProviderBlock, error: &ConfigError) -> Option<Diagnostic> {
    let named = |attribute: &str, path: &Attr<String>| {
        let path = path.known().map(|path| quoted(path)).unwrap_or_default();
        format!("`{attribute}` is {path}")
    };
    let certificate = || named("client_cert", &block.client_cert);
    let key = || named("client_key", &block.client_key);
    let (attribute, detail) = match error {
        ConfigError::CaCertificate(reason) => (
            "cacert_file",
            format!(
                "{}, which can't be used: {reason}. Set it to a PEM file with the certificates to \
                 trust.",
                named("cacert_file", &block.cacert_file)
            ),
        ),
        ConfigError::ClientCertificate(reason) => (
            "client_cert",
            format!(
                "{}, which can't be used: {reason}. Set it to a PEM file with the client \
                 certificate.",
                certificate()
            ),
        ),
        ConfigError::ClientKey(reason) => (
            "client_key",
            format!(
                "{}, which can't be used: {reason}. Set it to a PEM file with the unencrypted \
                 private key of `client_cert`.",
                key()
            ),
        ),
        ConfigError::ClientKeyPair(reason) => (
            "client_key",
            format!(
                "{}, and {}, which can't be used together: {reason}. Set `client_key` to the file \
                 with the key of this certificate.",
                certificate(),
                key()
            ),
        ),
        _ => return None,
    };
    Some(Diagnostic::new("Invalid provider configuration", detail).at(attribute))
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
        ConfigError::Header { name, .. } => {
            diagnostic.at_path(AttributePath::attribute("headers").then(Step::Key(name.clone())))
        }
        ConfigError::NoConcurrency => diagnostic.at("max_concurrent_requests"),
        ConfigError::NoTime => diagnostic.at("request_timeout"),
        ConfigError::UserAgent | ConfigError::Proxy(_) | ConfigError::Tls(_) => diagnostic,
    }
}

/// Returns what to do if `base_url` is the address of a page, whose path was taken for the one that
/// GitLab is installed below.
fn without_path(base_url: &BaseUrl) -> String {
    let without = base_url.without_path();
    without
        .map(|url| format!(" If GitLab isn't installed under this path, use `{url}`."))
        .unwrap_or_default()
}

fn unaccepted(
    client: &Client,
    source: BaseUrlSource<'_>,
    error: &crate::gitlab::Error,
) -> Diagnostic {
    let attempted = format!("Can't use GitLab at {}", client.base_url());
    if error.is_not_found() {
        // Every token finds its own user, so this is no GitLab, although it answers like one.
        let detail = format!(
            "{}\n\nThe response isn't from GitLab's API. Set the provider's `base_url` to the URL \
             of a GitLab instance, for example `https://gitlab.example.com`.{}{}",
            sentence(error),
            without_path(client.base_url()),
            source.note()
        );
        return Diagnostic::new(attempted, detail).at("base_url");
    }
    if matches!(
        error.kind(),
        ErrorKind::UnexpectedStatus
            | ErrorKind::Unreadable
            | ErrorKind::Redirected { .. }
            | ErrorKind::Unsupported
    ) {
        let told = report(attempted, error);
        let detail = format!("{}{}{}", told.detail, without_path(client.base_url()), source.note());
        return Diagnostic { detail, ..told }.at("base_url");
    }
    if error.is_about_the_proxy() {
        return report(attempted, error);
    }
    let told = report(attempted, error);
    if error.is_about_the_token() {
        return told.at("token");
    }
    let detail = format!("{}{}", told.detail, source.note());
    Diagnostic { detail, ..told }.at("base_url")
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
        for value in ["hush\n", "hu\rsh", "hu\0sh", "hu\u{7f}sh"] {
            let told = problems(&[("X-A", value)]).concat();
            assert!(
                told.contains("`X-A`")
                    && told.contains("control characters")
                    && !told.contains("hu"),
                "{told}"
            );
        }
        let told = problems(&[("X-A", "a"), ("x-a", "b")]).concat();
        assert!(
            told.contains("`x-a`") && told.contains("another header has the same name"),
            "{told}"
        );
    }
    #[test]
    fn the_note_names_where_the_base_url_is_from() {
        let note = |set: &'static [&str], block: &ProviderBlock| {
            let environment = move |name: &str| set.contains(&name).then(|| "x".to_owned());
            BaseUrlSource::of(block, &environment).note()
        };
        let unset = ProviderBlock::default();
        let set = ProviderBlock { base_url: Attr::Known("x".to_owned()), ..unset.clone() };
        assert_eq!(note(&BASE_URL_VARIABLES, &set), "");
        assert!(note(&BASE_URL_VARIABLES, &unset).ends_with(" variable `GITLAB_BASE_URL`."));
        assert!(note(&["CI_API_V4_URL"], &unset).ends_with(" variable `CI_API_V4_URL`."));
        assert!(note(&[], &unset).contains("so the URL is GitLab.com's"));
    }

    #[test]
    fn an_unusable_file_is_named_by_attribute_and_path() {
        let path = |path: &str| Attr::Known(path.to_owned());
        let block = ProviderBlock {
            cacert_file: path("ca.pem"),
            client_cert: path("client.pem"),
            client_key: path("client.key"),
            ..ProviderBlock::default()
        };
        let told = |error| unusable_file(&block, &error).map(|told| told.detail);
        let reason = || "so it is".to_owned();
        for (error, start) in [
            (ConfigError::CaCertificate("so it is"), "`cacert_file` is \"ca.pem\""),
            (ConfigError::ClientCertificate(reason()), "`client_cert` is \"client.pem\""),
            (ConfigError::ClientKey(reason()), "`client_key` is \"client.key\""),
        ] {
            let told = told(error).unwrap();
            assert!(
                told.starts_with(&format!("{start}, which can't be used: so it is. Set it to")),
                "{told}"
            );
        }
        assert_eq!(
            told(ConfigError::ClientKeyPair(reason())).unwrap(),
            "`client_cert` is \"client.pem\", and `client_key` is \"client.key\", which can't be \
             used together: so it is. Set `client_key` to the file with the key of this \
             certificate."
        );
        assert_eq!(told(ConfigError::TokenEmpty), None);
    }

    #[test]
    fn the_content_of_a_file_in_place_of_its_path_is_not_shown() {
        let content = Attr::Known(format!("{PEM_MARK}PRIVATE KEY-----\nhush\n"));
        let told = file("client_key", &content).unwrap_err().detail;
        assert!(told.contains("must be the path") && !told.contains("hush"), "{told}");
    }
}
