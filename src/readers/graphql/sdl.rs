//! Schema definitions in text. What is broken is a finding with line and column; what stands around it is read.

use std::collections::BTreeSet;

use apollo_parser::cst::{self, CstNode as _, Definition};
use apollo_parser::{Parser, SyntaxNode};
use serde_json::Value;

use super::graph::{Field, Graph, Input, Kind, MOST_WRAPS, Of, Type, Wrap};
use crate::base::text::{plural, quoted};
use crate::base::yaml::Span;
use crate::finding::{Finding, Location};

/// Deepest nesting that the parser follows: real schemas nest ten deep, and each level costs stack.
const DEEPEST: usize = 100;
/// Most syntax errors told.
const MOST: usize = 25;

/// Whether a text defines types of GraphQL, by its first definitions.
pub(super) fn sniff(text: &str) -> bool {
    // Both languages have `enum A {` and `extend`.
    if text.trim_start().starts_with(['{', '[', '<']) || crate::readers::proto::sniff(text) {
        return false;
    }
    let defines = |line: &str| {
        let line = line.strip_prefix("extend ").unwrap_or(line);
        let head = line.split('{').next().unwrap_or(line);
        let mut words = head.split_whitespace();
        let (keyword, name) = (words.next(), words.next().unwrap_or(""));
        let bare = name.split(['@', '=', '(']).next().unwrap_or(name);
        let is_name = bare.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && bare.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        // Other languages have types too: `type A = …;`, `enum: x`, `interface A { a: string; }`.
        let foreign = line.contains(';') || head.contains(':');
        match keyword {
            Some("schema") => (line.contains('{') || name.starts_with('@')) && !foreign,
            Some("type" | "interface" | "input" | "enum") => {
                is_name
                    && !foreign
                    && !head.contains('=')
                    && (line.contains('{') || words.next().is_none_or(|w| w == "implements" || w.starts_with('@')))
            }
            Some("union") => is_name && !foreign,
            Some("scalar") => is_name && !foreign && words.next().is_none_or(|w| w.starts_with('@')),
            Some("directive") => name.starts_with('@'),
            _ => false,
        }
    };
    text.lines().take(2000).filter(|l| !l.starts_with([' ', '\t', '#'])).any(defines)
}

/// Reads a text; never fails.
pub(super) fn read<'d>(text: &'d str, origin: &str, findings: &mut Vec<Finding>) -> Graph<'d> {
    let tree = Parser::new(text).recursion_limit(DEEPEST).parse();
    let errors = tree.errors().len();
    for error in tree.errors().take(MOST) {
        let message = format!("the schema has a syntax error here: {}", quoted(error.message(), 160));
        findings.push(
            Finding::warning("broken-sdl", Location::at(origin, Span::of(text, error.index())), message)
                .fix("correct the syntax at this place; what stands around it was read"),
        );
    }
    if errors > MOST {
        let message = format!("{} more like this were found", plural((errors - MOST) as u64, "place"));
        findings.push(Finding::note("broken-sdl", Location::at(origin, Span { line: 1, column: 1 }), message));
    }
    let mut reader = Reader { text, origin, findings, defined: BTreeSet::new(), graph: Graph::default() };
    for definition in tree.document().definitions() {
        reader.definition(definition);
    }
    let mut graph = reader.graph;
    for (root, usual) in
        [(&mut graph.query, "Query"), (&mut graph.mutation, "Mutation"), (&mut graph.subscription, "Subscription")]
    {
        if root.is_none() && graph.types.contains_key(usual) {
            *root = Some(usual.to_owned());
        }
    }
    graph
}

struct Reader<'d, 'f> {
    text: &'d str,
    origin: &'f str,
    findings: &'f mut Vec<Finding>,
    /// Types defined so far; one that was only extended is not among them.
    defined: BTreeSet<String>,
    graph: Graph<'d>,
}

fn text_of(name: Option<cst::Name>) -> Option<String> {
    name.map(|n| n.text().to_string()).filter(|n| !n.is_empty())
}

impl<'d> Reader<'d, '_> {
    fn definition(&mut self, definition: Definition) {
        use Definition as D;
        match definition {
            D::SchemaDefinition(d) => {
                self.graph.description = self.described(d.description());
                d.root_operation_type_definitions().for_each(|r| self.root(&r));
            }
            D::SchemaExtension(d) => d.root_operation_type_definitions().for_each(|r| self.root(&r)),
            D::ScalarTypeDefinition(d) => {
                self.define(d.name(), Kind::Scalar, d.syntax());
                self.describe(d.name(), d.description());
            }
            D::ObjectTypeDefinition(d) => {
                self.define(d.name(), Kind::Object, d.syntax());
                self.describe(d.name(), d.description());
                self.fields(d.name(), d.fields_definition(), d.implements_interfaces());
            }
            D::InterfaceTypeDefinition(d) => {
                self.define(d.name(), Kind::Interface, d.syntax());
                self.describe(d.name(), d.description());
                self.fields(d.name(), d.fields_definition(), d.implements_interfaces());
            }
            D::UnionTypeDefinition(d) => {
                self.define(d.name(), Kind::Union, d.syntax());
                self.describe(d.name(), d.description());
                self.members(d.name(), d.union_member_types());
            }
            D::EnumTypeDefinition(d) => {
                self.define(d.name(), Kind::Enum, d.syntax());
                self.describe(d.name(), d.description());
                self.values(d.name(), d.enum_values_definition());
            }
            D::InputObjectTypeDefinition(d) => {
                self.define(d.name(), Kind::Input, d.syntax());
                self.describe(d.name(), d.description());
                self.inputs(d.name(), d.input_fields_definition());
            }
            // Extensions may stand before what they extend, or without it: a part of a schema is read too.
            D::ScalarTypeExtension(d) => self.extend(d.name(), Kind::Scalar),
            D::ObjectTypeExtension(d) => {
                self.extend(d.name(), Kind::Object);
                self.fields(d.name(), d.fields_definition(), d.implements_interfaces());
            }
            D::InterfaceTypeExtension(d) => {
                self.extend(d.name(), Kind::Interface);
                self.fields(d.name(), d.fields_definition(), d.implements_interfaces());
            }
            D::UnionTypeExtension(d) => {
                self.extend(d.name(), Kind::Union);
                self.members(d.name(), d.union_member_types());
            }
            D::EnumTypeExtension(d) => {
                self.extend(d.name(), Kind::Enum);
                self.values(d.name(), d.enum_values_definition());
            }
            D::InputObjectTypeExtension(d) => {
                self.extend(d.name(), Kind::Input);
                self.inputs(d.name(), d.input_fields_definition());
            }
            D::DirectiveDefinition(_) | D::OperationDefinition(_) | D::FragmentDefinition(_) => {}
        }
    }

    fn root(&mut self, root: &cst::RootOperationTypeDefinition) {
        let Some(kind) = root.operation_type() else { return };
        let name = text_of(root.named_type().and_then(|t| t.name()));
        let slot = if kind.query_token().is_some() {
            &mut self.graph.query
        } else if kind.mutation_token().is_some() {
            &mut self.graph.mutation
        } else {
            &mut self.graph.subscription
        };
        if slot.is_none() {
            *slot = name;
        }
    }

    fn define(&mut self, name: Option<cst::Name>, kind: Kind, node: &SyntaxNode) {
        let Some(name) = text_of(name) else { return };
        if !self.defined.insert(name.clone()) {
            let at = Span::of(self.text, usize::from(node.text_range().start()));
            let message = format!("the type {} is defined a second time; both are read as one", quoted(&name, 80));
            self.findings.push(
                Finding::warning("duplicate-type", Location::at(self.origin, at), message)
                    .fix("keep one of the definitions, or extend the type"),
            );
        }
        self.graph.types.entry(name).or_insert_with(|| Type::new(kind));
    }

    fn extend(&mut self, name: Option<cst::Name>, kind: Kind) {
        if let Some(name) = text_of(name) {
            self.graph.types.entry(name).or_insert_with(|| Type::new(kind));
        }
    }

    fn of_name(&mut self, name: Option<cst::Name>) -> Option<&mut Type<'d>> {
        self.graph.types.get_mut(&text_of(name)?)
    }

    fn describe(&mut self, name: Option<cst::Name>, description: Option<cst::Description>) {
        let described = self.described(description);
        if let Some(of) = self.of_name(name)
            && !described.is_empty()
        {
            of.description = described;
        }
    }

    /// The slice of a description without its quotes.
    fn described(&self, description: Option<cst::Description>) -> &'d str {
        let Some(value) = description.and_then(|d| d.string_value()) else { return "" };
        let range = value.syntax().text_range();
        let raw = self.text.get(usize::from(range.start())..usize::from(range.end())).unwrap_or("").trim();
        let block = raw.strip_prefix("\"\"\"").map(|r| r.strip_suffix("\"\"\"").unwrap_or(r));
        block.or_else(|| raw.strip_prefix('"').map(|r| r.strip_suffix('"').unwrap_or(r))).unwrap_or(raw).trim()
    }

    fn fields(
        &mut self,
        name: Option<cst::Name>,
        fields: Option<cst::FieldsDefinition>,
        interfaces: Option<cst::ImplementsInterfaces>,
    ) {
        let read: Vec<Field<'d>> =
            fields.iter().flat_map(cst::FieldsDefinition::field_definitions).filter_map(|f| self.field(&f)).collect();
        let Some(of) = self.of_name(name) else { return };
        for field in read {
            if !of.fields.iter().any(|f| f.name == field.name) {
                of.fields.push(field);
            }
        }
        of.related.extend(
            interfaces.iter().flat_map(cst::ImplementsInterfaces::named_types).filter_map(|t| text_of(t.name())),
        );
    }

    fn field(&self, field: &cst::FieldDefinition) -> Option<Field<'d>> {
        let arguments = field.arguments_definition();
        Some(Field {
            name: text_of(field.name())?,
            description: self.described(field.description()),
            arguments: arguments
                .iter()
                .flat_map(cst::ArgumentsDefinition::input_value_definitions)
                .filter_map(|a| self.input(&a))
                .collect(),
            of: of(field.ty()),
            deprecated: deprecated(field.directives()),
        })
    }

    fn inputs(&mut self, name: Option<cst::Name>, fields: Option<cst::InputFieldsDefinition>) {
        let read: Vec<Input<'d>> = fields
            .iter()
            .flat_map(cst::InputFieldsDefinition::input_value_definitions)
            .filter_map(|i| self.input(&i))
            .collect();
        if let Some(of) = self.of_name(name) {
            of.inputs.extend(read);
        }
    }

    fn input(&self, input: &cst::InputValueDefinition) -> Option<Input<'d>> {
        Some(Input {
            name: text_of(input.name())?,
            description: self.described(input.description()),
            of: of(input.ty()),
            default: input.default_value().map(|d| d.value().map_or(Value::Null, |v| constant(&v))),
            deprecated: deprecated(input.directives()),
        })
    }

    fn values(&mut self, name: Option<cst::Name>, values: Option<cst::EnumValuesDefinition>) {
        let read: Vec<String> = values
            .iter()
            .flat_map(cst::EnumValuesDefinition::enum_value_definitions)
            .filter_map(|v| text_of(v.enum_value().and_then(|v| v.name())))
            .collect();
        if let Some(of) = self.of_name(name) {
            of.values.extend(read);
        }
    }

    fn members(&mut self, name: Option<cst::Name>, members: Option<cst::UnionMemberTypes>) {
        let read: Vec<String> =
            members.iter().flat_map(cst::UnionMemberTypes::named_types).filter_map(|t| text_of(t.name())).collect();
        if let Some(of) = self.of_name(name) {
            of.related.extend(read);
        }
    }
}

fn deprecated(directives: Option<cst::Directives>) -> bool {
    let all = directives.iter().flat_map(cst::Directives::directives);
    all.filter_map(|d| text_of(d.name())).any(|name| name == "deprecated")
}

/// A type in use, walked from the outside in.
fn of(ty: Option<cst::Type>) -> Of {
    let mut out = Of::default();
    let mut here = ty;
    while let Some(now) = here.take() {
        if out.wraps.len() >= MOST_WRAPS {
            return Of::default();
        }
        let list = match now {
            cst::Type::NamedType(named) => {
                out.name = text_of(named.name()).unwrap_or_default();
                return out;
            }
            cst::Type::NonNullType(inner) => {
                out.wraps.push(Wrap::NonNull);
                if let Some(named) = inner.named_type() {
                    out.name = text_of(named.name()).unwrap_or_default();
                    return out;
                }
                inner.list_type()
            }
            cst::Type::ListType(list) => Some(list),
        };
        let Some(list) = list else { return out };
        out.wraps.push(Wrap::List);
        here = list.ty();
    }
    out
}

/// A default that is a scalar or a name; lists and objects are told as null, which says that there is one.
fn constant(value: &cst::Value) -> Value {
    let text = value.syntax().text().to_string();
    let text = text.trim();
    match value {
        cst::Value::EnumValue(_) => Value::String(text.to_owned()),
        cst::Value::IntValue(_)
        | cst::Value::FloatValue(_)
        | cst::Value::BooleanValue(_)
        | cst::Value::StringValue(_) => serde_json::from_str(text).unwrap_or(Value::Null),
        _ => Value::Null,
    }
}
