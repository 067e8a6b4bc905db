//! Scalars: the five that GraphQL has, and what the names of others tell.

use crate::base::text::words;
use crate::model::TypeSet;

/// Types and format of a scalar. One whose name tells nothing may be anything, and its name is its format.
pub(super) fn scalar(name: &str, description: &str) -> (TypeSet, Option<String>) {
    let known = match name {
        "Int" => (TypeSet::INTEGER, Some("int32")),
        "Float" => (TypeSet::NUMBER, None),
        "String" | "ID" => (TypeSet::STRING, None),
        "Boolean" => (TypeSet::BOOLEAN, None),
        _ => return custom(name, description),
    };
    (known.0, known.1.map(str::to_owned))
}

fn custom(name: &str, description: &str) -> (TypeSet, Option<String>) {
    let parts = words(name);
    let joined = parts.concat();
    let says = description.to_lowercase();
    let (types, format) = match joined.as_str() {
        "datetime" | "timestamp" | "isodatetime" | "iso8601datetime" | "datetimeiso" | "timestamptz" | "instant"
        | "offsetdatetime" | "zoneddatetime" | "datetimeutc" | "utcdatetime" => (TypeSet::STRING, "date-time"),
        "localdatetime" | "naivedatetime" => (TypeSet::STRING, "date-time-local"),
        "date" | "isodate" | "iso8601date" | "localdate" | "naivedate" => (TypeSet::STRING, "date"),
        "uuid" | "guid" => (TypeSet::STRING, "uuid"),
        "url" | "uri" => (TypeSet::STRING, "uri"),
        "email" | "emailaddress" => (TypeSet::STRING, "email"),
        // As text, because that keeps every digit: a number of JSON is read as a double by most.
        "decimal" | "bigdecimal" | "money" => (TypeSet::STRING, "decimal"),
        // Some write these as numbers, some as texts.
        "bigint" | "long" | "int64" | "unsignedint64" => (TypeSet::ANY, "int64"),
        "string" | "nonemptystring" | "html" | "markdown" => (TypeSet::STRING, ""),
        _ if says.contains("8601") || says.contains("rfc 3339") || says.contains("rfc3339") => {
            (TypeSet::STRING, if says.contains("time") { "date-time" } else { "date" })
        }
        _ => return (TypeSet::ANY, Some(crate::base::text::quoted(&parts.join("-"), 60)).filter(|f| !f.is_empty())),
    };
    (types, Some(format.to_owned()).filter(|f| !f.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scalar_is_known_by_its_name_or_by_what_it_says() {
        for (name, says, types, format) in [
            ("Int", "", TypeSet::INTEGER, Some("int32")),
            ("ID", "", TypeSet::STRING, None),
            ("DateTime", "", TypeSet::STRING, Some("date-time")),
            ("EmailAddress", "", TypeSet::STRING, Some("email")),
            ("Decimal", "", TypeSet::STRING, Some("decimal")),
            ("Moment", "A time by ISO 8601.", TypeSet::STRING, Some("date-time")),
            ("JSONObject", "", TypeSet::ANY, Some("json-object")),
        ] {
            assert_eq!(scalar(name, says), (types, format.map(str::to_owned)), "{name}");
        }
    }
}
