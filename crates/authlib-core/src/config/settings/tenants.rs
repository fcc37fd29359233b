//! Issuers with many tenants: one with the placeholder [`TENANT`], and Microsoft's `common`, `organizations`
//! and `consumers`, which are names of such an issuer.

use url::Url;

use super::provider::metadata_url;
use super::validator::Validator;
use crate::config::ClientConfig;
use crate::oauth2::issuers::{Issuers, TENANT, Tenants};

/// The hosts of Microsoft Entra ID: the public cloud, that of the US government, and China's.
const MICROSOFT: &[&str] =
    &["login.microsoftonline.com", "login.microsoftonline.us", "login.partner.microsoftonline.cn"];

/// The tenant of personal Microsoft accounts.
const CONSUMERS: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

impl ClientConfig {
    /// Adds the tenants, if the issuer has many.
    pub(super) fn with_tenants(
        &self,
        mut issuers: Issuers,
        mut url: Option<Url>,
        check: &mut Validator,
    ) -> (Issuers, Option<Url>) {
        let issuer = issuers.issuer.clone().unwrap_or_default();
        if self.any_tenant && !self.allowed_tenants.is_empty() {
            check.problem("any_tenant", "must not be combined with `allowed_tenants`: remove one");
        }
        let (mut allowed, given) = (self.allowed_tenants.clone(), self.has_tenants());
        let shared = shared_name(&issuer).filter(|name| given || is_microsoft(&issuer, name));
        if let Some(name) = shared {
            if name == "consumers" && !given {
                allowed.push(CONSUMERS.to_owned());
            }
            issuers.issuer = Some(issuer.replacen(name, TENANT, 1));
            // The name of all tenants, for callbacks.
            issuers.aliases.push(issuer);
        } else if issuers.is_template() {
            if self.server_metadata_url.is_none() && url.is_some() {
                url = Url::parse(&metadata_url(&issuer.replacen(TENANT, "common", 1))).ok();
            }
        } else if given {
            let key = if self.any_tenant { "any_tenant" } else { "allowed_tenants" };
            let problem = "has no effect: `issuer` is that of one tenant. Set it to one with \
                           `{tenantid}`, or to Microsoft's `common` or `organizations`";
            check.problem(key, problem);
            return (issuers, url);
        } else {
            return (issuers, url);
        }
        if !self.issuer_aliases.is_empty() {
            check.problem("issuer_aliases", "can't be set for an `issuer` with many tenants");
        }
        issuers.tenants = match allowed {
            _ if self.any_tenant => Some(Tenants::Any),
            allowed if !allowed.is_empty() => Some(Tenants::Listed(allowed)),
            _ => {
                let reason = "`issuer` has many tenants: list the ids of those whose users may log in, or \
                              set `any_tenant` to true; for one tenant, put its id into `issuer`";
                check.missing("allowed_tenants", reason);
                None
            }
        };
        (issuers, url)
    }

    fn has_tenants(&self) -> bool {
        self.any_tenant || !self.allowed_tenants.is_empty()
    }
}

/// Microsoft's name of many tenants in an issuer, such as `common` in
/// `https://login.microsoftonline.com/common/v2.0`.
fn shared_name(issuer: &str) -> Option<&'static str> {
    let url = Url::parse(issuer).ok()?;
    let path = url.path().strip_suffix("/v2.0")?;
    ["common", "organizations", "consumers"]
        .into_iter()
        .find(|name| path.strip_prefix('/') == Some(name))
}

/// Whether an issuer with this name has many tenants even if no setting says so.
fn is_microsoft(issuer: &str, name: &str) -> bool {
    let host = Url::parse(issuer).ok().and_then(|url| url.host_str().map(ToOwned::to_owned));
    name == "consumers" || host.is_some_and(|host| MICROSOFT.contains(&host.as_str()))
}
