//! The guide, compiled: every code block of its chapters and of the README is a test.

pub mod generated;

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
    how_it_works: "how-it-works.md",
    configuration: "configuration.md",
    providers: "providers.md",
    consoles: "consoles.md",
    production: "production.md",
    features: "features.md",
    unregistered_clients: "unregistered-clients.md",
    sessions: "sessions.md",
    actix: "actix.md",
    rocket: "rocket.md",
    users: "users.md",
    connecting_accounts: "connecting-accounts.md",
    protecting_routes: "protecting-routes.md",
    api: "api.md",
    revocation: "revocation.md",
    stores: "stores.md",
    tokens: "tokens.md",
    services: "services.md",
    devices: "devices.md",
    ciba: "ciba.md",
    command_line: "command-line.md",
    service_accounts: "service-accounts.md",
    client_authentication: "client-authentication.md",
    high_security: "high-security.md",
    dpop: "dpop.md",
    mutual_tls: "mutual-tls.md",
    hooks: "hooks.md",
    oauth1: "oauth1.md",
    registration: "registration.md",
    logout: "logout.md",
    errors: "errors.md",
    recipes: "recipes.md",
    testing: "testing.md",
    security: "security.md",
    par: "par.md",
    jar: "jar.md",
    jarm: "jarm.md",
    response_types: "response-types.md",
    encryption: "encryption.md",
    request_parameters: "request-parameters.md",
    step_up: "step-up.md",
    settings: "settings.md",
    authlib: "authlib.md",
    migrating: "migrating.md",
}

#[cfg(test)]
mod tests {
    /// The guide has a row for every setting.
    #[test]
    fn settings_table_is_complete() {
        let table = include_str!("settings.md");
        for (name, alias) in authlib_core::config::setting_names() {
            let alias = alias.map(|alias| format!("`{alias}` ")).unwrap_or_default();
            assert!(table.contains(&format!("\n| `{name}` | {alias}| ")), "{name}");
        }
    }

    /// The table of attacks names tests that exist.
    #[test]
    fn attacks_page_names_existing_tests() {
        let count = named_tests_exist(include_str!("../dev/attacks.md"), 2);
        assert!(count > 50, "{count}");
    }

    /// Every case of relying parties has the name of a test that exists, or the reason why there is none.
    #[test]
    fn rp_cases_page_names_existing_tests() {
        let table = include_str!("../dev/rp-cases.md");
        let count = named_tests_exist(table, 2);
        assert!(count > 50, "{count}");
        for row in table.lines().filter(|line| line.starts_with("| ")) {
            let cell = row.split('|').nth(2).unwrap_or_default().trim();
            let is_head = cell.starts_with("test, ") || cell.starts_with("---");
            assert!(is_head || cell.starts_with('`') || cell.starts_with("None: "), "{row}");
        }
    }

    /// Every test of Authlib's clients has one row, with the name of our test or the reason why there is
    /// none, and the named tests exist.
    #[test]
    fn authlib_tests_page_is_complete_and_names_existing_tests() {
        let table = include_str!("../dev/authlib-tests.md");
        let count = named_tests_exist(table, 2);
        assert!(count > 200, "{count}");
        for number in 1..=200 {
            let begin = format!("| T{number:03} ");
            let rows: Vec<_> = table.lines().filter(|line| line.starts_with(&begin)).collect();
            let [row] = rows.as_slice() else { panic!("{} rows begin with {begin}", rows.len()) };
            let says_something = row.split('|').skip(2).any(|column| !column.trim().is_empty());
            assert!(says_something, "{row}");
        }
    }

    /// The test catalogue has a row for each code with which a doc comment starts.
    #[test]
    fn test_catalogue_explains_every_code() {
        let tables = concat!(
            include_str!("../dev/test-catalogue.md"),
            include_str!("../dev/authlib-tests.md")
        );
        let mut count = 0;
        for comment in sources().lines().filter_map(|line| line.trim().strip_prefix("/// ")) {
            let codes = comment.split([',', ':', '.', ' ']).filter(|word| !word.is_empty());
            for code in codes.take_while(|word| is_code(word) || ["and", "to"].contains(word)) {
                let row = format!("| {code} ");
                assert!(!is_code(code) || tables.contains(&row), "{code}: {comment}");
                count += 1;
            }
        }
        assert!(count > 200, "{count}");
    }

    /// Whether this is a code of the catalogue, such as `H31`: a capital letter and a number.
    fn is_code(word: &str) -> bool {
        word.strip_prefix(|letter: char| letter.is_ascii_uppercase())
            .is_some_and(|number| !number.is_empty() && number.bytes().all(|c| c.is_ascii_digit()))
    }

    /// Checks that the tests exist that the tables of a page name in this column, and counts them.
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
