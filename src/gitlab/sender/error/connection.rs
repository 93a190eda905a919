//! Failures of TLS and of proxies.

/// A failure of a TLS connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsProblem {
    /// The server answers in plain text, as a port for HTTP does.
    NotTls,
    /// The server's certificate has expired.
    Expired,
    /// The server's certificate isn't valid yet.
    NotYetValid,
    /// The server's certificate is for other names.
    WrongName,
    /// Nobody who is trusted has issued the server's certificate.
    UnknownIssuer,
    /// The server's certificate is marked as an authority's, and no trusted file has it.
    Authority,
    /// The server's certificate, or one that it was issued with, has a property that rules it out.
    Unusable,
    /// The server speaks only old versions of TLS.
    OldVersion,
    /// The server speaks TLS alone at a port that plain HTTP was sent to.
    TlsWanted,
    /// The server asks for a client certificate, or refuses ours.
    ClientCertificate,
    /// Anything else.
    Other,
}

/// A failure of a proxy; [`Error::words`](super::Error::words) may say more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProxyProblem {
    /// No connection to the proxy itself.
    Unreachable,
    /// TLS to the proxy itself failed.
    Untrusted(TlsProblem),
    /// It wants credentials, or others.
    Credentials,
    /// It doesn't connect to the server.
    Refused,
    /// It can't reach the server.
    NoWay,
    /// It answers something else than a proxy for HTTP does.
    NotHttp,
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
            Self::TlsWanted => "the server accepts only HTTPS at this port",
            Self::ClientCertificate => "the server requires a client certificate that it accepts",
            Self::Other => "the TLS connection failed",
        }
    }

    /// Describes the failure of a connection to a proxy.
    fn describe_proxy(self) -> &'static str {
        match self {
            Self::NotTls => "doesn't use TLS",
            Self::Expired => "has an expired certificate",
            Self::NotYetValid => "has a certificate that isn't valid yet",
            Self::WrongName => "has a certificate for another name",
            Self::UnknownIssuer => "has a certificate from an unknown authority",
            Self::Authority | Self::Unusable => "has a certificate that can't be used",
            Self::OldVersion => "supports only old versions of TLS",
            Self::TlsWanted => "accepts only HTTPS",
            Self::ClientCertificate => "requires a client certificate that it accepts",
            Self::Other => "failed to establish a TLS connection",
        }
    }
}

impl ProxyProblem {
    pub(super) fn describe(self) -> &'static str {
        match self {
            Self::Unreachable => "can't be reached",
            Self::Untrusted(problem) => problem.describe_proxy(),
            Self::Credentials => "requires valid credentials",
            Self::Refused => "refused the connection",
            Self::NoWay => "can't reach GitLab",
            Self::NotHttp => "isn't an HTTP proxy",
        }
    }
}
