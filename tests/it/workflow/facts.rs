//! What events add up to.

use platform_integration::contract::ConstraintKind;
use platform_integration::evidence::{EventKind, Outcome};
use platform_integration::workflow::approvals::What;
use platform_integration::workflow::record::{Approved, Channel, ConstraintRecorded, Decision};
use platform_integration::workflow::{ConstraintState, Standing};
use serde_json::json;

use super::log::{ALL_PASS, Log, inferred};

fn state(log: &Log, id: &str) -> ConstraintState {
    log.facts().constraints[id].state
}

#[test]
fn an_approval_is_bound_to_the_words_that_were_approved() {
    let c = inferred("ids-stable", "a customer's id never changes");
    let mut log = Log::default();
    log.put(&c).decide(&c, Decision::Confirmed, Channel::Terminal);
    assert_eq!(state(&log, "ids-stable"), ConstraintState::Confirmed);
    log.put(&c);
    assert_eq!(state(&log, "ids-stable"), ConstraintState::Confirmed, "the same words again change nothing");
    let other = inferred("ids-stable", "a customer's id may be used again");
    log.put(&other);
    assert_eq!(state(&log, "ids-stable"), ConstraintState::Open, "the approval is stale");
    log.decide(&c, Decision::Confirmed, Channel::Terminal);
    assert_eq!(state(&log, "ids-stable"), ConstraintState::Open, "an answer to the old question");
}

#[test]
fn what_an_agent_reports_is_no_approval_and_undoes_none() {
    let c = inferred("ids-stable", "a customer's id never changes");
    let mut log = Log::default();
    log.put(&c).decide(&c, Decision::Confirmed, Channel::AgentReport);
    assert_eq!(state(&log, "ids-stable"), ConstraintState::Reported);
    assert!(log.facts().constraints["ids-stable"].waits_for_a_person());
    log.decide(&c, Decision::Rejected, Channel::Terminal).decide(&c, Decision::Confirmed, Channel::AgentReport);
    assert_eq!(state(&log, "ids-stable"), ConstraintState::Rejected);
}

#[test]
fn an_inferred_constraint_is_never_settled_by_a_place_that_is_there() {
    let c = inferred("ids-stable", "a customer's id never changes");
    let soft = ConstraintRecorded { kind: ConstraintKind::Soft, ..c.clone() };
    let stated = ConstraintRecorded { kind: ConstraintKind::Hard, origin: Some("billing#/x".to_owned()), ..c.clone() };
    let mut log = Log::default();
    log.put(&c).put(&soft);
    assert_eq!(log.facts().constraints["ids-stable"].kind, ConstraintKind::Inferred);
    log.check("c1", 0, std::slice::from_ref(&soft));
    assert_eq!(log.facts().constraints["ids-stable"].kind, ConstraintKind::Inferred, "nor in the file");
    log.put(&stated);
    assert_eq!(log.facts().constraints["ids-stable"].kind, ConstraintKind::Inferred, "nor by naming a place");
    let found = ConstraintRecorded { found: true, ..stated };
    log.put(&found);
    let fact = &log.facts().constraints["ids-stable"];
    assert_eq!((fact.kind, fact.called), (ConstraintKind::Inferred, Some(ConstraintKind::Hard)));
    assert!(fact.waits_for_a_person(), "that something is there does not say what");
    assert_eq!(
        fact.question(),
        "a customer's id never changes (was assumed, is called hard now, said to be stated at billing#/x: look whether it says so)"
    );
    log.decide(&found, Decision::Confirmed, Channel::Terminal);
    assert!(!log.facts().constraints["ids-stable"].waits_for_a_person());
    let other = ConstraintRecorded { says: "an id never changes, on weekdays".to_owned(), ..found };
    log.put(&other);
    assert!(log.facts().constraints["ids-stable"].waits_for_a_person(), "other words are not confirmed");
}

#[test]
fn what_was_inferred_does_not_come_back_as_something_stated() {
    let c = inferred("ids-stable", "a customer's id never changes");
    let hard = ConstraintRecorded {
        kind: ConstraintKind::Hard,
        says: "an id may be used again".to_owned(),
        origin: Some("billing#/x".to_owned()),
        found: true,
        ..c.clone()
    };
    let mut log = Log::default();
    log.both().check("c1", 0, std::slice::from_ref(&c)).decide(&c, Decision::Confirmed, Channel::Terminal);
    log.check("c2", 0, &[]);
    assert_eq!(log.facts().constraints.len(), 0, "confirmed and struck out, it is no concern any more");
    assert!(log.facts().would_wait(&hard));
    log.check("c3", 0, &[hard]);
    assert!(log.facts().constraints["ids-stable"].waits_for_a_person());
}

#[test]
fn what_a_contract_relies_on_without_a_word_waits_as_if_it_were_listed() {
    let c = inferred("billing-ids-stable", "the id of a record of billing never changes");
    let mut log = Log::default();
    log.both().check_assuming("c1", 0, &[], std::slice::from_ref(&c));
    let fact = &log.facts().constraints["billing-ids-stable"];
    assert!(fact.in_contract && fact.waits_for_a_person());
    // Stated as proposed, it is the same; a decision on it is a decision on both.
    log.decide(&c, Decision::Confirmed, Channel::Terminal).check("c2", 0, std::slice::from_ref(&c));
    assert!(log.facts().constraints["billing-ids-stable"].is_confirmed());
    log.check_assuming("c3", 0, &[], &[inferred("billing-ids-stable", "another id")]);
    assert!(log.facts().constraints["billing-ids-stable"].waits_for_a_person());
}

#[test]
fn constraints_of_a_contract_come_and_go_with_it() {
    let recorded = inferred("recorded", "one");
    let written = inferred("written", "two");
    let mut log = Log::default();
    log.both().put(&recorded).check("c1", 0, std::slice::from_ref(&written));
    let facts = log.facts();
    assert_eq!(facts.constraints.keys().collect::<Vec<_>>(), ["recorded", "written"]);
    assert!(!facts.constraints["recorded"].in_contract && facts.constraints["written"].in_contract);
    log.check("c2", 0, &[]);
    let facts = log.facts();
    assert_eq!(facts.constraints.keys().collect::<Vec<_>>(), ["recorded", "written"], "struck out is not settled");
    assert!(facts.constraints["written"].waits_for_a_person());
    log.decide(&written, Decision::Rejected, Channel::Terminal).check("c2", 0, &[]);
    let facts = log.facts();
    assert_eq!(facts.constraints["written"].state, ConstraintState::Rejected, "a rejection is not forgotten");
    assert!(!facts.constraints["written"].waits_for_a_person());
    log.check("c3", 0, std::slice::from_ref(&written));
    assert!(log.facts().constraints["written"].relied_on_though_rejected(), "it does not come back as if unsaid");
}

#[test]
fn a_check_stands_until_the_file_or_a_description_changes() {
    let mut log = Log::default();
    assert_eq!(log.facts().standing(), Standing::Never);
    log.both().check("c1", 0, &[]).drill("c1", 1, ALL_PASS);
    assert!(matches!(log.facts().standing(), Standing::Stands(_)));
    assert_eq!(log.facts().standing_drills().count(), 1);
    log.map("crm").check("c1", 0, &[]);
    assert_eq!(log.facts().standing_drills().count(), 1, "mapped and checked again, nothing changed");

    let mut file = log.clone();
    file.now = Some("c2".to_owned());
    let Standing::Stale { because, .. } = file.facts().standing() else { panic!("stands") };
    insta::assert_snapshot!(because, @"integration.yaml changed (c1 → c2) after contract-checked (event 6)");
    assert_eq!(file.facts().stale_drills(), 1);

    log.map_as("crm", "sha256:newer");
    let Standing::Stale { because, .. } = log.facts().standing() else { panic!("stands") };
    insta::assert_snapshot!(because, @"the description of crm changed (sha256:crm → sha256:newer) after contract-checked (event 6)");
    log.check("c1", 0, &[]);
    assert!(matches!(log.facts().standing(), Standing::Stands(_)));
    assert_eq!(log.facts().standing_drills().count(), 0, "drilled against the old description");
}

#[test]
fn refused_failed_and_unreadable_events_count_for_nothing() {
    let mut log = Log::default();
    log.raw(EventKind::SystemMapped, Outcome::Refused, json!({}));
    log.raw(EventKind::SystemMapped, Outcome::Fault, json!({}));
    log.raw(EventKind::SystemMapped, Outcome::Ok, json!({"name": 7}));
    let facts = log.facts();
    assert!(facts.systems.is_empty());
    assert_eq!((facts.refused, facts.unreadable, facts.last), (1, vec![3], 3));
}

fn risk_taken(log: &Log, systems: &[(&str, &str)]) -> Approved {
    Approved {
        what: What::AcceptRisk,
        risk: Some("ids-stable".to_owned()),
        name: "billing-to-crm".to_owned(),
        file: "integration.yaml".to_owned(),
        digest: log.facts().checks.last().unwrap().record.digest.clone(),
        systems: systems.iter().map(|(n, d)| ((*n).to_owned(), (*d).to_owned())).collect(),
        statement: "sha256:statement".to_owned(),
        by: "mira".to_owned(),
        channel: Channel::Signature,
        because: None,
        key: None,
        signature: None,
    }
}

#[test]
fn a_risk_is_taken_over_a_deferral_by_a_person_and_for_what_was_read_then() {
    const READ: [(&str, &str); 2] = [("billing", "sha256:billing"), ("crm", "sha256:crm")];
    let c = inferred("ids-stable", "a customer's id never changes");
    let waits = |log: &Log| log.facts().constraints["ids-stable"].waits_for_a_person();
    let listed = std::slice::from_ref(&c);
    let mut log = Log::default();
    log.both().check("c1", 0, listed).decide(&c, Decision::Deferred, Channel::Elicitation);
    assert!(waits(&log));
    let mut other = log.clone();
    other.put(&risk_taken(&log, &[READ[0], ("crm", "sha256:older")]));
    assert!(waits(&other), "of another description");
    let risk = risk_taken(&log, &READ);
    log.put(&risk);
    assert!(!waits(&log));
    let mut remapped = log.clone();
    remapped.map_as("crm", "sha256:newer").check("c1", 0, listed);
    assert!(waits(&remapped), "the same contract over another description");
    log.check("c1", 0, listed);
    assert!(!waits(&log), "checked again as it was");
    log.decide(&c, Decision::Deferred, Channel::Terminal);
    assert!(waits(&log), "put off again, the risk is another one");
    // What an agent says was put off was put off by nobody.
    let mut reported = Log::default();
    reported.both().check("c1", 0, listed).decide(&c, Decision::Deferred, Channel::AgentReport).put(&risk);
    assert!(waits(&reported));
}
