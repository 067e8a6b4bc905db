//! Pieces of YAML as a draft writes them.

use std::fmt::Write as _;

use crate::workflow::record::Binds;

/// `, binds: {...}`, or nothing where nothing is bound.
pub(super) fn binds(binds: &Binds) -> String {
    let list = |name: &str, items: &[String]| {
        let items: Vec<String> = items.iter().map(|i| scalar(i)).collect();
        (!items.is_empty()).then(|| format!("{name}: [{}]", items.join(", ")))
    };
    let sides = [list("systems", &binds.systems), list("flows", &binds.flows), list("fields", &binds.fields)];
    let sides: Vec<String> = sides.into_iter().flatten().collect();
    if sides.is_empty() { String::new() } else { format!(", binds: {{{}}}", sides.join(", ")) }
}

/// A YAML scalar, quoted where plain text would mean something else.
pub(super) fn scalar(s: &str) -> String {
    let plain = !s.is_empty()
        && s.chars().all(|c| c.is_ascii_alphanumeric() || "_-./ ".contains(c))
        && s.starts_with(|c: char| c.is_ascii_alphabetic())
        && !s.ends_with(' ')
        && !matches!(s.to_ascii_lowercase().as_str(), "true" | "false" | "null" | "yes" | "no" | "on" | "off");
    if plain {
        return s.to_owned();
    }
    let mut out = String::from("\"");
    for c in s.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if c.is_control() => {
                write!(out, "\\u{:04x}", u32::from(c)).expect("writing to a string cannot fail");
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

pub(super) fn key(s: &str) -> String {
    scalar(s)
}
