//! Many records in one request: each is kept or refused by itself, and the answer says which.

use serde_json::{Map, Value, json};

use super::blueprint::{Kind, dig, put};
use super::body::{self, BadBody};
use super::seed::new_key;
use super::{Call, Effect, MockSystem, Quirk, text_of};
use crate::base::text::words;
use crate::connector::Response;
use crate::model::{Bulk, Direction, SchemaId, TypeSet, sample, validate};

impl MockSystem {
    pub(super) fn bulk(&mut self, call: &Call<'_>, bulk: &Bulk) -> (Response, Effect) {
        let schemas = &call.blueprint.system.schemas;
        let Some(kind) = call.kind() else {
            return call.refuse(501, "not-mocked", "the mock does not know what this operation writes");
        };
        let documented = call.op.body.as_ref();
        let wanted = documented.map_or("application/json", |b| b.content_type.as_str());
        let schema = documented.and_then(|b| b.schema);
        let sent = call.request.header("content-type");
        let body = match body::read(schemas, schema, wanted, sent, &call.request.body) {
            Ok(body) => body.unwrap_or(Value::Null),
            Err(BadBody::MediaType(sent)) => {
                return call.refuse(415, "unsupported-media-type", format!("the body is {sent}, {wanted} is taken"));
            }
            Err(BadBody::Syntax(why)) => {
                return call.refuse(400, "bad-request", format!("the body does not parse: {why}"));
            }
        };
        let Some(records) = dig(&body, &bulk.records).and_then(Value::as_array) else {
            return call.refuse(422, "invalid", format!("there is no list at {}", bulk.records.join(".")));
        };
        if bulk.most.is_some_and(|most| records.len() as u64 > most) {
            return call.refuse(422, "invalid", format!("{} records are more than one request takes", records.len()));
        }
        let mut results = Vec::with_capacity(records.len());
        let mut effects = Vec::with_capacity(records.len());
        let mut all_done = true;
        for (i, record) in records.iter().enumerate() {
            if call.quirk == Some(Quirk::Unsaid { at: i }) {
                self.bent = true;
                effects.push(Effect::Nothing);
                continue;
            }
            let odd = match call.quirk {
                Some(Quirk::Item { at, status, .. }) if at == i => Some(status),
                _ => None,
            };
            let (status, because, effect) = match odd {
                Some(status) => {
                    self.bent = true;
                    let because = if status >= 500 || status == 429 { "try again later" } else { "a rule forbids it" };
                    (status, because.to_owned(), Effect::Nothing)
                }
                None => self.keep_one(call, kind, bulk, record),
            };
            all_done &= status < 300;
            let id = match &effect {
                Effect::Created { key, .. } | Effect::Updated { key, .. } => Some(key.as_str()),
                _ => None,
            };
            results.push(self.result(call, kind, bulk.result, record, id, status, &because));
            effects.push(effect);
        }
        if matches!(call.quirk, Some(Quirk::Item { any_order: true, .. })) && results.len() > 1 {
            results.rotate_left(1);
        }
        let mut answer = call.blueprint.shape(call.index).template.clone();
        put(&mut answer, &bulk.results, Value::Array(results));
        (call.success(Some(if all_done { 200 } else { 207 }), &answer), Effect::Many(effects))
    }

    /// Keeps one record, found again by the field that results repeat.
    fn keep_one(&mut self, call: &Call<'_>, kind: &Kind, bulk: &Bulk, record: &Value) -> (u16, String, Effect) {
        let schemas = &call.blueprint.system.schemas;
        if let Some(violation) = validate(schemas, bulk.record, record, Direction::Request).first() {
            return (422, format!("the record does not fit: {violation}"), Effect::Nothing);
        }
        let Value::Object(sent) = record else { return (422, "the record is no object".to_owned(), Effect::Nothing) };
        let repeated = schemas.properties(bulk.result);
        let field = schemas.properties(bulk.record).into_keys().find(|name| repeated.contains_key(name));
        let field = field.unwrap_or(kind.key.as_str());
        let wanted = sent.get(field).map(text_of);
        let hit = wanted.zip(self.collections.get_mut(&kind.name)).and_then(|(wanted, c)| {
            let place = c.equal(field, &wanted, false).first().copied()?;
            c.entry_at(place).map(|(k, r)| (k.to_owned(), r.clone()))
        });
        if let Some((key, old)) = hit {
            let (_, effect) = self.change(call, kind, &key, old, sent.clone());
            return (200, String::new(), effect);
        }
        let key_schema = kind.record.and_then(|r| schemas.property(r, &kind.key)).map(|p| p.0);
        let key = sent.get(&kind.key).cloned().unwrap_or_else(|| {
            self.serial += 1;
            new_key(schemas, key_schema, &kind.prefix, self.serial, &mut self.rng)
        });
        let kept = self.completed(call, kind, sent.clone(), &key);
        let key = text_of(&key);
        self.write(&kind.name, &key, kept, call.now);
        (201, String::new(), Effect::Created { entity: kind.name.clone(), key })
    }

    /// One result, as its schema has it.
    #[expect(clippy::too_many_arguments, reason = "what is known of one record, each used once")]
    fn result(
        &mut self,
        call: &Call<'_>,
        kind: &Kind,
        schema: SchemaId,
        record: &Value,
        id: Option<&str>,
        status: u16,
        because: &str,
    ) -> Value {
        let schemas = &call.blueprint.system.schemas;
        let done = status < 300;
        let mut out = Map::new();
        for (name, property) in schemas.properties(schema) {
            let field = schemas.get(property);
            let required = schemas.get(schema).required.contains(name);
            let word = words(name).join("_");
            let is = |t: TypeSet| field.types.has(t);
            let value = match word.as_str() {
                "status" | "status_code" | "code" if is(TypeSet::INTEGER) => Some(json!(status)),
                "ok" | "success" if is(TypeSet::BOOLEAN) => Some(json!(done)),
                "error" | "errors" | "message" | "reason" | "detail" if done => required.then_some(Value::Null),
                "error" | "message" | "reason" | "detail" if is(TypeSet::STRING) => Some(json!(because)),
                "error" => {
                    Some(json!({"code": if status >= 500 { "unavailable" } else { "invalid" }, "message": because}))
                }
                "errors" => Some(json!([{"message": because}])),
                _ if record.get(name).is_some() => record.get(name).cloned(),
                _ if name == kind.key => id.map(|id| body::scalar(field.types, id.to_owned())),
                _ => required.then(|| sample::sample(schemas, property, &mut self.rng, Direction::Response)),
            };
            if let Some(value) = value {
                out.insert(name.to_owned(), value);
            }
        }
        Value::Object(out)
    }
}
