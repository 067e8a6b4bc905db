//! What a target means by a conflict.

use super::super::exchange::{Again, Refused};

/// What a 409 or 422 is about.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Conflict {
    /// An attempt with this key is still being worked on.
    InProgress,
    /// The key was used with another body.
    KeyReused,
    /// Anything else, such as a record that is there already.
    Exists,
}

/// Tells the conflicts of the Idempotency-Key draft apart (409 for one in progress, 422 for a key used again) as
/// vendors word them.
pub(super) fn conflict(refused: &Refused, keyed: bool) -> Conflict {
    if !keyed || !matches!(refused.status, 400 | 409 | 422) {
        return Conflict::Exists;
    }
    let plain: String =
        refused.says.to_lowercase().chars().map(|c| if c.is_alphanumeric() { c } else { ' ' }).collect();
    let any = |words: &[&str]| words.iter().any(|w| plain.contains(w));
    let about_key = any(&["idempoten", "request key"]);
    if refused.status == 409
        && any(&["in progress", "inprogress", "being processed", "in flight", "concurrent", "still processing"])
    {
        Conflict::InProgress
    } else if about_key
        || any(&["key reuse", "key was reused", "key already used", "key has already been used", "reused with"])
    {
        Conflict::KeyReused
    } else {
        Conflict::Exists
    }
}

pub(super) fn in_progress(refused: Refused) -> Again {
    Again { wait: refused.wait, ..Again::unknown("in-progress", refused.says) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conflicts_are_told_apart() {
        let judge = |status, says: &str, keyed| {
            conflict(&Refused { status, code: "", says: says.to_owned(), wait: None }, keyed)
        };
        assert_eq!(judge(409, "A request with this key is in progress", true), Conflict::InProgress);
        assert_eq!(judge(409, "request_in_progress", true), Conflict::InProgress);
        assert_eq!(judge(422, "idempotency_key_reused: other body", true), Conflict::KeyReused);
        assert_eq!(judge(409, "Idempotency-Key was used with another payload", true), Conflict::KeyReused);
        assert_eq!(judge(409, "email exists", true), Conflict::Exists);
        assert_eq!(judge(422, "email: is in progress", true), Conflict::Exists);
        assert_eq!(judge(409, "request in progress", false), Conflict::Exists);
    }
}
