//! [`SentPairs`]: the parameters of a request beside those of the protocol, RFC 5849 §3.4.1.3.

use super::escape::{copy_plain, escape_byte_twice};
use crate::message::{self, Request};

/// The one media type whose body is signed (RFC 5849 §3.4.1.3.1).
pub(super) const FORM: &str = "application/x-www-form-urlencoded";

/// Whether the body of the request is a form.
pub(super) fn is_form(request: &Request) -> bool {
    message::has_media_type(request.headers(), FORM)
}

/// The names and values of the query and of a form body, as bytes, which need not be UTF-8. They are encoded twice, as
/// they stand in a base string.
pub(super) struct SentPairs {
    text: Vec<u8>,
    pairs: Vec<Pair>,
}

/// Where a pair is in the text: its start, the end of its name, and its end.
#[derive(Clone, Copy)]
struct Pair(usize, usize, usize);

impl SentPairs {
    /// The parameters in the order in which they are sent.
    pub(super) fn read(request: &Request, is_form: bool) -> Self {
        let query = request.uri().query().unwrap_or_default().as_bytes();
        let form = if is_form { request.body().as_ref() } else { &[] };
        let room = query.len() + form.len();
        let mut sent = Self { text: Vec::with_capacity(room * 3 / 2), pairs: Vec::new() };
        sent.push_all(query);
        sent.push_all(form);
        sent
    }

    fn push_all(&mut self, form: &[u8]) {
        if form.is_empty() {
            return;
        }
        self.pairs.reserve(16);
        let (mut rest, text) = (form, &mut self.text);
        let (mut start, mut middle) = (text.len(), None);
        loop {
            let byte = copy_plain(text, &mut rest);
            match byte {
                None | Some(b'&') => {
                    let end = text.len();
                    if middle.is_some() || end > start {
                        self.pairs.push(Pair(start, middle.unwrap_or(end), end));
                    }
                    if byte.is_none() {
                        return;
                    }
                    (start, middle) = (end, None);
                }
                Some(b'=') if middle.is_none() => middle = Some(text.len()),
                Some(b'+') => escape_byte_twice(text, b' '),
                Some(b'%') => escape_byte_twice(text, decoded(&mut rest)),
                Some(other) => escape_byte_twice(text, other),
            }
        }
    }

    /// Sorts by name, then by value. RFC 5849 §3.4.1.3.2 sorts after the first encoding; the second one only writes
    /// `%25` for `%`, which changes no order.
    pub(super) fn sort(&mut self) {
        let text = &self.text;
        self.pairs.sort_unstable_by(|left, right| left.of(text).cmp(&right.of(text)));
    }

    /// The sorted pairs whose names are less than `name`, and the others.
    #[expect(clippy::type_complexity, reason = "two parts of one list")]
    pub(super) fn split_at_name<'a>(
        &'a self,
        name: &[u8],
    ) -> (
        impl Iterator<Item = (&'a [u8], &'a [u8])>,
        impl Iterator<Item = (&'a [u8], &'a [u8])> + Clone,
    ) {
        let text = &self.text;
        let split = self.pairs.partition_point(|pair| pair.of(text).0 < name);
        let (before, after) = self.pairs.split_at(split);
        (before.iter().map(|pair| pair.of(text)), after.iter().map(|pair| pair.of(text)))
    }

    /// The length of all pairs with what is written between them.
    pub(super) fn room(&self) -> usize {
        self.text.len() + 6 * self.pairs.len()
    }
}

impl Pair {
    fn of(self, text: &[u8]) -> (&[u8], &[u8]) {
        let Self(start, middle, end) = self;
        let part = |from, to| text.get(from..to).unwrap_or_default();
        (part(start, middle), part(middle, end))
    }
}

/// The byte of an escape, whose percent sign was read. An invalid one is the percent sign itself.
fn decoded(rest: &mut &[u8]) -> u8 {
    if let [high, low, after @ ..] = *rest
        && let (Some(high), Some(low)) = (digit(*high), digit(*low))
    {
        *rest = after;
        return high << 4 | low;
    }
    b'%'
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}
