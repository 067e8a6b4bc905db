//! A text into a [`File`]. A statement that cannot be read is a fault with its place; what stands around it is read. Of the
//! parsers on offer, protox-parse gives nothing of a file with one fault, and tree-sitter-proto reads at a tenth of the speed
//! of a JSON parser.

use super::file::{Body, Field, File, Import, Label, Rpc, Service, Type};
use super::lex::{Kind, Lexer, Token, unquoted};

/// Deepest nesting of messages.
const MOST_NESTED: usize = 16;
/// Longest name of several words, in bytes, and of a type with the names of all that is around it.
const LONGEST: usize = 256;
/// Most types of one file.
const MOST_TYPES: usize = 50_000;
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
    braces: usize,
    file: File<'d>,
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

    fn needs(&mut self, mark: u8, because: &'static str) -> Read<()> {
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
    fn skip(&mut self, level: usize) {
        while self.token.kind != Kind::End && !(self.token.is(b'}') && self.braces <= level) {
            let taken = self.take();
            if self.braces <= level && (taken.is(b';') || taken.is(b'}')) {
                return;
            }
        }
    }

    /// The comment above a statement, else the one beside its end.
    fn comment(&self, above: &'d str) -> &'d str {
        if above.is_empty() { self.lexer.beside } else { above }
    }

    /// Statements up to the end of a block, or of the file.
    fn block(&mut self, mut one: impl FnMut(&mut Self) -> Read<()>) {
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

    fn message(&mut self, around: &str, above: &'d str, depth: usize) -> Read<()> {
        let name = self.word("the message has no name")?;
        self.needs(b'{', "the message has no body")?;
        self.body(format!("{around}{name}"), above, depth)
    }

    fn body(&mut self, name: String, above: &'d str, depth: usize) -> Read<()> {
        let comment = self.comment(above);
        if depth >= MOST_NESTED || name.len() > LONGEST || self.file.types.len() >= MOST_TYPES {
            let _: Read<()> = self.fault("messages are too many or nest too deeply; what is in here is not read");
            self.skip(self.braces.saturating_sub(1));
            return Ok(());
        }
        // Its place comes before those of what is in it.
        let place = self.file.types.len();
        let inside = format!("{name}.");
        self.file.types.push(Type {
            name,
            comment,
            options: super::file::Options::default(),
            body: Body::Message(Vec::new()),
        });
        let mut fields: Vec<Field<'d>> = Vec::new();
        let mut options = super::file::Options::default();
        self.block(|p| {
            let above = p.token.above;
            let word = p.token;
            if word.is(b'.') {
                return p.field(Label::Plain, above, &mut fields, &inside, depth);
            }
            let first = p.word("a field or a message is expected here")?;
            match (first, p.token.kind) {
                ("message", Kind::Word) => p.message(&inside, above, depth + 1),
                ("enum", Kind::Word) => p.enumeration(&inside, above),
                ("export" | "local", Kind::Word) if matches!(p.token.text, "message" | "enum") => {
                    if p.take().text == "enum" {
                        p.enumeration(&inside, above)
                    } else {
                        p.message(&inside, above, depth + 1)
                    }
                }
                ("option", Kind::Word | Kind::Mark(b'(')) => {
                    options.0.push(p.option()?);
                    p.needs(b';', "the statement does not end in a semicolon")
                }
                ("reserved" | "extensions" | "extend", Kind::Word | Kind::Number | Kind::Text) => {
                    p.skip(p.braces);
                    Ok(())
                }
                ("oneof", Kind::Word) => {
                    let of = p.word("the oneof has no name")?;
                    p.needs(b'{', "the oneof has no body")?;
                    p.block(|p| {
                        let above = p.token.above;
                        if p.token.text == "option" {
                            p.take();
                            p.option()?;
                            return p.needs(b';', "the statement does not end in a semicolon");
                        }
                        p.field(Label::OneOf(of), above, &mut fields, &inside, depth)
                    });
                    Ok(())
                }
                ("map", Kind::Mark(b'<')) => {
                    p.take();
                    let key = p.path("the map has no type of keys")?;
                    p.needs(b',', "the map has no type of values")?;
                    let of = p.path("the map has no type of values")?;
                    p.needs(b'>', "the types of the map are not closed")?;
                    p.named(Label::Map(key), of, above, &mut fields)
                }
                ("optional", Kind::Word | Kind::Mark(b'.')) => {
                    p.field(Label::Optional, above, &mut fields, &inside, depth)
                }
                ("required", Kind::Word | Kind::Mark(b'.')) => {
                    p.field(Label::Required, above, &mut fields, &inside, depth)
                }
                ("repeated", Kind::Word | Kind::Mark(b'.')) => {
                    p.field(Label::Repeated, above, &mut fields, &inside, depth)
                }
                ("group", Kind::Word) => p.group(Label::Plain, above, &mut fields, &inside, depth),
                _ => {
                    while p.takes(b'.') {
                        p.word("a type is expected here")?;
                    }
                    let of = p.text.get(word.at..p.end).unwrap_or(first);
                    p.named(Label::Plain, of, above, &mut fields)
                }
            }
        });
        if let Some(of) = self.file.types.get_mut(place) {
            (of.options, of.body) = (options, Body::Message(fields));
        }
        Ok(())
    }

    /// A field from its type on.
    fn field(
        &mut self,
        label: Label<'d>,
        above: &'d str,
        fields: &mut Vec<Field<'d>>,
        inside: &str,
        depth: usize,
    ) -> Read<()> {
        let of = self.path("a type is expected here")?;
        if of == "group" {
            return self.group(label, above, fields, inside, depth);
        }
        self.named(label, of, above, fields)
    }

    /// A field from its name on.
    fn named(&mut self, label: Label<'d>, of: &'d str, above: &'d str, fields: &mut Vec<Field<'d>>) -> Read<()> {
        if of.len() > LONGEST {
            return self.fault("the name is too long");
        }
        let name = self.word("the field has no name")?;
        let options = self.numbered("the field has no number")?;
        let ended = self.needs(b';', "the statement does not end in a semicolon");
        let comment = if ended.is_ok() { self.comment(above) } else { above };
        fields.push(Field { name, label, of, comment, options });
        // Where the semicolon alone is missing, the next statement is not.
        if self.token.kind == Kind::Word { Ok(()) } else { ended }
    }

    /// A message and a field of it in one, of proto2: its name starts with a capital letter, which the field's does not.
    fn group(
        &mut self,
        label: Label<'d>,
        above: &'d str,
        fields: &mut Vec<Field<'d>>,
        inside: &str,
        depth: usize,
    ) -> Read<()> {
        let name = self.word("the group has no name")?;
        let options = self.numbered("the group has no number")?;
        self.needs(b'{', "the group has no body")?;
        fields.push(Field { name, label, of: name, comment: above, options });
        self.body(format!("{inside}{name}"), above, depth + 1)
    }

    /// `= 7 [deprecated = true]`
    fn numbered(&mut self, because: &'static str) -> Read<super::file::Options<'d>> {
        self.needs(b'=', because)?;
        self.takes(b'-');
        if self.token.kind != Kind::Number {
            return self.fault(because);
        }
        self.take();
        self.options()
    }

    fn enumeration(&mut self, around: &str, above: &'d str) -> Read<()> {
        let name = self.word("the enumeration has no name")?;
        self.needs(b'{', "the enumeration has no body")?;
        let comment = self.comment(above);
        let mut values = Vec::new();
        let mut options = super::file::Options::default();
        self.block(|p| {
            let first = p.word("a value is expected here")?;
            match (first, p.token.kind) {
                ("option", Kind::Word | Kind::Mark(b'(')) => options.0.push(p.option()?),
                ("reserved", Kind::Word | Kind::Number | Kind::Text | Kind::Mark(b'-')) => {
                    p.skip(p.braces);
                    return Ok(());
                }
                _ => {
                    p.numbered("the value has no number")?;
                    values.push(first);
                }
            }
            p.needs(b';', "the statement does not end in a semicolon")
        });
        if self.file.types.len() < MOST_TYPES {
            self.file.types.push(Type { name: format!("{around}{name}"), comment, options, body: Body::Enum(values) });
        }
        Ok(())
    }

    fn service(&mut self, above: &'d str) -> Read<()> {
        let name = self.word("the service has no name")?;
        self.needs(b'{', "the service has no body")?;
        let comment = self.comment(above);
        let mut service = Service { name, comment, options: super::file::Options::default(), rpcs: Vec::new() };
        self.block(|p| {
            let above = p.token.above;
            match p.word("a method is expected here")? {
                "option" => {
                    service.options.0.push(p.option()?);
                    p.needs(b';', "the statement does not end in a semicolon")
                }
                "rpc" => {
                    service.rpcs.push(p.rpc(above)?);
                    Ok(())
                }
                _ => p.fault("a method starts with rpc"),
            }
        });
        self.file.services.push(service);
        Ok(())
    }

    fn rpc(&mut self, above: &'d str) -> Read<Rpc<'d>> {
        let name = self.word("the method has no name")?;
        let (input, asks) = self.message_of()?;
        if self.token.text != "returns" {
            return self.fault("the method does not say what it returns");
        }
        self.take();
        let (output, tells) = self.message_of()?;
        let mut options = super::file::Options::default();
        let mut comment = above;
        if self.takes(b'{') {
            self.block(|p| {
                if p.word("an option is expected here")? != "option" {
                    return p.fault("an option is expected here");
                }
                options.0.push(p.option()?);
                p.needs(b';', "the statement does not end in a semicolon")
            });
        } else {
            self.needs(b';', "the statement does not end in a semicolon")?;
            comment = self.comment(above);
        }
        Ok(Rpc { name, input, output, streams: asks || tells, comment, options })
    }

    /// `(stream Book)`
    fn message_of(&mut self) -> Read<(&'d str, bool)> {
        self.needs(b'(', "a message in parentheses is expected here")?;
        let mut of = self.path("the name of a message is expected here")?;
        let streams = of == "stream" && !self.token.is(b')');
        if streams {
            of = self.path("the name of a message is expected here")?;
        }
        self.needs(b')', "a parenthesis is not closed")?;
        Ok((of, streams))
    }
}
