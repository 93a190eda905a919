//! Advice on failures of TLS and of proxies.

use crate::gitlab::{ProxyProblem, TlsProblem};

pub(super) fn of_tls(problem: TlsProblem) -> &'static str {
    match problem {
        TlsProblem::NotTls => {
            "The provider's `base_url` starts with `https://`, but what answers speaks plain text. Use the port for HTTPS; a port \
             for HTTP needs `http://`, which sends the token unencrypted."
        }
        TlsProblem::Expired => {
            "The server's administrator must renew the certificate. If it has been renewed, is this machine's clock right?"
        }
        TlsProblem::NotYetValid => "Is this machine's clock right?",
        TlsProblem::WrongName => {
            "Set the provider's `base_url` to a name that the certificate is for, or have a certificate made for this name."
        }
        TlsProblem::UnknownIssuer => {
            "If the certificate comes from a certificate authority of your own, name that authority's certificate with \
             `cacert_file`; for a self-signed certificate, name the certificate itself."
        }
        TlsProblem::Authority => {
            "Have a certificate issued that is for servers (CA:FALSE). To trust this one all the same, name it itself with \
             `cacert_file`."
        }
        TlsProblem::Unusable => {
            "The server's administrator must have another certificate issued. `cacert_file` doesn't help here."
        }
        TlsProblem::OldVersion => {
            "TLS 1.2 or later is needed: have it enabled on the server, or on what answers in its place."
        }
        TlsProblem::TlsWanted => {
            "The provider's `base_url` starts with `http://`, but the server accepts only HTTPS at this port: write `https://`."
        }
        TlsProblem::ClientCertificate => {
            "Set `client_cert` and `client_key` in the provider block to a certificate that the server accepts."
        }
        TlsProblem::Other => {
            "If the server's certificate comes from a certificate authority of your own, name that authority's certificate with \
             `cacert_file`; if the server asks for a certificate, set `client_cert` and `client_key`."
        }
    }
}

pub(super) fn of_proxy(address: &str, variable: &str, problem: ProxyProblem) -> String {
    let remedy = match problem {
        ProxyProblem::Unreachable => "Check its address there, and that it runs.".to_owned(),
        ProxyProblem::Untrusted(problem) => of_proxy_tls(problem).to_owned(),
        ProxyProblem::Credentials => {
            let (scheme, host) = address.split_once("://").unwrap_or(("http", address));
            format!(
                "Set a user name and password there that it accepts, percent-encoded: \
                 `{scheme}://USER:PASSWORD@{host}`."
            )
        }
        ProxyProblem::Refused => {
            "Check that it may connect to the host of the provider's `base_url`.".to_owned()
        }
        ProxyProblem::NoWay => {
            "It works, but can't connect to the host of the provider's `base_url`: check that address, and that the proxy's \
             network reaches it."
                .to_owned()
        }
        ProxyProblem::NotHttp => "Check its port there: something else listens on this one.".to_owned(),
    };
    format!(
        "The environment variable `{variable}` names the proxy. {remedy} If GitLab can be reached without it, add the \
         host of `base_url` to `NO_PROXY`."
    )
}

/// Returns what to do where TLS to a proxy itself failed.
fn of_proxy_tls(problem: TlsProblem) -> &'static str {
    match problem {
        TlsProblem::NotTls => {
            "It starts with `https://` there, but what answers speaks plain text. Write `http://`: GitLab's own TLS goes through \
             the proxy all the same."
        }
        TlsProblem::TlsWanted => "Write `https://` there.",
        TlsProblem::Expired => "The proxy's administrator must renew the certificate.",
        TlsProblem::NotYetValid => "Is this machine's clock right?",
        TlsProblem::WrongName => "Write a name there that the certificate is for.",
        TlsProblem::UnknownIssuer => {
            "If its certificate comes from a certificate authority of your own, name that authority's certificate with \
             `cacert_file`; for a self-signed certificate, name the certificate itself."
        }
        TlsProblem::Authority => "To trust this certificate all the same, name it itself with `cacert_file`.",
        TlsProblem::Unusable => "The proxy's administrator must have another certificate issued.",
        TlsProblem::OldVersion => "The proxy must offer TLS 1.2 or later.",
        TlsProblem::ClientCertificate => {
            "Set `client_cert` and `client_key` in the provider block to a certificate that it accepts."
        }
        TlsProblem::Other => {
            "If it takes plain HTTP, write `http://` there; if it asks for a certificate, set `client_cert` and `client_key`."
        }
    }
}
