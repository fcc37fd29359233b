//! `/oauth1/access_token`: token credentials (RFC 5849 §2.3).

use authlib_core::message::{Request, Response};

use super::problem::Problem;
use super::request_token::{credentials, only_post};
use super::verify::verify;
use crate::random;
use crate::state::Context;
use crate::state::oauth1::{MAX, TokenCredentials};

pub(super) fn handle(context: &Context, request: &Request) -> Result<Response, Problem> {
    only_post(request)?;
    let now = context.now();
    let verified = verify(context, request, |state, client, token| {
        let temporary = state.temporary(token?, now)?;
        (temporary.client == client).then(|| temporary.secret.clone())
    })?;
    let token = verified.protocol.required("oauth_token")?;
    let verifier = verified.protocol.required("oauth_verifier")?;
    let mut state = context.state();
    let approved = state.oauth1.temporary(token, now).and_then(|known| known.approved.clone());
    let unapproved =
        || Problem::unauthorized("permission_unknown", "the user has not approved the request");
    let (sub, expected) = approved.ok_or_else(unapproved)?;
    if expected != verifier {
        return Err(Problem::unauthorized("verifier_invalid", ""));
    }
    state.oauth1.temporary.remove(token);
    if state.oauth1.tokens.len() >= MAX {
        state.oauth1.tokens.clear();
    }
    let (token, secret) = (random::token(), random::token());
    let user = state.user(&sub);
    let record = TokenCredentials { secret: secret.clone(), client: verified.client, sub };
    state.oauth1.tokens.insert(token.clone(), record);
    drop(state);
    let fields = vec![
        ("oauth_token".to_owned(), token),
        ("oauth_token_secret".to_owned(), secret),
        ("user_id".to_owned(), user.sub.clone()),
        ("screen_name".to_owned(), user.display_name().to_owned()),
    ];
    Ok(credentials(context, fields))
}
