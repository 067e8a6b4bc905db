//! Row 7: the mapping language: paths, constants, value tables, typed transforms. Compiled from the contract's `map`,
//! checked against both schemas, applied to records. Missing, null and empty are three things; `apply.rs` says what happens to each.

mod apply;
mod compile;
mod condition;
mod explain;
pub mod jq;
mod keys;
pub mod kind;
pub mod matcher;
pub mod measure;
pub mod path;
pub mod rule;
mod template;
pub mod transforms;
mod typecheck;
mod units;

pub use compile::compile;
pub use condition::{Condition, Test};
pub use explain::MappingRow;
pub use keys::KeyError;
pub use matcher::{OpenTable, Proposed, Suggestion, propose_all, suggest, suggest_named};
pub use path::Path;
pub use rule::Rule;
pub use template::Template;
pub use typecheck::{CODES, Trial, check, field, pointers, shape, trial};

/// A compiled `map`.
#[derive(Debug, Clone, Default)]
pub struct Mapping {
    rules: Vec<Rule>,
    /// Targets of rules that did not compile, so that nobody complains about them twice.
    left_out: Vec<Path>,
    digest: String,
}

impl Mapping {
    /// The rules, in the order written.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Twelve hexadecimal digits of the digest of the rules as written, whatever their order, layout and comments.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The mapping without the rules for this target.
    #[must_use]
    pub fn without(&self, target: &Path) -> Self {
        let rules = self.rules.iter().filter(|r| r.target.to_string() != target.to_string()).cloned().collect();
        Self { rules, ..self.clone() }
    }

    /// Every field of the source that the rules read, as property names; items of lists are not told apart.
    pub fn reads(&self) -> impl Iterator<Item = Vec<String>> {
        let names = |path: &Path| path.segments().iter().filter_map(path::Segment::key).map(str::to_owned).collect();
        self.rules.iter().flat_map(Rule::reads).map(names)
    }

    /// Some rule may read any field of a record.
    #[must_use]
    pub fn reads_all(&self) -> bool {
        self.rules.iter().any(Rule::reads_all)
    }

    /// Targets of rules that did not compile; they have been reported.
    #[must_use]
    pub fn left_out(&self) -> &[Path] {
        &self.left_out
    }
}

/// Why a record cannot be mapped. It goes to the dead letters; the flow goes on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{target} from {from}: {because}")]
pub struct Rejection {
    /// Kebab-case: `unknown-value`, `not-convertible`, `wrong-shape`, `unknown-currency`, `out-of-range`,
    /// `ambiguous-time`, `jq-failed`, `jq-many-values`, `jq-too-costly`.
    pub code: &'static str,
    /// The target path.
    pub target: String,
    /// The source path, or `const`.
    pub from: String,
    /// What is wrong, without the value itself where it may be sensitive.
    pub because: String,
}
