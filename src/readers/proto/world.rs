//! The description with the files that it imports, and what a name means in it.

use std::collections::{HashMap, HashSet, VecDeque};

use super::file::{Body, Field, File, Type};
use super::parse::parse;
use crate::base::pointer;
use crate::base::text::{plural, quoted};
use crate::base::yaml::Span;
use crate::finding::{Finding, Location};
use crate::readers::{Others, Source};

/// Most faults told of one file.
const MOST_TOLD: usize = 25;
/// Most directories left out of the way to an imported file.
const MOST_ROOTS: usize = 8;
/// Files that every compiler brings along, or that only say what options there are.
const AT_HAND: [&str; 6] =
    ["google/protobuf/", "google/api/", "buf/validate/", "validate/", "protoc-gen-openapiv2/", "gogoproto/"];

/// One file, read.
pub(super) struct Loaded<'d> {
    /// As [`Others::find`] names it: empty for the description itself.
    pub(super) name: String,
    pub(super) file: File<'d>,
}

/// Place of a type: its file, and its number there.
pub(super) type TypeAt = (usize, usize);

/// All files, the description first.
pub(super) struct World<'d> {
    pub(super) files: Vec<Loaded<'d>>,
    by_name: HashMap<String, TypeAt>,
}

/// The names under which an imported file may lie below the directory of the description, most telling first. Imports
/// start at a root that no file states, and the description may lie anywhere below it.
pub(super) fn places(import: &str) -> impl Iterator<Item = &str> {
    let roots = if at_hand(import) { 0 } else { MOST_ROOTS };
    std::iter::successors(Some(import), |path| Some(path.split_once('/')?.1)).take(roots + 1)
}

fn at_hand(import: &str) -> bool {
    AT_HAND.iter().any(|known| import.starts_with(known))
}

impl<'d> World<'d> {
    /// Reads the description and all that it imports.
    pub(super) fn load(text: &'d str, source: &Source<'d>, findings: &mut Vec<Finding>) -> Self {
        let mut files = Vec::new();
        let mut known: HashSet<String> = HashSet::from([String::new()]);
        let mut queue: VecDeque<(String, &'d str)> = VecDeque::from([(String::new(), text)]);
        while let Some((name, text)) = queue.pop_front() {
            let file = parse(text);
            let shown = if name.is_empty() { source.origin.clone() } else { source.others.shown(&name) };
            told(&file, text, &shown, findings);
            for import in &file.imports {
                match found(&source.others, &import.path) {
                    Ok((name, text)) => {
                        if known.insert(name.clone()) {
                            queue.push_back((name, text));
                        }
                    }
                    Err(_) if at_hand(&import.path) => {}
                    Err(lacking) => {
                        let (code, what, fix) = lacking.words();
                        let at = Location::at(&shown, Span::of(text, import.at));
                        let message = format!("\"{}\" {what}", quoted(&import.path, 120));
                        findings.push(Finding::warning(code, at, message).fix(fix));
                    }
                }
            }
            files.push(Loaded { name, file });
        }
        let mut by_name = HashMap::new();
        for (f, Loaded { file, .. }) in files.iter().enumerate() {
            for (t, of) in file.types.iter().enumerate() {
                by_name.entry(full(file.package, &of.name)).or_insert((f, t));
            }
        }
        Self { files, by_name }
    }

    pub(super) fn ty(&self, at: TypeAt) -> Option<&Type<'d>> {
        self.files.get(at.0)?.file.types.get(at.1)
    }

    pub(super) fn package(&self, file: usize) -> &'d str {
        self.files.get(file).map_or("", |f| f.file.package)
    }

    /// The fields of a message; none of an enumeration.
    pub(super) fn fields(&self, at: TypeAt) -> &[Field<'d>] {
        match self.ty(at).map(|t| &t.body) {
            Some(Body::Message(fields)) => fields,
            _ => &[],
        }
    }

    /// What a name means in a message, or in a package: from the inside out.
    pub(super) fn find(&self, package: &str, within: &str, name: &str) -> Option<TypeAt> {
        if let Some(absolute) = name.strip_prefix('.') {
            return self.by_name.get(absolute).copied();
        }
        let around = full(package, within);
        let mut scope = around.as_str();
        loop {
            if let Some(found) = self.by_name.get(full(scope, name).as_str()) {
                return Some(*found);
            }
            if scope.is_empty() {
                return None;
            }
            scope = scope.rsplit_once('.').map_or("", |(outer, _)| outer);
        }
    }

    /// What a type is called here: within the package of the description by its own name, else in full.
    pub(super) fn shown(&self, at: TypeAt) -> String {
        let name = self.ty(at).map_or("", |t| &t.name);
        let package = self.package(at.0);
        if package == self.package(0) { name.to_owned() } else { full(package, name) }
    }

    /// The place of a type: `#/messages/Book`, `common.proto#/enums/shared.State`.
    pub(super) fn pointer(&self, at: TypeAt) -> String {
        let kind = match self.ty(at).map(|t| &t.body) {
            Some(Body::Enum(_)) => "enums",
            _ => "messages",
        };
        let file = self.files.get(at.0).map_or("", |f| &f.name);
        pointer::join(&format!("{file}#/{kind}"), &self.shown(at))
    }
}

/// A name in a package, or in another name.
fn full(package: &str, name: &str) -> String {
    match (package, name) {
        ("", name) => name.to_owned(),
        (package, "") => package.to_owned(),
        (package, name) => [package, name].join("."),
    }
}

fn found<'d>(others: &Others<'d>, import: &str) -> Result<(String, &'d str), crate::readers::Lacking> {
    let mut first = None;
    for place in places(import) {
        match others.text(place) {
            Ok(found) => return Ok(found),
            Err(lacking) => _ = first.get_or_insert(lacking),
        }
    }
    Err(first.unwrap_or(crate::readers::Lacking::Missing))
}

fn told(file: &File<'_>, text: &str, shown: &str, findings: &mut Vec<Finding>) {
    for (at, because) in file.faults.iter().take(MOST_TOLD) {
        let message = format!("the file has a syntax error here: {because}");
        findings.push(
            Finding::warning("broken-proto", Location::at(shown, Span::of(text, *at)), message)
                .fix("correct the syntax at this place; what stands around it was read"),
        );
    }
    if file.faults.len() > MOST_TOLD {
        let message = format!("more than {} like this were found", plural(MOST_TOLD as u64, "place"));
        findings.push(Finding::note("broken-proto", Location::at(shown, Span { line: 1, column: 1 }), message));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_import_is_looked_for_from_every_root_that_may_be_meant() {
        assert_eq!(
            places("library/v1/book.proto").collect::<Vec<_>>(),
            ["library/v1/book.proto", "v1/book.proto", "book.proto"]
        );
        assert_eq!(places("google/api/http.proto").count(), 1);
        assert_eq!(places(&"a/".repeat(1000)).count(), MOST_ROOTS + 1);
    }
}
