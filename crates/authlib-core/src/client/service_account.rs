//! The key file of a Google service account.

use std::path::Path;

use serde::Deserialize;

use crate::error::{Error, ErrorKind, Result};
use crate::secret::Secret;

/// The members of the file that are used.
#[derive(Deserialize)]
struct File {
    // Checked first: the file of another kind of credential lacks the other members as well.
    #[serde(rename = "type", default)]
    kind: String,
    client_email: Option<String>,
    private_key: Option<Secret>,
    private_key_id: Option<String>,
    #[serde(default = "google")]
    token_uri: String,
}

pub(super) struct ServiceAccount {
    pub(super) client_email: String,
    pub(super) private_key: Secret,
    pub(super) private_key_id: Option<String>,
    pub(super) token_uri: String,
}

fn google() -> String {
    "https://oauth2.googleapis.com/token".to_owned()
}

impl ServiceAccount {
    pub(super) fn read(path: &Path) -> Result<Self> {
        let shown = path.display();
        let text = std::fs::read_to_string(path).map_err(|cause| {
            let check = format!("cannot read the service account file {shown}: {cause}");
            Error::new(ErrorKind::Config, check)
        })?;
        Self::parse(&Secret::new(text)).map_err(|error| {
            error.with_hint(format!("check that {shown} is a service account's key"))
        })
    }

    pub(super) fn parse(json: &Secret) -> Result<Self> {
        let config = |check: &str| Error::new(ErrorKind::Config, check);
        // serde's message may quote the text, which holds a key.
        let file: File = serde_json::from_str(json.expose()).map_err(|cause| {
            let place = format!("line {} column {}", cause.line(), cause.column());
            config(&format!("this is not a service account key file: invalid JSON at {place}"))
        })?;
        if file.kind != "service_account" {
            return Err(config(
                "this is another credential's file: `type` is not `service_account`",
            ));
        }
        let lacks = |name| move || config(&format!("the service account file has no `{name}`"));
        Ok(Self {
            client_email: file.client_email.ok_or_else(lacks("client_email"))?,
            private_key: file.private_key.ok_or_else(lacks("private_key"))?,
            private_key_id: file.private_key_id,
            token_uri: file.token_uri,
        })
    }
}
