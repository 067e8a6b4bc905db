//! Rules as compiled. How each is written: `target: source.path`, `{from, with, values, else, default}`, `{const}`,
//! `{join, separator, with, default}`, `{first_of, with, …}`, `{template, with, default}`, `{when, otherwise, default}`,
//! `{each, take or map, with, values, else, then, default}`, `{jq, with, values, else, default}`; wherever `default` may
//! stand, `required: true` may stand in its place.

use std::collections::HashMap;
use std::sync::Arc;

use rust_decimal::Decimal;

use serde_json::Value;

use super::Mapping;
use super::condition::Condition;
use super::jq::Program;
use super::path::Path;
use super::template::Template;
use super::transforms::{Op, Transform};
use crate::base::yaml::{Span, Spanned};

/// One line of `map`.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Where the value goes.
    pub target: Path,
    /// Where the target stands.
    pub at: Span,
    /// Where the value comes from.
    pub source: Source,
    /// Where the source stands.
    pub source_at: Span,
    /// Written as a source path alone.
    pub bare: bool,
    /// Transforms, in order.
    pub steps: Vec<Step>,
    /// Value table, after the transforms.
    pub values: Option<ValueTable>,
    /// Used where the value is missing or null.
    pub default: Option<Spanned<Value>>,
    /// Written as `required: true`: a record whose value is missing or null is rejected. The place of the key.
    pub required: Option<Span>,
}

/// Where a value comes from.
#[derive(Debug, Clone)]
pub enum Source {
    /// A field of the record.
    Path(Path),
    /// The same for every record.
    Const(Value),
    /// Several fields as one text.
    Join {
        /// The fields.
        parts: Vec<Path>,
        /// Between them.
        separator: String,
    },
    /// The first of several fields that is there and not null.
    FirstOf(Vec<Path>),
    /// A text with fields in it.
    Template(Template),
    /// The rule of the first case whose condition holds.
    When(Box<When>),
    /// One value for each item of a list.
    Each(Box<Each>),
    /// What a jq program gives.
    Jq(Arc<Program>),
}

/// `when` and `otherwise`.
#[derive(Debug, Clone)]
pub struct When {
    /// Tried in order.
    pub cases: Vec<Case>,
    /// Where no case holds; nothing: the value is missing.
    pub otherwise: Option<Rule>,
}

/// One case of a `when`.
#[derive(Debug, Clone)]
pub struct Case {
    /// Where it stands.
    pub at: Span,
    /// When it holds.
    pub condition: Condition,
    /// What then gives the value.
    pub then: Rule,
}

/// `each`: steps and table of the rule are for each item; `then` is for the list as a whole.
#[derive(Debug, Clone)]
pub struct Each {
    /// The list.
    pub list: Path,
    /// Field of the item, where not the item itself is meant; items without it are left out.
    pub take: Option<Path>,
    /// Makes an object of each item.
    pub map: Option<Mapping>,
    /// Transforms of the finished list.
    pub then: Vec<Step>,
    /// What is read inside of items, as paths of the record at the first item.
    pub(super) inside: Vec<Path>,
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Path(p) => p.fmt(f),
            Self::Const(_) => f.write_str("const"),
            Self::Join { parts, .. } => {
                f.write_str(&parts.iter().map(ToString::to_string).collect::<Vec<_>>().join(" + "))
            }
            Self::FirstOf(paths) => {
                f.write_str(&paths.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or "))
            }
            Self::Template(template) => {
                f.write_str(&template.fields().map(ToString::to_string).collect::<Vec<_>>().join(" + "))
            }
            Self::When(when) => {
                let from = when.rules().map(|r| r.source.to_string()).collect::<Vec<_>>();
                f.write_str(&from.join(" or "))
            }
            Self::Each(each) => match &each.take {
                Some(take) => write!(f, "{}[].{take}", each.list),
                None => write!(f, "{}[]", each.list),
            },
            Self::Jq(_) => f.write_str("jq"),
        }
    }
}

/// One transform with its argument.
#[derive(Debug, Clone)]
pub struct Step {
    /// What it is.
    pub transform: &'static Transform,
    /// What it does.
    pub op: Arc<dyn Op>,
    /// Where it stands.
    pub at: Span,
    /// As written: `split " "`.
    pub shown: String,
    /// Its argument, where it has one.
    pub argument: Option<Value>,
}

/// `values` and `else`.
#[derive(Debug, Clone)]
pub struct ValueTable {
    /// Where it stands.
    pub at: Span,
    /// Source value as text, and target value.
    pub entries: Vec<(Spanned<String>, Value)>,
    /// Where each text stands among the entries, and each number by its value; the first of equal ones.
    pub(super) places: Arc<Places>,
    /// What to do with a value that the table lacks; nothing written rejects it too.
    pub otherwise: Option<Else>,
}

/// Where to find the entries of a table.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// By text.
    pub(super) texts: HashMap<String, usize>,
    /// By number.
    pub(super) numbers: HashMap<Decimal, usize>,
}

impl ValueTable {
    /// A table of these entries.
    pub(super) fn of(at: Span, entries: Vec<(Spanned<String>, Value)>, otherwise: Option<Else>) -> Self {
        let mut places = Places::default();
        for (place, (key, _)) in entries.iter().enumerate() {
            places.texts.entry(key.value.clone()).or_insert(place);
            if let Ok(number) = key.value.parse::<Decimal>() {
                places.numbers.entry(number.normalize()).or_insert(place);
            }
        }
        Self { at, entries, places: Arc::new(places), otherwise }
    }
}

/// What to do with a value that the table lacks.
#[derive(Debug, Clone, PartialEq)]
pub enum Else {
    /// Dead-letter the record.
    Reject,
    /// Pass the value on.
    Keep,
    /// Use this value.
    Default(Spanned<Value>),
}

impl Rule {
    /// It says what becomes of a value that is missing or null: a default, or no record at all.
    #[must_use]
    pub const fn settles_absence(&self) -> bool {
        self.default.is_some() || self.required.is_some()
    }

    /// Every source path it reads, those of its transforms included.
    pub fn reads(&self) -> impl Iterator<Item = &Path> {
        let mut all: Vec<&Path> = match &self.source {
            Source::Path(p) => vec![p],
            Source::Const(_) => Vec::new(),
            Source::Join { parts, .. } | Source::FirstOf(parts) => parts.iter().collect(),
            Source::Template(template) => template.fields().collect(),
            Source::When(when) => {
                let tested = when.cases.iter().map(|c| c.condition.field());
                tested.chain(when.rules().flat_map(|r| r.reads().collect::<Vec<_>>())).collect()
            }
            Source::Each(each) => std::iter::once(&each.list).chain(&each.inside).collect(),
            Source::Jq(program) => program.reads().iter().collect(),
        };
        all.extend(self.steps.iter().filter_map(|s| s.op.reads()));
        all.into_iter()
    }

    /// It may read any field of the record: a jq program that takes the record as a whole.
    #[must_use]
    pub fn reads_all(&self) -> bool {
        match &self.source {
            Source::Jq(program) => program.reads_all(),
            Source::When(when) => when.rules().any(Self::reads_all),
            _ => false,
        }
    }

    /// One of its transforms has this name.
    #[must_use]
    pub fn has_step(&self, name: &str) -> bool {
        self.steps.iter().any(|s| s.transform.name == name)
    }
}

impl When {
    /// The rules of all cases, then the one for the rest.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.cases.iter().map(|c| &c.then).chain(&self.otherwise)
    }
}
