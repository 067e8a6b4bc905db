//! `tests/matrix.yaml`: what is tried on each integration, and what must come of it.

use crate::base::yaml::{self, Entry, Kind, Limits, Node, Span};

/// The kinds that each integration needs.
pub const KINDS: [&str; 4] = ["happy", "boundary", "failure", "rollback"];
/// The keys of a row.
const KEYS: [&str; 7] = ["id", "integration", "phase", "kind", "run", "expect", "gap"];
/// The most rows of one matrix.
const MOST: usize = 2_000;

/// A matrix as read.
#[derive(Debug, Clone, Default)]
pub struct Matrix {
    /// Its rows; what is no row at all is in [`Matrix::wrong`] only.
    pub rows: Vec<Row>,
    /// What is wrong with its form: where, and why as a fragment.
    pub wrong: Vec<(Span, String)>,
}

/// One row.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Where it begins.
    pub at: Span,
    /// Its name.
    pub id: String,
    /// The integration that it tries.
    pub integration: String,
    /// One of [`KINDS`], or what stands there.
    pub kind: String,
    /// The command line.
    pub run: Option<String>,
    /// Why there is no test.
    pub gap: Option<String>,
    /// The exit code that is expected.
    pub exit: i32,
    /// What must be part of stdout.
    pub stdout: Option<String>,
}

/// Reads a matrix. Nothing in a text makes it fail: what is wrong is part of the answer.
#[must_use]
pub fn parse(text: &str) -> Matrix {
    let mut matrix = Matrix::default();
    let node = match yaml::parse(text, Limits { depth: 16, nodes: 50_000 }) {
        Ok(node) => node,
        Err(e) => {
            matrix.wrong.push((e.at, format!("it does not parse: {}", e.because)));
            return matrix;
        }
    };
    let Some(rows) = node.get("rows") else {
        matrix.wrong.push((node.at, format!("it is {} without `rows`", node.kind_name())));
        return matrix;
    };
    let Some(items) = rows.items() else {
        matrix.wrong.push((rows.at, format!("`rows` must be a list, this is {}", rows.kind_name())));
        return matrix;
    };
    if items.len() > MOST {
        matrix.wrong.push((rows.at, format!("it has {} rows; {MOST} are read", items.len())));
    }
    for item in items.iter().take(MOST) {
        let row = row(item, &mut matrix.wrong);
        matrix.rows.extend(row);
    }
    matrix
}

fn row(item: &Node, wrong: &mut Vec<(Span, String)>) -> Option<Row> {
    let Some(entries) = item.entries() else {
        wrong.push((item.at, format!("a row must be a mapping, this is {}", item.kind_name())));
        return None;
    };
    for Entry { key, key_at, .. } in entries {
        if !KEYS.contains(&key.as_str()) {
            wrong.push((*key_at, format!("a row has no key \"{}\"", crate::base::text::truncate(key, 40))));
        }
    }
    if let Some(twice) = item.duplicate_key() {
        wrong.push((twice.key_at, format!("key {} is written twice", twice.key)));
    }
    let mut text = |key: &str, needed: bool| match item.get(key) {
        Some(node) => match &node.kind {
            Kind::String(s) if !s.trim().is_empty() => Some(s.trim().to_owned()),
            // An id may look like a number.
            Kind::Number(n) if key == "id" => Some(n.to_string()),
            _ => {
                wrong.push((node.at, format!("`{key}` must be text, this is {}", node.kind_name())));
                None
            }
        },
        None if needed => {
            wrong.push((item.at, format!("a row has no `{key}`")));
            None
        }
        None => None,
    };
    let (id, integration, kind) = (text("id", true), text("integration", true), text("kind", true));
    let (run, gap) = (text("run", false), text("gap", false));
    let (mut exit, mut stdout) = (0, None);
    if let Some(expect) = item.get("expect") {
        if expect.entries().is_none() {
            wrong.push((expect.at, format!("`expect` must be a mapping, this is {}", expect.kind_name())));
        }
        for Entry { key, key_at, value } in expect.entries().unwrap_or_default() {
            match (key.as_str(), &value.kind) {
                ("exit", Kind::Number(n)) if n.as_i64().is_some_and(|n| (0..256).contains(&n)) => {
                    exit = n.as_i64().and_then(|n| i32::try_from(n).ok()).unwrap_or(0);
                }
                ("stdout", Kind::String(s)) => stdout = Some(s.clone()),
                ("stdout", Kind::Number(n)) => stdout = Some(n.to_string()),
                ("exit" | "stdout", _) => {
                    wrong.push((value.at, format!("`expect` takes exit: 0 to 255 and stdout: text; {key} is neither")));
                }
                _ => wrong.push((*key_at, format!("`expect` has no key \"{}\"", crate::base::text::truncate(key, 40)))),
            }
        }
    }
    Some(Row {
        at: item.at,
        id: id.unwrap_or_default(),
        integration: integration.unwrap_or_default(),
        kind: kind.unwrap_or_default(),
        run,
        gap,
        exit,
        stdout,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rubbish_is_said_with_its_place_and_never_panics() {
        let wrong = |text: &str| {
            parse(text).wrong.iter().map(|(at, because)| format!("{at} {because}")).collect::<Vec<_>>().join("; ")
        };
        assert_eq!(wrong(""), "1:1 it does not parse: the document is empty");
        assert_eq!(wrong("- a\n"), "1:1 it is a list without `rows`");
        assert_eq!(wrong("rows: 5\n"), "1:7 `rows` must be a list, this is a number");
        assert_eq!(wrong("rows:\n  - 5\n"), "2:5 a row must be a mapping, this is a number");
        assert_eq!(
            wrong("rows:\n  - {id: a, integration: b, kind: [], runs: x}\n"),
            "2:39 a row has no key \"runs\"; 2:35 `kind` must be text, this is a list"
        );
        assert_eq!(
            wrong("rows:\n  - {id: 1, integration: b, kind: happy, run: x, expect: {exit: 300, code: 1}}\n"),
            "2:65 `expect` takes exit: 0 to 255 and stdout: text; exit is neither; 2:70 `expect` has no key \"code\""
        );
        for text in ["rows: [", "\u{0}", "rows: &a [*a]", "rows:\n- {}\n- null\n- {id: }", "? [a]\n: b"] {
            let _ = parse(text);
        }
    }
}
