//! One pass over the source, page by page. The checkpoint moves only over pages whose every record is settled; the
//! watermark only at the end, and only to a value that the source itself wrote.

use std::sync::atomic::Ordering;

use std::collections::HashMap;

use serde_json::{Value, json};

use super::body::{at, scalar};
use super::compare::{before, lies_ahead, newest};
use super::exchange::{Miss, Refused, Side, Tries};
use super::page::{Listing, Next, Pager, Position};
use super::reconcile::hash;
use super::run::{Run, Stop};
use super::{Call, feed, inbox, pull, settle, spool, sweep};
use crate::evidence::Checkpoint;
use crate::model::PageStyle;

/// Settles what webhooks brought; then, where the source is also listed and it is time (`sweep`), goes from the checkpoint
/// to the end of the source.
pub(super) async fn walk(run: &Run<'_>, sweep: bool) -> Result<(), Stop> {
    run.skips_list.store(!sweep && run.plan.source.list.is_some(), Ordering::Relaxed);
    spool::drain(run).await?;
    if let Some(hook) = &run.plan.source.webhook {
        inbox::drain(run, hook).await?;
    }
    match &run.plan.source.list {
        Some(list) if sweep => pages(run, list).await?,
        _ => {}
    }
    spool::told(run)
}

/// Goes from the checkpoint to the end of the list.
async fn pages(run: &Run<'_>, list: &Call) -> Result<(), Stop> {
    let flow = &run.plan.flow;
    let source = &run.plan.source;
    let mut checkpoint = run.world.ledger.checkpoint(flow)?;
    if checkpoint.watermark.take_if(|w| !feed::fits(source, w)).is_some() {
        // The contract reads changes in another way now: what is kept says nothing to the source.
        run.log("warn", "checkpoint-of-another-kind", None, json!({"system": run.source.system}));
        checkpoint = Checkpoint::default();
    }
    if source.feed.is_none()
        && let Some(ahead) = checkpoint.watermark.take_if(|w| lies_ahead(w, run.world.clock.now()))
    {
        // From there a source answers with nothing for years, and that would look like success. What is known costs no
        // request when it is read again.
        run.log("warn", "checkpoint-in-the-future", None, json!({"system": run.source.system, "watermark": ahead}));
        checkpoint = Checkpoint::default();
    }
    if feed::tells_deletions(source)
        && checkpoint == Checkpoint::default()
        && !run.world.ledger.effects_after(flow, None, 1)?.is_empty()
    {
        // Something was delivered, and no token tells what was deleted since: a full refresh, a rollback, another list.
        checkpoint.watermark = Some(feed::none());
    }
    let mut restarted = false;
    let mut second = false;
    loop {
        let lost = feed::lost(source, &checkpoint);
        match look(run, list, &mut checkpoint, second).await? {
            End::Whole { all, swept } => {
                if all && !spool::keeps(run) {
                    run.world.ledger.forget_other_mappings(flow, run.plan.mapping.digest())?;
                }
                let looked = sweep::sweep(run, list, all, lost).await?;
                if let Some(watermark) = swept.filter(|_| looked) {
                    let checkpoint = Checkpoint { watermark: Some(watermark), ..Checkpoint::default() };
                    run.world.ledger.set_checkpoint(flow, &checkpoint)?;
                }
                return Ok(());
            }
            // From the token, that is, where one is asked with: it may have ended while its pages were read.
            End::CursorExpired if restarted && feed::since(source, &checkpoint).is_some() => {
                run.log(
                    "warn",
                    "feed-token-expired",
                    None,
                    json!({"system": run.source.system, "after": "cursor-expired"}),
                );
                checkpoint.watermark = Some(feed::none());
            }
            End::CursorExpired if restarted => {
                return Err(Stop::new("cursor-expired", "the source refuses its own cursor, also from the beginning"));
            }
            End::CursorExpired => {
                run.log("warn", "cursor-expired", None, json!({"system": run.source.system}));
                restarted = true;
            }
            End::TokenExpired(refused) => {
                let Refused { status, says, .. } = &refused;
                let told = json!({"system": run.source.system, "status": status, "because": run.clean(says)});
                run.log("warn", "feed-token-expired", None, told);
                checkpoint.watermark = Some(feed::none());
            }
            // Pages counted by number or offset shift when records come or go while they are read. What was skipped
            // is found by looking again; what was settled costs no request the second time.
            End::Shifted => {
                run.log("warn", "pages-shifted", None, json!({"system": run.source.system}));
                second = true;
            }
        }
        checkpoint.cursor = None;
        checkpoint.pending_watermark = None;
        run.world.ledger.set_checkpoint(flow, &checkpoint)?;
    }
}

enum End {
    /// `all`: from the beginning, unfiltered. `swept`: the watermark that holds once what was deleted while no token held is deleted
    /// in the target too; until then the ledger says that none holds.
    Whole {
        all: bool,
        swept: Option<String>,
    },
    CursorExpired,
    /// The source takes the token no more from which its changes were followed.
    TokenExpired(Refused),
    Shifted,
}

async fn look(run: &Run<'_>, list: &Call, checkpoint: &mut Checkpoint, second: bool) -> Result<End, Stop> {
    let plan = run.plan;
    let source = &plan.source;
    let ledger = &run.world.ledger;
    let mut pager = Pager::new(Listing {
        call: list,
        base_url: &source.base_url,
        items: &source.items,
        inside: &source.inside,
        pagination: source.pagination.as_ref(),
        limit: source.limit,
        feed: source.feed.as_ref(),
    });
    let lost = feed::lost(source, checkpoint);
    let token = feed::since(source, checkpoint).map(str::to_owned);
    let mut position = pager.resume(checkpoint.cursor.as_deref());
    // The request that stands and falls with the token.
    let mut by_token = token.is_some() && position == Position::Start;
    if let (Position::Start, Some(feed), Some(token)) = (&position, &source.feed, &token)
        && let Some(link) = feed::start(feed, token)
    {
        position = link;
    }
    let from_start = position == Position::Start;
    if from_start {
        checkpoint.pending_watermark = None;
    }
    let bound = checkpoint.watermark.as_deref().filter(|_| source.feed.is_none());
    let watermark = bound.map(|w| before(w, source.overlap_ms));
    if source.overlap_ms > 0 && watermark.is_some() && watermark == checkpoint.watermark {
        let because = "incremental.overlap counts back from a time, and the checkpoint is none; leave it out";
        return Err(Stop::new("overlap-without-time", because));
    }
    let mut filter: Vec<(&str, &str)> = Vec::new();
    if let (Some((_, param)), Some(value)) = (&source.incremental, &watermark) {
        filter.push((param, value));
    }
    if let (Some(param), Some(token)) = (source.feed.as_ref().and_then(|f| f.param.as_deref()), &token) {
        filter.push((param, token));
    }
    let mut totals: (Option<u64>, Option<u64>) = (None, None);
    let mut forms = Forms::of(run);
    loop {
        if run.halt.is_cancelled() {
            return Err(run.why());
        }
        let mut trace = run.trace("page");
        let mut tries = Tries::default();
        let page = pull::page(run, Side::Source, &mut pager, &position, &filter, &mut tries, &mut trace).await;
        let page = match page {
            Ok(page) => page,
            Err(Miss::Refused(refused)) if by_token && feed::expired(&refused) => {
                return Ok(End::TokenExpired(refused));
            }
            Err(Miss::Refused(refused)) if pull::is_expired(&refused, &position) => return Ok(End::CursorExpired),
            Err(miss) => return Err(unread(run, miss)),
        };
        by_token = false;
        run.log(
            "info",
            "page-read",
            Some(&trace.id),
            json!({"system": run.source.system, "records": page.records.len()}),
        );
        if totals.0.is_none() {
            totals.0 = page.total;
        }
        totals.1 = page.total.or(totals.1);
        if from_start && filter.is_empty() {
            run.tally().expected = totals.1;
        }
        forms.see(&page.records);
        let highest = settle::page(run, page.records).await;
        if run.halt.is_cancelled() {
            // Some records of the page may not be settled: it is read again from its beginning next time.
            return Err(run.why());
        }
        checkpoint.pending_watermark = newest(checkpoint.pending_watermark.take(), highest);
        match page.next {
            Next::At(next) => {
                checkpoint.cursor = next.save();
                // Only a whole look from the beginning tells what was deleted while no token held.
                if checkpoint.cursor.is_some() && !lost {
                    ledger.set_checkpoint(&plan.flow, checkpoint)?;
                }
                position = next;
            }
            Next::End => {
                if counted(run) {
                    let unique = run.tally().unique();
                    let changed = totals.0 != totals.1;
                    let short = from_start && filter.is_empty() && totals.1.is_some_and(|total| total != unique);
                    if (changed || short || forms.moved) && !second {
                        return Ok(End::Shifted);
                    }
                    if changed {
                        return Err(Stop::new(
                            "pages-shifted",
                            "records came or went while their pages were counted, also at a second look; run again when the source is quieter",
                        ));
                    }
                }
                let pending = checkpoint.pending_watermark.take();
                let mut swept = None;
                let moved = match (&source.feed, page.token) {
                    (None, _) => newest(checkpoint.watermark.take(), pending),
                    (Some(_), Some(token)) if lost => {
                        swept = Some(feed::kept(source, &token));
                        checkpoint.watermark.take()
                    }
                    (Some(_), Some(token)) => Some(feed::kept(source, &token)),
                    (Some(feed), None) => {
                        let path = feed.token.join(".");
                        run.log("warn", "feed-token-missing", None, json!({"system": run.source.system, "path": path}));
                        // Without one, each pass reads all there is, and finds by that what is gone.
                        let none = feed::tells_deletions(source).then(feed::none);
                        checkpoint.watermark.take().or(none)
                    }
                };
                *checkpoint = Checkpoint { watermark: moved, ..Checkpoint::default() };
                ledger.set_checkpoint(&plan.flow, checkpoint)?;
                return Ok(End::Whole { all: from_start && filter.is_empty(), swept });
            }
            Next::Stuck(stop) => {
                // The next run begins anew: this way leads nowhere.
                checkpoint.cursor = None;
                checkpoint.pending_watermark = None;
                ledger.set_checkpoint(&plan.flow, checkpoint)?;
                return Err(stop);
            }
        }
    }
}

/// The forms in which the records of a counted list came. One that comes again in another form has changed while its
/// pages were read: in a list that runs by change time it moved to the end, and all behind it moved up.
struct Forms<'p> {
    key: &'p [String],
    /// Nothing where a change moves no record.
    version: Option<&'p [String]>,
    seen: HashMap<u128, u128>,
    moved: bool,
}

impl<'p> Forms<'p> {
    fn of(run: &Run<'p>) -> Self {
        let source = &run.plan.source;
        let version = source.incremental.as_ref().map(|(path, _)| path.as_slice()).filter(|_| counted(run));
        Self { key: &source.key, version, seen: HashMap::new(), moved: false }
    }

    fn see(&mut self, records: &[Value]) {
        let Some(path) = self.version else { return };
        let text = |record, path| at(record, path).and_then(scalar).map(|text| hash(&text));
        for record in records {
            if let (Some(key), Some(version)) = (text(record, self.key), text(record, path)) {
                self.moved |= self.seen.insert(key, version).is_some_and(|before| before != version);
            }
        }
    }
}

fn counted(run: &Run<'_>) -> bool {
    run.plan.source.pagination.as_ref().is_some_and(|p| matches!(p.style, PageStyle::Page | PageStyle::Offset))
}

/// Why the flow stops when a page cannot be read.
pub(super) fn unread(run: &Run<'_>, miss: Miss) -> Stop {
    let system = &run.source.system;
    let asked = run.plan.source.list.as_ref().map_or("a page", |list| list.id.as_str());
    match miss {
        Miss::Stop(stop) => stop,
        Miss::Refused(refused) if refused.code == "rejected-by-target" => {
            let says = if refused.says.is_empty() { "and says no more".to_owned() } else { refused.says };
            Stop::new("source-refused", format!("{system} refuses {asked} (status {}): {says}", refused.status))
        }
        Miss::Refused(refused) => Stop::new(refused.code, format!("{system} on {asked}: {}", refused.says)),
        Miss::Again(again) | Miss::Exhausted(again) => match again.code {
            // An outage told by a page for people; what it is shows with the next pass.
            code @ "unexpected-answer" => Stop::new(code, format!("{system} on {asked}: {}", again.because)),
            _ => Stop::new("source-down", format!("{system} gave no page of {asked}: {}", again.because)),
        },
    }
}
