//! [`SealedCookies`]: the encrypted cookies of an application, and [`CookieSession`], those of one request.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::HeaderValue;

use super::SessionCookie;
use super::cookie_chunks::{ChunkLimits, CookieChunk, oldest_pending};
use crate::authorization::PENDING_TTL;
use crate::error::{Error, ErrorKind, Result};
use crate::keyring::Keyring;
use crate::login::{Session, SessionState};
use crate::registry::OAuth;

/// The most bytes of a cookie's value. With its name and attributes it stays below the 4096 bytes that browsers
/// keep (RFC 6265 §6.1); a longer value is split into several cookies.
const MAX_VALUE: usize = 3700;

/// The most cookies into which a value is split.
const MAX_PARTS: usize = 4;

/// The most cookies that are read from a request.
const MAX_COOKIES: usize = 64;

/// A pending login with the longest `next` fits into [`MAX_PARTS`] cookies. Proxies limit the header with all
/// cookies to 8 kB, so that older pending logins have less room.
const LIMITS: ChunkLimits = ChunkLimits { one: 8000, all_pending: 2700 };

/// The encrypted cookies of an application: one for each pending login and logout, and also for each login if the
/// application has no session store. They are encrypted with the registry's [`Keyring`]. Cheap to clone.
///
/// A session middleware makes a [`CookieSession`] of each request, and adds its
/// [`set_cookies`](CookieSession::set_cookies) to the response, those of errors included.
#[derive(Clone)]
pub struct SealedCookies {
    oauth: OAuth,
    keyring: Keyring,
    cookie: Arc<SessionCookie>,
    with_logins: bool,
}

impl SealedCookies {
    /// For an application with a session store, which has the logins. The cookies have what is pending, so that a
    /// request of a browser that is not logged in stores nothing on the server.
    #[must_use]
    pub fn for_pending(oauth: &OAuth) -> Self {
        Self::of(oauth, false)
    }

    /// For an application without a session store: the cookies are the whole session.
    #[must_use]
    pub fn for_sessions(oauth: &OAuth) -> Self {
        Self::of(oauth, true)
    }

    fn of(oauth: &OAuth, with_logins: bool) -> Self {
        let cookie = Arc::new(SessionCookie::of(oauth));
        if cookie.secure && !oauth.has_keys() {
            tracing::warn!(
                with_logins,
                "no keys: the cookies of logins are encrypted with a key of this process only, and are lost with it; \
                 set `AUTHLIB_KEYS`, or call `keyring` on the builder"
            );
        }
        Self { oauth: oauth.clone(), keyring: oauth.keyring().clone(), cookie, with_logins }
    }

    /// The registry.
    #[must_use]
    pub fn oauth(&self) -> &OAuth {
        &self.oauth
    }

    /// The session of a request with these `Cookie` headers.
    pub fn of_request<'a>(&self, headers: impl IntoIterator<Item = &'a str>) -> CookieSession {
        let pairs = headers.into_iter().flat_map(|header| header.split(';'));
        let ours = pairs.filter_map(|pair| {
            let (name, value) = pair.trim().split_once('=')?;
            let chunk = name.strip_prefix(&self.cookie.name)?.strip_prefix('-')?;
            Some((chunk.to_owned(), value.to_owned()))
        });
        let cookies = Cookies { sent: ours.take(MAX_COOKIES).collect(), ..Cookies::default() };
        let app = self.clone();
        CookieSession { app, cookies: Arc::new(Mutex::new(cookies)) }
    }

    /// What a chunk is encrypted for: it can't be sent under the name of another.
    fn context(&self, chunk: &str) -> Vec<u8> {
        format!("cookie {}-{chunk}", self.cookie.name).into_bytes()
    }

    fn open(&self, chunk: &str, value: &str) -> Option<String> {
        let opened = self.keyring.open(&self.context(chunk), value);
        let opened = opened.inspect_err(|error| {
            tracing::debug!(cookie = chunk, error = %error.report(), "cookie can't be decrypted");
        });
        String::from_utf8(opened.ok()?).ok()
    }

    fn header(&self, name: &str, value: &str, lifetime: Duration) -> Result<HeaderValue> {
        let SessionCookie { name: base, path, secure } = self.cookie.as_ref();
        let secure = if *secure { "; Secure" } else { "" };
        let seconds = lifetime.as_secs();
        let header = format!(
            "{base}-{name}={value}; HttpOnly; SameSite=Lax; Path={path}{secure}; Max-Age={seconds}"
        );
        HeaderValue::try_from(header).map_err(|cause| Error::new(ErrorKind::Internal, cause))
    }
}

/// The session of one request in encrypted cookies. All clones are the same session.
///
/// Each entry of the session is a cookie of its own, so requests of several tabs don't overwrite each other.
#[derive(Clone)]
pub struct CookieSession {
    app: SealedCookies,
    cookies: Arc<Mutex<Cookies>>,
}

/// Cookies by the end of their name.
#[derive(Default)]
struct Cookies {
    /// What the browser sent.
    sent: BTreeMap<String, String>,
    /// The decrypted chunks, with the changes since; `None` until they are needed.
    chunks: Option<BTreeMap<String, CookieChunk>>,
    /// The names of the chunks that this request added, changed or removed.
    changed: Vec<String>,
    /// The name of the oldest pending login that the browser sent.
    oldest_pending: Option<String>,
}

impl CookieSession {
    /// The values of the `Set-Cookie` headers for what this request changed.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Internal`](crate::ErrorKind::Internal) if the random number generator fails.
    pub fn set_cookies(&self) -> Result<Vec<HeaderValue>> {
        let mut cookies = self.cookies();
        let changed = std::mem::take(&mut cookies.changed);
        let (app, mut headers) = (&self.app, Vec::new());
        for name in changed {
            let chunk = cookies.chunks.as_ref().and_then(|chunks| chunks.get(&name));
            let sealed = match chunk {
                Some(chunk) => app.keyring.seal(&app.context(&name), chunk.text.as_bytes())?,
                None => String::new(),
            };
            let pending = chunk.is_some_and(|chunk| chunk.pending);
            let lifetime = if pending { PENDING_TTL } else { app.oauth.login_lifetime() };
            let mut rest = sealed.as_str();
            for part in (0..MAX_PARTS).map(|part| part_name(&name, part)) {
                let (value, after) = rest.split_at_checked(MAX_VALUE).unwrap_or((rest, ""));
                rest = after;
                if !value.is_empty() {
                    headers.push(app.header(&part, value, lifetime)?);
                    cookies.sent.insert(part, value.to_owned());
                } else if cookies.sent.remove(&part).is_some() {
                    headers.push(app.header(&part, "", Duration::ZERO)?);
                }
            }
        }
        Ok(headers)
    }

    /// Whether the cookies have the logins too: the application has no session store.
    #[must_use]
    pub fn is_whole_session(&self) -> bool {
        self.app.with_logins
    }

    /// The oldest pending login that the browser sent, by the name of its cookie. Callbacks of one browser take turns
    /// by it while there is no session.
    pub(super) fn oldest_pending(&self) -> Option<String> {
        self.cookies().oldest_pending.clone()
    }

    fn cookies(&self) -> MutexGuard<'_, Cookies> {
        let mut cookies = self.cookies.lock().unwrap_or_else(PoisonError::into_inner);
        if cookies.chunks.is_none() {
            let names = cookies.sent.keys().filter(|name| !name.contains('.'));
            let chunks = names.filter_map(|name| {
                let parts =
                    (0..MAX_PARTS).map_while(|part| cookies.sent.get(&part_name(name, part)));
                let value: String = parts.map(String::as_str).collect();
                let text = self.app.open(name, &value)?;
                Some((name.clone(), CookieChunk::of(name.clone(), text)))
            });
            let chunks: BTreeMap<_, _> = chunks.collect();
            cookies.oldest_pending = oldest_pending(chunks.values());
            cookies.chunks = Some(chunks);
        }
        cookies
    }
}

impl Session for CookieSession {
    async fn load(&self) -> Result<Option<SessionState>> {
        let cookies = self.cookies();
        let chunks = cookies.chunks.iter().flatten();
        let texts: Vec<_> =
            chunks.map(|(name, chunk)| (name.as_str(), chunk.text.as_str())).collect();
        if texts.is_empty() {
            return Ok(None);
        }
        let mut state = SessionState::from_chunks(texts);
        if !self.app.with_logins {
            state.logins.clear();
        }
        Ok(Some(state))
    }

    async fn save(&self, state: &SessionState) -> Result<()> {
        let mut new = state.to_chunks(LIMITS)?;
        new.retain(|chunk| chunk.pending || self.app.with_logins);
        let new: BTreeMap<_, _> =
            new.into_iter().map(|chunk| (chunk.name.clone(), chunk)).collect();
        let mut cookies = self.cookies();
        let old = cookies.chunks.replace(new).unwrap_or_default();
        let Cookies { chunks, changed, .. } = &mut *cookies;
        let new = chunks.get_or_insert_default();
        // Only what changed is sent: another response may be on its way to the same browser.
        let all = new.keys().chain(old.keys().filter(|name| !new.contains_key(*name)));
        for name in all.filter(|name| new.get(*name) != old.get(*name)) {
            if !changed.contains(name) {
                changed.push(name.clone());
            }
        }
        Ok(())
    }

    async fn renew(&self) -> Result<()> {
        // There is no id: a login is an encrypted cookie that is made when the user logs in.
        Ok(())
    }
}

/// The name of a part of a chunk's value. Names of chunks have no `.`.
fn part_name(chunk: &str, part: usize) -> String {
    if part == 0 { chunk.to_owned() } else { format!("{chunk}.{part}") }
}

debug_fields!(SealedCookies { with_logins });
debug_fields!(CookieSession {});

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use futures_util::FutureExt as _;

    use super::*;
    use crate::login::{Login, Pending, PendingRef};
    use crate::secret::Secret;

    const KEY: &str = "one:8bB3hLqsLpYfEOm1rpLCGHc8p7gyT0PFsh7I0bqKZ5Q=";

    fn app(with_logins: bool, keys: &str) -> SealedCookies {
        let oauth = OAuth::builder().base_url("https://app.example");
        let oauth = oauth.keyring(Keyring::parse(keys).unwrap()).build().unwrap();
        SealedCookies::of(&oauth, with_logins)
    }

    fn pending(state: &str) -> Pending {
        let state = Secret::new(state);
        let started_at = 4_000_000_000 + state.expose().len() as u64;
        Pending::Stored(PendingRef { client: "op".into(), state, started_at })
    }

    fn save(session: &CookieSession, state: &SessionState) -> Vec<String> {
        session.save(state).now_or_never().unwrap().unwrap();
        let headers = session.set_cookies().unwrap();
        headers.iter().map(|header| header.to_str().unwrap().to_owned()).collect()
    }

    fn load(session: &CookieSession) -> Option<SessionState> {
        session.load().now_or_never().unwrap().unwrap()
    }

    /// The `Cookie` header of a browser that got these `Set-Cookie` headers.
    fn sent(headers: &[String]) -> String {
        let pairs = headers.iter().filter(|header| !header.ends_with("Max-Age=0"));
        let pairs: Vec<_> = pairs.filter_map(|header| header.split(';').next()).collect();
        pairs.join("; ")
    }

    #[test]
    fn pending_login_comes_back_and_is_removed() {
        let app = app(false, KEY);
        let session = app.of_request(["theme=dark"]);
        assert!(load(&session).is_none());
        let mut state = SessionState::default();
        state.pending.push(pending("first"));
        let headers = save(&session, &state);
        let [header] = headers.as_slice() else { panic!("{headers:?}") };
        assert!(header.starts_with("__Host-session-p"), "{header}");
        assert!(header.ends_with("; HttpOnly; SameSite=Lax; Path=/; Secure; Max-Age=600"));
        assert!(!header.contains("first"), "{header}");
        let session = app.of_request([sent(&headers).as_str()]);
        let mut state = load(&session).unwrap();
        assert!(state.take_pending("first").is_some());
        let headers = save(&session, &state);
        assert!(headers.len() == 1 && headers[0].ends_with("Max-Age=0"), "{headers:?}");
        assert!(session.set_cookies().unwrap().is_empty());
    }

    #[test]
    fn response_sends_only_what_its_request_changed() {
        let app = app(false, KEY);
        let mut state = SessionState::default();
        state.pending.push(pending("a"));
        let first = save(&app.of_request([]), &state);
        let session = app.of_request([sent(&first).as_str()]);
        let oldest = session.oldest_pending();
        let mut state = load(&session).unwrap();
        state.pending.push(pending("bb"));
        let second = save(&session, &state);
        assert_eq!(second.len(), 1);
        let both = [first, second].concat();
        let both = app.of_request([sent(&both).as_str()]);
        assert!(load(&both).unwrap().has_pending("a") && load(&both).unwrap().has_pending("bb"));
        // The callbacks of one browser take turns by the oldest.
        assert!(oldest.is_some() && both.oldest_pending() == oldest);
    }

    #[test]
    fn long_value_is_split_over_several_cookies() {
        let app = app(false, KEY);
        let session = app.of_request([]);
        let long = "s".repeat(6000);
        let mut state = SessionState::default();
        state.pending.push(pending(&long));
        let headers = save(&session, &state);
        assert_eq!(headers.len(), 3);
        assert!(headers.iter().all(|header| header.len() < 4000));
        let cookies = sent(&headers);
        let session = app.of_request(cookies.split("; "));
        let mut state = load(&session).unwrap();
        assert!(state.take_pending(&long).is_some());
        let removed = save(&session, &state);
        assert_eq!(removed.len(), 3);
        assert!(removed.iter().all(|header| header.ends_with("Max-Age=0")), "{removed:?}");
    }

    #[test]
    fn cookie_of_another_name_or_key_is_ignored() {
        let app_one = app(false, KEY);
        let mut state = SessionState::default();
        state.pending.push(pending("first"));
        let cookie = sent(&save(&app_one.of_request([]), &state));
        let renamed = cookie.replacen("session-p", "session-pX", 1);
        assert!(load(&app_one.of_request([renamed.as_str()])).is_none());
        let other = app(false, &Keyring::generate("one").unwrap().to_text());
        assert!(load(&other.of_request([cookie.as_str()])).is_none());
        let rotated = format!("{},{KEY}", *Keyring::generate("two").unwrap().to_text());
        assert!(load(&app(false, &rotated).of_request([cookie.as_str()])).is_some());
    }

    #[test]
    fn logins_are_in_cookies_only_without_a_session_store() {
        let login = |app: &SealedCookies| Login {
            client: "op".into(),
            user: "key".into(),
            logged_in_at: u64::try_from(
                app.oauth.now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis(),
            )
            .unwrap(),
            ..Login::default()
        };
        let whole = app(true, KEY);
        let state = SessionState { logins: vec![login(&whole)], ..SessionState::default() };
        let headers = save(&whole.of_request([]), &state);
        assert!(headers[0].contains("__Host-session-l"), "{headers:?}");
        let cookie = sent(&headers);
        assert_eq!(load(&whole.of_request([cookie.as_str()])).unwrap().logins().len(), 1);
        let with_store = app(false, KEY);
        assert!(save(&with_store.of_request([]), &state).is_empty());
        let read = load(&with_store.of_request([cookie.as_str()]));
        assert!(read.unwrap().logins().is_empty());
    }
}
