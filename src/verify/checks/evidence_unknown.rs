//! Evidence that a document cites is in the logs that the project ships.

use std::collections::BTreeSet;
use std::io::BufReader;
use std::sync::LazyLock;

use regex::Regex;

use super::evidence_broken::bundles;
use crate::base::pack;
use crate::base::text::{nearest, quoted};
use crate::evidence::bundle::{self, Proven};
use crate::finding::{Finding, Severity};
use crate::skill::Skill;
use crate::verify::{Check, Profile, Rule, Subject, texts};

const RULE: Rule = Rule {
    code: "evidence-unknown",
    id: "PI041",
    severity: Severity::Error,
    finds: "A document cites a session, a record or a digest as evidence, and no log of the project has it.",
    source: "the procedure: capture evidence links in outputs; a link that leads nowhere proves nothing",
};

pub(super) const CHECK: Check = Check { rules: &[RULE], profile: Profile::Sync, run };

/// A handle of a session, a digest, a record by its number.
static CITED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\b(s-20[0-9]{6}-[a-z0-9]{6})\b|\b(sha256:[0-9a-f]{64})\b|(?i:\b(?:event|record)\s+#?([0-9]{1,9})\b)")
        .expect("a constant pattern")
});
static SPEAKS: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?i)\bevidence\b|\bsession\b|\bwitness|\bconfidence:").expect("a constant pattern"));

/// What the logs hold.
#[derive(Default)]
struct Known {
    sessions: BTreeSet<String>,
    digests: BTreeSet<String>,
    records: BTreeSet<u64>,
}

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    let mut known = Known::default();
    let mut any = false;
    for (_, bytes) in bundles(subject) {
        any = true;
        // A log that breaks off is another's finding; what it held up to there counts.
        let _ = bundle::prove(BufReader::new(pack::gunzipped(bytes)), &[], |proven| match proven {
            Proven::Blob(blob) => {
                known.digests.insert(blob.digest.to_string());
            }
            Proven::Event(event) => {
                known.sessions.extend(event.event.session.clone());
                known.records.insert(event.seq);
                known.digests.insert(format!("sha256:{}", event.hash.trim_start_matches("sha256:")));
                known.digests.insert(event.data_digest.to_string());
            }
        });
    }
    if let Some(store) = &subject.facts.recorded {
        any = true;
        known.sessions.extend(store.iter().cloned());
    }
    if !any {
        return Vec::new();
    }
    subject.skills().flat_map(|skill| of(skill, subject, &known)).collect()
}

fn of(skill: &Skill, subject: &Subject<'_>, known: &Known) -> Vec<Finding> {
    let mut out = Vec::new();
    for document in &skill.documents {
        for (start, line) in texts::lines(&document.text) {
            let shown = document.blocks.iter().any(|b| b.range.contains(&start));
            if shown || start < document.body || !SPEAKS.is_match(line) {
                continue;
            }
            for found in CITED.captures_iter(line) {
                let one = |i: usize| found.get(i).map(|m| (start + m.start(), m.as_str()));
                let missing = match (one(1), one(2), one(3)) {
                    (Some((at, id)), ..) if !known.sessions.contains(id) => {
                        let near = nearest(id, known.sessions.iter().map(String::as_str));
                        Some((at, format!("session {id}"), near.map(str::to_owned)))
                    }
                    // A digest may be that of a file, which the tree knows.
                    (_, Some((at, digest)), _) if !known.digests.contains(digest) && !of_file(subject, digest) => {
                        Some((at, format!("digest {}…", digest.get(..19).unwrap_or(digest)), None))
                    }
                    (.., Some((at, number)))
                        if !known.records.is_empty()
                            && number.parse::<u64>().is_ok_and(|n| !known.records.contains(&n)) =>
                    {
                        Some((at, format!("record {number}"), None))
                    }
                    _ => None,
                };
                let Some((at, what, near)) = missing else { continue };
                let because = format!("{} is cited, and no log of the project has it", quoted(&what, 80));
                let finding = RULE
                    .in_document(document, document.place(at), because)
                    .near(near.as_deref())
                    .fix("cite what a log has, or ship the log with `platform-integration evidence --bundle`");
                // It may lie in a log that is kept elsewhere; a slip of the pen does not.
                out.push(if near.is_some() { finding } else { Finding { severity: Severity::Warning, ..finding } });
            }
        }
    }
    out
}

fn of_file(subject: &Subject<'_>, digest: &str) -> bool {
    subject.project.tree.iter().any(|(_, file)| file.digest().is_some_and(|d| d.to_string() == digest))
}
