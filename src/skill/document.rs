//! A Markdown document, as far as checks look at it. What is inside code is no heading, link or claim.

use std::collections::BTreeMap;
use std::ops::Range;

use super::mark::Mark;
use super::places;
use crate::base::yaml::Span as At;

/// A heading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// 1 for `#`.
    pub level: usize,
    /// Its words.
    pub title: String,
    /// Where.
    pub at: At,
    /// Its bytes, marks and all.
    pub range: Range<usize>,
}

/// How a link is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkKind {
    /// `[text](target)`.
    Inline,
    /// `[text][label]`, `[label][]` or `[label]`, where the label is defined.
    Reference,
    /// `[text][label]` or `[label][]`, where it is not: the target is the label.
    Undefined,
    /// `<https://…>`.
    Auto,
    /// `href` or `src` of HTML.
    Html,
}

/// A link or an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The target as written.
    pub target: String,
    /// How it is written.
    pub kind: LinkKind,
    /// Whether it is an image.
    pub image: bool,
    /// Where the target stands; of a reference, where the link does.
    pub at: At,
    /// The bytes of the target, where they stand in the text as they are in `target`; of a reference, in its definition.
    pub written: Option<Range<usize>>,
}

/// `` `code` `` in a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// The code.
    pub text: String,
    /// Where it begins.
    pub at: At,
    /// The bytes between the backticks.
    pub range: Range<usize>,
}

/// A block of code, fenced or indented.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// The first word after the fence.
    pub language: String,
    /// All that stands after the fence.
    pub info: String,
    /// What the fence says is to be done with the code.
    pub mark: Option<Mark>,
    /// Whether it is fenced; else it is indented.
    pub fenced: bool,
    /// Whether the fence is closed; one that is not runs to the end of what holds it.
    pub closed: bool,
    /// The lines, each with its line break.
    pub text: String,
    /// Where the first line of the content is.
    pub at: At,
    /// Where each line of the content begins, in bytes.
    pub starts: Vec<usize>,
    /// Its bytes, fences and all.
    pub range: Range<usize>,
}

/// `<!-- … -->`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// What is between the marks.
    pub text: String,
    /// Where.
    pub at: At,
    /// Its bytes, marks and all.
    pub range: Range<usize>,
}

/// A table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// The cells of its head.
    pub head: Vec<Cell>,
    /// Its rows.
    pub rows: Vec<Vec<Cell>>,
    /// Where.
    pub at: At,
}

/// One cell of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// Its words, without marks.
    pub text: String,
    /// Where.
    pub at: At,
    /// Its bytes.
    pub range: Range<usize>,
}

/// A line with `Confidence:`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfidenceLine {
    /// From `Confidence:` to the end of the line.
    pub text: String,
    /// Where.
    pub at: At,
    /// Its bytes.
    pub range: Range<usize>,
}

/// One Markdown file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// The file as it is shown.
    pub file: String,
    /// Below the project's root.
    pub path: String,
    /// The whole text.
    pub text: String,
    /// The text byte by byte, with blanks in the place of front matter, code, HTML comments and a byte order mark.
    pub prose: String,
    /// The byte at which the body begins, after the front matter.
    pub body: usize,
    /// Headings, in order.
    pub sections: Vec<Section>,
    /// Links and images, in order.
    pub links: Vec<Link>,
    /// Code in lines, in order.
    pub spans: Vec<Span>,
    /// Blocks of code, in order.
    pub blocks: Vec<Block>,
    /// HTML comments, in order.
    pub comments: Vec<Comment>,
    /// Tables, in order.
    pub tables: Vec<Table>,
    /// Anchors that HTML sets: `id` and `name`.
    pub ids: Vec<String>,
    /// Claims of confidence, in order.
    pub confidence: Vec<ConfidenceLine>,
    /// The byte from which code and prose are told apart otherwise than their writer meant: a fence opens inside a block
    /// that the same mark holds, so that the fence that should close it closes the outer one.
    pub torn: Option<usize>,
    /// Where each line begins.
    pub(super) starts: Vec<usize>,
}

impl Document {
    /// Reads a document; front matter, where there is one, is passed over. Every text can be read.
    #[must_use]
    pub fn parse(file: &str, path: &str, text: &str) -> Self {
        super::markdown::read(file, path, text)
    }

    /// Line and column of a byte.
    #[must_use]
    pub fn place(&self, byte: usize) -> At {
        places::at(&self.text, &self.starts, byte)
    }

    /// Whether at a byte it is not sure what is code and what is prose: see [`Document::torn`].
    #[must_use]
    pub fn is_torn_at(&self, byte: usize) -> bool {
        self.torn.is_some_and(|from| from <= byte)
    }

    /// The anchors of its headings, as GitHub makes them, and those that HTML sets.
    pub fn anchors(&self) -> impl Iterator<Item = String> {
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        let mut out = Vec::with_capacity(self.sections.len() + self.ids.len());
        for section in &self.sections {
            let slug = slug(&section.title);
            let mut anchor = slug.clone();
            // `setup`, `setup-1`, `setup-2`; what another heading has already is not given again.
            while seen.contains_key(&anchor) {
                let times = seen.entry(slug.clone()).or_default();
                *times += 1;
                anchor = format!("{slug}-{times}");
            }
            seen.insert(anchor.clone(), 0);
            out.push(anchor);
            // `## Title {#id}` is what some hosts read.
            if let Some((_, id)) = section.title.strip_suffix('}').and_then(|t| t.rsplit_once("{#")) {
                out.push(id.to_owned());
            }
        }
        out.extend(self.ids.iter().cloned());
        out.into_iter()
    }

    /// Every piece of code with its place: spans, and blocks line by line.
    pub fn code(&self) -> impl Iterator<Item = (&str, At)> {
        let blocks = self.blocks.iter().flat_map(|b| {
            b.text.lines().enumerate().map(|(i, line)| {
                let line_number = b.at.line.saturating_add(u32::try_from(i).unwrap_or(u32::MAX));
                (line, At { line: line_number, column: 1 })
            })
        });
        self.spans.iter().map(|s| (s.text.as_str(), s.at)).chain(blocks)
    }

    /// The bytes below a heading, up to the next one of its level or above; those of sections inside it included.
    #[must_use]
    pub fn below(&self, section: usize) -> Range<usize> {
        let Some(own) = self.sections.get(section) else { return 0..0 };
        let end = self.sections.iter().skip(section + 1).find(|s| s.level <= own.level);
        own.range.end..end.map_or(self.text.len(), |s| s.range.start)
    }

    /// The headings whose title is one of these, letter case aside, by number.
    pub fn titled<'d>(&'d self, titles: &'d [&str]) -> impl Iterator<Item = usize> + 'd {
        self.sections
            .iter()
            .enumerate()
            .filter(|(_, s)| titles.iter().any(|t| s.title.trim_end_matches(':').eq_ignore_ascii_case(t)))
            .map(|(i, _)| i)
    }
}

/// What GitHub makes of a title: lower case, without punctuation, blanks as hyphens.
fn slug(title: &str) -> String {
    title
        .to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_') || is_mark(*c))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

/// A combining mark, which belongs to its letter.
const fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{900}'..='\u{903}' | '\u{93a}'..='\u{94f}' | '\u{e31}' | '\u{e34}'..='\u{e4e}')
}
