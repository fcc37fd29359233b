//! Queries, forms, paths and cookies.

use authlib_core::Params;
use authlib_core::login::{self, SessionState};
use url::Url;

/// A query or a form: what is written is read again, and a repeated name is refused.
pub(crate) fn params(data: &[u8]) -> bool {
    let text = String::from_utf8_lossy(data);
    let params = Params::parse(&text);
    assert_eq!(Params::parse(&params.to_form()), params);
    assert_eq!(Params::parse(&params.to_query()), params);
    let Some((name, value)) = params.iter().next() else { return false };
    let count = params.all(name).count();
    match params.only(name) {
        Ok(only) => assert_eq!((only, count), (Some(value), 1)),
        Err(_) => assert!(count > 1),
    }
    true
}

/// The path after a login stays on this site, wherever it is resolved.
pub(crate) fn local_path(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else { return false };
    let path = login::local_path(text);
    assert!(path.is_ascii(), "{path:?}");
    assert!(path.starts_with('/') && !path.starts_with("//") && !path.contains('\\'), "{path:?}");
    for base in ["https://app.example/", "https://app.example/a/b?c", "http://localhost:3000/x/"] {
        let base = Url::parse(base).unwrap();
        assert_eq!(base.join(&path).unwrap().origin(), base.origin(), "{path:?}");
    }
    path != "/"
}

/// A session in cookies, one a line with its name before the first blank, and in a store.
pub(crate) fn session(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else { return false };
    if let Ok(state) = serde_json::from_str::<SessionState>(text) {
        let stored = serde_json::to_string(&state).unwrap();
        let again: SessionState = serde_json::from_str(&stored).unwrap();
        assert_eq!(serde_json::to_string(&again).unwrap(), stored);
    }
    let chunks = || text.lines().filter_map(|line| line.split_once(' '));
    let state = SessionState::from_chunks(chunks());
    assert!(state.logins().len() <= chunks().count());
    let _ = state.to_chunks(authlib_core::adapter::ChunkLimits { one: 4096, all_pending: 4096 });
    !state.logins().is_empty()
}
