//! [`Keyring`]: the keys that encrypt what leaves the process, such as stored tokens and cookies.

use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use crate::config::environment_variable;
use crate::crypto::{self, CryptoError, aead};
use crate::error::{Error, ErrorKind, Result};

/// The environment variable of [`Keyring::from_env`].
pub const KEYS_VARIABLE: &str = "AUTHLIB_KEYS";

const MAX_NAME: usize = 32;

/// A random key has all but surely more different bytes than this; a typed one often has fewer.
const MIN_DIFFERENT_BYTES: usize = 16;

/// The keys that encrypt what leaves the process: tokens in a database, and cookies. Cheap to clone.
///
/// The first key encrypts, all keys decrypt, and each encrypted value names its key. To replace a key:
///
/// 1. add the new key as the **last** one, on all replicas, so that all can decrypt with it;
/// 2. make it the **first** one;
/// 3. remove the old key when nothing that is still needed was encrypted with it
///    ([`is_current`](Self::is_current)).
///
/// Values are encrypted with AES-256-GCM (NIST SP 800-38D), each with a key of its own that HKDF-SHA-256 (RFC 5869)
/// derives from a random salt. So one key can encrypt any number of values.
///
/// ```
/// use authlib_core::Keyring;
///
/// // `openssl rand -base64 32` makes a key; this one is an example.
/// let keys = Keyring::parse("2026:8bB3hLqsLpYfEOm1rpLCGHc8p7gyT0PFsh7I0bqKZ5Q=")?;
/// let sealed = keys.seal(b"where it belongs", b"secret")?;
/// assert_eq!(keys.open(b"where it belongs", &sealed)?, b"secret");
/// assert!(keys.open(b"elsewhere", &sealed).is_err());
/// # Ok::<(), authlib_core::Error>(())
/// ```
#[derive(Clone)]
pub struct Keyring(Arc<[Key]>);

struct Key {
    name: String,
    bytes: Zeroizing<[u8; 32]>,
}

#[derive(Debug, thiserror::Error)]
enum KeyError {
    #[error("there is no key")]
    Empty,
    #[error("entry {0} has no name: each key is `NAME:BASE64`")]
    Unnamed(usize),
    #[error("the name of key {0} must be 1 to 32 letters, digits, `-` or `_`")]
    Name(usize),
    #[error("two keys are named `{0}`")]
    Repeated(String),
    #[error("key `{0}` is not base64")]
    Base64(String),
    #[error("key `{0}` has {1} bytes, and must have 32")]
    Length(String, usize),
    #[error("key `{0}` is not random")]
    Weak(String),
}

impl From<KeyError> for Error {
    fn from(problem: KeyError) -> Self {
        Self::new(ErrorKind::Config, problem)
            .with_hint("`openssl rand -base64 32` generates a key; write it as `NAME:KEY`")
    }
}

/// Why a value can't be decrypted.
#[derive(Debug, thiserror::Error)]
enum OpenError {
    #[error("the value was not encrypted with a key ring")]
    Malformed,
    #[error("the value was encrypted with the key {0:?}, which the key ring does not have")]
    UnknownKey(String),
    #[error(
        "the value can't be decrypted with the key `{0}`: it was changed, belongs to another row, or this is another key with the same name"
    )]
    Rejected(String),
}

impl From<OpenError> for Error {
    fn from(problem: OpenError) -> Self {
        Self::new(ErrorKind::Store, problem)
            .with_hint("keep an old key in the key ring while values that it encrypted are stored")
    }
}

impl Keyring {
    /// The keys of a text: `NAME:BASE64` of 32 bytes, several separated by commas or line ends. Standard base64 and
    /// base64url are accepted, with or without padding.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if there is no key, an entry is malformed, a name is used twice, or a key is plainly not
    /// random. The error shows names only.
    pub fn parse(text: &str) -> Result<Self> {
        let entries = text.split([',', '\n']).map(str::trim).filter(|entry| !entry.is_empty());
        let mut keys: Vec<Key> = Vec::new();
        for (place, entry) in entries.enumerate() {
            let (name, key) = entry.split_once(':').ok_or(KeyError::Unnamed(place + 1))?;
            let key = decode(key.trim()).ok_or_else(|| KeyError::Base64(shown(name)))?;
            keys.push(Key::new(name.trim(), &key, place + 1)?);
        }
        Self::of(keys)
    }

    /// One key of 32 random bytes.
    ///
    /// # Errors
    ///
    /// As [`parse`](Self::parse).
    pub fn new(name: &str, key: &[u8]) -> Result<Self> {
        Self::of(vec![Key::new(name, key, 1)?])
    }

    /// The keys of the environment variable `AUTHLIB_KEYS`, in the form of [`parse`](Self::parse). `None` if it is not set or
    /// is empty.
    ///
    /// # Errors
    ///
    /// As [`parse`](Self::parse).
    pub fn from_env() -> Result<Option<Self>> {
        let text = environment_variable(KEYS_VARIABLE).map(Zeroizing::new);
        let text = text.filter(|text| !text.trim().is_empty());
        text.map(|text| Self::parse(&text)).transpose()
    }

    /// The keys of a file, in the form of [`parse`](Self::parse).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if the file can't be read, and as [`parse`](Self::parse).
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let text = std::fs::read_to_string(path).map(Zeroizing::new).map_err(|cause| {
            Error::new(ErrorKind::Config, format!("key file {}: {cause}", path.display()))
        })?;
        Self::parse(&text)
    }

    /// A random key. What it encrypts is unreadable after the process has ended, and to other replicas, unless the
    /// application keeps [`to_text`](Self::to_text).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Internal`] if the random number generator fails.
    pub fn generate(name: &str) -> Result<Self> {
        let mut bytes = Zeroizing::new([0; 32]);
        crypto::random(bytes.as_mut()).map_err(failed)?;
        Self::new(name, bytes.as_ref())
    }

    /// The keys as text for [`parse`](Self::parse), to be stored as a secret.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::new());
        for key in self.0.iter() {
            let encoded = Zeroizing::new(STANDARD_NO_PAD.encode(key.bytes.as_ref()));
            let separator = if text.is_empty() { "" } else { "," };
            text.extend([separator, &key.name, ":", &encoded]);
        }
        text
    }

    /// Encrypts `plaintext` with the first key, as text of letters, digits, `-`, `_` and one `.`. It can be
    /// decrypted only with the same `context`: a value that says where it belongs, such as its table and owner.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Internal`] if the random number generator fails.
    pub fn seal(&self, context: &[u8], plaintext: &[u8]) -> Result<String> {
        let Some(key) = self.0.first() else { return Err(KeyError::Empty.into()) };
        let sealed = aead::seal(&key.bytes, context, plaintext).map_err(failed)?;
        Ok(format!("{}.{}", key.name, URL_SAFE_NO_PAD.encode(sealed)))
    }

    /// Decrypts what [`seal`](Self::seal) returned for the same `context`, with the key that the value names.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Store`] if the key is not in the ring, or the value was changed, or belongs to another context.
    pub fn open(&self, context: &[u8], sealed: &str) -> Result<Vec<u8>> {
        let (name, text) = sealed.split_once('.').ok_or(OpenError::Malformed)?;
        let key = self.0.iter().find(|key| key.name == name);
        let key = key.ok_or_else(|| OpenError::UnknownKey(shown(name)))?;
        let text = URL_SAFE_NO_PAD.decode(text).map_err(|_| OpenError::Malformed)?;
        let opened = aead::open(&key.bytes, context, &text);
        Ok(opened.map_err(|CryptoError| OpenError::Rejected(key.name.clone()))?)
    }

    /// Whether `sealed` names the first key. If it names another, seal it again before that key is removed.
    #[must_use]
    pub fn is_current(&self, sealed: &str) -> bool {
        let name = sealed.split_once('.').map(|(name, _)| name);
        self.0.first().is_some_and(|key| Some(key.name.as_str()) == name)
    }

    fn of(keys: Vec<Key>) -> Result<Self> {
        for (place, key) in keys.iter().enumerate() {
            if keys.iter().take(place).any(|other| other.name == key.name) {
                return Err(KeyError::Repeated(key.name.clone()).into());
            }
        }
        if keys.is_empty() { Err(KeyError::Empty.into()) } else { Ok(Self(keys.into())) }
    }
}

impl Key {
    fn new(name: &str, key: &[u8], place: usize) -> Result<Self, KeyError> {
        let valid = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if name.is_empty() || name.len() > MAX_NAME || !name.chars().all(valid) {
            return Err(KeyError::Name(place));
        }
        let name = name.to_owned();
        let bytes: &[u8; 32] = match key.try_into() {
            Ok(bytes) => bytes,
            Err(_) => return Err(KeyError::Length(name, key.len())),
        };
        let mut seen = [false; 256];
        for byte in bytes {
            seen.get_mut(usize::from(*byte)).into_iter().for_each(|seen| *seen = true);
        }
        let different = seen.iter().filter(|seen| **seen).count();
        if different < MIN_DIFFERENT_BYTES || bytes.iter().all(|byte| matches!(byte, b' '..=b'~')) {
            return Err(KeyError::Weak(name));
        }
        Ok(Self { name, bytes: Zeroizing::new(*bytes) })
    }
}

fn decode(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let text = text.trim_end_matches('=');
    let decoded = STANDARD_NO_PAD.decode(text).or_else(|_| URL_SAFE_NO_PAD.decode(text));
    decoded.ok().map(Zeroizing::new)
}

/// The start of a name that may be anything.
fn shown(name: &str) -> String {
    name.chars().take(MAX_NAME).collect()
}

fn failed(CryptoError: CryptoError) -> Error {
    Error::new(ErrorKind::Internal, "the value can't be encrypted")
}

// Shows no key.
debug_fields!(Keyring {});

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "one:8bB3hLqsLpYfEOm1rpLCGHc8p7gyT0PFsh7I0bqKZ5Q=";
    const TWO: &str = "two:PbmvT0YiSnUlvIWYx8zBqcqNSMcs5VfbU9LKgTu0pvM";

    #[test]
    fn keys_rotate() {
        let old = Keyring::parse(ONE).unwrap();
        let sealed = old.seal(b"row", b"token").unwrap();
        assert!(sealed.starts_with("one."), "{sealed}");
        let both = Keyring::parse(&format!("{TWO},{ONE}")).unwrap();
        assert_eq!(both.open(b"row", &sealed).unwrap(), b"token");
        assert!(!both.is_current(&sealed) && old.is_current(&sealed));
        let resealed = both.seal(b"row", b"token").unwrap();
        assert!(both.is_current(&resealed));
        let new = Keyring::parse(TWO).unwrap();
        assert_eq!(new.open(b"row", &resealed).unwrap(), b"token");
        let error = new.open(b"row", &sealed).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Store);
        assert!(error.to_string().contains("\"one\""), "{error}");
    }

    #[test]
    fn another_context_key_or_text_does_not_open() {
        let keys = Keyring::parse(ONE).unwrap();
        let sealed = keys.seal(b"alice", b"token").unwrap();
        assert!(keys.open(b"bob", &sealed).is_err());
        let same_name = Keyring::parse(&TWO.replace("two", "one")).unwrap();
        assert!(same_name.open(b"alice", &sealed).is_err());
        let mut cut = sealed;
        cut.pop();
        for text in ["", ".", "one", "one.", "one.!", "one.AAAA", cut.as_str()] {
            let error = keys.open(b"alice", text).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Store, "{text}");
        }
    }

    #[test]
    fn malformed_and_weak_keys_are_refused_without_being_shown() {
        let zeros = "A".repeat(43);
        let typed = STANDARD_NO_PAD.encode("correct horse battery staple 123");
        for (text, word) in [
            (String::new(), "no key"),
            (" , ".to_owned(), "no key"),
            ("8bB3hLqsLpYfEOm1rpLCGHc8p7gyT0PFsh7I0bqKZ5Q=".to_owned(), "no name"),
            (ONE.replace("one", "o ne"), "name of key 1"),
            (ONE.replace("one", ""), "name of key 1"),
            (format!("{ONE},{ONE}"), "two keys"),
            ("one:8bB3hLqs!".to_owned(), "base64"),
            ("one:8bB3hLqs".to_owned(), "6 bytes"),
            (format!("one:{zeros}"), "not random"),
            (format!("one:{typed}"), "not random"),
        ] {
            let error = Keyring::parse(&text).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{text}");
            assert!(error.to_string().contains(word), "{text}: {error}");
            assert!(!format!("{error:?}").contains("8bB3"), "{error:?}");
        }
    }

    #[test]
    fn generated_keys_survive_as_text() {
        let keys = Keyring::generate("new").unwrap();
        let sealed = keys.seal(b"", b"token").unwrap();
        let again = Keyring::parse(&format!("{ONE}\n{}\n", *keys.to_text())).unwrap();
        assert_eq!(again.open(b"", &sealed).unwrap(), b"token");
        assert_eq!(format!("{keys:?}"), "Keyring { .. }");
    }

    #[test]
    fn key_file_is_read() {
        let path = std::env::temp_dir().join(format!("authlib-keys-{}", std::process::id()));
        std::fs::write(&path, format!("{ONE}\n{TWO}\n")).unwrap();
        assert!(Keyring::from_file(&path).is_ok());
        std::fs::remove_file(&path).unwrap();
        let error = Keyring::from_file(&path).unwrap_err();
        assert!(error.to_string().contains("authlib-keys-"), "{error}");
    }
}
