//! Fields that say something of a record instead of naming it: amounts, quantities, times, places, kinds.

use super::told::{Field, says};
use crate::base::text::{singular, words};

/// What a field says of a record, where many have it alike: by its kind and description, else by its name. An amount has a unit,
/// whatever it is called.
pub(super) fn of_field(f: &Field<'_>, name: &str) -> Option<&'static str> {
    let money = ["in major units", "minor unit", "smallest currency unit", "in cents", "amount of money"];
    if f.kind.format.as_deref() == Some("decimal") || says(f.description(), &money) {
        return Some("an amount of money");
    }
    by_nature(name)
}

/// What a field of this name says of a record, where many have it alike.
pub(super) fn by_nature(name: &str) -> Option<&'static str> {
    const MONEY: [&str; 17] = [
        "amount", "balance", "price", "total", "subtotal", "cost", "fee", "tip", "tax", "salary", "credit", "debit",
        "revenue", "budget", "discount", "charge", "wage",
    ];
    const QUANTITY: [&str; 36] = [
        "quantity",
        "qty",
        "count",
        "stock",
        "weight",
        "height",
        "width",
        "length",
        "size",
        "volume",
        "score",
        "rating",
        "age",
        "duration",
        "percent",
        "percentage",
        "rate",
        "seat",
        "unit",
        "level",
        "hand",
        "reserved",
        "available",
        "capacity",
        "latitude",
        "longitude",
        "points",
        "metre",
        "meter",
        "gram",
        "kilogram",
        "kilometre",
        "byte",
        "hour",
        "minute",
        "second",
    ];
    const TIME: [&str; 9] = ["date", "time", "timestamp", "day", "month", "year", "datetime", "birthday", "birthdate"];
    const PLACE: [&str; 15] = [
        "country",
        "city",
        "region",
        "zip",
        "postcode",
        "postal",
        "street",
        "language",
        "locale",
        "timezone",
        "currency",
        "continent",
        "nationality",
        "citizenship",
        "town",
    ];
    const KIND: [&str; 20] = [
        "type",
        "kind",
        "category",
        "stage",
        "role",
        "gender",
        "priority",
        "color",
        "colour",
        "class",
        "group",
        "department",
        "channel",
        "origin",
        "mode",
        "method",
        "reason",
        "brand",
        "vendor",
        "grade",
    ];
    let parts: Vec<String> = words(name).iter().map(|w| singular(w)).collect();
    let last = parts.last()?.as_str();
    if MONEY.contains(&last) {
        Some("an amount of money")
    } else if QUANTITY.contains(&last) {
        Some("a quantity")
    } else if TIME.contains(&last) || (["at", "on"].contains(&last) && parts.len() > 1) {
        Some("a point in time")
    } else if PLACE.contains(&last)
        || (["code", "name"].contains(&last) && parts.iter().any(|w| PLACE.contains(&w.as_str())))
    {
        Some("a place, a currency or a language")
    } else if KIND.contains(&last) {
        Some("a kind of thing")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::by_nature;

    #[test]
    fn what_is_said_of_a_record_does_not_name_it() {
        for name in [
            "balance",
            "on_hand",
            "unitPrice",
            "country_code",
            "created_at",
            "currency",
            "type",
            "seats",
            "postal_code",
        ] {
            assert!(by_nature(name).is_some(), "{name}");
        }
        for name in ["id", "sku", "external_id", "email", "invoice_number", "code", "on", "accountKey"] {
            assert!(by_nature(name).is_none(), "{name}");
        }
    }
}
