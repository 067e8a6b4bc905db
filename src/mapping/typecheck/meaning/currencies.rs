//! The currency that all amounts of a field are in, where its name or its description says so.

use super::said::Field;
use super::{Doubt, Pair};
use crate::mapping::measure::{Currency, Measure};

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
pub(super) fn code(field: &Field<'_>) -> Option<&'static str> {
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
pub(super) fn mismatch(pair: &Pair<'_>) -> Option<Doubt> {
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
