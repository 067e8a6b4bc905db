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
    let seen = Seen::default();
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let root = One { arena, seen: &seen }.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(Tree { root, duplicates: seen.duplicates.into_inner() })
}

#[derive(Default)]
struct Seen<'d> {
    path: RefCell<Vec<Step<'d>>>,
    duplicates: RefCell<Vec<String>>,
}

#[derive(Clone, Copy)]
enum Step<'d> {
    Key(&'d str),
    Index(usize),
}

impl<'d> Seen<'d> {
    fn enter(&self, step: Step<'d>) {
        self.path.borrow_mut().push(step);
    }

    fn leave(&self) {
        self.path.borrow_mut().pop();
    }

    fn twice(&self, key: &str) {
        let mut duplicates = self.duplicates.borrow_mut();
        if duplicates.len() < MOST_DUPLICATES {
            let at = self.path.borrow().iter().fold("#".to_owned(), |at, step| match step {
                Step::Key(key) => pointer::join(&at, key),
                Step::Index(i) => format!("{at}/{i}"),
            });
            duplicates.push(pointer::join(&at, key));
        }
    }
}

/// Reads one value.
#[derive(Clone, Copy)]
struct One<'a, 'd> {
    arena: &'d Arena,
    seen: &'a Seen<'d>,
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
        let mut items = Vec::new();
        loop {
            self.seen.enter(Step::Index(items.len()));
            let item = access.next_element_seed(self)?;
            self.seen.leave();
            match item {
                Some(item) => items.push(item),
                None => return Ok(self.arena.list(&items)),
            }
        }
    }

    fn visit_map<A: MapAccess<'d>>(self, mut access: A) -> Result<Node<'d>, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = access.next_key_seed(Key { arena: self.arena })? {
            if key == NUMBER && entries.is_empty() {
                let digits: String = access.next_value()?;
                let digits = self.arena.text(&digits);
                return digits.parse::<serde_json::Number>().map(|_| Node::Number(digits)).map_err(A::Error::custom);
            }
            self.seen.enter(Step::Key(key));
            entries.push((key, access.next_value_seed(self)?));
            self.seen.leave();
        }
        Ok(self.arena.map(&mut entries, |key| self.seen.twice(key)))
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
