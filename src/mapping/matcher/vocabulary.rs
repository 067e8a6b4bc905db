//! Words that mean the same in API field names.

use crate::base::text::{singular, words};

/// Each line is one meaning; the first word stands for all.
const SAME: [&[&str]; 44] = [
    &["id", "identifier", "uuid", "guid", "uid", "gid", "pk", "sid"],
    &["remote", "external", "foreign", "ext", "origin"],
    &["email", "mail"],
    &["phone", "telephone", "tel", "mobile", "cell"],
    &["first", "given", "forename", "firstname"],
    &["last", "family", "surname", "lastname"],
    &["middle", "middlename"],
    &["name", "title", "label", "display", "fullname", "subject", "displayname"],
    &["zip", "postal", "postcode", "zipcode", "postalcode"],
    &["city", "town", "locality", "municipality"],
    &["state", "region", "province", "county", "subdivision"],
    &["country", "nation"],
    &["street", "line", "address1", "line1", "street1", "addr"],
    &["company", "organization", "organisation", "org", "business", "employer", "account", "vendor"],
    &["customer", "client", "contact", "person", "buyer", "payer"],
    &["employee", "worker", "staff", "member", "agent"],
    &["owner", "assignee", "assigned", "responsible", "user"],
    &["created", "creation", "create", "inserted", "added", "opened"],
    &["updated", "modified", "changed", "update", "edited", "modification"],
    &["closed", "completed", "resolved", "finished", "done"],
    &["deleted", "removed", "archived"],
    &["start", "begin", "from", "started", "begins"],
    &["end", "finish", "to", "until", "ended", "stop"],
    &["due", "deadline"],
    &["date", "time", "at", "on", "timestamp", "datetime", "when"],
    &["status", "stage", "phase", "lifecycle"],
    &["type", "kind", "category", "class", "classification"],
    &["description", "body", "content", "text", "details", "summary", "message", "comment", "note", "memo", "remark"],
    &["amount", "total", "sum", "value"],
    &["price", "cost", "rate", "fee"],
    &["balance", "outstanding"],
    &["quantity", "qty", "count", "units"],
    &["currency", "iso4217"],
    &["url", "link", "uri", "href", "website", "web", "site", "homepage", "permalink"],
    &["domain", "host"],
    &["image", "avatar", "picture", "photo", "logo", "thumbnail"],
    &["language", "locale", "lang"],
    &["gender", "sex"],
    &["birth", "birthday", "dob", "birthdate"],
    &["tag", "labels", "keyword"],
    &["number", "no", "num", "nr", "reference", "ref", "code"],
    &["active", "enabled", "live"],
    &["priority", "urgency", "severity", "importance"],
    &["parent", "super"],
];

/// Words that say little: they weigh a fifth.
const WEAK: [&str; 24] = [
    "the",
    "of",
    "a",
    "an",
    "field",
    "attribute",
    "property",
    "data",
    "info",
    "information",
    "object",
    "item",
    "is",
    "has",
    "value",
    "address",
    "number",
    "date",
    "original",
    "raw",
    "primary",
    "current",
    "remote",
    "default",
];

/// Lower-case singular words of a name, each replaced by the word that stands for its meaning.
pub(super) fn meaning(name: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for word in words(name).iter().map(|w| singular(w)) {
        let word = SAME
            .iter()
            .find(|m| m.contains(&word.as_str()))
            .and_then(|m| m.first())
            .map_or(word.clone(), |w| (*w).to_owned());
        if !out.contains(&word) {
            out.push(word);
        }
    }
    out
}

/// Words that many fields of one schema share: they weigh half.
const COMMON: [&str; 8] = ["id", "type", "name", "status", "url", "description", "owner", "active"];

/// How much a word counts.
pub(super) fn weight(word: &str) -> f64 {
    if WEAK.contains(&word) || word == "last" {
        0.2
    } else if COMMON.contains(&word) {
        0.5
    } else {
        1.0
    }
}

/// Nothing but words that many fields share: what is above them tells them apart.
pub(super) fn common(words: &[String]) -> bool {
    words.iter().all(|w| weight(w) < 1.0)
}

/// How alike two words are: the same, one the beginning of the other, or a slip apart.
pub(super) fn alike(a: &str, b: &str) -> f64 {
    if a == b {
        return 1.0;
    }
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    if short.len() >= 3 && long.starts_with(short) {
        return 0.8;
    }
    if short.len() >= 4 && long.contains(short) {
        return 0.7;
    }
    let near = strsim::jaro_winkler(a, b);
    if near >= 0.92 && short.len() >= 4 { near * 0.85 } else { 0.0 }
}
