//! What a value measures, beside its type: so many of a unit, an amount in minor or major units of a currency, time since
//! 1970, a time on a clock with or without its zone. Guessed once for a field, with what it was guessed from; from there on
//! each step keeps, changes or drops it.

use rust_decimal::Decimal;

use super::path::Path;
use super::units;

pub use super::units::Dimension;

/// What a value measures, and how that is known.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// What it measures.
    pub is: Measure,
    /// How that is known.
    pub by: Evidence,
}

/// What a value measures.
#[derive(Debug, Clone, PartialEq)]
pub enum Measure {
    /// So many of a unit.
    Quantity {
        /// What is measured.
        dimension: Dimension,
        /// How many of the dimension's own unit one is; 0 where no factor leads there (degrees, months).
        scale: f64,
        /// The unit as people are told; empty for one without a name, such as a gross of pounds.
        unit: &'static str,
    },
    /// An amount of money.
    Money {
        /// Minor or major units.
        scale: Scale,
        /// Whose.
        currency: Currency,
    },
    /// A number of seconds, or of parts of one, since 1970.
    Epoch {
        /// Of so many digits the part is: 0 for seconds, 3 for milliseconds, 6, 9.
        digits: i32,
        /// The clock it was read from was local, whatever the number says.
        local: bool,
    },
    /// A date and time as text.
    Clock(Zone),
}

/// What one of an amount is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// The currency's minor unit, however many digits that has: cents, yen, fils.
    Minor,
    /// A major unit is ten to the power of this many: 0 for major units, 6 for micros, -3 for thousands.
    Power(i32),
}

/// The currency of an amount.
#[derive(Debug, Clone, PartialEq)]
pub enum Currency {
    /// Nobody said.
    Unknown,
    /// One for all, by its code in upper case.
    Code(&'static str),
    /// Each record names it here.
    Field(Path),
}

/// The zone of a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Zone {
    /// It is in UTC.
    Utc,
    /// It states its offset.
    Offset,
    /// It is what a clock on a wall shows, of the named zone where somebody said which.
    Local(Option<String>),
}

/// What a measure was guessed from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evidence {
    /// A step made it so: certain.
    Step,
    /// Words of the name or of the description, a format, an example: somebody said it.
    Said,
    /// A type or a bound alone: integers are minor units, what ends at 1 is a fraction.
    Type,
}

impl Evidence {
    /// How much a finding that rests on it can be trusted, from 0 to 1.
    #[must_use]
    pub const fn confidence(self) -> f64 {
        match self {
            Self::Step | Self::Said => 0.7,
            Self::Type => 0.6,
        }
    }

    /// Somebody, or a step, said so.
    #[must_use]
    pub const fn said(self) -> bool {
        !matches!(self, Self::Type)
    }
}

impl Measured {
    /// What a step makes.
    #[must_use]
    pub fn by_step(is: Measure) -> Option<Box<Self>> {
        Some(Box::new(Self { is, by: Evidence::Step }))
    }

    /// The same value's measure after its number was multiplied: a number a thousand times as large counts thousandths.
    /// Nothing where the product measures something else, or where a guess is too weak to calculate with.
    #[must_use]
    pub fn scaled(&self, by: Decimal) -> Option<Box<Self>> {
        let is = match &self.is {
            Measure::Quantity { dimension, scale, .. } if *scale != 0.0 => {
                let factor: f64 = by.abs().try_into().ok().filter(|f| *f > 0.0)?;
                let scale = scale / factor;
                let unit = units::of_scale(*dimension, scale).map_or("", |u| u.name);
                Measure::Quantity { dimension: *dimension, scale, unit }
            }
            // Degrees of one scale are none of another by any factor, and no longer their own.
            Measure::Quantity { dimension: Dimension::Temperature, .. } => {
                Measure::Quantity { dimension: Dimension::Temperature, scale: 0.0, unit: "" }
            }
            Measure::Money { scale, currency } if self.by.said() => {
                Measure::Money { scale: scale.times(power_of_ten(by)?)?, currency: currency.clone() }
            }
            Measure::Epoch { digits, local } => Measure::Epoch { digits: digits + power_of_ten(by)?, local: *local },
            Measure::Quantity { .. } | Measure::Money { .. } | Measure::Clock(_) => return None,
        };
        Some(Box::new(Self { is, by: self.by }))
    }

    /// The measure where it is a time on a clock; other things do not survive a change of characters.
    #[must_use]
    pub fn clock(&self) -> Option<Box<Self>> {
        matches!(self.is, Measure::Clock(_)).then(|| Box::new(self.clone()))
    }
}

impl Scale {
    /// After the number was multiplied by a power of ten; minor units leave theirs by the hundred of most currencies only.
    fn times(self, power: i32) -> Option<Self> {
        match self {
            Self::Power(p) if p + power == 2 => Some(Self::Minor),
            Self::Power(p) => Some(Self::Power(p + power)),
            // Three digits, or none, are some currencies' own.
            Self::Minor if power == -3 || power == 0 => None,
            Self::Minor => Some(Self::Power(2 + power)),
        }
    }

    /// As people are told.
    #[must_use]
    pub fn told(self) -> String {
        match self {
            Self::Minor => "minor units (cents)".to_owned(),
            Self::Power(0) => "major units".to_owned(),
            Self::Power(6) => "millionths of major units (micros)".to_owned(),
            Self::Power(p) if p < 0 => format!("units of {}", 10_i64.saturating_pow(p.unsigned_abs())),
            Self::Power(p) => format!("parts of which {} make a major unit", 10_i64.saturating_pow(p.unsigned_abs())),
        }
    }
}

/// What a part of a second with so many digits is called, as the transforms name it.
#[must_use]
pub fn epoch_unit(digits: i32) -> String {
    match digits {
        0 => "seconds".to_owned(),
        3 => "millis".to_owned(),
        6 => "microseconds".to_owned(),
        9 => "nanoseconds".to_owned(),
        d if d < 0 => format!("units of {} seconds", 10_i64.saturating_pow(d.unsigned_abs())),
        d => format!("parts of which {} make a second", 10_i64.saturating_pow(d.unsigned_abs())),
    }
}

/// The power of ten that a number is, its sign aside.
fn power_of_ten(number: Decimal) -> Option<i32> {
    let mut number = number.abs();
    for power in 0..=12 {
        if number == Decimal::ONE {
            return Some(power);
        }
        number = number.checked_div(Decimal::TEN)?;
    }
    let mut number = number.checked_mul(Decimal::from(10_u64.pow(13)))?;
    for power in 0..=12 {
        if number == Decimal::ONE {
            return Some(-power);
        }
        number = number.checked_mul(Decimal::TEN)?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(is: Measure) -> Measured {
        Measured { is, by: Evidence::Said }
    }

    #[test]
    fn a_factor_changes_what_is_counted() {
        let dec = |t: &str| t.parse::<Decimal>().expect("a number");
        let grams = said(Measure::Quantity { dimension: Dimension::Mass, scale: 1.0, unit: "grams" });
        let unit = |m: &Measured, by: &str| match m.scaled(dec(by)).map(|m| m.is) {
            Some(Measure::Quantity { unit, .. }) => unit,
            _ => "nothing",
        };
        assert_eq!(unit(&grams, "0.001"), "kilograms");
        assert_eq!(unit(&grams, "0.0022"), "pounds");
        assert_eq!(unit(&grams, "7"), "");
        let cents = said(Measure::Money { scale: Scale::Minor, currency: Currency::Unknown });
        let money = |by: &str| cents.scaled(dec(by)).map(|m| m.is);
        let of = |scale| Some(Measure::Money { scale, currency: Currency::Unknown });
        assert_eq!(money("0.01"), of(Scale::Power(0)));
        assert_eq!(money("-0.01"), of(Scale::Power(0)));
        assert_eq!(money("0.001"), None);
        assert_eq!(money("100"), of(Scale::Power(4)));
        assert_eq!(money("1.19"), None);
        let seconds = said(Measure::Epoch { digits: 0, local: false });
        assert_eq!(seconds.scaled(dec("1000")).map(|m| m.is), Some(Measure::Epoch { digits: 3, local: false }));
        assert_eq!(power_of_ten(dec("0.000001")), Some(-6));
        assert_eq!(power_of_ten(dec("0")), None);
    }

    #[test]
    fn a_measure_goes_through_steps() {
        use crate::base::yaml::{Limits, parse};
        use crate::mapping::kind::Kind;
        use crate::mapping::{compile, transforms};
        use crate::model::TypeSet;

        let cents = || Measure::Money { scale: Scale::Minor, currency: Currency::Unknown };
        let grams = || Measure::Quantity { dimension: Dimension::Mass, scale: 1.0, unit: "grams" };
        let local = || Measure::Clock(Zone::Local(None));
        let millis = || Measure::Epoch { digits: 3, local: false };
        let (number, text) = (TypeSet::INTEGER, TypeSet::STRING);
        let mut page = String::new();
        for (types, measure, steps) in [
            (number, cents(), "[{divide: 100}, {round: 2}]"),
            (number, cents(), "[{minor_to_major: currency}, to_number]"),
            (number, cents(), "[{multiply: 1.19}]"),
            (number, cents(), "[negate, to_string]"),
            (number, grams(), "[{divide: 1000}, {divide: 1000}]"),
            (number, grams(), "[wrap, first]"),
            (text, grams(), "[trim, to_number]"),
            (text, grams(), "[digits, to_number]"),
            (text, local(), "[{replace: {' ': T}}, {suffix: Z}, to_utc]"),
            (text, local(), "[{suffix: Z}, {datetime_to_epoch: seconds}]"),
            (text, local(), "[{local_to_utc: Europe/Berlin}, {datetime_to_epoch: millis}, {divide: 1000}]"),
            (text, local(), "[{prefix: x}]"),
            (number, millis(), "[{divide: 1000}, {round: 0}, {epoch_to_datetime: seconds}]"),
            (number, millis(), "[to_string, {truncate: 10}, {split: '-'}]"),
        ] {
            let rule = parse(&format!("x: {{from: a, with: {steps}}}"), Limits::default()).expect("yaml");
            let (mapping, findings) = compile(rule.entries().expect("entries"), "x");
            assert!(findings.is_empty(), "{steps}");
            let kind = Kind { measure: Some(Box::new(said(measure))), ..Kind::of(types) };
            let steps_of = &mapping.rules().first().expect("a rule").steps;
            let end = steps_of.iter().fold(kind, |kind, step| transforms::flow(step.op.as_ref(), &kind));
            page.push_str(&format!("{steps}: {:?}\n", end.measure.map(|m| (m.is, m.by))));
        }
        insta::assert_snapshot!(page);
    }
}
