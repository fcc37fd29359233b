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
    rocket: "rocket.md",
    api: "api.md",
    services: "services.md",
    devices: "devices.md",
    command_line: "command-line.md",
    service_accounts: "service-accounts.md",
    client_authentication: "client-authentication.md",
    hooks: "hooks.md",
    oauth1: "oauth1.md",
    registration: "registration.md",
    logout: "logout.md",
    errors: "errors.md",
    testing: "testing.md",
    security: "security.md",
    attacks: "attacks.md",
    authlib: "authlib.md",
    authlib_tests: "authlib-tests.md",
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
        let count = named_tests_exist(include_str!("attacks.md"), 2);
        assert!(count > 50, "{count}");
    }

    /// The table of Authlib's tests has each number of its clients' tests once, with a test of ours or the
    /// reason why there is none, and names tests that are there.
    #[test]
    fn the_table_of_authlibs_tests_is_complete_and_names_tests_that_exist() {
        let table = include_str!("authlib-tests.md");
        let count = named_tests_exist(table, 2);
        assert!(count > 200, "{count}");
        for number in 1..=200 {
            let begin = format!("| T{number:03} ");
            let rows: Vec<_> = table.lines().filter(|line| line.starts_with(&begin)).collect();
            let [row] = rows.as_slice() else { panic!("{begin}stands {} times", rows.len()) };
            let says_something = row.split('|').skip(2).any(|column| !column.trim().is_empty());
            assert!(says_something, "{row}");
        }
    }

    /// How many tests the tables of a chapter name in this column. Each of them is there.
    fn named_tests_exist(chapter: &str, column: usize) -> usize {
        let code = sources();
        let mut count = 0;
        for row in chapter.lines().filter(|line| line.starts_with('|')) {
            let names = row.split('|').nth(column).unwrap_or_default();
            for name in names.split('`').skip(1).step_by(2) {
                assert!(code.contains(&format!("fn {name}(")), "there is no test `{name}`");
                count += 1;
            }
        }
        count
    }

    /// The code of all crates and examples.
    fn sources() -> String {
        let root = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
        let mut code = String::new();
        let mut folders = vec![root.join("crates"), root.join("examples")];
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
        code
    }
}
