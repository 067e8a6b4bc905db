//! Takes a bundle in. It is kept whole and as it came, beside the own log and never mixed into it: what others recorded
//! stays a chain of its own, under the hash of its first record.

use serde::Serialize;
use serde_json::json;

use super::verify_evidence::MAX_BUNDLE;
use super::{App, No, Note, Refusal, note_with};
use crate::base::digest::Digest;
use crate::base::{fs, pack};
use crate::evidence::bundle::{self, BundleProof};
use crate::evidence::{EventKind, KeptBundle, Phase};

/// What came of it.
#[derive(Debug, Serialize)]
pub struct Answer {
    /// The file.
    pub file: String,
    /// Digest of the file, under which it is kept.
    pub bundle: String,
    /// Hash of the first record of the log it comes from.
    pub origin: String,
    /// The session, where it holds one alone.
    pub session: Option<String>,
    /// Records in it.
    pub records: u64,
    /// "taken in", "known already", or "of this very log".
    pub outcome: String,
    /// What to do next.
    pub next: String,
}

/// Proves the bundle and keeps it. A second import of the same bundle changes nothing.
///
/// # Errors
/// A bundle that does not prove, or that contradicts what is already known of its log.
pub fn run(app: &App, file: &str) -> Result<Answer, No> {
    let bytes = fs::read_bytes(&app.path(file), MAX_BUNDLE).map_err(|e| Refusal::unreadable(&e))?;
    let head = app.store.head()?;
    let known = app.store.bundles(None)?;
    let proofs = known.iter().map(|b| Ok((b, prove(file, &b.bytes, &[])?))).collect::<Result<Vec<_>, No>>()?;
    let mut probes: Vec<u64> = proofs.iter().map(|(_, p)| p.header.head.seq).collect();
    probes.push(head.seq);
    let proof = prove(file, &bytes, &probes)?;
    let digest = Digest::of_bytes(&bytes);
    let mut answer = Answer {
        file: file.to_owned(),
        bundle: digest.as_str().to_owned(),
        origin: proof.header.origin.clone(),
        session: proof.header.session.clone(),
        records: proof.records,
        outcome: "known already".to_owned(),
        next: format!("platform-integration evidence --bundle {} lists its sessions", digest.short()),
    };
    if known.iter().any(|b| b.digest == digest) {
        return Ok(answer);
    }
    let own = app.store.event(1)?.map(|e| e.hash);
    if own.as_ref() == Some(&proof.header.origin) {
        // Records of this log: nothing to take in, but much to notice.
        let there = app.store.event(proof.header.head.seq.min(head.seq))?.map(|e| e.hash);
        let here =
            if proof.header.head.seq <= head.seq { Some(&proof.header.head.hash) } else { probed(&proof, head.seq) };
        if there.as_ref() != here {
            return Err(forked(file, "this very log"));
        }
        answer.outcome = "of this very log".to_owned();
        answer.next = "platform-integration evidence lists its sessions".to_owned();
        return Ok(answer);
    }
    for (kept, old) in proofs.iter().filter(|(b, _)| b.origin == proof.header.origin) {
        let agrees = if old.header.head.seq <= proof.header.head.seq {
            probed(&proof, old.header.head.seq) == Some(&old.header.head.hash)
        } else {
            let again = prove(file, &kept.bytes, &[proof.header.head.seq])?;
            probed(&again, proof.header.head.seq) == Some(&proof.header.head.hash)
        };
        if !agrees {
            return Err(forked(file, &format!("the bundle {} of the same log", kept.digest.short())));
        }
    }
    answer.outcome = "taken in".to_owned();
    let data = json!({
        "bundle": answer.bundle, "origin": answer.origin, "session": answer.session, "records": proof.records,
        "skipped": proof.skipped, "head": proof.header.head,
    });
    let summary =
        format!("took in {} records of the log {}", proof.records, answer.origin.get(7..19).unwrap_or_default());
    note_with(
        app,
        Note {
            session: None,
            phase: Phase::Validate,
            kind: EventKind::EvidenceImported,
            tool: "evidence import",
            input: json!({"file": file}),
            summary,
            data,
        },
        Some(KeptBundle { digest, origin: answer.origin.clone(), bytes }),
    )?;
    Ok(answer)
}

fn probed(proof: &BundleProof, seq: u64) -> Option<&String> {
    proof.probed.iter().find(|(s, _)| *s == seq).map(|(_, hash)| hash)
}

fn forked(file: &str, other: &str) -> No {
    Refusal::new(
        "forked-log",
        format!("{file} and {other} tell two stories: at the same number they hold different records"),
        "ask whoever sent it which of the two is true; platform-integration evidence verify --seal FILE decides, where a seal was made",
    )
    .into()
}

/// Proves a bundle, or refuses it.
fn prove(file: &str, bytes: &[u8], probes: &[u64]) -> Result<BundleProof, No> {
    let reader = std::io::BufReader::new(pack::gunzipped(bytes));
    Ok(bundle::prove(reader, probes, |_| {}).map_err(|e| {
        Refusal::new(
            "bundle-does-not-prove",
            format!("{file}: {e}"),
            format!("ask whoever sent it to export it again; platform-integration evidence verify --bundle {file}"),
        )
    })?)
}
