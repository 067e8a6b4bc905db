//! `service_level`: what the description promises of availability. A promise in prose binds nobody, and is quoted as prose.

use serde_json::json;

use super::said::Topic;
use super::{Detector, Hints, Look};
use crate::model::{Fact, System};

/// The detector of this file.
pub(super) const DETECTOR: Detector = Detector { fact: "service_level", look: Look::Observe(run) };

/// `99.95` of "uptime of 99.95%".
fn percent(sentence: &str) -> Option<&str> {
    let end = sentence.find('%')?;
    let before = sentence.get(..end)?.trim_end();
    let start = before.rfind(|c: char| !(c.is_ascii_digit() || c == '.')).map_or(0, |i| i + 1);
    let number = before.get(start..)?;
    number.parse::<f64>().ok().filter(|n| (90.0..=100.0).contains(n)).map(|_| number)
}

fn run(_: &System, hints: &Hints<'_>, found: &mut Vec<Fact>) {
    let said = hints.said(Topic::ServiceLevel).find(|s| s.operation.is_none());
    found.extend(said.map(|s| {
        let value = json!({"availability_percent": percent(&s.sentence), "says": s.sentence});
        Fact::inferred("service_level", value, "service-level-in-prose", vec![s.pointer], 0.50)
    }));
}

#[cfg(test)]
mod tests {
    use super::percent;

    #[test]
    fn a_percentage_near_a_hundred_is_an_availability() {
        assert_eq!(percent("an uptime of 99.95 % a month"), Some("99.95"));
        assert_eq!(percent("we aim for uptime, and give 20% off"), None);
        assert_eq!(percent("uptime"), None);
    }
}
