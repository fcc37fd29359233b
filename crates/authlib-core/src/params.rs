//! [`Params`]: the names and values of a query or a form, in order.

use std::collections::HashSet;
use std::fmt;

use form_urlencoded::{byte_serialize, parse};
use url::Url;

/// Names and values of a query string or of an `application/x-www-form-urlencoded` body, in the order
/// in which they were written, repeats included.
///
/// `Debug` shows the names only: values may be codes, tokens and passwords.
///
/// ```
/// use authlib_core::Params;
///
/// let params = Params::parse("code=a+b&state=x");
/// assert_eq!(params.only("code")?, Some("a b"));
/// assert!(Params::parse("state=good&state=bad").only("state").is_err());
/// # Ok::<(), authlib_core::RepeatedParam>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Params {
    /// All names and values, one after the other, so that a parameter needs no allocation of its own.
    text: String,
    /// Where the name and the value of each parameter end in `text`.
    ends: Vec<(usize, usize)>,
}

/// A parameter that stands more than once where the protocol allows it once (RFC 6749 §3.1, §3.2).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("parameter `{name}` is repeated, RFC 6749 allows it once")]
pub struct RepeatedParam {
    /// The repeated name.
    pub name: String,
}

impl Params {
    /// No parameters.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads a query string or form body, without the leading `?`. Percent-encoding that is not UTF-8
    /// becomes the replacement character, which equals no value that we sent.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        parse(text.as_bytes()).collect()
    }

    /// No parameters, with room for `count` of them with `length` bytes in all.
    pub(crate) fn with_capacity(count: usize, length: usize) -> Self {
        Self { text: String::with_capacity(length), ends: Vec::with_capacity(count) }
    }

    /// Appends a parameter; a name that is there already is repeated.
    pub fn push(&mut self, name: impl AsRef<str>, value: impl AsRef<str>) {
        self.text.push_str(name.as_ref());
        let end = self.text.len();
        self.text.push_str(value.as_ref());
        self.ends.push((end, self.text.len()));
    }

    /// Sets a parameter, in the place of all earlier ones of that name.
    pub fn set(&mut self, name: &str, value: impl AsRef<str>) {
        if self.contains(name) {
            *self = self.iter().filter(|(known, _)| *known != name).collect();
        }
        self.push(name, value);
    }

    /// Adds parameters, in the place of all earlier ones of their names.
    pub(crate) fn set_all(&mut self, params: &[(String, String)]) {
        let names: HashSet<_> = params.iter().map(|(name, _)| name.as_str()).collect();
        let kept = self.iter().filter(|(known, _)| !names.contains(known));
        *self = kept.chain(params.iter().map(|(name, value)| (&**name, &**value))).collect();
    }

    /// The same with one more parameter, for building in one expression.
    #[must_use]
    pub fn with(mut self, name: impl AsRef<str>, value: impl AsRef<str>) -> Self {
        self.push(name, value);
        self
    }

    /// The value of a parameter that may stand at most once.
    ///
    /// # Errors
    ///
    /// [`RepeatedParam`] when it stands more than once, even with equal values.
    pub fn only(&self, name: &str) -> Result<Option<&str>, RepeatedParam> {
        let mut values = self.iter().filter(|(known, _)| *known == name).map(|(_, value)| value);
        let first = values.next();
        if values.next().is_some() {
            return Err(RepeatedParam { name: name.to_owned() });
        }
        Ok(first)
    }

    /// Every value of a name, in order.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.iter().filter(move |(known, _)| *known == name).map(|(_, value)| value)
    }

    /// Whether the name stands at least once.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.iter().any(|(known, _)| known == name)
    }

    /// Names and values, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> + Clone {
        let mut start = 0;
        self.ends.iter().map(move |&(middle, end)| {
            let name = self.text.get(start..middle).unwrap_or_default();
            start = end;
            (name, self.text.get(middle..end).unwrap_or_default())
        })
    }

    /// Whether there is no parameter.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// How many parameters there are, repeats counted.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// The `application/x-www-form-urlencoded` text, for a form body.
    #[must_use]
    pub fn to_form(&self) -> String {
        let text = String::with_capacity(self.text.len() + 2 * self.len());
        form_urlencoded::Serializer::new(text).extend_pairs(self.iter()).finish()
    }

    /// The query text, with `%20` for a blank: some authorization servers do not read `+`, and all
    /// read `%20` (RFC 3986 §2.1).
    #[must_use]
    pub fn to_query(&self) -> String {
        let mut query = String::with_capacity(self.text.len() + 2 * self.len());
        write_query(&mut query, self.iter());
        query
    }

    /// Adds the parameters to the query of `url`, behind those that it has (RFC 6749 §3.1 lets an
    /// endpoint have some). A blank is `%20`.
    pub fn append_to(&self, url: &mut Url) {
        append_to_query(url, self.iter());
    }
}

/// As [`Params::append_to`], for parameters that are not in a [`Params`].
pub(crate) fn append_to_query<'a>(
    url: &mut Url,
    pairs: impl Iterator<Item = (&'a str, &'a str)> + Clone,
) {
    if pairs.clone().next().is_none() {
        return;
    }
    // The serializer of `Url` writes `+` for a blank. It needs no other text, which `Url` would encode again.
    if !pairs.clone().any(|(name, value)| name.contains(' ') || value.contains(' ')) {
        url.query_pairs_mut().extend_pairs(pairs);
        return;
    }
    let length: usize = pairs.clone().map(|(name, value)| name.len() + value.len() + 2).sum();
    let old = url.query().unwrap_or_default();
    let mut query = String::with_capacity(old.len() + length * 3 / 2);
    query.push_str(old);
    write_query(&mut query, pairs);
    url.set_query(Some(&query));
}

/// Appends the encoded parameters to a query.
fn write_query<'a>(query: &mut String, pairs: impl Iterator<Item = (&'a str, &'a str)>) {
    for (name, value) in pairs {
        if !query.is_empty() {
            query.push('&');
        }
        encode_to(query, name);
        query.push('=');
        encode_to(query, value);
    }
}

/// Appends a text in `application/x-www-form-urlencoded` encoding, with `%20` for a blank.
fn encode_to(out: &mut String, text: &str) {
    for part in byte_serialize(text.as_bytes()) {
        // A plus sign itself is `%2B`.
        out.push_str(if part == "+" { "%20" } else { part });
    }
}

impl From<&Self> for Params {
    fn from(params: &Self) -> Self {
        params.clone()
    }
}

impl<K: AsRef<str>, V: AsRef<str>, const N: usize> From<[(K, V); N]> for Params {
    fn from(pairs: [(K, V); N]) -> Self {
        pairs.into_iter().collect()
    }
}

impl<K: AsRef<str>, V: AsRef<str>> FromIterator<(K, V)> for Params {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        let mut params = Self::new();
        params.extend(pairs);
        params
    }
}

impl<K: AsRef<str>, V: AsRef<str>> Extend<(K, V)> for Params {
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, pairs: I) {
        for (name, value) in pairs {
            self.push(name, value);
        }
    }
}

impl fmt::Debug for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(|(name, _)| name)).finish()
    }
}

impl IntoIterator for Params {
    type Item = (String, String);
    type IntoIter = std::vec::IntoIter<(String, String)>;

    fn into_iter(self) -> Self::IntoIter {
        let pairs = self.iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
        pairs.collect::<Vec<_>>().into_iter()
    }
}

/// One value in `application/x-www-form-urlencoded` encoding, as RFC 6749 §2.3.1 asks of each part of
/// Basic credentials.
pub(crate) fn form_encode(value: &str) -> String {
    byte_serialize(value.as_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_parameter_is_rejected_even_if_equal() {
        for text in ["state=a&state=b", "state=b&state=a", "state=a&state=a"] {
            assert!(Params::parse(text).only("state").is_err(), "{text}");
        }
    }

    #[test]
    fn form_codec_keeps_order_and_repeats() {
        let text = "resource=a&x=1+2&resource=%C3%A4";
        assert_eq!(Params::parse(text).to_form(), text);
    }

    #[test]
    fn query_encodes_space_without_plus() {
        assert_eq!(Params::new().with("scope", "a b+c").to_query(), "scope=a%20b%2Bc");
    }

    #[test]
    fn appended_parameters_are_encoded_alike_with_and_without_blank() {
        for (endpoint, kept) in
            [("https://a.example/x", ""), ("https://a.example/x?a=%20b", "a=%20b&")]
        {
            for (value, encoded) in [("b+c&é", "b%2Bc%26%C3%A9"), ("b c'~", "b%20c%27%7E")] {
                let mut url = Url::parse(endpoint).unwrap();
                Params::new().append_to(&mut url);
                assert_eq!(url.as_str(), endpoint);
                Params::new().with("n", value).with("m", "").append_to(&mut url);
                assert_eq!(url.query(), Some(&*format!("{kept}n={encoded}&m=")));
            }
        }
    }

    #[test]
    fn debug_shows_names_only() {
        let shown = format!("{:?}", Params::parse("code=secret"));
        assert!(shown.contains("code") && !shown.contains("secret"));
    }
}
