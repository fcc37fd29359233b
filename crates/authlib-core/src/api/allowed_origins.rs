//! The URL of an API request, and whether the access token may be sent there.

use url::Url;

use crate::config::ClientSettings;
use crate::endpoint_url::may_hold_a_secret;
use crate::error::{Error, ErrorKind, Result};

/// Resolves the URL of an API request; a relative one against `api_base_url`.
pub(super) fn api_url(settings: &ClientSettings, url: &str) -> Result<Url> {
    let Some(base) = &settings.api_base_url else {
        // The text itself may hold a password, and is not repeated.
        return Url::parse(url).map_err(|_| {
            let check = "the API request's URL is relative, and the client has no `api_base_url`";
            Error::new(ErrorKind::Config, check)
                .with_hint("set `api_base_url`: relative URLs are resolved against it")
        });
    };
    base.join(url).map_err(|cause| {
        Error::new(ErrorKind::InvalidRequest, format!("the API request's URL is invalid: {cause}"))
    })
}

/// The resource as a base URL, and the URL of a request to it.
pub(super) fn resource_url(resource: &str, url: &str) -> Result<(Url, Url)> {
    let refused = |check: String| {
        Error::new(ErrorKind::InvalidRequest, check)
            .with_hint("a resource is an absolute URL without a fragment (RFC 8707 §2)")
    };
    let base =
        Url::parse(resource).ok().filter(|base| base.has_host() && base.fragment().is_none());
    let Some(base) = base else {
        return Err(refused("the resource is not the URL of an API".to_owned()));
    };
    let mut folder = base.clone();
    if !folder.path().ends_with('/') {
        folder.set_path(&format!("{}/", base.path()));
    }
    folder.set_query(None);
    let url = folder.join(url).map_err(|cause| {
        refused(format!("the URL of the request to the resource is invalid: {cause}"))
    })?;
    Ok((base, url))
}

/// Checks that the token for `resource` may be sent to `url`: https (or loopback), and the same origin.
pub(super) fn check_resource(settings: &ClientSettings, url: &Url, resource: &Url) -> Result<()> {
    if may_hold_a_secret(url, &settings.http_hosts).is_ok() && same_origin(url, resource) {
        return Ok(());
    }
    let (to, of) = (url.origin().ascii_serialization(), resource.origin().ascii_serialization());
    let check = format!("the token for the resource at {of} is not sent to {to}");
    Err(Error::new(ErrorKind::InvalidRequest, check)
        .with_hint("use `for_resource` with the resource of that API"))
}

/// Checks that the access token may be sent to `url`: https (or loopback), and below `api_base_url` or on
/// one of `api_origins`. Runs before the token is loaded, and again after hooks, which may change the
/// URL.
pub(super) fn check_allowed(settings: &ClientSettings, url: &Url) -> Result<()> {
    // The parser has normalised the path: `..`, also in its escaped forms, is already resolved.
    let below = settings.api_base_url.as_ref().is_some_and(|base| {
        same_origin(url, base)
            && url.path().starts_with(base.path())
            && (base.path() == "/" || !has_escaped_parent(url.path()))
    });
    let listed = settings.api_origins.iter().any(|other| same_origin(url, other));
    if may_hold_a_secret(url, &settings.http_hosts).is_ok() && (below || listed) {
        return Ok(());
    }
    let to = url.origin().ascii_serialization();
    let (kind, check, hint) = match &settings.api_base_url {
        None if settings.api_origins.is_empty() => (
            ErrorKind::Config,
            format!("the token is not sent to {to}: `api_base_url` and `api_origins` are not set"),
            "set `api_base_url` to the URL of the provider's API",
        ),
        _ => (
            ErrorKind::InvalidRequest,
            format!("the token is not sent to {to}: the URL is outside `api_base_url`"),
            "use a relative URL without a leading slash, or add the origin to `api_origins`",
        ),
    };
    Err(Error::new(kind, check).with_hint(hint))
}

/// Whether a server finds a segment `..` in the path if it decodes it, once or more often. The parser has resolved the
/// plain ones, so such a path hides one behind escapes.
fn has_escaped_parent(path: &str) -> bool {
    // Some servers read a backslash as a slash, and remove parameters behind a semicolon (RFC 3986 §3.3).
    fully_decoded(path)
        .split(|byte| matches!(byte, b'/' | b'\\'))
        .any(|segment| segment == b".." || segment.starts_with(b"..;"))
}

/// The text after as many percent-decodings as change it, in one pass.
pub(crate) fn fully_decoded(path: &str) -> Vec<u8> {
    let mut decoded: Vec<u8> = Vec::with_capacity(path.len());
    for byte in path.bytes() {
        decoded.push(byte);
        // What a decoded byte completes, a further decoding would find.
        while let [.., b'%', high, low] = decoded.as_slice()
            && let (Some(high), Some(low)) = (hex(*high), hex(*low))
        {
            decoded.truncate(decoded.len() - 3);
            decoded.push(high << 4 | low);
        }
    }
    decoded
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// Whether both URLs have the same origin (RFC 6454 §5): [`Url::origin`] without its copies.
pub(super) fn same_origin(one: &Url, other: &Url) -> bool {
    one.scheme() == other.scheme()
        && one.host() == other.host()
        && one.port_or_known_default() == other.port_or_known_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaped_parent_is_found_after_any_number_of_decodings() {
        for path in [
            "/api/..%2fx",
            "/api/%2e%2e%2fx",
            "/api/a%2F..%2F..%2Fx",
            "/api/%252e%252e%252fx",
            "/api/..%25252fx",
            "/api/%2525252e.%255cx",
            "/api/x%252fy%2f..%2f..%2fz",
            "/api/..%5Cx",
            "/api/a%2f..",
            "/api/..;x=y/z",
            "/api/..%3bx%2fz",
            "/api/%25%32%65%25%32%65%25%32%66x",
        ] {
            assert!(has_escaped_parent(path), "{path}");
        }
        for path in [
            "/api/a%2Fb",
            "/api/a..b/c...%2F...",
            "/api/100%25",
            "/api/%25%32%35",
            "/api/%zz%2",
            "/api/a%5Cb",
            "/api//x/",
            "/api/..x%2F.",
        ] {
            assert!(!has_escaped_parent(path), "{path}");
        }
        // Each byte is decoded once: the work does not grow with the depth.
        assert!(has_escaped_parent(&format!("/api/..%{}2fx", "25".repeat(100_000))));
    }
}
