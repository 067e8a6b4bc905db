//! Value tables that stand in files of their own: `values: {file: codes.csv, from: COLUMN, to: COLUMN, sha256: DIGEST}`. The
//! contract holds the digest of each, so that who approves the contract approves the tables, and a changed table is seen.

use super::Contract;
use crate::base::csv;
use crate::base::digest::Digest;
use crate::base::text::{did_you_mean, quoted};
use crate::base::yaml::{Entry, Kind, Node, Span};
use crate::finding::{Finding, Location};

/// Largest file, in bytes.
pub const MOST_BYTES: u64 = 4 << 20;
/// Most rows of a table.
const MOST_ROWS: usize = 100_000;

/// The keys of a table in a file.
const KEYS: [&str; 5] = ["file", "from", "to", "type", "sha256"];
/// What `type` may be.
const TYPES: [&str; 4] = ["text", "integer", "number", "boolean"];

/// Puts the rows of all tables in files in the places that name them. `read` gives the bytes of a file by its path relative
/// to the contract, or says why it cannot. What is wrong is a finding, and the place is left as it is: its rule does not
/// compile, without another word.
pub fn fill(contract: &mut Contract, read: &mut dyn FnMut(&str) -> Result<Vec<u8>, String>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut files = Vec::new();
    for flow in contract.flows.values_mut() {
        let mut filler = Filler { file: &contract.file, read, findings: &mut findings, files: &mut files };
        for entry in &mut flow.map {
            filler.rule(&mut entry.value);
        }
    }
    contract.tables = files;
    findings
}

/// Whether a node is `values` with its rows in a file.
#[must_use]
fn names_a_file(node: &Node) -> bool {
    let named = node.get("file").and_then(Node::as_str);
    let csv = named.is_some_and(|name| name.to_ascii_lowercase().ends_with(".csv"));
    // The same words as values of a field would be a strange table.
    named.is_some() && (csv || node.get("sha256").is_some() || (node.get("from").is_some() && node.get("to").is_some()))
}

struct Filler<'f> {
    file: &'f str,
    read: &'f mut dyn FnMut(&str) -> Result<Vec<u8>, String>,
    findings: &'f mut Vec<Finding>,
    files: &'f mut Vec<String>,
}

impl Filler<'_> {
    /// A rule and those inside it.
    fn rule(&mut self, node: &mut Node) {
        match &mut node.kind {
            Kind::Map(entries) => {
                for entry in entries {
                    match entry.key.as_str() {
                        "const" | "default" | "else" | "is" | "is_not" => {}
                        "values" if names_a_file(&entry.value) => self.table(&mut entry.value),
                        "values" => {}
                        _ => self.rule(&mut entry.value),
                    }
                }
            }
            Kind::Seq(items) => items.iter_mut().for_each(|item| self.rule(item)),
            _ => {}
        }
    }

    fn table(&mut self, node: &mut Node) {
        if let Some(entries) = self.entries(node) {
            if let Some(name) =
                node.get("file").and_then(Node::as_str).filter(|name| !self.files.iter().any(|f| f == name))
            {
                self.files.push(name.to_owned());
            }
            node.kind = Kind::Map(entries);
        }
    }

    fn error(&mut self, code: &'static str, at: Span, message: String, fix: String) {
        self.findings.push(Finding::error(code, Location::at(self.file, at), message).fix(fix));
    }

    fn entries(&mut self, node: &Node) -> Option<Vec<Entry>> {
        let name = node.get("file")?;
        let named = name.as_str()?;
        let shown = quoted(named, 120);
        if let Some(odd) = node.entries().unwrap_or_default().iter().find(|e| !KEYS.contains(&e.key.as_str())) {
            let message = format!("the table {shown} has no key \"{}\"", quoted(&odd.key, 60));
            self.error("unknown-key", odd.key_at, message, format!("accepted keys: {}", KEYS.join(", ")));
            return None;
        }
        let text = |key: &str| node.get(key).and_then(Node::as_str);
        let (Some(from), Some(to)) = (text("from"), text("to")) else {
            let message = format!("the table {shown} does not say which columns it maps");
            let fix = "write from: COLUMN of the source's values and to: COLUMN of the target's".to_owned();
            self.error("bad-table", node.at, message, fix);
            return None;
        };
        let kind = text("type").unwrap_or("text");
        if !TYPES.contains(&kind) || (node.get("type").is_some() && text("type").is_none()) {
            let message = format!("the type of the table {shown} is none of {}", TYPES.join(", "));
            self.error("bad-table", node.at, message, "say what the values of the target are".to_owned());
            return None;
        }
        let below = |name: &str| {
            !name.is_empty()
                && !name.starts_with(['/', '\\'])
                && !name.contains(':')
                && !name.split(['/', '\\']).any(|p| p == "..")
        };
        let bytes = if below(named) { (self.read)(named) } else { Err("it is no path below the contract".to_owned()) };
        let bytes = match bytes {
            Ok(bytes) => bytes,
            Err(because) => {
                let message = format!("the table {shown} cannot be read: {}", quoted(&because, 200));
                let fix = "put it beside the contract, or below, and give its path from there".to_owned();
                self.error("unreadable-table", name.at, message, fix);
                return None;
            }
        };
        let is = Digest::of_bytes(&bytes);
        let is = is.as_str().trim_start_matches("sha256:");
        let pinned = text("sha256").map(|d| d.trim_start_matches("sha256:").to_ascii_lowercase());
        if pinned.as_deref() != Some(is) {
            let (what, at) = match node.get("sha256") {
                Some(pin) => ("is another than the one that the contract was written for", pin.at),
                None => ("has no digest in the contract, so a change of it would not be seen", name.at),
            };
            let fix = format!("look at what changed, then write sha256: {is}");
            self.error("table-changed", at, format!("the table {shown} {what}"), fix);
            return None;
        }
        let table = std::str::from_utf8(&bytes).map_err(|_| "it is not UTF-8".to_owned());
        let table = table.and_then(|text| csv::parse(text, MOST_ROWS).map_err(|e| e.to_string()));
        match table.and_then(|table| rows(&table, from, to, kind, node.at)) {
            Ok(entries) => Some(entries),
            Err(because) => {
                let message = format!("the table {shown} is not usable: {}", quoted(&because, 200));
                let fix = "write a header, then one row a value, comma-separated, in UTF-8; each source value once"
                    .to_owned();
                self.error("bad-table", name.at, message, fix);
                None
            }
        }
    }
}

/// The entries of a table, each at the place that names it.
fn rows(table: &csv::Table, from: &str, to: &str, kind: &str, at: Span) -> Result<Vec<Entry>, String> {
    let column = |name: &str| {
        let all: Vec<usize> =
            table.header.iter().enumerate().filter(|(_, known)| *known == name).map(|(i, _)| i).collect();
        match all.as_slice() {
            [one] => Ok(*one),
            [] => {
                let near = did_you_mean(name, table.header.iter().map(String::as_str));
                Err(format!("it has no column {}{near}", quoted(name, 60)))
            }
            _ => Err(format!("it has the column {} twice", quoted(name, 60))),
        }
    };
    let (from, to) = (column(from)?, column(to)?);
    if table.rows.is_empty() {
        return Err("it has no rows".to_owned());
    }
    let mut seen = std::collections::HashMap::new();
    let mut entries = Vec::with_capacity(table.rows.len());
    for (line, row) in &table.rows {
        let (Some(key), Some(value)) = (row.get(from), row.get(to)) else { continue };
        if let Some(first) = seen.insert(key.as_str(), *line) {
            return Err(format!("line {line} maps the value of line {first} again"));
        }
        let value = match kind {
            "integer" | "number" => value
                .parse::<serde_json::Number>()
                .ok()
                .filter(|n| kind == "number" || !n.to_string().contains(['.', 'e', 'E']))
                .map(Kind::Number),
            "boolean" => value.parse::<bool>().ok().map(Kind::Bool),
            _ => Some(Kind::String(value.clone())),
        };
        let kind = value.ok_or_else(|| format!("line {line} has no {kind}"))?;
        entries.push(Entry { key: key.clone(), key_at: at, value: Node { kind, at } });
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::parse;

    const CODES: &str = "code,name,rank,live\r\nDE,Germany,1,true\r\nFR,\"France, la\",2,false\r\n";

    fn with(values: &str, rule: &str) -> (Contract, Vec<Finding>) {
        let text = include_str!("../../tests/fixtures/checks/none/integration.yaml");
        let rule = rule.replace("VALUES", &format!("{{from: name, values: {values}, else: reject}}"));
        let text = text.replacen("name: name", &format!("name: {rule}"), 1);
        let (contract, findings) = parse(&text, "integration.yaml");
        assert_eq!(findings, []);
        let mut contract = contract.expect("whole");
        let found = fill(&mut contract, &mut |name| match name {
            "tables/codes.csv" => Ok(CODES.as_bytes().to_vec()),
            "latin.csv" => Ok(vec![b'a', b'\n', 0xe9]),
            "twice.csv" => Ok(b"a,b\nx,1\nx,2\n".to_vec()),
            _ => Err("there is no such file".to_owned()),
        });
        (contract, found)
    }

    fn digest(bytes: &[u8]) -> String {
        Digest::of_bytes(bytes).as_str().trim_start_matches("sha256:").to_owned()
    }

    #[test]
    fn rows_stand_where_the_file_was_named() {
        let pin = digest(CODES.as_bytes());
        let named = format!("{{file: tables/codes.csv, from: code, to: name, sha256: {pin}}}");
        for rule in ["VALUES", "{when: [{if: name, present: true, then: VALUES}], otherwise: VALUES}"] {
            let (contract, found) = with(&named, rule);
            assert_eq!(found, []);
            assert_eq!(contract.tables, ["tables/codes.csv"]);
            let map = &contract.flows.values().next().expect("a flow").map;
            let told = format!("{:?}", map.iter().map(|e| e.value.to_value().to_string()).collect::<Vec<_>>());
            assert!(told.contains("DE") && told.contains("France, la") && !told.contains("codes.csv"), "{told}");
        }
        let typed = format!("{{file: tables/codes.csv, from: code, to: rank, type: integer, sha256: {pin}}}");
        let (contract, found) = with(&typed, "VALUES");
        assert_eq!(found, []);
        let map = &contract.flows.values().next().expect("a flow").map;
        assert!(map.iter().any(|e| e.value.to_value()["values"]["FR"] == 2));
    }

    #[test]
    fn what_is_wrong_with_a_table_is_said_at_its_place() {
        let (pin, latin, twice) = (digest(CODES.as_bytes()), digest(&[b'a', b'\n', 0xe9]), digest(b"a,b\nx,1\nx,2\n"));
        let mut page = String::new();
        for values in [
            "{file: tables/codes.csv, from: code, to: name}".to_owned(),
            "{file: tables/codes.csv, from: code, to: name, sha256: abc}".to_owned(),
            format!("{{file: tables/codes.csv, from: code, sha256: {pin}}}"),
            format!("{{file: tables/codes.csv, from: kode, to: name, sha256: {pin}}}"),
            format!("{{file: tables/codes.csv, from: code, to: name, type: integer, sha256: {pin}}}"),
            format!("{{file: tables/codes.csv, from: code, to: name, type: date, sha256: {pin}}}"),
            format!("{{file: tables/codes.csv, from: code, to: name, sha256: {pin}, note: x}}"),
            "{file: nowhere.csv, from: a, to: b}".to_owned(),
            "{file: codes.txt, from: a, to: b}".to_owned(),
            "{file: ../up.csv, from: a, to: b}".to_owned(),
            "{file: /etc/codes.csv, from: a, to: b}".to_owned(),
            format!("{{file: latin.csv, from: a, to: a, sha256: {latin}}}"),
            format!("{{file: twice.csv, from: a, to: b, sha256: {twice}}}"),
        ] {
            let (contract, found) = with(&values, "VALUES");
            assert_eq!((found.len(), contract.tables.len()), (1, 0), "{values}");
            for f in found {
                page.push_str(&format!("{values}\n  {} {}: {}\n  fix: {}\n", f.location.at, f.code, f.message, f.fix));
            }
        }
        insta::assert_snapshot!(page);
    }
}
