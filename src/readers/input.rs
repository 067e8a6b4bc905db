//! A description with all that belongs to it: the files it refers to, and the overlays given with it. What a reference
//! to another file means is decided here once, for whoever gathers the files and for whoever reads them.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use serde_json::json;
use url::Url;

use super::{decode, proto};
use crate::base::digest::Digest;

/// One file.
#[derive(Debug, Clone)]
pub struct Part {
    /// A path relative to the directory of the description, with `/` and without `..`; or an URL.
    pub name: String,
    /// What stands in it, or why it was not read.
    pub bytes: Result<Vec<u8>, Lacking>,
}

/// Why a file that is referred to was not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lacking {
    /// There is no such file.
    Missing,
    /// It lies outside the directory of the description, or behind a link that leads out.
    Outside,
    /// It did not come with the description.
    NotGiven,
    /// It is at an URL, and those were not allowed.
    Url,
    /// Too many files, or too many bytes in all.
    TooMuch,
    /// Anything else, in words.
    Unreadable(String),
}

impl Lacking {
    /// The code of the finding, what is the matter, and what to do.
    #[must_use]
    pub fn words(&self) -> (&'static str, Cow<'static, str>, &'static str) {
        match self {
            Self::Missing => (
                "missing-file",
                "does not exist".into(),
                "put the file beside the description, or correct the reference",
            ),
            Self::Outside => (
                "reference-outside",
                "lies outside the directory of the description, and is not read".into(),
                "put all files below the directory of the description, without links that lead out",
            ),
            Self::NotGiven => (
                "external-reference",
                "refers to another file, which is not read".into(),
                "bundle the description into one file",
            ),
            Self::Url => (
                "external-reference",
                "is at another address, which is not read".into(),
                "bundle the description into one file, or let references be fetched: map --allow-url",
            ),
            Self::TooMuch => (
                "too-many-files",
                "is one file more than is read of one description".into(),
                "bundle the description into one file",
            ),
            Self::Unreadable(because) => (
                "unreadable-reference",
                format!("cannot be read: {because}").into(),
                "correct the file or the reference",
            ),
        }
    }
}

/// A description, whole.
#[derive(Debug, Clone)]
pub struct Input {
    /// The description itself; its name is that of its file without directory, or its URL.
    pub main: Part,
    /// Files that it refers to, and those that they refer to, each once.
    pub others: Vec<Part>,
    /// Overlay documents, in the order in which they are applied.
    pub overlays: Vec<Part>,
}

impl Input {
    /// A description of one file.
    #[must_use]
    pub fn of_bytes(name: &str, bytes: Vec<u8>) -> Self {
        let main = Part { name: name.to_owned(), bytes: Ok(bytes) };
        Self { main, others: Vec::new(), overlays: Vec::new() }
    }

    /// Digest of all bytes. Of a description of one file it is that of the file; else it changes with any of the files,
    /// and when one that was missing comes.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let of = |part: &Part| part.bytes.as_ref().ok().map(|bytes| Digest::of_bytes(bytes));
        if self.others.is_empty() && self.overlays.is_empty() {
            return of(&self.main).unwrap_or_else(|| Digest::of_bytes(b""));
        }
        let mut others: Vec<&Part> = self.others.iter().collect();
        others.sort_by(|a, b| a.name.cmp(&b.name));
        let shown = |part: &Part| json!([part.name, of(part).map(|d| d.as_str().to_owned())]);
        Digest::of_json(&json!({
            "description": of(&self.main).map(|d| d.as_str().to_owned()),
            "files": others.into_iter().map(shown).collect::<Vec<_>>(),
            "overlays": self.overlays.iter().map(|o| of(o).map(|d| d.as_str().to_owned())).collect::<Vec<_>>(),
        }))
    }
}

/// Whether a name is an address and no path.
#[must_use]
pub fn is_url(name: &str) -> bool {
    let starts = |scheme: &str| name.get(..scheme.len()).is_some_and(|s| s.eq_ignore_ascii_case(scheme));
    starts("https://") || starts("http://")
}

/// The name of the file that `reference`, found in the file named `base`, leads to; its fragment is left out.
///
/// # Errors
/// [`Lacking::Outside`] for an absolute path and for one that climbs out, [`Lacking::Unreadable`] for what is no path.
pub fn target(base: &str, reference: &str) -> Result<String, Lacking> {
    let file = reference.split('#').next().unwrap_or_default();
    if file.is_empty() {
        return Ok(base.to_owned());
    }
    if is_url(file) || is_url(base) {
        let no = |e: url::ParseError| Lacking::Unreadable(format!("the address is none: {e}"));
        let url = if is_url(base) { Url::parse(base).and_then(|b| b.join(file)) } else { Url::parse(file) };
        let url = url.map_err(no)?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Lacking::Outside);
        }
        return Ok(url.to_string());
    }
    let file = percent_decode_str(file).decode_utf8().map_err(|e| Lacking::Unreadable(e.to_string()))?;
    // `\` separates on some systems, `C:` and `file:` name places of their own.
    if file.starts_with('/') || file.contains(['\\', ':', '\0']) {
        return Err(Lacking::Outside);
    }
    let mut steps: Vec<&str> = base.split('/').collect();
    steps.pop();
    // Imports of Protocol Buffers start at a root, wherever they stand.
    if file.ends_with(".proto") {
        steps.clear();
    }
    for step in file.split('/') {
        match step {
            "" | "." => {}
            ".." => {
                steps.pop().ok_or(Lacking::Outside)?;
            }
            step => steps.push(step),
        }
    }
    Ok(steps.join("/"))
}

/// References in a file to other files, as written there, each once; found by looking for `$ref`, without parsing, so
/// that it costs next to nothing; of a `.proto` file every place where what it imports may lie. A text that only looks like one is among them.
#[must_use]
pub fn references(bytes: &[u8]) -> Vec<String> {
    let text: Cow<'_, [u8]> = if decode::is_plain(bytes) {
        bytes.into()
    } else {
        match decode::text(bytes, "", &mut Vec::new()) {
            Some(text) => text.into_owned().into_bytes().into(),
            None => return Vec::new(),
        }
    };
    if let Some(text) = starts_as_proto(&text) {
        return proto::imports(text);
    }
    let mut found: Vec<String> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for at in memchr::memmem::find_iter(&text, b"$ref") {
        let rest = text.get(at + 4..).unwrap_or_default();
        let rest = rest.strip_prefix(b"\"").or_else(|| rest.strip_prefix(b"'")).unwrap_or(rest).trim_ascii_start();
        let Some(rest) = rest.strip_prefix(b":") else { continue };
        let rest = value_of(rest.trim_ascii_start());
        let (rest, quote) = match rest.first() {
            Some(q @ (b'"' | b'\'')) => (rest.get(1..).unwrap_or_default(), Some(*q)),
            _ => (rest, None),
        };
        if matches!(rest.first(), None | Some(b'#' | b'{' | b'[' | b'*')) {
            continue;
        }
        let ends = |b: &u8| match quote {
            Some(quote) => *b == quote || *b == b'\n',
            None => matches!(*b, b'\n' | b'\r' | b',' | b'}'),
        };
        let end = rest.iter().take(MOST_REFERENCE).position(ends);
        let Some(Ok(reference)) = end.and_then(|end| rest.get(..end)).map(std::str::from_utf8) else { continue };
        // JSON may write a slash as `\/`.
        let reference = reference.trim().replace("\\/", "/");
        if !reference.is_empty() && seen.insert(reference.clone()) {
            found.push(reference);
        }
    }
    for reference in mapped(&text) {
        if seen.insert(reference.clone()) {
            found.push(reference);
        }
    }
    found
}

/// What stands after an anchor, or on the first line of a block scalar.
fn value_of(rest: &[u8]) -> &[u8] {
    let mut rest = rest;
    if rest.first() == Some(&b'&') {
        let end = rest.iter().position(u8::is_ascii_whitespace).unwrap_or(rest.len());
        rest = rest.get(end..).unwrap_or_default().trim_ascii_start();
    }
    if matches!(rest.first(), Some(b'|' | b'>')) {
        let line = rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len());
        rest = rest.get(line..).unwrap_or_default().trim_ascii_start();
    }
    rest
}

/// Files that discriminators map their values to: what ends like the name of one, in the place of a value, near the word.
fn mapped(text: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    let mut end = 0;
    for at in memchr::memmem::find_iter(text, b"discriminator") {
        let start = at.max(end);
        end = (at + MOST_MAPPING).min(text.len());
        let near = text.get(start..end).unwrap_or_default();
        for part in near.split(|b| *b == b':').skip(1) {
            let part = part.trim_ascii_start();
            let part = part.strip_prefix(b"\"").or_else(|| part.strip_prefix(b"'")).unwrap_or(part);
            let stop = part.iter().position(|b| b.is_ascii_whitespace() || b"\"',}".contains(b)).unwrap_or(part.len());
            let Some(Ok(reference)) = part.get(..stop).map(std::str::from_utf8) else { continue };
            let reference = reference.replace("\\/", "/");
            if names_file(&reference) {
                found.push(reference);
            }
        }
    }
    found
}

/// Whether a value of a discriminator's mapping leads to a file, and is no name of a schema.
pub(super) fn names_file(reference: &str) -> bool {
    let file = reference.split('#').next().unwrap_or_default();
    [".yaml", ".yml", ".json"].iter().any(|e| file.ends_with(e))
}

/// Bytes after the word "discriminator" that are looked through for its mapping.
const MOST_MAPPING: usize = 4096;

/// The text, where it is a file of Protocol Buffers: judged by its first bytes, so that others are not looked through.
fn starts_as_proto(bytes: &[u8]) -> Option<&str> {
    let first = bytes.trim_ascii_start().first()?;
    if !(first.is_ascii_alphabetic() || *first == b'/') {
        return None;
    }
    let head = bytes.get(..HEAD).unwrap_or(bytes);
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(e) => std::str::from_utf8(head.get(..e.valid_up_to())?).ok()?,
    };
    if !proto::sniff(text) {
        return None;
    }
    std::str::from_utf8(bytes).ok()
}

/// Bytes that tell a language.
const HEAD: usize = 64 << 10;

/// Most bytes of one reference.
const MOST_REFERENCE: usize = 2048;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_leads_from_the_file_it_stands_in() {
        for (base, reference, name) in [
            ("api.yaml", "schemas/pet.yaml#/Pet", "schemas/pet.yaml"),
            ("schemas/pet.yaml", "./tag.yaml", "schemas/tag.yaml"),
            ("schemas/pet.yaml", "../api.yaml#/components", "api.yaml"),
            ("schemas/pet.yaml", "#/Pet", "schemas/pet.yaml"),
            ("api.yaml", "my%20pet.yaml", "my pet.yaml"),
            ("https://h.example/a/api.yaml", "../b.yaml#/x", "https://h.example/b.yaml"),
            ("api.yaml", "https://h.example/b.yaml#/x", "https://h.example/b.yaml"),
        ] {
            assert_eq!(target(base, reference).as_deref(), Ok(name), "{base} {reference}");
        }
        for outside in
            ["/etc/passwd", "../x.yaml", "a/../../x.yaml", "%2e%2e/x.yaml", "file:///etc/passwd", "C:\\x", "..\\x"]
        {
            assert_eq!(target("api.yaml", outside), Err(Lacking::Outside), "{outside}");
        }
        assert_eq!(target("https://h.example/a.yaml", "file:///etc/passwd"), Err(Lacking::Outside));
    }

    #[test]
    fn references_to_files_are_found_in_json_and_yaml() {
        let text = "a: {$ref: 'x.yaml#/A'}\nb:\n  $ref: y.yaml  \nc: {\"$ref\":\"z\\/z.json#\\/Z\"}\nd:\n  $ref: '#/own'\ne: {$ref: w.yaml}\n\
                    f:\n  \"$ref\" : \"x.yaml#/A\"\n$refs: none\n";
        assert_eq!(references(text.as_bytes()), ["x.yaml#/A", "y.yaml", "z/z.json#/Z", "w.yaml"]);
        let blocks =
            "a:\n  $ref: >-\n    x.yaml#/A\nb:\n  $ref: |\n    y.yaml\nc: {$ref: &here 'z.yaml'}\nd: {$ref: *here}\n";
        assert_eq!(references(blocks.as_bytes()), ["x.yaml#/A", "y.yaml", "z.yaml"]);
        let mapping = "discriminator:\n  propertyName: kind\n  mapping:\n    dog: pets/dog.yaml#/Dog\n    cat: Cat\n    cow: '#/x'\n    eel: \"eel.json\"\n";
        assert_eq!(references(mapping.as_bytes()), ["pets/dog.yaml#/Dog", "eel.json"]);
        let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(references(&[b"\xff\xfe".as_slice(), &wide].concat()).len(), 4);
        assert!(references(b"{\"$ref\": \"unfinished").is_empty());
    }

    #[test]
    fn the_digest_covers_every_file() {
        let alone = Input::of_bytes("api.yaml", b"x".to_vec());
        assert_eq!(alone.digest(), Digest::of_bytes(b"x"));
        let part = |bytes| Part { name: "b.yaml".to_owned(), bytes };
        let with = |bytes| Input { others: vec![part(bytes)], ..alone.clone() }.digest();
        let overlaid = Input { overlays: vec![part(Ok(b"o".to_vec()))], ..alone.clone() }.digest();
        let all =
            [alone.digest(), with(Ok(b"1".to_vec())), with(Ok(b"2".to_vec())), with(Err(Lacking::Missing)), overlaid];
        let different: std::collections::BTreeSet<&str> = all.iter().map(Digest::as_str).collect();
        assert_eq!(different.len(), all.len());
    }
}
