//! Row 7: the mapping language: paths, constants, value tables, typed transforms. Compiled from the contract's `map`,
//! checked against both schemas, applied to records. Missing, null and empty are three things.

use serde_json::Value;

use crate::base::yaml::Entry;
use crate::finding::Finding;

/// A compiled `map`.
#[derive(Debug, Clone, Default)]
pub struct Mapping {}

/// Why a record cannot be mapped. It goes to the dead letters; the flow goes on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{target} from {from}: {because}")]
pub struct Rejection {
    /// Kebab-case: `unknown-value`, `missing-required`, `not-convertible` …
    pub code: &'static str,
    /// The target path.
    pub target: String,
    /// The source path, or `const`.
    pub from: String,
    /// What is wrong, without the value itself where it may be sensitive.
    pub because: String,
}

impl Mapping {
    /// Maps one record. Target paths whose source is missing and has no default stay out of the result.
    ///
    /// # Errors
    /// The first rule that cannot be applied.
    pub fn apply(&self, _record: &Value) -> Result<Value, Rejection> {
        Ok(Value::Null)
    }
}

/// Compiles the entries of `map`; what cannot be compiled is a finding and left out.
#[must_use]
pub fn compile(_entries: &[Entry], _file: &str) -> (Mapping, Vec<Finding>) {
    (Mapping::default(), Vec::new())
}
