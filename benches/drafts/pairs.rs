//! Pairs of descriptions, drafted and checked; shared by the example `drafts-check` and the test suite.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use platform_integration::app::{self, App, Face, HumanInput};
use platform_integration::base::clock::SystemClock;
use platform_integration::base::rng::Rng;
use platform_integration::evidence::MemoryLedger;
use platform_integration::store::MemoryStore;
use serde_json::{Value, json};

/// What two descriptions leave open, by the code of the finding that says so. All else a draft can get right by itself.
const DECISIONS: [(&str, &str); 27] = [
    ("inferred-unconfirmed", "a person confirms what is assumed"),
    ("required-target-unmapped", "nothing in the source feeds it"),
    ("bad-value", "nothing fits at all: `map: {}`"),
    ("pagination-unknown", "no description says how it is paged"),
    ("cursor-without-end", "no description says where the next cursor stands"),
    ("auth-missing", "a scheme that no program can use alone"),
    ("key-may-be-missing", "the record has no other key"),
    ("unknown-field", "the record has no key at all"),
    ("missing-required-parameter", "a value that no record holds"),
    ("param-value-refused", "the same: CHANGE-ME stands in its place"),
    ("format-mismatch", "the source does not state the format that the target wants"),
    ("too-long", "cut, or reject?"),
    ("too-short", "reject, or fill?"),
    ("out-of-range", "reject, or bound?"),
    ("narrowing", "the source does not state of what type it is, or how large"),
    ("optional-into-required", "a step needs a second field, which may be missing"),
    ("code-list-mismatch", "codes into names: a table that nobody has written"),
    ("incremental-field-optional", "the only bound there is"),
    ("incremental-format-differs", "the only bound there is"),
    ("union-branch-unhandled", "what of the other branches?"),
    ("float-money", "the target has no exact number"),
    ("deleted-never-listed", "are such records wanted?"),
    ("write-settles-later", "the target answers before it is done"),
    ("first-item-only", "which item is meant?"),
    ("sandbox-base-url", "the only address stated is for trying"),
    ("incremental-boundary-exclusive", "the only bound there is"),
    ("incremental-by-creation", "the only bound there is"),
];

/// An app of its own, in a folder of its own: nothing of one pair is in another's session.
fn app() -> App {
    let (store, ledger) = (Arc::new(MemoryStore::default()), Arc::new(MemoryLedger::default()));
    App::new(store, ledger, Arc::new(SystemClock), Rng::seeded(1), "/".into())
}

/// What a use case answers, as JSON.
fn ask<U: app::UseCase>(app: &App, params: Value) -> Result<Value, String>
where
    U::Params: serde::de::DeserializeOwned,
{
    let params: U::Params = serde_json::from_value(params).map_err(|e| e.to_string())?;
    match app::execute::<U>(app, &Face::Cli, HumanInput::NotAsked, params) {
        Ok(answered) => serde_json::to_value(answered.answer).map_err(|e| e.to_string()),
        Err(refused) => Err(format!("{refused:?}")),
    }
}

/// The descriptions below a folder that can be read and are no larger than so many bytes, by name.
pub(crate) fn usable(folder: &Path, largest: u64) -> Vec<Described> {
    let files = walkdir::WalkDir::new(folder).sort_by_file_name().into_iter().filter_map(Result::ok);
    let small = |f: &walkdir::DirEntry| f.file_type().is_file() && f.metadata().is_ok_and(|m| m.len() <= largest);
    let files = files.filter(small).map(walkdir::DirEntry::into_path);
    let app = app();
    let read = |path: PathBuf| {
        let map = ask::<app::MapSystem>(&app, json!({"api": path, "name": "it"})).ok()?;
        let able = |actions: &[&str]| {
            let does = |e: &&Value| e["actions"].as_str().is_some_and(|a| actions.iter().any(|one| a.contains(one)));
            let able = map["entities"].as_array().into_iter().flatten().filter(does);
            able.filter_map(|e| Some(e["entity"].as_str()?.to_owned())).collect::<BTreeSet<String>>()
        };
        Some(Described { lists: able(&["list", "search"]), creates: able(&["create", "upsert"]), path })
    };
    files.filter_map(read).collect()
}

/// Pairs where one lists what the other creates, as people join systems that have something in common, in an order by lot.
pub(crate) fn all(files: &[Described]) -> Vec<(&Described, &Described)> {
    let mut all: Vec<(&Described, &Described)> = Vec::new();
    for a in files {
        all.extend(files.iter().filter(|b| a.path != b.path && !a.lists.is_disjoint(&b.creates)).map(|b| (a, b)));
    }
    let mut rng = Rng::seeded(7);
    for i in (1..all.len()).rev() {
        all.swap(i, usize::try_from(rng.below(i as u64 + 1)).unwrap_or(0));
    }
    all
}

/// A description, and the entities that it lists and creates.
pub(crate) struct Described {
    pub(crate) path: PathBuf,
    lists: BTreeSet<String>,
    creates: BTreeSet<String>,
}

/// What came of the pairs so far.
#[derive(Default)]
pub(crate) struct Told {
    /// Drafts written.
    pub(crate) drafts: usize,
    /// Rules in them.
    pub(crate) rules: usize,
    /// Pairs without a list or a creation that is understood.
    pub(crate) refused: usize,
    /// Findings that a draft does not ask about.
    pub(crate) unasked: usize,
    /// Findings that a draft could have avoided.
    pub(crate) faults: usize,
    /// By severity and code: in how many drafts, and why a person has to decide.
    pub(crate) findings: BTreeMap<(String, String), (usize, &'static str)>,
}

impl Told {
    /// Maps both, drafts, checks; gives what is wrong with the draft.
    pub(crate) fn pair(&mut self, a: &Path, b: &Path) -> Vec<String> {
        let mut wrong = Vec::new();
        let (app, folder) = (app(), tempfile::tempdir().expect("a folder"));
        let file = folder.path().join("integration.yaml");
        let opened = ask::<app::OpenSession>(&app, json!({"name": "drafted", "goal": "Move what both have"}))
            .expect("a session");
        let session = &opened["session"];
        for (name, api) in [("from", a), ("to", b)] {
            ask::<app::MapSystem>(&app, json!({"session": session, "name": name, "api": api}))
                .expect("it was mapped before");
        }
        let draft = json!({"session": session, "source": "from", "target": "to", "path": file});
        let name = |p: &Path| p.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let pair = format!("{} to {}", name(a), name(b));
        let drafted = match ask::<app::DraftContract>(&app, draft) {
            Ok(drafted) => drafted,
            Err(because) if because.contains("no-operation-found") => {
                self.refused += 1;
                return wrong;
            }
            Err(because) => {
                self.faults += 1;
                wrong.push(format!("{pair}: {because}"));
                return wrong;
            }
        };
        self.drafts += 1;
        self.rules += drafted["mapping"].as_array().map_or(0, Vec::len);
        let text = std::fs::read_to_string(&file).expect("the draft");
        let checked = ask::<app::CheckContract>(&app, json!({"contract": file})).expect("it is checked");
        let mut seen = BTreeSet::new();
        for finding in checked["findings"].as_array().into_iter().flatten() {
            let of = |key: &str| finding[key].as_str().unwrap_or_default().to_owned();
            let (severity, code, message) = (of("severity"), of("code"), of("message"));
            if severity == "note" {
                continue;
            }
            let why = DECISIONS.iter().find(|(c, _)| *c == code).map(|(_, why)| *why);
            if seen.insert((severity.clone(), code.clone())) {
                self.findings.entry((severity, code.clone())).or_insert((0, why.unwrap_or("its own making"))).0 += 1;
            }
            let asked = code == "inferred-unconfirmed" || near(&text, finding["line"].as_u64().unwrap_or_default());
            self.faults += usize::from(why.is_none());
            self.unasked += usize::from(!asked);
            if why.is_none() || !asked {
                wrong.push(format!("{pair}: {code}: {message}{}", if asked { "" } else { " (not asked about)" }));
            }
        }
        wrong
    }
}

/// Whether a line, or one of the comments above it, is marked as a question; a finding without a line is about the map.
fn near(text: &str, line: u64) -> bool {
    let lines: Vec<&str> = text.lines().collect();
    let Some(at) = usize::try_from(line).ok().and_then(|l| l.checked_sub(1)) else { return text.contains("# ?") };
    let asks = |l: &&str| l.contains("# ?") || l.trim_start().starts_with("# ") && l.contains(": ?");
    lines.get(at).is_some_and(asks)
        || lines[..at.min(lines.len())].iter().rev().take_while(|l| l.trim_start().starts_with('#')).any(asks)
}
