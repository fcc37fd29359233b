//! Which module may import which in `authlib-core` and `authlib-provider`. ARCHITECTURE.md prints both tables.

/// Modules by rank, in reading order. A module sees only lower ranks; the ranks of [`ORDERED`] are
/// ordered, and there a module also sees what stands before it.
pub(crate) const RANKS: &[&[&str]] = &[
    &[
        "debug_fields",
        "option_setters",
        "error",
        "secret",
        "params",
        "message",
        "numeric_date",
        "endpoint",
        "endpoint_url",
        "base_url",
        "challenge",
        "crypto",
    ],
    &["jose"],
    &["oauth1", "oauth2"],
    &["oidc"],
    &[
        "transport",
        "clock",
        "random",
        "ttl_map",
        "backoff",
        "store",
        "token_updates",
        "signer",
        "secret_source",
        "hooks",
        "config",
        "keyring",
        "row_encryption",
        "error_pages",
        "first_error",
    ],
    &["http_exchange", "providers"],
    &["provider_documents"],
    &["endpoints"],
    &["tokens"],
    &["api"],
    &["authorization"],
    &["registry"],
    &["client"],
    &["login"],
    &["adapter"],
];

/// The ground and the ports, whose modules build on each other: a store speaks of times, an event of
/// a store's owner.
const ORDERED: &[usize] = &[0, 4];

/// The last rank that is pure: values in, values out, no `async` and no `dyn`.
pub(crate) const LAST_PURE_RANK: usize = 3;

/// The layers of a crate: modules by rank, and the ranks whose modules are ordered.
#[derive(Debug)]
pub(crate) struct Layers {
    ranks: &'static [&'static [&'static str]],
    ordered: &'static [usize],
}

pub(crate) const CORE: Layers = Layers { ranks: RANKS, ordered: ORDERED };

pub(crate) const PROVIDER: Layers = Layers {
    ranks: &[
        &[
            "random",
            "endpoint",
            "certificates",
            "peer_certificate",
            "request",
            "reply",
            "response",
            "fault",
        ],
        &["state"],
        &["protocol", "pages"],
        &["grants", "oauth1"],
        &["endpoints"],
        &["router"],
        &["provider"],
        &["builder", "http_client"],
        &["server"],
    ],
    ordered: &[0],
};

impl Layers {
    /// The rank of a module, if the table has it.
    pub(crate) fn rank(&self, module: &str) -> Option<usize> {
        self.ranks.iter().position(|modules| modules.contains(&module))
    }

    /// Why `from` must not name `to`; `None` if it may.
    pub(crate) fn objection(&self, from: &str, to: &str) -> Option<String> {
        if from == to {
            return None;
        }
        let (Some(above), Some(below)) = (self.rank(from), self.rank(to)) else {
            let unknown = if self.rank(from).is_none() { from } else { to };
            return Some(format!(
                "module `{unknown}` has no rank; add it to xtask/src/layers.rs and ARCHITECTURE.md"
            ));
        };
        let ordered = above == below && self.ordered.contains(&above);
        let seen = if ordered { self.place(to) < self.place(from) } else { below < above };
        (!seen).then(|| {
            format!(
                "`{from}` (rank {above}) must not name `{to}` (rank {below}): imports point down"
            )
        })
    }

    fn place(&self, module: &str) -> Option<usize> {
        self.ranks.iter().find_map(|modules| modules.iter().position(|name| *name == module))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(from: &str, to: &str, allowed: bool) {
        assert_eq!(CORE.objection(from, to).is_none(), allowed, "{from} -> {to}");
    }

    #[test]
    fn imports_point_down() {
        check("oidc", "jose", true);
        check("login", "error", true);
        check("message", "params", true);
        check("tokens", "endpoints", true);
        check("tokens", "tokens", true);
        check("endpoints", "tokens", false);
        check("api", "authorization", false);
        check("token_updates", "store", true);
        check("store", "token_updates", false);
        check("jose", "oidc", false);
        check("oauth1", "oauth2", false);
        check("oauth2", "oauth1", false);
        check("error", "secret", false);
        check("oauth2", "transport", false);
        check("oauth2", "helpers", false);
        check("helpers", "oauth2", false);
    }

    #[test]
    fn architecture_prints_the_table() {
        let page = std::fs::read_to_string(crate::setup::root().join("ARCHITECTURE.md")).unwrap();
        for (rank, modules) in
            [CORE, PROVIDER].iter().flat_map(|layers| layers.ranks.iter().enumerate())
        {
            let names: Vec<String> = modules.iter().map(|name| format!("`{name}`")).collect();
            let row = format!("| {rank} | {} |", names.join(", "));
            assert!(page.contains(&row), "ARCHITECTURE.md lacks {row}");
        }
    }

    #[test]
    fn architecture_flows_name_existing_functions() {
        let root = crate::setup::root();
        let page = std::fs::read_to_string(root.join("ARCHITECTURE.md")).unwrap();
        let names: Vec<_> = page.split('`').filter_map(|code| code.split_once(".rs::")).collect();
        assert!(names.len() > 20, "{names:?}");
        for (file, function) in names {
            let (name, path) = file
                .split_once('/')
                .filter(|(name, _)| name.starts_with("authlib-"))
                .unwrap_or(("authlib-core", file));
            let text = std::fs::read_to_string(root.join(format!("crates/{name}/src/{path}.rs")));
            let text = text.unwrap_or_else(|cause| panic!("{file}.rs: {cause}"));
            let found = ["(", "<"].iter().any(|end| text.contains(&format!("fn {function}{end}")));
            assert!(found, "{file}.rs has no function {function}");
        }
    }

    #[test]
    fn each_module_has_one_rank() {
        for layers in [CORE, PROVIDER] {
            let mut all: Vec<&str> = layers.ranks.concat();
            let count = all.len();
            all.sort_unstable();
            all.dedup();
            assert_eq!(all.len(), count);
        }
    }

    #[test]
    fn provider_imports_point_down() {
        for (from, to) in [("router", "endpoints"), ("endpoints", "grants"), ("fault", "reply")] {
            assert_eq!(PROVIDER.objection(from, to), None, "{from} -> {to}");
            assert!(PROVIDER.objection(to, from).is_some(), "{to} -> {from}");
        }
    }
}
