//! The reference of all transforms, printed from what the program knows of them.

use std::fmt::Write as _;

use super::{ALL, Example};

/// All transforms as Markdown: what each takes and gives, whether it can fail, and its examples, which are run as tests.
#[must_use]
pub fn markdown() -> String {
    let mut out = String::from("| transform | takes | gives | |\n|---|---|---|---|\n");
    for t in ALL {
        let fails = if t.fallible { " Can reject a record." } else { "" };
        let _ = writeln!(out, "| `{}` | {} | {} | {}{fails} |", cell(t.usage), t.takes, t.gives, cell(t.summary));
    }
    out.push_str("\n| as written | value | result |\n|---|---|---|\n");
    for t in ALL {
        t.examples.iter().for_each(|e| row(&mut out, e));
    }
    out
}

fn row(out: &mut String, e: &Example) {
    let currency = if e.currency.is_empty() { String::new() } else { format!(" in {}", e.currency) };
    let result = match e.output {
        "missing" => "missing".to_owned(),
        json if serde_json::from_str::<serde_json::Value>(json).is_ok() => format!("`{}`", cell(json)),
        code => format!("rejected: {code}"),
    };
    let _ = writeln!(out, "| `{}` | `{}`{currency} | {result} |", cell(e.step), cell(e.input));
}

/// A bar would end the cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}
