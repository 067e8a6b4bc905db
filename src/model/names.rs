//! A few names, each once.

/// Names in the order of their letters, each once: a set for the many schemas that require a handful of fields.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(from = "Vec<String>")]
pub struct Names(Vec<String>);

impl Names {
    /// Whether the name is there.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.0.binary_search_by(|known| known.as_str().cmp(name)).is_ok()
    }

    /// Adds a name; says whether it is new.
    pub fn insert(&mut self, name: String) -> bool {
        match self.0.binary_search(&name) {
            Ok(_) => false,
            Err(at) => {
                self.0.insert(at, name);
                true
            }
        }
    }

    /// Takes a name out; says whether it was there.
    pub fn remove(&mut self, name: &str) -> bool {
        let found = self.0.binary_search_by(|known| known.as_str().cmp(name));
        found.map(|at| self.0.remove(at)).is_ok()
    }

    /// All of them.
    pub fn iter(&self) -> std::slice::Iter<'_, String> {
        self.0.iter()
    }

    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'n> IntoIterator for &'n Names {
    type Item = &'n String;
    type IntoIter = std::slice::Iter<'n, String>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl Extend<String> for Names {
    fn extend<I: IntoIterator<Item = String>>(&mut self, names: I) {
        self.0.extend(names);
        if !self.0.is_sorted_by(|a, b| a < b) {
            self.0.sort_unstable();
            self.0.dedup();
        }
    }
}

impl FromIterator<String> for Names {
    fn from_iter<I: IntoIterator<Item = String>>(names: I) -> Self {
        let mut made = Self::default();
        made.extend(names);
        made
    }
}

impl From<Vec<String>> for Names {
    fn from(names: Vec<String>) -> Self {
        if names.is_sorted_by(|a, b| a < b) { Self(names) } else { names.into_iter().collect() }
    }
}

impl<const N: usize> From<[String; N]> for Names {
    fn from(names: [String; N]) -> Self {
        names.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_a_set() {
        let mut names: Names = ["b", "a", "b"].map(str::to_owned).into();
        assert!(names.contains("a") && !names.contains("c") && names.insert("c".to_owned()));
        assert!(!names.insert("a".to_owned()) && names.remove("b") && !names.remove("b"));
        names.insert("b".to_owned());
        assert_eq!((names.iter().map(String::as_str).collect::<Vec<_>>(), names.len()), (vec!["a", "b", "c"], 3));
    }
}
