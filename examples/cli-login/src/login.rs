//! Logging in: with the browser of this machine (RFC 8252) or with one on another device (RFC 8628).

use authlib_core::{AuthorizeOptions, OAuth2Client, Token};

use crate::arguments::LoginOptions;
use crate::browser;
use crate::failure::Failure;
use crate::loopback::Loopback;
use crate::output;
use crate::registration::Registration;
use crate::waiting::wait;

pub(crate) async fn run(
    registration: &Registration,
    options: &LoginOptions,
) -> Result<(), Failure> {
    let client = &registration.client;
    // Fails before the user has logged in, if the token could not be stored.
    if let Some(file) = &registration.file {
        file.prepare()?;
    }
    let token = if options.device {
        by_device(client, options).await?
    } else {
        by_browser(client, options).await?
    };
    let label = client.registered_client().display_name();
    let claims = token.userinfo().ok();
    let name = claims.as_ref().map(|claims| {
        let name = claims.name().or_else(|| claims.preferred_username());
        name.unwrap_or_else(|| claims.sub())
    });
    let user = name.map(|name| format!(" as {name}")).unwrap_or_default();
    output::print(&format!("Logged in with {label}{user}.\n"))
}

async fn by_browser(client: &OAuth2Client, options: &LoginOptions) -> Result<Token, Failure> {
    let loopback = Loopback::bind(options.port).await.map_err(|error| {
        Failure::other(format!("cannot listen on 127.0.0.1 port {}: {error}", options.port))
    })?;
    let authorize = AuthorizeOptions::new().redirect_uri(loopback.redirect_uri());
    let (url, pending) = client.create_authorization_url(authorize).await?;
    output::tell(&format!("Log in at {url}"));
    if !options.no_browser {
        browser::open(url.as_str());
    }
    let Some(callback) = wait(options.timeout(), loopback.callback()).await else {
        return Err(Failure::timed_out(
            "login timed out: the browser did not call back; try again or set `--timeout SECONDS`",
        ));
    };
    // Checks `state` and redeems the code with the PKCE verifier (RFC 8252 §8.1).
    Ok(client.fetch_access_token(pending, &callback).await?)
}

async fn by_device(client: &OAuth2Client, options: &LoginOptions) -> Result<Token, Failure> {
    let mut login = client.start_device_login(None).await?;
    // Shows URL and code together, so that a user who was sent a link can compare them (RFC 8628 §5.4).
    output::tell(&format!(
        "Open {} and enter the code {}",
        login.verification_uri(),
        login.user_code()
    ));
    let Some(token) = wait(options.timeout(), login.wait()).await else {
        return Err(Failure::timed_out(
            "login timed out: the device was not approved; try again or set `--timeout SECONDS`",
        ));
    };
    let token = token?;
    client.set_token(&token).await?;
    Ok(token)
}
