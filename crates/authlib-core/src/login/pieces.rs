//! [`Piece`]: the state in pieces, for sessions that are in the browser itself, in encrypted cookies.

use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::SessionState;
use super::state::{Login, Pending};
use crate::authorization::PendingLogout;
use crate::crypto::sha256;
use crate::error::{Error, ErrorKind, Result};

/// One thing that the state holds, for an encrypted cookie of its own.
///
/// A session in one cookie is written as a whole, and a slow answer would take back what other tabs did
/// meanwhile. In pieces an answer writes what it changed, and nothing else. Encrypt a piece together
/// with its name, so that none can be sent under the name of another.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Piece {
    /// The end of the cookie's name: letters, digits, `-` and `_`.
    pub name: String,
    /// The text to encrypt.
    pub text: String,
    /// Whether it is of a pending login or logout, and of no use after
    /// [`PENDING_TTL`](crate::PENDING_TTL).
    pub pending: bool,
}

const LOGIN: char = 'l';
const PENDING: char = 'p';
const LOGOUT: char = 'o';

impl SessionState {
    /// The pieces, each of at most `most` bytes. The pending logins together are no longer than that
    /// either, for the browser sends all of them with each request: the oldest stay away.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Store`] when the newest pending login is too long by itself.
    pub fn to_pieces(&self, most: usize) -> Result<Vec<Piece>> {
        let mut pieces = Vec::new();
        for login in &self.logins {
            pieces.push(piece(LOGIN, &login.client, login)?);
        }
        for logout in &self.logouts {
            pieces.push(piece(LOGOUT, logout.state.expose(), logout)?);
        }
        let mut left = most;
        for (place, pending) in self.pending.iter().rev().enumerate() {
            let piece = piece(PENDING, pending.state().expose(), pending)?;
            match left.checked_sub(piece.text.len()) {
                Some(rest) => left = rest,
                None if place == 0 => return Err(too_long(most)),
                None => break,
            }
            pieces.push(piece);
        }
        if pieces.iter().any(|piece| piece.text.len() > most) {
            Err(too_long(most))
        } else {
            Ok(pieces)
        }
    }

    /// The state of these pieces, by name and text. What can't be read is left out, and so are logins
    /// that are older than `lifetime`.
    pub fn from_pieces<'a>(
        pieces: impl IntoIterator<Item = (&'a str, &'a str)>,
        now: SystemTime,
        lifetime: Duration,
    ) -> Self {
        let mut state = Self::default();
        for (name, text) in pieces {
            match name.chars().next() {
                Some(LOGIN) => state.logins.extend(read::<Login>(text)),
                Some(LOGOUT) => state.logouts.extend(read::<PendingLogout>(text)),
                Some(PENDING) => state.pending.extend(read::<Pending>(text)),
                _ => {}
            }
        }
        state.logins.retain(|login| {
            let at = SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(login.logged_in_at));
            at.is_some_and(|at| now.duration_since(at).unwrap_or_default() <= lifetime)
        });
        state.logins.sort_by_key(|login| login.logged_in_at);
        state.logouts.sort_by_key(|logout| logout.started_at);
        state.pending.sort_by_key(Pending::started_at);
        state
    }
}

fn piece(kind: char, key: &str, value: &impl Serialize) -> Result<Piece> {
    let text = serde_json::to_string(value).map_err(|cause| Error::new(ErrorKind::Store, cause))?;
    // A state is nobody else's business, and a client's name may be no cookie's name.
    let digest = URL_SAFE_NO_PAD.encode(sha256(key.as_bytes()));
    let name = std::iter::once(kind).chain(digest.chars().take(16)).collect();
    Ok(Piece { name, text, pending: kind != LOGIN })
}

fn read<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_str(text).ok()
}

fn too_long(most: usize) -> Error {
    let check = format!("the session does not fit into cookies of {most} bytes");
    Error::new(ErrorKind::Store, check).with_hint(
        "set a `pending_login_store`: it keeps what goes along with a login, and a cookie only a marker",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::login::state::Marker;
    use crate::secret::Secret;

    const NOW: SystemTime = SystemTime::UNIX_EPOCH;
    const DAY: Duration = Duration::from_secs(86_400);

    fn pending(number: u64) -> Pending {
        let state = Secret::new(format!("state-{number}"));
        Pending::Stored(Marker { client: "op".into(), state, started_at: number })
    }

    fn login(client: &str, logged_in_at: u64) -> Login {
        let client = client.to_owned();
        Login { user: client.clone(), client, issuer: None, sub: None, sid: None, logged_in_at }
    }

    fn again(pieces: &[Piece], now: SystemTime) -> SessionState {
        let pieces = pieces.iter().rev().map(|piece| (piece.name.as_str(), piece.text.as_str()));
        SessionState::from_pieces(pieces, now, DAY)
    }

    #[test]
    fn the_state_comes_back_from_its_pieces_in_its_order() {
        let mut state = SessionState::default();
        for number in 0..3 {
            state.add_pending(pending(number), NOW);
        }
        for (client, at) in [("b", 1), ("a", 2)] {
            state.add_login(login(client, at));
        }
        let logout = PendingLogout { client: "a".into(), state: Secret::new("out"), started_at: 0 };
        state.add_logout(logout, NOW);
        let pieces = state.to_pieces(1000).unwrap();
        assert_eq!(pieces.len(), 6);
        assert_eq!(pieces.iter().filter(|piece| piece.pending).count(), 4);
        for piece in &pieces {
            assert!(piece.name.len() == 17 && !piece.name.contains("state"), "{}", piece.name);
        }
        let back = again(&pieces, NOW);
        assert_eq!(serde_json::to_value(&back).unwrap(), serde_json::to_value(&state).unwrap());
    }

    #[test]
    fn the_oldest_pending_logins_stay_away_and_one_that_does_not_fit_is_an_error() {
        let mut state = SessionState::default();
        for number in 0..3 {
            state.add_pending(pending(number), NOW);
        }
        let one = state.to_pieces(1000).unwrap().first().unwrap().text.len();
        let kept = again(&state.to_pieces(2 * one).unwrap(), NOW);
        assert!(kept.has_pending("state-1") && kept.has_pending("state-2"));
        assert!(!kept.has_pending("state-0"));
        let error = state.to_pieces(one - 1).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Store);
        assert!(error.to_string().contains("pending_login_store"), "{error}");
    }

    #[test]
    fn garbage_and_logins_of_long_ago_are_left_out() {
        let mut state = SessionState::default();
        state.add_login(login("old", 0));
        state.add_login(login("new", 1000));
        let mut pieces = state.to_pieces(1000).unwrap();
        for name in ["l", "p", "o", "x", ""] {
            let text = "garbage".to_owned();
            pieces.push(Piece { name: name.to_owned(), text, pending: false });
        }
        let kept = again(&pieces, NOW + DAY + Duration::from_millis(1));
        assert_eq!(kept.logins(), [login("new", 1000)]);
    }
}
