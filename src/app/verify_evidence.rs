//! Proves the evidence: the store in every part, or a bundle without it; and holds either against a seal.

use std::path::Path;

use serde::Serialize;
use serde_json::json;

use super::{App, Fault, No, Note, Refusal, note};
use crate::base::fs;
use crate::base::pack;
use crate::base::ssh::Signers;
use crate::base::text;
use crate::evidence::bundle::{self, BundleProof, NotProven};
use crate::evidence::seal::{NAMESPACE, Seal};
use crate::evidence::{EventKind, Phase, Proof};

/// The largest seal, signature or list of signers read, in bytes.
const MAX_SEAL: u64 = 1024 * 1024;

/// The largest bundle read, in bytes as it lies on the disk.
pub const MAX_BUNDLE: u64 = 512 * 1024 * 1024;

/// What is proven.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// A seal to hold it against.
    pub seal: Option<String>,
    /// Whose signature the seal must carry, in `SEAL.sig`.
    pub signers: Option<String>,
    /// A bundle, instead of the store.
    pub bundle: Option<String>,
}

/// What came of it.
#[derive(Debug, Serialize)]
pub struct Answer {
    /// The store or bundle.
    pub of: String,
    /// "whole", or the first thing that is wrong.
    pub verdict: String,
    /// Everything that is wrong.
    pub problems: Vec<String>,
    /// Number of the newest record.
    pub records: u64,
    /// Hash of the newest record.
    pub head: String,
    /// Hash of the first record, which names the log.
    pub origin: Option<String>,
    /// Sessions proven, in a store.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sessions: Option<u64>,
    /// The session that a bundle holds alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// Inputs and answers proven.
    pub blobs: u64,
    /// Records thinned out by the rule of retention.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thinned: Option<u64>,
    /// Records that a bundle leaves out, their places proven.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skipped: Option<u64>,
    /// Of those, records whose hash is taken on trust.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_trust: Option<u64>,
    /// What it says of the seal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seal: Option<String>,
    /// What to do next.
    pub next: String,
}

impl Answer {
    /// Nothing is wrong.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.problems.is_empty()
    }
}

/// Proves what `options` name.
///
/// # Errors
/// Files that cannot be read; a store that cannot be read at all.
pub fn run(app: &App, options: &Options) -> Result<Answer, No> {
    if options.signers.is_some() && options.seal.is_none() {
        let because = "signers are of a seal, and no seal is named";
        return Err(Refusal::new("bad-argument", because, "add --seal FILE; its signature is in FILE.sig").into());
    }
    let seal = options.seal.as_deref().map(|file| read_seal(app, file)).transpose()?;
    let probes: Vec<u64> = seal.iter().map(|s| s.predicate.seq).collect();
    let (mut answer, in_bundle) = match &options.bundle {
        Some(file) => of_bundle(app, file, &probes)?,
        None => (of_store(app)?, None),
    };
    if let (Some(seal), Some(file)) = (&seal, &options.seal) {
        let there = match &options.bundle {
            Some(_) => in_bundle,
            None => app.store.event(seal.predicate.seq).ok().flatten().map(|e| e.hash),
        };
        hold_against(app, options, file, seal, there.as_deref(), &mut answer)?;
    }
    answer.verdict = answer.problems.first().cloned().unwrap_or_else(|| "whole".to_owned());
    answer.next = next(options, &answer);
    record(app, options, &answer)?;
    Ok(answer)
}

fn empty() -> Answer {
    Answer {
        of: String::new(),
        verdict: String::new(),
        problems: Vec::new(),
        records: 0,
        head: String::new(),
        origin: None,
        sessions: None,
        session: None,
        blobs: 0,
        thinned: None,
        skipped: None,
        on_trust: None,
        seal: None,
        next: String::new(),
    }
}

fn of_store(app: &App) -> Result<Answer, No> {
    let Proof { head, origin, sessions, blobs, thinned, fault, beside } = app.store.verify()?;
    let mut problems: Vec<String> = fault.iter().map(|f| format!("record {}: {}", f.seq, f.because)).collect();
    problems.extend(beside);
    Ok(Answer {
        of: app.store.place(),
        problems,
        records: head.seq,
        head: head.hash,
        origin,
        sessions: Some(sessions),
        blobs,
        thinned: Some(thinned),
        ..empty()
    })
}

fn of_bundle(app: &App, file: &str, probes: &[u64]) -> Result<(Answer, Option<String>), No> {
    let bytes = fs::read_bytes(&app.path(file), MAX_BUNDLE).map_err(|e| Refusal::unreadable(&e))?;
    let reader = std::io::BufReader::new(pack::gunzipped(&bytes));
    Ok(match bundle::prove(reader, probes, |_| {}) {
        Ok(BundleProof { header, records, skipped, on_trust, blobs, probed }) => {
            let answer = Answer {
                of: file.to_owned(),
                records,
                head: header.head.hash,
                origin: Some(header.origin),
                session: header.session,
                blobs,
                skipped: Some(skipped),
                on_trust: Some(on_trust),
                ..empty()
            };
            (answer, probed.into_iter().next().map(|(_, hash)| hash))
        }
        Err(e @ (NotProven::Malformed { .. } | NotProven::Record(_))) => {
            (Answer { of: file.to_owned(), problems: vec![e.to_string()], ..empty() }, None)
        }
    })
}

fn read_seal(app: &App, file: &str) -> Result<Seal, No> {
    let text = fs::read_text(&app.path(file), MAX_SEAL).map_err(|e| Refusal::unreadable(&e))?;
    Ok(Seal::parse(&text).map_err(|because| {
        let next = "give a file that `platform-integration evidence seal --out FILE` wrote";
        Refusal::new("not-a-seal", format!("{file}: {because}"), next)
    })?)
}

fn hold_against(
    app: &App,
    options: &Options,
    file: &str,
    seal: &Seal,
    there: Option<&str>,
    answer: &mut Answer,
) -> Result<(), No> {
    let reaches = answer.records + answer.skipped.unwrap_or(0);
    if let Some(because) = seal.contradicted(answer.origin.as_deref(), reaches, there) {
        answer.seal = Some(because.clone());
        answer.problems.push(because);
    } else {
        let sealed = &seal.predicate;
        answer.seal = Some(format!("record {} stands as it was sealed on {}", sealed.seq, sealed.sealed_at));
    }
    if let Some(signers) = &options.signers {
        let list = fs::read_text(&app.path(signers), MAX_SEAL).map_err(|e| Refusal::unreadable(&e))?;
        let signers = Signers::parse(&list).map_err(|e| {
            Refusal::new(
                "bad-signers",
                format!("{signers}: {e}"),
                "give a file in the form of ssh-keygen's ALLOWED SIGNERS",
            )
        })?;
        let signature =
            fs::read_text(&app.path(&format!("{file}.sig")), MAX_SEAL).map_err(|e| Refusal::unreadable(&e))?;
        let statement = fs::read_bytes(&app.path(file), MAX_SEAL).map_err(|e| Refusal::unreadable(&e))?;
        match signers.verify(&statement, &signature, NAMESPACE, app.clock.now()) {
            Ok(by) => {
                let said = answer.seal.take().unwrap_or_default();
                answer.seal =
                    Some(format!("{said}, signed by {} ({})", text::quoted(&by.principal, 80), by.fingerprint));
            }
            Err(e) => answer.problems.push(format!("the signature of the seal: {e}")),
        }
    }
    Ok(())
}

fn next(options: &Options, answer: &Answer) -> String {
    match (answer.holds(), &options.bundle) {
        (true, None) if options.seal.is_none() => {
            "platform-integration evidence seal --out FILE writes the head down, so that even a rewritten log is noticed".to_owned()
        }
        (true, None) => "platform-integration evidence lists the sessions".to_owned(),
        (true, Some(file)) => format!("platform-integration evidence import {file} keeps it beside your own log"),
        (false, None) => {
            "rest nothing on this log from that record on: restore it from a backup or an exported bundle, or start a new store with --store PATH".to_owned()
        }
        (false, Some(_)) => "ask whoever sent it to export it again".to_owned(),
    }
}

fn record(app: &App, options: &Options, answer: &Answer) -> Result<(), No> {
    let input = json!({"seal": options.seal, "signers": options.signers, "bundle": options.bundle});
    let data = json!({"of": answer.of, "verdict": answer.verdict, "records": answer.records, "head": answer.head, "seal": answer.seal});
    let noted = note(
        app,
        Note {
            session: None,
            phase: Phase::Validate,
            kind: EventKind::EvidenceQueried,
            tool: "evidence verify",
            input,
            summary: format!("verified {}: {}", answer.of, answer.verdict),
            data,
        },
    );
    match noted {
        // What is wrong with a store is said also where the store cannot take a record of it.
        Err(No::Fault(Fault { because, .. })) if !answer.holds() => {
            tracing::warn!(%because, "the verification could not be recorded");
            Ok(())
        }
        other => other.map(|_| ()),
    }
}

/// The extension that says gzip.
#[must_use]
pub(super) fn is_gzip(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|e| e.eq_ignore_ascii_case("gz"))
}
