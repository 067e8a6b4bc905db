//! Signs: an amount that may be negative on both sides, and whose sign is taken off or turned on the way.

use super::said::Field;
use super::{Doubt, Pair};

/// What a negative number may stand for, in groups that mean the same; the second of each is the opposite of the first.
const STANDS_FOR: [[&[&str]; 2]; 2] = [
    [
        &[
            "refund",
            "refunds",
            "refunded",
            "return",
            "returns",
            "reversal",
            "reversals",
            "chargeback",
            "chargebacks",
            "credit",
            "credits",
        ],
        &["charge", "charges", "sale", "sales", "purchase", "purchases", "invoice", "invoices"],
    ],
    [
        &[
            "withdrawal",
            "withdrawals",
            "outgoing",
            "outflow",
            "outflows",
            "payout",
            "payouts",
            "expense",
            "expenses",
            "debit",
            "debits",
            "spent",
        ],
        &["deposit", "deposits", "incoming", "inflow", "inflows", "income", "received"],
    ],
];

/// The number may be negative: by its range, or because its description says so.
fn signed(field: &Field<'_>) -> bool {
    if field.kind.minimum.is_some_and(|m| !m.at.is_sign_negative() || m.at.is_zero()) {
        return false;
    }
    let ranged = field.kind.minimum.is_some_and(|m| m.at.is_sign_negative() && !m.at.is_zero())
        && field.kind.maximum.is_none_or(|m| m.at.is_sign_positive());
    (ranged || speaks(field))
        && !field.says(&[
            "non-negative",
            "nonnegative",
            "non negative",
            "always positive",
            "absolute",
            "unsigned",
            "without sign",
        ])
}

/// The description speaks of negative numbers.
fn speaks(field: &Field<'_>) -> bool {
    field.says_word(&["negative", "signed"])
        || field.says(&["minus sign", "below zero", "less than zero", "leading minus"])
}

/// The description says when a number is negative, or what it then means.
fn explains(field: &Field<'_>) -> bool {
    const LINKS: [&str; 8] = ["when", "if", "for", "means", "where", "is", "are", "indicates"];
    let sign = |t: &str| matches!(t, "negative" | "positive");
    field.tokens.windows(2).any(|w| match w {
        [a, b] => (sign(a) && LINKS.contains(&b.as_str())) || (sign(b) && LINKS.contains(&a.as_str())),
        _ => false,
    })
}

/// What the description says that a negative number stands for: the group, and which of its sides.
fn negative_is(field: &Field<'_>) -> Option<(usize, usize)> {
    let mut found = None;
    // `Positive for charges, negative for refunds`: each half has its own.
    for clause in field.said.split(['.', ';', ',']) {
        let tokens = super::said::tokens(clause);
        let has = |any: &[&str]| tokens.iter().any(|t| any.contains(&t.as_str()));
        let negative = has(&["negative", "minus", "below"]);
        let positive = has(&["positive", "plus", "above"]);
        if negative == positive {
            continue;
        }
        for (group, sides) in STANDS_FOR.iter().enumerate() {
            for (side, words) in sides.iter().enumerate() {
                if !has(words) {
                    continue;
                }
                let told = (group, if negative { side } else { 1 - side });
                if found.is_some_and(|f| f != told) {
                    return None;
                }
                found = Some(told);
            }
        }
    }
    found
}

/// A sign that is lost, turned, or left where the other side means the opposite.
pub(super) fn mismatch(pair: &Pair<'_>) -> Option<Doubt> {
    if pair.table.is_some() || !signed(&pair.from) || !signed(&pair.to) {
        return None;
    }
    let named = |name: &str| pair.steps.iter().find(|s| s.transform.name == name);
    if let Some(step) = named("absolute") {
        let message = "source {from} may be negative, and target {to} too, but the sign is taken off".to_owned();
        let fix = "take absolute out, or map what tells the two apart to another field";
        return Some(Doubt::new("sign-mismatch", 0.7, message, fix).about(step));
    }
    if let Some(step) = pair.steps.iter().find(|s| drops_minus(s)) {
        let message =
            format!("source {{from}} may be negative, and target {{to}} too, but {} takes the sign off", step.shown);
        let fix = "keep the minus, or map what tells the two apart to another field";
        return Some(Doubt::new("sign-mismatch", 0.7, message, fix).about(step));
    }
    let turned = pair.steps.iter().filter(|s| turns(s)).count() % 2 == 1;
    let (from, to) = (negative_is(&pair.from), negative_is(&pair.to));
    let opposite = match (from, to) {
        (Some((a, x)), Some((b, y))) if a == b => Some(x != y),
        // Both say what it stands for, and nobody can tell whether it is the same.
        _ if explains(&pair.from) && explains(&pair.to) => return None,
        _ => None,
    };
    match (turned, opposite) {
        (true, Some(false) | None) => {
            let step = pair.steps.iter().find(|s| turns(s))?;
            // Without a word on either side, whoever turns a number that is no money has a reason.
            let money = super::amounts::is_amount(&pair.from) || super::amounts::is_amount(&pair.to);
            if opposite.is_none() && !money {
                return None;
            }
            let why =
                if opposite.is_some() { "which mean the same by it" } else { "and nothing says that they differ" };
            let message = format!("{} turns the sign between source {{from}} and target {{to}}, {why}", step.shown);
            let fix = "take it out, or make sure that the target counts the other way round";
            let sure = if opposite.is_some() { 0.7 } else { 0.6 };
            Some(Doubt::new("sign-mismatch", sure, message, fix).about(step))
        }
        (false, Some(true)) if super::amounts::is_amount(&pair.from) || pair.keeps_meaning() => {
            let message = "a negative number in source {from} stands for the opposite of one in target {to}".to_owned();
            Some(Doubt::new(
                "sign-mismatch",
                0.65,
                message,
                "add negate, or map a field that counts as the target does",
            ))
        }
        _ => None,
    }
}

/// The step takes the minus out of a text.
fn drops_minus(step: &crate::mapping::rule::Step) -> bool {
    matches!(step.transform.name, "replace" | "digits" | "extract")
        && matches!(
            step.op.apply(&"-12.50".into(), &serde_json::Value::Null),
            Ok(Some(serde_json::Value::String(s))) if !s.is_empty() && !s.contains('-')
        )
}

/// The step turns the sign.
fn turns(step: &crate::mapping::rule::Step) -> bool {
    step.transform.name == "negate" || super::factor(step).is_some_and(|f| f < 0.0)
}
