//! The checklist and the confidence.

use platform_integration::evidence::{ChainFault, Verdict};
use platform_integration::finding::Ceiling;
use platform_integration::workflow::record::{Channel, Decision};
use platform_integration::workflow::{Readiness, assess};
use proptest::prelude::*;

use super::log::{ALL_PASS, Log, inferred};

fn page(readiness: &Readiness) -> String {
    let mut out = format!("{}\n{}\n", readiness.verdict, readiness.confidence);
    for item in &readiness.checklist {
        out += &format!("[{}] {} {:?}: {}\n", item.state.as_str(), item.code, item.evidence, item.because);
        if let Some(next) = &item.next {
            out += &format!("    {next}\n");
        }
    }
    for claim in &readiness.claims {
        let support: Vec<String> = claim.support.iter().map(ToString::to_string).collect();
        out += &format!("claim {}: {}; {} [{}]\n", claim.code, claim.text, claim.confidence, support.join("; "));
    }
    for lost in &readiness.lost {
        out += &format!("lost {:.2} {}: {}\n    {}\n", lost.points, lost.claim, lost.because, lost.regain);
    }
    for raise in &readiness.raise {
        out += &format!("raise: {raise}\n");
    }
    out
}

#[test]
fn nothing_done_is_unproven() {
    insta::assert_snapshot!(page(&assess(&Log::default().facts(), None)), @r#"
UNPROVEN
Confidence: 0.00 (ceiling: inference 0.70)
[unproven] systems-mapped []: no system is mapped yet
    map_system {"session":"s-20261123-k7m2qd","name":"NAME","api":"PATH OF ITS API DESCRIPTION"}
[unproven] constraints-settled []: no constraint is recorded; what the flow relies on is unsaid
    record_constraint {"session":"s-20261123-k7m2qd","id":"ID","kind":"inferred","says":"WHAT MUST HOLD"}
[unproven] contract-compiles []: no contract was checked in this session
    check_contract {"session":"s-20261123-k7m2qd","contract":"integration.yaml"}
[unproven] writes-idempotent []: not drilled
    check_contract {"session":"s-20261123-k7m2qd","contract":"integration.yaml"}
[unproven] happy-path-drilled []: not drilled
    check_contract {"session":"s-20261123-k7m2qd","contract":"integration.yaml"}
[unproven] failure-paths-drilled []: not drilled
    check_contract {"session":"s-20261123-k7m2qd","contract":"integration.yaml"}
[unproven] rollback-drilled []: not drilled
    check_contract {"session":"s-20261123-k7m2qd","contract":"integration.yaml"}
[unproven] monitoring-traced []: not drilled
    check_contract {"session":"s-20261123-k7m2qd","contract":"integration.yaml"}
[unproven] evidence-whole []: nothing is recorded
claim systems: both systems are as their descriptions say; Confidence: 0.00 (ceiling: inference 0.70) []
claim contract: nothing is known to be wrong with contract and record; Confidence: 0.70 (ceiling: inference 0.70) []
claim connector: the connector does what the contract says under the faults drilled; Confidence: 0.00 (ceiling: inference 0.70) [nothing]
lost 0.95 connector: two systems are not mapped yet
    map_system {"session":"s-20261123-k7m2qd","name":"NAME","api":"PATH OF ITS API DESCRIPTION"}
raise: map_system {"session":"s-20261123-k7m2qd","name":"NAME","api":"PATH OF ITS API DESCRIPTION"}: no system is mapped yet
raise: check_contract {"session":"s-20261123-k7m2qd","contract":"integration.yaml"}: no contract was checked in this session
"#);
}

#[test]
fn drilled_with_an_open_assumption_is_partial_under_the_ceiling_of_inference() {
    let ids = inferred("ids-stable", "a customer's id never changes");
    let mut log = Log::default();
    log.both().check("c1", 0, &[ids]).drill("c1", 7, ALL_PASS);
    insta::assert_snapshot!(page(&assess(&log.facts(), None)), @r#"
PARTIAL
Confidence: 0.70 (ceiling: inference 0.70)
[met] systems-mapped [1, 2]: billing (4 operations from apis/billing.yaml); crm (4 operations from apis/crm.yaml)
[unproven] constraints-settled [3]: 1 inferred constraint not settled by a person: ids-stable. First: ids-stable, "a customer's id never changes"
    confirm_constraints {"session":"s-20261123-k7m2qd"}
[met] contract-compiles [3]: integration.yaml without errors, 1 warning
[met] writes-idempotent [4]: passed: committed-then-503
[met] happy-path-drilled [4]: passed: happy-path
[met] failure-paths-drilled [4]: passed: burst-503, committed-then-503
[unproven] rollback-drilled [4]: not drilled
    run_drills {"session":"s-20261123-k7m2qd","contract":"integration.yaml"}
[met] monitoring-traced [4]: every request seen in the drills carried the id that its log lines name
[met] evidence-whole [4]: the chain holds from the first event to the last
claim systems: both systems are as their descriptions say; Confidence: 0.95 (ceiling: observation 0.95) [description of billing as read (event 1); description of crm as read (event 2)]
claim contract: nothing is known to be wrong with contract and record; Confidence: 0.95 (ceiling: observation 0.95) [check with 0 errors (event 3)]
claim ids-stable: a customer's id never changes; Confidence: 0.70 (ceiling: inference 0.70) [ids-stable as inferred (event 3)]
claim connector: the connector does what the contract says under the faults drilled; Confidence: 0.86 (ceiling: observation 0.95) [3 of 3 drills over 60 schedules (events: 4)]
lost 0.17 ids-stable: it is open and rests on inference (0.70)
    confirm_constraints {"session":"s-20261123-k7m2qd"}, or a person types: platform-integration confirm --session s-20261123-k7m2qd
lost 0.06 connector: only 60 schedules behind the drills that passed
    run_drills {"session":"s-20261123-k7m2qd","contract":"integration.yaml","schedules":120,"seed":1001}
lost 0.01 constraints-settled: 1 inferred constraint not settled by a person: ids-stable. First: ids-stable, "a customer's id never changes"
    confirm_constraints {"session":"s-20261123-k7m2qd"}
lost 0.01 rollback-drilled: not drilled
    run_drills {"session":"s-20261123-k7m2qd","contract":"integration.yaml"}
raise: let a person settle ids-stable: platform-integration confirm --session s-20261123-k7m2qd
"#);
}

#[test]
fn the_ceiling_is_the_lowest_among_the_claims() {
    let ids = inferred("ids-stable", "a customer's id never changes");
    let deep: Vec<(&str, Verdict, u64)> = ALL_PASS.iter().map(|(c, v, _)| (*c, *v, 1000)).collect();
    let line = |channel: Option<Channel>, listed: bool| {
        let mut log = Log::default();
        log.both().check("c1", 0, if listed { std::slice::from_ref(&ids) } else { &[] }).drill("c1", 7, &deep);
        if let Some(channel) = channel {
            log.decide(&ids, Decision::Confirmed, channel);
        }
        assess(&log.facts(), None).confidence.to_string()
    };
    assert_eq!(line(None, true), "Confidence: 0.70 (ceiling: inference 0.70)");
    assert_eq!(line(Some(Channel::AgentReport), true), "Confidence: 0.70 (ceiling: report 0.70)");
    assert_eq!(line(Some(Channel::Terminal), true), "Confidence: 0.90 (ceiling: policy 0.90)");
    assert_eq!(line(None, false), "Confidence: 0.92 (ceiling: observation 0.95)");
}

#[test]
fn a_failure_stands_until_it_passes_from_the_same_seed() {
    let fail = &[("burst-503", Verdict::Fail, 20)];
    let pass = &[("burst-503", Verdict::Pass, 20)];
    let mut log = Log::default();
    log.both().check("c1", 0, &[]).drill("c1", 7, ALL_PASS).drill("c1", 8, fail);
    let readiness = assess(&log.facts(), None);
    insta::assert_snapshot!(page(&readiness), @r#"
FAIL
Confidence: 0.13 (ceiling: observation 0.95)
[met] systems-mapped [1, 2]: billing (4 operations from apis/billing.yaml); crm (4 operations from apis/crm.yaml)
[unproven] constraints-settled []: no constraint is recorded; what the flow relies on is unsaid
    record_constraint {"session":"s-20261123-k7m2qd","id":"ID","kind":"inferred","says":"WHAT MUST HOLD"}
[met] contract-compiles [3]: integration.yaml without errors, 1 warning
[met] writes-idempotent [4, 5]: passed: committed-then-503
[met] happy-path-drilled [4, 5]: passed: happy-path
[unmet] failure-paths-drilled [4, 5]: failed: burst-503
    run_drills {"session":"s-20261123-k7m2qd","contract":"integration.yaml","flow":"contacts","only":"burst-503","seed":8}
[unproven] rollback-drilled [4, 5]: not drilled
    run_drills {"session":"s-20261123-k7m2qd","contract":"integration.yaml"}
[met] monitoring-traced [4, 5]: every request seen in the drills carried the id that its log lines name
[met] evidence-whole [5]: the chain holds from the first event to the last
claim systems: both systems are as their descriptions say; Confidence: 0.95 (ceiling: observation 0.95) [description of billing as read (event 1); description of crm as read (event 2)]
claim contract: nothing is known to be wrong with contract and record; Confidence: 0.95 (ceiling: observation 0.95) [check with 0 errors (event 3)]
claim connector: the connector does what the contract says under the faults drilled; Confidence: 0.13 (ceiling: observation 0.95) [2 of 3 drills over 40 schedules (events: 4, 5)]
lost 0.82 connector: failed: burst-503
    run_drills {"session":"s-20261123-k7m2qd","contract":"integration.yaml","flow":"contacts","only":"burst-503","seed":8}
raise: repair what fails and drill again: burst-503
"#);
    log.drill("c1", 9, pass);
    assert_eq!(assess(&log.facts(), None).verdict, Verdict::Fail, "another seed is another schedule");
    log.drill("c1", 8, pass);
    assert_eq!(assess(&log.facts(), None).verdict, Verdict::Partial);
}

#[test]
fn a_broken_chain_or_a_contract_with_errors_leaves_nothing() {
    let mut log = Log::default();
    log.both().check("c1", 0, &[]).drill("c1", 7, ALL_PASS);
    let fault = ChainFault { seq: 2, because: "altered".to_owned() };
    let broken = assess(&log.facts(), Some(&fault));
    assert_eq!((broken.verdict, broken.confidence.value()), (Verdict::Fail, 0.0));
    insta::assert_snapshot!(broken.checklist.last().unwrap().because, @"the log was altered at event 2");
    log.check("c1", 3, &[]);
    let errors = assess(&log.facts(), None);
    assert_eq!((errors.verdict, errors.confidence.value()), (Verdict::Fail, 0.0));
}

#[test]
fn an_assumption_that_was_rejected_and_is_relied_on_fails() {
    let ids = inferred("ids-stable", "a customer's id never changes");
    let mut log = Log::default();
    log.both().check("c1", 0, std::slice::from_ref(&ids)).drill("c1", 7, ALL_PASS);
    log.decide(&ids, Decision::Rejected, Channel::Terminal);
    assert_eq!(assess(&log.facts(), None).verdict, Verdict::Fail);
}

// ------------------------------------------------------------------------------------------------ laws of confidence

const CODES: [&str; 6] =
    ["happy-path", "burst-503", "committed-then-503", "page-overlap", "rate-limited-seconds", "poison-record"];

fn verdict() -> impl Strategy<Value = Verdict> {
    prop_oneof![
        4 => Just(Verdict::Pass),
        1 => Just(Verdict::Fail),
        1 => Just(Verdict::Partial),
        1 => Just(Verdict::Unproven),
    ]
}

/// A seed, and drills by their place in [`CODES`] with verdict and schedules.
type Run = (u64, Vec<(usize, Verdict, u64)>);

fn run() -> impl Strategy<Value = Run> {
    (0_u64..3, prop::collection::vec((0..CODES.len(), verdict(), 0_u64..200), 0..6))
}

fn log_of(constraint: u8, runs: &[Run]) -> Log {
    let ids = inferred("ids-stable", "a customer's id never changes");
    let mut log = Log::default();
    log.both();
    if constraint > 0 {
        log.put(&ids);
    }
    match constraint {
        2 => _ = log.decide(&ids, Decision::Confirmed, Channel::AgentReport),
        3 => _ = log.decide(&ids, Decision::Confirmed, Channel::Terminal),
        _ => {}
    }
    log.check("c1", 0, &[]);
    for (seed, rows) in runs {
        drill(&mut log, *seed, rows);
    }
    log
}

fn drill(log: &mut Log, seed: u64, rows: &[(usize, Verdict, u64)]) {
    let rows: Vec<(&str, Verdict, u64)> = rows.iter().map(|(i, v, n)| (CODES[*i], *v, *n)).collect();
    log.drill("c1", seed, &rows);
}

fn value(log: &Log) -> f64 {
    assess(&log.facts(), None).confidence.value()
}

proptest! {
    #[test]
    fn confidence_stays_under_its_ceiling(constraint in 0_u8..4, runs in prop::collection::vec(run(), 0..4)) {
        let confidence = assess(&log_of(constraint, &runs).facts(), None).confidence;
        prop_assert!(confidence.value() <= confidence.ceiling().value());
        prop_assert!(confidence.value() >= 0.0);
        if constraint == 1 || constraint == 2 {
            prop_assert!(confidence.value() <= Ceiling::Inference.value());
        }
    }

    #[test]
    fn more_that_passes_never_lowers(
        constraint in 0_u8..4,
        runs in prop::collection::vec(run(), 0..4),
        seed in 0_u64..3,
        code in 0..CODES.len(),
        schedules in 0_u64..200,
    ) {
        let mut log = log_of(constraint, &runs);
        let before = value(&log);
        drill(&mut log, seed, &[(code, Verdict::Pass, schedules)]);
        prop_assert!(value(&log) >= before, "{before} became {}", value(&log));
    }

    #[test]
    fn a_change_never_raises(
        constraint in 0_u8..4,
        runs in prop::collection::vec(run(), 0..4),
        errors in 0_u64..2,
        change in 0..6,
    ) {
        let mut log = log_of(constraint, &runs);
        if errors > 0 {
            log.check("c1", errors, &[]);
        }
        let ids = inferred("ids-stable", "a customer's id never changes");
        let before = value(&log);
        match change {
            0 => log.now = Some("c2".to_owned()),
            1 => _ = log.files.insert("apis/crm.yaml".to_owned(), "sha256:newer".to_owned()),
            2 => _ = log.map_as("crm", "sha256:newer"),
            3 => _ = log.put(&inferred("ids-stable", "an id may be used again")),
            4 => _ = log.decide(&ids, Decision::Rejected, Channel::AgentReport),
            _ => {
                // Edited and checked again: what failed is not undone by that.
                let errors = log.facts().checks.last().map_or(0, |c| c.record.errors);
                let drilled = runs.iter().any(|(_, rows)| !rows.is_empty());
                prop_assume!(drilled);
                log.check("c2", errors, &[]);
                let failed = assess(&log_of(constraint, &runs).facts(), None).verdict == Verdict::Fail;
                prop_assume!(failed);
            }
        }
        prop_assert!(value(&log) <= before, "{before} became {}", value(&log));
    }

    #[test]
    fn value_and_losses_make_the_whole(constraint in 0_u8..4, runs in prop::collection::vec(run(), 0..4)) {
        let readiness = assess(&log_of(constraint, &runs).facts(), None);
        let lost: f64 = readiness.lost.iter().map(|l| l.points).sum();
        let whole = readiness.confidence.value() + lost;
        // Each loss is rounded to two digits, the value down to two.
        prop_assert!((whole - 0.95).abs() <= 0.05, "{whole}: {:?}", readiness.lost);
        prop_assert!(readiness.lost.iter().all(|l| !l.regain.is_empty() && !l.because.is_empty()));
        let lowest = readiness.claims.iter().map(|c| c.ceiling().value()).fold(0.95, f64::min);
        prop_assert!(readiness.confidence.value() <= lowest);
    }

    #[test]
    fn a_failure_never_raises(
        constraint in 0_u8..4,
        runs in prop::collection::vec(run(), 0..4),
        seed in 0_u64..3,
        code in 0..CODES.len(),
    ) {
        let mut log = log_of(constraint, &runs);
        let before = value(&log);
        drill(&mut log, seed, &[(code, Verdict::Fail, 50)]);
        prop_assert!(value(&log) <= before, "{before} became {}", value(&log));
    }
}

#[test]
fn the_way_back_is_shown_by_a_rollback_of_each_flow_and_not_by_its_switches_alone() {
    let state = |more: &[(&'static str, Verdict, u64)]| {
        let mut log = Log::default();
        let drilled: Vec<_> = ALL_PASS.iter().copied().chain(more.iter().copied()).collect();
        log.both().check("c1", 0, &[]).drill("c1", 7, &drilled);
        let readiness = assess(&log.facts(), None);
        let item = readiness.checklist.into_iter().find(|item| item.code == "rollback-drilled").unwrap();
        (item.state.as_str(), item.because)
    };
    let switch = ("paused-midway", Verdict::Pass, 20);
    let (proven, because) = state(&[switch]);
    assert_eq!(proven, "unproven");
    assert!(because.starts_with("no drill took back what contacts writes"), "{because}");
    let back = [switch, ("rollback-restores", Verdict::Pass, 20), ("rollback-interrupted", Verdict::Pass, 20)];
    assert_eq!(state(&back).0, "met");
    assert_eq!(state(&[switch, ("rollback-restores", Verdict::Fail, 20)]).0, "unmet");
}
