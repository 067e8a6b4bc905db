//! Amounts that change their unit, or their exactness, without anybody saying so.

use super::amounts::is_amount;
use super::said::Field;
use super::{Doubt, Pair};
use crate::mapping::measure::{Measure, Measured, Scale};
use crate::mapping::rule::Step;
use crate::model::TypeSet;

/// A minor unit that ends in a field of major units, or the other way round.
pub(super) fn unit_mismatch(pair: &Pair<'_>) -> Option<Doubt> {
    let (arrives, wants) = (pair.arrives.as_deref()?, pair.wants.as_deref()?);
    let (Measure::Money { scale: from, .. }, Measure::Money { scale: to, .. }) = (&arrives.is, &wants.is) else {
        return None;
    };
    if from == to {
        return None;
    }
    let step = pair.steps.iter().find(|s| matches!(s.transform.name, "minor_to_major" | "major_to_minor"));
    let step = step.or_else(|| pair.factor_step());
    if let Some(step) = step {
        // Against a type alone, whoever wrote the step knows better.
        if !wants.by.said() {
            return None;
        }
        let (gives, takes) = (from.told(), to.told());
        let name = if step.op.reads().is_some() { step.transform.name } else { &step.shown };
        let message = format!("{name} gives {gives}, target {{to}} takes {takes}");
        let fix = "take the transform out, or map the field that it is for";
        return Some(Doubt::new("money-unit-mismatch", 0.7, message, fix).about(step));
    }
    if !is_amount(&pair.from) && !is_amount(&pair.to) {
        return None;
    }
    let (message, fix) = match (from, to) {
        (Scale::Minor, Scale::Power(0)) => (
            "source {from} looks like minor units (cents), target {to} like major units".to_owned(),
            "add {minor_to_major: path of the currency}".to_owned(),
        ),
        (Scale::Power(0), Scale::Minor) => (
            "source {from} looks like major units, target {to} like minor units (cents)".to_owned(),
            "add {major_to_minor: path of the currency}".to_owned(),
        ),
        (from, to) => (
            format!("source {{from}} is in {}, target {{to}} in {}", from.told(), to.told()),
            match (from, to) {
                (Scale::Power(a), Scale::Power(b)) => {
                    let by = 10_i64.saturating_pow((a - b).unsigned_abs());
                    format!("add {{{}: {by}}}", if a > b { "divide" } else { "multiply" })
                }
                _ => "convert it to major units by {multiply} or {divide} first".to_owned(),
            },
        ),
    };
    let sure = pair.confidence();
    Some(Doubt::new("money-unit-mismatch", sure, message, fix))
}

/// A step that converts what it has been converted to already.
pub(super) fn converted_twice(step: &Step, arrives: &Measured) -> Option<Doubt> {
    let Measure::Money { scale, .. } = &arrives.is else { return None };
    let takes = match step.transform.name {
        "minor_to_major" => Scale::Minor,
        "major_to_minor" => Scale::Power(0),
        _ => return None,
    };
    if *scale == takes || !arrives.by.said() {
        return None;
    }
    let done = if matches!(scale, Scale::Minor | Scale::Power(0)) { " already" } else { "" };
    let message =
        format!("{} converts source {{from}}, which comes to it in {}{done}", step.transform.name, scale.told());
    let fix = "take the transform out, or map the field that it is for";
    Some(Doubt::new("money-unit-mismatch", 0.7, message, fix).about(step))
}

/// An amount that goes through a binary float although the other side is exact.
pub(super) fn float_money(pair: &Pair<'_>) -> Option<Doubt> {
    let float = |f: &Field<'_>| {
        matches!(f.format(), "float" | "double")
            || (f.is_number() && f.says(&["floating", "ieee 754", "float64", "float32"]))
    };
    if !is_amount(&pair.from) && !is_amount(&pair.to) || pair.table.is_some() {
        return None;
    }
    let exact = |f: &Field<'_>| f.is_text() || f.kind.types == TypeSet::INTEGER;
    if float(&pair.from) && exact(&pair.to) && !pair.has_step("round") {
        let message = "source {from} is an amount of money in a binary float, target {to} takes it exactly";
        let fix = "add {round: 2} before it is converted, or map a field that holds the amount exactly";
        return Some(Doubt::new("float-money", 0.7, message.to_owned(), fix));
    }
    if exact(&pair.from) && float(&pair.to) {
        let single = pair.to.format() == "float";
        let message = format!(
            "the amount of source {{from}} is exact, target {{to}} is a binary float{}",
            if single { " that keeps seven digits" } else { "" }
        );
        let doubt = Doubt::new(
            "float-money",
            0.7,
            message,
            "map it to a field that takes a decimal or minor units, where there is one",
        );
        return Some(if single { doubt } else { doubt.note() });
    }
    None
}
