//! `ordering`: how a list can be sorted, and what order the prose promises. A cursor over an order that nothing promises
//! loses records.

use serde_json::json;

use super::path::norm;
use super::said::Topic;
use super::{Detector, Hints, Look};
use crate::model::{Action, Fact, ParamIn, Parameter, System};

/// The detector of this file.
pub(super) const DETECTOR: Detector = Detector { fact: "ordering", look: Look::Observe(run) };

fn is_sort(p: &&Parameter) -> bool {
    let name = norm(&p.name);
    matches!(p.place, ParamIn::Query | ParamIn::Variable)
        && matches!(
            name.as_str(),
            "sort" | "sortby" | "order" | "orderby" | "ordering" | "sortfield" | "ordercolumn" | "sortkey" | "sorts"
        )
}

fn run(system: &System, hints: &Hints<'_>, found: &mut Vec<Fact>) {
    let mut facts = Vec::new();
    let lists = || system.operations.iter().filter(|o| matches!(o.action, Action::List | Action::Search));
    let mut by: Vec<(&Parameter, usize)> = Vec::new();
    for parameter in lists().filter_map(|o| o.parameters.iter().find(is_sort)) {
        match by.iter_mut().find(|(p, _)| p.name == parameter.name) {
            Some((_, count)) => *count += 1,
            None => by.push((parameter, 1)),
        }
    }
    by.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    for (parameter, count) in by.into_iter().take(2) {
        let schema = parameter.schema.map(|s| system.schemas.get(s));
        let values = schema.and_then(|s| s.values.as_deref()).map(|v| v.iter().take(6).cloned().collect::<Vec<_>>());
        let default = schema.and_then(|s| s.default.clone());
        let value = json!({"param": parameter.name, "values": values, "default": default, "operations": count});
        facts.push(Fact::stated("ordering", value, parameter.pointer.clone()));
    }
    let listed = |operation: Option<usize>| {
        operation
            .is_none_or(|i| system.operations.get(i).is_some_and(|o| matches!(o.action, Action::List | Action::Search)))
    };
    for said in hints.said(Topic::Order).filter(|s| listed(s.operation)).take(3) {
        let operation = said.operation.and_then(|i| system.operations.get(i)).map(|o| o.id.clone());
        let value = json!({"operation": operation, "says": said.sentence});
        facts.push(Fact::inferred("ordering", value, "order-in-prose", vec![said.pointer], 0.60));
    }
    found.extend(facts);
}
