//! Chooses the operations of a flow: the list that is read, and the write that can be repeated safely.

use super::super::Refusal;
use super::super::context::{Description, system_of};
use super::super::inspect_system::find_operation;
use super::identity::{key_of, natural_keys};
use crate::base::text;
use crate::mapping::matcher::names_alike;
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

/// Operations of these actions with a known record, and how much each has for it: those of entities that can do most first.
fn candidates<'s>(system: &'s System, actions: &[Action]) -> Vec<&'s Operation> {
    let mut candidates: Vec<&Operation> = system
        .operations
        .iter()
        .filter(|o| actions.contains(&o.action) && o.record.is_some() && !o.deprecated)
        // What no contract could use is no candidate: a list whose records nobody finds, a write whose body nobody knows.
        .filter(|o| {
            if matches!(o.action, Action::List | Action::Search) {
                o.items.is_some()
            } else {
                o.body.as_ref().is_some_and(|b| b.schema.is_some())
            }
        })
        .collect();
    candidates.sort_by_key(|o| {
        let breadth = o.entity.as_ref().and_then(|e| system.entities.get(e)).map_or(0, |e| e.operations.len());
        let reads = matches!(o.action, Action::List | Action::Search);
        let vague = usize::from(o.pagination.is_none()) + 2 * usize::from(reads && key_of(system, o).is_none());
        (o.path_params().len(), vague, std::cmp::Reverse(breadth), o.path.len())
    });
    candidates
}

/// Most candidates of a side that are compared with the other side's: beyond it, large systems take too long.
const MOST: usize = 200;
/// Two entities less alike than this are no reason for a choice.
const ALIKE: f32 = 0.4;

/// How much speaks for moving one entity to another: their names, and whether the goal names them.
fn fits(from: &str, to: &str, goal: &[String]) -> f32 {
    let named = |entity: &str| text::words(entity).iter().any(|w| goal.contains(&text::singular(w)));
    // What the goal names goes before whatever is alike.
    let bonus = |is: bool| if is { 1.0 } else { 0.0 };
    names_alike(from, to) + bonus(named(from)) + bonus(named(to))
}

fn words_of(goal: &str) -> Vec<String> {
    text::words(goal).iter().map(|w| text::singular(w)).collect()
}

/// The list to read: of the entity that the goal names and the target can take, else of the one that can do most.
pub(super) fn choose_list<'s>(
    source: &'s System,
    target: &System,
    goal: &str,
    params: &super::Params,
) -> Result<&'s Operation, Refusal> {
    let lists = candidates(source, &[Action::List, Action::Search]);
    let goal = words_of(goal);
    let named = params.target_operation.as_deref().and_then(|id| target.operation(id));
    let writes = named.map_or_else(|| candidates(target, &[Action::Create, Action::Upsert]), |o| vec![o]);
    let mut best: Option<(f32, &Operation)> = None;
    for list in lists.iter().take(MOST) {
        let Some(from) = list.entity.as_deref() else { continue };
        let reached = writes.iter().take(MOST).filter_map(|w| Some(fits(from, w.entity.as_deref()?, &goal)));
        let score = reached.fold(0.0, f32::max);
        // A list within another record needs that record's key first.
        let score = score - 0.3 * list.path_params().len() as f32;
        // Records that nothing tells apart can only be sent again and again.
        let score = if key_of(source, list).is_some() { score } else { score - 0.2 };
        if score >= ALIKE && best.is_none_or(|(most, _)| score > most) {
            best = Some((score, list));
        }
    }
    best.map(|(_, list)| list)
        .or_else(|| lists.first().copied())
        .ok_or_else(|| none(&params.source, "list", "source_operation"))
}

/// The lists of other entities that the goal names: what a draft of one flow leaves out.
pub(super) fn also_named<'s>(source: &'s System, list: &Operation, goal: &str) -> Vec<&'s Operation> {
    let goal = words_of(goal);
    let named = |entity: &str| text::words(entity).iter().any(|w| goal.contains(&text::singular(w)));
    let mut seen: Vec<&str> = list.entity.iter().map(String::as_str).collect();
    let mut out = Vec::new();
    for other in candidates(source, &[Action::List, Action::Search]).into_iter().filter(|o| o.path_params().is_empty())
    {
        let Some(entity) = other.entity.as_deref().filter(|e| named(e) && !seen.contains(e)) else { continue };
        // Of `order` and `order line` the goal names the first.
        if !list.entity.as_deref().is_some_and(|own| text::words(entity).iter().any(|w| text::words(own).contains(w))) {
            out.push(other);
        }
        seen.push(entity);
    }
    out
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

/// The creation to write by: the one named, else that of the entity like the one that is read.
pub(super) fn choose_creation<'s>(
    read: &'s Description,
    named: Option<&str>,
    like: Option<&str>,
    goal: &str,
    label: &str,
) -> Result<&'s Operation, Refusal> {
    let system = system_of(read)?;
    if let Some(name) = named {
        return find_operation(read, name);
    }
    let named_by_goal = words_of(goal);
    let goal_names = |e: &str| text::words(e).iter().any(|w| named_by_goal.contains(&text::singular(w)));
    let others = system.entities.keys().any(|e| Some(e.as_str()) != like && goal_names(e));
    let same = like
        .and_then(|e| system.entities.get(e))
        .and_then(|e| e.operations.get(&Action::Create))
        .and_then(|ids| system.operation(ids.first()?))
        .filter(|o| o.body.as_ref().is_some_and(|b| b.schema.is_some()))
        .filter(|_| !others);
    same.or_else(|| like_entity(system, like, goal)).ok_or_else(|| none(label, "create", "target_operation"))
}

/// How to write with a creation so that it can be repeated: by put, by a natural key that the search takes and a rule
/// writes, else by the creation alone.
pub(super) fn choose_write<'s>(system: &'s System, main: &'s Operation, mapped: &dyn Fn(&str) -> bool) -> Chosen<'s> {
    // At the address of a record; at that of a collection, nothing says which record is meant.
    if main.method == crate::model::Method::Put && !main.path_params().is_empty() {
        return Chosen::Put { put: main };
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
    if let Some(update) = update.filter(|u| takes_the_same(system, main, u)) {
        for find in searchable.filter(|o| o.items.is_some()) {
            let keys = natural_keys(system, main, find);
            if let Some(field) = keys.iter().find(|k| mapped(k)) {
                return Chosen::Upsert { matching: field.clone(), find, create: main, update };
            }
        }
    }
    Chosen::Create { create: main }
}

/// Whether the update takes most of what the creation takes: one record is mapped for both.
fn takes_the_same(system: &System, create: &Operation, update: &Operation) -> bool {
    let body = |o: &Operation| o.body.as_ref().and_then(|b| b.schema).map(|s| system.schemas.properties(s));
    let (Some(created), Some(updated)) = (body(create), body(update)) else { return false };
    let both = created.keys().filter(|name| updated.contains_key(name)).count();
    both * 2 >= created.len()
}

/// The write of the entity most like the one that is read, else of the one that can do most.
fn like_entity<'s>(system: &'s System, like: Option<&str>, goal: &str) -> Option<&'s Operation> {
    let writes = candidates(system, &[Action::Create, Action::Upsert]);
    let goal = words_of(goal);
    let mut best: Option<(f32, &Operation)> = None;
    for write in writes.iter().take(MOST) {
        let (Some(from), Some(to)) = (like, write.entity.as_deref()) else { continue };
        let score = fits(from, to, &goal) - 0.3 * write.path_params().len() as f32;
        if score >= ALIKE && best.is_none_or(|(most, _)| score > most) {
            best = Some((score, write));
        }
    }
    best.map(|(_, write)| write).or_else(|| writes.first().copied())
}
