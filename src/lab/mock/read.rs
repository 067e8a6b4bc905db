//! List, search and get.

use std::cmp::Ordering;

use serde_json::{Value, json};

use super::blueprint::{Kind, Told, dig, put};
use super::collection::{Collection, Kept, compare_text};
use super::feed::Since;
use super::pages::{Ask, Cut, Listed, cut};
use super::{Call, Effect, MockSystem, Quirk, text_of, url};
use crate::base::text;
use crate::connector::{FeedPlan, Response};
use crate::model::{CursorFrom, PageStyle, ParamIn, SchemaId, Schemas, TypeSet};

impl MockSystem {
    pub(super) fn list(&mut self, call: &Call<'_>) -> (Response, Effect) {
        let Some(kind) = call.kind() else {
            return (call.success(None, &call.blueprint.shape(call.index).template), Effect::Nothing);
        };
        let asked = match call.asked() {
            Ok(asked) => asked,
            Err(answer) => return *answer,
        };
        let query: &[(String, String)] = &asked;
        let filters = self.filters(call, kind, query);
        let field = self.change_field(call, kind);
        // By the last item's key, lists run from the newest back, as the APIs that invented it do.
        let newest_first = call
            .op
            .pagination
            .as_ref()
            .is_some_and(|p| p.style == PageStyle::Cursor && !matches!(p.next, Some(CursorFrom::Body(_))));
        if let Some(feed) = self.feed_of(call, kind) {
            let (response, effect, bent) = self.followed(call, kind, feed, query, &filters);
            self.bent = bent;
            return (response, effect);
        }
        self.lag.passes(call.now);
        let real = self.collections.entry(kind.name.clone()).or_default();
        let mut behind = (!self.lag.is_empty()).then(|| self.lag.shown(&kind.name, real));
        let places = narrowed(behind.as_mut().unwrap_or(real), field.as_deref(), &filters);
        let Some(collection) = behind.as_ref().or_else(|| self.collections.get(&kind.name)) else {
            return (call.success(None, &call.blueprint.shape(call.index).template), Effect::Nothing);
        };
        let places = match &places {
            Narrowed::From(from) => collection.places(field.as_deref()).get(*from..).unwrap_or_default(),
            Narrowed::These(places) => places,
        };
        let found = Listed { collection, places, newest_first, by_change: false };
        let Some(pagination) = &call.op.pagination else {
            let all = found.page(0, found.len());
            let body = self.envelope(call, kind, &all, None);
            return (call.success(None, &body), read_effect(kind, &all));
        };
        let ask = Ask {
            pagination,
            query,
            field: field.as_deref(),
            key: &kind.key,
            size: self.options.page_size,
            cap: self.options.page_cap,
            quirk: call.quirk,
        };
        let cut = match cut(&found, &ask) {
            Ok(cut) => cut,
            Err(because) => return call.refuse(400, "bad-request", because),
        };
        let total = found.len();
        let page = found.page(cut.from, cut.to);
        let body = self.envelope(call, kind, &page, Some((&cut, total)));
        let mut response = call.success(None, &body);
        if pagination.style == PageStyle::LinkHeader {
            let param = pagination.param.as_deref().unwrap_or("page_token");
            let link = |url: String, rel: &str| format!("<{url}>; rel=\"{rel}\"");
            // A page that is not the first leads back as well, and the last one nowhere else (RFC 8288 section 3.3).
            let first = query
                .iter()
                .any(|(name, _)| name == param)
                .then(|| link(url::without_param(&call.request.url, param), "first"));
            let next = cut.next.as_ref().map(|next| link(next_url(call, param, next), "next"));
            let links: Vec<String> = first.into_iter().chain(next).collect();
            if !links.is_empty() {
                response.headers.push(("link".to_owned(), links.join(", ")));
            }
        }
        let effect = read_effect(kind, &page);
        self.bent = cut.bent;
        (response, effect)
    }

    /// A list whose changes are followed by a token. It shows what is there now, however late other lists are.
    fn followed(
        &self,
        call: &Call<'_>,
        kind: &Kind,
        feed: FeedPlan,
        query: &[(String, String)],
        filters: &[Filter<'_>],
    ) -> (Response, Effect, bool) {
        let unbent = |(response, effect): (Response, Effect)| (response, effect, false);
        let none = Collection::default();
        let collection = self.collections.get(&kind.name).unwrap_or(&none);
        let pagination = call.op.pagination.as_ref();
        let since = match Since::asked(feed, query, pagination.and_then(|p| p.param.as_deref()), collection) {
            Ok(since) => since,
            Err(because) => return unbent(call.refuse(410, "feed-token-expired", because)),
        };
        let all = (0..).take(collection.len());
        let fitting =
            all.filter(|place| collection.at(*place).is_some_and(|kept| filters.iter().all(|f| f.fits(&kept.value))));
        let places = since.narrow(collection, fitting);
        let found = Listed { collection, places: &places, newest_first: false, by_change: true };
        let query = since.rest(query);
        let cut = pagination.map(|pagination| {
            let ask = Ask {
                pagination,
                query: &query,
                field: None,
                key: &kind.key,
                size: self.options.page_size,
                cap: self.options.page_cap,
                quirk: call.quirk,
            };
            cut(&found, &ask)
        });
        let cut = match cut.transpose() {
            Ok(cut) => cut,
            Err(because) => return unbent(call.refuse(400, "bad-request", because)),
        };
        let page = cut.as_ref().map_or_else(|| found.page(0, found.len()), |c| found.page(c.from, c.to));
        let mut body = self.envelope(call, kind, &page, cut.as_ref().map(|c| (c, found.len())));
        since.tell(call, &mut body, cut.as_ref(), collection);
        (call.success(None, &body), read_effect(kind, &page), cut.is_some_and(|c| c.bent))
    }

    pub(super) fn get(&mut self, call: &Call<'_>) -> (Response, Effect) {
        let Some(kind) = call.kind() else {
            return (call.success(None, &call.blueprint.shape(call.index).template), Effect::Nothing);
        };
        let key = call.params.last().map(|p| p.1.clone()).unwrap_or_default();
        match self.collections.get(&kind.name).and_then(|c| c.get(&key)) {
            Some(record) => {
                let body = wrapped(call, shown(&call.blueprint.system.schemas, kind, record));
                (call.success(None, &body), Effect::Read { entity: kind.name.clone(), keys: vec![key] })
            }
            None => call.refuse(404, "not-found", format!("no {} has the key {key}", kind.name)),
        }
    }

    /// The field by which a list runs: that of its incremental parameter, or what the options say.
    fn change_field(&self, call: &Call<'_>, kind: &Kind) -> Option<String> {
        if let Some(field) = self.options.change_field.get(&kind.name) {
            return Some(field.clone());
        }
        let Some(incremental) = call.op.incremental.as_ref() else {
            let query = call.op.parameters.iter().filter(|p| p.place == ParamIn::Query);
            return query.into_iter().find_map(|p| bounded(&call.blueprint.system.schemas, kind, &p.name));
        };
        incremental.field.clone().or_else(|| field_of_param(&call.blueprint.system.schemas, kind, &incremental.param))
    }

    fn filters<'q>(&self, call: &Call<'_>, kind: &Kind, query: &'q [(String, String)]) -> Vec<Filter<'q>> {
        let schemas = &call.blueprint.system.schemas;
        let fields = kind.record.map(|r| schemas.properties(r)).unwrap_or_default();
        let mut out = Vec::new();
        for (name, value) in query {
            let top = name.split('.').next().unwrap_or(name);
            let of_body = call.op.body_field(schemas, name).is_some();
            let documented = of_body
                || call.op.parameters.iter().any(|p| match p.place {
                    ParamIn::Query => p.name == *name,
                    ParamIn::Variable => p.name == top,
                    ParamIn::Path | ParamIn::Header | ParamIn::Cookie => false,
                });
            let pagination = call.op.pagination.as_ref();
            let paging = pagination.is_some_and(|p| {
                p.param.as_deref() == Some(name.as_str()) || p.limit_param.as_deref() == Some(name.as_str())
            });
            if !documented || paging || value.is_empty() {
                continue;
            }
            if call.op.incremental.as_ref().is_some_and(|i| i.param == *name) {
                if let Some(field) = self.change_field(call, kind) {
                    out.push(Filter::Since { field, value });
                }
                continue;
            }
            if let Some(field) = bounded(schemas, kind, name) {
                out.push(Filter::Since { field, value });
                continue;
            }
            let bare = name.strip_prefix("filter[").and_then(|n| n.strip_suffix(']')).unwrap_or(name);
            // `filter.status` and `filter.status.eq` bound the field that they name.
            let mut steps = bare.rsplit('.').filter(|step| !["eq", "equals"].contains(step));
            let bare = steps.next().unwrap_or(bare);
            if fields.contains_key(bare) {
                // Nobody has two mailboxes that differ in case only; everything else is compared as it is.
                let format = fields.get(bare).and_then(|id| schemas.get(id).format.as_deref());
                let fold = format == Some("email") || bare.contains("email");
                out.push(Filter::Equal { field: bare.to_owned(), value, fold });
            } else if ["q", "query", "search", "term", "keyword"].contains(&bare) {
                out.push(Filter::Mentions { value });
            }
        }
        out
    }

    /// The answer to a list, as its schema has it.
    fn envelope(&self, call: &Call<'_>, kind: &Kind, page: &[&Kept], cut: Option<(&Cut, usize)>) -> Value {
        let schemas = &call.blueprint.system.schemas;
        let record = |k: &&Kept| {
            let mut item = Value::Null;
            put(&mut item, &call.op.inside, shown(schemas, kind, &k.value));
            item
        };
        let records: Vec<Value> = page.iter().map(record).collect();
        let items = call.op.items.clone().unwrap_or_default();
        if items.is_empty() {
            return Value::Array(records);
        }
        let count = records.len();
        let mut body = call.blueprint.shape(call.index).template.clone();
        put(&mut body, &items, Value::Array(records));
        let schema = call.op.success().and_then(|r| r.schema);
        let total = cut.map_or(page.len(), |c| c.1);
        Self::known_fields(call, &mut body, cut, (count, total));
        let Some((cut, _)) = cut else { return body };
        let Some(pagination) = &call.op.pagination else { return body };
        if let Some(CursorFrom::Body(path)) = &pagination.next {
            // A connection tells the cursor of its last edge also where nothing follows (Relay, section 5.1).
            let connection = call.op.root_field.is_some() && pagination.more.is_some();
            let next = cut.next.as_ref().or_else(|| cut.last.as_ref().filter(|_| connection)).map(|n| match pagination
                .style
            {
                PageStyle::LinkBody => {
                    let param = pagination.param.as_deref().unwrap_or("page_token");
                    next_url(call, param, n)
                }
                _ => n.clone(),
            });
            let typed = next.map(|n| match (pagination.style, n.parse::<u64>()) {
                (PageStyle::Page | PageStyle::Offset, Ok(n)) => json!(n),
                _ => Value::String(n),
            });
            put(&mut body, path, typed.unwrap_or_else(|| end_of(schemas, schema, path)));
        }
        if let Some(path) = &pagination.more {
            put(&mut body, path, Value::Bool(cut.more));
        }
        if let Some(path) = &pagination.total {
            put(&mut body, path, json!(total));
        }
        body
    }

    /// Counts and places that envelopes carry beside what the model names.
    fn known_fields(call: &Call<'_>, body: &mut Value, cut: Option<(&Cut, usize)>, (count, total): (usize, usize)) {
        let (limit, position, pages) = match cut {
            Some((c, _)) => (c.limit, c.position, (total as u64).div_ceil(c.limit.max(1))),
            None => (count as u64, 0, 1),
        };
        for (name, told) in &call.blueprint.shape(call.index).told {
            let value = match told {
                Told::Total => json!(total),
                Told::Count => json!(count),
                Told::Limit => json!(limit),
                Told::Pages => json!(pages),
                Told::Position => json!(position),
                Told::Path => json!(url::path_of(&call.request.url)),
            };
            put(body, std::slice::from_ref(name), value);
        }
    }
}

/// What the end looks like: null where that is allowed, else an empty text.
pub(super) fn end_of(schemas: &Schemas, schema: Option<SchemaId>, path: &[String]) -> Value {
    let found = schema.and_then(|s| path.iter().try_fold(s, |at, name| schemas.property(at, name).map(|p| p.0)));
    match found.map(|id| schemas.get(id)) {
        Some(s) if !s.nullable() && s.types.has(TypeSet::STRING) => Value::String(String::new()),
        _ => Value::Null,
    }
}

/// Where the next page lies.
fn next_url(call: &Call<'_>, param: &str, next: &str) -> String {
    let there = url::with_param(&call.request.url, param, next);
    match call.quirk {
        Some(Quirk::NextAt(origin)) => format!("{origin}{}", &there[url::origin_of(&there).len()..]),
        _ => there,
    }
}

fn read_effect(kind: &Kind, page: &[&Kept]) -> Effect {
    let keys = page.iter().filter_map(|k| k.value.get(&kind.key)).map(text_of).collect();
    Effect::Read { entity: kind.name.clone(), keys }
}

/// A record as it is shown: without what is write-only, and without what the schema does not know.
pub(super) fn shown(schemas: &Schemas, kind: &Kind, record: &Value) -> Value {
    let (Some(schema), Value::Object(map)) = (kind.record, record) else { return record.clone() };
    let closed = schemas.get(schema).additional == crate::model::Additional::No;
    let show = |name: &str| match schemas.property(schema, name) {
        Some((id, _)) => !schemas.get(id).write_only,
        None => !closed,
    };
    Value::Object(map.iter().filter(|(n, _)| show(n)).map(|(n, v)| (n.clone(), v.clone())).collect())
}

/// The record at its place in the answer.
pub(super) fn wrapped(call: &Call<'_>, record: Value) -> Value {
    let shape = call.blueprint.shape(call.index);
    if shape.wrap.is_empty() {
        return record;
    }
    let mut body = shape.template.clone();
    put(&mut body, &shape.wrap, record);
    body
}

/// `updated[gte]`, `updated_since`, `modifiedAfter`: the field that such a parameter bounds.
fn field_of_param(schemas: &Schemas, kind: &Kind, param: &str) -> Option<String> {
    let fields = schemas.properties(kind.record?);
    let words = text::words(param);
    let said = |field: &&str| text::words(field).first().is_some_and(|w| words.first() == Some(w));
    fields.keys().find(said).map(|f| (*f).to_owned()).or_else(|| kind.updated.clone()).or_else(|| kind.created.clone())
}

/// `booked_since` where the record has a time `booked_at`: what bounds a time from below, whatever the time is.
fn bounded(schemas: &Schemas, kind: &Kind, param: &str) -> Option<String> {
    let words = text::words(param);
    let (last, first) = (words.last()?, words.first()?);
    if words.len() < 2 || !["since", "after", "from", "gte", "gt", "start", "min"].contains(&last.as_str()) {
        return None;
    }
    let is_time = |id: &SchemaId| matches!(schemas.get(*id).format.as_deref(), Some("date-time" | "date"));
    let fields = schemas.properties(kind.record?);
    let found = fields.iter().find(|(name, id)| text::words(name).first() == Some(first) && is_time(id));
    found.map(|(name, _)| (*name).to_owned())
}

/// What is left of a collection, in its order.
enum Narrowed {
    /// All from this place of the order on.
    From(usize),
    /// Records at these places.
    These(Vec<u32>),
}

/// Applies the conditions, so that as few records are looked at as can be: those of one value are looked up, and those since
/// some time are the end of the order.
fn narrowed(collection: &mut Collection, field: Option<&str>, filters: &[Filter<'_>]) -> Narrowed {
    let fits = |collection: &Collection, place: u32| {
        collection.at(place).is_some_and(|k| filters.iter().all(|f| f.fits(&k.value)))
    };
    let equal = filters.iter().find_map(|f| match f {
        Filter::Equal { field, value, fold } => Some((field, value, *fold)),
        Filter::Since { .. } | Filter::Mentions { .. } => None,
    });
    if let Some((by, value, fold)) = equal {
        let mut places = collection.equal(by, value, fold).to_vec();
        places.retain(|p| fits(collection, *p));
        collection.sort(&mut places, field);
        return Narrowed::These(places);
    }
    collection.arrange(field);
    let places = collection.places(field);
    match (filters, places.last()) {
        ([], _) => return Narrowed::From(0),
        ([Filter::Since { field: by, .. }], Some(last)) if Some(by.as_str()) == field && fits(collection, *last) => {
            return Narrowed::From(places.partition_point(|p| !fits(collection, *p)));
        }
        _ => {}
    }
    Narrowed::These(places.iter().copied().filter(|p| fits(collection, *p)).collect())
}

/// A condition of a query.
enum Filter<'q> {
    /// At or after.
    Since { field: String, value: &'q str },
    /// The same.
    Equal { field: String, value: &'q str, fold: bool },
    /// Some text of the record holds it.
    Mentions { value: &'q str },
}

impl Filter<'_> {
    fn fits(&self, record: &Value) -> bool {
        match self {
            Self::Since { field, value } => {
                let path: Vec<String> = field.split('.').map(str::to_owned).collect();
                dig(record, &path).and_then(|v| compare_text(v, value)).is_some_and(|o| o != Ordering::Less)
            }
            Self::Equal { field, value, fold } => record.get(field).is_some_and(|v| {
                let text = text_of(v);
                if *fold { text.to_lowercase() == value.to_lowercase() } else { text == *value }
            }),
            Self::Mentions { value } => {
                let value = value.to_lowercase();
                record
                    .as_object()
                    .is_some_and(|m| m.values().filter_map(Value::as_str).any(|s| s.to_lowercase().contains(&value)))
            }
        }
    }
}
