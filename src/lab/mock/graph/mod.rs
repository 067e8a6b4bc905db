//! A mock of a GraphQL endpoint: one address, requests by POST (GraphQL over HTTP). The request is parsed, held against
//! the schema, answered from the same collections as any other mock's, and cut down to what it selects.

mod answer;
mod parse;

use serde_json::{Map, Value, json};

pub(super) use self::parse::{Asked, parse};
use super::errors::Refusal;
use super::{Blueprint, Call, Effect, MockSystem, Quirk, dig, json_response, text_of};
use crate::base::clock::Timestamp;
use crate::connector::{Request, Response};
use crate::model::{Action, Direction, Method, Root, validate};

impl Blueprint {
    /// It is asked by GraphQL.
    #[must_use]
    pub fn is_graph(&self) -> bool {
        self.system.operations.first().is_some_and(|o| o.root_field.is_some())
    }

    /// The operation that a GraphQL request asks for, by index; nothing where it asks for none, or cannot be read.
    #[must_use]
    pub fn asked_by(&self, request: &Request) -> Option<usize> {
        self.index_of(&parse(&request.body).ok()?)
    }

    fn index_of(&self, asked: &Asked) -> Option<usize> {
        self.system
            .operations
            .iter()
            .position(|o| o.root_field.as_ref().is_some_and(|f| f.root == asked.root && f.name == asked.field.name))
    }
}

impl MockSystem {
    /// Answers a request to the endpoint; tells also which operation it led to.
    pub(super) fn graph(
        &mut self,
        blueprint: &Blueprint,
        request: &Request,
        now: Timestamp,
        quirk: Option<Quirk>,
    ) -> (Response, Effect, Option<String>) {
        if request.method != Method::Post {
            let (mut response, effect) =
                super::refuse(blueprint, None, 405, "wrong-method", "a GraphQL endpoint takes POST");
            response.headers.push(("allow".to_owned(), "POST".to_owned()));
            return (response, effect, None);
        }
        let no = |because: String, code: &str| (errors(400, &because, code), Effect::Nothing, None);
        let asked = match parse(&request.body) {
            Ok(asked) => asked,
            Err(because) => return no(because, "GRAPHQL_PARSE_FAILED"),
        };
        let Some(index) = blueprint.index_of(&asked) else {
            let because = format!("Cannot query field \"{}\" on the {} type.", asked.field.name, asked.root.as_str());
            return no(because, "GRAPHQL_VALIDATION_FAILED");
        };
        let op = &blueprint.system.operations[index];
        let id = Some(op.id.clone());
        let mut call = Call { blueprint, index, op, params: Vec::new(), query: Vec::new(), request, now, quirk };
        if let Some((response, effect)) = self.denied(&call) {
            return (response, effect, id);
        }
        if asked.root == Root::Mutation {
            let because = "The mock answers queries only: this release does not write by GraphQL.";
            return (errors(200, because, "NOT_MOCKED"), Effect::Nothing, id);
        }
        let variables = match answer::arguments(&blueprint.system.schemas, op, &asked) {
            Ok(variables) => variables,
            Err(because) => return (errors(400, &because, "GRAPHQL_VALIDATION_FAILED"), Effect::Nothing, id),
        };
        for (name, value) in &variables {
            let Some(schema) = op.parameter(name).and_then(|p| p.schema) else { continue };
            // A page size above the maximum is refused by some and cut by others; here it is cut.
            let found = validate(&blueprint.system.schemas, schema, value, Direction::Request);
            if let Some(violation) = found.first() {
                let because = format!("Variable \"${name}\" got an invalid value: {violation}.");
                return (errors(400, &because, "BAD_USER_INPUT"), Effect::Nothing, id);
            }
        }
        flatten("", &Value::Object(variables), &mut call.query);
        let kind = op.entity.as_deref().and_then(|entity| blueprint.kinds.get(entity));
        let key = kind.map_or("id", |k| k.key.as_str());
        let named = op.parameters.iter().find(|p| p.name == key || p.name == "id");
        let given = named.and_then(|p| call.query.iter().find(|(n, _)| *n == p.name)).map(|(_, value)| value.clone());
        call.params = given.map(|value| (key, value)).into_iter().collect();
        let (response, effect) = match op.action {
            Action::List | Action::Search => self.list(&call),
            Action::Get => self.get(&call),
            _ => (call.success(None, &call.blueprint.shape(index).template), Effect::Nothing),
        };
        (self.selected(&call, &asked, response), effect, id)
    }

    /// The answer, cut down to what the request selects. What went wrong below the endpoint is told by status 200.
    fn selected(&self, call: &Call<'_>, asked: &Asked, response: Response) -> Response {
        let body: Value = serde_json::from_slice(&response.body).unwrap_or_default();
        let Some(field) = call.op.root_field.as_ref() else { return response };
        if response.status == 404 {
            // A record that is not there is null, and no error.
            return json_response(200, "application/json", &json!({"data": {asked.field.key(): null}}));
        }
        if response.status >= 300 {
            let because = body.get("detail").map(text_of).unwrap_or_default();
            return errors(200, &because, "BAD_USER_INPUT");
        }
        let value = dig(&body, &field.place()).unwrap_or(&Value::Null);
        let selected = answer::select(&call.blueprint.system.schemas, field.answer, value, &asked.field.below);
        json_response(200, "application/json", &json!({"data": {asked.field.key(): selected}}))
    }
}

/// An answer without data.
fn errors(status: u16, because: &str, code: &str) -> Response {
    let body = json!({"data": null, "errors": [{"message": because, "extensions": {"code": code}}]});
    json_response(status, "application/json", &body)
}

/// Credentials are refused below HTTP's status 401, with a body that GraphQL clients read.
pub(super) fn refusal(refusal: &Refusal<'_>) -> Response {
    let code = if refusal.status == 401 { "UNAUTHENTICATED" } else { "FORBIDDEN" };
    errors(refusal.status, &refusal.because, code)
}

/// Variables as pairs with dotted names; nulls are as if they were not there.
fn flatten(at: &str, value: &Value, out: &mut Vec<(String, String)>) {
    match value {
        Value::Object(map) => {
            for (name, inner) in map {
                let here = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
                flatten(&here, inner, out);
            }
        }
        Value::Null => {}
        other => out.push((at.to_owned(), text_of(other))),
    }
}

/// Arguments by name.
type Arguments = Map<String, Value>;
