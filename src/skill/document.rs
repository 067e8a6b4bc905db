//! A Markdown document, as far as checks look at it. What is inside code is no heading, link or claim.

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
}

/// `[text](target)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The target as written.
    pub target: String,
    /// Where.
    pub at: At,
}

/// `` `code` `` in a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// The code.
    pub text: String,
    /// Where it begins.
    pub at: At,
}

/// A fenced block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// The first word after the fence.
    pub language: String,
    /// The lines, each with its line break.
    pub text: String,
    /// Where the first line of the content is.
    pub at: At,
}

/// A line with `Confidence:`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfidenceLine {
    /// From `Confidence:` to the end of the line.
    pub text: String,
    /// Where.
    pub at: At,
}

/// One Markdown file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// The file as it is shown.
    pub file: String,
    /// Below the skill's directory.
    pub path: String,
    /// The whole text.
    pub text: String,
    /// Headings, in order.
    pub sections: Vec<Section>,
    /// Links, in order.
    pub links: Vec<Link>,
    /// Code in lines, in order.
    pub spans: Vec<Span>,
    /// Fenced blocks, in order.
    pub blocks: Vec<Block>,
    /// Claims of confidence, in order.
    pub confidence: Vec<ConfidenceLine>,
}

fn place(line: usize, column: usize) -> At {
    At { line: u32::try_from(line + 1).unwrap_or(u32::MAX), column: u32::try_from(column + 1).unwrap_or(u32::MAX) }
}

impl Document {
    /// Reads a document; front matter, where there is one, is passed over.
    #[must_use]
    pub fn parse(file: &str, path: &str, text: &str) -> Self {
        let mut document = Self {
            file: file.to_owned(),
            path: path.to_owned(),
            text: text.to_owned(),
            sections: Vec::new(),
            links: Vec::new(),
            spans: Vec::new(),
            blocks: Vec::new(),
            confidence: Vec::new(),
        };
        let mut lines = text.lines().enumerate().peekable();
        if lines.peek().is_some_and(|(_, l)| l.trim_end() == "---") {
            lines.next();
            for (_, line) in lines.by_ref() {
                if line.trim_end() == "---" {
                    break;
                }
            }
        }
        let mut fence: Option<(String, Block)> = None;
        for (number, line) in lines {
            let trimmed = line.trim_start();
            if let Some((mark, block)) = &mut fence {
                if trimmed.starts_with(mark.as_str())
                    && trimmed.trim_start_matches(mark.chars().next().unwrap_or('`')).trim().is_empty()
                {
                    document.blocks.push(block.clone());
                    fence = None;
                } else {
                    block.text.push_str(line);
                    block.text.push('\n');
                }
                continue;
            }
            if trimmed.starts_with("```") || trimmed.starts_with("~~~") {
                let first = trimmed.chars().next().unwrap_or('`');
                let mark: String = trimmed.chars().take_while(|c| *c == first).collect();
                let language = trimmed[mark.len()..].split_whitespace().next().unwrap_or("").to_owned();
                fence = Some((mark, Block { language, text: String::new(), at: place(number + 1, 0) }));
                continue;
            }
            document.line(number, line);
        }
        // A fence that is never closed runs to the end, as it does for every reader.
        document.blocks.extend(fence.map(|(_, block)| block));
        document
    }

    fn line(&mut self, number: usize, line: &str) {
        let level = line.chars().take_while(|c| *c == '#').count();
        if (1..=6).contains(&level) && line[level..].starts_with(' ') {
            let title = line[level..].trim().trim_end_matches('#').trim().to_owned();
            self.sections.push(Section { level, title, at: place(number, 0) });
        }
        let prose = self.take_spans(number, line);
        let mut rest = prose.as_str();
        let mut done = 0;
        while let Some(at) = rest.find("](") {
            let target = &rest[at + 2..];
            let Some(end) = target.find(')') else { break };
            // `(target "title")`
            let target = target[..end].split_whitespace().next().unwrap_or("").trim_matches(['<', '>']).to_owned();
            let column = prose[..done + at].chars().count() + 2;
            self.links.push(Link { target, at: place(number, column) });
            done += at + 2 + end;
            rest = &prose[done..];
        }
        if let Some(at) = prose.find("Confidence:") {
            let text = prose[at..].trim_end().to_owned();
            self.confidence.push(ConfidenceLine { text, at: place(number, prose[..at].chars().count()) });
        }
    }

    /// Keeps the code of a line and returns the line with blanks in its place.
    fn take_spans(&mut self, number: usize, line: &str) -> String {
        let chars: Vec<char> = line.chars().collect();
        let mut prose = String::with_capacity(line.len());
        let run = |from: usize| chars[from..].iter().take_while(|c| **c == '`').count();
        let mut i = 0;
        while i < chars.len() {
            if chars[i] != '`' {
                prose.push(chars[i]);
                i += 1;
                continue;
            }
            let ticks = run(i);
            let mut j = i + ticks;
            while j < chars.len() && !(chars[j] == '`' && run(j) == ticks) {
                j += if chars[j] == '`' { run(j) } else { 1 };
            }
            if j >= chars.len() {
                // No partner: not code.
                prose.extend(std::iter::repeat_n(' ', ticks));
                i += ticks;
                continue;
            }
            let text: String = chars[i + ticks..j].iter().collect();
            self.spans.push(Span { text: text.trim().to_owned(), at: place(number, i + ticks) });
            prose.extend(std::iter::repeat_n(' ', j + ticks - i));
            i = j + ticks;
        }
        prose
    }

    /// The anchors of its headings, as hosts make them.
    pub fn anchors(&self) -> impl Iterator<Item = String> {
        self.sections.iter().map(|s| {
            s.title
                .to_lowercase()
                .chars()
                .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
                .map(|c| if c == ' ' { '-' } else { c })
                .collect()
        })
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_code_is_neither_link_nor_claim() {
        let text = "---\nname: a\n---\n# One\nsee [b](refs/b.md \"B\") and `[c](d)`\n\n```sh run\n# no heading\nConfidence: 9\n```\n## Two ##\nConfidence: 0.70 (ceiling: inference 0.70)\n``a ` b`` and ` alone\n";
        let d = Document::parse("x/SKILL.md", "SKILL.md", text);
        let titles: Vec<(&str, u32)> = d.sections.iter().map(|s| (s.title.as_str(), s.at.line)).collect();
        assert_eq!(titles, [("One", 4), ("Two", 11)]);
        assert_eq!(d.links, [Link { target: "refs/b.md".to_owned(), at: At { line: 5, column: 9 } }]);
        let spans: Vec<&str> = d.spans.iter().map(|s| s.text.as_str()).collect();
        assert_eq!(spans, ["[c](d)", "a ` b"]);
        assert_eq!((d.blocks[0].language.as_str(), d.blocks[0].at.line), ("sh", 8));
        assert_eq!(d.confidence.len(), 1);
        assert_eq!(d.anchors().collect::<Vec<_>>(), ["one", "two"]);
    }

    #[test]
    fn no_text_makes_it_panic() {
        for text in [
            "",
            "`",
            "```",
            "[a](",
            "#",
            "---",
            "---\n",
            "]( ) `x",
            "\u{e9}`\u{e9}`[\u{e9}](\u{e9})",
            "```\n```\n````\n```\n",
        ] {
            let _ = Document::parse("f", "f", text);
        }
    }
}
