//! Deletes in the target what a whole list of the source does not show any more. A list that was not read from its
//! beginning to its end says nothing about what is missing; what is missing in one is looked for in a second one, because
//! pages shift while they are read; and a pass never deletes more than a share, because a list that suddenly is nearly
//! empty is an error more often than a wish.

use std::collections::HashSet;

use serde_json::json;

use super::body::{at, scalar};
use super::exchange::{Side, Tries};
use super::page::{Listing, Next, Pager, Position};
use super::push::Undelivered;
use super::reconcile::hash;
use super::remove::remove;
use super::run::{Run, Stop, lock};
use super::{Call, DeletesPlan, pass, pull};
use crate::base::text::quoted;
use crate::evidence::DeadState;

/// Keys that a message names.
const NAMED: usize = 5;
/// Effects read from the ledger at once.
const AT_ONCE: usize = 500;

/// Deletes what is gone. `whole`: this pass has seen the list from its beginning to its end, unfiltered. `lost`: the token was lost
/// from which changes were followed, so that nothing told what was deleted since. False where the list says too little, and nothing
/// was looked for.
pub(super) async fn sweep(run: &Run<'_>, list: &Call, whole: bool, lost: bool) -> Result<bool, Stop> {
    let max_share = match &run.plan.source.deletes {
        DeletesPlan::Sweep { max_share } => *max_share,
        DeletesPlan::Tombstone { max_share, .. } if lost => *max_share,
        DeletesPlan::Tombstone { .. } | DeletesPlan::Ignore => return Ok(true),
    };
    let skipped = |because: &str| run.log("warn", "sweep-skipped", None, json!({"because": because}));
    if !whole {
        skipped("this pass went on from a checkpoint, so it has not seen the whole list");
        return Ok(false);
    }
    let counts = run.tally().counts();
    if counts.expected.is_some_and(|expected| expected != counts.unique) {
        skipped("the source says that it holds another number of records than it listed");
        return Ok(false);
    }
    if *lock(&run.keyless) {
        skipped("a record of the list has no key, so nobody can tell which one it is");
        return Ok(false);
    }
    let mut known = 0_u64;
    let mut gone = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let effects = run.world.ledger.effects_after(&run.plan.flow, after.as_deref(), AT_ONCE)?;
        let Some(last) = effects.last() else { break };
        after = Some(last.key.clone());
        let mut seen = lock(&run.seen);
        for effect in effects.into_iter().filter(|e| !e.is_gone()) {
            known += 1;
            if seen.get(effect.key.as_bytes())?.is_none() {
                gone.push(effect.key);
            }
        }
    }
    if gone.is_empty() {
        return Ok(true);
    }
    let most = most(known, max_share);
    if gone.len() as u64 > most {
        return Err(Stop::new(
            "sweep-too-large",
            format!(
                "{} of {known} records are not in the source's list any more ({}), and one pass deletes at most {most} ({max_share} %); nothing was deleted; where that is right, raise source.deletes.max_share",
                gone.len(),
                named(&gone)
            ),
        ));
    }
    let again = second_look(run, list).await?;
    let (mut deleted, mut failed) = (0_u64, None);
    for key in gone.iter().filter(|key| !again.contains(&hash(key))) {
        if run.halt.is_cancelled() {
            return Err(run.why());
        }
        let mut trace = run.trace("delete");
        match remove(run, key, None, None, &mut trace).await {
            Ok(_) => {
                deleted += 1;
                run.log("info", "record-deleted", Some(&trace.id), json!({"key": key}));
                // A letter of an older form must not make it anew.
                if lock(&run.letters).remove(key).is_some() {
                    run.world.ledger.absolve(&run.plan.flow, key, DeadState::Replayed)?;
                }
            }
            Err(Undelivered::Stop(stop)) => return Err(stop),
            Err(Undelivered::Dead { code, because, .. }) => {
                let because = run.clean(&because);
                run.log(
                    "error",
                    "delete-failed",
                    Some(&trace.id),
                    json!({"key": key, "code": code, "because": because}),
                );
                failed = Some(format!("{key}: {because}"));
            }
        }
    }
    run.log("info", "swept", None, json!({"known": known, "missing": gone.len(), "deleted": deleted}));
    match failed {
        Some(because) => {
            Err(Stop::new("sweep-incomplete", format!("some records could not be deleted in the target ({because})")))
        }
        None => Ok(true),
    }
}

/// The first of these keys, and how many more there are.
fn named(keys: &[String]) -> String {
    let shown: Vec<String> = keys.iter().take(NAMED).map(|key| quoted(key, 60)).collect();
    let more = match keys.len().saturating_sub(NAMED) {
        0 => String::new(),
        n => format!(" and {n} more"),
    };
    format!("{}{more}", shown.join(", "))
}

/// So many of the known records; at least one, or small sets could never lose any.
fn most(known: u64, share: f64) -> u64 {
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a count"
    )]
    let most = (known as f64 * share / 100.0).floor() as u64;
    most.max(u64::from(share > 0.0))
}

/// The keys of the list, read once more.
async fn second_look(run: &Run<'_>, list: &Call) -> Result<HashSet<u128>, Stop> {
    let source = &run.plan.source;
    let mut pager = Pager::new(Listing {
        call: list,
        base_url: &source.base_url,
        items: &source.items,
        inside: &source.inside,
        pagination: source.pagination.as_ref(),
        limit: source.limit,
        feed: source.feed.as_ref(),
    });
    let mut keys = HashSet::new();
    let mut position = Position::Start;
    loop {
        if run.halt.is_cancelled() {
            return Err(run.why());
        }
        let (mut trace, mut tries) = (run.trace("page"), Tries::default());
        let page = pull::page(run, Side::Source, &mut pager, &position, &[], &mut tries, &mut trace).await;
        let page = page.map_err(|miss| pass::unread(run, miss))?;
        for record in &page.records {
            match at(record, &source.key).and_then(scalar).filter(|k| !k.is_empty()) {
                Some(key) => {
                    keys.insert(hash(&key));
                }
                None => return Err(Stop::new("sweep-unclear", "a record of the source's list has no key")),
            }
        }
        match page.next {
            Next::At(next) => position = next,
            Next::End => return Ok(keys),
            Next::Stuck(stop) => return Err(stop),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::most;

    #[test]
    fn a_share_is_rounded_down_and_lets_one_go() {
        for (known, share, allowed) in
            [(5, 10.0, 1), (10, 10.0, 1), (99, 10.0, 9), (1000, 2.5, 25), (3, 100.0, 3), (1000, 0.0, 0)]
        {
            assert_eq!(most(known, share), allowed, "{share} % of {known}");
        }
    }
}
