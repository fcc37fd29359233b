//! Resource owner authorization, RFC 5849 §2.2: the redirect to the provider, and the callback.

use url::Url;

use super::credentials_response::reported;
use crate::error::{Error, ErrorKind, ProviderError, Result};
use crate::params::{Params, RepeatedParam};
use crate::secret::{Secret, constant_time_eq};

/// The most bytes of a verifier that we read.
const MAX_VERIFIER: usize = 4096;

/// The problems that are the user's refusal (OAuth Problem Reporting, 2008).
const REFUSALS: [&str; 2] = ["permission_denied", "user_refused"];

/// The URL to send the browser to, with temporary credentials. What the endpoint has of a query stays.
/// `extra` are what the provider wants to know besides; its callback it knows already.
pub(crate) fn authorization_url(endpoint: &Url, token: &Secret, extra: &Params) -> Result<Url> {
    let taken = endpoint.query_pairs().any(|(name, _)| name == "oauth_token");
    if taken || extra.contains("oauth_token") {
        let check = "the authorization URL has an `oauth_token` before a login gives it one";
        return Err(Error::new(ErrorKind::Config, check)
            .with_hint("check `authorize_url` and `authorize_params`"));
    }
    let mut params = Params::new().with("oauth_token", token.expose());
    params.extend(extra.iter());
    let mut url = endpoint.clone();
    params.append_to(&mut url);
    Ok(url)
}

/// The proof that a callback was checked, and the verifier that it brought. Taken by value, so that a
/// verifier is sent once.
#[derive(Debug)]
pub(crate) struct Authorization {
    pub(crate) verifier: Secret,
}

#[derive(Debug, thiserror::Error)]
enum CallbackError {
    #[error("the callback has no `oauth_token` (RFC 5849 §2.2)")]
    NoToken,
    #[error("`oauth_token` of the callback belongs to another login (RFC 5849 §2.2)")]
    OtherToken,
    #[error("the callback has no `oauth_verifier` (RFC 5849 §2.2)")]
    NoVerifier,
    #[error("the `oauth_verifier` is empty (RFC 5849 §2.2)")]
    EmptyVerifier,
    #[error("the `oauth_verifier` is longer than {MAX_VERIFIER} bytes")]
    LongVerifier,
    #[error(transparent)]
    Repeated(#[from] RepeatedParam),
}

impl From<CallbackError> for Error {
    fn from(check: CallbackError) -> Self {
        let hint = match &check {
            CallbackError::NoVerifier => Some(
                "some providers, such as Evernote, return no verifier if the user denied access",
            ),
            _ => None,
        };
        let error = Self::new(ErrorKind::InvalidCallback, check);
        match hint {
            Some(hint) => error.with_hint(hint),
            None => error,
        }
    }
}

/// The temporary token that a callback speaks of, by which its login is found. Of a refusal it is the
/// value of `denied`, as Twitter sends it.
pub(crate) fn callback_token(params: &Params) -> Result<Option<&str>> {
    let token = params.only("oauth_token").map_err(CallbackError::from)?;
    let denied = params.only("denied").map_err(CallbackError::from)?;
    Ok(token.or(denied))
}

impl Authorization {
    /// Checks a callback against the temporary token that the browser was sent away with: whose it
    /// is before what it says, a refusal before the verifier.
    pub(crate) fn check(params: &Params, temporary: &Secret) -> Result<Self> {
        let token = params.only("oauth_token").map_err(CallbackError::from)?;
        let denied = params.only("denied").map_err(CallbackError::from)?;
        let another = |token: &str| !constant_time_eq(token, temporary.expose());
        if token.is_some_and(another) || denied.is_some_and(another) {
            return Err(CallbackError::OtherToken.into());
        }
        if denied.is_some() {
            return Err(refused());
        }
        if let Some(problem) = reported_problem(params) {
            return Err(problem);
        }
        // Only what ends the login may lack the token: the extension does not ask for it.
        token.ok_or(CallbackError::NoToken)?;
        let verifier = params.only("oauth_verifier").map_err(CallbackError::from)?;
        Self::of(Secret::new(verifier.ok_or(CallbackError::NoVerifier)?))
    }

    /// The verifier that the user typed, where no callback could bring it (`oauth_callback=oob`).
    pub(crate) fn out_of_band(verifier: &Secret) -> Result<Self> {
        Self::of(Secret::new(verifier.expose().trim()))
    }

    fn of(verifier: Secret) -> Result<Self> {
        match verifier.expose().len() {
            0 => Err(CallbackError::EmptyVerifier.into()),
            length if length > MAX_VERIFIER => Err(CallbackError::LongVerifier.into()),
            _ => Ok(Self { verifier }),
        }
    }
}

/// The problem that a callback reports, or that it reports one twice.
pub(crate) fn reported_problem(params: &Params) -> Option<Error> {
    for name in ["oauth_problem", "oauth_problem_advice"] {
        if let Err(cause) = params.only(name) {
            return Some(CallbackError::from(cause).into());
        }
    }
    reported(params).map(problem)
}

fn refused() -> Error {
    Error::new(ErrorKind::AccessDenied, "the user denied access")
}

fn problem(said: ProviderError) -> Error {
    if REFUSALS.contains(&said.error.as_str()) {
        return refused().with_provider_error(said);
    }
    Error::new(ErrorKind::AuthorizationError, "the provider reported a problem in the callback")
        .with_provider_error(said)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(query: &str) -> Result<String> {
        let checked = Authorization::check(&Params::parse(query), &Secret::new("t/1"));
        checked.map(|authorization| authorization.verifier.expose().to_owned())
    }

    /// T129 and T136, and B10: the verifier of a callback for this login.
    #[test]
    fn valid_callback_returns_verifier() {
        assert_eq!(check("oauth_token=t%2F1&oauth_verifier=v+1").unwrap(), "v 1");
        assert_eq!(check("oauth_verifier=v&x=y&oauth_token=t/1").unwrap(), "v");
    }

    /// O2, O7, T135 and T136: whose a callback is comes first, then a refusal, then the verifier.
    #[test]
    fn invalid_oauth1_callbacks_fail_with_their_check() {
        use ErrorKind::{AccessDenied, AuthorizationError, InvalidCallback};
        for (query, kind, says) in [
            ("", InvalidCallback, "no `oauth_token`"),
            ("oauth_verifier=v", InvalidCallback, "no `oauth_token`"),
            ("oauth_token=&oauth_verifier=v", InvalidCallback, "another login"),
            ("oauth_token=t%2F2&oauth_verifier=v", InvalidCallback, "another login"),
            ("oauth_token=T/1&oauth_verifier=v", InvalidCallback, "another login"),
            ("oauth_token=t/1&oauth_token=t/1&oauth_verifier=v", InvalidCallback, "repeated"),
            ("oauth_token=t/1&oauth_verifier=v&oauth_verifier=v", InvalidCallback, "repeated"),
            ("oauth_token=t/1", InvalidCallback, "no `oauth_verifier`"),
            ("oauth_token=t/1&oauth_verifier=", InvalidCallback, "empty"),
            ("denied=t/1", AccessDenied, "denied"),
            ("denied=t/1&oauth_token=t/1&oauth_verifier=v", AccessDenied, "denied"),
            ("denied=other", InvalidCallback, "another login"),
            ("denied=other&oauth_token=t/1&oauth_verifier=v", InvalidCallback, "another login"),
            ("denied=t/1&denied=t/1", InvalidCallback, "repeated"),
            ("oauth_token=t/1&oauth_problem=user_refused", AccessDenied, "denied"),
            ("oauth_token=t/1&oauth_problem=permission_denied", AccessDenied, "denied"),
            ("oauth_problem=user_refused&oauth_verifier=v", AccessDenied, "denied"),
            (
                "oauth_token=t/1&oauth_problem=token_expired&oauth_verifier=v",
                AuthorizationError,
                "expired",
            ),
            ("oauth_token=t/1&oauth_problem=a&oauth_problem=b", InvalidCallback, "repeated"),
            ("oauth_token=t/2&oauth_problem=user_refused", InvalidCallback, "another login"),
        ] {
            let error = check(query).unwrap_err();
            assert_eq!(error.kind(), kind, "{query}: {error}");
            assert!(error.to_string().contains(says), "{query}: {error}");
        }
        let long = format!("oauth_token=t/1&oauth_verifier={}", "v".repeat(MAX_VERIFIER + 1));
        assert!(check(&long).is_err());
    }

    #[test]
    fn callback_names_its_request_token() {
        for (query, expected) in [
            ("oauth_token=a&oauth_verifier=v", Ok(Some("a"))),
            ("denied=a", Ok(Some("a"))),
            ("oauth_token=a&denied=b", Ok(Some("a"))),
            ("oauth_problem=user_refused", Ok(None)),
            ("oauth_token=a&oauth_token=a", Err(ErrorKind::InvalidCallback)),
            ("oauth_token=a&denied=a&denied=a", Err(ErrorKind::InvalidCallback)),
        ] {
            let params = Params::parse(query);
            assert_eq!(callback_token(&params).map_err(|error| error.kind()), expected, "{query}");
        }
    }

    /// T135.
    #[test]
    fn typed_verifier_is_trimmed_and_not_empty() {
        let typed = |text| Authorization::out_of_band(&Secret::new(text));
        assert_eq!(typed(" 473829 ").unwrap().verifier.expose(), "473829");
        assert!(typed("").is_err() && typed("  ").is_err());
    }

    /// T128: exactly the token, the parameters of the provider, and no callback again.
    #[test]
    fn authorization_url_adds_token_and_keeps_query() {
        let url = |endpoint: &str, extra: &Params| {
            authorization_url(&Url::parse(endpoint).unwrap(), &Secret::new("t/1 &"), extra)
        };
        let extra = Params::new().with("perms", "read write");
        for (endpoint, extra, expected) in [
            ("https://op.example/a", Params::new(), "https://op.example/a?oauth_token=t%2F1%20%26"),
            (
                "https://op.example/a?x=1",
                extra,
                "https://op.example/a?x=1&oauth_token=t%2F1%20%26&perms=read%20write",
            ),
        ] {
            assert_eq!(url(endpoint, &extra).unwrap().as_str(), expected);
        }
        let twice = Params::new().with("oauth_token", "mine");
        for (endpoint, extra) in [
            ("https://op.example/a", &twice),
            ("https://op.example/a?oauth_token=", &Params::new()),
        ] {
            assert_eq!(url(endpoint, extra).unwrap_err().kind(), ErrorKind::Config);
        }
    }
}
