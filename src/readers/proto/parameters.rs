//! Parameters of a method that is called over HTTP: what the path holds, and what is left for the query (google/api/http.proto,
//! "Rules for HTTP mapping").

use super::file::{Body, Field, Label};
use super::http::Bound;
use super::lex::inner;
use super::operations::Reader;
use super::schemas::{behaves, description, name_of};
use super::types::{known, scalar};
use super::world::TypeAt;
use crate::base::text::quoted;
use crate::model::{ParamIn, Parameter, Schema, TypeSet};
use crate::readers::facts::Prose;

/// Most parameters of one operation.
const MOST: usize = 200;
/// Most parameters of all operations.
const MOST_IN_ALL: usize = 200_000;
/// Deepest message that is spelt out in a query: `filter.range.from`.
const MOST_NESTED: usize = 4;

/// What a field is to a query.
enum Part {
    /// A parameter.
    Whole,
    /// A message, whose fields are parameters.
    Message(TypeAt),
    /// It has no place in a query.
    None,
}

impl<'w, 'd> Reader<'_, 'w, 'd> {
    /// A part of the path; its type is that of the field where it holds the whole of it.
    pub(super) fn of_path(&mut self, at: &str, input: Option<TypeAt>, part: &Bound) -> Parameter {
        let held = input.and_then(|of| self.at_end(of, &part.field));
        let mut pointer = at.to_owned();
        let mut told = String::new();
        let mut schema = None;
        if let Some((of, field)) = held {
            pointer = self.builder.place(of, field);
            told = description(field);
            self.explain(&part.name, &pointer, field);
            if part.form.is_empty() {
                schema = Some(self.builder.field(of, field, pointer.clone()));
            }
        } else if input.is_some() && !part.field.is_empty() {
            self.wrong(at, "the path names a field that the request does not have");
        }
        if !part.form.is_empty() {
            let whole = format!("part of {} ({})", part.field, part.form);
            told = if told.is_empty() { whole } else { format!("{whole}; {told}") };
        }
        let schema = schema.unwrap_or_else(|| {
            let text = Schema { types: TypeSet::STRING, pointer: pointer.clone(), ..Schema::default() };
            self.builder.schemas.push(text)
        });
        let name = quoted(&part.name, 200);
        Parameter {
            name,
            place: ParamIn::Path,
            required: true,
            schema: Some(schema),
            description: quoted(&told, 300),
            pointer,
        }
    }

    /// The field at the end of a way of names: `book.name`.
    fn at_end(&self, of: TypeAt, way: &str) -> Option<(TypeAt, &'w Field<'d>)> {
        let world = self.builder.world;
        let mut here = of;
        let mut steps = way.split('.').peekable();
        while let Some(step) = steps.next() {
            let field = world.fields(here).iter().find(|f| f.name == step)?;
            if steps.peek().is_none() {
                return Some((here, field));
            }
            here = self.message_of(here, field)?;
        }
        None
    }

    fn message_of(&self, of: TypeAt, field: &Field<'d>) -> Option<TypeAt> {
        let world = self.builder.world;
        let within = world.ty(of).map_or("", |t| t.name.as_str());
        let at = world.find(world.package(of.0), within, field.of)?;
        matches!(world.ty(at).map(|t| &t.body), Some(Body::Message(_))).then_some(at)
    }

    /// The fields of a request that neither the path nor the body holds.
    pub(super) fn of_query(&mut self, of: TypeAt, held: &[Bound], body: &str) -> Vec<Parameter> {
        let mut out = Vec::new();
        // From the last to the first, so that they come out in order.
        let mut todo: Vec<(TypeAt, String, String, bool)> = vec![(of, String::new(), String::new(), true)];
        while let Some((of, way, shown, required)) = todo.pop() {
            let mut inner = Vec::new();
            for field in self.builder.world.fields(of) {
                let dotted = format!("{way}{}", field.name);
                let taken = dotted == body || held.iter().any(|b| b.field == dotted) || behaves(field, "OUTPUT_ONLY");
                if taken || out.len() >= MOST || self.parameters >= MOST_IN_ALL {
                    continue;
                }
                let name = format!("{shown}{}", name_of(field));
                let required = required && (field.label == Label::Required || behaves(field, "REQUIRED"));
                match self.part(of, field) {
                    Part::Whole => {
                        let pointer = self.builder.place(of, field);
                        self.explain(&name, &pointer, field);
                        let schema = Some(self.builder.field(of, field, pointer.clone()));
                        let description = description(field);
                        self.parameters += 1;
                        out.push(Parameter { name, place: ParamIn::Query, required, schema, description, pointer });
                    }
                    Part::Message(at) if dotted.matches('.').count() < MOST_NESTED => {
                        inner.push((at, format!("{dotted}."), format!("{name}."), required));
                    }
                    Part::Message(_) | Part::None => {}
                }
            }
            if todo.len() < MOST {
                todo.extend(inner.into_iter().rev());
            }
        }
        out
    }

    fn part(&self, of: TypeAt, field: &Field<'d>) -> Part {
        let base = scalar(field.of).or_else(|| known(field.of));
        let many = match field.label {
            Label::Map(_) => return Part::None,
            Label::Repeated => true,
            Label::Plain | Label::Optional | Label::Required | Label::OneOf(_) => false,
        };
        match base {
            // Texts, numbers and what is written as one.
            Some(base)
                if !base.types.is_any() && !base.types.has(TypeSet::OBJECT) && !base.types.has(TypeSet::ARRAY) =>
            {
                Part::Whole
            }
            Some(_) => Part::None,
            None => match self.message_of(of, field) {
                Some(_) if many => Part::None,
                Some(at) => Part::Message(at),
                // An enumeration, or what is not defined.
                None => Part::Whole,
            },
        }
    }

    fn explain(&mut self, name: &str, pointer: &str, field: &Field<'d>) {
        if !field.comment.is_empty() {
            let index = self.operations.len();
            let pointer = format!("{pointer}/description");
            let prose = Prose { operation: Some(index), pointer: pointer.into(), text: inner(field.comment) };
            self.hints.of_parameter(index, quoted(name, 200), prose);
        }
    }
}
