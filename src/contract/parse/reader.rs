//! Reads one mapping against its table, and single values against their shape. Every complaint is a finding with a
//! place; reading goes on after each.

use serde_json::Value;

use super::scalar;
use crate::base::text::{nearest, quoted};
use crate::base::yaml::{Entry, Kind, Node, Span, Spanned};
use crate::contract::Rate;
use crate::contract::keys::{Shape, Table};
use crate::finding::{Finding, Location};

/// Collects findings on the way through the file.
pub(super) struct Reader<'a> {
    pub(super) file: &'a str,
    pub(super) findings: Vec<Finding>,
}

/// One mapping whose keys were checked.
pub(super) struct Fields<'n> {
    node: &'n Node,
    table: &'static Table,
    /// `flows.contacts.source`; empty at the root.
    path: String,
    /// Where it stands.
    pub(super) at: Span,
}

impl<'n> Fields<'n> {
    /// The value under a key.
    pub(super) fn node(&self, key: &str) -> Option<&'n Node> {
        self.node.get(key)
    }

    /// The path of a key below this mapping.
    pub(super) fn path(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    fn words(&self, key: &str) -> (&'static [&'static str], &'static [(&'static str, &'static str)]) {
        match self.table.key(key).map(|k| k.shape) {
            Some(Shape::Word(now, later)) => (now, later),
            Some(Shape::WordOr(now, _)) => (now, &[]),
            _ => (&[], &[]),
        }
    }
}

impl Reader<'_> {
    pub(super) fn error(&mut self, code: &'static str, at: Span, message: String, fix: String) {
        self.findings.push(Finding::error(code, Location::at(self.file, at), message).fix(fix));
    }

    fn wrong_type(&mut self, node: &Node, path: &str, want: &str, fix: &str) {
        let path = shown(path);
        let fix = if fix.is_empty() { format!("write {want}") } else { fix.to_owned() };
        self.error("wrong-type", node.at, format!("{path} must be {want}, is {}", node.kind_name()), fix);
    }

    fn bad_value(&mut self, node: &Node, path: &str, text: &str, want: &str) {
        let (path, text) = (shown(path), quoted(text, 60));
        self.error("bad-value", node.at, format!("{path} is \"{text}\", which is not {want}"), format!("write {want}"));
    }

    /// The entries of a mapping, or a finding.
    pub(super) fn entries<'n>(&mut self, node: &'n Node, path: &str, want: &str) -> Option<&'n [Entry]> {
        if let Some(entries) = node.entries() {
            return Some(entries);
        }
        self.wrong_type(node, path, want, "");
        None
    }

    /// Checks the keys of a mapping against its table: unknown, missing, exclusive, not in this release.
    pub(super) fn fields<'n>(&mut self, node: &'n Node, table: &'static Table, path: &str) -> Option<Fields<'n>> {
        let accepted: Vec<&str> = table.accepted().collect();
        let Some(entries) = node.entries() else {
            self.wrong_type(node, path, "a mapping", &format!("its keys are {}", accepted.join(", ")));
            return None;
        };
        let inside = if path.is_empty() { "the contract".to_owned() } else { shown(path) };
        for entry in entries {
            match table.key(&entry.key).map(|k| k.shape) {
                Some(Shape::Later(instead)) => self.error(
                    "not-in-this-release",
                    entry.key_at,
                    format!("{inside} has \"{}\", which this release does not run", entry.key),
                    instead.to_owned(),
                ),
                Some(_) => {}
                None => {
                    let list = format!("accepted keys: {}", accepted.join(", "));
                    let fix = nearest(&entry.key, accepted.iter().copied())
                        .map_or_else(|| list.clone(), |n| format!("did you mean \"{n}\"? {list}"));
                    let key = quoted(&entry.key, 60);
                    self.error("unknown-key", entry.key_at, format!("{inside} has no key \"{key}\""), fix);
                }
            }
        }
        for key in table.keys.iter().filter(|k| k.required && node.get(k.name).is_none()) {
            self.error(
                "missing-key",
                node.at,
                format!("{inside} lacks the key \"{}\"", key.name),
                format!("add {}: {}", key.name, lower_first(key.doc)),
            );
        }
        if !table.any_of.is_empty() && table.any_of.iter().all(|k| node.get(k).is_none()) {
            let all = table.any_of.join(" or ");
            let fix = table
                .any_of
                .first()
                .and_then(|k| table.key(k))
                .map_or_else(String::new, |key| format!("add {}: {}", key.name, lower_first(key.doc)));
            self.error("missing-key", node.at, format!("{inside} lacks {all}"), fix);
        }
        let present: Vec<&str> = table.one_of.iter().copied().filter(|k| node.get(k).is_some()).collect();
        if !table.one_of.is_empty() && present.len() != 1 {
            let all = table.one_of.join(", ");
            if present.is_empty() {
                self.error("missing-key", node.at, format!("{inside} lacks one of {all}"), format!("add one of {all}"));
            } else {
                let message = format!("{inside} has {} together", present.join(" and "));
                self.error("exclusive-keys", node.at, message, format!("keep exactly one of {all}"));
            }
        }
        Some(Fields { node, table, path: path.to_owned(), at: node.at })
    }

    /// Text under a key.
    pub(super) fn text(&mut self, f: &Fields<'_>, key: &str) -> Option<Spanned<String>> {
        let node = f.node(key)?;
        self.plain_text(node, &f.path(key))
    }

    /// A node as text that is not empty.
    pub(super) fn plain_text(&mut self, node: &Node, path: &str) -> Option<Spanned<String>> {
        match &node.kind {
            Kind::String(s) if s.trim().is_empty() => {
                self.error("bad-value", node.at, format!("{} is empty", shown(path)), "write text".to_owned());
                None
            }
            Kind::String(s) => Some(Spanned::new(s.clone(), node.at)),
            Kind::Number(_) | Kind::Bool(_) => {
                self.wrong_type(node, path, "text", "put it in quotes");
                None
            }
            _ => {
                self.wrong_type(node, path, "text", "");
                None
            }
        }
    }

    /// Name of a header under a key.
    pub(super) fn header(&mut self, f: &Fields<'_>, key: &str) -> Option<Spanned<String>> {
        let text = self.text(f, key)?;
        if !scalar::header(&text) {
            let node = f.node(key)?;
            self.bad_value(node, &f.path(key), &text, "the name of a header, like X-Signature");
        }
        Some(text)
    }

    /// Kebab-case text under a key.
    pub(super) fn kebab(&mut self, f: &Fields<'_>, key: &str) -> Option<Spanned<String>> {
        let text = self.text(f, key)?;
        if !scalar::kebab(&text) {
            let node = f.node(key)?;
            self.bad_value(node, &f.path(key), &text, "kebab-case, like billing-to-crm");
        }
        Some(text)
    }

    /// The name of a system or flow.
    pub(super) fn handle(&mut self, entry: &Entry, path: &str) {
        if !scalar::handle(&entry.key) {
            let message = format!("{} is not a name", shown(path));
            let fix = "use letters, digits, hyphens and underscores".to_owned();
            self.error("bad-value", entry.key_at, message, fix);
        }
    }

    /// Milliseconds under a key.
    pub(super) fn duration(&mut self, f: &Fields<'_>, key: &str) -> Option<u64> {
        let node = f.node(key)?;
        let want = "a duration: 500ms, 10s, 5m or 1h";
        match &node.kind {
            Kind::String(s) => {
                let ms = scalar::duration(s.trim());
                if ms.is_none() {
                    self.bad_value(node, &f.path(key), s, want);
                }
                ms
            }
            Kind::Number(n) => {
                self.wrong_type(node, &f.path(key), want, &format!("add a unit: {n}s or {n}ms"));
                None
            }
            _ => {
                self.wrong_type(node, &f.path(key), want, "");
                None
            }
        }
    }

    /// A rate under a key.
    pub(super) fn rate(&mut self, f: &Fields<'_>, key: &str) -> Option<Spanned<Rate>> {
        let node = f.node(key)?;
        let want = "a rate: requests per time, like 100/10s";
        let Kind::String(s) = &node.kind else {
            self.wrong_type(node, &f.path(key), want, "");
            return None;
        };
        let rate = scalar::rate(s.trim());
        if rate.is_none() {
            self.bad_value(node, &f.path(key), s, want);
        }
        rate.map(|r| Spanned::new(r, node.at))
    }

    /// A whole number under a key, within the bounds of the table.
    pub(super) fn count(&mut self, f: &Fields<'_>, key: &str) -> Option<u64> {
        let node = f.node(key)?;
        let Some(Shape::Count(low, high)) = f.table.key(key).map(|k| k.shape) else { return None };
        let want = format!("a whole number from {low} to {high}");
        let Kind::Number(n) = &node.kind else {
            self.wrong_type(node, &f.path(key), &want, "");
            return None;
        };
        let count = n.to_string().parse::<u64>().ok().filter(|c| (low..=high).contains(c));
        if count.is_none() {
            self.bad_value(node, &f.path(key), &n.to_string(), &want);
        }
        count
    }

    /// A percentage under a key.
    pub(super) fn percent(&mut self, f: &Fields<'_>, key: &str) -> Option<f64> {
        let node = f.node(key)?;
        let want = "a percentage from 0 to 100, like 99.9";
        let Kind::Number(n) = &node.kind else {
            self.wrong_type(node, &f.path(key), want, "");
            return None;
        };
        let percent = n.as_f64().filter(|p| (0.0..=100.0).contains(p));
        if percent.is_none() {
            self.bad_value(node, &f.path(key), &n.to_string(), want);
        }
        percent
    }

    /// `true` or `false` under a key.
    pub(super) fn flag(&mut self, f: &Fields<'_>, key: &str) -> Option<bool> {
        let node = f.node(key)?;
        if let Kind::Bool(b) = node.kind {
            return Some(b);
        }
        self.wrong_type(node, &f.path(key), "true or false", "");
        None
    }

    /// One of the table's words under a key; a word of a later release is told apart from a wrong one.
    pub(super) fn word(&mut self, f: &Fields<'_>, key: &str) -> Option<&'static str> {
        let node = f.node(key)?;
        let (now, later) = f.words(key);
        let want = format!("one of {}", now.join(", "));
        let Kind::String(s) = &node.kind else {
            self.wrong_type(node, &f.path(key), &want, "");
            return None;
        };
        if let Some(word) = now.iter().find(|w| *w == s) {
            return Some(word);
        }
        if let Some((word, instead)) = later.iter().find(|(w, _)| w == s) {
            let message = format!("{} is {word}, which this release does not run", shown(&f.path(key)));
            self.error("not-in-this-release", node.at, message, (*instead).to_owned());
            return None;
        }
        let near = nearest(s, now.iter().copied()).map_or_else(String::new, |n| format!("did you mean \"{n}\"? "));
        let (path, text) = (shown(&f.path(key)), quoted(s, 60));
        self.error(
            "bad-value",
            node.at,
            format!("{path} is \"{text}\""),
            format!("{near}accepted values: {}", now.join(", ")),
        );
        None
    }

    /// A list of texts under a key; empty where the key is not there.
    pub(super) fn texts(&mut self, f: &Fields<'_>, key: &str) -> Vec<Spanned<String>> {
        let Some(node) = f.node(key) else { return Vec::new() };
        let Some(items) = node.items() else {
            self.wrong_type(node, &f.path(key), "a list of texts", "write [a, b]");
            return Vec::new();
        };
        let path = f.path(key);
        items.iter().enumerate().filter_map(|(i, item)| self.plain_text(item, &format!("{path}[{i}]"))).collect()
    }

    /// Name to scalar under a key; empty where the key is not there.
    pub(super) fn scalars(&mut self, f: &Fields<'_>, key: &str) -> Vec<(Spanned<String>, Value)> {
        let Some(node) = f.node(key) else { return Vec::new() };
        let path = f.path(key);
        let mut out = Vec::new();
        for entry in self.entries(node, &path, "a mapping of names to values").unwrap_or_default() {
            match entry.value.kind {
                Kind::String(_) | Kind::Number(_) | Kind::Bool(_) => {
                    out.push((Spanned::new(entry.key.clone(), entry.key_at), entry.value.to_value()));
                }
                Kind::Null | Kind::Seq(_) | Kind::Map(_) => {
                    let path = format!("{path}.{}", entry.key);
                    self.wrong_type(&entry.value, &path, "text, a number, true or false", "");
                }
            }
        }
        out
    }
}

/// A path of keys as it is shown: keys come from the file, so they are bounded and cleaned.
fn shown(path: &str) -> String {
    quoted(path, 120)
}

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    let rest: String = chars.by_ref().skip(1).collect();
    let first = text.chars().next().map(|c| c.to_lowercase().to_string()).unwrap_or_default();
    let out = format!("{first}{rest}");
    out.trim_end_matches('.').to_owned()
}
