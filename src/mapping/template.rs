//! Texts with fields in them: `"{last_name}, {first_name}"`. A template names fields of the record and nothing else: no
//! files, no conditions, no loops.

use serde_json::Value;

use super::path::{Lookup, Path};
use super::transforms::{Fault, scalar_text};
use crate::model::TypeSet;

/// A compiled template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Field(Path),
}

impl Template {
    /// Reads a template: `{path}` is a field, `{{` and `}}` are braces.
    ///
    /// # Errors
    /// What is wrong with it, as a fragment that goes on after the word template.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut pieces: Vec<Piece> = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            let (before, from) = rest.split_at(at);
            plain.push_str(before);
            if let Some(after) = from.strip_prefix("{{") {
                plain.push('{');
                rest = after;
            } else if let Some(after) = from.strip_prefix("}}") {
                plain.push('}');
                rest = after;
            } else if let Some(inside) = from.strip_prefix('{') {
                let end = inside.find('}').ok_or("has a brace that is never closed; a brace itself is written {{")?;
                let (name, after) = inside.split_at(end);
                if !plain.is_empty() {
                    pieces.push(Piece::Text(std::mem::take(&mut plain)));
                }
                let odd = name.trim_start_matches(char::is_alphanumeric).starts_with([' ', '%', '#', '/', '(', '|']);
                let path = if odd { Err("is more than a path".to_owned()) } else { Path::parse(name) };
                let path = path.map_err(|because| {
                    let name = crate::base::text::quoted(name, 40);
                    format!("has \"{{{name}}}\", which {because}: only fields stand in braces, like {{customer.name}}")
                })?;
                pieces.push(Piece::Field(path));
                rest = &after[1..];
            } else {
                return Err("has a closing brace that opens nowhere; a brace itself is written }}".to_owned());
            }
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            pieces.push(Piece::Text(plain));
        }
        if !pieces.iter().any(|p| matches!(p, Piece::Field(_))) {
            return Err("names no field in braces; a text that is always the same is a const".to_owned());
        }
        Ok(Self { pieces })
    }

    /// The fields, in their order.
    pub fn fields(&self) -> impl Iterator<Item = &Path> {
        self.pieces.iter().filter_map(|p| if let Piece::Field(path) = p { Some(path) } else { None })
    }

    /// Texts and fields in their order: a text, or else a field.
    pub fn pieces(&self) -> impl Iterator<Item = Result<&str, &Path>> {
        self.pieces.iter().map(|p| match p {
            Piece::Text(text) => Ok(text.as_str()),
            Piece::Field(path) => Err(path),
        })
    }

    /// Characters of the text between the fields.
    #[must_use]
    pub fn fixed_length(&self) -> u64 {
        let length = |p: &Piece| if let Piece::Text(t) = p { t.chars().count() as u64 } else { 0 };
        self.pieces.iter().map(length).sum()
    }

    /// The text for a record; nothing where a field is missing or null.
    ///
    /// # Errors
    /// A field that is an object or a list.
    pub(super) fn fill(&self, record: &Value) -> Result<Option<Value>, Fault> {
        let mut out = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Field(path) => match path.get(record) {
                    Lookup::Found(Value::Null) | Lookup::Missing => return Ok(None),
                    Lookup::Found(v) => out.push_str(&scalar_text(v).ok_or_else(|| {
                        let because = format!("the field {path} is {} and cannot stand in a text", TypeSet::of(v));
                        Fault::new("not-convertible", because)
                    })?),
                    Lookup::WrongShape => {
                        return Err(Fault::new("wrong-shape", "a parent of the field is neither object nor list"));
                    }
                },
            }
        }
        Ok(Some(Value::String(out)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn filled(template: &str, record: &Value) -> String {
        match Template::parse(template) {
            Err(because) => because,
            Ok(t) => match t.fill(record) {
                Ok(v) => v.map_or_else(|| "missing".to_owned(), |v| v.to_string()),
                Err(fault) => fault.code.to_owned(),
            },
        }
    }

    #[test]
    fn fields_are_filled_in_and_nothing_else_is() {
        let record = json!({"a": "x", "n": 1.50, "o": {"b": true}, "none": null, "list": []});
        for (template, want) in [
            ("{a}-{n}-{o.b}", r#""x-1.5-true""#),
            ("{{{a}}}", r#""{x}""#),
            ("{a} and {nowhere}", "missing"),
            ("{a} and {none}", "missing"),
            ("{list}", "not-convertible"),
            ("{a.b}", "wrong-shape"),
        ] {
            assert_eq!(filled(template, &record), want, "{template}");
        }
    }

    #[test]
    fn what_is_no_field_is_refused() {
        let page: String = [
            "plain",
            "{a",
            "a}",
            "{}",
            "{include \"/etc/passwd\"}",
            "{% include 'x' %}",
            "{#each a}",
            "{a | upper}",
            "{a[x]}",
        ]
        .iter()
        .map(|t| format!("{t}\n    {}\n", filled(t, &Value::Null)))
        .collect();
        insta::assert_snapshot!(page);
    }
}
