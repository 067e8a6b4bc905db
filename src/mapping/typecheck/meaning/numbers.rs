//! Numbers as people write them, and integers that a float cannot hold.

use rust_decimal::Decimal;
use serde_json::Value;

use super::said::{Field, tokens};
use super::{Doubt, Pair};
use crate::base::text::quoted;
use crate::mapping::measure::{Measure, Scale};
use crate::mapping::rule::Step;
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
    if !pair.from.is_text() || !wants || pair.table.is_some() || !pair.steps.iter().all(|s| known(s.transform.name)) {
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

/// Steps that take characters out of a text or put others in.
const CUTS: [&str; 6] = ["replace", "digits", "extract", "parse_decimal", "split", "truncate"];

/// Marks taken out or read as others, and what comes out of an example is no number, or another one.
pub(super) fn marks_lost(pair: &Pair<'_>) -> Option<Doubt> {
    let wants = pair.to.is_number() || pair.to.format() == "decimal";
    let cuts = pair.steps.iter().any(|s| CUTS.contains(&s.transform.name));
    if !cuts || !wants || pair.table.is_some() || !pair.from.is_text() {
        return None;
    }
    let minor = matches!(pair.wants.as_deref().map(|m| &m.is), Some(Measure::Money { scale: Scale::Minor, .. }));
    // Half of `12.4` may be what is meant, and a version has a point too; of `12,50` hardly.
    let counts = pair.wants.is_some() || [&pair.from, &pair.to].into_iter().any(super::amounts::is_amount);
    let only_marks =
        counts && pair.steps.iter().any(|s| matches!(s.transform.name, "replace" | "digits" | "parse_decimal"));
    examples(&pair.from).into_iter().take(8).find_map(|text| {
        let meant = worth(&text).filter(|_| only_marks || text.contains([',', '\'']))?;
        let says = |what: String| {
            let message =
                format!("of \"{}\", as source {{from}} may send it, the steps make {what}", quoted(&text, 40));
            let fix = format!("read it with {}, with the marks that the source writes", marks(&text));
            Some(Doubt::new("locale-number", 0.7, message, fix))
        };
        let made = match read(pair.steps, &text) {
            Read::Number(made) => made,
            Read::Nothing => return None,
            Read::Rejected => return says("no decimal".to_owned()),
        };
        // Without its marks a text of two decimals is the amount in cents.
        let cents = minor && made.checked_div(meant) == Some(Decimal::ONE_HUNDRED);
        if made == meant || cents { None } else { says(made.normalize().to_string()) }
    })
}

/// The transform that reads a number like this one.
fn marks(text: &str) -> String {
    let all: Vec<char> = text.chars().filter(|c| matches!(c, '.' | ',' | '\'' | ' ' | '\u{a0}' | '\u{202f}')).collect();
    let bare = text.chars().all(|c| c.is_ascii_digit() || all.contains(&c));
    let before = if bare { "" } else { "replace for what is no digit and no mark, then " };
    match (all.first(), all.last()) {
        (Some(group), Some(point)) if group != point => {
            format!("{before}{{parse_decimal: {{point: \"{point}\", group: \"{group}\"}}}}")
        }
        (_, Some(point)) => format!("{before}{{parse_decimal: {{point: \"{point}\"}}}}"),
        _ => format!("{before}to_number"),
    }
}

/// What steps make of a text until it is a number.
enum Read {
    Number(Decimal),
    /// It is left out, or a step asks for more than the text.
    Nothing,
    Rejected,
}

fn read(steps: &[Step], text: &str) -> Read {
    let mut value = Value::from(text);
    for step in steps {
        if step.op.reads().is_some() {
            break;
        }
        match step.op.apply(&value, &Value::Null) {
            Ok(Some(next)) => value = next,
            Ok(None) => return Read::Nothing,
            Err(_) => return Read::Rejected,
        }
        if value.is_number() {
            break;
        }
    }
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    text.trim().parse().map_or(Read::Rejected, Read::Number)
}

/// Numbers as the field's values are written: its examples, those that its description shows, and one made by its words.
fn examples(field: &Field<'_>) -> Vec<String> {
    let quoted = field.said.split(|c: char| c.is_whitespace() || matches!(c, '"' | '`' | '\'' | '(' | ')'));
    let quoted = quoted.map(|w| w.trim_end_matches(['.', ',', ';', ':'])).filter(|w| looks_localised(w));
    let mut all: Vec<String> = field.samples().into_iter().map(str::to_owned).collect();
    all.extend(quoted.map(str::to_owned));
    let comma = field.says(&[
        "decimal comma",
        "comma as decimal",
        "comma as the decimal",
        "comma for decimals",
        "comma before the",
        "german",
    ]);
    let groups = field.says(&["thousand"]);
    if comma {
        all.push(if groups { "1.234,50" } else { "1234,50" }.to_owned());
    } else if field.says(&[
        "comma as thousand",
        "comma as the thousand",
        "comma between thousand",
        "commas between thousand",
        "comma thousand",
        "comma-separated thousand",
        "commas for thousand",
    ]) {
        all.push("1,234.50".to_owned());
    }
    all
}

/// The number that people read: of two kinds of marks the last parts the decimals; of one kind, those that are not of three
/// digits. Nothing where it may be either, and for what is no number.
pub(super) fn worth(text: &str) -> Option<Decimal> {
    let sign = |c: char| c.is_alphabetic() || c.is_whitespace() || matches!(c, '$' | '€' | '£' | '¥' | '\u{a0}');
    let core = text.trim_matches(sign);
    let mark = |c: char| matches!(c, '.' | ',' | '\'' | ' ' | '\u{a0}' | '\u{202f}');
    if !core.starts_with(|c: char| c.is_ascii_digit()) || !core.chars().all(|c| c.is_ascii_digit() || mark(c)) {
        return None;
    }
    let last = core.char_indices().rev().find(|(_, c)| mark(*c));
    let Some((at, last)) = last else { return core.parse().ok() };
    let (whole, fraction) = (core.get(..at)?, core.get(at + last.len_utf8()..)?);
    let others = whole.chars().any(|c| mark(c) && c != last);
    let again = whole.contains(last);
    let digits = |t: &str| t.chars().filter(char::is_ascii_digit).collect::<String>();
    // Thousands stand in groups of three, parted by one mark: anything else is a list, a date, a place.
    let grouped = |t: &str| {
        let mut marks: Vec<char> = t.chars().filter(|c| mark(*c)).collect();
        marks.dedup();
        let mut groups = t.split(mark);
        let first = groups.next().unwrap_or_default().len();
        marks.is_empty() || (marks.len() == 1 && (1..=3).contains(&first) && groups.all(|g| g.len() == 3))
    };
    let decimal = matches!(last, '.' | ',') && !again && (others || fraction.len() != 3);
    if !grouped(if decimal { whole } else { core }) {
        return None;
    }
    if decimal {
        return format!("{}.{}", digits(whole), digits(fraction)).parse().ok();
    }
    // One mark and three digits: a thousand and something, or three decimals.
    let open = !again && !others && matches!(last, '.' | ',');
    if open { None } else { digits(core).parse().ok() }
}

/// An integer of 64 bits in a field that keeps 53 of them.
pub(super) fn through_float(pair: &Pair<'_>) -> Option<Doubt> {
    let to_float = pair.to.kind.types == TypeSet::NUMBER;
    if !to_float || pair.table.is_some() {
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

#[cfg(test)]
mod tests {
    use super::worth;

    #[test]
    fn a_number_is_read_as_people_do() {
        for (text, want) in [
            ("1.234,50", Some("1234.50")),
            ("$1,234.50", Some("1234.50")),
            ("1234,5 EUR", Some("1234.5")),
            ("1'234.50", Some("1234.50")),
            ("1 234,50", Some("1234.50")),
            ("1.234.567", Some("1234567")),
            ("409.94", Some("409.94")),
            ("1.234", None),
            ("12", Some("12")),
            ("none", None),
            ("2026-01-01", None),
            ("01.02.2026", None),
            ("52.5,13.4", None),
            ("1,2,3", None),
        ] {
            assert_eq!(worth(text), want.map(|w| w.parse().expect("a number")), "{text}");
        }
    }
}
