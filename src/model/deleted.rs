//! The field by which a record says that it is gone.

use super::{SchemaId, Schemas, TypeSet};
use crate::base::text::words;

/// Words of such fields.
const GONE: [&str; 6] = ["deleted", "archived", "trashed", "removed", "tombstone", "deletion"];
/// Last words of fields that hold a time.
const TIMES: [&str; 5] = ["at", "on", "date", "time", "timestamp"];

impl Schemas {
    /// The field at the top of a record that tells that it is gone, with its place: a flag, or the time when it went.
    #[must_use]
    pub fn deleted_flag(&self, record: SchemaId) -> Option<(String, String)> {
        self.properties(record).into_iter().find_map(|(name, id)| {
            let all = words(name);
            let schema = self.get(id);
            let own = std::iter::once(schema).chain(schema.variants.iter().map(|v| self.get(*v)));
            let (mut flag, mut object, mut timed) = (false, false, false);
            for one in own {
                flag |= one.types.has(TypeSet::BOOLEAN);
                object |= one.types.has(TypeSet::OBJECT);
                timed |= matches!(one.format.as_deref(), Some("date-time" | "date"));
            }
            timed |= all.last().is_some_and(|last| TIMES.contains(&last.as_str())) && !object;
            let told = all.iter().any(|w| GONE.contains(&w.as_str())) && (timed || flag);
            told.then(|| (name.to_owned(), schema.pointer.clone()))
        })
    }
}
