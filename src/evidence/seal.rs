//! The head of a log, written out where the log's owner cannot reach it: an in-toto statement, v1.

use serde::{Deserialize, Serialize};

use super::Head;

/// What the statement calls itself.
pub const STATEMENT: &str = "https://in-toto.io/Statement/v1";
/// What it says of its subject.
pub const PREDICATE: &str = "https://github.com/platform-integration/platform-integration/evidence-seal/v1";
/// The purpose that an SSH signature over a seal names.
pub const NAMESPACE: &str = "platform-integration-seal";
/// The name of the subject.
const SUBJECT: &str = "evidence-log";

/// An in-toto statement about the head of a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seal {
    /// [`STATEMENT`].
    #[serde(rename = "_type")]
    pub kind: String,
    /// The head of the log, by its hash.
    pub subject: Vec<Subject>,
    /// [`PREDICATE`].
    #[serde(rename = "predicateType")]
    pub predicate_type: String,
    /// What is said of it.
    pub predicate: Predicate,
}

/// What a statement is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// Its name.
    pub name: String,
    /// Its digest.
    pub digest: SubjectDigest,
}

/// The digest of a subject, in hex.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubjectDigest {
    /// SHA-256.
    pub sha256: String,
}

/// Where the log stood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Predicate {
    /// Hash of the log's first record, which names the log.
    pub origin: String,
    /// Number of the newest record, which is also the count of records.
    pub seq: u64,
    /// Hash of the newest record.
    pub hash: String,
    /// When, RFC 3339.
    pub sealed_at: String,
    /// By which program.
    pub tool: String,
}

impl Seal {
    /// A statement about `head` of the log that began with `origin`.
    #[must_use]
    pub fn new(origin: &str, head: &Head, sealed_at: String) -> Self {
        let sha256 = head.hash.trim_start_matches("sha256:").to_owned();
        Self {
            kind: STATEMENT.to_owned(),
            subject: vec![Subject { name: SUBJECT.to_owned(), digest: SubjectDigest { sha256 } }],
            predicate_type: PREDICATE.to_owned(),
            predicate: Predicate {
                origin: origin.to_owned(),
                seq: head.seq,
                hash: head.hash.clone(),
                sealed_at,
                tool: concat!("platform-integration ", env!("CARGO_PKG_VERSION")).to_owned(),
            },
        }
    }

    /// As it is written, and signed.
    #[must_use]
    pub fn to_text(&self) -> String {
        // Texts and a number always serialize.
        format!("{}\n", serde_json::to_string_pretty(self).unwrap_or_default())
    }

    /// Reads a statement.
    ///
    /// # Errors
    /// What makes it no seal of ours, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let seal: Self =
            serde_json::from_str(text).map_err(|e| format!("it is no in-toto statement of a seal ({e})"))?;
        if seal.kind != STATEMENT {
            return Err(format!("its _type is not {STATEMENT}"));
        }
        if seal.predicate_type != PREDICATE {
            return Err(format!("its predicateType is not {PREDICATE}"));
        }
        let named = seal.subject.iter().any(|s| format!("sha256:{}", s.digest.sha256) == seal.predicate.hash);
        if !named {
            return Err("its subject is not the record that its predicate names".to_owned());
        }
        Ok(seal)
    }

    /// What a log says against the seal; nothing where it still holds what was sealed. `there` is the hash of the record
    /// with the sealed number, `origin` that of the first one, `head` how far the log goes.
    #[must_use]
    pub fn contradicted(&self, origin: Option<&str>, head: u64, there: Option<&str>) -> Option<String> {
        let Predicate { origin: sealed_origin, seq, hash, sealed_at, tool: _ } = &self.predicate;
        if origin != Some(sealed_origin.as_str()) {
            return Some(format!(
                "the log begins with another record than the one sealed on {sealed_at}: it is another log, or was rewritten"
            ));
        }
        if head < *seq {
            return Some(format!(
                "the log ends at record {head}, and record {seq} was sealed on {sealed_at}: its end was cut off"
            ));
        }
        if there != Some(hash.as_str()) {
            return Some(format!(
                "record {seq} is not the one sealed on {sealed_at}: the log was rewritten or forked before it"
            ));
        }
        None
    }
}
