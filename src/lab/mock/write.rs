//! Create, update, upsert and delete.

use serde_json::{Map, Value};

use super::blueprint::Kind;
use super::body;
use super::read::{shown, wrapped};
use super::seed::{instant, new_key};
use super::{Call, Effect, MockSystem, Replay, text_of};
use crate::connector::Response;
use crate::model::{Direction, Method, TypeSet, sample};

/// What is written, and the fields sent for it.
type Accepted<'c> = (&'c Kind, Map<String, Value>);

impl MockSystem {
    pub(super) fn create(&mut self, call: &Call<'_>) -> (Response, Effect) {
        let key = match self.replayed(call) {
            Ok(key) => key,
            Err(answer) => return *answer,
        };
        let (response, effect) = self.create_new(call);
        // What was refused may be sent again, mended, under the same key.
        if let Some(key) = key
            && effect != Effect::Nothing
        {
            let body = call.request.body.to_vec();
            self.replays.insert((call.index, key), Replay { at: call.now, body, response: response.clone() });
        }
        (response, effect)
    }

    /// The idempotency key to remember, or the answer that it had before.
    fn replayed(&self, call: &Call<'_>) -> Result<Option<String>, Box<(Response, Effect)>> {
        let Some(idempotency) = &call.op.idempotency else { return Ok(None) };
        let Some(key) = call.request.header(&idempotency.header.to_ascii_lowercase()) else { return Ok(None) };
        let known = self
            .replays
            .get(&(call.index, key.to_owned()))
            .filter(|r| call.now.0.saturating_sub(r.at.0) < self.options.key_ttl_ms);
        let Some(known) = known else { return Ok(Some(key.to_owned())) };
        if !same_body(&known.body, &call.request.body) {
            return Err(Box::new(call.refuse(422, "key-reused", "this idempotency key was used with another body")));
        }
        let mut response = known.response.clone();
        response.headers.push(("idempotency-replayed".to_owned(), "true".to_owned()));
        Err(Box::new((response, Effect::Replayed)))
    }

    fn create_new(&mut self, call: &Call<'_>) -> (Response, Effect) {
        let (kind, sent) = match self.accepted(call) {
            Ok(accepted) => accepted,
            Err(answer) => return *answer,
        };
        if let Some(answer) = self.taken(call, kind, &sent, None) {
            return answer;
        }
        let schemas = &call.blueprint.system.schemas;
        let key_schema = kind.record.and_then(|r| schemas.property(r, &kind.key)).map(|p| p.0);
        let chosen = sent.get(&kind.key).filter(|_| !key_schema.is_some_and(|id| schemas.get(id).read_only)).cloned();
        let collection = self.collections.entry(kind.name.clone()).or_default();
        let key = chosen.unwrap_or_else(|| {
            self.serial += 1;
            new_key(schemas, key_schema, &kind.prefix, self.serial, &mut self.rng)
        });
        let key_text = text_of(&key);
        if collection.get(&key_text).is_some() {
            return call.refuse(409, "conflict", format!("a {} with the key {key_text} exists", kind.name));
        }
        let record = self.completed(call, kind, sent, &key);
        let body = wrapped(call, shown(schemas, kind, &record));
        self.write(&kind.name, &key_text, record, call.now);
        (call.success(Some(201), &body), Effect::Created { entity: kind.name.clone(), key: key_text })
    }

    /// Changes a record; `or_create`: makes it where it is not there.
    pub(super) fn update(&mut self, call: &Call<'_>, or_create: bool) -> (Response, Effect) {
        let (kind, sent) = match self.accepted(call) {
            Ok(accepted) => accepted,
            Err(answer) => return *answer,
        };
        let Some(key) = call.params.last().map(|p| p.1.clone()) else {
            // Keyed by the body alone: an upsert by natural key.
            return self.upsert_by_natural_key(call, kind, sent);
        };
        if let Some(answer) = self.taken(call, kind, &sent, Some(&key)) {
            return answer;
        }
        let Some(old) = self.collections.get(&kind.name).and_then(|c| c.get(&key)).cloned() else {
            if !or_create {
                return call.refuse(404, "not-found", format!("no {} has the key {key}", kind.name));
            }
            return self.keep_new(call, kind, sent, &key);
        };
        if call.request.method == Method::Put {
            let kept = kept_by_put(call, kind, &old);
            return self.written_over(call, kind, &key, (old, kept), sent);
        }
        self.change(call, kind, &key, old, sent)
    }

    fn upsert_by_natural_key(&mut self, call: &Call<'_>, kind: &Kind, sent: Map<String, Value>) -> (Response, Effect) {
        let field = kind.natural.as_ref().filter(|n| sent.contains_key(*n)).unwrap_or(&kind.key);
        let wanted = sent.get(field).map(text_of);
        let hit = wanted.zip(self.collections.get_mut(&kind.name)).and_then(|(wanted, c)| {
            let place = c.equal(field, &wanted, false).first().copied()?;
            c.entry_at(place).map(|(k, r)| (k.to_owned(), r.clone()))
        });
        match hit {
            Some((key, old)) => self.change(call, kind, &key, old, sent),
            None => self.create_new(call),
        }
    }

    fn keep_new(&mut self, call: &Call<'_>, kind: &Kind, sent: Map<String, Value>, key: &str) -> (Response, Effect) {
        let schemas = &call.blueprint.system.schemas;
        let key_schema = kind.record.and_then(|r| schemas.property(r, &kind.key)).map(|p| p.0);
        let types = key_schema.map_or(TypeSet::STRING, |id| schemas.get(id).types);
        let record = self.completed(call, kind, sent, &body::scalar(types, key.to_owned()));
        let body = wrapped(call, shown(schemas, kind, &record));
        self.write(&kind.name, key, record, call.now);
        (call.success(Some(201), &body), Effect::Created { entity: kind.name.clone(), key: key.to_owned() })
    }

    pub(super) fn change(
        &mut self,
        call: &Call<'_>,
        kind: &Kind,
        key: &str,
        old: Value,
        sent: Map<String, Value>,
    ) -> (Response, Effect) {
        let base = old.clone();
        self.written_over(call, kind, key, (old, base), sent)
    }

    /// What was sent, over what stays of the record that is there.
    fn written_over(
        &mut self,
        call: &Call<'_>,
        kind: &Kind,
        key: &str,
        (old, stays): (Value, Value),
        sent: Map<String, Value>,
    ) -> (Response, Effect) {
        let mut record = stays;
        merge(&mut record, Value::Object(sent));
        let changed = record != old;
        let schemas = &call.blueprint.system.schemas;
        if let (Some(field), Some(schema)) = (&kind.updated, kind.record)
            && let Some((id, _)) = schemas.property(schema, field)
            && changed
        {
            record[field] = instant(schemas, id, call.now);
        }
        let body = wrapped(call, shown(schemas, kind, &record));
        self.write(&kind.name, key, record, call.now);
        let effect = Effect::Updated { entity: kind.name.clone(), key: key.to_owned(), changed };
        (call.success(Some(200), &body), effect)
    }

    pub(super) fn delete(&mut self, call: &Call<'_>) -> (Response, Effect) {
        let Some(kind) = call.kind() else {
            return (call.success(None, &call.blueprint.shape(call.index).template), Effect::Nothing);
        };
        let key = call.params.last().map(|p| p.1.clone()).unwrap_or_default();
        match self.collections.get_mut(&kind.name).and_then(|c| c.remove(&key)) {
            Some(record) => {
                let body = wrapped(call, record);
                (call.success(None, &body), Effect::Deleted { entity: kind.name.clone(), key })
            }
            None => call.refuse(404, "not-found", format!("no {} has the key {key}", kind.name)),
        }
    }

    /// The body, read and checked against the schema of the request.
    fn accepted<'c>(&self, call: &'c Call<'_>) -> Result<Accepted<'c>, Box<(Response, Effect)>> {
        let no = |status, code: &str, because: String| Err(Box::new(call.refuse(status, code, because)));
        let Some(kind) = call.kind() else {
            return no(501, "not-mocked", "the mock does not know what this operation writes".to_owned());
        };
        let Some(body) = call.body(false)? else { return Ok((kind, Map::new())) };
        match unwrapped(call, body) {
            Value::Object(map) => Ok((kind, map)),
            _ => no(422, "invalid", "the body is not an object".to_owned()),
        }
    }

    /// The refusal where another record has the same natural key.
    fn taken(
        &mut self,
        call: &Call<'_>,
        kind: &Kind,
        sent: &Map<String, Value>,
        own: Option<&str>,
    ) -> Option<(Response, Effect)> {
        let field = kind.natural.as_ref()?;
        let value = text_of(sent.get(field)?);
        let collection = self.collections.get_mut(&kind.name)?;
        let places = collection.equal(field, &value, true).to_vec();
        let other = places.iter().filter_map(|p| collection.entry_at(*p)).find(|(key, _)| Some(*key) != own)?.0;
        Some(call.refuse(409, "conflict", format!("a {} with this {field} exists: {other}", kind.name)))
    }

    /// What was sent, with what the system itself fills in: key, times, defaults, required fields.
    pub(super) fn completed(&mut self, call: &Call<'_>, kind: &Kind, sent: Map<String, Value>, key: &Value) -> Value {
        let schemas = &call.blueprint.system.schemas;
        let mut record = Map::new();
        if let Some(schema) = kind.record {
            let required = &schemas.get(schema).required;
            for (name, id) in schemas.properties(schema) {
                let field = schemas.get(id);
                let ours =
                    field.read_only || Some(name) == kind.created.as_deref() || Some(name) == kind.updated.as_deref();
                let value = if name == kind.key {
                    Some(key.clone())
                } else if let Some(value) = sent.get(name).filter(|_| !field.read_only) {
                    Some(value.clone())
                } else if Some(name) == kind.created.as_deref() || Some(name) == kind.updated.as_deref() {
                    Some(instant(schemas, id, call.now))
                } else if let Some(default) = field.default.as_deref() {
                    Some(default.clone())
                } else if ours || required.contains(name) {
                    Some(sample::sample(schemas, id, &mut self.rng, Direction::Response))
                } else {
                    None
                };
                if let Some(value) = value {
                    record.insert(name.to_owned(), value);
                }
            }
        } else {
            record.insert(kind.key.clone(), key.clone());
        }
        for (name, value) in sent {
            record.entry(name).or_insert(value);
        }
        Value::Object(record)
    }
}

/// What stays of a record that PUT replaces (RFC 9110 section 9.3.4): what no request can hold, and what is filled in where nothing is
/// sent.
fn kept_by_put(call: &Call<'_>, kind: &Kind, old: &Value) -> Value {
    let schemas = &call.blueprint.system.schemas;
    let mut out = Map::new();
    if let Some(value) = old.get(&kind.key) {
        out.insert(kind.key.clone(), value.clone());
    }
    for (name, id) in kind.record.into_iter().flat_map(|schema| schemas.properties(schema)) {
        let field = schemas.get(id);
        let own = field.read_only || Some(name) == kind.created.as_deref() || Some(name) == kind.updated.as_deref();
        let value = if own { old.get(name).cloned() } else { field.default.as_deref().cloned() };
        if let Some(value) = value {
            out.insert(name.to_owned(), value);
        }
    }
    Value::Object(out)
}

/// `{"customer": {…}}` where answers are wrapped the same way.
fn unwrapped(call: &Call<'_>, body: Value) -> Value {
    let Some(name) = call.blueprint.shape(call.index).wrap.last() else { return body };
    match body {
        Value::Object(mut map) if map.len() == 1 && map.get(name).is_some_and(Value::is_object) => {
            map.remove(name).unwrap_or(Value::Null)
        }
        other => other,
    }
}

/// The same bytes, or the same JSON written in another way.
fn same_body(a: &[u8], b: &[u8]) -> bool {
    let json = |bytes| serde_json::from_slice::<Value>(bytes).ok();
    a == b || json(a).is_some_and(|a| json(b) == Some(a))
}

/// Objects are merged, everything else is replaced.
fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(old), Value::Object(new)) => {
            for (name, value) in new {
                merge(old.entry(name).or_insert(Value::Null), value);
            }
        }
        (slot, value) => *slot = value,
    }
}
