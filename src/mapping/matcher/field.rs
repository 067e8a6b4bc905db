//! A field as the matcher sees it: where it stands, its types, and what is said of it. Schemas and plain lists of fields
//! become the same.

use crate::model::TypeSet;

/// One side of a match: the record's name, where it has one, and its fields.
#[derive(Debug, Clone, Default)]
pub struct Side {
    /// What the record is: `contact`, `crm.deal`; empty where nobody says.
    pub entity: String,
    /// The system's name, where it has one: fields that carry it mean nothing by it.
    pub system: String,
    /// Its fields, in the order of the description.
    pub fields: Vec<Field>,
}

/// One field.
#[derive(Debug, Clone, Default)]
pub struct Field {
    /// Names of the properties that lead to it, the outermost first.
    pub keys: Vec<String>,
    /// How many lists it is inside of.
    pub lists: usize,
    /// Its types, null excluded; none named: any.
    pub types: TypeSet,
    /// The format of its values, where one is named.
    pub format: Option<String>,
    /// All values it can have, or some it has; lower-case.
    pub values: Vec<String>,
    /// What the description says of it.
    pub description: String,
    /// Must be there.
    pub required: bool,
    /// May be null.
    pub nullable: bool,
}

impl Field {
    /// A field by its path as people write it: `a.b[].c`.
    #[must_use]
    pub fn at(path: &str) -> Self {
        let lists = path.matches("[]").count();
        let keys = path.split('.').map(|k| k.trim_end_matches("[]").to_owned()).filter(|k| !k.is_empty()).collect();
        Self { keys, lists, ..Self::default() }
    }

    /// The last property's name.
    #[must_use]
    pub fn leaf(&self) -> &str {
        self.keys.last().map_or("", String::as_str)
    }
}
