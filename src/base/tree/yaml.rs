//! YAML into a tree, event by event: an alias is the same node again, and costs nothing but what is counted for it.

use std::borrow::Cow;
use std::collections::HashMap;

use saphyr_parser::{Event, Parser};

use super::{Arena, MOST_DUPLICATES, Node, Tree};
use crate::base::pointer;
use crate::base::yaml::{Kind, Limits, Span, YamlError, other_than_text, place};

/// Reads the first document of a YAML 1.2 text (core schema, with `<<`).
///
/// # Errors
/// What is wrong and where: bad syntax, an unknown alias, nesting or size beyond `limits`, no document.
pub fn from_yaml<'d>(text: &'d str, arena: &'d Arena, limits: Limits) -> Result<Tree<'d>, YamlError> {
    let mut builder = Builder {
        arena,
        limits,
        nodes: 0,
        anchors: HashMap::new(),
        stack: Vec::new(),
        root: None,
        duplicates: Vec::new(),
    };
    let mut parser = Parser::new_from_str(text);
    while let Some(next) = parser.next_event() {
        let (event, span) = next
            .map_err(|e| YamlError { at: place(e.marker().line(), e.marker().col()), because: e.info().to_owned() })?;
        let at = place(span.start.line(), span.start.col());
        match event {
            Event::DocumentEnd => break,
            Event::Scalar(value, style, anchor, tag) => {
                let tagged = tag.as_ref().filter(|t| t.is_yaml_core_schema()).map(|t| t.suffix.as_str());
                let node = match other_than_text(&value, style, tagged) {
                    Some(Kind::Null) => Node::Null,
                    Some(Kind::Bool(b)) => Node::Bool(b),
                    Some(Kind::Number(number)) => Node::Number(arena.text(&number.to_string())),
                    Some(Kind::String(_) | Kind::Seq(_) | Kind::Map(_)) | None => Node::Text(match value {
                        Cow::Borrowed(text) => text,
                        Cow::Owned(text) => arena.text(&text),
                    }),
                };
                builder.count(1, at)?;
                builder.place(node, anchor, 1, at)?;
            }
            Event::SequenceStart(anchor, _) => builder.open(Content::List(Vec::new()), anchor, at)?,
            Event::MappingStart(anchor, _) => builder.open(Content::Map(Vec::new()), anchor, at)?,
            Event::SequenceEnd | Event::MappingEnd => builder.close(at)?,
            Event::Alias(id) => builder.alias(id, at)?,
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) => {}
        }
    }
    let Builder { root, duplicates, .. } = builder;
    let root =
        root.ok_or(YamlError { at: Span { line: 1, column: 1 }, because: "the document is empty".to_owned() })?;
    Ok(Tree { root, duplicates })
}

enum Content<'d> {
    List(Vec<Node<'d>>),
    Map(Vec<(&'d str, Node<'d>)>),
}

struct Open<'d> {
    content: Content<'d>,
    anchor: usize,
    size: usize,
    key: Option<&'d str>,
    /// Entries that `<<` brought: what is written out beside them goes before.
    merged: Vec<(&'d str, Node<'d>)>,
}

struct Builder<'d> {
    arena: &'d Arena,
    limits: Limits,
    nodes: usize,
    anchors: HashMap<usize, (Node<'d>, usize)>,
    stack: Vec<Open<'d>>,
    root: Option<Node<'d>>,
    duplicates: Vec<String>,
}

impl<'d> Builder<'d> {
    fn count(&mut self, size: usize, at: Span) -> Result<(), YamlError> {
        self.nodes = self.nodes.saturating_add(size);
        if self.nodes > self.limits.nodes {
            let because = format!("more than {} nodes once aliases are expanded", self.limits.nodes);
            return Err(YamlError { at, because });
        }
        Ok(())
    }

    fn open(&mut self, content: Content<'d>, anchor: usize, at: Span) -> Result<(), YamlError> {
        if self.stack.len() >= self.limits.depth {
            return Err(YamlError { at, because: format!("nested deeper than {} levels", self.limits.depth) });
        }
        self.count(1, at)?;
        self.stack.push(Open { content, anchor, size: 1, key: None, merged: Vec::new() });
        Ok(())
    }

    fn close(&mut self, at: Span) -> Result<(), YamlError> {
        let Some(mut done) = self.stack.pop() else { return Ok(()) };
        let node = match &mut done.content {
            Content::List(items) => self.arena.list(items),
            Content::Map(entries) => {
                for (key, value) in std::mem::take(&mut done.merged) {
                    if !entries.iter().any(|(k, _)| *k == key) {
                        entries.push((key, value));
                    }
                }
                let mut twice = Vec::new();
                let node = self.arena.map(entries, |key| twice.push(key));
                for key in twice {
                    self.twice(key);
                }
                node
            }
        };
        self.place(node, done.anchor, done.size, at)
    }

    fn twice(&mut self, key: &str) {
        if self.duplicates.len() < MOST_DUPLICATES {
            let at = self.stack.iter().fold("#".to_owned(), |at, open| match &open.content {
                Content::List(items) => format!("{at}/{}", items.len()),
                Content::Map(_) => pointer::join(&at, open.key.unwrap_or("")),
            });
            self.duplicates.push(pointer::join(&at, key));
        }
    }

    fn alias(&mut self, id: usize, at: Span) -> Result<(), YamlError> {
        let Some((node, size)) = self.anchors.get(&id).copied() else {
            return Err(YamlError { at, because: "an alias inside its own anchor".to_owned() });
        };
        self.count(size, at)?;
        self.place(node, 0, size, at)
    }

    fn place(&mut self, node: Node<'d>, anchor: usize, size: usize, at: Span) -> Result<(), YamlError> {
        if anchor > 0 {
            self.anchors.insert(anchor, (node, size));
        }
        let Some(top) = self.stack.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        top.size = top.size.saturating_add(size);
        match &mut top.content {
            Content::List(items) => items.push(node),
            Content::Map(entries) => match top.key.take() {
                None => top.key = Some(key_text(node, at)?),
                Some("<<") => match node {
                    Node::Map(map) => top.merged.extend(map.iter()),
                    Node::List(items) => top.merged.extend(items.iter().flat_map(|n| n.entries())),
                    _ => {}
                },
                Some(key) => entries.push((key, node)),
            },
        }
        Ok(())
    }
}

fn key_text(node: Node<'_>, at: Span) -> Result<&str, YamlError> {
    let because = match node {
        Node::Text(text) | Node::Number(text) => return Ok(text),
        Node::Bool(true) => return Ok("true"),
        Node::Bool(false) => return Ok("false"),
        Node::Null => return Ok("null"),
        Node::List(_) => "a key must be plain text, this one is a list",
        Node::Map(_) => "a key must be plain text, this one is a mapping",
    };
    Err(YamlError { at, because: because.to_owned() })
}
