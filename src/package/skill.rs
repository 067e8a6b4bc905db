//! The self-contained skill: its directory, with the project's examples, tests and resources inside, and every link of
//! its documents leading to where its target now lies.

use std::collections::BTreeMap;

use pulldown_cmark::{Event, Options, Parser, Tag};

use super::Source;
use super::archive::Entry;
use crate::skill::{Content, MAIN, Tree, resolve};

/// Why the skill cannot be shipped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotShipped {
    /// The directory that the source names holds no skill.
    #[error("{path} is no skill: it holds no {MAIN}")]
    NoSkill {
        /// The directory.
        path: String,
    },
    /// An artifact that the source names is not there.
    #[error("{path} is named as an artifact of the skill and is not there")]
    NoArtifact {
        /// The artifact.
        path: String,
    },
    /// A file that cannot go into a package.
    #[error("{path} cannot be shipped: {because}")]
    Unfit {
        /// The file.
        path: String,
        /// Why.
        because: String,
    },
}

/// The files of the shipped skill, by path below its directory.
///
/// # Errors
/// [`NotShipped`]; nothing is left out silently.
pub fn ships(source: &Source, tree: &Tree) -> Result<Vec<Entry>, NotShipped> {
    let base = &source.skill;
    if !tree.has(&format!("{base}/{MAIN}")) {
        return Err(NotShipped::NoSkill { path: base.clone() });
    }
    // New path, by old path.
    let mut places: BTreeMap<String, String> = BTreeMap::new();
    for artifact in &source.artifacts {
        let mut any = false;
        for path in
            tree.get(artifact).map(|_| artifact.as_str()).into_iter().chain(tree.below(artifact).map(|(p, _)| p))
        {
            places.insert(path.to_owned(), path.to_owned());
            any = true;
        }
        if !any {
            return Err(NotShipped::NoArtifact { path: artifact.clone() });
        }
    }
    for (path, _) in tree.below(base) {
        places.insert(path.to_owned(), path[base.len() + 1..].to_owned());
    }
    let mut taken: BTreeMap<&str, &str> = BTreeMap::new();
    for (old, new) in &places {
        if let Some(other) = taken.insert(new, old) {
            let because = format!("{other} would lie at the same place, {new}");
            return Err(NotShipped::Unfit { path: old.clone(), because });
        }
    }
    let mut out = Vec::new();
    for (old, new) in &places {
        let Some(file) = tree.get(old) else { continue };
        let unfit = |because: &str| NotShipped::Unfit { path: old.clone(), because: because.to_owned() };
        let bytes = match &file.content {
            Content::Text(text) if is_markdown(old) => relinked(source, &places, tree, old, new, text).into_bytes(),
            Content::Text(text) => text.as_bytes().to_vec(),
            Content::Binary(bytes) => bytes.to_vec(),
            Content::TooLarge(size) => return Err(unfit(&format!("it has {size} bytes"))),
            Content::Link(to) => return Err(unfit(&format!("it is a link to {to}"))),
            Content::Unreadable(because) => return Err(unfit(because)),
        };
        out.push(Entry { path: new.clone(), bytes, executable: file.executable });
    }
    out.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(out)
}

fn is_markdown(path: &str) -> bool {
    path.rsplit_once('.').is_some_and(|(_, ext)| ext.eq_ignore_ascii_case("md"))
}

/// The document with its links leading to the same files: inside the package where they are in it, else to the source.
fn relinked(
    source: &Source,
    places: &BTreeMap<String, String>,
    tree: &Tree,
    old: &str,
    new: &str,
    text: &str,
) -> String {
    let mut edits: Vec<(usize, usize, String)> = Vec::new();
    for (event, range) in Parser::new_ext(text, Options::all()).into_offset_iter() {
        let Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) = event else { continue };
        let (path, anchor) = dest_url.split_once('#').map_or((&*dest_url, ""), |(p, a)| (p, a));
        if path.is_empty() || path.contains(':') || path.starts_with('/') {
            continue;
        }
        let Some(target) = resolve(old.rsplit_once('/').map_or("", |(dir, _)| dir), path) else { continue };
        let there = tree.has(&target) || target.is_empty() || tree.has_dir(&target);
        let next = match moved(places, &target) {
            Some(place) => relative(new, &place),
            // A link that leads nowhere is for `verify` to find, not for us to hide.
            None if !there && !target.contains('.') => continue,
            None => match &source.repository {
                Some(url) => format!("{}/blob/v{}/{target}", url.trim_end_matches('/'), source.version),
                None => continue,
            },
        };
        let next = if anchor.is_empty() { next } else { format!("{next}#{anchor}") };
        // The destination stands after the words of the link; the last occurrence is it.
        let Some(at) = text.get(range.clone()).and_then(|t| t.rfind(&*dest_url)) else { continue };
        if next != *dest_url {
            edits.push((range.start + at, range.start + at + dest_url.len(), next));
        }
    }
    edits.sort();
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for (from, to, with) in edits {
        if from < done {
            continue;
        }
        out.push_str(text.get(done..from).unwrap_or_default());
        out.push_str(&with);
        done = to;
    }
    out.push_str(text.get(done..).unwrap_or_default());
    out
}

/// Where a file or directory lies in the package.
fn moved(places: &BTreeMap<String, String>, target: &str) -> Option<String> {
    if let Some(place) = places.get(target) {
        return Some(place.clone());
    }
    let below = format!("{target}/");
    let (old, new) = places.iter().find(|(old, _)| old.starts_with(&below))?;
    new.strip_suffix(&old[target.len()..]).map(str::to_owned)
}

/// The way from one file to another.
fn relative(from: &str, to: &str) -> String {
    let mut dir: Vec<&str> = from.split('/').collect();
    dir.pop();
    let target: Vec<&str> = to.split('/').filter(|p| !p.is_empty()).collect();
    let same = dir.iter().zip(&target).take_while(|(a, b)| a == b).count();
    let mut out: Vec<&str> = vec![".."; dir.len() - same];
    out.extend(&target[same..]);
    if out.is_empty() { ".".to_owned() } else { out.join("/") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_between_files() {
        assert_eq!(relative("SKILL.md", "references/a.md"), "references/a.md");
        assert_eq!(relative("references/a.md", "examples/b/c.yaml"), "../examples/b/c.yaml");
        assert_eq!(relative("examples/a/README.md", "examples/a/x"), "x");
        assert_eq!(relative("examples/README.md", "examples"), ".");
        assert_eq!(resolve("skill/s", "../../examples/a").as_deref(), Some("examples/a"));
        assert_eq!(resolve("", "../x"), None);
    }
}
