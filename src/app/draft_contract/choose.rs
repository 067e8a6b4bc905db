//! Chooses the operations of a flow: the list that is read, and the write that can be repeated safely.

use super::super::Refusal;
use super::super::context::{Description, system_of};
use super::super::inspect_system::find_operation;
use crate::base::text;
use crate::model::{Action, Operation, System};

pub(super) fn none(system: &str, action: &str, argument: &str) -> Refusal {
    Refusal::new(
        "no-operation-found",
        format!("no {action} operation with a known record was recognised in {system}"),
        format!(
            "choose one with inspect_system {{\"name\": \"{system}\", \"operations\": true}} and pass it as {argument}"
        ),
    )
}

/// The operation of one of these actions whose entity can do most.
pub(super) fn best<'s>(system: &'s System, actions: &[Action]) -> Option<&'s Operation> {
    let mut candidates: Vec<&Operation> = system
        .operations
        .iter()
        .filter(|o| actions.contains(&o.action) && o.record.is_some() && !o.deprecated)
        .collect();
    candidates.sort_by_key(|o| {
        let breadth = o.entity.as_ref().and_then(|e| system.entities.get(e)).map_or(0, |e| e.operations.len());
        (o.path_params().len(), usize::from(o.pagination.is_none()), std::cmp::Reverse(breadth), o.path.len())
    });
    candidates.first().copied()
}

pub(super) enum Chosen<'s> {
    Upsert { matching: String, find: &'s Operation, create: &'s Operation, update: &'s Operation },
    Put { put: &'s Operation },
    Create { create: &'s Operation },
}

impl Chosen<'_> {
    pub(super) const fn main(&self) -> &Operation {
        match self {
            Self::Upsert { create, .. } | Self::Create { create } => create,
            Self::Put { put } => put,
        }
    }

    pub(super) fn says(&self) -> String {
        match self {
            Self::Upsert { matching, find, create, update } => {
                format!("upsert by {matching}: {}, {}, {}", find.id, create.id, update.id)
            }
            Self::Put { put } => format!("put: {}", put.id),
            Self::Create { create } => match &create.idempotency {
                Some(i) => format!("create: {} with {}", create.id, i.header),
                None => format!("create: {} without protection against duplicates", create.id),
            },
        }
    }
}

pub(super) fn choose_write<'s>(
    read: &'s Description,
    named: Option<&str>,
    like: Option<&str>,
    label: &str,
) -> Result<Chosen<'s>, Refusal> {
    let system = system_of(read)?;
    let main = match named {
        Some(name) => find_operation(read, name)?,
        None => {
            let same = like
                .and_then(|e| system.entities.get(e))
                .and_then(|e| e.operations.get(&Action::Create))
                .and_then(|ids| system.operation(ids.first()?));
            match same {
                Some(op) => op,
                None => best(system, &[Action::Create, Action::Upsert])
                    .ok_or_else(|| none(label, "create", "target_operation"))?,
            }
        }
    };
    if main.method == crate::model::Method::Put {
        return Ok(Chosen::Put { put: main });
    }
    let entity = main.entity.as_ref().and_then(|e| system.entities.get(e));
    let of = |action: Action| {
        entity.and_then(|e| e.operations.get(&action)).and_then(|ids| ids.iter().find_map(|id| system.operation(id)))
    };
    let update = of(Action::Update).or_else(|| of(Action::Upsert));
    let searchable = entity
        .into_iter()
        .flat_map(|e| [Action::Search, Action::List].into_iter().filter_map(|a| e.operations.get(&a)).flatten())
        .filter_map(|id| system.operation(id));
    if let Some(update) = update {
        for find in searchable {
            if let Some(field) = natural_key(system, main, find) {
                return Ok(Chosen::Upsert { matching: field, find, create: main, update });
            }
        }
    }
    Ok(Chosen::Create { create: main })
}

/// A field of the body that a query parameter of the search is named after, identifiers of the outside world first.
fn natural_key(system: &System, create: &Operation, find: &Operation) -> Option<String> {
    let body = create.body.as_ref()?.schema?;
    let properties = system.schemas.properties(body);
    let mut hits: Vec<&str> = find
        .parameters
        .iter()
        .filter(|p| p.place == crate::model::ParamIn::Query)
        .filter_map(|p| properties.keys().find(|name| *name == p.name))
        .collect();
    let rank = |f: &str| {
        let words = text::words(f);
        let has = |w: &str| words.iter().any(|x| x == w);
        if has("email") {
            0
        } else if has("external") || has("reference") || has("code") || has("sku") || has("number") {
            1
        } else if has("id") || has("key") {
            2
        } else {
            9
        }
    };
    hits.sort_by_key(|f| rank(f));
    hits.first().filter(|f| rank(f) < 9).map(|f| (*f).to_owned())
}
