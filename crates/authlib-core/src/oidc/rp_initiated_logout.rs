//! OpenID Connect RP-Initiated Logout 1.0 §2: the URL that ends the session at the provider.

use url::Url;

use crate::params::Params;
use crate::secret::Secret;

/// What a logout request says.
#[derive(Debug)]
pub(crate) struct LogoutRequest<'a> {
    pub(crate) endpoint: &'a Url,
    pub(crate) client_id: &'a str,
    pub(crate) id_token_hint: Option<&'a Secret>,
    /// Where the provider sends the browser back to.
    pub(crate) redirect: Option<LogoutRedirect<'a>>,
    pub(crate) logout_hint: Option<&'a str>,
    pub(crate) ui_locales: Option<&'a str>,
    /// More parameters.
    pub(crate) extra: &'a Params,
}

/// The redirect after a logout.
#[derive(Debug)]
pub(crate) struct LogoutRedirect<'a> {
    /// The parameter that holds the URI: `post_logout_redirect_uri`, or a provider's own.
    pub(crate) param: &'a str,
    pub(crate) uri: &'a str,
    /// What the provider repeats.
    pub(crate) state: Option<&'a Secret>,
}

impl LogoutRequest<'_> {
    /// The URL to send the browser to. What the endpoint has of a query stays.
    pub(crate) fn url(&self) -> Url {
        let mut params = Params::new();
        if let Some(hint) = self.id_token_hint {
            params.push("id_token_hint", hint.expose());
        }
        params.push("client_id", self.client_id);
        if let Some(redirect) = &self.redirect {
            params.push(redirect.param, redirect.uri);
            if let Some(state) = redirect.state {
                params.push("state", state.expose());
            }
        }
        for (name, value) in [("logout_hint", self.logout_hint), ("ui_locales", self.ui_locales)] {
            if let Some(value) = value {
                params.push(name, value);
            }
        }
        params.extend(self.extra.iter());
        let mut url = self.endpoint.clone();
        params.append_to(&mut url);
        url
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// T025 and T026: the hint, the client and the passed options, encoded; no state without a URI.
    #[test]
    fn logout_url_has_parameters_and_no_state_without_uri() {
        let endpoint = Url::parse("https://op.example/end?tenant=t").unwrap();
        let mut request = LogoutRequest {
            endpoint: &endpoint,
            client_id: "id",
            id_token_hint: Some(&Secret::new("h.i.t")),
            redirect: None,
            logout_hint: Some("a@b"),
            ui_locales: Some("de en"),
            extra: &Params::new(),
        };
        assert_eq!(
            request.url().query().unwrap(),
            "tenant=t&id_token_hint=h.i.t&client_id=id&logout_hint=a%40b&ui_locales=de%20en"
        );
        let state = Secret::new("s");
        let redirect = |param, state| {
            Some(LogoutRedirect { param, uri: "https://app.example/out?x=1", state })
        };
        request.redirect = redirect("post_logout_redirect_uri", Some(&state));
        assert!(
            request.url().query().unwrap().contains(
                "post_logout_redirect_uri=https%3A%2F%2Fapp.example%2Fout%3Fx%3D1&state=s"
            )
        );
        // Amazon Cognito.
        let extra = Params::from([("federated", "")]);
        let cognito = LogoutRequest {
            redirect: redirect("logout_uri", None),
            id_token_hint: None,
            logout_hint: None,
            ui_locales: None,
            extra: &extra,
            ..request
        };
        assert_eq!(
            cognito.url().query().unwrap(),
            "tenant=t&client_id=id&logout_uri=https%3A%2F%2Fapp.example%2Fout%3Fx%3D1&federated="
        );
    }
}
