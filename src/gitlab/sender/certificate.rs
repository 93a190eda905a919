//! The parts of an X.509 certificate of any version that the TLS library doesn't show.

use tokio_rustls::rustls::pki_types::{CertificateDer, SubjectPublicKeyInfoDer, UnixTime};
use tokio_rustls::rustls::{CertificateError, Error};
use yasna::tags::{TAG_GENERALIZEDTIME, TAG_UTCTIME};
use yasna::{ASN1Error, ASN1ErrorKind, ASN1Result, BERReader, BERReaderSeq, Tag};

/// The parts of a certificate that are needed (RFC 5280, 4.1).
#[derive(Debug)]
pub(super) struct Parts {
    pub(super) public_key: SubjectPublicKeyInfoDer<'static>,
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
    let _version =
        fields.read_optional(|field| field.read_tagged(Tag::context(0), |version| version.read_der()))?;
    let _serial_number = fields.next().read_der()?;
    let _algorithm = fields.next().read_der()?;
    let _issuer = fields.next().read_der()?;
    let (not_before, not_after) = fields.next().read_sequence(|validity| {
        let not_before = time(validity.next())?;
        Ok((not_before, time(validity.next())?))
    })?;
    let _subject = fields.next().read_der()?;
    let public_key = fields.next().read_der()?.into();
    while fields.read_optional(|field| field.read_der())?.is_some() {}
    Ok(Parts { public_key, not_before, not_after })
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
