//! The fields of a record as seen through its alternatives.

use indexmap::IndexMap;

use super::{Properties, SchemaId};

/// Named properties of a schema and of its variants, in order, each once. Those of a schema without variants, which is
/// nearly all of them, are borrowed.
#[derive(Debug, Clone)]
pub struct Fields<'s>(Of<'s>);

#[derive(Debug, Clone)]
enum Of<'s> {
    Own(&'s Properties),
    Merged(IndexMap<&'s str, SchemaId>),
}

impl<'s> Fields<'s> {
    pub(super) const fn own(properties: &'s Properties) -> Self {
        Self(Of::Own(properties))
    }

    pub(super) const fn merged(properties: IndexMap<&'s str, SchemaId>) -> Self {
        Self(Of::Merged(properties))
    }

    /// The schema of a field.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<SchemaId> {
        match &self.0 {
            Of::Own(properties) => properties.get(name).copied(),
            Of::Merged(all) => all.get(name).copied(),
        }
    }

    /// Whether there is one of this name.
    #[must_use]
    pub fn contains_key(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.0 {
            Of::Own(properties) => properties.len(),
            Of::Merged(all) => all.len(),
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The field at a place in the order.
    #[must_use]
    pub fn nth(&self, at: usize) -> Option<(&'s str, SchemaId)> {
        match &self.0 {
            Of::Own(properties) => properties.nth(at),
            Of::Merged(all) => all.get_index(at).map(|(name, id)| (*name, *id)),
        }
    }

    /// Names and schemas.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&'s str, SchemaId)> + ExactSizeIterator + Clone + '_ {
        (0..self.len()).map(|at| self.nth(at).unwrap_or(("", SchemaId(0))))
    }

    /// The names.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &'s str> + ExactSizeIterator + Clone + '_ {
        self.iter().map(|(name, _)| name)
    }

    /// The schemas.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = SchemaId> + ExactSizeIterator + Clone + '_ {
        self.iter().map(|(_, id)| id)
    }

    /// The names alone.
    pub fn into_keys(self) -> impl Iterator<Item = &'s str> {
        self.into_iter().map(|(name, _)| name)
    }
}

impl Default for Fields<'_> {
    /// None.
    fn default() -> Self {
        Self(Of::Merged(IndexMap::new()))
    }
}

/// Names and schemas.
#[derive(Debug, Clone)]
pub struct IntoIter<'s> {
    fields: Fields<'s>,
    at: usize,
}

impl<'s> Iterator for IntoIter<'s> {
    type Item = (&'s str, SchemaId);

    fn next(&mut self) -> Option<Self::Item> {
        let found = self.fields.nth(self.at)?;
        self.at += 1;
        Some(found)
    }
}

impl<'s> IntoIterator for Fields<'s> {
    type Item = (&'s str, SchemaId);
    type IntoIter = IntoIter<'s>;

    fn into_iter(self) -> IntoIter<'s> {
        IntoIter { fields: self, at: 0 }
    }
}
