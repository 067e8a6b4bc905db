//! The transforms that bring one kind of value to another.

use rust_decimal::Decimal;
use serde_json::Value;

use super::leaves::Leaf;
use super::propose::quoted;
use crate::mapping::path::{Path, Segment};
use crate::mapping::typecheck;
use crate::model::TypeSet;
use crate::model::multiple::is_multiple;

/// Transforms from the kind of `s` to the kind of `t`.
pub(super) fn steps(from: &[Leaf], s: &Leaf, t: &Leaf, why: &mut Vec<String>) -> Vec<String> {
    let mut steps: Vec<String> = Vec::new();
    let mut given = s.kind.types;
    let wanted = t.kind.types;
    if given == TypeSet::ARRAY && wanted != TypeSet::ARRAY && !wanted.is_any() {
        steps.push("first".to_owned());
        why.push("open: only the first item of the list is kept".to_owned());
        given = s.kind.items.as_ref().map_or(TypeSet::ANY, |i| i.types);
    }
    if given == TypeSet::ARRAY && wanted == TypeSet::ARRAY && t.kind.unique && !s.kind.unique {
        steps.push("unique".to_owned());
        why.push("the target takes each value once".to_owned());
    }
    if given.is_any() || wanted.is_any() || wanted == TypeSet::ARRAY {
        return steps;
    }
    let integer = given == TypeSet::INTEGER;
    let number = integer || given == TypeSet::NUMBER;
    let money = typecheck::is_money(s.path.leaf()) || typecheck::is_money(t.path.leaf());
    let minor = integer && !s.said.contains("major unit");
    let currency = money.then(|| sibling_currency(from, s)).flatten();
    let time = t.kind.format.as_deref();
    if minor
        && (wanted == TypeSet::STRING || wanted == TypeSet::NUMBER)
        && let Some(currency) = &currency
    {
        why.push("minor units into major ones, by the currency beside it".to_owned());
        steps.push(format!("{{minor_to_major: {}}}", quoted(currency)));
        if wanted == TypeSet::NUMBER {
            steps.push("to_number".to_owned());
        }
    } else if wanted == TypeSet::INTEGER
        && !integer
        && let Some(currency) = &currency
    {
        why.push("major units into minor ones, by the currency beside it".to_owned());
        steps.push(format!("{{major_to_minor: {}}}", quoted(currency)));
    } else if integer && matches!(time, Some("date-time" | "date")) {
        let unit = if s.said.contains("millisecond") { "millis" } else { "seconds" };
        why.push(format!("epoch {unit} into a date-time"));
        steps.push(format!("{{epoch_to_datetime: {unit}}}"));
        if time == Some("date") {
            steps.push("date_only".to_owned());
        }
    } else if wanted == TypeSet::INTEGER && s.kind.format.as_deref() == Some("date-time") {
        let unit = if t.said.contains("millisecond") { "millis" } else { "seconds" };
        steps.push(format!("{{datetime_to_epoch: {unit}}}"));
    } else if given == TypeSet::STRING && s.kind.format.as_deref() == Some("date-time") && time == Some("date") {
        steps.push("date_only".to_owned());
    } else if wanted == TypeSet::STRING && given != TypeSet::STRING {
        steps.push("to_string".to_owned());
    } else if wanted == TypeSet::INTEGER && !integer {
        steps.push("to_integer".to_owned());
    } else if wanted == TypeSet::NUMBER && !number {
        steps.push("to_number".to_owned());
    } else if wanted == TypeSet::BOOLEAN && given != TypeSet::BOOLEAN {
        steps.push("to_boolean".to_owned());
    } else if given == TypeSet::STRING && wanted == TypeSet::STRING {
        text_steps(s, t, &mut steps, why);
    } else if number
        && wanted == TypeSet::NUMBER
        && let Some(step) = t.kind.step.filter(|step| *step == Decimal::new(1, step.scale()))
        && s.kind.counted().is_none_or(|given| is_multiple(given, step) == Some(false))
    {
        steps.push(format!("{{round: {}}}", step.scale()));
        why.push(format!("open: the target takes multiples of {step}, what is finer is rounded"));
    }
    steps
}

fn text_steps(s: &Leaf, t: &Leaf, steps: &mut Vec<String>, why: &mut Vec<String>) {
    if t.name == ["email"] || t.kind.format.as_deref() == Some("email") {
        steps.extend(["trim".to_owned(), "lower".to_owned()]);
        why.push("emails are compared in small letters".to_owned());
    }
    if let (Some(given), Some(taken)) = (&s.kind.values, &t.kind.values) {
        let all = |change: fn(&str) -> String| {
            given.iter().filter_map(Value::as_str).all(|v| taken.contains(&Value::String(change(v))))
        };
        if all(str::to_lowercase) && !all(str::to_owned) {
            steps.push("lower".to_owned());
        } else if all(str::to_uppercase) && !all(str::to_owned) {
            steps.push("upper".to_owned());
        }
        return;
    }
    // A part of an address, a number or a code is none.
    const WHOLE: [&str; 11] =
        ["id", "email", "phone", "url", "currency", "country", "code", "locale", "language", "sku", "number"];
    let cut_makes_sense = t.kind.format.is_none() && !t.name.iter().any(|w| WHOLE.contains(&w.as_str()));
    if let Some(most) = t.kind.max_length.filter(|m| cut_makes_sense && s.kind.max_length.is_none_or(|l| l > *m)) {
        steps.push(format!("{{truncate: {most}}}"));
        why.push(format!("open: text beyond {most} characters is cut"));
    }
}

/// The field that names the currency of `s`: beside it, or else beside what it stands in.
fn sibling_currency(from: &[Leaf], s: &Leaf) -> Option<Path> {
    let above =
        |l: &Leaf| -> Vec<Segment> { l.path.segments().split_last().map_or_else(Vec::new, |(_, a)| a.to_vec()) };
    let own = above(s);
    from.iter()
        .filter(|l| l.kind.types == TypeSet::STRING && l.name.iter().any(|w| w == "currency"))
        .filter(|l| own.starts_with(&above(l)))
        .max_by_key(|l| (l.depth, std::cmp::Reverse(l.name.len())))
        .map(|l| l.path.clone())
}
