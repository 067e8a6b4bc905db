//! An agent quotes the confidence that was computed; it does not write its own (law 5).

use serde_json::json;

use super::{Ask, Guardrail, Proposal, Refusal, Ruling};
use crate::base::text::quoted;
use crate::workflow::lookalike::as_read;
use crate::workflow::looked::Looked;
use crate::workflow::phases::call;
use crate::workflow::readiness::assess;
use crate::workflow::stated::{corrected, statements, wrong};

pub(super) const RULE: Guardrail = Guardrail { code: "confidence-overstated", rule };

fn rule(ask: &Ask<'_>) -> Ruling {
    // What a constraint is about may have a confidence of its own; in notes a number is the agent's.
    let (text, prose) = match ask.proposal {
        Proposal::Notes(text) => (text, true),
        Proposal::Constraint(c) => (c.says.as_str(), false),
        _ => return Ruling::Allow,
    };
    // As it will be written and read: what cleaning joins together, or what only looks like it, is a statement too.
    let text = &*as_read(text);
    let found = statements(text, prose);
    if found.is_empty() {
        return Ruling::Allow;
    }
    let readiness = assess(ask.facts, None);
    let first = found.iter().find_map(|s| wrong(s, readiness.confidence).map(|because| (s, because)));
    let Some((stated, because)) = first else { return Ruling::Allow };
    let line = readiness.confidence.to_string();
    let said = quoted(text.get(stated.start..stated.end).unwrap_or_default(), 80);
    let next = match ask.proposal {
        Proposal::Constraint(c) => {
            let says = corrected(text, &found, "");
            let kept = json!({"id": c.id, "kind": c.kind.as_str(), "says": says.trim(), "origin": c.origin});
            call(ask.facts, "record_constraint", without_null(kept))
        }
        _ => call(ask.facts, known(ask.tool), json!({"notes": quoted(&corrected(text, &found, &line), 600)})),
    };
    let looked = readiness.checklist.iter().flat_map(|i| i.evidence.iter().map(|seq| (*seq, i.code.to_owned())));
    let looked = looked.fold(Looked::default(), |l, (seq, item)| l.and(seq, item));
    Ruling::Refuse(Refusal {
        code: RULE.code,
        because: format!("\"{said}\" {because}; the line to use is \"{line}\""),
        looked,
        next,
        person: None,
    })
}

/// The tool that was called, where it takes notes.
fn known(tool: &str) -> &'static str {
    if tool == "export_dossier" { "export_dossier" } else { "assess_readiness" }
}

fn without_null(mut arguments: serde_json::Value) -> serde_json::Value {
    if let Some(all) = arguments.as_object_mut() {
        all.retain(|_, value| !value.is_null());
    }
    arguments
}
