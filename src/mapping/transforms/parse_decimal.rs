//! `parse_decimal`

use std::sync::Arc;

use serde_json::Value;

use super::{Fault, Op, Transform, example, number, text};
use crate::mapping::kind::Kind;
use crate::model::TypeSet;

pub(super) static TRANSFORM: Transform = Transform {
    name: "parse_decimal",
    usage: r#"{parse_decimal: {point: ",", group: "."}}"#,
    summary: "A number written with the marks of a country, exactly: 1.234,56 with point comma and group dot is 1234.56.",
    takes: TypeSet::STRING,
    gives: TypeSet::NUMBER,
    fallible: true,
    examples: &[
        example(r#"{parse_decimal: {point: ",", group: "."}}"#, r#""1.234,56""#, r#"1234.56"#),
        example(r#"{parse_decimal: {point: ",", group: "."}}"#, r#""-1.000""#, r#"-1000"#),
        example(r#"{parse_decimal: {point: "."}}"#, r#""12.50""#, r#"12.50"#),
        example(r#"{parse_decimal: {point: ",", group: "."}}"#, r#""1,234.56""#, r#"not-convertible"#),
        example(r#"{parse_decimal: {point: ",", group: "."}}"#, r#""1.23,5""#, r#"not-convertible"#),
    ],
    compile: |argument| {
        let argument = argument.filter(|n| n.entries().is_some()).ok_or_else(|| NEEDS.to_owned())?;
        if argument.entries().unwrap_or_default().iter().any(|e| !matches!(e.key.as_str(), "point" | "group")) {
            return Err(NEEDS.to_owned());
        }
        let mark = |key: &str| -> Result<Option<char>, String> {
            let Some(node) = argument.get(key) else { return Ok(None) };
            let mut letters = node.as_str().unwrap_or_default().chars();
            match (letters.next(), letters.next()) {
                (Some(c), None) if !c.is_ascii_digit() && c != '-' => Ok(Some(c)),
                _ => Err(NEEDS.to_owned()),
            }
        };
        let (point, group) = (mark("point")?.ok_or_else(|| NEEDS.to_owned())?, mark("group")?);
        if group == Some(point) { Err(NEEDS.to_owned()) } else { Ok(Arc::new(ParseDecimal { point, group })) }
    },
};

const NEEDS: &str = "needs its marks, one character each: {point: \",\", group: \".\"}; group may be left out";

#[derive(Debug)]
struct ParseDecimal {
    point: char,
    group: Option<char>,
}

impl Op for ParseDecimal {
    fn apply(&self, input: &Value, _record: &Value) -> Result<Option<Value>, Fault> {
        let no = || Fault::new("not-convertible", "is no number with these marks");
        let text = text("parse_decimal", input)?.trim();
        let (sign, unsigned) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
        let (whole, fraction) = unsigned.split_once(self.point).map_or((unsigned, None), |(w, f)| (w, Some(f)));
        // Groups are of three digits: anything else was written with other marks.
        let groups: Vec<&str> = self.group.map_or_else(|| vec![whole], |g| whole.split(g).collect());
        let sound = groups
            .iter()
            .enumerate()
            .all(|(i, g)| if i == 0 { groups.len() == 1 || g.len() <= 3 } else { g.len() == 3 });
        if !sound {
            return Err(no());
        }
        let plain = fraction.map_or_else(|| groups.concat(), |f| format!("{}.{f}", groups.concat()));
        if !number::is_decimal(&plain) || plain.starts_with(['+', '-']) {
            return Err(no());
        }
        number::json(&number::canonical(&format!("{sign}{plain}"))).map(Some).ok_or_else(no)
    }

    fn flow(&self, input: &Kind) -> Kind {
        Kind { measure: input.measure.clone(), ..Kind::of(TypeSet::NUMBER) }
    }
}
