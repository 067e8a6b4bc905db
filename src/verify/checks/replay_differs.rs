//! A recorded result must be the result of today: an agent takes it for what it will see.

use serde_json::Value;

use crate::base::redact;
use crate::base::text::quoted;
use crate::base::yaml::Span;
use crate::finding::{Finding, Location, Severity};
use crate::probe::NoServer;
use crate::verify::facts::Replay;
use crate::verify::trace::{self, Captured, Difference, SUFFIX, Trace, differences};
use crate::verify::{Check, Profile, Rule, Subject};

/// Differences that are shown of one call.
const SHOWN: usize = 3;

const DIFFERS: Rule = Rule {
    code: "replay-differs",
    id: "PI023",
    severity: Severity::Error,
    finds: "A recorded call has another result today.",
    source: "a stale result teaches an agent what the server no longer does",
};
const MALFORMED: Rule = Rule {
    code: "trace-malformed",
    id: "PI023",
    severity: Severity::Error,
    finds: "A recorded trace cannot be read, so that nothing is replayed.",
    source: "a trace that is not replayed proves nothing",
};

pub(super) const CHECK: Check = Check { rules: &[DIFFERS, MALFORMED], profile: Profile::Sync, run };

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    let mut out = Vec::new();
    for (path, file) in subject.project.tree.iter().filter(|(path, _)| path.ends_with(SUFFIX)) {
        if !subject.skills().any(|s| s.owns(path)) {
            continue;
        }
        match trace::parse(file.text().unwrap_or_default()) {
            Ok(trace) => {
                if let Some(replay) = subject.facts.replays.iter().find(|r| r.path == path) {
                    out.extend(compared(subject, &trace, replay));
                }
            }
            Err(no) => {
                let at = Location::at(subject.project.show(path), Span { line: no.line, column: 1 });
                out.push(
                    MALFORMED
                        .at(at, format!("this is no recorded trace: {}", quoted(&no.because, 120)))
                        .fix("write a head {\"trace\": 1, \"server\": KEY} and one call a line"),
                );
            }
        }
    }
    out
}

/// Whether the server of a trace is a finding of its own, at the manifest that declares it: one fault is said once.
fn dead(subject: &Subject<'_>, trace: &Trace) -> bool {
    subject
        .facts
        .servers
        .iter()
        .any(|s| s.key == trace.server && matches!(&s.answered, Err(no) if !matches!(no, NoServer::NotTried { .. })))
}

fn compared(subject: &Subject<'_>, trace: &Trace, replay: &Replay) -> Vec<Finding> {
    let at = |line| Location::at(subject.project.show(&replay.path), Span { line, column: 1 });
    let answers = match &replay.answers {
        Ok(answers) => answers,
        // Said where it is said what was not verified, or of the server itself.
        Err(NoServer::NotTried { .. }) => return Vec::new(),
        Err(_) if dead(subject, trace) => return Vec::new(),
        Err(no) => {
            return vec![
                DIFFERS
                    .at(at(1), format!("no call could be replayed: {no}"))
                    .fix("see that the server starts in a copy of the project"),
            ];
        }
    };
    let (mut was, mut is) = (Captured::default(), Captured::default());
    for (i, call) in trace.calls.iter().enumerate() {
        let tool = quoted(&call.tool, 64);
        let Some(answer) = answers.get(i) else {
            return vec![
                DIFFERS
                    .at(at(call.line), format!("{tool}: the server did not answer this call"))
                    .fix("see that the server survives the calls before it"),
            ];
        };
        was.take(trace, &call.result);
        is.take(trace, &answer.result);
        let found = differences(&was.name(&call.result), &is.name(&answer.result), &trace.masks);
        let failed = call.is_error != answer.is_error;
        if found.is_empty() && !failed {
            continue;
        }
        let mut said = Vec::new();
        if failed {
            said.push(if answer.is_error { "it fails today".to_owned() } else { "it does not fail today".to_owned() });
        }
        said.extend(found.iter().take(SHOWN).map(shown));
        if found.len() > SHOWN {
            said.push(format!("and {} more", found.len() - SHOWN));
        }
        // Later calls rest on this one.
        return vec![
            DIFFERS
                .at(at(call.line), format!("{tool} answers otherwise than recorded: {}", said.join("; ")))
                .fix("review the difference, then verify --accept, or mask what varies by nature"),
        ];
    }
    Vec::new()
}

fn shown(difference: &Difference) -> String {
    let pointer = if difference.pointer.is_empty() { "the result" } else { &difference.pointer };
    let value = |v: Option<&Value>| v.map_or_else(|| "nothing".to_owned(), |v| redact::bounded(&v.to_string(), 80));
    format!("{} was {}, is {}", quoted(pointer, 80), value(difference.was.as_ref()), value(difference.is.as_ref()))
}
