//! What transforms that calculate share: decimals, never floats.

use rust_decimal::Decimal;
use serde_json::Value;

use super::{Fault, Op, cannot_take, number};
use crate::base::yaml::Node;
use crate::mapping::kind::{Bound, Kind};
use crate::model::TypeSet;

/// Most digits after the point of a step that is followed: a third has no last one.
const MOST_PLACES: u32 = 12;

/// One exact calculation on a number.
#[derive(Debug)]
pub(super) struct Calculation {
    pub(super) name: &'static str,
    pub(super) by: Decimal,
    pub(super) calculate: fn(Decimal, Decimal) -> Option<Decimal>,
    /// Integers stay integers.
    pub(super) whole: bool,
}

impl Op for Calculation {
    fn apply(&self, input: &Value, _record: &Value) -> Result<Option<Value>, Fault> {
        if !input.is_number() {
            return Err(cannot_take(self.name, input));
        }
        let too_long = || Fault::new("out-of-range", "has, or gives, more than 28 digits");
        let exact = number::decimal(input).ok_or_else(too_long)?;
        let result = (self.calculate)(exact, self.by).ok_or_else(too_long)?;
        number::json(&result.normalize().to_string()).map(Some).ok_or_else(too_long)
    }

    fn flow(&self, input: &Kind) -> Kind {
        // What comes in steps goes on in steps: cents times 100 are whole.
        let step = input.counted().and_then(|step| (self.calculate)(step, self.by)).map(|step| step.abs().normalize());
        let step = step.filter(|step| !step.is_zero() && step.scale() <= MOST_PLACES);
        let whole = self.whole && input.types == TypeSet::INTEGER || step.is_some_and(|step| step.is_integer());
        let types = if whole { TypeSet::INTEGER } else { TypeSet::NUMBER };
        let ends = input.minimum.zip(input.maximum).and_then(|(low, high)| {
            let (a, b) = ((self.calculate)(low.at, self.by)?, (self.calculate)(high.at, self.by)?);
            // A sign taken off folds the range at zero.
            let folds = self.name == "absolute" && low.at.is_sign_negative() != high.at.is_sign_negative();
            let bound = |at: Decimal| Some(Bound { at, exclusive: false });
            Some((bound(if folds { Decimal::ZERO } else { a.min(b) }), bound(a.max(b))))
        });
        let (minimum, maximum) = ends.unwrap_or_default();
        let measure = input.measure.as_deref().and_then(|m| match self.name {
            "multiply" => m.scaled(self.by),
            "divide" => Decimal::ONE.checked_div(self.by).and_then(|by| m.scaled(by)),
            _ => Some(Box::new(m.clone())), // the sign is no unit
        });
        Kind { minimum, maximum, step, measure, ..Kind::of(types) }
    }
}

/// A number other than zero.
pub(super) fn factor(argument: Option<&Node>) -> Result<Decimal, String> {
    let value = argument.map(Node::to_value).filter(Value::is_number);
    value
        .and_then(|v| number::decimal(&v))
        .filter(|d| !d.is_zero())
        .ok_or_else(|| "needs a number other than 0".to_owned())
}
