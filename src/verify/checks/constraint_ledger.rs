//! A ledger of constraints says of each how binding it is and who says so, and nobody builds on what was only assumed. Ledgers
//! are tables and lists of documents, and YAML or JSON with the words HARD, SOFT and INFERRED.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;

use crate::base::text::{nearest, quoted};
use crate::base::yaml::{Node, Span};
use crate::finding::{Finding, Location, Severity};
use crate::skill::{Document, Skill, Table};
use crate::verify::formats::{self, Format};
use crate::verify::paths::name_of;
use crate::verify::{Check, Profile, Rule, Subject, template, texts};

const UNLABELLED: Rule = Rule {
    code: "constraint-unlabelled",
    id: "PI042",
    severity: Severity::Error,
    finds: "A constraint of a ledger is none of HARD, SOFT and INFERRED.",
    source: "the procedure: constraints are HARD, SOFT or INFERRED, with their sources",
};
const UNOWNED: Rule = Rule {
    code: "constraint-without-owner",
    id: "PI042",
    severity: Severity::Error,
    finds: "A constraint names nobody who wants it and nothing that states it, in a ledger where others do.",
    source: "the procedure: constraints are HARD, SOFT or INFERRED, with their sources",
};
const UNCONFIRMED: Rule = Rule {
    code: "constraint-unconfirmed",
    id: "PI042",
    severity: Severity::Error,
    finds: "A constraint that was only inferred is built on, and nobody confirmed it.",
    source: "the procedure: confirm INFERRED constraints before acting on them",
};
const UNKNOWN: Rule = Rule {
    code: "constraint-unknown",
    id: "PI042",
    severity: Severity::Error,
    finds: "A document cites a constraint that no ledger of the project has.",
    source: "the procedure: artifacts stay aligned",
};

pub(super) const CHECK: Check =
    Check { rules: &[UNLABELLED, UNOWNED, UNCONFIRMED, UNKNOWN], profile: Profile::Sync, run };

static LABEL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^[\s>]*(?:[-*+]|\d+[.)])\s+(?:\[[ xX]\]\s+)?(?:\*\*|__|`|\[|\()*(HARD|SOFT|INFERRED)\b")
        .expect("a constant pattern")
});
static ITEM: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^(?:[-*+]|\d+[.)])\s+\S").expect("a constant pattern"));
/// A handle such as C-12, CON-04, HC3.
static HANDLE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\b([A-Z]{1,6})-?([0-9]{1,4})\b").expect("a constant pattern"));
static CITED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\bconstraints?\s+`([a-z][a-z0-9]*(?:-[a-z0-9]+)+)`").expect("a constant pattern")
});
/// What says that something is done with it.
static ACTED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)^(?:implemented|applied|enforced|active|in use|in force|done|built|acted(?: (?:on|upon))?|shipped|live|adopted|closed|met|satisfied)\b")
        .expect("a constant pattern")
});
/// What stands for nothing.
static NOTHING: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)^(?:[-–—?.…]*|n/?a|none|nobody|unknown|tbd|todo|open|no|pending|null|false|~)$")
        .expect("a constant pattern")
});

const KINDS: [&str; 3] = ["hard", "soft", "inferred"];
const KIND_KEYS: [&str; 6] = ["kind", "type", "label", "class", "level", "category"];
const OWNER_KEYS: [&str; 13] = [
    "owner",
    "origin",
    "source",
    "sources",
    "clause",
    "stated_by",
    "by",
    "evidence",
    "reference",
    "ref",
    "who",
    "authority",
    "from",
];
const STATE_KEYS: [&str; 3] = ["state", "status", "decision"];
const CONFIRMED_KEYS: [&str; 9] = [
    "confirmed",
    "confirmed_by",
    "confirmedby",
    "confirmation",
    "decided",
    "decided_by",
    "approved_by",
    "approval",
    "settled_by",
];

/// One constraint as a ledger has it.
#[derive(Debug, Default, Clone)]
struct Entry {
    at: Span,
    id: String,
    kind: Option<String>,
    /// Whether it names an owner or a source.
    owner: bool,
    state: Option<String>,
    confirmed: bool,
}

/// A ledger: where it is, and what is in it.
#[derive(Debug)]
struct Ledger {
    file: String,
    entries: Vec<Entry>,
}

fn run(subject: &Subject<'_>) -> Vec<Finding> {
    subject.skills().flat_map(|skill| of(skill, subject)).collect()
}

fn of(skill: &Skill, subject: &Subject<'_>) -> Vec<Finding> {
    let mut ledgers = Vec::new();
    for document in &skill.documents {
        ledgers.extend(document.tables.iter().filter_map(|t| of_table(document, t)));
        ledgers.extend(of_lists(document));
    }
    let mut more: BTreeSet<String> = BTreeSet::new();
    for (path, text) in texts::of(skill, subject) {
        let Some(Format::Json | Format::Yaml) = template::format(path) else { continue };
        if template::has_statements(text) || !text.contains("onstraint") || name_of(path).contains(".schema.") {
            continue;
        }
        let Ok(documents) = formats::yaml(text) else { continue };
        for root in &documents {
            let Some(items) = list_of(root, path) else { continue };
            // A contract of ours is compiled, and judged there.
            if name_of(path) == "integration.yaml" {
                more.extend(items.iter().filter_map(|i| i.get("id")?.as_str()).map(str::to_owned));
            } else if let Some(ledger) = of_data(&subject.project.show(path), items) {
                ledgers.push(ledger);
            }
        }
    }
    let mut out: Vec<Finding> = ledgers.iter().flat_map(judged).collect();
    more.extend(ledgers.iter().flat_map(|l| &l.entries).map(|e| e.id.clone()).filter(|id| !id.is_empty()));
    if !ledgers.is_empty() || !more.is_empty() {
        out.extend(cited(skill, &more));
    }
    out
}

/// What is wrong with the entries of a ledger.
fn judged(ledger: &Ledger) -> Vec<Finding> {
    let mut out = Vec::new();
    let owned = ledger.entries.iter().filter(|e| e.owner).count();
    for entry in &ledger.entries {
        let at = || Location::at(&ledger.file, entry.at);
        let name = if entry.id.is_empty() {
            "a constraint".to_owned()
        } else {
            format!("constraint {}", quoted(&entry.id, 60))
        };
        let kind = entry.kind.as_deref().unwrap_or_default().to_lowercase();
        if !KINDS.contains(&kind.as_str()) {
            let because = if kind.is_empty() {
                format!("{name} does not say whether it is HARD, SOFT or INFERRED")
            } else {
                format!("{name} is \"{}\", which is none of HARD, SOFT and INFERRED", quoted(&kind, 40))
            };
            out.push(
                UNLABELLED
                    .at(at(), because)
                    .near(nearest(&kind, KINDS))
                    .fix("say how binding it is; what nobody stated is INFERRED"),
            );
            continue;
        }
        if kind != "inferred" && !entry.owner {
            let because = format!("{name} is {}, and names neither an owner nor a source", kind.to_uppercase());
            let found = UNOWNED.at(at(), because).fix("name who wants it or what states it; else it is INFERRED");
            // Where no entry does, the ledger may keep that elsewhere.
            out.push(if owned > 0 { found } else { Finding { severity: Severity::Warning, ..found } });
        }
        let state = entry.state.as_deref().unwrap_or_default();
        if kind == "inferred" && ACTED.is_match(state) && !entry.confirmed {
            let because = format!("{name} is INFERRED and \"{}\", and nobody confirmed it", quoted(state, 40));
            out.push(
                UNCONFIRMED
                    .at(at(), because)
                    .fix("ask a person, and write down who said what; until then leave it open"),
            );
        }
    }
    out
}

fn is_nothing(text: &str) -> bool {
    NOTHING.is_match(text.trim().trim_matches(['*', '_', '`']))
}

/// The list of constraints of a file of data.
fn list_of<'n>(root: &'n Node, path: &str) -> Option<&'n [Node]> {
    let named = name_of(path).to_lowercase().contains("constraint");
    let list = root.get("constraints").or_else(|| root.get("constraint_ledger")).or_else(|| root.get("ledger"));
    list.and_then(Node::items).or_else(|| root.items().filter(|_| named))
}

fn of_data(file: &str, items: &[Node]) -> Option<Ledger> {
    let text = |node: &Node, keys: &[&str]| -> Option<String> {
        node.entries()?.iter().find(|e| keys.contains(&e.key.to_lowercase().replace('-', "_").as_str())).and_then(|e| {
            match e.value.to_value() {
                serde_json::Value::String(s) => Some(s),
                serde_json::Value::Null => None,
                other => Some(other.to_string()),
            }
        })
    };
    let there = |node: &Node, keys: &[&str]| text(node, keys).is_some_and(|t| !is_nothing(&t));
    let entries: Vec<Entry> = items
        .iter()
        .filter(|item| item.entries().is_some())
        .map(|item| Entry {
            at: item.at,
            id: text(item, &["id", "name", "key", "handle"]).unwrap_or_default(),
            kind: text(item, &KIND_KEYS).filter(|t| !is_nothing(t)),
            owner: there(item, &OWNER_KEYS),
            state: text(item, &STATE_KEYS),
            confirmed: there(item, &CONFIRMED_KEYS)
                || text(item, &STATE_KEYS).is_some_and(|s| s.to_lowercase().contains("confirm")),
        })
        .collect();
    ledger(file, entries)
}

/// A ledger only where most of it is labelled in these words.
fn ledger(file: &str, entries: Vec<Entry>) -> Option<Ledger> {
    let labelled = entries
        .iter()
        .filter(|e| e.kind.as_deref().is_some_and(|k| KINDS.contains(&k.to_lowercase().as_str())))
        .count();
    (labelled > 0 && labelled * 2 >= entries.len()).then(|| Ledger { file: file.to_owned(), entries })
}

fn of_table(document: &Document, table: &Table) -> Option<Ledger> {
    let plain = |text: &str| text.trim().to_lowercase().replace([' ', '-'], "_");
    let head: Vec<String> = table.head.iter().map(|c| plain(&c.text)).collect();
    let label = |text: &str| {
        let text = text.trim().trim_matches(['*', '_', '`', '[', ']']).to_lowercase();
        KINDS.contains(&text.as_str()).then_some(text)
    };
    let cell =
        |row: &[crate::skill::Cell], at: usize| row.get(at).map(|c| c.text.trim().to_owned()).unwrap_or_default();
    let kind = head.iter().enumerate().find_map(|(i, name)| {
        let named = KIND_KEYS.contains(&name.as_str()) || name.contains("hard") || name.contains("constraint_");
        let labelled = table.rows.iter().filter(|r| label(&cell(r, i)).is_some()).count();
        (named && labelled > 0 && labelled * 2 >= table.rows.len()).then_some(i)
    })?;
    // A table that explains the three words is no ledger.
    let distinct: BTreeSet<String> = table.rows.iter().map(|r| cell(r, kind).to_lowercase()).collect();
    let about =
        |names: &[&str]| head.iter().position(|h| names.iter().any(|n| h == n || h.starts_with(&format!("{n}_"))));
    if kind == 0 && distinct.len() == table.rows.len() && about(&OWNER_KEYS).is_none() {
        return None;
    }
    let id = about(&["id", "constraint_id", "handle", "key", "#"]);
    let (owner, state, confirmed) = (about(&OWNER_KEYS), about(&STATE_KEYS), about(&CONFIRMED_KEYS));
    let entries = table
        .rows
        .iter()
        .map(|row| {
            let state = state.map(|i| cell(row, i));
            Entry {
                at: row.first().map_or(table.at, |c| c.at),
                id: id.map(|i| cell(row, i).trim_matches('`').to_owned()).unwrap_or_default(),
                kind: Some(cell(row, kind)).filter(|t| !is_nothing(t)).map(|t| label(&t).unwrap_or(t)),
                // Without such a column it is not asked for.
                owner: owner.is_none_or(|i| !is_nothing(&cell(row, i))),
                confirmed: confirmed.is_some_and(|i| !is_nothing(&cell(row, i)))
                    || state.as_ref().is_some_and(|s| s.to_lowercase().contains("confirm")),
                state,
            }
        })
        .collect();
    ledger(&document.file, entries)
}

/// Lists below a heading that speaks of constraints, most items of which are labelled.
fn of_lists(document: &Document) -> Vec<Ledger> {
    let mut out = Vec::new();
    for (i, section) in document.sections.iter().enumerate() {
        if !section.title.to_lowercase().contains("constraint") {
            continue;
        }
        let end = document.sections.get(i + 1).map_or(document.text.len(), |s| s.range.start);
        let mut entries: Vec<Entry> = Vec::new();
        let mut at = section.range.end;
        for line in document.text.get(at..end).unwrap_or_default().split_inclusive('\n') {
            let place = at;
            at += line.len();
            if !ITEM.is_match(line) || document.blocks.iter().any(|b| b.range.contains(&place)) {
                continue;
            }
            let lower = line.to_lowercase();
            let kind = LABEL.captures(line).and_then(|c| c.get(1)).map(|m| m.as_str().to_owned());
            // What comes first in capitals where the others have their label.
            let owner = ["owner", "source", "origin", "stated by", "according to", "http", "]("]
                .iter()
                .any(|w| lower.contains(w));
            let confirmed = lower.contains("confirmed by") || lower.contains("confirmed:");
            let acted = ["implemented", "enforced", "applied"]
                .iter()
                .find(|w| lower.contains(&format!("({w}")) || lower.contains(&format!("status: {w}")));
            entries.push(Entry {
                at: document.place(place),
                kind,
                owner,
                confirmed,
                state: acted.map(|w| (*w).to_owned()),
                ..Entry::default()
            });
        }
        // Owners are asked for only where the list names them.
        let owned = entries.iter().filter(|e| e.owner).count();
        let asks = owned > 0 && owned * 2 >= entries.len();
        if !asks {
            entries.iter_mut().for_each(|e| e.owner = true);
        }
        let labelled = entries.iter().filter(|e| e.kind.is_some()).count();
        if labelled >= 2 && labelled * 3 >= entries.len() * 2 {
            out.extend(ledger(&document.file, entries));
        }
    }
    out
}

/// Handles that documents cite and no ledger has.
fn cited(skill: &Skill, known: &BTreeSet<String>) -> Vec<Finding> {
    let mut out = Vec::new();
    // Prefixes of handles that ledgers use: `C` of C-1, C-2.
    let parts = |id: &str| {
        HANDLE
            .captures(id)
            .filter(|c| c.get(0).is_some_and(|m| m.as_str() == id))
            .and_then(|c| Some((c.get(1)?.as_str().to_owned(), id.contains('-'))))
    };
    let prefixes: BTreeSet<(String, bool)> = known.iter().filter_map(|id| parts(id)).collect();
    for document in &skill.documents {
        let mut said = BTreeSet::new();
        for (start, line) in texts::lines(&document.prose) {
            // Code is blanked in prose: handles are often written as code.
            let line = document.text.get(start..start + line.len()).unwrap_or(line);
            if document.blocks.iter().any(|b| b.range.contains(&start)) {
                continue;
            }
            let handles = HANDLE.captures_iter(line).filter_map(|c| {
                let whole = c.get(0)?;
                let prefix = (c.get(1)?.as_str().to_owned(), whole.as_str().contains('-'));
                let speaks = line.to_lowercase().contains("constraint")
                    || line.to_lowercase().contains("hard")
                    || prefix.0.len() > 1;
                (prefixes.contains(&prefix) && speaks).then_some((whole.start(), whole.as_str()))
            });
            let named = CITED.captures_iter(line).filter_map(|c| c.get(1)).map(|m| (m.start(), m.as_str()));
            for (at, id) in handles.chain(named) {
                if known.contains(id) || !said.insert(id.to_owned()) {
                    continue;
                }
                let near = nearest(id, known.iter().map(String::as_str));
                let because = format!("no ledger has constraint {}", quoted(id, 60));
                let found = UNKNOWN.in_document(document, document.place(start + at), because).near(near);
                out.push(found.fix("name a constraint of the ledger, or put it in"));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Vec<(&'static str, u32)> {
        let document = Document::parse("a.md", "a.md", text);
        let ledgers = document.tables.iter().filter_map(|t| of_table(&document, t)).chain(of_lists(&document));
        ledgers.collect::<Vec<_>>().iter().flat_map(judged).map(|f| (f.code, f.location.at.line)).collect()
    }

    #[test]
    fn what_a_ledger_leaves_open_is_found_in_tables_and_lists() {
        let table = "| id | kind | says | owner | status |\n|---|---|---|---|---|\n| C-1 | HARD | a | crm docs | open |\n| C-2 | SOFT | b | sales | open |\n| C-3 | INFERRED | c | | open |\n";
        assert_eq!(said(table), []);
        assert_eq!(said(&table.replace("| SOFT |", "|  |")), [("constraint-unlabelled", 4)]);
        assert_eq!(said(&table.replace("| SOFT |", "| NICE |")), [("constraint-unlabelled", 4)]);
        assert_eq!(said(&table.replace("| sales |", "| TBD |")), [("constraint-without-owner", 4)]);
        assert_eq!(said(&table.replace("| c | | open |", "| c | | implemented |")), [("constraint-unconfirmed", 5)]);
        assert_eq!(said(&table.replace("| c | | open |", "| c | | confirmed by ops |")), []);
        let words = "| kind | means |\n|---|---|\n| HARD | a system states it |\n| SOFT | somebody wants it |\n| INFERRED | assumed |\n";
        assert_eq!(said(words), [], "what the words mean is no ledger");
        let list = "## Constraints\n\n- HARD: a (source: docs)\n- **SOFT** b (owner: sales)\n- INFERRED: c\n";
        assert_eq!(said(list), []);
        assert_eq!(said(&format!("{list}- d\n")), [("constraint-unlabelled", 6)]);
        assert_eq!(said(&format!("{list}- HARD: d\n")), [("constraint-without-owner", 6)]);
        assert_eq!(said("## Constraints\n- be quick\n- HARD: a\n- write less\n"), [], "most are not labelled");
    }

    #[test]
    fn a_ledger_of_data_is_read_like_a_table() {
        let of = |text: &str| {
            let root = formats::yaml(text).expect("YAML");
            let items = list_of(&root[0], "constraints.yaml").expect("a list");
            of_data("c", items)
                .map_or_else(Vec::new, |l| judged(&l).iter().map(|f| (f.code, f.location.at.line)).collect())
        };
        let good = "constraints:\n  - {id: a, kind: hard, origin: x}\n  - {id: b, kind: soft, owner: y}\n  - {id: c, kind: inferred}\n";
        assert_eq!(of(good), []);
        assert_eq!(of(&good.replace(", owner: y", "")), [("constraint-without-owner", 3)]);
        assert_eq!(of(&good.replace("kind: soft, ", "")), [("constraint-unlabelled", 3)]);
        assert_eq!(
            of(&good.replace("kind: inferred", "kind: inferred, status: implemented")),
            [("constraint-unconfirmed", 4)]
        );
        assert_eq!(of(&good.replace("kind: inferred", "kind: inferred, status: implemented, confirmed_by: ops")), []);
        assert_eq!(of("constraints:\n  - {id: a, kind: range}\n"), [], "another meaning of the word");
    }
}
