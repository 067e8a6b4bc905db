//! A key that says something of the record instead of naming it.

use super::key_identifies_nothing::shared;
use super::key_may_change::{CHANGED, IDS};
use super::nature::of_field;
use super::told::{Field, UNIQUE, leaf, says};
use super::{Check, Subject};
use crate::base::text::{quoted, singular, words};
use crate::contract::Flow;
use crate::finding::{Finding, Severity};

pub(super) static CHECK: Check = Check {
    code: "key-not-unique",
    summary: "source.key is an amount, a quantity, a place, a kind, or the id of another thing: records share it, and the second is taken \
              for the first.",
    severity: Severity::Error,
    run,
};

/// Last words of names of what names a record in practice.
const NAMES: [&str; 68] = [
    "id",
    "uuid",
    "guid",
    "gid",
    "uid",
    "sid",
    "oid",
    "key",
    "code",
    "number",
    "no",
    "nr",
    "num",
    "sku",
    "ean",
    "gtin",
    "upc",
    "isbn",
    "asin",
    "mpn",
    "iban",
    "vin",
    "imei",
    "ref",
    "reference",
    "slug",
    "handle",
    "username",
    "login",
    "domain",
    "hostname",
    "host",
    "url",
    "uri",
    "link",
    "href",
    "token",
    "hash",
    "digest",
    "serial",
    "barcode",
    "identifier",
    "path",
    "urn",
    "symbol",
    "ticker",
    "isin",
    "lei",
    "vat",
    "duns",
    "ssn",
    "passport",
    "issn",
    "doi",
    "orcid",
    "msisdn",
    "iccid",
    "mac",
    "ip",
    "fqdn",
    "sub",
    "arn",
    "dn",
    "upn",
    "plate",
    "filename",
    "permalink",
    "shortcode",
];
/// Words before `id` that make no other thing of it.
const OWN: [&str; 17] = [
    "external", "legacy", "public", "display", "global", "internal", "unique", "own", "record", "object", "client",
    "remote", "source", "natural", "document", "resource", "graphql",
];

fn run(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    for flow in subject.contract.flows.values() {
        let key = &flow.source.key;
        let found = subject.source_fields(flow, key).into_iter().find_map(|f| {
            let (what, sure) = judged(subject, flow, &f)?;
            Some((what, sure, beside(&f, key), f.pointer()))
        });
        let Some((what, sure, id, pointer)) = found else { continue };
        let has = id.as_ref().map_or_else(String::new, |id| format!(", and the record has {id}"));
        let message = format!("the key {} is {what}{has}", quoted(key, 60));
        let fix = match id {
            Some(id) => format!("write key: {id}; or, where each record has its own, say so in an inferred constraint: it is unique"),
            None => "choose the field that identifies the record; or, where each record has its own, say so in an inferred constraint"
                .to_owned(),
        };
        let finding = if sure {
            subject.error(&CHECK, key.at, message)
        } else {
            subject.warning(&CHECK, key.at, message).sure(0.75)
        };
        out.push(finding.fix(fix).because_of(pointer));
    }
}

/// Why many records may share the key, and whether that is certain.
fn judged(subject: &Subject<'_>, flow: &Flow, f: &Field<'_>) -> Option<(String, bool)> {
    let path = flow.source.key.as_str();
    let name = words(leaf(path));
    let last = name.last()?.as_str();
    // Reported as that by others.
    let missing = f.kind.nullable || f.kind.optional;
    if missing || shared(&f.kind, leaf(path)).is_some() || CHANGED.contains(&last) {
        return None;
    }
    if says(f.description(), &UNIQUE) || subject.constraint_says(flow, &flow.source.system, &UNIQUE, &name) {
        return None;
    }
    let record = f.system.schemas.get(f.record);
    let entities = f.system.entities.values().filter(|e| e.schema == Some(f.record)).map(|e| &e.name);
    let about: Vec<String> = record.name.iter().chain(entities).flat_map(|n| words(n)).map(|w| singular(&w)).collect();
    let id = beside(f, path);
    if let Some(what) = of_field(f, leaf(path)).filter(|_| !name.iter().any(|w| about.contains(&singular(w)))) {
        return Some((format!("{what}, which many records share"), id.is_some()));
    }
    id.as_ref()?;
    // Where one is asked for by it, it names the record.
    let named = |e: &crate::model::Entity| e.schema == Some(f.record) && e.key.as_deref() == Some(path);
    if f.system.entities.values().any(named) {
        return None;
    }
    if last == "id" {
        let thing: Vec<String> = name.iter().take(name.len() - 1).map(|w| singular(w)).collect();
        let other = !thing.is_empty()
            && !thing.iter().any(|w| about.contains(w) || OWN.contains(&w.as_str()))
            && (f.system.entities.contains_key(&thing.join("_"))
                || says(f.description(), &["id of the", "belongs to", "reference to", "who ", "whose "]));
        return other.then(|| (format!("the id of another thing ({})", thing.join(" ")), false));
    }
    // `isbn13` is an `isbn`.
    let bare = last.trim_end_matches(|c: char| c.is_ascii_digit());
    let told = ["identif", "primary key", "natural key", "given once", "names the", "names one", "never used again"];
    (!NAMES.contains(&bare) && !says(f.description(), &told))
        .then(|| ("a field that nothing says is unique".to_owned(), false))
}

/// The id of the record, where it is another field.
pub(super) fn beside(f: &Field<'_>, key: &str) -> Option<String> {
    let own = || {
        let name = f.system.schemas.get(f.record).name.as_ref()?;
        let wanted = [words(name), vec!["id".to_owned()]].concat();
        f.system.schemas.properties(f.record).keys().find(|n| words(n) == wanted).map(str::to_owned)
    };
    let known = IDS
        .into_iter()
        .filter(|id| *id != "key")
        .find(|id| Field::of(f.system, f.record, id).is_some_and(|f| !f.kind.nullable));
    known.map(str::to_owned).or_else(own).filter(|id| id != key)
}
