//! [`Kept`]: what a login keeps in the session if its token is not kept (`keep_token`).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Login;
use super::session_state::TokenPlace;
use crate::config::{KeptClaims, no_token_kept};
use crate::error::{Error, ErrorKind, Result};
use crate::oauth2::{Token, UserInfo};

/// The most bytes of JSON. Encrypted, they are 2.8 kB of a cookie; the browser sends it with each request, and proxies
/// limit all cookies to 8 kB.
const MAX_BYTES: usize = 2048;

/// The claims that are always kept: who the user is, and when they authenticated (OpenID Connect Core §2).
const ALWAYS: [&str; 3] = ["iss", "sub", "auth_time"];

/// The claims of the scopes `profile` and `email` (OpenID Connect Core §5.4), those that pages show first.
const DEFAULT: [&str; 16] = [
    "name",
    "preferred_username",
    "email",
    "email_verified",
    "given_name",
    "family_name",
    "nickname",
    "locale",
    "zoneinfo",
    "middle_name",
    "picture",
    "updated_at",
    "profile",
    "website",
    "gender",
    "birthdate",
];

/// What a login keeps of its token.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Kept {
    /// `None` if the provider did not identify the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) claims: Option<UserInfo>,
    /// The scope that was granted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) scope: Option<String>,
}

// The claims are personal data.
debug_fields!(Kept {});

impl Kept {
    /// Chooses from a verified token.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if the claims that must be kept are too large.
    fn of(token: &Token, chosen: &KeptClaims) -> Result<Self> {
        let empty = Map::new();
        let claims = token.claims.as_ref().map_or(&empty, UserInfo::as_map);
        let (required, optional): (Vec<&str>, &[&str]) = match chosen {
            KeptClaims::Default => (ALWAYS.to_vec(), &DEFAULT),
            KeptClaims::Named(names) => {
                (ALWAYS.into_iter().chain(names.iter().map(String::as_str)).collect(), &[])
            }
        };
        let mut kept = Self {
            claims: token.claims.as_ref().map(|_| pick(claims, &required)),
            scope: token.scope.clone(),
        };
        let bytes = kept.bytes();
        if bytes > MAX_BYTES {
            let scope = kept.scope.as_ref().map(|scope| (scope.len(), "scope"));
            let sizes =
                required.iter().filter_map(|name| Some((size(name, claims.get(*name)?), *name)));
            let largest = sizes.chain(scope).max().map_or("", |(_, name)| name);
            let check = format!(
                "the claims to keep are {bytes} bytes, more than {MAX_BYTES}; the largest is `{largest}`"
            );
            return Err(Error::new(ErrorKind::Config, check).with_hint(
                "name fewer claims in `keep_claims`, or keep the token (`keep_token`)",
            ));
        }
        let mut room = MAX_BYTES.saturating_sub(bytes);
        if let Some(kept) = kept.claims.as_mut() {
            for name in optional {
                let Some(value) = claims.get(*name) else { continue };
                match room.checked_sub(size(name, value)) {
                    Some(rest) => {
                        room = rest;
                        kept.insert(name, value.clone());
                    }
                    None => tracing::debug!(claim = name, "claim not kept: it is too large"),
                }
            }
        }
        Ok(kept)
    }

    fn bytes(&self) -> usize {
        serde_json::to_string(self).map_or(usize::MAX, |text| text.len())
    }
}

fn pick(claims: &Map<String, Value>, names: &[&str]) -> UserInfo {
    let picked =
        names.iter().filter_map(|name| Some(((*name).to_owned(), claims.get(*name)?.clone())));
    UserInfo::new(picked.collect())
}

/// The bytes of a claim in an object.
fn size(name: &str, value: &Value) -> usize {
    let punctuation = 4;
    value.to_string().len().saturating_add(name.len()).saturating_add(punctuation)
}

impl Login {
    /// Checks that the login keeps its token.
    pub(crate) fn ensure_token_kept(&self) -> Result<()> {
        match self.place {
            TokenPlace::Nowhere => Err(no_token_kept().with_client(&self.client)),
            TokenPlace::LoginRow | TokenPlace::UserRow => Ok(()),
        }
    }

    /// Keeps the chosen claims in the session, and no token.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if the claims that must be kept are too large.
    pub(crate) fn keep_without_token(&mut self, token: &Token, chosen: &KeptClaims) -> Result<()> {
        self.kept = Some(Box::new(Kept::of(token, chosen)?));
        self.place = TokenPlace::Nowhere;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn token(claims: &Value) -> Token {
        let mut token = Token::bearer("at");
        token.claims = claims.as_object().cloned().map(UserInfo::new);
        token.scope = Some("openid".to_owned());
        token
    }

    fn names(kept: &Kept) -> Vec<String> {
        kept.claims.iter().flat_map(|claims| claims.as_map().keys().cloned()).collect()
    }

    #[test]
    fn named_claims_replace_the_default_ones() {
        let claims = json!({"iss": "i", "sub": "a", "auth_time": 5, "nonce": "n", "name": "A", "groups": ["x"]});
        let token = token(&claims);
        let kept = Kept::of(&token, &KeptClaims::Default).unwrap();
        assert_eq!(names(&kept), ["auth_time", "iss", "name", "sub"]);
        assert_eq!(kept.scope.as_deref(), Some("openid"));
        let kept =
            Kept::of(&token, &KeptClaims::Named(vec!["groups".into(), "none".into()])).unwrap();
        assert_eq!(names(&kept), ["auth_time", "groups", "iss", "sub"]);
    }

    #[test]
    fn default_claims_that_do_not_fit_are_left_out() {
        let picture = "p".repeat(MAX_BYTES);
        let claims = json!({"sub": "a", "picture": picture, "name": "A", "profile": "p", "website": "w".repeat(1900)});
        let kept = Kept::of(&token(&claims), &KeptClaims::Default).unwrap();
        assert_eq!(names(&kept), ["name", "profile", "sub", "website"]);
        assert!(kept.bytes() <= MAX_BYTES);
    }

    #[test]
    fn named_claims_that_do_not_fit_are_an_error() {
        let named = KeptClaims::Named(vec!["email".into(), "groups".into()]);
        let fits = json!({"sub": "a", "email": "e", "groups": "g".repeat(1900)});
        assert!(Kept::of(&token(&fits), &named).is_ok());
        let claims = json!({"sub": "a", "email": "e", "groups": "g".repeat(MAX_BYTES)});
        let error = Kept::of(&token(&claims), &named).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains("the largest is `groups`"), "{error}");
        let mut scope = token(&json!({"sub": "a"}));
        scope.scope = Some("s".repeat(MAX_BYTES));
        assert!(Kept::of(&scope, &KeptClaims::Default).is_err());
    }
}
