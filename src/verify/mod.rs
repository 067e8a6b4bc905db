//! Row 5: holds a skill to its standard, to its own examples, tests, resources and manifests, and to the server that it
//! speaks of. Pure: what must be started or run is run by `app`, and comes in as [`Facts`]. One check a file.
//!
//! Rules are numbered `PI0xx`; the codes of findings name the bad thing. `docs/verify.md` is the table.

mod calls;
mod checks;
mod exports;
pub mod facts;
mod formats;
pub mod lock;
pub mod matrix;
mod paths;
mod python_names;
pub mod restated;
pub mod runs;
pub mod scripts;
mod template;
mod texts;
mod tools;
pub mod trace;

pub use checks::ALL;
pub(crate) use checks::code_block::{expected, is_code};
pub(crate) use checks::import_unresolved::is_own as own_module;
pub(crate) use checks::matrix::files as matrix_files;
pub(crate) use checks::tests_assert_nothing::{Tongue, test_file};
pub use facts::Facts;

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::base::yaml::Span;
use crate::finding::{Finding, Location, Severity, tidy};
use crate::skill::{Document, Project, Skill};

/// How many checks run at once, at most.
const WORKERS: usize = 8;
/// Files from which on it is worth the while to run several checks at once.
const MANY: usize = 200;

/// How much is verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// The Agent Skills standard: front matter, name, description, keys, budgets. Nothing is started.
    Spec,
    /// And everything against everything: documents, resources, manifests, and the server where one is declared.
    Sync,
    /// And what must be run: code blocks, tests, recorded calls, mutants. In a sandbox.
    Full,
}

impl Profile {
    /// `spec`, `sync` or `full`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Spec => "spec",
            Self::Sync => "sync",
            Self::Full => "full",
        }
    }
}

/// One thing that can be wrong.
#[derive(Debug)]
pub struct Rule {
    /// Code of its findings: kebab-case, names the bad thing.
    pub code: &'static str,
    /// Number of the rule, `PI0xx`; several codes may share one.
    pub id: &'static str,
    /// How bad.
    pub severity: Severity,
    /// What is wrong, in one sentence.
    pub finds: &'static str,
    /// Where the rule comes from: section of a standard, a measured failure, or the procedure.
    pub source: &'static str,
}

impl Rule {
    /// A finding of this rule.
    pub fn at(&self, location: Location, message: impl Into<String>) -> Finding {
        let finding = match self.severity {
            Severity::Error => Finding::error,
            Severity::Warning => Finding::warning,
            Severity::Note => Finding::note,
        };
        finding(self.code, location, message)
    }

    /// A finding at a place of a document.
    pub fn in_document(&self, document: &Document, at: Span, message: impl Into<String>) -> Finding {
        self.at(Location::at(&document.file, at), message)
    }
}

/// One check: it may find several things that are read the same way.
#[derive(Debug)]
pub struct Check {
    /// What it can find.
    pub rules: &'static [Rule],
    /// The least profile that makes it.
    pub profile: Profile,
    /// The check; it sees only facts that were gathered, and says nothing of those that were not.
    pub run: fn(&Subject<'_>) -> Vec<Finding>,
}

/// What is verified.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The files.
    pub project: &'a Project,
    /// What was started and run, as far as the profile goes.
    pub facts: &'a Facts,
}

impl<'a> Subject<'a> {
    /// The skills to verify.
    pub fn skills(&self) -> impl Iterator<Item = &'a Skill> {
        self.project.skills.iter()
    }

    /// The line and column of a byte of a file, as a location.
    #[must_use]
    pub fn place(&self, path: &str, byte: usize) -> Location {
        let text = self.project.tree.text(path).unwrap_or_default();
        let mut end = byte.min(text.len());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let before = &text[..end];
        let line = u32::try_from(before.matches('\n').count() + 1).unwrap_or(u32::MAX);
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        let column = u32::try_from(column).unwrap_or(u32::MAX);
        Location::at(self.project.show(path), Span { line, column })
    }

    /// The first line of a file, as a location.
    #[must_use]
    pub fn top(&self, path: &str) -> Location {
        Location::at(self.project.show(path), Span { line: 1, column: 1 })
    }
}

/// Every rule of every check.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    ALL.iter().flat_map(|c| c.rules)
}

/// The rule of a code.
#[must_use]
pub fn rule(code: &str) -> Option<&'static Rule> {
    rules().find(|r| r.code == code)
}

/// Runs the checks of a profile.
#[must_use]
pub fn run(subject: &Subject<'_>, profile: Profile) -> Vec<Finding> {
    let checks: Vec<&Check> = ALL.iter().copied().filter(|c| c.profile <= profile).collect();
    let mut findings = at_once(&checks, subject);
    tidy(&mut findings);
    findings
}

/// The findings of checks, in their order; as many checks at a time as there are cores, where the skills are many.
fn at_once(checks: &[&Check], subject: &Subject<'_>) -> Vec<Finding> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get).min(WORKERS);
    if cores == 1 || subject.project.tree.len() < MANY {
        return checks.iter().flat_map(|check| (check.run)(subject)).collect();
    }
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let i = next.fetch_add(1, Ordering::Relaxed);
            let Some(check) = checks.get(i) else { return done };
            done.push((i, (check.run)(subject)));
        }
    };
    let mut found: Vec<(usize, Vec<Finding>)> = std::thread::scope(|scope| {
        let others: Vec<_> = (1..cores).map(|_| scope.spawn(work)).collect();
        let mut found = work();
        for other in others {
            match other.join() {
                Ok(more) => found.extend(more),
                // A check that panics does so here as it would alone.
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        found
    });
    found.sort_by_key(|(i, _)| *i);
    found.into_iter().flat_map(|(_, findings)| findings).collect()
}

/// The rules that a profile holds a subject against.
pub fn rules_of(profile: Profile) -> impl Iterator<Item = &'static Rule> {
    ALL.iter().filter(move |c| c.profile <= profile).flat_map(|c| c.rules)
}

/// The digest of the table of rules: which rules an attestation speaks of.
#[must_use]
pub fn table_digest() -> crate::base::digest::Digest {
    let mut lines: Vec<String> = rules().map(|r| format!("{} {} {}\n", r.id, r.code, r.finds)).collect();
    lines.sort();
    crate::base::digest::Digest::of_bytes(lines.concat().as_bytes())
}

/// The table of all rules as Markdown: the block that `docs/verify.md` holds between its markers.
#[must_use]
pub fn rules_markdown() -> String {
    let mut rows: Vec<(&Rule, Profile)> = ALL.iter().flat_map(|c| c.rules.iter().map(|r| (r, c.profile))).collect();
    rows.sort_by_key(|(r, _)| (r.id, r.code));
    let rows = rows.into_iter().map(|(r, profile)| {
        let cell = |text: &str| text.replace('|', "\\|");
        format!(
            "| {} | <a id=\"{}\"></a>`{}` | {} | {} | {} | {} |\n",
            r.id,
            r.code,
            r.code,
            r.severity.as_str(),
            profile.as_str(),
            cell(r.finds),
            cell(r.source)
        )
    });
    format!(
        "| rule | code | severity | profile | finds | where it comes from |\n|---|---|---|---|---|---|\n{}",
        rows.collect::<String>()
    )
}
