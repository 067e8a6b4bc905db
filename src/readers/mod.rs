//! Row 6: API descriptions into the model. Formats are told apart by content, never by file name.
//!
//! A reader turns the document into a [`System`]; the detectors in [`facts`] then derive what the document only
//! implies. What is wrong with a description is a finding; a half-read description is still useful.

mod asyncapi;
mod codes;
mod decode;
mod entity;
pub mod facts;
pub mod fuzz;
mod graphql;
mod input;
mod json_schema;
mod kept;
mod openapi;
mod others;
mod overlay;
mod postman;
mod proto;
mod recognise;
mod sql;
pub(crate) mod suspicious;

use crate::base::both::both;
use crate::base::digest::Digest;
use crate::base::tree::{Arena, Node};
use crate::finding::{Finding, Location, tidy};
use crate::model::System;
use recognise::Document;

pub use codes::CODES;
pub(crate) use facts::{Around, limit_in};
pub use input::{Input, Lacking, Part, is_url, references, target};
pub use kept::{BUILD, KeptRead, told_under};
pub use others::Others;

/// What came of reading one description.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct Read {
    /// The system, where the bytes are a description in a format this release reads.
    pub system: Option<System>,
    /// What is wrong with the description, and what to know about it.
    pub findings: Vec<Finding>,
}

/// Where the bytes came from.
#[derive(Debug, Clone)]
pub struct Source<'d> {
    /// As the user named it: a path or an URL.
    pub origin: String,
    /// That of nothing: the digest of what was read is set when the system is there.
    pub digest: Digest,
    /// The files that the description refers to.
    pub others: Others<'d>,
    /// Where what a reader makes may lie, as long as the trees.
    pub arena: &'d Arena,
}

/// One format.
pub struct Reader {
    /// `openapi` …
    pub format: &'static str,
    /// What its documents are written in, and what reads them.
    pub form: Form,
}

impl Reader {
    /// Two readers may share a format, of which one form is a tree and the other a text.
    fn is(&self, other: &Self) -> bool {
        self.format == other.format && matches!(self.form, Form::Tree { .. }) == matches!(other.form, Form::Tree { .. })
    }
}

/// What documents of a format are written in. `sniff` says by the document's own marks whether it is in the format;
/// `read` reads what `sniff` recognised, and never fails.
#[derive(Clone, Copy)]
pub enum Form {
    /// JSON or YAML.
    Tree {
        /// Looks at the parsed document.
        sniff: fn(Node<'_>) -> bool,
        /// Reads it.
        read: for<'d> fn(Node<'d>, &Source<'d>) -> Draft<'d>,
    },
    /// A language of its own. Texts are asked before YAML, which takes nearly any text for a document.
    Text {
        /// Looks at the text, which is not empty and does not start as JSON does.
        sniff: fn(&str) -> bool,
        /// Reads it.
        read: for<'d> fn(&'d str, &Source<'d>) -> Draft<'d>,
    },
}

/// A system as a reader hands it to the detectors, with what the model has no place for.
pub struct Draft<'d> {
    /// The system, derived fields still empty.
    pub system: Option<System>,
    /// Texts and extensions that detectors look into.
    pub hints: facts::Hints<'d>,
    /// What was found so far.
    pub findings: Vec<Finding>,
}

/// The formats this release reads, most specific mark first.
pub const ALL: &[Reader] = &[
    openapi::READER,
    openapi::SWAGGER,
    asyncapi::READER,
    postman::READER,
    json_schema::READER,
    graphql::INTROSPECTION,
    proto::READER,
    graphql::SDL,
    sql::READER,
];

/// Most bytes of one description: the largest public ones have 20 MB.
pub const MOST_BYTES: usize = 64 << 20;

/// Reads a description of one file, of any format in [`ALL`]. Never fails: what cannot be read is a finding and `system`
/// is empty. `origin` is the file or URL as the user named it; findings point into it.
#[must_use]
pub fn read_bytes(bytes: &[u8], origin: &str) -> Read {
    let name = others::name_of(origin);
    read_parts(None, bytes, &name, &[], &[], origin, || Digest::of_bytes(bytes))
}

/// As [`read_bytes`], by this reader, whether it recognises the document or not.
#[must_use]
pub fn read_as(reader: &Reader, bytes: &[u8], origin: &str) -> Read {
    read_parts(Some(reader), bytes, origin, &[], &[], origin, || Digest::of_bytes(bytes))
}

/// As [`read_bytes`], with the files that the description refers to and the overlays given with it.
#[must_use]
pub fn read(input: &Input, origin: &str) -> Read {
    let main = input.main.bytes.as_deref().unwrap_or_default();
    read_parts(None, main, &input.main.name, &input.others, &input.overlays, origin, || input.digest())
}

/// The description as one value, overlays applied and nothing resolved: what pointers into it lead through. Nothing where
/// it is no JSON or YAML.
#[must_use]
pub fn whole(input: &Input) -> Option<serde_json::Value> {
    let (mut findings, arena) = (Vec::new(), Arena::default());
    let text = decode::text(input.main.bytes.as_deref().ok()?, &input.main.name, &mut findings)?;
    let overlays = overlay::decoded(&input.overlays, &mut findings);
    let Document::Tree(root) = recognise::document(&text, &input.main.name, &arena, &mut findings)? else {
        return None;
    };
    if overlays.is_empty() {
        return Some(root.to_value());
    }
    let mut changed = overlay::Changed::default();
    Some(overlay::apply(root, &overlays, &arena, &mut changed, &mut findings).to_value())
}

fn read_parts(
    chosen: Option<&Reader>,
    bytes: &[u8],
    name: &str,
    others: &[Part],
    overlays: &[Part],
    origin: &str,
    digest: impl FnOnce() -> Digest + Send,
) -> Read {
    let mut findings = Vec::new();
    let Some(text) = decode::text(bytes, origin, &mut findings) else {
        return Read { system: None, findings };
    };
    if text.len() <= LARGE {
        let mut read = read_text(chosen, &text, name, others, overlays, origin, findings);
        if let Some(system) = &mut read.system {
            system.digest = digest();
        }
        return read;
    }
    let (digest, mut read) = both(digest, || read_text(chosen, &text, name, others, overlays, origin, findings));
    if let Some(system) = &mut read.system {
        system.digest = digest;
    }
    read
}

fn read_text(
    chosen: Option<&Reader>,
    text: &str,
    name: &str,
    others: &[Part],
    overlays: &[Part],
    origin: &str,
    mut findings: Vec<Finding>,
) -> Read {
    // Before the arena: what lies there may borrow them.
    let others = others::decoded(others, origin);
    let overlays = overlay::decoded(overlays, &mut findings);
    let arena = Arena::default();
    let document = match chosen.map(|r| r.form) {
        Some(Form::Text { read, .. }) => Some(Document::Text(text, read)),
        Some(Form::Tree { .. }) => recognise::tree(text, origin, &arena, &mut findings).map(Document::Tree),
        None => recognise::document(text, origin, &arena, &mut findings),
    };
    let Some(document) = document else {
        return Read { system: None, findings };
    };
    let mut changed = overlay::Changed::default();
    let document = match document {
        Document::Tree(root) if !overlays.is_empty() => {
            Document::Tree(overlay::apply(root, &overlays, &arena, &mut changed, &mut findings))
        }
        Document::Text(text, read) => {
            overlay::not_applied(&overlays, &mut findings);
            Document::Text(text, read)
        }
        tree @ Document::Tree(_) => tree,
    };
    let top = if let Document::Tree(root) = document { Some(root) } else { None };
    let others = Others::new(name, origin, top, &others, &arena, &mut findings);
    let source = Source { origin: origin.to_owned(), digest: Digest::of_bytes(&[]), others, arena: &arena };
    let trees = source.others.trees().map(|(file, value)| (file, Other::Tree(value)));
    let others: Vec<_> = trees.chain(source.others.texts().map(|(file, text)| (file, Other::Text(text)))).collect();
    // What a text says to agents depends on nothing else, and takes a good part of the time.
    let scan = || suspicions(&document, origin, &others);
    let mut describe = || described(&document, chosen, &source, &changed, &mut findings);
    let (suspicions, read) = if text.len() > LARGE {
        both(scan, describe)
    } else {
        let read = describe();
        (scan(), read)
    };
    if read.is_some() {
        findings.extend(suspicions);
        tidy(&mut findings);
    }
    Read { system: read.flatten(), findings }
}

/// From this many bytes on, a second thread is worth its start.
const LARGE: usize = 100_000;

/// What a document describes; nothing where no reader knows its format.
fn described<'d>(
    document: &Document<'d>,
    chosen: Option<&Reader>,
    source: &Source<'d>,
    changed: &overlay::Changed,
    findings: &mut Vec<Finding>,
) -> Option<Option<System>> {
    let read = match *document {
        Document::Tree(value) => ALL.iter().find_map(|r| match r.form {
            Form::Tree { sniff, read } => chosen.map_or_else(|| sniff(value), |c| c.is(r)).then(|| read(value, source)),
            Form::Text { .. } => None,
        }),
        Document::Text(text, read) => Some(read(text, source)),
    };
    let Some(Draft { mut system, hints, findings: more }) = read else {
        if let Document::Tree(value) = document {
            findings.push(recognise::unknown(*value, &source.origin));
        }
        return None;
    };
    findings.extend(more);
    if let Some(system) = &mut system {
        facts::derive(system, &hints);
        findings.extend(changed.told(system, &source.origin));
    }
    Some(system)
}

/// A file that the description refers to.
enum Other<'d> {
    Tree(Node<'d>),
    Text(&'d str),
}

/// Texts that speak to agents, in the description and in the files that it refers to.
fn suspicions(document: &Document<'_>, origin: &str, others: &[(String, Other<'_>)]) -> Vec<Finding> {
    let of_tree = |file: &str, value: Node<'_>| -> Vec<Finding> {
        suspicious::scan(value).iter().map(|hit| hit.finding(Location::pointer(file, hit.pointer.clone()))).collect()
    };
    let of_text = |file: &str, text: &str| -> Vec<Finding> {
        suspicious::scan_text(text).iter().map(|(at, hit)| hit.finding(Location::at(file, *at))).collect()
    };
    let mut found = match document {
        Document::Tree(value) => of_tree(origin, *value),
        Document::Text(text, _) => of_text(origin, text),
    };
    found.extend(others.iter().flat_map(|(file, other)| match other {
        Other::Tree(value) => of_tree(file, *value),
        Other::Text(text) => of_text(file, text),
    }));
    found
}
