//! A text into a [`File`]. A statement that cannot be read is a fault with its place; what stands around it is read. Of the
//! parsers on offer, protox-parse gives nothing of a file with one fault, and tree-sitter-proto reads at a tenth of the speed
//! of a JSON parser.

use super::file::{File, Import};
use super::lex::{Kind, Lexer, Token, unquoted};

/// Longest name of several words, in bytes, and of a type with the names of all that is around it.
pub(super) const LONGEST: usize = 256;
/// Most faults kept.
const MOST_FAULTS: usize = 26;

/// Reads a text; never fails.
pub(super) fn parse(text: &str) -> File<'_> {
    let mut lexer = Lexer::new(text);
    let token = lexer.next();
    let mut parser = Parser { text, lexer, token, end: 0, braces: 0, file: File::default() };
    parser.top();
    parser.file
}

/// With one token ahead.
pub(super) struct Parser<'d> {
    pub(super) text: &'d str,
    lexer: Lexer<'d>,
    /// Not taken yet.
    pub(super) token: Token<'d>,
    /// Where the token before it ends.
    pub(super) end: usize,
    /// How many are open.
    pub(super) braces: usize,
    pub(super) file: File<'d>,
}

/// Nothing could be read here; it was told already.
pub(super) struct Broken;

pub(super) type Read<T> = Result<T, Broken>;

impl<'d> Parser<'d> {
    /// Takes a token.
    pub(super) fn take(&mut self) -> Token<'d> {
        let next = self.lexer.next();
        let taken = std::mem::replace(&mut self.token, next);
        self.end = taken.at + taken.text.len();
        match taken.kind {
            Kind::Mark(b'{') => self.braces += 1,
            Kind::Mark(b'}') => self.braces = self.braces.saturating_sub(1),
            _ => {}
        }
        taken
    }

    pub(super) fn takes(&mut self, mark: u8) -> bool {
        let is = self.token.is(mark);
        if is {
            self.take();
        }
        is
    }

    pub(super) fn fault<T>(&mut self, because: &'static str) -> Read<T> {
        if self.file.faults.len() < MOST_FAULTS {
            self.file.faults.push((self.token.at, because));
        }
        Err(Broken)
    }

    pub(super) fn needs(&mut self, mark: u8, because: &'static str) -> Read<()> {
        if self.takes(mark) { Ok(()) } else { self.fault(because) }
    }

    pub(super) fn word(&mut self, because: &'static str) -> Read<&'d str> {
        if self.token.kind == Kind::Word && self.token.text.len() <= LONGEST {
            return Ok(self.take().text);
        }
        self.fault(because)
    }

    /// A name of several words, with a dot before it or without.
    pub(super) fn path(&mut self, because: &'static str) -> Read<&'d str> {
        let from = self.token.at;
        self.takes(b'.');
        self.word(because)?;
        while self.takes(b'.') {
            self.word(because)?;
        }
        match self.text.get(from..self.end) {
            Some(path) if path.len() <= LONGEST => Ok(path),
            _ => self.fault("the name is too long"),
        }
    }

    /// Texts that follow each other are one.
    pub(super) fn string(&mut self) -> Read<std::borrow::Cow<'d, str>> {
        if self.token.kind != Kind::Text {
            return self.fault("a text in quotes is expected here");
        }
        let mut out = unquoted(self.take().text);
        while self.token.kind == Kind::Text {
            out.to_mut().push_str(&unquoted(self.take().text));
        }
        Ok(out)
    }

    /// Goes on after the statement that the parser is in, which stands where `level` braces are open: after its semicolon
    /// or its block, before the end of what is around it.
    pub(super) fn skip(&mut self, level: usize) {
        while self.token.kind != Kind::End && !(self.token.is(b'}') && self.braces <= level) {
            let taken = self.take();
            if self.braces <= level && (taken.is(b';') || taken.is(b'}')) {
                return;
            }
        }
    }

    /// The comment above a statement, else the one beside its end.
    pub(super) fn comment(&self, above: &'d str) -> &'d str {
        if above.is_empty() { self.lexer.beside } else { above }
    }

    /// Statements up to the end of a block, or of the file.
    pub(super) fn block(&mut self, mut one: impl FnMut(&mut Self) -> Read<()>) {
        let open = self.end.saturating_sub(1);
        let level = self.braces;
        loop {
            if self.takes(b';') {
                continue;
            }
            if self.takes(b'}') {
                return;
            }
            if self.token.kind == Kind::End {
                if self.file.faults.len() < MOST_FAULTS {
                    self.file.faults.push((open, "the block that is opened here is not closed"));
                }
                return;
            }
            if one(self).is_err() {
                self.skip(level);
            }
        }
    }

    fn top(&mut self) {
        while self.token.kind != Kind::End {
            // A brace too many ends nothing.
            if !self.takes(b';') && self.statement().is_err() {
                self.skip(0);
                self.takes(b'}');
            }
        }
    }

    fn statement(&mut self) -> Read<()> {
        let above = self.token.above;
        let mut first = self.word("a statement starts with a word; this is none")?;
        if matches!(first, "export" | "local") {
            first = self.word("a message or an enumeration is expected here")?;
        }
        match first {
            "syntax" | "edition" => {
                self.needs(b'=', "the version follows after =")?;
                self.file.syntax = self.string()?;
            }
            "package" => {
                self.file.package = self.path("the package has no name")?;
            }
            "import" => {
                let at = self.token.at;
                if self.token.kind == Kind::Word {
                    self.take();
                }
                let path = self.string()?;
                self.file.imports.push(Import { path, at });
            }
            "option" => {
                let option = self.option()?;
                self.file.options.0.push(option);
            }
            "message" => return self.message("", above, 0),
            "enum" => return self.enumeration("", above),
            "service" => return self.service(above),
            // What options there are is not asked of the file.
            "extend" => {
                self.skip(self.braces);
                return Ok(());
            }
            _ => return self.fault("no statement starts with this word"),
        }
        self.needs(b';', "the statement does not end in a semicolon")
    }
}
