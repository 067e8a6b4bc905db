//! Taking back, pausing and rotating tokens in the lab: the connectors that are whole pass, at every step of a rollback too.

use platform_integration::evidence::Verdict;
use platform_integration::lab::{DrillOptions, RealConnector, Subject, run_drills};

use super::naive::{Bug, Naive};
use super::plans::{self, Bench};

/// Where the drill applies, it must pass and its situation must have come about; tells whether it applies.
fn passes(name: &str, bench: &Bench, subject: &dyn Subject, code: &str, schedules: usize) -> bool {
    let options = DrillOptions { seed: 5, schedules, only: Some(code.to_owned()), ..DrillOptions::default() };
    let matrix = run_drills(&bench.0, &bench.1, subject, &options, &mut |_| {}).unwrap();
    for row in &matrix.rows {
        let why = row.failures.first().map(|f| format!("{}\nseed {}\n{}", f.because, f.seed, f.trace));
        assert_eq!(row.verdict, Verdict::Pass, "{name} {code}: fired {} {}", row.fired, why.unwrap_or_default());
    }
    !matrix.rows.is_empty()
}

#[test]
fn what_a_run_wrote_is_taken_back_whoever_kills_it_and_whatever_others_did() {
    let mut applies = Vec::new();
    for (name, bench) in plans::named() {
        for code in ["rollback-restores", "rollback-interrupted"] {
            if passes(name, &bench, &RealConnector, code, 40) {
                applies.push(name);
            }
        }
    }
    applies.dedup();
    assert_eq!(applies, ["crm", "tickets", "badges", "late", "feed"]);
}

#[test]
fn a_rollback_of_other_hands_passes_too() {
    for (name, bench) in [("crm", plans::billing_to_crm()), ("late", plans::late())] {
        for code in ["rollback-restores", "rollback-interrupted"] {
            assert!(passes(name, &bench, &Naive(Bug::None), code, 40));
        }
    }
}

#[test]
fn a_paused_flow_is_still_and_goes_on_when_it_is_resumed() {
    for (name, bench) in plans::named() {
        assert!(passes(name, &bench, &RealConnector, "paused-midway", 24), "{name}");
        if plans::is_plain(name) {
            assert!(passes(name, &bench, &Naive(Bug::None), "paused-midway", 24), "{name}");
        }
    }
}

#[test]
fn a_refresh_token_is_used_once_also_over_a_crash() {
    let bench = plans::refreshing();
    for code in ["refresh-rotates", "token-expires-midway", "token-stampede", "refresh-fails", "happy-path"] {
        assert!(passes("refreshing", &bench, &RealConnector, code, 40), "{code}");
        assert!(passes("refreshing", &bench, &Naive(Bug::None), code, 40), "{code}");
    }
}
