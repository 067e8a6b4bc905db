//! Finds statements of confidence in text that an agent hands over. A number of its own making must not stand beside the
//! one that is computed, in whatever form it comes.

use crate::finding::{Ceiling, Confidence};

/// A statement of confidence found in a text.
#[derive(Debug, Clone, PartialEq)]
pub struct Stated {
    /// Where it starts, in bytes.
    pub start: usize,
    /// Where it ends, in bytes.
    pub end: usize,
    /// What it says.
    pub form: Form,
}

/// How a confidence is stated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Form {
    /// The line of the SOP: `Confidence: 0.70 (ceiling: inference 0.70)`.
    Line {
        /// The value.
        value: f64,
        /// The type; nothing where it is none of the table.
        kind: Option<Ceiling>,
        /// The ceiling as stated.
        ceiling: f64,
    },
    /// It begins like the line and does not go on like it.
    Malformed,
    /// A marker: `[conf:0.9]`.
    Marker,
    /// A number in prose: `95% confident`, `confidence of 0.9`.
    Prose,
}

/// What is wrong with a statement, given what was computed; nothing where it may stand.
#[must_use]
pub fn wrong(stated: &Stated, computed: Confidence) -> Option<String> {
    let Form::Line { value, kind, ceiling } = stated.form else {
        return Some(match stated.form {
            Form::Malformed => "is not the line \"Confidence: X.XX (ceiling: TYPE Y.YY)\"".to_owned(),
            Form::Marker => "is a marker, which no evidence stands behind".to_owned(),
            _ => "is a number of nobody's computing".to_owned(),
        });
    };
    let Some(kind) = kind else { return Some("names a type that is not in the table of ceilings".to_owned()) };
    let (table, most) = (kind.value(), computed.ceiling().value());
    if (ceiling - table).abs() > 1e-9 {
        return Some(format!("gives {} a ceiling of {ceiling:.2}, which is {table:.2}", kind.as_str()));
    }
    if value > table {
        return Some(format!("is above its own ceiling, {} {table:.2}", kind.as_str()));
    }
    if table > most {
        let of = computed.ceiling().as_str();
        return Some(format!("claims {}, and the evidence reaches {of} ({most:.2})", kind.as_str()));
    }
    (value > computed.value()).then(|| format!("is above what the evidence comes to, {:.2}", computed.value()))
}

/// Every statement in a text, in order, none overlapping another. `prose`: also numbers in prose; without, only the
/// line of the SOP and markers, for texts whose subject may itself have a confidence.
#[must_use]
pub fn statements(text: &str, prose: bool) -> Vec<Stated> {
    let tokens = tokens(text);
    let mut found: Vec<Stated> = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        if found.last().is_some_and(|last| token.start < last.end) {
            continue;
        }
        let stated = match &token.is {
            Is::Word(word) if word == "confidence" => line(text, token.start).or_else(|| {
                (prose && !found.iter().any(|f| f.end > token.start)).then(|| after(&tokens, at)).flatten()
            }),
            Is::Word(word) if word == "conf" => marker(&tokens, at),
            Is::Word(word) if prose && SURE.contains(&word.as_str()) => after(&tokens, at),
            Is::Number if prose => before(&tokens, at),
            _ => None,
        };
        found.extend(stated);
    }
    found
}

/// The text with every statement replaced by `line`.
#[must_use]
pub fn corrected(text: &str, found: &[Stated], line: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for one in found {
        out.push_str(text.get(at..one.start).unwrap_or_default());
        out.push_str(line);
        at = one.end;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

/// Words after a number that make it a confidence.
const SURE: [&str; 4] = ["confident", "confidence", "certainty", "sureness"];
/// Also these, after a number with a percent sign: "95% sure".
const SURE_BY_PERCENT: [&str; 3] = ["sure", "certain", "confident"];
/// Words that may stand between.
const BETWEEN: [&str; 14] = [
    "of",
    "is",
    "at",
    "level",
    "score",
    "rating",
    "about",
    "around",
    "approximately",
    "the",
    "a",
    "with",
    "percent",
    "now",
];
/// The furthest that word and number may be apart, in tokens.
const REACH: usize = 6;

#[derive(Debug, PartialEq)]
enum Is {
    Word(String),
    Number,
    Mark(char),
}

#[derive(Debug)]
struct Token {
    is: Is,
    start: usize,
    end: usize,
}

fn tokens(text: &str) -> Vec<Token> {
    let mut out: Vec<Token> = Vec::new();
    let mut chars = text.char_indices().peekable();
    while let Some((start, c)) = chars.next() {
        if c.is_whitespace() && c != '\n' {
            continue;
        }
        let mut end = start + c.len_utf8();
        let mut take = |fits: &dyn Fn(char) -> bool| {
            while let Some((at, next)) = chars.peek().copied().filter(|(_, next)| fits(*next)) {
                end = at + next.len_utf8();
                chars.next();
            }
        };
        let is = if c.is_numeric() {
            take(&|n| n.is_numeric() || n == '.' || n == ',');
            Is::Number
        } else if c.is_alphabetic() {
            take(&|n: char| n.is_alphabetic());
            Is::Word(text.get(start..end).unwrap_or_default().to_lowercase())
        } else {
            Is::Mark(c)
        };
        out.push(Token { is, start, end });
    }
    out
}

/// The line of the SOP at this place, whole or begun.
fn line(text: &str, start: usize) -> Option<Stated> {
    let rest = text.get(start..)?;
    let until = rest.find('\n').unwrap_or(rest.len());
    let rest = rest.get(..until)?;
    if let Some((form, length)) = whole_line(rest) {
        return Some(Stated { start, end: start + length, form });
    }
    let begun = rest.get("confidence".len()..)?.trim_start();
    let lower = rest.to_lowercase();
    if !begun.starts_with([':', '=', '：']) || !(lower.contains("ceiling") || begun.contains(|c: char| c.is_numeric()))
    {
        return None;
    }
    // To the closing bracket, or to the end of the line.
    let length = rest.find(')').map_or(rest.len(), |at| at + 1);
    Some(Stated { start, end: start + length, form: Form::Malformed })
}

/// `Confidence: 0.70 (ceiling: inference 0.70)`, to the letter; and its length.
fn whole_line(rest: &str) -> Option<(Form, usize)> {
    let (value, after) = two_digits(rest.strip_prefix("Confidence: ")?)?;
    let named = after.strip_prefix(" (ceiling: ")?;
    let (kind, after) = named.split_once(' ')?;
    let (ceiling, after) = two_digits(after)?;
    let end = after.strip_prefix(')')?;
    let kind = (kind.bytes().all(|b| b.is_ascii_lowercase())).then(|| Ceiling::parse(kind));
    Some((Form::Line { value, kind: kind?, ceiling }, rest.len() - end.len()))
}

fn two_digits(text: &str) -> Option<(f64, &str)> {
    let (number, rest) = text.split_at_checked(4)?;
    let shaped = number.bytes().enumerate().all(|(i, b)| if i == 1 { b == b'.' } else { b.is_ascii_digit() });
    let more = rest.starts_with(|c: char| c.is_numeric());
    (shaped && !more).then(|| number.parse().ok()).flatten().map(|value| (value, rest))
}

/// `[conf:0.9]`, `[conf: .9]`, `conf=90%`.
fn marker(tokens: &[Token], at: usize) -> Option<Stated> {
    let (colon, number) = (tokens.get(at + 1)?, tokens.get(at + 2)?);
    let number = if number.is == Is::Mark('.') { tokens.get(at + 3)? } else { number };
    if !matches!(colon.is, Is::Mark(':' | '=')) || number.is != Is::Number {
        return None;
    }
    let open = at.checked_sub(1).and_then(|i| tokens.get(i)).filter(|t| t.is == Is::Mark('['));
    let closing = tokens.iter().find(|t| t.start >= number.end).filter(|t| matches!(t.is, Is::Mark(']' | '%')));
    let start = open.map_or_else(|| tokens.get(at).map_or(0, |t| t.start), |t| t.start);
    Some(Stated { start, end: closing.map_or(number.end, |t| t.end), form: Form::Marker })
}

/// A number after the word: `confidence of 0.9`, `confidence level: 95 %`.
fn after(tokens: &[Token], at: usize) -> Option<Stated> {
    let word = tokens.get(at)?;
    for next in tokens.iter().skip(at + 1).take(REACH) {
        match &next.is {
            Is::Number => {
                let percent = tokens.iter().find(|t| t.start >= next.end).filter(|t| t.is == Is::Mark('%'));
                let end = percent.map_or(next.end, |t| t.end);
                return Some(Stated { start: word.start, end, form: Form::Prose });
            }
            Is::Mark(':' | '=' | '(' | '~' | '≈' | '*' | '_' | '-' | '>' | '.') => {}
            Is::Word(filler) if BETWEEN.contains(&filler.as_str()) => {}
            Is::Mark(_) | Is::Word(_) => return None,
        }
    }
    None
}

/// A number before the word: `95% confident`, `0.9 confidence`, `ninety` is left alone.
fn before(tokens: &[Token], at: usize) -> Option<Stated> {
    let number = tokens.get(at)?;
    let mut percent = false;
    for next in tokens.iter().skip(at + 1).take(REACH) {
        match &next.is {
            Is::Mark('%' | '％') => percent = true,
            Is::Word(word) if word == "percent" => percent = true,
            Is::Word(word)
                if SURE.contains(&word.as_str()) || (percent && SURE_BY_PERCENT.contains(&word.as_str())) =>
            {
                return Some(Stated { start: number.start, end: next.end, form: Form::Prose });
            }
            Is::Word(filler) if BETWEEN.contains(&filler.as_str()) => {}
            Is::Mark('-' | '*' | '_' | ')') => {}
            Is::Mark(_) | Is::Word(_) | Is::Number => return None,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn seen(text: &str) -> Vec<(&str, Form)> {
        statements(text, true).into_iter().map(|s| (&text[s.start..s.end], s.form)).collect()
    }

    #[test]
    fn a_confidence_is_found_in_whatever_form_it_comes() {
        for text in [
            "Confidence: 0.9",
            "confidence: 0.95 (ceiling: observation 0.95)",
            "Confidence: 0.955 (ceiling: observation 0.95)",
            "Confidence: .9 (ceiling: inference)",
            "[conf:0.9]",
            "[conf: .9]",
            "conf=90%",
            "95% confident",
            "95 % confident",
            "I am 95 percent confident",
            "99% sure",
            "0.9 confidence",
            "confidence 0.9",
            "confidence level of 95%",
            "Confidence = 1",
            "a confidence score of about 0.87",
            "CONFIDENCE：０.９",
            "**Confidence**: 0.95",
        ] {
            let found = seen(text);
            assert_eq!(found.len(), 1, "{text}: {found:?}");
            let computed = Confidence::capped(0.95, Ceiling::Observation);
            assert!(statements(text, true).iter().all(|s| wrong(s, computed).is_some()), "{text}");
        }
        let two = seen("first Confidence: 0.70 (ceiling: inference 0.70), then [conf:0.9]");
        assert_eq!(two[0].0, "Confidence: 0.70 (ceiling: inference 0.70)");
        assert_eq!(two[1], ("[conf:0.9]", Form::Marker));
    }

    #[test]
    fn other_numbers_are_left_alone() {
        for text in [
            "12 of 14 drills passed over 280 schedules",
            "95% of customers have an email",
            "we are confident that 3 systems are enough",
            "the confidence rests on event 12",
            "sure, 4 retries",
            "conflicts: 0",
            "",
        ] {
            assert_eq!(seen(text), [], "{text}");
        }
        // What a system calls confidence is its own affair, unless it is written as our line.
        assert_eq!(statements("records with confidence below 0.8, or confidence 0.9, are skipped", false), []);
        assert_eq!(statements("it holds. Confidence: 0.99 (ceiling: observation 0.95)", false).len(), 1);
    }

    #[test]
    fn the_line_stands_when_the_evidence_reaches_it() {
        let computed = Confidence::capped(0.68, Ceiling::Inference);
        let says = |line: &str| statements(line, true).first().map(|s| wrong(s, computed));
        assert_eq!(says("Confidence: 0.68 (ceiling: inference 0.70)"), Some(None));
        assert_eq!(says("Confidence: 0.50 (ceiling: report 0.70)"), Some(None));
        let because = |line: &str| says(line).flatten().unwrap_or_default();
        assert_eq!(because("Confidence: 0.69 (ceiling: inference 0.70)"), "is above what the evidence comes to, 0.68");
        assert_eq!(because("Confidence: 0.75 (ceiling: inference 0.70)"), "is above its own ceiling, inference 0.70");
        assert_eq!(
            because("Confidence: 0.60 (ceiling: inference 0.95)"),
            "gives inference a ceiling of 0.95, which is 0.70"
        );
        assert_eq!(
            because("Confidence: 0.60 (ceiling: observation 0.95)"),
            "claims observation, and the evidence reaches inference (0.70)"
        );
        assert_eq!(
            because("Confidence: 0.60 (ceiling: hunch 0.95)"),
            "names a type that is not in the table of ceilings"
        );
    }

    proptest! {
        #[test]
        fn any_text_is_scanned_without_harm(text in "\\PC{0,80}", prose: bool) {
            let found = statements(&text, prose);
            let mut at = 0;
            for one in &found {
                prop_assert!(one.start >= at && one.start < one.end && one.end <= text.len());
                prop_assert!(text.is_char_boundary(one.start) && text.is_char_boundary(one.end));
                at = one.end;
            }
            prop_assert!(corrected(&text, &found, "").len() <= text.len());
        }

        #[test]
        fn pieces_of_statements_in_any_order_are_scanned_without_harm(
            parts in prop::collection::vec(prop::sample::select(vec![
                "Confidence: ", "confidence", "0.95", "(ceiling: ", "observation ", ")", "[conf:", "]", "95", "%", " ", "\n",
                "ü", "０", "．", "confident", "is", ".", "\u{202e}", "ceiling",
            ]), 0..24),
        ) {
            let text = parts.concat();
            for one in statements(&text, true) {
                prop_assert!(text.get(one.start..one.end).is_some());
            }
        }

        #[test]
        fn a_line_above_what_was_computed_never_stands(
            value in 0_u32..=100, kind in prop::sample::select(Ceiling::ALL.to_vec()),
            computed in 0_u32..=95, under in prop::sample::select(Ceiling::ALL.to_vec()),
        ) {
            let computed = Confidence::capped(f64::from(computed) / 100.0, under);
            let value = f64::from(value) / 100.0;
            let line = format!("so: Confidence: {value:.2} (ceiling: {} {:.2}).", kind.as_str(), kind.value());
            let found = statements(&line, true);
            prop_assert_eq!(found.len(), 1);
            let stands = wrong(&found[0], computed).is_none();
            prop_assert!(!stands || (value <= computed.value() && kind.value() <= computed.ceiling().value()));
            // The line to use instead stands.
            let right = corrected(&line, &found, &computed.to_string());
            let again = statements(&right, true);
            prop_assert_eq!(again.len(), 1);
            prop_assert_eq!(wrong(&again[0], computed), None);
        }
    }
}
