//! [`Preset`]: a provider as a row of data.

use serde_json::Value;

use super::ProviderInfo;
use super::request_hooks::{json_body, set_header, set_scheme};
use crate::config::{ClientConfig, ResponseMode};
use crate::error::Result;
use crate::hooks::{RequestHook, ResponseHook, default_token_type_bearer};
use crate::jose::{Algorithm, strict_json};
use crate::message::Response;
use crate::oauth2::{AssertionAudience, AuthMethod, TokenLocation};

/// A provider as a row of data. An empty text means that the provider has none. A provider with an issuer is an
/// OpenID provider, one with a `request_token` uses OAuth 1.0a.
#[derive(Clone, Copy, Debug)]
pub(super) struct Preset {
    pub(super) name: &'static str,
    pub(super) display_name: &'static str,
    pub(super) issuer: &'static str,
    /// The endpoint for temporary credentials (RFC 5849 §2.1).
    pub(super) request_token: &'static str,
    pub(super) authorize: &'static str,
    pub(super) token: &'static str,
    pub(super) userinfo: &'static str,
    /// The base URL of the API.
    pub(super) api: &'static str,
    pub(super) scope: &'static str,
    /// The claim of the user's id: a name, or a JSON pointer (RFC 6901).
    pub(super) subject: &'static str,
    /// OpenID claims and where they are in the user info response: JSON pointers.
    pub(super) claims: &'static [(&'static str, &'static str)],
    pub(super) email: Email,
    pub(super) quirks: &'static [Quirk],
    /// Where applications are registered.
    pub(super) console: &'static str,
    /// The colour of a button, as in CSS.
    pub(super) color: &'static str,
}

/// When an e-mail address is known to be the user's.
#[derive(Clone, Copy, Debug)]
pub(super) enum Email {
    /// If `email_verified` is true in the user info; the claims of the login have no address.
    AtUserInfo,
    /// If the list of addresses at this URL, which is fetched at login, marks it.
    Fetched(&'static str),
    /// If `email_verified` is true.
    IfVerified,
    /// Never, whatever the response says.
    Never,
    /// There is no address.
    None,
}

/// What a provider does otherwise.
#[derive(Clone, Copy, Debug)]
pub(super) enum Quirk {
    /// `aud` of client assertions.
    AssertionAudience(AssertionAudience),
    /// A parameter of every authorization request.
    AuthorizeParam(&'static str, &'static str),
    /// The client secret is sent in the form only, or in the header only.
    Auth(AuthMethod),
    /// The parameter `client_id` has another name in all requests.
    ClientIdName(&'static str),
    /// An error code of a user who denies access.
    DeniedError(&'static str),
    /// The device authorization endpoint (RFC 8628 §3.1).
    DeviceAuthorization(&'static str),
    /// The callback is posted.
    FormPost,
    /// ID tokens are signed with the client secret.
    HmacIdToken,
    /// Another spelling of the issuer.
    IssuerAlias(&'static str),
    /// Token requests are JSON.
    JsonTokenRequest,
    /// The key set, if the provider's metadata is not used.
    JwksUri(&'static str),
    /// There are no public clients.
    NeedsSecret,
    /// ID tokens do not repeat the nonce.
    NoNonce,
    /// Authorization requests can't use PKCE.
    NoPkce,
    /// Token responses have no `token_type`.
    NoTokenType,
    /// The ID token has all claims, or there is no user info endpoint for `GET`.
    NoUserInfo,
    /// Tokens are refreshed at another URL.
    RefreshUrl(&'static str),
    /// The user info request is a POST of a form with the token.
    TokenInBody,
    /// A header of the user info request.
    UserInfoHeader(&'static str, &'static str),
    /// The scheme of the token in the user info request, instead of `Bearer`.
    UserInfoScheme(&'static str),
}

type SetText = fn(ClientConfig, &'static str) -> ClientConfig;

impl Preset {
    /// What most rows have in common.
    pub(super) const EMPTY: Self = Self {
        name: "",
        display_name: "",
        issuer: "",
        request_token: "",
        authorize: "",
        token: "",
        userinfo: "",
        api: "",
        scope: "",
        subject: "",
        claims: &[],
        email: Email::None,
        quirks: &[],
        console: "",
        color: "",
    };

    /// An OpenID provider with metadata.
    pub(super) const OPENID: Self = Self { scope: "openid profile email", ..Self::EMPTY };

    /// The client that lacks only the id and the secret.
    pub(super) fn client(&self) -> ClientConfig {
        let mut client = ClientConfig::new(self.name).display_name(self.display_name);
        let texts: [(&str, SetText); 8] = [
            (self.issuer, |client, text| client.issuer(text)),
            (self.request_token, |client, text| client.request_token_url(text)),
            (self.authorize, |client, text| client.authorization_endpoint(text)),
            (self.token, |client, text| client.token_endpoint(text)),
            (self.userinfo, |client, text| client.userinfo_endpoint(text)),
            (self.api, |client, text| client.api_base_url(text)),
            (self.scope, |client, text| client.scope(text)),
            (self.subject, |client, text| client.subject_claim(text)),
        ];
        for (text, set) in texts.into_iter().filter(|(text, _)| !text.is_empty()) {
            client = set(client, text);
        }
        for (claim, pointer) in self.claims {
            client = client.userinfo_claim(claim, *pointer);
        }
        client = match self.email {
            Email::Never => client.on_response(ResponseHook::UserInfoResponse, distrust_email),
            Email::Fetched(url) => client
                .on_response(ResponseHook::UserInfoResponse, distrust_email)
                .emails_endpoint(url),
            Email::AtUserInfo | Email::IfVerified | Email::None => client,
        };
        self.quirks.iter().fold(client, |client, quirk| quirk.apply(client))
    }

    /// What applications and people want to know of the provider.
    pub(super) fn info(&self) -> ProviderInfo {
        let protocol = match (self.issuer, self.request_token) {
            ("", "") => "OAuth 2.0",
            ("", _) => "OAuth 1.0a",
            _ => "OpenID Connect",
        };
        let is_in_id_token = self.subject.is_empty() && !self.issuer.is_empty();
        ProviderInfo {
            name: self.name,
            display_name: self.display_name,
            protocol,
            user_id: if is_in_id_token { "sub" } else { self.subject },
            verified_email: self.email.text(),
            console_url: self.console,
            color: self.color,
        }
    }
}

impl Email {
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::AtUserInfo => "at the user info endpoint",
            Self::Fetched(_) => "fetched at login",
            Self::IfVerified => "if `email_verified`",
            Self::Never => "never",
            Self::None => "no address",
        }
    }
}

impl Quirk {
    fn apply(self, client: ClientConfig) -> ClientConfig {
        match self {
            Self::AssertionAudience(audience) => client.client_assertion_audience(audience),
            Self::AuthorizeParam(name, value) => client.authorize_param(name, value),
            Self::Auth(method) => client.token_endpoint_auth_method(method),
            Self::ClientIdName(name) => client.client_id_param(name),
            Self::DeniedError(code) => client.access_denied_error(code),
            Self::DeviceAuthorization(url) => client.device_authorization_endpoint(url),
            Self::FormPost => client.response_mode(ResponseMode::FormPost),
            Self::HmacIdToken => client.id_token_signed_response_alg(Algorithm::Hs256),
            Self::IssuerAlias(issuer) => client.issuer_alias(issuer),
            Self::JsonTokenRequest => client
                .on_request(RequestHook::AccessTokenRequest, json_body)
                .on_request(RequestHook::RefreshTokenRequest, json_body),
            Self::JwksUri(url) => client.jwks_uri(url),
            Self::NeedsSecret => client.needs_secret(),
            Self::NoNonce => client.dangerous_skip_nonce(),
            Self::NoPkce => client.dangerous_skip_pkce(),
            Self::NoTokenType => client
                .on_response(ResponseHook::AccessTokenResponse, default_token_type_bearer)
                .on_response(ResponseHook::RefreshTokenResponse, default_token_type_bearer),
            Self::NoUserInfo => client.without_userinfo_at_login(),
            Self::RefreshUrl(url) => client.refresh_token_url(url),
            Self::TokenInBody => client.token_location(TokenLocation::Body),
            Self::UserInfoHeader(name, value) => {
                client.on_request(RequestHook::UserInfoRequest, set_header(name, value))
            }
            Self::UserInfoScheme(scheme) => {
                client.on_request(RequestHook::UserInfoRequest, set_scheme(scheme))
            }
        }
    }
}

/// Sets `email_verified` to false, whatever the response says.
fn distrust_email(response: &mut Response) -> Result<()> {
    let Ok(mut body) = strict_json::object(response.body()) else { return Ok(()) };
    body.insert("email_verified".to_owned(), false.into());
    *response.body_mut() = Value::Object(body).to_string().into_bytes();
    response.headers_mut().remove(http::header::CONTENT_LENGTH);
    Ok(())
}
