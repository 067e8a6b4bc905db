//! Counted records and the verdict that follows from them (law 1).

/// How a run or drill ended. "Not run" is `Unproven`, never `Pass`.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "UPPERCASE")]
#[schemars(inline)]
pub enum Verdict {
    /// Every record is accounted for and delivered.
    Pass,
    /// Every record is accounted for, some were not delivered.
    Partial,
    /// Records are missing, doubled or wrong, or a rule was broken.
    Fail,
    /// It was not run, or what it aims at never happened.
    Unproven,
}

impl Verdict {
    /// `PASS`, `PARTIAL`, `FAIL`, `UNPROVEN`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "PASS",
            Self::Partial => "PARTIAL",
            Self::Fail => "FAIL",
            Self::Unproven => "UNPROVEN",
        }
    }

    /// The verdict over several: one FAIL fails all, one UNPROVEN leaves all unproven; nothing at all is UNPROVEN.
    #[must_use]
    pub fn all(verdicts: impl IntoIterator<Item = Self>) -> Self {
        let rank = |v: Self| match v {
            Self::Pass => 0,
            Self::Partial => 1,
            Self::Unproven => 2,
            Self::Fail => 3,
        };
        verdicts.into_iter().max_by_key(|v| rank(*v)).unwrap_or(Self::Unproven)
    }
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Records counted at each station between source and target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[schemars(inline)]
pub struct Reconciliation {
    /// What the source holds or says it holds; absent where nobody stated it.
    pub expected: Option<u64>,
    /// Records read, repeats included.
    pub read: u64,
    /// Different keys among them.
    pub unique: u64,
    /// Keys whose effect the target acknowledged in this run.
    pub written: u64,
    /// Keys the target already had in this form.
    pub unchanged: u64,
    /// Keys that the mapping rejected (each is a dead letter as well, counted here only).
    pub rejected: u64,
    /// Keys that the target refused or that ran out of attempts.
    pub dead_lettered: u64,
}

impl Reconciliation {
    /// Keys accounted for.
    #[must_use]
    pub const fn settled(&self) -> u64 {
        self.written + self.unchanged + self.rejected + self.dead_lettered
    }

    /// The verdict of the counts alone. `finished`: the end of the source was seen.
    #[must_use]
    pub fn verdict(&self, finished: bool) -> Verdict {
        if self.settled() != self.unique {
            // Stopped on the way: what was read is not settled yet, but known and resumable.
            return if finished { Verdict::Fail } else { Verdict::Partial };
        }
        if !finished || self.rejected + self.dead_lettered > 0 || self.expected.is_some_and(|e| e != self.unique) {
            return Verdict::Partial;
        }
        Verdict::Pass
    }

    /// Sums station by station; `expected` is known only where both are.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        let Self { expected, read, unique, written, unchanged, rejected, dead_lettered } = other;
        Self {
            expected: self.expected.zip(expected).map(|(a, b)| a + b),
            read: self.read + read,
            unique: self.unique + unique,
            written: self.written + written,
            unchanged: self.unchanged + unchanged,
            rejected: self.rejected + rejected,
            dead_lettered: self.dead_lettered + dead_lettered,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_full_counts_pass() {
        let full = Reconciliation {
            expected: Some(3),
            read: 4,
            unique: 3,
            written: 2,
            unchanged: 1,
            ..Reconciliation::default()
        };
        assert_eq!(full.verdict(true), Verdict::Pass);
        assert_eq!(full.verdict(false), Verdict::Partial);
        assert_eq!(Reconciliation { expected: Some(4), ..full }.verdict(true), Verdict::Partial);
        assert_eq!(Reconciliation { written: 1, ..full }.verdict(true), Verdict::Fail);
        assert_eq!(Reconciliation { written: 1, dead_lettered: 1, ..full }.verdict(true), Verdict::Partial);
    }

    #[test]
    fn nothing_run_is_unproven() {
        assert_eq!(Verdict::all([]), Verdict::Unproven);
        assert_eq!(Verdict::all([Verdict::Pass, Verdict::Unproven]), Verdict::Unproven);
        assert_eq!(Verdict::all([Verdict::Fail, Verdict::Unproven]), Verdict::Fail);
    }
}
