//! One change, and what it means.

use crate::base::digest::Digest;
use crate::base::text::quoted;
use crate::finding::Severity;

/// Who sends what changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Side {
    /// The call as a whole: whether it is there, who may make it, how often.
    Call,
    /// What is sent to the system.
    Request,
    /// What the system sends, events included.
    Response,
}

impl Side {
    /// `call`, `request`, `response`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::Request => "request",
            Self::Response => "response",
        }
    }
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Kebab-case name of the rule that saw it.
    pub code: &'static str,
    /// Whose side it is on.
    pub side: Side,
    /// How bad: an error breaks whoever uses it, a warning breaks under some condition, a note breaks nobody.
    pub severity: Severity,
    /// Somebody who kept to the old description can fail under the new one.
    pub breaking: bool,
    /// What changed: `GET /v1/orders`, `Order.total`, `POST /v1/orders 201 body.lines[].sku`.
    pub subject: String,
    /// The property or parameter, where it is one.
    pub field: Option<String>,
    /// What tells two changes of one subject apart: the value of an enumeration, the name of a scope.
    pub detail: String,
    /// What happened, and why it matters.
    pub message: String,
    /// What to do.
    pub fix: String,
    /// Where the old description says it.
    pub old: Option<String>,
    /// Where the new description says it.
    pub new: Option<String>,
    /// What it was perhaps renamed to: a guess from names and types, never more.
    pub guess: Option<String>,
    /// The operation of the old description (of the new, where it is new) that it belongs to alone.
    pub operation: Option<String>,
    /// Operations and events that it reaches, in order; at most [`Change::MOST_REACHED`].
    pub reaches: Vec<String>,
}

impl Change {
    /// Most operations that a change names.
    pub const MOST_REACHED: usize = 20;

    /// A change that breaks nobody.
    pub(super) fn note(code: &'static str, side: Side, subject: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code,
            side,
            severity: Severity::Note,
            breaking: false,
            subject: subject.into(),
            field: None,
            detail: String::new(),
            message: message.into(),
            fix: String::new(),
            old: None,
            new: None,
            guess: None,
            operation: None,
            reaches: Vec::new(),
        }
    }

    /// It breaks whoever uses the thing.
    pub(super) fn breaks(mut self, fix: &str) -> Self {
        (self.severity, self.breaking) = (Severity::Error, true);
        fix.clone_into(&mut self.fix);
        self
    }

    /// It breaks some of those who use the thing.
    pub(super) fn may_break(mut self, fix: &str) -> Self {
        (self.severity, self.breaking) = (Severity::Warning, true);
        fix.clone_into(&mut self.fix);
        self
    }

    /// It breaks nobody who reads as he should, and bites who does not.
    pub(super) fn bites(mut self, fix: &str) -> Self {
        (self.severity, self.breaking) = (Severity::Warning, false);
        fix.clone_into(&mut self.fix);
        self
    }

    /// At these places of the old and the new description.
    pub(super) fn at(mut self, old: Option<&str>, new: Option<&str>) -> Self {
        (self.old, self.new) = (old.map(str::to_owned), new.map(str::to_owned));
        self
    }

    /// About this property or parameter.
    pub(super) fn of(mut self, field: &str) -> Self {
        self.field = Some(field.to_owned());
        self
    }

    /// Told apart from others of its subject by this.
    pub(super) fn about(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    /// Perhaps renamed to this.
    pub(super) fn perhaps(mut self, guess: Option<String>) -> Self {
        if let Some(guess) = &guess {
            self.message.push_str(&format!("; perhaps renamed to {} (a guess)", quoted(guess, 80)));
        }
        self.guess = guess;
        self
    }

    /// Of this operation alone.
    pub(super) fn on(mut self, operation: &str) -> Self {
        self.operation = Some(operation.to_owned());
        self.reaches = vec![operation.to_owned()];
        self
    }

    /// It is about what is said, not about what goes over the wire.
    #[must_use]
    pub fn is_text(&self) -> bool {
        self.code.ends_with("text-changed")
    }

    /// Stays the same from run to run and when other things of the descriptions change: code, side, subject, detail.
    /// Pointers are no part of it: they move with the document.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let key = format!("{}\n{}\n{}\n{}", self.code, self.side.as_str(), self.subject, self.detail);
        Digest::of_bytes(key.as_bytes()).as_str().trim_start_matches("sha256:").chars().take(16).collect()
    }
}
