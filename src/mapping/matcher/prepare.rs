//! A field, taken apart: its words, its letters, its values, and what it is for.

use std::collections::{BTreeMap, BTreeSet};

use super::count::{Shared, Words};
use super::field::Field;
use super::roles::{Class, audit, class, identity};
use super::shapes::{MOST_VALUES, plain, range, shape, trigrams};
use super::words::Vocabulary;
use crate::model::TypeSet;

/// A field, taken apart. Lists of numbers are sorted; words are numbers of `Vocabularies`.
#[derive(Debug, Clone)]
pub(super) struct Prepared {
    pub(super) flat: String,
    pub(super) name: Vec<u32>,
    /// The name without the record's own name; where a wrapper or a word as common as `id`, with what is above it.
    pub(super) core: Vec<u32>,
    pub(super) above: Vec<u32>,
    pub(super) path: Vec<u32>,
    /// The last key that is no wrapper.
    pub(super) key: Vec<u32>,
    pub(super) texts: Vec<String>,
    pub(super) initials: String,
    pub(super) trigrams: Vec<u32>,
    pub(super) path_trigrams: Vec<u32>,
    pub(super) numbers: Vec<String>,
    /// When the record was made or changed, and no more.
    pub(super) audit: bool,
    /// The last number in the path; 0 where there is none.
    pub(super) number: f32,
    /// Sets of excluding words and the members named, as bits.
    pub(super) excludes: Vec<(u16, u16)>,
    /// 0 no id, 1 the record's own, 2 another record's, 3 the id elsewhere.
    pub(super) identity: f32,
    pub(super) named: Vec<(u32, f32)>,
    pub(super) described: Vec<(u32, f32)>,
    pub(super) told: Vec<(u32, f32)>,
    /// The same with what is near in meaning.
    pub(super) spread: Vec<(u32, f32)>,
    /// Another one of its kind is meant to come first.
    pub(super) secondary: bool,
    /// How many there are of what is named.
    pub(super) counted: bool,
    pub(super) values: Vec<u32>,
    pub(super) value_words: Vec<(u32, f32)>,
    pub(super) range: Option<(f32, f32)>,
    /// Parts of digits, letters, others; and length.
    pub(super) shape: [f32; 4],
    pub(super) types: TypeSet,
    pub(super) format: Option<String>,
    pub(super) class: Class,
    pub(super) required: bool,
    pub(super) nullable: bool,
    pub(super) depth: usize,
    pub(super) lists: usize,
    /// 0 the first field, 1 the last.
    pub(super) position: f32,
    /// How many fields of the side have the same core.
    pub(super) twins: f32,
    /// Which fields stand beside it: those with the same number.
    pub(super) group: usize,
}

/// Most words of one key, and most keys of one path, the innermost: what is longer was not named by people.
const MOST_WORDS: usize = 10;
const MOST_KEYS: usize = 6;
/// Longest description that is read, in bytes; what a field is stands at its beginning.
const MOST_TEXT: usize = 600;
/// Records that are people.
const PERSON: [&str; 12] = [
    "contact",
    "person",
    "people",
    "employee",
    "lead",
    "candidate",
    "user",
    "customer",
    "attendee",
    "applicant",
    "member",
    "worker",
];
const STOP: [&str; 40] = [
    "the", "of", "a", "an", "and", "or", "to", "in", "for", "is", "this", "that", "with", "be", "by", "as", "it",
    "are", "if", "on", "at", "from", "was", "which", "will", "can", "has", "have", "not", "when", "used", "use", "its",
    "their", "may", "you", "your", "any", "all", "field",
];

/// The field, its words numbered.
pub(super) fn prepared(field: &Field, entity: &[String], words: &mut Words, shared: &mut Shared) -> Prepared {
    let vocabulary = Vocabulary::get();
    let words_of = |key: &String| vocabulary.words_of(key).into_iter().take(MOST_WORDS).collect();
    let from = field.keys.len().saturating_sub(MOST_KEYS);
    let keys: Vec<Vec<String>> = field.keys.iter().skip(from).map(words_of).collect();
    let leaf = keys.last().cloned().unwrap_or_default();
    let wrapper = |w: &String| vocabulary.entry(w).is_some_and(|e| e.wrapper);
    let without = |key: &[String]| -> Vec<String> {
        let rest: Vec<String> = key.iter().filter(|w| !entity.contains(w)).cloned().collect();
        if rest.is_empty() { key.to_vec() } else { rest }
    };
    let telling: Vec<&Vec<String>> = keys.iter().filter(|k| !k.iter().all(wrapper)).collect();
    let mut key = telling.last().map_or_else(|| leaf.clone(), |k| (*k).clone());
    // `_ownerid_value` is the owner's id.
    while key.len() > 2 && key.last().is_some_and(wrapper) {
        key.pop();
    }
    let mut core = without(&key);
    const BARE: [&str; 14] = [
        "id", "name", "type", "code", "number", "amount", "label", "url", "status", "date", "title", "email", "unit",
        "count",
    ];
    if core.len() == 1
        && core.iter().all(|w| BARE.contains(&w.as_str()))
        && telling.len() > 1
        && let Some(before) = telling.get(telling.len() - 2)
    {
        let mut with: Vec<String> = before.iter().filter(|w| !entity.contains(w)).cloned().collect();
        with.extend(core);
        core = with;
    }
    // The address of an email is no place.
    let before = telling.len().checked_sub(2).and_then(|i| telling.get(i));
    if core == ["address"] && before.is_some_and(|k| k.iter().any(|w| w == "email")) {
        core.insert(0, "email".to_owned());
    }
    // A person's title is what they do.
    if core == ["title"] && entity.iter().any(|w| PERSON.contains(&w.as_str())) {
        core.insert(0, "job".to_owned());
    }
    let above: Vec<String> =
        keys.iter().take(keys.len().saturating_sub(1)).flatten().filter(|w| !wrapper(w)).cloned().collect();
    let path: Vec<String> = keys.iter().flatten().cloned().collect();
    let flat: String =
        field.leaf().chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).take(60).collect();
    let joined: String = field
        .keys
        .iter()
        .flat_map(|k| k.chars())
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .take(120)
        .collect();
    let audit = field.keys.len() == 1 && audit(&core);
    let numbers: Vec<String> = path.iter().filter(|w| w.bytes().all(|b| b.is_ascii_digit())).cloned().collect();
    let mut excludes: BTreeMap<u16, u16> = BTreeMap::new();
    for (set, place) in core.iter().filter_map(|w| vocabulary.entry(w)).flat_map(|e| &e.excludes) {
        *excludes.entry(*set).or_default() |= 1 << place.min(&15);
    }
    let end = field
        .description
        .char_indices()
        .map(|(i, c)| i + c.len_utf8())
        .take_while(|i| *i <= MOST_TEXT)
        .last()
        .unwrap_or(0);
    let text = field.description.get(..end).unwrap_or_default();
    let mut described = Vec::new();
    if !text.is_empty() {
        for word in vocabulary.words_of(text).iter().filter(|w| w.len() > 1 && !STOP.contains(&w.as_str())) {
            described.push((shared.meaning(word), 1.0));
        }
    }
    let named: Vec<(u32, f32)> = core.iter().map(|w| (shared.meaning(w), 1.0)).collect();
    let mut told = described.clone();
    told.extend(named.iter().map(|(w, _)| (*w, 2.0)));
    let mut spread = Vec::new();
    for word in &path {
        shared.spread(word, if core.contains(word) { 2.0 } else { 0.7 }, &mut spread);
    }
    for word in vocabulary.words_of(text).iter().filter(|w| w.len() > 1 && !STOP.contains(&w.as_str())) {
        shared.spread(word, 1.0, &mut spread);
    }
    let secondary = core.iter().any(|w| w == "2" || vocabulary.entry(w).is_some_and(|e| e.secondary));
    let counted = core.len() > 1 && (core.iter().any(|w| w == "count") || core.first().is_some_and(|w| w == "num"));
    let values: BTreeSet<u32> =
        field.values.iter().take(MOST_VALUES).map(|v| shared.number(&format!("\u{2}{}", plain(v)))).collect();
    let mut value_words = Vec::new();
    for value in field.values.iter().take(MOST_VALUES).filter(|v| v.bytes().any(|b| b.is_ascii_alphabetic())) {
        for word in vocabulary.words_of(value).iter().filter(|w| !STOP.contains(&w.as_str())).take(12) {
            value_words.push((shared.meaning(word), 1.0));
        }
    }
    let format = field.format.as_ref().map(|f| f.to_lowercase());
    let class = class(field, &core, &leaf);
    let identity = identity(field, entity, &core, &key);
    Prepared {
        trigrams: trigrams(&flat),
        path_trigrams: trigrams(&joined),
        flat,
        initials: if core.len() > 1 { core.iter().filter_map(|w| w.chars().next()).collect() } else { String::new() },
        name: words.all(&leaf),
        core: words.all(&core),
        above: words.all(&above),
        path: words.all(&path),
        key: words.all(&key),
        texts: core,
        audit,
        number: numbers.last().and_then(|n| n.parse().ok()).map_or(0.0, |n: f32| n.min(10.0)),
        numbers,
        excludes: excludes.into_iter().collect(),
        identity,
        named,
        described,
        told,
        spread,
        secondary,
        counted,
        values: values.into_iter().collect(),
        range: range(&field.values),
        shape: shape(&field.values),
        value_words,
        types: field.types,
        format,
        class,
        required: field.required,
        nullable: field.nullable,
        depth: field.keys.len().saturating_sub(1),
        lists: field.lists,
        position: 0.0,
        twins: 1.0,
        group: 0,
    }
}
