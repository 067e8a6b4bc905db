//! Names that the program itself gives, such as codes and rules: written down as text, read back as what they are.
//!
//! They live as long as the process (`&'static str`), so that nobody who makes one has to copy it. What reads them back
//! from bytes has no such text at hand; it is kept once for each name, and never more than a bounded number of them, so
//! that bytes from a stranger cannot fill the memory.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use serde::de::{Deserializer, Error, Visitor};
use serde::ser::Serializer;

/// A name of the program's own. An alias, since a field written as a reference would be borrowed from the bytes.
pub type Name = &'static str;

/// Most names known in one process: some four times what the program has.
const MOST: usize = 2_000;
/// Most bytes of one name.
const LONGEST: usize = 80;

/// All names read back so far.
static KNOWN: Mutex<Option<HashSet<Name>>> = Mutex::new(None);

/// The name, kept for the life of the process; nothing for what is no name (anything but letters, digits, `-`, `_` and
/// `.`, or too long) and for more names than there can be.
#[must_use]
pub fn known(text: &str) -> Option<Name> {
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let known = known.get_or_insert_default();
    if let Some(name) = known.get(text) {
        return Some(name);
    }
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    if known.len() >= MOST || text.len() > LONGEST || !text.bytes().all(fits) {
        return None;
    }
    let name: Name = Box::leak(text.to_owned().into_boxed_str());
    known.insert(name);
    Some(name)
}

/// Writes a name as its text.
///
/// # Errors
/// Those of the serializer.
pub fn serialize<S: Serializer>(name: &Name, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(name)
}

/// Reads a name back.
///
/// # Errors
/// Where the text is no name; see [`known`].
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Name, D::Error> {
    struct Reads;
    impl Visitor<'_> for Reads {
        type Value = Name;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a name of the program's own")
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<Name, E> {
            known(text).ok_or_else(|| E::custom("this is no name"))
        }
    }
    deserializer.deserialize_str(Reads)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_kept_once_and_what_is_none_is_not_kept() {
        let (first, again) = (known("unknown-format").expect("a name"), known("unknown-format").expect("a name"));
        assert!(std::ptr::eq(first, again));
        for none in ["two words", "\u{fc}ber", "a\nb", &"x".repeat(LONGEST + 1)] {
            assert_eq!(known(none), None, "{none}");
        }
    }
}
