//! `description_origin`: who made the description, how, and when: official descriptions hold what the API serves, old
//! copies made by others often do not.

use serde_json::json;

use super::base_url::host_and_path;
use super::path::norm;
use super::said::Topic;
use super::{Detector, Hints, Look};
use crate::base::text::quoted;
use crate::base::tree::Node;
use crate::model::{Fact, System};

/// The detector of this file.
pub(super) const DETECTOR: Detector = Detector { fact: "description_origin", look: Look::Observe(run) };

/// The last two labels of a host; three under `co.uk` and its kin.
fn domain(host: &str) -> String {
    let host = host.split(':').next().unwrap_or(host).trim_end_matches('.').to_lowercase();
    let labels: Vec<&str> = host.split('.').collect();
    let second = labels.len().checked_sub(2).and_then(|i| labels.get(i));
    let short = second.is_some_and(|l| matches!(*l, "co" | "com" | "org" | "gov" | "ac" | "net"));
    let country = labels.last().is_some_and(|l| l.len() == 2);
    let keep = if short && country { 3 } else { 2 };
    labels.get(labels.len().saturating_sub(keep)..).unwrap_or_default().join(".")
}

/// The first date in a text, as `2024-10-01`.
fn date(text: &str) -> Option<&str> {
    let bytes = text.as_bytes();
    (0..bytes.len().saturating_sub(9)).find_map(|i| {
        let part = text.get(i..i + 10)?;
        let shaped =
            part.bytes().enumerate().all(|(n, b)| if n == 4 || n == 7 { b == b'-' } else { b.is_ascii_digit() });
        let alone = !i.checked_sub(1).and_then(|j| bytes.get(j)).is_some_and(u8::is_ascii_digit);
        (shaped && alone && part.starts_with("20")).then_some(part)
    })
}

/// A value, or the first of several.
fn first(value: Node<'_>) -> Node<'_> {
    match value {
        Node::List(items) => items.first().copied().unwrap_or(value),
        other => other,
    }
}

fn run(system: &System, hints: &Hints<'_>, found: &mut Vec<Fact>) {
    let whole = || hints.extensions.iter().filter(|e| e.operation.is_none());
    // A catalogue of others' descriptions keeps where each came from, and what it was before.
    let copied = whole().find(|e| norm(e.name) == "xorigin" && first(e.value).get("url").is_some());
    let made = whole().find(|e| {
        let name = norm(e.name);
        name.contains("generator")
            || name.contains("generatedby")
            || name.contains("convertedfrom")
            || name.contains("converter")
    });
    let said = hints.said(Topic::Origin).find(|s| s.operation.is_none());
    let dated = date(&system.api_version).map(|d| (d.to_owned(), "#/info/version".to_owned())).or_else(|| {
        whole().find_map(|e| {
            let name = norm(e.name);
            let about =
                name.contains("date") || name.contains("updated") || name.contains("generated") || name == "xorigin";
            let text = first(e.value).as_str().or_else(|| first(e.value).get("version")?.as_str())?;
            Some((date(text).filter(|_| about)?.to_owned(), e.pointer()))
        })
    });
    let host = system.servers.iter().find_map(|s| Some(domain(host_and_path(&s.url)?.0)));
    let own = host.and_then(|host| {
        hints.about.iter().find(|(_, text, _)| {
            let at = host_and_path(text).map(|(host, _)| host).or_else(|| Some(text.split_once('@')?.1));
            at.is_some_and(|at| host.contains('.') && domain(at) == host)
        })
    });
    let (origin, by, mut from) = if let Some(e) = copied {
        let converted = first(e.value).get("converter").is_some();
        (if converted { "third-party, converted" } else { "third-party" }, None, vec![e.pointer()])
    } else if let Some(s) = said {
        let converted = super::entity_fields::says(&s.sentence, "converted")
            || super::entity_fields::says(&s.sentence, "generated");
        (if converted { "converted" } else { "third-party" }, Some(s.sentence), vec![s.pointer])
    } else if let Some(e) = made {
        let by = e.value.as_str().map(|by| quoted(by, 60));
        ("converted", by, vec![e.pointer()])
    } else if let Some((name, _, pointer)) = own {
        ("official", Some(format!("its {name} is at the host that it describes")), vec![pointer.clone()])
    } else {
        ("not stated", None, vec!["#/info".to_owned()])
    };
    if origin == "not stated" && dated.is_none() {
        return;
    }
    from.extend(dated.iter().map(|(_, pointer)| pointer.clone()));
    let value = json!({"origin": origin, "because": by, "dated": dated.map(|(date, _)| date)});
    found.push(Fact::inferred("description_origin", value, "origin-of-the-description", from, 0.60));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_are_what_one_registers() {
        for (host, expected) in
            [("api.shop.example", "shop.example"), ("API.shop.co.uk:8080", "shop.co.uk"), ("localhost", "localhost")]
        {
            assert_eq!(domain(host), expected);
        }
    }

    #[test]
    fn a_date_is_found_in_a_version() {
        assert_eq!(date("v2024-10-01.acacia"), Some("2024-10-01"));
        assert_eq!(date("12024-10-01"), None);
        assert_eq!(date("1.2.3"), None);
        assert_eq!(date("ä2024-10-01"), Some("2024-10-01"));
    }
}
