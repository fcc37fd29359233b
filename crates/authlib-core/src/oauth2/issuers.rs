//! [`Issuers`]: the issuers whose tokens a client accepts (OpenID Connect Core §3.1.3.7 step 2), and the one
//! that a user belongs to (§5.7).

/// The placeholder of an issuer that has many tenants, as in the metadata of Microsoft Entra ID.
pub(crate) const TENANT: &str = "{tenantid}";

/// The accepted issuers of one client.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Issuers {
    /// The configured issuer. With many tenants it contains [`TENANT`].
    pub(crate) issuer: Option<String>,
    /// Other spellings of `issuer`: a user is the same with each of them.
    pub(crate) aliases: Vec<String>,
    /// Other issuers, each with its own users.
    pub(crate) others: Vec<String>,
    /// The tenants of an issuer that contains [`TENANT`].
    pub(crate) tenants: Option<Tenants>,
}

/// The tenants whose users may log in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Tenants {
    Any,
    Listed(Vec<String>),
}

/// Why an issuer is not accepted.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum IssuerMismatch {
    Issuer,
    /// The issuer is that of another tenant than the signed `tid` claim.
    OtherTenant,
    /// The tenant is not one of [`Tenants::Listed`].
    TenantNotAllowed,
}

impl Issuers {
    /// One issuer with one spelling.
    pub(crate) fn of(issuer: &str) -> Self {
        Self { issuer: Some(issuer.to_owned()), ..Self::default() }
    }

    /// The issuer that a user of the verified token belongs to: `iss`, or the configured issuer if `iss` is
    /// another spelling of it. `tid` is the token's claim of that name.
    pub(crate) fn identify<'a>(
        &'a self,
        iss: &'a str,
        tid: Option<&str>,
    ) -> Result<&'a str, IssuerMismatch> {
        if self.others.iter().any(|other| other == iss) {
            return Ok(iss);
        }
        if let Some(tenant) = self.tenant_of(iss) {
            return match &self.tenants {
                _ if tid != Some(tenant) => Err(IssuerMismatch::OtherTenant),
                Some(tenants) if tenants.allow(tenant) => Ok(iss),
                _ => Err(IssuerMismatch::TenantNotAllowed),
            };
        }
        let canonical = self.canonical(iss);
        if !self.is_template() && (self.issuer.as_deref() == Some(canonical) || canonical != iss) {
            return Ok(canonical);
        }
        Err(IssuerMismatch::Issuer)
    }

    /// The configured issuer for another spelling of it; any other issuer itself.
    pub(crate) fn canonical<'a>(&'a self, iss: &'a str) -> &'a str {
        match &self.issuer {
            Some(issuer) if self.aliases.iter().any(|alias| alias == iss) => issuer,
            _ => iss,
        }
    }

    /// Whether the provider itself has this name: in callbacks (RFC 9207 §2.4) and signed introspection
    /// responses (RFC 9701 §5).
    pub(crate) fn is_provider(&self, iss: &str) -> bool {
        let tenant = self.tenant_of(iss).zip(self.tenants.as_ref());
        self.issuer.as_deref() == Some(iss)
            || self.aliases.iter().chain(&self.others).any(|known| known == iss)
            || tenant.is_some_and(|(tenant, tenants)| tenants.allow(tenant))
    }

    /// Whether a callback and an ID token with these issuers can be of one login (RFC 9207 §2.4). A
    /// provider that has several issuers may have one name for all of them in callbacks.
    pub(crate) fn is_same_login(&self, callback: &str, id_token: &str) -> bool {
        let callback = self.canonical(callback);
        let is_general = self.issuer.as_deref() == Some(callback)
            || (self.is_template() && self.aliases.iter().any(|alias| alias == callback));
        is_general || callback == self.canonical(id_token)
    }

    /// Whether a metadata document with this issuer is the provider's (RFC 8414 §3.3). Its keys verify the
    /// tokens of all tenants, so the document of one tenant is accepted only for that tenant.
    pub(crate) fn is_document(&self, found: &str) -> bool {
        let only = match (&self.tenants, self.tenant_of(found)) {
            (Some(Tenants::Listed(listed)), Some(tenant)) => {
                listed.iter().all(|listed| listed == tenant)
            }
            _ => false,
        };
        only || self.issuer.as_deref() == Some(found)
    }

    /// Whether a key that names its issuer may sign a token of `iss`. Microsoft's keys do: those for personal
    /// accounts must not sign for other tenants.
    pub(crate) fn is_key_for(&self, key_issuer: &str, iss: &str) -> bool {
        !self.is_template() || key_issuer == iss || self.issuer.as_deref() == Some(key_issuer)
    }

    /// Whether the configured issuer has many tenants.
    pub(crate) fn is_template(&self) -> bool {
        // Most issuers have no brace, which is found faster than a text.
        self.issuer.as_ref().is_some_and(|issuer| issuer.contains('{') && issuer.contains(TENANT))
    }

    /// Whether nothing is known about the issuer.
    pub(crate) fn is_empty(&self) -> bool {
        self.issuer.is_none() && self.aliases.is_empty() && self.others.is_empty()
    }

    /// The accepted issuers, for error messages.
    pub(crate) fn listed(&self) -> String {
        let all = self.issuer.iter().chain(&self.aliases).chain(&self.others);
        all.map(String::as_str).collect::<Vec<_>>().join(" or ")
    }

    /// The tenant in `iss`, if it is the configured issuer with a tenant in the place of [`TENANT`].
    fn tenant_of<'a>(&self, iss: &'a str) -> Option<&'a str> {
        let template = self.issuer.as_ref().filter(|_| self.is_template())?;
        let (before, after) = template.split_once(TENANT)?;
        let tenant = iss.strip_prefix(before)?.strip_suffix(after)?;
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        (!tenant.is_empty() && tenant.chars().all(is_plain)).then_some(tenant)
    }
}

impl Tenants {
    fn allow(&self, tenant: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Listed(listed) => listed.iter().any(|listed| listed == tenant),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: &str = "https://login.example/{tenantid}/v2.0";

    fn text(values: &[&str]) -> Vec<String> {
        values.iter().map(|value| (*value).to_owned()).collect()
    }

    fn several() -> Issuers {
        Issuers {
            issuer: Some("https://op.example".to_owned()),
            aliases: text(&["op.example"]),
            others: text(&["https://b.example"]),
            tenants: None,
        }
    }

    fn tenants(tenants: Tenants) -> Issuers {
        Issuers {
            issuer: Some(TEMPLATE.to_owned()),
            aliases: text(&["https://login.example/common/v2.0"]),
            tenants: Some(tenants),
            ..Issuers::default()
        }
    }

    #[test]
    fn alias_is_the_issuer_and_another_issuer_is_itself() {
        for (iss, expected) in [
            ("https://op.example", Some("https://op.example")),
            ("op.example", Some("https://op.example")),
            ("https://b.example", Some("https://b.example")),
            ("https://op.example/", None),
            ("b.example", None),
            ("", None),
        ] {
            assert_eq!(several().identify(iss, None).ok(), expected, "{iss}");
            assert_eq!(several().is_provider(iss), expected.is_some(), "{iss}");
        }
        let nameless = Issuers { issuer: None, ..several() };
        assert!(nameless.is_provider("op.example"));
        assert!(nameless.identify("op.example", None).is_err(), "ID tokens need an issuer");
        assert!(several().is_document("https://op.example"));
        assert!(
            !several().is_document("op.example") && !several().is_document("https://b.example")
        );
    }

    #[test]
    fn tenant_must_be_the_signed_one_and_allowed() {
        use IssuerMismatch::{Issuer, OtherTenant, TenantNotAllowed};
        let at = |tenant: &str| TEMPLATE.replace(TENANT, tenant);
        for (iss, tid, any, listed) in [
            (at("t1"), Some("t1"), None, None),
            (at("t2"), Some("t2"), None, Some(TenantNotAllowed)),
            (at("t1"), Some("t2"), Some(OtherTenant), Some(OtherTenant)),
            (at("t1"), Some("T1"), Some(OtherTenant), Some(OtherTenant)),
            (at("t1"), None, Some(OtherTenant), Some(OtherTenant)),
            (at(""), Some(""), Some(Issuer), Some(Issuer)),
            (at("a/b"), Some("a/b"), Some(Issuer), Some(Issuer)),
            (at(TENANT), Some(TENANT), Some(Issuer), Some(Issuer)),
            (at("t1") + "/", Some("t1"), Some(Issuer), Some(Issuer)),
            ("https://evil.example/t1/v2.0".to_owned(), Some("t1"), Some(Issuer), Some(Issuer)),
            (at("common"), Some("t1"), Some(OtherTenant), Some(OtherTenant)),
        ] {
            let expected =
                |error: Option<IssuerMismatch>| error.map_or_else(|| Ok(iss.as_str()), Err);
            let issuers = tenants(Tenants::Any);
            assert_eq!(issuers.identify(&iss, tid), expected(any), "{iss} {tid:?}, any");
            let issuers = tenants(Tenants::Listed(text(&["t1"])));
            assert_eq!(issuers.identify(&iss, tid), expected(listed), "{iss} {tid:?}, listed");
        }
    }

    #[test]
    fn callback_names_the_provider_or_the_tenant_of_the_token() {
        let any = tenants(Tenants::Any);
        let at = |tenant: &str| TEMPLATE.replace(TENANT, tenant);
        for (callback, is_provider, is_same) in [
            (TEMPLATE.to_owned(), true, true),
            (at("common"), true, true),
            (at("t1"), true, true),
            (at("t2"), true, false),
            ("https://evil.example".to_owned(), false, false),
        ] {
            assert_eq!(any.is_provider(&callback), is_provider, "{callback}");
            assert_eq!(any.is_same_login(&callback, &at("t1")), is_same, "{callback}");
        }
        let listed = tenants(Tenants::Listed(text(&["t1"])));
        assert!(listed.is_provider(&at("t1")) && !listed.is_provider(&at("t2")));
        for (callback, id_token, is_same) in [
            ("https://op.example", "https://b.example", true),
            ("op.example", "https://op.example", true),
            ("https://b.example", "https://b.example", true),
            ("https://b.example", "https://op.example", false),
            ("https://b.example", "op.example", false),
        ] {
            assert_eq!(
                several().is_same_login(callback, id_token),
                is_same,
                "{callback} {id_token}"
            );
        }
    }

    #[test]
    fn document_and_keys_of_one_tenant_are_for_that_tenant_only() {
        let at = |tenant: &str| TEMPLATE.replace(TENANT, tenant);
        for (allowed, template, own) in [
            (Tenants::Any, true, false),
            (Tenants::Listed(text(&["t1"])), true, true),
            (Tenants::Listed(text(&["t1", "t2"])), true, false),
        ] {
            let issuers = tenants(allowed);
            assert_eq!(issuers.is_document(TEMPLATE), template);
            assert_eq!(issuers.is_document(&at("t1")), own);
            assert!(
                !issuers.is_document(&at("common")) && !issuers.is_document("https://x.example")
            );
            assert!(issuers.is_key_for(TEMPLATE, &at("t1")));
            assert!(issuers.is_key_for(&at("t1"), &at("t1")));
            assert!(!issuers.is_key_for(&at("t2"), &at("t1")));
        }
        assert!(several().is_key_for("https://anything.example", "https://op.example"));
    }
}
