//! Places of a contract by path and back: `flows.contacts.source.every` is line 18, column 14.

use std::collections::BTreeMap;

use crate::base::yaml::{self, Kind, Limits, Node, Span};

/// The places of one file.
pub(super) struct Places {
    /// In the order of the file.
    paths: Vec<(Span, String)>,
    /// Where the value under each path begins.
    values: BTreeMap<String, Span>,
}

/// As the parser of contracts has them, so that what it reads is found here too.
const LIMITS: Limits = Limits { depth: 32, nodes: 100_000 };

impl Places {
    /// Of a contract's text; none where it is no YAML, which has been said then.
    pub(super) fn of(text: &str) -> Self {
        let mut all = Self { paths: Vec::new(), values: BTreeMap::new() };
        if let Ok(root) = yaml::parse(text, LIMITS) {
            all.walk(&root, "");
        }
        // A stable order: what stands at one place keeps the order of nesting, outermost first.
        all.paths.sort_by_key(|(at, _)| *at);
        all
    }

    /// Where the value under a path begins.
    pub(super) fn value(&self, path: &str) -> Option<Span> {
        self.values.get(path).copied()
    }

    /// The innermost path that begins at a place or before it.
    pub(super) fn path(&self, at: Span) -> Option<&str> {
        let after = self.paths.partition_point(|(begin, _)| *begin <= at);
        self.paths.get(after.checked_sub(1)?).map(|(_, path)| path.as_str())
    }

    /// Each key and each value, with its path.
    fn walk(&mut self, node: &Node, path: &str) {
        match &node.kind {
            Kind::Map(entries) => {
                for entry in entries {
                    let below = if path.is_empty() { entry.key.clone() } else { format!("{path}.{}", entry.key) };
                    self.paths.push((entry.key_at, below.clone()));
                    self.inside(&entry.value, below);
                }
            }
            Kind::Seq(items) => {
                for (i, item) in items.iter().enumerate() {
                    self.inside(item, format!("{path}[{i}]"));
                }
            }
            Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::String(_) => {}
        }
    }

    fn inside(&mut self, node: &Node, path: String) {
        // A mapping begins where its first key does; that place belongs to the key.
        let first = node.entries().and_then(<[_]>::first).map(|e| e.key_at);
        if first != Some(node.at) {
            self.paths.push((node.at, path.clone()));
        }
        self.walk(node, &path);
        self.values.entry(path).or_insert(node.at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_has_a_path_and_a_path_a_place() {
        let text = "a:\n  b: {c: 1, d: [x, y]}\n  e.f: z\ng: 2\n";
        let places = Places::of(text);
        let at = |line, column| Span { line, column };
        for (place, path) in [
            (at(1, 1), "a"),
            (at(2, 3), "a.b"),
            (at(2, 6), "a.b"),
            (at(2, 7), "a.b.c"),
            (at(2, 10), "a.b.c"),
            (at(2, 17), "a.b.d[0]"),
            (at(2, 20), "a.b.d[1]"),
            (at(3, 8), "a.e.f"),
            (at(4, 4), "g"),
        ] {
            assert_eq!(places.path(place), Some(path), "{place}");
        }
        assert_eq!(places.value("a.b.c"), Some(at(2, 10)));
        assert_eq!(places.value("a.e.f"), Some(at(3, 8)));
        assert_eq!((places.value("a.x"), Places::of("a: [").path(at(1, 1))), (None, None));
    }
}
