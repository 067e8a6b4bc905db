//! The rules of a mapping as expressions. What a language cannot say exactly is refused by name, and never approximated.

use std::collections::BTreeSet;

use serde_json::Value;

use super::ir::Expr;
use super::print::Language;
use crate::base::secret::SecretRef;
use crate::mapping::path::Segment;
use crate::mapping::rule::{Each, Else, Rule, Source, Step, ValueTable, When};
use crate::mapping::{Condition, Mapping, Path, Test};

/// Something that cannot be generated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {what} {because}")]
pub struct Unfit {
    /// Where in the contract.
    pub place: String,
    /// What.
    pub what: String,
    /// Why, as a fragment that follows it.
    pub because: String,
}

/// A mapping as an expression, and the transforms that it uses.
pub(super) struct Rules<'u> {
    language: Language,
    place: String,
    used: &'u mut BTreeSet<&'static str>,
}

impl<'u> Rules<'u> {
    pub(super) fn new(language: Language, place: &str, used: &'u mut BTreeSet<&'static str>) -> Self {
        Self { language, place: place.to_owned(), used }
    }

    /// The mapping.
    ///
    /// # Errors
    /// The first rule that the language cannot say.
    pub(super) fn mapping(&mut self, mapping: &Mapping) -> Result<Expr, Unfit> {
        let rules = mapping.rules().iter().map(|r| self.rule(r)).collect::<Result<_, _>>()?;
        Ok(Expr::Call("Mapping".to_owned(), rules, Vec::new()))
    }

    fn unfit(&self, rule: &Rule, what: &str, because: &str) -> Unfit {
        let place = format!("{}.map.{}", self.place, rule.target);
        Unfit { place, what: what.to_owned(), because: because.to_owned() }
    }

    fn rule(&mut self, rule: &Rule) -> Result<Expr, Unfit> {
        let whole = matches!(rule.source, Source::Const(_) | Source::When(_) | Source::Each(_));
        let source = match &rule.source {
            Source::Path(p) => call("field", segments(p)),
            Source::Const(value) => call("const", vec![Expr::Value(value.clone())]),
            Source::Join { parts, separator } => {
                call("join", std::iter::once(Expr::text(separator)).chain(parts.iter().map(path)).collect())
            }
            Source::FirstOf(paths) => call("first_of", paths.iter().map(path).collect()),
            Source::Template(template) => {
                let piece = |p: Result<&str, &Path>| p.map_or_else(path, Expr::text);
                call("template", template.pieces().map(piece).collect())
            }
            Source::When(when) => self.when(when)?,
            Source::Each(each) => self.each(rule, each)?,
            Source::Jq(_) => {
                return Err(self.unfit(rule, "a jq program", "is not generated; write the rule with transforms"));
            }
        };
        let mut named = if matches!(rule.source, Source::Each(_)) { Vec::new() } else { table(rule.values.as_ref()) };
        if let Some(default) = &rule.default {
            named.push(("default".to_owned(), Expr::Value(default.value.clone())));
        }
        if rule.required.is_some() {
            named.push(("required".to_owned(), Expr::Value(Value::Bool(true))));
        }
        if whole {
            named.push(("whole".to_owned(), Expr::Value(Value::Bool(true))));
        }
        let mut places = vec![path(&rule.target), Expr::text(&rule.source.to_string()), source];
        if !whole && !rule.steps.is_empty() {
            places.push(self.steps(rule, &rule.steps)?);
        } else if !named.is_empty() && self.language == Language::Typescript {
            places.push(Expr::List(Vec::new()));
        }
        Ok(Expr::Call("Rule".to_owned(), places, named))
    }

    fn when(&mut self, when: &When) -> Result<Expr, Unfit> {
        let cases =
            when.cases.iter().map(|case| Ok(Expr::List(vec![condition(&case.condition), self.rule(&case.then)?])));
        let mut places: Vec<Expr> = cases.collect::<Result<_, _>>()?;
        let otherwise = when.otherwise.as_ref().map(|r| self.rule(r)).transpose()?;
        if self.language == Language::Typescript {
            places = vec![Expr::List(places)];
            places.extend(otherwise);
            return Ok(call("when", places));
        }
        let named = otherwise.map(|r| ("otherwise".to_owned(), r)).into_iter().collect();
        Ok(Expr::Call("when".to_owned(), places, named))
    }

    fn each(&mut self, rule: &Rule, each: &Each) -> Result<Expr, Unfit> {
        let mut named = Vec::new();
        if let Some(take) = &each.take {
            named.push(("take".to_owned(), path(take)));
        }
        if let Some(map) = &each.map {
            named.push(("mapping".to_owned(), self.mapping(map)?));
        } else {
            // What is done to each item is a rule of its own; what it reads is handed to it.
            let mut places = vec![path(&rule.target), Expr::text(&rule.source.to_string()), call("field", Vec::new())];
            places.push(self.steps(rule, &rule.steps)?);
            let mut inner = table(rule.values.as_ref());
            if rule.default.is_some() || rule.required.is_some() {
                // A null item of a list whose absence is settled counts as missing.
                inner.push(("required".to_owned(), Expr::Value(Value::Bool(true))));
            }
            named.push(("item".to_owned(), Expr::Call("Rule".to_owned(), places, inner)));
        }
        if !each.then.is_empty() {
            named.push(("then".to_owned(), self.steps(rule, &each.then)?));
        }
        Ok(Expr::Call("each".to_owned(), vec![path(&each.list)], named))
    }

    fn steps(&mut self, rule: &Rule, steps: &[Step]) -> Result<Expr, Unfit> {
        steps.iter().map(|s| self.step(rule, s)).collect::<Result<_, _>>().map(Expr::List)
    }

    fn step(&mut self, rule: &Rule, step: &Step) -> Result<Expr, Unfit> {
        let made = step_expr(self.language, step.transform.name, step.argument.as_ref());
        let expr = made.map_err(|because| self.unfit(rule, step.transform.name, &because))?;
        self.used.insert(step.transform.name);
        Ok(expr)
    }
}

fn call(name: &str, places: Vec<Expr>) -> Expr {
    Expr::Call(name.to_owned(), places, Vec::new())
}

fn segments(path: &Path) -> Vec<Expr> {
    let one = |s: &Segment| match s {
        Segment::Key(k) => Expr::text(k),
        Segment::Index(i) => Expr::Value(Value::from(*i)),
    };
    path.segments().iter().map(one).collect()
}

fn path(path: &Path) -> Expr {
    Expr::List(segments(path))
}

fn table(values: Option<&ValueTable>) -> Vec<(String, Expr)> {
    let Some(table) = values else { return Vec::new() };
    let entry = |(key, value): &(crate::base::yaml::Spanned<String>, Value)| {
        Expr::List(vec![Expr::text(&key.value), Expr::Value(value.clone())])
    };
    let mut out = vec![("values".to_owned(), Expr::List(table.entries.iter().map(entry).collect()))];
    match &table.otherwise {
        Some(Else::Keep) => out.push(("otherwise".to_owned(), Expr::Name("KEEP".to_owned()))),
        Some(Else::Default(value)) => out.push(("otherwise".to_owned(), Expr::Value(value.value.clone()))),
        Some(Else::Reject) | None => {}
    }
    out
}

fn condition(condition: &Condition) -> Expr {
    let with = |name: &str, more: Vec<Expr>| call(name, std::iter::once(path(condition.field())).chain(more).collect());
    let values = |all: &[Value]| all.iter().cloned().map(Expr::Value).collect();
    match condition.test() {
        Test::Is(all) => with("is_in", values(all)),
        Test::IsNot(all) => with("is_not_in", values(all)),
        Test::Present(wanted) => with("present", vec![Expr::Value(Value::Bool(*wanted))]),
        Test::Above(bound) => with("above", vec![Expr::text(&bound.to_string())]),
        Test::Below(bound) => with("below", vec![Expr::text(&bound.to_string())]),
    }
}

/// A transform with its argument; or why it is not generated, as a fragment.
pub(super) fn step_expr(language: Language, name: &str, argument: Option<&Value>) -> Result<Expr, String> {
    let plain = |name: &str| Expr::Name(format!("t.{name}"));
    let with = |places: Vec<Expr>| Ok(call(&format!("t.{name}"), places));
    let text = || argument.and_then(Value::as_str).unwrap_or_default();
    let of = |key: &str| argument.and_then(|a| a.get(key)).and_then(Value::as_str);
    match name {
        "trim" | "lower" | "upper" | "first" | "last" | "to_string" | "to_integer" | "to_number" | "to_boolean"
        | "date_only" | "sha256" | "collapse_spaces" | "digits" | "nfc" | "drop_empty" | "negate" | "absolute"
        | "to_utc" | "unique" | "compact" | "sort" | "count" | "wrap" | "to_json" => Ok(plain(name)),
        "not" => Ok(plain("not_")),
        "round" => Ok(call("t.round_", argument.cloned().map(Expr::Value).into_iter().collect())),
        "split" | "truncate" | "prefix" | "suffix" | "pad_start" | "mask" | "take" | "join_items"
        | "format_decimal" | "epoch_to_datetime" | "datetime_to_epoch" => {
            with(argument.cloned().map(Expr::Value).into_iter().collect())
        }
        "date_to_datetime" => with(vec![Expr::text(text())]),
        // Every digit counts: the number goes over as text.
        "multiply" | "divide" => with(vec![Expr::text(&argument.map(ToString::to_string).unwrap_or_default())]),
        "minor_to_major" | "major_to_minor" => {
            let currency = Path::parse(text()).map_err(|e| format!("names a path that {e}"))?;
            with(segments(&currency))
        }
        "replace" => {
            let pairs = argument.and_then(Value::as_object).into_iter().flatten();
            let pair = |(old, new): (&String, &Value)| Expr::List(vec![Expr::text(old), Expr::Value(new.clone())]);
            with(pairs.map(pair).collect())
        }
        "local_to_utc" => {
            let zone = of("zone").unwrap_or_else(text);
            with(std::iter::once(zone).chain(of("ambiguous")).map(Expr::text).collect())
        }
        "parse_decimal" => with(of("point").into_iter().chain(of("group")).map(Expr::text).collect()),
        "parse_date" | "format_date" => {
            let codes: Vec<char> = text().split('%').skip(1).filter_map(|rest| rest.chars().next()).collect();
            if !codes.iter().all(|c| matches!(c, 'd' | 'm' | 'Y')) {
                return Err(format!("with \"{}\" is not generated; %d, %m and %Y are", text()));
            }
            with(vec![Expr::text(text())])
        }
        "pseudonym" => {
            let Some(reference) = of("key").and_then(SecretRef::parse) else { return Err("names no key".to_owned()) };
            let form = of("as").unwrap_or("hex");
            let all = if form == "hex" { 64 } else { 43 };
            let length = argument.and_then(|a| a.get("length")).and_then(Value::as_u64).unwrap_or(all);
            with(vec![super::secret(&reference), Expr::text(form), Expr::Value(Value::from(length))])
        }
        _ => Err(format!("is not generated for {}", language.title())),
    }
}
