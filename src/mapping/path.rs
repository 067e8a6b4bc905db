//! Paths into records: `a.b`, `lines[0].sku`, `"odd.name".b`.

use serde_json::{Map, Value};

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Segment {
    /// A property.
    Key(String),
    /// An item of a list, from 0.
    Index(usize),
}

impl Segment {
    /// The name, where it is a property.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        if let Self::Key(name) = self { Some(name) } else { None }
    }
}

/// A path into a record; never empty.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Path(Vec<Segment>);

/// What a path leads to in one record.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Lookup<'v> {
    /// A value, null included.
    Found(&'v Value),
    /// The property, the item or one of its parents is not there, or a parent is null.
    Missing,
    /// A parent is neither object nor list where the path needs one.
    WrongShape,
}

/// The largest index of a path: a target list is filled up to it.
const MOST_ITEMS: usize = 1000;
/// Most segments: a record nests no deeper where JSON readers have bounds, and nobody writes more by hand.
const MOST_SEGMENTS: usize = 100;

impl Path {
    /// Reads a path.
    ///
    /// # Errors
    /// What is wrong with it, as a fragment.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut segments = Vec::new();
        let mut rest = text.trim();
        if rest.is_empty() {
            return Err("is empty".to_owned());
        }
        loop {
            if segments.len() >= MOST_SEGMENTS {
                return Err(format!("has more than {MOST_SEGMENTS} segments"));
            }
            let key;
            if let Some(quoted) = rest.strip_prefix('"') {
                let end = quoted.find('"').ok_or("lacks a closing quote")?;
                (key, rest) = (&quoted[..end], &quoted[end + 1..]);
            } else {
                let end = rest.find(['.', '[', '"', ']']).unwrap_or(rest.len());
                (key, rest) = rest.split_at(end);
            }
            if key.is_empty() {
                return Err("has an empty segment".to_owned());
            }
            segments.push(Segment::Key(key.to_owned()));
            while let Some(inside) = rest.strip_prefix('[').filter(|_| segments.len() <= MOST_SEGMENTS) {
                let end = inside.find(']').ok_or("lacks a closing bracket")?;
                let index = inside[..end].parse::<usize>().ok().filter(|i| *i < MOST_ITEMS);
                let index = index.ok_or_else(|| {
                    format!("has an index that is not a number below {MOST_ITEMS}; quote a name that has brackets")
                })?;
                segments.push(Segment::Index(index));
                rest = &inside[end + 1..];
            }
            if rest.is_empty() {
                return Ok(Self(segments));
            }
            rest = rest.strip_prefix('.').ok_or("has something other than a dot between segments")?;
        }
    }

    /// A path of these segments; nothing where there are none or the first is no property.
    #[must_use]
    pub fn of(segments: Vec<Segment>) -> Option<Self> {
        matches!(segments.first(), Some(Segment::Key(_))).then_some(Self(segments))
    }

    /// The segments, at least one.
    #[must_use]
    pub fn segments(&self) -> &[Segment] {
        &self.0
    }

    /// The first property.
    #[must_use]
    pub fn root(&self) -> &str {
        match self.0.first() {
            Some(Segment::Key(k)) => k,
            _ => "",
        }
    }

    /// The last property of the path.
    #[must_use]
    pub fn leaf(&self) -> &str {
        self.0.iter().rev().find_map(|s| if let Segment::Key(k) = s { Some(k.as_str()) } else { None }).unwrap_or("")
    }

    /// This path is the other one or a parent of it.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        other.0.starts_with(&self.0)
    }

    /// What stands at the path in a record.
    #[must_use]
    pub fn get<'v>(&self, record: &'v Value) -> Lookup<'v> {
        let mut value = record;
        for segment in &self.0 {
            let next = match (segment, value) {
                (_, Value::Null) => return Lookup::Missing,
                (Segment::Key(k), Value::Object(map)) => map.get(k),
                (Segment::Index(i), Value::Array(items)) => items.get(*i),
                _ => return Lookup::WrongShape,
            };
            match next {
                Some(v) => value = v,
                None => return Lookup::Missing,
            }
        }
        Lookup::Found(value)
    }

    /// Puts a value at the path, making objects and lists on the way; list items before it become null.
    /// What stands in the way is replaced: compiled mappings have no two targets on one path.
    pub fn set(&self, record: &mut Value, value: Value) {
        let mut place = record;
        for segment in &self.0 {
            match segment {
                Segment::Key(k) => {
                    if !place.is_object() {
                        *place = Value::Object(Map::new());
                    }
                    let Value::Object(map) = place else { return };
                    place = map.entry(k.clone()).or_insert(Value::Null);
                }
                Segment::Index(i) => {
                    if !place.is_array() {
                        *place = Value::Array(Vec::new());
                    }
                    let Value::Array(items) = place else { return };
                    if items.len() <= *i {
                        items.resize(*i + 1, Value::Null);
                    }
                    let Some(item) = items.get_mut(*i) else { return };
                    place = item;
                }
            }
        }
        *place = value;
    }
}

impl std::fmt::Display for Path {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (i, segment) in self.0.iter().enumerate() {
            match segment {
                Segment::Key(k) => {
                    if i > 0 {
                        f.write_str(".")?;
                    }
                    if k.contains(['.', '[', ']', ' ']) {
                        write!(f, "\"{k}\"")?;
                    } else {
                        f.write_str(k)?;
                    }
                }
                Segment::Index(i) => write!(f, "[{i}]")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn paths_are_read_and_written() {
        for text in ["a", "a.b", "a[0].b[12]", "\"odd.name\".b", "\"updated[gte]\"", "x-y.ä"] {
            assert_eq!(Path::parse(text).expect(text).to_string(), text);
        }
        for bad in ["", "a.", ".a", "a..b", "a[", "a[x]", "a[1000]", "a[0]b", "\"a", "[0]", "a\"b\""] {
            assert!(Path::parse(bad).is_err(), "{bad}");
        }
        let deep = |n: usize| Path::parse(&vec!["a"; n].join(".")).map(|_| ());
        assert_eq!(deep(100), Ok(()));
        assert_eq!(deep(101), Err("has more than 100 segments".to_owned()));
        assert!(Path::parse(&format!("a{}", "[0]".repeat(5000))).is_err());
    }

    #[test]
    fn missing_null_and_wrong_shape_are_three_things() {
        let record = json!({"a": {"b": [1, null]}, "n": null, "s": "x", "odd.name": 7});
        let get = |p: &str| Path::parse(p).expect("a path").get(&record).to_owned();
        assert_eq!(get("a.b[0]"), Lookup::Found(&json!(1)));
        assert_eq!(get("a.b[1]"), Lookup::Found(&Value::Null));
        assert_eq!(get("\"odd.name\""), Lookup::Found(&json!(7)));
        assert_eq!(get("a.b[2]"), Lookup::Missing);
        assert_eq!(get("a.x.y"), Lookup::Missing);
        assert_eq!(get("n.x"), Lookup::Missing);
        assert_eq!(get("s.x"), Lookup::WrongShape);
        assert_eq!(get("a[0]"), Lookup::WrongShape);
    }

    #[test]
    fn setting_makes_what_is_needed() {
        let mut record = json!({});
        Path::parse("a.b[1].c").expect("a path").set(&mut record, json!(1));
        Path::parse("a.b[0]").expect("a path").set(&mut record, json!(2));
        assert_eq!(record, json!({"a": {"b": [2, {"c": 1}]}}));
    }
}
