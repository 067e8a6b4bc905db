//! What a code means, for documentation and for tests that no finding has a code nobody explains.

use super::Severity;

/// One code.
#[derive(Debug, Clone, Copy)]
pub struct Code {
    /// Kebab-case name of the bad thing.
    pub code: &'static str,
    /// How bad its findings are at most.
    pub severity: Severity,
    /// What it means, in one sentence.
    pub summary: &'static str,
    /// How to mend it, in one sentence.
    pub mend: &'static str,
}

impl Code {
    /// A code of errors.
    #[must_use]
    pub const fn error(code: &'static str, summary: &'static str, mend: &'static str) -> Self {
        Self { code, severity: Severity::Error, summary, mend }
    }

    /// A code of warnings.
    #[must_use]
    pub const fn warning(code: &'static str, summary: &'static str, mend: &'static str) -> Self {
        Self { code, severity: Severity::Warning, summary, mend }
    }

    /// A code of notes.
    #[must_use]
    pub const fn note(code: &'static str, summary: &'static str, mend: &'static str) -> Self {
        Self { code, severity: Severity::Note, summary, mend }
    }
}
