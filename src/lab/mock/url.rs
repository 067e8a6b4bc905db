//! URLs as far as the lab needs them.

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

/// Everything that would end or split a query value.
const VALUE: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'%').add(b'&').add(b'+').add(b'<').add(b'>');

/// `https://host:1/a/b?c=d` -> `https://host:1`; empty for a bare path.
pub(crate) fn origin_of(url: &str) -> &str {
    // One byte is found sooner than three.
    let Some(at) = url.find(':').filter(|at| url[*at..].starts_with("://")) else { return "" };
    let host = at + 3;
    url[host..].find(['/', '?', '#']).map_or(url, |end| &url[..host + end])
}

/// `https://host:1/a/b?c=d` -> `/a/b`.
pub(crate) fn path_of(url: &str) -> &str {
    let rest = &url[origin_of(url).len()..];
    rest.find(['?', '#']).map_or(rest, |end| &rest[..end])
}

/// The query's pairs, decoded, in order.
pub(crate) fn query_of(url: &str) -> Vec<(String, String)> {
    let Some((_, query)) = url.split_once('?') else { return Vec::new() };
    pairs(query.split('#').next().unwrap_or_default())
}

/// The pairs of a query or a form body, decoded, in order.
pub(crate) fn pairs(text: &str) -> Vec<(String, String)> {
    text.split('&')
        .filter(|p| !p.is_empty())
        .map(|p| {
            let (name, value) = p.split_once('=').unwrap_or((p, ""));
            (form_decode(name), form_decode(value))
        })
        .collect()
}

/// A name or a value of a form, where `+` is a space.
fn form_decode(text: &str) -> String {
    if text.contains('+') { decode(&text.replace('+', " ")) } else { decode(text) }
}

/// Percent-decoded; what is not UTF-8 becomes U+FFFD.
pub(crate) fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// Percent-encoded for a query value.
pub(crate) fn encode(text: &str) -> String {
    utf8_percent_encode(text, VALUE).to_string()
}

/// `url` with the query parameter set to `value`, in the place it had or at the end.
pub(crate) fn with_param(url: &str, name: &str, value: &str) -> String {
    let base = url.split('?').next().unwrap_or(url);
    let mut query = query_of(url);
    match query.iter_mut().find(|(n, _)| n == name) {
        Some(pair) => value.clone_into(&mut pair.1),
        None => query.push((name.to_owned(), value.to_owned())),
    }
    let pairs: Vec<String> = query.iter().map(|(n, v)| format!("{}={}", encode(n), encode(v))).collect();
    format!("{base}?{}", pairs.join("&"))
}

/// `url` without the query parameter.
pub(crate) fn without_param(url: &str, name: &str) -> String {
    let base = url.split('?').next().unwrap_or(url);
    let query = query_of(url).into_iter().filter(|(n, _)| n != name);
    let pairs: Vec<String> = query.map(|(n, v)| format!("{}={}", encode(&n), encode(&v))).collect();
    if pairs.is_empty() { base.to_owned() } else { format!("{base}?{}", pairs.join("&")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_taken_apart() {
        let url = "https://api.example:8/v1/a%20b?updated%5Bgte%5D=2026-01-01T00:00:00%2B01:00&x=a+b&flag#top";
        assert_eq!(origin_of(url), "https://api.example:8");
        assert_eq!(path_of(url), "/v1/a%20b");
        assert_eq!(
            query_of(url),
            [
                ("updated[gte]".to_owned(), "2026-01-01T00:00:00+01:00".to_owned()),
                ("x".to_owned(), "a b".to_owned()),
                ("flag".to_owned(), String::new())
            ]
        );
        assert_eq!(path_of("/only/path?x"), "/only/path");
        assert_eq!(origin_of("https://h"), "https://h");
        assert_eq!(with_param("https://h/a?p=1&q=2", "p", "a&b"), "https://h/a?p=a%26b&q=2");
        assert_eq!(without_param("https://h/a?p=1&q=2", "p"), "https://h/a?q=2");
        assert_eq!(without_param("https://h/a?p=1", "p"), "https://h/a");
    }
}
