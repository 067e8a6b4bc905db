//! Broken connectors: each is caught by the drill that exists for its break.

use platform_integration::evidence::Verdict;
use platform_integration::lab::{DrillOptions, run_drills};

use super::naive::{Bug, Naive};
use super::plans::{self, Bench};

/// Where a break shows: in the first example, in the second, or in both.
#[derive(Clone, Copy, PartialEq)]
enum On {
    Crm,
    Ledger,
    /// In the example that writes in bulk.
    Bulk,
    /// In the example that is sent its records, and sweeps.
    Tills,
    /// Where records are only sent, and updated.
    Hooks,
    /// In the example that is paged by offset and written with PUT.
    Erp,
    /// Where limits are told, and errors inside a success.
    Limits,
    /// Where late records are read as well.
    Late,
    Both,
}
use On::{Both, Bulk, Crm, Erp, Hooks, Late, Ledger, Limits, Tills};

/// Break, the drill that must fail, and where.
const KILLED_BY: &[(Bug, &str, On)] = &[
    (Bug::CreatesAgain, "committed-then-503", Crm),
    (Bug::CreatesAgain, "committed-then-reset", Crm),
    (Bug::CreatesAgain, "timeout-after-commit", Crm),
    (Bug::CreatesAgain, "crash-anywhere", Ledger),
    (Bug::NewKeyPerAttempt, "committed-then-503", Ledger),
    (Bug::NewKeyPerAttempt, "committed-then-reset", Ledger),
    (Bug::NewKeyPerAttempt, "timeout-after-commit", Ledger),
    (Bug::NewKeyPerAttempt, "idempotency-key-in-progress", Ledger),
    (Bug::IgnoresRetryAfter, "rate-limited-seconds", Both),
    (Bug::SecondsOnly, "rate-limited-date", Both),
    (Bug::OwnClock, "rate-limited-date", Both),
    (Bug::RetriesAtOnce, "burst-503", Both),
    (Bug::OneAttempt, "connection-reset", Both),
    (Bug::OneAttempt, "connection-refused", Both),
    (Bug::OneAttempt, "timeout-before", Both),
    (Bug::OneAttempt, "burst-503", Both),
    (Bug::RetriesForEver, "outage-then-recovery", Both),
    (Bug::DropsLastPage, "happy-path", Both),
    (Bug::StopsAtShortPage, "short-page", Both),
    (Bug::StopsAtEmptyPage, "empty-page-midway", Crm),
    (Bug::IgnoresCursorRepeat, "repeating-cursor", Both),
    (Bug::RepeatIsTheEnd, "repeating-cursor", Both),
    (Bug::NoDedup, "page-overlap", Both),
    (Bug::NoDedup, "duplicate-delivery", Both),
    (Bug::SwallowsErrors, "poison-record", Both),
    (Bug::SwallowsErrors, "error-envelope-200", Both),
    (Bug::EnvelopeIsEmpty, "error-envelope-200", Both),
    (Bug::GarbageIsEmpty, "truncated-json", Both),
    (Bug::GarbageIsEmpty, "html-page", Both),
    (Bug::CheckpointFirst, "crash-anywhere", Crm),
    (Bug::WallClockCheckpoint, "equal-timestamps", Both),
    (Bug::ExclusiveBoundary, "equal-timestamps", Both),
    (Bug::NoTimeout, "timeout-before", Both),
    (Bug::NoTimeout, "timeout-after-commit", Both),
    (Bug::TooShortTimeout, "slow-answers", Both),
    (Bug::RetriesClientErrors, "client-error-not-retried", Both),
    (Bug::NoDeadLetter, "poison-record", Both),
    (Bug::EmptyDeadLetter, "poison-record", Both),
    (Bug::PoisonStopsAll, "poison-record", Both),
    (Bug::DropsUnmappable, "unknown-enum", Both),
    (Bug::FollowsRedirects, "redirect-elsewhere", Both),
    (Bug::LogsToken, "happy-path", Both),
    (Bug::TokenInQuery, "happy-path", Both),
    (Bug::NoTraceparent, "happy-path", Both),
    (Bug::NewTracePerAttempt, "burst-503", Both),
    (Bug::NoRefresh, "token-expires-midway", Crm),
    (Bug::RefreshesAlways, "token-expires-midway", Crm),
    (Bug::Forgetful, "second-run-idle", Ledger),
    (Bug::PassOnPartial, "poison-record", Both),
    (Bug::CountsAttempts, "burst-503", Both),
    (Bug::FloatMoney, "happy-path", Both),
    (Bug::UpdatesFirstHit, "happy-path", Crm),
    (Bug::WholeBatchAgain, "partial-batch", Bulk),
    (Bug::ItemsUnread, "partial-batch", Bulk),
    (Bug::ItemsUnread, "poison-in-batch", Bulk),
    (Bug::OneAttempt, "burst-503", Bulk),
    (Bug::IgnoresRetryAfter, "rate-limited-seconds", Bulk),
    (Bug::NoDeadLetter, "poison-in-batch", Bulk),
    (Bug::NoTimeout, "timeout-after-commit", Bulk),
    (Bug::HookTrustsAll, "webhook-forged", Tills),
    (Bug::HookTrustsAll, "webhook-forged", Hooks),
    (Bug::HookIgnoresTime, "webhook-replayed", Tills),
    (Bug::HookIgnoresTime, "webhook-replayed", Hooks),
    (Bug::HookNoDedup, "webhook-duplicated", Tills),
    (Bug::HookAnswersFirst, "webhook-crash-before-answer", Hooks),
    (Bug::HookWorksFirst, "happy-path", Tills),
    (Bug::HookLastWins, "webhook-out-of-order", Hooks),
    (Bug::HookNoSweep, "webhook-missed", Tills),
    (Bug::CreatesAgain, "crash-anywhere", Tills),
    (Bug::OneAttempt, "burst-503", Hooks),
    // Reading, records and access.
    (Bug::IgnoresReset, "rate-limit-reset-header", Limits),
    (Bug::IgnoresRemaining, "rate-limit-remaining", Limits),
    (Bug::EnvelopeIsSuccess, "rate-limited-200", Limits),
    (Bug::WrapsNegative, "retry-after-garbled", Both),
    (Bug::SleepsWithoutWord, "retry-after-huge", Both),
    (Bug::RetriesInLayers, "retry-budget", Both),
    (Bug::RetriesForEver, "retry-budget", Both),
    (Bug::ConflictIsFinal, "created-meanwhile", Crm),
    (Bug::NewKeyOnConflict, "key-conflict", Ledger),
    (Bug::NewKeyAtLast, "stored-error-replayed", Ledger),
    (Bug::NewKeyPerAttempt, "stored-error-replayed", Ledger),
    (Bug::PoisonStopsAll, "poison-500", Both),
    (Bug::RetriesForEver, "poison-500", Both),
    (Bug::NoDeadLetter, "poison-500", Both),
    (Bug::OlderFormWins, "out-of-order", Crm),
    (Bug::OlderFormWins, "out-of-order", Bulk),
    (Bug::EchoesChanges, "echo", Limits),
    (Bug::MergesEqualKeys, "equal-keys", Crm),
    (Bug::MergesEqualKeys, "equal-keys", Hooks),
    (Bug::TrustsCase, "key-changes-case", Crm),
    (Bug::SkipsFuture, "clock-skew", Both),
    (Bug::SkipsFuture, "clock-skew", Bulk),
    (Bug::WallClockCheckpoint, "clock-skew", Both),
    (Bug::NoOverlap, "late-commit", Late),
    (Bug::WallClockCheckpoint, "late-commit", Late),
    (Bug::CursorExpiredIsEnd, "cursor-expired", Crm),
    (Bug::EmptyCursorSent, "empty-cursor-string", Limits),
    (Bug::IgnoresTotal, "total-mismatch", Erp),
    (Bug::IgnoresTotal, "total-mismatch", Bulk),
    (Bug::FirstTotalIsAll, "insert-while-paging", Bulk),
    (Bug::IgnoresShift, "delete-while-paging", Erp),
    (Bug::IgnoresShift, "delete-while-paging", Bulk),
    (Bug::IgnoresShift, "update-while-paging", Bulk),
    (Bug::AnySuccess, "wrong-content-type", Both),
    (Bug::GarbageIsEmpty, "wrong-content-type", Both),
    (Bug::TooLargeIsEmpty, "answer-too-large", Both),
    (Bug::DnsIsFinal, "dns-failure", Both),
    (Bug::RetriesTls, "tls-refused", Both),
    (Bug::FollowsWithoutCredential, "redirect-of-write", Both),
    (Bug::FollowsWithoutCredential, "redirect-of-write", Bulk),
    (Bug::LogsErrorBody, "secret-echoed", Both),
    (Bug::TokenLoop, "refresh-fails", Crm),
    (Bug::Stampede, "token-stampede", Crm),
    (Bug::ScopeUnnamed, "scope-missing", Crm),
    (Bug::ScopeUnnamed, "scope-missing", Ledger),
    (Bug::CastsTypes, "type-drift", Both),
    (Bug::CastsTypes, "type-drift", Limits),
    (Bug::PassesUnknown, "new-sensitive-field", Both),
    (Bug::FillsMissing, "missing-required", Limits),
    (Bug::NullIsEmpty, "null-required", Limits),
    (Bug::NullObjectPanics, "null-object", Limits),
    (Bug::Doubles, "sharp-values", Limits),
    (Bug::Doubles, "sharp-values", Crm),
];

fn verdict(bench: &Bench, bug: Bug, code: &str) -> (Verdict, String) {
    let options = DrillOptions { seed: 3, schedules: 24, only: Some(code.to_owned()), ..DrillOptions::default() };
    let matrix = run_drills(&bench.0, &bench.1, &Naive(bug), &options, &mut |_| {}).unwrap();
    let why = matrix.rows.iter().flat_map(|r| &r.failures).map(|f| f.because.clone()).next();
    (matrix.verdict, why.unwrap_or_else(|| format!("{:?}", matrix.not_applicable)))
}

#[test]
fn every_break_is_caught_by_the_drill_that_exists_for_it() {
    let (crm, ledger, stock) = (plans::billing_to_crm(), plans::payments_to_ledger(), plans::stock_to_market());
    let (tills, hooks) = (plans::tills_to_books(), plans::hooks());
    let (erp, limits, late) = (plans::erp_to_shop(), plans::limits(), plans::late());
    let benches = [
        (&crm, Crm, "crm"),
        (&ledger, Ledger, "ledger"),
        (&stock, Bulk, "stock"),
        (&tills, Tills, "tills"),
        (&hooks, Hooks, "hooks"),
        (&erp, Erp, "erp"),
        (&limits, Limits, "limits"),
        (&late, Late, "late"),
    ];
    let mut alive = Vec::new();
    for (bug, code, on) in KILLED_BY {
        for (bench, name, example) in benches {
            if *on != name && !(*on == Both && matches!(name, Crm | Ledger)) {
                continue;
            }
            let (verdict, why) = verdict(bench, *bug, code);
            println!("{bug:?} {code} {example}: {verdict} {why}");
            if verdict != Verdict::Fail {
                alive.push(format!("{bug:?} survives {code} on {example}: {verdict} {why}"));
            }
        }
    }
    assert!(alive.is_empty(), "{}", alive.join("\n"));
}
