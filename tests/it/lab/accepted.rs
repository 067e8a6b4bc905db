//! A target that answers 202: what it took counts as written once it is seen there, and not before (RFC 9110 section 15.3.3).

use platform_integration::evidence::Verdict;
use platform_integration::lab::{DrillOptions, Matrix, RealConnector, Subject, run_drills};

use super::broken::Trusting;
use super::plans;

fn drill(subject: &dyn Subject, only: Option<&str>) -> Matrix {
    let (plan, systems) = plans::accepted();
    let options = DrillOptions { seed: 3, schedules: 6, only: only.map(str::to_owned), ..DrillOptions::default() };
    run_drills(&plan, &systems, subject, &options, &mut |_| {}).unwrap()
}

#[test]
fn the_connector_that_we_ship_looks_after_what_was_taken() {
    let matrix = drill(&RealConnector, None);
    for row in &matrix.rows {
        let why = row.failures.first().map(|f| format!("{}\nseed {}\n{}", f.because, f.seed, f.trace));
        assert_eq!(row.verdict, Verdict::Pass, "{}: fired {} {}", row.code, row.fired, why.unwrap_or_default());
    }
    assert!(matrix.rows.iter().any(|r| r.code == "accepted-then-failed"), "{:?}", matrix.not_applicable);
}

#[test]
fn a_connector_that_takes_202_for_done_is_caught() {
    let matrix = drill(&Trusting, Some("accepted-then-failed"));
    assert_eq!(matrix.verdict, Verdict::Fail, "{:?}", matrix.rows);
    let because = &matrix.rows[0].failures[0].because;
    assert!(because.contains("lost") || because.contains("dead letters"), "{because}");
}

#[test]
fn where_no_write_is_answered_202_the_drill_does_not_apply() {
    let (plan, systems) = plans::search();
    let options = DrillOptions { only: Some("accepted-then-failed".to_owned()), ..DrillOptions::default() };
    let matrix = run_drills(&plan, &systems, &RealConnector, &options, &mut |_| {}).unwrap();
    assert_eq!(matrix.not_applicable[0].1, "no write of it is described to answer 202");
}
