//! Two sessions side by side: systems, contract, constraints with their decisions, drills, readiness.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::{Call, No, Refusal};
use crate::base::text;
use crate::workflow::Facts;

/// What differs between two sessions.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct DiffOut {
    /// The first session.
    pub left: String,
    /// The second session.
    pub right: String,
    /// Things that are alike.
    pub same: u64,
    /// Things that differ.
    pub differs: Vec<DifferenceOut>,
    /// Differences left out of this answer for room.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_out: Option<u64>,
}

/// One thing that differs.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct DifferenceOut {
    /// system, contract, constraint, drill, readiness, dossier.
    pub what: String,
    /// Which one.
    pub name: String,
    /// In the first session; nothing where it is not there.
    pub left: Option<String>,
    /// In the second session.
    pub right: Option<String>,
}

/// Compares the session of the call with `other`.
///
/// # Errors
/// `bad-argument` without a first session, `unknown-session`, and faults of the store.
pub(super) fn diff(call: &Call<'_>, other: &str) -> Result<DiffOut, No> {
    let Some(session) = &call.session else {
        return Err(Refusal::new(
            "bad-argument",
            "diff compares with a session, and none is named",
            format!("query_evidence {{\"session\": \"ID\", \"diff\": \"{}\"}}", text::quoted(other, 60)),
        )
        .into());
    };
    // The same way in as any call: what the caller may not see is not there.
    let second = Call::new(call.app, call.face, super::HumanInput::NotAsked, Some(other))?;
    let (left, right) = (stand(&call.facts), stand(&second.facts));
    let names: std::collections::BTreeSet<&(u8, &'static str, String)> = left.keys().chain(right.keys()).collect();
    let mut out =
        DiffOut { left: session.id.clone(), right: other.to_owned(), same: 0, differs: Vec::new(), left_out: None };
    let mut room = call.face.budget();
    for key in names {
        let (l, r) = (left.get(key), right.get(key));
        if l == r {
            out.same += 1;
            continue;
        }
        let (_, what, name) = key;
        let difference =
            DifferenceOut { what: (*what).to_owned(), name: name.clone(), left: l.cloned(), right: r.cloned() };
        let size = serde_json::to_string(&difference).map_or(0, |s| s.chars().count() + 1);
        if size > room {
            *out.left_out.get_or_insert(0) += 1;
            continue;
        }
        room -= size;
        out.differs.push(difference);
    }
    Ok(out)
}

/// Where a session stands, as lines by name; the number is the order they are shown in.
fn stand(facts: &Facts) -> BTreeMap<(u8, &'static str, String), String> {
    let mut lines = BTreeMap::new();
    for (name, seen) in &facts.systems {
        let s = &seen.record;
        let digest = s.digest.get(..19).unwrap_or(&s.digest);
        lines.insert((0, "system", name.clone()), format!("{} {digest}", s.api));
    }
    if let Some(check) = facts.checks.last() {
        let c = &check.record;
        let digest = c.digest.get(..19).unwrap_or(&c.digest);
        let line = format!(
            "{} {digest}: {}, {}",
            c.file,
            text::plural(c.errors, "error"),
            text::plural(c.warnings, "warning")
        );
        lines.insert((1, "contract", "last check".to_owned()), line);
    }
    for (id, fact) in &facts.constraints {
        let kind = format!("{:?}", fact.kind).to_lowercase();
        let decided = fact.decided.as_ref().map_or_else(String::new, |d| {
            format!(" by {} through {}", text::quoted(&d.record.by, 60), d.record.channel.as_str())
        });
        let line = format!("{kind}, {}{decided}: {}", fact.state.as_str(), text::quoted(&fact.says, 200));
        lines.insert((2, "constraint", id.clone()), line);
    }
    if let Some(run) = facts.drills.last() {
        for row in &run.record.rows {
            let line = format!("{} over {}", row.verdict, text::plural(row.schedules, "schedule"));
            lines.insert((3, "drill", format!("{}/{}", row.flow, row.code)), line);
        }
    }
    if let Some(seen) = &facts.readiness {
        lines.insert(
            (4, "readiness", "last assessment".to_owned()),
            format!("{}: {}", seen.record.verdict, seen.record.line),
        );
    }
    if let Some(seen) = &facts.dossier {
        lines.insert((5, "dossier", "last export".to_owned()), text::plural(seen.record.files.len() as u64, "file"));
    }
    lines
}
