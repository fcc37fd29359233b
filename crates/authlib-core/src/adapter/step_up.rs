//! The login that an API requires, as a link that only this application makes.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{RequestContext, Response, see_other};
use crate::authorization::{PENDING_TTL, is_expired_at};
use crate::error::Error;
use crate::numeric_date::unix_seconds;
use crate::oauth2::StepUp;
use crate::params::Params;
use crate::registry::{OAuth, RegisteredClient};

/// The parameter of the login route. Its value is encrypted: another site must not choose the scope of a login.
const PARAM: &str = "step_up";

/// What the value is encrypted for.
const CONTEXT: &[u8] = b"step-up";

#[derive(Serialize, Deserialize)]
struct Sealed {
    required: StepUp,
    /// Seconds since the Unix epoch.
    made_at: u64,
}

/// The path of the login that the API requires, without `next`. `None` for another error, for a requirement that no login
/// can meet, and without a registry.
pub(super) fn login_path(error: &Error, request: &RequestContext) -> Option<String> {
    let required = error.step_up().filter(|required| required.is_named())?;
    let oauth = request.oauth.as_ref()?;
    let login_path = required.login_path()?;
    let sealed = seal(oauth, required).inspect_err(|error| {
        tracing::warn!(error = %error.report(), "could not create the link to the login that an API requires");
    });
    let path = oauth.site_path(login_path);
    let separator = if path.contains('?') { '&' } else { '?' };
    Some(format!("{path}{separator}{}", Params::new().with(PARAM, sealed.ok()?).to_query()))
}

/// The redirect to `login`, if the browser navigates to a page that it can return to.
pub(super) fn redirect(login: &str, request: &RequestContext) -> Option<Response> {
    let next = request.repeatable().filter(|_| request.is_navigation)?;
    let next = Params::new().with("next", next).to_query();
    Some(see_other(&format!("{login}&{next}")))
}

/// What a script learns, to send the browser to the login by itself.
pub(super) fn members(error: &Error, login: Option<&str>) -> Map<String, Value> {
    let mut members = Map::new();
    let Some(required) = error.step_up() else { return members };
    let mut put = |name: &str, value: Value| members.insert(name.to_owned(), value);
    let list = |values: Vec<&str>| Some(values.join(" ")).filter(|list| !list.is_empty());
    if let Some(values) = list(required.acr_values().collect()) {
        put("acr_values", values.into());
    }
    if let Some(max_age) = required.max_age() {
        put("max_age", max_age.as_secs().into());
    }
    if let Some(scope) = list(required.scope().collect()) {
        put("scope", scope.into());
    }
    if let Some(login) = login {
        put("login", login.into());
    }
    members
}

fn seal(oauth: &OAuth, required: &StepUp) -> crate::Result<String> {
    let sealed = Sealed { required: required.clone(), made_at: unix_seconds(oauth.now()) };
    let text = serde_json::to_vec(&sealed)
        .map_err(|cause| Error::new(crate::ErrorKind::Internal, cause))?;
    oauth.keyring().seal(CONTEXT, &text)
}

/// What the API requires of the login that `request` starts with `client`. A value that this application did not make, or
/// that is too old, is ignored: the API requires it again.
pub(super) fn required(client: &RegisteredClient, request: &RequestContext) -> Option<StepUp> {
    let oauth = request.oauth.as_ref()?;
    let query = Params::parse(request.query()?);
    let value = query.only(PARAM).ok()??;
    let opened = oauth.keyring().open(CONTEXT, value).ok();
    let sealed: Option<Sealed> = opened.and_then(|text| serde_json::from_slice(&text).ok());
    let valid = sealed.filter(|sealed| {
        sealed.required.client() == client.name() && !is_expired_at(sealed.made_at, oauth.now())
    });
    if valid.is_none() {
        let age = PENDING_TTL.as_secs();
        tracing::info!(
            client = client.name(),
            "`{PARAM}` ignored: not created by this application, or older than {age} s"
        );
    }
    valid.map(|sealed| sealed.required)
}
