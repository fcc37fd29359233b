//! [`announce`]: what an operator wants to know at the start.

use authlib_core::OAuth;

use crate::Settings;

/// Prints the app's URL, its clients with their redirect URIs, and where tokens and sessions are.
pub fn announce(settings: &Settings, oauth: &OAuth) {
    println!("{}", text(settings, oauth));
}

fn text(settings: &Settings, oauth: &OAuth) -> String {
    let base = &settings.base_url;
    let mut lines = Vec::new();
    for client in oauth.clients().filter(|client| client.accepts_logins()) {
        let (name, shown) = (client.name(), client.display_name());
        lines.push(format!("  log in with {shown}: redirect URI {base}/authorize/{name}"));
    }
    lines.push(format!("  tokens are in {}", settings.token_place()));
    lines.push("  sessions are in encrypted cookies".to_owned());
    lines.push(format!("The app is at {base}"));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use authlib_core::providers;

    use super::*;

    #[test]
    fn startup_lists_redirect_uris_and_no_secret() {
        let vars = [
            ("DATABASE_URL", "postgres://app:pa55@db/x"),
            ("AUTHLIB_KEYS", "a:b"),
            ("BASE_URL", "https://app.example"),
        ];
        let settings = Settings::read(|name| {
            vars.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        });
        let github = providers::github().client_id("id").client_secret("s3cret");
        let text = text(&settings.unwrap(), &OAuth::builder().register(github).build().unwrap());
        assert!(
            text.contains("GitHub: redirect URI https://app.example/authorize/github"),
            "{text}"
        );
        assert!(text.contains("tokens are in PostgreSQL"), "{text}");
        assert!(!text.contains("pa55") && !text.contains("s3cret"), "{text}");
    }
}
