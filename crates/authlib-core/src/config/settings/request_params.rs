//! Parameters of the authorization request that are settings of their own: `acr_values`, `claims`, `resource` and
//! `authorization_details`.

use serde_json::Value;
use url::Url;

use super::validator::Validator;
use crate::config::ClientConfig;
use crate::params::Params;

impl ClientConfig {
    /// The parameters of every authorization request.
    pub(super) fn request_params(&self, check: &mut Validator) -> Params {
        self.check_claims(check);
        self.check_details(check);
        let mut params = self.authorize_params.clone();
        if let Some(values) = &self.acr_values {
            params.set("acr_values", values.as_str());
        }
        if !self.claims.is_empty() {
            params.set("claims", Value::Object(self.claims.clone()).to_string());
        }
        for resource in self.checked_resources(check) {
            params.push("resource", resource);
        }
        if !self.authorization_details.is_empty() {
            let details = Value::Array(self.authorization_details.clone());
            params.set("authorization_details", details.to_string());
        }
        params
    }

    /// The resources: absolute URIs without a fragment (RFC 8707 §2).
    pub(super) fn checked_resources(&self, check: &mut Validator) -> Vec<String> {
        for resource in &self.resource {
            let url = Url::parse(resource);
            if url.is_ok_and(|url| url.fragment().is_none()) {
                continue;
            }
            let problem = "it must be an absolute URI without a fragment (RFC 8707 §2)";
            check.url_problem("resource", resource, &problem);
        }
        self.resource.clone()
    }

    /// Checks the members of `claims` (OpenID Connect Core §5.5, §5.5.1).
    fn check_claims(&self, check: &mut Validator) {
        for (place, claims) in &self.claims {
            let Some(claims) =
                claims.as_object().filter(|_| matches!(place.as_str(), "id_token" | "userinfo"))
            else {
                let problem = format!(
                    "has {place:?}: only the tables `id_token` and `userinfo` are allowed (OpenID Connect Core \
                     §5.5)"
                );
                check.problem("claims", problem);
                continue;
            };
            for (name, request) in claims {
                if !is_claim_request(request) {
                    let problem = format!(
                        "has an invalid request for {name:?}: use null, or a table with `essential`, `value` or `values` \
                         (OpenID Connect Core §5.5.1)"
                    );
                    check.problem("claims", problem);
                }
            }
        }
        if !self.claims.is_empty() && !self.asks_for_openid() {
            check.problem("claims", "needs the scope `openid` (OpenID Connect Core §5.5)");
        }
    }

    fn check_details(&self, check: &mut Validator) {
        let has_type = |detail: &Value| detail.get("type").is_some_and(Value::is_string);
        if !self.authorization_details.iter().all(has_type) {
            let problem = "has an object without the text `type` (RFC 9396 §2)";
            check.problem("authorization_details", problem);
        }
    }
}

/// How one claim is requested.
fn is_claim_request(request: &Value) -> bool {
    let Value::Object(members) = request else { return request.is_null() };
    members.iter().all(|(name, value)| match name.as_str() {
        "essential" => value.is_boolean(),
        "value" => true,
        "values" => value.is_array(),
        _ => false,
    })
}
