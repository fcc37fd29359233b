//! [`Multipart`]: a `multipart/form-data` body (RFC 7578).

use std::fmt;

use super::ApiRequest;
use crate::random;

/// The fields and files of a `multipart/form-data` body (RFC 7578), in memory.
///
/// ```
/// use authlib_core::Multipart;
///
/// let form = Multipart::new().text("title", "Report").file("file", "r.csv", "text/csv", b"a,b\n");
/// # let _ = form;
/// ```
#[derive(Clone, Default)]
pub struct Multipart {
    parts: Vec<Part>,
}

#[derive(Clone)]
struct Part {
    name: String,
    file: Option<(String, String)>,
    content: Vec<u8>,
}

impl Multipart {
    /// An empty form.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a field.
    #[must_use]
    pub fn text(mut self, name: &str, value: impl Into<String>) -> Self {
        let content = value.into().into_bytes();
        self.parts.push(Part { name: name.to_owned(), file: None, content });
        self
    }

    /// Adds a file with its name and media type.
    #[must_use]
    pub fn file(
        mut self,
        name: &str,
        file_name: &str,
        content_type: &str,
        content: impl Into<Vec<u8>>,
    ) -> Self {
        let file = Some((file_name.to_owned(), one_line(content_type)));
        self.parts.push(Part { name: name.to_owned(), file, content: content.into() });
        self
    }

    /// The body. `boundary` must be unguessable, so that no content contains it.
    fn body(&self, boundary: &str) -> Vec<u8> {
        let mut body = Vec::new();
        for part in &self.parts {
            let mut head = format!(
                "--{boundary}\r\nContent-Disposition: form-data; name=\"{}\"",
                quoted(&part.name)
            );
            if let Some((file_name, content_type)) = &part.file {
                head.push_str(&format!("; filename=\"{}\"", quoted(file_name)));
                head.push_str(&format!("\r\nContent-Type: {content_type}"));
            }
            head.push_str("\r\n\r\n");
            body.extend_from_slice(head.as_bytes());
            body.extend_from_slice(&part.content);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
        body
    }
}

impl<M> ApiRequest<M> {
    /// Sets a `multipart/form-data` body.
    pub fn multipart(self, form: &Multipart) -> Self {
        match random::token(self.tokens.endpoints().random()) {
            Ok(boundary) => {
                let content_type = format!("multipart/form-data; boundary={boundary}");
                self.body(&content_type, form.body(&boundary))
            }
            Err(error) => self.try_set(|_| Err(error)),
        }
    }
}

/// Escaped as in browsers (RFC 7578 §4.2, HTML §4.10.21.8), so that a name can't end its quotes.
fn quoted(name: &str) -> String {
    name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

fn one_line(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

impl fmt::Debug for Multipart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.parts.iter().map(|part| &part.name)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn multipart_names_cannot_inject_parts() {
        let form = Multipart::new().text("a\"\r\nX: y", "1").file(
            "f",
            "n\".txt",
            "text/plain\r\nX: y",
            b"hello",
        );
        let expected = "--B\r\nContent-Disposition: form-data; name=\"a%22%0D%0AX: y\"\r\n\r\n1\r\n\
             --B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"n%22.txt\"\r\n\
             Content-Type: text/plainX: y\r\n\r\nhello\r\n--B--\r\n";
        assert_eq!(String::from_utf8(form.body("B")).unwrap(), expected);
    }
}
