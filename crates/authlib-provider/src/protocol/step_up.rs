//! What the API requires beyond a valid token (RFC 9470 §3, RFC 6750 §3.1).

use authlib_core::message::Response;
use http::header;

use super::dpop;
use crate::fault::Fault;
use crate::response::{self, error};
use crate::state::Context;
use crate::state::grants::AccessToken;

/// The challenge, if the token's login is not sufficient.
pub(crate) fn challenge(context: &Context, access: &AccessToken) -> Option<Response> {
    let grant = &access.grant;
    let age = context.now_seconds().saturating_sub(grant.auth_time);
    let has = |list: &str, value: &str| list.split_ascii_whitespace().any(|one| one == value);
    for fault in context.faults() {
        let (status, code, param) = match fault {
            Fault::ApiNeedsAcr(values)
                if !grant.acr.as_ref().is_some_and(|acr| has(&values, acr)) =>
            {
                (401, "insufficient_user_authentication", format!("acr_values=\"{values}\""))
            }
            Fault::ApiNeedsMaxAge(max_age) if age > max_age => {
                (401, "insufficient_user_authentication", format!("max_age=\"{max_age}\""))
            }
            Fault::ApiNeedsScope(scope)
                if !scope.split_ascii_whitespace().all(|one| has(&grant.scope, one)) =>
            {
                (403, "insufficient_scope", format!("scope=\"{scope}\""))
            }
            Fault::ApiNeedsResource(resource) if !grant.audience.contains(&resource) => {
                (401, "invalid_token", "error_description=\"another resource\"".to_owned())
            }
            _ => continue,
        };
        let mut response = error(status, code, "the login is not sufficient");
        let scheme = match grant.jkt {
            Some(_) => dpop::scheme(context),
            None => "Bearer".to_owned(),
        };
        let challenge = format!("{scheme} error=\"{code}\", {param}");
        response::set(&mut response, header::WWW_AUTHENTICATE, &challenge);
        return Some(response);
    }
    None
}
