//! The situations in which a connector must hold: one drill a file. A drill sets a stage and says what must come of it;
//! the judges do the rest.

mod accepted_then_failed;
mod answer_too_large;
mod batch_result_missing;
mod burst_503;
mod changed_back;
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
mod delete_fails;
mod delete_while_paging;
mod deleted_at_source;
mod deleted_meanwhile;
mod dns_failure;
mod duplicate_delivery;
mod echo;
mod empty_cursor_string;
mod empty_page_midway;
mod equal_keys;
mod equal_timestamps;
mod error_envelope_200;
mod failed_record_forgotten;
mod feed_token_expired;
mod fresh_token_refused;
mod happy_path;
mod html_page;
mod idempotency_key_in_progress;
mod insert_while_paging;
mod key_changes_case;
mod key_conflict;
mod key_revoked;
mod late_commit;
mod limits;
mod mended_record_ignored;
mod missing_required;
mod new_sensitive_field;
mod next_page_elsewhere;
mod null_object;
mod null_required;
mod out_of_order;
mod outage_then_recovery;
mod overtaken_write;
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
mod restored_at_source;
mod retry_after_garbled;
mod retry_after_huge;
mod retry_budget;
mod scope_missing;
mod second_run_idle;
mod secret_echoed;
mod sharp_values;
mod short_page;
mod slow_answers;
mod source_outage;
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
mod webhook_other_event;
mod webhook_same_version;
mod webhook_secret_rotates;
mod webhook_several_signatures;
mod webhook_slow_ack;
mod webhook_wrong_path;

mod aims;
mod applies;
mod setup;
mod strangers;
mod unheard;

pub(in crate::lab) use aims::{MAKES, TARGET, WRITES, everywhere, in_target, owed, read, somewhere, survivable};
pub(in crate::lab) use applies::{identifiable, protected, reads, retries};
pub use setup::{Between, Claim, Expect, Setup};
pub(in crate::lab) use webhook_missed::held_back;

use serde_json::Value;

use self::applies::{by_field, counted, datable, hooked, in_batches, named, paged, promises_json, undoable};
use self::strangers::strangers;
use super::bench::Bench;
use super::judge::Evidence;
use super::mock::MockSystem;
use super::trace::Event;
use crate::base::rng::Rng;

/// Every drill, in the order in which a matrix shows them.
pub const ALL: [&dyn Drill; 124] = [
    &happy_path::HappyPath,
    &second_run_idle::SecondRunIdle,
    &changed_between_runs::ChangedBetweenRuns,
    &changed_back::ChangedBack,
    &rate_limited_seconds::RateLimitedSeconds,
    &rate_limited_date::RateLimitedDate,
    &rate_limited_200::RateLimited200,
    &rate_limit_reset_header::RateLimitResetHeader,
    &rate_limit_remaining::RateLimitRemaining,
    &retry_after_garbled::RetryAfterGarbled,
    &retry_after_huge::RetryAfterHuge,
    &burst_503::Burst503,
    &outage_then_recovery::OutageThenRecovery,
    &source_outage::SourceOutage,
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
    &deleted_meanwhile::DeletedMeanwhile,
    &key_conflict::KeyConflict,
    &stored_error_replayed::StoredErrorReplayed,
    &page_overlap::PageOverlapDrill,
    &short_page::ShortPageDrill,
    &empty_page_midway::EmptyPageMidway,
    &repeating_cursor::RepeatingCursorDrill,
    &cursor_expired::CursorExpiredDrill,
    &feed_token_expired::FeedTokenExpiredDrill,
    &empty_cursor_string::EmptyCursorString,
    &total_mismatch::TotalMismatch,
    &insert_while_paging::InsertWhilePaging,
    &delete_while_paging::DeleteWhilePaging,
    &update_while_paging::UpdateWhilePaging,
    &duplicate_delivery::DuplicateDelivery,
    &out_of_order::OutOfOrder,
    &overtaken_write::OvertakenWrite,
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
    &mended_record_ignored::MendedRecordIgnored,
    &null_required::NullRequired,
    &null_object::NullObject,
    &sharp_values::SharpValues,
    &poison_record::PoisonRecord,
    &poison_500::Poison500,
    &failed_record_forgotten::FailedRecordForgotten,
    &partial_batch::PartialBatch,
    &poison_in_batch::PoisonInBatch,
    &batch_result_missing::BatchResultMissing,
    &client_error_not_retried::ClientErrorNotRetried,
    &accepted_then_failed::AcceptedThenFailedDrill,
    &token_expires_midway::TokenExpiresMidway,
    &token_stampede::TokenStampede,
    &refresh_fails::RefreshFails,
    &fresh_token_refused::FreshTokenRefused,
    &refresh_rotates::RefreshRotates,
    &key_revoked::KeyRevoked,
    &scope_missing::ScopeMissingDrill,
    &secret_echoed::SecretEchoedDrill,
    &redirect_elsewhere::RedirectElsewhere,
    &redirect_of_write::RedirectOfWrite,
    &next_page_elsewhere::NextPageElsewhere,
    &crash_anywhere::CrashAnywhere,
    &deleted_at_source::DeletedAtSource,
    &delete_fails::DeleteFails,
    &restored_at_source::RestoredAtSource,
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
    &webhook_several_signatures::WebhookSeveralSignatures,
    &webhook_body_altered::WebhookBodyAltered,
    &webhook_body_spaced::WebhookBodySpaced,
    &webhook_huge_body::WebhookHugeBody,
    &webhook_burst::WebhookBurst,
    &webhook_slow_ack::WebhookSlowAck,
    &webhook_same_version::WebhookSameVersion,
    &webhook_clock_skew::WebhookClockSkew,
    &webhook_wrong_path::WebhookWrongPath,
    &webhook_other_event::WebhookOtherEvent,
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

    /// Where a flow writes in bulk, there is one record more than a request may hold, where that is a number worth drawing.
    fn overflows_a_batch(&self) -> bool {
        false
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

/// How often the ledger did not do what it was asked for.
fn failed_calls(evidence: &Evidence<'_>) -> u64 {
    evidence.trace.events.iter().filter(|e| matches!(e, Event::LedgerFailed { .. })).count() as u64
}

/// Two more records come into the source.
pub(in crate::lab) fn two_more(bench: &Bench, source: &mut MockSystem, rng: &mut Rng) -> String {
    for record in source.draw_records(&bench.source_entity, 2, rng) {
        // Later than all others, whatever field tells of changes and however its times were drawn.
        let held = source.collection(&bench.source_entity);
        let all: Vec<Value> = held.map(|c| c.iter().map(|(_, r)| r.clone()).collect()).unwrap_or_default();
        let record = versions::touched_last(bench, &record, &all).unwrap_or(record);
        source.keep(&bench.source_entity, record);
    }
    "two more records in the source".to_owned()
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
