//! The body of a search: a list that is read by POST, and asked for its pages by fields of the body.
//!
//! Reading by POST is reading. Such a request is sent again as a GET would be, and carries no idempotency key.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::Value;

use super::body::{encode, put, typed};
use crate::model::TypeSet;

/// What the body of a search holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Search {
    /// Fields that are the same in every request; an object.
    pub fixed: Value,
    /// What fields the connector fills take, by dotted path: cursor, page or offset, page size, lower bound of changes. What is
    /// not named here is a query parameter.
    pub fields: BTreeMap<String, TypeSet>,
}

impl Search {
    /// Whether this is a field of the body.
    pub(super) fn takes(&self, name: &str) -> bool {
        self.fields.contains_key(name)
    }

    /// The body in this media type, with these values beside the fixed ones; what is no field of it is left out.
    pub(super) fn body<'v>(&self, content_type: &str, set: impl IntoIterator<Item = (&'v str, String)>) -> Bytes {
        let mut body = self.fixed.clone();
        for (name, text) in set {
            if let Some(types) = self.fields.get(name) {
                put(&mut body, name, typed(*types, text));
            }
        }
        encode(content_type, &body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn fields_go_to_their_places_in_their_types() {
        let fields = [("page.cursor", TypeSet::STRING), ("page.limit", TypeSet::INTEGER)];
        let search = Search {
            fixed: json!({"status": "open", "page": {"deep": true}}),
            fields: fields.into_iter().map(|(n, t)| (n.to_owned(), t)).collect(),
        };
        let set = || [("page.cursor", "07".to_owned()), ("page.limit", "50".to_owned()), ("version", "2".to_owned())];
        let sent: Value = serde_json::from_slice(&search.body("application/json", set())).expect("it is JSON");
        assert_eq!(sent, json!({"status": "open", "page": {"deep": true, "cursor": "07", "limit": 50}}));
        let form = search.body("application/x-www-form-urlencoded", set());
        assert_eq!(form, "status=open&page%5Bdeep%5D=true&page%5Bcursor%5D=07&page%5Blimit%5D=50");
    }
}
