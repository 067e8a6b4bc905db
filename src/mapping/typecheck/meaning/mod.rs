//! What two fields mean, guessed from their names, descriptions, formats and examples: a pound that ends as a kilogram has
//! the right type. One concern a file; [`ALL`] is the index.
//!
//! A guess needs evidence on both sides and is at most a warning with a confidence of its own. What a value measures goes
//! with it through the steps of its rule ([`measured`]), and is held to what the target says; where a step drops it, nobody
//! guesses.

mod amounts;
mod codes;
mod currencies;
mod cut;
mod defaults;
mod epoch;
mod flags;
mod ids;
mod markup;
mod measured;
mod money;
mod numbers;
mod opaque;
mod phone;
mod said;
mod sign;
mod tables;
mod units;
mod zeros;
mod zone;

pub(in crate::mapping) use self::amounts::is_money;
pub(super) use self::defaults::data_like;
pub(super) use self::said::Field;
pub(super) use self::units::{dimension_of, named_beside};
use super::walk::item_of;
use super::{Context, Reached, walk};
use crate::base::text::quoted;
use crate::base::yaml::Span;
use crate::finding::{Finding, Location, Severity};
use crate::mapping::kind::Kind;
use crate::mapping::measure::{Measure, Measured};
use crate::mapping::path::Path;
use crate::mapping::rule::{Each, Rule, Source, Step, ValueTable};
use crate::mapping::transforms;
use crate::model::TypeSet;

/// All concerns.
const ALL: [Look; 22] = [
    units::unit_mismatch,
    money::unit_mismatch,
    money::float_money,
    currencies::mismatch,
    epoch::unit_mismatch,
    zone::missing,
    zone::mismatch,
    zone::time_of_day_lost,
    codes::list_mismatch,
    markup::into_plain_text,
    phone::not_e164,
    numbers::locale_number,
    numbers::marks_lost,
    numbers::through_float,
    ids::foreign,
    opaque::altered,
    cut::short,
    zeros::lost,
    tables::crossed,
    sign::mismatch,
    flags::inverted,
    flags::inverted_table,
];

/// Looks at two fields of which one becomes the other.
type Look = fn(&Pair<'_>) -> Option<Doubt>;

/// Two fields of which one becomes the other.
pub(super) struct Pair<'a> {
    /// The field as the source describes it.
    pub(super) from: Field<'a>,
    /// The field as the target describes it.
    pub(super) to: Field<'a>,
    /// What happens on the way.
    pub(super) steps: &'a [Step],
    /// The value table in between, where there is one.
    pub(super) table: Option<&'a ValueTable>,
    /// What the value measures when it arrives.
    pub(super) arrives: Option<Box<Measured>>,
    /// What the target's field measures.
    pub(super) wants: Option<Box<Measured>>,
}

/// Steps after which a value still means what it meant.
const KEEPS: [&str; 18] = [
    "trim",
    "lower",
    "upper",
    "to_string",
    "to_integer",
    "to_number",
    "round",
    "first",
    "last",
    "truncate",
    "collapse_spaces",
    "nfc",
    "drop_empty",
    "unique",
    "compact",
    "sort",
    "take",
    "absolute",
];

impl Pair<'_> {
    /// Nothing on the way changes what the value means.
    fn keeps_meaning(&self) -> bool {
        self.table.is_none() && self.steps.iter().all(|s| KEEPS.contains(&s.transform.name))
    }

    /// What arrives and what the target's field measures, where both are known.
    fn both(&self) -> Option<(&Measure, &Measure)> {
        Some((&self.arrives.as_deref()?.is, &self.wants.as_deref()?.is))
    }

    /// The last step that multiplies or divides.
    fn factor_step(&self) -> Option<&Step> {
        self.steps.iter().rev().find(|s| factor(s).is_some())
    }

    /// How much a finding can be trusted that rests on what both sides measure.
    fn confidence(&self) -> f64 {
        let sure = |m: &Option<Box<Measured>>| m.as_deref().map_or(0.6, |m| m.by.confidence());
        sure(&self.arrives).min(sure(&self.wants))
    }

    fn has_step(&self, name: &str) -> bool {
        self.steps.iter().any(|s| s.transform.name == name)
    }
}

/// What a step multiplies by.
pub(super) fn factor(step: &Step) -> Option<f64> {
    let by: f64 = step.shown.split_once(' ')?.1.parse().ok()?;
    match step.transform.name {
        "multiply" => Some(by),
        "divide" => Some(1.0 / by),
        _ => None,
    }
}

/// What is doubtful about a pair.
pub(super) struct Doubt {
    code: &'static str,
    severity: Severity,
    confidence: f64,
    message: String,
    fix: String,
    /// The step it is about; nothing: the source.
    at: Option<Span>,
}

impl Doubt {
    /// A warning; the message is completed by what both sides are called.
    fn new(code: &'static str, confidence: f64, message: String, fix: impl Into<String>) -> Self {
        Self { code, severity: Severity::Warning, confidence, message, fix: fix.into(), at: None }
    }

    /// A warning that is no guess.
    fn sure(code: &'static str, message: &str, fix: impl Into<String>) -> Self {
        Self::new(code, 1.0, message.to_owned(), fix)
    }

    const fn about(mut self, step: &Step) -> Self {
        self.at = Some(step.at);
        self
    }

    const fn note(mut self) -> Self {
        self.severity = Severity::Note;
        self
    }
}

/// A code that says more, and the vaguer codes that need not be said beside it.
const SAYS_MORE: [(&str, &[&str]); 8] = [
    ("zone-missing", &["format-mismatch"]),
    ("zone-mismatch", &["format-mismatch"]),
    ("code-list-mismatch", &["too-long", "too-short", "value-does-not-fit"]),
    ("phone-not-e164", &["too-long", "too-short"]),
    ("locale-number", &["format-mismatch", "too-long"]),
    ("unit-mismatch", &["out-of-range"]),
    ("epoch-unit-mismatch", &["out-of-range", "narrowing"]),
    ("money-unit-mismatch", &["integer-through-float"]),
];

/// What a list holds; of anything else, itself.
fn content(kind: &Kind) -> &Kind {
    kind.items.as_deref().filter(|_| kind.measure.is_none()).unwrap_or(kind)
}

/// What the target's field measures, read so that it can be held against what arrives.
fn wants(to: &Field<'_>, known: Option<&Measured>, arrives: Option<&Measured>) -> Option<Box<Measured>> {
    let like = arrives.map(|m| &m.is);
    let meets = |m: &Measured| like.is_none_or(|l| measured::comparable(&m.is, l));
    known.filter(|m| meets(m)).map(|m| Box::new(m.clone())).or_else(|| measured::measured(to, Some(like?)))
}

impl Context<'_> {
    /// Every concern about each field that a rule may copy, and its target; `kind` is what the rule ends with.
    pub(super) fn meaning(&mut self, rule: &Rule, target: &Reached, kind: &Kind) {
        let paths: &[Path] = match &rule.source {
            Source::Path(path) => std::slice::from_ref(path),
            Source::FirstOf(paths) => paths,
            Source::Each(each) if each.map.is_none() => return self.meaning_of_items(rule, each, target, kind),
            Source::Template(_) | Source::Join { .. } => return self.put_together(rule, target),
            _ => return, // calculated: what it means nobody knows
        };
        for path in paths {
            let arrives = match &rule.source {
                Source::Path(_) => content(kind).measure.clone(),
                _ => self.arriving(path, &rule.steps, Some(&target.kind)).filter(|_| rule.values.is_none()),
            };
            self.meet(rule, path, target, arrives, &rule.steps, Self::doubts);
        }
    }

    /// Looks at one field that ends in the target, having arrived as it measures then.
    fn meet(
        &mut self,
        rule: &Rule,
        path: &Path,
        target: &Reached,
        arrives: Option<Box<Measured>>,
        steps: &[Step],
        look: fn(&mut Self, Span, &Pair<'_>, &(String, String), &str),
    ) {
        let Ok(source) = walk(self.source.0, self.source.1, path) else { return };
        let (Some(from), Some(to)) = (source.id, target.id) else { return };
        let to = Field::new(self.target.0, to, rule.target.leaf(), &target.kind);
        let pair = Pair {
            from: Field::new(self.source.0, from, path.leaf(), &source.kind),
            steps,
            table: rule.values.as_ref(),
            wants: wants(&to, content(&target.kind).measure.as_deref(), arrives.as_deref()),
            arrives,
            to,
        };
        let shown = (quoted(&path.to_string(), 80), quoted(&rule.target.to_string(), 80));
        look(self, rule.source_at, &pair, &shown, &target.pointer);
    }

    /// A time without zone stays one, and an id is told apart by its letters, whatever letters are put around it.
    fn put_together(&mut self, rule: &Rule, target: &Reached) {
        let parts: Vec<&Path> = match &rule.source {
            Source::Join { parts, .. } => parts.iter().collect(),
            Source::Template(template) => template.fields().collect(),
            _ => return,
        };
        let first = self.findings.len();
        for path in parts {
            let whole = self.read(path, None).map(|k| k.measure.as_deref().and_then(Measured::clock));
            let whole = Kind { measure: whole.flatten(), ..Kind::of(TypeSet::STRING) };
            let arrives = rule.steps.iter().fold(whole, |kind, step| transforms::flow(step.op.as_ref(), &kind)).measure;
            self.meet(rule, path, target, arrives, &rule.steps, |cx, at, pair, shown, pointer| {
                if let Some(doubt) = zone::missing(pair).or_else(|| opaque::altered(pair)) {
                    cx.say(doubt, at, shown, pointer);
                }
            });
            if self.findings.len() > first {
                return;
            }
        }
    }

    /// Every concern about the items of a list, of which each becomes an item of the target.
    fn meaning_of_items(&mut self, rule: &Rule, each: &Each, target: &Reached, kind: &Kind) {
        let list = walk(self.source.0, self.source.1, &each.list).ok().and_then(|r| r.id);
        let item = list.and_then(|id| item_of(self.source.0, id));
        let field = match &each.take {
            None => item,
            Some(path) => item.and_then(|id| walk(self.source.0, id, path).ok()?.id),
        };
        // One of the list may be all that is left.
        let one = each.then.last().is_some_and(|s| matches!(s.transform.name, "first" | "last"));
        let taken = target.id.and_then(|id| if one { Some(id) } else { item_of(self.target.0, id) });
        let (Some(from), Some(to)) = (field, taken) else { return };
        let (given, taken) = (Kind::from_schema(self.source.0, from), Kind::from_schema(self.target.0, to));
        let name = each.take.as_ref().unwrap_or(&each.list);
        let to = Field::new(self.target.0, to, rule.target.leaf(), &taken);
        let arrives = content(kind).measure.clone();
        let pair = Pair {
            from: Field::new(self.source.0, from, name.leaf(), &given),
            steps: &rule.steps,
            table: rule.values.as_ref(),
            wants: wants(&to, content(&target.kind).measure.as_deref(), arrives.as_deref()),
            arrives,
            to,
        };
        let shown =
            (quoted(&name.to_string(), 80), quoted(&format!("{}{}", rule.target, if one { "" } else { "[]" }), 80));
        self.doubts(rule.source_at, &pair, &shown, &target.pointer);
    }

    /// The same for two properties of an object that is copied whole.
    pub(super) fn copied(&mut self, at: Span, from: (&str, &Kind), to: &Kind, shown: &str) {
        let (Some(source), Some(target)) = (from.1.schema, to.schema) else { return };
        let (mut given, mut taken) = (from.1.clone(), to.clone());
        Self::measure(self.target.0, Some(target), from.0, &mut taken, None);
        Self::measure(self.source.0, Some(source), from.0, &mut given, Some(&taken));
        let to = Field::new(self.target.0, target, from.0, &taken);
        let arrives = content(&given).measure.clone();
        let pair = Pair {
            from: Field::new(self.source.0, source, from.0, &given),
            steps: &[],
            table: None,
            wants: wants(&to, content(&taken).measure.as_deref(), arrives.as_deref()),
            arrives,
            to,
        };
        let name = quoted(from.0, 60);
        self.doubts(at, &pair, &(name, shown.to_owned()), &self.target.0.get(target).pointer);
    }

    fn doubts(&mut self, at: Span, pair: &Pair<'_>, shown: &(String, String), pointer: &str) {
        for doubt in ALL.iter().filter_map(|look| look(pair)) {
            self.say(doubt, at, shown, pointer);
        }
    }

    /// Adds a doubt with its own confidence.
    pub(super) fn say(&mut self, doubt: Doubt, at: Span, shown: &(String, String), pointer: &str) {
        let message = doubt.message.replace("{from}", &shown.0).replace("{to}", &shown.1);
        let location = Location::at(self.file, doubt.at.unwrap_or(at));
        let finding = Finding::warning(doubt.code, location, message).sure(doubt.confidence).fix(doubt.fix);
        self.findings.push(Finding { severity: doubt.severity, ..finding });
        self.resting_on(pointer);
    }

    /// Drops the vaguer warnings, from `first` on, that a more telling one at the same place makes needless; an error stays,
    /// with the telling one's advice.
    pub(super) fn say_it_once(&mut self, first: usize) {
        let recent = self.findings.get(first..).unwrap_or_default();
        let telling: Vec<(Span, &[&str], String)> = SAYS_MORE
            .iter()
            .flat_map(|(code, vaguer)| {
                let found = recent.iter().filter(move |f| f.code == *code);
                found.map(|f| (f.location.at, *vaguer, f.fix.clone()))
            })
            .collect();
        if telling.is_empty() {
            return;
        }
        let mut own = self.findings.split_off(first);
        own.retain_mut(|f| {
            let better = telling.iter().find(|(at, vaguer, _)| *at == f.location.at && vaguer.contains(&f.code));
            let Some((_, _, fix)) = better else { return true };
            f.fix.clone_from(fix);
            f.severity == Severity::Error
        });
        self.findings.append(&mut own);
    }
}
