//! A fact and its ground.

use serde_json::Value;

use crate::base::name::Name;
use crate::finding::{Ceiling, Confidence};

/// How a fact came to be known.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub enum Basis {
    /// The description says so, at this JSON pointer.
    Stated {
        /// `#/paths/~1v1~1customers/get/parameters/2`
        pointer: String,
    },
    /// A rule derived it from what the description says.
    Inferred {
        /// Kebab-case name of the rule.
        #[serde(with = "crate::base::name")]
        rule: Name,
        /// Pointers it combined; at least one.
        from: Vec<String>,
    },
}

/// One thing known about a system.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Fact {
    /// `auth_mode`, `base_url`, `pagination`, `rate_limit`, `idempotency` …: the names of `map --format json`.
    #[serde(with = "crate::base::name")]
    pub fact: Name,
    /// Its value, shaped as the name demands.
    #[serde(with = "crate::base::exact")]
    pub value: Value,
    /// Its ground.
    pub basis: Basis,
    /// How sure, under the ceiling of its ground.
    pub confidence: Confidence,
}

impl Fact {
    /// A fact the description states. A description is somebody's report of a system's rules, hence `policy`.
    #[must_use]
    pub fn stated(fact: &'static str, value: Value, pointer: impl Into<String>) -> Self {
        Self {
            fact,
            value,
            basis: Basis::Stated { pointer: pointer.into() },
            confidence: Confidence::capped(0.90, Ceiling::Policy),
        }
    }

    /// A fact a rule derived, with the rule's own confidence (capped at the inference ceiling).
    #[must_use]
    pub fn inferred(fact: &'static str, value: Value, rule: &'static str, from: Vec<String>, confidence: f64) -> Self {
        Self {
            fact,
            value,
            basis: Basis::Inferred { rule, from },
            confidence: Confidence::capped(confidence, Ceiling::Inference),
        }
    }

    /// The first pointer it rests on.
    #[must_use]
    pub fn pointer(&self) -> Option<&str> {
        match &self.basis {
            Basis::Stated { pointer } => Some(pointer),
            Basis::Inferred { from, .. } => from.first().map(String::as_str),
        }
    }

    /// `stated` or `inferred`.
    #[must_use]
    pub const fn basis_name(&self) -> &'static str {
        match self.basis {
            Basis::Stated { .. } => "stated",
            Basis::Inferred { .. } => "inferred",
        }
    }
}
