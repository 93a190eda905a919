//! The parts of an X.509 certificate of any version that the TLS library doesn't show.

use tokio_rustls::rustls::pki_types::{CertificateDer, SubjectPublicKeyInfoDer, UnixTime};
use tokio_rustls::rustls::{CertificateError, Error};
use yasna::tags::{TAG_GENERALIZEDTIME, TAG_UTCTIME};
use yasna::{ASN1Error, ASN1ErrorKind, ASN1Result, BERReader, BERReaderSeq, Tag};

/// The fewest bits of an RSA key that TLS is spoken with.
pub(super) const SHORTEST_RSA_KEY: u64 = 2048;

/// The algorithm of RSA keys (RFC 8017).
const RSA: [u64; 7] = [1, 2, 840, 113_549, 1, 1, 1];

/// The tag of a certificate's extensions.
const EXTENSIONS: u8 = 0xa3;

/// The extension that says what a certificate is for.
const EXTENDED_KEY_USAGE: [u64; 4] = [2, 5, 29, 37];

/// The usages of servers: `serverAuth` and `anyExtendedKeyUsage`.
const SERVERS: [&[u64]; 2] = [&[1, 3, 6, 1, 5, 5, 7, 3, 1], &[2, 5, 29, 37, 0]];

/// The parts of a certificate that are needed (RFC 5280, 4.1).
#[derive(Debug)]
pub(super) struct Parts {
    pub(super) public_key: SubjectPublicKeyInfoDer<'static>,
    /// The issuer has the subject's name.
    pub(super) is_self_issued: bool,
    /// Its extended key usage, if it has one, includes servers.
    pub(super) is_for_servers: bool,
    not_before: i64,
    not_after: i64,
}

impl Parts {
    /// Reads a certificate, whose signature isn't checked. Returns `None` for what isn't one.
    pub(super) fn of(certificate: &CertificateDer<'_>) -> Option<Self> {
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

    /// Returns the number of bits of an RSA key, or `None` if it is of another kind.
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

    /// Checks whether the certificate is valid at that time.
    ///
    /// # Errors
    ///
    /// The same as the TLS library's.
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

fn signed_part(fields: &mut BERReaderSeq<'_, '_>) -> ASN1Result<Parts> {
    // Version 1 leaves out its number, and has nothing after the key.
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
    Ok(Parts {
        public_key,
        is_self_issued: issuer == subject,
        is_for_servers,
        not_before,
        not_after,
    })
}

/// Checks whether the extensions of a certificate let it be a server's.
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

/// Reads a time as seconds since 1970.
fn time(reader: BERReader<'_, '_>) -> ASN1Result<i64> {
    match reader.lookahead_tag()? {
        TAG_UTCTIME => Ok(reader.read_utctime()?.datetime().unix_timestamp()),
        TAG_GENERALIZEDTIME => Ok(reader.read_generalized_time()?.datetime().unix_timestamp()),
        _ => Err(ASN1Error::new(ASN1ErrorKind::Invalid)),
    }
}

#[cfg(test)]
mod tests;
