//! A draft is checked before anybody sees it. What the check mends is mended, a rule that does not fit becomes a comment, and
//! what is left stands as an open question at its line: a draft raises no finding that it does not ask about itself.

use std::collections::BTreeMap;

use super::super::subject::Compiled;
use super::rules::Settled;
use super::writing::{Draft, Written};
use crate::base::text::quoted;
use crate::finding::{Finding, Severity};
use crate::mapping::{Path, field};

/// Most times that a draft is checked and written anew: a rule that is dropped may uncover another finding.
const ROUNDS: usize = 4;

/// Findings that the draft asks about in its own words, with the beginning of the question.
const ASKED: [(&str, &[&str]); 9] = [
    ("pagination-unknown", &["source.paginate"]),
    ("cursor-without-end", &["source.paginate"]),
    ("required-target-unmapped", &["map"]),
    ("rate-unset", &["delivery.rate"]),
    ("auth-missing", &["systems."]),
    ("no-base-url", &["systems."]),
    ("missing-required-parameter", &["source.params", "target.params"]),
    ("param-value-refused", &["source.params", "target.params"]),
    ("bad-value", &["map: no field"]),
];

/// Warnings that show a rule to be wrong: as it stands, records would be refused, or hold something else.
const UNFIT: [&str; 9] = [
    "foreign-id",
    "sample-does-not-fit",
    "transform-rejects-value",
    "unit-mismatch",
    "money-unit-mismatch",
    "currency-mismatch",
    "sign-mismatch",
    "id-altered",
    "leading-zeros-lost",
];

/// Codes that are about the map as a whole, wherever they point.
const OF_THE_MAP: [&str; 1] = ["required-target-unmapped"];

/// Codes of what every draft leaves to a person by design: each stands in its own line of `constraints`.
const INFERRED: [&str; 2] = ["inferred-unconfirmed", "assumption-unstated"];

/// A draft that was checked.
pub(super) struct Settlement {
    /// The file.
    pub(super) text: String,
    /// What is left to decide.
    pub(super) questions: Vec<String>,
    /// What became of its rules.
    pub(super) settled: Settled,
}

impl Draft<'_, '_> {
    /// The file as it passes its own check, and what is left to decide.
    pub(super) fn settle(mut self) -> Settlement {
        let mut written = self.write();
        for _ in 0..ROUNDS {
            let compiled = self.compiled(&written.text);
            let before = self.settled.clone();
            for finding in compiled.findings.iter().filter(|f| !OF_THE_MAP.contains(&f.code)) {
                if let Some(target) = written.rules.get(&finding.location.at.line) {
                    self.learn(target, finding, &before);
                } else if finding.code == "too-many-at-once" {
                    self.settled.one_at_a_time = true;
                } else if finding.code == "natural-key-unmapped"
                    && let Some(key) = self.matched().map(str::to_owned)
                {
                    // Without its key a record cannot be looked up.
                    self.settled.required.insert(key);
                }
            }
            if self.settled == before {
                return self.asked(written, &compiled);
            }
            written = self.write();
        }
        let compiled = self.compiled(&written.text);
        self.asked(written, &compiled)
    }

    fn compiled(&self, text: &str) -> Compiled {
        Compiled::of_text(self.call.app, &self.params.path, text.to_owned(), None)
    }

    /// What a finding makes of the rule of a target.
    fn learn(&mut self, target: &str, finding: &Finding, before: &Settled) {
        if finding.code == "value-cut" {
            self.settled.uncut.insert(target.to_owned());
            return;
        }
        if finding.severity != Severity::Error && !UNFIT.contains(&finding.code) {
            return;
        }
        // Where the target can do without, null is left out; where it cannot, the record is rejected.
        let (settled, name) = (&before, target.to_owned());
        match finding.code {
            "optional-into-required" if !settled.required.contains(target) => _ = self.settled.required.insert(name),
            "nullable-into-non-nullable" if !settled.required.contains(target) && self.must_be_there(target) => {
                self.settled.required.insert(name);
            }
            "nullable-into-non-nullable" if !settled.without_null.contains(target) => {
                self.settled.without_null.insert(name);
            }
            _ => _ = self.settled.dropped.insert(name, format!("{} ({})", finding.message, finding.code)),
        }
    }

    /// Whether the target requires the field, wherever all that stands above it is written.
    fn must_be_there(&self, target: &str) -> bool {
        let body = self.write.main().body.as_ref().and_then(|b| b.schema);
        let (Some(body), Ok(path)) = (body, Path::parse(target)) else { return false };
        field(&self.target.schemas, body, &path).is_ok_and(|kind| !kind.optional) || self.matched() == Some(target)
    }

    /// The field that records are looked up by.
    pub(super) fn matched(&self) -> Option<&str> {
        if let super::choose::Chosen::Upsert { matching, .. } = self.write { Some(matching) } else { None }
    }

    /// The text with a comment above each line that the check still finds something at, and the questions with them.
    fn asked(self, written: Written, compiled: &Compiled) -> Settlement {
        let Written { text, mut questions, .. } = written;
        let mut above: BTreeMap<u32, Vec<String>> = BTreeMap::new();
        for finding in compiled.findings.iter().filter(|f| f.severity > Severity::Note) {
            let asks = |starts: &[&str]| starts.iter().any(|s| questions.iter().any(|q| q.starts_with(s)));
            if INFERRED.contains(&finding.code) {
                continue;
            }
            let line = finding.location.at.line;
            let own = text.lines().nth(line.saturating_sub(1) as usize).unwrap_or_default();
            let asked = ASKED.iter().any(|(code, s)| *code == finding.code && asks(s));
            if asked && own.contains("# ?") {
                continue;
            }
            let said = format!("{}: {}", finding.code, quoted(&finding.message, 240));
            above.entry(line).or_default().push(said.clone());
            if asked {
                continue;
            }
            let place = own.trim();
            let place = place.split_once(':').map_or(place, |(key, _)| key);
            let fix = if finding.fix.is_empty() { String::new() } else { format!("; {}", finding.fix) };
            questions.push(format!("{}: {said}{fix}", quoted(place, 60)));
        }
        if above.is_empty() {
            return Settlement { text, questions, settled: self.settled };
        }
        let mut out = String::with_capacity(text.len() * 2);
        for (line, at) in text.lines().zip(1_u32..) {
            let indent: String = line.chars().take_while(|c| *c == ' ').collect();
            for said in above.get(&at).into_iter().flatten() {
                out.push_str(&format!("{indent}# ? {said}\n"));
            }
            out.push_str(line);
            out.push('\n');
        }
        Settlement { text: out, questions, settled: self.settled }
    }
}
