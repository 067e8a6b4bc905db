//! The document being read: references resolved, findings kept in bounds.

use std::collections::{BTreeMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use crate::base::text::{plural, quoted};
use crate::base::tree::{Arena, Node, Place};
use crate::finding::{Finding, Location, Severity};
use crate::readers::Others;

/// Most findings of one code; more of the same would hide the others.
const MOST_OF_A_CODE: usize = 25;
/// Most references followed in a row.
const MOST_HOPS: usize = 32;

/// What stands somewhere in the document, and where.
#[derive(Debug, Clone, Copy)]
pub(in crate::readers) struct At<'d> {
    /// What stands there.
    pub(in crate::readers) value: Node<'d>,
    /// Where.
    pub(in crate::readers) place: Place<'d>,
    arena: &'d Arena,
}

impl<'d> At<'d> {
    /// Its pointer, with the leading `#`; before that the file's name, where it is not the description itself.
    pub(in crate::readers) fn pointer(&self) -> String {
        self.place.pointer()
    }

    /// The place of a key below this one.
    pub(in crate::readers) fn child(&self, key: &str) -> Option<Self> {
        let (key, value) = self.value.as_map()?.entry(key)?;
        Some(self.below(key, value))
    }

    /// The place of an entry of this object.
    pub(in crate::readers) fn below(&self, key: &'d str, value: Node<'d>) -> Self {
        Self { value, place: self.place.key(self.arena, key), arena: self.arena }
    }

    /// All places below an object, in order, extensions (`x-`) left out.
    pub(in crate::readers) fn children(&self) -> impl Iterator<Item = (&'d str, Self)> + use<'d> {
        let here = *self;
        self.value
            .entries()
            .filter(|(key, _)| !key.starts_with("x-"))
            .map(move |(key, value)| (key, here.below(key, value)))
    }

    /// All places below an array, in order.
    pub(in crate::readers) fn items(&self) -> impl Iterator<Item = Self> + use<'d> {
        let Self { place, arena, .. } = *self;
        self.value.items().enumerate().map(move |(i, value)| Self { value, place: place.index(arena, i), arena })
    }

    /// What sets this object apart from all others of the document; nothing of what is no object.
    pub(in crate::readers) fn identity(&self) -> Option<usize> {
        self.value.as_map().map(crate::base::tree::Map::identity)
    }

    /// The text under a key.
    pub(in crate::readers) fn text(&self, key: &str) -> Option<&'d str> {
        self.value.get(key)?.as_str()
    }

    /// The text under a key, cleaned and at most `max` characters long; empty where there is none.
    pub(in crate::readers) fn quoted(&self, key: &str, max: usize) -> String {
        self.text(key).map(|t| quoted(t, max)).unwrap_or_default()
    }

    /// Whether the key holds `true`.
    pub(in crate::readers) fn flag(&self, key: &str) -> bool {
        self.value.get(key).and_then(Node::as_bool).unwrap_or(false)
    }

    /// The object's `$ref`, if it has one. Written as a block of YAML, it ends in a line break that is not meant.
    pub(in crate::readers) fn reference(&self) -> Option<&'d str> {
        self.text("$ref").map(str::trim)
    }
}

/// The document and what was found in it.
pub(in crate::readers) struct Document<'d> {
    root: Node<'d>,
    arena: &'d Arena,
    /// What the document calls itself (`$self` of OpenAPI 3.2): references to it stay inside.
    itself: Option<&'d str>,
    origin: String,
    others: Others<'d>,
    /// With what tells each from the others of its code.
    findings: Vec<(u64, Finding)>,
    /// All that came, those left out included.
    seen: BTreeMap<&'static str, HashSet<u64>>,
}

/// What a document is read from, to be read on another thread too.
#[derive(Clone)]
pub(in crate::readers) struct Origin<'d> {
    root: Node<'d>,
    origin: String,
    others: Others<'d>,
}

impl Origin<'_> {
    /// The document, with places in an arena of its own and no finding yet.
    pub(in crate::readers) fn document<'a>(&'a self, arena: &'a Arena) -> Document<'a> {
        Document::new(self.root, &self.origin, arena).with(&self.others)
    }
}

/// What was found in a document, and how often.
pub(in crate::readers) struct Told {
    findings: Vec<(u64, Finding)>,
    seen: BTreeMap<&'static str, HashSet<u64>>,
}

impl<'d> Document<'d> {
    /// A document read from `origin`; places in it are kept in the arena.
    pub(in crate::readers) fn new(root: Node<'d>, origin: &str, arena: &'d Arena) -> Self {
        let itself = root.get("$self").and_then(Node::as_str).filter(|s| !s.is_empty());
        Self {
            root,
            arena,
            itself,
            origin: origin.to_owned(),
            others: Others::default(),
            findings: Vec::new(),
            seen: BTreeMap::new(),
        }
    }

    /// With the files that it refers to.
    pub(in crate::readers) fn with(self, others: &Others<'d>) -> Self {
        Self { others: others.clone(), ..self }
    }

    /// What it is read from.
    pub(in crate::readers) fn origin(&self) -> Origin<'d> {
        Origin { root: self.root, origin: self.origin.clone(), others: self.others.clone() }
    }

    /// The same document without its findings.
    pub(in crate::readers) fn anew(&self) -> Self {
        Self::new(self.root, &self.origin, self.arena).with(&self.others)
    }

    /// What was found.
    pub(in crate::readers) fn told(self) -> Told {
        Told { findings: self.findings, seen: self.seen }
    }

    /// Takes over what was found elsewhere; what is known is not told again.
    pub(in crate::readers) fn absorb(&mut self, told: Told) {
        for (hash, finding) in told.findings {
            self.keep(hash, finding);
        }
        for (code, hashes) in told.seen {
            self.seen.entry(code).or_default().extend(hashes);
        }
    }

    fn keep(&mut self, hash: u64, finding: Finding) {
        let seen = self.seen.entry(finding.code).or_default();
        if seen.insert(hash) && seen.len() <= MOST_OF_A_CODE {
            self.findings.push((hash, finding));
        }
    }

    /// The top of the document.
    pub(in crate::readers) fn top(&self) -> At<'d> {
        self.place(self.root, "#")
    }

    fn place(&self, value: Node<'d>, pointer: &'d str) -> At<'d> {
        At { value, place: Place::start(self.arena, pointer), arena: self.arena }
    }

    /// What stands under a path of keys from the top.
    pub(in crate::readers) fn at(&self, keys: &[&str]) -> Option<At<'d>> {
        keys.iter().try_fold(self.top(), |at, key| at.child(key))
    }

    /// A finding at a pointer. Of one code only the first are kept; [`Document::into_findings`] tells how many came.
    pub(in crate::readers) fn find(
        &mut self,
        severity: Severity,
        code: &'static str,
        pointer: impl Into<String>,
        message: impl Into<String>,
        fix: &str,
    ) {
        let (pointer, message): (String, String) = (pointer.into(), message.into());
        let mut hasher = DefaultHasher::new();
        (&pointer, &message).hash(&mut hasher);
        let hash = hasher.finish();
        let seen = self.seen.entry(code).or_default();
        if seen.len() >= MOST_OF_A_CODE {
            seen.insert(hash);
            return;
        }
        let at = match pointer.split_once('#') {
            Some((file, _)) if !file.is_empty() => {
                let inside = pointer.get(file.len()..).unwrap_or_default().to_owned();
                Location::pointer(self.others.shown(file), inside)
            }
            _ => Location::pointer(&self.origin, pointer),
        };
        let finding = match severity {
            Severity::Note => Finding::note(code, at, message),
            Severity::Warning => Finding::warning(code, at, message),
            Severity::Error => Finding::error(code, at, message),
        };
        self.keep(hash, finding.fix(fix));
    }

    /// A warning at a pointer.
    pub(in crate::readers) fn warn(
        &mut self,
        code: &'static str,
        pointer: &str,
        message: impl Into<String>,
        fix: &str,
    ) {
        self.find(Severity::Warning, code, pointer, message, fix);
    }

    /// All findings, with a note for each code of which some were left out.
    pub(in crate::readers) fn into_findings(mut self) -> Vec<Finding> {
        let mut findings: Vec<Finding> = self.findings.drain(..).map(|(_, finding)| finding).collect();
        for (code, seen) in &self.seen {
            if seen.len() > MOST_OF_A_CODE {
                let message =
                    format!("{} more like this were found", plural((seen.len() - MOST_OF_A_CODE) as u64, "place"));
                findings.push(Finding::note(*code, Location::pointer(&self.origin, "#"), message));
            }
        }
        findings
    }

    /// Follows a reference to its end. Nothing, and a finding at `at`, where it leads nowhere or in a circle.
    pub(in crate::readers) fn resolve(&mut self, at: At<'d>) -> Option<At<'d>> {
        let mut here = at;
        for _ in 0..MOST_HOPS {
            let Some(reference) = here.reference() else { return Some(here) };
            here = self.step(reference, here.place, at.place)?;
        }
        let from = at.pointer();
        // A circle comes back to where the chain has led so far.
        let mut again = here;
        let circle = (0..MOST_HOPS).any(|_| {
            let next = again.reference().and_then(|reference| self.step(reference, again.place, at.place));
            again = next.unwrap_or(again);
            again.identity() == here.identity()
        });
        if circle {
            let message = "the reference leads back to itself";
            self.warn("reference-cycle", &from, message, "point it at the thing that is meant");
        } else {
            let message =
                format!("the reference leads through more than {MOST_HOPS} others; it is not followed further");
            self.warn("reference-chain", &from, message, "point it at the thing that is meant");
        }
        None
    }

    /// One step of a reference found at `from`.
    pub(in crate::readers) fn target(&mut self, reference: &'d str, from: Place<'d>) -> Option<At<'d>> {
        self.step(reference, from, from)
    }

    /// One step of a reference that stands at `here`, on the way from `from`, where what is wrong is told.
    fn step(&mut self, reference: &'d str, here: Place<'d>, from: Place<'d>) -> Option<At<'d>> {
        let file = here.file();
        let inside = self.itself.and_then(|itself| reference.strip_prefix(itself)).filter(|r| r.starts_with('#'));
        let reference = inside.unwrap_or(reference);
        if !reference.starts_with('#') || !file.is_empty() {
            return self.elsewhere(reference, file, from);
        }
        let found = self.root.pointer(reference);
        // A name without a slash is an anchor or a slip; both lead nowhere here.
        let Some(value) = found.filter(|_| reference == "#" || reference.starts_with("#/")) else {
            let message = format!("\"{}\" does not exist in the description", quoted(reference, 120));
            self.warn("broken-reference", &from.pointer(), message, "add the component or correct the reference");
            return None;
        };
        Some(self.place(value, self.decoded(reference)))
    }

    /// A reference into another file, or one that stands in another file.
    fn elsewhere(&mut self, reference: &'d str, file: &str, from: Place<'d>) -> Option<At<'d>> {
        let fragment = reference.find('#').and_then(|at| reference.get(at..)).unwrap_or("#");
        let whole = fragment == "#";
        let found = self.others.find(file, reference);
        let (name, root) = match found {
            Ok(found) => found,
            Err(lacking) => {
                let (code, what, fix) = lacking.words();
                self.warn(code, &from.pointer(), format!("\"{}\" {what}", quoted(reference, 120)), fix);
                return None;
            }
        };
        let value = root.pointer(fragment).filter(|_| whole || fragment.starts_with("#/"));
        if let Some(value) = value {
            let pointer = self.arena.text(&format!("{name}{}", self.decoded(fragment)));
            return Some(self.place(value, pointer));
        }
        // Some write files to be pasted into the description: there, `#` is the description.
        let pasted = self.root.pointer(fragment).filter(|_| reference.starts_with("#/"));
        if let Some(value) = pasted {
            let message = format!(
                "\"{}\" does not exist in this file; what the description itself has there is read",
                quoted(reference, 120)
            );
            self.warn("broken-reference", &from.pointer(), message, "name the file before the #");
            return Some(self.place(value, self.decoded(fragment)));
        }
        let message = format!("\"{}\" does not exist in that file", quoted(reference, 120));
        self.warn("broken-reference", &from.pointer(), message, "add the component or correct the reference");
        None
    }

    /// A pointer of a reference, percent-encoding taken out.
    fn decoded(&self, pointer: &'d str) -> &'d str {
        if pointer.contains('%') {
            self.arena.text(&percent_encoding::percent_decode_str(pointer).decode_utf8_lossy())
        } else {
            pointer
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn references_lead_somewhere_or_are_told() {
        let root = json!({"a": {"$ref": "#/b"}, "b": {"$ref": "#/c~1d"}, "c/d": 1,
            "x": {"$ref": "#/y"}, "y": {"$ref": "#/x"}, "z": {"$ref": "#/none"}, "o": {"$ref": "o.yaml#/x"}});
        let arena = crate::base::tree::Arena::default();
        let mut doc = Document::new(arena.of_value(&root), "f", &arena);
        let mut end = |key: &str| {
            let at = doc.at(&[key]).expect("is there");
            doc.resolve(at).map(|at| at.pointer())
        };
        assert_eq!(end("a").as_deref(), Some("#/c~1d"));
        assert_eq!((end("x"), end("z"), end("o")), (None, None, None));
        let codes: Vec<String> = doc.into_findings().iter().map(|f| format!("{} {}", f.code, f.location)).collect();
        assert_eq!(codes, ["reference-cycle f#/x", "broken-reference f#/z", "external-reference f#/o"]);
    }

    #[test]
    fn many_of_a_kind_become_a_count() {
        let root = json!({});
        let arena = crate::base::tree::Arena::default();
        let mut doc = Document::new(arena.of_value(&root), "f", &arena);
        for i in 0..30 {
            doc.warn("x", &format!("#/{i}"), "m", "");
            doc.warn("x", "#/0", "m", "");
        }
        let findings = doc.into_findings();
        assert_eq!(findings.len(), 26);
        assert_eq!(findings.last().map(|f| f.message.as_str()), Some("5 places more like this were found"));
    }
}
