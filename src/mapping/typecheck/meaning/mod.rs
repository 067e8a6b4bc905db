//! What two fields mean, guessed from their names, descriptions, formats and examples: a pound that ends as a kilogram has
//! the right type. One concern a file; [`ALL`] is the index.
//!
//! A guess needs evidence on both sides and is at most a warning with a confidence of its own. Where a step of the rule
//! could change the meaning, nobody guesses.

mod codes;
mod defaults;
mod epoch;
mod flags;
mod ids;
mod markup;
mod measures;
mod money;
mod numbers;
mod phone;
mod said;
mod units;
mod zone;

pub(super) use self::defaults::data_like;
pub(in crate::mapping) use self::money::is_money;
pub(super) use self::said::Field;
pub(super) use self::units::named_beside;
use super::walk::item_of;
use super::{Context, Reached, walk};
use crate::base::text::quoted;
use crate::base::yaml::Span;
use crate::finding::{Finding, Location, Severity};
use crate::mapping::kind::Kind;
use crate::mapping::path::Path;
use crate::mapping::rule::{Each, Rule, Source, Step, ValueTable};

/// All concerns.
const ALL: [Look; 16] = [
    units::unit_mismatch,
    money::unit_mismatch,
    money::float_money,
    epoch::unit_mismatch,
    zone::missing,
    zone::mismatch,
    zone::time_of_day_lost,
    codes::list_mismatch,
    markup::into_plain_text,
    phone::not_e164,
    numbers::locale_number,
    numbers::marks_left,
    numbers::through_float,
    ids::foreign,
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

    /// The only step that changes the meaning multiplies or divides, by this factor.
    fn factor(&self) -> Option<(&Step, f64)> {
        let mut others = self.steps.iter().filter(|s| !KEEPS.contains(&s.transform.name));
        let (step, None) = (others.next().filter(|_| self.table.is_none())?, others.next()) else { return None };
        Some((step, factor(step)?))
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

impl Context<'_> {
    /// Every concern about each field that a rule may copy, and its target.
    pub(super) fn meaning(&mut self, rule: &Rule, target: &Reached) {
        let paths: &[Path] = match &rule.source {
            Source::Path(path) => std::slice::from_ref(path),
            Source::FirstOf(paths) => paths,
            Source::Each(each) if each.map.is_none() => return self.meaning_of_items(rule, each, target),
            Source::Template(_) | Source::Join { .. } => return self.put_together(rule, target),
            _ => return, // calculated: what it means nobody knows
        };
        for path in paths {
            let Ok(source) = walk(self.source.0, self.source.1, path) else { continue };
            let (Some(from), Some(to)) = (source.id, target.id) else { continue };
            let pair = Pair {
                from: Field::new(self.source.0, from, path.leaf(), &source.kind),
                to: Field::new(self.target.0, to, rule.target.leaf(), &target.kind),
                steps: &rule.steps,
                table: rule.values.as_ref(),
            };
            let shown = (quoted(&path.to_string(), 80), quoted(&rule.target.to_string(), 80));
            self.doubts(rule.source_at, &pair, &shown, &target.pointer);
        }
    }

    /// A time without zone stays one, whatever letters are put around it.
    fn put_together(&mut self, rule: &Rule, target: &Reached) {
        for path in rule.reads() {
            let Ok(source) = walk(self.source.0, self.source.1, path) else { continue };
            let (Some(from), Some(to)) = (source.id, target.id) else { continue };
            let pair = Pair {
                from: Field::new(self.source.0, from, path.leaf(), &source.kind),
                to: Field::new(self.target.0, to, rule.target.leaf(), &target.kind),
                steps: &[],
                table: None,
            };
            let Some(doubt) = zone::missing(&pair) else { continue };
            let shown = (quoted(&path.to_string(), 80), quoted(&rule.target.to_string(), 80));
            self.say(doubt, rule.source_at, &shown, &target.pointer);
            return;
        }
    }

    /// Every concern about the items of a list, of which each becomes an item of the target.
    fn meaning_of_items(&mut self, rule: &Rule, each: &Each, target: &Reached) {
        let list = walk(self.source.0, self.source.1, &each.list).ok().and_then(|r| r.id);
        let item = list.and_then(|id| item_of(self.source.0, id));
        let field = match &each.take {
            None => item,
            Some(path) => item.and_then(|id| walk(self.source.0, id, path).ok()?.id),
        };
        let (Some(from), Some(to)) = (field, target.id.and_then(|id| item_of(self.target.0, id))) else { return };
        let (given, taken) = (Kind::from_schema(self.source.0, from), Kind::from_schema(self.target.0, to));
        let name = each.take.as_ref().unwrap_or(&each.list);
        let pair = Pair {
            from: Field::new(self.source.0, from, name.leaf(), &given),
            to: Field::new(self.target.0, to, rule.target.leaf(), &taken),
            steps: &rule.steps,
            table: rule.values.as_ref(),
        };
        let shown = (quoted(&name.to_string(), 80), quoted(&format!("{}[]", rule.target), 80));
        self.doubts(rule.source_at, &pair, &shown, &target.pointer);
    }

    /// The same for two properties of an object that is copied whole.
    pub(super) fn copied(&mut self, at: Span, from: (&str, &Kind), to: &Kind, shown: &str) {
        let (Some(source), Some(target)) = (from.1.schema, to.schema) else { return };
        let pair = Pair {
            from: Field::new(self.source.0, source, from.0, from.1),
            to: Field::new(self.target.0, target, from.0, to),
            steps: &[],
            table: None,
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
