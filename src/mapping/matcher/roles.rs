//! What a field is for: an id and whose, a time, money, a flag; as name, type and format tell.

use super::alike::alike;
use super::field::Field;
use super::prepare::Prepared;
use super::words::Vocabulary;
use crate::model::TypeSet;

/// What a value is for, as name, type and format tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Class {
    None,
    Identity,
    Email,
    Phone,
    Url,
    Time,
    Money,
    Flag,
    Count,
    Text,
    Kind,
}

/// Where no field is plainly the record's own id: the outer one that is named like the record, or the first.
pub(super) fn own_id(fields: &mut [Prepared], entity: &[String]) {
    if fields.iter().any(|f| f.identity == 1.0) {
        return;
    }
    let vocabulary = Vocabulary::get();
    let like = |f: &Prepared| {
        let near = |w: &String| entity.iter().any(|e| alike((w, vocabulary.entry(w)), (e, vocabulary.entry(e))) >= 0.5);
        f.texts.iter().any(near)
    };
    let outer = |f: &Prepared| f.identity == 2.0 && f.depth == 0;
    let at = fields
        .iter()
        .position(|f| outer(f) && like(f))
        .or_else(|| fields.iter().position(|f| outer(f) && f.position < 0.1));
    if let Some(f) = at.and_then(|i| fields.get_mut(i)) {
        f.identity = 1.0;
    }
}

/// 0 no id, 1 the record's own, 2 another record's, 3 the id that it has elsewhere.
pub(super) fn identity(field: &Field, entity: &[String], core: &[String], leaf: &[String]) -> f32 {
    let is = |w: &String| {
        Vocabulary::get()
            .entry(w)
            .zip(Vocabulary::get().entry("id"))
            .is_some_and(|(a, b)| a.same.iter().any(|l| b.same.contains(l)))
    };
    if !leaf.last().is_some_and(is) {
        return 0.0;
    }
    if leaf.iter().any(|w| w == "remote" || w == "external" || w == "foreign") {
        return 3.0;
    }
    let outer = field.keys.len() <= 1 || core.len() == 1;
    if outer && leaf.iter().all(|w| is(w) || entity.contains(w) || w == "object" || w == "record" || w.len() <= 2) {
        1.0
    } else {
        2.0
    }
}

pub(super) fn audit(core: &[String]) -> bool {
    let vocabulary = Vocabulary::get();
    let means = |w: &String, what: &[&str]| {
        what.iter().any(|o| {
            vocabulary.entry(w).zip(vocabulary.entry(o)).is_some_and(|(a, b)| a.same.iter().any(|l| b.same.contains(l)))
        })
    };
    core.iter().any(|w| means(w, &["created", "updated"]))
        && core.iter().all(|w| means(w, &["created", "updated", "date", "last"]))
}

pub(super) fn class(field: &Field, core: &[String], leaf: &[String]) -> Class {
    match field.format.as_deref() {
        Some("email") => return Class::Email,
        Some("uri" | "url") => return Class::Url,
        Some("date" | "date-time" | "time" | "timestamp") => return Class::Time,
        Some("uuid") => return Class::Identity,
        Some("phone") => return Class::Phone,
        _ => {}
    }
    if field.types == TypeSet::BOOLEAN {
        return Class::Flag;
    }
    let last = core.last().map_or("", String::as_str);
    let any = |words: &[&str]| core.iter().any(|w| words.contains(&w.as_str()));
    if matches!(leaf.first().map(String::as_str), Some("is" | "has" | "can")) {
        Class::Flag
    } else if matches!(last, "id" | "uuid" | "guid" | "gid" | "key" | "uid") {
        Class::Identity
    } else if any(&["email", "mail"]) {
        Class::Email
    } else if any(&["phone", "fax", "mobile", "telephone"]) {
        Class::Phone
    } else if any(&["url", "link", "uri", "href", "website"]) {
        Class::Url
    } else if matches!(last, "at" | "date" | "time" | "on" | "datetime" | "timestamp" | "deadline")
        || any(&["date", "timestamp", "datetime"])
    {
        Class::Time
    } else if any(&[
        "price", "amount", "cost", "revenue", "tax", "discount", "subtotal", "balance", "salary", "fee", "total",
    ]) {
        Class::Money
    } else if any(&["quantity", "count", "number", "size", "weight", "duration", "score", "age"]) {
        Class::Count
    } else if any(&["description", "body", "content", "note", "comment", "message", "html"]) {
        Class::Text
    } else if any(&["status", "state", "stage", "type", "kind", "category", "priority"]) {
        Class::Kind
    } else {
        Class::None
    }
}
