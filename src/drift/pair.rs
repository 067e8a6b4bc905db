//! Two schemas that stand at one place, and what stands below them.

use std::collections::{BTreeSet, HashMap};

use super::change::{Change, Side};
use super::matching;
use super::ops::Systems;
use crate::model::{Additional, Schema, SchemaId, Schemas, System, TypeSet};

/// A property of both: its name, and its schema before and after, each with whether it must be there.
pub(super) type Kept<'a> = (&'a str, (SchemaId, bool), (SchemaId, bool));

/// Two schemas that stand at one place.
pub(super) struct Pair<'a> {
    pub(super) systems: &'a Systems<'a>,
    pub(super) side: Side,
    pub(super) ids: (SchemaId, SchemaId),
    pub(super) old: &'a Schema,
    pub(super) new: &'a Schema,
    /// How the place is called.
    pub(super) subject: &'a str,
}

impl<'a> Pair<'a> {
    pub(super) fn new(systems: &'a Systems<'a>, side: Side, ids: (SchemaId, SchemaId), subject: &'a str) -> Self {
        let (old, new) = (systems.old.schemas.get(ids.0), systems.new.schemas.get(ids.1));
        Self { systems, side, ids, old, new, subject }
    }

    /// The same change in a request or in an answer.
    pub(super) fn is(&self, side: Side) -> bool {
        self.side == side
    }

    /// What its list of values is called: an enumeration of one name is one wherever it is used.
    pub(super) fn enumeration(&self) -> &'a str {
        match (&self.old.name, &self.new.name) {
            (Some(was), Some(now)) if was == now => was,
            _ => self.subject,
        }
    }

    /// A change of its list of values that breaks nobody yet.
    pub(super) fn of_values(&self, code: &'static str, message: impl Into<String>) -> Change {
        Change { subject: self.enumeration().to_owned(), ..self.change(code, message) }
    }

    /// A change of this schema that breaks nobody yet.
    pub(super) fn change(&self, code: &'static str, message: impl Into<String>) -> Change {
        Change::note(code, self.side, self.subject, message).at(Some(&self.old.pointer), Some(&self.new.pointer))
    }

    /// A change of a property of it that breaks nobody yet.
    pub(super) fn property(&self, code: &'static str, name: &str, message: impl Into<String>) -> Change {
        let (old, new) = (&self.systems.old.schemas, &self.systems.new.schemas);
        let was = old.property(self.ids.0, name).map(|p| old.get(p.0).pointer.as_str());
        let now = new.property(self.ids.1, name).map(|p| new.get(p.0).pointer.as_str());
        Change::note(code, self.side, format!("{}.{name}", self.subject), message).at(was, now).of(name)
    }

    /// Types before and after. A schema that names none and has properties, items or values is of the type that has them.
    pub(super) fn types(&self) -> (TypeSet, TypeSet) {
        (types(self.old), types(self.new))
    }

    /// No value is of both: what bounds one says nothing of the other.
    pub(super) fn apart(&self) -> bool {
        let (was, now) = self.types();
        let number = |t: TypeSet| if t.has(TypeSet::INTEGER) { t.with(TypeSet::NUMBER) } else { t };
        !was.is_any() && !now.is_any() && !number(was.without(TypeSet::NULL)).has(number(now.without(TypeSet::NULL)))
    }

    /// One is made of variants and the other is not: what bounds a value stands in the variants of the one.
    pub(super) fn unlike(&self) -> bool {
        self.old.variants.is_empty() != self.new.variants.is_empty()
    }

    /// Properties of the old schema on this side.
    pub(super) fn old_properties(&self) -> Vec<(&'a str, SchemaId)> {
        properties(self.systems.old, self.ids.0, self.unlike(), self.side)
    }

    /// Properties of the new schema on this side.
    pub(super) fn new_properties(&self) -> Vec<(&'a str, SchemaId)> {
        properties(self.systems.new, self.ids.1, self.unlike(), self.side)
    }

    /// Properties of the new schema that the old one lacks.
    pub(super) fn added(&self) -> Vec<(&'a str, &'a Schema)> {
        if self.apart() {
            return Vec::new();
        }
        let old: BTreeSet<&str> = self.old_properties().into_iter().map(|(n, _)| n).collect();
        let new = self.new_properties().into_iter().filter(|(n, _)| !old.contains(n));
        new.map(|(n, id)| (n, self.systems.new.schemas.get(id))).collect()
    }

    /// Properties of the old schema that the new one lacks.
    pub(super) fn removed(&self) -> Vec<(&'a str, &'a Schema)> {
        if self.apart() {
            return Vec::new();
        }
        let new: BTreeSet<&str> = self.new_properties().into_iter().map(|(n, _)| n).collect();
        let old = self.old_properties().into_iter().filter(|(n, _)| !new.contains(n));
        old.map(|(n, id)| (n, self.systems.old.schemas.get(id))).collect()
    }

    /// Properties of both, each with whether it must be there: before, after.
    pub(super) fn kept(&self) -> Vec<Kept<'a>> {
        let needed = |system: &'a System, id: SchemaId, name: &str| {
            let schema = system.schemas.get(id);
            if self.unlike() {
                system.schemas.property(id, name).is_some_and(|p| p.1)
            } else {
                schema.required.contains(name)
            }
        };
        let new: HashMap<&str, SchemaId> = self.new_properties().into_iter().collect();
        self.old_properties()
            .into_iter()
            .filter_map(|(name, old)| {
                let new = *new.get(name)?;
                let before = needed(self.systems.old, self.ids.0, name);
                Some((name, (old, before), (new, needed(self.systems.new, self.ids.1, name))))
            })
            .collect()
    }

    /// Whether a property of the new schema must be there.
    pub(super) fn new_needs(&self, name: &str) -> bool {
        if self.unlike() {
            self.systems.new.schemas.property(self.ids.1, name).is_some_and(|p| p.1)
        } else {
            self.new.required.contains(name)
        }
    }

    /// The variants of both; a schema without any is its own only one.
    pub(super) fn variants(&self) -> Option<matching::Variants> {
        if self.old.variants.is_empty() || self.new.variants.is_empty() {
            return None;
        }
        let (old, new) = (&self.systems.old.schemas, &self.systems.new.schemas);
        Some(matching::variants(old, &self.old.variants, new, &self.new.variants))
    }
}

fn types(schema: &Schema) -> TypeSet {
    match (&schema.values, schema.items) {
        _ if !schema.types.is_any() || !schema.variants.is_empty() => schema.types,
        (Some(values), _) => values.iter().fold(TypeSet::ANY, |all, v| all.with(TypeSet::of(v))),
        (None, Some(_)) => TypeSet::ARRAY,
        (None, None) if !schema.properties.is_empty() || schema.additional != Additional::Any => TypeSet::OBJECT,
        (None, None) => schema.types,
    }
}

/// The schema that stands alone on one side, with the variant of the other side that is of its type: a text with its
/// bounds that becomes one of two shapes is bounded there.
fn variant_of_type(pair: &Pair<'_>) -> Option<(SchemaId, SchemaId)> {
    let (old, new) = (&pair.systems.old.schemas, &pair.systems.new.schemas);
    // Whether it may be null stands beside the variants or in one of them: such pairs are left.
    let of = |all: &Schemas, ids: &[SchemaId], own: &Schema| {
        let scalar = own.properties.is_empty() && own.items.is_none() && !own.types.is_any();
        ids.iter().copied().find(|id| scalar && all.get(*id).types == own.types)
    };
    match (pair.old.variants.is_empty(), pair.new.variants.is_empty()) {
        (true, false) => Some((pair.ids.0, of(new, &pair.new.variants, pair.old)?)),
        (false, true) => Some((of(old, &pair.old.variants, pair.new)?, pair.ids.1)),
        _ => None,
    }
}

fn properties(system: &System, id: SchemaId, all: bool, side: Side) -> Vec<(&str, SchemaId)> {
    let seen = |id: SchemaId| {
        let schema = system.schemas.get(id);
        !(side == Side::Request && schema.read_only || side == Side::Response && schema.write_only)
    };
    if all {
        return system.schemas.properties(id).into_iter().filter(|(_, id)| seen(*id)).collect();
    }
    let own = system.schemas.get(id).properties.iter();
    own.filter(|(_, id)| seen(**id)).map(|(name, id)| (name.as_str(), *id)).collect()
}

/// Pairs below a pair, each with what its name adds.
pub(super) fn children(pair: &Pair<'_>) -> Vec<((SchemaId, SchemaId), String)> {
    let mut out = Vec::new();
    for (name, old, new) in pair.kept() {
        out.push(((old.0, new.0), format!(".{name}")));
    }
    if let (Some(a), Some(b)) = (pair.old.items, pair.new.items) {
        out.push(((a, b), "[]".to_owned()));
    }
    if let (Additional::Of(a), Additional::Of(b)) = (pair.old.additional, pair.new.additional) {
        out.push(((a, b), ".*".to_owned()));
    }
    out.extend(variant_of_type(pair).map(|ids| (ids, String::new())));
    if let Some(variants) = pair.variants() {
        for (i, ids) in variants.pairs.into_iter().enumerate() {
            out.push((ids, if i == 0 { String::new() } else { format!("|{}", i + 1) }));
        }
    }
    out
}
