//! Walks the fields of the entities' records, for detectors that judge them by name, type and description.

use crate::model::{Schema, System};

/// A field of an entity's record.
pub(super) struct EntityField<'s> {
    /// The entity.
    pub(super) entity: &'s str,
    /// The field, as written.
    pub(super) name: &'s str,
    /// Its schema.
    pub(super) schema: &'s Schema,
}

/// Most fields looked at: more are met only in descriptions of hundreds of entities, where the first tell the habit.
const MOST: usize = 20_000;

/// The fields at the top of every entity's record, by entity, in the order of the description.
pub(super) fn all(system: &System) -> impl Iterator<Item = EntityField<'_>> {
    let records = system.entities.values().filter_map(|e| Some((e, e.schema?)));
    let fields = records.flat_map(move |(entity, id)| {
        system.schemas.properties(id).into_iter().map(move |(name, field)| EntityField {
            entity: &entity.name,
            name,
            schema: system.schemas.get(field),
        })
    });
    fields.take(MOST)
}

/// Whether a lower-case word stands in a text, in any letters.
pub(super) fn says(text: &str, word: &str) -> bool {
    let (text, word) = (text.as_bytes(), word.as_bytes());
    let Some(first) = word.first() else { return true };
    memchr::memchr2_iter(*first, first.to_ascii_uppercase(), text)
        .any(|at| text.get(at..at + word.len()).is_some_and(|w| w.eq_ignore_ascii_case(word)))
}
