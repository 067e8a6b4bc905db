//! Units of measure: what is counted in one ends in a field that counts another.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::said::Field;
use super::{Doubt, Pair};
use crate::model::TypeSet;

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Dimension {
    Mass,
    Length,
    Duration,
    Data,
    Temperature,
    Volume,
    Speed,
    Energy,
    Area,
    Share,
}

/// One unit.
#[derive(Debug, PartialEq)]
struct Unit {
    dimension: Dimension,
    /// As people are told.
    name: &'static str,
    /// How many of the dimension's own unit it is; 0 where no factor leads there.
    scale: f64,
    /// Words that mean nothing else.
    full: &'static [&'static str],
    /// Short forms: the last word of a name, or after `in`.
    short: &'static [&'static str],
    /// Short forms that mean this beside a word for what is measured only.
    letter: &'static [&'static str],
}

const fn unit(
    dimension: Dimension,
    name: &'static str,
    scale: f64,
    full: &'static [&'static str],
    short: &'static [&'static str],
    letter: &'static [&'static str],
) -> Unit {
    Unit { dimension, name, scale, full, short, letter }
}

use Dimension as D;

#[rustfmt::skip]
static UNITS: [Unit; 47] = [
    unit(D::Mass, "kilograms", 1000.0, &["kilogram", "kilograms", "kilogramme", "kilogrammes", "kilos"], &["kg", "kgs"], &[]),
    unit(D::Mass, "grams", 1.0, &["gram", "grams", "gramme", "grammes"], &[], &["g"]),
    unit(D::Mass, "milligrams", 0.001, &["milligram", "milligrams"], &["mg"], &[]),
    unit(D::Mass, "pounds", 453.59237, &["pound", "pounds"], &["lb", "lbs"], &[]),
    unit(D::Mass, "ounces", 28.349523, &["ounce", "ounces"], &["oz"], &[]),
    unit(D::Mass, "tonnes", 1000000.0, &["tonne", "tonnes"], &[], &["t"]),
    unit(D::Length, "millimetres", 0.001, &["millimetre", "millimetres", "millimeter", "millimeters"], &["mm"], &[]),
    unit(D::Length, "centimetres", 0.01, &["centimetre", "centimetres", "centimeter", "centimeters"], &["cm"], &[]),
    unit(D::Length, "metres", 1.0, &["metre", "metres", "meter", "meters"], &["mtr"], &["m"]),
    unit(D::Length, "kilometres", 1000.0, &["kilometre", "kilometres", "kilometer", "kilometers"], &["km", "kms"], &[]),
    unit(D::Length, "inches", 0.0254, &["inch", "inches"], &[], &["in"]),
    unit(D::Length, "feet", 0.3048, &["feet"], &["ft"], &[]),
    unit(D::Length, "yards", 0.9144, &["yards"], &["yd"], &[]),
    unit(D::Length, "miles", 1609.344, &["mile", "miles"], &["mi"], &[]),
    unit(D::Duration, "nanoseconds", 0.000000001, &["nanosecond", "nanoseconds", "nanos"], &["ns"], &[]),
    unit(D::Duration, "microseconds", 0.000001, &["microsecond", "microseconds"], &["us"], &[]),
    unit(D::Duration, "milliseconds", 0.001, &["millisecond", "milliseconds", "millis", "msec"], &["ms"], &[]),
    unit(D::Duration, "seconds", 1.0, &["seconds"], &["sec", "secs"], &["s"]),
    unit(D::Duration, "minutes", 60.0, &["minutes"], &["mins"], &["m"]),
    unit(D::Duration, "hours", 3600.0, &["hours"], &["hr", "hrs"], &["h"]),
    unit(D::Duration, "days", 86400.0, &["days"], &[], &["d"]),
    unit(D::Duration, "weeks", 604800.0, &["weeks"], &[], &["w"]),
    unit(D::Duration, "months", 0.0, &["months"], &[], &[]),
    unit(D::Duration, "years", 0.0, &["years"], &[], &["y"]),
    unit(D::Data, "bytes", 1.0, &["byte", "bytes", "octets"], &[], &["b"]),
    unit(D::Data, "kilobytes", 1000.0, &["kilobyte", "kilobytes"], &["kb"], &[]),
    unit(D::Data, "kibibytes", 1024.0, &["kibibyte", "kibibytes"], &["kib"], &[]),
    unit(D::Data, "megabytes", 1000000.0, &["megabyte", "megabytes"], &["mb"], &[]),
    unit(D::Data, "mebibytes", 1048576.0, &["mebibyte", "mebibytes"], &["mib"], &[]),
    unit(D::Data, "gigabytes", 1000000000.0, &["gigabyte", "gigabytes"], &["gb"], &[]),
    unit(D::Data, "gibibytes", 1073741824.0, &["gibibyte", "gibibytes"], &["gib"], &[]),
    unit(D::Temperature, "degrees Celsius", 0.0, &["celsius", "centigrade"], &["degc"], &["c"]),
    unit(D::Temperature, "degrees Fahrenheit", 0.0, &["fahrenheit"], &["degf"], &["f"]),
    unit(D::Temperature, "kelvin", 0.0, &["kelvin", "kelvins"], &[], &["k"]),
    unit(D::Volume, "litres", 1.0, &["litre", "litres", "liter", "liters"], &["ltr"], &["l"]),
    unit(D::Volume, "millilitres", 0.001, &["millilitre", "millilitres", "milliliter", "milliliters"], &["ml"], &[]),
    unit(D::Volume, "gallons", 3.785411784, &["gallon", "gallons"], &["gal"], &[]),
    unit(D::Speed, "kilometres per hour", 1.0, &["kmh", "kph"], &[], &[]),
    unit(D::Speed, "miles per hour", 1.609344, &["mph"], &[], &[]),
    unit(D::Energy, "kilowatt hours", 3600000.0, &["kwh"], &[], &[]),
    unit(D::Energy, "watt hours", 3600.0, &["wh"], &[], &[]),
    unit(D::Energy, "kilojoules", 1000.0, &["kilojoule", "kilojoules"], &["kj"], &[]),
    unit(D::Energy, "kilocalories", 4184.0, &["kilocalorie", "kilocalories"], &["kcal"], &[]),
    unit(D::Area, "square metres", 1.0, &["sqm"], &["m2"], &[]),
    unit(D::Area, "square feet", 0.09290304, &["sqft"], &["ft2"], &[]),
    unit(D::Area, "hectares", 10000.0, &["hectare", "hectares"], &["ha"], &[]),
    unit(D::Area, "acres", 4046.8564, &["acre", "acres"], &[], &[]),
];

/// How a word means a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Written {
    Full,
    Short,
    Letter,
}

/// Units that a word means, and how.
type Meant = Vec<(&'static Unit, Written)>;

/// Every word that means a unit; some letters mean several.
static WORDS: LazyLock<HashMap<&str, Meant>> = LazyLock::new(|| {
    let mut all: HashMap<&str, Meant> = HashMap::new();
    for unit in &UNITS {
        for (words, how) in [(unit.full, Written::Full), (unit.short, Written::Short), (unit.letter, Written::Letter)] {
            words.iter().for_each(|word| all.entry(word).or_default().push((unit, how)));
        }
    }
    all
});

/// The units that a word means.
fn meant(word: &str) -> &'static [(&'static Unit, Written)] {
    WORDS.get(word).map_or(&[], Vec::as_slice)
}

static PERCENT: Unit = unit(D::Share, "percent", 0.01, &["percent", "percentage", "pct"], &[], &[]);
static FRACTION: Unit = unit(D::Share, "a fraction of 1", 1.0, &["fraction", "ratio"], &[], &[]);
static BASIS_POINTS: Unit = unit(D::Share, "basis points", 0.0001, &["bps"], &[], &[]);

/// Words for what is measured, which make a single letter a unit.
const MEASURED: [(Dimension, &[&str]); 6] = [
    (D::Mass, &["weight", "mass", "net", "gross", "tare", "payload"]),
    (
        D::Length,
        &["length", "width", "height", "depth", "distance", "radius", "diameter", "altitude", "size", "thickness"],
    ),
    (
        D::Duration,
        &["duration", "timeout", "delay", "elapsed", "ttl", "interval", "age", "runtime", "latency", "uptime"],
    ),
    (D::Data, &["size", "filesize", "length", "quota", "storage"]),
    (D::Temperature, &["temp", "temperature"]),
    (D::Volume, &["volume", "capacity"]),
];

/// Words of names that hold a share of a whole.
const SHARES: [&str; 21] = [
    "rate",
    "percent",
    "percentage",
    "pct",
    "ratio",
    "fraction",
    "share",
    "probability",
    "discount",
    "tax",
    "vat",
    "rebate",
    "margin",
    "utilization",
    "utilisation",
    "fte",
    "completion",
    "progress",
    "confidence",
    "opacity",
    "allocation",
];

/// One unit ends in a field of another, or is converted by a factor that does not lead there.
pub(super) fn unit_mismatch(pair: &Pair<'_>) -> Option<Doubt> {
    let factor = pair.factor();
    if !(pair.keeps_meaning() || factor.is_some()) || !measurable(&pair.from) || !measurable(&pair.to) {
        return None;
    }
    let (all, taken) = both(&pair.from, &pair.to);
    let (from, to) = all.iter().find_map(|from| {
        let to = taken.iter().copied().find(|to| to.0.dimension == from.0.dimension)?;
        Some((*from, to))
    })?;
    let sure = if from.1 && to.1 { 0.7 } else { 0.6 };
    let (a, b) = (from.0, to.0);
    if let Some((step, factor)) = factor {
        let wanted = a.scale / b.scale;
        // Two digits are enough to tell a factor from another one.
        if a.scale == 0.0 || b.scale == 0.0 || (factor / wanted - 1.0).abs() < 0.02 {
            return None;
        }
        let message =
            format!("{} does not turn {} (source {{from}}) into {} (target {{to}})", step.shown, a.name, b.name);
        let fix = format!("write {{multiply: {}}}", shown(wanted));
        return Some(Doubt::new("unit-mismatch", sure, message, fix).about(step));
    }
    if a.name == b.name {
        return None;
    }
    let message = format!("source {{from}} is in {}, target {{to}} in {}", a.name, b.name);
    let fix = if a.scale == 0.0 || b.scale == 0.0 {
        format!("convert it to {} on the way, or map a field that is in {}", b.name, b.name)
    } else {
        format!("add {{multiply: {}}}, or map a field that is in {}", shown(a.scale / b.scale), b.name)
    };
    Some(Doubt::new("unit-mismatch", sure, message, fix))
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
        || (field.is_text() && field.kind.values.is_none() && field.kind.format.as_deref() != Some("date-time"))
}

/// A unit that a field speaks of, and whether its words say so.
type Spoken = (&'static Unit, bool);

/// The units of both fields. A letter that alone says nothing is a unit where the other field measures the same.
fn both(from: &Field<'_>, to: &Field<'_>) -> (Vec<Spoken>, Vec<Spoken>) {
    let dimensions = |units: &[Spoken]| units.iter().map(|u| u.0.dimension).collect::<Vec<_>>();
    let (first, second) = (read(from, &[]), read(to, &[]));
    match (first.is_empty(), second.is_empty()) {
        (true, false) => (read(from, &dimensions(&second)), second),
        (false, true) => {
            let second = read(to, &dimensions(&first));
            (first, second)
        }
        (true, true) | (false, false) => (first, second),
    }
}

/// The units that a field speaks of, at most one of each dimension.
fn read(field: &Field<'_>, expected: &[Dimension]) -> Vec<Spoken> {
    let mut found: Vec<(&'static Unit, bool)> = Vec::new();
    found.extend(share(field));
    // So much per hour, or a point in time: neither is an amount of the unit named last.
    let rate = field.named(&["per"]) || field.says_word(&["per"]) || field.says(&["/h", "/s"]);
    let named = by_name(field, expected);
    let said: Vec<&Unit> = if rate { Vec::new() } else { by_description(field) };
    for unit in named.into_iter().chain(said) {
        let instant = unit.dimension == D::Duration && field.is_instant();
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
        let introduced =
            matches!(before, "in" | "unit" | "units" | "as" | "measured") || field.said.contains(&format!("({token})"));
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

/// A constant that names the unit of the amount beside it, which is in another.
pub(in crate::mapping::typecheck) fn named_beside(pair: &Pair<'_>, constant: &str) -> Option<Doubt> {
    let unit = of_word(constant)?;
    if !pair.keeps_meaning() || !measurable(&pair.from) {
        return None;
    }
    let from = read(&pair.from, &[unit.dimension]).into_iter().find(|u| u.0.dimension == unit.dimension)?.0;
    if from.name == unit.name {
        return None;
    }
    let message =
        format!("source {{from}} is in {}, and the constant beside target {{to}} says {}", from.name, unit.name);
    let fix = format!("write the constant for {}, or convert the amount", from.name);
    Some(Doubt::new("unit-mismatch", 0.75, message, fix))
}
