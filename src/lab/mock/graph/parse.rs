//! A GraphQL request as text: one operation, one field of a root type, fragments put in their places.

use std::collections::BTreeMap;

use apollo_parser::Parser;
use apollo_parser::cst::{self, CstNode as _, Definition};
use serde_json::{Map, Number, Value};

use crate::model::Root;

/// Deepest nesting that is followed.
const DEEPEST: usize = 60;
/// Most fields of one request, fragments put in.
const MOST: usize = 5_000;

/// What a request asks for.
#[derive(Debug)]
pub(in crate::lab::mock) struct Asked {
    /// Which root type.
    pub root: Root,
    /// The field of it.
    pub field: Field,
    /// Declared variables: name to type as written, and default.
    pub declared: BTreeMap<String, (String, Option<Value>)>,
    /// Variables as sent.
    pub variables: Map<String, Value>,
}

/// A selected field.
#[derive(Debug)]
pub(in crate::lab::mock) struct Field {
    alias: Option<String>,
    pub name: String,
    /// Arguments as written: constants, and variables by name.
    pub arguments: Vec<(String, Argument)>,
    pub below: Vec<Selection>,
}

impl Field {
    /// The name under which the answer has it.
    pub(super) fn key(&self) -> &str {
        self.alias.as_deref().unwrap_or(&self.name)
    }
}

/// One thing that is selected.
#[derive(Debug)]
pub(in crate::lab::mock) enum Selection {
    Field(Field),
    /// Only of values of this type; of all where it is left out.
    Of(Option<String>, Vec<Self>),
}

/// The value of an argument.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::lab::mock) enum Argument {
    Constant(Value),
    Variable(String),
}

/// Reads the body of a request.
///
/// # Errors
/// What is wrong with it, in words.
pub(in crate::lab::mock) fn parse(body: &[u8]) -> Result<Asked, String> {
    let body: Value = serde_json::from_slice(body).map_err(|e| format!("The body is no JSON: {e}."))?;
    let text = body.get("query").and_then(Value::as_str).ok_or("The body holds no query.")?;
    let variables = match body.get("variables") {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(map)) => map.clone(),
        Some(_) => return Err("The variables are no object.".to_owned()),
    };
    let wanted = body.get("operationName").and_then(Value::as_str);
    let tree = Parser::new(text).recursion_limit(DEEPEST).parse();
    if let Some(error) = tree.errors().next() {
        return Err(format!("Syntax Error: {}", error.message()));
    }
    let mut operations = Vec::new();
    let mut fragments = BTreeMap::new();
    for definition in tree.document().definitions() {
        match definition {
            Definition::OperationDefinition(operation) => operations.push(operation),
            Definition::FragmentDefinition(fragment) => {
                if let Some(name) = name(fragment.fragment_name().and_then(|n| n.name())) {
                    fragments.insert(name, fragment);
                }
            }
            other => return Err(format!("A request holds no {}.", other.kind())),
        }
    }
    let mut fitting = operations.iter().filter(|o| wanted.is_none() || name(o.name()).as_deref() == wanted);
    let operation = fitting.next().ok_or("The request holds no operation of this name.")?;
    if fitting.next().is_some() {
        return Err("Must provide operation name if query contains multiple operations.".to_owned());
    }
    let root = match operation.operation_type() {
        Some(kind) if kind.mutation_token().is_some() => Root::Mutation,
        Some(kind) if kind.subscription_token().is_some() => return Err("Subscriptions are not mocked.".to_owned()),
        _ => Root::Query,
    };
    let mut reader = Reader { fragments, left: MOST };
    let mut selected = Vec::new();
    for one in reader.selections(operation.selection_set(), 0)? {
        spread(one, &mut selected);
    }
    let mut selected = selected.into_iter();
    let field = selected.next().ok_or("The request selects nothing.")?;
    if selected.next().is_some() {
        return Err("The mock answers one field of a root type in a request.".to_owned());
    }
    let mut declared = BTreeMap::new();
    for one in operation.variable_definitions().iter().flat_map(cst::VariableDefinitions::variable_definitions) {
        let variable = name(one.variable().and_then(|v| v.name())).ok_or("A variable has no name.")?;
        let written = one.ty().map(|t| t.syntax().text().to_string()).unwrap_or_default();
        let default = one.default_value().and_then(|d| d.value());
        let default = default.map(|v| constant(&v)).transpose()?;
        declared.insert(variable, (written.chars().filter(|c| !c.is_whitespace()).collect(), default));
    }
    Ok(Asked { root, field, declared, variables })
}

fn name(name: Option<cst::Name>) -> Option<String> {
    name.map(|n| n.text().to_string()).filter(|n| !n.is_empty())
}

fn spread(one: Selection, out: &mut Vec<Field>) {
    match one {
        Selection::Field(field) => out.push(field),
        Selection::Of(_, below) => below.into_iter().for_each(|s| spread(s, out)),
    }
}

struct Reader {
    fragments: BTreeMap<String, cst::FragmentDefinition>,
    left: usize,
}

impl Reader {
    fn selections(&mut self, set: Option<cst::SelectionSet>, depth: usize) -> Result<Vec<Selection>, String> {
        // Fragments may spread themselves.
        if depth > DEEPEST {
            return Err("The request nests too deeply.".to_owned());
        }
        let mut out = Vec::new();
        for one in set.iter().flat_map(cst::SelectionSet::selections) {
            self.left = self.left.checked_sub(1).ok_or("The request selects too many fields.")?;
            out.push(match one {
                cst::Selection::Field(field) => Selection::Field(Field {
                    alias: name(field.alias().and_then(|a| a.name())),
                    name: name(field.name()).ok_or("A field has no name.")?,
                    arguments: arguments(field.arguments())?,
                    below: self.selections(field.selection_set(), depth + 1)?,
                }),
                cst::Selection::InlineFragment(fragment) => Selection::Of(
                    condition(fragment.type_condition()),
                    self.selections(fragment.selection_set(), depth + 1)?,
                ),
                cst::Selection::FragmentSpread(spread) => {
                    let wanted = name(spread.fragment_name().and_then(|n| n.name())).unwrap_or_default();
                    let fragment = self.fragments.get(&wanted).cloned();
                    let fragment = fragment.ok_or_else(|| format!("Unknown fragment \"{wanted}\"."))?;
                    Selection::Of(
                        condition(fragment.type_condition()),
                        self.selections(fragment.selection_set(), depth + 1)?,
                    )
                }
            });
        }
        Ok(out)
    }
}

fn condition(condition: Option<cst::TypeCondition>) -> Option<String> {
    name(condition.and_then(|c| c.named_type()).and_then(|t| t.name()))
}

fn arguments(arguments: Option<cst::Arguments>) -> Result<Vec<(String, Argument)>, String> {
    let mut out = Vec::new();
    for one in arguments.iter().flat_map(cst::Arguments::arguments) {
        let named = name(one.name()).ok_or("An argument has no name.")?;
        let value = match one.value() {
            Some(cst::Value::Variable(v)) => Argument::Variable(name(v.name()).ok_or("A variable has no name.")?),
            Some(other) => Argument::Constant(constant(&other)?),
            None => return Err(format!("The argument {named} has no value.")),
        };
        out.push((named, value));
    }
    Ok(out)
}

/// A value without variables, as JSON; the parser bounds its depth.
fn constant(value: &cst::Value) -> Result<Value, String> {
    let text = value.syntax().text().to_string();
    let text = text.trim();
    Ok(match value {
        cst::Value::NullValue(_) => Value::Null,
        cst::Value::BooleanValue(_) => Value::Bool(text == "true"),
        cst::Value::IntValue(_) | cst::Value::FloatValue(_) => {
            text.parse::<Number>().map(Value::Number).map_err(|_| format!("{text} is no number."))?
        }
        cst::Value::EnumValue(_) => Value::String(text.to_owned()),
        cst::Value::StringValue(_) => {
            let block = text.strip_prefix("\"\"\"").and_then(|t| t.strip_suffix("\"\"\""));
            match block {
                Some(inner) => Value::String(inner.trim().to_owned()),
                None => serde_json::from_str(text).map_err(|_| "A text cannot be read.".to_owned())?,
            }
        }
        cst::Value::ListValue(list) => Value::Array(list.values().map(|v| constant(&v)).collect::<Result<_, _>>()?),
        cst::Value::ObjectValue(object) => {
            let mut map = Map::new();
            for field in object.object_fields() {
                let value = field.value().ok_or("A field of an object has no value.")?;
                map.insert(name(field.name()).unwrap_or_default(), constant(&value)?);
            }
            Value::Object(map)
        }
        cst::Value::Variable(_) => {
            return Err("A variable stands within a value; the mock takes whole ones.".to_owned());
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn asked(query: &str) -> Result<Asked, String> {
        parse(json!({"query": query, "variables": {"n": 2}}).to_string().as_bytes())
    }

    #[test]
    fn a_request_is_taken_apart() {
        let asked = asked(
            "query q($n: Int = 5) { all: people(first: $n, of: {kind: OLD}) { ...P } } fragment P on Person { id }",
        );
        let asked = asked.expect("the request is well formed");
        assert_eq!((asked.field.key(), asked.field.name.as_str()), ("all", "people"));
        assert_eq!(asked.declared.get("n"), Some(&("Int".to_owned(), Some(json!(5)))));
        assert_eq!(asked.field.arguments[0].1, Argument::Variable("n".to_owned()));
        assert_eq!(asked.field.arguments[1].1, Argument::Constant(json!({"kind": "OLD"})));
        assert!(matches!(&asked.field.below[0], Selection::Of(Some(on), _) if on == "Person"));
    }

    #[test]
    fn what_cannot_be_answered_says_why() {
        let deep = format!("{{ a {} }}", "{ a ".repeat(10_000));
        for (query, because) in [
            ("{ people {", "Syntax Error"),
            ("{ people { ...P } } fragment P on Person { ...P }", "nests too deeply"),
            ("{ a b }", "one field of a root type"),
            ("subscription { a }", "not mocked"),
            (deep.as_str(), "Syntax Error"),
        ] {
            let said = asked(query).err().unwrap_or_default();
            assert!(said.contains(because), "{said}");
        }
    }
}
