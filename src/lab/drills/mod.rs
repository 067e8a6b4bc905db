//! The situations in which a connector must hold: one drill a file. A drill sets a stage and says what must come of it;
//! the judges do the rest.

mod accepted_then_failed;
mod answer_too_large;
mod burst_503;
mod changed_between_runs;
mod client_error_not_retried;
mod clock_skew;
mod committed_then_503;
mod committed_then_reset;
mod connection_refused;
mod connection_reset;
mod crash_anywhere;
mod created_meanwhile;
mod cursor_expired;
mod delete_while_paging;
mod deleted_at_source;
mod dns_failure;
mod duplicate_delivery;
mod echo;
mod empty_cursor_string;
mod empty_page_midway;
mod equal_keys;
mod equal_timestamps;
mod error_envelope_200;
mod failed_record_forgotten;
mod happy_path;
mod html_page;
mod idempotency_key_in_progress;
mod insert_while_paging;
mod key_changes_case;
mod key_conflict;
mod late_commit;
mod limits;
mod missing_required;
mod new_sensitive_field;
mod next_page_elsewhere;
mod null_object;
mod null_required;
mod out_of_order;
mod outage_then_recovery;
mod page_overlap;
mod partial_batch;
mod poison_500;
mod poison_in_batch;
mod poison_record;
mod rate_limit_remaining;
mod rate_limit_reset_header;
mod rate_limited_200;
mod rate_limited_date;
mod rate_limited_seconds;
mod redirect_elsewhere;
mod redirect_of_write;
mod refresh_fails;
mod refresh_rotates;
mod repeating_cursor;
mod retry_after_garbled;
mod retry_after_huge;
mod retry_budget;
mod scope_missing;
mod second_run_idle;
mod secret_echoed;
mod sharp_values;
mod short_page;
mod slow_answers;
mod spoiled;
mod stored_error_replayed;
mod sweep_after_partial_read;
mod timeout_after_commit;
mod timeout_before;
mod tls_refused;
mod token_expires_midway;
mod token_stampede;
mod tokens;
mod total_mismatch;
mod truncated_json;
mod type_drift;
mod unknown_enum;
mod update_while_paging;
mod versions;
mod webhook_crash_before_answer;
mod webhook_duplicated;
mod webhook_forged;
mod webhook_missed;
mod webhook_out_of_order;
mod webhook_replayed;
mod wrong_content_type;

// Process, resources, order and webhooks.
mod checkpoint_garbage;
mod checkpoint_in_the_future;
mod clock_jump;
mod contract_changed;
mod crash_in_batch;
mod crash_with_dead_letter;
mod disable;
mod disk_full;
mod ledger_corrupt;
mod ledger_locked;
mod order_per_key;
mod order_total;
mod paused_midway;
mod rate_kept;
mod replay_dead_letters;
mod rollback_interrupted;
mod rollback_restores;
mod second_instance;
mod second_run_incremental;
mod sigterm;
mod slow_target;
mod webhook_body_altered;
mod webhook_body_spaced;
mod webhook_burst;
mod webhook_clock_skew;
mod webhook_huge_body;
mod webhook_same_version;
mod webhook_secret_rotates;
mod webhook_slow_ack;
mod webhook_wrong_path;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use super::bench::{Bench, Identity, Purpose, Real};
use super::courier::Courier;
use super::faults::{Aim, Fault};
use super::judge::Evidence;
use super::mock::{Blueprint, MockOptions, MockSystem, dig};
use super::process::Process;
use super::trace::Event;
use crate::base::rng::Rng;
use crate::connector::{Call, HookPlan, WritePlan};
use crate::model::{Operation, PageStyle};

/// Every drill, in the order in which a matrix shows them.
pub const ALL: [&dyn Drill; 111] = [
    &happy_path::HappyPath,
    &second_run_idle::SecondRunIdle,
    &changed_between_runs::ChangedBetweenRuns,
    &rate_limited_seconds::RateLimitedSeconds,
    &rate_limited_date::RateLimitedDate,
    &rate_limited_200::RateLimited200,
    &rate_limit_reset_header::RateLimitResetHeader,
    &rate_limit_remaining::RateLimitRemaining,
    &retry_after_garbled::RetryAfterGarbled,
    &retry_after_huge::RetryAfterHuge,
    &burst_503::Burst503,
    &outage_then_recovery::OutageThenRecovery,
    &retry_budget::RetryBudget,
    &slow_answers::SlowAnswers,
    &timeout_before::TimeoutBefore,
    &timeout_after_commit::TimeoutAfterCommit,
    &connection_refused::ConnectionRefusedDrill,
    &dns_failure::DnsFailure,
    &tls_refused::TlsRefused,
    &connection_reset::ConnectionResetDrill,
    &committed_then_503::CommittedThen503Drill,
    &committed_then_reset::CommittedThenReset,
    &idempotency_key_in_progress::IdempotencyKeyInProgress,
    &created_meanwhile::CreatedMeanwhile,
    &key_conflict::KeyConflict,
    &stored_error_replayed::StoredErrorReplayed,
    &page_overlap::PageOverlapDrill,
    &short_page::ShortPageDrill,
    &empty_page_midway::EmptyPageMidway,
    &repeating_cursor::RepeatingCursorDrill,
    &cursor_expired::CursorExpiredDrill,
    &empty_cursor_string::EmptyCursorString,
    &total_mismatch::TotalMismatch,
    &insert_while_paging::InsertWhilePaging,
    &delete_while_paging::DeleteWhilePaging,
    &update_while_paging::UpdateWhilePaging,
    &duplicate_delivery::DuplicateDelivery,
    &out_of_order::OutOfOrder,
    &echo::Echo,
    &equal_keys::EqualKeys,
    &key_changes_case::KeyChangesCase,
    &equal_timestamps::EqualTimestamps,
    &clock_skew::ClockSkew,
    &late_commit::LateCommit,
    &error_envelope_200::ErrorEnvelope200,
    &truncated_json::TruncatedJson,
    &html_page::HtmlPageDrill,
    &wrong_content_type::WrongContentType,
    &answer_too_large::AnswerTooLarge,
    &unknown_enum::UnknownEnum,
    &type_drift::TypeDrift,
    &new_sensitive_field::NewSensitiveField,
    &missing_required::MissingRequired,
    &null_required::NullRequired,
    &null_object::NullObject,
    &sharp_values::SharpValues,
    &poison_record::PoisonRecord,
    &poison_500::Poison500,
    &failed_record_forgotten::FailedRecordForgotten,
    &partial_batch::PartialBatch,
    &poison_in_batch::PoisonInBatch,
    &client_error_not_retried::ClientErrorNotRetried,
    &accepted_then_failed::AcceptedThenFailedDrill,
    &token_expires_midway::TokenExpiresMidway,
    &token_stampede::TokenStampede,
    &refresh_fails::RefreshFails,
    &refresh_rotates::RefreshRotates,
    &scope_missing::ScopeMissingDrill,
    &secret_echoed::SecretEchoedDrill,
    &redirect_elsewhere::RedirectElsewhere,
    &redirect_of_write::RedirectOfWrite,
    &next_page_elsewhere::NextPageElsewhere,
    &crash_anywhere::CrashAnywhere,
    &deleted_at_source::DeletedAtSource,
    &sweep_after_partial_read::SweepAfterPartialRead,
    &webhook_duplicated::WebhookDuplicated,
    &webhook_forged::WebhookForged,
    &webhook_replayed::WebhookReplayed,
    &webhook_out_of_order::WebhookOutOfOrder,
    &webhook_crash_before_answer::WebhookCrashBeforeAnswer,
    &webhook_missed::WebhookMissed,
    &disk_full::DiskFull,
    &ledger_locked::LedgerLocked,
    &ledger_corrupt::LedgerCorrupt,
    &second_instance::SecondInstance,
    &sigterm::Sigterm,
    &disable::Disable,
    &slow_target::SlowTarget,
    &clock_jump::ClockJump,
    &crash_in_batch::CrashInBatch,
    &crash_with_dead_letter::CrashWithDeadLetter,
    &replay_dead_letters::ReplayDeadLetters,
    &paused_midway::PausedMidway,
    &rollback_restores::RollbackRestores,
    &rollback_interrupted::RollbackInterrupted,
    &checkpoint_in_the_future::CheckpointInTheFuture,
    &checkpoint_garbage::CheckpointGarbage,
    &contract_changed::ContractChanged,
    &second_run_incremental::SecondRunIncremental,
    &rate_kept::RateKept,
    &order_total::OrderTotal,
    &order_per_key::OrderPerKey,
    &webhook_secret_rotates::WebhookSecretRotates,
    &webhook_body_altered::WebhookBodyAltered,
    &webhook_body_spaced::WebhookBodySpaced,
    &webhook_huge_body::WebhookHugeBody,
    &webhook_burst::WebhookBurst,
    &webhook_slow_ack::WebhookSlowAck,
    &webhook_same_version::WebhookSameVersion,
    &webhook_clock_skew::WebhookClockSkew,
    &webhook_wrong_path::WebhookWrongPath,
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

    /// The records are many, so that each field can have one to be spoiled in.
    fn many(&self) -> bool {
        self.thorough()
    }

    /// The records are many, and hold between them all that the mapping can go wrong in ([`super::edges`]).
    fn thorough(&self) -> bool {
        false
    }

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
    /// Anything: nobody can know in the run itself what it could not see.
    Any,
}

/// What must come of a schedule, beside the laws that hold always.
#[derive(Debug, Clone)]
pub struct Expect {
    /// Source keys of the records that must become dead letters, and no others.
    pub dead: BTreeSet<String>,
    /// By source key, what such a record is as good as: who delivers it as if it were this one is right as well.
    pub either: BTreeMap<String, Value>,
    /// Any record may become a dead letter instead of being delivered.
    pub may_die: bool,
    /// What the last run must claim.
    pub claim: Claim,
    /// The connector's counts must be those of the systems.
    pub counts: bool,
    /// What is in the target must be what the mapping gives now.
    pub values: bool,
    /// The last run may stop short of the end, where it says so.
    pub may_stop: bool,
}

/// Changes the source between the first and the second pass; tells what it did.
pub type Between = Box<dyn FnOnce(&Bench, &mut MockSystem, &mut Rng) -> String + Send>;

/// One schedule, ready to be played.
pub struct Setup {
    /// Source keys of records that the target holds in an older form from the beginning, where it can; others do by chance.
    pub older: BTreeSet<String>,
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
    /// A program of somebody's own is killed at the first write that a fault hits, or the one after it: not all know the steps of
    /// our connector.
    pub crash_at_fault: bool,
    /// What becomes of the deliveries of the source's webhook on their way; nothing: each is delivered, in order.
    pub courier: Option<Courier>,
    /// How long the target's tokens live, in milliseconds.
    pub token_ttl_ms: i64,
    /// What the servers' clocks show more than the true time, in milliseconds.
    pub clock_off_ms: i64,
    /// What happens to the connector's process.
    pub process: Process,
    /// What must come of it.
    pub expect: Expect,
}

impl Setup {
    /// One pass, nothing wrong.
    #[must_use]
    pub fn clean() -> Self {
        Self {
            older: BTreeSet::new(),
            faults: Vec::new(),
            faults_end_with_first_pass: false,
            passes: 1,
            pause_ms: 60_000,
            between: None,
            crashes: 0,
            crash_while_delivering: false,
            crash_at_fault: false,
            courier: None,
            token_ttl_ms: 30 * 60 * 1000,
            clock_off_ms: 0,
            process: Process::default(),
            expect: Expect {
                dead: BTreeSet::new(),
                either: BTreeMap::new(),
                may_die: false,
                claim: Claim::Exact,
                counts: true,
                values: true,
                may_stop: false,
            },
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

/// Something that the flow writes can be taken back: changed by an upsert, or made where one record can be read and deleted.
fn undoable(bench: &Bench) -> Result<(), String> {
    let target = &bench.plan.target;
    let looked_at = matches!(target.write, WritePlan::Upsert { .. });
    let reads = target.back.get.is_some() && (target.back.delete.is_some() || looked_at);
    if !looked_at && !reads {
        return Err(format!(
            "nothing of it can be taken back: the description of {} has no operations that read and delete one record by its key",
            target.system
        ));
    }
    if let WritePlan::Put { put, .. } = &target.write {
        // 201 and only 201 says that there was none before (RFC 9110 section 9.3.4).
        let mut known = bench.target.system.operations.iter();
        let known = known.find(|op| op.method == put.method && op.path == put.path);
        if known.is_some_and(|op| op.responses.iter().all(|r| r.status != "201")) {
            return Err(format!(
                "nothing of it can be taken back: {} of {} does not answer 201, so nobody can tell what it made from what it replaced",
                put.id, target.system
            ));
        }
    }
    if bench.plan.source.list.is_none() {
        return Err(
            "the source only sends webhooks: what is taken back comes again only when it changes there".to_owned()
        );
    }
    identifiable(bench)
}

/// One record can be told from the others in a request to the target.
pub(in crate::lab) fn identifiable(bench: &Bench) -> Result<(), String> {
    match bench.identity {
        Identity::Whole => Err("no field of a mapped record tells it from the others".to_owned()),
        _ => Ok(()),
    }
}

/// How often the ledger did not do what it was asked for.
fn failed_calls(evidence: &Evidence<'_>) -> u64 {
    evidence.trace.events.iter().filter(|e| matches!(e, Event::LedgerFailed { .. })).count() as u64
}

/// Two more records come into the source.
fn two_more(bench: &Bench, source: &mut MockSystem, rng: &mut Rng) -> String {
    for record in source.draw_records(&bench.source_entity, 2, rng) {
        // Later than all others, whatever field tells of changes and however its times were drawn.
        let held = source.collection(&bench.source_entity);
        let all: Vec<Value> = held.map(|c| c.iter().map(|(_, r)| r.clone()).collect()).unwrap_or_default();
        let record = versions::touched_last(bench, &record, &all).unwrap_or(record);
        source.keep(&bench.source_entity, record);
    }
    "two more records in the source".to_owned()
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

/// The source's pages are counted, by number or by offset.
fn counted(bench: &Bench) -> Result<(), String> {
    match paged(bench)?.style {
        PageStyle::Page | PageStyle::Offset => Ok(()),
        _ => Err("pages follow a cursor, which stays at its place when records come and go".to_owned()),
    }
}

/// Changes are read by a time, or a number, that the lab can move.
fn datable(bench: &Bench) -> Result<(), String> {
    let Some((path, _)) = &bench.plan.source.incremental else {
        return Err("every run reads everything".to_owned());
    };
    let held = spoiled::drawn(bench);
    match held.iter().all(|r| dig(r, path).and_then(|v| versions::shifted(v, 1_000)).is_some()) {
        true => Ok(()),
        false => Err(format!("{} is neither a time with a zone nor a number", path.join("."))),
    }
}

/// What is called for an answer that the description promises to be JSON.
fn promises_json(bench: &Bench) -> Vec<Purpose> {
    let json = |blueprint: &Blueprint, call: &Call| {
        let known = |o: &&Operation| o.method == call.method && o.path == call.path;
        let op = blueprint.system.operations.iter().find(known);
        let success = op.and_then(Operation::success);
        call.query.is_some() || success.is_some_and(|r| r.schema.is_some() && r.content_type.contains("json"))
    };
    let mut out = Vec::new();
    if bench.plan.source.list.as_ref().is_some_and(|list| json(&bench.source, list)) {
        out.push(Purpose::List);
    }
    let calls: Vec<(Purpose, &Call)> = match &bench.plan.target.write {
        WritePlan::Upsert { find, create, update, .. } => {
            vec![(Purpose::Find, find), (Purpose::Create, create), (Purpose::Update, update)]
        }
        WritePlan::Put { put, .. } => vec![(Purpose::Put, put)],
        WritePlan::Bulk { write, .. } => vec![(Purpose::Bulk, write)],
        WritePlan::Create { create, .. } => vec![(Purpose::Create, create)],
    };
    out.extend(calls.into_iter().filter(|(_, call)| json(&bench.target, call)).map(|(purpose, _)| purpose));
    out
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
