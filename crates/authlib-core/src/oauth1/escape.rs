//! Percent-encoding, RFC 5849 §3.6: everything but letters, digits and `-._~`.

/// Appends in percent-encoding.
pub(super) fn escape(to: &mut Vec<u8>, text: &[u8]) {
    let mut rest = text;
    while let Some(byte) = copy_plain(to, &mut rest) {
        let [high, low] = hexadecimal(byte);
        to.extend_from_slice(&[b'%', high, low]);
    }
}

/// As [`escape`], and the result once more: as the names and values of a base string are encoded.
pub(super) fn escape_twice(to: &mut Vec<u8>, text: &[u8]) {
    let mut rest = text;
    while let Some(byte) = copy_plain(to, &mut rest) {
        escape_byte_twice(to, byte);
    }
}

/// As [`escape_twice`], for one byte.
pub(super) fn escape_byte_twice(to: &mut Vec<u8>, byte: u8) {
    if is_unreserved(byte) {
        to.push(byte);
    } else {
        let [high, low] = hexadecimal(byte);
        to.extend_from_slice(&[b'%', b'2', b'5', high, low]);
    }
}

/// Moves the unreserved bytes at the start of `rest`. Returns the byte after them, which is removed too.
pub(super) fn copy_plain(to: &mut Vec<u8>, rest: &mut &[u8]) -> Option<u8> {
    let length = rest.iter().position(|byte| !is_unreserved(*byte)).unwrap_or(rest.len());
    let (plain, more) = rest.split_at(length);
    to.extend_from_slice(plain);
    let (byte, more) = more.split_first()?;
    *rest = more;
    Some(*byte)
}

/// The length of `text` after [`escape`].
pub(super) fn escaped_len(text: &str) -> usize {
    text.len() + 2 * text.bytes().filter(|byte| !is_unreserved(*byte)).count()
}

/// As [`escape`], alone.
#[cfg(test)]
pub(super) fn escaped(bytes: &[u8]) -> String {
    let mut text = Vec::new();
    escape(&mut text, bytes);
    ascii(text)
}

/// The text that [`escape`] and literals have written.
#[expect(clippy::expect_used, reason = "all other bytes were percent-encoded")]
pub(super) fn ascii(text: Vec<u8>) -> String {
    String::from_utf8(text).expect("ASCII")
}

fn is_unreserved(byte: u8) -> bool {
    UNRESERVED.get(usize::from(byte)).copied().unwrap_or_default()
}

/// The unreserved characters of RFC 5849 §3.6, by byte.
#[expect(clippy::indexing_slicing, reason = "by a byte, when this is compiled")]
const UNRESERVED: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0_u8;
    while byte < u8::MAX {
        table[byte as usize] =
            byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
        byte += 1;
    }
    table
};

/// Two digits in upper case (RFC 5849 §3.6).
fn hexadecimal(byte: u8) -> [u8; 2] {
    [byte >> 4, byte & 0xF].map(|digit| digit + if digit < 10 { b'0' } else { b'A' - 10 })
}
