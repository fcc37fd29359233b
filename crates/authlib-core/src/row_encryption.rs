//! [`RowEncryption`]: tokens and pending logins as the text that a store keeps.

use std::sync::Once;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use crate::crypto::sha256;
use crate::error::{Error, ErrorKind, Result};
use crate::keyring::Keyring;
use crate::oauth2::Token;
use crate::store::{StoredToken, TokenOwner};

/// Tokens and pending logins as the text that a store keeps: encrypted with a [`Keyring`], or in clear text without
/// one. For authors of stores.
///
/// An encrypted text belongs to its row: in the row of another client or user it does not decrypt.
///
/// ```
/// use authlib_core::store::TokenOwner;
/// use authlib_core::{Keyring, RowEncryption, Token};
///
/// let encryption = RowEncryption::new(Some(Keyring::generate("2026")?));
/// let (alice, bob) = (TokenOwner::new("github", "alice"), TokenOwner::new("github", "bob"));
/// let text = encryption.seal_token(&alice, &Token::bearer("secret"))?;
/// assert_eq!(encryption.open_token(&alice, &text)?.access_token.expose(), "secret");
/// assert!(encryption.open_token(&bob, &text).is_err());
/// # Ok::<(), authlib_core::Error>(())
/// ```
#[derive(Clone)]
pub struct RowEncryption(Option<Keyring>);

/// Changes when the plaintext changes its form.
const VERSION: &str = "1";

const TOKEN: &str = "token";
const PENDING_LOGIN: &str = "pending login";
const SESSION: &str = "session";

impl RowEncryption {
    /// Encrypts with `keys`, or not at all; then the first token that is written in clear text is logged.
    #[must_use]
    pub fn new(keys: Option<Keyring>) -> Self {
        Self(keys)
    }

    /// The text of a token.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Internal`] if the random number generator fails.
    pub fn seal_token(&self, owner: &TokenOwner, token: &Token) -> Result<String> {
        let json = serde_json::to_string(&StoredToken::from(token.clone()));
        let json = json.map_err(|error| Error::new(ErrorKind::Internal, error))?;
        if self.0.is_none() {
            log_clear_text();
        }
        self.seal(&[TOKEN, &owner.client, &owner.user], json)
    }

    /// The token of a text that [`seal_token`](Self::seal_token) returned for the same owner.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Store`] if it was encrypted with a key that is missing, was changed, belongs to another owner,
    /// or is in clear text although there are keys ([`reseal_token`](Self::reseal_token) encrypts it).
    pub fn open_token(&self, owner: &TokenOwner, text: &str) -> Result<Token> {
        read_token(&self.open(&[TOKEN, &owner.client, &owner.user], text)?)
    }

    /// The text of a token that is not encrypted with the first key, encrypted with it: after a key was added, and of a
    /// token in clear text. `None` if there is nothing to do.
    ///
    /// # Errors
    ///
    /// As [`open_token`](Self::open_token), except for clear text.
    pub fn reseal_token(&self, owner: &TokenOwner, text: &str) -> Result<Option<String>> {
        let Some(keys) = &self.0 else { return Ok(None) };
        if keys.is_current(text) {
            return Ok(None);
        }
        let token = if is_clear(text) { read_token(text)? } else { self.open_token(owner, text)? };
        self.seal_token(owner, &token).map(Some)
    }

    /// The text of a pending login.
    ///
    /// # Errors
    ///
    /// As [`seal_token`](Self::seal_token).
    pub fn seal_pending_login(&self, key: &str, record: String) -> Result<String> {
        self.seal(&[PENDING_LOGIN, key], record)
    }

    /// The pending login of a text that [`seal_pending_login`](Self::seal_pending_login) returned for the same key.
    ///
    /// # Errors
    ///
    /// As [`open_token`](Self::open_token).
    pub fn open_pending_login(&self, key: &str, text: String) -> Result<String> {
        match &self.0 {
            None => Ok(text),
            Some(_) => self.open(&[PENDING_LOGIN, key], &text).map(|record| record.to_string()),
        }
    }

    /// The text of a browser session, which is stored under [`session_key`](Self::session_key) of its id.
    ///
    /// # Errors
    ///
    /// As [`seal_token`](Self::seal_token).
    pub fn seal_session(&self, key: &str, session: String) -> Result<String> {
        self.seal(&[SESSION, key], session)
    }

    /// The session of a text that [`seal_session`](Self::seal_session) returned for the same key.
    ///
    /// # Errors
    ///
    /// As [`open_token`](Self::open_token).
    pub fn open_session(&self, key: &str, text: String) -> Result<String> {
        match &self.0 {
            None => Ok(text),
            Some(_) => self.open(&[SESSION, key], &text).map(|session| session.to_string()),
        }
    }

    /// SHA-256 of a session's id, as base64url. The id itself is what the browser's cookie has: whoever reads the
    /// database must not be able to use the session.
    #[must_use]
    pub fn session_key(id: &str) -> String {
        URL_SAFE_NO_PAD.encode(sha256(id.as_bytes()))
    }

    /// SHA-256 of a token's access token, as base64url: what [`replace`](crate::store::TokenStore::replace) compares,
    /// without decrypting.
    #[must_use]
    pub fn fingerprint(token: &Token) -> String {
        URL_SAFE_NO_PAD.encode(sha256(token.access_token.expose().as_bytes()))
    }

    fn seal(&self, place: &[&str], plaintext: String) -> Result<String> {
        let Some(keys) = &self.0 else { return Ok(plaintext) };
        keys.seal(&context(place), Zeroizing::new(plaintext).as_bytes())
    }

    fn open(&self, place: &[&str], text: &str) -> Result<Zeroizing<String>> {
        let problem = match &self.0 {
            Some(_) if is_clear(text) => RowProblem::ClearText,
            Some(keys) => {
                let plaintext = String::from_utf8(keys.open(&context(place), text)?);
                return plaintext.map(Zeroizing::new).map_err(|_| RowProblem::Malformed.into());
            }
            None if is_clear(text) => return Ok(Zeroizing::new(text.to_owned())),
            None if looks_sealed(text) => RowProblem::NoKeys,
            None => RowProblem::Malformed,
        };
        Err(problem.into())
    }
}

debug_fields!(RowEncryption {});

#[derive(Debug, thiserror::Error)]
enum RowProblem {
    #[error("the stored value is in clear text, and the store has keys")]
    ClearText,
    #[error("the stored value can't be read")]
    Malformed,
    #[error("the stored value is encrypted, and the store has no keys")]
    NoKeys,
}

impl From<RowProblem> for Error {
    fn from(problem: RowProblem) -> Self {
        let hint = match problem {
            RowProblem::ClearText => {
                "call `reseal` of the store once, to encrypt what was stored before"
            }
            RowProblem::Malformed => "it was changed outside of this library",
            RowProblem::NoKeys => "set `AUTHLIB_KEYS`, and pass the key ring to the store",
        };
        Self::new(ErrorKind::Store, problem).with_hint(hint)
    }
}

/// Where a value belongs. With the lengths, two different places are never the same text.
fn context(place: &[&str]) -> Vec<u8> {
    let parts = place.iter().map(|part| format!("{} {part} ", part.len()));
    format!("authlib {VERSION} {}", parts.collect::<String>()).into_bytes()
}

/// Clear text is a JSON object, and no encrypted text begins with a brace.
fn is_clear(text: &str) -> bool {
    text.starts_with('{')
}

/// Whether the text has the form of [`Keyring::seal`].
fn looks_sealed(text: &str) -> bool {
    text.split_once('.').is_some_and(|(name, rest)| !name.is_empty() && !rest.is_empty())
}

fn read_token(json: &str) -> Result<Token> {
    // The error of the parser would show parts of the token.
    let stored = serde_json::from_str::<StoredToken>(json).map_err(|_| RowProblem::Malformed)?;
    Ok(stored.into())
}

fn log_clear_text() {
    static LOGGED: Once = Once::new();
    LOGGED.call_once(|| {
        tracing::warn!("tokens are stored in clear text; set `AUTHLIB_KEYS` to encrypt them");
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(name: &str) -> Keyring {
        Keyring::generate(name).unwrap()
    }

    fn both(first: &Keyring, second: &Keyring) -> Keyring {
        Keyring::parse(&format!("{},{}", *first.to_text(), *second.to_text())).unwrap()
    }

    #[test]
    fn text_opens_only_in_its_row() {
        let encryption = RowEncryption::new(Some(keys("k")));
        let owner = TokenOwner::new("c", "u");
        let text = encryption.seal_token(&owner, &Token::bearer("at")).unwrap();
        assert!(!text.contains("at\""), "{text}");
        for (client, user) in [("c", "U"), ("C", "u"), ("c", "u "), ("c u", ""), ("", "c u")] {
            let error = encryption.open_token(&TokenOwner::new(client, user), &text).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Store, "{client} {user}");
        }
        assert!(encryption.open_pending_login("u", text.clone()).is_err());
        let record = encryption.seal_pending_login("1", "{}".to_owned()).unwrap();
        assert_eq!(encryption.open_pending_login("1", record.clone()).unwrap(), "{}");
        assert!(encryption.open_pending_login("2", record.clone()).is_err());
        assert!(encryption.open_session("1", record).is_err());
        let session = encryption.seal_session("1", "{}".to_owned()).unwrap();
        assert_eq!(encryption.open_session("1", session.clone()).unwrap(), "{}");
        assert!(encryption.open_session("2", session).is_err());
    }

    #[test]
    fn old_key_and_clear_text_are_resealed() {
        let (old, new) = (keys("old"), keys("new"));
        let owner = TokenOwner::new("c", "u");
        let clear = RowEncryption::new(None);
        let rotated = RowEncryption::new(Some(both(&new, &old)));
        for before in [clear.clone(), RowEncryption::new(Some(old.clone()))] {
            let text = before.seal_token(&owner, &Token::bearer("at")).unwrap();
            assert_eq!(before.reseal_token(&owner, &text).unwrap(), None);
            let resealed = rotated.reseal_token(&owner, &text).unwrap().unwrap();
            assert_eq!(rotated.reseal_token(&owner, &resealed).unwrap(), None);
            let after = RowEncryption::new(Some(new.clone()));
            let token = after.open_token(&owner, &resealed).unwrap();
            assert_eq!(token.access_token.expose(), "at");
        }
    }

    #[test]
    fn unreadable_text_is_an_error_without_its_content() {
        let owner = TokenOwner::new("c", "u");
        let (clear, sealed) = (RowEncryption::new(None), RowEncryption::new(Some(keys("k"))));
        let json = clear.seal_token(&owner, &Token::bearer("secret")).unwrap();
        let text = sealed.seal_token(&owner, &Token::bearer("secret")).unwrap();
        let cut = |text: &str, by: usize| text.chars().take(text.len() - by).collect::<String>();
        let (cut_json, cut_text) = (cut(&json, 1), cut(&text, 1));
        for (encryption, text, word) in [
            (&sealed, json.as_str(), "clear text"),
            (&sealed, cut_text.as_str(), ""),
            (&sealed, "k.abcdef", ""),
            (&sealed, "", ""),
            (&clear, text.as_str(), "no keys"),
            (&clear, cut_json.as_str(), "can't be read"),
            (&clear, r#"{"access_token":["secret"]}"#, "can't be read"),
            (&clear, "", "can't be read"),
        ] {
            let error = encryption.open_token(&owner, text).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Store);
            assert!(error.to_string().contains(word), "{error}");
            assert!(!format!("{error:?} {}", error.report()).contains("secret"), "{error:?}");
        }
    }
}
