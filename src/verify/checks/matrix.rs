//! The test matrix: each integration is tried on its happy path, at its boundaries, in failure and in rollback, by rows
//! that run.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::text::nearest;
use crate::finding::{Finding, Location, Severity};
use crate::skill::Skill;
use crate::verify::matrix::{KINDS, Row, parse};
use crate::verify::{Check, Profile, Rule, Subject};

const MALFORMED: Rule = Rule {
    code: "matrix-malformed",
    id: "PI032",
    severity: Severity::Error,
    finds: "The test matrix does not parse, or a row has not the form of one.",
    source: "resources/schemas/test-matrix.schema.json",
};
const UNCOVERED: Rule = Rule {
    code: "matrix-kind-missing",
    id: "PI032",
    severity: Severity::Error,
    finds: "An integration has no row for one of happy, boundary, failure and rollback.",
    source: "the procedure: test matrix of happy and failure paths, and a rollback drill",
};
const UNKNOWN: Rule = Rule {
    code: "matrix-integration-unknown",
    id: "PI032",
    severity: Severity::Error,
    finds: "A row tries an integration that is not there.",
    source: "the procedure: artifacts stay aligned",
};
const UNTESTED: Rule = Rule {
    code: "matrix-row-without-test",
    id: "PI032",
    severity: Severity::Error,
    finds: "A row has neither a command to run nor a reason why there is none.",
    source: "the procedure: no success without counts",
};
const TWICE: Rule = Rule {
    code: "matrix-row-repeated",
    id: "PI032",
    severity: Severity::Error,
    finds: "Two rows have the same id.",
    source: "a row is evidence by its id",
};
const GAP: Rule = Rule {
    code: "matrix-gap",
    id: "PI032",
    severity: Severity::Note,
    finds: "A row says that there is no test yet.",
    source: "the procedure: a gap is named, and never a pass",
};
const FAILS: Rule = Rule {
    code: "matrix-row-fails",
    id: "PI032",
    severity: Severity::Error,
    finds: "The command of a row ends otherwise than the row expects, in a sandbox without a network.",
    source: "the procedure: adversarial validation is mandatory",
};

pub(super) const CHECK: Check =
    Check { rules: &[MALFORMED, UNCOVERED, UNKNOWN, UNTESTED, TWICE, GAP], profile: Profile::Sync, run };
/// What is known only when the rows were run.
pub(super) const ROWS: Check = Check { rules: &[FAILS], profile: Profile::Full, run: rows };

/// Where a matrix lies in a directory of tests.
const NAMES: [&str; 2] = ["matrix.yaml", "matrix.yml"];

/// The matrices of a skill, below the root.
pub(crate) fn files(skill: &Skill, subject: &Subject<'_>) -> Vec<String> {
    let tree = &subject.project.tree;
    let dirs = skill.dirs(tree, "tests");
    dirs.iter().flat_map(|d| NAMES.map(|n| format!("{d}/{n}"))).filter(|p| tree.has(p)).collect()
}

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    subject.skills().flat_map(|skill| of(skill, subject)).collect()
}

fn of(skill: &Skill, subject: &Subject<'_>) -> Vec<Finding> {
    let tree = &subject.project.tree;
    let mut out = Vec::new();
    for path in files(skill, subject) {
        let Some(text) = tree.text(&path) else { continue };
        let matrix = parse(text);
        // A file of this name need not be ours: another form of matrix is another's business.
        if !text.lines().any(|line| line.trim_start().starts_with("rows")) && yaml_of_another(&matrix.wrong) {
            continue;
        }
        let shown = subject.project.show(&path);
        let place = |at| Location::at(&shown, at);
        for (at, because) in &matrix.wrong {
            out.push(MALFORMED.at(place(*at), because.as_str()).fix("write rows of id, integration, kind and run"));
        }
        let there = integrations(skill, subject);
        let mut ids: BTreeMap<&str, &Row> = BTreeMap::new();
        let mut kinds: BTreeMap<&str, BTreeSet<&str>> = there.iter().map(|n| (n.as_str(), BTreeSet::new())).collect();
        for row in &matrix.rows {
            if let Some(first) = ids.get(row.id.as_str()).filter(|_| !row.id.is_empty()) {
                out.push(
                    TWICE
                        .at(place(row.at), format!("row {} is there already, in line {}", row.id, first.at.line))
                        .fix("give one of them another id"),
                );
            }
            ids.entry(&row.id).or_insert(row);
            if !row.integration.is_empty() && !there.is_empty() && !there.contains(&row.integration) {
                let near = nearest(&row.integration, there.iter().map(String::as_str));
                out.push(
                    UNKNOWN
                        .at(
                            place(row.at),
                            format!("row {} tries {}, which is not below examples/", row.id, row.integration),
                        )
                        .fix("name an integration that is there, or remove the row")
                        .near(near),
                );
            }
            if !row.kind.is_empty() && !KINDS.contains(&row.kind.as_str()) {
                let near = nearest(&row.kind, KINDS);
                out.push(
                    MALFORMED
                        .at(place(row.at), format!("row {} is of kind {}", row.id, row.kind))
                        .fix(format!("use one of {}", KINDS.join(", ")))
                        .near(near),
                );
            }
            match (&row.run, &row.gap) {
                (None, None) => out.push(
                    UNTESTED
                        .at(place(row.at), format!("row {} runs nothing", row.id))
                        .fix("add `run`, or say why not under `gap`"),
                ),
                (None, Some(gap)) => out.push(GAP.at(place(row.at), format!("row {}: {gap}", row.id))),
                (Some(run), _) if is_nothing(run) => out.push(
                    UNTESTED
                        .at(place(row.at), format!("row {} runs nothing that could fail", row.id))
                        .fix("run what the row is there to try, or say why not under `gap`"),
                ),
                (Some(_), _) => {}
            }
            kinds.entry(&row.integration).or_default().insert(&row.kind);
        }
        for (integration, has) in kinds.iter().filter(|(name, _)| !name.is_empty()) {
            let missing: Vec<&str> = KINDS.into_iter().filter(|k| !has.contains(k)).collect();
            if !missing.is_empty() {
                out.push(
                    UNCOVERED
                        .at(subject.top(&path), format!("{integration} has no row for {}", missing.join(", ")))
                        .fix("add a row that runs, or one that says under `gap` why there is none"),
                );
            }
        }
    }
    out
}

/// A command that ends well whatever is tried.
fn is_nothing(run: &str) -> bool {
    let run = run.trim();
    let plain = !run.contains(['|', '&', ';', '\n', '$', '`', '>']);
    matches!(run, "true" | ":" | "exit 0" | "/bin/true")
        || plain && (run.starts_with("echo ") || run.starts_with("printf "))
}

fn yaml_of_another(wrong: &[(crate::base::yaml::Span, String)]) -> bool {
    wrong.iter().any(|(_, because)| because.contains("without `rows`"))
}

/// The directories under examples/ that hold a contract.
fn integrations(skill: &Skill, subject: &Subject<'_>) -> BTreeSet<String> {
    let tree = &subject.project.tree;
    let dirs = skill.dirs(tree, "examples");
    let below = dirs.iter().flat_map(|dir| {
        tree.below(dir).filter_map(move |(path, _)| {
            path.strip_prefix(dir.as_str())?.strip_prefix('/')?.strip_suffix("/integration.yaml").map(str::to_owned)
        })
    });
    below.filter(|name| !name.contains('/')).collect()
}

fn rows(subject: &Subject<'_>) -> Vec<Finding> {
    let failed = subject.facts.runs.rows.iter().filter_map(|ran| Some((ran, ran.fault.as_ref()?)));
    failed
        .map(|(ran, fault)| {
            let said = if ran.said.is_empty() { String::new() } else { format!(": {}", ran.said) };
            FAILS
                .at(Location::at(&ran.file, ran.at), format!("row {} {fault}{said}", ran.name))
                .fix("mend what the row tries, or what it expects")
        })
        .collect()
}
