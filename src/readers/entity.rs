//! Entities that a description states, where no operation tells of them: tables, schemas, messages.

use crate::base::text::{singular, words};
use crate::model::{Entity, SchemaId, Schemas};

/// The entity of a name as the description has it (`OrderLines`), with the key that is stated or else the field that is
/// called like one. Nothing where the name has no word in it.
pub(super) fn of(name: &str, schema: SchemaId, schemas: &Schemas, key: Option<String>) -> Option<Entity> {
    let mut parts = words(name);
    let last = parts.pop()?;
    parts.push(singular(&last));
    let name = parts.join("_");
    let fields = schemas.properties(schema);
    let plain = |f: &str| f.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    let own = format!("{}id", plain(&name));
    let key = key.or_else(|| {
        let wanted = ["id", "uuid", "guid", own.as_str(), "key"];
        wanted.iter().find_map(|w| fields.keys().find(|f| plain(f) == **w)).map(|f| (*f).to_owned())
    });
    Some(Entity { name, schema: Some(schema), key, operations: std::collections::BTreeMap::new() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Schema, TypeSet};

    #[test]
    fn names_become_singular_and_keys_are_found() {
        let mut schemas = Schemas::default();
        let leaf = schemas.push(Schema::default());
        let fields = ["note", "order_line_id"].map(|f| (f.to_owned(), leaf)).into_iter().collect();
        let id = schemas.push(Schema { types: TypeSet::OBJECT, properties: fields, ..Schema::default() });
        let found = of("OrderLines", id, &schemas, None).expect("has words");
        assert_eq!((found.name.as_str(), found.key.as_deref()), ("order_line", Some("order_line_id")));
        let stated = of("OrderLines", id, &schemas, Some("note".to_owned())).expect("has words");
        assert_eq!(stated.key.as_deref(), Some("note"));
        assert!(of("--", id, &schemas, None).is_none());
    }
}
