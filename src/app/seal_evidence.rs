//! Writes the head of the log down where a rewritten log cannot reach it.

use serde::Serialize;
use serde_json::{Value, json};

use super::{App, No, Note, Refusal, note};
use crate::base::{fs, ssh_sign};
use crate::evidence::seal::{NAMESPACE, Seal};
use crate::evidence::{EventKind, Phase};

/// The largest key file read, in bytes.
const MAX_KEY: u64 = 64 * 1024;

/// What is written, and where.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The file; nothing to show it alone.
    pub out: Option<String>,
    /// The SSH key that signs it.
    pub sign: Option<String>,
}

/// What came of it.
#[derive(Debug, Serialize)]
pub struct Answer {
    /// The statement.
    pub statement: Value,
    /// The file it was written to.
    pub file: Option<String>,
    /// The file of its signature.
    pub signature: Option<String>,
    /// What to do next.
    pub next: String,
}

/// Seals the head of a log that proves.
///
/// # Errors
/// A log that is empty or does not prove, a key that does not sign, files that cannot be written.
pub fn run(app: &App, options: &Options) -> Result<Answer, No> {
    if options.sign.is_some() && options.out.is_none() {
        let because = "a signature is over a file, and no file is named";
        return Err(Refusal::new("bad-argument", because, "add --out FILE").into());
    }
    let proof = app.store.verify()?;
    if !proof.holds() {
        return Err(Refusal::new(
            "log-does-not-prove",
            format!("the log is {}; a seal would vouch for it", proof.words()),
            "platform-integration evidence verify",
        )
        .into());
    }
    let Some(origin) = &proof.origin else {
        return Err(
            Refusal::new("empty-log", "the log has no record to seal", "open_session {\"name\": \"...\"}").into()
        );
    };
    let seal = Seal::new(origin, &proof.head, app.clock.now().rfc3339());
    let text = seal.to_text();
    // Signed before anything is written: a seal without the signature that was asked for is not left behind.
    let signature = options.sign.as_deref().map(|key| sign(app, key, &text)).transpose()?;
    let mut answer = Answer {
        statement: serde_json::to_value(&seal).unwrap_or(Value::Null),
        file: options.out.clone(),
        signature: None,
        next: String::new(),
    };
    if let Some(out) = &options.out {
        fs::write_atomic(&app.path(out), text.as_bytes()).map_err(super::Fault::from)?;
        if let Some(signature) = signature {
            let file = format!("{out}.sig");
            fs::write_atomic(&app.path(&file), signature.as_bytes()).map_err(super::Fault::from)?;
            answer.signature = Some(file);
        }
        answer.next = format!(
            "keep {out} where this machine cannot change it; platform-integration evidence verify --seal {out} holds the log against it"
        );
    } else {
        answer.next = "platform-integration evidence seal --out FILE writes it to a file".to_owned();
    }
    note(
        app,
        Note {
            session: None,
            phase: Phase::Validate,
            kind: EventKind::EvidenceSealed,
            tool: "evidence seal",
            input: json!({"out": options.out, "signed": options.sign.is_some()}),
            summary: format!("sealed record {}", proof.head.seq),
            data: json!({"seq": proof.head.seq, "hash": proof.head.hash, "origin": origin, "file": answer.file, "signature": answer.signature}),
        },
    )?;
    Ok(answer)
}

fn sign(app: &App, key: &str, text: &str) -> Result<String, No> {
    let read = fs::read_text(&app.path(key), MAX_KEY).map_err(|e| Refusal::unreadable(&e))?;
    Ok(ssh_sign::sign(&read, NAMESPACE, text.as_bytes()).map_err(|because| {
        Refusal::new(
            "cannot-sign",
            format!("{key}: {because}"),
            format!(
                "seal without --sign, then `ssh-keygen -Y sign -f {key} -n {NAMESPACE} FILE`, which also asks an agent"
            ),
        )
    })?)
}
