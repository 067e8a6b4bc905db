//! Ranges and steps of numbers, lengths of lists and what they hold twice, against what the target takes.

use rust_decimal::Decimal;

use super::{Context, Kind, Side};
use crate::base::yaml::Span;
use crate::mapping::kind::Bound;
use crate::model::TypeSet;
use crate::model::multiple::is_multiple;

impl Context<'_> {
    /// Both sides state a range, and the source's is wider.
    pub(super) fn range(&mut self, at: Span, from: &Kind, to: &Kind, side: &Side) {
        let numbers = TypeSet::NUMBER.with(TypeSet::INTEGER);
        if !from.types.has(numbers) || !to.types.has(numbers) {
            return;
        }
        let beyond = |from: Bound, to: Bound, out: bool| out || (from.at == to.at && to.exclusive && !from.exclusive);
        let high = from.maximum.zip(to.maximum).filter(|(f, t)| beyond(*f, *t, f.at > t.at));
        let low = from.minimum.zip(to.minimum).filter(|(f, t)| beyond(*f, *t, f.at < t.at));
        for (found, word, bound) in [(high, "up to", "at most"), (low, "down to", "at least")] {
            let Some((from, to)) = found else { continue };
            let than = if to.exclusive { if bound == "at most" { "less than" } else { "more than" } } else { bound };
            let message = format!("the number goes {word} {}, {} takes {than} {}", from.at, side.path, to.at);
            self.error(at, "out-of-range", message, "convert it, or map a field that stays within the range");
            self.resting_on(&side.pointer);
        }
    }

    /// The target takes multiples of a number alone, and not every number of the source is one.
    pub(super) fn steps_of(&mut self, at: Span, from: &Kind, to: &Kind, side: &Side) {
        let numbers = TypeSet::NUMBER.with(TypeSet::INTEGER);
        let Some(wanted) = to.step.filter(|_| from.types.has(numbers) && to.types.has(numbers)) else { return };
        let given = from.counted();
        if given.is_some_and(|given| is_multiple(given, wanted) != Some(false)) {
            return;
        }
        let digits = wanted.scale();
        let fix = if wanted == Decimal::new(1, digits) {
            format!("add {{round: {digits}}} where the rest may be lost, or convert it")
        } else {
            format!("convert it, or map a field whose numbers are multiples of {wanted}")
        };
        match from.step {
            Some(step) => {
                let message = format!("the number is a multiple of {step}, {} takes multiples of {wanted}", side.path);
                self.error(at, "not-a-multiple", message, fix);
            }
            None => {
                let what = if given.is_some() { "any integer" } else { "any number" };
                let message = format!("the number can be {what}, {} takes multiples of {wanted}", side.path);
                self.warning(at, "not-a-multiple", message, fix);
            }
        }
        self.resting_on(&side.pointer);
    }

    /// A list of plain values that may hold one twice, where the target takes each once. Of objects, which have more to tell
    /// them apart, samples are tried.
    pub(super) fn twins(&mut self, at: Span, from: &Kind, to: &Kind, side: &Side) {
        let single = from.unique || from.max_items.is_some_and(|most| most < 2);
        let objects = from.items.as_ref().is_some_and(|items| items.types.has(TypeSet::OBJECT));
        if !to.unique || !from.types.has(TypeSet::ARRAY) || single || objects {
            return;
        }
        let message = format!("the list may hold equal items, {} takes each value once", side.path);
        self.warning(at, "duplicates-in-list", message, "add unique; of an each, as the last step of then");
        self.resting_on(&side.pointer);
    }

    /// A list that may have more items than the target takes.
    pub(super) fn list_length(&mut self, at: Span, from: &Kind, to: &Kind, side: &Side) {
        let Some(most) = to.max_items.filter(|_| from.types.has(TypeSet::ARRAY)) else { return };
        let fix = format!("add {{take: {most}}} where the rest may be lost, or map single items, like field[0]");
        match from.max_items {
            Some(longest) if longest <= most => return,
            Some(longest) => {
                let message = format!("the list has up to {longest} items, {} takes {most}", side.path);
                self.error(at, "list-too-long", message, fix);
            }
            None => {
                let message = format!("the length of the list is not known, {} takes {most} items", side.path);
                self.warning(at, "list-too-long", message, fix);
            }
        }
        self.resting_on(&side.pointer);
    }
}

/// Most characters of a text of a format, by its standard (RFC 5321, 1035, 3339, 4122), where it has a limit.
pub(super) fn longest_of(format: Option<&str>) -> Option<u64> {
    Some(match format? {
        "email" => 254,
        "hostname" => 253,
        "ipv4" => 15,
        "ipv6" => 45,
        "uuid" => 36,
        "date" => 10,
        "date-time" => 20, // to the second and in UTC, as nearly all are written
        _ => return None,
    })
}
