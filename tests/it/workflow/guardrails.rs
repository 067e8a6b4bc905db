//! Every refusal, whole.

use platform_integration::contract::ConstraintKind;
use platform_integration::workflow::guardrails::ALL;
use platform_integration::workflow::record::{Channel, ConstraintRecorded, Decision, DecisionRecord};
use platform_integration::workflow::{Ask, Proposal, Ruling, rule};

use super::log::{Log, decided, inferred, session};

fn refused(log: &Log, tool: &str, proposal: Proposal<'_>) -> String {
    let session = session();
    match rule(&Ask { tool, facts: &log.facts(), session: Some(&session), proposal }) {
        Ruling::Allow => "allowed".to_owned(),
        Ruling::Refuse(refusal) => refusal.to_string(),
    }
}

fn ids() -> ConstraintRecorded {
    inferred("ids-stable", "a customer's id never changes")
}

#[test]
fn a_phase_is_not_entered_past_a_gate() {
    let mut log = Log::default();
    insta::assert_snapshot!(refused(&log, "draft_contract", Proposal::Nothing), @r#"
refused: phase-gate-unmet: draft_contract waits at gate systems-mapped: no system is mapped yet
looked at: no system-mapped in this session
next: map_system {"session":"s-20261123-k7m2qd","name":"NAME","api":"PATH OF ITS API DESCRIPTION"}
"#);
    log.map("billing");
    insta::assert_snapshot!(refused(&log, "draft_contract", Proposal::Nothing), @r#"
refused: phase-gate-unmet: draft_contract waits at gate systems-mapped: only billing is mapped; an integration has two sides
looked at: event 1: system-mapped billing, sha256:billing
next: map_system {"session":"s-20261123-k7m2qd","name":"NAME","api":"PATH OF ITS API DESCRIPTION"}
"#);
    log.map("crm");
    insta::assert_snapshot!(refused(&log, "run_drills", Proposal::Nothing), @r#"
refused: phase-gate-unmet: run_drills waits at gate contract-clean: no contract was checked in this session
looked at: no contract-checked in this session
next: draft_contract {"session":"s-20261123-k7m2qd","source":"billing","target":"crm"}
"#);
    log.draft();
    insta::assert_snapshot!(refused(&log, "export_dossier", Proposal::Nothing), @r#"
refused: phase-gate-unmet: export_dossier waits at gate contract-checked: the contract was drafted but never checked
looked at: event 3: contract-drafted integration.yaml; no contract-checked in this session
next: check_contract {"session":"s-20261123-k7m2qd","contract":"integration.yaml"}
"#);
    log.check("c1", 2, &[]);
    insta::assert_snapshot!(refused(&log, "run_drills", Proposal::Nothing), @r#"
refused: phase-gate-unmet: run_drills waits at gate contract-clean: integration.yaml has 2 errors (event 4); repair them from the top, then check again
looked at: event 4: contract-checked integration.yaml, c1, 2 errors
next: check_contract {"session":"s-20261123-k7m2qd","contract":"integration.yaml"}
"#);
    assert_eq!(refused(&log, "export_dossier", Proposal::Nothing), "allowed", "a dossier of what does not compile yet");
}

#[test]
fn nothing_is_built_on_what_no_person_has_settled() {
    let mut log = Log::default();
    let emails = inferred("email-stable", "an email stays");
    log.both().check("c1", 0, &[ids(), emails.clone()]);
    assert_eq!(refused(&log, "run_drills", Proposal::Nothing), "allowed", "drilling is safe");
    insta::assert_snapshot!(refused(&log, "scaffold_connector", Proposal::Nothing), @r#"
refused: phase-gate-unmet: scaffold_connector waits at gate inferred-settled: 2 inferred constraints not settled by a person: ids-stable, email-stable. First: ids-stable, "a customer's id never changes"
looked at: event 3: contract-checked ids-stable as inferred
next: confirm_constraints {"session":"s-20261123-k7m2qd"}; or a person types: platform-integration confirm --session s-20261123-k7m2qd
"#);
    log.decide(&ids(), Decision::Confirmed, Channel::AgentReport);
    insta::assert_snapshot!(refused(&log, "scaffold_connector", Proposal::Nothing), @r#"
refused: phase-gate-unmet: scaffold_connector waits at gate inferred-settled: 2 inferred constraints not settled by a person: ids-stable, email-stable. First: ids-stable, "a customer's id never changes"; that an agent reports it confirmed by mira is no approval
looked at: event 3: contract-checked ids-stable as inferred; event 4: constraints-confirmed ids-stable: reported
next: confirm_constraints {"session":"s-20261123-k7m2qd"}; or a person types: platform-integration confirm --session s-20261123-k7m2qd
"#);
    log.decide(&ids(), Decision::Deferred, Channel::Elicitation);
    insta::assert_snapshot!(refused(&log, "scaffold_connector", Proposal::Nothing), @r#"
refused: phase-gate-unmet: scaffold_connector waits at gate inferred-settled: 2 inferred constraints not settled by a person: ids-stable, email-stable. First: ids-stable, "a customer's id never changes"; it was put off by mira
looked at: event 3: contract-checked ids-stable as inferred; event 5: constraints-confirmed ids-stable: deferred
next: confirm_constraints {"session":"s-20261123-k7m2qd"}; or a person types: platform-integration confirm --session s-20261123-k7m2qd
"#);
    log.decide(&ids(), Decision::Rejected, Channel::Terminal);
    insta::assert_snapshot!(refused(&log, "scaffold_connector", Proposal::Nothing), @r#"
refused: phase-gate-unmet: scaffold_connector waits at gate inferred-settled: constraint ids-stable was rejected by mira, and integration.yaml still relies on it; take it out and change what rests on it
looked at: event 3: contract-checked ids-stable as inferred; event 6: constraints-confirmed ids-stable: rejected
next: check_contract {"session":"s-20261123-k7m2qd","contract":"integration.yaml"}
"#);
    log.check("c2", 0, &[]);
    // Struck out of the contract is not settled either.
    assert!(refused(&log, "scaffold_connector", Proposal::Nothing).contains("email-stable"));
    log.decide(&emails, Decision::Confirmed, Channel::Elicitation);
    assert_eq!(refused(&log, "scaffold_connector", Proposal::Nothing), "allowed");
}

#[test]
fn nothing_rests_on_a_check_of_something_else() {
    let mut log = Log::default();
    log.both().check("c1", 0, &[]);
    log.now = Some("c2".to_owned());
    insta::assert_snapshot!(refused(&log, "run_drills", Proposal::Nothing), @r#"
refused: contract-changed-since-check: integration.yaml changed (c1 → c2) after contract-checked (event 3)
looked at: event 3: contract-checked integration.yaml, c1, 0 errors
next: check_contract {"session":"s-20261123-k7m2qd","contract":"integration.yaml"}
"#);
    log.now = None;
    log.map_as("crm", "sha256:newer");
    insta::assert_snapshot!(refused(&log, "scaffold_connector", Proposal::Nothing), @r#"
refused: contract-changed-since-check: the description of crm changed (sha256:crm → sha256:newer) after contract-checked (event 3)
looked at: event 3: contract-checked integration.yaml, c1, 0 errors
next: check_contract {"session":"s-20261123-k7m2qd","contract":"integration.yaml"}
"#);
}

#[test]
fn a_system_must_be_mapped_before_it_is_named() {
    let mut log = Log::default();
    insta::assert_snapshot!(refused(&log, "inspect_system", Proposal::Systems(&["crm"])), @r#"
refused: system-not-mapped: system "crm" is not mapped in this session (none is)
looked at: no system-mapped in this session
next: map_system {"session":"s-20261123-k7m2qd","name":"crm","api":"PATH OF ITS API DESCRIPTION"}
"#);
    log.both();
    insta::assert_snapshot!(refused(&log, "draft_contract", Proposal::Systems(&["biling", "crm"])), @r#"
refused: system-not-mapped: system "biling" is not mapped in this session (mapped: billing, crm); did you mean "billing"?
looked at: event 1: system-mapped billing, sha256:billing; event 2: system-mapped crm, sha256:crm
next: inspect_system {"session":"s-20261123-k7m2qd","name":"billing"}
"#);
    assert_eq!(refused(&log, "draft_contract", Proposal::Systems(&["billing", "crm"])), "allowed");
}

#[test]
fn an_inferred_constraint_keeps_its_kind_until_a_person_confirms_it() {
    let mut log = Log::default();
    let hard = ConstraintRecorded { kind: ConstraintKind::Hard, ..ids() };
    insta::assert_snapshot!(refused(&log, "record_constraint", Proposal::Constraint(&hard)), @r#"
refused: hard-without-origin: constraint ids-stable is called hard but has no origin; give the place that states it ("system#/json/pointer", a document, a person), or record it as inferred
next: record_constraint {"session":"s-20261123-k7m2qd","id":"ids-stable","kind":"inferred","says":"a customer's id never changes"}
"#);
    log.put(&ids());
    let soft = ConstraintRecorded { kind: ConstraintKind::Soft, ..ids() };
    insta::assert_snapshot!(refused(&log, "record_constraint", Proposal::Constraint(&soft)), @r#"
refused: inferred-relabelled: constraint ids-stable is inferred and open; to call it soft, let a person confirm it first. A place in a mapped description ("system#/json/pointer") can be given as its origin, for the person to look at
looked at: event 1: constraint-recorded ids-stable as inferred
next: confirm_constraints {"session":"s-20261123-k7m2qd"}; or a person types: platform-integration confirm --session s-20261123-k7m2qd
"#);
    let told = ConstraintRecorded { origin: Some("the runbook".to_owned()), ..hard };
    insta::assert_snapshot!(refused(&log, "record_constraint", Proposal::Constraint(&told)), @r#"
refused: inferred-relabelled: constraint ids-stable is inferred and open; to call it hard, let a person confirm it first. A place in a mapped description ("system#/json/pointer") can be given as its origin, for the person to look at. What a document or a person is said to state is a report
looked at: event 1: constraint-recorded ids-stable as inferred
next: confirm_constraints {"session":"s-20261123-k7m2qd"}; or a person types: platform-integration confirm --session s-20261123-k7m2qd
"#);
    let stated = ConstraintRecorded { origin: Some("billing#/x".to_owned()), found: true, ..told };
    assert_eq!(refused(&log, "record_constraint", Proposal::Constraint(&stated)), "allowed");
    // Recorded for a person to look at, and no more.
    log.put(&stated).both().check("c1", 0, std::slice::from_ref(&stated));
    let waits = refused(&log, "scaffold_connector", Proposal::Nothing);
    assert!(waits.contains("1 inferred constraint not settled by a person: ids-stable"), "{waits}");
    log.decide(&ids(), Decision::Confirmed, Channel::Elicitation);
    assert_eq!(refused(&log, "scaffold_connector", Proposal::Nothing), "allowed");
    assert_eq!(refused(&log, "record_constraint", Proposal::Constraint(&soft)), "allowed", "confirmed on these words");
}

#[test]
fn an_agent_reports_a_decision_in_the_words_of_the_person_or_not_at_all() {
    let mut log = Log::default();
    log.put(&ids());
    let report = decided(&ids(), Decision::Confirmed, Channel::AgentReport);
    assert_eq!(refused(&log, "confirm_constraints", Proposal::Decisions(std::slice::from_ref(&report))), "allowed");
    let bare = DecisionRecord { quote: None, ..report.clone() };
    insta::assert_snapshot!(refused(&log, "confirm_constraints", Proposal::Decisions(&[bare])), @r#"
refused: approval-without-words: the decision on ids-stable does not say who decided and in which words; pass "by" and "quote" as the person said it, or let the person be asked
looked at: event 1: constraint-recorded ids-stable as inferred
next: confirm_constraints {"session":"s-20261123-k7m2qd"}; or a person types: platform-integration confirm --session s-20261123-k7m2qd
"#);
    log.decide(&ids(), Decision::Rejected, Channel::Terminal);
    insta::assert_snapshot!(refused(&log, "confirm_constraints", Proposal::Decisions(&[report])), @r#"
refused: person-overruled: mira rejected ids-stable (event 2, by terminal); a report that it was confirmed does not undo that
looked at: event 1: constraint-recorded ids-stable as inferred; event 2: constraints-confirmed ids-stable: rejected
next: confirm_constraints {"session":"s-20261123-k7m2qd"}; or a person types: platform-integration confirm --session s-20261123-k7m2qd
"#);
}

#[test]
fn an_agent_quotes_the_confidence_and_writes_none() {
    let mut log = Log::default();
    log.both().check("c1", 0, &[ids()]).drill("c1", 7, super::log::ALL_PASS);
    let notes = |text| refused(&log, "assess_readiness", Proposal::Notes(text));
    assert_eq!(notes("The vendor's sandbox was down twice."), "allowed");
    assert_eq!(notes("Confidence: 0.70 (ceiling: inference 0.70)"), "allowed");
    insta::assert_snapshot!(notes("All drills pass. Confidence: 0.93 (ceiling: observation 0.95)"), @r#"
refused: confidence-overstated: "Confidence: 0.93 (ceiling: observation 0.95)" claims observation, and the evidence reaches inference (0.70); the line to use is "Confidence: 0.70 (ceiling: inference 0.70)"
looked at: event 1: systems-mapped; event 2: systems-mapped; event 3: constraints-settled; event 4: writes-idempotent
next: assess_readiness {"session":"s-20261123-k7m2qd","notes":"All drills pass. Confidence: 0.70 (ceiling: inference 0.70)"}
"#);
    insta::assert_snapshot!(notes("I am 95% confident that this works."), @r#"
refused: confidence-overstated: "95% confident" is a number of nobody's computing; the line to use is "Confidence: 0.70 (ceiling: inference 0.70)"
looked at: event 1: systems-mapped; event 2: systems-mapped; event 3: constraints-settled; event 4: writes-idempotent
next: assess_readiness {"session":"s-20261123-k7m2qd","notes":"I am Confidence: 0.70 (ceiling: inference 0.70) that this works."}
"#);
    insta::assert_snapshot!(notes("[conf:0.9] ready"), @r#"
refused: confidence-overstated: "[conf:0.9]" is a marker, which no evidence stands behind; the line to use is "Confidence: 0.70 (ceiling: inference 0.70)"
looked at: event 1: systems-mapped; event 2: systems-mapped; event 3: constraints-settled; event 4: writes-idempotent
next: assess_readiness {"session":"s-20261123-k7m2qd","notes":"Confidence: 0.70 (ceiling: inference 0.70) ready"}
"#);
    insta::assert_snapshot!(notes("Confidence: 0.7 (ceiling: inference)"), @r#"
refused: confidence-overstated: "Confidence: 0.7 (ceiling: inference)" is not the line "Confidence: X.XX (ceiling: TYPE Y.YY)"; the line to use is "Confidence: 0.70 (ceiling: inference 0.70)"
looked at: event 1: systems-mapped; event 2: systems-mapped; event 3: constraints-settled; event 4: writes-idempotent
next: assess_readiness {"session":"s-20261123-k7m2qd","notes":"Confidence: 0.70 (ceiling: inference 0.70)"}
"#);
    insta::assert_snapshot!(refused(&log, "export_dossier", Proposal::Notes("confidence of 0.9")), @r#"
refused: confidence-overstated: "confidence of 0.9" is a number of nobody's computing; the line to use is "Confidence: 0.70 (ceiling: inference 0.70)"
looked at: event 1: systems-mapped; event 2: systems-mapped; event 3: constraints-settled; event 4: writes-idempotent
next: export_dossier {"session":"s-20261123-k7m2qd","notes":"Confidence: 0.70 (ceiling: inference 0.70)"}
"#);
    let says = "matches with confidence 0.8 or more are merged";
    let c = ConstraintRecorded { says: says.to_owned(), ..ids() };
    assert_eq!(refused(&log, "record_constraint", Proposal::Constraint(&c)), "allowed", "the system's own affair");
    let c = ConstraintRecorded { says: "ids are stable [conf:0.95]".to_owned(), ..ids() };
    insta::assert_snapshot!(refused(&log, "record_constraint", Proposal::Constraint(&c)), @r#"
refused: confidence-overstated: "[conf:0.95]" is a marker, which no evidence stands behind; the line to use is "Confidence: 0.70 (ceiling: inference 0.70)"
looked at: event 1: systems-mapped; event 2: systems-mapped; event 3: constraints-settled; event 4: writes-idempotent
next: record_constraint {"session":"s-20261123-k7m2qd","id":"ids-stable","kind":"inferred","says":"ids are stable"}
"#);
}

#[test]
fn a_confidence_is_found_as_it_will_be_read() {
    let mut log = Log::default();
    log.both().check("c1", 0, &[ids()]).drill("c1", 7, super::log::ALL_PASS);
    for hidden in [
        "Confi\u{ad}dence: 0.95 (ceiling: observation 0.95)",
        "Confi\u{0}dence: 0.95 (ceiling: observation 0.95)",
        "Con\u{200b}fidence: 0.95 (cei\u{2060}ling: observation 0.95)",
        "Confidence:\n0.95 (ceiling: observation 0.95)",
        "C\u{43e}nfidence: 0.95 (ceiling: observation 0.95)",
        "Ｃｏｎｆｉｄｅｎｃｅ: 0.95",
        "95% c\u{43e}nfident",
        "99% \u{455}ure",
    ] {
        let refused = refused(&log, "assess_readiness", Proposal::Notes(hidden));
        assert!(refused.starts_with("refused: confidence-overstated"), "{hidden:?}: {refused}");
    }
    let c = ConstraintRecorded { says: "ids are stable [c\u{43e}nf:0.95]".to_owned(), ..ids() };
    assert!(refused(&log, "record_constraint", Proposal::Constraint(&c)).contains("confidence-overstated"));
}

#[test]
fn a_stale_map_is_mapped_again_before_anything_is_drafted() {
    let mut log = Log::default();
    log.both();
    log.files = [("apis/crm.yaml".to_owned(), "sha256:newer".to_owned())].into();
    insta::assert_snapshot!(refused(&log, "draft_contract", Proposal::Nothing), @r#"
refused: phase-gate-unmet: draft_contract waits at gate systems-mapped: the map of crm is stale: apis/crm.yaml changed (sha256:crm → sha256:newer) after system-mapped (event 2)
looked at: event 1: system-mapped billing, sha256:billing; event 2: system-mapped crm, sha256:crm
next: map_system {"session":"s-20261123-k7m2qd","name":"crm","api":"apis/crm.yaml"}
"#);
}

#[test]
fn a_call_outside_any_session_has_no_phases() {
    let facts = Log::default().facts();
    assert_eq!(
        rule(&Ask { tool: "run_drills", facts: &facts, session: None, proposal: Proposal::Nothing }),
        Ruling::Allow
    );
}

#[test]
fn every_rule_has_a_code_of_its_own() {
    let mut codes: Vec<&str> = ALL.iter().map(|g| g.code).collect();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), ALL.len());
}
