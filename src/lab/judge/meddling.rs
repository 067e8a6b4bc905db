//! Writes to the source: a flow reads there, and whoever marks records, tidies up or deletes takes more than was agreed.

use super::Evidence;
use crate::lab::mock::Effect;

pub(super) fn judge(e: &Evidence<'_>, out: &mut Vec<String>) {
    let (source, entity) = (&e.bench.plan.source.system, &e.bench.source_entity);
    // Of a flow within one system, what it writes is what it is for.
    if *source == e.bench.plan.target.system {
        return;
    }
    let changes = |effect: &Effect| match effect {
        Effect::Created { entity: of, .. } | Effect::Deleted { entity: of, .. } => of == entity,
        Effect::Updated { entity: of, changed, .. } => *changed && of == entity,
        _ => false,
    };
    let meddles = |effect: &Effect| match effect {
        Effect::Many(all) => all.iter().any(changes),
        one => changes(one),
    };
    let found = e.trace.exchanges.iter().find(|x| x.system == *source && x.effect.as_ref().is_some_and(meddles));
    if let Some(x) = found {
        out.push(format!(
            "meddling: request {} ({} {}) changes a record of {source}, and the flow only reads there",
            x.nth,
            x.request.method.as_str(),
            crate::base::text::truncate(path_of(&x.request.url), 80)
        ));
    }
}

fn path_of(url: &str) -> &str {
    url.split_once("://").and_then(|(_, rest)| rest.find('/').and_then(|at| rest.get(at..))).unwrap_or(url)
}
