//! `multipleOf`: numbers in steps, counted in decimals and never in floats.

use std::str::FromStr as _;

use rust_decimal::Decimal;
use serde_json::Number;

/// A number as a decimal; nothing beyond 28 digits.
#[must_use]
pub(super) fn decimal(n: &Number) -> Option<Decimal> {
    let text = n.to_string();
    Decimal::from_str(&text).or_else(|_| Decimal::from_scientific(&text)).ok()
}

/// The step that `multipleOf` states: a number above zero.
#[must_use]
pub fn step(multiple_of: Option<&Number>) -> Option<Decimal> {
    decimal(multiple_of?).filter(|step| *step > Decimal::ZERO).map(|step| step.normalize())
}

/// Whether a number is a whole count of steps; nothing where it has more digits than are counted.
#[must_use]
pub fn is_multiple(n: Decimal, step: Decimal) -> Option<bool> {
    n.checked_rem(step).map(|rest| rest.is_zero())
}

/// The smallest step that both steps fit into: what is a multiple of it is one of both. Nothing where it has too many digits.
#[must_use]
pub fn common(a: Decimal, b: Decimal) -> Option<Decimal> {
    let (a, b) = (a.normalize(), b.normalize());
    let scale = a.scale().max(b.scale());
    let units = |d: Decimal| d.mantissa().checked_mul(10_i128.checked_pow(scale - d.scale())?);
    let (m, n) = (units(a)?, units(b)?);
    let (mut x, mut y) = (m, n);
    while y != 0 {
        (x, y) = (y, x.checked_rem(y)?);
    }
    let least = m.checked_div(x)?.checked_mul(n)?;
    Some(Decimal::try_from_i128_with_scale(least.abs(), scale).ok()?.normalize())
}

/// The nearest multiple that is not above the number, or not below it.
pub(super) fn align(n: Decimal, step: Decimal, up: bool) -> Option<Decimal> {
    let count = n.checked_div(step)?;
    let whole = if up { count.ceil() } else { count.floor() };
    whole.checked_mul(step)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn d(text: &str) -> Decimal {
        Decimal::from_str(text).expect(text)
    }

    #[test]
    fn multiples_are_counted_exactly() {
        for (n, step, is) in [
            ("19.99", "0.01", true),
            ("0.3", "0.1", true),
            ("1.005", "0.01", false),
            ("-7.5", "2.5", true),
            ("7", "2.5", false),
            ("0", "7", true),
            ("100000000000000.01", "0.01", true),
        ] {
            assert_eq!(is_multiple(d(n), d(step)), Some(is), "{n} of {step}");
        }
    }

    #[test]
    fn a_step_of_zero_or_below_is_none() {
        let of = |text: &str| step(Some(&text.parse::<Number>().expect(text)));
        assert_eq!((of("0"), of("-2"), of("1e-2"), of("1e999")), (None, None, Some(d("0.01")), None));
    }

    #[test]
    fn what_fits_into_both_steps() {
        for (a, b, both) in [("0.01", "0.05", "0.05"), ("2", "3", "6"), ("0.4", "1", "2"), ("0.1", "0.01", "0.1")] {
            assert_eq!(common(d(a), d(b)), Some(d(both)), "{a} and {b}");
        }
        assert_eq!(common(d("7922816251426433759354395033.5"), d("0.0000000000000000000000000003")), None);
    }

    #[test]
    fn numbers_are_moved_to_the_next_multiple() {
        let (low, high) = (align(d("7.3"), d("2.5"), true), align(d("7.3"), d("2.5"), false));
        assert_eq!((low, high), (Some(d("7.5")), Some(d("5.0"))));
    }
}
