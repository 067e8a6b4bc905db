//! What builders of schemas made, on one thread or on two.

use std::collections::HashMap;

use super::schemas::{ASIDE, Memo};
use crate::model::{Schema, SchemaId, Schemas, TypeSet};

/// Schemas, and by what they are known.
pub(in crate::readers) struct Built {
    pub(super) schemas: Schemas,
    pub(super) memo: Memo,
    pub(super) together: HashMap<Vec<usize>, SchemaId>,
    /// Schemas of alternatives alone, whose types are known only when all is read, and whether null is one of them.
    pub(super) alternatives: Vec<(SchemaId, bool)>,
    pub(super) any: Option<SchemaId>,
}

impl Built {
    /// Both as if one builder had made first these, then those that were built aside; and the index that each of the latter
    /// has now. What both have built is kept once.
    pub(in crate::readers) fn join(mut self, aside: Self) -> (Self, Moved) {
        let mut moved: Vec<Option<SchemaId>> = vec![None; aside.schemas.len()];
        let mut same = |id: SchemaId, known: Option<&SchemaId>| {
            if let (Some(place), Some(known)) = (index(id).and_then(|i| moved.get_mut(i)), known) {
                *place = Some(*known);
            }
        };
        aside.memo.iter().for_each(|(object, id)| same(*id, self.memo.get(object)));
        aside.together.iter().for_each(|(objects, id)| same(*id, self.together.get(objects)));
        aside.any.into_iter().for_each(|id| same(id, self.any.as_ref()));
        let first = self.schemas.len();
        let mut kept = 0;
        let own: Vec<bool> = moved.iter().map(Option::is_none).collect();
        for place in &mut moved {
            place.get_or_insert_with(|| {
                kept += 1;
                SchemaId(u32::try_from(first + kept - 1).unwrap_or(ASIDE - 1))
            });
        }
        let moved = Moved(moved.into_iter().flatten().collect());
        for (mut schema, _) in aside.schemas.into_iter().zip(own).filter(|(_, own)| *own) {
            schema.rewire(|id| moved.to(id));
            self.schemas.push(schema);
        }
        let known = |id: SchemaId| (moved.to(id).0 as usize) >= first;
        self.alternatives
            .extend(aside.alternatives.into_iter().filter(|(id, _)| known(*id)).map(|(id, null)| (moved.to(id), null)));
        (self, moved)
    }

    /// The schemas, when all that they refer to is there.
    pub(in crate::readers) fn settled(mut self) -> Schemas {
        self.settle_alternatives();
        self.schemas
    }

    /// Gives alternatives the types that any of them has, where all are known; null is let in as one of the types, else
    /// as one more alternative.
    fn settle_alternatives(&mut self) {
        let mut open = std::mem::take(&mut self.alternatives);
        // Alternatives may be made of alternatives; each round settles one level.
        for _ in 0..8 {
            let before = open.len();
            open.retain(|(id, nullable)| {
                let variants = &self.schemas.get(*id).variants;
                let known = variants.iter().all(|v| !self.schemas.get(*v).types.is_any());
                if known {
                    let start = if *nullable { TypeSet::NULL } else { TypeSet::ANY };
                    let all = variants.iter().map(|v| self.schemas.get(*v).types).fold(start, TypeSet::with);
                    self.schemas.get_mut(*id).types = all;
                }
                !known
            });
            if open.len() == before {
                break;
            }
        }
        for (id, _) in open.into_iter().filter(|(_, nullable)| *nullable) {
            let pointer = self.schemas.get(id).pointer.clone();
            let null = self.schemas.push(Schema { types: TypeSet::NULL, pointer, ..Schema::default() });
            self.schemas.get_mut(id).variants.push(null);
        }
    }
}

fn index(id: SchemaId) -> Option<usize> {
    id.0.checked_sub(ASIDE).map(|i| i as usize)
}

/// Where schemas that were built aside have gone.
pub(in crate::readers) struct Moved(Vec<SchemaId>);

impl Moved {
    /// The index of a schema now.
    pub(in crate::readers) fn to(&self, id: SchemaId) -> SchemaId {
        index(id).and_then(|i| self.0.get(i)).copied().unwrap_or(id)
    }
}
