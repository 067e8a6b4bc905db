//! Texts that mean nothing, or something else, when their end is cut off.

use super::said::Field;
use super::{Doubt, Pair};

/// What a text is that must not be cut, and the steps before it change nothing of that.
fn whole(field: &Field<'_>, steps: &[&str]) -> Option<&'static str> {
    if steps.contains(&"to_json") {
        return Some("JSON");
    }
    let named = |any: &[&str]| field.ends_in(any);
    Some(match field.format() {
        "uri" | "uri-reference" | "url" | "iri" => "an address",
        "email" | "idn-email" => "an e-mail address",
        "decimal" => "a number",
        "byte" | "base64" | "base64url" => "base64",
        "json" => "JSON",
        "hostname" => "the name of a host",
        _ if !field.format().is_empty() => return None,
        _ if named(&["url", "uri", "href"]) => "an address",
        _ if named(&["email", "mail"]) => "an e-mail address",
        _ if named(&["phone", "mobile", "telephone", "tel", "fax", "msisdn"]) => "a phone number",
        _ if named(&["html"]) || super::markup::is_html(field) => "HTML",
        _ if named(&["json"]) || field.says_word(&["json"]) => "JSON",
        _ if field.says_word(&["base64", "base64url"]) => "base64",
        _ => return None,
    })
}

/// A text that is cut although only the whole of it means something.
pub(super) fn short(pair: &Pair<'_>) -> Option<Doubt> {
    const SAME: [&str; 8] = ["trim", "lower", "upper", "nfc", "collapse_spaces", "to_string", "to_json", "drop_empty"];
    let at = pair.steps.iter().position(|s| s.transform.name == "truncate")?;
    let before: Vec<&str> = pair.steps.iter().take(at).map(|s| s.transform.name).collect();
    if pair.table.is_some() || !before.iter().all(|name| SAME.contains(name)) || pair.from.kind.values.is_some() {
        return None;
    }
    let step = pair.steps.get(at)?;
    let most: u64 = step.shown.strip_prefix("truncate ")?.parse().ok()?;
    let what = whole(&pair.from, &before)?;
    let longest = pair.from.kind.max_length.filter(|_| what != "JSON");
    // No address is longer (RFC 5321, section 4.5.3.1.3, less the brackets).
    let longest = if what == "an e-mail address" { Some(longest.unwrap_or(254).min(254)) } else { longest };
    if longest.is_some_and(|l| l <= most) || pair.to.says(&["preview", "excerpt", "snippet"]) {
        return None;
    }
    let message = format!("source {{from}} is {what}, and is cut to {most} characters: a part of it is none");
    let fix = "drop or reject what is too long, or map it to a field that takes all of it";
    Some(Doubt::new("value-cut", 0.65, message, fix).about(step))
}
