//! What descriptions and constraints say in words, as far as checks go by words. Phrases are in lower case and long
//! enough to mean one thing.

use super::Subject;
use super::honour::About;
use crate::base::text::words;
use crate::contract::{ConstraintKind, Flow};
use crate::mapping::kind::Kind;
use crate::mapping::{Path, field};
use crate::model::{SchemaId, System};

/// A record or a field stays as it was.
pub(super) const SETTLED: [&str; 18] = [
    "never change",
    "does not change",
    "do not change",
    "not be changed",
    "cannot change",
    "cannot be changed",
    "immutable",
    "append-only",
    "append only",
    "is final",
    "are final",
    "permanent",
    "never modified",
    "never edited",
    "never updated",
    "cannot be edited",
    "cannot be modified",
    "not be modified",
];

/// A value belongs to one record.
pub(super) const UNIQUE: [&str; 12] = [
    "unique",
    "belongs to one",
    "only one ",
    "at most one",
    "no two ",
    "no other ",
    "identifies the",
    "identifies a",
    "identifies one",
    "must not be used twice",
    "never used twice",
    "cannot be used twice",
];

/// Words of names that tell when a record came into being.
pub(super) const BIRTH: [&str; 8] =
    ["created", "creation", "added", "inserted", "received", "registered", "registration", "signup"];
/// Words of names that tell when a record changed.
pub(super) const CHANGE: [&str; 8] =
    ["updated", "modified", "changed", "update", "modification", "change", "lastmodified", "revised"];

/// Whether a text has one of the phrases.
pub(super) fn says(text: &str, phrases: &[&str]) -> bool {
    let text = text.to_lowercase();
    phrases.iter().any(|p| text.contains(p))
}

/// Whether a name has one of these as a word.
pub(super) fn has_word(name: &str, of: &[&str]) -> bool {
    words(name).iter().any(|w| of.contains(&w.as_str()))
}

/// The name of an article's last part, without lists: `email` of `contact.emails[].email`.
pub(super) fn leaf(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path).trim_end_matches("[]")
}

/// A field of a record that comes into a flow.
pub(super) struct Field<'a> {
    pub(super) system: &'a System,
    /// Schema of the record.
    pub(super) record: SchemaId,
    pub(super) kind: Kind,
}

impl<'a> Field<'a> {
    /// A field at a dotted path of a record; nothing where the schema does not have it.
    pub(super) fn of(system: &'a System, record: SchemaId, path: &str) -> Option<Self> {
        let kind = field(&system.schemas, record, &Path::parse(path).ok()?).ok()?;
        Some(Self { system, record, kind })
    }

    /// What the description says of it.
    pub(super) fn description(&self) -> &'a str {
        self.kind.schema.map_or("", |id| self.system.schemas.get(id).description.as_str())
    }

    /// Where it was read.
    pub(super) fn pointer(&self) -> String {
        self.kind.schema.map(|id| self.system.schemas.get(id).pointer.clone()).unwrap_or_default()
    }
}

impl<'a> Subject<'a> {
    /// A field of the records that come into a flow, for each kind of record that has it.
    pub(super) fn source_fields(&self, flow: &'a Flow, path: &str) -> Vec<Field<'a>> {
        self.incoming(flow).into_iter().filter_map(|i| Field::of(i.system, i.schema, path)).collect()
    }

    /// Whether a constraint that binds this flow and system says one of the phrases, and names what it is about by one of
    /// these words (any where none are given). What the owner merely wants makes nothing so.
    pub(super) fn constraint_says(&self, flow: &Flow, system: &str, phrases: &[&str], about: &[String]) -> bool {
        self.contract.constraints.iter().filter(|c| c.kind != ConstraintKind::Soft).any(|c| {
            let told = says(&c.says, phrases);
            let bound = About::from(c);
            let named = || {
                let of_fields = bound.fields.iter().flat_map(|f| words(leaf(f)));
                let all: Vec<String> = words(&c.says).into_iter().chain(of_fields).collect();
                about.is_empty() || about.iter().all(|w| all.contains(w))
            };
            told && binds(&bound, flow, system, self.contract.systems.keys()) && named()
        })
    }
}

/// A list that is left out leaves that side unbounded; the origin counts where nothing else tells the system.
pub(super) fn binds<'s>(about: &About<'_>, flow: &Flow, system: &str, known: impl Iterator<Item = &'s String>) -> bool {
    let of_fields = about.fields.iter().filter_map(|f| f.split_once('.').map(|(s, _)| s));
    let mut systems: Vec<&str> = about.systems.iter().copied().chain(of_fields).collect();
    if systems.is_empty() {
        let origin = about.origin.and_then(|o| o.split_once('#')).map(|(s, _)| s);
        let known: Vec<&String> = known.collect();
        systems.extend(origin.filter(|o| known.iter().any(|k| k == o)));
    }
    (about.flows.is_empty() || about.flows.contains(&flow.name.as_str()))
        && (systems.is_empty() || systems.contains(&system))
}
