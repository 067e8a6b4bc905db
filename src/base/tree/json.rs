//! JSON into a tree.

use std::cell::RefCell;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::{Arena, MOST_DUPLICATES, Node, Tree};
use crate::base::pointer;

/// How serde_json hands on a number whose digits are kept.
const NUMBER: &str = "$serde_json::private::Number";

/// Reads a JSON text (RFC 8259). Nothing of it is copied but texts with escapes and numbers.
///
/// # Errors
/// Where the syntax breaks, or where it nests deeper than 128 levels.
pub fn from_json<'d>(text: &'d str, arena: &'d Arena) -> Result<Tree<'d>, serde_json::Error> {
    let scratch = Scratch::default();
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let root = One { arena, scratch: &scratch }.deserialize(&mut deserializer)?;
    deserializer.end()?;
    let twice = scratch.twice.into_inner();
    let mut duplicates = Vec::new();
    if !twice.is_empty() {
        told(root, &mut "#".to_owned(), &twice, &mut duplicates);
    }
    Ok(Tree { root, duplicates })
}

/// What is being read at the moment: containers that are not closed yet lie one behind the other, so that none needs a
/// list of its own.
#[derive(Default)]
struct Scratch<'d> {
    entries: RefCell<Vec<(&'d str, Node<'d>)>>,
    items: RefCell<Vec<Node<'d>>>,
    /// Keys that came twice, with the identity of their mapping: where it stands is looked up when all is read.
    twice: RefCell<Vec<(usize, &'d str)>>,
}

/// The pointers of keys that came twice.
fn told(node: Node<'_>, at: &mut String, twice: &[(usize, &str)], out: &mut Vec<String>) {
    let length = at.len();
    match node {
        Node::Map(map) => {
            let here = map.identity();
            for (_, key) in twice.iter().filter(|(identity, _)| *identity == here) {
                if out.len() < MOST_DUPLICATES {
                    out.push(pointer::join(at, key));
                }
            }
            for (key, value) in map.iter() {
                pointer::push(at, key);
                told(value, at, twice, out);
                at.truncate(length);
            }
        }
        Node::List(items) => {
            for (i, item) in items.iter().enumerate() {
                pointer::push(at, &i.to_string());
                told(*item, at, twice, out);
                at.truncate(length);
            }
        }
        _ => {}
    }
}

/// Reads one value.
#[derive(Clone, Copy)]
struct One<'a, 'd> {
    arena: &'d Arena,
    scratch: &'a Scratch<'d>,
}

impl<'d> DeserializeSeed<'d> for One<'_, 'd> {
    type Value = Node<'d>;

    fn deserialize<D: Deserializer<'d>>(self, deserializer: D) -> Result<Node<'d>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'d> Visitor<'d> for One<'_, 'd> {
    type Value = Node<'d>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Node<'d>, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Node<'d>, E> {
        Ok(Node::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Node<'d>, E> {
        Ok(Node::Number(self.arena.text(&value.to_string())))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Node<'d>, E> {
        Ok(Node::Number(self.arena.text(&value.to_string())))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Node<'d>, E> {
        Ok(Node::Number(self.arena.text(&value.to_string())))
    }

    fn visit_borrowed_str<E: Error>(self, text: &'d str) -> Result<Node<'d>, E> {
        Ok(Node::Text(text))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Node<'d>, E> {
        Ok(Node::Text(self.arena.text(text)))
    }

    fn visit_seq<A: SeqAccess<'d>>(self, mut access: A) -> Result<Node<'d>, A::Error> {
        let start = self.scratch.items.borrow().len();
        while let Some(item) = access.next_element_seed(self)? {
            self.scratch.items.borrow_mut().push(item);
        }
        let mut items = self.scratch.items.borrow_mut();
        let list = self.arena.list(items.get(start..).unwrap_or_default());
        items.truncate(start);
        Ok(list)
    }

    fn visit_map<A: MapAccess<'d>>(self, mut access: A) -> Result<Node<'d>, A::Error> {
        let start = self.scratch.entries.borrow().len();
        let mut first = true;
        while let Some(key) = access.next_key_seed(Key { arena: self.arena })? {
            if first && key == NUMBER {
                let digits: String = access.next_value()?;
                let digits = self.arena.text(&digits);
                return digits.parse::<serde_json::Number>().map(|_| Node::Number(digits)).map_err(A::Error::custom);
            }
            first = false;
            let value = access.next_value_seed(self)?;
            self.scratch.entries.borrow_mut().push((key, value));
        }
        let mut entries = self.scratch.entries.borrow_mut();
        let mut twice = Vec::new();
        let map = self.arena.map(entries.get(start..).unwrap_or_default(), |key| twice.push(key));
        entries.truncate(start);
        if let Node::Map(map) = map {
            let mut all = self.scratch.twice.borrow_mut();
            let room = MOST_DUPLICATES.saturating_sub(all.len());
            all.extend(twice.into_iter().take(room).map(|key| (map.identity(), key)));
        }
        Ok(map)
    }
}

/// Reads one key.
struct Key<'d> {
    arena: &'d Arena,
}

impl<'d> DeserializeSeed<'d> for Key<'d> {
    type Value = &'d str;

    fn deserialize<D: Deserializer<'d>>(self, deserializer: D) -> Result<&'d str, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'d> Visitor<'d> for Key<'d> {
    type Value = &'d str;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'d str) -> Result<&'d str, E> {
        Ok(text)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<&'d str, E> {
        Ok(self.arena.text(text))
    }
}
