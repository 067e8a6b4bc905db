//! Units of measure: what is counted in one ends in a field that counts another.

use super::said::Field;
use super::{Doubt, Pair};
use crate::mapping::measure::{Evidence, Measure, Measured};
use crate::mapping::units::{BASIS_POINTS, Dimension, FRACTION, MEASURED, NEAR, PERCENT, SHARES, Unit, Written, meant};
use crate::model::TypeSet;

/// One unit ends in a field of another, or is converted by a factor that does not lead there.
pub(super) fn unit_mismatch(pair: &Pair<'_>) -> Option<Doubt> {
    let (arrives, wants) = pair.both()?;
    if let Some(doubt) = share_and_money(pair, arrives, wants) {
        return Some(doubt);
    }
    let (
        Measure::Quantity { dimension, scale: is, unit: a },
        Measure::Quantity { dimension: same, scale: wanted, unit: b },
    ) = (arrives, wants)
    else {
        return None;
    };
    if dimension != same || a == b {
        return None;
    }
    let sure = pair.confidence();
    let unknown = *is == 0.0 || *wanted == 0.0;
    if let Some(step) = pair.factor_step() {
        // People call 1,024 bytes a kilobyte too.
        let near = if *dimension == Dimension::Data { 0.1 } else { NEAR };
        if *dimension == Dimension::Temperature {
            let Measure::Quantity { unit, .. } = quantity(&pair.from, Some(*dimension))?.is else { return None };
            let message = format!("no factor turns {unit} (source {{from}}) into {b} (target {{to}})");
            let fix = "write it with jq, which can add: .FIELD * 9 / 5 + 32 makes Fahrenheit of Celsius";
            return (unit != *b).then(|| Doubt::new("unit-mismatch", sure, message, fix).about(step));
        }
        if unknown || (is / wanted - 1.0).abs() < near {
            return None;
        }
        let from = quantity(&pair.from, Some(*dimension))?;
        let Measure::Quantity { scale, unit, .. } = from.is else { return None };
        let factor = shown(scale / wanted);
        let one = pair.steps.iter().filter(|s| super::factor(s).is_some()).count() == 1;
        let (by, fix) = if one {
            (step.shown.clone(), format!("write {{multiply: {factor}}}"))
        } else {
            let all: Vec<&str> =
                pair.steps.iter().filter(|s| super::factor(s).is_some()).map(|s| s.shown.as_str()).collect();
            (all.join(", "), format!("write {{multiply: {factor}}} instead of all of them"))
        };
        let verb = if one { "does" } else { "do" };
        let message = format!("{by} {verb} not turn {unit} (source {{from}}) into {b} (target {{to}})");
        return Some(Doubt::new("unit-mismatch", sure, message, fix).about(step));
    }
    let message = format!("source {{from}} is in {a}, target {{to}} in {b}");
    let fix = if unknown {
        format!("convert it to {b} on the way, or map a field that is in {b}")
    } else {
        format!("add {{multiply: {}}}, or map a field that is in {b}", shown(is / wanted))
    };
    Some(Doubt::new("unit-mismatch", sure, message, fix))
}

/// A share of a whole that ends as an amount of money, or an amount as a share, where both say what they are.
fn share_and_money(pair: &Pair<'_>, arrives: &Measure, wants: &Measure) -> Option<Doubt> {
    let said = |m: &Option<Box<Measured>>| m.as_deref().is_some_and(|m| m.by.said());
    if !said(&pair.arrives) || !said(&pair.wants) || !pair.keeps_meaning() {
        return None;
    }
    let (message, field) = match (arrives, wants) {
        (Measure::Quantity { dimension: Dimension::Share, unit, .. }, Measure::Money { scale, .. }) => {
            (format!("source {{from}} is in {unit}, target {{to}} is an amount in {}", scale.told()), &pair.from)
        }
        (Measure::Money { scale, .. }, Measure::Quantity { dimension: Dimension::Share, unit, .. }) => {
            (format!("source {{from}} is an amount in {}, target {{to}} is in {unit}", scale.told()), &pair.to)
        }
        _ => return None,
    };
    // What may be either, as a coupon's value, is left to those who know.
    let either = super::amounts::amount(field).is_some_and(|(_, words)| words);
    let fix = "map a field that measures the same, or calculate it from both";
    (!either).then(|| Doubt::new("unit-mismatch", 0.7, message, fix))
}

/// The measure of a field that counts a unit; of several, the one of the dimension that is asked for, and a letter is a unit
/// where that is known.
pub(super) fn quantity(field: &Field<'_>, expected: Option<Dimension>) -> Option<Box<Measured>> {
    if !measurable(field) {
        return None;
    }
    let found = read(field, expected.as_slice());
    let wanted = found.iter().find(|(unit, _)| Some(unit.dimension) == expected);
    let (unit, said) = *wanted.or_else(|| found.first())?;
    let is = Measure::Quantity { dimension: unit.dimension, scale: unit.scale, unit: unit.name };
    Some(Box::new(Measured { is, by: if said { Evidence::Said } else { Evidence::Type } }))
}

/// A factor with six digits that count.
fn shown(factor: f64) -> String {
    let digits = (6.0 - factor.abs().log10().floor()).clamp(0.0, 12.0) as usize;
    let text = format!("{factor:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

fn measurable(field: &Field<'_>) -> bool {
    let number = TypeSet::NUMBER.with(TypeSet::INTEGER);
    let types = field.kind.types;
    types.has(number)
        || (field.is_text() && field.kind.values.is_none() && matches!(field.format(), "" | "decimal" | "number"))
}

/// A unit that a field speaks of, and whether its words say so.
type Spoken = (&'static Unit, bool);

/// The units that a field speaks of, at most one of each dimension.
fn read(field: &Field<'_>, expected: &[Dimension]) -> Vec<Spoken> {
    let mut found: Vec<(&'static Unit, bool)> = Vec::new();
    found.extend(share(field));
    // So much per hour, or a point in time: neither is an amount of the unit named last.
    let rate = field.named(&["per"]) || field.says_word(&["per"]) || field.says(&["/h", "/s"]);
    let named = by_name(field, expected);
    let said: Vec<&Unit> = if rate { Vec::new() } else { by_description(field) };
    for unit in named.into_iter().chain(said) {
        let instant = unit.dimension == Dimension::Duration && field.is_instant();
        let money = unit.name == "pounds" && super::is_money(&field.words.join("_"));
        if instant || money {
            continue;
        }
        match found.iter().position(|(u, _)| u.dimension == unit.dimension) {
            None => found.push((unit, true)),
            // Two units of one kind: which of them it is in nobody knows.
            Some(at) if found.get(at).is_some_and(|(u, _)| u.name != unit.name) => {
                found.remove(at);
                return found;
            }
            Some(_) => {}
        }
    }
    found
}

fn by_name(field: &Field<'_>, expected: &[Dimension]) -> Option<&'static Unit> {
    let last = field.words.last()?.as_str();
    let word = |d: Dimension| MEASURED.iter().any(|(of, w)| *of == d && (field.named(w) || field.says_word(w)));
    let measured = |d: Dimension| expected.contains(&d) || word(d);
    // `duration_min` is in minutes, `age_min` is the least of ages.
    let minutes = last == "min" && field.named(&["duration", "timeout", "delay", "elapsed", "runtime", "interval"]);
    let last = if minutes { "mins" } else { last };
    let at_the_end = meant(last).iter().find(|(unit, how)| match how {
        Written::Full | Written::Short => true,
        Written::Letter => field.words.len() > 1 && measured(unit.dimension),
    });
    let anywhere = || field.words.iter().flat_map(|w| meant(w)).find(|(_, how)| *how == Written::Full);
    at_the_end.or_else(anywhere).map(|(unit, _)| *unit)
}

fn by_description(field: &Field<'_>) -> Vec<&'static Unit> {
    let mut out: Vec<&'static Unit> = Vec::new();
    for (i, token) in field.tokens.iter().enumerate() {
        let token = token.as_str();
        let before = i.checked_sub(1).and_then(|j| field.tokens.get(j)).map_or("", String::as_str);
        let counted = before.bytes().next().is_some_and(|b| b.is_ascii_digit());
        if meant(token).is_empty() {
            continue;
        }
        let introduced = matches!(before, "in" | "unit" | "units" | "as" | "measured")
            || field.said.contains(&format!(" ({token})"));
        let hit = meant(token).iter().find(|(_, how)| match how {
            Written::Full => !counted,
            Written::Short | Written::Letter => introduced && token != "in",
        });
        let hit = hit.map(|(unit, _)| *unit);
        if let Some(unit) = hit
            && !out.iter().any(|u| u.name == unit.name)
        {
            out.push(unit);
        }
    }
    out
}

/// The description says that values go from 0 to `high`.
fn bounds(field: &Field<'_>, high: &str) -> bool {
    ["0 to ", "0 and ", "0-", "0..", "0.0 to ", "0.0 and ", "zero to "].iter().any(|low| {
        field.said.match_indices(low).any(|(at, _)| {
            let before = field.said.get(..at).and_then(|t| t.chars().next_back());
            let after = field.said.get(at + low.len()..).unwrap_or_default();
            let rest = after.strip_prefix(if high == "1" && after.starts_with("one") { "one" } else { high });
            let ends = rest.is_some_and(|r| {
                let whole = r.strip_prefix(".0").unwrap_or(r);
                let decimal = whole.strip_prefix('.').is_some_and(|d| d.starts_with(|c: char| c.is_ascii_digit()));
                !decimal && !whole.starts_with(|c: char| c.is_ascii_digit())
            });
            ends && before.is_none_or(|c| !c.is_ascii_digit() && c != '.')
        })
    })
}

/// Percent, a fraction of 1, basis points.
fn share(field: &Field<'_>) -> Option<(&'static Unit, bool)> {
    let fraction_said = bounds(field, "1") && !bounds(field, "100") && !bounds(field, "10");
    let percent_said = field.says_word(&["percent", "percentage", "%", "percents"]);
    let points_said = field.says(&["basis point"]) || field.named(&["bps", "bp"]);
    let fraction = fraction_said || field.named(&["fraction"]) || field.says_word(&["fraction"]);
    let percent = percent_said || field.named(&["percent", "percentage", "pct"]);
    if let Some(shown) = by_example(&field.said) {
        return Some((shown, true));
    }
    match (percent, fraction, points_said) {
        (false, false, true) => return Some((&BASIS_POINTS, true)),
        (true, false, false) => {
            // A name may say percent where the bounds say fraction.
            return (field.kind.most() != Some(1.into())).then_some((&PERCENT, true));
        }
        (false, true, false) => return (field.kind.most() != Some(100.into())).then_some((&FRACTION, true)),
        (false, false, false) => {}
        _ => return None,
    }
    if !field.named(&SHARES) || !field.is_number() {
        return None;
    }
    match field.kind.most() {
        Some(most) if most == 1.into() && field.kind.types.has(TypeSet::NUMBER) => Some((&FRACTION, false)),
        Some(most) if most == 100.into() => Some((&PERCENT, false)),
        _ => None,
    }
}

/// `0.19 for 19%`, `19 = 19 %`: what a description shows.
fn by_example(said: &str) -> Option<&'static Unit> {
    let parts: Vec<&str> = said.split_whitespace().collect();
    parts.windows(3).find_map(|w| {
        let &[value, link, percent] = w else { return None };
        let number = |t: &str| t.trim_matches(|c: char| !c.is_ascii_digit()).parse::<f64>().ok();
        let (a, b) = (number(value)?, number(percent)?);
        let linked = matches!(link, "for" | "=" | "means" | "is" | "as" | "->" | "represents");
        let after = said.split_once(&format!("{link} {percent}"))?.1.trim_start();
        if !linked || !(percent.contains('%') || after.starts_with('%') || after.starts_with("percent")) {
            return None;
        }
        if (a - b).abs() < 1e-9 { Some(&PERCENT) } else { ((a * 100.0 - b).abs() < 1e-6).then_some(&FRACTION) }
    })
}

/// The unit of a name in words, as a field beside an amount holds it: `kg`, `lb`, `pounds`.
fn of_word(word: &str) -> Option<&'static Unit> {
    meant(&word.to_lowercase()).first().map(|(unit, _)| *unit)
}

/// A constant that names the unit of the amount beside it, which arrives in another.
pub(in crate::mapping::typecheck) fn named_beside(pair: &Pair<'_>, constant: &str) -> Option<Doubt> {
    let unit = of_word(constant)?;
    let arrives = pair.arrives.as_deref()?;
    let Measure::Quantity { dimension, scale, unit: name } = &arrives.is else { return None };
    let near = *scale != 0.0 && unit.scale != 0.0 && (scale / unit.scale - 1.0).abs() < NEAR;
    if *dimension != unit.dimension || *name == unit.name || near {
        return None;
    }
    let name = if name.is_empty() { "a unit without a name" } else { name };
    let is = if pair.factor_step().is_some() { "arrives" } else { "is" };
    let message = format!("source {{from}} {is} in {name}, and the constant beside target {{to}} says {}", unit.name);
    let fix = format!("write the constant for {name}, or convert the amount");
    Some(Doubt::new("unit-mismatch", 0.75, message, fix))
}

/// The dimension of the unit that a text names.
pub(in crate::mapping::typecheck) fn dimension_of(constant: &str) -> Option<Dimension> {
    of_word(constant).map(|u| u.dimension)
}
