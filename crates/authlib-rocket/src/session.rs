//! [`RocketSession`]: the browser's session in Rocket's private cookies.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use authlib_core::adapter::{ChunkLimits, SessionCookie};
use authlib_core::login::{Session, SessionState};
use authlib_core::{OAuth, PENDING_TTL, Result};
use rocket::Request;
use rocket::http::{Cookie, CookieJar, SameSite};
use rocket::time;

/// The most bytes of a chunk in plain text. Encrypted, in base64 and with its slashes escaped it grows by less
/// than half, and with name and attributes it stays below the 4096 bytes that browsers keep (RFC 6265 §6.1).
const MAX_CHUNK: usize = 2700;

/// What the fairing manages: the registry, and the attributes of the session's cookies.
pub(crate) struct OAuthState {
    pub(crate) oauth: OAuth,
    pub(crate) cookie: SessionCookie,
}

/// The chunks of the state in this request: those that the browser sent, with the changes since.
/// `CookieJar::get_pending` would also return cookies that are not encrypted.
#[derive(Default)]
struct Chunks(Mutex<Option<BTreeMap<String, String>>>);

/// The browser's session, for the functions of [`login`](authlib_core::login): a private cookie for each
/// [`CookieChunk`](authlib_core::adapter::CookieChunk). Rocket sends changed cookies with the handler's response,
/// but not with that of a catcher.
#[derive(Clone, Copy)]
pub struct RocketSession<'r> {
    state: &'r OAuthState,
    jar: &'r CookieJar<'r>,
    chunks: &'r Chunks,
}

impl<'r> RocketSession<'r> {
    pub(crate) fn of(state: &'r OAuthState, request: &'r Request<'_>) -> Self {
        Self { state, jar: request.cookies(), chunks: request.local_cache(Chunks::default) }
    }

    /// Sets what the browser is taken to have sent, for tests.
    pub(crate) fn preset(&self, state: &SessionState) -> Result<()> {
        let sent = state.to_chunks(ChunkLimits { one: MAX_CHUNK, all_pending: MAX_CHUNK })?;
        self.chunks(|chunks| {
            for chunk in sent {
                chunks.insert(format!("{}-{}", self.state.cookie.name, chunk.name), chunk.text);
            }
        });
        Ok(())
    }

    /// Reads or changes the chunks, by the names of their cookies.
    fn chunks<T>(&self, change: impl FnOnce(&mut BTreeMap<String, String>) -> T) -> T {
        let mut chunks = self.chunks.0.lock().unwrap_or_else(PoisonError::into_inner);
        change(chunks.get_or_insert_with(|| {
            let ours = self.jar.iter().filter(|cookie| self.chunk(cookie.name()).is_some());
            let ours = ours.filter_map(|cookie| self.jar.get_private(cookie.name()));
            ours.map(|cookie| (cookie.name().to_owned(), cookie.value().to_owned())).collect()
        }))
    }

    /// The chunk's name in a cookie's name.
    fn chunk<'a>(&self, name: &'a str) -> Option<&'a str> {
        name.strip_prefix(&self.state.cookie.name)?.strip_prefix('-')
    }

    fn cookie(&self, name: String, text: String, lifetime: Duration) -> Cookie<'static> {
        Cookie::build((name, text))
            .path(self.state.cookie.path.clone())
            .http_only(true)
            .same_site(SameSite::Lax)
            .secure(self.state.cookie.secure)
            .max_age(time::Duration::try_from(lifetime).unwrap_or(time::Duration::DAY))
            .build()
    }
}

impl Session for RocketSession<'_> {
    async fn load(&self) -> Result<Option<SessionState>> {
        Ok(self.chunks(|chunks| {
            let texts =
                chunks.iter().filter_map(|(name, text)| Some((self.chunk(name)?, text.as_str())));
            (!chunks.is_empty()).then(|| SessionState::from_chunks(texts))
        }))
    }

    async fn save(&self, state: &SessionState) -> Result<()> {
        let new = state.to_chunks(ChunkLimits { one: MAX_CHUNK, all_pending: MAX_CHUNK })?;
        self.chunks(|chunks| {
            let mut old = std::mem::take(chunks);
            for chunk in new {
                let name = format!("{}-{}", self.state.cookie.name, chunk.name);
                // Only what changed: another response may be on its way to the same browser.
                if old.remove(&name).as_ref() != Some(&chunk.text) {
                    let lifetime = self.state.oauth.login_lifetime();
                    let lifetime = if chunk.pending { PENDING_TTL } else { lifetime };
                    self.jar.add_private(self.cookie(name.clone(), chunk.text.clone(), lifetime));
                }
                chunks.insert(name, chunk.text);
            }
            for name in old.into_keys() {
                self.jar.remove_private(self.cookie(name, String::new(), Duration::ZERO));
            }
        });
        Ok(())
    }

    fn max_next(&self) -> usize {
        // A pending login must fit into one cookie.
        MAX_CHUNK / 2
    }

    async fn renew(&self) -> Result<()> {
        // There is no id: a login is an encrypted cookie that is made when the user logs in.
        Ok(())
    }
}

impl fmt::Debug for RocketSession<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RocketSession").finish_non_exhaustive()
    }
}
