//! Options and their values, the text format of messages included.

use super::file::{Assigned, Options, Value};
use super::lex::Kind;
use super::parse::{Parser, Read};

/// Deepest nesting of values.
const MOST_NESTED: usize = 32;

impl<'d> Parser<'d> {
    /// Options in brackets, if there are any.
    pub(super) fn options(&mut self) -> Read<Options<'d>> {
        let mut out = Options::default();
        if !self.takes(b'[') {
            return Ok(out);
        }
        while !self.takes(b']') {
            out.0.push(self.option()?);
            if !self.takes(b',') && !self.token.is(b']') {
                return self.fault("the options are not closed");
            }
        }
        Ok(out)
    }

    /// `(google.api.http).get = "/v1/books"`
    pub(super) fn option(&mut self) -> Read<Assigned<'d>> {
        let name = if self.takes(b'(') {
            let name = self.path("the option has no name")?;
            if !self.takes(b')') {
                return self.fault("a parenthesis is not closed");
            }
            name.trim_start_matches('.')
        } else {
            self.word("the option has no name")?
        };
        let mut inside = "";
        if self.takes(b'.') {
            let from = self.token.at;
            loop {
                // An extension within an option is passed over with its name.
                if self.takes(b'(') {
                    self.path("the option has no name")?;
                    if !self.takes(b')') {
                        return self.fault("a parenthesis is not closed");
                    }
                } else {
                    self.word("the option has no name")?;
                }
                if !self.takes(b'.') {
                    break;
                }
            }
            inside = self.text.get(from..self.end).unwrap_or("");
        }
        if !self.takes(b'=') {
            return self.fault("the option has no value");
        }
        Ok(Assigned { name, inside, value: self.value(0)? })
    }

    fn value(&mut self, depth: usize) -> Read<Value<'d>> {
        if depth > MOST_NESTED {
            return self.fault("values nest too deeply");
        }
        match self.token.kind {
            Kind::Text => Ok(Value::Text(self.string()?)),
            Kind::Mark(open @ (b'{' | b'<')) => {
                self.take();
                self.fields(if open == b'{' { b'}' } else { b'>' }, depth)
            }
            Kind::Mark(b'[') => {
                self.take();
                let mut items = Vec::new();
                while !self.takes(b']') {
                    items.push(self.value(depth + 1)?);
                    if !self.takes(b',') && !self.token.is(b']') {
                        return self.fault("the list is not closed");
                    }
                }
                Ok(Value::List(items))
            }
            Kind::Number => Ok(Value::Bare(self.take().text)),
            Kind::Mark(b'-' | b'+') => {
                let from = self.take().at;
                // A number, `inf` or `nan`.
                if !matches!(self.token.kind, Kind::Number | Kind::Word) {
                    return self.fault("a value is expected here");
                }
                self.take();
                Ok(Value::Bare(self.text.get(from..self.end).unwrap_or("")))
            }
            Kind::Word => Ok(Value::Bare(self.path("a value is expected here")?)),
            Kind::Mark(_) | Kind::Foreign | Kind::End => self.fault("a value is expected here"),
        }
    }

    fn fields(&mut self, close: u8, depth: usize) -> Read<Value<'d>> {
        let mut fields = Vec::new();
        while !self.takes(close) {
            let from = self.token.at;
            if self.takes(b'[') {
                // `[type.googleapis.com/library.v1.Book]`
                while !self.takes(b']') {
                    if matches!(self.token.kind, Kind::End | Kind::Mark(b'{' | b'}' | b';')) {
                        return self.fault("a name in brackets is not closed");
                    }
                    self.take();
                }
            } else {
                self.word("a name is expected here")?;
            }
            let name = self.text.get(from..self.end).unwrap_or("");
            if !self.takes(b':') && !self.token.is(b'{') && !self.token.is(b'<') {
                return self.fault("a colon is expected here");
            }
            fields.push((name, self.value(depth + 1)?));
            if !self.takes(b',') {
                self.takes(b';');
            }
        }
        Ok(Value::Message(fields))
    }
}
