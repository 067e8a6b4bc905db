//! Rows of a test matrix that have a command.

use super::bench::{Bench, limits, said, wants_network};
use crate::sandbox::{Outcome, Room};
use crate::verify::facts::Facts;
use crate::verify::matrix::{Row, parse};
use crate::verify::runs::Ran;
use crate::verify::{Subject, matrix_files};

/// Runs them, each in its own copy.
pub(super) fn run(bench: &Bench<'_>) -> Vec<Ran> {
    let mut all: Vec<(String, Row)> = Vec::new();
    let subject = Subject { project: bench.project, facts: &Facts::default() };
    for path in bench.project.skills.iter().flat_map(|s| matrix_files(s, &subject)) {
        let text = bench.project.tree.text(&path).unwrap_or_default();
        let shown = bench.project.show(&path);
        all.extend(parse(text).rows.into_iter().filter(|r| r.run.is_some()).map(|r| (shown.clone(), r)));
    }
    let ran = bench.each(&all, |(file, row)| {
        let room = bench.room(&bench.project.tree)?;
        let outcome = start(bench, &room, row)?;
        let fault = fault(row, &outcome);
        if fault.is_some() && wants_network(&outcome) {
            bench.skip(format!("row {}: it needs a network", row.id));
            return None;
        }
        let said = if fault.is_some() { said(&room, &outcome) } else { String::new() };
        Some(Ran { file: file.clone(), at: row.at, name: row.id.clone(), fault, said })
    });
    ran.into_iter().flatten().collect()
}

/// Starts the command of a row.
fn start(bench: &Bench<'_>, room: &Room, row: &Row) -> Option<Outcome> {
    bench.run(room, &["sh", "-c", row.run.as_deref()?], "")
}

/// What a row did instead of what it expects.
fn fault(row: &Row, outcome: &Outcome) -> Option<String> {
    if !outcome.exited(row.exit) {
        let how = outcome.how(&limits());
        return Some(if row.exit == 0 { how } else { format!("{how}, not {}", row.exit) });
    }
    let wanted = row.stdout.as_deref()?;
    let flat = |t: &str| t.split_whitespace().collect::<Vec<_>>().join(" ");
    (!flat(&outcome.stdout).contains(&flat(wanted)))
        .then(|| format!("did not print \"{}\"", crate::base::text::quoted(wanted, 80)))
}
