//! Parts of one `allOf` that no value can have together.

use super::document::{At, Document};
use super::schemas::followed;
use super::words::{Word, Words};
use crate::model::TypeSet;

/// Warns where the members of this `allOf` name types of which no value is: each of them has to hold (JSON Schema 2020-12 core,
/// section 10.2.1.1). What a member says by its own `allOf`, by alternatives or beside a reference is not looked at.
pub(super) fn told<'d>(doc: &mut Document<'d>, list: &At<'d>) {
    let mut common = TypeSet::ANY;
    for member in list.items() {
        let Some(types) = followed(doc, member).and_then(|member| named(&member)) else { continue };
        let both = both(common, types);
        if both.is_any() {
            let message = format!(
                "the parts of this allOf are {common} and {types}, which no value is at once; it is read as {common}"
            );
            doc.warn("no-common-type", &list.pointer(), message, "say the same type in all parts, or write oneOf");
            return;
        }
        common = both;
    }
}

/// The types that a schema names itself; nothing where it names none, or one that is unknown.
fn named(at: &At<'_>) -> Option<TypeSet> {
    let words = Words::of(at.value.as_map().filter(|map| !map.has("$ref"))?);
    let word = words.get(Word::Type)?;
    let names: Vec<&str> = match word.as_list() {
        Some(list) => list.iter().map(|name| name.as_str()).collect::<Option<_>>()?,
        None => vec![word.as_str()?],
    };
    let nullable = words.flag(Word::Nullable) || words.flag(Word::XNullable);
    let null = if nullable { TypeSet::NULL } else { TypeSet::ANY };
    let types = names.into_iter().try_fold(null, |all, name| Some(all.with(TypeSet::named(name)?)))?;
    Some(types).filter(|types| !types.is_any())
}

/// What both allow; `ANY` where that is nothing.
fn both(a: TypeSet, b: TypeSet) -> TypeSet {
    if a.is_any() {
        return b;
    }
    let both = a.without(a.without(b));
    let whole = |one: TypeSet, other: TypeSet| one.has(TypeSet::INTEGER) && other.has(TypeSet::NUMBER);
    if whole(a, b) || whole(b, a) { both.with(TypeSet::INTEGER) } else { both }
}

#[cfg(test)]
mod tests {
    use crate::readers::read_bytes;

    /// The findings about the one schema of a description.
    fn said(schemas: &str) -> Vec<String> {
        let text = format!(
            "openapi: 3.0.3\ninfo: {{title: t, version: '1'}}\npaths:\n  /a:\n    get:\n      operationId: a\n      responses:\n        '200':\n          \
             description: d\n          content: {{application/json: {{schema: {{$ref: '#/components/schemas/A'}}}}}}\ncomponents:\n  schemas:\n{schemas}"
        );
        let read = read_bytes(text.as_bytes(), "a.yaml");
        let about = read.findings.iter().filter(|f| f.code == "no-common-type");
        about.map(|f| format!("{}: {}", f.location, f.message)).collect()
    }

    #[test]
    fn parts_without_a_common_type_are_named_and_others_are_not() {
        let b = "    B: {type: string}\n";
        assert_eq!(
            said(&format!("    A: {{allOf: [{{type: object}}, {{$ref: '#/components/schemas/B'}}]}}\n{b}")),
            [
                "a.yaml#/components/schemas/A/allOf: the parts of this allOf are object and string, which no value is at once; it is read as object"
            ]
        );
        for sound in [
            "    A: {allOf: [{type: integer}, {type: number}]}\n",
            "    A: {allOf: [{type: object}, {required: [id]}, {type: object}]}\n",
            "    A: {allOf: [{type: object, nullable: true}, {type: string, nullable: true}]}\n",
            "    A: {allOf: [{type: [object, string]}, {type: [string, 'null']}]}\n",
            "    A: {allOf: [{oneOf: [{type: object}, {type: string}]}, {type: string}]}\n",
            "    A: {oneOf: [{type: object}, {type: string}]}\n",
            "    A: {allOf: [{type: file}, {type: object}]}\n",
        ] {
            assert_eq!(said(sound), [""; 0], "{sound}");
        }
        let beside = "    A: {allOf: [{type: object}, {$ref: '#/components/schemas/B', description: d}]}\n    B: {type: object}\n";
        assert_eq!(said(beside), [""; 0]);
    }
}
