//! The YAML between the two `---` lines at the top of `SKILL.md`.

use crate::base::yaml::{self, Kind, Limits, Node, Span};

/// The keys that the standard knows.
pub const KEYS: [&str; 6] = ["name", "description", "license", "compatibility", "metadata", "allowed-tools"];

/// Front matter as written.
#[derive(Debug, Clone, PartialEq)]
pub struct FrontMatter {
    /// The mapping.
    pub node: Node,
    /// The line on which the body begins, from 1.
    pub body_line: u32,
}

/// Why there is no front matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoFrontMatter {
    /// The file does not begin with it.
    Missing,
    /// It begins, and cannot be read.
    Malformed {
        /// Where.
        at: Span,
        /// Why, as a fragment.
        because: String,
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
}

/// Reads the front matter of a document.
///
/// # Errors
/// Why there is none; positions count from the top of the file.
pub fn parse(text: &str) -> Result<FrontMatter, NoFrontMatter> {
    let mut lines = text.lines();
    if lines.next().map(str::trim_end) != Some("---") {
        return Err(NoFrontMatter::Missing);
    }
    let malformed = |line: u32, column: u32, because: &str| NoFrontMatter::Malformed {
        at: Span { line, column },
        because: because.to_owned(),
    };
    // The first line stays in as an empty one, so that positions are those of the file.
    let mut yaml = String::from("\n");
    let mut body_line = 2;
    loop {
        body_line += 1;
        match lines.next() {
            None => return Err(malformed(1, 1, "the front matter is not closed by a line ---")),
            Some(line) if line.trim_end() == "---" => break,
            Some(line) => {
                yaml.push_str(line);
                yaml.push('\n');
            }
        }
    }
    let mut node = yaml::parse(&yaml, Limits { depth: 8, nodes: 1_000 })
        .map_err(|e| malformed(e.at.line, e.at.column, &e.because))?;
    if !matches!(node.kind, Kind::Map(_)) {
        return Err(malformed(
            node.at.line,
            node.at.column,
            &format!("it must be a mapping, this is {}", node.kind_name()),
        ));
    }
    if let Some(twice) = node.duplicate_key() {
        return Err(malformed(twice.key_at.line, twice.key_at.column, &format!("key {} is written twice", twice.key)));
    }
    node.at = Span { line: 1, column: 1 };
    Ok(FrontMatter { node, body_line })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_those_of_the_file() {
        let front = parse("---\nname: a\ndescription: b\n---\n# Body\n").expect("front matter");
        assert_eq!(front.at("description"), Span { line: 3, column: 1 });
        assert_eq!((front.text("name"), front.body_line), (Some("a"), 5));
    }

    #[test]
    fn what_cannot_be_read_says_where() {
        assert_eq!(parse("# Body"), Err(NoFrontMatter::Missing));
        assert_eq!(parse("<!-- x -->\n---\n"), Err(NoFrontMatter::Missing));
        let because = |text| match parse(text) {
            Err(NoFrontMatter::Malformed { at, because }) => format!("{at} {because}"),
            other => format!("{other:?}"),
        };
        assert_eq!(because("---\nname: a\n"), "1:1 the front matter is not closed by a line ---");
        assert_eq!(because("---\nname: a\nname: b\n---\n"), "3:1 key name is written twice");
        assert_eq!(because("---\n- a\n---\n"), "2:1 it must be a mapping, this is a list");
    }
}
