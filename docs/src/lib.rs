//! The guide, compiled: every code block of its chapters and of the README is a test.

macro_rules! chapters {
    ($($name:ident: $path:literal),* $(,)?) => {
        $(#[cfg(doctest)]
        #[doc = include_str!($path)]
        mod $name {})*
    };
}

chapters! {
    readme: "../../README.md",
    login: "login.md",
    configuration: "configuration.md",
    providers: "providers.md",
    sessions: "sessions.md",
    api: "api.md",
    logout: "logout.md",
    errors: "errors.md",
    testing: "testing.md",
    security: "security.md",
    authlib: "authlib.md",
}

#[cfg(test)]
mod tests {
    /// Every key of the settings has a row in the guide.
    #[test]
    fn the_table_of_settings_is_complete() {
        let table = include_str!("configuration.md");
        for key in authlib_core::config::key_names() {
            assert!(table.contains(&format!("`{key}`")), "{key}");
        }
    }
}
