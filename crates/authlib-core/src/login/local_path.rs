//! [`local_path`]: keeps the redirect after a login on this site (no open redirect).

use url::{Position, Url};

use crate::base_url::BasePath;

/// The most bytes of a path.
const MAX_PATH: usize = 4096;

/// Returns `path` as a browser sends it if that is a path of this site, and `/` otherwise. What a URL can't contain
/// is percent-encoded, and `.` and `..` are resolved.
///
/// ```
/// use authlib_core::login::local_path;
///
/// assert_eq!(local_path("/inbox?page=2"), "/inbox?page=2");
/// assert_eq!(local_path("/päge 1"), "/p%C3%A4ge%201");
/// assert_eq!(local_path("https://evil.example/"), "/");
/// assert_eq!(local_path("//evil.example"), "/");
/// assert_eq!(local_path("/\\evil.example"), "/");
/// ```
#[must_use]
pub fn local_path(path: &str) -> String {
    normalized(path).unwrap_or_else(|| "/".to_owned())
}

/// As [`local_path`], for a path that must also be below the application's base path.
///
/// # Errors
///
/// The reason why it is not.
pub(crate) fn path_below(base: BasePath<'_>, path: &str) -> Result<String, &'static str> {
    let path = normalized(path).ok_or("it is too long, or not a path of this site")?;
    if base.contains(&path) { Ok(path) } else { Err("it is not below the path of the base URL") }
}

fn normalized(path: &str) -> Option<String> {
    // Browsers remove tabs and newlines before they parse a URL, and read `\` as `/` (WHATWG URL §4.4).
    if !starts_safely(path) || path.contains('\\') || path.chars().any(char::is_control) {
        return None;
    }
    let here = Url::parse("http://here.invalid").ok()?;
    let joined = here.join(path).ok()?;
    let stays = joined.origin() == here.origin() && joined.username().is_empty();
    let path = joined[Position::BeforePath..].to_owned();
    // Without its dots, `/.//evil` is `//evil`.
    (stays && path.len() <= MAX_PATH && starts_safely(&path)).then_some(path)
}

/// Whether the text begins with a single slash, which no escape follows that a proxy may decode to another.
fn starts_safely(path: &str) -> bool {
    path.len() <= MAX_PATH
        && path.starts_with('/')
        && !path.starts_with("//")
        && !escaped_start(path)
}

/// Whether the path begins with an escaped slash, backslash or control character, which a proxy may
/// unescape.
fn escaped_start(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    ["/%2f", "/%5c", "/%09", "/%0a", "/%0d", "/%00", "/@"].iter().any(|bad| lower.starts_with(bad))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_this_site_are_returned() {
        for path in [
            "/",
            "/inbox",
            "/a/b?c=d&e=/f",
            "/a#b",
            "/a//b",
            "/%C3%A4",
            "/a%2Fb%252F",
            "/?next=https://x",
        ] {
            assert_eq!(local_path(path), path);
        }
    }

    /// RFC 9110 §10.2.2: `Location` is a URI reference, and so ASCII.
    #[test]
    fn path_is_percent_encoded_and_without_dots() {
        for (path, encoded) in [
            ("/päge?ü=ü#ü", "/p%C3%A4ge?%C3%BC=%C3%BC#%C3%BC"),
            ("/a b?c d", "/a%20b?c%20d"),
            ("/\u{202e}x", "/%E2%80%AEx"),
            ("/a/../b/./c", "/b/c"),
            ("/%2e%2E/b", "/b"),
        ] {
            assert_eq!(local_path(path), encoded);
        }
    }

    #[test]
    fn path_of_another_application_is_refused() {
        let base = BasePath::new("/portal");
        for path in ["/portal", "/portal/inbox?a=b", "/portal?a=b", "/portal/x/../y"] {
            assert!(path_below(base, path).is_ok(), "{path}");
        }
        for path in ["/", "/other", "/portals", "/portal/../other", "/portal/%2e%2e/", "//portal"] {
            assert!(path_below(base, path).is_err(), "{path}");
        }
    }

    /// S7: every spelling of another site is replaced with `/`.
    #[test]
    fn next_that_could_leave_site_becomes_root() {
        let long = format!("/{}", "a".repeat(MAX_PATH));
        let encoded = format!("/{}", "ä".repeat(MAX_PATH / 4));
        for path in [
            "",
            "inbox",
            "//evil",
            "///evil",
            "/\\evil",
            "\\\\evil",
            "\t//evil",
            "/\t/evil",
            "/\n/evil",
            "https:evil",
            "https://evil",
            "/%09/evil",
            "/%2fevil",
            "/%5Cevil",
            "/@evil",
            "javascript:1",
            " /x",
            "http://here.invalid/x",
            "/.//evil",
            "/a/..//evil",
            "/%2e//evil",
            "/./%2Fevil",
            &long,
            &encoded,
        ] {
            assert_eq!(local_path(path), "/", "{path:?}");
        }
    }
}
