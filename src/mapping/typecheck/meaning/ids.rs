//! The id of one thing in a field for the id of another.

use super::said::Field;
use super::{Doubt, Pair};
use crate::base::text::{article, singular};

/// Things that have ids; those of one line may be the same thing under another name.
const THINGS: [&[&str]; 20] = [
    &["customer", "client", "buyer", "contact", "person", "patron", "payer", "member", "account", "user", "subscriber"],
    &[
        "company",
        "organization",
        "organisation",
        "org",
        "account",
        "business",
        "employer",
        "tenant",
        "supplier",
        "vendor",
        "merchant",
    ],
    &["supplier", "vendor", "seller", "merchant"],
    &["employee", "staff", "worker", "person", "user", "member", "agent", "rep"],
    &["product", "item", "article", "sku", "variant"],
    &["order", "purchase", "transaction"],
    &["invoice", "bill"],
    &["payment", "transaction", "charge"],
    &["store", "shop", "branch", "site", "outlet"],
    &["warehouse", "depot", "site"],
    &["department", "unit", "team", "division", "group"],
    &["project", "workspace"],
    &["ticket", "issue", "case", "incident"],
    &["subscription", "plan"],
    &["shipment", "delivery", "parcel", "consignment"],
    &["campaign"],
    &["category", "collection"],
    &["device", "asset", "machine"],
    &["address"],
    &["contract", "agreement"],
];

/// Words that make an id one of the other system's, whatever it names.
const ELSEWHERE: [&str; 11] = [
    "external",
    "remote",
    "source",
    "reference",
    "ref",
    "origin",
    "foreign",
    "legacy",
    "correlation",
    "partner",
    "import",
];

/// The thing whose id the field holds.
fn thing(field: &Field<'_>) -> Option<String> {
    if field.named(&ELSEWHERE) {
        return None;
    }
    const SAID: [&str; 6] =
        ["id of the ", "identifier of the ", "identifier for the ", "id for the ", "identifies the ", "key of the "];
    let (last, before) = field.words.split_last()?;
    let known = |w: &str| THINGS.iter().any(|t| t.contains(&w));
    if matches!(last.as_str(), "id" | "uuid" | "guid")
        && let Some(of) = before.last().map(|w| singular(w))
    {
        return known(&of).then_some(of);
    }
    let at = SAID.iter().find_map(|phrase| Some(field.said.find(phrase)? + phrase.len()))?;
    let of = field.said.get(at..)?.split(|c: char| !c.is_alphanumeric()).next().map(singular)?;
    known(&of).then_some(of)
}

/// An id that names another kind of thing than the target's field.
pub(super) fn foreign(pair: &Pair<'_>) -> Option<Doubt> {
    if !pair.keeps_meaning() {
        return None;
    }
    let (from, to) = (thing(&pair.from)?, thing(&pair.to)?);
    if from == to || THINGS.iter().any(|t| t.contains(&from.as_str()) && t.contains(&to.as_str())) {
        return None;
    }
    let message = format!("source {{from}} is the id of {}, target {{to}} the id of {}", article(&from), article(&to));
    let fix = format!("map the id of the {to}, or look it up first and map what was found");
    Some(Doubt::new("foreign-id", 0.65, message, fix))
}
