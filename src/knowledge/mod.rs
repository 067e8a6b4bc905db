//! Row 7: knowledge overlays: what no description says and somebody looked up (limits, retry headers, idempotency,
//! signatures), as small files that a person can review: a fact, its value, the page that says so, the day it was looked
//! at. [`parse`] reads one with positions; [`SHIPPED`] come with the program. A fact from here never passes the ceiling of
//! research.

mod keys;
mod parse;
mod schema;
mod shipped;

pub use parse::{API_VERSION, parse};
pub use schema::json_schema;
pub use shipped::SHIPPED;

use serde_json::Value;

use crate::base::yaml::Span;
use crate::finding::Confidence;

/// How a file of this kind is named: `overlays/acme.knowledge.yaml`.
pub const SUFFIX: &str = ".knowledge.yaml";

/// After so many days what was looked up is stale: still told, with a note.
pub const STALE_DAYS: i64 = 180;

/// One file.
#[derive(Debug, Clone, PartialEq)]
pub struct Overlay {
    /// The file, as it is named in findings.
    pub file: String,
    /// What it is about: the platform's name.
    pub about: String,
    /// Hosts of base URLs that it is about: `api.acme.example`, or `*.acme.example` for any host below.
    pub hosts: Vec<String>,
    /// What it says.
    pub facts: Vec<Known>,
}

/// One fact that somebody looked up.
#[derive(Debug, Clone, PartialEq)]
pub struct Known {
    /// Named as in `map --format json`.
    pub fact: &'static str,
    /// Its value, shaped as in the map.
    pub value: Value,
    /// In the words of whoever wrote the overlay; empty where the value says all.
    pub says: String,
    /// The page that says so; https.
    pub source: String,
    /// The day it was looked at: `2026-11-26`.
    pub checked: String,
    /// A place of the description that it is about; it does not apply where that is missing.
    pub at: Option<String>,
    /// Under the ceiling of research.
    pub confidence: Confidence,
    /// Where it stands in its file.
    pub place: Span,
}

impl Overlay {
    /// Whether it is about a system with this host; letters are compared in any case, a port does not count.
    #[must_use]
    pub fn covers(&self, host: &str) -> bool {
        let host = host.split(':').next().unwrap_or(host);
        self.hosts.iter().any(|pattern| match pattern.strip_prefix("*.") {
            None => pattern.eq_ignore_ascii_case(host),
            Some(below) => {
                let (host, below) = (host.to_lowercase(), below.to_lowercase());
                host.strip_suffix(&below).is_some_and(|label| label.len() > 1 && label.ends_with('.'))
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_covered_exactly_or_below() {
        let hosts = vec!["api.acme.example".to_owned(), "*.desk.example".to_owned()];
        let overlay = Overlay { file: String::new(), about: String::new(), hosts, facts: Vec::new() };
        for host in ["api.acme.example", "API.acme.example:443", "a.desk.example", "a.b.desk.example"] {
            assert!(overlay.covers(host), "{host}");
        }
        for host in ["acme.example", "desk.example", "evildesk.example", ".desk.example", "api.acme.example.evil"] {
            assert!(!overlay.covers(host), "{host}");
        }
    }

    #[test]
    fn what_ships_is_without_fault_and_complete() {
        assert!(SHIPPED.len() >= 12);
        for (file, text) in SHIPPED {
            let (overlay, findings) = parse(text, file);
            assert_eq!(findings, Vec::new(), "{file}");
            let overlay = overlay.expect("it has no finding");
            assert!(!overlay.facts.is_empty() && !overlay.hosts.is_empty(), "{file}");
        }
    }
}
