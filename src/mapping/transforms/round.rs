//! `round`

use std::sync::Arc;

use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::Value;

use super::{Fault, Op, Transform, cannot_take, count_argument, example, number};
use crate::mapping::kind::{Bound, Kind};
use crate::model::TypeSet;
use crate::model::multiple::is_multiple;

pub(super) static TRANSFORM: Transform = Transform {
    name: "round",
    usage: "{round: 2}, with the digits after the point to keep",
    summary: "Rounds a number, halves away from zero; with 0 digits the result is an integer.",
    takes: TypeSet::NUMBER.with(TypeSet::INTEGER),
    gives: TypeSet::NUMBER,
    fallible: true,
    examples: &[
        example("{round: 2}", "2.345", "2.35"),
        example("{round: 0}", "-2.5", "-3"),
        example("{round: 2}", "1.005", "1.01"),
        example("{round: 2}", "1e40", "out-of-range"),
    ],
    compile: |argument| Ok(Arc::new(Round(u32::try_from(count_argument(argument, 0, 20)?).unwrap_or(0)))),
};

#[derive(Debug)]
struct Round(u32);

impl Op for Round {
    fn apply(&self, input: &Value, _record: &Value) -> Result<Option<Value>, Fault> {
        if !input.is_number() {
            return Err(cannot_take("round", input));
        }
        let too_long = || Fault::new("out-of-range", "has more than 28 digits");
        let exact: Decimal = number::decimal(input).ok_or_else(too_long)?;
        let rounded = exact.round_dp_with_strategy(self.0, RoundingStrategy::MidpointAwayFromZero);
        number::json(&rounded.to_string()).map(Some).ok_or_else(too_long)
    }

    fn flow(&self, input: &Kind) -> Kind {
        let integer = self.0 == 0 || input.types == TypeSet::INTEGER;
        let types = if integer { TypeSet::INTEGER } else { TypeSet::NUMBER };
        // Rounded as the values are: what lies between the ends stays between them.
        let end = |b: Option<Bound>| {
            let at = b?.at.round_dp_with_strategy(self.0, RoundingStrategy::MidpointAwayFromZero);
            Some(Bound { at, exclusive: false })
        };
        // What is coarser than the digits that are kept stays as it is.
        let unit = Decimal::new(1, self.0);
        let step = input.counted().filter(|step| is_multiple(*step, unit) == Some(true)).unwrap_or(unit);
        let (minimum, maximum) = (end(input.minimum), end(input.maximum));
        Kind { minimum, maximum, step: Some(step.normalize()), measure: input.measure.clone(), ..Kind::of(types) }
    }
}
