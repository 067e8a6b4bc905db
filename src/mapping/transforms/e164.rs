//! `e164`

use std::sync::Arc;

use serde_json::Value;

use super::{Fault, Op, Transform, example, text};
use crate::mapping::kind::Kind;
use crate::model::TypeSet;

pub(super) static TRANSFORM: Transform = Transform {
    name: "e164",
    usage: r#"{e164: "+49"}"#,
    summary: "A phone number in the form of E.164, +491701234567: national numbers get the country code given and lose the zero in front; punctuation goes.",
    takes: TypeSet::STRING,
    gives: TypeSet::STRING,
    fallible: true,
    examples: &[
        example(r#"{e164: "+49"}"#, r#""0170 123-4567""#, r#""+491701234567""#),
        example(r#"{e164: "+49"}"#, r#""+1 (555) 010-2000""#, r#""+15550102000""#),
        example(r#"{e164: "+49"}"#, r#""0041 44 668 18 00""#, r#""+41446681800""#),
        example(r#"{e164: "+1"}"#, r#""555 010 2000""#, r#""+15550102000""#),
        example(r#"{e164: "+49"}"#, r#""ask Ada""#, r#"not-convertible"#),
        example(r#"{e164: "+49"}"#, r#""123""#, r#"not-convertible"#),
    ],
    compile: |argument| {
        let code = super::text_argument(argument)
            .ok()
            .and_then(|a| a.strip_prefix('+'))
            .filter(|c| (1..=3).contains(&c.len()) && c.bytes().all(|b| b.is_ascii_digit()) && !c.starts_with('0'));
        let code =
            code.ok_or_else(|| "needs the country code of national numbers in quotes, like \"+49\"".to_owned())?;
        Ok(Arc::new(E164(code.to_owned())))
    },
};

/// ITU-T E.164: at most 15 digits, the country code first. Which numbers exist is not known here, nor that Italy keeps its zero.
#[derive(Debug)]
struct E164(String);

impl Op for E164 {
    fn apply(&self, input: &Value, _record: &Value) -> Result<Option<Value>, Fault> {
        let text = text("e164", input)?.trim();
        let no = || Fault::new("not-convertible", "is no phone number of 7 to 15 digits");
        if text.chars().any(|c| !c.is_ascii_digit() && !" +()-./\u{a0}".contains(c)) {
            return Err(no());
        }
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        let whole = if text.starts_with('+') {
            digits
        } else if let Some(abroad) = digits.strip_prefix("00") {
            abroad.to_owned()
        } else {
            format!("{}{}", self.0, digits.strip_prefix('0').unwrap_or(&digits))
        };
        let fits = (7..=15).contains(&whole.len()) && !whole.starts_with('0');
        if fits { Ok(Some(Value::String(format!("+{whole}")))) } else { Err(no()) }
    }

    fn flow(&self, _input: &Kind) -> Kind {
        Kind { min_length: 8, max_length: Some(16), ..Kind::of(TypeSet::STRING) }
    }
}
