use std::time::Duration;

use rcgen::{
    CertificateParams, ExtendedKeyUsagePurpose, KeyPair, PKCS_ED25519, PKCS_RSA_SHA256,
    PublicKeyData as _,
};
use time::{Date, Month, OffsetDateTime, Time};

use super::*;

/// Returns a certificate that is valid from 2 January of one year to 2 January of another, and its
/// key.
fn valid_between(from: i32, to: i32) -> (CertificateDer<'static>, KeyPair) {
    let day = |year| {
        let date = Date::from_calendar_date(year, Month::January, 2).unwrap();
        OffsetDateTime::new_utc(date, Time::MIDNIGHT)
    };
    let mut params = CertificateParams::new(["gitlab.test".to_owned()]).unwrap();
    (params.not_before, params.not_after) = (day(from), day(to));
    let key = KeyPair::generate().unwrap();
    (params.self_signed(&key).unwrap().der().clone(), key)
}

fn at(seconds: u64) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(seconds))
}

#[test]
fn key_of_a_certificate_is_read() {
    let (certificate, key) = valid_between(2020, 2030);
    let public_key = CertificateFields::parse(&certificate).unwrap().public_key;
    assert_eq!(public_key.as_ref(), key.subject_public_key_info());
}

/// From 2050 on, times have another type in certificates.
#[test]
fn dates_of_both_types_are_read_and_checked() {
    let (certificate, _) = valid_between(2020, 2060);
    let parts = CertificateFields::parse(&certificate).unwrap();
    let (not_before, not_after) = (at(1_577_923_200), at(2_840_227_200));
    for valid in [not_before, at(1_700_000_000), not_after] {
        assert_eq!(parts.check_dates(valid), Ok(()));
    }
    let (early, late) = (at(1_577_923_199), at(2_840_227_201));
    let not_yet = CertificateError::NotValidYetContext { time: early, not_before };
    assert_eq!(parts.check_dates(early), Err(not_yet.into()));
    let expired = CertificateError::ExpiredContext { time: late, not_after };
    assert_eq!(parts.check_dates(late), Err(expired.into()));
}

#[test]
fn other_bytes_are_not_a_certificate() {
    let (certificate, key) = valid_between(2020, 2030);
    for end in 0..certificate.len() {
        assert!(CertificateFields::parse(&certificate[..end].into()).is_none(), "{end}");
    }
    let with_more = [&certificate[..], &[0]].concat();
    assert!(CertificateFields::parse(&with_more.into()).is_none());
    assert!(CertificateFields::parse(&key.serialize_der().into()).is_none());
}

/// Returns the parts of a certificate with a key of that kind and those usages.
fn parts(
    algorithm: &'static rcgen::SignatureAlgorithm,
    usages: Vec<ExtendedKeyUsagePurpose>,
) -> CertificateFields {
    let mut params = CertificateParams::new(["gitlab.test".to_owned()]).unwrap();
    params.extended_key_usages = usages;
    let key = KeyPair::generate_for(algorithm).unwrap();
    CertificateFields::parse(params.self_signed(&key).unwrap().der()).unwrap()
}

#[test]
fn usages_of_a_certificate_are_read() {
    use ExtendedKeyUsagePurpose::{Any, ClientAuth, ServerAuth};
    for (usages, is_for_servers) in [
        (vec![], true),
        (vec![Any], true),
        (vec![ClientAuth, ServerAuth], true),
        (vec![ClientAuth], false),
    ] {
        assert_eq!(
            parts(&PKCS_ED25519, usages.clone()).is_for_servers,
            is_for_servers,
            "{usages:?}"
        );
    }
}

#[test]
fn length_of_rsa_keys_is_read() {
    assert_eq!(parts(&PKCS_RSA_SHA256, vec![]).rsa_bits(), Some(MIN_RSA_KEY));
    assert_eq!(parts(&PKCS_ED25519, vec![]).rsa_bits(), None);
}
