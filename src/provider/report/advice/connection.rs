//! Advice on errors of TLS and proxies.

use crate::gitlab::{ProxyProblem, TlsProblem};

pub(super) fn of_tls(problem: TlsProblem) -> &'static str {
    match problem {
        TlsProblem::NotTls => {
            "The provider's `base_url` starts with `https://`, but the server doesn't use TLS at \
             this port. Use the port for HTTPS. A port for HTTP needs `http://`, which sends the \
             token unencrypted."
        }
        TlsProblem::Expired => {
            "The server's administrator must renew the certificate. If it was renewed, check this \
             machine's clock."
        }
        TlsProblem::NotYetValid => "Check this machine's clock.",
        TlsProblem::WrongName => {
            "Set the provider's `base_url` to a name that the certificate is valid for, or have a \
             certificate issued for this name."
        }
        TlsProblem::UnknownIssuer => {
            "If the certificate is from your own certificate authority, set `cacert_file` to the \
             authority's certificate. If it is self-signed, set `cacert_file` to the certificate \
             itself."
        }
        TlsProblem::Authority => {
            "Have a server certificate issued (CA:FALSE). To trust this one anyway, set \
             `cacert_file` to the certificate itself."
        }
        TlsProblem::Unusable => {
            "The server's administrator must have another certificate issued. `cacert_file` \
             doesn't help here."
        }
        TlsProblem::OldVersion => {
            "TLS 1.2 or later is required. Have it enabled on the server or on the proxy in front \
             of it."
        }
        TlsProblem::HttpsRequired => {
            "The provider's `base_url` starts with `http://`, but the server accepts only HTTPS at \
             this port. Use `https://`."
        }
        TlsProblem::ClientCertificate => {
            "Set `client_cert` and `client_key` in the provider block to a certificate that the \
             server accepts."
        }
        TlsProblem::Other => {
            "If the server's certificate is from your own certificate authority, set `cacert_file` \
             to the authority's certificate. If the server requires a client certificate, set \
             `client_cert` and `client_key`."
        }
    }
}

pub(super) fn of_proxy(address: &str, variable: &str, problem: ProxyProblem) -> String {
    let remedy = match problem {
        ProxyProblem::Unreachable => "Check the address, and that the proxy is running.".to_owned(),
        ProxyProblem::Tls(problem) => of_proxy_tls(problem).to_owned(),
        ProxyProblem::Credentials => {
            let (scheme, host) = address.split_once("://").unwrap_or(("http", address));
            format!(
                "Set the proxy's user name and password in it, percent-encoded: \
                 `{scheme}://USER:PASSWORD@{host}`."
            )
        }
        ProxyProblem::Refused => {
            "Check that the proxy allows connections to the host of the provider's `base_url`."
                .to_owned()
        }
        ProxyProblem::ServerUnreachable => {
            "The proxy works, but can't connect to the host of the provider's `base_url`. Check \
             this URL, and that the proxy can reach it."
                .to_owned()
        }
        ProxyProblem::NotHttp => "Check the port: another service is listening on it.".to_owned(),
        ProxyProblem::NotSocks => {
            "Check the port, or use `http://` in the address if it is an HTTP proxy.".to_owned()
        }
    };
    format!(
        "The proxy is set in the `{variable}` environment variable. {remedy} If GitLab can be \
         reached without a proxy, add the host of `base_url` to `NO_PROXY`."
    )
}

/// Returns what to do if TLS to a proxy fails.
fn of_proxy_tls(problem: TlsProblem) -> &'static str {
    match problem {
        TlsProblem::NotTls => {
            "The address starts with `https://`, but the proxy doesn't use TLS. Use `http://`: \
             connections to GitLab through the proxy are still encrypted."
        }
        TlsProblem::HttpsRequired => "Use `https://` in the address.",
        TlsProblem::Expired => "The proxy's administrator must renew the certificate.",
        TlsProblem::NotYetValid => "Check this machine's clock.",
        TlsProblem::WrongName => "Use a name that the certificate is valid for.",
        TlsProblem::UnknownIssuer => {
            "If its certificate is from your own certificate authority, set `cacert_file` to the \
             authority's certificate. If it is self-signed, set `cacert_file` to the certificate \
             itself."
        }
        TlsProblem::Authority => {
            "To trust this certificate anyway, set `cacert_file` to the certificate itself."
        }
        TlsProblem::Unusable => "The proxy's administrator must have another certificate issued.",
        TlsProblem::OldVersion => "The proxy must support TLS 1.2 or later.",
        TlsProblem::ClientCertificate => {
            "Set `client_cert` and `client_key` in the provider block to a certificate that the \
             proxy accepts."
        }
        TlsProblem::Other => {
            "If the proxy uses plain HTTP, use `http://` in the address. If it requires a client \
             certificate, set `client_cert` and `client_key`."
        }
    }
}
