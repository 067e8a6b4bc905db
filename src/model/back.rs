//! Which operations of a system lead back from what is written: read one record, delete it, list all. No flow names them;
//! they are found beside those it names, by the shape of their paths. And the words for what cannot be taken back.

use super::{Action, Method, Operation, System};

/// Why what was made stays: nothing deletes it.
pub const NO_DELETE: &str = "no-delete-operation: the description has no operation that deletes it by key";
/// Why what was replaced stays: nobody knows what it was.
pub const NO_BEFORE: &str = "no-before-image: it was written without a look at what was there";
/// Why what was found after a creation without an answer stays as it is.
pub const MAYBE_MADE: &str = "maybe-made: its creation was not answered, and then one was found that holds something else; nobody can tell whether the run made it";
/// Why nobody can tell what became of a record.
pub const NO_GET: &str = "the description has no operation that reads one record by key";

/// The ways back. Each is nothing where the description has no such operation.
#[derive(Debug, Clone, Copy, Default)]
pub struct Back<'s> {
    /// Reads one record; its last placeholder takes the key.
    pub get: Option<&'s Operation>,
    /// Deletes one.
    pub delete: Option<&'s Operation>,
    /// Lists all.
    pub list: Option<&'s Operation>,
}

/// `/contacts/{id}` and `/contacts/{contact_id}` are one path.
fn shape(path: &str) -> Vec<&str> {
    path.trim_end_matches('/')
        .split('/')
        .map(|s| if s.starts_with('{') && s.ends_with('}') { "{}" } else { s })
        .collect()
}

/// The path of one record below that of many.
fn below(path: &str) -> Vec<&str> {
    let mut shape = shape(path);
    shape.push("{}");
    shape
}

impl System {
    /// The ways back of what these operations write: `many` makes records, or writes several, and `one` writes one at its key.
    #[must_use]
    pub fn back(&self, many: Option<&Operation>, one: Option<&Operation>) -> Back<'_> {
        let all = &self.operations;
        let at_one = match (one, many) {
            (Some(operation), _) => shape(&operation.path),
            (None, Some(operation)) => below(&operation.path),
            (None, None) => Vec::new(),
        };
        // Records that are written in bulk, or by an action, lie beside the list of their entity.
        let entity = many.or(one).and_then(|o| o.entity.as_deref());
        let listing = |o: &&Operation| o.action == Action::List && o.method == Method::Get && o.items.is_some();
        let above = at_one.split_last().map(|(_, above)| above.to_vec()).unwrap_or_default();
        let listed = all.iter().filter(listing).find(|o| shape(&o.path) == above);
        let listed =
            listed.or_else(|| all.iter().filter(listing).find(|o| entity.is_some() && o.entity.as_deref() == entity));
        let exact = |method: Method| all.iter().find(|o| o.method == method && shape(&o.path) == at_one);
        let beside = |method: Method| {
            let at_one = below(&listed?.path);
            all.iter().find(|o| o.method == method && shape(&o.path) == at_one)
        };
        let keyed = |method: Method| exact(method).or_else(|| if one.is_none() { beside(method) } else { None });
        Back { get: keyed(Method::Get), delete: keyed(Method::Delete), list: listed }
    }
}
