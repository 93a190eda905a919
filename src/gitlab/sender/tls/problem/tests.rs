use std::sync::Arc;

use tokio_rustls::rustls::OtherError;
use tokio_rustls::rustls::pki_types::ServerName;

use super::*;

fn described(error: impl Into<Error>) -> (TlsProblem, Option<String>) {
    problem_of(&error.into())
}

#[test]
fn causes_are_distinguished() {
    let at = |seconds| UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
    let now = at(1_764_115_200);
    let name = || ServerName::try_from("gitlab.example.com").unwrap();
    let expired = CertificateError::ExpiredContext { time: now, not_after: at(1_735_689_600) };
    assert_eq!(
        described(expired),
        (TlsProblem::Expired, Some("it was valid until 2025-01-01 00:00 UTC".to_owned()))
    );
    let early = CertificateError::NotValidYetContext { time: now, not_before: at(1_798_761_600) };
    let from = "it is valid from 2027-01-01 00:00 UTC".to_owned();
    assert_eq!(described(early), (TlsProblem::NotYetValid, Some(from)));
    let presented = vec!["DnsName(\"other.example.com\")".to_owned()];
    let other = CertificateError::NotValidForNameContext { expected: name(), presented };
    assert_eq!(
        described(other),
        (TlsProblem::WrongName, Some("it is valid for other.example.com".to_owned()))
    );
    assert_eq!(described(CertificateError::UnknownIssuer), (TlsProblem::UnknownIssuer, None));
    assert_eq!(described(InvalidMessage::InvalidContentType), (TlsProblem::NotTls, None));
    let wanted = Error::AlertReceived(AlertDescription::CertificateRequired);
    assert_eq!(described(wanted).0, TlsProblem::ClientCertificate);
    assert_eq!(described(Error::DecryptError).0, TlsProblem::Other);
}

fn message(error: impl Into<Error>) -> String {
    described(error).1.unwrap()
}

#[test]
fn names_and_addresses_of_a_certificate_are_reported() {
    let expected = || ServerName::try_from("gitlab.example.com").unwrap();
    for (presented, message_start) in [
        (vec!["DnsName(\"a.test\")", "IpAddress(10.1.2.3)"], "it is valid for a.test, 10.1.2.3"),
        (vec!["IpAddress(::1)"], "it is valid for ::1"),
        (
            vec!["DnsName(\"127.0.0.1\")"],
            "it is valid for 127.0.0.1 as a name, not as an IP address",
        ),
        (vec!["UniformResourceIdentifier(\"https://a.test\")"], "it has no host"),
        (vec!["Unsupported(0xa0)", "DirectoryName"], "it has no host"),
        (vec![], "it has no host"),
    ] {
        let presented = presented.into_iter().map(str::to_owned).collect();
        let error = CertificateError::NotValidForNameContext { expected: expected(), presented };
        assert!(message(error.clone()).starts_with(message_start), "{error:?}");
    }
}

#[test]
fn hidden_causes_are_reported() {
    let other = |problem| CertificateError::Other(OtherError(Arc::new(problem)));
    assert_eq!(described(other(CertificateProblem::SelfSigned)).0, TlsProblem::UnknownIssuer);
    assert_eq!(described(other(CertificateProblem::Authority)).0, TlsProblem::Authority);
    let short = "an RSA key has 1024 bits, but at least 2048 are required";
    assert_eq!(
        described(other(CertificateProblem::ShortKey(1024))),
        (TlsProblem::Unusable, Some(short.to_owned()))
    );
    assert_eq!(
        described(Error::AlertReceived(AlertDescription::ProtocolVersion)),
        (TlsProblem::OldVersion, None)
    );
}

#[test]
fn alerts_are_recognized_by_their_text() {
    let alert = |alert| Error::AlertReceived(alert).to_string();
    let wanted = alert(AlertDescription::CertificateRequired);
    assert_eq!(
        problem_of_text(&wanted),
        Some((TlsProblem::ClientCertificate, Some(wanted.clone())))
    );
    let other = problem_of_text(&alert(AlertDescription::DecodeError)).unwrap();
    assert_eq!(other.0, TlsProblem::Other);
    assert_eq!(problem_of_text("connection closed"), None);
}
