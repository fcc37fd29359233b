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
    actix: "actix.md",
    api: "api.md",
    services: "services.md",
    devices: "devices.md",
    client_authentication: "client-authentication.md",
    hooks: "hooks.md",
    registration: "registration.md",
    logout: "logout.md",
    errors: "errors.md",
    testing: "testing.md",
    security: "security.md",
    attacks: "attacks.md",
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

    /// Every test that the table of attacks names is there.
    #[test]
    fn the_table_of_attacks_names_tests_that_exist() {
        let crates = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates");
        let mut code = String::new();
        let mut folders = vec![std::path::PathBuf::from(crates)];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap().flatten() {
                let path = entry.path();
                if path.is_dir() && !path.ends_with("node_modules") && !path.ends_with("target") {
                    folders.push(path);
                } else if path.extension().is_some_and(|ending| ending == "rs") {
                    code.push_str(&std::fs::read_to_string(path).unwrap());
                }
            }
        }
        let table = include_str!("attacks.md");
        let names = table.lines().filter(|line| line.starts_with('|')).skip(2).flat_map(|row| {
            row.rsplit_once(" | ").map_or("", |(_, tests)| tests).split('`').skip(1).step_by(2)
        });
        let mut count = 0;
        for name in names {
            let name = name.trim_end_matches(" |");
            assert!(code.contains(&format!("fn {name}(")), "there is no test `{name}`");
            count += 1;
        }
        assert!(count > 50, "{count}");
    }
}
