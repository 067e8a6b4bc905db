//! SHA-256 over bytes and over canonical JSON.

use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// `sha256:` and 64 lower-case hex digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Digest(String);

impl Digest {
    /// Digest of the bytes as they are.
    #[must_use]
    pub fn of_bytes(bytes: &[u8]) -> Self {
        Self::of_hash(&Sha256::digest(bytes))
    }

    /// Digest of what a reader yields, a piece at a time: nothing is kept.
    ///
    /// # Errors
    /// What the reader failed with.
    pub fn of_reader(mut reader: impl std::io::Read) -> std::io::Result<Self> {
        let mut hash = Sha256::new();
        let mut piece = vec![0; 64 * 1024];
        loop {
            match reader.read(&mut piece)? {
                0 => return Ok(Self::of_hash(&hash.finalize())),
                n => hash.update(piece.get(..n).unwrap_or_default()),
            }
        }
    }

    fn of_hash(hash: &[u8]) -> Self {
        let mut text = String::with_capacity(71);
        text.push_str("sha256:");
        for byte in hash {
            text.extend([byte >> 4, byte & 15].map(|digit| char::from(b"0123456789abcdef"[usize::from(digit)])));
        }
        Self(text)
    }

    /// Digest of the value's canonical form: object keys sorted by code point, no white space (after RFC 8785;
    /// numbers keep the digits they were written with).
    #[must_use]
    pub fn of_json(value: &Value) -> Self {
        let mut text = String::new();
        canonical(value, &mut text);
        Self::of_bytes(text.as_bytes())
    }

    /// Takes a digest that was written before, e.g. read back from the store.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let hex = text.strip_prefix("sha256:")?;
        (hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)))
            .then(|| Self(text.to_owned()))
    }

    /// The whole text, `sha256:…`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first 12 hex digits, for people.
    #[must_use]
    pub fn short(&self) -> &str {
        &self.0[7..19]
    }
}

impl std::fmt::Display for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Writes the canonical form of `value` to `out`.
pub fn canonical(value: &Value, out: &mut String) {
    match value {
        Value::Object(map) => {
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort_unstable();
            out.push('{');
            for (i, key) in keys.into_iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                quoted(key, out);
                out.push(':');
                canonical(&map[key], out);
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                canonical(item, out);
            }
            out.push(']');
        }
        Value::String(text) => quoted(text, out),
        Value::Number(number) => out.push_str(number.as_str()),
        scalar => out.push_str(&scalar.to_string()),
    }
}

/// A JSON string; most need no escape and are copied as they are.
fn quoted(text: &str, out: &mut String) {
    if text.bytes().any(|b| b < 0x20 || b == b'"' || b == b'\\') {
        out.push_str(&Value::String(text.to_owned()).to_string());
    } else {
        out.push('"');
        out.push_str(text);
        out.push('"');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn key_order_does_not_change_the_digest() {
        assert_eq!(
            Digest::of_json(&json!({"a": 1, "b": [true, null]})),
            Digest::of_json(&json!({"b": [true, null], "a": 1}))
        );
        assert_ne!(Digest::of_json(&json!({"a": 1})), Digest::of_json(&json!({"a": "1"})));
    }

    #[test]
    fn the_canonical_form_is_the_json_of_the_library() {
        // No object with two keys: there the order is ours.
        for text in ["", "plain", "a \"quote\" and a \\", "tab\t line\n bell\u{7} del\u{7f}", "ü \u{1f980} \u{2028}"] {
            for value in [json!(text), json!({text: [1.50, null, text]})] {
                let mut out = String::new();
                canonical(&value, &mut out);
                assert_eq!(out, value.to_string());
            }
        }
    }

    #[test]
    fn the_digest_of_nothing_is_the_published_one() {
        let d = Digest::of_bytes(b"");
        assert_eq!(d.as_str(), "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert_eq!(Digest::parse(d.as_str()), Some(d));
        assert_eq!(Digest::parse("sha256:xyz"), None);
    }
}
