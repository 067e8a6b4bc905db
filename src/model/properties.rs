//! The named properties of a schema: many small lists, few large ones.

use super::SchemaId;

/// From this many entries on, names are looked up in an index.
const INDEXED: usize = 16;

/// Properties in the order written, each name once.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
#[serde(from = "Entries")]
pub struct Properties {
    entries: Vec<(String, SchemaId)>,
    /// Places in the order of the names; empty where there are few.
    #[serde(skip)]
    sorted: Vec<u32>,
}

/// [`Properties`] as they are read back: the index is made anew.
#[derive(serde::Deserialize)]
struct Entries {
    entries: Vec<(String, SchemaId)>,
}

impl From<Entries> for Properties {
    fn from(read: Entries) -> Self {
        read.entries.into_iter().collect()
    }
}

impl Properties {
    /// The schema of a property.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&SchemaId> {
        self.place(name).and_then(|at| self.entries.get(at)).map(|(_, id)| id)
    }

    /// Whether there is one of this name.
    #[must_use]
    pub fn contains_key(&self, name: &str) -> bool {
        self.place(name).is_some()
    }

    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The property at a place in the order written.
    #[must_use]
    pub fn nth(&self, at: usize) -> Option<(&str, SchemaId)> {
        self.entries.get(at).map(|(name, id)| (name.as_str(), *id))
    }

    /// Names and schemas, in the order written.
    pub fn iter(&self) -> Iter<'_> {
        self.entries.iter().map(|(name, id)| (name, id))
    }

    /// The names, in the order written.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &String> {
        self.entries.iter().map(|(name, _)| name)
    }

    /// The schemas, in the order written.
    pub fn values(&self) -> impl ExactSizeIterator<Item = &SchemaId> {
        self.entries.iter().map(|(_, id)| id)
    }

    /// The schemas, in the order written, to be changed.
    pub fn values_mut(&mut self) -> impl ExactSizeIterator<Item = &mut SchemaId> {
        self.entries.iter_mut().map(|(_, id)| id)
    }

    /// Sets a property; one of the same name keeps its place.
    pub fn insert(&mut self, name: String, id: SchemaId) {
        match self.place(&name).and_then(|at| self.entries.get_mut(at)) {
            Some((_, before)) => *before = id,
            None => {
                let at = u32::try_from(self.entries.len()).unwrap_or(u32::MAX);
                let found = self.sorted.binary_search_by(|known| self.name(*known).cmp(&name));
                self.entries.push((name, id));
                match found {
                    Err(place) if !self.sorted.is_empty() => self.sorted.insert(place, at),
                    _ => self.index(),
                }
            }
        }
    }

    /// Takes a property out; the others keep their order.
    pub fn remove(&mut self, name: &str) -> Option<SchemaId> {
        let (_, id) = self.entries.remove(self.place(name)?);
        self.sorted.clear();
        self.index();
        Some(id)
    }

    fn place(&self, name: &str) -> Option<usize> {
        if self.sorted.len() != self.entries.len() {
            return self.entries.iter().position(|(known, _)| known == name);
        }
        let found = self.sorted.binary_search_by(|at| self.name(*at).cmp(name)).ok()?;
        self.sorted.get(found).map(|at| *at as usize)
    }

    fn name(&self, at: u32) -> &str {
        self.entries.get(at as usize).map_or("", |(name, _)| name)
    }

    fn index(&mut self) {
        if self.entries.len() < INDEXED {
            return;
        }
        let mut sorted: Vec<u32> = (0..u32::try_from(self.entries.len()).unwrap_or(u32::MAX)).collect();
        sorted.sort_by(|a, b| self.name(*a).cmp(self.name(*b)));
        self.sorted = sorted;
    }
}

/// Names and schemas.
pub type Iter<'p> =
    std::iter::Map<std::slice::Iter<'p, (String, SchemaId)>, fn(&'p (String, SchemaId)) -> (&'p String, &'p SchemaId)>;

impl<'p> IntoIterator for &'p Properties {
    type Item = (&'p String, &'p SchemaId);
    type IntoIter = Iter<'p>;

    fn into_iter(self) -> Iter<'p> {
        self.iter()
    }
}

impl FromIterator<(String, SchemaId)> for Properties {
    /// Of a name that comes twice the last schema holds, at the first place.
    fn from_iter<I: IntoIterator<Item = (String, SchemaId)>>(all: I) -> Self {
        let mut entries: Vec<(String, SchemaId)> = all.into_iter().collect();
        entries.shrink_to_fit();
        let mut made = Self { entries, sorted: Vec::new() };
        made.index();
        let twice = if made.sorted.is_empty() {
            made.entries.iter().enumerate().any(|(i, (name, _))| made.entries.iter().take(i).any(|(n, _)| n == name))
        } else {
            made.sorted.windows(2).any(|pair| matches!(pair, [a, b] if made.name(*a) == made.name(*b)))
        };
        if twice {
            let all: indexmap::IndexMap<String, SchemaId> = std::mem::take(&mut made.entries).into_iter().collect();
            made = Self { entries: all.into_iter().collect(), sorted: Vec::new() };
            made.index();
        }
        made
    }
}

impl<const N: usize> From<[(String, SchemaId); N]> for Properties {
    fn from(all: [(String, SchemaId); N]) -> Self {
        all.into_iter().collect()
    }
}

impl PartialEq for Properties {
    /// As mappings: the order does not matter.
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().all(|(name, id)| other.get(name) == Some(id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_and_many_are_found_by_name_in_the_order_written() {
        for count in [0_u32, 3, 15, 16, 40] {
            let named = |i: u32| format!("p{}", (i * 7) % 41);
            let mut all: Properties = (0..count).map(|i| (named(i), SchemaId(i))).collect();
            assert!((0..count).all(|i| all.get(&named(i)) == Some(&SchemaId(i))), "{count}");
            assert!(!all.contains_key("p41") && all.keys().zip(0..count).all(|(name, i)| *name == named(i)));
            all.insert("p41".to_owned(), SchemaId(90));
            all.insert(named(0), SchemaId(91));
            assert_eq!(all.get("p41"), Some(&SchemaId(90)));
            assert_eq!((all.remove(&named(0)), all.get(&named(0))), (Some(SchemaId(91)), None));
            assert!((1..count).all(|i| all.get(&named(i)) == Some(&SchemaId(i))), "{count}");
        }
    }

    #[test]
    fn of_a_name_that_comes_twice_the_last_holds_at_the_first_place() {
        let all = Properties::from([("a", 1), ("b", 2), ("a", 3)].map(|(n, i)| (n.to_owned(), SchemaId(i))));
        assert_eq!(all.iter().map(|(n, i)| (n.as_str(), i.0)).collect::<Vec<_>>(), [("a", 3), ("b", 2)]);
    }
}
