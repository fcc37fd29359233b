//! "Did you mean": the setting that a misspelt key resembles.

use crate::config::setting_keys::{CLIENT_KWARGS, SETTINGS, Setting};

/// The key that `key` was probably meant to be.
pub(super) fn similar(key: &str) -> Option<&'static str> {
    SETTINGS
        .iter()
        .flat_map(Setting::keys)
        .chain([CLIENT_KWARGS])
        .map(|known| (distance(key, known), known))
        .filter(|(distance, _)| (1..=2).contains(distance))
        .min()
        .map(|(_, known)| known)
}

/// The one of the presets' names that a client's name was probably meant to be.
pub(crate) fn similar_preset<'a>(name: &str, presets: &[&'a str]) -> Option<&'a str> {
    if presets.contains(&name) {
        return None;
    }
    let near = presets.iter().map(|known| (distance(name, known), *known));
    near.filter(|(distance, _)| (1..=2).contains(distance)).min().map(|(_, known)| known)
}

/// The number of characters to add, remove or change (Levenshtein distance), up to 3.
fn distance(left: &str, right: &str) -> usize {
    if left.len().abs_diff(right.len()) > 2 {
        return 3;
    }
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.bytes().enumerate() {
        let mut diagonal = i;
        let mut before = i + 1;
        for (b, slot) in right.bytes().zip(row.iter_mut().skip(1)) {
            let cost = (diagonal + usize::from(a != b)).min(before + 1).min(*slot + 1);
            diagonal = *slot;
            *slot = cost;
            before = cost;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or(3).min(3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_of_a_preset_is_not_misspelt() {
        let presets = ["github", "gitlab"];
        assert_eq!(similar_preset("github", &presets), None);
        assert_eq!(similar_preset("githib", &presets), Some("github"));
    }

    #[test]
    fn similar_key_is_at_most_two_edits_away() {
        for (key, expected) in [
            ("cleint_id", Some("client_id")),
            ("lable", Some("label")),
            ("client_kwarg", Some("client_kwargs")),
            ("client_id", Some("client_id")),
            ("nonsense", None),
            ("", None),
        ] {
            let expected = expected.filter(|known| *known != key);
            assert_eq!(similar(key), expected, "{key}");
        }
    }
}
