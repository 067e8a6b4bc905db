//! What belongs together in two descriptions: operations by what goes over the wire, schemes by what they are, variants
//! by name and shape. Names of components are no ground: they are not sent.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::base::text::words;
use crate::model::{ApiKeyPlace, Operation, Schema, SchemaId, Schemas, SchemeKind, System};

/// Which operation is which; indexes into the operations of both systems.
pub(super) struct Matched {
    /// Those in both, in the order of the old description.
    pub(super) pairs: Vec<(usize, usize)>,
    /// Those of the old description alone, each with what it was perhaps renamed to.
    pub(super) removed: Vec<(usize, Option<usize>)>,
    /// Those of the new description alone.
    pub(super) added: Vec<usize>,
}

/// Most pairs of what is gone and what is new that are held against each other, by shape or by name.
const MOST_ALIKE: usize = 10_000;

/// Few enough of both to say what may have been renamed to what.
pub(super) const fn few(gone: usize, new: usize) -> bool {
    gone.saturating_mul(new) <= MOST_ALIKE
}

/// Most pairs of a removed and an added operation that are held against each other for a guess.
const MOST_GUESSED: usize = 200_000;

/// How an operation goes over the wire, names of path parameters left out.
fn wire(system: &System, o: &Operation, prefix: bool) -> String {
    if let Some(field) = &o.root_field {
        return format!("{} {}", field.root.as_str(), field.name);
    }
    let mut path = String::with_capacity(o.path.len());
    if prefix {
        path.push_str(base_path(system));
    }
    let mut inside = false;
    for c in o.path.chars() {
        match c {
            '{' => {
                inside = true;
                path.push('{');
            }
            '}' => {
                inside = false;
                path.push('}');
            }
            c if !inside => path.push(c),
            _ => {}
        }
    }
    format!("{} {}", o.method.as_str(), path.trim_end_matches('/'))
}

/// The path of the first server.
fn base_path(system: &System) -> &str {
    let url = system.servers.first().map_or("", |s| s.url.as_str());
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.find('/').map_or("", |at| rest[at..].trim_end_matches('/'))
}

/// An operationId that the description gave, not one made of method and path.
fn own_id(o: &Operation) -> Option<&str> {
    (!o.id.contains(' ')).then_some(o.id.as_str())
}

/// Pairs operations by method and path as written, else by what of them goes over the wire, else by that with the server's
/// path before it, else by operationId.
pub(super) fn operations(old: &System, new: &System) -> Matched {
    let mut to = vec![None; old.operations.len()];
    let mut taken = HashSet::new();
    for round in 0..4 {
        let key = |system: &System, o: &Operation| match round {
            // Two paths may differ in the names of their parameters alone.
            0 => o.root_field.is_none().then(|| format!("{} {}", o.method.as_str(), o.path)),
            1 => Some(wire(system, o, false)),
            2 => Some(wire(system, o, true)),
            _ => own_id(o).map(str::to_owned),
        };
        let mut known: HashMap<String, usize> = HashMap::new();
        for (i, o) in new.operations.iter().enumerate().filter(|(i, _)| !taken.contains(i)) {
            if let Some(key) = key(new, o) {
                known.entry(key).or_insert(i);
            }
        }
        for (i, o) in old.operations.iter().enumerate() {
            if to[i].is_none()
                && let Some(j) = key(old, o).and_then(|key| known.remove(&key))
            {
                to[i] = Some(j);
                taken.insert(j);
            }
        }
    }
    let added: Vec<usize> = (0..new.operations.len()).filter(|j| !taken.contains(j)).collect();
    let removed: Vec<usize> = (0..old.operations.len()).filter(|i| to[*i].is_none()).collect();
    let few = removed.len().saturating_mul(added.len()) <= MOST_GUESSED;
    let guess = |i: usize| {
        let o = &old.operations[i];
        let scored = added.iter().map(|j| (*j, alike(o, &new.operations[*j])));
        let best = scored.filter(|(_, s)| *s >= 0.75).max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)))?;
        Some(best.0)
    };
    let removed = removed.into_iter().map(|i| (i, if few { guess(i) } else { None })).collect();
    let pairs = to.iter().enumerate().filter_map(|(i, j)| j.map(|j| (i, j))).collect();
    Matched { pairs, removed, added }
}

/// How alike two operations are, 0 to 1: never of two methods.
fn alike(a: &Operation, b: &Operation) -> f64 {
    if a.method != b.method || a.root_field.as_ref().map(|f| f.root) != b.root_field.as_ref().map(|f| f.root) {
        return 0.0;
    }
    if let (Some(x), Some(y)) = (&a.root_field, &b.root_field) {
        return strsim::normalized_levenshtein(&x.name, &y.name);
    }
    // A version in the path is what changes when nothing else does.
    let plain = |path: &str| {
        let version = |s: &&str| s.strip_prefix('v').is_some_and(|n| n.chars().all(|c| c.is_ascii_digit() || c == '.'));
        let steps = path.split('/').filter(|s| !s.is_empty() && !version(s));
        steps.map(|s| if s.starts_with('{') { "{}" } else { s }).collect::<Vec<_>>().join("/")
    };
    strsim::normalized_levenshtein(&plain(&a.path), &plain(&b.path))
}

/// What a scheme is, without its name and without the URLs and scopes of its flows.
pub(super) fn signature(kind: &SchemeKind) -> String {
    match kind {
        SchemeKind::Basic => "http basic".to_owned(),
        SchemeKind::Bearer => "http bearer".to_owned(),
        SchemeKind::Http(name) => format!("http {}", name.to_ascii_lowercase()),
        SchemeKind::ApiKey { place: ApiKeyPlace::Header, name } => format!("header {}", name.to_ascii_lowercase()),
        SchemeKind::ApiKey { place: ApiKeyPlace::Query, name } => format!("query parameter {name}"),
        SchemeKind::ApiKey { place: ApiKeyPlace::Cookie, name } => format!("cookie {name}"),
        SchemeKind::Oauth2(_) => "oauth2".to_owned(),
        SchemeKind::OpenId(_) => "openid".to_owned(),
        SchemeKind::MutualTls => "mutual tls".to_owned(),
    }
}

/// The alternatives of an operation's security: what each is made of, with the sets of scopes of which one is enough. A
/// scheme that both descriptions have under one name stands under its name, else under what it is.
pub(super) fn security<'s>(
    system: &'s System,
    other: &System,
    o: &'s Operation,
) -> BTreeMap<Vec<String>, Vec<Vec<&'s str>>> {
    let mut out: BTreeMap<Vec<String>, Vec<Vec<&str>>> = BTreeMap::new();
    for alternative in &o.security {
        let mut made: Vec<String> = alternative
            .iter()
            .map(|used| match system.schemes.get(&used.scheme) {
                Some(scheme) if !other.schemes.contains_key(&used.scheme) => {
                    let own = signature(&scheme.kind);
                    // One of two names for the same thing may have gone.
                    let kept = other
                        .schemes
                        .iter()
                        .find(|(name, s)| system.schemes.contains_key(*name) && signature(&s.kind) == own);
                    kept.map_or(own, |(name, _)| name.clone())
                }
                _ => used.scheme.clone(),
            })
            .collect();
        made.sort();
        let scopes = alternative.iter().flat_map(|u| u.scopes.iter().map(String::as_str)).collect();
        out.entry(made).or_default().push(scopes);
    }
    out
}

/// Which variants belong together, and those that stand alone.
pub(super) struct Variants {
    pub(super) pairs: Vec<(SchemaId, SchemaId)>,
    pub(super) removed: Vec<SchemaId>,
    pub(super) added: Vec<SchemaId>,
}

/// Pairs variants by name, then by shape.
pub(super) fn variants(old: &Schemas, a: &[SchemaId], new: &Schemas, b: &[SchemaId]) -> Variants {
    let mut pairs = Vec::new();
    let mut named: HashMap<&str, SchemaId> = HashMap::new();
    for id in b.iter().rev() {
        if let Some(name) = new.get(*id).name.as_deref() {
            named.insert(name, *id);
        }
    }
    let mut taken = HashSet::new();
    let mut removed = Vec::new();
    for id in a {
        match old.get(*id).name.as_deref().and_then(|name| named.remove(name)) {
            Some(other) => {
                taken.insert(other);
                pairs.push((*id, other));
            }
            None => removed.push(*id),
        }
    }
    let mut left: Vec<SchemaId> = b.iter().copied().filter(|id| !taken.contains(id)).collect();
    if !few(removed.len(), left.len()) {
        return Variants { pairs, removed, added: left };
    }
    let mut alone = Vec::new();
    for id in removed {
        let scored = left.iter().enumerate().map(|(i, other)| (i, shape(old, id, new, *other)));
        match scored.filter(|(_, s)| *s >= 0.5).max_by(|x, y| x.1.total_cmp(&y.1).then(y.0.cmp(&x.0))) {
            Some((at, _)) => pairs.push((id, left.remove(at))),
            None => alone.push(id),
        }
    }
    Variants { pairs, removed: alone, added: left }
}

/// How alike two schemas are by what they hold.
fn shape(old: &Schemas, a: SchemaId, new: &Schemas, b: SchemaId) -> f64 {
    let (x, y) = (old.get(a), new.get(b));
    if x.types != y.types && !x.types.is_any() && !y.types.is_any() {
        return 0.0;
    }
    if x.properties.is_empty() && y.properties.is_empty() {
        if let (Some(i), Some(j)) = (x.items, y.items) {
            let (i, j) = (old.get(i), new.get(j));
            return if i.types == j.types && i.name == j.name { 1.0 } else { 0.4 };
        }
        return if x.values == y.values && x.format == y.format { 1.0 } else { 0.6 };
    }
    let both = x.properties.keys().filter(|k| y.properties.contains_key(k)).count();
    let all = x.properties.len() + y.properties.len() - both;
    // Constants that tell variants apart decide against any likeness.
    let told = x.properties.iter().any(|(name, i)| {
        let other = y.properties.get(name).map(|j| &new.get(*j).values);
        let own = &old.get(*i).values;
        own.as_ref().is_some_and(|v| v.len() == 1) && other.is_some_and(|o| o.is_some() && o != own)
    });
    if told { 0.0 } else { both as f64 / all.max(1) as f64 }
}

/// The property of `added` that `name` was perhaps renamed to: one of the same type whose name is made of the same words,
/// or that is described in the same words.
pub(super) fn renamed<'n>(
    name: &str,
    schema: &Schema,
    added: impl Iterator<Item = (&'n str, &'n Schema)>,
) -> Option<String> {
    let own = words(name);
    let near = |other: &str| {
        let theirs = words(other);
        let shared = own.iter().filter(|w| theirs.contains(w)).count();
        let made_of = shared as f64 / own.len().max(theirs.len()).max(1) as f64;
        made_of.max(strsim::normalized_levenshtein(&own.concat(), &theirs.concat()))
    };
    let scored = added
        .filter(|(_, other)| other.types == schema.types && other.items.is_some() == schema.items.is_some())
        .map(|(other, s)| {
            let told = !schema.description.is_empty() && schema.description == s.description;
            (other, if told { 1.0 } else { near(other) })
        });
    let best = scored.filter(|(_, s)| *s >= 0.6).max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(a.0)))?;
    Some(best.0.to_owned())
}

/// The same method at the same path, the servers' paths included.
pub(super) fn same_wire(old: &System, a: &Operation, new: &System, b: &Operation) -> bool {
    let all = [wire(old, a, true), wire(new, b, true), wire(old, a, false), wire(new, b, false)];
    let [a, b, c, d] = &all;
    a == b || a == d || c == b
}
