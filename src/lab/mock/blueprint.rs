//! What a mock derives from a description once: routes, kinds of records, shapes of answers. Shared by every mock of
//! the same system, so that a schedule costs no derivation.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use serde_json::Value;

use super::routes::{Match, Routes};
use crate::base::rng::Rng;
use crate::base::text;
use crate::connector::{HookPlan, Request};
use crate::model::{
    Action, Direction, Impossible, Method, Operation, PageStyle, ParamIn, SchemaId, SchemeKind, System, TypeSet,
    impossible, sample, validate,
};

/// A kind of record that the mock keeps.
#[derive(Debug, Clone)]
pub struct Kind {
    /// Name of the entity.
    pub name: String,
    /// The field that is its key.
    pub key: String,
    /// Schema of one record as read, where one is known.
    pub record: Option<SchemaId>,
    /// The field of which a value belongs to one record only, where the description says so.
    pub natural: Option<String>,
    /// The field that tells when a record was made.
    pub created: Option<String>,
    /// The field that tells when a record changed.
    pub updated: Option<String>,
    /// The field by which a contract asks for what is new, whatever it is called.
    pub(super) asked_by: Option<String>,
    /// What generated keys begin with, e.g. `cus_`.
    pub prefix: String,
    /// The words of the fields of a record, joined by underscores: `createdAt` is `created_at`.
    pub(super) words: BTreeMap<String, String>,
}

/// How one operation answers, found out on first use.
#[derive(Debug, Clone)]
pub(super) struct Shape {
    /// A sample of the answer, its records taken out; the ground on which an answer is built.
    pub(super) template: Value,
    /// Where the record lies in the answer to a get or a write; empty where it is the answer itself.
    pub(super) wrap: Vec<String>,
    /// Properties of the answer to a list that tell of the page.
    pub(super) told: Vec<(String, Told)>,
    /// Why there is no answer to the operation, or no body that it takes, by its own description.
    pub(super) never: Option<String>,
}

/// What envelopes tell of a page beside what the model names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    /// Records in all.
    Total,
    /// Records on the page.
    Count,
    /// Records on a page at most.
    Limit,
    /// How many pages there are.
    Pages,
    /// Number or offset of the page.
    Position,
    /// The path that was asked.
    Path,
}

impl Told {
    /// What a property of an envelope tells, by its type and its name.
    fn of(system: &System, op: &Operation, name: &str, id: SchemaId) -> Option<Self> {
        let types = system.schemas.get(id).types;
        if !types.allows(TypeSet::INTEGER) || types.is_any() {
            return (name == "url" && types.allows(TypeSet::STRING)).then_some(Self::Path);
        }
        let style = op.pagination.as_ref().map(|p| p.style);
        Some(match text::words(name).join("_").as_str() {
            "total" | "total_count" | "total_items" | "total_results" => Self::Total,
            "count" | "size" | "returned" => Self::Count,
            "limit" | "per_page" | "page_size" => Self::Limit,
            "pages" | "total_pages" | "page_count" | "last_page" => Self::Pages,
            "offset" | "start" | "skip" if style == Some(PageStyle::Offset) => Self::Position,
            "page" | "page_number" | "current_page" if style == Some(PageStyle::Page) => Self::Position,
            _ => return None,
        })
    }
}

/// A description made ready to be mocked.
#[derive(Debug)]
pub struct Blueprint {
    /// The description.
    pub system: Arc<System>,
    pub(super) routes: Routes,
    /// Kinds by entity name.
    pub kinds: BTreeMap<String, Kind>,
    pub(super) tokens: Vec<String>,
    shapes: Vec<OnceLock<Shape>>,
    /// Why there can be no record of a kind, found out on first use.
    lost: BTreeMap<String, OnceLock<Option<Impossible>>>,
}

impl Blueprint {
    /// Derives it.
    #[must_use]
    pub fn of(system: Arc<System>) -> Arc<Self> {
        Arc::new(Self::derive(system))
    }

    fn derive(system: Arc<System>) -> Self {
        let routes = Routes::of(&system);
        let mut kinds = BTreeMap::new();
        for name in system.operations.iter().filter_map(|o| o.entity.as_ref()) {
            if !kinds.contains_key(name) {
                kinds.insert(name.clone(), kind(&system, name));
            }
        }
        let tokens = token_urls(&system);
        let shapes = system.operations.iter().map(|_| OnceLock::new()).collect();
        let lost = kinds.keys().map(|name| (name.clone(), OnceLock::new())).collect();
        Self { system, routes, kinds, tokens, shapes, lost }
    }

    /// Derives it for a system of which only an event is used: what the event tells of is kept as a kind of its own, under
    /// the name of the event.
    #[must_use]
    pub fn sending(system: Arc<System>, hook: &HookPlan, key: &[String]) -> Arc<Self> {
        let payload = system.event(&hook.event).and_then(|e| e.payload);
        let inside = |at: SchemaId, name: &String| system.schemas.property(at, name).map(|(id, _)| id);
        let record = payload.and_then(|payload| hook.record.iter().try_fold(payload, inside));
        let named = key.join(".");
        let mut kind = kind_of(&system, &hook.event, record, Some(named).filter(|k| !k.is_empty()), &[]);
        if kind.updated.is_none() {
            kind.updated = hook.version.as_ref().map(|path| path.join("."));
        }
        let mut blueprint = Self::derive(Arc::clone(&system));
        blueprint.lost.insert(hook.event.clone(), OnceLock::new());
        blueprint.kinds.insert(hook.event.clone(), kind);
        Arc::new(blueprint)
    }

    /// A contract asks for records of this kind by a field: its times are those at which they come to be.
    pub(in crate::lab) fn ask_by(&mut self, entity: &str, field: &[String]) {
        if let ([name], Some(kind)) = (field, self.kinds.get_mut(entity)) {
            kind.asked_by = Some(name.clone());
        }
    }

    /// A contract names the key of this kind, which the description may not do.
    ///
    /// # Errors
    /// Records have neither the key that the description leads to nor this one, and no two of them could be told apart.
    pub(in crate::lab) fn key_by(&mut self, entity: &str, key: &[String]) -> Result<(), String> {
        let Some(kind) = self.kinds.get_mut(entity) else { return Ok(()) };
        let Some(fields) = kind.record.map(|record| self.system.schemas.properties(record)) else { return Ok(()) };
        match key {
            _ if fields.is_empty() || fields.contains_key(kind.key.as_str()) => {}
            [name] if fields.contains_key(name.as_str()) => kind.key.clone_from(name),
            _ => {
                return Err(format!(
                    "the lab keeps each {entity} under a field of its own, and neither {} nor source.key {} is one; name one as \
                     source.key, or mend the description, by an overlay where it is not yours",
                    kind.key,
                    key.join(".")
                ));
            }
        }
        Ok(())
    }

    /// The system sets this field of a record by itself: its key, its times, what is read-only.
    #[must_use]
    pub fn sets_itself(&self, entity: &str, field: &str) -> bool {
        let Some(kind) = self.kinds.get(entity) else { return false };
        let read_only = || {
            let (id, _) = self.system.schemas.property(kind.record?, field)?;
            Some(self.system.schemas.get(id).read_only)
        };
        field == kind.key
            || [&kind.created, &kind.updated].into_iter().flatten().any(|name| name == field)
            || read_only() == Some(true)
    }

    /// The operation that a method and an absolute URL or a path lead to.
    #[must_use]
    pub fn find(&self, method: Method, url: &str) -> Match<'_> {
        self.routes.find(&self.system, method, super::url::path_of(url))
    }

    /// Why nothing answers at a path: the one that was likely meant, or some of those that the description has.
    pub(super) fn nowhere(&self, path: &str) -> String {
        const SOME: usize = 5;
        let all: BTreeSet<&str> = self.system.operations.iter().map(|o| o.path.as_str()).collect();
        // Who leaves out the version, or says it twice, ends alike.
        let ends = |known: &&&str| known.ends_with(path) || path.ends_with(**known);
        let near = all.iter().find(|k| path.len() > 1 && ends(k)).copied();
        let told = match near.or_else(|| text::nearest(path, all.iter().copied())) {
            Some(near) => format!("did you mean {near}?"),
            None if all.len() > SOME => {
                format!(
                    "{} and {} more are there",
                    all.iter().take(SOME).copied().collect::<Vec<_>>().join(", "),
                    all.len() - SOME
                )
            }
            None => format!("the description has {}", all.into_iter().collect::<Vec<_>>().join(", ")),
        };
        format!("nothing lies at {}; {told}", text::quoted(path, 200))
    }

    /// The path (not the query) asks for a token.
    #[must_use]
    pub fn is_token_path(&self, path: &str) -> bool {
        self.tokens.iter().any(|t| super::url::path_of(t) == path)
    }

    /// Hosts that belong to this system beside its servers: where its tokens are issued.
    pub fn token_urls(&self) -> impl Iterator<Item = &str> {
        self.tokens.iter().map(String::as_str)
    }

    /// The body of a request to the operation of this index, where it can be read.
    pub(crate) fn read_body(&self, index: usize, request: &Request) -> Option<Value> {
        let documented = self.system.operations[index].body.as_ref()?;
        let sent = request.header("content-type");
        let body =
            super::body::read(&self.system.schemas, documented.schema, &documented.content_type, sent, &request.body);
        let mut body = body.ok().flatten()?;
        let wrap = self.shape(index).wrap.last();
        match wrap.and_then(|name| body.get_mut(name)) {
            Some(inner) if inner.is_object() => Some(inner.take()),
            _ => Some(body),
        }
    }

    /// The value at a path of the body that [`Blueprint::read_body`] reads.
    pub(crate) fn read_field(&self, index: usize, request: &Request, path: &[String]) -> Option<Value> {
        let documented = self.system.operations[index].body.as_ref()?;
        let json = |t: &str| t.starts_with("application/json");
        let plain = json(&documented.content_type) && request.header("content-type").is_none_or(json);
        if plain && self.shape(index).wrap.is_empty() {
            return super::field::read(&request.body, path);
        }
        dig(&self.read_body(index, request)?, path).cloned()
    }

    /// Why there can be no record of a kind, by its own description; nothing where there can be, or where that is not known.
    #[must_use]
    pub fn no_record(&self, kind: &str) -> Option<&Impossible> {
        let record = self.kinds.get(kind)?.record?;
        if self.system.operations.iter().any(|op| op.root_field.is_some()) {
            // Types of a graph may lead to each other without end: records are made of the fields that are asked for.
            return None;
        }
        self.lost.get(kind)?.get_or_init(|| none_fits(&self.system, record, Direction::Response)).as_ref()
    }

    /// Why no request of the operation of this index has a body, or none an answer, by its own description.
    pub(crate) fn never(&self, index: usize) -> Option<&str> {
        self.shape(index).never.as_deref()
    }

    pub(super) fn shape(&self, op: usize) -> &Shape {
        self.shapes[op].get_or_init(|| shape(&self.system, &self.system.operations[op]))
    }
}

fn token_urls(system: &System) -> Vec<String> {
    let mut urls = BTreeSet::new();
    for scheme in system.schemes.values() {
        if let SchemeKind::Oauth2(flows) = &scheme.kind {
            urls.extend(flows.iter().flat_map(|f| [&f.token_url, &f.refresh_url]).flatten().cloned());
        }
    }
    urls.into_iter().collect()
}

fn kind(system: &System, name: &str) -> Kind {
    let entity = system.entities.get(name);
    let of_kind = || system.operations.iter().filter(|o| o.entity.as_deref() == Some(name));
    let record = entity.and_then(|e| e.schema).or_else(|| {
        let by = |action: Action| of_kind().filter(move |o| o.action == action).find_map(|o| o.record);
        by(Action::Get).or_else(|| by(Action::List)).or_else(|| of_kind().find_map(|o| o.record))
    });
    let ops: Vec<&Operation> = of_kind().collect();
    kind_of(system, name, record, entity.and_then(|e| e.key.clone()), &ops)
}

/// A kind whose records are of this schema; `ops` are the operations on it.
fn kind_of(system: &System, name: &str, record: Option<SchemaId>, key: Option<String>, ops: &[&Operation]) -> Kind {
    let fields: Vec<&str> = record.map_or_else(Vec::new, |r| system.schemas.properties(r).into_keys().collect());
    let key = key
        .or_else(|| ["id", "uuid", "key", "slug"].iter().find(|k| fields.contains(*k)).map(|k| (*k).to_owned()))
        .unwrap_or_else(|| "id".to_owned());
    let first =
        |names: &[&str]| names.iter().find_map(|n| fields.iter().find(|f| same_word(f, n)).map(|f| (*f).to_owned()));
    let natural = natural_key(system, ops, record);
    let prefix = record
        .and_then(|r| system.schemas.property(r, &key))
        .and_then(|(id, _)| system.schemas.get(id).example.as_ref()?.as_str()?.rsplit_once('_').map(|p| p.0.to_owned()))
        .unwrap_or_else(|| name.chars().filter(char::is_ascii_alphanumeric).take(3).collect());
    let created = first(&["created_at", "created", "creation_date", "date_created", "timestamp_signup"]);
    let updated = first(&["updated_at", "updated", "modified_at", "modified", "last_modified", "last_changed"]);
    // Whatever it is called: by what a list can be asked for changes, that is what a change sets, where no caller sets it.
    let bounded = || {
        let taken = |field: &str| {
            let bodies = ops.iter().filter(|o| !matches!(o.action, Action::List | Action::Search));
            let mut schemas = bodies.filter_map(|o| o.body.as_ref()?.schema);
            schemas.any(|body| system.schemas.property(body, field).is_some())
        };
        let mut bounds = ops.iter().filter_map(|o| o.incremental.as_ref()?.field.as_ref());
        bounds.find(|f| fields.contains(&f.as_str()) && created.as_ref() != Some(*f) && !taken(f)).cloned()
    };
    Kind {
        name: name.to_owned(),
        key,
        record,
        natural,
        updated: updated.or_else(bounded),
        created,
        asked_by: None,
        prefix: format!("{prefix}_"),
        words: fields.iter().map(|f| ((*f).to_owned(), text::words(f).join("_"))).collect(),
    }
}

/// `createdAt` is `created_at`.
fn same_word(field: &str, name: &str) -> bool {
    field == name || text::words(field).join("_") == name
}

/// The field that must be unique: only where creating one documents 409 as more than a busy idempotency key. Best is
/// the field whose description says "unique", then the one a search demands, then the email.
fn natural_key(system: &System, ops: &[&Operation], record: Option<SchemaId>) -> Option<String> {
    let create = ops.iter().find(|o| o.action == Action::Create)?;
    create.responses.iter().find(|r| r.status == "409")?;
    let fields = system.schemas.properties(record?);
    let says = fields
        .iter()
        .find(|(_, id)| system.schemas.get(*id).description.to_lowercase().contains("unique"))
        .map(|(name, _)| (*name).to_owned());
    let searched = || {
        ops.iter()
            .filter(|o| o.action == Action::Search)
            .flat_map(|o| &o.parameters)
            .find(|p| p.place == ParamIn::Query && p.required && fields.contains_key(p.name.as_str()))
            .map(|p| p.name.clone())
    };
    let email = || {
        let is_email = |id: &SchemaId| system.schemas.get(*id).format.as_deref() == Some("email");
        // A busy key answers 409 as well: an email alone is a sign only where no idempotency key is asked for.
        create.idempotency.is_none().then(|| fields.iter().find(|(_, id)| is_email(id)))?.map(|(n, _)| (*n).to_owned())
    };
    says.or_else(searched).or_else(email)
}

fn shape(system: &System, op: &Operation) -> Shape {
    if let Some(field) = &op.root_field {
        // Answers are cut down to what is asked for; the rest need not be made up.
        let told = op.success().and_then(|r| r.schema).map(|schema| told(system, op, schema)).unwrap_or_default();
        return Shape { template: Value::Object(serde_json::Map::new()), wrap: field.place(), told, never: None };
    }
    let body = op.body.as_ref().filter(|b| b.required).and_then(|b| b.schema);
    let body = body.and_then(|schema| none_fits(system, schema, Direction::Request));
    let body = body.map(|why| format!("{} has no body that it takes: {why}", op.id));
    let Some(schema) = op.success().and_then(|r| r.schema) else {
        return Shape { template: Value::Null, wrap: Vec::new(), told: Vec::new(), never: body };
    };
    let wrap = wrap_of(system, schema, op).unwrap_or_default();
    let mut template = sample::sample(&system.schemas, schema, &mut Rng::seeded(0), Direction::Response);
    let answer = misfit(system, schema, &template, Direction::Response);
    let never = body.or_else(|| answer.map(|why| format!("{} has no answer: {why}", op.id)));
    succeed(system, schema, &mut template);
    if let Some(items) = &op.items {
        put(&mut template, items, Value::Array(Vec::new()));
    }
    Shape { template, wrap, told: told(system, op, schema), never }
}

fn told(system: &System, op: &Operation, schema: SchemaId) -> Vec<(String, Told)> {
    let fields = system.schemas.properties(schema).into_iter();
    fields.filter_map(|(name, id)| Some((name.to_owned(), Told::of(system, op, name, id)?))).collect()
}

/// Why no value fits a schema. Asked only where a value that was made does not, since nearly all do.
fn none_fits(system: &System, schema: SchemaId, direction: Direction) -> Option<Impossible> {
    let made = sample::sample(&system.schemas, schema, &mut Rng::seeded(0), direction);
    misfit(system, schema, &made, direction)
}

fn misfit(system: &System, schema: SchemaId, made: &Value, direction: Direction) -> Option<Impossible> {
    let fits = validate(&system.schemas, schema, made, direction).is_empty();
    if fits { None } else { impossible(&system.schemas, schema, direction) }
}

/// A made-up success says that it is one: its flag is set, and it tells of no error.
fn succeed(system: &System, schema: SchemaId, template: &mut Value) {
    let Value::Object(map) = template else { return };
    for (name, id) in system.schemas.properties(schema) {
        let field = system.schemas.get(id);
        let optional = !system.schemas.get(schema).required.contains(name);
        match (name, map.get(name)) {
            ("ok" | "success", Some(Value::Bool(_))) => _ = map.insert(name.to_owned(), Value::Bool(true)),
            ("error" | "errors", Some(_)) if optional => _ = map.shift_remove(name),
            ("error" | "errors", Some(_)) if field.nullable() => _ = map.insert(name.to_owned(), Value::Null),
            ("error" | "errors", Some(Value::Array(_))) => _ = map.insert(name.to_owned(), Value::Array(Vec::new())),
            _ => {}
        }
    }
}

/// Where in the answer the record lies.
fn wrap_of(system: &System, schema: SchemaId, op: &Operation) -> Option<Vec<String>> {
    let record = op.record?;
    let same = |id: SchemaId| {
        id == record || {
            let name = &system.schemas.get(id).name;
            name.is_some() && *name == system.schemas.get(record).name
        }
    };
    if same(schema) {
        return None;
    }
    let properties = system.schemas.properties(schema);
    if let Some((name, _)) = properties.iter().find(|(_, id)| same(*id)) {
        return Some(vec![(*name).to_owned()]);
    }
    properties.iter().find_map(|(outer, id)| {
        if !system.schemas.get(id).types.allows(TypeSet::OBJECT) {
            return None;
        }
        let inner = system.schemas.properties(id);
        let (name, _) = inner.iter().find(|(_, id)| same(*id))?;
        Some(vec![(*outer).to_owned(), (*name).to_owned()])
    })
}

/// Sets the value at a path of property names, making objects on the way. An empty path replaces the whole.
pub(crate) fn put(root: &mut Value, path: &[String], value: Value) {
    let mut at = root;
    for name in path {
        if !at.is_object() {
            *at = Value::Object(serde_json::Map::new());
        }
        let Value::Object(map) = at else { return };
        at = map.entry(name.clone()).or_insert(Value::Null);
    }
    *at = value;
}

/// The value at a path of property names.
pub(crate) fn dig<'v>(root: &'v Value, path: &[String]) -> Option<&'v Value> {
    path.iter().try_fold(root, |at, name| at.get(name))
}
