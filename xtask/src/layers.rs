//! Who may import whom in `authlib-core`. ARCHITECTURE.md prints this table.

/// Modules by rank, in reading order. A module sees only lower ranks; the ranks of [`ORDERED`] are
/// ordered, and there a module also sees what stands before it.
pub(crate) const RANKS: &[&[&str]] = &[
    &[
        "error",
        "secret",
        "params",
        "message",
        "multipart",
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
        "hooks",
        "config",
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
];

/// The ground and the ports, whose modules build on each other: a store speaks of times, an event of
/// a store's owner.
const ORDERED: &[usize] = &[0, 4];

/// The last rank that is pure: values in, values out, no `async` and no `dyn`.
pub(crate) const LAST_PURE_RANK: usize = 3;

/// The rank of a module, if the table has it.
pub(crate) fn rank(module: &str) -> Option<usize> {
    RANKS.iter().position(|modules| modules.contains(&module))
}

/// Why `from` must not name `to`, or nothing when it may.
pub(crate) fn objection(from: &str, to: &str) -> Option<String> {
    if from == to {
        return None;
    }
    let (Some(above), Some(below)) = (rank(from), rank(to)) else {
        let unknown = if rank(from).is_none() { from } else { to };
        return Some(format!(
            "module `{unknown}` has no rank; add it to xtask/src/layers.rs and ARCHITECTURE.md"
        ));
    };
    let ordered = above == below && ORDERED.contains(&above);
    let seen = if ordered { place(to) < place(from) } else { below < above };
    (!seen).then(|| {
        format!("`{from}` (rank {above}) must not name `{to}` (rank {below}): imports point down")
    })
}

fn place(module: &str) -> Option<usize> {
    RANKS.iter().find_map(|modules| modules.iter().position(|name| *name == module))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(from: &str, to: &str, allowed: bool) {
        assert_eq!(objection(from, to).is_none(), allowed, "{from} -> {to}");
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
        for (rank, modules) in RANKS.iter().enumerate() {
            let names: Vec<String> = modules.iter().map(|name| format!("`{name}`")).collect();
            let row = format!("| {rank} | {} |", names.join(", "));
            assert!(page.contains(&row), "ARCHITECTURE.md lacks {row}");
        }
    }

    #[test]
    fn each_module_has_one_rank() {
        let mut all: Vec<&str> = RANKS.iter().flat_map(|modules| modules.iter().copied()).collect();
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
    }
}
