//! Types beside each other.

use crate::model::TypeSet;

const NUMERIC: TypeSet = TypeSet::INTEGER.with(TypeSet::NUMBER);

/// 1 for the same types, less where a transform is needed, 0 where none helps.
pub(super) fn types(a: TypeSet, b: TypeSet) -> f32 {
    if a.is_any() || b.is_any() {
        return 0.8;
    }
    if a.has(b) {
        return 1.0;
    }
    if a.has(NUMERIC) && b.has(NUMERIC) {
        return 0.95;
    }
    if a.has(TypeSet::ARRAY) != b.has(TypeSet::ARRAY) {
        return 0.3;
    }
    if a.has(TypeSet::OBJECT) != b.has(TypeSet::OBJECT) {
        return 0.1;
    }
    if a.has(TypeSet::BOOLEAN) || b.has(TypeSet::BOOLEAN) { 0.2 } else { 0.6 }
}

pub(super) fn code(types: TypeSet) -> f32 {
    let order = [TypeSet::STRING, TypeSet::INTEGER, TypeSet::NUMBER, TypeSet::BOOLEAN, TypeSet::ARRAY, TypeSet::OBJECT];
    order.iter().zip(1_u8..).find(|(t, _)| types.has(**t)).map_or(0.0, |(_, n)| f32::from(n))
}

/// The field's types as written in a list of fields: `string`, `number|string`, `array<string>`.
#[must_use]
pub fn types_named(text: &str) -> TypeSet {
    text.split('|').fold(TypeSet::ANY, |all, one| {
        let one = one.trim();
        let name = if one.starts_with("array") { "array" } else { one };
        TypeSet::named(name).filter(|t| *t != TypeSet::NULL).map_or(all, |t| all.with(t))
    })
}
