//! Builds request URLs: path templates, query strings, links that a server hands out.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use url::Url;

use super::Call;
use crate::base::address as absolute;
use crate::model::ParamIn;

/// Everything but the unreserved characters of RFC 3986 section 2.3.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// `text` fit for one path segment or one query name or value.
pub(super) fn encode(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// The URL of a call: fixed path and query parameters of the contract, `path` values by placeholder, then `query`.
/// A placeholder without a value stays as it is; the planner refuses such a call before it is made.
pub(super) fn url(base: &str, call: &Call, path: &[(&str, &str)], query: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(base.len() + call.path.len() + 64);
    out.push_str(base);
    let mut rest = call.path.as_str();
    while let Some((before, tail)) = rest.split_once('{') {
        out.push_str(before);
        let Some((name, after)) = tail.split_once('}') else {
            out.push('{');
            rest = tail;
            break;
        };
        let fixed =
            || call.params.iter().find(|p| p.place == ParamIn::Path && p.name == name).map(|p| p.value.as_str());
        match path.iter().find(|(n, _)| *n == name).map(|(_, v)| *v).or_else(fixed) {
            Some(value) => out.push_str(&encode(value)),
            None => {
                out.push('{');
                out.push_str(name);
                out.push('}');
            }
        }
        rest = after;
    }
    out.push_str(rest);
    for p in call.params.iter().filter(|p| p.place == ParamIn::Query) {
        push_query(&mut out, &p.name, &p.value);
    }
    for (name, value) in query {
        push_query(&mut out, name, value);
    }
    out
}

/// Whether values of a path lead out of it: where one is `.` or `..`, or nothing, the URL names another resource than the template
/// (RFC 3986 section 5.2.4; WHATWG URL takes `%2e` for a dot as well, so that no encoding helps).
pub(super) fn strays(url: &str, template: &str) -> bool {
    if !template.contains('{') {
        return false;
    }
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let path = path.split_once("://").map_or(path, |(_, rest)| rest.split_once('/').map_or("", |(_, path)| path));
    let dots = |part: &str| matches!(part.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..");
    let ends = path.ends_with('/') && !template.ends_with('/');
    ends || path.split('/').any(dots) || path.contains("//")
}

/// Adds `name=value` to a URL.
pub(super) fn push_query(url: &mut String, name: &str, value: &str) {
    url.push(if url.contains('?') { '&' } else { '?' });
    url.push_str(&encode(name));
    url.push('=');
    url.push_str(&encode(value));
}

/// The URL without the query parameter `name`: a link from a server may repeat the key that was sent with it.
pub(super) fn without_query(url: &str, name: &str) -> String {
    let Some((before, query)) = url.split_once('?') else { return url.to_owned() };
    let kept: Vec<&str> = query
        .split('&')
        .filter(|pair| {
            let given = pair.split('=').next().unwrap_or_default();
            percent_decode_str(given).decode_utf8_lossy() != name
        })
        .collect();
    if kept.is_empty() { before.to_owned() } else { format!("{before}?{}", kept.join("&")) }
}

/// Names of the placeholders of a path template, in order.
pub(super) fn placeholders(path: &str) -> impl Iterator<Item = &str> {
    path.split('{').skip(1).filter_map(|s| s.split_once('}').map(|(name, _)| name))
}

/// The URL of an operation on one record: its last placeholder takes the key.
pub(super) fn of_record(base_url: &str, call: &Call, id: &str) -> String {
    let last = placeholders(&call.path).last().unwrap_or_default();
    url(base_url, call, &[(last, id)], &[])
}

/// The absolute URL that `link` leads to from `from`; nothing where it is none or leads to another origin
/// (scheme, host, port) than `base`: a credential never goes where the contract does not point.
pub(super) fn follow(base: &str, from: &str, link: &str) -> Option<String> {
    let base = Url::parse(base).ok()?;
    let to = Url::parse(from).ok()?.join(link).ok()?;
    (to.origin() == base.origin()).then(|| to.to_string())
}

/// `scheme://host:port` of an absolute URL.
pub(super) fn origin(url: &str) -> Option<String> {
    absolute::origin(url).map(|origin| origin.ascii_serialization())
}

/// The target of `rel="next"` in the values of `Link` headers (RFC 8288 section 3).
pub(super) fn next_link<'h>(values: impl Iterator<Item = &'h str>) -> Option<String> {
    for value in values {
        let mut rest = value;
        while let Some((_, tail)) = rest.split_once('<') {
            let (target, tail) = tail.split_once('>')?;
            // Parameters run to the next comma outside quotes.
            let mut quoted = false;
            let end = tail
                .find(|c: char| {
                    quoted ^= c == '"';
                    c == ',' && !quoted
                })
                .unwrap_or(tail.len());
            let (parameters, after) = tail.split_at(end);
            let is_next = parameters.split(';').any(|p| {
                let (name, value) = p.split_once('=').unwrap_or((p, ""));
                name.trim().eq_ignore_ascii_case("rel")
                    && value.trim().trim_matches('"').split_ascii_whitespace().any(|r| r.eq_ignore_ascii_case("next"))
            });
            if is_next {
                return Some(target.trim().to_owned());
            }
            rest = after;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connector::FixedParam;
    use crate::model::Method;

    fn call(path: &str, params: Vec<FixedParam>) -> Call {
        Call {
            id: "x".into(),
            method: Method::Get,
            path: path.into(),
            content_type: String::new(),
            params,
            answers_json: false,
            query: None,
            search: None,
            answers_later: false,
        }
    }

    #[test]
    fn templates_and_queries_are_filled_and_escaped() {
        let fixed = FixedParam { name: "list".into(), place: ParamIn::Path, value: "a/b".into() };
        let always = FixedParam { name: "v".into(), place: ParamIn::Query, value: "1".into() };
        let call = call("/l/{list}/m/{id}", vec![fixed, always]);
        assert_eq!(
            url("https://h", &call, &[("id", "ö 1")], &[("updated[gte]", "2026-01-01T00:00:00+02:00")]),
            "https://h/l/a%2Fb/m/%C3%B6%201?v=1&updated%5Bgte%5D=2026-01-01T00%3A00%3A00%2B02%3A00"
        );
        assert_eq!(placeholders(&call.path).collect::<Vec<_>>(), ["list", "id"]);
    }

    #[test]
    fn a_link_is_followed_only_within_the_system() {
        let from = "https://h/v1/x?page=1";
        assert_eq!(follow("https://h/v1", from, "?page=2").as_deref(), Some("https://h/v1/x?page=2"));
        assert_eq!(follow("https://h/v1", from, "/v1/x?page=2").as_deref(), Some("https://h/v1/x?page=2"));
        assert_eq!(follow("https://h/v1", from, "https://evil/x"), None);
        assert_eq!(follow("https://h/v1", from, "http://h/x"), None);
    }

    #[test]
    fn the_next_link_is_found_among_others() {
        let header = r#"<https://h/x?a=1,2>; rel="prev"; title="a, b", <https://h/x?p=3>; rel="last next""#;
        assert_eq!(next_link([header].into_iter()).as_deref(), Some("https://h/x?p=3"));
        assert_eq!(next_link([r#"<https://h/x>; rel="last""#].into_iter()), None);
        assert_eq!(next_link(["", "<"].into_iter()), None);
    }

    #[test]
    fn a_key_in_a_link_is_taken_out() {
        assert_eq!(without_query("https://h/x?api%5Fkey=s&p=2", "api_key"), "https://h/x?p=2");
        assert_eq!(without_query("https://h/x?api_key=s", "api_key"), "https://h/x");
    }
}
