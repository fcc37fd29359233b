//! The key file of a Google service account.

use std::path::Path;

use serde::Deserialize;

use super::{AssertionClient, AssertionClientBuilder};
use crate::error::{Error, ErrorKind, Result};
use crate::secret::Secret;

/// What of the file is of use.
#[derive(Deserialize)]
struct File {
    // First, for the file of another credential lacks the others as well.
    #[serde(rename = "type", default)]
    kind: String,
    client_email: Option<String>,
    private_key: Option<Secret>,
    private_key_id: Option<String>,
    #[serde(default = "google")]
    token_uri: String,
}

pub(super) struct ServiceAccount {
    client_email: String,
    private_key: Secret,
    private_key_id: Option<String>,
    token_uri: String,
}

fn google() -> String {
    "https://oauth2.googleapis.com/token".to_owned()
}

impl ServiceAccount {
    pub(super) fn read(path: &Path) -> Result<Self> {
        let shown = path.display();
        let text = std::fs::read_to_string(path).map_err(|cause| {
            let check = format!("the service account's file {shown} can't be read");
            Error::new(ErrorKind::Config, format!("{check}: {cause}"))
        })?;
        Self::parse(&Secret::new(text))
            .map_err(|error| error.with_hint(format!("check that {shown} is the right file")))
    }

    pub(super) fn parse(json: &Secret) -> Result<Self> {
        let config = |check: &str| Error::new(ErrorKind::Config, check);
        // What serde reports may quote the text, which holds a key.
        let file: File = serde_json::from_str(json.expose()).map_err(|cause| {
            let place = format!("line {} column {}", cause.line(), cause.column());
            config(&format!("it is no key file of a service account, at {place}"))
        })?;
        if file.kind != "service_account" {
            return Err(config(
                "its `type` is not `service_account`: it is another credential's file",
            ));
        }
        let lacks = |name| move || config(&format!("the service account's file has no `{name}`"));
        Ok(Self {
            client_email: file.client_email.ok_or_else(lacks("client_email"))?,
            private_key: file.private_key.ok_or_else(lacks("private_key"))?,
            private_key_id: file.private_key_id,
            token_uri: file.token_uri,
        })
    }

    pub(super) fn builder(self) -> AssertionClientBuilder {
        let builder = AssertionClient::builder(self.token_uri, self.client_email, self.private_key);
        match self.private_key_id {
            Some(kid) => builder.key_id(kid),
            None => builder,
        }
    }
}
