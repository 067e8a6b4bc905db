//! What is wrong with a subject, said so that it can be mended: code, place, reason, fix. And how sure we are.

mod code;
mod confidence;

pub use code::Code;
pub use confidence::{Ceiling, CeilingRow, Confidence, TABLE as CEILINGS, table_markdown as ceilings_markdown};

use crate::base::digest::Digest;
use crate::base::name::Name;
use crate::base::text::is_hidden;
use crate::base::yaml::Span;

/// How bad a finding is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Severity {
    /// Worth knowing; nothing breaks.
    Note,
    /// Will bite under some condition.
    Warning,
    /// Does not compile.
    Error,
}

impl Severity {
    /// `error`, `warning` or `note`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// Where a finding points.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, serde::Serialize, serde::Deserialize)]
pub struct Location {
    /// The file as the user named it.
    pub file: String,
    /// Line and column; zero where only a pointer is known.
    pub at: Span,
    /// JSON pointer inside the file, where that is the better address.
    pub pointer: Option<String>,
}

impl Location {
    /// A place in a text file.
    pub fn at(file: impl Into<String>, at: Span) -> Self {
        Self { file: file.into(), at, pointer: None }
    }

    /// A place in an API description.
    pub fn pointer(file: impl Into<String>, pointer: impl Into<String>) -> Self {
        Self { file: file.into(), at: Span::default(), pointer: Some(pointer.into()) }
    }
}

impl std::fmt::Display for Location {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.file)?;
        if self.at.line > 0 {
            write!(f, ":{}", self.at)?;
        }
        if let Some(pointer) = &self.pointer {
            f.write_str(if pointer.starts_with('#') { "" } else { "#" })?;
            // Keys may hold anything; a terminal is shown what it can show.
            if pointer.contains(|c: char| c.is_control() || is_hidden(c)) {
                for c in pointer.chars() {
                    if c.is_control() || is_hidden(c) {
                        write!(f, "{}", c.escape_unicode())?
                    } else {
                        write!(f, "{c}")?
                    }
                }
            } else {
                f.write_str(pointer)?;
            }
        }
        Ok(())
    }
}

/// One thing that is wrong, with its address, its reason and its remedy.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Finding {
    /// Kebab-case name of the bad thing, e.g. `retried-write-without-idempotency`.
    #[serde(with = "crate::base::name")]
    pub code: Name,
    /// How bad.
    pub severity: Severity,
    /// How sure, 0 to 1.
    pub confidence: f64,
    /// Where.
    pub location: Location,
    /// What happened to which thing, as a lower-case fragment.
    pub message: String,
    /// What to do, as an imperative; empty where there is nothing to say.
    pub fix: String,
    /// Pointers into the descriptions that the finding rests on.
    pub related: Vec<String>,
    /// What was probably meant, where something is near.
    pub nearest: Option<String>,
    /// A generated record that shows it, as JSON, shortened; never one that somebody sent.
    #[serde(default)]
    pub sample: Option<String>,
    /// Changes of files that mend it safely; empty where a person has to decide.
    pub edits: Vec<Edit>,
}

/// One change of one file.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Edit {
    /// The file, below the root of what was looked at.
    pub file: String,
    /// What becomes of it.
    pub change: Change,
}

impl Change {
    /// The bytes of a text that change, and what they become; nothing where the text has no such place.
    #[must_use]
    pub fn within<'c>(&'c self, text: &str) -> Option<(usize, usize, &'c str)> {
        match self {
            Self::Replace { from, to, with } => Some((*from, *to, with)),
            Self::Word { at, old, new } => {
                let line = text.split_inclusive('\n').nth((at.line as usize).checked_sub(1)?)?;
                let start = line.as_ptr() as usize - text.as_ptr() as usize;
                let column = line.char_indices().nth((at.column as usize).checked_sub(1)?)?.0;
                let found = line.get(column..)?.find(old.as_str())?;
                let from = start + column + found;
                Some((from, from + old.len(), new))
            }
            Self::Whole { .. } => None,
        }
    }
}

/// A text with changes of single places applied; of changes that overlap, the first. What does not fit the text is left.
#[must_use]
pub fn changed<'c>(text: &str, changes: impl IntoIterator<Item = &'c Change>) -> String {
    let mut places: Vec<(usize, usize, &str)> = changes.into_iter().filter_map(|c| c.within(text)).collect();
    places.sort_unstable();
    places.dedup();
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for (from, to, with) in places {
        let Some(kept) = text.get(done..from).filter(|_| from <= to && text.is_char_boundary(to)) else { continue };
        out.push_str(kept);
        out.push_str(with);
        done = to;
    }
    out.push_str(text.get(done..).unwrap_or_default());
    out
}

/// What becomes of a file.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Change {
    /// Bytes `from..to` of the text become `with`.
    Replace {
        /// First byte.
        from: usize,
        /// Byte after the last.
        to: usize,
        /// The new text.
        with: String,
    },
    /// At this place of the text one word becomes another: the first `old` from there to the end of the line.
    Word {
        /// Where the word, or the value that it is in, begins.
        at: Span,
        /// The word as it is.
        old: String,
        /// As it is to be.
        new: String,
    },
    /// The whole file is this text; it need not have been there.
    Whole {
        /// The text.
        text: String,
    },
}

impl Finding {
    /// An error of which we are certain.
    pub fn error(code: &'static str, location: Location, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: Severity::Error,
            confidence: 0.95,
            location,
            message: message.into(),
            fix: String::new(),
            related: Vec::new(),
            nearest: None,
            sample: None,
            edits: Vec::new(),
        }
    }

    /// A warning.
    pub fn warning(code: &'static str, location: Location, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, confidence: 0.85, ..Self::error(code, location, message) }
    }

    /// A note.
    pub fn note(code: &'static str, location: Location, message: impl Into<String>) -> Self {
        Self { severity: Severity::Note, confidence: 0.85, ..Self::error(code, location, message) }
    }

    /// With what to do about it.
    #[must_use]
    pub fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = fix.into();
        self
    }

    /// With another confidence.
    #[must_use]
    pub const fn sure(mut self, confidence: f64) -> Self {
        self.confidence = confidence;
        self
    }

    /// With a pointer it rests on.
    #[must_use]
    pub fn because_of(mut self, pointer: impl Into<String>) -> Self {
        self.related.push(pointer.into());
        self
    }

    /// With what was probably meant.
    #[must_use]
    pub fn near(mut self, nearest: Option<&str>) -> Self {
        self.nearest = nearest.map(str::to_owned);
        self
    }

    /// With a word of its own file that mends it: `new` in the place of `old`, from its location on.
    #[must_use]
    pub fn word(self, old: impl Into<String>, new: impl Into<String>) -> Self {
        let (file, at) = (self.location.file.clone(), self.location.at);
        self.edit(file, Change::Word { at, old: old.into(), new: new.into() })
    }

    /// With a change that mends it safely.
    #[must_use]
    pub fn edit(mut self, file: impl Into<String>, change: Change) -> Self {
        self.edits.push(Edit { file: file.into(), change });
        self
    }

    /// Stays the same when lines move: code, file, pointer and message.
    #[must_use]
    pub fn fingerprint(&self) -> Digest {
        let pointer = self.location.pointer.as_deref().unwrap_or("");
        Digest::of_bytes(format!("{}\n{}\n{pointer}\n{}", self.code, self.location.file, self.message).as_bytes())
    }
}

/// Sorts by place, worst first within a place, and drops what is said twice.
pub fn tidy(findings: &mut Vec<Finding>) {
    findings.sort_by(|a, b| {
        (&a.location, std::cmp::Reverse(a.severity), a.code, &a.message).cmp(&(
            &b.location,
            std::cmp::Reverse(b.severity),
            b.code,
            &b.message,
        ))
    });
    findings.dedup_by(|a, b| a.code == b.code && a.location == b.location && a.message == b.message);
}

/// The worst severity among them.
#[must_use]
pub fn worst(findings: &[Finding]) -> Option<Severity> {
    findings.iter().map(|f| f.severity).max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_changed_where_they_stand_and_nowhere_else() {
        let text = "map:\n  ä: emial   # emial\n  b: emial\n";
        let word = |line, column, old: &str, new: &str| Change::Word {
            at: Span { line, column },
            old: old.to_owned(),
            new: new.to_owned(),
        };
        let all = [
            word(2, 6, "emial", "email"),
            word(9, 1, "x", "y"),
            word(3, 6, "nothing", "y"),
            word(2, 6, "emial", "email"),
        ];
        assert_eq!(changed(text, &all), "map:\n  ä: email   # emial\n  b: emial\n");
        let overlapping = [word(3, 6, "emial", "one"), word(3, 7, "mial", "two")];
        assert_eq!(changed(text, &overlapping), "map:\n  ä: emial   # emial\n  b: one\n");
    }
}
