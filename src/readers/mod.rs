//! Row 6: API descriptions into the model. Formats are told apart by content, never by file name.
//!
//! A reader turns the document into a [`System`]; the detectors in [`facts`] then derive what the document only
//! implies. What is wrong with a description is a finding; a half-read description is still useful.

mod asyncapi;
mod entity;
pub mod facts;
mod graphql;
mod json_schema;
mod openapi;
mod postman;
mod recognise;
mod sql;
mod suspicious;

use crate::base::digest::Digest;
use crate::base::tree::{Arena, Node};
use crate::finding::{Finding, Location, tidy};
use crate::model::System;
use recognise::Document;

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
    /// What its documents are written in, and what reads them.
    pub form: Form,
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
        read: for<'d> fn(Node<'d>, &Source) -> Draft<'d>,
    },
    /// A language of its own. Texts are asked before YAML, which takes nearly any text for a document.
    Text {
        /// Looks at the text, which is not empty and does not start as JSON does.
        sniff: fn(&str) -> bool,
        /// Reads it.
        read: for<'d> fn(&'d str, &Source) -> Draft<'d>,
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
    graphql::SDL,
    sql::READER,
];

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
    let source = Source { origin: origin.to_owned(), digest: Digest::of_bytes(bytes) };
    let read = match document {
        Document::Tree(value) => ALL.iter().find_map(|r| match r.form {
            Form::Tree { sniff, read } => sniff(value).then(|| read(value, &source)),
            Form::Text { .. } => None,
        }),
        Document::Text(text, read) => Some(read(text, &source)),
    };
    let Some(Draft { mut system, hints, findings: more }) = read else {
        if let Document::Tree(value) = document {
            findings.push(recognise::unknown(value, origin));
        }
        return Read { system: None, findings };
    };
    findings.extend(more);
    if let Some(system) = &mut system {
        facts::derive(system, &hints);
    }
    match document {
        Document::Tree(value) => {
            let hits = suspicious::scan(value);
            findings.extend(hits.iter().map(|hit| hit.finding(Location::pointer(origin, hit.pointer.clone()))));
        }
        Document::Text(text, _) => {
            findings.extend(suspicious::scan_text(text).iter().map(|(at, hit)| hit.finding(Location::at(origin, *at))));
        }
    }
    tidy(&mut findings);
    Read { system, findings }
}
