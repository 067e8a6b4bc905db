//! What was read, as bytes that can be kept and read back: the same in everything.

use serde::{Deserialize as _, Serialize};
use serde_json::json;

use super::{Input, Part, Read, is_url, others};
use crate::base::digest::Digest;
use crate::finding::Finding;
use crate::model::{SchemaId, System};

/// This build of the program: its version, and a number over all its code and what it is built on. Both decide what comes of
/// reading, so what another build has read is never used.
pub const BUILD: &str = concat!(env!("CARGO_PKG_VERSION"), " ", include_str!(concat!(env!("OUT_DIR"), "/build.txt")));

/// A [`Read`] whose parts lie elsewhere, to be written down.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct KeptRead<'r> {
    /// [`Read::system`].
    pub system: Option<&'r System>,
    /// [`Read::findings`].
    pub findings: &'r [Finding],
}

impl KeptRead<'_> {
    /// All of it as bytes (postcard, the fields in the order of the types); nothing where it has no such form.
    #[must_use]
    pub fn to_bytes(self) -> Option<Vec<u8>> {
        postcard::to_stdvec(&self).ok()
    }
}

impl Read {
    /// All of it as bytes; see [`KeptRead::to_bytes`].
    #[must_use]
    pub fn to_bytes(&self) -> Option<Vec<u8>> {
        KeptRead { system: self.system.as_ref(), findings: &self.findings }.to_bytes()
    }

    /// What [`Read::to_bytes`] was given, equal in everything; nothing for bytes that are not whole. Whatever the bytes, what
    /// comes back can be used without fear: it takes memory in proportion to them, and no schema leads to one that is not there.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        SchemaId::highest();
        let mut reader = postcard::Deserializer::from_bytes(bytes);
        let read = Self::deserialize(&mut reader).ok()?;
        let (highest, rest) = (SchemaId::highest(), reader.finalize().ok()?);
        let schemas = read.system.as_ref().map_or(0, |system| system.schemas.len());
        let sound = highest.is_none_or(|id| (id as usize) < schemas)
            && read.system.as_ref().is_none_or(|system| Digest::parse(system.digest.as_str()).is_some());
        (rest.is_empty() && sound).then_some(read)
    }
}

/// A finding of what was read under [`Input::plain_origin`], as if it had been read under `origin`.
pub fn told_under(finding: &mut Finding, origin: &str) {
    let file = &mut finding.location.file;
    if !file.is_empty() {
        *file = others::shown(origin, file);
    }
}

impl Input {
    /// The name under which to read this input, so that what is read holds for each way to the same files: the file's own,
    /// without the way to it, and [`told_under`] puts the way before it. Of a description with overlays, and of one that
    /// has parts at addresses, it is `origin` itself: their places are named in other ways.
    #[must_use]
    pub fn plain_origin<'n>(&'n self, origin: &'n str) -> &'n str {
        let here = |part: &Part| part.bytes.is_err() || !is_url(&part.name);
        let plain = self.overlays.is_empty() && !is_url(origin) && self.others.iter().all(here);
        if plain && others::name_of(origin) == self.main.name { &self.main.name } else { origin }
    }

    /// What stands for all that reading this input depends on: bytes and names of all files, why one was not read, the
    /// overlays in their order, the name under which findings tell it, and the program. [`Input::digest`] says less: what the
    /// description is, whatever it is called.
    #[must_use]
    pub fn key(&self, origin: &str, build: &str) -> Digest {
        let of = |part: &Part| match &part.bytes {
            Ok(bytes) => json!([part.name, Digest::of_bytes(bytes).as_str()]),
            Err(lacking) => json!([part.name, null, format!("{lacking:?}")]),
        };
        let all = |parts: &[Part]| parts.iter().map(of).collect::<Vec<_>>();
        Digest::of_json(&json!({
            "build": build,
            "origin": origin,
            "description": of(&self.main),
            "files": all(&self.others),
            "overlays": all(&self.overlays),
        }))
    }
}
