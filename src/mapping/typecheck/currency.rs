//! An amount is nothing without its currency.

use std::collections::BTreeMap;

use super::meaning::factor;
use super::{Context, Reached, walk};
use crate::base::text::{article, quoted, words};
use crate::finding::Severity;
use crate::mapping::Mapping;
use crate::mapping::path::{Path, Segment};
use crate::mapping::rule::{Rule, Source, Step};
use crate::mapping::transforms::exponent;
use crate::model::TypeSet;

/// Fields among which a currency is looked for.
const MOST_FIELDS: usize = 1000;

/// Amounts whose currency stays behind: the source names one beside the amount, and no rule writes any.
pub(super) fn dropped(cx: &mut Context<'_>, mapping: &Mapping) {
    if !mapping.left_out.is_empty() {
        return;
    }
    // One of them is enough: all amounts of a record lose the same currency. Which currencies are written is asked once.
    let mut known: BTreeMap<Path, bool> = BTreeMap::new();
    let found = mapping.rules.iter().find_map(|rule| {
        let Source::Path(amount) = &rule.source else { return None };
        if !is_amount(&rule.target) || !is_amount(amount) || rule.values.is_some() {
            return None;
        }
        // A flag that prices include a tax is none.
        let counts = walk(cx.source.0, cx.source.1, amount).ok()?.kind.types;
        if !counts.allows(TypeSet::NUMBER) && !counts.allows(TypeSet::INTEGER) && !counts.allows(TypeSet::STRING) {
            return None;
        }
        let currency = beside(cx, amount)?;
        let several = walk(cx.source.0, cx.source.1, &currency).ok()?;
        // With one value there is nothing to tell apart.
        let single = several.kind.values.as_ref().is_some_and(|v| v.len() < 2);
        let many = several.kind.values.is_some();
        let any = || mapping.rules.iter().any(|r| carries(r, &currency, many));
        let written = *known.entry(currency.clone()).or_insert_with(any);
        (!single && !written && !fixed(cx, rule)).then_some((rule, currency, many))
    });
    let Some((rule, currency, many)) = found else { return };
    let room = room(cx, &rule.target);
    let message = format!(
        "the amount of target {} has lost its currency: no rule writes source {}",
        quoted(&rule.target.to_string(), 80),
        quoted(&currency.to_string(), 80)
    );
    // A target without room for it may well have one currency for all.
    let (fix, sure, severity) = match room {
        Some(name) => (format!("map it to {}", quoted(&name, 80)), 0.7, Severity::Warning),
        None => {
            let fix = "make sure that all records have one currency, or write it into a field of the target".to_owned();
            (fix, 0.6, if many { Severity::Warning } else { Severity::Note })
        }
    };
    cx.add(rule.source_at, severity, "currency-dropped", message, fix);
    if let Some(last) = cx.findings.last_mut() {
        last.confidence = sure;
    }
}

/// Amounts converted by the currency of another amount: `payout` by `currency`, beside `payout_currency`.
pub(super) fn of_another(cx: &mut Context<'_>, mapping: &Mapping) {
    for rule in &mapping.rules {
        let Source::Path(amount) = &rule.source else { continue };
        let converts = |s: &&Step| matches!(s.transform.name, "minor_to_major" | "major_to_minor");
        let Some(step) = rule.steps.iter().find(converts) else { continue };
        let (Some(used), Some(own)) = (step.op.reads(), beside(cx, amount)) else { continue };
        let shares = |path: &Path| {
            let name = words(path.leaf());
            words(amount.leaf()).iter().any(|w| name.contains(w))
        };
        if *used == own || !shares(&own) || shares(used) {
            continue;
        }
        let (own, used) = (quoted(&own.to_string(), 80), quoted(&used.to_string(), 80));
        let message = format!("{} is converted by {used}, and the source has {own} beside it", rule.source);
        let fix = format!("write {{{}: {own}}}", step.transform.name);
        cx.warning(step.at, "currency-of-another-amount", message, fix);
        if let Some(last) = cx.findings.last_mut() {
            last.confidence = 0.7;
        }
    }
}

/// Formats of texts that are no codes of currencies.
const NO_CODE: [&str; 9] = ["date", "date-time", "time", "uuid", "email", "uri", "decimal", "ipv4", "hostname"];
/// Last words of names for what is no currency, though it may have three letters.
const OTHER: [&str; 16] = [
    "country", "region", "state", "status", "type", "kind", "name", "email", "language", "locale", "lang", "id",
    "method", "city", "zone", "timezone",
];

impl Context<'_> {
    /// A conversion of money by a field that holds no currency.
    pub(super) fn no_currency(&mut self, step: &Step, path: &Path, reached: &Reached) {
        if !matches!(step.transform.name, "minor_to_major" | "major_to_minor") {
            return;
        }
        let kind = &reached.kind;
        let code = |v: &serde_json::Value| v.as_str().is_some_and(|s| exponent(s).is_some());
        let format = kind.format.as_deref().filter(|f| NO_CODE.contains(f));
        let never = if !kind.types.allows(TypeSet::STRING) {
            Some(format!("is {}", kind.types))
        } else if kind.values.as_ref().is_some_and(|v| !v.is_empty() && !v.iter().any(code)) {
            Some("has no value of three letters".to_owned())
        } else if kind.max_length.is_some_and(|m| m < 3) || kind.min_length > 3 {
            Some("has no text of three letters".to_owned())
        } else {
            format.map(|f| format!("is {}", article(f)))
        };
        let said = reached.id.map(|id| self.source.0.get(id).description.to_lowercase()).unwrap_or_default();
        let words = words(path.leaf());
        let told = words.iter().any(|w| matches!(w.as_str(), "currency" | "ccy" | "curr" | "cur"))
            || ["currency", "currencies", "4217"].iter().any(|w| said.contains(w));
        let other = words.last().is_some_and(|w| OTHER.contains(&w.as_str()));
        let shown = quoted(&path.to_string(), 80);
        let fix = format!("write {{{}: path of the currency}}", step.transform.name);
        if let Some(never) = never {
            let message =
                format!("{} takes a currency, and {shown} {never}: every record is rejected", step.transform.name);
            self.error(step.at, "not-a-currency", message, fix);
        } else if other && !told {
            let message = format!("{} takes a currency, and nothing says that {shown} is one", step.transform.name);
            self.warning(step.at, "not-a-currency", message, fix);
            if let Some(last) = self.findings.last_mut() {
                last.confidence = 0.7;
            }
        } else {
            return;
        }
        self.resting_on(&reached.pointer);
    }
}

/// Amounts converted by a factor that some of their currencies do not have: no yen has a hundredth.
pub(super) fn fixed_factor(cx: &mut Context<'_>, mapping: &Mapping) {
    for rule in &mapping.rules {
        let Source::Path(amount) = &rule.source else { continue };
        if !is_amount(&rule.target) || !is_amount(amount) {
            continue;
        }
        let power =
            |f: f64| (1..=4).find(|e| [10f64.powi(*e), 10f64.powi(-*e)].iter().any(|p| (f / p - 1.0).abs() < 1e-9));
        let found = rule.steps.iter().find_map(|s| Some((s, factor(s).and_then(power)?)));
        let (Some((step, places)), Some(currency)) = (found, beside(cx, amount)) else { continue };
        let Ok(reached) = walk(cx.source.0, cx.source.1, &currency) else { continue };
        // Amounts in thousands are multiplied by a thousand.
        let said = walk(cx.source.0, cx.source.1, amount).ok().and_then(|r| r.id).map(|id| cx.source.0.get(id));
        let said = said.map(|s| s.description.to_lowercase()).unwrap_or_default() + " " + &amount.leaf().to_lowercase();
        if ["thousand", "million", "micro"].iter().any(|w| said.contains(w)) {
            continue;
        }
        let others: Option<Vec<&str>> = reached.kind.values.as_ref().map(|v| {
            let codes = v.iter().filter_map(serde_json::Value::as_str);
            codes.filter(|c| exponent(c).is_some_and(|e| i32::try_from(e) != Ok(places))).take(6).collect()
        });
        let (which, sure) = match &others {
            Some(codes) if codes.is_empty() => continue,
            Some(codes) => (quoted(&codes.join(", "), 60), 0.85),
            None => ("JPY and KWD, for example,".to_owned(), 0.65),
        };
        let message = format!("{} is one factor for all currencies, but {which} have other minor units", step.shown);
        let to_major = factor(step).is_some_and(|f| f < 1.0);
        let name = if to_major { "minor_to_major" } else { "major_to_minor" };
        let fix = format!("write {{{name}: {}}} instead", quoted(&currency.to_string(), 80));
        cx.warning(step.at, "fixed-minor-unit", message, fix);
        if let Some(last) = cx.findings.last_mut() {
            last.confidence = sure;
        }
    }
}

/// A path to an amount of money: by its own name, or by its parent's where it is the value of it.
fn is_amount(path: &Path) -> bool {
    let mut names = path.segments().iter().rev().filter_map(Segment::key);
    let leaf = names.next().unwrap_or_default();
    let value = matches!(leaf, "value" | "amount" | "sum" | "units");
    super::is_money(leaf) || (value && names.next().is_some_and(super::is_money))
}

/// The path of the currency that stands beside the amount, or at the top of the record.
fn beside(cx: &Context<'_>, amount: &Path) -> Option<Path> {
    let (_, parent) = amount.segments().split_last()?;
    for prefix in [parent, &[]] {
        let id = match Path::of(prefix.to_vec()) {
            None => cx.source.1,
            Some(path) => walk(cx.source.0, cx.source.1, &path).ok()?.id?,
        };
        let own = words(amount.leaf());
        let fields = cx.source.0.properties(id);
        let mut named: Vec<&str> = fields.keys().take(MOST_FIELDS).filter(|n| is_currency(n)).collect();
        // `salary_currency` is the salary's, `currency` is everything's.
        named.sort_by_key(|n| !words(n).iter().any(|w| own.contains(w)));
        if let Some(name) = named.first() {
            let alone = words(name).iter().all(|w| matches!(w.as_str(), "currency" | "code" | "iso"));
            let its = words(name).iter().any(|w| own.contains(w));
            if alone || its {
                let segments = prefix.iter().cloned().chain([Segment::Key((*name).to_owned())]).collect();
                return Path::of(segments);
            }
        }
    }
    None
}

fn is_currency(name: &str) -> bool {
    let words = words(name);
    let last = words.last().map_or("", String::as_str);
    last == "currency" || (words.iter().any(|w| w == "currency") && matches!(last, "code" | "iso"))
}

/// The rule carries this currency, or writes one for all records, where they are not known to have several.
fn carries(rule: &Rule, currency: &Path, many: bool) -> bool {
    let target = rule.target.segments().iter().filter_map(Segment::key).any(is_currency);
    match &rule.source {
        Source::Path(path) => path.covers(currency) || target,
        Source::Const(_) => target && !many,
        _ => target || rule.reads_all() || rule.reads().any(|p| p.covers(currency)),
    }
}

/// The description of the target names the currency that all amounts are in.
fn fixed(cx: &Context<'_>, rule: &Rule) -> bool {
    const SAID: [&str; 12] =
        ["eur", "usd", "gbp", "chf", "jpy", "euro", "euros", "dollars", "dollar", "sterling", "yen", "francs"];
    let Some(id) = walk(cx.target.0, cx.target.1, &rule.target).ok().and_then(|r| r.id) else { return true };
    let said = cx.target.0.get(id).description.to_lowercase();
    let named = words(rule.target.leaf());
    said.contains("base currency")
        || said.contains("account's currency")
        || SAID
            .iter()
            .any(|c| said.split(|c: char| !c.is_alphanumeric()).any(|w| w == *c) || named.iter().any(|w| w == c))
}

/// A currency field of the target beside the amount, or at the top.
fn room(cx: &Context<'_>, amount: &Path) -> Option<String> {
    let (_, parent) = amount.segments().split_last()?;
    for prefix in [parent, &[]] {
        let parent = Path::of(prefix.to_vec());
        let id = match &parent {
            None => cx.target.1,
            Some(path) => walk(cx.target.0, cx.target.1, path).ok()?.id?,
        };
        let name = cx.target.0.properties(id).keys().take(MOST_FIELDS).find(|n| is_currency(n)).map(str::to_owned);
        if let Some(name) = name {
            return Some(parent.map_or_else(|| name.clone(), |p| format!("{p}.{name}")));
        }
    }
    None
}
