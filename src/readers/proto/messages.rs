//! Messages, what is in them, and enumerations.

use super::file::{Body, Field, Label, Options, Type};
use super::lex::Kind;
use super::parse::{LONGEST, Parser, Read};

/// Deepest nesting of messages.
const MOST_NESTED: usize = 16;
/// Most types of one file.
const MOST_TYPES: usize = 50_000;

impl<'d> Parser<'d> {
    pub(super) fn message(&mut self, around: &str, above: &'d str, depth: usize) -> Read<()> {
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
        self.file.types.push(Type { name, comment, options: Options::default(), body: Body::Message(Vec::new()) });
        let mut fields: Vec<Field<'d>> = Vec::new();
        let mut options = Options::default();
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
    fn numbered(&mut self, because: &'static str) -> Read<Options<'d>> {
        self.needs(b'=', because)?;
        self.takes(b'-');
        if self.token.kind != Kind::Number {
            return self.fault(because);
        }
        self.take();
        self.options()
    }

    pub(super) fn enumeration(&mut self, around: &str, above: &'d str) -> Read<()> {
        let name = self.word("the enumeration has no name")?;
        self.needs(b'{', "the enumeration has no body")?;
        let comment = self.comment(above);
        let mut values = Vec::new();
        let mut options = Options::default();
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
}
