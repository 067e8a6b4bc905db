//! The drills themselves: no false alarm, the same bytes for the same seed, nothing proven by what did not happen.

use platform_integration::base::stop::Stop;
use platform_integration::connector::{Plan, Report, World, run_once};
use platform_integration::evidence::Verdict;
use platform_integration::lab::{DrillOptions, Matrix, Progress, RealConnector, Subject, replay, run_drills, seed_of};

use super::naive::{Bug, Naive};
use super::plans::{self, Bench};

fn drill(bench: &Bench, bug: Bug, schedules: usize, only: Option<&str>) -> Matrix {
    let options = DrillOptions { seed: 7, schedules, only: only.map(str::to_owned), ..DrillOptions::default() };
    run_drills(&bench.0, &bench.1, &Naive(bug), &options, &mut |_| {}).unwrap()
}

#[test]
fn a_whole_connector_passes_every_drill() {
    for (name, bench) in plans::plain() {
        let matrix = drill(&bench, Bug::None, 8, None);
        for row in &matrix.rows {
            let why = row.failures.first().map(|f| format!("{}\nseed {}\n{}", f.because, f.seed, f.trace));
            assert_eq!(
                row.verdict,
                Verdict::Pass,
                "{name}: {}: fired {} {}",
                row.code,
                row.fired,
                why.unwrap_or_default()
            );
        }
        let c = matrix.reconciliation;
        assert!(c.read > 0 && c.unique == c.written + c.unchanged && c.expected == Some(c.unique), "{c:?}");
        assert!(matrix.rows.len() + matrix.not_applicable.len() > 25);
    }
}

#[test]
fn the_connector_that_we_ship_passes_every_drill() {
    for (plan, systems) in plans::all() {
        let options = DrillOptions { seed: 11, schedules: 8, ..DrillOptions::default() };
        let matrix = run_drills(&plan, &systems, &RealConnector, &options, &mut |_| {}).unwrap();
        for row in &matrix.rows {
            println!("{} {} fired {} failed {}", row.code, row.verdict, row.fired, row.failed);
            for f in &row.failures {
                println!("  seed {}: {}", f.seed, f.because);
            }
        }
        for (code, because) in &matrix.not_applicable {
            println!("{code}: {because}");
        }
        assert_eq!(matrix.verdict, Verdict::Pass);
    }
}

/// Killed between the spending of a refresh token and its answer, nobody comes in again: it says so, and no law of loss, values,
/// dead letters or rollback is held against it. These seeds were alarms once.
#[test]
fn who_was_locked_out_by_a_crash_is_not_blamed_for_what_he_could_not_do() {
    let (plan, systems) = plans::refreshing();
    for (code, seed) in [
        ("crash-anywhere", 1_747_724_780_507_011),
        ("cursor-expired", 2_847_945_962_936_769),
        ("refresh-rotates", 1_784_555_772_283_965),
        ("crash-with-dead-letter", 4_199_323_810_064_563),
        ("rollback-interrupted", 371_334_869_428_250),
        ("rollback-interrupted", 3_752_864_091_031_137),
    ] {
        let options = DrillOptions { seed, schedules: 1, only: Some(code.to_owned()), ..DrillOptions::default() };
        let matrix = run_drills(&plan, &systems, &RealConnector, &options, &mut |_| {}).unwrap();
        let failed = matrix.rows.iter().flat_map(|r| &r.failures).map(|f| &f.because).collect::<Vec<_>>();
        assert!(failed.is_empty(), "{code} {seed}: {failed:?}");
        if code == "rollback-interrupted" {
            continue;
        }
        // One that claims success all the same is blamed.
        let matrix = run_drills(&plan, &systems, &Boasting, &options, &mut |_| {}).unwrap();
        assert_eq!(matrix.rows[0].verdict, Verdict::Fail, "{code} {seed}: {:?}", matrix.rows);
    }
}

/// Our connector, which calls every run a success.
struct Boasting;

#[async_trait::async_trait]
impl Subject for Boasting {
    async fn run(&self, plan: &Plan, world: &World) -> Report {
        Report { verdict: Verdict::Pass, stopped: None, ..run_once(plan, world).await }
    }
}

#[test]
fn the_time_that_an_hmac_signs_is_drilled() {
    let (plan, systems) = plans::hooks_by_hmac_with_time();
    for code in ["webhook-replayed", "webhook-clock-skew", "webhook-forged", "webhook-body-altered"] {
        let options = DrillOptions { seed: 3, schedules: 20, only: Some(code.to_owned()), ..DrillOptions::default() };
        let matrix = run_drills(&plan, &systems, &RealConnector, &options, &mut |_| {}).unwrap();
        assert_eq!((matrix.rows.len(), matrix.verdict), (1, Verdict::Pass), "{code}");
    }
}

#[test]
fn the_same_seed_plays_the_same_bytes() {
    for (plan, systems) in [plans::billing_to_crm(), plans::payments_to_ledger()] {
        for code in ["happy-path", "burst-503", "crash-anywhere", "rate-limited-date", "equal-timestamps"] {
            let seed = seed_of(5, code, 3);
            let play = || replay(&plan, &systems, &Naive(Bug::None), code, seed).unwrap();
            let first = play();
            assert_eq!(first, play());
            assert!(first.lines().count() > 20, "{first}");
        }
        let other = |seed| replay(&plan, &systems, &Naive(Bug::None), "happy-path", seed).unwrap();
        assert_ne!(other(1), other(2));
    }
}

#[test]
fn results_do_not_depend_on_who_finishes_first() {
    let bench = plans::payments_to_ledger();
    let both =
        || (drill(&bench, Bug::CountsAttempts, 6, None), drill(&bench, Bug::CountsAttempts, 6, Some("burst-503")));
    let ((a, alone), (b, _)) = (both(), both());
    assert_eq!(a, b);
    // One drill alone plays the same schedules.
    assert_eq!(a.rows.iter().find(|r| r.code == "burst-503"), alone.rows.first());
}

#[test]
fn progress_is_told_in_the_order_of_the_catalogue() {
    let (plan, systems) = plans::payments_to_ledger();
    let mut told = Vec::new();
    let options = DrillOptions { schedules: 2, ..DrillOptions::default() };
    let matrix = run_drills(&plan, &systems, &Naive(Bug::None), &options, &mut |p| told.push(p)).unwrap();
    assert_eq!(told[0], Progress::Planned { drills: matrix.rows.len(), schedules: matrix.schedules_total });
    let codes: Vec<&str> =
        told.iter().filter_map(|p| if let Progress::Finished { code, .. } = p { Some(*code) } else { None }).collect();
    assert_eq!(codes, matrix.rows.iter().map(|r| r.code).collect::<Vec<_>>());
}

#[test]
fn drills_that_are_stopped_end_between_schedules_and_give_no_matrix() {
    let (plan, systems) = plans::payments_to_ledger();
    let stop = Stop::default().below();
    let options = DrillOptions { schedules: 10_000, stop: stop.clone(), ..DrillOptions::default() };
    let said = run_drills(&plan, &systems, &Naive(Bug::None), &options, &mut |_| stop.set()).unwrap_err();
    assert_eq!(said, "stopped before all drills had run");
}

/// The value table of the second example, cut down to what is given.
fn with_kinds(table: &str) -> Bench {
    plans::example("payments-to-ledger", |text| {
        let whole = "{charge: sale, refund: refund, dispute: chargeback, payout: payout}";
        assert!(text.contains(whole));
        *text = text.replace(whole, table);
    })
}

#[test]
fn what_did_not_happen_proves_nothing() {
    // No record can be mapped, so none is written, so no write can be lost.
    let matrix = drill(&with_kinds("{nothing: sale}"), Bug::None, 3, Some("committed-then-503"));
    let row = &matrix.rows[0];
    assert_eq!((row.verdict, row.fired, row.failed), (Verdict::Unproven, 0, 0), "{:?}", row.failures);
    assert_eq!(matrix.verdict, Verdict::Unproven);

    let matrix = drill(&plans::payments_to_ledger(), Bug::None, 3, Some("token-expires-midway"));
    assert_eq!((matrix.rows.len(), matrix.verdict), (0, Verdict::Unproven));
    assert_eq!(matrix.not_applicable[0].1, "neither system hands out tokens");
}

#[test]
fn a_mapping_that_is_not_total_is_a_caveat() {
    let matrix = drill(&with_kinds("{charge: sale, refund: refund}"), Bug::None, 6, Some("happy-path"));
    let row = &matrix.rows[0];
    assert_eq!((row.verdict, row.failed), (Verdict::Partial, 0), "{:?}", row.failures);
    assert!(row.caveats[0].contains("kind"), "{:?}", row.caveats);
    assert!(matrix.reconciliation.rejected > 0);
}

#[test]
fn what_cannot_be_drilled_says_why() {
    let (plan, mut systems) = plans::payments_to_ledger();
    let options = DrillOptions { only: Some("hapy-path".to_owned()), ..DrillOptions::default() };
    let unknown = run_drills(&plan, &systems, &Naive(Bug::None), &options, &mut |_| {}).unwrap_err();
    assert_eq!(unknown, "there is no drill hapy-path; did you mean \"happy-path\"?");
    systems.clear();
    let lacking = run_drills(&plan, &systems, &Naive(Bug::None), &DrillOptions::default(), &mut |_| {}).unwrap_err();
    assert_eq!(lacking, "system payline is not known");
}

#[test]
fn a_failure_is_told_as_the_smallest_schedule_that_breaks_the_same_rule() {
    let (plan, systems) = plans::billing_to_crm();
    let tell = |bug, code, seed| replay(&plan, &systems, &Naive(bug), code, seed).unwrap();
    let told = tell(Bug::CreatesAgain, "committed-then-503", 3);
    assert!(told.contains("1 record, 1 fault, shrunk from"), "{told}");
    insta::assert_snapshot!(told);
    // A crash is moved to the first step that will do.
    let matrix = drill(&plans::stock_to_market(), Bug::BatchDoneFirst, 12, Some("crash-in-batch"));
    let failure = &matrix.rows[0].failures[0];
    assert!(failure.size.starts_with("1 record, 0 faults, 1 crash, shrunk from"), "{}", failure.size);
    assert!(failure.trace.contains("violated: lost: 1 of 1"), "{}", failure.trace);
    assert!(failure.because.contains("lost: "), "what is told of the seed is what its whole schedule broke");
}
