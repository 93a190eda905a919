//! The fields of X.509 certificates that the TLS library doesn't expose.

use tokio_rustls::rustls::pki_types::{CertificateDer, SubjectPublicKeyInfoDer, UnixTime};
use tokio_rustls::rustls::{CertificateError, Error};
use yasna::tags::{TAG_GENERALIZEDTIME, TAG_UTCTIME};
use yasna::{ASN1Error, ASN1ErrorKind, ASN1Result, BERReader, BERReaderSeq, Tag};

/// Minimum number of bits of an RSA key.
pub(super) const MIN_RSA_KEY: u64 = 2048;

/// The object identifier of RSA keys (RFC 8017).
const RSA: [u64; 7] = [1, 2, 840, 113_549, 1, 1, 1];

/// The tag of the extensions.
const EXTENSIONS: u8 = 0xa3;

/// The object identifier of the extended key usage.
const EXTENDED_KEY_USAGE: [u64; 4] = [2, 5, 29, 37];

/// The extended key usages of servers: `serverAuth` and `anyExtendedKeyUsage`.
const SERVERS: [&[u64]; 2] = [&[1, 3, 6, 1, 5, 5, 7, 3, 1], &[2, 5, 29, 37, 0]];

/// The fields of a certificate (RFC 5280, 4.1) that the client uses.
#[derive(Debug)]
pub(super) struct CertificateFields {
    pub(super) public_key: SubjectPublicKeyInfoDer<'static>,
    /// Whether issuer and subject have the same name.
    pub(super) is_self_issued: bool,
    /// Whether the extended key usage, if there is one, includes servers.
    pub(super) is_for_servers: bool,
    not_before: i64,
    not_after: i64,
}

impl CertificateFields {
    /// Parses a certificate without verifying its signature. Returns `None` if it isn't one.
    pub(super) fn parse(certificate: &CertificateDer<'_>) -> Option<Self> {
        let read = |reader: BERReader<'_, '_>| {
            reader.read_sequence(|parts| {
                let read = parts.next().read_sequence(signed_part)?;
                let _algorithm = parts.next().read_der()?;
                let _signature = parts.next().read_der()?;
                Ok(read)
            })
        };
        yasna::parse_der(certificate, read).ok()
    }

    /// Returns the number of bits of an RSA key, or `None` for other keys.
    pub(super) fn rsa_bits(&self) -> Option<u64> {
        let modulus = |key: BERReader<'_, '_>| {
            key.read_sequence(|numbers| {
                let (modulus, _) = numbers.next().read_bigint_bytes()?;
                let _exponent = numbers.next().read_der()?;
                Ok(modulus)
            })
        };
        let key = |key: BERReader<'_, '_>| {
            key.read_sequence(|parts| {
                let is_rsa = parts.next().read_sequence(|algorithm| {
                    let is_rsa = algorithm.next().read_oid()?.components()[..] == RSA;
                    while algorithm.read_optional(|parameter| parameter.read_der())?.is_some() {}
                    Ok(is_rsa)
                })?;
                let (bits, _) = parts.next().read_bitvec_bytes()?;
                Ok(is_rsa.then_some(bits))
            })
        };
        let modulus =
            yasna::parse_der(&yasna::parse_der(&self.public_key, key).ok()??, modulus).ok()?;
        let mut digits = modulus.iter().skip_while(|byte| **byte == 0);
        let first = u64::from(8 - digits.next()?.leading_zeros());
        Some(first + 8 * digits.count() as u64)
    }

    /// Returns whether the certificate is valid at `now`.
    ///
    /// # Errors
    ///
    /// Returns the errors of the TLS library.
    pub(super) fn check_dates(&self, now: UnixTime) -> Result<(), Error> {
        let at = |seconds: i64| {
            let since_epoch = u64::try_from(seconds).unwrap_or_default();
            UnixTime::since_unix_epoch(std::time::Duration::from_secs(since_epoch))
        };
        let (not_before, not_after) = (at(self.not_before), at(self.not_after));
        if now < not_before {
            return Err(CertificateError::NotValidYetContext { time: now, not_before }.into());
        }
        if now > not_after {
            return Err(CertificateError::ExpiredContext { time: now, not_after }.into());
        }
        Ok(())
    }
}

fn signed_part(fields: &mut BERReaderSeq<'_, '_>) -> ASN1Result<CertificateFields> {
    // Version 1 omits its number, and has no fields after the key.
    let _version = fields
        .read_optional(|field| field.read_tagged(Tag::context(0), |version| version.read_der()))?;
    let _serial_number = fields.next().read_der()?;
    let _algorithm = fields.next().read_der()?;
    let issuer = fields.next().read_der()?;
    let (not_before, not_after) = fields.next().read_sequence(|validity| {
        let not_before = time(validity.next())?;
        Ok((not_before, time(validity.next())?))
    })?;
    let subject = fields.next().read_der()?;
    let public_key = fields.next().read_der()?.into();
    let mut is_for_servers = true;
    while let Some(field) = fields.read_optional(|field| field.read_der())? {
        if field.first() == Some(&EXTENSIONS) {
            is_for_servers = yasna::parse_der(&field, are_for_servers)?;
        }
    }
    Ok(CertificateFields {
        public_key,
        is_self_issued: issuer == subject,
        is_for_servers,
        not_before,
        not_after,
    })
}

/// Returns whether the extensions allow the certificate for servers.
fn are_for_servers(extensions: BERReader<'_, '_>) -> ASN1Result<bool> {
    let mut is_for_servers = true;
    extensions.read_tagged(Tag::context(3), |list| {
        list.read_sequence_of(|extension| {
            extension.read_sequence(|parts| {
                let is_usage = parts.next().read_oid()?.components()[..] == EXTENDED_KEY_USAGE;
                let _is_critical = parts.read_optional(|field| field.read_bool())?;
                let value = parts.next().read_bytes()?;
                if is_usage {
                    let usages = yasna::parse_der(&value, |usages| {
                        usages.collect_sequence_of(|one| one.read_oid())
                    })?;
                    is_for_servers = usages.iter().any(|usage| {
                        SERVERS.iter().any(|server| usage.components()[..] == **server)
                    });
                }
                Ok(())
            })
        })
    })?;
    Ok(is_for_servers)
}

/// Parses a time as a Unix timestamp.
fn time(reader: BERReader<'_, '_>) -> ASN1Result<i64> {
    match reader.lookahead_tag()? {
        TAG_UTCTIME => Ok(reader.read_utctime()?.datetime().unix_timestamp()),
        TAG_GENERALIZEDTIME => Ok(reader.read_generalized_time()?.datetime().unix_timestamp()),
        _ => Err(ASN1Error::new(ASN1ErrorKind::Invalid)),
    }
}

#[cfg(test)]
mod tests;
