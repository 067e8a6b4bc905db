//! Row 6: API descriptions into the model. Formats are told apart by content, never by file name.
//!
//! A reader turns the document into a [`System`]; the detectors in [`facts`] then derive what the document only
//! implies. What is wrong with a description is a finding; a half-read description is still useful.

pub mod facts;
mod openapi;
mod recognise;
mod suspicious;

use crate::base::digest::Digest;
use crate::base::tree::{Arena, Node};
use crate::finding::{Finding, Location, tidy};
use crate::model::System;

/// What came of reading one description.
#[derive(Debug, Clone)]
pub struct Read {
    /// The system, where the bytes are a description in a format this release reads.
    pub system: Option<System>,
    /// What is wrong with the description, and what to know about it.
    pub findings: Vec<Finding>,
}

/// Where the bytes came from.
#[derive(Debug, Clone)]
pub struct Source {
    /// As the user named it: a path or an URL.
    pub origin: String,
    /// Digest of the bytes.
    pub digest: Digest,
}

/// One format.
pub struct Reader {
    /// `openapi` …
    pub format: &'static str,
    /// Says whether a document is in this format, by its own marks.
    pub sniff: fn(Node<'_>) -> bool,
    /// Reads a document that [`Reader::sniff`] recognised.
    pub read: for<'d> fn(Node<'d>, &Source) -> Draft<'d>,
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
pub const ALL: &[Reader] = &[openapi::READER];

/// Most bytes of one description: the largest public ones have 20 MB.
pub const MOST_BYTES: usize = 64 << 20;

/// Reads a description of any format in [`ALL`]. Never fails: what cannot be read is a finding and `system` is empty.
/// `origin` is the file or URL as the user named it; findings point into it.
#[must_use]
pub fn read_bytes(bytes: &[u8], origin: &str) -> Read {
    let arena = Arena::default();
    let mut findings = Vec::new();
    let Some(document) = recognise::document(bytes, origin, &arena, &mut findings) else {
        return Read { system: None, findings };
    };
    let Some(reader) = ALL.iter().find(|r| (r.sniff)(document)) else {
        findings.push(recognise::unknown(document, origin));
        return Read { system: None, findings };
    };
    let source = Source { origin: origin.to_owned(), digest: Digest::of_bytes(bytes) };
    let Draft { mut system, hints, findings: more } = (reader.read)(document, &source);
    findings.extend(more);
    if let Some(system) = &mut system {
        facts::derive(system, &hints);
    }
    for hit in suspicious::scan(document) {
        findings.push(hit.finding(Location::pointer(origin, hit.pointer.clone())));
    }
    tidy(&mut findings);
    Read { system, findings }
}
