//! As much HTML as the pages of rustdoc need.

/// The text of `html` on one line: without tags and comments for people, entities replaced.
pub(crate) fn text(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut rest = html;
    // The label of a list that the page folds, such as "Show 13 fields".
    while let Some((before, after)) = rest.split_once("<summary") {
        text.push_str(before);
        rest = after.split_once("</summary>").unwrap_or_default().1;
    }
    text.push_str(rest);
    let mut plain = String::with_capacity(text.len());
    for (index, piece) in text.split('<').enumerate() {
        // All but the first piece begin inside a tag.
        let (tag, shown) =
            if index == 0 { ("", piece) } else { piece.split_once('>').unwrap_or_default() };
        if tag.starts_with("div") || tag.starts_with("/div") || tag.starts_with("br") {
            plain.push(' ');
        }
        plain.push_str(shown);
    }
    let plain = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&nbsp;", " "),
        ("\u{a0}", " "),
        ("&amp;", "&"),
    ]
    .iter()
    .fold(plain, |plain, (entity, character)| plain.replace(entity, character));
    let words: Vec<&str> = plain.split_whitespace().collect();
    // A long signature has one parameter on each line.
    words.join(" ").replace("( ", "(").replace(", )", ")").replace(" ;", ";")
}

/// `html` up to the first `end`, or all of it.
pub(crate) fn until<'a>(html: &'a str, end: &str) -> &'a str {
    html.split(end).next().unwrap_or_default()
}

/// The value of the first attribute of this name.
pub(crate) fn attribute<'a>(html: &'a str, name: &str) -> Option<&'a str> {
    let (_, value) = html.split_once(&format!(" {name}=\""))?;
    Some(until(value, "\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_has_no_markup() {
        let html = "fn <a href=\"x\">f</a>&lt;'a&gt;(\n    &amp;'a self,\n    b: B,\n) -&gt; C<div class=\"where\">where D</div>";
        assert_eq!(text(html), "fn f<'a>(&'a self, b: B) -> C where D");
        let folded = "enum E {<details><summary><span>Show 13</span></summary>A,</details>}";
        assert_eq!(text(folded), "enum E {A,}");
    }

    #[test]
    fn attribute_is_read() {
        assert_eq!(attribute("<a class=\"mod\" href=\"x/\">", "href"), Some("x/"));
        assert_eq!(attribute("<a>", "href"), None);
    }
}
