//! The user info endpoint (OpenID Connect Core §5.3).

use authlib_core::message::{Request, Response};
use serde_json::{Map, Value, json};

use crate::fault::Fault;
use crate::protocol::{bearer, sign};
use crate::response::{error, json_response, respond};
use crate::state::Context;

/// The access token of the source of distributed claims.
const CLAIMS_TOKEN: &str = "claims-token";

pub(crate) fn handle(context: &Context, request: &Request) -> Response {
    let (access, _) = match bearer::anywhere(context, request) {
        Ok(found) => found,
        Err(rejection) => return *rejection,
    };
    let user = context.state().user(&access.grant.sub);
    let mut claims = user.claims_for(&access.grant.scope);
    let mut signed_with = None;
    for fault in context.faults() {
        match fault {
            Fault::UserInfo(name, value) => {
                claims.insert(name, value);
            }
            Fault::UserInfoMissing(name) => {
                claims.remove(&name);
            }
            Fault::UserInfoSigned(faults) => signed_with = Some(faults),
            Fault::DistributedClaims(_) => {
                let source =
                    json!({ "endpoint": context.url("claims"), "access_token": CLAIMS_TOKEN });
                claims.insert("_claim_names".to_owned(), json!({ "department": "s" }));
                claims.insert("_claim_sources".to_owned(), json!({ "s": source }));
            }
            _ => {}
        }
    }
    match signed_with {
        Some(faults) => signed(context, &access.grant.client, claims, &faults),
        None => json_response(200, &claims.into()),
    }
}

/// The source of distributed claims (§5.6.2), which has its own token.
pub(crate) fn distributed(context: &Context, request: &Request) -> Response {
    if bearer::in_header(request) != Some(CLAIMS_TOKEN) {
        return error(401, "invalid_token", "the token is not that of this endpoint");
    }
    let faults = context.faults().into_iter().find_map(|fault| match fault {
        Fault::DistributedClaims(faults) => Some(faults),
        _ => None,
    });
    let mut claims = Map::new();
    claims.insert("iss".to_owned(), context.issuer.as_str().into());
    claims.insert("department".to_owned(), "Research".into());
    claims.insert("email".to_owned(), "mallory@example.com".into());
    match sign::sign_with(context, "", "JWT", &faults.unwrap_or_default(), |_| claims) {
        Some(jwt) => respond(200, "application/jwt", jwt),
        None => error(500, "server_error", "the claims could not be signed"),
    }
}

/// The claims as a JWT for this client (§5.3.2).
fn signed(
    context: &Context,
    client: &str,
    mut claims: Map<String, Value>,
    faults: &[Fault],
) -> Response {
    claims.insert("iss".to_owned(), context.issuer.as_str().into());
    claims.insert("aud".to_owned(), client.into());
    match sign::sign_with(context, client, "JWT", faults, |_| claims) {
        Some(jwt) => respond(200, "application/jwt", jwt),
        None => error(500, "server_error", "the user info could not be signed"),
    }
}
