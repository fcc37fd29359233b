//! [`PeerCertificate`]: the certificate of the client of a connection (RFC 8705).

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

/// The certificate that the client of a connection has proven. [`Server::start_tls`](crate::Server::start_tls) puts it into
/// the extensions of a request; a test without sockets does so itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerCertificate {
    der: Vec<u8>,
    is_trusted: bool,
}

impl PeerCertificate {
    /// A certificate in DER. `is_trusted` is whether its chain ends at the provider's CA.
    #[must_use]
    pub fn new(der: Vec<u8>, is_trusted: bool) -> Self {
        Self { der, is_trusted }
    }

    /// The first certificate of a PEM text; an empty one if there is none.
    #[must_use]
    pub fn from_pem(pem: &str, is_trusted: bool) -> Self {
        let body = pem.split("-----").nth(2).unwrap_or_default();
        let body: String = body.chars().filter(|c| !c.is_ascii_whitespace()).collect();
        Self::new(STANDARD.decode(body).unwrap_or_default(), is_trusted)
    }

    /// The thumbprint (`x5t#S256`, RFC 8705 §3.1).
    #[must_use]
    pub fn thumbprint(&self) -> String {
        URL_SAFE_NO_PAD.encode(digest(&SHA256, &self.der))
    }

    /// Whether it is a certificate of the CA with the subject of `registered` (RFC 8705 §2.1).
    pub(crate) fn has_trusted_subject_of(&self, registered: &Self) -> bool {
        let subject = subject(&self.der);
        self.is_trusted && subject.is_some() && subject == subject_of(registered)
    }

    /// Whether it is the registered certificate itself (RFC 8705 §2.2).
    pub(crate) fn is_same(&self, registered: &Self) -> bool {
        !self.der.is_empty() && self.der == registered.der
    }
}

fn subject_of(certificate: &PeerCertificate) -> Option<&[u8]> {
    subject(&certificate.der)
}

/// The DER of the subject: the sixth member of `TBSCertificate`, after the explicit version (RFC 5280 §4.1).
fn subject(der: &[u8]) -> Option<&[u8]> {
    let (_, content, _) = element(der)?;
    let (_, mut rest, _) = element(content)?;
    for _ in 0..5 {
        rest = element(rest)?.2;
    }
    element(rest).map(|(whole, ..)| whole)
}

/// The first DER element: the whole of it, its content, and what follows.
fn element(der: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let length = usize::from(*der.get(1)?);
    let (start, length) = match length.checked_sub(0x80) {
        None => (2, length),
        Some(bytes @ 1..=3) => {
            let digits = der.get(2..2 + bytes)?;
            (2 + bytes, digits.iter().fold(0, |sum, digit| sum * 256 + usize::from(*digit)))
        }
        Some(_) => return None,
    };
    let end = start.checked_add(length)?;
    Some((der.get(..end)?, der.get(start..end)?, der.get(end..)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certificates::{CLIENT, OTHER, RENEWED, SELF_SIGNED};

    #[test]
    fn subject_and_trust_decide_about_a_certificate() {
        let registered = PeerCertificate::from_pem(CLIENT, true);
        let presented = |pem, is_trusted| PeerCertificate::from_pem(pem, is_trusted);
        assert!(presented(CLIENT, true).has_trusted_subject_of(&registered));
        assert!(presented(RENEWED, true).has_trusted_subject_of(&registered));
        assert!(!presented(OTHER, true).has_trusted_subject_of(&registered));
        assert!(!presented(SELF_SIGNED, false).has_trusted_subject_of(&registered));
        assert!(!presented("", true).has_trusted_subject_of(&presented("", true)));
        assert!(presented(CLIENT, false).is_same(&registered));
        assert!(!presented(RENEWED, true).is_same(&registered));
        assert!(!presented("", true).is_same(&presented("", true)));
        assert_ne!(presented(RENEWED, true).thumbprint(), registered.thumbprint());
    }
}
