//! Deletions in the lab: the connector that carries them over passes, one that forgets them or is rash is caught.

use std::sync::Arc;

use platform_integration::connector::{
    DELETED, DeletesPlan, Plan, Report, Request, Response, Transport, TransportError, World, run_once,
};
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
    for bench in marked().into_iter().chain([plans::deletes("deletes: sweep"), plans::roster()]) {
        let matrix = drill(&bench, &RealConnector, None);
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

/// Takes a deletion that failed for done.
struct Hasty;

/// Carries requests; every deletion is said to have been carried out.
struct AllGone(Arc<dyn Transport>);

#[async_trait::async_trait]
impl Transport for AllGone {
    async fn send(&self, system: &str, request: Request) -> Result<Response, TransportError> {
        let deletes = request.method == Method::Delete;
        let answer = self.0.send(system, request).await;
        let gone = || Response { status: 204, headers: Vec::new(), body: Vec::new().into() };
        if deletes { Ok(answer.ok().filter(|a| a.status < 500).unwrap_or_else(gone)) } else { answer }
    }
}

#[async_trait::async_trait]
impl Subject for Hasty {
    async fn run(&self, plan: &Plan, world: &World) -> Report {
        let deaf = World { transport: Arc::new(AllGone(Arc::clone(&world.transport))), ..world.clone() };
        run_once(plan, &deaf).await
    }
}

/// Takes a deletion that finds nothing for one that was refused.
struct Literal;

/// Carries requests; where nothing is left to be deleted that is an error.
struct NotThere(Arc<dyn Transport>);

#[async_trait::async_trait]
impl Transport for NotThere {
    async fn send(&self, system: &str, request: Request) -> Result<Response, TransportError> {
        let deletes = request.method == Method::Delete;
        let answer = self.0.send(system, request).await;
        answer.map(|a| if deletes && a.status == 404 { Response { status: 409, ..a } } else { a })
    }
}

#[async_trait::async_trait]
impl Subject for Literal {
    async fn run(&self, plan: &Plan, world: &World) -> Report {
        let deaf = World { transport: Arc::new(NotThere(Arc::clone(&world.transport))), ..world.clone() };
        run_once(plan, &deaf).await
    }
}

/// Takes what it has deleted once for deleted for ever.
struct Final;

/// Carries requests; what is to be made is said to have been made.
struct NeverAgain(Arc<dyn Transport>);

#[async_trait::async_trait]
impl Transport for NeverAgain {
    async fn send(&self, system: &str, request: Request) -> Result<Response, TransportError> {
        if request.method != Method::Post {
            return self.0.send(system, request).await;
        }
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        Ok(Response { status: 201, headers, body: br#"{"id": "made-once"}"#.to_vec().into() })
    }
}

#[async_trait::async_trait]
impl Subject for Final {
    async fn run(&self, plan: &Plan, world: &World) -> Report {
        let effects = world.ledger.effects_after(&plan.flow, None, 1000).unwrap_or_default();
        if effects.iter().all(|effect| effect.digest != DELETED) {
            return run_once(plan, world).await;
        }
        let deaf = World { transport: Arc::new(NeverAgain(Arc::clone(&world.transport))), ..world.clone() };
        run_once(plan, &deaf).await
    }
}

#[test]
fn a_connector_that_forgets_deletions_or_is_rash_with_them_is_caught_by_the_drill_for_it() {
    for bench in marked().into_iter().chain([plans::deletes("deletes: sweep")]) {
        assert_eq!(drill(&bench, &Forgetful, Some("deleted-at-source")).verdict, Verdict::Fail);
        assert_eq!(drill(&bench, &Hasty, Some("delete-fails")).verdict, Verdict::Fail);
        assert_eq!(drill(&bench, &Literal, Some("delete-fails")).verdict, Verdict::Fail);
        assert_eq!(drill(&bench, &Final, Some("restored-at-source")).verdict, Verdict::Fail);
    }
    let sweeping = plans::deletes("deletes: sweep");
    assert_eq!(drill(&sweeping, &Rash, Some("sweep-after-partial-read")).verdict, Verdict::Fail);
}
