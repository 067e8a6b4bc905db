//! Reads Markdown with pulldown-cmark into a [`Document`]: CommonMark with GitHub's tables and footnotes.

use std::ops::Range;
use std::sync::LazyLock;

use pulldown_cmark::{BrokenLink, CodeBlockKind, Event, LinkType, Options, Parser, Tag, TagEnd};
use regex::Regex;

use super::document::{Block, Cell, Comment, ConfidenceLine, Document, Link, LinkKind, Section, Span, Table};
use super::frontmatter;
use super::mark::Mark;
use super::places::{Places, floor};

/// The target of an HTML link or image.
static HREF: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?is)<(a|img|video|audio|source|link)\s(?:[^<>]*?\s)?(?:href|src)\s*=\s*(?:"([^"<>]*)"|'([^'<>]*)'|([^\s"'<>]+))"#)
        .expect("a constant pattern")
});
/// An anchor that HTML sets.
static ID: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?is)<[a-z][a-z0-9]*\s(?:[^<>]*?\s)?(?:id|name)\s*=\s*(?:"([^"<>]*)"|'([^'<>]*)'|([^\s"'<>]+))"#)
        .expect("a constant pattern")
});
/// Where a claim of confidence begins, marks of emphasis around the word or not.
static CLAIM: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\bConfidence(?:\*\*|__|\*|_)?[ \t]*[:：=]").expect("a constant pattern"));

/// Reads a text.
pub(super) fn read(file: &str, path: &str, text: &str) -> Document {
    let body = frontmatter::body(text);
    let document = Document {
        file: file.to_owned(),
        path: path.to_owned(),
        text: text.to_owned(),
        prose: String::new(),
        body,
        sections: Vec::new(),
        links: Vec::new(),
        spans: Vec::new(),
        blocks: Vec::new(),
        comments: Vec::new(),
        tables: Vec::new(),
        ids: Vec::new(),
        confidence: Vec::new(),
        torn: None,
        starts: super::places::starts(text),
    };
    let mut reading = Reading {
        text,
        body,
        places: Places::new(text),
        document,
        heading: None,
        links: Vec::new(),
        block: None,
        table: None,
        cell: None,
        html: None,
        hidden: Vec::new(),
    };
    reading.all();
    reading.finish()
}

struct Reading<'t> {
    text: &'t str,
    body: usize,
    places: Places<'t>,
    document: Document,
    heading: Option<Section>,
    /// Links that are open, by their number in the document.
    links: Vec<usize>,
    block: Option<Block>,
    table: Option<Table>,
    cell: Option<Cell>,
    html: Option<Range<usize>>,
    /// What is no prose.
    hidden: Vec<Range<usize>>,
}

impl<'t> Reading<'t> {
    fn all(&mut self) {
        let body = self.text.get(self.body..).unwrap_or_default();
        let mut undefined: Vec<(Range<usize>, String)> = Vec::new();
        let mut note = |link: BrokenLink<'_>| {
            if matches!(link.link_type, LinkType::Reference | LinkType::Collapsed) {
                undefined.push((link.span, link.reference.to_string()));
            }
            None
        };
        let options = Options::ENABLE_TABLES
            | Options::ENABLE_FOOTNOTES
            | Options::ENABLE_STRIKETHROUGH
            | Options::ENABLE_TASKLISTS;
        let parser = Parser::new_with_broken_link_callback(body, options, Some(&mut note));
        let definitions: Vec<(String, Range<usize>)> =
            parser.reference_definitions().iter().map(|(_, def)| (def.dest.to_string(), def.span.clone())).collect();
        for (event, range) in parser.into_offset_iter() {
            let range = floor(self.text, range.start + self.body)..floor(self.text, range.end + self.body);
            self.event(event, range, &definitions);
        }
        undefined.dedup();
        for (span, label) in undefined {
            let start = floor(self.text, span.start + self.body);
            let at = self.places.at(start);
            self.document.links.push(Link {
                target: label,
                kind: LinkKind::Undefined,
                image: false,
                at,
                written: None,
            });
        }
    }

    fn event(&mut self, event: Event<'_>, range: Range<usize>, definitions: &[(String, Range<usize>)]) {
        match event {
            Event::Start(Tag::Heading { level, .. }) => {
                let at = self.places.at(range.start);
                self.heading = Some(Section { level: level as usize, title: String::new(), at, range });
            }
            Event::End(TagEnd::Heading(_)) => {
                if let Some(mut section) = self.heading.take() {
                    section.title = section.title.trim().to_owned();
                    self.document.sections.push(section);
                }
            }
            Event::Start(Tag::Link { link_type, dest_url, .. }) => {
                self.link(link_type, &dest_url, false, range, definitions);
            }
            Event::Start(Tag::Image { link_type, dest_url, .. }) => {
                self.link(link_type, &dest_url, true, range, definitions);
            }
            Event::End(TagEnd::Link | TagEnd::Image) => {
                self.links.pop();
            }
            Event::Start(Tag::CodeBlock(kind)) => self.open(&kind, range),
            Event::End(TagEnd::CodeBlock) => {
                if let Some(block) = self.block.take() {
                    self.hidden.push(block.range.clone());
                    self.document.blocks.push(block);
                }
            }
            Event::Start(Tag::Table(_)) => {
                let at = self.places.at(range.start);
                self.table = Some(Table { head: Vec::new(), rows: Vec::new(), at });
            }
            Event::End(TagEnd::Table) => self.document.tables.extend(self.table.take()),
            Event::Start(Tag::TableRow) => {
                if let Some(table) = &mut self.table {
                    table.rows.push(Vec::new());
                }
            }
            Event::Start(Tag::TableCell) => {
                let raw = self.text.get(range.clone()).unwrap_or_default();
                // The cell begins where its words do.
                let start = range.start + (raw.len() - raw.trim_start_matches([' ', '\t', '|']).len());
                let start = start.min(range.end);
                self.cell = Some(Cell { text: String::new(), at: self.places.at(start), range });
            }
            Event::End(TagEnd::TableCell) => {
                if let (Some(mut cell), Some(table)) = (self.cell.take(), &mut self.table) {
                    cell.text = cell.text.trim().to_owned();
                    table.rows.last_mut().unwrap_or(&mut table.head).push(cell);
                }
            }
            Event::Start(Tag::HtmlBlock) => self.html = Some(range),
            Event::End(TagEnd::HtmlBlock) => {
                if let Some(range) = self.html.take() {
                    self.html(range);
                }
            }
            Event::InlineHtml(_) => self.html(range),
            Event::Text(text) => {
                if self.block.is_some() {
                    self.code(&text, range);
                } else {
                    self.words(&text);
                }
            }
            Event::Code(code) => {
                self.words(&code);
                self.span(range);
            }
            Event::SoftBreak | Event::HardBreak => self.words(" "),
            _ => {}
        }
    }

    fn words(&mut self, text: &str) {
        if let Some(section) = &mut self.heading {
            section.title.push_str(text);
        }
        if let Some(cell) = &mut self.cell {
            cell.text.push_str(text);
        }
    }

    fn open(&mut self, kind: &CodeBlockKind<'_>, range: Range<usize>) {
        let (info, fenced) = match kind {
            CodeBlockKind::Fenced(info) => (info.trim().to_owned(), true),
            CodeBlockKind::Indented => (String::new(), false),
        };
        let raw = self.text.get(range.clone()).unwrap_or_default();
        let closed = !fenced || {
            let mut lines = raw.trim_end().lines();
            let first = lines.next().unwrap_or_default();
            let mark = if first.contains("~~~") { "~~~" } else { "```" };
            lines.next_back().is_some_and(|last| last.trim_start_matches(['>', ' ', '\t']).starts_with(mark))
        };
        let after = match raw.find('\n') {
            Some(at) if fenced => range.start + at + 1,
            _ => range.start,
        };
        let mut words = info.splitn(2, char::is_whitespace);
        let language = words.next().unwrap_or_default().to_owned();
        let mark = if fenced { Mark::of(words.next().unwrap_or_default()) } else { None };
        self.block = Some(Block {
            language,
            info,
            mark,
            fenced,
            closed,
            text: String::new(),
            at: self.places.at(after),
            starts: Vec::new(),
            range,
        });
    }

    fn code(&mut self, text: &str, range: Range<usize>) {
        let Some(block) = &mut self.block else { return };
        let new = block.text.is_empty() || block.text.ends_with('\n');
        let mut at = range.start;
        for (i, line) in text.split_inclusive('\n').enumerate() {
            if i > 0 || new {
                if block.text.is_empty() {
                    let mut place = self.places.at(at);
                    // What is cut off a line by its list or fence is not code; blanks before it are.
                    place.column = if block.fenced { place.column } else { 1 };
                    block.at = place;
                }
                block.starts.push(at.min(range.end));
            }
            block.text.push_str(line);
            at += line.len();
        }
    }

    fn span(&mut self, range: Range<usize>) {
        let raw = self.text.get(range.clone()).unwrap_or_default();
        let ticks = raw.len() - raw.trim_start_matches('`').len();
        let inner = range.start + ticks
            ..range.end.saturating_sub(ticks).max(range.start + ticks).min(range.end.max(range.start + ticks));
        let code = self.text.get(inner.clone()).unwrap_or_default();
        let blank = code.len() - code.trim_start().len();
        let at = self.places.at(inner.start + blank);
        let text = code.split_whitespace().collect::<Vec<_>>().join(" ");
        let text = if code.trim().contains('\n') { text } else { code.trim().to_owned() };
        let start = inner.start + blank;
        let end = start + code.trim().len();
        self.document.spans.push(Span { text, at, range: start..end });
        self.hidden.push(range);
    }

    fn link(
        &mut self,
        kind: LinkType,
        target: &str,
        image: bool,
        range: Range<usize>,
        definitions: &[(String, Range<usize>)],
    ) {
        let raw = self.text.get(range.clone()).unwrap_or_default();
        let (kind, written) = match kind {
            LinkType::Inline => {
                let open = raw.rfind("](").map(|at| at + 2);
                // A target may hold "](" itself; then the first one after which it stands is right.
                let found = raw
                    .match_indices("](")
                    .map(|(at, _)| at + 2)
                    .filter_map(|at| {
                        let rest = raw.get(at..)?;
                        let blank = rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r', '<']).len();
                        rest.get(blank..)?.starts_with(target).then_some(at + blank)
                    })
                    .last();
                let written = found.map(|at| range.start + at..range.start + at + target.len());
                let start = written.as_ref().map_or(range.start + open.unwrap_or(0), |w| w.start);
                self.push(target, LinkKind::Inline, image, start, written);
                return;
            }
            LinkType::Autolink | LinkType::Email => {
                let written = raw.find(target).map(|at| range.start + at..range.start + at + target.len());
                (LinkKind::Auto, written)
            }
            _ => {
                let written = definitions.iter().find(|(dest, _)| dest == target).and_then(|(_, span)| {
                    let span = span.start + self.body..span.end + self.body;
                    let at = self.text.get(span.clone())?.rfind(target)?;
                    Some(span.start + at..span.start + at + target.len())
                });
                (LinkKind::Reference, written)
            }
        };
        self.push(target, kind, image, range.start, written);
    }

    fn push(&mut self, target: &str, kind: LinkKind, image: bool, start: usize, written: Option<Range<usize>>) {
        let at = self.places.at(start);
        self.links.push(self.document.links.len());
        self.document.links.push(Link { target: target.to_owned(), kind, image, at, written });
    }

    /// Comments, links and anchors of a piece of HTML.
    fn html(&mut self, range: Range<usize>) {
        let raw: &'t str = self.text.get(range.clone()).unwrap_or_default();
        let mut rest = 0;
        let mut open = String::with_capacity(raw.len());
        while let Some(at) = raw.get(rest..).and_then(|r| r.find("<!--")).map(|at| rest + at) {
            open.push_str(raw.get(rest..at).unwrap_or_default());
            let inner = at + 4;
            let end = raw.get(inner..).and_then(|r| r.find("-->")).map_or(raw.len(), |e| inner + e);
            let after = (end + 3).min(raw.len());
            open.extend(std::iter::repeat_n(' ', after - at));
            self.document.comments.push(Comment {
                text: raw.get(inner..end).unwrap_or_default().to_owned(),
                at: self.places.at(range.start + at),
                range: range.start + at..range.start + after,
            });
            self.hidden.push(range.start + at..range.start + after);
            rest = after;
        }
        open.push_str(raw.get(rest..).unwrap_or_default());
        for found in HREF.captures_iter(&open) {
            let Some(target) = found.get(2).or(found.get(3)).or(found.get(4)) else { continue };
            let image = !found[1].eq_ignore_ascii_case("a");
            let start = range.start + target.start();
            // A comment within it was blanked: then it is not written as it is read.
            let as_read = raw.get(target.range()) == Some(target.as_str());
            let written = as_read.then(|| start..start + target.len());
            let at = self.places.at(start);
            let kind = LinkKind::Html;
            let target = target.as_str().to_owned();
            self.document.links.push(Link { target, kind, image, at, written });
        }
        let ids = ID.captures_iter(&open).filter_map(|f| f.get(1).or(f.get(2)).or(f.get(3)));
        self.document.ids.extend(ids.map(|id| id.as_str().to_owned()));
    }

    fn finish(mut self) -> Document {
        let mut prose = self.text.as_bytes().to_vec();
        let before = 0..self.body;
        for range in self.hidden.iter().chain([&before]) {
            for byte in prose.get_mut(range.clone()).unwrap_or_default() {
                if !matches!(*byte, b'\n' | b'\r') {
                    *byte = b' ';
                }
            }
        }
        // Whole characters were blanked, so it is text still.
        let prose = String::from_utf8(prose).unwrap_or_default();
        let mut start = 0;
        for line in prose.split_inclusive('\n') {
            let content = line.trim_end();
            if let Some(found) = CLAIM.find(content) {
                let from = start + found.start();
                let range = from..start + content.len();
                // As it is written, code and all: only that it begins in prose is asked.
                let text = self.text.get(range.clone()).unwrap_or_default().trim_end().to_owned();
                let range = from..from + text.len();
                self.document.confidence.push(ConfidenceLine { text, at: self.places.at(from), range });
            }
            start += line.len();
        }
        self.document.prose = prose;
        self.document.torn = self.document.blocks.iter().find(|b| nests(self.text, b)).map(|b| b.range.end);
        self.document.links.sort_by_key(|l| l.at);
        self.document
    }
}

/// Whether a fence with a language opens inside a block: what should close it closes the block.
fn nests(text: &str, block: &Block) -> bool {
    // Only a longer fence, or one of other marks, holds fences.
    let opens = text.get(block.range.clone()).unwrap_or_default().trim_start();
    let holds = opens.len() - opens.trim_start_matches('`').len();
    block.fenced
        && holds == 3
        && block.text.lines().any(|line| {
            let line = line.trim_start();
            line.strip_prefix("```").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphabetic()))
        })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::base::yaml::Span as At;

    fn read(text: &str) -> Document {
        Document::parse("x/SKILL.md", "SKILL.md", text)
    }

    #[test]
    fn what_is_in_code_is_neither_link_nor_claim() {
        let text = "---\nname: a\n---\n# One\nsee [b](refs/b.md \"B\") and `[c](d)`\n\n```sh run\n# no heading\nConfidence: 9\n```\n## Two ##\nConfidence: 0.70 (ceiling: inference 0.70)\n``a ` b`` and ` alone\n";
        let d = read(text);
        let titles: Vec<(&str, u32)> = d.sections.iter().map(|s| (s.title.as_str(), s.at.line)).collect();
        assert_eq!(titles, [("One", 4), ("Two", 11)]);
        let links: Vec<(&str, At)> = d.links.iter().map(|l| (l.target.as_str(), l.at)).collect();
        assert_eq!(links, [("refs/b.md", At { line: 5, column: 9 })]);
        let spans: Vec<&str> = d.spans.iter().map(|s| s.text.as_str()).collect();
        assert_eq!(spans, ["[c](d)", "a ` b"]);
        assert_eq!((d.blocks[0].language.as_str(), d.blocks[0].at.line), ("sh", 8));
        assert_eq!(d.blocks[0].text, "# no heading\nConfidence: 9\n");
        assert_eq!(d.blocks[0].mark, Some(Mark::Run { exit: 0 }));
        assert_eq!(d.confidence.len(), 1);
        assert_eq!(d.confidence[0].text, "Confidence: 0.70 (ceiling: inference 0.70)");
        assert_eq!(d.anchors().collect::<Vec<_>>(), ["one", "two"]);
    }

    #[test]
    fn where_fences_nest_code_and_prose_are_in_doubt() {
        let text = "# One\n```markdown\nsay\n```json\n{}\n```\nConfidence: 0.9\n```\n## Two\n";
        let torn = read(text);
        assert!(!torn.is_torn_at(text.find("One").unwrap()));
        assert!(torn.is_torn_at(text.find("Confidence").unwrap()));
        let longer = text.replace("```markdown", "````markdown").replace("0.9\n```", "0.9\n````");
        assert_eq!(read(&longer).torn, None, "a longer fence holds others");
        assert_eq!(read("```sh\nls\n```\n\n```json\n{}\n```\n").torn, None);
    }

    #[test]
    fn links_of_every_kind_are_found() {
        let text = "[a](<b c.md> \"t\") ![p](p.png) [r][lab] [lab][] [lab] [gone][nowhere] x[1] <https://e.example/x>\n\n<a href=\"h.md\">h</a> <img alt=x src='i.png'> <!-- <a href=\"no.md\"> -->\n\n[lab]: ref.md \"T\"\n";
        let d = read(text);
        let found: Vec<(&str, LinkKind, bool)> = d.links.iter().map(|l| (l.target.as_str(), l.kind, l.image)).collect();
        assert_eq!(
            found,
            [
                ("b c.md", LinkKind::Inline, false),
                ("p.png", LinkKind::Inline, true),
                ("ref.md", LinkKind::Reference, false),
                ("ref.md", LinkKind::Reference, false),
                ("ref.md", LinkKind::Reference, false),
                ("nowhere", LinkKind::Undefined, false),
                ("https://e.example/x", LinkKind::Auto, false),
                ("h.md", LinkKind::Html, false),
                ("i.png", LinkKind::Html, true),
            ]
        );
        for link in &d.links {
            if let Some(written) = &link.written {
                assert_eq!(&text[written.clone()], link.target);
            }
        }
        assert!(d.links.iter().filter(|l| l.written.is_none()).all(|l| l.kind == LinkKind::Undefined));
        assert_eq!(d.comments.len(), 1);
    }

    #[test]
    fn blocks_in_lists_and_quotes_know_their_lines() {
        let text = "1. do\r\n\r\n   ```sh skip=needs-network\r\n   one\r\n\r\n   two\r\n   ```\r\n\r\n> ~~~~ json\r\n> {}\r\n> ~~~~\r\n\r\n    indented\r\n\r\n```py\r\nopen";
        let d = read(text);
        let found: Vec<(&str, &str, u32, bool)> =
            d.blocks.iter().map(|b| (b.language.as_str(), b.text.as_str(), b.at.line, b.closed)).collect();
        assert_eq!(
            found,
            [
                ("sh", "one\n\ntwo\n", 4, true),
                ("json", "{}\n", 10, true),
                ("", "indented\n", 13, true),
                ("py", "open", 16, false),
            ]
        );
        let lines: Vec<&str> =
            d.blocks[0].starts.iter().map(|s| text[*s..].lines().next().unwrap_or_default()).collect();
        assert_eq!(lines, ["one", "", "two"]);
    }

    #[test]
    fn tables_have_cells_with_places() {
        let d = read("| a | `b` |\n|---|---|\n| *c* d | e \\| f |\n| g |\n");
        let table = &d.tables[0];
        let cells = |row: &[Cell]| row.iter().map(|c| (c.text.clone(), c.at.line, c.at.column)).collect::<Vec<_>>();
        assert_eq!(cells(&table.head), [("a".to_owned(), 1, 3), ("b".to_owned(), 1, 7)]);
        assert_eq!(cells(&table.rows[0]), [("c d".to_owned(), 3, 3), ("e | f".to_owned(), 3, 11)]);
        assert_eq!(table.rows.len(), 2);
    }

    #[test]
    fn anchors_are_those_of_github() {
        let d = read(
            "# A `b` & C!\n## Setup\n## Setup\n## Setup 1\n## Setup\nTitle\n===\n<a id=\"own\"></a>\n### x_y — z {#custom}\n",
        );
        assert_eq!(
            d.anchors().collect::<Vec<_>>(),
            ["a-b--c", "setup", "setup-1", "setup-1-1", "setup-2", "title", "x_y--z-custom", "custom", "own"]
        );
    }

    #[test]
    fn the_sections_below_a_heading_end_at_the_next_of_its_level() {
        let d = read("# A\none\n## B\ntwo\n### C\nthree\n## D\nfour\n");
        assert_eq!(&d.text[d.below(1)], "two\n### C\nthree\n");
        assert_eq!(d.titled(&["b", "x"]).collect::<Vec<_>>(), [1]);
    }

    #[test]
    fn a_byte_order_mark_and_front_matter_are_passed_over() {
        for start in [
            "\u{feff}---\r\nname: a # `x`\r\n---\r\n",
            "<!-- banner -->\n\n---\nname: a\ndescription: b\n---\n",
            "\u{feff}",
        ] {
            let text = format!("{start}# One\n`x`\n");
            let d = read(&text);
            assert_eq!(d.sections.len(), 1, "{start:?}");
            assert_eq!((d.sections[0].title.as_str(), d.spans.len()), ("One", 1), "{start:?}");
            assert_eq!(d.prose.len(), text.len());
            assert_eq!(d.prose.trim(), "# One");
        }
    }

    /// Everything that the document says of its text is true of it.
    fn holds(d: &Document) -> Result<(), TestCaseError> {
        let text = &d.text;
        prop_assert_eq!(d.prose.len(), text.len());
        let ranges = (d.sections.iter().map(|s| (&s.range, s.at)))
            .chain(d.spans.iter().map(|s| (&s.range, s.at)))
            .chain(d.comments.iter().map(|c| (&c.range, c.at)))
            .chain(d.confidence.iter().map(|c| (&c.range, c.at)));
        for (range, at) in ranges {
            prop_assert!(text.get(range.clone()).is_some(), "{range:?}");
            prop_assert_eq!(d.place(range.start), at);
        }
        for link in &d.links {
            if let Some(written) = &link.written {
                prop_assert_eq!(text.get(written.clone()), Some(link.target.as_str()));
            }
        }
        for block in &d.blocks {
            prop_assert!(text.get(block.range.clone()).is_some());
            prop_assert_eq!(block.starts.len(), block.text.lines().count());
            for (start, line) in block.starts.iter().zip(block.text.lines()) {
                let rest = text.get(*start..);
                prop_assert!(rest.is_some(), "{start}");
                // Tabs are cut into blanks where a list takes some of them.
                let line = line.trim_start();
                prop_assert!(
                    rest.unwrap_or_default().trim_start().starts_with(line) || line.contains('\0'),
                    "{line:?}"
                );
            }
        }
        for span in &d.spans {
            if !text[span.range.clone()].contains('\n') {
                prop_assert_eq!(&text[span.range.clone()], span.text.as_str());
            }
        }
        Ok(())
    }

    #[test]
    fn a_target_with_a_comment_in_it_is_read_as_it_is_not_written() -> Result<(), TestCaseError> {
        holds(&read("name: a\n<a href=\"<!---->\">"))
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,200}") {
            holds(&read(&text))?;
        }

        #[test]
        fn pieces_of_markdown_in_any_order_are_read_at_their_place(
            parts in prop::collection::vec(prop::sample::select(vec![
                "---\n", "name: a\n", "\u{feff}", "# ", "## é 😀\n", "`", "``", "```sh run\n", "```\n", "~~~", "> ", "- ", "1. ",
                "    ", "\t", "\n", "\r\n", "\n\n", "[a](", "b.md", ")", "[x]: y\n", "[x]", "[x][y]", "<!--", "-->", "<a href=\"", "\">",
                "| a | b |\n", "|---|---|\n", "Confidence: 0.9 (ceiling: inference 0.70)", "**", "\\", "&amp;", "é", "===\n", "<", "![",
                "[^1]: ", "<div>\n", "\0",
            ]), 0..40),
        ) {
            holds(&read(&parts.concat()))?;
        }
    }
}
