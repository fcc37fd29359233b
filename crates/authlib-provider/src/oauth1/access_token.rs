//! `/oauth1/access_token`: token credentials (RFC 5849 §2.3).

use authlib_core::message::{Request, Response};

use super::problem::Problem;
use super::request_token::{credentials, only_post};
use super::verify::verify;
use super::{MAX, Token};
use crate::provider::{Provider, unguessable};

pub(super) fn handle(provider: &Provider, request: &Request) -> Result<Response, Problem> {
    only_post(request)?;
    let now = provider.now();
    let verified = verify(provider, request, |state, client, token| {
        let temporary = state.temporary(token?, now)?;
        (temporary.client == client).then(|| temporary.secret.clone())
    })?;
    let token = verified.protocol.required("oauth_token")?;
    let verifier = verified.protocol.required("oauth_verifier")?;
    let mut state = provider.state();
    let allowed = state.oauth1.temporary(token, now).and_then(|known| known.allowed.clone());
    let refused = || Problem::unknown("permission_unknown", "nobody has allowed it");
    let (sub, expected) = allowed.ok_or_else(refused)?;
    if expected != verifier {
        return Err(Problem::unknown("verifier_invalid", ""));
    }
    state.oauth1.temporary.remove(token);
    if state.oauth1.tokens.len() >= MAX {
        state.oauth1.tokens.clear();
    }
    let (token, secret) = (unguessable(), unguessable());
    let user = state.user(&sub);
    let record = Token { secret: secret.clone(), client: verified.client, sub };
    state.oauth1.tokens.insert(token.clone(), record);
    drop(state);
    let fields = vec![
        ("oauth_token".to_owned(), token),
        ("oauth_token_secret".to_owned(), secret),
        ("user_id".to_owned(), user.sub.clone()),
        ("screen_name".to_owned(), user.display_name().to_owned()),
    ];
    Ok(credentials(provider, fields))
}
