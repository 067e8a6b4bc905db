//! What is known about a plan and its two systems before any schedule runs; derived once, shared by all.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::mock::url::{origin_of, path_of, query_of};
use super::mock::{Blueprint, Match, MockOptions, MockSystem, dig, text_of};
use super::narrowed;
use crate::base::rng::Rng;
use crate::base::secret::SecretRef;
use crate::connector::{AuthPlan, Call, Plan, Request, WritePlan};
use crate::model::{Action, Method, Operation, System};

/// What a request is for, as the plan has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    /// Reads the source.
    List,
    /// Looks a record up in the target.
    Find,
    /// Makes a record in the target.
    Create,
    /// Changes a record in the target.
    Update,
    /// Writes a record under a key in the target.
    Put,
    /// Writes many records in the target.
    Bulk,
    /// Takes a record out of the target.
    Delete,
    /// Asks for a token.
    Token,
    /// Goes to a host that belongs to neither system.
    Elsewhere,
    /// Anything else.
    Other,
}

impl Purpose {
    /// It writes to the target.
    #[must_use]
    pub const fn writes(self) -> bool {
        matches!(self, Self::Create | Self::Update | Self::Put | Self::Bulk)
    }

    /// One lower-case word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Find => "find",
            Self::Create => "create",
            Self::Update => "update",
            Self::Put => "put",
            Self::Bulk => "bulk",
            Self::Delete => "delete",
            Self::Token => "token",
            Self::Elsewhere => "elsewhere",
            Self::Other => "other",
        }
    }
}

impl Blueprint {
    /// What a request is for, by the operation that it leads to alone.
    #[must_use]
    pub fn purpose_of(&self, request: &Request) -> Purpose {
        let index = if self.is_graph() {
            self.asked_by(request)
        } else {
            match self.find(request.method, &request.url) {
                Match::Found(index, _) => Some(index),
                Match::WrongMethod(_) | Match::Nowhere => None,
            }
        };
        let path = path_of(&request.url);
        let Some(op) = index.and_then(|i| self.system.operations.get(i)) else {
            return if self.is_token_path(path) { Purpose::Token } else { Purpose::Elsewhere };
        };
        match op.action {
            Action::List | Action::Search => Purpose::List,
            Action::Get => Purpose::Find,
            Action::Create => Purpose::Create,
            Action::Update => Purpose::Update,
            Action::Upsert => Purpose::Put,
            Action::Other if op.bulk(&self.system.schemas).is_some() => Purpose::Bulk,
            Action::Delete => Purpose::Delete,
            Action::Other => Purpose::Other,
        }
    }
}

/// How a target record is known to stem from a source record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identity {
    /// By the value at this path of the mapped record.
    Field(Vec<String>),
    /// By the key it is put under, taken from this path of the mapped record, or from the source key.
    PutKey(Option<Vec<String>>),
    /// By nothing: mapped records are compared as a whole.
    Whole,
}

/// A plan on the bench.
#[derive(Debug)]
pub struct Bench {
    /// The plan.
    pub plan: Plan,
    /// The source.
    pub source: Arc<Blueprint>,
    /// The target.
    pub target: Arc<Blueprint>,
    /// What the source lists.
    pub source_entity: String,
    /// What the target keeps.
    pub target_entity: String,
    /// How a target record is known again.
    pub identity: Identity,
    /// Records on a page: few, so that a handful of records makes several pages.
    pub page: u64,
    /// A program of its own is drilled, over real sockets and in real time; nothing where the world is simulated.
    pub real: Option<Real>,
}

/// What is known of a program that is drilled from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Real {
    /// It stays up until it is told to end.
    pub service: bool,
    /// It knows of the file that switches it off.
    pub knows_switch: bool,
    /// It takes a lock that another process can see.
    pub knows_lock: bool,
    /// Its time runs so many times as fast as ours.
    pub scale: u32,
}

impl Bench {
    /// Puts a plan on the bench.
    ///
    /// # Errors
    /// Why the lab cannot drill it, in words.
    pub fn of(plan: &Plan, systems: &BTreeMap<String, Arc<System>>) -> Result<Self, String> {
        let blueprint = |name: &String| {
            systems.get(name).map(|s| Blueprint::of(Arc::clone(s))).ok_or_else(|| format!("system {name} is not known"))
        };
        let source_system = systems.get(&plan.source.system);
        let mut source = match (&plan.source.list, &plan.source.webhook, source_system) {
            // What is only sent is listed nowhere; the source keeps it all the same.
            (None, Some(hook), Some(system)) => Blueprint::sending(Arc::clone(system), hook, &plan.source.key),
            // A type leads to nearly all others; the source holds what this flow could read.
            (Some(Call { query: Some(_), .. }), _, Some(system)) => {
                Blueprint::of(Arc::new(narrowed::narrowed(system, plan)))
            }
            _ => blueprint(&plan.source.system)?,
        };
        let source_entity = match (&plan.source.list, &plan.source.webhook) {
            (Some(list), _) => entity(&source, list)?,
            (None, Some(hook)) => hook.event.clone(),
            (None, None) => return Err("nothing brings records".to_owned()),
        };
        if let Some(blueprint) = Arc::get_mut(&mut source) {
            blueprint.key_by(&source_entity, &plan.source.key)?;
            if let Some((field, _)) = &plan.source.incremental {
                blueprint.ask_by(&source_entity, field);
            }
        }
        let target = if plan.target.system == plan.source.system {
            Arc::clone(&source)
        } else {
            blueprint(&plan.target.system)?
        };
        let target_entity = entity(&target, write_calls(&plan.target.write)[0])?;
        if source.kinds.get(&source_entity).and_then(|k| k.record).is_none() {
            return Err(format!("the description does not say what a {source_entity} looks like"));
        }
        // A lab that made records which their own description rules out would judge nothing by them.
        for (blueprint, kind) in [(&source, &source_entity), (&target, &target_entity)] {
            if let Some(why) = blueprint.no_record(kind) {
                return Err(format!(
                    "there can be no {kind}: {why}; mend the description, by an overlay where it is not yours"
                ));
            }
        }
        let calls = plan.source.list.iter().map(|call| (&source, call));
        for (blueprint, call) in calls.chain(write_calls(&plan.target.write).into_iter().map(|call| (&target, call))) {
            let index = blueprint.system.operations.iter().position(|o| same(call, o));
            if let Some(because) = index.and_then(|i| blueprint.never(i)) {
                return Err(format!("{because}; mend the description, by an overlay where it is not yours"));
            }
        }
        let mut bench = Self {
            plan: plan.clone(),
            source,
            target,
            source_entity,
            target_entity,
            identity: Identity::Whole,
            page: 3,
            real: None,
        };
        bench.identity = bench.find_identity();
        bench.page = bench.smallest_page().max(3);
        if bench.plan.source.pagination.as_ref().is_some_and(|p| p.limit_param.is_some()) {
            bench.plan.source.limit = Some(bench.page);
        }
        Ok(bench)
    }

    /// The smallest page that the source lets a client ask for.
    fn smallest_page(&self) -> u64 {
        let minimum = || {
            let op = self.list_operation()?;
            let schemas = &self.source.system.schemas;
            let name = self.plan.source.pagination.as_ref()?.limit_param.as_deref()?;
            let limit = op.parameter(name).and_then(|p| p.schema).or_else(|| op.body_field(schemas, name));
            schemas.get(limit?).minimum.as_ref()?.as_u64()
        };
        minimum().unwrap_or(1)
    }

    fn find_identity(&self) -> Identity {
        match &self.plan.target.write {
            WritePlan::Upsert { matching, .. } => Identity::Field(matching.clone()),
            // Without a place for it in the path, the record carries its key.
            WritePlan::Put { put, key: Some(key) } if !put.path.contains('{') => Identity::Field(key.clone()),
            WritePlan::Put { key, .. } => Identity::PutKey(key.clone()),
            WritePlan::Bulk { key, .. } => Identity::Field(key.clone()),
            WritePlan::Create { .. } => self.distinct_field().map_or(Identity::Whole, |f| Identity::Field(vec![f])),
        }
    }

    /// The field of mapped records that tells them apart; best the one that holds the source key.
    fn distinct_field(&self) -> Option<String> {
        let mut mock = MockSystem::of(Arc::clone(&self.source), 0, MockOptions::default());
        let records = mock.draw_records(&self.source_entity, 24, &mut Rng::seeded(0));
        let pairs: Vec<(String, Value)> =
            records.iter().filter_map(|r| Some((self.source_key(r)?, self.plan.mapped(r).ok()?))).collect();
        let (_, first) = pairs.first()?;
        let scalar = |v: &Value| (v.is_string() || v.is_number()).then(|| text_of(v));
        let distinct = |name: &String| {
            let values: std::collections::BTreeSet<String> =
                pairs.iter().filter_map(|(_, m)| m.get(name).and_then(scalar)).collect();
            values.len() == pairs.len()
        };
        let holds_key = |name: &String| pairs.iter().all(|(key, m)| m.get(name).and_then(scalar).as_ref() == Some(key));
        let names: Vec<&String> = first.as_object()?.keys().filter(|n| distinct(n)).collect();
        let best = names.iter().find(|n| holds_key(n)).or_else(|| names.first())?;
        Some((**best).clone())
    }

    /// The source record's key, as text.
    #[must_use]
    pub fn source_key(&self, record: &Value) -> Option<String> {
        dig(record, &self.plan.source.key).map(text_of)
    }

    /// The identity that a mapped record has in the target.
    #[must_use]
    pub fn identity_of(&self, source: &Value, mapped: &Value) -> Option<String> {
        match &self.identity {
            Identity::Field(path) | Identity::PutKey(Some(path)) => dig(mapped, path).map(text_of),
            Identity::PutKey(None) => self.source_key(source),
            Identity::Whole => None,
        }
    }

    /// The identity of a record that the target keeps under `key`.
    #[must_use]
    pub fn identity_kept(&self, key: &str, record: &Value) -> Option<String> {
        match &self.identity {
            Identity::Field(path) => dig(record, path).map(text_of),
            Identity::PutKey(_) => Some(key.to_owned()),
            Identity::Whole => None,
        }
    }

    /// The description's word on the list operation.
    #[must_use]
    pub fn list_operation(&self) -> Option<&Operation> {
        operation(&self.source, self.plan.source.list.as_ref()?)
    }

    /// As many records as a request of the target's bulk operation cannot hold, where that is a number worth drawing.
    #[must_use]
    pub fn too_many(&self) -> Option<u64> {
        /// More would be most of what a schedule costs.
        const WORTH: u64 = 100;
        let most = self.write_operation()?.bulk(&self.target.system.schemas)?.most?;
        (most < WORTH).then_some(most + 1)
    }

    /// The description's word on the operation that creates or puts.
    #[must_use]
    pub fn write_operation(&self) -> Option<&Operation> {
        operation(&self.target, write_calls(&self.plan.target.write)[0])
    }

    /// What a request of this system is for, and which record it is about.
    #[must_use]
    pub fn read_request(&self, system: &str, request: &Request) -> (Purpose, Option<String>) {
        let (blueprint, base) = if system == self.plan.source.system {
            (&self.source, &self.plan.source.base_url)
        } else {
            (&self.target, &self.plan.target.base_url)
        };
        let token_urls = self.token_urls(system);
        let ours = |url: &str| origin_of(url) == origin_of(&request.url);
        if !ours(base) && !token_urls.iter().any(|t| ours(t)) {
            return (Purpose::Elsewhere, None);
        }
        let path = path_of(&request.url);
        if request.method == Method::Post && token_urls.iter().any(|t| path_of(t) == path) {
            return (Purpose::Token, None);
        }
        let (index, params) = if blueprint.is_graph() {
            match blueprint.asked_by(request) {
                Some(index) => (index, Vec::new()),
                None => return (Purpose::Other, None),
            }
        } else {
            match blueprint.find(request.method, &request.url) {
                Match::Found(index, params) => (index, params),
                Match::WrongMethod(_) | Match::Nowhere => return (Purpose::Other, None),
            }
        };
        let op = &blueprint.system.operations[index];
        let is = |call: &Call| same(call, op);
        if system == self.plan.source.system && self.plan.source.list.as_ref().is_some_and(is) {
            return (Purpose::List, None);
        }
        if system != self.plan.target.system {
            return (Purpose::Other, None);
        }
        let by_field = || match &self.identity {
            Identity::Field(path) => blueprint.read_field(index, request, path).as_ref().map(text_of),
            _ => None,
        };
        if self.plan.target.delete.as_ref().is_some_and(|delete| delete.set.is_none() && is(&delete.call)) {
            return (Purpose::Delete, None);
        }
        match &self.plan.target.write {
            WritePlan::Upsert { find, find_param, create, update, .. } => {
                if is(create) {
                    (Purpose::Create, by_field())
                } else if is(update) {
                    (Purpose::Update, by_field())
                } else if is(find) {
                    let asked = query_of(&request.url).into_iter().find(|(n, _)| n == find_param).map(|p| p.1);
                    (Purpose::Find, asked.or_else(|| params.last().map(|p| p.1.clone())))
                } else {
                    (Purpose::Other, None)
                }
            }
            WritePlan::Put { put, .. } if is(put) => {
                (Purpose::Put, params.last().map(|p| p.1.clone()).or_else(by_field))
            }
            WritePlan::Bulk { write, .. } if is(write) => (Purpose::Bulk, None),
            WritePlan::Create { create, .. } if is(create) => (Purpose::Create, by_field()),
            _ => (Purpose::Other, None),
        }
    }

    /// The key in the target's address of one record, where the request has one.
    #[must_use]
    pub fn addressed(&self, request: &Request) -> Option<String> {
        match self.target.find(request.method, &request.url) {
            Match::Found(_, params) if !self.target.is_graph() => params.last().map(|p| p.1.clone()),
            _ => None,
        }
    }

    /// The identities of the records of a bulk request, in its order; nothing for any other request.
    #[must_use]
    pub fn read_batch(&self, purpose: Purpose, request: &Request) -> Vec<Option<String>> {
        let (Purpose::Bulk, WritePlan::Bulk { records, key, .. }) = (purpose, &self.plan.target.write) else {
            return Vec::new();
        };
        let body = serde_json::from_slice::<Value>(&request.body).unwrap_or_default();
        let list = dig(&body, records).and_then(Value::as_array);
        list.into_iter().flatten().map(|record| dig(record, key).map(text_of)).collect()
    }

    /// Schema of what is written of one record.
    #[must_use]
    pub fn written_schema(&self) -> Option<crate::model::SchemaId> {
        let op = self.write_operation()?;
        match &self.plan.target.write {
            WritePlan::Bulk { .. } => op.bulk(&self.target.system.schemas).map(|b| b.record),
            _ => op.body.as_ref()?.schema,
        }
    }

    fn auth_of(&self, system: &str) -> impl Iterator<Item = &AuthPlan> {
        let source = (system == self.plan.source.system).then_some(&self.plan.source.auth);
        let target = (system == self.plan.target.system).then_some(&self.plan.target.auth);
        source.into_iter().chain(target)
    }

    fn token_urls(&self, system: &str) -> Vec<&str> {
        self.auth_of(system).filter_map(AuthPlan::token_url).collect()
    }

    /// Every reference to a secret of a system.
    #[must_use]
    pub fn secrets_of(&self, system: &str) -> Vec<&SecretRef> {
        self.auth_of(system).flat_map(AuthPlan::secret_refs).collect()
    }
}

fn operation<'b>(blueprint: &'b Blueprint, call: &Call) -> Option<&'b Operation> {
    blueprint.system.operations.iter().find(|o| same(call, o))
}

/// The operation is the one called. Fields of GraphQL root types share method and path.
fn same(call: &Call, op: &Operation) -> bool {
    call.method == op.method && call.path == op.path && (call.query.is_none() || call.id == op.id)
}

fn entity(blueprint: &Blueprint, call: &Call) -> Result<String, String> {
    operation(blueprint, call)
        .and_then(|o| o.entity.clone())
        .ok_or_else(|| format!("it is not known what {} {} is about", call.method.as_str(), call.path))
}

/// The operations that write, the one that makes records first.
#[must_use]
pub fn write_calls(write: &WritePlan) -> Vec<&Call> {
    match write {
        WritePlan::Upsert { create, update, .. } => vec![create, update],
        WritePlan::Put { put, .. } => vec![put],
        WritePlan::Bulk { write, .. } => vec![write],
        WritePlan::Create { create, .. } => vec![create],
    }
}
