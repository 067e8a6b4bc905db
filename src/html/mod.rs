//! Row 7: HTML pages that stand alone: no asset from elsewhere, no script that has to run. Every text is cleaned and
//! escaped on its way out, whatever the template does with it; only the drawings of [`svg`], which escape by themselves,
//! are let through as they are. The templates are in `resources/templates/html`.

pub mod svg;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Value;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde::Serialize;

use crate::base::digest::Digest;
use crate::base::text;

/// The style sheet, which every page carries inside itself.
pub const STYLE: &str = include_str!("../../resources/templates/html/style.css");

/// The templates by name.
const TEMPLATES: [(&str, &str); 12] = [
    ("parts", include_str!("../../resources/templates/html/parts.html.j2")),
    ("base", include_str!("../../resources/templates/html/base.html.j2")),
    ("sections", include_str!("../../resources/templates/html/sections.html.j2")),
    ("dossier", include_str!("../../resources/templates/html/dossier.html.j2")),
    ("site", include_str!("../../resources/templates/html/site.html.j2")),
    ("problem", include_str!("../../resources/templates/html/problem.html.j2")),
    ("sessions", include_str!("../../resources/templates/html/sessions.html.j2")),
    ("session", include_str!("../../resources/templates/html/session.html.j2")),
    ("records", include_str!("../../resources/templates/html/records.html.j2")),
    ("record", include_str!("../../resources/templates/html/record.html.j2")),
    ("constraint", include_str!("../../resources/templates/html/constraint.html.j2")),
    ("diff", include_str!("../../resources/templates/html/diff.html.j2")),
];

/// The longest text that a page shows in one place, in characters.
const LONGEST: usize = 20_000;

/// A page that cannot be made, which a test of every template rules out.
#[derive(Debug, thiserror::Error)]
#[error("page {name}: {source}")]
pub struct PageError {
    name: String,
    #[source]
    source: minijinja::Error,
}

/// Fills the template `name`.
///
/// # Errors
/// A template that does not exist or does not render, which a test of every template rules out.
pub fn page<S: Serialize>(name: &str, input: &S) -> Result<String, PageError> {
    let input = serde_json::to_value(input)
        .map_err(|e| minijinja::Error::new(minijinja::ErrorKind::BadSerialization, e.to_string()));
    let made = environment().and_then(|e| e.get_template(name)?.render(value(&input?)));
    made.map_err(|source| PageError { name: name.to_owned(), source })
}

/// JSON as templates compute with it. Our numbers keep every digit, and so would not be numbers to them.
fn value(json: &serde_json::Value) -> Value {
    use serde_json::Value as Json;
    match json {
        Json::Null => Value::from(()),
        Json::Bool(b) => Value::from(*b),
        Json::Number(n) => match (n.as_u64(), n.as_i64(), n.as_f64()) {
            (Some(n), _, _) => Value::from(n),
            (None, Some(n), _) => Value::from(n),
            (None, None, Some(n)) => Value::from(n),
            (None, None, None) => Value::from(n.to_string()),
        },
        Json::String(s) => Value::from(s.as_str()),
        Json::Array(list) => Value::from(list.iter().map(value).collect::<Vec<_>>()),
        Json::Object(all) => {
            let all = all.iter().map(|(key, v)| (key.clone(), value(v)));
            Value::from(all.collect::<std::collections::BTreeMap<String, Value>>())
        }
    }
}

fn environment() -> Result<Environment<'static>, minijinja::Error> {
    let mut environment = Environment::new();
    // A name that the input does not have is a fault of the template, not an empty place on a page.
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_formatter(|out, state, value| match value.as_str().filter(|_| !value.is_safe()) {
        Some(text) => minijinja::escape_formatter(out, state, &Value::from(cleaned(text))),
        None => minijinja::escape_formatter(out, state, value),
    });
    let mut syntax = SyntaxConfig::builder();
    syntax.trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true);
    environment.set_syntax(syntax.build()?);
    environment.add_filter("short", short);
    environment.add_filter("linked", linked);
    environment.add_filter("thousands", |n: u64| text::thousands(n));
    environment.add_filter("plural", |n: u64, noun: String| text::plural(n, &noun));
    environment.add_filter("part", |word: String| percent_encoding::utf8_percent_encode(&word, PART).to_string());
    environment.add_filter("day", |at: String| at.chars().take(10).collect::<String>());
    environment.add_filter("clock", |at: String| at.chars().skip(11).take(8).collect::<String>());
    for (name, template) in TEMPLATES {
        environment.add_template(name, template)?;
    }
    Ok(environment)
}

/// What may stand in a segment of a path or a value of a query as it is.
const PART: &percent_encoding::AsciiSet =
    &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Without control and direction characters; lines stay lines.
fn cleaned(raw: &str) -> String {
    let shown = raw.chars().filter(|c| *c == '\n' || (!c.is_control() && !text::is_hidden(*c)));
    text::truncate(&shown.collect::<String>(), LONGEST)
}

/// Cleaned and escaped, for what is put together in Rust.
#[must_use]
pub fn escaped(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    for c in cleaned(raw).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#x27;"),
            c => out.push(c),
        }
    }
    out
}

/// The first eight digits of a digest, for the eye.
fn short(digest: &str) -> String {
    let digits = digest.strip_prefix("sha256:").unwrap_or(digest);
    digits.chars().take(8).collect()
}

/// The text with each `event 12`, `events: 12, 13` and number after it as a link to `at` and the number. Where `known`
/// has something in it, only numbers in it become links: a text may speak of an event that this page does not have.
fn linked(raw: &str, at: &str, known: Vec<u64>) -> Value {
    let mut out = String::new();
    let mut rest = raw;
    while let Some(start) = rest.find("event") {
        let (before, from) = rest.split_at(start);
        out.push_str(&escaped(before));
        let word = if from.starts_with("events: ") {
            "events: "
        } else if from.starts_with("events ") {
            "events "
        } else if from.starts_with("event ") {
            "event "
        } else {
            out.push_str("event");
            rest = &from["event".len()..];
            continue;
        };
        out.push_str(word);
        rest = &from[word.len()..];
        loop {
            let digits: String = rest.chars().take_while(char::is_ascii_digit).take(18).collect();
            let Ok(seq) = digits.parse::<u64>() else { break };
            if known.is_empty() || known.contains(&seq) {
                out.push_str(&format!("<a href=\"{}{seq}\">{seq}</a>", escaped(at)));
            } else {
                out.push_str(&digits);
            }
            rest = &rest[digits.len()..];
            match rest.strip_prefix(", ") {
                Some(more) if more.starts_with(|c: char| c.is_ascii_digit()) => {
                    out.push_str(", ");
                    rest = more;
                }
                _ => break,
            }
        }
    }
    out.push_str(&escaped(rest));
    Value::from_safe_string(out)
}

/// `'sha256-…'` of an inline style or script, for a content security policy.
#[must_use]
pub fn policy_hash(inline: &str) -> String {
    use base64::Engine as _;
    let digest = Digest::of_bytes(inline.as_bytes());
    let hex = digest.as_str().trim_start_matches("sha256:");
    let pairs = (0..hex.len() / 2).filter_map(|i| hex.get(2 * i..2 * i + 2));
    let bytes: Vec<u8> = pairs.filter_map(|pair| u8::from_str_radix(pair, 16).ok()).collect();
    format!("'sha256-{}'", base64::engine::general_purpose::STANDARD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_in_a_text_lead_to_their_place_and_nothing_else_does() {
        let at = |text: &str, known: &[u64]| linked(text, "#e", known.to_vec()).to_string();
        assert_eq!(at("as read (event 4)", &[4]), "as read (<a href=\"#e4\">4</a>)".replace("(<a", "(event <a"));
        assert_eq!(at("(events: 4, 5)", &[5]), "(events: 4, <a href=\"#e5\">5</a>)");
        assert_eq!(at("event 9", &[4]), "event 9");
        assert_eq!(at("<b>event</b> eventually event x", &[]), "&lt;b&gt;event&lt;/b&gt; eventually event x");
    }

    #[test]
    fn the_hash_of_a_policy_is_what_browsers_compute() {
        // From the example of the specification: the empty text.
        assert_eq!(policy_hash(""), "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='");
    }
}
