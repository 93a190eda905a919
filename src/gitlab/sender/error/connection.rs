//! Problems of TLS connections and proxies.

/// A problem of a TLS connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsProblem {
    /// The server doesn't use TLS at this port.
    NotTls,
    /// The server's certificate has expired.
    Expired,
    /// The server's certificate isn't valid yet.
    NotYetValid,
    /// The server's certificate is for other names.
    WrongName,
    /// The issuer of the server's certificate isn't trusted.
    UnknownIssuer,
    /// The server's certificate is a CA certificate, and no trusted file contains it.
    Authority,
    /// A property of a certificate in the chain makes it unusable.
    Unusable,
    /// The server supports only old versions of TLS.
    OldVersion,
    /// The server requires TLS at a port that an HTTP request was sent to.
    HttpsRequired,
    /// The server requires a client certificate, or rejected it.
    ClientCertificate,
    /// Another problem.
    Other,
}

/// A problem of a proxy. [`Error::message`](super::Error::message) may have details.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProxyProblem {
    /// The proxy can't be reached.
    Unreachable,
    /// The TLS connection to the proxy failed.
    Tls(TlsProblem),
    /// The proxy requires valid credentials.
    Credentials,
    /// The proxy refused to connect to the server.
    Refused,
    /// The proxy can't reach the server.
    ServerUnreachable,
    /// The response isn't one of an HTTP proxy.
    NotHttp,
    /// The response isn't one of a SOCKS proxy.
    NotSocks,
}

impl TlsProblem {
    pub(super) fn describe(self) -> &'static str {
        match self {
            Self::NotTls => "the server doesn't use TLS at this port",
            Self::Expired => "the server's certificate has expired",
            Self::NotYetValid => "the server's certificate isn't valid yet",
            Self::WrongName => "the server's certificate is for another name",
            Self::UnknownIssuer => "the server's certificate is from an unknown authority",
            Self::Authority | Self::Unusable => "the server's certificate can't be used",
            Self::OldVersion => "the server supports only old versions of TLS",
            Self::HttpsRequired => "the server accepts only HTTPS at this port",
            Self::ClientCertificate => "the server requires a client certificate that it accepts",
            Self::Other => "the TLS connection failed",
        }
    }

    /// Describes the problem of a connection to a proxy.
    fn describe_proxy(self) -> &'static str {
        match self {
            Self::NotTls => "doesn't use TLS",
            Self::Expired => "has an expired certificate",
            Self::NotYetValid => "has a certificate that isn't valid yet",
            Self::WrongName => "has a certificate for another name",
            Self::UnknownIssuer => "has a certificate from an unknown authority",
            Self::Authority | Self::Unusable => "has a certificate that can't be used",
            Self::OldVersion => "supports only old versions of TLS",
            Self::HttpsRequired => "accepts only HTTPS",
            Self::ClientCertificate => "requires a client certificate that it accepts",
            Self::Other => "failed to establish a TLS connection",
        }
    }
}

impl ProxyProblem {
    pub(super) fn describe(self) -> &'static str {
        match self {
            Self::Unreachable => "can't be reached",
            Self::Tls(problem) => problem.describe_proxy(),
            Self::Credentials => "requires valid credentials",
            Self::Refused => "refused the connection",
            Self::ServerUnreachable => "can't reach GitLab",
            Self::NotHttp => "isn't an HTTP proxy",
            Self::NotSocks => "isn't a SOCKS proxy",
        }
    }
}
