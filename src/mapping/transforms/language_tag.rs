//! `language_tag`

use std::sync::Arc;

use serde_json::Value;

use super::{Fault, Op, Transform, example, no_argument, text};
use crate::mapping::kind::Kind;
use crate::model::TypeSet;

pub(super) static TRANSFORM: Transform = Transform {
    name: "language_tag",
    usage: r#"language_tag"#,
    summary: "A language tag in the form of BCP 47 (RFC 5646): de_at and DE-at become de-AT.",
    takes: TypeSet::STRING,
    gives: TypeSet::STRING,
    fallible: true,
    examples: &[
        example(r#"language_tag"#, r#""en_US""#, r#""en-US""#),
        example(r#"language_tag"#, r#""ZH-hant-tw""#, r#""zh-Hant-TW""#),
        example(r#"language_tag"#, r#""de""#, r#""de""#),
        example(r#"language_tag"#, r#""German""#, r#"not-convertible"#),
    ],
    compile: |argument| {
        no_argument(argument)?;
        Ok(Arc::new(LanguageTag))
    },
};

#[derive(Debug)]
struct LanguageTag;

impl Op for LanguageTag {
    fn apply(&self, input: &Value, _record: &Value) -> Result<Option<Value>, Fault> {
        let text = text("language_tag", input)?;
        let parts: Vec<&str> = text.trim().split(['-', '_']).collect();
        let letters = |s: &str| s.bytes().all(|b| b.is_ascii_alphabetic());
        let sound = parts.iter().all(|p| (1..=8).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_alphanumeric()));
        let first = parts.first().filter(|p| sound && (2..=3).contains(&p.len()) && letters(p));
        let first = first.ok_or_else(|| Fault::new("not-convertible", "is no language tag, like de or pt-BR"))?;
        let mut out = first.to_lowercase();
        for part in &parts[1..] {
            out.push('-');
            match part.len() {
                2 if letters(part) => out.push_str(&part.to_uppercase()),
                4 if letters(part) => {
                    let (head, tail) = part.split_at(1);
                    out.push_str(&head.to_uppercase());
                    out.push_str(&tail.to_lowercase());
                }
                _ => out.push_str(&part.to_lowercase()),
            }
        }
        Ok(Some(Value::String(out)))
    }

    fn flow(&self, input: &Kind) -> Kind {
        // Padding, which is taken off, is not counted on.
        Kind {
            min_length: input.min_length.max(2),
            max_length: input.max_length,
            reach: input.reach,
            ..Kind::of(TypeSet::STRING)
        }
    }
}
