//! One field of a JSON text, without making a value of all the others.

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

/// The value at a path of property names; nothing where the text is no JSON or has none. Of a name that comes twice the last
/// one holds, as in a value.
pub(super) fn read(text: &[u8], path: &[String]) -> Option<Value> {
    let mut reader = serde_json::Deserializer::from_slice(text);
    let found = Field { path }.deserialize(&mut reader).ok()?;
    reader.end().ok()?;
    found
}

struct Field<'p> {
    path: &'p [String],
}

impl<'de> DeserializeSeed<'de> for Field<'_> {
    type Value = Option<Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        match self.path.split_first() {
            None => serde::Deserialize::deserialize(deserializer).map(Some),
            Some((name, path)) => deserializer.deserialize_map(Inside { name, path }),
        }
    }
}

struct Inside<'p> {
    name: &'p str,
    path: &'p [String],
}

impl<'de> Visitor<'de> for Inside<'_> {
    type Value = Option<Value>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "an object with {}", self.name)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(here) = map.next_key_seed(Name(self.name))? {
            if here {
                found = map.next_value_seed(Field { path: self.path })?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}

/// Whether a key is this one.
struct Name<'p>(&'p str);

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<bool, E> {
        Ok(key == self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::read;
    use serde_json::Value;

    #[test]
    fn a_field_is_as_it_is_in_the_whole() {
        let path = |p: &str| p.split('.').map(str::to_owned).collect::<Vec<_>>();
        for text in [
            r#"{"a": 1.50, "b": {"c": "x\u00e9", "d": [1]}, "a": 2}"#,
            r#"{"b": null}"#,
            r#"{"b": 7}"#,
            r#"[1]"#,
            r#"{"b": "#,
            r#"{"a": 1} x"#,
            "",
        ] {
            let whole = serde_json::from_str::<Value>(text).ok();
            for at in ["a", "b.c", "b.d", "z"] {
                let dug = whole.as_ref().and_then(|w| super::super::dig(w, &path(at)).cloned());
                let found = read(text.as_bytes(), &path(at));
                // Where the rest of a path leads through what is no object, the whole says nothing as well.
                assert_eq!(found, dug, "{at} of {text}");
            }
        }
        let number = read(br#"{"a": 1.50}"#, &path("a")).map(|n| n.to_string());
        assert_eq!(number.as_deref(), Some("1.50"));
    }
}
