//! What a description says about one field, ready to be searched.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use serde_json::Value;

use crate::base::text::words;
use crate::mapping::kind::Kind;
use crate::model::{Schema, SchemaId, Schemas, TypeSet};

/// One side of a pair.
pub(in crate::mapping::typecheck) struct Field<'a> {
    /// Lower-case words of its name.
    pub(super) words: Vec<String>,
    /// Its description, lower-case, without what it denies.
    pub(super) said: Rc<str>,
    /// The description's words, in order; `%` is one.
    pub(super) tokens: Rc<[String]>,
    /// Its schema.
    pub(super) schema: &'a Schema,
    /// What is known about its values.
    pub(super) kind: &'a Kind,
}

impl<'a> Field<'a> {
    /// The field of this name at a schema; for a list, what is said about its items counts too.
    pub(in crate::mapping::typecheck) fn new(schemas: &'a Schemas, id: SchemaId, name: &str, kind: &'a Kind) -> Self {
        let schema = schemas.get(id);
        let mut text = schema.description.clone();
        // A nullable field is often a variant of null and of what the field is.
        let inner = schema.variants.iter().chain(&schema.items).map(|id| schemas.get(*id));
        for inner in inner.take(4) {
            text.push(' ');
            text.push_str(&inner.description);
        }
        let (said, tokens) = read(text);
        Self { words: words(name), said, tokens, schema, kind }
    }

    /// One of these is a word of the name.
    pub(super) fn named(&self, any: &[&str]) -> bool {
        self.words.iter().any(|w| any.contains(&w.as_str()))
    }

    /// The last word of the name is one of these.
    pub(super) fn ends_in(&self, any: &[&str]) -> bool {
        self.words.last().is_some_and(|w| any.contains(&w.as_str()))
    }

    /// The description has one of these phrases.
    pub(super) fn says(&self, any: &[&str]) -> bool {
        any.iter().any(|p| self.said.contains(p))
    }

    /// One of these is a word of the description.
    pub(super) fn says_word(&self, any: &[&str]) -> bool {
        self.tokens.iter().any(|t| any.contains(&t.as_str()))
    }

    /// Its format, empty where it has none.
    pub(super) fn format(&self) -> &str {
        self.kind.format.as_deref().unwrap_or("")
    }

    /// Texts that its values look like: the enum, the example, the default.
    pub(super) fn samples(&self) -> Vec<&str> {
        let values = self.kind.values.iter().flatten();
        let shown = self.schema.example.iter().chain(&self.schema.default).map(|v| &**v);
        values.chain(shown).filter_map(Value::as_str).filter(|s| !s.is_empty()).take(64).collect()
    }

    /// It can only be a number.
    pub(super) fn is_number(&self) -> bool {
        let types = self.kind.types;
        !types.is_any() && TypeSet::NUMBER.allows(types.without(TypeSet::INTEGER).with(TypeSet::NUMBER)) && {
            types.without(TypeSet::NUMBER).without(TypeSet::INTEGER).is_any()
        }
    }

    /// It can only be a text.
    pub(super) fn is_text(&self) -> bool {
        self.kind.types == TypeSet::STRING
    }

    /// It says of itself that it is an instant: a time on the clock of the world.
    pub(super) fn is_instant(&self) -> bool {
        const LAST: [&str; 11] =
            ["at", "timestamp", "ts", "created", "updated", "modified", "epoch", "datetime", "on", "date", "seen"];
        // `created_time` is an instant, `lead_time` is none.
        const BEFORE: [&str; 16] = [
            "created", "create", "creation", "updated", "update", "modified", "changed", "start", "end", "event",
            "sent", "received", "date", "login", "deleted", "begin",
        ];
        let time = match self.words.as_slice() {
            [.., before, last] if last == "time" => BEFORE.contains(&before.as_str()),
            [only] => only == "time",
            _ => false,
        };
        // `last_login_ms`: the unit stands behind what is counted.
        let unit = self.ends_in(&["ms", "millis", "s", "sec", "seconds", "milliseconds"]);
        let name = self.words.split_last().filter(|_| unit).and_then(|(_, rest)| rest.last());
        time || self.named(&["epoch", "timestamp", "unixtime"])
            || self.ends_in(&LAST)
            || name.is_some_and(|w| LAST.contains(&w.as_str()))
            || self.says_word(&["epoch", "unix", "1970", "posix"])
    }
}

/// Words of a text; `%` counts as one.
pub(super) fn tokens(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut word = String::new();
    for c in text.chars() {
        if c.is_alphanumeric() || c == '_' {
            word.push(c);
            continue;
        }
        if !word.is_empty() {
            out.push(std::mem::take(&mut word));
        }
        if c == '%' {
            out.push("%".to_owned());
        }
    }
    if !word.is_empty() {
        out.push(word);
    }
    out
}

/// A description, and what was read of it.
type Known = (String, Rc<str>, Rc<[String]>);

thread_local! {
    /// A rule asks for the same two descriptions several times, one after the other.
    static KNOWN: RefCell<VecDeque<Known>> = const { RefCell::new(VecDeque::new()) };
}

/// What a description says, lower-case, without what it denies; and its words.
fn read(text: String) -> (Rc<str>, Rc<[String]>) {
    const MOST: usize = 4;
    KNOWN.with_borrow_mut(|known| {
        if let Some((_, said, tokens)) = known.iter().find(|(t, ..)| *t == text) {
            return (Rc::clone(said), Rc::clone(tokens));
        }
        let said: Rc<str> = affirmed(&untagged(&unlinked(&text.to_lowercase()))).into();
        let tokens: Rc<[String]> = tokens(&said).into();
        if known.len() == MOST {
            known.pop_front();
        }
        known.push_back((text, Rc::clone(&said), Rc::clone(&tokens)));
        (said, tokens)
    })
}

/// A text without addresses: `codes.html` at the end of one says nothing of the field.
fn unlinked(text: &str) -> std::borrow::Cow<'_, str> {
    if !text.contains("://") {
        return text.into();
    }
    let kept = |part: &str| {
        let at = part.find("http://").or_else(|| part.find("https://"))?;
        let end = part.get(at..)?.find([')', ']', '>', '"', '\'']).map_or(part.len(), |n| at + n);
        Some(format!("{}{}", part.get(..at)?, part.get(end..)?))
    };
    text.split_inclusive(char::is_whitespace).map(|part| kept(part).unwrap_or_else(|| part.to_owned())).collect()
}

/// A text without tags of HTML: the letter in `<b>` is no unit.
fn untagged(text: &str) -> std::borrow::Cow<'_, str> {
    if !text.contains("</") && !text.contains("/>") && !text.contains("<br") {
        return text.into();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('<') {
        out.push_str(before);
        let tag = after.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/');
        match after.split_once('>').filter(|_| tag) {
            Some((_, after)) => {
                out.push(' ');
                rest = after;
            }
            None => {
                out.push('<');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out.into()
}

/// A text without the clauses that deny something: `in seconds, not milliseconds` loses its second half.
fn affirmed(text: &str) -> String {
    const DENIES: [&str; 5] = ["not ", "never ", "instead of ", "rather than ", "unlike "];
    let mut out = String::with_capacity(text.len());
    for clause in text.split_inclusive([',', ';', '.', '(', ')']) {
        let cut = DENIES.iter().filter_map(|d| at_word(clause, d)).min();
        match cut {
            Some(at) => {
                out.push_str(clause.get(..at).unwrap_or_default());
                out.extend(clause.chars().next_back().filter(|c| !c.is_alphanumeric()));
            }
            None => out.push_str(clause),
        }
    }
    out
}

/// Where a phrase begins a word of a text.
fn at_word(text: &str, phrase: &str) -> Option<usize> {
    text.match_indices(phrase).map(|(at, _)| at).find(|at| {
        let before = text.get(..*at).and_then(|t| t.chars().next_back());
        before.is_none_or(|c| !c.is_alphanumeric())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_denied_is_not_said() {
        for (text, want) in [
            ("in seconds, not milliseconds", "in seconds,"),
            ("duration (not in ms) in seconds.", "duration () in seconds."),
            ("a note on knots", "a note on knots"),
            ("cents rather than euros", "cents "),
        ] {
            assert_eq!(affirmed(text).trim(), want.trim(), "{text}");
        }
        assert_eq!(untagged("a <b>price</b>, 3 < 4"), "a  price , 3 < 4");
        assert_eq!(tokens("20% of last_name"), ["20", "%", "of", "last_name"]);
        let linked = "the [code](https://iso.example/codes.html), see http://a.example/x.json or <a href=\"https://b.example\">b</a>";
        assert_eq!(unlinked(linked), "the [code](), see or <a href=\"\">b</a>");
    }
}
