//! [`TestUser`]: a user of the provider.

use std::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use serde_json::{Map, Value, json};

/// A user of the provider, with claims.
#[derive(Clone)]
pub struct TestUser {
    pub(crate) sub: String,
    password: Option<String>,
    pub(crate) claims: Map<String, Value>,
}

impl TestUser {
    /// A user with this `sub` and no other claims.
    pub fn new(sub: impl Into<String>) -> Self {
        Self { sub: sub.into(), password: None, claims: Map::new() }
    }

    /// Sets any claim.
    #[must_use]
    pub fn claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.claims.insert(name.to_owned(), value.into());
        self
    }

    /// Sets the full name.
    #[must_use]
    pub fn name(self, name: impl Into<String>) -> Self {
        self.claim("name", name.into())
    }

    /// Sets a verified e-mail address.
    #[must_use]
    pub fn email(self, email: impl Into<String>) -> Self {
        self.claim("email", email.into()).claim("email_verified", true)
    }

    /// Sets `email_verified`.
    #[must_use]
    pub fn email_verified(self, verified: bool) -> Self {
        self.claim("email_verified", verified)
    }

    /// Sets the URL of the picture.
    #[must_use]
    pub fn picture(self, url: impl Into<String>) -> Self {
        self.claim("picture", url.into())
    }

    /// Sets the `formatted` member of the postal address.
    #[must_use]
    pub fn address(self, formatted: impl Into<String>) -> Self {
        let formatted: String = formatted.into();
        self.claim("address", json!({ "formatted": formatted }))
    }

    /// Sets the telephone number.
    #[must_use]
    pub fn phone(self, number: impl Into<String>) -> Self {
        self.claim("phone_number", number.into())
    }

    /// Sets the password for the password grant (RFC 6749 §4.3), in which `sub` is the user name. Without a
    /// password, that grant is rejected. The login pages do not ask for one.
    #[must_use]
    pub fn password(mut self, password: impl Into<String>) -> Self {
        self.password = Some(password.into());
        self
    }

    pub(crate) fn has_password(&self, password: &str) -> bool {
        let own = self.password.as_ref();
        own.is_some_and(|own| verify_slices_are_equal(own.as_bytes(), password.as_bytes()).is_ok())
    }

    /// The user of [`Provider::new`](crate::Provider::new), with claims for every standard scope.
    pub(crate) fn demo() -> Self {
        Self::new("alice")
            .name("Alice Example")
            .email("alice@example.com")
            .claim("given_name", "Alice")
            .claim("family_name", "Example")
            .claim("preferred_username", "alice")
            .claim("locale", "en-GB")
            .claim("phone_number", "+44 20 7946 0000")
            .claim("phone_number_verified", true)
            .claim("address", json!({ "locality": "London", "country": "United Kingdom" }))
    }

    pub(crate) fn display_name(&self) -> &str {
        self.claims.get("name").and_then(Value::as_str).unwrap_or(&self.sub)
    }

    /// The claims that these scopes request (OpenID Connect Core §5.4), with `sub`.
    pub(crate) fn claims_for(&self, scope: &str) -> Map<String, Value> {
        let granted: Vec<_> = scope.split_ascii_whitespace().collect();
        let mut claims: Map<_, _> = self
            .claims
            .iter()
            .filter(|(name, _)| scope_of(name).is_some_and(|scope| granted.contains(&scope)))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        claims.insert("sub".to_owned(), self.sub.clone().into());
        claims
    }
}

impl fmt::Debug for TestUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestUser")
            .field("sub", &self.sub)
            .field("password", &self.password.as_ref().map(|_| "[redacted]"))
            .field("claims", &self.claims)
            .finish()
    }
}

fn scope_of(claim: &str) -> Option<&'static str> {
    Some(match claim {
        "email" | "email_verified" => "email",
        "phone_number" | "phone_number_verified" => "phone",
        "address" => "address",
        "sub" => return None,
        _ => "profile",
    })
}
