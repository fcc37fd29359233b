//! [`Preset`]: a provider as a row of data.

use serde_json::Value;

use crate::config::{ClientConfig, ResponseMode};
use crate::error::Result;
use crate::hooks::{ResponseHook, default_token_type_bearer};
use crate::jose::{Algorithm, strict_json};
use crate::message::Response;
use crate::oauth2::AuthMethod;

/// A provider as a row of data. An empty text means that the provider has none.
#[derive(Clone, Copy, Debug)]
pub(super) struct Preset {
    pub(super) name: &'static str,
    pub(super) display_name: &'static str,
    pub(super) issuer: &'static str,
    pub(super) authorize: &'static str,
    pub(super) token: &'static str,
    pub(super) userinfo: &'static str,
    pub(super) scope: &'static str,
    /// The claim of the user's id: a name, or a JSON pointer (RFC 6901).
    pub(super) subject: &'static str,
    /// OpenID claims and where they are in the user info response: JSON pointers.
    pub(super) claims: &'static [(&'static str, &'static str)],
    pub(super) quirks: &'static [Quirk],
}

type SetText = fn(ClientConfig, &'static str) -> ClientConfig;

/// What a provider does otherwise.
#[derive(Clone, Copy, Debug)]
pub(super) enum Quirk {
    /// A parameter of every authorization request.
    AuthorizeParam(&'static str, &'static str),
    /// The client secret is sent in the form only, or in the header only.
    Auth(AuthMethod),
    /// An error code of a user who denies access.
    DeniedError(&'static str),
    /// The list of e-mail addresses, in which the verified one is marked.
    Emails(&'static str),
    /// The callback is posted.
    FormPost,
    /// ID tokens are signed with the client secret.
    HmacIdToken,
    /// Token responses have no `token_type`.
    NoTokenType,
    /// E-mail addresses may not be the user's, whatever the response says.
    NoVerifiedEmail,
    /// The ID token has all claims, or there is no user info endpoint for `GET`.
    NoUserInfo,
    /// Tokens are refreshed at another URL.
    RefreshUrl(&'static str),
}

impl Preset {
    /// What most rows have in common.
    pub(super) const EMPTY: Self = Self {
        name: "",
        display_name: "",
        issuer: "",
        authorize: "",
        token: "",
        userinfo: "",
        scope: "",
        subject: "",
        claims: &[],
        quirks: &[],
    };

    /// An OpenID provider with metadata.
    pub(super) const OPENID: Self = Self { scope: "openid profile email", ..Self::EMPTY };

    /// The client that lacks only the id and the secret.
    pub(super) fn client(&self) -> ClientConfig {
        let mut client = ClientConfig::new(self.name).display_name(self.display_name);
        let texts: [(&str, SetText); 6] = [
            (self.issuer, |client, text| client.issuer(text)),
            (self.authorize, |client, text| client.authorization_endpoint(text)),
            (self.token, |client, text| client.token_endpoint(text)),
            (self.userinfo, |client, text| client.userinfo_endpoint(text)),
            (self.scope, |client, text| client.scope(text)),
            (self.subject, |client, text| client.subject_claim(text)),
        ];
        for (text, set) in texts.into_iter().filter(|(text, _)| !text.is_empty()) {
            client = set(client, text);
        }
        let trusts = !self.quirks.iter().any(|quirk| matches!(quirk, Quirk::NoVerifiedEmail));
        if !self.claims.is_empty() || !trusts {
            client = with_claims(client, self.claims, trusts);
        }
        self.quirks.iter().fold(client, |client, quirk| quirk.apply(client))
    }
}

impl Quirk {
    fn apply(self, client: ClientConfig) -> ClientConfig {
        match self {
            Self::AuthorizeParam(name, value) => client.authorize_param(name, value),
            Self::Auth(method) => client.token_endpoint_auth_method(method),
            Self::DeniedError(code) => client.access_denied_error(code),
            Self::Emails(url) => client.emails_endpoint(url),
            Self::FormPost => client.response_mode(ResponseMode::FormPost),
            Self::HmacIdToken => client.id_token_signed_response_alg(Algorithm::Hs256),
            Self::NoTokenType => client
                .on_response(ResponseHook::AccessTokenResponse, default_token_type_bearer)
                .on_response(ResponseHook::RefreshTokenResponse, default_token_type_bearer),
            Self::NoVerifiedEmail => client,
            Self::NoUserInfo => client.without_userinfo_at_login(),
            Self::RefreshUrl(url) => client.refresh_token_url(url),
        }
    }
}

/// A client whose user info has these OpenID claims.
pub(super) fn with_claims(
    client: ClientConfig,
    claims: &[(&str, &str)],
    trusts_email: bool,
) -> ClientConfig {
    let client = claims
        .iter()
        .fold(client, |client, (claim, pointer)| client.userinfo_claim(claim, *pointer));
    if trusts_email {
        return client;
    }
    client.on_response(ResponseHook::UserInfoResponse, distrust_email)
}

/// Sets `email_verified` to false, whatever the response says.
fn distrust_email(response: &mut Response) -> Result<()> {
    let Ok(mut body) = strict_json::object(response.body()) else { return Ok(()) };
    body.insert("email_verified".to_owned(), false.into());
    *response.body_mut() = Value::Object(body).to_string().into_bytes();
    response.headers_mut().remove(http::header::CONTENT_LENGTH);
    Ok(())
}
