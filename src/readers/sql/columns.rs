//! Tokens of one element of a table: a column, or a key over columns.

use serde_json::Value;
use sqlparser::tokenizer::{Token, TokenWithSpan};

use super::types;
use crate::base::text::quoted;

/// One column.
#[derive(Debug, Default, Clone)]
pub(super) struct Column {
    pub(super) name: String,
    /// First word of the type, in lower case; the name of a type of the script's own.
    pub(super) of: String,
    pub(super) zoned: bool,
    pub(super) list: bool,
    pub(super) length: Option<u64>,
    /// Digits after the point.
    pub(super) scale: Option<u32>,
    pub(super) values: Vec<String>,
    pub(super) required: bool,
    pub(super) key: bool,
    /// The system makes the value.
    pub(super) made: bool,
    pub(super) default: Option<Value>,
    pub(super) description: String,
    pub(super) line: u32,
    pub(super) column: u32,
}

/// What an element is.
pub(super) enum Element {
    Column(Box<Column>),
    /// Columns of the primary key.
    Key(Vec<String>),
    /// Says nothing of the records.
    Other,
}

/// The word of a name or a keyword.
pub(super) fn word(token: &TokenWithSpan) -> Option<&str> {
    match &token.token {
        Token::Word(word) => Some(&word.value),
        _ => None,
    }
}

/// Whether the token is this keyword, not quoted.
pub(super) fn is(token: Option<&TokenWithSpan>, keyword: &str) -> bool {
    matches!(token.map(|t| &t.token), Some(Token::Word(w)) if w.quote_style.is_none() && w.value.eq_ignore_ascii_case(keyword))
}

fn text(token: &TokenWithSpan) -> Option<&str> {
    match &token.token {
        Token::SingleQuotedString(s)
        | Token::DoubleQuotedString(s)
        | Token::NationalStringLiteral(s)
        | Token::EscapedStringLiteral(s) => Some(s),
        _ => None,
    }
}

/// The text after `COMMENT`, with `=` between or not.
pub(super) fn comment(tokens: &[TokenWithSpan]) -> Option<String> {
    let at = tokens.iter().position(|t| is(Some(t), "comment"))?;
    tokens.get(at + 1..)?.iter().take(2).find_map(text).map(|t| quoted(t, 300))
}

/// The names in the first pair of parentheses.
pub(super) fn names(tokens: &[TokenWithSpan]) -> Vec<String> {
    let inside = tokens.iter().skip_while(|t| t.token != Token::LParen).skip(1);
    let mut depth = 0_usize;
    let mut out = Vec::new();
    for token in inside {
        match token.token {
            Token::LParen => depth += 1,
            Token::RParen if depth == 0 => break,
            Token::RParen => depth -= 1,
            _ if depth > 0 => {}
            _ => out.extend(word(token).filter(|w| !w.eq_ignore_ascii_case("asc")).map(|w| quoted(w, 120))),
        }
    }
    out
}

/// Reads one element; `tokens` are those between two commas.
pub(super) fn element(tokens: &[TokenWithSpan], lines: u32) -> Element {
    let known = |token: Option<&TokenWithSpan>| {
        token.and_then(word).is_some_and(|w| types::of(&w.to_ascii_lowercase(), false).is_some())
    };
    let first = tokens.first();
    let mut rest = tokens;
    if is(first, "constraint") && !known(tokens.get(1)) {
        rest = tokens.get(2..).unwrap_or_default();
    }
    if is(rest.first(), "primary") && is(rest.get(1), "key") {
        return Element::Key(names(rest));
    }
    const OTHERS: [&str; 10] =
        ["constraint", "unique", "foreign", "check", "key", "index", "fulltext", "spatial", "exclude", "like"];
    if OTHERS.iter().any(|o| is(first, o)) && !known(tokens.get(1)) {
        return Element::Other;
    }
    column(tokens, lines).map_or(Element::Other, |c| Element::Column(Box::new(c)))
}

fn column(tokens: &[TokenWithSpan], lines: u32) -> Option<Column> {
    let mut at = 0;
    // [name] of SQL Server.
    let bracket = tokens.first().is_some_and(|t| t.token == Token::LBracket);
    let skip = |at: &mut usize| *at += usize::from(bracket);
    skip(&mut at);
    let first = tokens.get(at)?;
    let name = quoted(word(first)?, 120);
    at += 1;
    skip(&mut at);
    let (line, column) = (first.span.start.line, first.span.start.column);
    let mut out = Column {
        name,
        line: lines.saturating_add(u32::try_from(line).unwrap_or(u32::MAX)),
        column: u32::try_from(column).unwrap_or(u32::MAX),
        ..Column::default()
    };
    if tokens.get(at).is_some_and(|t| t.token == Token::LBracket) {
        at += 1;
    }
    let mut of = tokens.get(at).and_then(word)?.to_ascii_lowercase();
    at += 1;
    // A type may stand in a schema: `public.state`.
    while tokens.get(at).is_some_and(|t| t.token == Token::Period) {
        of = tokens.get(at + 1).and_then(word)?.to_ascii_lowercase();
        at += 2;
    }
    out.made = types::counts_up(&of);
    out.of = of;
    let rest = tokens.get(at..).unwrap_or_default();
    // The length, or the values, stand right after the type or its second word.
    let opening = rest.iter().take(2).position(|t| t.token == Token::LParen);
    if let Some(opening) = opening.filter(|o| *o == 0 || is(rest.first(), "varying")) {
        let inside = rest.get(opening + 1..).unwrap_or_default();
        let inside = inside.iter().take_while(|t| t.token != Token::RParen);
        for token in inside {
            match &token.token {
                Token::Number(digits, _) if out.length.is_none() && types::has_length(&out.of) => {
                    out.length = digits.parse().ok();
                }
                // A precision alone leaves no digit after the point; the number behind it says how many there are.
                Token::Number(_, _) if out.scale.is_none() && types::has_scale(&out.of) => out.scale = Some(0),
                Token::Number(digits, _) if types::has_scale(&out.of) => out.scale = digits.parse().ok(),
                _ => out.values.extend(text(token).map(|t| quoted(t, 200))),
            }
        }
    }
    settings(&mut out, rest);
    Some(out)
}

/// What follows the type, outside of parentheses.
fn settings(out: &mut Column, rest: &[TokenWithSpan]) {
    let mut depth = 0_usize;
    for (i, token) in rest.iter().enumerate() {
        let next = |n: usize| rest.get(i + n);
        match &token.token {
            Token::LParen => depth += 1,
            Token::RParen => depth = depth.saturating_sub(1),
            Token::LBracket if depth == 0 && next(1).is_some_and(|t| matches!(t.token, Token::RBracket)) => {
                out.list = true;
            }
            _ if depth > 0 => {}
            _ if is(Some(token), "not") && is(next(1), "null") => out.required = true,
            _ if is(Some(token), "primary") && is(next(1), "key") => (out.key, out.required) = (true, true),
            _ if ["auto_increment", "autoincrement", "identity", "generated"].iter().any(|k| is(Some(token), k)) => {
                out.made = true;
            }
            _ if is(Some(token), "with") && is(next(1), "time") => out.zoned = true,
            _ if is(Some(token), "default") => {
                out.default = next(1).and_then(|t| match &t.token {
                    Token::Number(digits, _) => digits.parse().ok().map(Value::Number),
                    Token::Word(w) if w.value.eq_ignore_ascii_case("true") => Some(Value::Bool(true)),
                    Token::Word(w) if w.value.eq_ignore_ascii_case("false") => Some(Value::Bool(false)),
                    _ => text(t).map(|t| Value::String(quoted(t, 200))),
                });
            }
            _ if is(Some(token), "references") => {
                if let Some(table) = next(1).and_then(word).filter(|_| out.description.is_empty()) {
                    out.description = format!("refers to {}", quoted(table, 120));
                }
            }
            _ if is(Some(token), "comment") => {
                if let Some(said) = next(1).and_then(text) {
                    out.description = quoted(said, 300);
                }
            }
            _ if is(Some(token), "check") && out.values.is_empty() => out.values = listed(out, rest.get(i..)),
            _ => {}
        }
    }
}

/// The texts of `CHECK (name IN ('a', 'b'))`, where that is the whole condition.
fn listed(column: &Column, tokens: Option<&[TokenWithSpan]>) -> Vec<String> {
    let mut tokens = tokens.unwrap_or_default().iter().skip(1).skip_while(|t| t.token == Token::LParen);
    let named = tokens.next().and_then(word).is_some_and(|w| w.eq_ignore_ascii_case(&column.name));
    let lists = is(tokens.next(), "in") && tokens.next().is_some_and(|t| t.token == Token::LParen);
    if !named || !lists {
        return Vec::new();
    }
    let mut out = Vec::new();
    for token in tokens {
        match &token.token {
            Token::Comma => {}
            Token::RParen => return out,
            _ => match text(token) {
                Some(value) => out.push(quoted(value, 200)),
                None => return Vec::new(),
            },
        }
    }
    Vec::new()
}
