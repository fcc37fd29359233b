//! The encoding of parameters (RFC 5849 §3.6) and of forms.

use std::fmt::Write as _;

/// Names and values, decoded.
pub(super) type Pairs = Vec<(Vec<u8>, Vec<u8>)>;

/// RFC 5849 §3.6.
pub(super) fn encode(bytes: &[u8]) -> String {
    let mut text = String::new();
    for &byte in bytes {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                text.push(char::from(byte));
            }
            _ => {
                let _ = write!(text, "%{byte:02X}");
            }
        }
    }
    text
}

/// The inverse; a `%` without two hex digits is kept.
pub(super) fn decode(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some((&first, tail)) = rest.split_first() {
        let digit =
            |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        rest = tail;
        match (first, tail) {
            (b'%', [high, low, after @ ..]) => match (digit(*high), digit(*low)) {
                (Some(high), Some(low)) => {
                    bytes.push(high << 4 | low);
                    rest = after;
                }
                _ => bytes.push(first),
            },
            _ => bytes.push(first),
        }
    }
    bytes
}

/// The pairs of a form or a query.
pub(super) fn form_decode(text: &[u8]) -> Pairs {
    let decoded = |text: &[u8]| {
        let blanks: Vec<u8> =
            text.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
        decode(&blanks)
    };
    let mut pairs = Pairs::new();
    for pair in text.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
        let end = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
        let (name, value) = pair.split_at(end);
        pairs.push((decoded(name), decoded(value.get(1..).unwrap_or_default())));
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_read_once_and_broken_ones_stay() {
        assert_eq!(decode(b"%25%32%35%"), b"%25%");
        assert_eq!(decode(b"%zz%C3%a4+"), b"%zz\xC3\xA4+");
        assert_eq!(encode(b"\xC3\xA4 ~+%"), "%C3%A4%20~%2B%25");
        assert_eq!(
            form_decode(b"&a+=+&&b&=c=d"),
            [
                (b"a ".to_vec(), b" ".to_vec()),
                (b"b".to_vec(), Vec::new()),
                (Vec::new(), b"c=d".to_vec()),
            ]
        );
    }
}
