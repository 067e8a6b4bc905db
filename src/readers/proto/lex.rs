//! A text into tokens that borrow from it, each with its place and the comments around it (Protocol Buffers, language
//! specification, "Lexical elements"). Any text has tokens; what is none of the language is told apart.

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// An identifier or a keyword: the language has no word that may not be a name.
    Word,
    /// A number, not judged further.
    Number,
    /// A text in quotes of either kind, the quotes included; the last may be missing where the line ends.
    Text,
    /// One character.
    Mark(u8),
    /// No token of the language.
    Foreign,
    /// The text is over.
    End,
}

/// One token.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token<'d> {
    pub(super) kind: Kind,
    /// As written.
    pub(super) text: &'d str,
    /// The byte it starts at.
    pub(super) at: usize,
    /// The comment that ends on the line before it or on its own, marks included; empty where there is none.
    pub(super) above: &'d str,
}

impl Token<'_> {
    pub(super) fn is(&self, mark: u8) -> bool {
        self.kind == Kind::Mark(mark)
    }
}

/// Takes tokens from a text one by one.
#[derive(Debug, Clone)]
pub(super) struct Lexer<'d> {
    text: &'d str,
    at: usize,
    /// The comment that stands on the line of the token before the last, after it.
    pub(super) beside: &'d str,
}

impl<'d> Lexer<'d> {
    pub(super) const fn new(text: &'d str) -> Self {
        Self { text, at: 0, beside: "" }
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    fn slice(&self, from: usize, to: usize) -> &'d str {
        self.text.get(from..to).unwrap_or("")
    }

    /// The first byte from `from` on for which `ends` holds, or the end.
    fn until(&self, from: usize, ends: impl Fn(u8) -> bool) -> usize {
        let rest = self.text.as_bytes().get(from..).unwrap_or_default();
        rest.iter().position(|b| ends(*b)).map_or(self.text.len(), |n| from + n)
    }

    /// Skips what stands between tokens; the comment that belongs to the next one.
    fn between(&mut self) -> &'d str {
        self.beside = "";
        let first = self.at == 0;
        let (mut start, mut end, mut lines, mut all) = (self.at, self.at, 0_u32, 0_u32);
        while let Some(byte) = self.byte(self.at) {
            match (byte, self.byte(self.at + 1)) {
                (b'\n', _) => {
                    lines += 1;
                    all += 1;
                    self.at += 1;
                }
                (b, _) if b.is_ascii_whitespace() => self.at += 1,
                (b'/', Some(next @ (b'/' | b'*'))) => {
                    let from = self.at;
                    self.at = if next == b'/' {
                        self.until(from, |b| b == b'\n')
                    } else {
                        let close =
                            memchr::memmem::find(self.text.as_bytes().get(from + 2..).unwrap_or_default(), b"*/");
                        close.map_or(self.text.len(), |n| from + n + 4)
                    };
                    if all == 0 && !first {
                        self.beside = self.slice(from, self.at);
                        (start, end) = (self.at, self.at);
                    } else {
                        // A blank line sets comments apart.
                        if lines > 1 || start == end {
                            start = from;
                        }
                        end = self.at;
                    }
                    lines = 0;
                    all += u32::from(first);
                }
                _ => break,
            }
        }
        if lines > 1 { "" } else { self.slice(start, end) }
    }

    pub(super) fn next(&mut self) -> Token<'d> {
        let above = self.between();
        let at = self.at;
        let token = |kind, text| Token { kind, text, at, above };
        let Some(byte) = self.byte(at) else { return token(Kind::End, "") };
        let digit = |at| self.byte(at).is_some_and(|b| b.is_ascii_digit());
        let (kind, end) = match byte {
            b'"' | b'\'' => (Kind::Text, self.quoted(byte)),
            b'A'..=b'Z' | b'a'..=b'z' | b'_' => {
                (Kind::Word, self.until(at, |b| !(b.is_ascii_alphanumeric() || b == b'_')))
            }
            b'0'..=b'9' => (Kind::Number, self.number()),
            b'.' if digit(at + 1) => (Kind::Number, self.number()),
            b if b.is_ascii_punctuation() => (Kind::Mark(b), at + 1),
            b if b.is_ascii() => (Kind::Foreign, at + 1),
            _ => (Kind::Foreign, self.until(at, |b| b.is_ascii())),
        };
        self.at = end;
        token(kind, self.slice(at, end))
    }

    fn quoted(&self, quote: u8) -> usize {
        let mut at = self.at + 1;
        loop {
            at = self.until(at, |b| b == quote || b == b'\\' || b == b'\n');
            match self.byte(at) {
                Some(b'\\') => {
                    // The character after it, which may be of several bytes.
                    at += 1;
                    at += self.text.get(at..).and_then(|t| t.chars().next()).map_or(0, char::len_utf8);
                }
                Some(b) if b == quote => return at + 1,
                _ => return at,
            }
        }
    }

    fn number(&self) -> usize {
        let mut last = b' ';
        let mut end = self.at;
        while let Some(b) = self.byte(end) {
            let sign = matches!(b, b'+' | b'-') && matches!(last, b'e' | b'E');
            if !(b.is_ascii_alphanumeric() || b == b'.' || sign) {
                break;
            }
            last = b;
            end += 1;
        }
        end
    }
}

/// A text without quotes, escapes read back (language specification, "String literals").
pub(super) fn unquoted(raw: &str) -> std::borrow::Cow<'_, str> {
    let inner = raw.get(1..).unwrap_or("");
    let inner = raw.chars().next().and_then(|q| inner.strip_suffix(q)).unwrap_or(inner);
    if !inner.contains('\\') {
        return inner.into();
    }
    let mut out = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('n' | 'r' | 't' | 'v' | 'f' | 'a' | 'b') => out.push(' '),
                // Bytes by number: rare in what is read here, and not worth their own reading.
                Some('x' | 'X' | 'u' | 'U' | '0'..='7') => out.push(char::REPLACEMENT_CHARACTER),
                Some(c) => out.push(c),
                None => {}
            },
            c => out.push(c),
        }
    }
    out.into()
}

/// A comment without the marks at its two ends.
pub(super) fn inner(comment: &str) -> &str {
    let text = comment.strip_suffix("*/").unwrap_or(comment);
    text.trim_start_matches(['/', '*']).trim()
}

/// What a comment says, its marks taken out: of the first lines alone, which is more than anybody is shown.
pub(super) fn said(comment: &str) -> String {
    let mut out = String::new();
    for line in comment.lines().take(20) {
        let line = line.trim();
        let line = line.strip_prefix("/*").or_else(|| line.strip_prefix("//")).unwrap_or(line);
        let line = line.trim_start_matches(['/', '*']).trim_end_matches("*/").trim();
        if !line.is_empty() {
            out.push_str(if out.is_empty() { "" } else { " " });
            out.push_str(line);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> Vec<(Kind, &str, &str)> {
        let mut lexer = Lexer::new(text);
        let mut out = Vec::new();
        loop {
            let token = lexer.next();
            if token.kind == Kind::End {
                return out;
            }
            out.push((token.kind, token.text, token.above));
        }
    }

    #[test]
    fn tokens_come_with_their_text() {
        let found: Vec<(Kind, &str)> =
            tokens("a.b_1=-1.5e+3 'x\\'y' \"é\\é\" .5 é{}").into_iter().map(|t| (t.0, t.1)).collect();
        assert_eq!(
            found,
            [
                (Kind::Word, "a"),
                (Kind::Mark(b'.'), "."),
                (Kind::Word, "b_1"),
                (Kind::Mark(b'='), "="),
                (Kind::Mark(b'-'), "-"),
                (Kind::Number, "1.5e+3"),
                (Kind::Text, "'x\\'y'"),
                (Kind::Text, "\"é\\é\""),
                (Kind::Number, ".5"),
                (Kind::Foreign, "é"),
                (Kind::Mark(b'{'), "{"),
                (Kind::Mark(b'}'), "}"),
            ]
        );
        assert_eq!(tokens("\"open\nb")[0].1, "\"open");
        assert!(tokens("/* open").is_empty());
    }

    #[test]
    fn a_comment_belongs_to_what_follows_it_without_a_blank_line() {
        let text =
            "// licence\n\n// A thing.\n// Of two lines.\nmessage /* in */ A { // beside\n  // Its id.\n  x\n}\n";
        let found = tokens(text);
        let above = |name: &str| found.iter().find(|t| t.1 == name).map(|t| said(t.2)).unwrap_or_default();
        assert_eq!(above("message"), "A thing. Of two lines.");
        assert_eq!((above("x").as_str(), above("A").as_str(), above("}").as_str()), ("Its id.", "", ""));
        let mut lexer = Lexer::new("a; // of a\n// of b\nb");
        assert_eq!((lexer.next().text, lexer.next().text, lexer.next().above), ("a", ";", "// of b"));
        assert_eq!(lexer.beside, "// of a");
        assert_eq!(said("/** One.\n  * Two. */"), "One. Two.");
    }
}
