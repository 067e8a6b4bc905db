//! The files that a description refers to, as trees.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::decode;
use super::input::{Lacking, Part, is_url, target};
use super::recognise::{self, Document};
use crate::base::tree::{Arena, Node};
use crate::finding::Finding;

/// The description and the files that it refers to, by name.
#[derive(Debug, Clone, Default)]
pub struct Others<'d>(Arc<Files<'d>>);

#[derive(Debug, Default)]
struct Files<'d> {
    /// Name of the description itself.
    main: String,
    /// As the user named it.
    origin: String,
    root: Option<Node<'d>>,
    trees: BTreeMap<String, Result<Node<'d>, Lacking>>,
    /// Files in a language of their own.
    texts: BTreeMap<String, &'d str>,
}

/// A file whose bytes are text by now.
pub(super) struct Decoded<'b> {
    name: String,
    text: Result<Cow<'b, str>, Lacking>,
}

/// The texts of files; what is wrong with one is told where it is referred to.
pub(super) fn decoded<'b>(parts: &'b [Part], origin: &str) -> Vec<Decoded<'b>> {
    let one = |part: &'b Part| {
        let text = part.bytes.as_deref().map_err(Clone::clone).and_then(|bytes| {
            let mut findings = Vec::new();
            decode::text(bytes, &shown(origin, &part.name), &mut findings).ok_or_else(|| unreadable(&findings))
        });
        Decoded { name: part.name.clone(), text }
    };
    parts.iter().map(one).collect()
}

fn unreadable(findings: &[Finding]) -> Lacking {
    let first = findings.iter().max_by_key(|f| f.severity);
    Lacking::Unreadable(first.map_or_else(|| "it is no document".to_owned(), |f| f.message.clone()))
}

/// The last step of a path; an URL whole.
pub(super) fn name_of(origin: &str) -> String {
    if is_url(origin) { origin.to_owned() } else { origin.rsplit(['/', '\\']).next().unwrap_or(origin).to_owned() }
}

/// A file by the way to it from where the user stands.
pub(super) fn shown(origin: &str, name: &str) -> String {
    if is_url(name) {
        return name.to_owned();
    }
    match origin.rfind(['/', '\\']).and_then(|at| origin.get(..=at)) {
        Some(dir) => format!("{dir}{name}"),
        None => name.to_owned(),
    }
}

impl<'d> Others<'d> {
    /// The description `name`, whose top is `root`, and these files. Keys written twice in them are told.
    pub(super) fn new(
        name: &str,
        origin: &str,
        root: Option<Node<'d>>,
        decoded: &'d [Decoded<'_>],
        arena: &'d Arena,
        findings: &mut Vec<Finding>,
    ) -> Self {
        let mut trees = BTreeMap::new();
        let mut texts = BTreeMap::new();
        for Decoded { name, text } in decoded {
            let tree = text.as_ref().map_err(Clone::clone).and_then(|text| {
                let mut said = Vec::new();
                let document = recognise::document(text, &shown(origin, name), arena, &mut said);
                match document {
                    Some(Document::Tree(root)) => {
                        findings.append(&mut said);
                        return Ok(root);
                    }
                    Some(Document::Text(text, _)) => _ = texts.insert(name.clone(), text),
                    None => {}
                }
                Err(unreadable(&said))
            });
            trees.insert(name.clone(), tree);
        }
        Self(Arc::new(Files { main: name.to_owned(), origin: origin.to_owned(), root, trees, texts }))
    }

    /// The file that a reference leads to, from the file `base` (empty: the description itself): its name, empty for the
    /// description itself, and its top.
    ///
    /// # Errors
    /// Why it was not read.
    pub fn find(&self, base: &str, reference: &str) -> Result<(String, Node<'d>), Lacking> {
        let Files { main, root, trees, .. } = &*self.0;
        let name = target(if base.is_empty() { main } else { base }, reference)?;
        if name == *main {
            return root.map(|root| (String::new(), root)).ok_or(Lacking::Missing);
        }
        match trees.get(&name) {
            Some(Ok(root)) => Ok((name, *root)),
            Some(Err(lacking)) => Err(lacking.clone()),
            None if is_url(&name) => Err(Lacking::Url),
            None => Err(Lacking::NotGiven),
        }
    }

    /// The text of a file that is no tree, as the description itself names it: its name and what stands in it.
    ///
    /// # Errors
    /// Why it was not read.
    pub fn text(&self, reference: &str) -> Result<(String, &'d str), Lacking> {
        let name = target(&self.0.main, reference)?;
        match (self.0.texts.get(&name), self.0.trees.get(&name)) {
            (Some(text), _) => Ok((name, text)),
            (None, Some(Err(lacking))) => Err(lacking.clone()),
            (None, Some(Ok(_))) => Err(Lacking::Unreadable("it is in another language".to_owned())),
            (None, None) if is_url(&name) => Err(Lacking::Url),
            (None, None) => Err(Lacking::NotGiven),
        }
    }

    /// There is no file but the description.
    pub fn is_empty(&self) -> bool {
        self.0.trees.is_empty() && self.0.texts.is_empty()
    }

    /// A file of this description as a person finds it.
    #[must_use]
    pub fn shown(&self, name: &str) -> String {
        shown(&self.0.origin, name)
    }

    /// All that could be read beside the description itself, each with [`Others::shown`].
    pub(super) fn trees(&self) -> impl Iterator<Item = (String, Node<'d>)> {
        self.0.trees.iter().filter_map(|(name, tree)| Some((self.shown(name), *tree.as_ref().ok()?)))
    }

    /// All texts beside the description itself, each with [`Others::shown`].
    pub(super) fn texts(&self) -> impl Iterator<Item = (String, &'d str)> {
        self.0.texts.iter().map(|(name, text)| (self.shown(name), *text))
    }
}
