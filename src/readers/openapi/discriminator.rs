//! A discriminator whose values lead to other files: its alternatives, where the schema lists none itself.

use super::document::{At, Document};
use super::schemas::Part;
use super::words::Word;
use crate::base::tree::Node;
use crate::readers::input::names_file;

/// Most alternatives.
const MOST: usize = 24;

/// The alternatives that the mapping names in other files. Those within the description say so themselves, by `allOf`.
pub(super) fn mapped<'d>(doc: &mut Document<'d>, parts: &[Part<'d>]) -> Vec<Vec<At<'d>>> {
    let own = parts.iter().filter(|p| p.level == 0);
    let places = own.filter_map(|p| p.child(Word::Discriminator)?.child("mapping"));
    let mut out: Vec<Vec<At<'d>>> = Vec::new();
    for mapping in places {
        let files =
            mapping.value.entries().filter_map(|(key, value)| Some((mapping.below(key, value), value.as_str()?)));
        for (from, reference) in files.filter(|(_, r)| names_file(r)).take(MOST) {
            if let Some(at) = doc.target(reference, from.place).filter(|at| matches!(at.value, Node::Map(_))) {
                out.push(vec![at]);
            }
        }
    }
    out
}
