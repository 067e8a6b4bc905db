//! The rule between two fields: a plain copy, or the transforms that make it type-check. Where none does, nothing.

use rust_decimal::Decimal;
use serde_json::Value;

use super::leaves::Leaf;
use super::words::Vocabulary;
use crate::base::yaml::{self, Limits};
use crate::mapping::path::Path;
use crate::mapping::{compile, typecheck};
use crate::model::multiple::is_multiple;
use crate::model::{SchemaId, Schemas, TypeSet};

/// A rule as written, and why.
pub(super) struct Proposal {
    pub(super) yaml: String,
    pub(super) because: String,
}

type Schema<'a> = (&'a Schemas, SchemaId);

/// The rule from `s` to `t`.
pub(super) fn rule(source: Schema<'_>, target: Schema<'_>, from: &[Leaf], s: &Leaf, t: &Leaf) -> Option<Proposal> {
    let mut why = vec![names(s, t)];
    let mut steps = steps(from, s, t, &mut why);
    let mut extra = String::new();
    let cased = steps.iter().any(|s| s == "lower" || s == "upper");
    if let (Some(given), Some(taken)) = (&s.kind.values, &t.kind.values)
        && !cased
        && !given.iter().all(|v| taken.contains(v))
    {
        let table = table(given, taken);
        if table.len() * 2 < given.len() {
            return None; // most values have no counterpart, and would be rejected: a person must say what they mean
        }
        let lacking = given.len() - table.len();
        if lacking > 0 {
            why.push(format!("open: {lacking} of {} values have no counterpart by name and are rejected", given.len()));
        }
        let entries: Vec<String> = table.iter().map(|(a, b)| format!("{}: {}", scalar(a), scalar(b))).collect();
        extra = format!(", values: {{{}}}, else: reject", entries.join(", "));
        steps.clear();
    }
    if t.required && (s.kind.optional || s.kind.nullable) {
        why.push("open: the source may lack it, the target requires it; add a default".to_owned());
    } else if s.kind.nullable && !t.kind.takes_null() {
        why.push("open: the source may be null, the target takes none; add a default".to_owned());
    }
    let path = quoted(&s.path);
    let yaml = match (steps.is_empty(), extra.is_empty()) {
        (true, true) => path,
        (true, false) => format!("{{from: {path}{extra}}}"),
        (false, _) => format!("{{from: {path}, with: [{}]{extra}}}", steps.join(", ")),
    };
    fits(source, target, t, &yaml).then(|| Proposal { yaml, because: why.join("; ") })
}

/// First and last name from one name, or one name from both.
pub(super) fn part_of_name<'l>(
    source: Schema<'_>,
    target: Schema<'_>,
    from: &'l [Leaf],
    t: &Leaf,
) -> Option<(&'l Leaf, Proposal)> {
    let called = |leaf: &Leaf, part: &str| leaf.name == [part, "name"] || leaf.name == [part];
    let text = |l: &&Leaf| l.kind.types == TypeSet::STRING && l.depth == t.depth;
    let cut = t.kind.max_length.map_or_else(String::new, |m| format!(", {{truncate: {m}}}"));
    if called(t, "first") || called(t, "last") {
        let whole = from.iter().filter(text).find(|l| l.name == ["name"] || l.name == ["full", "name"])?;
        let part = if called(t, "first") { "first" } else { "last" };
        let yaml = format!("{{from: {}, with: [trim, {{split: \" \"}}, {part}{cut}]}}", quoted(&whole.path));
        let because = format!("the {part} word of the name; open: names of one or of three words");
        return fits(source, target, t, &yaml).then_some((whole, Proposal { yaml, because }));
    }
    if t.name == ["name"] || t.name == ["full", "name"] {
        let first = from.iter().filter(text).find(|l| called(l, "first"))?;
        let last = from.iter().filter(text).find(|l| called(l, "last"))?;
        let with = if cut.is_empty() { String::new() } else { format!(", with: [{}]", cut.trim_start_matches(", ")) };
        let yaml = format!("{{join: [{}, {}]{with}}}", quoted(&first.path), quoted(&last.path));
        let because = "first and last name joined".to_owned();
        return fits(source, target, t, &yaml).then_some((first, Proposal { yaml, because }));
    }
    None
}

/// `first`, `last`, `middle` where the field is that part of a person's name.
fn part(leaf: &Leaf) -> Option<&str> {
    const PARTS: [&str; 3] = ["first", "last", "middle"];
    let only = |w: &String| PARTS.contains(&w.as_str()) || w == "name";
    let part = leaf.name.iter().find(|w| PARTS.contains(&w.as_str()))?;
    leaf.name.iter().all(only).then_some(part.as_str())
}

/// A part of a name and the whole, or another part: no copy of one into the other is right.
pub(super) fn other_part(s: &Leaf, t: &Leaf) -> bool {
    part(s) != part(t)
}

/// Whether names or paths share a word, or a word of the same meaning.
pub(super) fn share_words(s: &Leaf, t: &Leaf) -> bool {
    let vocabulary = Vocabulary::get();
    let theirs = || t.name.iter().chain(&t.above);
    s.name.iter().chain(&s.above).any(|w| theirs().any(|o| vocabulary.akin(w, o)))
}

/// Why these two, in words.
pub(super) fn names(s: &Leaf, t: &Leaf) -> String {
    let vocabulary = Vocabulary::get();
    let (a, b) = (s.path.leaf(), t.path.leaf());
    if a == b {
        "same name".to_owned()
    } else if s.name == t.name {
        "names mean the same".to_owned()
    } else {
        let shared: Vec<&str> = s
            .name
            .iter()
            .chain(&s.above)
            .filter(|w| t.name.iter().chain(&t.above).any(|o| vocabulary.akin(w, o)))
            .map(String::as_str)
            .collect();
        if shared.is_empty() {
            "types, values or descriptions are alike".to_owned()
        } else {
            format!("names share {}", shared.join(", "))
        }
    }
}

/// Transforms from the kind of `s` to the kind of `t`.
fn steps(from: &[Leaf], s: &Leaf, t: &Leaf, why: &mut Vec<String>) -> Vec<String> {
    let mut steps: Vec<String> = Vec::new();
    let mut given = s.kind.types;
    let wanted = t.kind.types;
    if given == TypeSet::ARRAY && wanted != TypeSet::ARRAY && !wanted.is_any() {
        steps.push("first".to_owned());
        why.push("open: only the first item of the list is kept".to_owned());
        given = s.kind.items.as_ref().map_or(TypeSet::ANY, |i| i.types);
    }
    if given == TypeSet::ARRAY && wanted == TypeSet::ARRAY && t.kind.unique && !s.kind.unique {
        steps.push("unique".to_owned());
        why.push("the target takes each value once".to_owned());
    }
    if given.is_any() || wanted.is_any() || wanted == TypeSet::ARRAY {
        return steps;
    }
    let integer = given == TypeSet::INTEGER;
    let number = integer || given == TypeSet::NUMBER;
    let money = typecheck::is_money(s.path.leaf()) || typecheck::is_money(t.path.leaf());
    let minor = integer && !s.said.contains("major unit");
    let currency = money.then(|| sibling_currency(from, s)).flatten();
    let time = t.kind.format.as_deref();
    if minor
        && (wanted == TypeSet::STRING || wanted == TypeSet::NUMBER)
        && let Some(currency) = &currency
    {
        why.push("minor units into major ones, by the currency beside it".to_owned());
        steps.push(format!("{{minor_to_major: {}}}", quoted(currency)));
        if wanted == TypeSet::NUMBER {
            steps.push("to_number".to_owned());
        }
    } else if wanted == TypeSet::INTEGER
        && !integer
        && let Some(currency) = &currency
    {
        why.push("major units into minor ones, by the currency beside it".to_owned());
        steps.push(format!("{{major_to_minor: {}}}", quoted(currency)));
    } else if integer && matches!(time, Some("date-time" | "date")) {
        let unit = if s.said.contains("millisecond") { "millis" } else { "seconds" };
        why.push(format!("epoch {unit} into a date-time"));
        steps.push(format!("{{epoch_to_datetime: {unit}}}"));
        if time == Some("date") {
            steps.push("date_only".to_owned());
        }
    } else if wanted == TypeSet::INTEGER && s.kind.format.as_deref() == Some("date-time") {
        let unit = if t.said.contains("millisecond") { "millis" } else { "seconds" };
        steps.push(format!("{{datetime_to_epoch: {unit}}}"));
    } else if given == TypeSet::STRING && s.kind.format.as_deref() == Some("date-time") && time == Some("date") {
        steps.push("date_only".to_owned());
    } else if wanted == TypeSet::STRING && given != TypeSet::STRING {
        steps.push("to_string".to_owned());
    } else if wanted == TypeSet::INTEGER && !integer {
        steps.push("to_integer".to_owned());
    } else if wanted == TypeSet::NUMBER && !number {
        steps.push("to_number".to_owned());
    } else if wanted == TypeSet::BOOLEAN && given != TypeSet::BOOLEAN {
        steps.push("to_boolean".to_owned());
    } else if given == TypeSet::STRING && wanted == TypeSet::STRING {
        text_steps(s, t, &mut steps, why);
    } else if number
        && wanted == TypeSet::NUMBER
        && let Some(step) = t.kind.step.filter(|step| *step == Decimal::new(1, step.scale()))
        && s.kind.counted().is_none_or(|given| is_multiple(given, step) == Some(false))
    {
        steps.push(format!("{{round: {}}}", step.scale()));
        why.push(format!("open: the target takes multiples of {step}, what is finer is rounded"));
    }
    steps
}

fn text_steps(s: &Leaf, t: &Leaf, steps: &mut Vec<String>, why: &mut Vec<String>) {
    if t.name == ["email"] || t.kind.format.as_deref() == Some("email") {
        steps.extend(["trim".to_owned(), "lower".to_owned()]);
        why.push("emails are compared in small letters".to_owned());
    }
    if let (Some(given), Some(taken)) = (&s.kind.values, &t.kind.values) {
        let all = |change: fn(&str) -> String| {
            given.iter().filter_map(Value::as_str).all(|v| taken.contains(&Value::String(change(v))))
        };
        if all(str::to_lowercase) && !all(str::to_owned) {
            steps.push("lower".to_owned());
        } else if all(str::to_uppercase) && !all(str::to_owned) {
            steps.push("upper".to_owned());
        }
        return;
    }
    let cut_makes_sense = t.kind.format.is_none() && !t.name.iter().any(|w| w == "id");
    if let Some(most) = t.kind.max_length.filter(|m| cut_makes_sense && s.kind.max_length.is_none_or(|l| l > *m)) {
        steps.push(format!("{{truncate: {most}}}"));
        why.push(format!("open: text beyond {most} characters is cut"));
    }
}

/// A field beside `s` that names a currency.
fn sibling_currency(from: &[Leaf], s: &Leaf) -> Option<Path> {
    let beside = |l: &&Leaf| l.above == s.above && l.kind.types == TypeSet::STRING;
    from.iter().filter(beside).find(|l| l.name.iter().any(|w| w == "currency")).map(|l| l.path.clone())
}

/// Source values with the target value of the most alike name.
fn table(given: &[Value], taken: &[Value]) -> Vec<(Value, Value)> {
    let plain = |v: &Value| {
        v.as_str().map(|s| s.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase())
    };
    let vocabulary = Vocabulary::get();
    given
        .iter()
        .filter_map(|g| {
            let (text, words) = (plain(g)?, vocabulary.meaning(g.as_str()?));
            let near = |t: &Value| -> f64 {
                let Some(other) = plain(t) else { return 0.0 };
                if other == text {
                    return 1.0;
                }
                let others = vocabulary.meaning(t.as_str().unwrap_or_default());
                // Spellings, like canceled and cancelled; not beginnings: a charge is no chargeback.
                if words == others { 0.95 } else { strsim::normalized_damerau_levenshtein(&text, &other) }
            };
            let best = taken.iter().map(|t| (near(t), t)).max_by(|a, b| a.0.total_cmp(&b.0))?;
            (best.0 >= 0.85).then(|| (g.clone(), best.1.clone()))
        })
        .collect()
}

/// Whether the rule compiles and no error of the type checker speaks against it, but for what a default mends.
fn fits(source: Schema<'_>, target: Schema<'_>, t: &Leaf, yaml: &str) -> bool {
    let text = format!("{}: {yaml}\n", quoted(&t.path));
    let Ok(node) = yaml::parse(&text, Limits::default()) else { return false };
    let (mapping, findings) = compile(node.entries().unwrap_or_default(), "");
    const MENDED: [&str; 2] = ["optional-into-required", "nullable-into-non-nullable"];
    findings.is_empty() && typecheck::rule_errors(&mapping, source, target).iter().all(|code| MENDED.contains(code))
}

/// A path as YAML, also inside `{}` and `[]`.
fn quoted(path: &Path) -> String {
    let text = path.to_string();
    let plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'.' || b == b'-')
        && !["true", "false", "null"].contains(&text.to_lowercase().as_str());
    if plain { text } else { Value::String(text).to_string() }
}

/// A value as YAML, also inside `{}`; JSON is YAML.
fn scalar(value: &Value) -> String {
    match value {
        Value::String(s)
            if s.starts_with(|c: char| c.is_ascii_alphabetic())
                && s.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
                && !["true", "false", "null"].contains(&s.to_lowercase().as_str()) =>
        {
            s.clone()
        }
        other => other.to_string(),
    }
}
