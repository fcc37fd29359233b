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
pub struct Params(Vec<(String, String)>);

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
        Self(parse(text.as_bytes()).into_owned().collect())
    }

    /// Appends a parameter; a name that is there already is repeated.
    pub fn push(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.push((name.into(), value.into()));
    }

    /// Sets a parameter, in the place of all earlier ones of that name.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.0.retain(|(known, _)| known != name);
        self.push(name, value);
    }

    /// Adds parameters, in the place of all earlier ones of their names.
    pub(crate) fn set_all(&mut self, params: Vec<(String, String)>) {
        let names: HashSet<_> = params.iter().map(|(name, _)| name.as_str()).collect();
        self.0.retain(|(known, _)| !names.contains(known.as_str()));
        self.0.extend(params);
    }

    /// The same with one more parameter, for building in one expression.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
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
        self.0.iter().any(|(known, _)| known == name)
    }

    /// Names and values, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Whether there is no parameter.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many parameters there are, repeats counted.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The `application/x-www-form-urlencoded` text, for a form body.
    #[must_use]
    pub fn to_form(&self) -> String {
        let length = self.iter().map(|(name, value)| name.len() + value.len() + 2).sum();
        let text = String::with_capacity(length);
        form_urlencoded::Serializer::new(text).extend_pairs(self.iter()).finish()
    }

    /// The query text, with `%20` for a blank: some authorization servers do not read `+`, and all
    /// read `%20` (RFC 3986 §2.1).
    #[must_use]
    pub fn to_query(&self) -> String {
        let form = self.to_form();
        if form.contains('+') { form.replace('+', "%20") } else { form }
    }

    /// Adds the parameters to the query of `url`, behind those that it has (RFC 6749 §3.1 lets an
    /// endpoint have some).
    pub fn append_to(&self, url: &mut Url) {
        if self.is_empty() {
            return;
        }
        // `Url` writes a blank as `+`. `set_query` encodes the whole query once more.
        if !self.iter().any(|(name, value)| name.contains(' ') || value.contains(' ')) {
            url.query_pairs_mut().extend_pairs(self.iter());
            return;
        }
        let query = match url.query() {
            Some(old) if !old.is_empty() => format!("{old}&{}", self.to_query()),
            _ => self.to_query(),
        };
        url.set_query(Some(&query));
    }
}

impl From<&Self> for Params {
    fn from(params: &Self) -> Self {
        params.clone()
    }
}

impl<K: Into<String>, V: Into<String>, const N: usize> From<[(K, V); N]> for Params {
    fn from(pairs: [(K, V); N]) -> Self {
        pairs.into_iter().collect()
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Params {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

impl fmt::Debug for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

impl Extend<(String, String)> for Params {
    fn extend<I: IntoIterator<Item = (String, String)>>(&mut self, pairs: I) {
        self.0.extend(pairs);
    }
}

impl IntoIterator for Params {
    type Item = (String, String);
    type IntoIter = std::vec::IntoIter<(String, String)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
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
    fn debug_shows_names_only() {
        let shown = format!("{:?}", Params::parse("code=secret"));
        assert!(shown.contains("code") && !shown.contains("secret"));
    }
}
