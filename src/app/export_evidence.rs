//! Writes the log, or one session of it, to a bundle that proves without the store.

use serde::Serialize;
use serde_json::json;

use super::verify_evidence::is_gzip;
use super::{App, Fault, No, Note, Refusal, note};
use crate::base::digest::Digest;
use crate::base::{fs, pack};
use crate::evidence::bundle::{BUNDLE, HeadLine, Header, Writer};
use crate::evidence::{Blob, Event, EventKind, Phase, Query, Store};

/// What is written, and where.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The file; gzip where its name ends with `.gz`.
    pub out: String,
    /// Only this session.
    pub session: Option<String>,
}

/// What came of it.
#[derive(Debug, Serialize)]
pub struct Answer {
    /// The file.
    pub file: String,
    /// The session, where it holds one alone.
    pub session: Option<String>,
    /// Records written.
    pub records: u64,
    /// Records left out, of which the bundle holds what the chain needs.
    pub skipped: u64,
    /// Inputs and answers written.
    pub blobs: u64,
    /// Hash of the newest record.
    pub head: String,
    /// What to do next.
    pub next: String,
}

/// Writes the bundle.
///
/// # Errors
/// `unknown-session`, an empty log, a file that cannot be written, faults of the store.
pub fn run(app: &App, options: &Options) -> Result<Answer, No> {
    if let Some(id) = &options.session {
        app.store.session(id)?;
    }
    let head = app.store.head()?;
    let Some(first) = app.store.event(1)? else {
        return Err(
            Refusal::new("empty-log", "the log has no record to export", "open_session {\"name\": \"...\"}").into()
        );
    };
    let header = Header {
        bundle: BUNDLE.to_owned(),
        origin: first.hash,
        head: HeadLine { seq: head.seq, hash: head.hash.clone() },
        session: options.session.clone(),
        exported_at: app.clock.now().rfc3339(),
        tool: concat!("platform-integration ", env!("CARGO_PKG_VERSION")).to_owned(),
    };
    let mut counts = (0, 0, 0);
    let mut write = |out: &mut dyn std::io::Write| {
        let buffered = std::io::BufWriter::with_capacity(64 * 1024, out);
        counts = lines(app.store.as_ref(), &header, buffered)?;
        Ok(())
    };
    fs::write_atomic_with(&app.path(&options.out), |out| {
        if is_gzip(&options.out) { pack::gzip(out, |packed| write(packed)) } else { write(out) }
    })
    .map_err(Fault::from)?;
    let (records, skipped, blobs) = counts;
    let answer = Answer {
        file: options.out.clone(),
        session: options.session.clone(),
        records,
        skipped,
        blobs,
        head: head.hash,
        next: format!("platform-integration evidence verify --bundle {} proves it, anywhere", options.out),
    };
    note(
        app,
        Note {
            session: options.session.clone(),
            phase: Phase::Validate,
            kind: EventKind::EvidenceExported,
            tool: "evidence export",
            input: json!({"out": options.out, "session": options.session}),
            summary: format!("exported {records} records to {}", options.out),
            data: json!({"file": options.out, "records": records, "skipped": skipped, "head": answer.head}),
        },
    )?;
    Ok(answer)
}

/// Writes all lines up to the head that the header names; counts records, left-out ones and blobs.
fn lines(store: &dyn Store, header: &Header, out: impl std::io::Write) -> std::io::Result<(u64, u64, u64)> {
    let unread = |e: crate::evidence::StoreError| std::io::Error::other(e.to_string());
    let mut writer = Writer::new(out, header)?;
    let (mut records, mut skipped, mut blobs) = (0, 0, 0);
    let mut after = None;
    loop {
        let page = store.query(&Query { after, limit: 1000, ..Query::default() }).map_err(unread)?;
        for event in page.events.iter().filter(|e| e.seq <= header.head.seq) {
            if !belongs(header, event) {
                writer.skip(event)?;
                skipped += 1;
                continue;
            }
            for digest in [&event.event.input, &event.event.output] {
                if writer.has(digest) {
                    continue;
                }
                if let Some(text) = store.blob(digest).map_err(unread)? {
                    writer.blob(Blob { digest: Digest::clone(digest), text })?;
                    blobs += 1;
                }
            }
            writer.event(event)?;
            records += 1;
        }
        after = page.next.filter(|n| *n < header.head.seq);
        if after.is_none() {
            writer.end()?.flush()?;
            return Ok((records, skipped, blobs));
        }
    }
}

/// Compactions go with every session: they account for what its records lack.
fn belongs(header: &Header, event: &Event) -> bool {
    header.session.is_none()
        || event.event.session == header.session
        || event.event.kind == EventKind::EvidenceCompacted
}
