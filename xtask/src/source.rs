//! Rust source without comments, literals and tests, for the rules.

/// `text` without comments and literals. Line numbers do not change.
pub(crate) fn code(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let skipped = skip(rest, out.chars().next_back());
        if skipped == 0 {
            out.push(first);
            rest = after(rest, first.len_utf8());
        } else {
            let blank = rest.get(..skipped).unwrap_or(rest);
            out.push(' ');
            out.extend(blank.chars().filter(|c| *c == '\n'));
            rest = after(rest, skipped);
        }
    }
    out
}

/// `code` up to its inline test module, which is last in a file.
pub(crate) fn without_tests(code: &str) -> &str {
    let mut from = 0;
    while let Some(at) = code.get(from..).and_then(|rest| rest.find("#[cfg(test)]")) {
        let start = from + at;
        let item = after(code, start + "#[cfg(test)]".len()).trim_start();
        let head = item.split(['{', ';']).next().unwrap_or_default();
        if head.starts_with("mod ") && after(item, head.len()).starts_with('{') {
            return code.get(..start).unwrap_or(code);
        }
        from = start + 1;
    }
    code
}

/// The identifiers in `code`, each with its line and the rest of the text after it.
pub(crate) fn words(code: &str) -> impl Iterator<Item = (usize, &str, &str)> {
    code.lines().enumerate().flat_map(move |(index, line)| {
        let start = line.as_ptr() as usize - code.as_ptr() as usize;
        identifiers(line)
            .map(move |(at, word)| (index + 1, word, after(code, start + at + word.len())))
    })
}

/// The first path segments after `crate::` or a similar prefix: one, or several for a group in braces.
pub(crate) fn heads(tail: &str) -> Vec<&str> {
    let Some(group) = tail.strip_prefix('{') else {
        return identifiers(tail).next().map(|(_, word)| word).into_iter().collect();
    };
    let mut depth = 0_usize;
    let mut heads = Vec::new();
    let mut fresh = true;
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => fresh = true,
            c if fresh && is_word(c) => {
                fresh = false;
                heads.extend(identifiers(after(group, at)).next().map(|(_, word)| word));
            }
            _ => {}
        }
    }
    heads
}

fn identifiers(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.split(|c: char| !is_word(c))
        .filter(|word| !word.is_empty())
        .map(move |word| (word.as_ptr() as usize - text.as_ptr() as usize, word))
}

fn is_word(c: char) -> bool {
    c == '_' || c.is_ascii_alphanumeric()
}

fn after(text: &str, at: usize) -> &str {
    text.get(at..).unwrap_or_default()
}

/// The length of the comment or literal at the start of `rest`, or 0.
fn skip(rest: &str, before: Option<char>) -> usize {
    if rest.starts_with("//") {
        return rest.find('\n').unwrap_or(rest.len());
    }
    if rest.starts_with("/*") {
        return rest.find("*/").map_or(rest.len(), |end| end + 2);
    }
    if rest.starts_with('"') {
        return quoted(rest, '"');
    }
    let inside_word = before.is_some_and(is_word);
    if !inside_word && (rest.starts_with("r\"") || rest.starts_with("r#") || rest.starts_with("br"))
    {
        return raw(rest);
    }
    // A lifetime has no closing quote.
    let mut next = rest.strip_prefix('\'').unwrap_or_default().chars();
    match (next.next(), next.next()) {
        (Some('\\'), _) => quoted(rest, '\''),
        (Some(c), Some('\'')) => c.len_utf8() + 2,
        _ => 0,
    }
}

fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

fn raw(rest: &str) -> usize {
    let prefix = if rest.starts_with("br") { 2 } else { 1 };
    let hashes = after(rest, prefix).chars().take_while(|c| *c == '#').count();
    let open = prefix + hashes;
    if !after(rest, open).starts_with('"') {
        return 0;
    }
    let close = format!("\"{}", "#".repeat(hashes));
    after(rest, open + 1).find(&close).map_or(rest.len(), |end| open + 1 + end + close.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_are_removed() {
        let text =
            "a // crate::x\n\"crate::y\\\" \" b r#\"crate::\"z\"# '\"' c /* d */ 'e' &'f g\nh";
        let seen: Vec<_> =
            words(&code(text)).map(|(line, word, _)| format!("{line}{word}")).collect();
        assert_eq!(seen, ["1a", "2b", "2c", "2f", "2g", "3h"]);
    }

    #[test]
    fn group_yields_first_segment_of_each_path() {
        assert_eq!(
            heads("{error::{Error, Kind}, params, store::memory}; x"),
            ["error", "params", "store"]
        );
        assert_eq!(heads("message::Request"), ["message"]);
    }

    #[test]
    fn inline_test_module_ends_the_code() {
        assert_eq!(without_tests("a #[cfg(test)] mod t { b }"), "a ");
        assert_eq!(without_tests("a #[cfg(test)] mod t; b"), "a #[cfg(test)] mod t; b");
        assert_eq!(without_tests("a #[cfg(test)] fn t() {} b"), "a #[cfg(test)] fn t() {} b");
    }
}
