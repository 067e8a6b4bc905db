//! Deletions in the lab: the connector that carries them over passes; those that forget them or are rash are in `broken.rs`.

use platform_integration::connector::DeletesPlan;
use platform_integration::evidence::Verdict;
use platform_integration::lab::{DrillOptions, Matrix, RealConnector, run_drills};

use super::plans::{self, Bench};

fn drill(bench: &Bench) -> Matrix {
    let options = DrillOptions { seed: 3, schedules: 8, ..DrillOptions::default() };
    run_drills(&bench.0, &bench.1, &RealConnector, &options, &mut |_| {}).unwrap()
}

#[test]
fn the_connector_that_we_ship_carries_deletions_over() {
    for bench in plans::deleting().into_iter().chain([plans::roster()]) {
        let matrix = drill(&bench);
        for row in &matrix.rows {
            let why = row.failures.first().map(|f| format!("{}\nseed {}\n{}", f.because, f.seed, f.trace));
            assert_eq!(row.verdict, Verdict::Pass, "{}: {}", row.code, why.unwrap_or_default());
        }
        let ran = |code: &str| matrix.rows.iter().any(|r| r.code == code);
        for code in ["deleted-at-source", "delete-fails", "restored-at-source"] {
            assert!(ran(code), "{:?}", matrix.not_applicable);
        }
        let sweeps = matches!(bench.0.source.deletes, DeletesPlan::Sweep { .. });
        assert_eq!(ran("sweep-after-partial-read"), sweeps);
    }
}

#[test]
fn what_the_contract_says_of_a_target_that_is_down_is_no_failure_of_the_connector() {
    for (from, to) in [
        ("fallback: hold", "fallback: spool"),
        ("fallback: hold", "fallback: skip"),
        ("drift: quarantine", "drift: freeze"),
    ] {
        let bench = plans::example("billing-to-crm", |text| {
            assert!(text.contains(from));
            *text = text.replace(from, to);
        });
        let matrix = drill(&bench);
        for row in &matrix.rows {
            let why = row.failures.first().map(|f| format!("{}\nseed {}\n{}", f.because, f.seed, f.trace));
            assert!(row.verdict != Verdict::Fail, "{to}: {}: {}", row.code, why.unwrap_or_default());
        }
    }
}
