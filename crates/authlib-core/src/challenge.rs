//! [`Challenge`]: the authentication challenges of a response (RFC 9110 §11.6.1).

use http::HeaderMap;
use http::header::WWW_AUTHENTICATE;

/// One challenge of the `WWW-Authenticate` headers.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Challenge {
    scheme: String,
    params: Vec<(String, String)>,
}

impl Challenge {
    /// The challenges of all `WWW-Authenticate` headers, which are one list (RFC 9110 §5.3). What is not a
    /// challenge is skipped.
    pub(crate) fn all(headers: &HeaderMap) -> Vec<Self> {
        let mut challenges = Vec::new();
        for value in headers.get_all(WWW_AUTHENTICATE) {
            // Each on its own: quotes that are not closed end with their header.
            parse(&String::from_utf8_lossy(value.as_bytes()), &mut challenges);
        }
        challenges
    }

    /// Whether it is of this scheme; the case does not matter.
    pub(crate) fn is(&self, scheme: &str) -> bool {
        self.scheme.eq_ignore_ascii_case(scheme)
    }

    /// A parameter; the case of its name does not matter.
    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        self.params().find_map(|(known, value)| known.eq_ignore_ascii_case(name).then_some(value))
    }

    /// The parameters, in order.
    pub(crate) fn params(&self) -> impl Iterator<Item = (&str, &str)> {
        self.params.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// Adds the challenges of one header to those of the earlier ones.
fn parse(header: &str, challenges: &mut Vec<Challenge>) {
    // An element is `Scheme`, `Scheme token68`, `Scheme name=value` or `name=value`; there may be blanks
    // around the `=` (RFC 9110 §11.2), and empty elements (§5.6.1).
    for element in elements(header).map(str::trim).filter(|element| !element.is_empty()) {
        let (first, rest) = element.split_once([' ', '\t']).unwrap_or((element, ""));
        let rest = rest.trim_start();
        let is_param = first.contains('=') || rest.starts_with('=');
        if !is_param {
            challenges.push(Challenge { scheme: first.to_owned(), params: Vec::new() });
        }
        let (name, value) =
            if is_param { element } else { rest }.split_once('=').unwrap_or_default();
        let value = value.trim_start();
        // A token68 has `=` only as padding at its end.
        let is_token68 = value.is_empty() || value.starts_with('=');
        if let Some(challenge) = challenges.last_mut().filter(|_| !is_token68) {
            challenge.params.push((name.trim_end().to_owned(), unquoted(value)));
        }
    }
}

/// The elements of a list, which are separated by commas outside quoted strings.
fn elements(header: &str) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    header.split(move |c| {
        let plain = !escaped;
        escaped = quoted && plain && c == '\\';
        if plain && c == '"' {
            quoted = !quoted;
        }
        c == ',' && !quoted
    })
}

/// The value of a token or a quoted string (RFC 9110 §5.6.4).
fn unquoted(value: &str) -> String {
    let Some(quoted) = value.strip_prefix('"') else {
        return value.to_owned();
    };
    let mut text = String::new();
    let mut chars = quoted.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => break,
            '\\' => text.extend(chars.next()),
            c => text.push(c),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn parse(header: &str) -> Vec<Challenge> {
        let mut challenges = Vec::new();
        super::parse(header, &mut challenges);
        challenges
    }

    fn challenge(scheme: &str, params: &[(&str, &str)]) -> Challenge {
        let params =
            params.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Challenge { scheme: scheme.to_owned(), params }
    }

    /// The first two are the examples of RFC 9110 §11.6.1.
    #[test]
    fn parse_reads_every_spelling_of_challenges() {
        let basic = || challenge("Basic", &[("realm", "simple")]);
        let apps = &[("realm", "apps"), ("type", "1"), ("title", r#"Login to "apps""#)];
        for (header, expected) in [
            (
                r#"Basic realm="simple", Newauth realm="apps", type=1, title="Login to \"apps\"""#,
                vec![basic(), challenge("Newauth", apps)],
            ),
            (
                r#"Newauth realm="apps", type=1, title="Login to \"apps\"", Basic realm="simple""#,
                vec![challenge("Newauth", apps), basic()],
            ),
            (r#", ,Basic realm="simple",, ,"#, vec![basic()]),
            ("Basic\trealm =\t\"simple\"", vec![basic()]),
            ("Negotiate", vec![challenge("Negotiate", &[])]),
            ("Negotiate, NTLM", vec![challenge("Negotiate", &[]), challenge("NTLM", &[])]),
            ("Negotiate YWJjZA==", vec![challenge("Negotiate", &[])]),
            ("Negotiate YWJj, Basic realm=simple", vec![challenge("Negotiate", &[]), basic()]),
            (r#"Bearer, error="x""#, vec![challenge("Bearer", &[("error", "x")])]),
            (
                r#"Bearer realm="a, b=\"c\", d\\", error="x"#,
                vec![challenge("Bearer", &[("realm", r#"a, b="c", d\"#), ("error", "x")])],
            ),
            (
                r#"Bearer realm="", error=x"#,
                vec![challenge("Bearer", &[("realm", ""), ("error", "x")])],
            ),
            ("error=x", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(parse(header), expected, "{header}");
        }
    }

    #[test]
    fn all_reads_every_header_and_ignores_case() {
        let mut headers = HeaderMap::new();
        for value in [&b"Basic realm=\"\xff\""[..], b"DPoP Error=\"use_dpop_nonce\""] {
            headers.append(WWW_AUTHENTICATE, HeaderValue::from_bytes(value).unwrap());
        }
        let all = Challenge::all(&headers);
        assert!(all[0].is("basic") && all[1].is("dpop") && all.len() == 2);
        assert_eq!(all[1].param("error"), Some("use_dpop_nonce"));
        assert_eq!(all[1].param("realm"), None);
    }

    /// RFC 9110 §5.3: several headers are one list.
    #[test]
    fn params_continue_in_the_next_header() {
        let mut headers = HeaderMap::new();
        for value in ["error=x", r#"Bearer realm="not closed"#, r#"error="invalid_token""#] {
            headers.append(WWW_AUTHENTICATE, HeaderValue::from_static(value));
        }
        let params = &[("realm", "not closed"), ("error", "invalid_token")];
        assert_eq!(Challenge::all(&headers), [challenge("Bearer", params)]);
    }

    proptest! {
        #[test]
        fn parse_returns_what_was_written(
            written in prop::collection::vec(
                ("[A-Za-z]{1,8}", prop::collection::vec(("[a-z_]{1,8}", "[ -~]{0,20}"), 0..4)),
                0..4,
            ),
            separator in prop_oneof![Just(","), Just(", "), Just(" , ,\t")],
        ) {
            let quoted = |value: &str| value.replace('\\', r"\\").replace('"', r#"\""#);
            let header: Vec<_> = written
                .iter()
                .map(|(scheme, params)| {
                    let params: Vec<_> = params
                        .iter()
                        .map(|(name, value)| format!("{name}=\"{}\"", quoted(value)))
                        .collect();
                    format!("{scheme} {}", params.join(separator))
                })
                .collect();
            let expected: Vec<_> = written
                .into_iter()
                .map(|(scheme, params)| Challenge { scheme, params })
                .collect();
            prop_assert_eq!(parse(&header.join(separator)), expected);
        }

        #[test]
        fn parse_never_panics(header in ".{0,60}", tricky in "[Bx =,\"\\\\\t]{0,30}") {
            parse(&header);
            parse(&tricky);
        }
    }
}
