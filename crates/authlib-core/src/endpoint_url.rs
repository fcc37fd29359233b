//! Validation of endpoint URLs: absolute, https except on loopback addresses, read alike by all parsers.

use http::uri::Authority;
use url::{Host, Url};

/// Why a URL is rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum EndpointUrlError {
    #[error("it must be an absolute URL, such as https://example.com")]
    NotAbsolute,
    #[error(
        "it has no scheme: write https:// before it (http:// only for localhost and loopback addresses)"
    )]
    NoScheme,
    #[error("it must start with https:// (http:// only for localhost, 127.0.0.0/8 and ::1)")]
    NotHttps,
    #[error("its host has characters that are not allowed in a URL (RFC 3986 §3.2.2)")]
    Host,
    #[error("it must not have a user name or password")]
    UserInfo,
    #[error("it must not have a fragment (RFC 6749 §3.1)")]
    Fragment,
    #[error(
        "it must not have blanks, control characters or backslashes: URL parsers differ on them"
    )]
    Ambiguous,
}

impl EndpointUrlError {
    /// The error with the setting that allows plain http to the host of `text`.
    pub(crate) fn with_setting(self, text: &str) -> String {
        let host =
            Url::parse(text).ok().filter(|url| self == Self::NotHttps && is_public_http(url));
        match host.as_ref().and_then(HttpHosts::entry) {
            Some(entry) => format!(
                "{self}; if it is reached over a private network only, add {entry:?} to \
                 `dangerous_http_hosts`"
            ),
            None => self.to_string(),
        }
    }
}

/// The hosts that a client reaches over plain http, besides those of this machine: the setting
/// `dangerous_http_hosts`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct HttpHosts(Vec<String>);

impl HttpHosts {
    /// No host besides those of this machine.
    pub(crate) const LOOPBACK: &Self = &Self(Vec::new());

    /// Adds a host with its port, such as `keycloak:8080`; `false` if the text is anything else.
    pub(crate) fn add(&mut self, text: &str) -> bool {
        // `Url` accepts `*`, which looks like a pattern.
        let url = Url::parse(&format!("http://{text}/")).ok().filter(|_| !text.contains('*'));
        let entry = url.as_ref().and_then(Self::entry);
        let is_host = |entry: &String| {
            let port = format!("{text}:80");
            entry.eq_ignore_ascii_case(text) || entry.eq_ignore_ascii_case(&port)
        };
        match entry.filter(is_host) {
            Some(entry) => self.0.push(entry),
            None => return false,
        }
        true
    }

    pub(crate) fn contain(&self, url: &Url) -> bool {
        url.scheme() == "http" && Self::entry(url).is_some_and(|entry| self.0.contains(&entry))
    }

    /// The entry for the host of an http URL.
    fn entry(url: &Url) -> Option<String> {
        Some(format!("{}:{}", url.host_str()?, url.port_or_known_default()?))
    }
}

/// Checks the URL of an endpoint (RFC 6749 §3.1 and §3.2, RFC 8414 §2). The host is looked at after
/// parsing, so that no look-alike of `localhost` passes.
pub(crate) fn endpoint_url(text: &str, http: &HttpHosts) -> Result<Url, EndpointUrlError> {
    // The parser of browsers mends these, and others don't: what is shown must be what is called.
    if text.contains(|c: char| c.is_whitespace() || c.is_control() || c == '\\') {
        return Err(EndpointUrlError::Ambiguous);
    }
    if is_host_and_port(text) {
        return Err(EndpointUrlError::NoScheme);
    }
    let url = Url::parse(text).map_err(|_| EndpointUrlError::NotAbsolute)?;
    may_hold_a_secret(&url, http)?;
    // That parser also accepts any number of slashes before the host, and drops an empty user name. Others
    // then find another host, or none.
    let rest = text.split_once(':').and_then(|(_, rest)| rest.strip_prefix("//"));
    let authority = rest.and_then(|rest| rest.split(['/', '?', '#']).next()).unwrap_or_default();
    if authority.is_empty() {
        return Err(EndpointUrlError::NotAbsolute);
    }
    if authority.contains('@') {
        return Err(EndpointUrlError::UserInfo);
    }
    if url.fragment().is_some() {
        return Err(EndpointUrlError::Fragment);
    }
    Ok(url)
}

/// Whether the text is `localhost:3000`, whose host parsers take for a scheme.
fn is_host_and_port(text: &str) -> bool {
    let Some((host, rest)) = text.split_once(':') else { return false };
    (host == "localhost" || host.contains('.')) && rest.starts_with(|c: char| c.is_ascii_digit())
}

/// Checks that what is sent to `url` is read by its host alone, and that the URL hides no other host.
pub(crate) fn may_hold_a_secret(url: &Url, http: &HttpHosts) -> Result<(), EndpointUrlError> {
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(url) || http.contain(url) => {}
        _ => return Err(EndpointUrlError::NotHttps),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(EndpointUrlError::UserInfo);
    }
    // `Url` accepts more hosts than the `Uri` of a request, which would then be sent to no host.
    if url.host_str().is_none_or(|host| host.parse::<Authority>().is_err()) {
        return Err(EndpointUrlError::Host);
    }
    Ok(())
}

/// Whether a request to the URL is sent unencrypted over the network.
pub(crate) fn is_public_http(url: &Url) -> bool {
    url.scheme() == "http" && !is_loopback(url)
}

/// Whether the URL's host is this machine: `localhost` and the names below it (RFC 6761 §6.3), or a loopback address.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => {
            address.is_loopback() || address.to_ipv4_mapped().is_some_and(|v4| v4.is_loopback())
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_and_loopback_http_are_accepted() {
        for text in [
            "https://op.example/token?x=1",
            "HTTPS://OP.example:8443/a@b?c=https://d/@e",
            "https://b\u{fc}cher.example/",
            "http://localhost:4000/",
            "http://op.localhost:4000/",
            "http://127.0.0.1:1/t",
            "http://127.1.2.3/",
            "http://[::1]:8080/",
            "http://[::ffff:127.0.0.1]/",
        ] {
            assert!(endpoint_url(text, HttpHosts::LOOPBACK).is_ok(), "{text}");
        }
    }

    /// B1 and T301: everything else is not, whatever it looks like.
    #[test]
    fn look_alikes_and_other_schemes_are_rejected() {
        use EndpointUrlError::{
            Ambiguous, Fragment, Host, NoScheme, NotAbsolute, NotHttps, UserInfo,
        };
        for (text, expected) in [
            ("http://op.example/", NotHttps),
            ("http://localhost.example/", NotHttps),
            ("http://xlocalhost/", NotHttps),
            ("localhost:3000", NoScheme),
            ("127.0.0.1:3000/x", NoScheme),
            ("app.example.com:8443", NoScheme),
            ("app.example.com", NotAbsolute),
            ("http://localhost:80@op.example/", NotHttps),
            ("http://localhost.op.example/", NotHttps),
            ("http://127.0.0.1.op.example/", NotHttps),
            ("http://op.example/#localhost", NotHttps),
            ("http://169.254.169.254/", NotHttps),
            ("javascript:alert(1)", NotHttps),
            ("data:text/html,x", NotHttps),
            ("ftp://op.example/", NotHttps),
            ("https://user@op.example/", UserInfo),
            ("https://op.example/#x", Fragment),
            ("https://localhost@op.example/", UserInfo),
            (" https://op.example/", Ambiguous),
            ("https://op.example/ ", Ambiguous),
            ("ht\ntps://op.example/", Ambiguous),
            ("https:\\\\op.example\\x", Ambiguous),
            ("http://127.0.0.1\\.op.example/", Ambiguous),
            ("https:op.example", NotAbsolute),
            ("https:/op.example", NotAbsolute),
            ("https:evil.example/?x=://", NotAbsolute),
            ("https:/evil.example/://", NotAbsolute),
            ("https:tps://op.example/e", NotAbsolute),
            ("https:///op.example/", NotAbsolute),
            ("https:////op.example", NotAbsolute),
            ("HTTPS:///op.example/", NotAbsolute),
            ("https://?x=op.example", NotAbsolute),
            ("https://@op.example/", UserInfo),
            ("https://:@op.example/", UserInfo),
            ("https://op.example{99999/", Host),
            ("https://op.example}/", Host),
            ("https://server.`example/", Host),
            ("https://op\".example/", Host),
            ("https://", NotAbsolute),
            ("//op.example/", NotAbsolute),
            ("/token", NotAbsolute),
            ("", NotAbsolute),
        ] {
            assert_eq!(endpoint_url(text, HttpHosts::LOOPBACK), Err(expected), "{text}");
        }
    }

    #[test]
    fn http_hosts_are_matched_with_their_port() {
        let mut hosts = HttpHosts::default();
        for text in ["keycloak:8080", "Dex", "10.0.0.7:80", "[fd00::1]:8080"] {
            assert!(hosts.add(text), "{text}");
        }
        for text in
            ["", ":80", "*", "http://a", "a/b", "a?b", "u@a", "a:80:80", "a b", "a\\b", "*.a", "a:"]
        {
            assert!(!hosts.add(text), "{text}");
        }
        for (url, accepted) in [
            ("http://keycloak:8080/realms/x", true),
            ("http://KEYCLOAK:8080/", true),
            ("http://dex/", true),
            ("http://dex:80/", true),
            ("http://10.0.0.7/", true),
            ("http://[fd00::1]:8080/", true),
            ("http://keycloak/", false),
            ("http://keycloak:80801/", false),
            ("http://keycloak.evil.example:8080/", false),
            ("http://evil.example/keycloak:8080", false),
            ("http://keycloak:8080@evil.example/", false),
            ("ftp://keycloak:8080/", false),
            ("http://10.0.0.8/", false),
            ("https://keycloak:9/", true),
        ] {
            assert_eq!(endpoint_url(url, &hosts).is_ok(), accepted, "{url}");
        }
    }

    #[test]
    fn refused_http_url_names_the_setting() {
        let url = "http://keycloak:8080/realms/x";
        let error = endpoint_url(url, HttpHosts::LOOPBACK).unwrap_err().with_setting(url);
        assert!(error.contains("add \"keycloak:8080\" to `dangerous_http_hosts`"), "{error}");
        for other in ["ftp://keycloak/", "keycloak:8080", "https://a@b/"] {
            let error = endpoint_url(other, HttpHosts::LOOPBACK).unwrap_err();
            assert_eq!(error.with_setting(other), error.to_string(), "{other}");
        }
    }
}
