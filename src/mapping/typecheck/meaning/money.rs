//! Amounts that change their unit, or their exactness, without anybody saying so.

use super::said::Field;
use super::{Doubt, Pair};
use crate::base::text::{singular, words};
use crate::mapping::measure::{Currency, Evidence, Measure, Measured, Scale};
use crate::mapping::rule::Step;
use crate::model::TypeSet;

const MONEY: [&str; 34] = [
    "amount",
    "spend",
    "earnings",
    "proceeds",
    "expense",
    "payout",
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
const NO_MONEY: [&str; 89] = [
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
    "center",
    "centre",
    "category",
    "class",
    "group",
    "list",
    "tier",
    "level",
    "account",
    "term",
    "terms",
    "plan",
    "schedule",
    "sheet",
    "point",
    "year",
    "month",
    "period",
    "seats",
    "users",
    "members",
    "label",
    "title",
    "description",
    "note",
    "notes",
    "policy",
    "exempt",
    "flag",
    "location",
    "address",
    "link",
    "token",
    "email",
    "phone",
    "owner",
    "version",
    "index",
    "rank",
    "score",
    "minutes",
    "visits",
    "contact",
    "vendor",
    "customer",
    "party",
    "to",
    "by",
    "from",
];

/// Words beside which a total or an amount is one of things or of time.
const COUNTED: [&str; 14] = [
    "items", "elements", "pages", "rows", "results", "records", "entries", "hits", "trial", "time", "duration",
    "distance", "storage", "usage",
];

/// A name for money.
pub(in crate::mapping) fn is_money(name: &str) -> bool {
    let words = words(name);
    let money = |w: &str| MONEY.contains(&w) || MONEY.contains(&singular(w).as_str());
    let last = words.last().map_or("", String::as_str);
    // `total_clicks`, `itemsTotal`, `trial_amount`: so many of something else.
    let counted = (last.ends_with('s') && !last.ends_with("ss") && !money(last) && last != "sales")
        || words.iter().any(|w| COUNTED.contains(&w.as_str()));
    words.iter().any(|w| MONEY.contains(&w.as_str())) && !NO_MONEY.contains(&last) && !counted
}

fn named(field: &Field<'_>) -> bool {
    is_money(&field.words.join("_"))
}

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
    if !named(&pair.from) && !named(&pair.to) {
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

/// The measure of a field that holds an amount, and whether words say so: integers are minor units, decimals and texts major
/// ones where nothing is said.
pub(super) fn amount(field: &Field<'_>) -> Option<(Box<Measured>, bool)> {
    let (scale, by, words) = scale(field)?;
    let currency = code(field).map_or(Currency::Unknown, Currency::Code);
    Some((Box::new(Measured { is: Measure::Money { scale, currency }, by }), words))
}

/// The currency that a word names, where it names no other thing.
fn currency(word: &str) -> Option<&'static str> {
    Some(match word {
        "eur" | "euro" | "euros" => "EUR",
        "usd" => "USD",
        "gbp" | "sterling" => "GBP",
        "chf" => "CHF",
        "jpy" | "yen" => "JPY",
        "cad" => "CAD",
        "aud" => "AUD",
        "nzd" => "NZD",
        "sek" => "SEK",
        "nok" => "NOK",
        "dkk" => "DKK",
        "pln" | "zloty" => "PLN",
        "czk" => "CZK",
        "inr" | "rupees" => "INR",
        "cny" | "rmb" | "yuan" => "CNY",
        "brl" => "BRL",
        _ => return None,
    })
}

/// The one currency that all of the field's amounts are in: by its name, or after `in`.
fn code(field: &Field<'_>) -> Option<&'static str> {
    let named = field.words.iter().find_map(|w| currency(w));
    let mut said = named;
    for (i, token) in field.tokens.iter().enumerate() {
        let before = |n: usize| i.checked_sub(n).and_then(|j| field.tokens.get(j)).map_or("", String::as_str);
        let us = matches!(token.as_str(), "dollar" | "dollars") && before(1) == "us";
        let introduced = matches!(before(1), "in" | "whole") || (before(2) == "in" && before(1) == "us");
        let found = if us { Some("USD") } else { currency(token) };
        let Some(code) = found.filter(|_| introduced || (us && matches!(before(2), "in" | "of"))) else { continue };
        if said.is_some_and(|s| s != code) {
            return None;
        }
        said = Some(code);
    }
    said
}

/// An amount in one currency that ends in a field of another.
pub(super) fn other_currency(pair: &Pair<'_>) -> Option<Doubt> {
    let (Measure::Money { currency: from, .. }, Measure::Money { currency: to, .. }) = pair.both()? else {
        return None;
    };
    let (Currency::Code(from), Currency::Code(to)) = (from, to) else { return None };
    if from == to {
        return None;
    }
    let message = format!("source {{from}} is in {from}, target {{to}} in {to}");
    let fix = format!("map a field that is in {to}, or convert it by a rate of exchange");
    Some(Doubt::new("currency-mismatch", 0.7, message, fix))
}

/// Powers of ten that a description, or a name, puts an amount in: micros, thousands.
fn parts(field: &Field<'_>) -> Option<Scale> {
    if field.named(&["micros", "micro"])
        || field.says_word(&["micros", "millionths"])
        || field.says(&["micro-unit", "micro unit", "millionth of"])
    {
        return (named(field) || field.named(&["micros"]) || field.says_word(&["currency"])).then_some(Scale::Power(6));
    }
    if !named(field) {
        return None;
    }
    if field.says(&["in thousands", "in thousand ", "thousands of"]) {
        Some(Scale::Power(-3))
    } else {
        field.says(&["in millions", "in million ", "millions of"]).then_some(Scale::Power(-6))
    }
}

/// A name for money.
pub(super) fn is_amount(field: &Field<'_>) -> bool {
    named(field)
}

fn scale(field: &Field<'_>) -> Option<(Scale, Evidence, bool)> {
    if let Some(parts) = parts(field) {
        return Some((parts, Evidence::Said, true));
    }
    let minor =
        field.says(&["minor unit", "smallest currency unit", "smallest unit", "minor currency unit", "hundredths"])
            || counted_in_cents(field)
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
    ]) || field.named(&["major", "dollars", "euros"]);
    // An amount with a fraction is written in major units, whatever else is said of it.
    let fraction = |s: &&str| s.contains([',', '.']) && super::numbers::worth(s).is_some();
    let money = named(field) || field.says(&["amount", "price", "currenc"]);
    if money && field.is_text() && field.samples().iter().any(fraction) {
        return Some((Scale::Power(0), Evidence::Said, false));
    }
    let decimal = field.format() == "decimal";
    match (minor, major) {
        (true, true) => return None,
        (true, false) => return (!decimal).then_some((Scale::Minor, Evidence::Said, true)),
        (false, true) => return Some((Scale::Power(0), Evidence::Said, true)),
        (false, false) if decimal => return Some((Scale::Power(0), Evidence::Said, false)),
        (false, false) => {}
    }
    // A pattern with a point, on a text that speaks of currencies.
    let pattern = field.schema.pattern.as_deref().unwrap_or("");
    if field.is_text() && (pattern.contains("[.]") || pattern.contains("\\.")) && field.says(&["currenc"]) {
        return Some((Scale::Power(0), Evidence::Type, false));
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
    if (!named(field) && code(field).is_none()) || counted || field.kind.most().is_some_and(|m| m <= 100.into()) {
        return None;
    }
    if types == TypeSet::INTEGER {
        Some((Scale::Minor, Evidence::Type, false))
    } else if types == TypeSet::NUMBER || (types == TypeSet::STRING && field.kind.values.is_none()) {
        Some((Scale::Power(0), Evidence::Type, false))
    } else {
        None
    }
}

/// `in cents`, `number of cents`: not `a comma before the cents`.
fn counted_in_cents(field: &Field<'_>) -> bool {
    const BEFORE: [&str; 9] = ["in", "of", "as", "whole", "us", "usd", "eur", "euro", "integer"];
    field.tokens.iter().enumerate().any(|(i, token)| {
        let cents = matches!(token.as_str(), "cents" | "pence" | "pennies" | "centimes" | "cent");
        let before = i.checked_sub(1).and_then(|j| field.tokens.get(j));
        cents && (before.is_none_or(|b| BEFORE.contains(&b.as_str())) || field.said.contains(&format!("({token})")))
    })
}

/// An amount that goes through a binary float although the other side is exact.
pub(super) fn float_money(pair: &Pair<'_>) -> Option<Doubt> {
    let float = |f: &Field<'_>| {
        matches!(f.format(), "float" | "double")
            || (f.is_number() && f.says(&["floating", "ieee 754", "float64", "float32"]))
    };
    if !named(&pair.from) && !named(&pair.to) || pair.table.is_some() {
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
            ("cost_center", false),
            ("total_clicks", false),
            ("itemsTotal", false),
            ("total_taxes", true),
            ("total_sales", true),
            ("gross", true),
            ("payment_terms", false),
            ("name", false),
        ] {
            assert_eq!(is_money(name), want, "{name}");
        }
    }
}
