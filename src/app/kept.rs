//! Descriptions that were read before, by this process or by another: found again by all that reading them depends on.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use super::App;
use super::context::Description;
use super::description;
use crate::base::digest::Digest;
use crate::readers::{self, BUILD, Input, KeptRead, Read, is_url};

/// From this many bytes on, a map is worth keeping. Smaller ones, most that are written by hand among them, are read in
/// about the time that looking for them takes.
const WORTH: usize = 64 << 10;

/// What is being written, by a thread of its own: nobody waits for it but the end of the process.
#[derive(Default)]
pub(super) struct Writing(Mutex<Option<JoinHandle<()>>>);

impl Writing {
    /// Starts it; one at a time, so that a server does not hold many maps twice.
    fn start(&self, work: impl FnOnce() + Send + 'static) {
        let mut going = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        end(going.take());
        // Without a thread to spare, it is not kept.
        *going = std::thread::Builder::new().name("keep-map".to_owned()).spawn(work).ok();
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        end(self.0.get_mut().unwrap_or_else(PoisonError::into_inner).take());
    }
}

fn end(going: Option<JoinHandle<()>>) {
    // What became of it is of no importance to anybody.
    if let Some(going) = going {
        let _ = going.join();
    }
}

/// Reads a description, or finds what was read of it before; `named` is how the user named it.
pub(super) fn read(app: &App, input: &Input, named: &str) -> Arc<Description> {
    let origin = named.split(" + ").next().unwrap_or(named);
    let plain = input.plain_origin(origin);
    let key = input.key(plain, BUILD);
    let known = app.read.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
    let known = known.unwrap_or_else(|| {
        let first = Arc::new(anew(app, input, named, plain, &key));
        let mut cache = app.read.lock().unwrap_or_else(PoisonError::into_inner);
        // A handful of descriptions is what one integration needs; a long-lived server must not keep them all.
        if cache.len() >= 16 {
            cache.clear();
        }
        cache.insert(key, Arc::clone(&first));
        first
    });
    if plain == origin {
        return known;
    }
    let mut findings = known.findings.clone();
    findings.iter_mut().for_each(|finding| readers::told_under(finding, origin));
    Arc::new(Description { system: known.system.clone(), findings, origin: origin.to_owned() })
}

/// Reads what this process has not read, or finds what another one kept; under its plain name.
fn anew(app: &App, input: &Input, named: &str, plain: &str, key: &Digest) -> Description {
    let description = |read: Read| Description {
        system: read.system.map(Arc::new),
        findings: read.findings,
        origin: plain.to_owned(),
    };
    let Some(maps) = app.maps.as_ref().filter(|_| worth(input, named)) else {
        return description(readers::read(input, plain));
    };
    if let Some(bytes) = maps.get(key, app.clock.now()) {
        match Read::from_bytes(&bytes) {
            Some(read) => return description(read),
            None => maps.forget(key),
        }
    }
    let read = description(readers::read(input, plain));
    let (maps, key, now) = (Arc::clone(maps), key.clone(), app.clock.now());
    let (system, findings) = (read.system.clone(), read.findings.clone());
    app.writing.start(move || {
        if let Some(bytes) = (KeptRead { system: system.as_deref(), findings: &findings }).to_bytes() {
            maps.put(&key, &bytes, now);
        }
    });
    read
}

/// Whether what comes of it may lie on the disk, and is worth it. What a description says, examples included, is written only
/// where it lies in files already: not what came over standard input or from an address.
fn worth(input: &Input, named: &str) -> bool {
    let parts = || std::iter::once(&input.main).chain(&input.others);
    let bytes: usize = parts().filter_map(|part| part.bytes.as_ref().ok()).map(Vec::len).sum();
    let fetched = |part: &readers::Part| is_url(&part.name) && part.bytes.is_ok();
    bytes >= WORTH && description::keeps(named) && !parts().any(fetched)
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use serde_json::{Value, json};

    use super::*;
    use crate::app::{Face, HumanInput, MapSystem, execute};
    use crate::base::clock::{ManualClock, Timestamp};
    use crate::base::fs::write_atomic;
    use crate::base::rng::Rng;
    use crate::evidence::{Maps, MemoryLedger};
    use crate::store::{MemoryStore, SqliteMaps};

    /// Maps on the disk, with the times that something was found and was kept.
    struct Counted {
        maps: SqliteMaps,
        found: AtomicUsize,
        kept: AtomicUsize,
    }

    impl Maps for Counted {
        fn get(&self, key: &Digest, now: Timestamp) -> Option<Vec<u8>> {
            let bytes = self.maps.get(key, now);
            self.found.fetch_add(usize::from(bytes.is_some()), Ordering::Relaxed);
            bytes
        }

        fn put(&self, key: &Digest, bytes: &[u8], now: Timestamp) {
            self.kept.fetch_add(1, Ordering::Relaxed);
            self.maps.put(key, bytes, now);
        }

        fn forget(&self, key: &Digest) {
            self.maps.forget(key);
        }
    }

    /// A description of about `WORTH * 2` bytes, with something wrong in it.
    fn description(server: &str) -> Vec<u8> {
        let operation = |n: usize| {
            json!({"get": {
                "operationId": format!("getThing{n}"), "summary": "One thing, as it was when it was last written.",
                "parameters": [{"name": "id", "in": "query", "schema": {"type": "string", "default": null, "example": 1.50}}],
                "responses": {"200": {"description": "ok", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}}}
            }})
        };
        let paths: serde_json::Map<String, Value> =
            (0..400).map(|n| (format!("/things/kind-{n}"), operation(n))).collect();
        let thing = json!({"type": "object", "required": ["id"], "properties": {
            "id": {"type": "string", "enum": ["a", null, 7]}, "lost": {"$ref": "#/components/schemas/Nowhere"},
        }});
        let whole = json!({"openapi": "3.1.0", "info": {"title": "Things", "version": "1"}, "servers": [{"url": server}],
            "paths": paths, "components": {"schemas": {"Thing": thing}}});
        let bytes = whole.to_string().into_bytes();
        assert!(bytes.len() > WORTH);
        bytes
    }

    struct Place {
        dir: tempfile::TempDir,
    }

    impl Place {
        fn new() -> Self {
            let place = Self { dir: tempfile::tempdir().expect("a directory") };
            std::fs::create_dir(place.dir.path().join("apis")).expect("made");
            place.write("apis/things.json", &description("https://api.example"));
            place
        }

        fn write(&self, name: &str, bytes: &[u8]) {
            write_atomic(&self.dir.path().join(name), bytes).expect("written");
        }

        fn maps(&self) -> SqliteMaps {
            SqliteMaps::beside(&self.dir.path().join("evidence.db"))
        }

        /// What a process of its own answers, and how often it found a map and kept one.
        fn map(&self, named: &str) -> (Value, usize, usize) {
            let counted =
                Arc::new(Counted { maps: self.maps(), found: AtomicUsize::new(0), kept: AtomicUsize::new(0) });
            let mut app = app(self.dir.path());
            app.maps = Some(Arc::clone(&counted) as _);
            let answer = answer(&app, named);
            drop(app);
            (answer, counted.found.load(Ordering::Relaxed), counted.kept.load(Ordering::Relaxed))
        }

        /// What is answered where nothing is kept.
        fn plain(&self, named: &str) -> Value {
            answer(&app(self.dir.path()), named)
        }
    }

    fn app(cwd: &Path) -> App {
        let clock = Arc::new(ManualClock::new(Timestamp(1_000_000)));
        App::new(
            Arc::new(MemoryStore::default()),
            Arc::new(MemoryLedger::default()),
            clock,
            Rng::seeded(1),
            cwd.to_owned(),
        )
    }

    fn answer(app: &App, named: &str) -> Value {
        let params = serde_json::from_value(json!({"api": named})).expect("params");
        let answered = execute::<MapSystem>(app, &Face::Cli, HumanInput::NotAsked, params);
        let answered = answered.unwrap_or_else(|no| panic!("{named}: {no:?}"));
        serde_json::to_value(answered.answer).expect("an answer")
    }

    #[test]
    fn a_second_process_finds_what_the_first_one_read_and_answers_the_same() {
        let place = Place::new();
        let first = place.map("apis/things.json");
        assert_eq!((first.1, first.2), (0, 1));
        assert!(first.0["findings_total"].as_u64() > Some(0) && first.0["operations"] == 400, "{}", first.0);
        let second = place.map("apis/things.json");
        assert_eq!((second.1, second.2), (1, 0));
        assert_eq!(first.0.to_string(), second.0.to_string());
        assert_eq!(first.0, place.plain("apis/things.json"));
    }

    #[test]
    fn each_way_to_the_same_file_is_told_as_that_way() {
        let place = Place::new();
        let whole = place.dir.path().join("apis/things.json").display().to_string();
        let ways = ["apis/things.json", "./apis/things.json", &whole];
        place.map(ways[0]);
        for way in ways {
            let (answer, found, kept) = place.map(way);
            assert_eq!((found, kept), (1, 0), "{way}");
            assert_eq!(answer, place.plain(way));
            assert_eq!((&answer["origin"], &answer["findings"][0]["file"]), (&json!(way), &json!(way)));
        }
        let one = app(place.dir.path());
        let origins = ways.map(|way| answer(&one, way)["origin"].clone());
        assert_eq!(json!(origins), json!(ways), "within one process too");
    }

    #[test]
    fn what_reading_depends_on_is_never_mistaken() {
        let place = Place::new();
        place.map("apis/things.json");
        place.write("apis/other.json", &description("https://api.example"));
        place.write(
            "apis/fix.yaml",
            b"overlay: 1.0.0\ninfo: {title: t, version: '1'}\nactions: [{target: $.info, update: {title: Fixed}}]\n",
        );
        let named = "apis/things.json + apis/fix.yaml";
        for (named, title) in [("apis/other.json", "Things"), (named, "Fixed")] {
            let (answer, found, _) = place.map(named);
            assert_eq!((found, &answer["title"]), (0, &json!(title)), "{named}");
            assert_eq!(answer, place.map(named).0, "{named}, kept");
        }
        place.write(
            "apis/fix.yaml",
            b"overlay: 1.0.0\ninfo: {title: t, version: '1'}\nactions: [{target: $.info, update: {title: Again}}]\n",
        );
        assert_eq!((place.map(named).1, place.map(named).0["title"].clone()), (0, json!("Again")));
        place.write("apis/things.json", &description("https://moved.example"));
        let (answer, found, _) = place.map("apis/things.json");
        assert_eq!((found, answer), (0, place.plain("apis/things.json")));
    }

    #[test]
    fn what_another_build_kept_is_not_used_and_what_cannot_be_read_is_read_anew() {
        let place = Place::new();
        let truth = place.plain("apis/things.json");
        let input = Input::of_bytes("things.json", description("https://api.example"));
        let wrong =
            readers::read_bytes(b"openapi: 3.1.0\ninfo: {title: Wrong, version: '1'}\npaths: {}\n", "things.json");
        let wrong = wrong.to_bytes().expect("written");
        let now = Timestamp(1);
        place.maps().put(&input.key("things.json", "0.1.0 another"), &wrong, now);
        assert_eq!(place.map("apis/things.json"), (truth.clone(), 0, 1));
        // Under this build's key it is taken at its word; so it is this key, and what is no map goes.
        let key = input.key("things.json", BUILD);
        place.maps().put(&key, &wrong, now);
        assert_eq!(place.map("apis/things.json").0["title"], "Wrong");
        for bytes in [b"no map".to_vec(), wrong[..wrong.len() - 1].to_vec(), [&wrong[..], b"0"].concat()] {
            place.maps().put(&key, &bytes, now);
            assert_eq!(place.map("apis/things.json"), (truth.clone(), 1, 1));
            assert_eq!(place.map("apis/things.json"), (truth.clone(), 1, 0), "kept anew");
        }
    }

    #[test]
    fn what_is_small_and_what_lies_in_no_file_is_not_kept() {
        let place = Place::new();
        place.write("small.yaml", b"openapi: 3.1.0\ninfo: {title: Small, version: '1'}\npaths: {}\n");
        assert_eq!((place.map("small.yaml").2, place.map("small.yaml").1), (0, 0));
        let mut app = app(place.dir.path());
        app.maps = Some(Arc::new(place.maps()));
        *app.stdin.get_mut().expect("sound") = Some(Box::new(std::io::Cursor::new(description("https://api.example"))));
        assert_eq!(answer(&app, "-")["operations"], 400);
        drop(app);
        assert!(!place.maps().path().exists(), "nothing was written");
    }

    #[test]
    fn who_only_looks_writes_nothing() {
        let place = Place::new();
        let mut app = app(place.dir.path());
        app.maps = Some(Arc::new(place.maps()));
        let looking = app.looking(Rng::seeded(2));
        assert_eq!(answer(&looking, "apis/things.json"), place.plain("apis/things.json"));
        drop(looking);
        assert!(!place.maps().path().exists(), "nothing was written");
    }

    #[test]
    fn a_file_of_maps_that_cannot_be_used_changes_no_answer() {
        let place = Place::new();
        let truth = place.plain("apis/things.json");
        let file = place.maps().path().to_owned();
        std::fs::create_dir(&file).expect("a directory in its place");
        assert_eq!(place.map("apis/things.json"), (truth.clone(), 0, 1));
        std::fs::remove_dir(&file).expect("gone");
        write_atomic(&file, &[0xa5; 70_000]).expect("no database");
        assert_eq!(place.map("apis/things.json"), (truth.clone(), 0, 1));
        assert_eq!(place.map("apis/things.json"), (truth, 1, 0), "made anew");
    }
}
