//! DPoP proofs (RFC 9449 §4.3), and the nonces that this server wants in them (§8, §9).

use authlib_core::message::{Request, Response};
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::{self, HeaderName};
use jsonwebtoken::jwk::ThumbprintHash;
use jsonwebtoken::{DecodingKey, decode_header};
use serde_json::Value;
use url::Url;

use super::verify;
use crate::fault::Fault;
use crate::request;
use crate::response::{self, error};
use crate::state::Context;

/// `dpop_signing_alg_values_supported`.
pub(crate) const ALGORITHMS: &[&str] = &["ES256", "ES384", "EdDSA", "RS256", "PS256"];

/// How old or new a proof may be, in seconds.
const TOLERANCE: u64 = 300;

/// The thumbprint of the key whose possession the request proves; `None` without a proof.
///
/// # Errors
///
/// The error response, if the proof is not valid.
pub(crate) fn thumbprint(
    context: &Context,
    request: &Request,
    access_token: Option<&str>,
) -> Result<Option<String>, Box<Response>> {
    let mut proofs = request.headers().get_all("dpop").iter();
    let Some(proof) = proofs.next() else { return Ok(None) };
    let rejected = |why: &str| Box::new(error(400, "invalid_dpop_proof", why));
    if proofs.next().is_some() {
        return Err(rejected("more than one DPoP header"));
    }
    let proof = proof.to_str().map_err(|_| rejected("the proof is not ASCII"))?;
    let (jkt, claims) = verified(proof).ok_or_else(|| rejected("the proof is not valid"))?;
    let is_here = |base: &String| {
        let origin = Url::parse(base).map(|url| url.origin().ascii_serialization());
        let url = format!("{}{}", origin.unwrap_or_default(), request.uri().path());
        verify::text(&claims, "htu") == Some(&url)
    };
    if verify::text(&claims, "htm") != Some(request.method().as_str()) {
        return Err(rejected("`htm` is not the method of the request"));
    }
    if !is_here(&context.issuer) && !context.mtls_base.as_ref().is_some_and(is_here) {
        return Err(rejected("`htu` is not the URL of the request"));
    }
    let issued_at = claims.get("iat").and_then(Value::as_u64).unwrap_or_default();
    let now = context.now_seconds();
    if issued_at.abs_diff(now) > TOLERANCE {
        return Err(rejected("the proof is too old, or from the future"));
    }
    let jti = verify::text(&claims, "jti").ok_or_else(|| rejected("`jti` is missing"))?;
    if !verify::is_first_use(context, &jkt, jti, now.saturating_add(TOLERANCE)) {
        return Err(rejected("the proof was used before"));
    }
    let ath = access_token.map(|token| URL_SAFE_NO_PAD.encode(digest(&SHA256, token.as_bytes())));
    if verify::text(&claims, "ath") != ath.as_deref() {
        return Err(rejected("`ath` is not the hash of the access token"));
    }
    let nonce = verify::text(&claims, "nonce");
    if wants_nonce(context, nonce) {
        return Err(Box::new(nonce_request(context, access_token.is_some())));
    }
    Ok(Some(jkt))
}

/// The key and the claims of a proof with a valid signature.
fn verified(proof: &str) -> Option<(String, Value)> {
    let header = decode_header(proof).ok()?;
    let is_allowed = ALGORITHMS.contains(&format!("{:?}", header.alg).as_str());
    if header.typ.as_deref() != Some("dpop+jwt") || !is_allowed {
        return None;
    }
    let jwk = header.jwk?;
    let claims = verify::claims(proof, header.alg, &DecodingKey::from_jwk(&jwk).ok()?)?;
    // A private key has no place in a proof (§4.3).
    let head = URL_SAFE_NO_PAD.decode(proof.split('.').next()?).ok()?;
    let head: Value = serde_json::from_slice(&head).ok()?;
    if head.get("jwk")?.get("d").is_some() {
        return None;
    }
    Some((jwk.thumbprint(ThumbprintHash::SHA256).ok()?, claims))
}

/// The nonce of this minute.
fn current_nonce(context: &Context) -> String {
    format!("nonce-{}", context.now_seconds() / 60)
}

fn wants_nonce(context: &Context, nonce: Option<&str>) -> bool {
    context.faults().iter().any(|fault| match fault {
        Fault::DpopNonce => nonce != Some(&current_nonce(context)),
        Fault::DpopNonceNeverAccepted => true,
        _ => false,
    })
}

/// `use_dpop_nonce`, from an authorization server (§8) or a protected resource (§9).
fn nonce_request(context: &Context, at_resource: bool) -> Response {
    let status = if at_resource { 401 } else { 400 };
    let mut response = error(status, "use_dpop_nonce", "the proof needs this nonce");
    if at_resource {
        let challenge = format!("{} error=\"use_dpop_nonce\"", scheme(context));
        response::set(&mut response, header::WWW_AUTHENTICATE, &challenge);
    }
    let name = HeaderName::from_static("dpop-nonce");
    response::set(&mut response, name, &current_nonce(context));
    response
}

/// The scheme of challenges, in the letter case that a fault sets.
pub(crate) fn scheme(context: &Context) -> String {
    let set = context.faults().into_iter().find_map(|fault| match fault {
        Fault::DpopScheme(scheme) => Some(scheme),
        _ => None,
    });
    set.unwrap_or_else(|| "DPoP".to_owned())
}

/// The token in the header, if it is sent as a DPoP token (§7.1).
pub(crate) fn in_header(request: &Request) -> Option<&str> {
    let header = request::header(request, "authorization")?;
    request::credentials(header, "dpop").filter(|token| !token.is_empty())
}
