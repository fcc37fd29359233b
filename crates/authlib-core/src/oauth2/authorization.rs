//! The authorization request and its response, RFC 6749 §4.1.1 and §4.1.2, with the issuer
//! identification of RFC 9207.

use url::Url;

use crate::error::{Error, ErrorKind, ProviderError, Result};
use crate::oauth2::ResponseType;
use crate::oauth2::issuers::Issuers;
use crate::oauth2::pkce::{self, CodeChallenge};
use crate::params::{Params, RepeatedParam, append_to_query};
use crate::secret::{Secret, constant_time_eq};

/// The longest `code` that is accepted, in bytes.
const MAX_CODE: usize = 12 * 1024;

/// The parameters of an authorization request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AuthorizationRequest<'a> {
    pub(crate) response_type: &'a str,
    /// The name of the parameter: `client_id`, except at providers that have another.
    pub(crate) client_id_param: &'a str,
    pub(crate) client_id: &'a str,
    pub(crate) redirect_uri: &'a str,
    pub(crate) scope: &'a str,
    pub(crate) state: &'a Secret,
    pub(crate) nonce: Option<&'a Secret>,
    pub(crate) code_challenge: Option<&'a CodeChallenge>,
    pub(crate) response_mode: Option<&'a str>,
    pub(crate) extra: &'a Params,
}

impl AuthorizationRequest<'_> {
    /// The parameters of the request.
    pub(crate) fn params(&self) -> Params {
        let all = || self.usual().chain(self.own());
        let length = all().map(|(name, value)| name.len() + value.len()).sum();
        let mut params = Params::with_capacity(all().count(), length);
        params.extend(all());
        params
    }

    /// The parameters that are the same in most logins of a client.
    fn usual(&self) -> impl Iterator<Item = (&str, &str)> + Clone {
        let pairs = [
            ("response_type", Some(self.response_type)),
            (self.client_id_param, Some(self.client_id)),
            ("redirect_uri", Some(self.redirect_uri)),
            ("scope", Some(self.scope).filter(|scope| !scope.is_empty())),
            ("code_challenge_method", self.code_challenge.map(|_| pkce::METHOD)),
            ("response_mode", self.response_mode),
        ];
        pairs.into_iter().filter_map(|(name, value)| Some((name, value?)))
    }

    /// The parameters of this login.
    fn own(&self) -> impl Iterator<Item = (&str, &str)> + Clone {
        let pairs = [
            ("state", Some(self.state.expose())),
            ("nonce", self.nonce.map(Secret::expose)),
            ("code_challenge", self.code_challenge.map(CodeChallenge::as_str)),
        ];
        let pairs = pairs.into_iter().filter_map(|(name, value)| Some((name, value?)));
        pairs.chain(self.extra.iter())
    }
}

/// The URL that the browser is redirected to. The endpoint's query is kept (RFC 6749 §3.1).
pub(crate) fn authorization_url(endpoint: &Url, params: &Params) -> Url {
    let mut url = endpoint.clone();
    params.append_to(&mut url);
    url
}

/// Room for the state, the nonce and the challenge with their names.
const ROOM: usize = 3 * 43 + "&state=&nonce=&code_challenge=".len();

/// The authorization URL of a client up to the parameters of one login, encoded once for many logins.
#[derive(Debug)]
pub(crate) struct AuthorizationUrlStart {
    endpoint: Url,
    usual: Params,
    /// With a fragment as long as the parameters of one login: a clone of a `Url` has room for no more than its text.
    url: Url,
}

impl AuthorizationUrlStart {
    pub(crate) fn new(endpoint: &Url, request: &AuthorizationRequest<'_>) -> Self {
        let usual: Params = request.usual().collect();
        let mut url = authorization_url(endpoint, &usual);
        url.set_fragment(Some(&"0".repeat(ROOM)));
        Self { endpoint: endpoint.clone(), usual, url }
    }

    /// Whether the URL of `request` starts like this.
    pub(crate) fn fits(&self, endpoint: &Url, request: &AuthorizationRequest<'_>) -> bool {
        self.endpoint == *endpoint && self.usual.iter().eq(request.usual())
    }

    /// The URL of a request that [`fits`](Self::fits): that of [`authorization_url`] with all of its parameters.
    pub(crate) fn finish(&self, request: &AuthorizationRequest<'_>) -> Url {
        let mut url = self.url.clone();
        url.set_fragment(None);
        append_to_query(&mut url, request.own());
        url
    }
}

/// The values that a callback is validated against.
#[derive(Debug)]
pub(crate) struct ExpectedCallback<'a> {
    pub(crate) state: &'a Secret,
    pub(crate) issuers: &'a Issuers,
    /// Whether the metadata announces `iss` (RFC 9207 §3).
    pub(crate) iss_required: bool,
    pub(crate) response_type: ResponseType,
}

/// A validated callback.
#[derive(Debug)]
pub(crate) struct AuthorizationResponse {
    /// The code, if one was requested.
    pub(crate) code: Option<Secret>,
    /// The ID token, if one was requested. It is not verified.
    pub(crate) id_token: Option<Secret>,
    /// The issuer that the response is from (RFC 9207 §2).
    pub(crate) iss: Option<String>,
}

#[derive(Debug, thiserror::Error)]
enum CallbackError {
    #[error("`state` of the callback does not match the pending login (RFC 6749 §10.12)")]
    State,
    #[error(
        "the callback has no `iss`, although the provider's metadata announces it (RFC 9207 §2.4)"
    )]
    IssMissing,
    #[error(
        "issuer mismatch: `iss` of the callback is {found:?}, expected {expected:?} (RFC 9207 §2.4)"
    )]
    IssWrong { found: String, expected: String },
    #[error(
        "issuer mismatch: `iss` of the callback is {callback:?}, that of the ID token {id_token:?} (RFC 9207 \
         §2.4)"
    )]
    IssOfIdToken { callback: String, id_token: String },
    #[error("the callback has neither `code` nor `error` (RFC 6749 §4.1.2)")]
    Empty,
    #[error("the callback has no `{0}`, which was requested (OpenID Connect Core §3.3.2.5)")]
    Missing(&'static str),
    #[error("the callback has both `code` and `error` (RFC 6749 §4.1.2)")]
    Both,
    #[error("the callback's `code` is longer than {MAX_CODE} bytes")]
    CodeTooLong,
    #[error("the callback has `{0}`, which was not requested (RFC 9700 §4.6)")]
    FrontChannel(&'static str),
    #[error(transparent)]
    Repeated(#[from] RepeatedParam),
}

impl From<CallbackError> for Error {
    fn from(check: CallbackError) -> Self {
        let hint = match &check {
            CallbackError::IssWrong { .. } => Some(
                "if this is the provider's `iss` in callbacks, set `issuer` to it; otherwise this may be a \
                 mix-up attack",
            ),
            CallbackError::FrontChannel(_) => Some(
                "the provider must support `response_type=code`: check `authorize_params` and the \
                 client's registration",
            ),
            _ => None,
        };
        let other_issuer = matches!(
            check,
            CallbackError::IssMissing
                | CallbackError::IssWrong { .. }
                | CallbackError::IssOfIdToken { .. }
        );
        let error = Self::new(ErrorKind::InvalidCallback, check).maybe_hint(hint);
        if other_issuer { error.with_page_text(OTHER_PROVIDER) } else { error }
    }
}

/// For the user: the login has not expired, and was not used before.
const OTHER_PROVIDER: &str = "The response did not come from the login provider that this login was started with. \
                              You are not logged in.";

impl AuthorizationResponse {
    /// Checks that the response and the verified ID token come from one issuer (RFC 9207 §2.4).
    pub(crate) fn check_issuer(&self, id_token: &str, issuers: &Issuers) -> Result<()> {
        match &self.iss {
            Some(callback) if !issuers.is_same_login(callback, id_token) => {
                let clipped = |text: &str| text.chars().take(200).collect();
                let (callback, id_token) = (clipped(callback), clipped(id_token));
                Err(CallbackError::IssOfIdToken { callback, id_token }.into())
            }
            _ => Ok(()),
        }
    }

    /// Validates a callback: first `state` and `iss`, then `error`, then the code.
    pub(crate) fn check(params: &Params, expected: &ExpectedCallback<'_>) -> Result<Self> {
        Self::checked(params, expected)?;
        let error = params.only("error").map_err(CallbackError::from)?;
        let code = params.only("code").map_err(CallbackError::from)?;
        match (error, code) {
            (Some(_), Some(_)) => Err(CallbackError::Both.into()),
            (Some(error), None) => Err(provider_error(params, error)?),
            (None, Some("") | None) if expected.response_type == ResponseType::Code => {
                Err(CallbackError::Empty.into())
            }
            (None, Some(code)) if code.len() > MAX_CODE => Err(CallbackError::CodeTooLong.into()),
            (None, _) => Ok(Self::requested(params, expected.response_type)?),
        }
    }

    /// What was requested, each of which must be there.
    fn requested(params: &Params, response_type: ResponseType) -> Result<Self, CallbackError> {
        let text = |name: &'static str, is_requested: bool| match params.only(name)? {
            _ if !is_requested => Ok(None),
            None | Some("") => Err(CallbackError::Missing(name)),
            Some(text) => Ok(Some(Secret::new(text))),
        };
        text("access_token", response_type.has_token())?;
        Ok(Self {
            code: text("code", response_type.has_code())?,
            id_token: text("id_token", response_type.has_id_token())?,
            iss: params.only("iss")?.map(ToOwned::to_owned),
        })
    }

    fn checked(params: &Params, expected: &ExpectedCallback<'_>) -> Result<(), CallbackError> {
        let state = params.only("state")?.unwrap_or_default();
        if !constant_time_eq(state, expected.state.expose()) {
            return Err(CallbackError::State);
        }
        match params.only("iss")? {
            None if expected.iss_required => return Err(CallbackError::IssMissing),
            Some(iss) if !expected.issuers.is_empty() && !expected.issuers.is_provider(iss) => {
                return Err(CallbackError::IssWrong {
                    found: iss.chars().take(200).collect(),
                    expected: expected.issuers.listed(),
                });
            }
            _ => {}
        }
        let response_type = expected.response_type;
        let unrequested = [
            ("access_token", !response_type.has_token()),
            ("code", !response_type.has_code()),
            ("id_token", !response_type.has_id_token()),
            ("refresh_token", response_type != ResponseType::Code),
            ("response", true),
            ("token", true),
        ];
        let is_there = |(name, unrequested): &(&str, bool)| *unrequested && params.contains(name);
        match unrequested.into_iter().find(is_there) {
            Some((name, _)) => Err(CallbackError::FrontChannel(name)),
            None => Ok(()),
        }
    }
}

/// The error of an authorization error response (RFC 6749 §4.1.2.1).
pub(super) fn provider_error(params: &Params, error: &str) -> Result<Error> {
    let description = params.only("error_description").map_err(CallbackError::from)?;
    let uri = params.only("error_uri").map_err(CallbackError::from)?;
    let (kind, check) = match error {
        "access_denied" => (ErrorKind::AccessDenied, "the user denied access"),
        _ => (ErrorKind::AuthorizationError, "the provider reported an error in the callback"),
    };
    Ok(Error::new(kind, check).with_provider_error(ProviderError::new(error, description, uri)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(query: &str, required: bool) -> Result<String> {
        let expected = ExpectedCallback {
            state: &Secret::new("s1"),
            issuers: &Issuers::of("https://op.example"),
            iss_required: required,
            response_type: ResponseType::Code,
        };
        AuthorizationResponse::check(&Params::parse(query), &expected)
            .map(|response| response.code.unwrap().expose().to_owned())
    }

    #[test]
    fn valid_callback_returns_code() {
        assert_eq!(check("code=c&state=s1", false).unwrap(), "c");
        assert_eq!(check("code=c&state=s1&iss=https://op.example", true).unwrap(), "c");
        assert_eq!(check("code=c&state=s1&session_state=x&scope=y", false).unwrap(), "c");
    }

    #[test]
    fn invalid_callbacks_fail_with_their_check() {
        use ErrorKind::InvalidCallback;
        let table = [
            ("code=c", false, "`state`"),
            ("code=c&state=", false, "`state`"),
            ("code=c&state=S1", false, "`state`"),
            ("code=c&state=s1&state=s1", false, "repeated"),
            ("code=c&state=bad&state=s1", false, "repeated"),
            ("code=c&code=d&state=s1", false, "repeated"),
            ("code=c&state=s1", true, "no `iss`"),
            ("code=c&state=s1&iss=https://op.example/", false, "`iss`"),
            ("code=c&state=s1&iss=https://op.example&iss=https://op.example", true, "repeated"),
            ("state=s1", false, "neither"),
            ("code=&state=s1", false, "neither"),
            ("code=c&error=x&state=s1", false, "both"),
            ("code=c&state=s1&id_token=x", false, "`id_token`"),
            ("code=c&state=s1&access_token=x", false, "`access_token`"),
            ("code=c&state=s1&response=x", false, "`response`"),
            ("error=access_denied", false, "`state`"),
            ("error=access_denied&state=s1&iss=https://evil.example", false, "`iss`"),
        ];
        for (query, required, message) in table {
            let error = check(query, required).unwrap_err();
            assert_eq!(error.kind(), InvalidCallback, "{query}");
            assert!(error.to_string().contains(message), "{query}: {error}");
        }
        let long = format!("code={}&state=s1", "c".repeat(MAX_CODE + 1));
        assert!(check(&long, false).unwrap_err().to_string().contains("longer"));
    }

    #[test]
    fn denial_is_access_denied_others_are_provider_errors() {
        let denied = check("error=access_denied&state=s1", false).unwrap_err();
        assert_eq!(denied.kind(), ErrorKind::AccessDenied);
        let error =
            check("error=login_required&error_description=d%0A&state=s1", false).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AuthorizationError);
        let error = error.provider_error().unwrap();
        assert_eq!(error.error, "login_required");
        assert_eq!(error.error_description.as_deref(), Some("d "));
    }

    /// OAuth 2.0 Multiple Response Types §3: all of what was requested, and nothing else.
    #[test]
    fn response_has_exactly_what_was_requested() {
        let all =
            [("code", "code=c&"), ("id_token", "id_token=i&"), ("access_token", "access_token=t&")];
        for name in
            ["code id_token", "code token", "code id_token token", "id_token", "id_token token"]
        {
            let response_type = ResponseType::from_name(name).unwrap();
            let has =
                [response_type.has_code(), response_type.has_id_token(), response_type.has_token()];
            let check = |query: &str| {
                let expected = ExpectedCallback {
                    state: &Secret::new("s1"),
                    issuers: &Issuers::of("https://op.example"),
                    iss_required: false,
                    response_type,
                };
                AuthorizationResponse::check(&Params::parse(query), &expected)
            };
            let query = |skipped: Option<usize>, added: Option<usize>| {
                let parts = all.iter().enumerate().filter(|(index, _)| {
                    (has[*index] && skipped != Some(*index)) || added == Some(*index)
                });
                parts.map(|(_, (_, part))| *part).collect::<String>() + "state=s1"
            };
            let response = check(&query(None, None)).unwrap();
            assert_eq!(response.code.is_some(), has[0], "{name}");
            assert_eq!(response.id_token.is_some(), has[1], "{name}");
            for (index, (param, _)) in all.iter().enumerate() {
                let (changed, says) = match has[index] {
                    true => (query(Some(index), None), format!("has no `{param}`")),
                    false => {
                        (query(None, Some(index)), format!("`{param}`, which was not requested"))
                    }
                };
                let error = check(&changed).unwrap_err().to_string();
                assert!(error.contains(&says), "{name} {changed}: {error}");
            }
            let error = check("error=access_denied&state=s1").unwrap_err();
            assert_eq!(error.kind(), ErrorKind::AccessDenied, "{name}");
        }
    }

    /// H04: Facebook's `#_=_` never reaches the server.
    #[test]
    fn fragment_like_suffix_belongs_to_last_value() {
        assert!(check("code=c&state=s1#_=_", false).is_err());
        assert_eq!(check("state=s1&code=c", false).unwrap(), "c");
    }

    #[test]
    fn authorization_url_keeps_endpoint_query_and_escapes() {
        let endpoint = Url::parse("https://op.example/auth?tenant=a%20b").unwrap();
        let (state, nonce) = (Secret::new("s"), Secret::new("n"));
        let challenge = CodeChallenge::of("v");
        let extra = Params::new().with("prompt", "login consent");
        let request = AuthorizationRequest {
            response_type: "code",
            client_id_param: "client_id",
            client_id: "id",
            redirect_uri: "https://app.example/cb?x=1",
            scope: "openid email",
            state: &state,
            nonce: Some(&nonce),
            code_challenge: Some(&challenge),
            response_mode: None,
            extra: &extra,
        };
        let url = authorization_url(&endpoint, &request.params());
        assert_eq!(
            url.query().unwrap(),
            format!(
                "tenant=a%20b&response_type=code&client_id=id&redirect_uri=https%3A%2F%2Fapp.example\
                 %2Fcb%3Fx%3D1&scope=openid%20email&code_challenge_method=S256&state=s&nonce=n\
                 &code_challenge={}&prompt=login%20consent",
                challenge.as_str()
            )
        );
        let start = AuthorizationUrlStart::new(&endpoint, &request);
        assert!(start.fits(&endpoint, &request));
        assert_eq!(start.finish(&request), url);

        let next = Secret::new("s2");
        let extra = Params::new();
        let next = AuthorizationRequest { state: &next, extra: &extra, ..request };
        assert!(start.fits(&endpoint, &next));
        assert_eq!(start.finish(&next), authorization_url(&endpoint, &next.params()));
        for other in [
            AuthorizationRequest { redirect_uri: "https://app.example/", ..next },
            AuthorizationRequest { scope: "openid", ..next },
            AuthorizationRequest { code_challenge: None, ..next },
            AuthorizationRequest { response_mode: Some("form_post"), ..next },
        ] {
            assert!(!start.fits(&endpoint, &other), "{other:?}");
        }
        assert!(!start.fits(&Url::parse("https://op.example/auth").unwrap(), &request));
    }
}
