//! How much of the outside truth the readers find. Prints only when asked: `SCORE=1 cargo test --test it score -- --nocapture`.

use std::collections::BTreeMap;

use platform_integration::model::{PageStyle, System};
use serde_json::Value;

use super::corpus::{folder, read, rows};

#[derive(Default)]
struct Score {
    hits: u32,
    rows: u32,
    misses: Vec<String>,
}

impl Score {
    fn add(&mut self, hit: bool, miss: impl FnOnce() -> String) {
        self.rows += 1;
        self.hits += u32::from(hit);
        if !hit {
            self.misses.push(miss());
        }
    }
}

#[derive(Default)]
struct Systems(BTreeMap<String, Option<System>>);

impl Systems {
    fn get(&mut self, file: &str) -> Option<&System> {
        self.0.entry(file.to_owned()).or_insert_with(|| read(file).system).as_ref()
    }
}

fn text<'v>(row: &'v Value, key: &str) -> &'v str {
    row[key].as_str().unwrap_or("")
}

fn norm(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn same(truth: &Value, ours: &Value) -> bool {
    match (truth, ours) {
        (Value::String(a), Value::String(b)) => a.eq_ignore_ascii_case(b),
        (Value::Object(a), _) => a.iter().all(|(k, v)| v.is_null() || same(v, &ours[k])),
        (Value::Array(a), Value::Array(b)) => a.iter().all(|x| b.contains(x)),
        _ => truth == ours,
    }
}

#[test]
#[expect(clippy::print_stdout, reason = "asked for by SCORE=1")]
fn score_against_outside_truth() {
    if std::env::var_os("SCORE").is_none() || folder().is_none() {
        return;
    }
    let mut systems = Systems::default();
    let mut scores: BTreeMap<String, Score> = BTreeMap::new();
    for row in rows("truth.jsonl") {
        if row["derivable"] != true || row["in_scope"] == false {
            continue;
        }
        let fact = text(&row, "fact");
        let how = text(&row, "derivable_how");
        // A row names three of a vendor's descriptions; the truth is about all of them.
        let vendor = text(&row, "vendor");
        let index = rows("index.jsonl");
        let files: Vec<&str> =
            index.iter().filter(|i| text(i, "vendor") == vendor).filter_map(|i| i["file"].as_str()).collect();
        let mut ours: Vec<Value> = Vec::new();
        let mut readable = false;
        for file in files {
            if let Some(system) = systems.get(file) {
                readable = true;
                for f in system.facts_named(fact) {
                    if !ours.contains(&f.value) {
                        ours.push(f.value.clone());
                    }
                }
            }
        }
        if fact == "category" || !readable {
            continue;
        }
        let truth = &row["value"];
        let hit = match fact {
            "base_url" => ours.iter().any(|o| host_fits(text(truth, "host"), text(o, "host"))),
            "oauth2_authorization_url" | "oauth2_token_url" => ours
                .iter()
                .any(|o| host_fits(text(truth, "host"), text(o, "host")) && text(truth, "path") == text(o, "path")),
            "webhook_subscribe_endpoint" => ours.iter().any(|o| {
                let shape =
                    |p: &str| norm(&p.split('{').map(|s| s.split_once('}').map_or(s, |(_, t)| t)).collect::<String>());
                shape(text(o, "path")).ends_with(&shape(text(truth, "path"))) && same(&truth["method"], &o["method"])
            }),
            // Scopes change with time: most of them must be there.
            "oauth2_scopes" => {
                let known: Vec<&Value> = ours.iter().filter_map(Value::as_array).flatten().collect();
                let truth = truth.as_array().expect("a list");
                truth.iter().filter(|t| known.contains(t)).count() * 2 >= truth.len()
            }
            _ => ours.iter().any(|o| same(truth, o)),
        };
        let miss = || {
            format!(
                "{} {truth} ({how}) ours {}",
                text(&row, "vendor"),
                Value::from(ours.iter().take(4).cloned().collect::<Vec<_>>())
            )
        };
        scores.entry(format!("fact {fact}")).or_default().add(hit, miss);
    }
    for row in rows("truth_endpoints.jsonl") {
        let Some(at) = row["spec_match"].as_object() else { continue };
        let (file, path) = (at["file"].as_str().expect("a file"), at["path"].as_str().expect("a path"));
        let Some(system) = systems.get(file) else { continue };
        let method = text(&row, "method");
        let found = system.operation(&format!("{method} {path}"));
        let pages = found.and_then(|o| o.pagination.as_ref());
        let shown = format!(
            "{} {method} {path} {} {} {} ours {:?}",
            text(&row, "vendor"),
            row["style"],
            row["param"],
            row["limit_param"],
            pages.map(|p| (p.style, p.param.clone(), p.limit_param.clone()))
        );
        let style = pages.map(|p| p.style.as_str()) == row["style"].as_str();
        scores.entry("endpoint style".to_owned()).or_default().add(style, || shown.clone());
        if let Some(param) = row["param"].as_str() {
            let hit = pages.and_then(|p| p.param.as_deref()).is_some_and(|p| p.eq_ignore_ascii_case(param));
            scores.entry("endpoint param".to_owned()).or_default().add(hit, || shown.clone());
            if row["param_in_op"] == true {
                scores.entry("endpoint param, declared".to_owned()).or_default().add(hit, || shown.clone());
                let style = pages.map(|p| p.style.as_str()) == row["style"].as_str();
                scores.entry("endpoint style, param declared".to_owned()).or_default().add(style, || shown.clone());
            }
        } else {
            let none = pages.is_some_and(|p| matches!(p.style, PageStyle::LinkBody | PageStyle::LinkHeader));
            scores.entry("endpoint without param".to_owned()).or_default().add(none, || shown.clone());
        }
        if let Some(limit) = row["limit_param"].as_str() {
            let hit = pages.and_then(|p| p.limit_param.as_deref()).is_some_and(|p| p.eq_ignore_ascii_case(limit));
            scores.entry("endpoint limit".to_owned()).or_default().add(hit, || shown.clone());
        }
    }
    for row in rows("truth_ops.jsonl") {
        let Some(at) = row["spec_match"].as_object() else { continue };
        let (file, path) = (at["file"].as_str().expect("a file"), at["path"].as_str().expect("a path"));
        let Some(system) = systems.get(file) else { continue };
        let Some(found) = system.operation(&format!("{} {path}", text(&row, "method"))) else {
            scores.entry("op action".to_owned()).or_default().add(false, || format!("{row}"));
            continue;
        };
        let action = text(&row, "action").replace("api_search", "search");
        let shown = || {
            format!(
                "{} {} {path} {action} {} ours {} {:?}",
                text(&row, "vendor"),
                text(&row, "method"),
                row["entity"],
                found.action.as_str(),
                found.entity
            )
        };
        scores.entry("op action".to_owned()).or_default().add(found.action.as_str() == action, shown);
        let (truth, ours) = (norm(&singular(text(&row, "entity"))), norm(found.entity.as_deref().unwrap_or("")));
        scores.entry("op entity, exact".to_owned()).or_default().add(truth == ours, shown);
        let tail = !ours.is_empty() && (truth.ends_with(&ours) || ours.ends_with(&truth));
        scores.entry("op entity, last word".to_owned()).or_default().add(tail, shown);
    }
    for (name, score) in &scores {
        println!("{name}: {:.2} ({}/{})", f64::from(score.hits) / f64::from(score.rows), score.hits, score.rows);
    }
    if std::env::var_os("MISSES").is_some() {
        for (name, score) in &scores {
            for miss in &score.misses {
                println!("{name} | {miss}");
            }
        }
    }
}

fn singular(name: &str) -> String {
    name.split('_').map(platform_integration::base::text::singular).collect::<Vec<_>>().join("_")
}

/// `{subdomain}.x.com` fits any host below `x.com`.
fn host_fits(truth: &str, ours: &str) -> bool {
    let tail = |h: &str| h.rsplit('}').next().unwrap_or(h).trim_start_matches('.').to_lowercase();
    let (t, o) = (truth.to_lowercase(), ours.to_lowercase());
    t == o || (t.contains('{') && o.ends_with(&tail(&t))) || (o.contains('{') && t.ends_with(&tail(&o)))
}
