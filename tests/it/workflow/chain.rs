//! What rests on what, and the path by which a change makes the rest stale.

use platform_integration::workflow::approvals::What;
use platform_integration::workflow::chain::{RESTS_ON, Step, chain, rests_on};
use platform_integration::workflow::record::{Approved, Binds, Channel, ConstraintRecorded, Decision};
use platform_integration::workflow::{GONE, RowState};

use super::log::{ALL_PASS, Log, inferred};

fn page(log: &Log) -> String {
    chain(&log.facts()).iter().map(|row| format!("{row}\n")).collect()
}

fn ids() -> ConstraintRecorded {
    inferred("ids-stable", "a customer's id never changes")
}

/// Everything done once, in order.
fn whole() -> Log {
    let mut log = Log::default();
    log.both().put(&ids()).check("c1", 0, &[ids()]).decide(&ids(), Decision::Confirmed, Channel::Terminal);
    log.scaffold().drill("c1", 7, ALL_PASS).assessed().exported();
    log
}

#[test]
fn a_link_comes_after_what_it_rests_on() {
    for (at, (step, on)) in RESTS_ON.iter().enumerate() {
        assert!(RESTS_ON[at + 1..].iter().all(|(later, _)| later != step && !on.contains(later)), "{step:?}");
        assert_eq!(rests_on(*step), *on);
    }
}

#[test]
fn nothing_done_is_nothing_there() {
    insta::assert_snapshot!(page(&Log::default()), @r#"
system-mapped is missing: no system is mapped
contract-checked is missing: no contract was checked
drills-run is missing: nothing is drilled
readiness-assessed is missing: nothing is assessed
dossier-exported is missing: nothing is written
"#);
}

#[test]
fn what_was_done_in_order_stands() {
    insta::assert_snapshot!(page(&whole()), @r#"
system-mapped billing (event 1) stands: apis/billing.yaml sha256:billing
system-mapped crm (event 2) stands: apis/crm.yaml sha256:crm
constraints-confirmed (event 5) stands: a person settled 1 of 1 inferred constraint
contract-checked integration.yaml (event 4) stands: c1, 0 errors
connector-scaffolded connector (event 6) stands: for c1
drills-run (event 7) stands: 1 run
readiness-assessed (event 8) stands: it weighed what there is now
dossier-exported (event 9) stands: it weighed what there is now
"#);
}

#[test]
fn a_contract_changed_after_its_drills_makes_all_that_rested_on_it_stale() {
    let mut log = whole();
    log.now = Some("c2".to_owned());
    insta::assert_snapshot!(page(&log), @r#"
system-mapped billing (event 1) stands: apis/billing.yaml sha256:billing
system-mapped crm (event 2) stands: apis/crm.yaml sha256:crm
constraints-confirmed (event 5) stands: a person settled 1 of 1 inferred constraint
contract-checked integration.yaml (event 4) is stale: integration.yaml changed (c1 → c2) after contract-checked (event 4)
connector-scaffolded connector (event 6) is stale: it rests on contract-checked integration.yaml (event 4), which is stale: integration.yaml changed (c1 → c2) after contract-checked (event 4)
drills-run (event 7) is stale: integration.yaml changed (c1 → c2) after contract-checked (event 4)
readiness-assessed (event 8) is stale: it rests on contract-checked integration.yaml (event 4), which is stale: integration.yaml changed (c1 → c2) after contract-checked (event 4)
dossier-exported (event 9) is stale: it rests on contract-checked integration.yaml (event 4), which is stale: integration.yaml changed (c1 → c2) after contract-checked (event 4)
"#);
    log.check("c2", 0, &[ids()]);
    insta::assert_snapshot!(page(&log), @r#"
system-mapped billing (event 1) stands: apis/billing.yaml sha256:billing
system-mapped crm (event 2) stands: apis/crm.yaml sha256:crm
constraints-confirmed (event 5) stands: a person settled 1 of 1 inferred constraint
contract-checked integration.yaml (event 10) stands: c2, 0 errors
connector-scaffolded connector (event 6) is stale: integration.yaml changed (c1 → c2) and was checked again (event 10)
drills-run (event 7) is stale: integration.yaml changed (c1 → c2) after drills-run (event 7), and was checked as it is now at event 10
readiness-assessed (event 8) is stale: it rests on drills-run (event 7), which is stale: integration.yaml changed (c1 → c2) after drills-run (event 7), and was checked as it is now at event 10
dossier-exported (event 9) is stale: it rests on drills-run (event 7), which is stale: integration.yaml changed (c1 → c2) after drills-run (event 7), and was checked as it is now at event 10
"#);
    log.now = Some("c1".to_owned());
    log.check("c1", 0, &[ids()]);
    let rows = chain(&log.facts());
    let drills = rows.iter().find(|r| r.step == Step::Drills).unwrap();
    assert_eq!(drills.state, RowState::Stale, "what was drilled before the detour was drilled before this check");
}

#[test]
fn a_description_changed_on_disk_is_noticed_without_mapping_it_again() {
    let mut log = whole();
    log.files = [("apis/crm.yaml".to_owned(), "sha256:0123456789abcdef".to_owned())].into();
    insta::assert_snapshot!(page(&log), @r#"
system-mapped billing (event 1) stands: apis/billing.yaml sha256:billing
system-mapped crm (event 2) is stale: apis/crm.yaml changed (sha256:crm → sha256:01234567…) after system-mapped (event 2)
constraints-confirmed (event 5) stands: a person settled 1 of 1 inferred constraint
contract-checked integration.yaml (event 4) is stale: apis/crm.yaml changed (sha256:crm → sha256:01234567…) after contract-checked (event 4)
connector-scaffolded connector (event 6) is stale: it rests on contract-checked integration.yaml (event 4), which is stale: apis/crm.yaml changed (sha256:crm → sha256:01234567…) after contract-checked (event 4)
drills-run (event 7) is stale: apis/crm.yaml changed (sha256:crm → sha256:01234567…) after contract-checked (event 4)
readiness-assessed (event 8) is stale: it rests on system-mapped crm (event 2), which is stale: apis/crm.yaml changed (sha256:crm → sha256:01234567…) after system-mapped (event 2)
dossier-exported (event 9) is stale: it rests on system-mapped crm (event 2), which is stale: apis/crm.yaml changed (sha256:crm → sha256:01234567…) after system-mapped (event 2)
"#);
    log.files = [("apis/crm.yaml".to_owned(), GONE.to_owned())].into();
    let rows = chain(&log.facts());
    insta::assert_snapshot!(rows[1], @"system-mapped crm (event 2) is stale: apis/crm.yaml (sha256:crm) is gone since system-mapped (event 2)");
    log.files = [("apis/crm.yaml".to_owned(), "sha256:crm".to_owned())].into();
    assert!(chain(&log.facts()).iter().all(|r| r.state == RowState::Stands), "put back as it was");
}

#[test]
fn other_words_or_a_wider_reach_make_a_decision_stale_and_what_rests_on_it() {
    let mut log = whole();
    log.put(&inferred("ids-stable", "an id may be used again"));
    insta::assert_snapshot!(page(&log), @r#"
system-mapped billing (event 1) stands: apis/billing.yaml sha256:billing
system-mapped crm (event 2) stands: apis/crm.yaml sha256:crm
constraints-confirmed is missing: a person settled 0 of 1 inferred constraint
constraints-confirmed on ids-stable (event 5) is stale: "a customer's id never changes" became "an id may be used again" (event 10)
contract-checked integration.yaml (event 4) stands: c1, 0 errors
connector-scaffolded connector (event 6) is stale: it rests on constraints-confirmed on ids-stable (event 5), which is stale: "a customer's id never changes" became "an id may be used again" (event 10)
drills-run (event 7) stands: 1 run
readiness-assessed (event 8) is stale: it rests on constraints-confirmed on ids-stable (event 5), which is stale: "a customer's id never changes" became "an id may be used again" (event 10)
dossier-exported (event 9) is stale: it rests on constraints-confirmed on ids-stable (event 5), which is stale: "a customer's id never changes" became "an id may be used again" (event 10)
"#);

    let contacts = ConstraintRecorded { binds: Binds::parse(["flow:contacts"]).unwrap(), ..ids() };
    let wider = ConstraintRecorded { binds: Binds::parse(["flow:contacts", "flow:notes"]).unwrap(), ..ids() };
    let mut log = Log::default();
    log.put(&wider).decide(&wider, Decision::Confirmed, Channel::Terminal).put(&contacts);
    assert!(log.facts().constraints["ids-stable"].is_confirmed(), "of what was confirmed for more, less holds too");
    log.put(&ids());
    assert!(log.facts().constraints["ids-stable"].is_confirmed(), "who says nothing leaves the reach as it was");
    log.put(&wider);
    insta::assert_snapshot!(chain(&log.facts())[1], @"constraints-confirmed is missing: a person settled 0 of 1 inferred constraint");
}

#[test]
fn an_assessment_is_stale_once_anything_newer_came() {
    let mut log = whole();
    log.drill("c1", 8, ALL_PASS);
    insta::assert_snapshot!(page(&log).lines().rev().take(2).collect::<Vec<_>>().join("\n"), @r#"
dossier-exported (event 9) is stale: drills-run (event 10) came after it
readiness-assessed (event 8) is stale: drills-run (event 10) came after it
"#);
    log.assessed();
    let readiness = chain(&log.facts()).into_iter().find(|r| r.step == Step::Readiness).unwrap();
    assert_eq!(readiness.state, RowState::Stands);
}

#[test]
fn an_approval_is_stale_once_the_contract_or_a_description_changes() {
    let mut log = whole();
    let systems = [("billing", "sha256:billing"), ("crm", "sha256:crm")];
    log.put(&Approved {
        what: What::LiveRun,
        risk: None,
        name: "billing-to-crm".to_owned(),
        file: "integration.yaml".to_owned(),
        digest: "c1".to_owned(),
        systems: systems.map(|(name, digest)| (name.to_owned(), digest.to_owned())).into(),
        statement: String::new(),
        by: "mira".to_owned(),
        channel: Channel::Terminal,
        because: None,
        key: None,
        signature: None,
    });
    let line = |log: &Log| chain(&log.facts()).into_iter().find(|r| r.step == Step::Approval).unwrap().to_string();
    assert_eq!(line(&log), "approved live-run (event 10) stands: by mira through terminal");
    log.now = Some("c2".to_owned());
    let edited = "approved live-run (event 10) is stale: integration.yaml changed (c1 → c2) after approved (event 10)";
    assert_eq!(line(&log), edited);
    log.now = None;
    log.files = [("apis/crm.yaml".to_owned(), "sha256:newer".to_owned())].into();
    let described = "approved live-run (event 10) is stale: the description of crm changed (sha256:crm → sha256:newer) after approved (event 10)";
    assert_eq!(line(&log), described);
}

#[test]
fn a_newer_description_that_breaks_makes_all_that_rests_on_the_old_one_stale() {
    let mut log = whole();
    log.drift("crm", 2);
    insta::assert_snapshot!(page(&log));
}

#[test]
fn a_newer_description_that_breaks_nothing_leaves_everything_as_it_is() {
    let before = page(&whole());
    let mut log = whole();
    log.drift("crm", 0);
    assert_eq!(page(&log), before);
}

#[test]
fn the_newer_description_mapped_and_checked_stands() {
    let mut log = Log::default();
    log.both().drift("crm", 2).map_as("crm", "sha256:crm-2");
    assert!(!page(&log).contains("is stale"), "{}", page(&log));
}
