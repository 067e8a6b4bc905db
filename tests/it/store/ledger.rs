//! The connector's memory.

use platform_integration::evidence::{
    Checkpoint, DeadLetter, DeadState, Effect, EffectState, Ledger, MemoryLedger, RunRecord,
};

use super::*;

fn both_ledgers(test: impl Fn(&dyn Ledger)) {
    test(&MemoryLedger::default());
    let place = Place::new();
    test(&place.open());
}

#[test]
fn checkpoints_and_effects_are_kept_by_flow_and_replaced() {
    both_ledgers(|ledger| {
        assert_eq!(ledger.checkpoint("a").unwrap(), Checkpoint::default());
        let first = Checkpoint { watermark: Some("1".into()), cursor: Some("c".into()), pending_watermark: None };
        let second = Checkpoint { watermark: Some("2".into()), cursor: None, pending_watermark: Some("3".into()) };
        ledger.set_checkpoint("a", &first).unwrap();
        ledger.set_checkpoint("a", &second).unwrap();
        assert_eq!(ledger.checkpoint("a").unwrap(), second);
        assert_eq!(ledger.checkpoint("b").unwrap(), Checkpoint::default());

        let intended = Effect {
            key: "cus_1".into(),
            digest: "sha256:1".into(),
            version: Some("7".into()),
            idempotency_key: "k-1".into(),
            target_id: None,
            state: EffectState::Intended,
        };
        let done = Effect { target_id: Some("c-9".into()), state: EffectState::Done, ..intended.clone() };
        ledger.put_effect("a", &intended).unwrap();
        assert_eq!(ledger.effect("a", "cus_1").unwrap(), Some(intended));
        ledger.put_effect("a", &done).unwrap();
        assert_eq!(ledger.effect("a", "cus_1").unwrap(), Some(done));
        assert_eq!(ledger.effect("b", "cus_1").unwrap(), None);
    });
}

#[test]
fn a_dead_letter_is_replaced_while_it_waits_and_kept_once_settled() {
    both_ledgers(|ledger| {
        let letter = DeadLetter {
            id: 0,
            flow: "a".into(),
            key: "cus_1".into(),
            code: "unmappable".into(),
            because: "unknown value".into(),
            payload: json!({"id": "cus_1", "amount": 10}),
            attempts: 1,
            at: Timestamp(5),
            state: DeadState::Waiting,
        };
        let first = ledger.bury(&letter).unwrap();
        let second = ledger.bury(&DeadLetter { attempts: 2, ..letter.clone() }).unwrap();
        assert_eq!(ledger.dead_letters(None).unwrap(), [DeadLetter { id: second, attempts: 2, ..letter.clone() }]);
        assert!(first > 0 && second > 0);
        ledger.absolve("a", "cus_1", DeadState::Replayed).unwrap();
        ledger.absolve("a", "cus_1", DeadState::Dropped).unwrap();
        let third = ledger.bury(&letter).unwrap();
        let other = ledger.bury(&DeadLetter { flow: "b".into(), ..letter.clone() }).unwrap();
        let states: Vec<(u64, DeadState)> =
            ledger.dead_letters(None).unwrap().into_iter().map(|l| (l.id, l.state)).collect();
        assert_eq!(states, [(second, DeadState::Replayed), (third, DeadState::Waiting), (other, DeadState::Waiting)]);
        assert_eq!(ledger.dead_letters(Some("b")).unwrap().len(), 1);
    });
}

#[test]
fn runs_are_listed_newest_first_and_end_in_place() {
    both_ledgers(|ledger| {
        let run = |id: &str, started: i64| RunRecord {
            id: id.into(),
            flow: "a".into(),
            started: Timestamp(started),
            ended: None,
            verdict: "UNPROVEN".into(),
            counts: "{}".into(),
        };
        ledger.put_run(&run("r1", 1)).unwrap();
        ledger.put_run(&run("r2", 2)).unwrap();
        let ended = RunRecord { ended: Some(Timestamp(9)), verdict: "PASS".into(), ..run("r2", 2) };
        ledger.put_run(&ended).unwrap();
        assert_eq!(ledger.runs(10).unwrap(), [ended.clone(), run("r1", 1)]);
        assert_eq!(ledger.runs(1).unwrap(), [ended]);
    });
}

#[test]
fn the_ledger_survives_its_process() {
    let place = Place::new();
    {
        let ledger = place.open();
        ledger.set_checkpoint("a", &Checkpoint { cursor: Some("c".into()), ..Checkpoint::default() }).unwrap();
    }
    assert_eq!(place.open().checkpoint("a").unwrap().cursor.as_deref(), Some("c"));
}
