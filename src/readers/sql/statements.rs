//! A text into the statements that say something of tables, each with its place.

use sqlparser::dialect::{Dialect, MySqlDialect, PostgreSqlDialect};
use sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer};

/// Longest statement.
const MOST_BYTES: usize = 1 << 20;

/// Words that scripts start with.
const FIRST: [&str; 16] = [
    "create",
    "alter",
    "drop",
    "set",
    "begin",
    "use",
    "pragma",
    "start",
    "select",
    "comment",
    "if",
    "go",
    "insert",
    "grant",
    "lock",
    "delimiter",
];

/// Whether a text is a script that makes tables.
pub(super) fn sniff(text: &str) -> bool {
    let mut rest = text.trim_start();
    loop {
        rest = if rest.starts_with("--") || rest.starts_with('#') {
            rest.split_once('\n').map_or("", |(_, after)| after).trim_start()
        } else if let Some(comment) = rest.strip_prefix("/*") {
            comment.split_once("*/").map_or("", |(_, after)| after).trim_start_matches(';').trim_start()
        } else {
            break;
        };
    }
    let end = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
    let word = rest.get(..end).unwrap_or("");
    let spaced = rest.get(end..).is_some_and(|r| r.starts_with(char::is_whitespace));
    spaced
        && FIRST.iter().any(|first| word.eq_ignore_ascii_case(first))
        && text.lines().any(|line| starts(line, "create") && contains_word(line, "table"))
}

fn starts(line: &str, word: &str) -> bool {
    let line = line.trim_start();
    line.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word))
        && line.get(word.len()..).is_some_and(|rest| rest.starts_with(char::is_whitespace))
}

fn contains_word(line: &str, word: &str) -> bool {
    line.split(|c: char| !c.is_ascii_alphabetic()).any(|w| w.eq_ignore_ascii_case(word))
}

/// One statement: its tokens without spaces and comments, lines counted over the whole text.
pub(super) struct Statement {
    pub(super) tokens: Vec<TokenWithSpan>,
    /// Lines before the statement's text.
    pub(super) line: u32,
    /// Why the tokens end early, if they do.
    pub(super) broken: Option<String>,
}

/// All statements that may say something of tables. A statement ends where a line ends in a semicolon.
pub(super) fn all(text: &str) -> impl Iterator<Item = Statement> {
    // In MySQL, double quotes are for texts and backticks for names.
    let mysql = text.contains('`');
    let mut lines = text.split_inclusive('\n').enumerate();
    let mut offset = 0;
    std::iter::from_fn(move || {
        loop {
            let (number, line) = lines.next()?;
            let start = offset;
            offset += line.len();
            if !["create", "alter", "comment"].iter().any(|word| starts(line, word)) {
                continue;
            }
            let mut ended = ends(line);
            while !ended && offset - start < MOST_BYTES {
                let Some((_, line)) = lines.next() else { break };
                offset += line.len();
                ended = ends(line);
            }
            let part = text.get(start..offset).unwrap_or("");
            let dialect: &dyn Dialect = if mysql { &MySqlDialect {} } else { &PostgreSqlDialect {} };
            let mut tokens = Vec::new();
            let broken = Tokenizer::new(dialect, part).tokenize_with_location_into_buf(&mut tokens).err();
            tokens.retain(|t| !matches!(t.token, Token::Whitespace(_)));
            let line = u32::try_from(number).unwrap_or(u32::MAX);
            return Some(Statement { tokens, line, broken: broken.map(|e| e.message) });
        }
    })
}

fn ends(line: &str) -> bool {
    // Two dashes within a text are no comment.
    let code = line.split_once("--").map_or(line, |(code, _)| code);
    let code = if code.matches('\'').count().is_multiple_of(2) { code } else { line };
    code.trim_end().ends_with(';') || line.trim().eq_ignore_ascii_case("go")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_are_told_from_other_texts() {
        for text in ["-- dump\n/* x */;\nSET a = 1;\nCREATE TABLE a (b int);\n", "create temporary table a (b int)"] {
            assert!(sniff(text), "{text}");
        }
        for text in ["", "create: table\n", "SELECT 1;", "---\ncreate\n", "type Query { a: Int }", "/* x"] {
            assert!(!sniff(text), "{text}");
        }
    }

    #[test]
    fn only_statements_on_tables_are_taken_apart() {
        let text = "INSERT INTO a VALUES ('x\ny');\nCREATE TABLE a (\n b int -- it's;\n);\nalter table a add c int;\n";
        let found: Vec<(u32, usize)> = all(text).map(|s| (s.line, s.tokens.len())).collect();
        assert_eq!(found, [(2, 8), (5, 7)]);
    }
}
