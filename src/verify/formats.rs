//! Data files as their readers read them: JSON, lines of JSON, YAML, TOML, CSV; with the place where one gives up.

use serde_json::Value;

use crate::base::yaml::{self, Limits, Node, Span};

/// A format that a file's name announces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Json,
    JsonLines,
    Yaml,
    Toml,
    /// Rows of fields, apart by this character.
    Rows,
}

impl Format {
    pub(super) fn of_extension(extension: &str) -> Option<Self> {
        Some(match extension.to_ascii_lowercase().as_str() {
            "json" | "jsonc" | "code-workspace" | "webmanifest" => Self::Json,
            "jsonl" | "ndjson" => Self::JsonLines,
            "yaml" | "yml" => Self::Yaml,
            "toml" => Self::Toml,
            "csv" | "tsv" => Self::Rows,
            _ => return None,
        })
    }

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Json => "JSON",
            Self::JsonLines => "lines of JSON",
            Self::Yaml => "YAML",
            Self::Toml => "TOML",
            Self::Rows => "rows",
        }
    }
}

/// Why a text is not of its format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Malformed {
    pub(super) at: Span,
    pub(super) because: String,
    /// It may well be of its format; we stop at this depth or size.
    pub(super) beyond_us: bool,
}

const LIMITS: Limits = Limits { depth: 128, nodes: 1_000_000 };

/// A text without its byte order mark.
pub(super) fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

/// Reads JSON.
pub(super) fn json(text: &str) -> Result<Value, Malformed> {
    serde_json::from_str(without_mark(text)).map_err(|e| json_error(&e, 0))
}

fn json_error(e: &serde_json::Error, lines_before: usize) -> Malformed {
    let said = e.to_string();
    let because = said.split(" at line ").next().unwrap_or(&said).to_owned();
    let number = |n: usize| u32::try_from(n.max(1)).unwrap_or(u32::MAX);
    Malformed {
        at: Span { line: number(e.line() + lines_before), column: number(e.column()) },
        beyond_us: because.contains("recursion limit"),
        because,
    }
}

/// Whether a text is JSON values, one after another.
pub(super) fn json_stream(text: &str) -> Result<(), Malformed> {
    for value in serde_json::Deserializer::from_str(without_mark(text)).into_iter::<Value>() {
        value.map_err(|e| json_error(&e, 0))?;
    }
    Ok(())
}

/// Reads YAML: all documents.
pub(super) fn yaml(text: &str) -> Result<Vec<Node>, Malformed> {
    yaml::parse_all(without_mark(text), LIMITS).map_err(|e| Malformed {
        at: e.at,
        beyond_us: e.because.starts_with("nested deeper"),
        because: e.because,
    })
}

/// Where YAML breaks off as syntax, whatever its parts mean; nothing where it does not.
pub(super) fn yaml_syntax(text: &str) -> Option<Malformed> {
    let broken = yaml::syntax(without_mark(text)).err()?;
    Some(Malformed { at: broken.at, because: broken.because, beyond_us: false })
}

fn toml(text: &str) -> Result<(), Malformed> {
    let text = without_mark(text);
    let Err(e) = toml::from_str::<toml::Table>(text) else { return Ok(()) };
    let byte = e.span().map_or(0, |s| s.start);
    Err(Malformed { at: at(text, byte), because: first_line(e.message()), beyond_us: false })
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

/// The line and column of a byte.
pub(super) fn at(text: &str, byte: usize) -> Span {
    let before = text.get(..byte).unwrap_or(text);
    let line = u32::try_from(before.matches('\n').count() + 1).unwrap_or(u32::MAX);
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    Span { line, column: u32::try_from(column).unwrap_or(u32::MAX) }
}

/// Whether a text is of a format; rows always are.
pub(super) fn read(format: Format, text: &str) -> Result<(), Malformed> {
    match format {
        Format::Json => json(text).map(drop),
        Format::JsonLines => {
            for (number, line) in without_mark(text).lines().enumerate().filter(|(_, l)| !l.trim().is_empty()) {
                serde_json::from_str::<Value>(line).map_err(|e| json_error(&e, number))?;
            }
            Ok(())
        }
        Format::Yaml => yaml(text).map(drop),
        Format::Toml => toml(text),
        Format::Rows => Ok(()),
    }
}

/// JSON with comments and commas before a closing bracket, as editors take it, made strict; each byte keeps its place.
pub(super) fn relaxed(text: &str) -> String {
    let mut out: Vec<u8> = text.as_bytes().to_vec();
    let mut comma = None;
    let mut i = 0;
    while let Some(&byte) = out.get(i) {
        let next = out.get(i + 1).copied();
        match byte {
            b'"' => {
                comma = None;
                i += 1;
                while out.get(i).is_some_and(|b| *b != b'"' && *b != b'\n') {
                    i += if out.get(i) == Some(&b'\\') { 2 } else { 1 };
                }
            }
            b'/' if next == Some(b'/') => {
                while out.get(i).is_some_and(|b| *b != b'\n') {
                    if let Some(b) = out.get_mut(i) {
                        *b = b' ';
                    }
                    i += 1;
                }
                continue;
            }
            b'/' if next == Some(b'*') => {
                let end = text.get(i + 2..).and_then(|rest| rest.find("*/")).map_or(out.len(), |n| i + n + 4);
                for b in out.iter_mut().take(end).skip(i).filter(|b| **b != b'\n') {
                    *b = b' ';
                }
                i = end;
                continue;
            }
            b',' => comma = Some(i),
            b'}' | b']' => {
                if let Some(b) = comma.take().and_then(|c| out.get_mut(c)) {
                    *b = b' ';
                }
            }
            b if b.is_ascii_whitespace() => {}
            _ => comma = None,
        }
        i += 1;
    }
    // Bytes of comments became blanks one by one: what is left is UTF-8 still.
    String::from_utf8(out).unwrap_or_else(|_| text.to_owned())
}

/// Rows that do not have as many fields as the first: how many fields that has, and the line and fields of each.
pub(super) fn uneven(text: &str, tabs: bool) -> Option<(usize, Vec<(u32, usize)>)> {
    let text = without_mark(text);
    let head = text.lines().next()?;
    let separator = if tabs {
        '\t'
    } else {
        [',', ';', '\t', '|'].into_iter().max_by_key(|c| (head.matches(*c).count(), *c == ','))?
    };
    let mut rows: Vec<(u32, usize)> = Vec::new();
    let (mut line, mut begun) = (1_u32, 1_u32);
    let (mut fields, mut any, mut quoted, mut start) = (1_usize, false, false, true);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if quoted {
            match c {
                '"' if chars.peek() == Some(&'"') => {
                    chars.next();
                }
                '"' => quoted = false,
                '\n' => line = line.saturating_add(1),
                _ => {}
            }
            continue;
        }
        match c {
            '"' if start => {
                quoted = true;
                any = true;
            }
            '\n' => {
                if any {
                    rows.push((begun, fields));
                }
                line = line.saturating_add(1);
                (begun, fields, any, start) = (line, 1, false, true);
                continue;
            }
            '\r' => continue,
            c if c == separator => {
                fields += 1;
                (any, start) = (true, true);
                continue;
            }
            c if !c.is_whitespace() => any = true,
            _ => {}
        }
        start = false;
    }
    if any {
        rows.push((begun, fields));
    }
    let (_, width) = *rows.first()?;
    let wrong: Vec<(u32, usize)> = rows.into_iter().filter(|(_, fields)| *fields != width).collect();
    // One column has no separator: a comma in it is text.
    (width > 1 && !wrong.is_empty()).then_some((width, wrong))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_last_commas_are_blanked_where_they_stand() {
        let text = "{ // é\n \"a//b\": [1, 2, ], /* c */\n}";
        let strict = relaxed(text);
        assert_eq!(strict.len(), text.len());
        assert_eq!(json(&strict).unwrap_or_default(), serde_json::json!({"a//b": [1, 2]}));
        for text in ["", "\"", "\"\\", "/*", "/", ",", "[,", "{\"a\": \"b\n}"] {
            let _ = relaxed(text);
        }
    }

    #[test]
    fn each_format_says_where_it_gives_up() {
        let place = |format, text| read(format, text).map_err(|e| e.at.to_string());
        assert_eq!(place(Format::Json, "{\n \"a\": 1,\n}"), Err("3:1".to_owned()));
        assert_eq!(place(Format::JsonLines, "{}\n\n{]\n"), Err("3:2".to_owned()));
        assert_eq!(place(Format::Toml, "a = 1\nb = \n"), Err("2:5".to_owned()));
        assert_eq!(place(Format::Yaml, "a: 1\n---\nb: [\n"), Err("4:1".to_owned()));
        assert_eq!(place(Format::Yaml, "\u{feff}a: !Ref b\n---\n"), Ok(()));
        assert!(read(Format::Json, &"[".repeat(500)).is_err_and(|e| e.beyond_us));
    }

    #[test]
    fn rows_are_counted_as_spreadsheets_count_them() {
        assert_eq!(uneven("a,b\n1,\"x,\n\"\"y\"\n\n2,3\n", false), None);
        assert_eq!(uneven("a;b\n1;2;3\n", false), Some((2, vec![(2, 3)])));
        assert_eq!(uneven("only\n1,2\n", false), None);
        assert_eq!(uneven("a\tb\n1,2\n", true), Some((2, vec![(2, 1)])));
    }
}
