//! A document as a tree that borrows its texts: what a reader of large inputs walks instead of
//! [`serde_json::Value`]. Nodes are small, `Copy`, and lie in an [`Arena`]; they are freed with it, all at once.
//!
//! Order is that of the document. Of a key written twice the last value holds, at the first place, and the pointer
//! is kept in [`Tree::duplicates`]. Numbers keep the digits they came with. The only module that names bumpalo.

mod json;
mod place;
mod yaml;

pub use json::from_json;
pub use place::Place;
pub use yaml::from_yaml;

use serde_json::{Number, Value};

/// Where the nodes of trees lie.
#[derive(Debug, Default)]
pub struct Arena(bumpalo::Bump);

/// One document.
#[derive(Debug, Clone)]
pub struct Tree<'d> {
    /// Its top.
    pub root: Node<'d>,
    /// Pointers of keys that were written before in the same mapping; the first [`MOST_DUPLICATES`] of them.
    pub duplicates: Vec<String>,
}

/// Most duplicate keys told by pointer.
pub const MOST_DUPLICATES: usize = 20;

/// From this many entries on, a mapping has an index.
const INDEXED: usize = 12;

/// One value of a document.
#[derive(Debug, Clone, Copy)]
pub enum Node<'d> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, as JSON writes it.
    Number(&'d str),
    /// Text.
    Text(&'d str),
    /// A sequence.
    List(&'d [Self]),
    /// A mapping.
    Map(Map<'d>),
}

/// The entries of a mapping, each key once.
#[derive(Clone, Copy)]
pub struct Map<'d>(&'d Entries<'d>);

struct Entries<'d> {
    entries: &'d [(&'d str, Node<'d>)],
    /// Places of the entries in the order of their keys; empty where there are few.
    sorted: &'d [u32],
}

impl<'d> Map<'d> {
    /// The value under a key.
    #[must_use]
    pub fn get(self, key: &str) -> Option<Node<'d>> {
        Some(self.entry(key)?.1)
    }

    /// The entry of a key, the key as the document has it.
    #[must_use]
    pub fn entry(self, key: &str) -> Option<(&'d str, Node<'d>)> {
        let Entries { entries, sorted } = self.0;
        if sorted.is_empty() {
            return entries.iter().find(|(k, _)| *k == key).copied();
        }
        let name = |i: &u32| entries.get(*i as usize).map_or("", |(k, _)| *k);
        let found = sorted.binary_search_by(|i| name(i).cmp(key)).ok()?;
        entries.get(*sorted.get(found)? as usize).copied()
    }

    /// The entry at a place in the order of the document.
    #[must_use]
    pub fn nth(self, at: usize) -> Option<(&'d str, Node<'d>)> {
        self.0.entries.get(at).copied()
    }

    /// What sets this mapping apart from every other of the document: equal for the same place, whatever way led there.
    #[must_use]
    pub fn identity(self) -> usize {
        std::ptr::from_ref(self.0).addr()
    }

    /// Whether the key is there.
    #[must_use]
    pub fn has(self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// How many entries there are.
    #[must_use]
    pub const fn len(self) -> usize {
        self.0.entries.len()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0.entries.is_empty()
    }

    /// The entries, in the order of the document.
    pub fn iter(self) -> impl ExactSizeIterator<Item = (&'d str, Node<'d>)> + DoubleEndedIterator {
        self.0.entries.iter().copied()
    }

    /// The keys, in the order of the document.
    pub fn keys(self) -> impl ExactSizeIterator<Item = &'d str> {
        self.0.entries.iter().map(|(k, _)| *k)
    }
}

impl std::fmt::Debug for Map<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<'d> Node<'d> {
    /// The value under `key`, if it is a mapping that has it.
    #[must_use]
    pub fn get(self, key: &str) -> Option<Self> {
        self.as_map()?.get(key)
    }

    /// The text, if it is text.
    #[must_use]
    pub const fn as_str(self) -> Option<&'d str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// The truth value, if it is one.
    #[must_use]
    pub const fn as_bool(self) -> Option<bool> {
        if let Self::Bool(b) = self { Some(b) } else { None }
    }

    /// The number, if it is one.
    #[must_use]
    pub fn as_number(self) -> Option<Number> {
        if let Self::Number(digits) = self { digits.parse().ok() } else { None }
    }

    /// The number, if it is a whole one that fits.
    #[must_use]
    pub fn as_u64(self) -> Option<u64> {
        if let Self::Number(digits) = self { digits.parse().ok() } else { None }
    }

    /// The items, if it is a sequence.
    #[must_use]
    pub const fn as_list(self) -> Option<&'d [Self]> {
        if let Self::List(items) = self { Some(items) } else { None }
    }

    /// The items; none where it is no sequence.
    pub fn items(self) -> impl ExactSizeIterator<Item = Self> + DoubleEndedIterator + use<'d> {
        self.as_list().unwrap_or_default().iter().copied()
    }

    /// The entries, if it is a mapping.
    #[must_use]
    pub const fn as_map(self) -> Option<Map<'d>> {
        if let Self::Map(map) = self { Some(map) } else { None }
    }

    /// The entries; none where it is no mapping.
    pub fn entries(self) -> impl Iterator<Item = (&'d str, Self)> + use<'d> {
        self.as_map().into_iter().flat_map(Map::iter)
    }

    /// Whether it is a mapping.
    #[must_use]
    pub const fn is_map(self) -> bool {
        matches!(self, Self::Map(_))
    }

    /// Whether it is `null`.
    #[must_use]
    pub const fn is_null(self) -> bool {
        matches!(self, Self::Null)
    }

    /// The value a pointer leads to (RFC 6901). A fragment's `#` and percent-encoding are accepted.
    #[must_use]
    pub fn pointer(self, pointer: &str) -> Option<Self> {
        let pointer = pointer.strip_prefix('#').unwrap_or(pointer);
        let decoded = if pointer.contains('%') {
            percent_encoding::percent_decode_str(pointer).decode_utf8().ok()?
        } else {
            pointer.into()
        };
        if decoded.is_empty() {
            return Some(self);
        }
        decoded.strip_prefix('/')?.split('/').try_fold(self, |node, token| match node {
            Self::Map(map) if token.contains('~') => map.get(&super::pointer::unescape(token)),
            Self::Map(map) => map.get(token),
            Self::List(items) => {
                // RFC 6901 section 4: no leading zeros, no sign.
                let plain = token == "0" || !token.starts_with(['0', '+']);
                items.get(token.parse::<usize>().ok().filter(|_| plain)?).copied()
            }
            _ => None,
        })
    }

    /// A copy that borrows nothing.
    #[must_use]
    pub fn to_value(self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(b) => Value::Bool(b),
            Self::Number(digits) => digits.parse().map_or(Value::Null, Value::Number),
            Self::Text(text) => Value::String(text.to_owned()),
            Self::List(items) => Value::Array(items.iter().map(|n| n.to_value()).collect()),
            Self::Map(map) => Value::Object(map.iter().map(|(k, v)| (k.to_owned(), v.to_value())).collect()),
        }
    }
}

impl Arena {
    /// A text that lives as long as the nodes.
    pub fn text<'d>(&'d self, text: &str) -> &'d str {
        self.0.alloc_str(text)
    }

    /// A tree of a value.
    pub fn of_value<'d>(&'d self, value: &Value) -> Node<'d> {
        match value {
            Value::Null => Node::Null,
            Value::Bool(b) => Node::Bool(*b),
            Value::Number(n) => Node::Number(self.text(&n.to_string())),
            Value::String(s) => Node::Text(self.text(s)),
            Value::Array(items) => self.list(&items.iter().map(|i| self.of_value(i)).collect::<Vec<_>>()),
            Value::Object(map) => {
                let entries: Vec<_> = map.iter().map(|(k, v)| (self.text(k), self.of_value(v))).collect();
                self.map(&entries, |_| {})
            }
        }
    }

    fn list<'d>(&'d self, items: &[Node<'d>]) -> Node<'d> {
        Node::List(self.0.alloc_slice_copy(items))
    }

    /// A mapping of these entries. Of a key that comes twice the last value stays, at the first place; `twice` gets
    /// the key.
    fn map<'d>(&'d self, entries: &[(&'d str, Node<'d>)], mut twice: impl FnMut(&'d str)) -> Node<'d> {
        let few = entries.len() < INDEXED;
        let mut sorted: Vec<u32> = Vec::new();
        let doubled = if few {
            entries.iter().enumerate().any(|(i, (key, _))| entries.iter().take(i).any(|(k, _)| k == key))
        } else {
            sorted = sorted_places(entries);
            sorted.windows(2).any(|pair| match pair {
                [a, b] => key_at(entries, *a) == key_at(entries, *b),
                _ => false,
            })
        };
        let mut once: Vec<(&'d str, Node<'d>)> = Vec::new();
        let entries = if doubled {
            let mut places: std::collections::HashMap<&str, usize> = std::collections::HashMap::new();
            for (key, value) in entries.iter().copied() {
                match places.get(key).and_then(|place| once.get_mut(*place)) {
                    Some(before) => {
                        before.1 = value;
                        twice(key);
                    }
                    None => {
                        places.insert(key, once.len());
                        once.push((key, value));
                    }
                }
            }
            sorted = if once.len() < INDEXED { Vec::new() } else { sorted_places(&once) };
            once.as_slice()
        } else {
            entries
        };
        let entries = self.0.alloc_slice_copy(entries);
        let sorted = self.0.alloc_slice_copy(&sorted);
        Node::Map(Map(self.0.alloc(Entries { entries, sorted })))
    }
}

fn key_at<'d>(entries: &[(&'d str, Node<'d>)], place: u32) -> &'d str {
    entries.get(place as usize).map_or("", |(k, _)| *k)
}

fn sorted_places(entries: &[(&str, Node<'_>)]) -> Vec<u32> {
    let mut places: Vec<u32> = (0..u32::try_from(entries.len()).unwrap_or(u32::MAX)).collect();
    places.sort_by_key(|place| key_at(entries, *place));
    places
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn json<'d>(arena: &'d Arena, text: &'d str) -> Tree<'d> {
        from_json(text, arena).expect("is JSON")
    }

    #[test]
    fn a_tree_says_what_serde_json_says() {
        let texts = [
            r#"{"a": [1, -2.50, 1e400, 123456789012345678901234567890], "b": {"c": null, "d": true}, "e": "x\ny\u00e9"}"#,
            "[]",
            "{}",
            r#""text""#,
            "0",
        ];
        for text in texts {
            let arena = Arena::default();
            let value: Value = serde_json::from_str(text).expect("is JSON");
            assert_eq!(json(&arena, text).root.to_value(), value, "{text}");
        }
    }

    #[test]
    fn yaml_makes_the_same_tree_as_json() {
        let text = "a: &x [1, -2.5, yes, ~]\nb: {c: *x}\n? d\n: |\n  two\n  lines\n200: {<<: {k: 1, l: 2}, l: 3}\n";
        let arena = Arena::default();
        let tree = from_yaml(text, &arena, crate::base::yaml::Limits::default()).expect("is YAML");
        let expected = json!({"a": [1, -2.5, "yes", null], "b": {"c": [1, -2.5, "yes", null]}, "d": "two\nlines\n",
            "200": {"k": 1, "l": 3}});
        assert_eq!(tree.root.to_value(), expected);
        assert!(tree.duplicates.is_empty());
    }

    #[test]
    fn of_a_key_written_twice_the_last_value_holds_and_the_place_is_told() {
        let arena = Arena::default();
        let wide: String = (0..40).map(|i| format!("\"k{i}\": {i}, ")).collect();
        let text = format!(r#"{{"a/b": {{"x": 1, "y": 2, "x": 3}}, "w": {{{wide} "k7": "last"}}}}"#);
        let tree = json(&arena, &text);
        assert_eq!(tree.root.get("a/b").map(Node::to_value), Some(json!({"x": 3, "y": 2})));
        assert_eq!(tree.root.pointer("#/w/k7").and_then(Node::as_str), Some("last"));
        assert_eq!(tree.root.pointer("/w/k39").and_then(Node::as_u64), Some(39));
        assert_eq!(tree.duplicates, ["#/a~1b/x", "#/w/k7"]);
        let yaml = from_yaml("a:\n  x: 1\n  x: 2\n", &arena, crate::base::yaml::Limits::default()).expect("is YAML");
        assert_eq!((yaml.root.to_value(), yaml.duplicates), (json!({"a": {"x": 2}}), vec!["#/a/x".to_owned()]));
    }

    #[test]
    fn pointers_lead_where_rfc_6901_says() {
        let arena = Arena::default();
        let tree = json(&arena, r#"{"": 0, "a/b": [10, 11], "m~n": 2, "é": 3}"#).root;
        let at = |pointer: &str| tree.pointer(pointer).and_then(Node::as_u64);
        assert_eq!([at("/"), at("#/a~1b/1"), at("/m~0n"), at("#/%C3%A9")], [Some(0), Some(11), Some(2), Some(3)]);
        assert_eq!([at("/a~1b/01"), at("/a~1b/2"), at("/a~1b/+1"), at("nothing")], [None; 4]);
        assert!(tree.pointer("#").is_some_and(Node::is_map));
    }

    #[test]
    fn depth_ends_in_an_error_and_not_in_the_stack() {
        let arena = Arena::default();
        let deep = "[".repeat(10_000);
        assert!(from_json(&deep, &arena).is_err());
        assert!(from_yaml(&deep, &arena, crate::base::yaml::Limits::default()).is_err());
    }

    #[test]
    fn a_bomb_of_aliases_is_counted_before_it_goes_off() {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for i in 1..12 {
            let before = format!("*a{}", i - 1);
            text.push_str(&format!("a{i}: &a{i} [{}]\n", vec![before; 10].join(", ")));
        }
        let error = from_yaml(&text, &Arena::default(), crate::base::yaml::Limits::default()).expect_err("too large");
        assert!(error.because.contains("nodes once aliases are expanded"), "{error}");
    }
}
