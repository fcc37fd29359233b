//! [`CookieChunk`]: the session state in chunks, for sessions in encrypted cookies.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::authorization::PendingLogout;
use crate::crypto::sha256;
use crate::error::{Error, ErrorKind, Result};
use crate::login::{Login, Pending, SessionState};

/// One entry of the session state, for an encrypted cookie of its own.
///
/// A session in a single cookie is overwritten as a whole, so a slow response would undo what other tabs
/// did in the meantime. In chunks a response sends only what it changed. Encrypt a chunk together with its
/// name, so that it can't be sent under the name of another.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CookieChunk {
    /// The end of the cookie's name: letters, digits, `-` and `_`.
    pub name: String,
    /// The text to encrypt.
    pub text: String,
    /// Whether it belongs to a pending login or logout, and expires after
    /// [`PENDING_TTL`](crate::PENDING_TTL).
    pub pending: bool,
}

/// How many bytes of text [`SessionState::to_chunks`] makes at most.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "framework crates make it")]
pub struct ChunkLimits {
    /// Of one chunk.
    pub one: usize,
    /// Of all pending logins together, because the browser sends them with each request. The newest is kept even if it
    /// is longer.
    pub all_pending: usize,
}

const LOGIN: char = 'l';
const PENDING: char = 'p';
const LOGOUT: char = 'o';

impl CookieChunk {
    pub(super) fn of(name: String, text: String) -> Self {
        let pending = !name.starts_with(LOGIN);
        Self { name, text, pending }
    }
}

/// The name of the oldest pending login.
pub(super) fn oldest_pending<'a>(
    chunks: impl IntoIterator<Item = &'a CookieChunk>,
) -> Option<String> {
    let pending = chunks.into_iter().filter(|chunk| chunk.name.starts_with(PENDING));
    let oldest = pending.min_by_key(|chunk| {
        let started = read::<Pending>(&chunk.text).map(|pending| pending.started_at());
        (started, chunk.name.as_str())
    });
    oldest.map(|chunk| chunk.name.clone())
}

impl SessionState {
    /// The state as chunks. The oldest pending logins are dropped if they exceed the limit for all.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Store`] if a chunk is longer than the limit for one.
    pub fn to_chunks(&self, limits: ChunkLimits) -> Result<Vec<CookieChunk>> {
        let mut chunks = Vec::new();
        for login in &self.logins {
            chunks.push(chunk(LOGIN, &login.client, login)?);
        }
        for logout in &self.logouts {
            chunks.push(chunk(LOGOUT, logout.state.expose(), logout)?);
        }
        let mut left = limits.all_pending;
        for (place, pending) in self.pending.iter().rev().enumerate() {
            let chunk = chunk(PENDING, pending.state().expose(), pending)?;
            match left.checked_sub(chunk.text.len()) {
                Some(rest) => left = rest,
                None if place == 0 => left = 0,
                None => break,
            }
            chunks.push(chunk);
        }
        if chunks.iter().any(|chunk| chunk.text.len() > limits.one) {
            Err(too_long(limits.one))
        } else {
            Ok(chunks)
        }
    }

    /// The state of these chunks, given by name and text. Unreadable chunks are ignored.
    pub fn from_chunks<'a>(chunks: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut state = Self::default();
        for (name, text) in chunks {
            match name.chars().next() {
                Some(LOGIN) => state.logins.extend(read::<Login>(text)),
                Some(LOGOUT) => state.logouts.extend(read::<PendingLogout>(text)),
                Some(PENDING) => state.pending.extend(read::<Pending>(text)),
                _ => {}
            }
        }
        state.logins.sort_by_key(|login| login.logged_in_at);
        state.logouts.sort_by_key(|logout| logout.started_at);
        state.pending.sort_by_key(Pending::started_at);
        state
    }
}

fn chunk(kind: char, key: &str, value: &impl Serialize) -> Result<CookieChunk> {
    let text = serde_json::to_string(value).map_err(|cause| Error::new(ErrorKind::Store, cause))?;
    // A hash: the `state` is a secret, and a client's name may not be a valid cookie name.
    let digest = URL_SAFE_NO_PAD.encode(sha256(key.as_bytes()));
    let name = std::iter::once(kind).chain(digest.chars().take(16)).collect();
    Ok(CookieChunk::of(name, text))
}

fn read<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_str(text).ok()
}

fn too_long(most: usize) -> Error {
    let check = format!("the pending login does not fit into a cookie of {most} bytes");
    Error::new(ErrorKind::Store, check)
        .with_hint("set a `pending_login_store`: the cookie then contains a reference only")
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;
    use crate::login::PendingRef;
    use crate::secret::Secret;

    fn limits(most: usize) -> ChunkLimits {
        ChunkLimits { one: most, all_pending: most }
    }

    const NOW: SystemTime = SystemTime::UNIX_EPOCH;

    fn pending(number: u64) -> Pending {
        let state = Secret::new(format!("state-{number}"));
        Pending::Stored(PendingRef { client: "op".into(), state, started_at: number })
    }

    fn login(client: &str, logged_in_at: u64) -> Login {
        let client = client.to_owned();
        Login { user: client.clone(), client, logged_in_at, ..Login::default() }
    }

    fn again(chunks: &[CookieChunk]) -> SessionState {
        let chunks = chunks.iter().rev().map(|chunk| (chunk.name.as_str(), chunk.text.as_str()));
        SessionState::from_chunks(chunks)
    }

    #[test]
    fn state_is_restored_from_chunks_in_order() {
        let mut state = SessionState::default();
        for number in 0..3 {
            state.add_pending(pending(number), NOW);
        }
        for (client, at) in [("b", 1), ("a", 2)] {
            state.add_login(login(client, at));
        }
        let logout = PendingLogout {
            client: "a".into(),
            state: Secret::new("out"),
            started_at: 0,
            next: None,
            data: None,
        };
        state.add_logout(logout, NOW);
        let chunks = state.to_chunks(limits(1000)).unwrap();
        assert_eq!(chunks.len(), 6);
        assert_eq!(chunks.iter().filter(|chunk| chunk.pending).count(), 4);
        for chunk in &chunks {
            assert!(chunk.name.len() == 17 && !chunk.name.contains("state"), "{}", chunk.name);
        }
        let back = again(&chunks);
        assert_eq!(serde_json::to_value(&back).unwrap(), serde_json::to_value(&state).unwrap());
    }

    #[test]
    fn oldest_pending_logins_are_dropped_and_an_oversized_one_fails() {
        let mut state = SessionState::default();
        for number in 0..3 {
            state.add_pending(pending(number), NOW);
        }
        let one = state.to_chunks(limits(1000)).unwrap().first().unwrap().text.len();
        let kept = again(&state.to_chunks(limits(2 * one)).unwrap());
        assert!(kept.has_pending("state-1") && kept.has_pending("state-2"));
        assert!(!kept.has_pending("state-0"));
        let error = state.to_chunks(limits(one - 1)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Store);
        assert!(error.to_string().contains("pending_login_store"), "{error}");
    }

    #[test]
    fn garbage_is_ignored() {
        let mut state = SessionState::default();
        state.add_login(login("new", 1000));
        let mut chunks = state.to_chunks(limits(1000)).unwrap();
        for name in ["l", "p", "o", "x", ""] {
            let text = "garbage".to_owned();
            chunks.push(CookieChunk { name: name.to_owned(), text, pending: false });
        }
        let kept = again(&chunks);
        assert_eq!(kept.logins(), [login("new", 1000)]);
    }
}
