//! Records that could not be delivered, as they are shown.

use serde::Serialize;

use crate::evidence::{DeadLetter, DeadState};

/// One record that could not be delivered.
#[derive(Debug, Clone, Serialize)]
pub struct DeadLetterOut {
    /// Its number.
    pub id: u64,
    /// The flow.
    pub flow: String,
    /// Key of the source record.
    pub key: String,
    /// Kebab-case reason.
    pub code: String,
    /// Reason in words.
    pub because: String,
    /// Attempts made.
    pub attempts: u32,
    /// When.
    pub at: String,
    /// waiting, replayed or dropped.
    pub state: DeadState,
}

/// The list of dead letters. Payloads stay in the ledger: they may hold personal data.
#[derive(Debug, Clone, Serialize)]
pub struct DeadLettersAnswer {
    /// Oldest first.
    pub dead_letters: Vec<DeadLetterOut>,
    /// What to do next.
    pub next: String,
}

impl DeadLettersAnswer {
    /// For people and programs.
    #[must_use]
    pub fn of(letters: Vec<DeadLetter>) -> Self {
        let dead_letters: Vec<DeadLetterOut> = letters
            .into_iter()
            .map(|l| DeadLetterOut {
                id: l.id,
                flow: l.flow,
                key: l.key,
                code: l.code,
                because: l.because,
                attempts: l.attempts,
                at: l.at.rfc3339(),
                state: l.state,
            })
            .collect();
        let next = if dead_letters.iter().any(|l| l.state == DeadState::Waiting) {
            "mend the record or the mapping; the next run that reads the record delivers it and settles the letter"
                .to_owned()
        } else {
            String::new()
        };
        Self { dead_letters, next }
    }
}
