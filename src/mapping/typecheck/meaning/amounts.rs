//! Which fields hold amounts of money, and in which units: minor, major, micros, thousands.

use super::currencies;
use super::said::Field;
use crate::base::text::{singular, words};
use crate::mapping::measure::{Currency, Evidence, Measure, Measured, Scale};
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

/// A field with a name for money.
pub(super) fn is_amount(field: &Field<'_>) -> bool {
    is_money(&field.words.join("_"))
}

/// The measure of a field that holds an amount, and whether words say so: integers are minor units, decimals and texts major
/// ones where nothing is said.
pub(super) fn amount(field: &Field<'_>) -> Option<(Box<Measured>, bool)> {
    let (scale, by, words) = scale(field)?;
    let currency = currencies::code(field).map_or(Currency::Unknown, Currency::Code);
    Some((Box::new(Measured { is: Measure::Money { scale, currency }, by }), words))
}

/// Powers of ten that a description, or a name, puts an amount in: micros, thousands.
fn parts(field: &Field<'_>) -> Option<Scale> {
    if field.named(&["micros", "micro"])
        || field.says_word(&["micros", "millionths"])
        || field.says(&["micro-unit", "micro unit", "millionth of"])
    {
        return (is_amount(field) || field.named(&["micros"]) || field.says_word(&["currency"]))
            .then_some(Scale::Power(6));
    }
    if !is_amount(field) {
        return None;
    }
    if field.says(&["in thousands", "in thousand ", "thousands of"]) {
        Some(Scale::Power(-3))
    } else {
        field.says(&["in millions", "in million ", "millions of"]).then_some(Scale::Power(-6))
    }
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
    let money = is_amount(field) || field.says(&["amount", "price", "currenc"]);
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
    if (!is_amount(field) && currencies::code(field).is_none())
        || counted
        || field.kind.most().is_some_and(|m| m <= 100.into())
    {
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
