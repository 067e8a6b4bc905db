//! The situations in which a connector must hold: one drill a file. A drill sets a stage and says what must come of it;
//! the judges do the rest.

mod burst_503;
mod client_error_not_retried;
mod committed_then_503;
mod committed_then_reset;
mod connection_refused;
mod connection_reset;
mod crash_anywhere;
mod duplicate_delivery;
mod empty_page_midway;
mod equal_timestamps;
mod error_envelope_200;
mod happy_path;
mod html_page;
mod idempotency_key_in_progress;
mod outage_then_recovery;
mod page_overlap;
mod partial_batch;
mod poison_in_batch;
mod poison_record;
mod rate_limited_date;
mod rate_limited_seconds;
mod redirect_elsewhere;
mod repeating_cursor;
mod second_run_idle;
mod short_page;
mod slow_answers;
mod timeout_after_commit;
mod timeout_before;
mod token_expires_midway;
mod truncated_json;
mod unknown_enum;
mod webhook_crash_before_answer;
mod webhook_duplicated;
mod webhook_forged;
mod webhook_missed;
mod webhook_out_of_order;
mod webhook_replayed;

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

use super::bench::{Bench, Identity, Purpose, Real};
use super::courier::Courier;
use super::faults::{Aim, Fault};
use super::judge::Evidence;
use super::mock::{MockOptions, MockSystem};
use crate::base::rng::Rng;
use crate::connector::{HookPlan, WritePlan};

/// Every drill, in the order in which a matrix shows them.
pub const ALL: [&dyn Drill; 37] = [
    &happy_path::HappyPath,
    &second_run_idle::SecondRunIdle,
    &rate_limited_seconds::RateLimitedSeconds,
    &rate_limited_date::RateLimitedDate,
    &burst_503::Burst503,
    &outage_then_recovery::OutageThenRecovery,
    &slow_answers::SlowAnswers,
    &timeout_before::TimeoutBefore,
    &timeout_after_commit::TimeoutAfterCommit,
    &connection_refused::ConnectionRefusedDrill,
    &connection_reset::ConnectionResetDrill,
    &committed_then_503::CommittedThen503Drill,
    &committed_then_reset::CommittedThenReset,
    &idempotency_key_in_progress::IdempotencyKeyInProgress,
    &page_overlap::PageOverlapDrill,
    &short_page::ShortPageDrill,
    &empty_page_midway::EmptyPageMidway,
    &repeating_cursor::RepeatingCursorDrill,
    &duplicate_delivery::DuplicateDelivery,
    &equal_timestamps::EqualTimestamps,
    &error_envelope_200::ErrorEnvelope200,
    &truncated_json::TruncatedJson,
    &html_page::HtmlPageDrill,
    &unknown_enum::UnknownEnum,
    &poison_record::PoisonRecord,
    &partial_batch::PartialBatch,
    &poison_in_batch::PoisonInBatch,
    &client_error_not_retried::ClientErrorNotRetried,
    &token_expires_midway::TokenExpiresMidway,
    &redirect_elsewhere::RedirectElsewhere,
    &crash_anywhere::CrashAnywhere,
    &webhook_duplicated::WebhookDuplicated,
    &webhook_forged::WebhookForged,
    &webhook_replayed::WebhookReplayed,
    &webhook_out_of_order::WebhookOutOfOrder,
    &webhook_crash_before_answer::WebhookCrashBeforeAnswer,
    &webhook_missed::WebhookMissed,
];

/// One situation.
pub trait Drill: Sync {
    /// Its name, kebab-case.
    fn code(&self) -> &'static str;

    /// What must hold, in one sentence.
    fn hypothesis(&self) -> &'static str;

    /// Whether it can happen to this plan.
    ///
    /// # Errors
    /// Why it cannot, in words.
    fn applies(&self, bench: &Bench) -> Result<(), String> {
        let _ = bench;
        Ok(())
    }

    /// Sets the stage for one schedule. `records` are what the source will hold; they may be changed.
    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup;

    /// How often the situation came about; never, and the drill proves nothing.
    fn fired(&self, evidence: &Evidence<'_>) -> u64 {
        evidence.faults_fired
    }

    /// What it demands beside what every drill demands; each failure in words.
    fn judge(&self, evidence: &Evidence<'_>) -> Vec<String> {
        let _ = evidence;
        Vec::new()
    }

    /// What is not the connector's fault and keeps the result from being a full PASS.
    fn caveats(&self, evidence: &Evidence<'_>) -> Vec<String> {
        let _ = evidence;
        Vec::new()
    }
}

/// What the last run must claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// PASS, unless records became dead letters in it; then PARTIAL.
    Exact,
    /// PASS only if all is in the target.
    Honest,
}

/// What must come of a schedule, beside the laws that hold always.
#[derive(Debug, Clone)]
pub struct Expect {
    /// Source keys of the records that must become dead letters, and no others.
    pub dead: BTreeSet<String>,
    /// Any record may become a dead letter instead of being delivered.
    pub may_die: bool,
    /// What the last run must claim.
    pub claim: Claim,
    /// The connector's counts must be those of the systems.
    pub counts: bool,
}

/// Changes the source between the first and the second pass; tells what it did.
pub type Between = Box<dyn FnOnce(&Bench, &mut MockSystem, &mut Rng) -> String + Send>;

/// One schedule, ready to be played.
pub struct Setup {
    /// What goes wrong.
    pub faults: Vec<Box<dyn Fault>>,
    /// The faults are gone after the first run.
    pub faults_end_with_first_pass: bool,
    /// How often the connector runs to its end.
    pub passes: usize,
    /// Between two passes, in milliseconds.
    pub pause_ms: i64,
    /// What happens after the first of them.
    pub between: Option<Between>,
    /// How often it is killed at most.
    pub crashes: usize,
    /// It is killed while it takes in what the webhook delivers, and not later.
    pub crash_while_delivering: bool,
    /// What becomes of the deliveries of the source's webhook on their way; nothing: each is delivered, in order.
    pub courier: Option<Courier>,
    /// How long the target's tokens live, in milliseconds.
    pub token_ttl_ms: i64,
    /// What the servers' clocks show more than the true time, in milliseconds.
    pub clock_off_ms: i64,
    /// What must come of it.
    pub expect: Expect,
}

impl Setup {
    /// One pass, nothing wrong.
    #[must_use]
    pub fn clean() -> Self {
        Self {
            faults: Vec::new(),
            faults_end_with_first_pass: false,
            passes: 1,
            pause_ms: 60_000,
            between: None,
            crashes: 0,
            crash_while_delivering: false,
            courier: None,
            token_ttl_ms: 30 * 60 * 1000,
            clock_off_ms: 0,
            expect: Expect { dead: BTreeSet::new(), may_die: false, claim: Claim::Exact, counts: true },
        }
    }

    /// One pass with this fault.
    #[must_use]
    pub fn with(fault: impl Fault + 'static) -> Self {
        let mut setup = Self::clean();
        setup.faults.push(Box::new(fault));
        setup
    }

    /// So many passes.
    #[must_use]
    pub const fn passes(mut self, passes: usize) -> Self {
        self.passes = passes;
        self
    }

    /// Records may become dead letters, runs may stop early; the claim must be honest.
    #[must_use]
    pub const fn lenient(mut self) -> Self {
        self.expect.may_die = true;
        self.expect.claim = Claim::Honest;
        self.expect.counts = false;
        self
    }

    /// Runs may stop early, but no record is given up; the claim must be honest.
    #[must_use]
    pub const fn honest(mut self) -> Self {
        self.expect.claim = Claim::Honest;
        self.expect.counts = false;
        self
    }
}

/// The operations that write to the target.
pub(in crate::lab) const WRITES: [Purpose; 4] = [Purpose::Create, Purpose::Update, Purpose::Put, Purpose::Bulk];
/// The operations that make something in the target.
pub(in crate::lab) const MAKES: [Purpose; 3] = [Purpose::Create, Purpose::Put, Purpose::Bulk];
/// Every operation on the target but the token.
pub(in crate::lab) const TARGET: [Purpose; 5] =
    [Purpose::Find, Purpose::Create, Purpose::Update, Purpose::Put, Purpose::Bulk];

/// Aims at the source or at the target, somewhere in the run.
pub(in crate::lab) fn somewhere(bench: &Bench, records: usize, rng: &mut Rng) -> Aim {
    if bench.plan.source.list.is_some() && rng.one_in(3) {
        Aim::at([Purpose::List]).after(rng.below(2))
    } else {
        in_target(TARGET.to_vec(), records, rng)
    }
}

/// Aims at operations on the target, somewhere in the run.
pub(in crate::lab) fn in_target(purposes: Vec<Purpose>, records: usize, rng: &mut Rng) -> Aim {
    Aim::at(purposes).after(rng.below((records as u64).saturating_sub(2).max(1)))
}

/// How often something may fail in a row so that the last attempt still gets through.
pub(in crate::lab) fn survivable(bench: &Bench, most: u64, rng: &mut Rng) -> u64 {
    let attempts = u64::from(bench.plan.delivery.retry.attempts);
    // A program of its own counts its attempts in its own way: three are few enough for all.
    let most = if bench.real.is_some() { most.min(2) } else { most };
    rng.between(1, most.min(attempts.saturating_sub(1)).max(1))
}

/// A second attempt is allowed at all.
pub(in crate::lab) fn retries(bench: &Bench) -> Result<(), String> {
    if bench.plan.delivery.retry.attempts < 2 {
        return Err("the contract allows one attempt only".to_owned());
    }
    Ok(())
}

/// The target can be kept from a second effect: not where a person accepted duplicates by name.
pub(in crate::lab) fn protected(bench: &Bench) -> Result<(), String> {
    retries(bench)?;
    match &bench.plan.target.write {
        WritePlan::Create { idempotency: None, .. } => Err("duplicates were accepted by name".to_owned()),
        _ => Ok(()),
    }
}

/// Records are written many at a time.
fn in_batches(bench: &Bench) -> Result<(), String> {
    match &bench.plan.target.write {
        WritePlan::Bulk { size: 2.., .. } => Ok(()),
        _ => Err("each record is written by a request of its own".to_owned()),
    }
}

/// One record can be told from the others in a request to the target.
pub(in crate::lab) fn identifiable(bench: &Bench) -> Result<(), String> {
    match bench.identity {
        Identity::Whole => Err("no field of a mapped record tells it from the others".to_owned()),
        _ => Ok(()),
    }
}

/// The source sends events.
fn hooked(bench: &Bench) -> Result<&HookPlan, String> {
    let hook = bench.plan.source.webhook.as_ref().ok_or_else(|| "the source sends no webhook".to_owned())?;
    match bench.real {
        Some(Real { service: false, .. }) => {
            Err("the program is run as a job; webhooks come to one with --service".to_owned())
        }
        _ => Ok(hook),
    }
}

/// Records of the source's kind that the source does not hold.
fn strangers(bench: &Bench, count: usize, rng: &mut Rng) -> Vec<Value> {
    let options = MockOptions { first_serial: 9_000, ..MockOptions::default() };
    MockSystem::of(Arc::clone(&bench.source), 0, options).draw_records(&bench.source_entity, count, rng)
}

/// Something is read by requests: pages of the source, or a look-up before a write.
pub(in crate::lab) fn reads(bench: &Bench) -> Result<(), String> {
    match (&bench.plan.source.list, &bench.plan.target.write) {
        (None, WritePlan::Put { .. } | WritePlan::Bulk { .. } | WritePlan::Create { .. }) => {
            Err("nothing is read by requests: the source sends webhooks, and writes look nothing up".to_owned())
        }
        _ => Ok(()),
    }
}

/// The source is paged.
fn paged(bench: &Bench) -> Result<&crate::model::Pagination, String> {
    if bench.plan.source.list.is_none() {
        return Err("the source sends webhooks; no list of it is read".to_owned());
    }
    bench.plan.source.pagination.as_ref().ok_or_else(|| "the source is not paged".to_owned())
}

/// A record that the mapping takes, with its source key and its identity in the target.
pub(in crate::lab) fn deliverable(bench: &Bench, records: &[Value], rng: &mut Rng) -> Option<(String, String)> {
    let all: Vec<(String, String)> = records
        .iter()
        .filter_map(|r| {
            let mapped = bench.plan.mapped(r).ok()?;
            Some((bench.source_key(r)?, bench.identity_of(r, &mapped)?))
        })
        .collect();
    rng.pick(&all).cloned()
}

#[cfg(test)]
mod tests {
    use super::ALL;

    #[test]
    fn names_are_unique_kebab_case_and_say_something() {
        let mut names: Vec<&str> = ALL.iter().map(|d| d.code()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ALL.len());
        for drill in ALL {
            let code = drill.code();
            assert!(code.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'), "{code}");
            assert!(drill.hypothesis().len() > 20 && drill.hypothesis().ends_with('.'), "{code}");
        }
    }
}
