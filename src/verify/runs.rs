//! What came of what was run in the sandbox: blocks of code, tests, rows of the matrix, mutants. Empty where nothing was.

use crate::base::yaml::Span;

/// All runs.
#[derive(Debug, Clone, Default)]
pub struct Runs {
    /// Blocks of code.
    pub blocks: Vec<Ran>,
    /// Tests, by the file or script that was started.
    pub suites: Vec<Suite>,
    /// Rows of a matrix.
    pub rows: Vec<Ran>,
    /// Mutants that were tried.
    pub mutants: Vec<Mutant>,
}

/// Something that was run, and whether it came out as expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ran {
    /// The file it stands in, as it is shown.
    pub file: String,
    /// Where.
    pub at: Span,
    /// What it is called: the language of a block, the id of a row.
    pub name: String,
    /// What it did instead, as a fragment that follows its name; nothing where it came out as expected.
    pub fault: Option<String>,
    /// The end of what it wrote.
    pub said: String,
}

/// Tests that were run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suite {
    /// The file, below the root.
    pub path: String,
    /// How it was started.
    pub command: String,
    /// What it did instead of passing, as a fragment; nothing where it passed.
    pub fault: Option<String>,
    /// The end of what it wrote.
    pub said: String,
    /// How many cases ran, where it says so.
    pub cases: Option<u64>,
}

/// A change for the worse that something ought to notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mutant {
    /// The file that was changed, below the root.
    pub path: String,
    /// Where.
    pub at: Span,
    /// What was changed, as a fragment: `tool a renamed to b`.
    pub what: String,
    /// Who ought to have noticed: the code of a check, or a test.
    pub ought: String,
    /// Who did.
    pub killed_by: Option<String>,
}
