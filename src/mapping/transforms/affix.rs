//! What `prefix` and `suffix` share.

use serde_json::Value;

use super::{Fault, Op, text};
use crate::mapping::kind::Kind;
use crate::mapping::measure::{Measure, Measured, Zone};
use crate::model::TypeSet;

/// A fixed text at one end of a text.
#[derive(Debug)]
pub(super) struct Affix {
    pub(super) name: &'static str,
    pub(super) before: String,
    pub(super) after: String,
}

impl Op for Affix {
    fn apply(&self, input: &Value, _record: &Value) -> Result<Option<Value>, Fault> {
        Ok(Some(Value::String(format!("{}{}{}", self.before, text(self.name, input)?, self.after))))
    }

    fn flow(&self, input: &Kind) -> Kind {
        let more = (self.before.chars().count() + self.after.chars().count()) as u64;
        // A zone put behind a time without one makes an instant of it; whether the right one is asked elsewhere.
        let local = matches!(input.format.as_deref(), Some("date-time-local" | "local-date-time" | "datetime-local"));
        let clock =
            input.measure.as_deref().is_some_and(|m| matches!(m.is, Measure::Clock(Zone::Utc | Zone::Local(_))));
        let instant = (local || clock) && self.before.is_empty() && matches!(self.after.as_str(), "Z" | "+00:00");
        Kind {
            format: instant.then(|| "date-time".to_owned()),
            min_length: input.min_length.saturating_add(more),
            max_length: input.max_length.map(|m| m.saturating_add(more)),
            reach: input.reach,
            measure: input.measure.as_deref().filter(|_| self.before.is_empty()).and_then(Measured::clock),
            ..Kind::of(TypeSet::STRING)
        }
    }
}
