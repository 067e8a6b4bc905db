//! When a value of ours is the value of the truth.

use platform_integration::base::text::singular;
use serde_json::Value;

/// Whether one of our values of a fact says what the truth says.
pub(crate) fn fits(fact: &str, truth: &Value, ours: &[Value]) -> bool {
    match fact {
        "base_url" => ours.iter().any(|o| host_fits(text(truth, "host"), text(o, "host"))),
        "oauth2_authorization_url" | "oauth2_token_url" => ours
            .iter()
            .any(|o| host_fits(text(truth, "host"), text(o, "host")) && text(truth, "path") == text(o, "path")),
        // Truth names the path from the base URL or from the host.
        "webhook_subscribe_endpoint" => ours.iter().any(|o| {
            shape(text(o, "path")).ends_with(&shape(text(truth, "path"))) && same(&truth["method"], &o["method"])
        }),
        // Scopes change with time: half of those named must be there.
        "oauth2_scopes" => {
            let known: Vec<&Value> = ours.iter().filter_map(Value::as_array).flatten().collect();
            let wanted = truth.as_array().map(Vec::as_slice).unwrap_or_default();
            wanted.iter().filter(|t| known.contains(t)).count() * 2 >= wanted.len()
        }
        // The size of a page is a figure of its own.
        "pagination" => ours.iter().any(|o| {
            same(&truth["style"], &o["style"]) && (truth["param"].is_null() || same(&truth["param"], &o["param"]))
        }),
        _ => ours.iter().any(|o| same(truth, o)),
    }
}

/// Whether two names of entities mean the same: one ends in the other.
pub(crate) fn entity_fits(truth: &str, ours: &str) -> bool {
    let (truth, ours) = (bare(truth), bare(ours));
    !ours.is_empty() && (truth.ends_with(&ours) || ours.ends_with(&truth))
}

/// Whether two names of entities are the same but for number and case.
pub(crate) fn entity_same(truth: &str, ours: &str) -> bool {
    bare(truth) == bare(ours)
}

fn bare(name: &str) -> String {
    norm(&name.split('_').map(singular).collect::<Vec<_>>().join("_"))
}

/// The text under a key; empty where there is none.
pub(crate) fn text<'v>(row: &'v Value, key: &str) -> &'v str {
    row[key].as_str().unwrap_or("")
}

fn norm(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// A path without the names of its parameters.
fn shape(path: &str) -> String {
    norm(&path.split('{').map(|s| s.split_once('}').map_or(s, |(_, tail)| tail)).collect::<String>())
}

/// What the truth leaves open may be anything.
fn same(truth: &Value, ours: &Value) -> bool {
    match (truth, ours) {
        (Value::String(a), Value::String(b)) => a.eq_ignore_ascii_case(b),
        (Value::Object(a), _) => a.iter().all(|(k, v)| v.is_null() || same(v, &ours[k])),
        (Value::Array(a), Value::Array(b)) => a.iter().all(|x| b.contains(x)),
        _ => truth == ours,
    }
}

/// `{subdomain}.x.com` fits any host below `x.com`, `rest.{cluster}` any host after `rest.`.
fn host_fits(truth: &str, ours: &str) -> bool {
    let (t, o) = (truth.to_lowercase(), ours.to_lowercase());
    t == o || covers(&t, &o) || covers(&o, &t)
}

/// Whether a host with placeholders stands for another. One without a fixed letter stands for none.
fn covers(open: &str, host: &str) -> bool {
    let Some((before, rest)) = open.split_once('{') else { return false };
    let after = rest.rsplit('}').next().unwrap_or("");
    let fixed = format!("{before}{after}").chars().any(char::is_alphanumeric);
    fixed && host.len() >= before.len() + after.len() && host.starts_with(before) && host.ends_with(after)
}
