//! What goes into the store at once: an event, and the texts it names by digest.

use serde_json::Value;

use super::NewEvent;
use crate::base::digest::{Digest, canonical};

/// A JSON text under its digest: the input of a call, or its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blob {
    /// SHA-256 of the text.
    pub digest: Digest,
    /// Canonical JSON.
    pub text: String,
}

impl Blob {
    /// The canonical form of `value`, which must hold no secret.
    #[must_use]
    pub fn of(value: &Value) -> Self {
        let mut text = String::new();
        canonical(value, &mut text);
        Self { digest: Digest::of_bytes(text.as_bytes()), text }
    }
}

/// A bundle of another store, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptBundle {
    /// SHA-256 of the bytes.
    pub digest: Digest,
    /// Hash of the first record of the store it comes from.
    pub origin: String,
    /// The file, as it came.
    pub bytes: Vec<u8>,
}

/// An event with all that is kept under its digests; written together, or not at all.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// The event.
    pub event: NewEvent,
    /// Its input and its answer.
    pub blobs: Vec<Blob>,
    /// The bundle it took in.
    pub bundle: Option<KeptBundle>,
}

impl Recorded {
    /// `event` with its input and answer; their digests are set here, so that none is named that is not kept.
    #[must_use]
    pub fn new(mut event: NewEvent, input: Blob, output: Blob) -> Self {
        event.input = input.digest.clone();
        event.output = output.digest.clone();
        let mut blobs = vec![input];
        if output.digest != event.input {
            blobs.push(output);
        }
        Self { event, blobs, bundle: None }
    }
}
