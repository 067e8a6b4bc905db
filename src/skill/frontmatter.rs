//! The YAML between the two `---` lines at the top of `SKILL.md`.

use std::ops::Range;

use crate::base::yaml::{self, Kind, Limits, Node, Span};

/// The keys that the standard knows.
pub const KEYS: [&str; 6] = ["name", "description", "license", "compatibility", "metadata", "allowed-tools"];

/// A byte order mark.
const BOM: char = '\u{feff}';
/// How far down a front matter is looked for that something was put before, in lines.
const BANNER: usize = 60;

/// Front matter as written.
#[derive(Debug, Clone, PartialEq)]
pub struct FrontMatter {
    /// The mapping.
    pub node: Node,
    /// The line on which the body begins, from 1.
    pub body_line: u32,
    /// Whether a byte order mark stands before it.
    pub bom: bool,
    /// The bytes of the YAML, without the two lines `---`.
    pub yaml: Range<usize>,
}

/// Why there is no front matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoFrontMatter {
    /// The file does not begin with it.
    Missing,
    /// It is there, and something stands before it.
    Displaced {
        /// Where it begins.
        at: Span,
        /// The bytes before it, a byte order mark aside.
        banner: Range<usize>,
        /// Its bytes, both lines `---` included.
        block: Range<usize>,
    },
    /// It begins, and cannot be read.
    Malformed {
        /// Where.
        at: Span,
        /// Why, as a fragment.
        because: String,
        /// The bytes of the YAML, without the two lines `---`; empty where it is not closed.
        yaml: Range<usize>,
    },
}

impl FrontMatter {
    /// The text under a key, where it is text.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<&str> {
        self.node.get(key)?.as_str()
    }

    /// Where a key stands; the first line where it is missing.
    #[must_use]
    pub fn at(&self, key: &str) -> Span {
        let entries = self.node.entries().unwrap_or_default();
        entries.iter().find(|e| e.key == key).map_or(Span { line: 1, column: 1 }, |e| e.key_at)
    }

    /// The bytes of the lines that a top-level key takes in `text`, which is what it was read from: up to the next key,
    /// comments before that one left out.
    #[must_use]
    pub fn lines_of(&self, text: &str, key: &str) -> Option<Range<usize>> {
        let entries = self.node.entries()?;
        let own = entries.iter().find(|e| e.key == key)?;
        let next = entries.iter().map(|e| e.key_at.line).filter(|l| *l > own.key_at.line).min();
        let start = byte_of_line(text, own.key_at.line)?;
        let limit = next.and_then(|l| byte_of_line(text, l)).unwrap_or(self.yaml.end).min(self.yaml.end);
        // Blank lines and comments at the end belong to what follows.
        let kept = lines(text.get(..limit)?, start)
            .enumerate()
            .filter(|(i, (_, line))| *i == 0 || !(line.trim().is_empty() || line.trim_start().starts_with('#')))
            .last();
        let (_, (at, _)) = kept?;
        let end = text.get(at..limit)?.find('\n').map_or(limit, |n| at + n + 1);
        Some(start..end)
    }
}

/// The byte at which a line begins, from 1.
#[must_use]
pub(super) fn byte_of_line(text: &str, line: u32) -> Option<usize> {
    let line = usize::try_from(line).ok()?.checked_sub(1)?;
    if line == 0 {
        return Some(0);
    }
    text.match_indices('\n').nth(line - 1).map(|(at, _)| at + 1)
}

/// The byte of a place; nothing where the text has no such line, the end of the line where that is shorter.
#[must_use]
pub fn byte_at(text: &str, at: Span) -> Option<usize> {
    let start = byte_of_line(text, at.line)?;
    let line = text.get(start..)?.lines().next().unwrap_or_default();
    let column = usize::try_from(at.column).ok()?.saturating_sub(1);
    Some(start + line.char_indices().nth(column).map_or(line.len(), |(i, _)| i))
}

/// Lines with the byte at which each begins, without its break.
fn lines(text: &str, from: usize) -> impl Iterator<Item = (usize, &str)> {
    let mut at = from;
    text.get(from..).unwrap_or_default().split_inclusive('\n').map(move |line| {
        let start = at;
        at += line.len();
        (start, line.trim_end_matches(['\n', '\r']))
    })
}

/// A line that opens or closes front matter.
fn is_rule(line: &str) -> bool {
    line.trim_end() == "---"
}

/// A front matter at a byte: its YAML, and where what follows begins.
fn block(text: &str, from: usize) -> Option<(Range<usize>, usize)> {
    let mut all = lines(text, from);
    let (_, first) = all.next()?;
    if !is_rule(first) {
        return None;
    }
    let mut yaml = None;
    for (at, line) in all {
        let start = *yaml.get_or_insert(at);
        if is_rule(line) {
            let end = lines(text, at).nth(1).map_or(text.len(), |(next, _)| next);
            return Some((start..at, end));
        }
    }
    None
}

/// A front matter that does not stand at the top: where it begins, its YAML, and where what follows begins.
fn displaced(text: &str, from: usize) -> Option<(usize, Range<usize>, usize)> {
    let (at, _) = lines(text, from).take(BANNER).find(|(_, line)| is_rule(line))?;
    let (yaml, end) = block(text, at)?;
    let keys = ["name:", "description:"];
    let has = |key: &&str| lines(text.get(..yaml.end)?, yaml.start).find(|(_, line)| line.starts_with(key));
    keys.iter().all(|key| has(key).is_some()).then_some((at, yaml, end))
}

/// The byte at which the body of a document begins: after the front matter, wherever that stands.
pub(super) fn body(text: &str) -> usize {
    let from = if text.starts_with(BOM) { BOM.len_utf8() } else { 0 };
    if let Some((_, end)) = block(text, from) {
        return end;
    }
    if lines(text, from).next().is_some_and(|(_, line)| is_rule(line)) {
        // It is not closed: up to the first empty line it is taken for one all the same.
        return lines(text, from).find(|(_, line)| line.trim().is_empty()).map_or(text.len(), |(at, _)| at);
    }
    displaced(text, from).map_or(from, |(_, _, end)| end)
}

/// Reads the front matter of a document.
///
/// # Errors
/// Why there is none; positions count from the top of the file.
pub fn parse(text: &str) -> Result<FrontMatter, NoFrontMatter> {
    let bom = text.starts_with(BOM);
    let from = if bom { BOM.len_utf8() } else { 0 };
    if !lines(text, from).next().is_some_and(|(_, line)| is_rule(line)) {
        return Err(displaced(text, from).map_or(NoFrontMatter::Missing, |(at, _, end)| NoFrontMatter::Displaced {
            at: super::places::Places::new(text).at(at),
            banner: from..at,
            block: at..end,
        }));
    }
    let Some((range, end)) = block(text, from) else {
        let because = "the front matter is not closed by a line ---".to_owned();
        return Err(NoFrontMatter::Malformed { at: Span { line: 1, column: 1 }, because, yaml: 0..0 });
    };
    let malformed = |at: Span, because: String| NoFrontMatter::Malformed { at, because, yaml: range.clone() };
    // The first line stays in as an empty one, so that positions are those of the file.
    let raw = text.get(range.clone()).unwrap_or_default();
    let yaml = format!("\n{}", raw.replace("\r\n", "\n"));
    let mut node =
        yaml::parse(&yaml, Limits { depth: 8, nodes: 1_000 }).map_err(|e| malformed(e.at, e.because.clone()))?;
    if !matches!(node.kind, Kind::Map(_)) {
        return Err(malformed(node.at, format!("it must be a mapping, this is {}", node.kind_name())));
    }
    if let Some(twice) = node.duplicate_key() {
        return Err(malformed(twice.key_at, format!("key {} is written twice", twice.key)));
    }
    node.at = Span { line: 1, column: 1 };
    let body_line = u32::try_from(text.get(..end).unwrap_or_default().matches('\n').count() + 1).unwrap_or(u32::MAX);
    Ok(FrontMatter { node, body_line, bom, yaml: range })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_those_of_the_file() {
        for text in [
            "---\nname: a\ndescription: b\n---\n# Body\n",
            "\u{feff}---\r\nname: a\r\ndescription: b\r\n---\r\n# Body\r\n",
        ] {
            let front = parse(text).expect("front matter");
            assert_eq!(front.at("description"), Span { line: 3, column: 1 });
            assert_eq!((front.text("name"), front.text("description"), front.body_line), (Some("a"), Some("b"), 5));
            assert_eq!(&text[body(text)..].trim_end(), &"# Body");
            assert_eq!(front.bom, text.starts_with(BOM));
        }
    }

    #[test]
    fn a_key_takes_its_lines() {
        let text = "---\nname: a\nx-list:\n  - one\n\n# next\nlicense: MIT\n---\n";
        let front = parse(text).expect("front matter");
        let of = |key| front.lines_of(text, key).map(|r| &text[r]);
        assert_eq!(of("name"), Some("name: a\n"));
        assert_eq!(of("x-list"), Some("x-list:\n  - one\n"));
        assert_eq!(of("license"), Some("license: MIT\n"));
        assert_eq!(of("none"), None);
    }

    #[test]
    fn what_cannot_be_read_says_where() {
        assert_eq!(parse("# Body"), Err(NoFrontMatter::Missing));
        assert_eq!(parse("<!-- x -->\n---\n"), Err(NoFrontMatter::Missing));
        assert_eq!(
            parse("# A title\n\n---\n\nname: no key\n\n---\n"),
            Err(NoFrontMatter::Missing),
            "rules are no front matter"
        );
        let because = |text| match parse(text) {
            Err(NoFrontMatter::Malformed { at, because, .. }) => format!("{at} {because}"),
            other => format!("{other:?}"),
        };
        assert_eq!(because("---\nname: a\n"), "1:1 the front matter is not closed by a line ---");
        assert_eq!(because("---\nname: a\nname: b\n---\n"), "3:1 key name is written twice");
        assert_eq!(because("---\n- a\n---\n"), "2:1 it must be a mapping, this is a list");
        assert!(because("---\nname: a: b\n---\n").starts_with("2:"));
        assert!(because("---\n---\n").contains("empty"));
    }

    #[test]
    fn a_banner_is_no_reason_not_to_find_it() {
        let text = "/* == */\n\n---\nname: a\ndescription: b\n---\n# Body\n";
        let found = parse(text);
        let Err(NoFrontMatter::Displaced { at, banner, block }) = found else { panic!("{found:?}") };
        assert_eq!((at.line, &text[banner], &text[block]), (3, "/* == */\n\n", "---\nname: a\ndescription: b\n---\n"));
        assert_eq!(&text[body(text)..], "# Body\n");
    }
}
