//! What is said of one description, held against its text: no answer is longer than it may be, and every name in it is there.
//! The test suite runs it over a part of the descriptions, the example `answers-check` over all.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use platform_integration::app::{self, App, Face, HumanInput, inspect_system, map_system};
use platform_integration::base::text::{singular, tokens, words};
use platform_integration::evidence::Provenance;
use platform_integration::render;
use serde_json::{Value, json};

/// An MCP client: it gets the small answers.
pub(crate) fn agent() -> Face {
    Face::Mcp { client: "test 1".to_owned(), provenance: Provenance::default(), stop: Default::default() }
}

/// Looks into a description.
pub(crate) fn inspect(app: &App, api: &str, ask: Value) -> Value {
    let mut params = json!({"api": api});
    params.as_object_mut().expect("an object").extend(ask.as_object().expect("an object").clone());
    let params: inspect_system::Params = serde_json::from_value(params).expect("arguments");
    let answered = app::execute::<app::InspectSystem>(app, &agent(), HumanInput::NotAsked, params);
    serde_json::to_value(answered.unwrap_or_else(|_| panic!("{api} is inspected")).answer).expect("json")
}

/// Every file below a folder, by name.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let files = walkdir::WalkDir::new(folder).sort_by_file_name().into_iter().filter_map(Result::ok);
    files.filter(|f| f.file_type().is_file()).map(walkdir::DirEntry::into_path).collect()
}

/// What is wrong with the answers about one description; nothing where it is none that is read. `ranked`: searched too,
/// which for the largest takes seconds in a build that is not optimised.
pub(crate) fn faults(app: &App, path: &Path, ranked: bool) -> Option<Vec<String>> {
    let api = path.display().to_string();
    let params = map_system::Params { api: api.clone(), session: None, name: Some("it".to_owned()) };
    let answered = app::execute::<app::MapSystem>(app, &agent(), HumanInput::NotAsked, params).ok()?;
    let mut wrong = Vec::new();
    let map = serde_json::to_value(&answered.answer).expect("json");
    let brief = render::brief(&answered.summary, &map, 10_000);
    let mut small = |form: &str, text: &str, most: usize| {
        if tokens(text) > most {
            wrong.push(format!("{api}: the {form} has {} tokens", tokens(text)));
        }
    };
    small("map", &map.to_string(), 1_200);
    small("map as text", &brief, 1_200);
    let mut all = Vec::new();
    // What was looked up is in no description: it carries its source instead.
    let read = |f: &&Value| f["basis"] != "research" || f["source"].is_null();
    let facts: Vec<&Value> = map["facts"].as_array().into_iter().flatten().filter(read).collect();
    names(&json!([map["entities"], facts]), &mut all);
    let operations = inspect(app, &api, json!({"operations": true}));
    small("list of operations", &operations.to_string(), 2_500);
    names(&operations["operations"], &mut all);
    if let Some(first) = operations["operations"][0]["operation_id"].as_str() {
        let card = inspect(app, &api, json!({"operation": first}));
        small("card", &card.to_string(), 2_500);
        names(&json!([card["parameters"], card["request"], card["fields"]]), &mut all);
    }
    if ranked {
        let found = inspect(app, &api, json!({"find": "who do we bill for orders?"}));
        small("search", &found.to_string(), 2_500);
        names(&found["matches"], &mut all);
    }
    let text = Said::of(&String::from_utf8_lossy(&std::fs::read(path).expect("it was read just now")));
    let missing: Vec<String> = all.into_iter().filter(|name| !name.contains(['…', '\\']) && !text.has(name)).collect();
    if !missing.is_empty() {
        wrong.push(format!("{api}: {missing:?}"));
    }
    Some(wrong)
}

/// Names in an answer that must be in the description, each as written there.
fn names(answer: &Value, out: &mut Vec<String>) {
    const NAMES: [&str; 8] = ["path", "operation_id", "name", "param", "limit_param", "entity", "key", "operation"];
    match answer {
        Value::Object(map) => {
            for (key, value) in map {
                match value {
                    Value::String(s) if NAMES.contains(&key.as_str()) => out.push(s.clone()),
                    Value::Array(items)
                        if matches!(key.as_str(), "auth" | "fields") && items.iter().all(Value::is_string) =>
                    {
                        let each = items.iter().filter_map(Value::as_str);
                        out.extend(each.flat_map(|s| s.split('+')).map(str::to_owned));
                    }
                    _ => names(value, out),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| names(item, out)),
        _ => {}
    }
}

/// The words of a description, each in small letters, and in the singular too: a look into a set for each name, where a
/// search through megabytes for each would take minutes.
struct Said(HashSet<String>);

impl Said {
    fn of(text: &str) -> Self {
        let mut all = HashSet::new();
        // An escape is no letter: `\n` before a word, `\/` within a path.
        let runs = text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|r| !r.is_empty());
        for run in runs {
            if all.insert(run.to_owned()) {
                for escaped in [run, run.get(1..).unwrap_or("")] {
                    for word in words(escaped) {
                        all.insert(singular(&word));
                        all.insert(word);
                    }
                    all.insert(escaped.to_lowercase());
                }
            }
        }
        Self(all)
    }

    /// A name that a rule made of others (`billing_portal.session` of a path) stands there word by word.
    fn has(&self, name: &str) -> bool {
        // Every GraphQL type has it, written or not (section 4.1).
        if name.ends_with("__typename") {
            return true;
        }
        let places = [" (query)", " (path)", " (header)", " (cookie)", " (variable)"];
        let name = places.iter().find_map(|p| name.strip_suffix(p)).unwrap_or(name);
        words(name).iter().all(|w| self.0.contains(w) || self.0.contains(&singular(w)))
    }
}
