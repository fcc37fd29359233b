//! The two ways to log in: by the browser of this machine (RFC 8252), and by one elsewhere (RFC 8628).

use authlib_core::{AuthorizeOptions, OAuth2Client, Token};

use crate::arguments::How;
use crate::browser;
use crate::failure::Failure;
use crate::loopback::Loopback;
use crate::output;
use crate::registration::Registration;
use crate::waiting::wait;

pub(crate) async fn run(registration: &Registration, how: &How) -> Result<(), Failure> {
    let client = &registration.client;
    // Before anybody goes through the pages for nothing.
    registration.tokens.prepare()?;
    let token =
        if how.device { by_device(client, how).await? } else { by_browser(client, how).await? };
    let label = client.registered_client().label();
    let claims = token.userinfo().ok();
    let name = claims.as_ref().map(|claims| {
        let name = claims.name().or_else(|| claims.preferred_username());
        name.unwrap_or_else(|| claims.sub())
    });
    output::print(&format!("Logged in with {label} as {}.\n", name.unwrap_or("somebody")))
}

async fn by_browser(client: &OAuth2Client, how: &How) -> Result<Token, Failure> {
    let loopback = Loopback::bind(how.port)
        .await
        .map_err(|error| Failure::other(format!("no port to wait on: {error}")))?;
    let options = AuthorizeOptions::new().redirect_uri(loopback.redirect_uri());
    let (url, pending) = client.create_authorization_url(options).await?;
    output::tell(&format!("Log in at {url}"));
    if how.opens_browser {
        browser::open(url.as_str());
    }
    let Some(callback) = wait(how.timeout, loopback.callback()).await else {
        return Err(Failure::too_late("the browser did not come back in time; try again"));
    };
    // Checks the `state` and spends the code with the PKCE verifier (RFC 8252 §8.1).
    Ok(client.fetch_access_token(pending, &callback).await?)
}

async fn by_device(client: &OAuth2Client, how: &How) -> Result<Token, Failure> {
    let mut login = client.start_device_login(None).await?;
    // Both together, so that who was sent a link by somebody else can compare (RFC 8628 §5.4).
    output::tell(&format!("Open {} and type {}", login.verification_uri(), login.user_code()));
    let Some(token) = wait(how.timeout, login.wait()).await else {
        return Err(Failure::too_late("nobody allowed it in time; try again"));
    };
    let token = token?;
    client.set_token(&token).await?;
    Ok(token)
}
