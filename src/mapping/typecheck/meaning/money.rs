//! Amounts that change their unit, or their exactness, without anybody saying so.

use super::said::Field;
use super::{Doubt, Pair};
use crate::base::text::words;
use crate::model::TypeSet;

const MONEY: [&str; 29] = [
    "amount",
    "price",
    "total",
    "balance",
    "cost",
    "fee",
    "fees",
    "subtotal",
    "tax",
    "discount",
    "charge",
    "payment",
    "refund",
    "revenue",
    "mrr",
    "arr",
    "gross",
    "net",
    "salary",
    "wage",
    "tip",
    "deposit",
    "cents",
    "outstanding",
    "turnover",
    "pay",
    "fare",
    "rent",
    "budget",
];

/// A name that ends like this counts or names something that is no money.
const NO_MONEY: [&str; 40] = [
    "id",
    "ids",
    "number",
    "no",
    "code",
    "type",
    "kind",
    "status",
    "state",
    "method",
    "name",
    "date",
    "at",
    "on",
    "count",
    "items",
    "quantity",
    "qty",
    "days",
    "hours",
    "points",
    "units",
    "rows",
    "pages",
    "percent",
    "percentage",
    "pct",
    "rate",
    "ratio",
    "weight",
    "grams",
    "kg",
    "currency",
    "reference",
    "ref",
    "url",
    "seconds",
    "records",
    "reason",
    "key",
];

/// How a field writes an amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Minor,
    Major,
}

/// A name for money.
pub(in crate::mapping) fn is_money(name: &str) -> bool {
    let words = words(name);
    words.iter().any(|w| MONEY.contains(&w.as_str())) && words.last().is_none_or(|w| !NO_MONEY.contains(&w.as_str()))
}

fn named(field: &Field<'_>) -> bool {
    is_money(&field.words.join("_"))
}

/// A minor unit that ends in a field of major units, or the other way round.
pub(super) fn unit_mismatch(pair: &Pair<'_>) -> Option<Doubt> {
    let (to_major, to_minor) = (pair.has_step("minor_to_major"), pair.has_step("major_to_minor"));
    let from = unit(&pair.from)?;
    let to = unit(&pair.to)?;
    if to_major || to_minor {
        // The conversion itself is wrong where a description says so.
        let wrong = (to_major && from == (Unit::Major, true)) || (to_minor && from == (Unit::Minor, true));
        let step = if to_major { "minor_to_major" } else { "major_to_minor" };
        let is = if to_major { "major" } else { "minor" };
        let already = format!("{step} converts source {{from}}, which is in {is} units already");
        let opposite = (to_major && to == (Unit::Minor, true)) || (to_minor && to == (Unit::Major, true));
        let fix = "take the transform out, or map the field that it is for";
        return match (wrong, opposite) {
            (true, _) => Some(Doubt::new("money-unit-mismatch", 0.7, already, fix)),
            (false, true) => {
                let want = if to_major { "minor" } else { "major" };
                let message = format!("{step} gives {is} units, target {{to}} takes {want} units");
                Some(Doubt::new("money-unit-mismatch", 0.7, message, fix))
            }
            (false, false) => None,
        };
    }
    let money = named(&pair.from) || named(&pair.to);
    if !pair.keeps_meaning() || !money || from.0 == to.0 {
        return None;
    }
    let (message, fix) = match from.0 {
        Unit::Minor => (
            "source {from} looks like minor units (cents), target {to} like major units",
            "add {minor_to_major: path of the currency}",
        ),
        Unit::Major => (
            "source {from} looks like major units, target {to} like minor units (cents)",
            "add {major_to_minor: path of the currency}",
        ),
    };
    let sure = if from.1 && to.1 { 0.7 } else { 0.6 };
    Some(Doubt::new("money-unit-mismatch", sure, message.to_owned(), fix))
}

/// The unit, and whether words say so: integers are minor units, decimals and texts major ones where nothing is said.
fn unit(field: &Field<'_>) -> Option<(Unit, bool)> {
    let minor =
        field.says(&["minor unit", "smallest currency unit", "smallest unit", "minor currency unit", "hundredths"])
            || field.says_word(&["cents", "pence", "pennies", "centimes"])
            || field.named(&["cents", "pence", "minor"]);
    let major = field.says(&[
        "major unit",
        "major currency unit",
        "whole currency",
        "currency units",
        "in euros",
        "in dollars",
    ]) || field.says(&[
        "in whole euro",
        "in whole dollar",
        "in pounds sterling",
        "dollars and cents",
        "euros and cents",
    ]) || field.named(&["major", "dollars", "euros"])
        || field.format() == "decimal";
    match (minor, major) {
        (true, true) => return None,
        (true, false) => return Some((Unit::Minor, true)),
        (false, true) => return Some((Unit::Major, true)),
        (false, false) => {}
    }
    // What counts things, or is a share, is no money whatever its name.
    let counted = field.says_word(&[
        "percent",
        "percentage",
        "%",
        "points",
        "credits",
        "number",
        "count",
        "quantity",
        "days",
        "hours",
        "share",
        "rate",
    ]);
    let types = field.kind.types;
    if !named(field) || counted || field.kind.most().is_some_and(|m| m <= 100.into()) {
        return None;
    }
    if types == TypeSet::INTEGER {
        Some((Unit::Minor, false))
    } else if types == TypeSet::NUMBER || (types == TypeSet::STRING && field.kind.values.is_none()) {
        Some((Unit::Major, false))
    } else {
        None
    }
}

/// An amount that goes through a binary float although the other side is exact.
pub(super) fn float_money(pair: &Pair<'_>) -> Option<Doubt> {
    let float = |f: &Field<'_>| {
        matches!(f.format(), "float" | "double")
            || (f.is_number() && f.says(&["floating", "ieee 754", "float64", "float32"]))
    };
    if !named(&pair.from) && !named(&pair.to) || pair.table {
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

#[cfg(test)]
mod tests {
    use super::is_money;

    #[test]
    fn money_is_told_from_what_only_has_its_name() {
        for (name, want) in [
            ("total", true),
            ("shippingFee", true),
            ("amount_due", true),
            ("payment_id", false),
            ("total_count", false),
            ("tax_number", false),
            ("tax_rate", false),
            ("name", false),
        ] {
            assert_eq!(is_money(name), want, "{name}");
        }
    }
}
