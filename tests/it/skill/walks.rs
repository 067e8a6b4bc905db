//! The recorded walks beside the examples: calls of one session with the real server's answers. With `UPDATE_SKILL` set
//! they are recorded anew.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout};

use platform_integration::verify::trace::{Captured, Trace, differences, parse};
use serde_json::{Value, json};

use super::{integrations, misfits, root, yaml};
use crate::cli::{Serving, serving};

/// What differs from one recording to the next, the session apart: where it was worked, and what names that place.
const MASKS: [&str; 5] = ["/store", "/chain/*/link", "/chain/*/because", "/checklist/*/because", "/lost/*/regain"];

/// Copies a directory, without hidden files.
pub(crate) fn copy(from: &Path, to: &Path) {
    for entry in
        walkdir::WalkDir::new(from).into_iter().filter_entry(|e| !e.file_name().to_string_lossy().starts_with('.'))
    {
        let entry = entry.unwrap();
        let at = to.join(entry.path().strip_prefix(from).unwrap());
        if entry.file_type().is_dir() {
            std::fs::create_dir_all(at).unwrap();
        } else {
            std::fs::copy(entry.path(), at).unwrap();
        }
    }
}

struct Server {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    id: u64,
}

impl Server {
    fn start(cwd: &Path) -> Self {
        let Serving { child, to, from } = serving(cwd, "recorder");
        Self { child, to, from, id: 0 }
    }

    fn ask(&mut self, method: &str, params: &Value) -> Value {
        self.id += 1;
        writeln!(self.to, "{}", json!({"jsonrpc": "2.0", "id": self.id, "method": method, "params": params})).unwrap();
        loop {
            let mut line = String::new();
            assert!(self.from.read_line(&mut line).unwrap() > 0, "the server ended");
            let message: Value = serde_json::from_str(&line).unwrap();
            if message["id"] == self.id {
                assert!(message["error"].is_null(), "{method}: {message}");
                return message["result"].clone();
            }
        }
    }

    /// The answer as a trace holds it: structured content or text, and whether it is an error.
    fn call(&mut self, tool: &str, arguments: &Value) -> (Value, bool) {
        let result = self.ask("tools/call", &json!({"name": tool, "arguments": arguments}));
        let text = result["content"][0]["text"].clone();
        let answer = result.get("structuredContent").cloned().unwrap_or(text);
        (answer, result["isError"] == true)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The walk of an example: what its contract names, in the order of the work.
fn plan(name: &str) -> Vec<(&'static str, Value)> {
    let at = format!("examples/{name}");
    let contract = format!("{at}/integration.yaml");
    let read = yaml(&contract);
    let flow = read["flows"].as_object().unwrap().values().next().unwrap();
    let (source, target) = (&flow["source"]["system"], &flow["target"]["system"]);
    let s = "${SESSION}";
    let mut calls = vec![("open_session", json!({"name": name, "goal": read["why"]}))];
    for (system, is) in read["systems"].as_object().unwrap() {
        let api = format!("{at}/{}", is["api"].as_str().unwrap());
        calls.push(("map_system", json!({"session": s, "name": system, "api": api})));
    }
    if let Some(operation) = flow["source"].get("operation") {
        calls.push(("inspect_system", json!({"session": s, "name": source, "operation": operation})));
    }
    calls.extend([
        ("record_constraint", json!({"session": s, "id": "clocks-agree", "kind": "inferred", "says": "the clocks of both systems differ by less than a minute"})),
        ("draft_contract", json!({"session": s, "source": source, "target": target, "path": "draft.yaml"})),
        ("check_contract", json!({"session": s, "contract": contract})),
        ("confirm_constraints", json!({"session": s})),
        ("run_drills", json!({"session": s, "contract": contract, "only": "crash-anywere"})),
        ("run_drills", json!({"session": s, "contract": contract, "schedules": 5})),
        ("assess_readiness", json!({"session": s})),
    ]);
    calls
}

/// The lines, the session's handle, and where it was worked.
fn walked(name: &str) -> (Vec<Value>, String, String) {
    let dir = tempfile::tempdir().unwrap();
    copy(&root().join("examples"), &dir.path().join("examples"));
    let mut server = Server::start(dir.path());
    let mut session = String::new();
    let mut lines = vec![json!({"trace": 1, "server": "integ", "masks": MASKS, "captures": {"SESSION": "/session"}})];
    for (tool, arguments) in plan(name) {
        let sent: Value = serde_json::from_str(&arguments.to_string().replace("${SESSION}", &session)).unwrap();
        let (result, is_error) = server.call(tool, &sent);
        if tool == "open_session" {
            result["session"].as_str().unwrap().clone_into(&mut session);
        }
        lines.push(json!({"tool": tool, "arguments": arguments, "result": result, "is_error": is_error}));
    }
    (lines, session, dir.path().display().to_string())
}

#[test]
fn the_server_answers_as_it_was_recorded() {
    let mut used = std::collections::BTreeSet::new();
    for name in integrations() {
        let path = root().join(format!("examples/{name}/walk.trace.jsonl"));
        let (now, session, dir) = walked(&name);
        let text: String = now.iter().map(|line| format!("{line}\n")).collect();
        if std::env::var_os("UPDATE_SKILL").is_some() {
            // What differs each time is written in words of its own, so that only what changed changes the file.
            std::fs::write(&path, text.replace(&session, "${SESSION}").replace(&dir, "PROJECT")).unwrap();
        }
        let recorded = std::fs::read_to_string(&path)
            .unwrap_or_else(|e| panic!("{}: {e}; run the tests with UPDATE_SKILL=1", path.display()));
        for line in recorded.lines() {
            let misfits = misfits("resources/schemas/trace.schema.json", &serde_json::from_str(line).unwrap());
            assert!(misfits.is_empty(), "{name}: {misfits:?}");
        }
        let (was, is) = (parse(&recorded).unwrap(), parse(&text).unwrap());
        let asked = |trace: &Trace| {
            let calls = trace.calls.iter().map(|c| (c.tool.clone(), c.arguments.clone(), c.is_error));
            (trace.head.clone(), calls.collect::<Vec<_>>())
        };
        assert_eq!(asked(&was), asked(&is), "{name}: run the tests with UPDATE_SKILL=1 and look at the difference");
        let (mut then, mut today) = (Captured::default(), Captured::default());
        for (a, b) in was.calls.iter().zip(&is.calls) {
            then.take(&was, &a.result);
            today.take(&is, &b.result);
            let (a, b) = (then.name(&a.result), today.name(&b.result));
            let found = differences(&a, &b, &was.masks);
            assert!(found.is_empty(), "{name}: {found:#?}");
            // Each mask is there for something.
            for mask in MASKS {
                let others: Vec<String> = MASKS.iter().filter(|m| **m != mask).map(|m| (*m).to_owned()).collect();
                if !differences(&a, &b, &others).is_empty() {
                    used.insert(mask);
                }
            }
        }
    }
    assert_eq!(used, MASKS.into_iter().collect(), "masks that hide nothing");
}
