//! Keys of 64 bits: who reads numbers as doubles takes two records for one, and the happy path shows it. Keys that a contract names
//! alone.

use std::sync::Arc;

use platform_integration::connector::{Plan, Report, Request, Response, Transport, TransportError, World, run_once};
use platform_integration::evidence::Verdict;
use platform_integration::lab::{DrillOptions, RealConnector, Subject, run_drills};

use super::plans;

/// Our connector, reading as a language does whose numbers are all doubles.
struct ByDoubles;

struct Doubles(Arc<dyn Transport>);

#[async_trait::async_trait]
impl Transport for Doubles {
    async fn send(&self, system: &str, request: Request) -> Result<Response, TransportError> {
        let mut response = self.0.send(system, request).await?;
        if let Ok(text) = std::str::from_utf8(&response.body) {
            response.body = text.replace("9007199254740993", "9007199254740992").into();
        }
        Ok(response)
    }
}

#[async_trait::async_trait]
impl Subject for ByDoubles {
    async fn run(&self, plan: &Plan, world: &World) -> Report {
        run_once(plan, &World { transport: Arc::new(Doubles(Arc::clone(&world.transport))), ..world.clone() }).await
    }
}

fn verdict(subject: &dyn Subject) -> (Verdict, String) {
    let (plan, systems) = plans::issues_to_tickets();
    let only = Some("happy-path".to_owned());
    let options = DrillOptions { schedules: 1, only, shrink: false, ..DrillOptions::default() };
    let matrix = run_drills(&plan, &systems, subject, &options, &mut |_| {}).unwrap();
    let because = matrix.rows[0].failures.first().map(|f| f.because.clone()).unwrap_or_default();
    (matrix.verdict, because)
}

#[test]
fn two_keys_that_are_one_double_are_two_records() {
    assert_eq!(verdict(&RealConnector), (Verdict::Pass, String::new()));
    let (verdict, because) = verdict(&ByDoubles);
    assert_eq!(verdict, Verdict::Fail);
    assert!(because.contains("9007199254740993"), "{because}");
}

#[test]
fn records_are_kept_under_the_key_of_the_contract_where_the_description_names_none() {
    let (plan, systems) = plans::roster();
    let only = Some("happy-path".to_owned());
    let options = DrillOptions { schedules: 2, only, ..DrillOptions::default() };
    let matrix = run_drills(&plan, &systems, &RealConnector, &options, &mut |_| {}).unwrap();
    assert_eq!(matrix.verdict, Verdict::Pass);
    assert!(matrix.reconciliation.written > 0, "{:?}", matrix.reconciliation);
}

#[test]
fn records_that_no_field_of_their_own_tells_apart_are_refused_and_not_drilled_in_vain() {
    let (mut plan, systems) = plans::roster();
    plan.source.key = vec!["card".to_owned(), "number".to_owned()];
    let error = run_drills(&plan, &systems, &RealConnector, &DrillOptions::default(), &mut |_| {}).unwrap_err();
    assert!(error.to_string().contains("source.key card.number"), "{error}");
}
