//! Reads the target back after a run: every record of the source, as the mapping gives it now, against what the target
//! holds. It writes nothing and keeps nothing.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use futures::StreamExt as _;
use futures::stream;
use serde_json::Value;

use super::body::{at, scalar};
use super::compare::{key_form, satisfied, versions};
use super::exchange::{Miss, Side, Tries};
use super::gate::Gates;
use super::page::{Listing, Next, Pager, Position};
use super::readback::{self, There};
use super::reconcile::hash;
use super::rehearse::{Aside, Silent};
use super::run::{Run, Stop, lock};
use super::runtime::remembered;
use super::{Plan, World, WritePlan, pass, pull};
use crate::base::digest::Digest;
use crate::evidence::{DeadLetter, DeadState, Effect, EffectState, Verdict};

/// Records compared at once.
const CONCURRENT: usize = 8;
/// Records of a target that are held in memory, where it can only be listed.
const MOST_HELD: usize = 200_000;
/// Keys that are named; the rest are counted.
pub const MOST_DIFFERENCES: usize = 200;
/// Fields of one record that are named.
const MOST_FIELDS: usize = 10;

/// What is wrong with one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wrong {
    /// The target does not have it.
    Missing,
    /// The target has it with other values.
    Different,
    /// The target has it more than once.
    Doubled,
    /// It changed at the source after it was delivered: the next run delivers it.
    SinceChanged,
    /// It was delivered by an earlier mapping of the contract, and this one gives other values.
    MappingChanged,
    /// It waits among the dead letters, or the mapping rejects it.
    NotDelivered,
    /// Nobody can tell.
    Unreadable,
}

impl Wrong {
    /// Kebab-case.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Different => "different",
            Self::Doubled => "doubled",
            Self::SinceChanged => "since-changed",
            Self::MappingChanged => "mapping-changed",
            Self::NotDelivered => "not-delivered",
            Self::Unreadable => "unreadable",
        }
    }
}

/// One record that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Key of the source record.
    pub key: String,
    /// What is wrong.
    pub wrong: Wrong,
    /// JSON pointers of the fields that differ, into the target's record.
    pub fields: Vec<String>,
    /// More in words, where that helps.
    pub because: String,
}

/// Counted records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct ConfirmTally {
    /// Different keys at the source.
    pub unique: u64,
    /// The target holds what the mapping gives.
    pub same: u64,
    /// It does not have it.
    pub missing: u64,
    /// It has it with other values.
    pub different: u64,
    /// It has it more than once.
    pub doubled: u64,
    /// Changed at the source since it was delivered.
    pub since_changed: u64,
    /// Delivered by an earlier mapping, which gave other values.
    pub mapping_changed: u64,
    /// Among the dead letters, or rejected by the mapping.
    pub not_delivered: u64,
    /// Nobody can tell.
    pub unreadable: u64,
}

impl ConfirmTally {
    fn add(&mut self, wrong: Option<Wrong>) {
        self.unique += 1;
        *match wrong {
            None => &mut self.same,
            Some(Wrong::Missing) => &mut self.missing,
            Some(Wrong::Different) => &mut self.different,
            Some(Wrong::Doubled) => &mut self.doubled,
            Some(Wrong::SinceChanged) => &mut self.since_changed,
            Some(Wrong::MappingChanged) => &mut self.mapping_changed,
            Some(Wrong::NotDelivered) => &mut self.not_delivered,
            Some(Wrong::Unreadable) => &mut self.unreadable,
        } += 1;
    }

    /// FAIL where something is missing, different or doubled; UNPROVEN where something could not be told, or the source was
    /// not seen to its end; PARTIAL where something was not delivered, changed since, or is as an earlier mapping gave it.
    #[must_use]
    pub const fn verdict(&self, finished: bool) -> Verdict {
        if self.missing + self.different + self.doubled > 0 {
            Verdict::Fail
        } else if self.unreadable > 0 || !finished {
            Verdict::Unproven
        } else if self.not_delivered + self.since_changed + self.mapping_changed > 0 {
            Verdict::Partial
        } else {
            Verdict::Pass
        }
    }
}

/// What reading back came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Confirmed {
    /// The flow.
    pub flow: String,
    /// See [`ConfirmTally::verdict`].
    pub verdict: Verdict,
    /// Counted records.
    pub tally: ConfirmTally,
    /// The first [`MOST_DIFFERENCES`] that are not as they should be, in the order in which they were found.
    pub differences: Vec<Difference>,
    /// How the target was read: `by search`, `by key`, `by list`; or why it was not.
    pub how: String,
    /// Why it ended early, if it did.
    pub stopped: Option<(String, String)>,
    /// Requests sent, all of them reads (and for a token).
    pub requests: u64,
}

/// What a reading back gathers while a pass hands it the records of the source.
#[derive(Default)]
pub(super) struct Gathered {
    seen: HashMap<u128, ()>,
    tally: ConfirmTally,
    differences: Vec<Difference>,
    /// Records of the target by the form of their natural key; nothing where each is asked for.
    held: Option<HashMap<u128, Vec<Value>>>,
    /// Source keys that have a dead letter which was not delivered since, and what became of it in words.
    letters: BTreeMap<String, String>,
    /// What the ledger knew before: digest and target id are read from it.
    ledger: Option<Arc<dyn crate::evidence::Ledger>>,
}

/// How the records of a target are looked up.
enum Way {
    Search,
    Key,
    List(Vec<String>),
}

fn way(plan: &Plan) -> Result<Way, String> {
    let back = &plan.target.back;
    let natural = match &plan.target.write {
        WritePlan::Upsert { .. } => return Ok(Way::Search),
        WritePlan::Put { key: Some(path), .. } | WritePlan::Bulk { key: path, .. } => Some(path.clone()),
        WritePlan::Put { key: None, .. } | WritePlan::Create { .. } => None,
    };
    let known_by_id = !matches!(plan.target.write, WritePlan::Bulk { .. });
    if back.get.is_some() && known_by_id {
        return Ok(Way::Key);
    }
    match (natural, &back.list) {
        (Some(path), Some(_)) => Ok(Way::List(path)),
        _ if back.get.is_some() => Ok(Way::Key),
        _ => Err(format!(
            "the description of {} has no operation that reads one record by its key, and none that lists them by a key of the contract",
            plan.target.system
        )),
    }
}

/// Reads the target of a flow back.
pub async fn confirm(plan: &Plan, world: &World) -> Confirmed {
    confirm_with(plan, world, &Gates::default()).await
}

/// As [`confirm`]; pauses, rates, breakers and tokens are shared with every other run that is given these gates.
pub async fn confirm_with(plan: &Plan, world: &World, gates: &Gates) -> Confirmed {
    let unread = |how: String| Confirmed {
        flow: plan.flow.clone(),
        verdict: Verdict::Unproven,
        tally: ConfirmTally::default(),
        differences: Vec::new(),
        how,
        stopped: None,
        requests: 0,
    };
    if plan.source.list.is_none() {
        return unread(format!("{} only sends, so it cannot be asked what it holds", plan.source.system));
    }
    let way = match way(plan) {
        Ok(way) => way,
        Err(why) => return unread(why),
    };
    // From the beginning, and without what is remembered: the target is asked, not the ledger.
    let aside = Arc::new(Aside::empty(Arc::clone(&world.ledger)));
    let real = Arc::clone(&world.ledger);
    let world = World { ledger: aside as _, observer: Arc::new(Silent), ..world.clone() };
    let letters = real.dead_letters(Some(&plan.flow)).map(|all| {
        all.into_iter()
            .filter(|l| l.state != DeadState::Replayed)
            .map(|l| (l.key.clone(), put_aside(&l)))
            .collect::<BTreeMap<_, _>>()
    });
    let letters = match letters {
        Ok(letters) => letters,
        Err(error) => return unread(error.to_string()),
    };
    let gathered = Gathered { letters, ledger: Some(real), ..Gathered::default() };
    let mut run = Run::new(plan, &world, gates);
    run.confirms = Some(Mutex::new(gathered));
    let run = run;
    let how = match &way {
        Way::Search => "by search",
        Way::Key => "by key",
        Way::List(_) => "by list",
    };
    let report = remembered(&run, async {
        if let Way::List(path) = &way {
            hold(&run, path).await?;
        }
        pass::walk(&run, true).await
    })
    .await;
    let gathered = run.confirms.as_ref().map(|g| std::mem::take(&mut *lock(g))).unwrap_or_default();
    Confirmed {
        flow: plan.flow.clone(),
        verdict: gathered.tally.verdict(report.stopped.is_none()),
        tally: gathered.tally,
        differences: gathered.differences,
        how: how.to_owned(),
        stopped: report.stopped,
        requests: report.requests,
    }
}

/// Reads the whole target into memory, by its natural key.
async fn hold(run: &Run<'_>, path: &[String]) -> Result<(), Stop> {
    let Some(list) = &run.plan.target.back.list else { return Ok(()) };
    let mut pager = Pager::new(Listing {
        call: &list.call,
        base_url: &run.plan.target.base_url,
        items: &list.items,
        inside: &list.inside,
        pagination: list.pagination.as_ref(),
        limit: list.pagination.as_ref().and_then(|p| p.limit_max).map(|most| most.min(500)),
        feed: None,
    });
    let mut position = Position::Start;
    let mut held: HashMap<u128, Vec<Value>> = HashMap::new();
    let mut count = 0;
    loop {
        let mut trace = run.trace("read back");
        let mut tries = Tries::default();
        let page = pull::page(run, Side::Target, &mut pager, &position, &[], &mut tries, &mut trace).await;
        let page = page.map_err(|miss| unlisted(run, miss))?;
        for record in page.records {
            if let Some(key) = at(&record, path).and_then(scalar) {
                held.entry(hash(&key_form(&key))).or_default().push(record);
                count += 1;
            }
        }
        if count > MOST_HELD {
            return Err(Stop::new(
                "too-many-to-hold",
                format!("{} holds more than {MOST_HELD} records, and can only be listed", run.target.system),
            ));
        }
        match page.next {
            Next::At(next) => position = next,
            Next::End => break,
            Next::Stuck(stop) => return Err(stop),
        }
    }
    if let Some(gathered) = &run.confirms {
        lock(gathered).held = Some(held);
    }
    Ok(())
}

fn unlisted(run: &Run<'_>, miss: Miss) -> Stop {
    let because = match miss {
        Miss::Stop(stop) => return stop,
        Miss::Refused(refused) => format!("status {}: {}", refused.status, refused.says),
        Miss::Again(again) | Miss::Exhausted(again) => again.because,
    };
    Stop::new("target-unreadable", format!("{} gave no list: {because}", run.target.system))
}

/// Compares the records of one page of the source.
pub(super) async fn page(run: &Run<'_>, records: Vec<Value>) {
    stream::iter(records)
        .for_each_concurrent(CONCURRENT, async |record| {
            if run.halt.is_cancelled() {
                return;
            }
            if let Err(stop) = one(run, record).await {
                run.halt_with(stop);
            }
        })
        .await;
}

async fn one(run: &Run<'_>, record: Value) -> Result<(), Stop> {
    let Some(gathered) = &run.confirms else { return Ok(()) };
    let found = at(&record, &run.plan.source.key).and_then(scalar).filter(|k| !k.is_empty());
    let key = found.clone().unwrap_or_else(|| format!("#{}", Digest::of_json(&record).short()));
    run.tally().read(&key);
    if lock(gathered).seen.insert(hash(&key), ()).is_some() {
        return Ok(());
    }
    let add = |wrong: Option<Wrong>, fields: Vec<String>, because: String| {
        let mut gathered = lock(gathered);
        gathered.tally.add(wrong);
        if let Some(wrong) = wrong
            && gathered.differences.len() < MOST_DIFFERENCES
        {
            gathered.differences.push(Difference { key: key.clone(), wrong, fields, because });
        }
    };
    let letter = lock(gathered).letters.get(&key).cloned();
    if run.plan.source.deletes.marks(&record) {
        let stays = still_there(run, gathered, &key, &record).await?;
        let because = if stays { "it is deleted at the source, and still there" } else { "" };
        add(stays.then_some(Wrong::Different), Vec::new(), because.to_owned());
        return Ok(());
    }
    let mapped = match run.mapped(&record) {
        Ok(mapped) if found.is_some() => mapped,
        Ok(_) => {
            add(Some(Wrong::NotDelivered), Vec::new(), "it has no key".to_owned());
            return Ok(());
        }
        Err(rejection) => {
            add(Some(Wrong::NotDelivered), Vec::new(), rejection.to_string());
            return Ok(());
        }
    };
    let ledger = lock(gathered).ledger.clone();
    let effect = match &ledger {
        Some(ledger) => ledger.effect(&run.plan.flow, &key)?,
        None => None,
    };
    let (wrong, fields, because) = match there(run, gathered, &key, effect.as_ref(), &mapped).await? {
        Looked::Same => (None, Vec::new(), String::new()),
        Looked::Wrong(wrong, fields, because) => {
            // What waits among the dead letters is known not to be there; what has another digest by now was delivered in
            // an earlier form.
            let moved = effect.as_ref().is_some_and(|e| e.digest != Digest::of_json(&mapped).as_str());
            match (wrong, letter) {
                (Wrong::Unreadable | Wrong::Doubled, _) => (Some(wrong), fields, because),
                (_, Some(aside)) => (Some(Wrong::NotDelivered), fields, aside),
                (Wrong::Different, None) if moved && by_other_mapping(run, effect.as_ref(), &record) => {
                    (Some(Wrong::MappingChanged), fields, because)
                }
                (Wrong::Different, None) if moved => (Some(Wrong::SinceChanged), fields, because),
                _ => (Some(wrong), fields, because),
            }
        }
    };
    add(wrong, fields, because);
    Ok(())
}

/// Why the record of a dead letter is not in the target.
fn put_aside(letter: &DeadLetter) -> String {
    match &letter.closed {
        Some(closed) => format!("it was dropped by {}: {}", closed.by, closed.because),
        None => format!("it is among the dead letters: {}", letter.code),
    }
}

/// It was delivered by an earlier mapping, and is no newer at the source: no run delivers it that goes on from its
/// checkpoint.
fn by_other_mapping(run: &Run<'_>, effect: Option<&Effect>, record: &Value) -> bool {
    let Some(effect) = effect.filter(|e| e.is_of_other(run.plan.mapping.digest())) else { return false };
    let version = run.plan.source.version().and_then(|path| at(record, path)).and_then(scalar);
    !effect.version.as_deref().zip(version.as_deref()).is_some_and(|(done, now)| versions(now, done).is_gt())
}

enum Looked {
    Same,
    Wrong(Wrong, Vec<String>, String),
}

/// Whether the target still holds what this flow wrote of a record that its source has deleted since.
async fn still_there(run: &Run<'_>, gathered: &Mutex<Gathered>, key: &str, record: &Value) -> Result<bool, Stop> {
    let ledger = lock(gathered).ledger.clone();
    let effect = match &ledger {
        Some(ledger) => ledger.effect(&run.plan.flow, key)?,
        None => None,
    };
    // What it never wrote is not its own to miss.
    let Some(effect) = effect.filter(|e| !e.is_gone() && e.target_id.is_some()) else { return Ok(false) };
    let Ok(mapped) = run.mapped(record) else { return Ok(false) };
    Ok(!matches!(there(run, gathered, key, Some(&effect), &mapped).await?, Looked::Wrong(Wrong::Missing, ..)))
}

async fn there(
    run: &Run<'_>,
    gathered: &Mutex<Gathered>,
    key: &str,
    effect: Option<&Effect>,
    mapped: &Value,
) -> Result<Looked, Stop> {
    let id = effect.and_then(|e| e.target_id.as_deref());
    let done = effect.is_some_and(|e| e.state == EffectState::Done);
    let by_list = {
        let gathered = lock(gathered);
        gathered.held.as_ref().map(|held| {
            let path = match &run.plan.target.write {
                WritePlan::Put { key: Some(path), .. } | WritePlan::Bulk { key: path, .. } => path.as_slice(),
                WritePlan::Upsert { .. } | WritePlan::Put { key: None, .. } | WritePlan::Create { .. } => &[],
            };
            let natural = at(mapped, path).and_then(scalar);
            natural.and_then(|n| held.get(&hash(&key_form(&n)))).cloned().unwrap_or_default()
        })
    };
    if let Some(records) = by_list {
        return Ok(match records.as_slice() {
            [] => Looked::Wrong(Wrong::Missing, Vec::new(), String::new()),
            [record] => compared(mapped, record),
            many => Looked::Wrong(Wrong::Doubled, Vec::new(), format!("{} records have its natural key", many.len())),
        });
    }
    // A put goes to an address of ours, whatever the ledger knows.
    let own = match &run.plan.target.write {
        WritePlan::Put { key: None, .. } => Some(key.to_owned()),
        WritePlan::Put { key: Some(path), .. } => at(mapped, path).and_then(scalar),
        // By search alone doubles are seen.
        WritePlan::Upsert { .. } => None,
        WritePlan::Bulk { .. } | WritePlan::Create { .. } => id.map(str::to_owned),
    };
    let mut trace = run.trace("read back");
    if matches!(run.plan.target.write, WritePlan::Upsert { .. }) {
        return Ok(match readback::searched(run, mapped, &mut trace).await? {
            readback::Hit::None => Looked::Wrong(Wrong::Missing, Vec::new(), String::new()),
            readback::Hit::One(record) => compared(mapped, &record),
            readback::Hit::Many(because) => Looked::Wrong(Wrong::Doubled, Vec::new(), because),
            readback::Hit::Unreadable(because) => Looked::Wrong(Wrong::Unreadable, Vec::new(), because),
        });
    }
    if own.is_none() {
        let because = "nobody knows under which key the target holds it".to_owned();
        // Not delivered as far as anybody knows; a target that acknowledged it without telling a key may have it.
        let wrong = if done { Wrong::Unreadable } else { Wrong::Missing };
        return Ok(Looked::Wrong(wrong, Vec::new(), because));
    }
    Ok(match readback::there(run, key, own.as_deref(), Some(mapped), &mut trace).await? {
        There::Record(_, record) => compared(mapped, &record),
        There::Gone => Looked::Wrong(Wrong::Missing, Vec::new(), String::new()),
        There::Unreadable(because) => Looked::Wrong(Wrong::Unreadable, Vec::new(), because),
    })
}

fn compared(mapped: &Value, record: &Value) -> Looked {
    if satisfied(mapped, Some(record)) {
        return Looked::Same;
    }
    let mut fields = Vec::new();
    differ(mapped, Some(record), &mut String::new(), &mut fields);
    Looked::Wrong(Wrong::Different, fields, String::new())
}

/// The pointers of what differs; never a value.
fn differ(wants: &Value, has: Option<&Value>, at: &mut String, out: &mut Vec<String>) {
    if out.len() >= MOST_FIELDS || satisfied(wants, has) {
        return;
    }
    match (wants, has) {
        (Value::Object(wants), Some(has @ Value::Object(_))) => {
            for (name, wants) in wants {
                let length = at.len();
                at.push('/');
                at.push_str(&name.replace('~', "~0").replace('/', "~1"));
                differ(wants, has.get(name), at, out);
                at.truncate(length);
            }
        }
        _ => out.push(at.clone()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_that_differ_are_named_and_no_value_is() {
        let wants = json!({"a": 1, "o": {"b": "x", "c/d": [1]}, "gone": true});
        let has = json!({"a": 1.0, "o": {"b": "y", "c/d": [2], "more": 1}});
        let Looked::Wrong(Wrong::Different, fields, because) = compared(&wants, &has) else { panic!("they differ") };
        assert_eq!((fields, because.as_str()), (vec!["/o/b".to_owned(), "/o/c~1d".into(), "/gone".into()], ""));
    }

    #[test]
    fn what_could_not_be_told_proves_nothing_and_what_is_wrong_fails() {
        let mut tally = ConfirmTally::default();
        tally.add(None);
        assert_eq!((tally.verdict(true), tally.verdict(false)), (Verdict::Pass, Verdict::Unproven));
        tally.add(Some(Wrong::SinceChanged));
        assert_eq!(tally.verdict(true), Verdict::Partial);
        tally.add(Some(Wrong::Unreadable));
        assert_eq!(tally.verdict(true), Verdict::Unproven);
        tally.add(Some(Wrong::Missing));
        assert_eq!(tally.verdict(true), Verdict::Fail);
    }
}
