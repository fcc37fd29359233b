//! [`Protocol`]: the protocol parameters of a request, RFC 5849 §3.1.

use std::fmt;

/// The protocol parameters but for the signature, with their values before any encoding.
#[derive(Clone, Default)]
pub(super) struct Protocol<'a> {
    pub(super) nonce: &'a str,
    pub(super) timestamp: String,
    pub(super) signature_method: &'a str,
    pub(super) consumer_key: &'a str,
    pub(super) token: Option<&'a str>,
    pub(super) callback: Option<&'a str>,
    pub(super) verifier: Option<&'a str>,
    pub(super) body_hash: Option<String>,
}

impl Protocol<'_> {
    /// The parameters in the order in which Authlib sends them.
    pub(super) fn sent(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let pairs = [
            ("oauth_nonce", Some(self.nonce)),
            ("oauth_timestamp", Some(&*self.timestamp)),
            ("oauth_version", Some("1.0")),
            ("oauth_signature_method", Some(self.signature_method)),
            ("oauth_consumer_key", Some(self.consumer_key)),
            ("oauth_token", self.token),
            ("oauth_callback", self.callback),
            ("oauth_verifier", self.verifier),
            ("oauth_body_hash", self.body_hash.as_deref()),
        ];
        pairs.into_iter().filter_map(|(name, value)| Some((name, value?)))
    }

    /// The parameters in the order of their names, as they are signed (RFC 5849 §3.4.1.3.2).
    pub(super) fn sorted(&self) -> impl Iterator<Item = (&str, &str)> + Clone {
        let pairs = [
            ("oauth_body_hash", self.body_hash.as_deref()),
            ("oauth_callback", self.callback),
            ("oauth_consumer_key", Some(self.consumer_key)),
            ("oauth_nonce", Some(self.nonce)),
            ("oauth_signature_method", Some(self.signature_method)),
            ("oauth_timestamp", Some(&*self.timestamp)),
            ("oauth_token", self.token),
            ("oauth_verifier", self.verifier),
            ("oauth_version", Some("1.0")),
        ];
        pairs.into_iter().filter_map(|(name, value)| Some((name, value?)))
    }
}

impl fmt::Debug for Protocol<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.sent().map(|(name, _)| name)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_orders_have_the_same_parameters() {
        let protocol = Protocol {
            nonce: "n",
            timestamp: "7".to_owned(),
            signature_method: "m",
            consumer_key: "k",
            token: Some("t"),
            callback: Some("c"),
            verifier: Some("v"),
            body_hash: Some("h".to_owned()),
        };
        let mut sent: Vec<_> = protocol.sent().collect();
        sent.sort_unstable();
        assert_eq!(protocol.sorted().collect::<Vec<_>>(), sent);
        assert_eq!(sent.len(), 9);
    }
}
