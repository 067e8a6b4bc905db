//! The questions: chosen from plan and description, asked one a second until they run out or may not go on.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::Observed;
use super::look::{self, at, scalar, some};
use crate::base::text::{plural, quoted};
use crate::connector::{Asked, Call, Gates, Inquiry, Leaf, Plan, Response, Spot, World, WritePlan};
use crate::lab::mock::compare;
use crate::model::{Action, Method, Operation, System, TypeSet};

/// Between two requests.
const PAUSE: Duration = Duration::from_secs(1);
/// Records asked for on a page.
const PAGE: u64 = 5;
/// What nobody has.
const NOBODY: &str = "probe-nobody@example.invalid";

/// A probe under way.
pub(super) struct Asking<'s> {
    left: u64,
    asked: u64,
    systems: &'s BTreeMap<String, Arc<System>>,
    observed: Vec<Observed>,
    unasked: Vec<String>,
    /// Operations that were asked about before, by system and name: two flows may share one.
    done: BTreeSet<(String, String)>,
}

impl<'s> Asking<'s> {
    pub(super) const fn new(requests: u64, systems: &'s BTreeMap<String, Arc<System>>) -> Self {
        Self { left: requests, asked: 0, systems, observed: Vec::new(), unasked: Vec::new(), done: BTreeSet::new() }
    }

    /// Requests sent, what was seen, what was not asked.
    pub(super) fn told(self) -> (u64, Vec<Observed>, Vec<String>) {
        (self.asked, self.observed, self.unasked)
    }

    /// Whether one more request may leave; waits until it may.
    async fn turn(&mut self, question: &str) -> bool {
        if self.left == 0 {
            self.unasked.push(format!("{question}: all requests were used (--requests)"));
            return false;
        }
        if self.asked > 0 {
            tokio::time::sleep(PAUSE).await;
        }
        self.left -= 1;
        self.asked += 1;
        true
    }

    fn see(&mut self, of: (&Plan, &str), fact: &'static str, agrees: Option<bool>, says: String, value: Value) {
        let (flow, system) = (of.0.flow.clone(), of.1.to_owned());
        self.observed.push(Observed { flow, system, fact, basis: "observed", agrees, unanswered: false, says, value });
    }

    /// A question to which nothing came back: that tells of a connection, and of no description.
    fn silence(&mut self, of: (&Plan, &str), fact: &'static str, says: String) {
        self.see(of, fact, None, says, Value::Null);
        if let Some(last) = self.observed.last_mut() {
            last.unanswered = true;
        }
    }

    /// Asks about both systems of a flow.
    pub(super) async fn flow(&mut self, plan: &Plan, world: &World, gates: &Gates) {
        let inquiry = Inquiry::new(plan, world, gates, PAGE);
        self.source(plan, &inquiry).await;
        self.target(plan, &inquiry).await;
    }

    async fn source(&mut self, plan: &Plan, inquiry: &Inquiry<'_>) {
        let name = plan.source.system.as_str();
        let Some(list) = &plan.source.list else { return };
        if list.method != Method::Get || list.query.is_some() {
            self.unasked.push(format!(
                "{}: it is read by {}, and only GET is asked",
                quoted(&list.id, 80),
                list.method.as_str()
            ));
            return;
        }
        if !self.done.insert((name.to_owned(), list.id.clone())) {
            return;
        }
        let Some(system) = self.systems.get(name).cloned() else { return };
        if !self.turn("the first page").await {
            return;
        }
        let first = match inquiry.page(list, &Spot::START, &[]).await {
            Ok(leaf) => leaf,
            Err(why) => return self.silence((plan, name), "answer", format!("{}: {why}", quoted(&list.id, 80))),
        };
        let Some(records) = self.listed(plan, list, &first) else { return };
        self.records(plan, &system, list, records);
        let headers = look::limits(&first.response);
        if !headers.is_empty() {
            let says = format!("limits are told in {}", some(&headers));
            self.see((plan, name), "limit-headers", None, says, json!(headers));
        }
        self.next_page(plan, inquiry, list, &first, records).await;
        self.since(plan, inquiry, list, records).await;
        self.missing(plan, inquiry, &system, list).await;
    }

    /// The records of the first page, where there are any to look at.
    fn listed<'l>(&mut self, plan: &Plan, list: &Call, first: &'l Leaf) -> Option<&'l [Value]> {
        let of = (plan, plan.source.system.as_str());
        let status = first.response.status;
        let items = if plan.source.items.is_empty() { "the top".to_owned() } else { plan.source.items.join(".") };
        match &first.records {
            _ if !(200..300).contains(&status) => {
                self.see(
                    of,
                    "answer",
                    Some(false),
                    format!("{} answers status {status}", quoted(&list.id, 80)),
                    json!(status),
                );
                None
            }
            None => {
                let says = format!("the answer of {} holds no list at {items}", quoted(&list.id, 80));
                self.see(of, "answer", Some(false), says, Value::Null);
                None
            }
            Some(records) => {
                let says =
                    format!("{} lists {} at {items}", quoted(&list.id, 80), plural(records.len() as u64, "record"));
                self.see(of, "answer", Some(true), says, Value::Null);
                if records.is_empty() {
                    self.unasked.push(format!("{}: it holds no record to ask about", quoted(&list.id, 80)));
                    return None;
                }
                Some(records)
            }
        }
    }

    /// What the records of a page tell by themselves.
    fn records(&mut self, plan: &Plan, system: &System, list: &Call, records: &[Value]) {
        let of = (plan, plan.source.system.as_str());
        let count = records.len() as u64;
        if plan.source.pagination.as_ref().is_some_and(|p| p.limit_param.is_some()) {
            let says = format!("asked for {PAGE} records, {count} came");
            self.see(of, "page-size", Some(count <= PAGE), says, json!(count));
        }
        let key = plan.source.key.join(".");
        let keys: Vec<String> = records.iter().filter_map(|r| at(r, &plan.source.key).and_then(scalar)).collect();
        let unique: BTreeSet<&String> = keys.iter().collect();
        let whole = keys.len() == records.len() && unique.len() == keys.len();
        let says =
            format!("{} of {} have the key {key}, {} different", keys.len(), plural(count, "record"), unique.len());
        self.see(
            of,
            "key",
            Some(whole),
            says,
            json!({"records": count, "keys": keys.len(), "different": unique.len()}),
        );
        let (shape, digest) = look::shape(records);
        let schema = system.operation(&list.id).and_then(|op| op.record);
        let Some(schema) = schema else {
            self.see(of, "shape", None, format!("records have the shape {digest}; the description says none"), shape);
            return;
        };
        let misfits = look::misfits(system, schema, records);
        let says = if misfits.is_empty() {
            format!("records of the shape {digest} fit the description")
        } else {
            format!("records do not fit the description: {}", some(&misfits))
        };
        self.see(of, "shape", Some(misfits.is_empty()), says, shape);
        let unknown = look::unknown(system, schema, records);
        if !unknown.is_empty() {
            let says = format!("fields that the description does not name: {}", some(&unknown));
            self.see(of, "unknown-fields", Some(false), says, json!(unknown));
        }
        if let Some((path, _)) = &plan.source.incremental {
            let moments: Vec<&Value> = records.iter().filter_map(|r| at(r, path)).collect();
            let zones = look::zones(&moments);
            if !zones.is_empty() {
                let told: Vec<String> = zones.iter().map(|z| (*z).to_owned()).collect();
                let says = format!("{} is written {}", path.join("."), some(&told));
                // One way to write it, and one that says which moment it is.
                let agrees = (zones.len() > 1 || zones.contains("without a zone")).then_some(false);
                self.see(of, "time-zone", agrees, says, json!(told));
            }
        }
    }

    async fn next_page(&mut self, plan: &Plan, inquiry: &Inquiry<'_>, list: &Call, first: &Leaf, records: &[Value]) {
        let of = (plan, plan.source.system.as_str());
        let Some(pagination) = &plan.source.pagination else {
            self.unasked.push(format!("{}: nothing is said of further pages", quoted(&list.id, 80)));
            return;
        };
        let style = pagination.style.as_str();
        let spot = match &first.next {
            Ok(Some(spot)) => spot,
            Ok(None) => {
                let says = format!(
                    "by {style} no page follows the first, which holds {}",
                    plural(records.len() as u64, "record")
                );
                return self.see(of, "next-page", None, says, Value::Null);
            }
            Err(why) => return self.see(of, "next-page", Some(false), why.clone(), Value::Null),
        };
        if !self.turn("the second page").await {
            return;
        }
        let second = match inquiry.page(list, spot, &[]).await {
            Ok(leaf) if (200..300).contains(&leaf.response.status) => leaf,
            Ok(leaf) => {
                let says = format!("the second page, asked for by {style}, answers status {}", leaf.response.status);
                return self.see(of, "next-page", Some(false), says, json!(leaf.response.status));
            }
            Err(why) => return self.see(of, "next-page", Some(false), format!("no second page: {why}"), Value::Null),
        };
        let key = |r: &Value| at(r, &plan.source.key).and_then(scalar);
        let before: BTreeSet<String> = records.iter().filter_map(key).collect();
        let after: Vec<String> = second.records.iter().flatten().filter_map(key).collect();
        let again = after.iter().filter(|k| before.contains(*k)).count() as u64;
        let says = match again {
            _ if after.is_empty() => format!("the second page, asked for by {style}, is empty"),
            0 => format!("the second page, asked for by {style}, holds {} more", plural(after.len() as u64, "record")),
            n => format!(
                "the second page, asked for by {style}, repeats {n} of {} of the first",
                plural(after.len() as u64, "record")
            ),
        };
        let value = json!({"style": style, "param": pagination.param, "limit_param": pagination.limit_param});
        let agrees = if after.is_empty() { None } else { Some(again == 0) };
        self.see(of, "next-page", agrees, says, value);
    }

    async fn since(&mut self, plan: &Plan, inquiry: &Inquiry<'_>, list: &Call, records: &[Value]) {
        let of = (plan, plan.source.system.as_str());
        let Some((path, param)) = &plan.source.incremental else { return };
        // The latest of the page: something older is known to be there, unless all are of one moment.
        let values = || records.iter().filter_map(|r| at(r, path));
        let latest = values().max_by(|a, b| compare(a, b));
        let Some((latest, bound)) = latest.and_then(|v| Some((v, scalar(v)?))) else { return };
        if !self.turn("records since a moment").await {
            return;
        }
        let leaf = match inquiry.page(list, &Spot::START, &[(param, &bound)]).await {
            Ok(leaf) => leaf,
            Err(why) => {
                return self.silence(of, "since-filter", format!("with {param}: {why}"));
            }
        };
        let status = leaf.response.status;
        let Some(found) = leaf.records.filter(|_| (200..300).contains(&status)) else {
            let says = format!("with {param} it answers status {status}");
            return self.see(of, "since-filter", Some(false), says, json!(status));
        };
        let field = path.join(".");
        let order = |r: &Value| at(r, path).map(|v| compare(v, latest));
        let older = found.iter().filter(|r| order(r) == Some(Ordering::Less)).count() as u64;
        let there = found.iter().any(|r| order(r) == Some(Ordering::Equal));
        let older_exist = values().any(|v| compare(v, latest).is_lt());
        let (agrees, says) = if older > 0 {
            (Some(false), format!("{param} is not honoured: {} older than the bound came", plural(older, "record")))
        } else if !there {
            (
                Some(false),
                format!("{param} is exclusive, or does not find: no record whose {field} is the bound itself came"),
            )
        } else if older_exist {
            (Some(true), format!("{param} is honoured and inclusive"))
        } else {
            (
                None,
                format!(
                    "{param} is inclusive; all records seen are of one moment, so whether it leaves any out is open"
                ),
            )
        };
        self.see(of, "since-filter", agrees, says, json!({"param": param, "older": older, "inclusive": there}));
    }

    /// A record that is not there.
    async fn missing(&mut self, plan: &Plan, inquiry: &Inquiry<'_>, system: &System, list: &Call) {
        let name = plan.source.system.as_str();
        let Some(op) = getter(system, list) else {
            self.unasked.push(format!("a record of {name} that is not there: no operation gets one by its key"));
            return;
        };
        let Some(param) = op.path_params().first().copied() else { return };
        let id = nobody(system, op, param);
        let call = Call {
            id: op.id.clone(),
            method: op.method,
            path: op.path.clone(),
            content_type: String::new(),
            params: Vec::new(),
            query: None,
            search: None,
            answers_later: false,
            answers_json: false,
        };
        if !self.turn("a record that is not there").await {
            return;
        }
        match inquiry.get(Asked::Source, &call, &[(param, id)], &[]).await {
            Err(why) => self.silence((plan, name), "missing-record", format!("{}: {why}", quoted(&op.id, 80))),
            Ok(response) => self.absent((plan, name), system, op, &response),
        }
    }

    fn absent(&mut self, of: (&Plan, &str), system: &System, op: &Operation, response: &Response) {
        let (fits, looks) = look::error(system, op, response);
        let status = response.status;
        let says = format!("{} answers {status} for a key that nobody has, {looks}", quoted(&op.id, 80));
        let agrees = if matches!(status, 404 | 410) { fits } else { Some(false) };
        let says = if agrees == Some(false) && matches!(status, 404 | 410) {
            format!("{says}, not as described")
        } else {
            says
        };
        self.see(of, "missing-record", agrees, says, json!(status));
    }

    /// Whether the search that an upsert relies on finds nothing where there is nothing.
    async fn target(&mut self, plan: &Plan, inquiry: &Inquiry<'_>) {
        let name = plan.target.system.as_str();
        let WritePlan::Upsert { find, find_param, find_items, .. } = &plan.target.write else { return };
        if find.method != Method::Get || find.query.is_some() || !self.done.insert((name.to_owned(), find.id.clone())) {
            return;
        }
        if !self.turn("a search for nobody").await {
            return;
        }
        let of = (plan, name);
        let shown = quoted(&find.id, 80);
        let response = match inquiry.get(Asked::Target, find, &[], &[(find_param, NOBODY)]).await {
            Ok(response) => response,
            Err(why) => {
                return self.silence(of, "search", format!("{shown}: {why}"));
            }
        };
        let body = serde_json::from_slice::<Value>(&response.body).unwrap_or_default();
        let found = at(&body, find_items).and_then(Value::as_array).map(Vec::len);
        let (agrees, says) = match (response.status, found) {
            (200..=299, Some(0)) => (Some(true), format!("{shown} finds nobody by {find_param} where nobody has it")),
            (200..=299, Some(n)) => (
                Some(false),
                format!(
                    "{shown} finds {} by {find_param} where nobody has it: the parameter is not honoured",
                    plural(n as u64, "record")
                ),
            ),
            (404, _) => (None, format!("{shown} answers 404 where nothing is found")),
            (status, _) => (Some(false), format!("{shown} answers status {status} without a list")),
        };
        self.see(of, "search", agrees, says, json!({"status": response.status, "found": found}));
    }
}

/// The operation that gets one record of what is listed.
fn getter<'s>(system: &'s System, list: &Call) -> Option<&'s Operation> {
    let entity = system.operation(&list.id)?.entity.as_ref()?;
    system.operations.iter().find(|o| {
        o.action == Action::Get
            && o.method == Method::Get
            && o.entity.as_ref() == Some(entity)
            && o.path_params().len() == 1
            && o.parameters.iter().all(|p| !p.required || o.path.contains(&format!("{{{}}}", p.name)))
    })
}

/// A key that fits and that nobody has.
fn nobody(system: &System, op: &Operation, param: &str) -> &'static str {
    let schema = op.parameters.iter().find(|p| p.name == param).and_then(|p| p.schema).map(|id| system.schemas.get(id));
    match schema {
        Some(s) if s.format.as_deref() == Some("uuid") => "00000000-0000-4000-8000-000000000000",
        Some(s) if s.types.has(TypeSet::INTEGER.with(TypeSet::NUMBER)) => "2147483646",
        _ => "probe-nobody",
    }
}
