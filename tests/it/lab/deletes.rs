//! Deletions in the lab: the connector that carries them over passes, one that forgets them or is rash is caught.

use platform_integration::connector::{DeletesPlan, Plan, Report, Request, Response, World, run_once};
use platform_integration::evidence::Verdict;
use platform_integration::lab::{DrillOptions, Matrix, RealConnector, Subject, run_drills};
use platform_integration::model::Method;

use super::plans::{self, Bench};

fn drill(bench: &Bench, subject: &dyn Subject, only: Option<&str>) -> Matrix {
    let options = DrillOptions { seed: 3, schedules: 8, only: only.map(str::to_owned), ..DrillOptions::default() };
    run_drills(&bench.0, &bench.1, subject, &options, &mut |_| {}).unwrap()
}

/// By the flag that the description has, and by another field with a value.
fn marked() -> Vec<Bench> {
    ["deletes: tombstone", "deletes: {by: tombstone, field: name, is: gone}"].map(plans::deletes).into()
}

#[test]
fn the_connector_that_we_ship_carries_deletions_over() {
    for bench in marked().into_iter().chain([plans::deletes("deletes: sweep")]) {
        let matrix = drill(&bench, &RealConnector, None);
        for row in &matrix.rows {
            let why = row.failures.first().map(|f| format!("{}\nseed {}\n{}", f.because, f.seed, f.trace));
            assert_eq!(row.verdict, Verdict::Pass, "{}: {}", row.code, why.unwrap_or_default());
        }
        let ran = |code: &str| matrix.rows.iter().any(|r| r.code == code);
        assert!(ran("deleted-at-source"), "{:?}", matrix.not_applicable);
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
        let matrix = drill(&bench, &RealConnector, None);
        for row in &matrix.rows {
            let why = row.failures.first().map(|f| format!("{}\nseed {}\n{}", f.because, f.seed, f.trace));
            assert!(row.verdict != Verdict::Fail, "{to}: {}: {}", row.code, why.unwrap_or_default());
        }
    }
}

/// Never deletes.
struct Forgetful;

#[async_trait::async_trait]
impl Subject for Forgetful {
    async fn run(&self, plan: &Plan, world: &World) -> Report {
        let mut plan = plan.clone();
        plan.source.deletes = DeletesPlan::Ignore;
        run_once(&plan, world).await
    }
}

/// Takes a list that ended in an error for a whole one.
struct Rash;

#[async_trait::async_trait]
impl Subject for Rash {
    async fn run(&self, plan: &Plan, world: &World) -> Report {
        let report = run_once(plan, world).await;
        let effects = world.ledger.effects_after(&plan.flow, None, 1).unwrap_or_default();
        let known = effects.first().and_then(|e| e.target_id.clone());
        if let (Some(_), Some(id)) = (&report.stopped, known) {
            let url = format!("{}/guests/{id}", plan.target.base_url);
            let delete = Request { method: Method::Delete, url, headers: Vec::new(), body: Vec::new().into() };
            let _: Result<Response, _> = world.transport.send(&plan.target.system, delete).await;
        }
        report
    }
}

#[test]
fn a_connector_that_forgets_deletions_or_is_rash_with_them_is_caught_by_the_drill_for_it() {
    for bench in marked().into_iter().chain([plans::deletes("deletes: sweep")]) {
        assert_eq!(drill(&bench, &Forgetful, Some("deleted-at-source")).verdict, Verdict::Fail);
    }
    let sweeping = plans::deletes("deletes: sweep");
    assert_eq!(drill(&sweeping, &Rash, Some("sweep-after-partial-read")).verdict, Verdict::Fail);
}
