//! Scalars and well-known types as JSON writes them (Protocol Buffers, "ProtoJSON format").

use crate::model::{Additional, Facets, Schema, TypeSet};

/// The schema of a scalar.
pub(super) fn scalar(name: &str) -> Option<Schema> {
    let (types, format) = match name {
        "double" | "float" => (TypeSet::NUMBER, name),
        "int32" | "sint32" | "sfixed32" => (TypeSet::INTEGER, "int32"),
        "uint32" | "fixed32" => (TypeSet::INTEGER, "uint32"),
        // As text, because that keeps every digit.
        "int64" | "sint64" | "sfixed64" => (TypeSet::STRING, "int64"),
        "uint64" | "fixed64" => (TypeSet::STRING, "uint64"),
        "bool" => (TypeSet::BOOLEAN, ""),
        "string" => (TypeSet::STRING, ""),
        "bytes" => (TypeSet::STRING, "byte"),
        _ => return None,
    };
    let format = Some(format.to_owned()).filter(|f| !f.is_empty());
    let minimum = (types == TypeSet::INTEGER && name != "int32" && !name.starts_with('s')).then(|| 0.into());
    Some(Schema { types, format, facets: Facets { minimum, ..Facets::default() }.into(), ..Schema::default() })
}

/// The schema of a well-known type, by its full name.
pub(super) fn known(name: &str) -> Option<Schema> {
    let schema = |types, format: &str| Schema {
        types,
        format: Some(format.to_owned()).filter(|f| !f.is_empty()),
        ..Schema::default()
    };
    Some(match name.strip_prefix('.').unwrap_or(name).strip_prefix("google.protobuf.")? {
        "Timestamp" => schema(TypeSet::STRING, "date-time"),
        // `3.5s`, which is no duration of ISO 8601.
        "Duration" => schema(TypeSet::STRING, "google-duration"),
        "FieldMask" => schema(TypeSet::STRING, "google-fieldmask"),
        "Struct" | "Any" => schema(TypeSet::OBJECT, ""),
        "Empty" => Schema { additional: Additional::No, ..schema(TypeSet::OBJECT, "") },
        "Value" => schema(TypeSet::ANY, ""),
        "ListValue" => schema(TypeSet::ARRAY, ""),
        "NullValue" => schema(TypeSet::NULL, ""),
        wrapper => {
            let mut of = scalar(&wrapper.strip_suffix("Value")?.to_ascii_lowercase())?;
            of.types = of.types.with(TypeSet::NULL);
            of
        }
    })
}

/// A field's name as JSON has it: `page_size` is `pageSize`.
pub(super) fn json_name(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut raise = false;
    for c in name.chars() {
        match c {
            '_' => raise = true,
            c if std::mem::take(&mut raise) => out.push(c.to_ascii_uppercase()),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_as_json_writes_them() {
        let told = |s: Option<Schema>| s.map(|s| format!("{} {:?}", s.types, s.format)).unwrap_or_default();
        assert_eq!(told(scalar("sint64")), "string Some(\"int64\")");
        assert_eq!(told(known(".google.protobuf.Timestamp")), "string Some(\"date-time\")");
        assert_eq!(told(known("google.protobuf.UInt32Value")), "integer or null Some(\"uint32\")");
        assert_eq!(told(known("google.protobuf.BytesValue")), "string or null Some(\"byte\")");
        assert_eq!(told(known("google.protobuf.FieldOptions")), "");
        assert_eq!((json_name("page_size"), json_name("_a__b1_c")), ("pageSize".to_owned(), "AB1C".to_owned()));
    }
}
