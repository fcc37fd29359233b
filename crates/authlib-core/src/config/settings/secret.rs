//! Where the client secret comes from.

use std::sync::Arc;
use std::time::Duration;

use super::validator::Validator;
use crate::config::ClientConfig;
use crate::endpoint::Endpoint;
use crate::secret_source::{ClientSecretSource, DEFAULT_TTL, SecretCache, SecretFile};

impl ClientConfig {
    /// Reads the file of the client secret, and prepares the source.
    pub(super) fn find_secret(&mut self, check: &mut Validator) {
        let ttl = self.client_secret_ttl;
        let file = self.client_secret_file.take().map(|path| SecretFile(path.into()));
        let beside = [("client_secret", self.client_secret.is_some())];
        let found: Option<(Arc<dyn ClientSecretSource>, Duration)> =
            match (self.extensions.secret_source.take(), file) {
                (Some(source), file) => {
                    let problem = "is not used: the code sets a `client_secret_source`";
                    check.unused(&beside, problem);
                    check.unused(&[("client_secret_file", file.is_some())], problem);
                    if self.extensions.oauth1 || self.has_endpoint(Endpoint::RequestToken) {
                        let problem = "is needed by OAuth 1.0a, or a `client_secret_file`; a \
                                       `client_secret_source` is not supported there";
                        check.problem("client_secret", problem);
                    }
                    Some((source, ttl.unwrap_or(DEFAULT_TTL)))
                }
                (None, Some(file)) => {
                    check.unused(&beside, "is set beside `client_secret_file`: remove one of them");
                    let problem = "is not used: the file is read for each request";
                    check.unused(&[("client_secret_ttl", ttl.is_some())], problem);
                    match file.read() {
                        Ok(secret) => self.client_secret = Some(secret),
                        Err(error) => check.problem("client_secret_file", error.to_string()),
                    }
                    Some((Arc::new(file), Duration::ZERO))
                }
                (None, None) => {
                    let problem = "is not used without a `client_secret_source`";
                    check.unused(&[("client_secret_ttl", ttl.is_some())], problem);
                    None
                }
            };
        self.extensions.secrets =
            found.map(|(source, ttl)| Arc::new(SecretCache::new(source, ttl)));
    }
}
