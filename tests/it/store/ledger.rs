//! The connector's memory.

use platform_integration::evidence::{
    ALL_FLOWS, Attempted, Checkpoint, Closed, DeadLetter, DeadState, Effect, EffectState, Ledger, MemoryLedger, Pause,
    Received, RunRecord, Undo, UndoAct, UndoCounts,
};

use proptest::prelude::*;

use super::*;

fn both_ledgers(test: impl Fn(&dyn Ledger)) {
    test(&MemoryLedger::default());
    let place = Place::new();
    test(&place.open());
}

fn attempt(code: &str, at: i64) -> Attempted {
    Attempted { code: code.into(), status: 0, at: Timestamp(at) }
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
            mapping: Some("m-1".into()),
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
            history: vec![attempt("timeout", 1)],
            closed: None,
        };
        let first = ledger.bury(&letter).unwrap();
        let again = DeadLetter { attempts: 2, history: vec![attempt("rejected-by-target", 2)], ..letter.clone() };
        let second = ledger.bury(&again).unwrap();
        let history = vec![attempt("timeout", 1), attempt("rejected-by-target", 2)];
        assert_eq!(
            ledger.dead_letters(None).unwrap(),
            [DeadLetter { id: second, attempts: 2, history, ..letter.clone() }]
        );
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
            checkpoint: Some(Checkpoint { cursor: Some(id.into()), ..Checkpoint::default() }),
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

#[test]
fn an_event_is_kept_once_leaves_the_inbox_when_settled_and_stays_known() {
    both_ledgers(|ledger| {
        let event = |flow: &str, id: &str, n: i64| Received {
            flow: flow.into(),
            id: id.into(),
            at: Timestamp(n),
            payload: json!({"n": n, "exact": 12_345_678_901_234_567_890_u64}),
        };
        for (flow, id, new) in [("a", "e1", true), ("a", "e2", true), ("b", "e1", true), ("a", "e1", false)] {
            assert_eq!(ledger.receive(&event(flow, id, 7)).unwrap(), new, "{flow} {id}");
        }
        let waiting = ledger.inbox("a", 0, 10).unwrap();
        let ids = |waiting: &[platform_integration::evidence::Waiting]| {
            waiting.iter().map(|w| w.id.clone()).collect::<Vec<_>>()
        };
        assert_eq!(ids(&waiting), ["e1", "e2"]);
        assert_eq!(waiting[0].payload, event("a", "e1", 7).payload);
        assert_eq!(ids(&ledger.inbox("a", 0, 1).unwrap()), ["e1"]);
        assert_eq!(ids(&ledger.inbox("a", waiting[0].seq, 10).unwrap()), ["e2"]);
        // Another flow's event of the same id is another event.
        ledger.settle_inbox("a", &[waiting[0].seq]).unwrap();
        ledger.settle_inbox("b", &[waiting[1].seq]).unwrap();
        assert_eq!(ids(&ledger.inbox("a", 0, 10).unwrap()), ["e2"]);
        assert_eq!(ids(&ledger.inbox("b", 0, 10).unwrap()), ["e1"]);
        assert!(!ledger.receive(&event("a", "e1", 9)).unwrap(), "settled, and known all the same");
        assert!(ledger.inbox("c", 0, 10).unwrap().is_empty());
    });
}

#[test]
fn what_was_received_survives_its_process_without_what_is_settled() {
    let place = Place::new();
    let event = |id: &str| Received { flow: "a".into(), id: id.into(), at: Timestamp(1), payload: json!({"ssn": id}) };
    {
        let ledger = place.open();
        assert!(ledger.receive(&event("e1")).unwrap() && ledger.receive(&event("e2")).unwrap());
        let first = ledger.inbox("a", 0, 1).unwrap()[0].seq;
        ledger.settle_inbox("a", &[first]).unwrap();
    }
    let again = place.open();
    assert_eq!(again.inbox("a", 0, 10).unwrap().len(), 1);
    assert!(!again.receive(&event("e1")).unwrap());
    let kept: i64 =
        place.raw().query_row("SELECT count(*) FROM inbox WHERE payload LIKE '%ssn%'", [], |r| r.get(0)).unwrap();
    assert_eq!(kept, 1, "the payload goes when its record is settled");
}

fn effect(key: &str, state: EffectState) -> Effect {
    Effect {
        key: key.into(),
        digest: "sha256:1".into(),
        version: None,
        idempotency_key: "k-1".into(),
        target_id: None,
        state,
        mapping: None,
    }
}

fn undo(run: &str, key: &str) -> Undo {
    Undo {
        run: run.into(),
        flow: "a".into(),
        key: key.into(),
        act: UndoAct::Updated,
        target_id: Some("t-1".into()),
        before: Some(json!({"id": "t-1", "exact": 12_345_678_901_234_567_890_u64})),
        intends: Some(json!({"name": "new"})),
        wrote: None,
        at: Timestamp(5),
        undone: false,
    }
}

#[test]
fn the_undo_journal_keeps_what_was_there_before_a_run_by_key() {
    both_ledgers(|ledger| {
        for key in ["b", "a", "c"] {
            ledger.put_effect_undoable(&effect(key, EffectState::Intended), &undo("r1", key)).unwrap();
        }
        ledger.put_effect_undoable(&effect("a", EffectState::Intended), &undo("r2", "a")).unwrap();
        assert_eq!(ledger.effect("a", "b").unwrap(), Some(effect("b", EffectState::Intended)), "with its effect");
        let keys = |found: Vec<Undo>| found.into_iter().map(|u| u.key).collect::<Vec<_>>();
        assert_eq!(keys(ledger.undos("r1", "", 10).unwrap()), ["a", "b", "c"]);
        assert_eq!(keys(ledger.undos("r1", "a", 1).unwrap()), ["b"]);
        assert_eq!(ledger.undos("r1", "", 1).unwrap(), [undo("r1", "a")]);
        // Acknowledged, then written once more: what was there first stays.
        let done = Undo { intends: None, wrote: Some(json!({"name": "New"})), ..undo("r1", "a") };
        ledger.put_effect_undoable(&effect("a", EffectState::Done), &done).unwrap();
        let more =
            Undo { before: Some(json!({"name": "New"})), intends: Some(json!({"name": "newer"})), ..undo("r1", "a") };
        ledger.put_effect_undoable(&effect("a", EffectState::Intended), &more).unwrap();
        let both = Undo { intends: more.intends, wrote: done.wrote, ..undo("r1", "a") };
        assert_eq!(ledger.undos("r1", "", 1).unwrap().as_slice(), std::slice::from_ref(&both));
        // What the target refused was never written.
        ledger.refuse_undo("r1", "a").unwrap();
        ledger.refuse_undo("r1", "b").unwrap();
        assert_eq!(ledger.undos("r1", "", 1).unwrap(), [Undo { intends: None, ..both }]);
        assert_eq!(keys(ledger.undos("r1", "", 10).unwrap()), ["a", "c"]);

        let taken_back = effect("a", EffectState::Undone);
        ledger.undone("r1", "a", "a", Some(&taken_back)).unwrap();
        assert_eq!(ledger.effect("a", "a").unwrap(), Some(taken_back));
        assert_eq!(ledger.undo_counts("r1").unwrap(), UndoCounts { open: 1, undone: 1 });
        assert_eq!(ledger.undo_counts("nobody").unwrap(), UndoCounts::default());
    });
}

fn an_undo() -> impl Strategy<Value = Undo> {
    let acts = prop::sample::select(vec![UndoAct::Created, UndoAct::Updated, UndoAct::Replaced, UndoAct::Deleted]);
    let held = || prop::option::of((0..3_u8).prop_map(|n| json!({"name": n})));
    let id = prop::option::of((0..3_u8).prop_map(|n| format!("t-{n}")));
    (acts, id, held(), held(), held(), 0..9_i64, any::<bool>()).prop_map(
        |(act, target_id, before, intends, wrote, at, undone)| Undo {
            act,
            target_id,
            before,
            intends,
            wrote,
            at: Timestamp(at),
            undone,
            ..undo("r1", "k")
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// The file goes on with a line by one statement where it can; what stands there then is what [`Undo::then`] says.
    #[test]
    fn whatever_a_run_does_to_a_record_both_ledgers_keep_the_same_line(acts in prop::collection::vec(an_undo(), 1..6)) {
        let (memory, place) = (MemoryLedger::default(), Place::new());
        let file = place.open();
        for act in &acts {
            memory.put_undo(act).unwrap();
            file.put_undo(act).unwrap();
            prop_assert_eq!(file.undos("r1", "", 9).unwrap(), memory.undos("r1", "", 9).unwrap());
        }
        let together = Place::new();
        let file = together.open();
        file.put_undos(&acts).unwrap();
        prop_assert_eq!(file.undos("r1", "", 9).unwrap(), memory.undos("r1", "", 9).unwrap());
    }
}

#[test]
fn a_switch_holds_until_it_is_thrown_back_and_tells_the_last_reason() {
    both_ledgers(|ledger| {
        let pause = |flow: &str, because: &str| Pause {
            flow: flow.into(),
            because: because.into(),
            by: "ada".into(),
            at: Timestamp(1),
        };
        assert_eq!(ledger.paused("a").unwrap(), None);
        ledger.pause(&pause("a", "first")).unwrap();
        ledger.pause(&pause("a", "second")).unwrap();
        assert_eq!(ledger.paused("a").unwrap(), Some(pause("a", "second")));
        assert_eq!(ledger.paused("b").unwrap(), None);
        ledger.pause(&pause(ALL_FLOWS, "all")).unwrap();
        assert_eq!(ledger.paused("b").unwrap(), Some(pause(ALL_FLOWS, "all")));
        assert_eq!(ledger.pauses().unwrap(), [pause(ALL_FLOWS, "all"), pause("a", "second")]);
        assert!(ledger.resume(ALL_FLOWS).unwrap() && !ledger.resume("b").unwrap());
        assert_eq!((ledger.paused("b").unwrap(), ledger.paused("a").unwrap().is_some()), (None, true));
        assert!(ledger.resume("a").unwrap());
        assert_eq!(ledger.paused("a").unwrap(), None);
    });
}

#[test]
fn a_switch_and_the_journal_survive_their_process() {
    let place = Place::new();
    {
        let ledger = place.open();
        ledger.pause(&Pause { flow: "a".into(), because: "w".into(), by: "b".into(), at: Timestamp(1) }).unwrap();
        ledger.put_effect_undoable(&effect("k", EffectState::Done), &undo("r1", "k")).unwrap();
    }
    let again = place.open();
    assert!(again.paused("a").unwrap().is_some());
    assert_eq!(again.undos("r1", "", 10).unwrap(), [undo("r1", "k")]);
}

#[test]
fn a_letter_is_put_aside_once_with_who_and_why() {
    both_ledgers(|ledger| {
        let letter = DeadLetter {
            id: 0,
            flow: "a".into(),
            key: "cus_1".into(),
            code: "unmappable".into(),
            because: "unknown value".into(),
            payload: json!({"id": "cus_1"}),
            attempts: 1,
            at: Timestamp(5),
            state: DeadState::Waiting,
            history: Vec::new(),
            closed: None,
        };
        let id = ledger.bury(&letter).unwrap();
        let closed = Closed { by: "ada".into(), because: "a test customer".into(), at: Timestamp(9) };
        assert!(ledger.drop_letter(id, &closed).unwrap() && !ledger.drop_letter(id, &closed).unwrap());
        assert!(!ledger.drop_letter(id + 7, &closed).unwrap());
        let kept = DeadLetter { id, state: DeadState::Dropped, closed: Some(closed), ..letter };
        assert_eq!(ledger.dead_letters(None).unwrap(), [kept]);
    });
}

#[test]
fn what_is_forgotten_is_old_and_settled() {
    both_ledgers(|ledger| {
        for (run, at) in [("old", 1), ("new", 50)] {
            let line = Undo { at: Timestamp(at), ..undo(run, "k") };
            ledger.put_effect_undoable(&effect("k", EffectState::Done), &line).unwrap();
        }
        let letter = |key: &str, at: i64| DeadLetter {
            id: 0,
            flow: "a".into(),
            key: key.into(),
            code: "unmappable".into(),
            because: String::new(),
            payload: json!({}),
            attempts: 1,
            at: Timestamp(at),
            state: DeadState::Waiting,
            history: Vec::new(),
            closed: None,
        };
        for (key, at) in [("settled", 1), ("waits", 1), ("settled-lately", 50)] {
            ledger.bury(&letter(key, at)).unwrap();
        }
        ledger.absolve("a", "settled", DeadState::Replayed).unwrap();
        ledger.absolve("a", "settled-lately", DeadState::Replayed).unwrap();
        assert_eq!(ledger.forget(Timestamp(10)).unwrap(), (1, 1));
        assert_eq!((ledger.undos("old", "", 9).unwrap().len(), ledger.undos("new", "", 9).unwrap().len()), (0, 1));
        let keys: Vec<String> = ledger.dead_letters(None).unwrap().into_iter().map(|l| l.key).collect();
        assert_eq!(keys, ["waits", "settled-lately"], "nobody has seen to what waits");
    });
}

#[test]
fn effects_of_a_page_are_put_and_asked_for_together() {
    both_ledgers(|ledger| {
        let effect = |key: &str, state| Effect {
            key: key.into(),
            digest: format!("sha256:{key}"),
            version: None,
            idempotency_key: format!("k-{key}"),
            target_id: None,
            state,
            mapping: None,
        };
        let page = [effect("a", EffectState::Intended), effect("b", EffectState::Intended)];
        ledger.put_effects("f", &page).unwrap();
        ledger.put_effects("f", &[effect("b", EffectState::Done)]).unwrap();
        ledger.put_effects("f", &[]).unwrap();
        let found = ledger.effects("f", &["b", "nobody", "a"]).unwrap();
        assert_eq!(found, [Some(effect("b", EffectState::Done)), None, Some(effect("a", EffectState::Intended))]);
        assert_eq!(ledger.effects("other", &["a"]).unwrap(), [None]);
    });
}

#[test]
fn a_scratch_remembers_its_pass_and_no_other() {
    both_ledgers(|ledger| {
        let (mut one, mut other) = (ledger.scratch(), ledger.scratch());
        assert!(one.put(b"k", b"1").unwrap() && !one.put(b"k", b"2").unwrap());
        assert_eq!((one.get(b"k").unwrap(), one.keys()), (Some(b"2".to_vec()), 1));
        assert_eq!((other.get(b"k").unwrap(), other.keys()), (None, 0));
        assert!(other.put(b"k", b"").unwrap());
    });
}

#[test]
fn the_ledger_knows_whose_record_of_the_target_it_is_now() {
    both_ledgers(|ledger| {
        let at = |key: &str, digest: &str, id: Option<&str>| Effect {
            digest: digest.to_owned(),
            target_id: id.map(str::to_owned),
            ..effect(key, EffectState::Done)
        };
        let all = [at("a", "x", Some("7")), at("b", "x", Some("8")), at("c", "deleted", Some("7")), at("d", "x", None)];
        ledger.put_effects("f", &all).unwrap();
        ledger.put_effects("g", &[at("z", "x", Some("8"))]).unwrap();
        let other = |id, key| ledger.another_of("f", id, key).unwrap().map(|effect| effect.key);
        assert_eq!(other("7", "a"), None, "c is gone, and a is itself");
        assert_eq!(other("7", "c").as_deref(), Some("a"));
        assert_eq!((other("8", "b"), other("9", "a")), (None, None), "of another flow; of nobody");
        ledger.put_effects("f", &[at("d", "x", Some("8"))]).unwrap();
        assert_eq!(other("8", "b").as_deref(), Some("d"));
    });
}

#[test]
fn the_ledger_knows_which_records_are_of_another_mapping() {
    both_ledgers(|ledger| {
        let of = |key: &str, state, mapping: Option<&str>| Effect {
            mapping: mapping.map(str::to_owned),
            ..effect(key, state)
        };
        let all = [
            of("a", EffectState::Done, Some("m-1")),
            of("b", EffectState::Done, Some("m-2")),
            of("c", EffectState::Done, None),
            of("d", EffectState::Intended, Some("m-1")),
        ];
        ledger.put_effects("f", &all).unwrap();
        ledger.put_effects("g", &all).unwrap();
        assert_eq!(ledger.effect("f", "a").unwrap().unwrap().mapping.as_deref(), Some("m-1"));
        let count = |flow, mapping| ledger.of_other_mappings(flow, mapping).unwrap();
        assert_eq!((count("f", "m-1"), count("f", "m-2"), count("f", "m-3"), count("h", "m-1")), (1, 1, 2, 0));
        ledger.forget_other_mappings("f", "m-2").unwrap();
        assert_eq!((count("f", "m-2"), count("f", "m-3"), count("g", "m-2")), (0, 1, 1));
        assert_eq!(ledger.effect("f", "a").unwrap().unwrap().mapping, None);
    });
}
