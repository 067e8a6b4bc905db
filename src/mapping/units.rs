//! Units of measure as a table: what each is called, and how many of them make another.

use std::collections::HashMap;
use std::sync::LazyLock;

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dimension {
    /// Weight.
    Mass,
    /// Distance.
    Length,
    /// Time that passes; a point in time has none.
    Duration,
    /// Storage.
    Data,
    /// Heat; no factor leads from one scale to another.
    Temperature,
    /// Space that is filled.
    Volume,
    /// Distance in a time.
    Speed,
    /// Work.
    Energy,
    /// Ground that is covered.
    Area,
    /// Part of a whole: percent, fractions of one, basis points.
    Share,
}

/// One unit.
#[derive(Debug, PartialEq)]
pub(in crate::mapping) struct Unit {
    pub(in crate::mapping) dimension: Dimension,
    /// As people are told.
    pub(in crate::mapping) name: &'static str,
    /// How many of the dimension's own unit it is; 0 where no factor leads there.
    pub(in crate::mapping) scale: f64,
    /// Words that mean nothing else.
    pub(in crate::mapping) full: &'static [&'static str],
    /// Short forms: the last word of a name, or after `in`.
    pub(in crate::mapping) short: &'static [&'static str],
    /// Short forms that mean this beside a word for what is measured only.
    pub(in crate::mapping) letter: &'static [&'static str],
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
pub(in crate::mapping) enum Written {
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
pub(in crate::mapping) fn meant(word: &str) -> &'static [(&'static Unit, Written)] {
    WORDS.get(word).map_or(&[], Vec::as_slice)
}

/// The unit of a dimension with this scale, two digits of it being enough; nothing where there is none.
pub(in crate::mapping) fn of_scale(dimension: Dimension, scale: f64) -> Option<&'static Unit> {
    let shares = [&PERCENT, &FRACTION, &BASIS_POINTS];
    let mut all = UNITS.iter().chain(shares).filter(|u| u.dimension == dimension && u.scale != 0.0);
    all.find(|u| (u.scale / scale - 1.0).abs() < NEAR)
}

/// Factors that differ by less are taken for one: people write 0.45 and 0.4536.
pub(in crate::mapping) const NEAR: f64 = 0.02;

pub(in crate::mapping) static PERCENT: Unit =
    unit(D::Share, "percent", 0.01, &["percent", "percentage", "pct"], &[], &[]);
pub(in crate::mapping) static FRACTION: Unit = unit(D::Share, "a fraction of 1", 1.0, &["fraction", "ratio"], &[], &[]);
pub(in crate::mapping) static BASIS_POINTS: Unit = unit(D::Share, "basis points", 0.0001, &["bps"], &[], &[]);

/// Words for what is measured, which make a single letter a unit.
pub(in crate::mapping) const MEASURED: [(Dimension, &[&str]); 6] = [
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
pub(in crate::mapping) const SHARES: [&str; 21] = [
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
