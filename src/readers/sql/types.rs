//! Column types of the common dialects.

use crate::model::TypeSet;

/// Types and format of a column type, by its first word in lower case; nothing where it is unknown. `zoned` says that
/// the words after it speak of a time zone.
pub(super) fn of(word: &str, zoned: bool) -> Option<(TypeSet, Option<&'static str>)> {
    Some(match word {
        "int" | "integer" | "int4" | "serial" | "serial4" | "mediumint" => (TypeSet::INTEGER, Some("int32")),
        "smallint" | "tinyint" | "int2" | "smallserial" | "year" => (TypeSet::INTEGER, None),
        "bigint" | "int8" | "bigserial" | "serial8" => (TypeSet::INTEGER, Some("int64")),
        "numeric" | "decimal" | "dec" | "number" | "money" | "smallmoney" | "fixed" => {
            (TypeSet::NUMBER, Some("decimal"))
        }
        "real" | "float" | "double" | "float4" | "float8" => (TypeSet::NUMBER, Some("double")),
        "bool" | "boolean" | "bit" => (TypeSet::BOOLEAN, None),
        "char" | "varchar" | "nchar" | "nvarchar" | "character" | "varchar2" | "nvarchar2" | "bpchar" | "text"
        | "citext" | "ntext" | "tinytext" | "mediumtext" | "longtext" | "clob" | "nclob" | "string" | "xml"
        | "name" | "enum" | "set" | "inet" | "cidr" | "macaddr" | "tsvector" | "ltree" => (TypeSet::STRING, None),
        "uuid" | "uniqueidentifier" => (TypeSet::STRING, Some("uuid")),
        "date" => (TypeSet::STRING, Some("date")),
        "timestamptz" | "datetimeoffset" => (TypeSet::STRING, Some("date-time")),
        "timestamp" if zoned => (TypeSet::STRING, Some("date-time")),
        "timestamp" | "datetime" | "datetime2" | "smalldatetime" => (TypeSet::STRING, Some("date-time-local")),
        "time" | "timetz" => (TypeSet::STRING, Some("time")),
        "interval" => (TypeSet::STRING, Some("duration")),
        "bytea" | "blob" | "tinyblob" | "mediumblob" | "longblob" | "binary" | "varbinary" | "image" | "raw"
        | "rowversion" => (TypeSet::STRING, Some("binary")),
        "json" | "jsonb" | "variant" | "hstore" => (TypeSet::ANY, None),
        _ => return None,
    })
}

/// Whether a length after the type bounds a text.
pub(super) fn has_length(word: &str) -> bool {
    word.contains("char")
}

/// Whether a number after the type says how many digits there are after the point (`NUMERIC(10, 2)`).
pub(super) fn has_scale(word: &str) -> bool {
    matches!(word, "numeric" | "decimal" | "dec" | "number" | "fixed")
}

/// Whether the type makes its own values.
pub(super) fn counts_up(word: &str) -> bool {
    word.contains("serial")
}
