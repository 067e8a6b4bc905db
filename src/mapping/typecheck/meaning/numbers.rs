//! Numbers as people write them, and integers that a float cannot hold.

use super::said::{Field, tokens};
use super::{Doubt, Pair};
use crate::model::TypeSet;

/// Whether the field's values are written as in one country: `1.234,56`, `1,234.56`.
fn is_localised(field: &Field<'_>) -> bool {
    let says = field.says(&[
        "decimal comma",
        "comma as decimal",
        "comma as the decimal",
        "thousands separator",
        "thousand separator",
        "german notation",
        "german format",
        "locale format",
        "localized number",
        "localised number",
        "comma for decimals",
    ]);
    // Quoted in the description, or an example.
    let quoted = field.said.split(|c: char| c.is_whitespace() || matches!(c, '"' | '`' | '\'' | '(' | ')'));
    let shown = quoted.map(|w| w.trim_end_matches(['.', ',', ';', ':'])).any(looks_localised);
    says || shown || field.samples().iter().any(|s| looks_localised(s))
}

/// Digits with a comma that parts decimals, or with commas, points or quotes that part thousands.
fn looks_localised(text: &str) -> bool {
    let text = text.trim().trim_start_matches(['-', '+']);
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b',' | b'\'' | b' ')) {
        return false;
    }
    let parts: Vec<&str> = text.split([',', '\'', '.']).collect();
    let digits = parts.iter().all(|p| !p.is_empty());
    let comma = text.contains(',') || text.contains('\'');
    digits && comma && parts.len() > 1 && parts.iter().skip(1).all(|p| p.len() <= 3)
}

/// A number in the writing of a country where a plain decimal is wanted.
pub(super) fn locale_number(pair: &Pair<'_>) -> Option<Doubt> {
    const READS: [&str; 4] = ["to_number", "to_integer", "major_to_minor", "round"];
    let reads = pair.steps.iter().any(|s| READS.contains(&s.transform.name));
    let wants = reads || pair.to.format() == "decimal" || pair.to.says(&["decimal text", "decimal string"]);
    // Whoever replaces characters has seen to it.
    let known = |name: &str| READS.contains(&name) || matches!(name, "trim" | "to_string");
    if !pair.from.is_text() || !wants || pair.table || !pair.steps.iter().all(|s| known(s.transform.name)) {
        return None;
    }
    if !is_localised(&pair.from) || is_localised(&pair.to) {
        return None;
    }
    let message =
        "source {from} is a number with a comma or with thousands parted, which is no plain decimal".to_owned();
    let fix = "read it with {parse_decimal: {point: \",\", group: \".\"}}, with the marks that the source writes";
    Some(Doubt::new("locale-number", 0.7, message, fix))
}

/// An integer of 64 bits in a field that keeps 53 of them.
pub(super) fn through_float(pair: &Pair<'_>) -> Option<Doubt> {
    let to_float = pair.to.kind.types == TypeSet::NUMBER;
    if !to_float || pair.table {
        return None;
    }
    let words = &pair.from.words;
    let id = words.last().is_some_and(|w| matches!(w.as_str(), "id" | "snowflake" | "badge" | "serial" | "key"))
        || words.join(" ").ends_with("account number")
        || pair.from.says_word(&["snowflake", "identifier"]);
    let wide = matches!(pair.from.format(), "int64" | "uint64")
        || pair.from.says(&["64 bit", "64-bit"])
        || tokens(&pair.from.said).iter().any(|t| t == "snowflake");
    let beyond = pair.from.kind.most().is_none_or(|m| m > (1_i64 << 53).into());
    let declared = matches!(pair.to.format(), "double" | "float");
    let digits = pair.from.is_text() && pair.has_step("to_number") && id;
    let integer = pair.from.kind.types == TypeSet::INTEGER && wide && beyond;
    if !(integer && (id || declared)) && !digits {
        return None;
    }
    // Descriptions give int64 to whatever is whole; only where the digits are a name is one of them worth a warning.
    let certain = id || pair.from.says(&["64 bit", "64-bit"]);
    let bits = if pair.to.format() == "float" { 24 } else { 53 };
    let message =
        format!("source {{from}} is an integer of 64 bits, target {{to}} a float, which keeps {bits} of them");
    let fix = "map it to a text or an integer field; a large value would become another one";
    let doubt = Doubt::new("integer-through-float", 0.7, message, fix);
    Some(if certain { doubt } else { doubt.note() })
}
