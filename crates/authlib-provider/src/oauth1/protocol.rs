//! Reading the protocol parameters (RFC 5849 §3.5): from one location, without duplicates.

use authlib_core::message::{self, Request};

use super::encoding::{Pairs, decode, form_decode};
use super::problem::Problem;
use crate::request;

/// The parameters of a signed request.
#[derive(Debug)]
pub(super) struct Protocol {
    /// The `oauth_` parameters.
    own: Pairs,
    /// The other parameters of query and form.
    pub(super) others: Pairs,
}

impl Protocol {
    pub(super) fn read(request: &Request) -> Result<Self, Problem> {
        let header = request::header(request, "authorization").unwrap_or_default();
        let header = request::credentials(header, "oauth").map(in_header).unwrap_or_default();
        let form = if is_form(request) { request.body().as_ref() } else { &[] };
        let query = request.uri().query().unwrap_or_default().as_bytes();
        let mut others = Pairs::new();
        let mut locations = vec![header];
        for text in [form, query] {
            let (own, rest): (Pairs, Pairs) =
                form_decode(text).into_iter().partition(|(name, _)| name.starts_with(b"oauth_"));
            locations.push(own);
            others.extend(rest);
        }
        locations.retain(|location| !location.is_empty());
        let own = match locations.len() {
            0 => return Err(Problem::malformed("parameter_absent", "oauth_consumer_key")),
            1 => locations.remove(0),
            _ => {
                return Err(Problem::malformed(
                    "parameter_rejected",
                    "oauth_ parameters in two locations",
                ));
            }
        };
        let mut names: Vec<_> = own.iter().map(|(name, _)| name).collect();
        names.sort_unstable();
        let all = names.len();
        names.dedup();
        if names.len() < all {
            return Err(Problem::malformed(
                "parameter_rejected",
                "an oauth_ parameter is repeated",
            ));
        }
        Ok(Self { own, others })
    }

    /// The value of a parameter that is present and not empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self.own.iter().find(|(known, _)| known == name.as_bytes())?;
        std::str::from_utf8(value).ok().filter(|value| !value.is_empty())
    }

    pub(super) fn required(&self, name: &'static str) -> Result<&str, Problem> {
        self.get(name).ok_or_else(|| Problem::malformed("parameter_absent", name))
    }

    /// All signed parameters (RFC 5849 §3.4.1.3.1).
    pub(super) fn signed(&self) -> impl Iterator<Item = &(Vec<u8>, Vec<u8>)> {
        let own = self.own.iter().filter(|(name, _)| name != b"oauth_signature");
        own.chain(&self.others)
    }
}

pub(super) fn is_form(request: &Request) -> bool {
    let media_type = message::media_type(request.headers());
    media_type.as_deref() == Some("application/x-www-form-urlencoded")
}

/// The parameters of the header except `realm` (RFC 5849 §3.5.1). A quoted realm may contain commas.
fn in_header(text: &str) -> Pairs {
    let mut quoted = false;
    let parts = text.split(|c| {
        quoted ^= c == '"';
        c == ',' && !quoted
    });
    let pairs = parts.filter_map(|part| {
        let (name, value) = part.trim().split_once('=')?;
        let value = value.strip_prefix('"')?.strip_suffix('"')?;
        (name != "realm").then(|| (decode(name.as_bytes()), decode(value.as_bytes())))
    });
    pairs.collect()
}
