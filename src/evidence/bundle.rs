//! A part of a log as a file of its own: JSON Lines, each provable without the store it comes from.
//!
//! First a header; then in the order of the log, for each record its input and answer (once for each content) and the
//! record; a record that is left out is there by the digest of its content, from which its hash follows; then an end.
//! `docs/evidence.md` describes each line.

use std::collections::BTreeSet;
use std::io::{BufRead, Write};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    Blob, ChainFault, Event, EventKind, Head, NewEvent, Outcome, Phase, Provenance, chain_hash, compactions,
    content_digest, data_digest, link, may_lack,
};
use crate::base::clock::Timestamp;
use crate::base::digest::Digest;

/// What the first line calls the format.
pub const BUNDLE: &str = "platform-integration-evidence/1";

/// The longest line read, in bytes: far above any answer, far below what would harm.
const MAX_LINE: u64 = 32 * 1024 * 1024;

/// The most that is read of one bundle, unpacked, in bytes: a small file can unpack to any size.
const MAX_BYTES: u64 = 4 * 1024 * 1024 * 1024;

/// The first line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// [`BUNDLE`].
    pub bundle: String,
    /// Hash of the first record of the store it comes from.
    pub origin: String,
    /// The newest record.
    pub head: HeadLine,
    /// The session, where it holds one alone.
    pub session: Option<String>,
    /// When it was written, RFC 3339.
    pub exported_at: String,
    /// By which program.
    pub tool: String,
}

/// A place in the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeadLine {
    /// Its number.
    pub seq: u64,
    /// Its hash.
    pub hash: String,
}

/// Any further line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Line {
    /// An input or answer.
    Blob {
        digest: String,
        text: String,
    },
    Event(Box<EventLine>),
    /// A record that is left out. Its hash follows from its content; of form 1 it is taken on trust.
    Skipped {
        seq: u64,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        content: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        hash: Option<String>,
    },
    End {
        records: u64,
        skipped: u64,
        blobs: u64,
    },
}

/// A record, its data as the text that was hashed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EventLine {
    seq: u64,
    format: u8,
    session: Option<String>,
    at: i64,
    phase: String,
    kind: String,
    tool: String,
    client: String,
    outcome: String,
    input: String,
    output: String,
    summary: String,
    /// Nothing where retention dropped it.
    data: Option<String>,
    data_digest: String,
    #[serde(flatten)]
    provenance: ProvenanceLine,
    prev: String,
    hash: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct ProvenanceLine {
    principal: Option<String>,
    protocol: Option<String>,
    traceparent: Option<String>,
    parent: Option<u64>,
}

impl EventLine {
    fn of(event: &Event) -> Self {
        let Event { seq, event, prev, hash, format, data_digest, dropped } = event;
        let NewEvent { session, at, phase, kind, tool, client, outcome, input, output, summary, data, provenance } =
            event;
        let Provenance { principal, protocol, traceparent, parent } = provenance.clone();
        Self {
            seq: *seq,
            format: *format,
            session: session.clone(),
            at: at.0,
            phase: phase.as_str().to_owned(),
            kind: kind.as_str().to_owned(),
            tool: tool.clone(),
            client: client.clone(),
            outcome: outcome.as_str().to_owned(),
            input: input.as_str().to_owned(),
            output: output.as_str().to_owned(),
            summary: summary.clone(),
            data: (!dropped).then(|| data.to_string()),
            data_digest: data_digest.as_str().to_owned(),
            provenance: ProvenanceLine { principal, protocol, traceparent, parent },
            prev: prev.clone(),
            hash: hash.clone(),
        }
    }

    /// The record; nothing where a word is none of ours, or the data is not what its digest says.
    fn event(self) -> Option<Event> {
        let data_digest_said = Digest::parse(&self.data_digest)?;
        let dropped = self.data.is_none();
        let text = self.data.unwrap_or_else(|| "null".to_owned());
        if !dropped && Digest::of_bytes(text.as_bytes()) != data_digest_said {
            return None;
        }
        let data: Value = serde_json::from_str(&text).ok()?;
        let ProvenanceLine { principal, protocol, traceparent, parent } = self.provenance;
        let event = NewEvent {
            session: self.session,
            at: Timestamp(self.at),
            phase: Phase::parse(&self.phase)?,
            kind: EventKind::parse(&self.kind)?,
            tool: self.tool,
            client: self.client,
            outcome: Outcome::parse(&self.outcome)?,
            input: Digest::parse(&self.input)?,
            output: Digest::parse(&self.output)?,
            summary: self.summary,
            data,
            provenance: Provenance { principal, protocol, traceparent, parent },
        };
        // Form 2 alone may lack its data; a form we do not know proves nothing.
        if !(1..=2).contains(&self.format) || (dropped && self.format == 1) {
            return None;
        }
        Some(Event {
            seq: self.seq,
            event,
            prev: self.prev,
            hash: self.hash,
            format: self.format,
            data_digest: data_digest_said,
            dropped,
        })
    }
}

/// Writes a bundle, line by line.
pub struct Writer<W: Write> {
    out: W,
    records: u64,
    skipped: u64,
    written: BTreeSet<Digest>,
}

impl<W: Write> Writer<W> {
    /// Begins with the header.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn new(mut out: W, header: &Header) -> std::io::Result<Self> {
        line(&mut out, header)?;
        Ok(Self { out, records: 0, skipped: 0, written: BTreeSet::new() })
    }

    /// Whether a blob is in it already.
    #[must_use]
    pub fn has(&self, digest: &Digest) -> bool {
        self.written.contains(digest)
    }

    /// Adds a blob.
    ///
    /// # Errors
    /// Those of the writer below.
    pub fn blob(&mut self, blob: Blob) -> std::io::Result<()> {
        let Blob { digest, text } = blob;
        line(&mut self.out, &Line::Blob { digest: digest.as_str().to_owned(), text })?;
        self.written.insert(digest);
        Ok(())
    }

    /// Adds a record; its blobs come before it.
    ///
    /// # Errors
    /// Those of the writer below.
    pub fn event(&mut self, event: &Event) -> std::io::Result<()> {
        self.records += 1;
        line(&mut self.out, &Line::Event(Box::new(EventLine::of(event))))
    }

    /// Adds what the chain needs of a record that is left out.
    ///
    /// # Errors
    /// Those of the writer below.
    pub fn skip(&mut self, event: &Event) -> std::io::Result<()> {
        self.skipped += 1;
        let form_2 = event.format > 1;
        let content = form_2.then(|| content_digest(&event.event, &event.data_digest).as_str().to_owned());
        let hash = (!form_2).then(|| event.hash.clone());
        line(&mut self.out, &Line::Skipped { seq: event.seq, content, hash })
    }

    /// Ends it.
    ///
    /// # Errors
    /// Those of the writer below.
    pub fn end(mut self) -> std::io::Result<W> {
        let end = Line::End { records: self.records, skipped: self.skipped, blobs: self.written.len() as u64 };
        line(&mut self.out, &end)?;
        Ok(self.out)
    }
}

fn line<W: Write, T: Serialize>(out: &mut W, value: &T) -> std::io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    out.write_all(b"\n")
}

/// What a bundle proves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundleProof {
    /// The first line.
    pub header: Header,
    /// Records that are there.
    pub records: u64,
    /// Records left out, whose place in the chain is proven all the same.
    pub skipped: u64,
    /// Records left out whose hash is taken on trust: they are of form 1.
    pub on_trust: u64,
    /// Inputs and answers.
    pub blobs: u64,
    /// The hash at each number asked for.
    pub probed: Vec<(u64, String)>,
}

/// Why a bundle does not prove.
#[derive(Debug, thiserror::Error)]
pub enum NotProven {
    /// It is no bundle, or not a whole one.
    #[error("line {line}: {because}")]
    Malformed {
        /// The line, from 1.
        line: u64,
        /// What is wrong.
        because: String,
    },
    /// A record does not hold.
    #[error("record {}: {}", .0.seq, .0.because)]
    Record(ChainFault),
}

/// Proves a bundle, record by record. `probes` are numbers whose hash is wanted; `each` sees what is proven so far.
///
/// # Errors
/// The first thing that does not hold.
pub fn prove(lines: impl BufRead, probes: &[u64], mut each: impl FnMut(Proven)) -> Result<BundleProof, NotProven> {
    let mut lines = std::io::Read::take(lines, MAX_BYTES);
    let mut at: u64 = 1;
    let malformed = |line: u64, because: String| NotProven::Malformed { line, because };
    let first = next(&mut lines, at)?.ok_or_else(|| malformed(1, "the file is empty".to_owned()))?;
    let header: Header =
        serde_json::from_str(&first).map_err(|e| malformed(1, format!("it is no header of a bundle ({e})")))?;
    if header.bundle != BUNDLE {
        return Err(malformed(1, format!("the format is not {BUNDLE}")));
    }
    let mut state = State::new(probes);
    loop {
        at += 1;
        let text = next(&mut lines, at)?.ok_or_else(|| malformed(at, "the bundle ends in the middle".to_owned()))?;
        let line: Line =
            serde_json::from_str(&text).map_err(|e| malformed(at, format!("no line of a bundle ({e})")))?;
        match line {
            Line::Blob { digest, text } => {
                let blob = Digest::parse(&digest).filter(|d| Digest::of_bytes(text.as_bytes()) == *d);
                let digest = blob.ok_or_else(|| malformed(at, "a blob is not what its digest says".to_owned()))?;
                state.blobs.insert(digest.clone());
                each(Proven::Blob(Blob { digest, text }));
            }
            Line::Event(line) => {
                let seq = line.seq;
                let altered = || NotProven::Record(ChainFault { seq, because: "altered".to_owned() });
                let event = line.event().ok_or_else(altered)?;
                state.event(&event)?;
                if header.session.is_none()
                    || header.session == event.event.session
                    || event.event.kind == EventKind::EvidenceCompacted
                {
                    each(Proven::Event(Box::new(event)));
                } else {
                    return Err(malformed(at, "a record of another session than the header says".to_owned()));
                }
            }
            Line::Skipped { seq, content, hash } => {
                if header.session.is_none() {
                    return Err(malformed(at, "a whole log leaves nothing out".to_owned()));
                }
                state.skip(seq, content.as_deref(), hash)?;
            }
            Line::End { records, skipped, blobs } => {
                if (records, skipped, blobs) != (state.records, state.skipped, state.blobs.len() as u64) {
                    return Err(malformed(at, "the counts at the end are not those of the lines".to_owned()));
                }
                if next(&mut lines, at + 1)?.is_some_and(|l| !l.trim().is_empty()) {
                    return Err(malformed(at + 1, "something follows the end".to_owned()));
                }
                return state.finish(header, at);
            }
        }
    }
}

/// What [`prove`] hands on.
pub enum Proven {
    /// An input or answer.
    Blob(Blob),
    /// A record.
    Event(Box<Event>),
}

fn next(lines: &mut impl BufRead, at: u64) -> Result<Option<String>, NotProven> {
    let mut text = String::new();
    let read = std::io::Read::take(&mut *lines, MAX_LINE)
        .read_line(&mut text)
        .map_err(|e| NotProven::Malformed { line: at, because: format!("it cannot be read ({e})") })?;
    if read as u64 == MAX_LINE && !text.ends_with('\n') {
        let because = format!("it is longer than {} MB", MAX_LINE / (1024 * 1024));
        return Err(NotProven::Malformed { line: at, because });
    }
    Ok((read > 0).then_some(text))
}

struct State<'p> {
    head: Head,
    origin: Option<String>,
    records: u64,
    skipped: u64,
    on_trust: u64,
    blobs: BTreeSet<Digest>,
    compactions: Vec<(u64, Timestamp)>,
    /// Records that lack data, input or answer, until a compaction accounts for them.
    lacking: Vec<(Event, bool)>,
    probes: &'p [u64],
    probed: Vec<(u64, String)>,
}

impl<'p> State<'p> {
    fn new(probes: &'p [u64]) -> Self {
        Self {
            head: Head::default(),
            origin: None,
            records: 0,
            skipped: 0,
            on_trust: 0,
            blobs: BTreeSet::new(),
            compactions: Vec::new(),
            lacking: Vec::new(),
            probes,
            probed: Vec::new(),
        }
    }

    fn moved(&mut self, seq: u64, hash: String) {
        self.origin.get_or_insert_with(|| hash.clone());
        if self.probes.contains(&seq) {
            self.probed.push((seq, hash.clone()));
        }
        self.head = Head { seq, hash };
    }

    fn place(&self, seq: u64) -> Result<(), NotProven> {
        if seq == self.head.seq + 1 {
            return Ok(());
        }
        Err(NotProven::Record(ChainFault { seq: self.head.seq + 1, because: "removed".to_owned() }))
    }

    fn event(&mut self, event: &Event) -> Result<(), NotProven> {
        self.place(event.seq)?;
        let sound = event.dropped || data_digest(&event.event) == event.data_digest;
        if event.prev != self.head.hash || !sound || chain_hash(event.seq, event) != event.hash {
            return Err(NotProven::Record(ChainFault { seq: event.seq, because: "altered".to_owned() }));
        }
        compactions(event, &mut self.compactions);
        let lacks_text =
            event.format > 1 && !(self.blobs.contains(&event.event.input) && self.blobs.contains(&event.event.output));
        if event.dropped || lacks_text {
            self.lacking.push((event.clone(), event.dropped));
        }
        self.records += 1;
        self.moved(event.seq, event.hash.clone());
        Ok(())
    }

    fn skip(&mut self, seq: u64, content: Option<&str>, hash: Option<String>) -> Result<(), NotProven> {
        self.place(seq)?;
        let altered = || NotProven::Record(ChainFault { seq, because: "altered".to_owned() });
        let hash = match (content.map(Digest::parse), hash) {
            (Some(Some(content)), None) => link(seq, &self.head.hash, &content),
            (None, Some(hash)) => {
                self.on_trust += 1;
                hash
            }
            _ => return Err(altered()),
        };
        self.skipped += 1;
        self.moved(seq, hash);
        Ok(())
    }

    fn finish(self, header: Header, at: u64) -> Result<BundleProof, NotProven> {
        let malformed = |because: &str| NotProven::Malformed { line: at, because: because.to_owned() };
        if let Some((event, _)) = self.lacking.iter().find(|(e, data)| !may_lack(e, *data, &self.compactions)) {
            let because = "its data, input or answer was removed".to_owned();
            return Err(NotProven::Record(ChainFault { seq: event.seq, because }));
        }
        if (header.head.seq, &header.head.hash) != (self.head.seq, &self.head.hash) {
            return Err(malformed("the chain does not end at the head that the first line names"));
        }
        if self.origin.as_ref() != Some(&header.origin) {
            return Err(malformed("the chain does not begin at the origin that the first line names"));
        }
        Ok(BundleProof {
            header,
            records: self.records,
            skipped: self.skipped,
            on_trust: self.on_trust,
            blobs: self.blobs.len() as u64,
            probed: self.probed,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_without_end_takes_no_more_memory_than_a_line_may() {
        let endless = std::io::BufReader::new(std::io::repeat(b'x'));
        let said = prove(endless, &[], |_| {}).map(|_| ()).map_err(|e| e.to_string());
        assert_eq!(said, Err("line 1: it is longer than 32 MB".to_owned()));
    }
}
