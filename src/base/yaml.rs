//! YAML 1.2 (core schema) into a tree that knows where each node stands. JSON is read by it too.
//!
//! Limits are part of the reader: depth, nodes after alias expansion. Duplicate keys are kept apart and reported by
//! [`Node::duplicate_key`], because a contract must not have them while some real API descriptions do.

use std::collections::BTreeMap;

use saphyr_parser::{Event, Parser, ScalarStyle};
use serde_json::{Map, Number, Value};

/// Line and column, both counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, serde::Serialize, serde::Deserialize)]
pub struct Span {
    /// Line, from 1; 0 where no place is known.
    pub line: u32,
    /// Column in characters, from 1; 0 where no place is known.
    pub column: u32,
}

impl Span {
    /// The place of a byte in a text.
    #[must_use]
    pub fn of(text: &str, byte: usize) -> Self {
        let before = text.get(..byte.min(text.len())).unwrap_or(text);
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let line = before.matches('\n').count();
        let column = before.rsplit('\n').next().unwrap_or("").chars().count();
        Self { line: count(line + 1), column: count(column + 1) }
    }
}

impl std::fmt::Display for Span {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// A value and where it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub at: Span,
}

impl<T> Spanned<T> {
    /// A value at a place.
    pub const fn new(value: T, at: Span) -> Self {
        Self { value, at }
    }
}

impl<T> std::ops::Deref for Spanned<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.value
    }
}

/// One node of the tree.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// What it is.
    pub kind: Kind,
    /// Where it starts.
    pub at: Span,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// `null`, `~` or nothing.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// An integer or decimal, with the digits it was written with.
    Number(Number),
    /// Text.
    String(String),
    /// A sequence.
    Seq(Vec<Node>),
    /// A mapping, in the order written, duplicates included.
    Map(Vec<Entry>),
}

/// One `key: value` of a mapping.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key; a key that is no string is written out (`200`, `true`).
    pub key: String,
    /// Where the key stands.
    pub key_at: Span,
    /// The value.
    pub value: Node,
}

/// Bounds of one document.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How deep mappings and sequences may nest.
    pub depth: usize,
    /// How many nodes there may be, aliases expanded.
    pub nodes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { depth: 128, nodes: 4_000_000 }
    }
}

/// Why a text is not usable YAML.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {because}")]
pub struct YamlError {
    /// Where.
    pub at: Span,
    /// Why, as a fragment: `nested deeper than 128 levels`.
    pub because: String,
}

impl Node {
    /// The name of the kind, for messages: `text`, `a number`, `a mapping` …
    #[must_use]
    pub const fn kind_name(&self) -> &'static str {
        match self.kind {
            Kind::Null => "null",
            Kind::Bool(_) => "true or false",
            Kind::Number(_) => "a number",
            Kind::String(_) => "text",
            Kind::Seq(_) => "a list",
            Kind::Map(_) => "a mapping",
        }
    }

    /// The text, if it is text.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        if let Kind::String(s) = &self.kind { Some(s) } else { None }
    }

    /// The entries, if it is a mapping.
    #[must_use]
    pub fn entries(&self) -> Option<&[Entry]> {
        if let Kind::Map(m) = &self.kind { Some(m) } else { None }
    }

    /// The items, if it is a sequence.
    #[must_use]
    pub fn items(&self) -> Option<&[Self]> {
        if let Kind::Seq(s) = &self.kind { Some(s) } else { None }
    }

    /// The value under `key`, if it is a mapping that has it (the last one where it is written twice).
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.entries()?.iter().rev().find(|e| e.key == key).map(|e| &e.value)
    }

    /// The second entry of any key that this mapping has twice.
    #[must_use]
    pub fn duplicate_key(&self) -> Option<&Entry> {
        let entries = self.entries()?;
        let mut seen = std::collections::BTreeSet::new();
        entries.iter().find(|e| !seen.insert(e.key.as_str()))
    }

    /// The tree as JSON; of duplicate keys the last one wins.
    #[must_use]
    pub fn to_value(&self) -> Value {
        match &self.kind {
            Kind::Null => Value::Null,
            Kind::Bool(b) => Value::Bool(*b),
            Kind::Number(n) => Value::Number(n.clone()),
            Kind::String(s) => Value::String(s.clone()),
            Kind::Seq(items) => Value::Array(items.iter().map(Self::to_value).collect()),
            Kind::Map(entries) => Value::Object(entries.iter().map(|e| (e.key.clone(), e.value.to_value())).collect()),
        }
    }

    /// The tree as JSON without copying its texts.
    #[must_use]
    pub fn into_value(self) -> Value {
        match self.kind {
            Kind::Null => Value::Null,
            Kind::Bool(b) => Value::Bool(b),
            Kind::Number(n) => Value::Number(n),
            Kind::String(s) => Value::String(s),
            Kind::Seq(items) => Value::Array(items.into_iter().map(Self::into_value).collect()),
            Kind::Map(entries) => {
                let mut map = Map::with_capacity(entries.len());
                for e in entries {
                    map.insert(e.key, e.value.into_value());
                }
                Value::Object(map)
            }
        }
    }

    /// The place of the value a JSON pointer leads to, or of the deepest ancestor that exists.
    #[must_use]
    pub fn locate(&self, pointer: &str) -> Span {
        let mut node = self;
        for token in pointer.trim_start_matches('#').split('/').skip(1) {
            let token = crate::base::pointer::unescape(token);
            let next = match &node.kind {
                Kind::Map(_) => node.get(&token),
                Kind::Seq(items) => token.parse::<usize>().ok().and_then(|i| items.get(i)),
                _ => None,
            };
            match next {
                Some(n) => node = n,
                None => break,
            }
        }
        node.at
    }
}

/// Reads the first document of a text.
///
/// # Errors
/// What is wrong and where: bad syntax, an unknown alias, nesting or size beyond `limits`.
pub fn parse(text: &str, limits: Limits) -> Result<Node, YamlError> {
    let first = documents(text, limits, true)?.into_iter().next();
    first.ok_or(YamlError { at: Span { line: 1, column: 1 }, because: "the document is empty".to_owned() })
}

/// Reads all documents of a text; none where there is nothing in it.
///
/// # Errors
/// As [`parse`]; the limits are for all documents together.
pub fn parse_all(text: &str, limits: Limits) -> Result<Vec<Node>, YamlError> {
    documents(text, limits, false)
}

/// Reads a text as syntax alone: no keys are looked at, no aliases followed.
///
/// # Errors
/// Where the syntax breaks.
pub fn syntax(text: &str) -> Result<(), YamlError> {
    let mut parser = Parser::new_from_str(text);
    while let Some(next) = parser.next_event() {
        next.map_err(|e| YamlError { at: place(e.marker().line(), e.marker().col()), because: e.info().to_owned() })?;
    }
    Ok(())
}

fn documents(text: &str, limits: Limits, only_first: bool) -> Result<Vec<Node>, YamlError> {
    let mut builder = Builder { limits, nodes: 0, anchors: BTreeMap::new(), stack: Vec::new(), root: None };
    let mut parser = Parser::new_from_str(text);
    let mut out = Vec::new();
    while let Some(next) = parser.next_event() {
        let (event, span) = next
            .map_err(|e| YamlError { at: place(e.marker().line(), e.marker().col()), because: e.info().to_owned() })?;
        let at = place(span.start.line(), span.start.col());
        match event {
            Event::DocumentEnd => {
                out.extend(builder.root.take());
                if only_first {
                    break;
                }
            }
            Event::Scalar(value, style, anchor, tag) => {
                let tagged = tag.as_ref().filter(|t| t.is_yaml_core_schema()).map(|t| t.suffix.as_str());
                let kind = scalar(&value, style, tagged);
                let size = 1;
                builder.add(Node { kind, at }, anchor, size)?;
            }
            Event::SequenceStart(anchor, _) => builder.open(Kind::Seq(Vec::new()), anchor, at)?,
            Event::MappingStart(anchor, _) => builder.open(Kind::Map(Vec::new()), anchor, at)?,
            Event::SequenceEnd | Event::MappingEnd => builder.close()?,
            Event::Alias(id) => builder.alias(id, at)?,
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) => {}
        }
    }
    Ok(out)
}

pub(super) fn place(line: usize, col: usize) -> Span {
    Span { line: u32::try_from(line.max(1)).unwrap_or(u32::MAX), column: u32::try_from(col + 1).unwrap_or(u32::MAX) }
}

struct Open {
    node: Node,
    anchor: usize,
    size: usize,
    key: Option<(String, Span)>,
    /// The key is `<<`: its value is merged rather than added.
    merge: bool,
    /// Keys that came from a merge: one written out beside them takes their place and is no duplicate.
    merged: Vec<String>,
}

struct Builder {
    limits: Limits,
    nodes: usize,
    anchors: BTreeMap<usize, (Node, usize)>,
    stack: Vec<Open>,
    root: Option<Node>,
}

impl Builder {
    fn count(&mut self, size: usize, at: Span) -> Result<(), YamlError> {
        self.nodes = self.nodes.saturating_add(size);
        if self.nodes > self.limits.nodes {
            return Err(YamlError {
                at,
                because: format!("more than {} nodes once aliases are expanded", self.limits.nodes),
            });
        }
        Ok(())
    }

    fn open(&mut self, kind: Kind, anchor: usize, at: Span) -> Result<(), YamlError> {
        if self.stack.len() >= self.limits.depth {
            return Err(YamlError { at, because: format!("nested deeper than {} levels", self.limits.depth) });
        }
        self.count(1, at)?;
        self.stack.push(Open { node: Node { kind, at }, anchor, size: 1, key: None, merge: false, merged: Vec::new() });
        Ok(())
    }

    fn close(&mut self) -> Result<(), YamlError> {
        let Some(done) = self.stack.pop() else { return Ok(()) };
        self.place(done.node, done.anchor, done.size)
    }

    fn add(&mut self, node: Node, anchor: usize, size: usize) -> Result<(), YamlError> {
        self.count(size, node.at)?;
        self.place(node, anchor, size)
    }

    fn alias(&mut self, id: usize, at: Span) -> Result<(), YamlError> {
        let Some((node, size)) = self.anchors.get(&id) else {
            return Err(YamlError { at, because: "an alias inside its own anchor".to_owned() });
        };
        let size = *size;
        // Counted before it is copied: a bomb of aliases stops here.
        self.nodes = self.nodes.saturating_add(size);
        if self.nodes > self.limits.nodes {
            return Err(YamlError {
                at,
                because: format!("more than {} nodes once aliases are expanded", self.limits.nodes),
            });
        }
        let mut node = node.clone();
        node.at = at;
        self.place(node, 0, size)
    }

    fn place(&mut self, node: Node, anchor: usize, size: usize) -> Result<(), YamlError> {
        if anchor > 0 {
            self.anchors.insert(anchor, (node.clone(), size));
        }
        let Some(top) = self.stack.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        top.size = top.size.saturating_add(size);
        match &mut top.node.kind {
            Kind::Seq(items) => items.push(node),
            Kind::Map(entries) => match top.key.take() {
                None => {
                    let key = key_text(&node)?;
                    top.merge = key == "<<";
                    top.key = Some((key, node.at));
                }
                Some(_) if top.merge => {
                    top.merge = false;
                    let merged: Vec<Entry> = match node.kind {
                        Kind::Map(m) => m,
                        Kind::Seq(items) => items
                            .into_iter()
                            .filter_map(|n| if let Kind::Map(m) = n.kind { Some(m) } else { None })
                            .flatten()
                            .collect(),
                        _ => Vec::new(),
                    };
                    for entry in merged {
                        if !entries.iter().any(|e| e.key == entry.key) {
                            top.merged.push(entry.key.clone());
                            entries.push(entry);
                        }
                    }
                }
                Some((key, key_at)) => {
                    if let Some(i) = top.merged.iter().position(|m| *m == key) {
                        top.merged.swap_remove(i);
                        entries.retain(|e| e.key != key);
                    }
                    entries.push(Entry { key, key_at, value: node });
                }
            },
            _ => {}
        }
        Ok(())
    }
}

fn key_text(node: &Node) -> Result<String, YamlError> {
    match &node.kind {
        Kind::String(s) => Ok(s.clone()),
        Kind::Number(n) => Ok(n.to_string()),
        Kind::Bool(b) => Ok(b.to_string()),
        Kind::Null => Ok("null".to_owned()),
        Kind::Seq(_) | Kind::Map(_) => Err(YamlError {
            at: node.at,
            because: format!("a key must be plain text, this one is {}", node.kind_name()),
        }),
    }
}

fn scalar(text: &str, style: ScalarStyle, tag: Option<&str>) -> Kind {
    other_than_text(text, style, tag).unwrap_or_else(|| Kind::String(text.to_owned()))
}

/// What a scalar is where it is no text.
pub(super) fn other_than_text(text: &str, style: ScalarStyle, tag: Option<&str>) -> Option<Kind> {
    if style != ScalarStyle::Plain || tag == Some("str") {
        return None;
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Some(Kind::Null),
        "true" | "True" | "TRUE" => Some(Kind::Bool(true)),
        "false" | "False" | "FALSE" => Some(Kind::Bool(false)),
        _ => number(text).map(Kind::Number),
    }
}

/// A plain scalar as a JSON number, where the core schema says it is one.
fn number(text: &str) -> Option<Number> {
    let (sign, digits) = match text.as_bytes().first()? {
        b'-' => ("-", &text[1..]),
        b'+' => ("", &text[1..]),
        _ => ("", text),
    };
    let first = *digits.as_bytes().first()?;
    if !(first.is_ascii_digit() || first == b'.') {
        return None;
    }
    if sign.is_empty() && !text.starts_with('+') {
        if let Some(hex) = digits.strip_prefix("0x") {
            return u64::from_str_radix(hex, 16).ok().map(Number::from);
        }
        if let Some(octal) = digits.strip_prefix("0o") {
            return u64::from_str_radix(octal, 8).ok().map(Number::from);
        }
    }
    let (mantissa, exponent) = match digits.find(['e', 'E']) {
        Some(at) => (&digits[..at], Some(&digits[at + 1..])),
        None => (digits, None),
    };
    let (whole, fraction) = match mantissa.find('.') {
        Some(at) => (&mantissa[..at], Some(&mantissa[at + 1..])),
        None => (mantissa, None),
    };
    let all_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if !all_digits(whole)
        || !fraction.is_none_or(all_digits)
        || (whole.is_empty() && fraction.is_none_or(str::is_empty))
    {
        return None;
    }
    // JSON wants one leading zero at most and digits on both sides of the point.
    let whole = whole.trim_start_matches('0');
    let mut json = format!("{sign}{}", if whole.is_empty() { "0" } else { whole });
    if let Some(fraction) = fraction {
        json.push('.');
        json.push_str(if fraction.is_empty() { "0" } else { fraction });
    }
    if let Some(exponent) = exponent {
        let (esign, edigits) = match exponent.as_bytes().first()? {
            b'-' => ("-", &exponent[1..]),
            b'+' => ("", &exponent[1..]),
            _ => ("", exponent),
        };
        if edigits.is_empty() || !all_digits(edigits) {
            return None;
        }
        json.push('e');
        json.push_str(esign);
        json.push_str(edigits);
    }
    serde_json::from_str(&json).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn value(text: &str) -> Value {
        parse(text, Limits::default()).expect("readable").into_value()
    }

    #[test]
    fn the_core_schema_is_read() {
        assert_eq!(
            value("a: 1\nb: [true, ~, 'x', 0x1F, -1.50, 010, 1e3, .5]\n200: ok\nc: 2015-10-21\nd: no\n"),
            serde_json::from_str::<Value>(
                r#"{"a":1,"b":[true,null,"x",31,-1.50,10,1e3,0.5],"200":"ok","c":"2015-10-21","d":"no"}"#
            )
            .expect("json")
        );
        assert_eq!(value("n: -9223372036854776000999").to_string(), r#"{"n":-9223372036854776000999}"#);
        assert_eq!(value(r#"{"a": [1, {"b": "c"}]}"#), json!({"a": [1, {"b": "c"}]}));
    }

    #[test]
    fn every_node_knows_its_place() {
        let node = parse("a: 1\nb:\n  c: x\n", Limits::default()).expect("readable");
        assert_eq!(node.locate("/b/c"), Span { line: 3, column: 6 });
        assert_eq!(node.locate("/b/none"), Span { line: 3, column: 3 });
    }

    #[test]
    fn duplicate_keys_are_seen() {
        let node = parse("a: 1\nb: 2\na: 3\n", Limits::default()).expect("readable");
        assert_eq!(node.duplicate_key().map(|e| (e.key.as_str(), e.key_at.line)), Some(("a", 3)));
    }

    #[test]
    fn aliases_and_merge_keys_are_expanded() {
        assert_eq!(
            value("x: &x {a: 1, b: 2}\ny:\n  <<: *x\n  c: 3\nz: *x"),
            json!({"x": {"a": 1, "b": 2}, "y": {"a": 1, "b": 2, "c": 3}, "z": {"a": 1, "b": 2}})
        );
        let node = parse("x: &x {a: 1, b: 2}\ny:\n  <<: *x\n  a: 3\n", Limits::default()).expect("readable");
        let y = node.get("y").expect("there");
        assert_eq!((y.to_value(), y.duplicate_key()), (json!({"b": 2, "a": 3}), None), "the merged key gives way");
    }

    #[test]
    fn a_bomb_of_aliases_stops_early() {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for i in 1..12 {
            let p = i - 1;
            text.push_str(&format!(
                "a{i}: &a{i} [*a{p}, *a{p}, *a{p}, *a{p}, *a{p}, *a{p}, *a{p}, *a{p}, *a{p}, *a{p}]\n"
            ));
        }
        let e = parse(&text, Limits { depth: 64, nodes: 100_000 }).expect_err("too large");
        assert!(e.because.contains("100000 nodes"), "{e}");
    }

    #[test]
    fn depth_is_bounded() {
        let e = parse(&"[".repeat(100_000), Limits::default()).expect_err("too deep");
        assert!(e.because.contains("recursion limit"), "{e}");
        let e = parse(&"[".repeat(200), Limits::default()).expect_err("too deep");
        assert!(e.because.contains("nested deeper than 128"), "{e}");
    }

    #[test]
    fn bad_syntax_has_a_place() {
        let e = parse("a: 1\n b: 2\n", Limits::default()).expect_err("bad indent");
        assert_eq!(e.at.line, 2, "{e}");
        assert!(parse("", Limits::default()).is_err());
    }
}
