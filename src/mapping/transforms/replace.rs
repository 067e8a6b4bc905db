//! `replace`

use std::sync::Arc;

use serde_json::Value;

use super::{Fault, Op, Transform, example, text};
use crate::mapping::kind::{Kind, Reach};
use crate::mapping::measure::Measured;
use crate::model::TypeSet;

pub(super) static TRANSFORM: Transform = Transform {
    name: "replace",
    usage: "{replace: {\"-\": \"\"}}",
    summary: "Replaces texts by others, literally, in the order written.",
    takes: TypeSet::STRING,
    gives: TypeSet::STRING,
    fallible: false,
    examples: &[
        example(r#"{replace: {"-": ""}}"#, r#""555-01-02""#, r#""5550102""#),
        example(r#"{replace: {a: b, b: c}}"#, r#""ab""#, r#""cc""#),
    ],
    compile: |argument| {
        let needs = || "needs a mapping of old texts to new ones".to_owned();
        let entries = argument.and_then(|n| n.entries()).filter(|e| !e.is_empty()).ok_or_else(needs)?;
        let pairs: Option<Vec<(String, String)>> =
            entries.iter().map(|e| Some((e.key.clone(), e.value.as_str()?.to_owned()))).collect();
        let pairs = pairs.filter(|p| p.iter().all(|(old, _)| !old.is_empty())).ok_or_else(needs)?;
        Ok(Arc::new(Replace(pairs)))
    },
};

#[derive(Debug)]
struct Replace(Vec<(String, String)>);

impl Op for Replace {
    fn apply(&self, input: &Value, _record: &Value) -> Result<Option<Value>, Fault> {
        let mut out = text("replace", input)?.to_owned();
        for (old, new) in &self.0 {
            out = out.replace(old, new);
        }
        Ok(Some(Value::String(out)))
    }

    fn flow(&self, input: &Kind) -> Kind {
        let shrinks = self.0.iter().all(|(old, new)| new.chars().count() <= old.chars().count());
        // Its four hyphens stand at fixed places.
        let bare = input.format.as_deref() == Some("uuid")
            && matches!(self.0.as_slice(), [(old, new)] if old == "-" && new.is_empty());
        if bare {
            return Kind { min_length: 32, max_length: Some(32), ..Kind::of(TypeSet::STRING) };
        }
        let grows = self.0.iter().all(|(old, new)| new.chars().count() >= old.chars().count());
        Kind {
            min_length: if grows { input.min_length } else { 0 },
            max_length: input.max_length.filter(|_| shrinks),
            // A space for a T, a Z for nothing: the clock is the same.
            measure: input.measure.as_deref().and_then(Measured::clock),
            reach: if shrinks { Reach::Part } else { input.reach },
            ..Kind::of(TypeSet::STRING)
        }
    }
}
