//! The keywords of one schema object, found in one pass: a schema has four of them on average, and its reader asks for all
//! that there are.

use super::document::At;
use crate::base::tree::{Map, Node};

/// A keyword of a schema that the reader knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::readers) enum Word {
    Type,
    Format,
    Description,
    Properties,
    Required,
    Items,
    Ref,
    Enum,
    Const,
    AllOf,
    Not,
    OneOf,
    AnyOf,
    Nullable,
    XNullable,
    Default,
    Example,
    Examples,
    ReadOnly,
    WriteOnly,
    Deprecated,
    Pattern,
    MinLength,
    MaxLength,
    MinItems,
    MaxItems,
    UniqueItems,
    MinProperties,
    MaxProperties,
    DependentRequired,
    Dependencies,
    MultipleOf,
    Minimum,
    Maximum,
    ExclusiveMinimum,
    ExclusiveMaximum,
    PrefixItems,
    PatternProperties,
    AdditionalProperties,
    UnevaluatedProperties,
    Discriminator,
}

impl Word {
    /// In the order of the variants.
    const ALL: [(&'static str, Self); 41] = [
        ("type", Self::Type),
        ("format", Self::Format),
        ("description", Self::Description),
        ("properties", Self::Properties),
        ("required", Self::Required),
        ("items", Self::Items),
        ("$ref", Self::Ref),
        ("enum", Self::Enum),
        ("const", Self::Const),
        ("allOf", Self::AllOf),
        ("not", Self::Not),
        ("oneOf", Self::OneOf),
        ("anyOf", Self::AnyOf),
        ("nullable", Self::Nullable),
        ("x-nullable", Self::XNullable),
        ("default", Self::Default),
        ("example", Self::Example),
        ("examples", Self::Examples),
        ("readOnly", Self::ReadOnly),
        ("writeOnly", Self::WriteOnly),
        ("deprecated", Self::Deprecated),
        ("pattern", Self::Pattern),
        ("minLength", Self::MinLength),
        ("maxLength", Self::MaxLength),
        ("minItems", Self::MinItems),
        ("maxItems", Self::MaxItems),
        ("uniqueItems", Self::UniqueItems),
        ("minProperties", Self::MinProperties),
        ("maxProperties", Self::MaxProperties),
        ("dependentRequired", Self::DependentRequired),
        ("dependencies", Self::Dependencies),
        ("multipleOf", Self::MultipleOf),
        ("minimum", Self::Minimum),
        ("maximum", Self::Maximum),
        ("exclusiveMinimum", Self::ExclusiveMinimum),
        ("exclusiveMaximum", Self::ExclusiveMaximum),
        ("prefixItems", Self::PrefixItems),
        ("patternProperties", Self::PatternProperties),
        ("additionalProperties", Self::AdditionalProperties),
        ("unevaluatedProperties", Self::UnevaluatedProperties),
        ("discriminator", Self::Discriminator),
    ];

    fn named(key: &str) -> Option<Self> {
        Self::ALL.iter().find(|(name, _)| *name == key).map(|(_, word)| *word)
    }
}

/// Where each keyword stands among the entries of an object.
#[derive(Clone, Copy)]
pub(in crate::readers) struct Words<'d> {
    map: Map<'d>,
    /// One more than the place; 0 where there is none, [`FAR`] where it is too far to be counted here.
    places: [u8; Word::ALL.len()],
}

const FAR: u8 = u8::MAX;

impl<'d> Words<'d> {
    /// The keywords of an object.
    pub(in crate::readers) fn of(map: Map<'d>) -> Self {
        let mut places = [0; Word::ALL.len()];
        for (at, key) in map.keys().enumerate() {
            if let Some(word) = Word::named(key)
                && let Some(place) = places.get_mut(word as usize)
            {
                *place = u8::try_from(at + 1).unwrap_or(FAR);
            }
        }
        Self { map, places }
    }

    /// The entry of a keyword.
    pub(in crate::readers) fn entry(&self, word: Word) -> Option<(&'d str, Node<'d>)> {
        match self.places.get(word as usize).copied().unwrap_or_default() {
            0 => None,
            FAR => self.map.entry(Word::ALL.get(word as usize)?.0),
            place => self.map.nth(usize::from(place) - 1),
        }
    }

    /// The value of a keyword.
    pub(in crate::readers) fn get(&self, word: Word) -> Option<Node<'d>> {
        Some(self.entry(word)?.1)
    }

    /// Whether the keyword is there.
    pub(in crate::readers) fn has(&self, word: Word) -> bool {
        self.entry(word).is_some()
    }

    /// The text of a keyword.
    pub(in crate::readers) fn text(&self, word: Word) -> Option<&'d str> {
        self.get(word)?.as_str()
    }

    /// Whether the keyword is `true`.
    pub(in crate::readers) fn flag(&self, word: Word) -> bool {
        self.get(word).and_then(Node::as_bool).unwrap_or(false)
    }

    /// The place of a keyword, where the object itself stands `at`.
    pub(in crate::readers) fn child(&self, at: &At<'d>, word: Word) -> Option<At<'d>> {
        let (key, value) = self.entry(word)?;
        Some(at.below(key, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::tree::Arena;
    use serde_json::json;

    #[test]
    fn the_list_is_in_the_order_of_the_variants() {
        assert!(Word::ALL.iter().enumerate().all(|(i, (_, word))| *word as usize == i));
    }

    #[test]
    fn keywords_are_found_near_and_far() {
        let arena = Arena::default();
        let mut wide: serde_json::Map<String, serde_json::Value> =
            (0..300).map(|i| (format!("x-{i}"), json!(i))).collect();
        wide.insert("type".to_owned(), json!("string"));
        for value in [json!({"title": "T", "type": "string", "nullable": true}), wide.into()] {
            let words = Words::of(arena.of_value(&value).as_map().expect("is an object"));
            assert_eq!(words.text(Word::Type), Some("string"));
            assert_eq!((words.has(Word::Format), words.flag(Word::Nullable)), (false, value.get("nullable").is_some()));
        }
    }
}
