//! Reads `integration.yaml`. Every structural error is a finding with line and column, and hides no other.

mod flow;
mod reader;
mod scalar;
mod webhook;

use std::collections::BTreeSet;
use std::path::Path;

use indexmap::IndexMap;

use self::reader::Reader;
use super::keys::{ACCEPTED, APPROVALS, AUTH, BINDS, CONSTRAINT, ROOT, SYSTEM};
use crate::base::digest::Digest;
use crate::base::text::quoted;
use crate::base::yaml::{self, Entry, Kind, Limits, Node, Span, Spanned};
use crate::contract::{Accepted, Approvals, Auth, Bar, Binds, Constraint, ConstraintKind, Contract, SystemUse};
use crate::finding::{Finding, tidy};

/// The `apiVersion` this program reads.
pub const API_VERSION: &str = "platform-integration/v1";

/// A contract is written by hand and reviewed; what is larger is something else.
const LIMITS: Limits = Limits { depth: 32, nodes: 100_000 };
const MOST_BYTES: usize = 4 << 20;

/// Reads the text of a contract; `file` is its name for findings. A contract is returned when its structure is whole:
/// every required part could be read. It may come with findings, also errors, such as unknown keys.
#[must_use]
pub fn parse(text: &str, file: &str) -> (Option<Contract>, Vec<Finding>) {
    let mut r = Reader { file, findings: Vec::new() };
    let contract = match tree(text) {
        Ok(root) => {
            later_documents(&mut r, text, &root);
            duplicates(&mut r, &root, &mut Vec::new());
            contract(&mut r, &root, text)
        }
        Err((at, because)) => {
            r.error(
                "unreadable",
                at,
                format!("not readable as YAML: {because}"),
                "mend the YAML at this place".to_owned(),
            );
            None
        }
    };
    tidy(&mut r.findings);
    (contract, r.findings)
}

fn tree(text: &str) -> Result<Node, (Span, String)> {
    if text.len() > MOST_BYTES {
        return Err((Span { line: 1, column: 1 }, format!("larger than {} MiB", MOST_BYTES >> 20)));
    }
    yaml::parse(text, LIMITS).map_err(|e| (e.at, quoted(&e.because, 200)))
}

/// Only the first document is read; a second one must not be lost without a word.
fn later_documents(r: &mut Reader<'_>, text: &str, root: &Node) {
    let separator = |l: &str| l == "---" || l.starts_with("--- ");
    for (i, _) in text.lines().enumerate().filter(|(_, l)| separator(l.trim_end())) {
        let line = u32::try_from(i + 1).unwrap_or(u32::MAX);
        if line > root.at.line {
            let fix = "put each contract into a file of its own".to_owned();
            r.error("second-document", Span { line, column: 1 }, "a second YAML document is not read".to_owned(), fix);
            return;
        }
    }
}

/// Reports keys written twice anywhere in the file, but for the targets of `map`: those are the mapping room's.
fn duplicates<'n>(r: &mut Reader<'_>, node: &'n Node, path: &mut Vec<&'n str>) {
    match &node.kind {
        Kind::Map(entries) => {
            let rules = matches!(path.as_slice(), ["flows", _, "map"]);
            let mut seen: BTreeSet<&str> = BTreeSet::new();
            for entry in entries {
                if !seen.insert(&entry.key) && !rules {
                    let first = entries.iter().find(|e| e.key == entry.key).map_or(Span::default(), |e| e.key_at);
                    let key = quoted(&entry.key, 60);
                    r.error(
                        "duplicate-key",
                        entry.key_at,
                        format!("the key \"{key}\" stands here a second time, first at {first}"),
                        "keep one of them".to_owned(),
                    );
                }
                path.push(&entry.key);
                duplicates(r, &entry.value, path);
                path.pop();
            }
        }
        Kind::Seq(items) => items.iter().for_each(|item| {
            path.push("[]");
            duplicates(r, item, path);
            path.pop();
        }),
        Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::String(_) => {}
    }
}

fn contract(r: &mut Reader<'_>, root: &Node, text: &str) -> Option<Contract> {
    let f = r.fields(root, &ROOT, "")?;
    version(r, f.node("apiVersion"));
    let name = r.kebab(&f, "name");
    let why = r.text(&f, "why");
    let owner = r.text(&f, "owner");
    let systems = f.node("systems").and_then(|n| named(r, n, "systems", system));
    let constraints = f.node("constraints").map(|n| constraints(r, n)).unwrap_or_default();
    let flows = f.node("flows").and_then(|n| named(r, n, "flows", flow::flow));
    let approvals = f.node("approvals").and_then(|n| approvals(r, n)).unwrap_or_default();
    let accepted = f.node("accepted").map(|n| accepted(r, n)).unwrap_or_default();
    Some(Contract {
        file: r.file.to_owned(),
        dir: Path::new(r.file).parent().map(Path::to_path_buf).unwrap_or_default(),
        digest: Digest::of_bytes(text.as_bytes()),
        name: name?,
        why: why?.value,
        owner: owner?.value,
        systems: systems?,
        constraints,
        flows: flows?,
        approvals,
        accepted,
        tables: Vec::new(),
    })
}

/// An entry that lacks a part covers nothing: without a reason and a name, nobody has accepted anything.
fn accepted(r: &mut Reader<'_>, node: &Node) -> Vec<Accepted> {
    let Some(items) = node.items() else {
        let message = format!("accepted must be a list, is {}", node.kind_name());
        r.error("wrong-type", node.at, message, "write - {code: …, at: …, because: …, by: …}".to_owned());
        return Vec::new();
    };
    let mut out: Vec<Accepted> = Vec::new();
    for (i, item) in items.iter().enumerate() {
        let Some(f) = r.fields(item, &ACCEPTED, &format!("accepted[{i}]")) else { continue };
        let (code, place) = (r.kebab(&f, "code"), r.text(&f, "at"));
        let (because, by) = (r.text(&f, "because"), r.text(&f, "by"));
        let (Some(code), Some(place), Some(because), Some(by)) = (code, place, because, by) else { continue };
        if let Some(first) = out.iter().find(|a| a.code.value == code.value && a.place.value == place.value) {
            let message =
                format!("{} at {} is accepted a second time, first at {}", code.value, quoted(&place, 120), first.at);
            r.error("duplicate-key", f.at, message, "keep one of them".to_owned());
            continue;
        }
        out.push(Accepted { at: f.at, code, place, because: because.value, by: by.value });
    }
    out
}

fn approvals(r: &mut Reader<'_>, node: &Node) -> Option<Approvals> {
    let f = r.fields(node, &APPROVALS, "approvals")?;
    let mut bar = |key: &str| {
        let word = r.word(&f, key)?;
        let bar = Bar::ALL.into_iter().find(|b| b.as_str() == word)?;
        Some(Spanned::new(bar, f.node(key)?.at))
    };
    let (inferred_constraints, live_run, accept_risk) =
        (bar("inferred_constraints"), bar("live_run"), bar("accept_risk"));
    Some(Approvals { at: f.at, inferred_constraints, live_run, accept_risk, signers: r.text(&f, "signers") })
}

fn version(r: &mut Reader<'_>, node: Option<&Node>) {
    let Some(node) = node else { return };
    if let Some(version) = r.plain_text(node, "apiVersion").filter(|v| v.value != API_VERSION) {
        let shown = quoted(&version, 60);
        let message = format!("apiVersion \"{shown}\" is not one that this release reads");
        r.error("unsupported-version", node.at, message, format!("write {API_VERSION}"));
    }
}

/// Name to entry, each read by `one`; nothing where any could not be read, after all were tried.
fn named<T>(
    r: &mut Reader<'_>,
    node: &Node,
    path: &str,
    one: fn(&mut Reader<'_>, &Entry) -> Option<T>,
) -> Option<IndexMap<String, T>> {
    let entries = r.entries(node, path, "a mapping of names")?;
    if entries.is_empty() {
        r.error("bad-value", node.at, format!("{path} is empty"), format!("add an entry under {path}"));
        return None;
    }
    let read: Vec<(String, Option<T>)> = entries.iter().map(|e| (e.key.clone(), one(r, e))).collect();
    read.into_iter().map(|(name, t)| t.map(|t| (name, t))).collect()
}

fn system(r: &mut Reader<'_>, entry: &Entry) -> Option<SystemUse> {
    let path = format!("systems.{}", entry.key);
    r.handle(entry, &path);
    let f = r.fields(&entry.value, &SYSTEM, &path)?;
    let api = r.text(&f, "api");
    let overlays = r.texts(&f, "overlays");
    let base_url = r.text(&f, "base_url");
    if let Some(url) = base_url.as_ref().filter(|u| !u.starts_with("https://") && !u.starts_with("http://")) {
        let message = format!("{} is not an http or https URL", f.path("base_url"));
        r.error("bad-value", url.at, message, "write https://host/path".to_owned());
    }
    let auth = f.node("auth").and_then(|n| auths(r, n, &f.path("auth")));
    let ca = r.text(&f, "ca");
    if f.node("auth").is_some() && auth.is_none() {
        return None; // a system that asked for authentication is never called without it
    }
    Some(SystemUse { at: entry.key_at, api: api?, overlays, base_url, auth, ca })
}

/// One scheme, or several that are sent together.
fn auths(r: &mut Reader<'_>, node: &Node, path: &str) -> Option<Auth> {
    let Some(items) = node.items() else { return auth(r, node, path) };
    if items.is_empty() {
        r.error("bad-value", node.at, format!("{path} is empty"), "write {scheme: …, secret: env:NAME}".to_owned());
    }
    let read: Vec<Option<Auth>> =
        items.iter().enumerate().map(|(i, item)| auth(r, item, &format!("{path}[{i}]"))).collect();
    // One that cannot be read must not be left out of what is sent.
    let mut all = read.into_iter().collect::<Option<Vec<Auth>>>()?.into_iter();
    let first = all.next()?;
    Some(Auth { also: all.collect(), ..first })
}

fn auth(r: &mut Reader<'_>, node: &Node, path: &str) -> Option<Auth> {
    let a = r.fields(node, &AUTH, path)?;
    let scheme = r.text(&a, "scheme");
    Some(Auth {
        at: a.at,
        secret: r.text(&a, "secret"),
        username: r.text(&a, "username"),
        password: r.text(&a, "password"),
        client_id: r.text(&a, "client_id"),
        client_secret: r.text(&a, "client_secret"),
        refresh_token: r.text(&a, "refresh_token"),
        scopes: r.texts(&a, "scopes"),
        certificate: r.text(&a, "certificate"),
        key: r.text(&a, "key"),
        header: r.header(&a, "header"),
        token_url: r.text(&a, "token_url"),
        also: Vec::new(),
        scheme: scheme?,
    })
}

fn constraints(r: &mut Reader<'_>, node: &Node) -> Vec<Constraint> {
    let Some(items) = node.items() else {
        let message = format!("constraints must be a list, is {}", node.kind_name());
        r.error("wrong-type", node.at, message, "write - {id: …, kind: …, says: …}".to_owned());
        return Vec::new();
    };
    let mut out: Vec<Constraint> = Vec::new();
    for (i, item) in items.iter().enumerate() {
        let Some(f) = r.fields(item, &CONSTRAINT, &format!("constraints[{i}]")) else { continue };
        let id = r.kebab(&f, "id");
        let kind = r.word(&f, "kind");
        let says = r.text(&f, "says");
        let origin = r.text(&f, "origin");
        let owner = r.text(&f, "owner");
        let binds = f.node("binds").and_then(|n| binds(r, n, &f.path("binds"))).unwrap_or_default();
        let (Some(id), Some(kind), Some(says)) = (id, kind, says) else { continue };
        if let Some(first) = out.iter().find(|c| c.id.value == id.value) {
            let message =
                format!("the constraint \"{}\" stands here a second time, first at {}", id.value, first.id.at);
            r.error("duplicate-key", id.at, message, "give each constraint an id of its own".to_owned());
        }
        let kind = match kind {
            "hard" => ConstraintKind::Hard,
            "soft" => ConstraintKind::Soft,
            _ => ConstraintKind::Inferred,
        };
        out.push(Constraint { at: f.at, id, kind, says: says.value, origin, owner, binds });
    }
    out
}

fn binds(r: &mut Reader<'_>, node: &Node, path: &str) -> Option<Binds> {
    let f = r.fields(node, &BINDS, path)?;
    Some(Binds { systems: r.texts(&f, "systems"), flows: r.texts(&f, "flows"), fields: r.texts(&f, "fields") })
}
