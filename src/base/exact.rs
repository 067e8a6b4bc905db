//! JSON values inside formats that do not describe themselves: each is written as its own JSON text, so that a number
//! comes back with every digit. For `#[serde(with = "crate::base::exact")]`; for optional ones `exact::option`.

use std::borrow::Cow;

use serde::de::{DeserializeOwned, Deserializer, Error as _};
use serde::ser::{Error as _, Serializer};
use serde::{Deserialize, Serialize};

/// Writes a value as its JSON text.
///
/// # Errors
/// Those of the serializer.
pub fn serialize<T: Serialize, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&serde_json::to_string(value).map_err(S::Error::custom)?)
}

/// Reads a value from its JSON text.
///
/// # Errors
/// Where the text is no JSON, nests deeper than 128 levels, or is no such value.
pub fn deserialize<'de, T: DeserializeOwned, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    let text = Text::deserialize(deserializer)?;
    serde_json::from_str(&text.0).map_err(D::Error::custom)
}

/// Borrowed where the format can.
#[derive(Deserialize)]
struct Text<'t>(#[serde(borrow)] Cow<'t, str>);

/// The same for values that may be missing: none is not `null`.
pub mod option {
    use super::{Deserialize, DeserializeOwned, Deserializer, Serialize, Serializer, Text};
    use serde::de::Error as _;
    use serde::ser::Error as _;

    /// Writes nothing, or a value as its JSON text.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<T: Serialize, S: Serializer>(value: &Option<T>, serializer: S) -> Result<S::Ok, S::Error> {
        match value {
            None => serializer.serialize_none(),
            Some(value) => serializer.serialize_some(&serde_json::to_string(value).map_err(S::Error::custom)?),
        }
    }

    /// Reads nothing, or a value from its JSON text.
    ///
    /// # Errors
    /// As [`super::deserialize`].
    pub fn deserialize<'de, T: DeserializeOwned, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
        let text = Option::<Text<'de>>::deserialize(deserializer)?;
        text.map(|text| serde_json::from_str(&text.0).map_err(D::Error::custom)).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Number, Value, json};

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Row {
        #[serde(with = "crate::base::exact")]
        value: Value,
        #[serde(with = "crate::base::exact::option")]
        list: Option<Vec<Value>>,
        #[serde(with = "crate::base::exact::option")]
        boxed: Option<Box<Value>>,
        #[serde(with = "crate::base::exact::option")]
        number: Option<Number>,
    }

    #[test]
    fn every_digit_comes_back_and_null_is_not_nothing() {
        let text =
            "[1.50, -0.0, 1e400, 123456789012345678901234567890, 1E5, {\"b\": 1, \"a\": [null, \"\\u0000\u{1f980}\"]}]";
        let value: Value = serde_json::from_str(text).expect("JSON");
        let number = value[3].as_number().cloned();
        let row = Row { list: value.as_array().cloned(), value, boxed: Some(Box::new(Value::Null)), number };
        let bytes = postcard::to_stdvec(&row).expect("written");
        assert_eq!(postcard::from_bytes::<Row>(&bytes).expect("read"), row);
        let none = Row { value: json!(null), list: None, boxed: None, number: None };
        let bytes = postcard::to_stdvec(&none).expect("written");
        assert_eq!(postcard::from_bytes::<Row>(&bytes).expect("read"), none);
    }
}
