//! No state is a dead end: from every state of the facts, the call that a refusal or an answer names is allowed, and
//! following it arrives.

use platform_integration::contract::ConstraintKind;
use platform_integration::workflow::phases::{GATES, PHASES, TOOLS, next_call, standing};
use platform_integration::workflow::record::{Channel, ConstraintRecorded, Decision};
use platform_integration::workflow::{Ask, Facts, Proposal, Ruling, rule};

use super::log::{ALL_PASS, Log, inferred, session};

fn ruling(tool: &str, facts: &Facts) -> Ruling {
    let session = session();
    rule(&Ask { tool, facts, session: Some(&session), proposal: Proposal::Nothing })
}

/// Every combination that gates and guardrails tell apart.
fn states() -> Vec<Log> {
    let ids = inferred("ids-stable", "a customer's id never changes");
    let mut out = Vec::new();
    for systems in 0..=2 {
        for constraint in ["none", "open", "asked", "reported", "deferred", "confirmed", "rejected", "stated"] {
            for check in ["none", "drafted", "errors", "clean", "clean-listed", "stale", "remapped"] {
                for drill in ["none", "pass", "stale"] {
                    // Nothing is drilled that was not checked, nothing assessed that was not drilled.
                    if drill != "none" && ["none", "drafted"].contains(&check) {
                        continue;
                    }
                    for rest in [false, true].into_iter().take(if drill == "none" { 1 } else { 2 }) {
                        let mut log = Log::default();
                        for name in ["billing", "crm"].into_iter().take(systems) {
                            log.map(name);
                        }
                        if constraint != "none" {
                            log.put(&ids);
                        }
                        match constraint {
                            "asked" => _ = log.nobody_answers(&["ids-stable"]),
                            "reported" => _ = log.decide(&ids, Decision::Confirmed, Channel::AgentReport),
                            "deferred" => _ = log.decide(&ids, Decision::Deferred, Channel::Elicitation),
                            "confirmed" => _ = log.decide(&ids, Decision::Confirmed, Channel::Terminal),
                            "rejected" => _ = log.decide(&ids, Decision::Rejected, Channel::Terminal),
                            "stated" => {
                                let kind = ConstraintKind::Hard;
                                let origin = Some("billing#/x".to_owned());
                                log.put(&ConstraintRecorded { kind, origin, ..ids.clone() });
                            }
                            _ => {}
                        }
                        match check {
                            "drafted" => _ = log.draft(),
                            "errors" => _ = log.check("c1", 2, &[]),
                            "clean" | "stale" | "remapped" => _ = log.check("c1", 0, &[]),
                            "clean-listed" => _ = log.check("c1", 0, std::slice::from_ref(&ids)),
                            _ => {}
                        }
                        match drill {
                            "pass" => _ = log.drill("c1", 1, ALL_PASS),
                            "stale" => _ = log.drill("c0", 1, ALL_PASS),
                            _ => {}
                        }
                        match check {
                            "stale" => log.now = Some("c2".to_owned()),
                            "remapped" => _ = log.map_as("billing", "sha256:newer"),
                            _ => {}
                        }
                        if rest {
                            log.assessed().exported();
                        }
                        out.push(log);
                    }
                }
            }
        }
    }
    out
}

/// What a sensible agent brings about by making the call: it maps the system that is missing, repairs the contract
/// before it checks it, and a person answers where one is there.
fn make(tool: &str, log: &mut Log, person: bool) {
    let facts = log.facts();
    match tool {
        "map_system" => _ = log.map(if facts.systems.contains_key("billing") { "crm" } else { "billing" }),
        "confirm_constraints" => {
            let waiting: Vec<ConstraintRecorded> = facts.waiting().map(|c| c.record()).collect();
            for c in &waiting {
                if person {
                    log.decide(c, Decision::Confirmed, Channel::Elicitation);
                }
            }
            if !person {
                log.nobody_answers(&waiting.iter().map(|c| c.id.as_str()).collect::<Vec<_>>());
            }
        }
        "draft_contract" => _ = log.draft(),
        "check_contract" => {
            let digest = log.now.clone().unwrap_or_else(|| "c3".to_owned());
            log.check(&digest, 0, &[]);
        }
        "run_drills" => {
            let digest = facts.checks.last().unwrap().record.digest.clone();
            log.drill(&digest, 1, ALL_PASS);
        }
        "scaffold_connector" => _ = log.scaffold(),
        "assess_readiness" => _ = log.assessed(),
        "export_dossier" => _ = log.exported(),
        other => panic!("nothing calls {other}"),
    }
}

#[test]
fn every_refusal_names_a_call_that_is_allowed() {
    for log in states() {
        let facts = log.facts();
        for row in &TOOLS {
            if let Ruling::Refuse(refusal) = ruling(row.tool, &facts) {
                assert_eq!(ruling(refusal.next.tool, &facts), Ruling::Allow, "{} after {refusal}", row.tool);
                assert_eq!(refusal.next.arguments["session"], session().id);
            }
        }
    }
}

#[test]
fn following_refusals_opens_every_tool_where_a_person_answers() {
    for state in states() {
        for row in TOOLS.iter().filter(|row| !row.gates.is_empty()) {
            let mut log = state.clone();
            let mut steps = 0;
            while let Ruling::Refuse(refusal) = ruling(row.tool, &log.facts()) {
                make(refusal.next.tool, &mut log, true);
                steps += 1;
                assert!(steps < 10, "{} is not reached: {refusal}", row.tool);
            }
        }
    }
}

#[test]
fn following_refusals_opens_everything_but_building_where_nobody_answers() {
    for state in states() {
        for row in TOOLS.iter().filter(|row| !row.gates.is_empty() && row.tool != "scaffold_connector") {
            let mut log = state.clone();
            let mut steps = 0;
            while let Ruling::Refuse(refusal) = ruling(row.tool, &log.facts()) {
                make(refusal.next.tool, &mut log, false);
                steps += 1;
                assert!(steps < 10, "{} is not reached: {refusal}", row.tool);
            }
        }
    }
}

#[test]
fn following_the_next_call_ends_with_a_dossier_with_or_without_a_person() {
    for state in states() {
        for person in [true, false] {
            let mut log = state.clone();
            let mut trail = Vec::new();
            loop {
                let facts = log.facts();
                let next = next_call(&facts);
                assert_eq!(ruling(next.tool, &facts), Ruling::Allow, "{next}");
                trail.push(next.tool);
                if next.tool == "query_evidence" {
                    break;
                }
                make(next.tool, &mut log, person);
                assert!(trail.len() < 14, "{trail:?}");
            }
            let facts = log.facts();
            assert!(facts.standing_drills().count() > 0 && facts.readiness.is_some() && facts.dossier.is_some());
        }
    }
}

#[test]
fn building_is_refused_while_anything_inferred_waits() {
    for log in states() {
        let facts = log.facts();
        if facts.waiting().count() > 0 {
            assert!(matches!(ruling("scaffold_connector", &facts), Ruling::Refuse(_)));
        }
    }
}

#[test]
fn the_whole_way_is_the_one_the_skill_describes() {
    let mut log = Log::default();
    log.put(&inferred("ids-stable", "a customer's id never changes"));
    let mut trail = Vec::new();
    while next_call(&log.facts()).tool != "query_evidence" {
        let next = next_call(&log.facts());
        trail.push(next.to_string());
        make(next.tool, &mut log, true);
    }
    insta::assert_snapshot!(trail.join("\n"), @r#"
map_system {"session":"s-20261123-k7m2qd","name":"NAME","api":"PATH OF ITS API DESCRIPTION"}
map_system {"session":"s-20261123-k7m2qd","name":"NAME","api":"PATH OF ITS API DESCRIPTION"}
confirm_constraints {"session":"s-20261123-k7m2qd"}
draft_contract {"session":"s-20261123-k7m2qd","source":"billing","target":"crm"}
check_contract {"session":"s-20261123-k7m2qd","contract":"integration.yaml"}
run_drills {"session":"s-20261123-k7m2qd","contract":"integration.yaml"}
assess_readiness {"session":"s-20261123-k7m2qd"}
export_dossier {"session":"s-20261123-k7m2qd","out":"dossier"}
"#);
}

#[test]
fn the_table_names_each_thing_once() {
    let unique = |mut names: Vec<&str>| {
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
    };
    unique(TOOLS.iter().map(|row| row.tool).collect());
    unique(GATES.iter().map(|gate| gate.code).collect());
    assert_eq!(PHASES.iter().map(|row| row.phase).collect::<Vec<_>>(), platform_integration::evidence::Phase::ALL);
    let open: Vec<bool> = standing(&Log::default().facts()).into_iter().map(|(_, shut)| shut.is_none()).collect();
    assert_eq!(open, [true, false, false, false]);
    for row in &TOOLS {
        assert!(row.tool.len() <= 24 && row.tool.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{}", row.tool);
    }
}
