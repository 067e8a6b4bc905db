//! Amounts that change their unit without anybody saying so. Guessed from names and descriptions, hence warnings.

use super::{Context, Reached};
use crate::base::text::words;
use crate::base::yaml::Span;
use crate::mapping::rule::Rule;
use crate::model::{Schemas, TypeSet};

const MONEY: [&str; 18] = [
    "amount", "price", "total", "balance", "cost", "fee", "fees", "subtotal", "tax", "discount", "charge", "payment",
    "refund", "revenue", "mrr", "arr", "gross", "net",
];

/// How a field writes an amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Minor,
    Major,
}

impl Context<'_> {
    /// A minor unit that ends in a field of major units, or the other way round.
    pub(super) fn money(&mut self, rule: &Rule, source: &Reached, target: &Reached) {
        if rule.has_step("minor_to_major") || rule.has_step("major_to_minor") || rule.values.is_some() {
            return;
        }
        let named = is_money(rule.target.leaf()) || rule.reads().next().is_some_and(|p| is_money(p.leaf()));
        let (Some(from), Some(to)) = (unit(self.source.0, source), unit(self.target.0, target)) else { return };
        if !named || from == to {
            return;
        }
        let at: Span = rule.source_at;
        let (message, fix) = match from {
            Unit::Minor => (
                format!(
                    "source {} looks like minor units (cents), target {} like major units",
                    rule.source, rule.target
                ),
                "add {minor_to_major: path of the currency}",
            ),
            Unit::Major => (
                format!(
                    "source {} looks like major units, target {} like minor units (cents)",
                    rule.source, rule.target
                ),
                "add {major_to_minor: path of the currency}",
            ),
        };
        self.warning(at, "money-unit-mismatch", message, fix);
        if let Some(last) = self.findings.last_mut() {
            last.confidence = 0.6;
        }
        self.resting_on(&target.pointer);
    }
}

pub(in crate::mapping) fn is_money(name: &str) -> bool {
    words(name).iter().any(|w| MONEY.contains(&w.as_str()))
}

/// Integers are minor units, decimals and texts major ones, unless the description says otherwise.
fn unit(schemas: &Schemas, reached: &Reached) -> Option<Unit> {
    let said = schemas.get(reached.id?).description.to_lowercase();
    if said.contains("minor unit") || said.contains("in cents") || said.contains("smallest currency unit") {
        return Some(Unit::Minor);
    }
    if said.contains("major unit") {
        return Some(Unit::Major);
    }
    let types = reached.kind.types;
    if types == TypeSet::INTEGER {
        Some(Unit::Minor)
    } else if !types.is_any() && (types == TypeSet::NUMBER || types == TypeSet::STRING) {
        Some(Unit::Major)
    } else {
        None
    }
}
