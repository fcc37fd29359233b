//! The browser's session in Rocket's private cookies.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use authlib_core::login::{Session, SessionCookie, SessionState};
use authlib_core::{OAuth, PENDING_TTL, Result};
use rocket::Request;
use rocket::http::{Cookie, CookieJar, SameSite};
use rocket::time;

/// The most bytes of a piece in plain text. Encrypted, in base64 and with its slashes escaped it is less
/// than half as long again, and with name and attributes below the 4096 bytes that browsers keep
/// (RFC 6265 §6.1).
const MAX_PIECE: usize = 2700;

/// What the fairing prepared: the registry, and how the session's cookies are to be.
pub(crate) struct Setup {
    pub(crate) oauth: OAuth,
    pub(crate) cookie: SessionCookie,
    pub(crate) lifetime: Duration,
}

/// The pieces of the state as this request sees them: those that the browser sent, and what was done
/// since. `CookieJar::get_pending` can't tell: it falls back to what is not encrypted.
#[derive(Default)]
struct Pieces(Mutex<Option<BTreeMap<String, String>>>);

/// The port over the cookies of a request, one for each [`Piece`](authlib_core::login::Piece). Rocket
/// sends what was changed along with the answer, but not with one of a catcher.
#[derive(Clone, Copy)]
pub(crate) struct RocketSession<'r> {
    setup: &'r Setup,
    jar: &'r CookieJar<'r>,
    pieces: &'r Pieces,
}

impl<'r> RocketSession<'r> {
    pub(crate) fn of(setup: &'r Setup, request: &'r Request<'_>) -> Self {
        Self { setup, jar: request.cookies(), pieces: request.local_cache(Pieces::default) }
    }

    /// The pieces, by the names of their cookies.
    fn pieces<T>(&self, change: impl FnOnce(&mut BTreeMap<String, String>) -> T) -> T {
        let mut pieces = self.pieces.0.lock().unwrap_or_else(PoisonError::into_inner);
        change(pieces.get_or_insert_with(|| {
            let ours = self.jar.iter().filter(|cookie| self.piece(cookie.name()).is_some());
            let ours = ours.filter_map(|cookie| self.jar.get_private(cookie.name()));
            ours.map(|cookie| (cookie.name().to_owned(), cookie.value().to_owned())).collect()
        }))
    }

    /// The piece's name in a cookie's name.
    fn piece<'a>(&self, name: &'a str) -> Option<&'a str> {
        name.strip_prefix(&self.setup.cookie.name)?.strip_prefix('-')
    }

    fn cookie(&self, name: String, text: String, lifetime: Duration) -> Cookie<'static> {
        Cookie::build((name, text))
            .path("/")
            .http_only(true)
            .same_site(SameSite::Lax)
            .secure(self.setup.cookie.secure)
            .max_age(time::Duration::try_from(lifetime).unwrap_or(time::Duration::DAY))
            .build()
    }
}

impl Session for RocketSession<'_> {
    async fn load(&self) -> Result<Option<SessionState>> {
        Ok(self.pieces(|pieces| {
            let texts =
                pieces.iter().filter_map(|(name, text)| Some((self.piece(name)?, text.as_str())));
            let (now, lifetime) = (self.setup.oauth.now(), self.setup.lifetime);
            (!pieces.is_empty()).then(|| SessionState::from_pieces(texts, now, lifetime))
        }))
    }

    async fn save(&self, state: &SessionState) -> Result<()> {
        let new = state.to_pieces(MAX_PIECE)?;
        self.pieces(|pieces| {
            let mut old = std::mem::take(pieces);
            for piece in new {
                let name = format!("{}-{}", self.setup.cookie.name, piece.name);
                // Only what changed: another answer may be on its way to the same browser.
                if old.remove(&name).as_ref() != Some(&piece.text) {
                    let lifetime = if piece.pending { PENDING_TTL } else { self.setup.lifetime };
                    self.jar.add_private(self.cookie(name.clone(), piece.text.clone(), lifetime));
                }
                pieces.insert(name, piece.text);
            }
            for name in old.into_keys() {
                self.jar.remove_private(self.cookie(name, String::new(), Duration::ZERO));
            }
        });
        Ok(())
    }

    async fn renew(&self) -> Result<()> {
        // There is no id: who is logged in stands in a cookie that is made at the login and encrypted.
        Ok(())
    }
}
