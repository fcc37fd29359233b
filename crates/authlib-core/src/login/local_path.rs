//! [`local_path`]: keeps the redirect after a login on this site (no open redirect).

/// The most bytes of a path.
const MAX_PATH: usize = 512;

/// Returns `path` if a browser resolves it to a URL of this site, and `/` otherwise.
///
/// ```
/// use authlib_core::login::local_path;
///
/// assert_eq!(local_path("/inbox?page=2"), "/inbox?page=2");
/// assert_eq!(local_path("https://evil.example/"), "/");
/// assert_eq!(local_path("//evil.example"), "/");
/// assert_eq!(local_path("/\\evil.example"), "/");
/// ```
#[must_use]
pub fn local_path(path: &str) -> &str {
    const HERE: &str = "http://here.invalid";
    // Browsers remove tabs and newlines before they parse a URL, and read `\` as `/` (WHATWG URL §4.4).
    // A path must not begin with the escapes of these either.
    let plain = path.len() <= MAX_PATH
        && path.starts_with('/')
        && !path.starts_with("//")
        && !path.contains('\\')
        && !path.chars().any(char::is_control)
        && !escaped_start(path);
    let base = url::Url::parse(HERE).ok().filter(|_| plain);
    let stays = base.and_then(|base| {
        let joined = base.join(path).ok()?;
        (joined.origin() == base.origin() && joined.username().is_empty()).then_some(())
    });
    if stays.is_some() { path } else { "/" }
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
        for path in ["/", "/inbox", "/a/b?c=d&e=/f", "/a#b", "/a//b", "/%C3%A4", "/?next=https://x"]
        {
            assert_eq!(local_path(path), path);
        }
    }

    /// S7: every spelling of another site is replaced with `/`.
    #[test]
    fn next_that_could_leave_site_becomes_root() {
        let long = format!("/{}", "a".repeat(MAX_PATH));
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
            &long,
        ] {
            assert_eq!(local_path(path), "/", "{path:?}");
        }
    }
}
