//! Which clauses of a contract the drills came to: told from what happened.

use std::collections::BTreeSet;

use platform_integration::lab::{DrillOptions, RealConnector, coverage, run_drills};

use super::plans::{self, Bench};

/// The clauses that some drill came to.
fn reached(bench: &Bench, only: Option<&str>) -> BTreeSet<String> {
    let options = DrillOptions { seed: 5, schedules: 6, only: only.map(str::to_owned), ..DrillOptions::default() };
    let matrix = run_drills(&bench.0, &bench.1, &RealConnector, &options, &mut |_| {}).unwrap();
    let all = coverage(&bench.0, &matrix.rows).into_iter();
    all.filter(|c| !c.drills.is_empty()).map(|c| c.clause).collect()
}

fn lacking(reached: &BTreeSet<String>, clauses: &[&str]) -> Vec<String> {
    clauses.iter().filter(|c| !reached.contains(**c)).map(|c| (*c).to_owned()).collect()
}

#[test]
fn all_drills_together_come_to_what_the_examples_write() {
    let often = [
        "source/paginate",
        "source/incremental",
        "source/key",
        "delivery/retry",
        "delivery/retry/attempts",
        "delivery/retry/honor_retry_after",
        "delivery/timeout",
        "delivery/rate",
        "delivery/breaker",
        "delivery/dead_letter",
        "fallback",
        "drift",
    ];
    let crm = reached(&plans::billing_to_crm(), None);
    assert_eq!(lacking(&crm, &often), [""; 0]);
    assert_eq!(lacking(&crm, &["target/upsert", "map/stage"]), [""; 0]);
    let ledger = reached(&plans::payments_to_ledger(), None);
    assert_eq!(lacking(&ledger, &["target/create", "target/create/idempotency", "map/kind"]), [""; 0]);
    let hooks = reached(&plans::hooks_rotating(), None);
    let of_hooks = ["source/webhook", "source/webhook/verify", "source/webhook/verify/previous"];
    assert_eq!(lacking(&hooks, &of_hooks), [""; 0]);
    assert_eq!(lacking(&hooks, &["source/webhook/id", "source/webhook/version", "delivery/order"]), [""; 0]);
    let club = reached(&plans::deletes("deletes: sweep"), None);
    assert_eq!(lacking(&club, &["source/deletes", "target/delete", "delivery/retry/base"]), [""; 0]);
    // Nobody can say of these that they hold; deletions are left where they are.
    for never in ["source/every", "source/deletes", "slo"] {
        assert!(!crm.contains(never), "{never}");
    }
}

#[test]
fn a_drill_comes_to_no_more_than_what_happened_in_it() {
    let bench = plans::billing_to_crm();
    let happy = reached(&bench, Some("happy-path"));
    for clause in ["source/paginate", "target/upsert"] {
        assert!(happy.contains(clause), "{clause}: {happy:?}");
    }
    for clause in ["delivery/retry", "delivery/breaker", "delivery/timeout", "delivery/dead_letter", "map/stage"] {
        assert!(!happy.contains(clause), "{clause}: {happy:?}");
    }
    assert!(reached(&bench, Some("unknown-enum")).contains("map/stage"));
}
