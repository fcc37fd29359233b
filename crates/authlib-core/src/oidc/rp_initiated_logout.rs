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
    /// Where the provider sends the browser back to, with the `state` that it repeats.
    pub(crate) post_logout_redirect_uri: Option<(&'a str, &'a Secret)>,
    pub(crate) logout_hint: Option<&'a str>,
    pub(crate) ui_locales: Option<&'a str>,
}

impl LogoutRequest<'_> {
    /// The URL to send the browser to. What the endpoint has of a query stays.
    pub(crate) fn url(&self) -> Url {
        let mut params = Params::new();
        if let Some(hint) = self.id_token_hint {
            params.push("id_token_hint", hint.expose());
        }
        params.push("client_id", self.client_id);
        if let Some((uri, state)) = self.post_logout_redirect_uri {
            params.push("post_logout_redirect_uri", uri);
            params.push("state", state.expose());
        }
        for (name, value) in [("logout_hint", self.logout_hint), ("ui_locales", self.ui_locales)] {
            if let Some(value) = value {
                params.push(name, value);
            }
        }
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
            post_logout_redirect_uri: None,
            logout_hint: Some("a@b"),
            ui_locales: Some("de en"),
        };
        assert_eq!(
            request.url().query().unwrap(),
            "tenant=t&id_token_hint=h.i.t&client_id=id&logout_hint=a%40b&ui_locales=de%20en"
        );
        let state = Secret::new("s");
        request.post_logout_redirect_uri = Some(("https://app.example/out?x=1", &state));
        assert!(
            request.url().query().unwrap().contains(
                "post_logout_redirect_uri=https%3A%2F%2Fapp.example%2Fout%3Fx%3D1&state=s"
            )
        );
    }
}
