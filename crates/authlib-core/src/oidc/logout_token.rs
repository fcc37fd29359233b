//! Logout token validation, OpenID Connect Back-Channel Logout 1.0 §2.6, its checks in that order.

use std::time::Duration;

use crate::error::{Error, ErrorKind};
use crate::jose::JwkSet;
use crate::jose::claims::{self, ClaimError};
use crate::oidc::id_token::{self, IdTokenError, Rules};

/// The member of `events` that makes a JWT a logout token.
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// How old a logout token may be: its `jti` is remembered for longer.
const MAX_AGE: Duration = Duration::from_secs(600);

/// A verified logout token (OpenID Connect Back-Channel Logout 1.0 §2.4): whose logins must end.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogoutToken {
    /// The issuer, as in [`Identity::issuer`](crate::login::Identity::issuer).
    pub issuer: String,
    /// The user. Without a [`sid`](Self::sid), all logins of the user end.
    pub sub: Option<String>,
    /// The session at the provider whose logins end.
    pub sid: Option<String>,
    /// The identifier of the token.
    pub(crate) jti: String,
}

/// Why a logout token was rejected.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LogoutTokenError {
    #[error("the logout token fails a check that ID tokens have too (Back-Channel Logout §2.6)")]
    IdToken(#[from] IdTokenError),
    #[error("the logout token's claims are not valid (Back-Channel Logout §2.4)")]
    Claims(#[from] ClaimError),
    #[error("the logout token is older than 10 minutes (Back-Channel Logout §2.6)")]
    TooOld,
    #[error("the logout token has neither `sub` nor `sid` (Back-Channel Logout §2.6 step 4)")]
    NoSubject,
    #[error(
        "the logout token's `events` has no member {EVENT:?} (Back-Channel Logout §2.6 step 5)"
    )]
    NoEvent,
    #[error("the logout token has a `nonce`: it is an ID token (Back-Channel Logout §2.6 step 6)")]
    Nonce,
}

impl LogoutTokenError {
    pub(crate) fn may_be_cured_by_new_keys(&self) -> bool {
        matches!(self, Self::IdToken(cause) if cause.may_be_cured_by_new_keys())
    }
}

impl From<LogoutTokenError> for Error {
    fn from(check: LogoutTokenError) -> Self {
        Self::new(ErrorKind::InvalidIdToken, check)
    }
}

/// Validates a logout token. Of the rules it needs issuer, client, algorithms and time.
pub(crate) fn verify(
    token: &str,
    keys: &JwkSet,
    rules: &Rules<'_>,
) -> Result<LogoutToken, LogoutTokenError> {
    let mut signed = id_token::signed(token, keys, rules)?;
    if let Some(typ) = signed.typ.as_deref() {
        let name = typ.to_ascii_lowercase();
        if !matches!(name.trim_start_matches("application/"), "jwt" | "logout+jwt") {
            return Err(IdTokenError::Type(typ.chars().take(40).collect()).into());
        }
    }
    id_token::issuer(&mut signed.claims, rules)?;
    let claims = signed.claims;
    id_token::audience(&claims, rules)?;
    id_token::authorized_party(&claims, rules)?;
    claims.required_time("exp")?;
    claims::check_times(&claims, rules.now, rules.clock_skew)?;
    let iat = claims.required_time("iat")?;
    if iat.checked_add(MAX_AGE).is_some_and(|latest| latest < rules.now) {
        return Err(LogoutTokenError::TooOld);
    }
    let (sub, sid) = (claims.text("sub")?, claims.text("sid")?);
    let named = |name: Option<&str>| name.filter(|name| !name.is_empty()).map(str::to_owned);
    let (sub, sid) = (named(sub), named(sid));
    if sub.is_none() && sid.is_none() {
        return Err(LogoutTokenError::NoSubject);
    }
    let events = claims.as_map().get("events").and_then(|events| events.as_object());
    if !events.and_then(|events| events.get(EVENT)).is_some_and(serde_json::Value::is_object) {
        return Err(LogoutTokenError::NoEvent);
    }
    if claims.as_map().contains_key("nonce") {
        return Err(LogoutTokenError::Nonce);
    }
    let issuer = claims.required_text("iss")?.to_owned();
    Ok(LogoutToken { issuer, sub, sid, jti: claims.required_text("jti")?.to_owned() })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::crypto::test_keys::Signer;
    use crate::jose::test_tokens::key_set;
    use crate::oauth2::test_responses::changed;
    use crate::oidc::test_rules::{ISSUER, NOW, rules};

    fn claims() -> Value {
        json!({"iss": ISSUER, "sub": "alice", "sid": "s1", "aud": ["client"], "iat": NOW,
            "exp": NOW + 120, "jti": "j1", "events": {EVENT: {}}})
    }

    fn verdict(token: &str) -> &'static str {
        match verify(token, &key_set("k"), &rules()) {
            Ok(_) => "accepted",
            Err(LogoutTokenError::IdToken(IdTokenError::Audience)) => "aud",
            Err(LogoutTokenError::IdToken(IdTokenError::Issuer { .. })) => "iss",
            Err(LogoutTokenError::IdToken(IdTokenError::OtherAudience)) => "other aud",
            Err(LogoutTokenError::IdToken(IdTokenError::Signature(_))) => "signature",
            Err(LogoutTokenError::IdToken(IdTokenError::Type(_))) => "typ",
            Err(LogoutTokenError::IdToken(_)) => "id token",
            Err(LogoutTokenError::Claims(ClaimError::Expired(_))) => "expired",
            Err(LogoutTokenError::Claims(ClaimError::Early(..))) => "early",
            Err(LogoutTokenError::Claims(ClaimError::Missing(_))) => "missing",
            Err(LogoutTokenError::Claims(_)) => "type",
            Err(LogoutTokenError::TooOld) => "too old",
            Err(LogoutTokenError::NoSubject) => "no subject",
            Err(LogoutTokenError::NoEvent) => "no event",
            Err(LogoutTokenError::Nonce) => "nonce",
        }
    }

    #[test]
    fn logout_token_claims_are_checked() {
        for (changes, expected) in [
            (json!({}), "accepted"),
            (json!({"sid": null}), "accepted"),
            (json!({"sub": null}), "accepted"),
            (json!({"sub": null, "sid": null}), "no subject"),
            (json!({"sub": "", "sid": ""}), "no subject"),
            (json!({"sub": 1}), "type"),
            (json!({"sid": ["s1"]}), "type"),
            (json!({"iss": "https://evil.example"}), "iss"),
            (json!({"aud": "other"}), "aud"),
            (json!({"aud": ["client", "other"]}), "other aud"),
            (json!({"aud": ["client", "other"], "azp": "client"}), "accepted"),
            (json!({"exp": null}), "missing"),
            (json!({"exp": NOW - 61}), "expired"),
            (json!({"iat": null}), "missing"),
            (json!({"iat": NOW + 61}), "early"),
            (json!({"iat": NOW - 601, "exp": NOW + 9000}), "too old"),
            (json!({"iat": NOW - 599}), "accepted"),
            (json!({"events": null}), "no event"),
            (json!({"events": {}}), "no event"),
            (json!({"events": [EVENT]}), "no event"),
            (json!({"events": {EVENT: true}}), "no event"),
            (json!({"events": {EVENT: {"a": 1}, "other": {}}}), "accepted"),
            (json!({"nonce": "n"}), "nonce"),
            (json!({"jti": null}), "missing"),
            (json!({"jti": ""}), "missing"),
        ] {
            // `null` removes a claim.
            let mut claims = changed(claims(), &changes);
            claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
            let token = Signer::rsa().token("RS256", &claims);
            assert_eq!(verdict(&token), expected, "{changes}");
        }
    }

    #[test]
    fn logout_token_signature_and_type_are_checked() {
        for (typ, expected) in [
            ("logout+jwt", "accepted"),
            ("application/logout+jwt", "accepted"),
            ("JWT", "accepted"),
            ("at+jwt", "typ"),
            ("", "typ"),
        ] {
            let header = json!({"alg": "RS256", "kid": "k", "typ": typ}).to_string();
            let token = Signer::rsa().token_of(&header, &claims().to_string());
            assert_eq!(verdict(&token), expected, "{typ}");
        }
        assert_eq!(verdict(&Signer::new("RS256").token("RS256", &claims())), "signature");
        assert_eq!(verdict(&Signer::rsa().token("none", &claims())), "signature");
        assert_eq!(verdict("a.b.c.d.e"), "signature");
    }

    #[test]
    fn logout_token_names_user_and_session() {
        let token = Signer::rsa().token("RS256", &claims());
        let verified = verify(&token, &key_set("k"), &rules()).unwrap();
        assert_eq!((verified.issuer.as_str(), verified.jti.as_str()), (ISSUER, "j1"));
        assert_eq!(verified.sub.as_deref(), Some("alice"));
        assert_eq!(verified.sid.as_deref(), Some("s1"));
    }
}
