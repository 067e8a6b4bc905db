//! Prints expressions, in one of the languages, on lines of at most [`WIDTH`] characters.

use serde_json::Value;

use super::ir::Expr;

/// Longest line.
const WIDTH: usize = 118;

/// A language that is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// Python 3.9 or later.
    Python,
    /// TypeScript for Node 20 or later.
    Typescript,
}

impl Language {
    /// For people.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Python => "Python",
            Self::Typescript => "TypeScript",
        }
    }

    /// A name as it is written in the language: `first_page` is `firstPage` in TypeScript.
    pub(super) fn name(self, name: &str) -> String {
        match self {
            Self::Python => name.to_owned(),
            Self::Typescript => camel(name),
        }
    }
}

/// `first_page` is `firstPage`; names in capitals stay.
fn camel(name: &str) -> String {
    if !name.chars().any(|c| c.is_ascii_lowercase()) {
        return name.to_owned();
    }
    let mut out = String::with_capacity(name.len());
    let mut raise = false;
    for c in name.chars() {
        match c {
            '_' if !out.is_empty() => raise = true,
            c if raise => {
                out.push(c.to_ascii_uppercase());
                raise = false;
            }
            c => out.push(c),
        }
    }
    out
}

/// The text of an expression; `indent` is where the line begins, `at` where the expression does.
pub(super) fn print(language: Language, expr: &Expr, indent: usize, at: usize) -> String {
    let flat = flat(language, expr);
    if at + flat.chars().count() <= WIDTH {
        return flat;
    }
    let (open, parts, close) = parts(language, expr);
    if parts.is_empty() {
        return flat;
    }
    let step = if language == Language::Python { 4 } else { 2 };
    let inner = indent + step;
    let mut out = open;
    out.push('\n');
    for (label, part) in parts {
        out.push_str(&" ".repeat(inner));
        out.push_str(&label);
        out.push_str(&print(language, part.expr(), inner, inner + label.chars().count() + 1));
        out.push_str(",\n");
    }
    out.push_str(&" ".repeat(indent));
    out.push_str(close);
    out
}

enum Part<'e> {
    Expr(&'e Expr),
    Owned(Expr),
}

/// What opens an expression, its parts each with its label, and what closes it; no parts where it cannot be broken.
fn parts(language: Language, expr: &Expr) -> (String, Vec<(String, Part<'_>)>, &'static str) {
    let python = language == Language::Python;
    match expr {
        Expr::List(items) => {
            let parts = items.iter().map(|e| (String::new(), Part::Expr(e))).collect();
            if python { ("(".to_owned(), parts, ")") } else { ("[".to_owned(), parts, "]") }
        }
        Expr::Record(kind, fields) if python => {
            (format!("{kind}("), fields.iter().map(|(n, e)| (format!("{n}="), Part::Expr(e))).collect(), ")")
        }
        Expr::Record(kind, fields) => {
            let kind = discriminator(kind);
            let kind = kind.map(|k| ("how: ".to_owned(), Part::Owned(Expr::text(&k))));
            let fields = fields.iter().map(|(n, e)| (format!("{}: ", language.name(n)), Part::Expr(e)));
            ("{".to_owned(), kind.into_iter().chain(fields).collect(), "}")
        }
        Expr::Call(name, places, named) => {
            let mut all: Vec<(String, Part<'_>)> = places.iter().map(|e| (String::new(), Part::Expr(e))).collect();
            if python {
                all.extend(named.iter().map(|(n, e)| (format!("{n}="), Part::Expr(e))));
            } else if !named.is_empty() {
                all.push((String::new(), Part::Owned(Expr::Record(String::new(), named.clone()))));
            }
            (format!("{}(", called(language, name)), all, ")")
        }
        Expr::Value(_) | Expr::Name(_) => (String::new(), Vec::new(), ""),
    }
}

/// How a write is told from the others, where types are gone when the program runs.
fn discriminator(kind: &str) -> Option<String> {
    ["Upsert", "Put", "Create", "Bulk"].contains(&kind).then(|| kind.to_lowercase())
}

fn called(language: Language, name: &str) -> String {
    match language {
        Language::Python => name.to_owned(),
        // A word of the language.
        Language::Typescript if name == "const" => "constant".to_owned(),
        // Constructors are called as such.
        Language::Typescript if name.starts_with(|c: char| c.is_ascii_uppercase()) => format!("new {name}"),
        Language::Typescript => name.split('.').map(camel).collect::<Vec<_>>().join("."),
    }
}

fn flat(language: Language, expr: &Expr) -> String {
    match expr {
        Expr::Value(value) => literal(language, value),
        Expr::Name(name) => name.split('.').map(|n| language.name(n)).collect::<Vec<_>>().join("."),
        _ => {
            let (open, parts, close) = parts(language, expr);
            let single = language == Language::Python && parts.len() == 1 && matches!(expr, Expr::List(_));
            let parts: Vec<String> =
                parts.iter().map(|(label, part)| format!("{label}{}", flat(language, part.expr()))).collect();
            let pad = if open == "{" { " " } else { "" };
            let comma = if single { "," } else { "" };
            format!("{open}{pad}{}{comma}{pad}{close}", parts.join(", "))
        }
    }
}

impl Part<'_> {
    const fn expr(&self) -> &Expr {
        match self {
            Self::Expr(e) => e,
            Self::Owned(e) => e,
        }
    }
}

/// A JSON value as a literal: numbers keep every digit.
fn literal(language: Language, value: &Value) -> String {
    match (language, value) {
        (Language::Python, Value::Null) => "None".to_owned(),
        (Language::Python, Value::Bool(b)) => if *b { "True" } else { "False" }.to_owned(),
        (Language::Python, Value::Number(n)) if !n.is_i64() && !n.is_u64() => format!("Decimal(\"{n}\")"),
        (Language::Typescript, Value::Number(n)) if !n.is_i64() && !n.is_u64() || beyond(n) => format!("num(\"{n}\")"),
        (Language::Python, Value::Array(items)) => list(language, items),
        (Language::Typescript, Value::Array(items)) => list(language, items),
        (_, Value::Object(map)) => {
            let fields: Vec<String> =
                map.iter().map(|(k, v)| format!("{}: {}", quoted(k), literal(language, v))).collect();
            format!("{{{}}}", fields.join(", "))
        }
        (_, Value::String(s)) => quoted(s),
        (_, other) => other.to_string(),
    }
}

/// More than a double holds exactly.
fn beyond(n: &serde_json::Number) -> bool {
    n.as_i64().is_none_or(|n| n.unsigned_abs() > 1 << 53)
}

fn list(language: Language, items: &[Value]) -> String {
    format!("[{}]", items.iter().map(|v| literal(language, v)).collect::<Vec<_>>().join(", "))
}

/// A text between double quotes; JSON's escapes are those of both languages, and what is not ASCII is escaped where it could
/// turn the line around.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    for c in Value::String(text.to_owned()).to_string().chars() {
        match c {
            '\u{7f}'..='\u{9f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}' => {
                out.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn one_expression_in_both_languages() {
        let expr = Expr::Call(
            "Rule".to_owned(),
            vec![
                Expr::List(vec![Expr::text("a")]),
                Expr::Call("t.pad_start".to_owned(), vec![Expr::Value(json!(3))], vec![]),
            ],
            vec![("required".to_owned(), Expr::Value(json!(true)))],
        );
        assert_eq!(print(Language::Python, &expr, 0, 0), r#"Rule(("a",), t.pad_start(3), required=True)"#);
        assert_eq!(print(Language::Typescript, &expr, 0, 0), r#"new Rule(["a"], t.padStart(3), { required: true })"#);
    }

    #[test]
    fn records_leave_out_what_is_null_and_keep_every_digit() {
        let text =
            r#"{"$type": "Put", "put": null, "first_page": 1, "by": {"$name": "BASE"}, "x": [1.50, {"a": null}]}"#;
        let value: Value = serde_json::from_str(text).expect("JSON");
        let expr = Expr::of(&value);
        assert_eq!(
            print(Language::Python, &expr, 0, 0),
            r#"Put(first_page=1, by=BASE, x=(Decimal("1.50"), {"a": None}))"#
        );
        assert_eq!(
            print(Language::Typescript, &expr, 0, 0),
            r#"{ how: "put", firstPage: 1, by: BASE, x: [num("1.50"), {"a": null}] }"#
        );
    }

    #[test]
    fn long_lines_are_broken_and_texts_stay_texts() {
        let long = Expr::List((0..40).map(|i| Expr::text(&format!("word {i}"))).collect());
        let printed = print(Language::Python, &long, 0, 0);
        assert!(printed.lines().count() == 42 && printed.ends_with("\n)"), "{printed}");
        let evil = Expr::text("\"); import os #\u{202e}\n\\");
        assert_eq!(print(Language::Python, &evil, 0, 0), "\"\\\"); import os #\\u202e\\n\\\\\"");
    }
}
