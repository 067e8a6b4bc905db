//! `SKILL.md` and its references, against the program.

use std::collections::{BTreeMap, BTreeSet};

use platform_integration::probe::{Surface, Tool};
use platform_integration::verify::restated::{TOOLS_BEGIN, TOOLS_END, tools_markdown};
use regex::Regex;
use serde_json::{Value, json};

use super::{root, text};
use crate::cli::workspace;
use crate::mcp::{Human, connect};

const MAIN: &str = "skill/platform-integration/SKILL.md";

#[test]
fn it_fits_its_budget() {
    let main = text(MAIN);
    assert!(main.lines().count() < 200, "{} lines", main.lines().count());
    // 2,500 tokens: with o200k_base it is 4.0 characters a token.
    assert!(main.chars().count() < 9_900, "{} characters", main.chars().count());
}

/// The calls in the code blocks of the skill, in order.
fn calls() -> Vec<(String, Value)> {
    let main = text(MAIN);
    let lines = main.lines().filter(|l| l.starts_with("{\"tool\""));
    let calls: Vec<(String, Value)> = lines
        .map(|line| {
            let call: Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{line}: {e}"));
            (call["tool"].as_str().unwrap().to_owned(), call["arguments"].clone())
        })
        .collect();
    assert!(calls.len() > 10);
    calls
}

#[tokio::test]
async fn every_call_works_as_written() {
    let dir = workspace("billing-to-crm");
    let at = dir.path().join("examples/billing-to-crm");
    for name in ["apis", "integration.yaml"] {
        std::fs::rename(at.join(name), dir.path().join(name)).unwrap();
    }
    let contract = dir.path().join("integration.yaml");
    let decided = std::fs::read(&contract).unwrap();
    std::fs::remove_file(&contract).unwrap();
    let s = connect(Human { says: Some("confirm"), ..Human::default() }, true, dir).await;
    let mut session = String::new();
    let mut used = BTreeSet::new();
    for (tool, arguments) in calls() {
        let arguments: Value = serde_json::from_str(&arguments.to_string().replace("SESSION", &session)).unwrap();
        let tool: &'static str = platform_integration::mcp::names().into_iter().find(|n| *n == tool).expect("a tool");
        let answer = s.ok(tool, arguments).await;
        match tool {
            "open_session" => answer["session"].as_str().unwrap().clone_into(&mut session),
            // The draft leaves questions open; the example is what they were decided to.
            "draft_contract" => std::fs::write(&contract, &decided).unwrap(),
            "check_contract" => assert_eq!(answer["compiles"], true),
            "confirm_constraints" => assert_eq!(answer["pending"], json!([])),
            "run_drills" => assert_eq!(answer["verdict"], "PASS"),
            _ => {}
        }
        used.insert(tool);
    }
    assert_eq!(used.len(), platform_integration::mcp::names().len(), "each tool has a call that works: {used:?}");
}

#[test]
fn its_commands_are_the_tools_in_the_order_of_the_work() {
    let main = text(MAIN);
    let (_, after) = main.split_once("in the order of the work: ").expect("the sentence");
    let (sentence, _) = after.split_once(". ").expect("its end");
    let named: Vec<&str> = sentence.split(',').map(|c| c.trim().trim_matches('`')).collect();
    let mut known: Vec<String> =
        platform_integration::cli::command().get_subcommands().map(|c| c.get_name().to_owned()).collect();
    known.sort();
    for command in &named {
        assert!(known.iter().any(|k| k == command), "{command} is no command");
    }
    // Each tool's name begins with its command, but for four whose command is the thing and not the deed.
    let command = |tool: &str| match tool {
        "check_drift" => "drift".to_owned(),
        "record_constraint" => "constrain".to_owned(),
        "run_drills" => "drill".to_owned(),
        "query_evidence" => "evidence".to_owned(),
        _ => tool.split('_').next().unwrap().to_owned(),
    };
    let expected: Vec<String> = platform_integration::mcp::names().iter().map(|t| command(t)).collect();
    assert_eq!(named, expected);
}

#[tokio::test]
async fn the_table_of_tools_is_what_the_server_lists() {
    let s = connect(Human::default(), true, tempfile::tempdir().unwrap()).await;
    let tools = s.client.list_all_tools().await.unwrap();
    let tools = tools.into_iter().map(|t| Tool {
        name: t.name.into_owned(),
        description: t.description.unwrap_or_default().into_owned(),
        input: Value::Object((*t.input_schema).clone()),
        output: None,
        annotations: serde_json::to_value(t.annotations).unwrap(),
    });
    let surface = Surface { tools: tools.collect(), ..Surface::default() };
    let path = "skill/platform-integration/references/tools.md";
    let page = text(path);
    let (before, rest) = page.split_once(TOOLS_BEGIN).expect("the block begins");
    let (block, after) = rest.split_once(TOOLS_END).expect("the block ends");
    let fresh = tools_markdown(&surface);
    if std::env::var_os("UPDATE_SKILL").is_some() && block != fresh {
        std::fs::write(root().join(path), format!("{before}{TOOLS_BEGIN}{fresh}{TOOLS_END}{after}")).unwrap();
        return;
    }
    assert_eq!(block, fresh, "run the tests with UPDATE_SKILL=1 and look at the difference");
}

#[test]
fn the_reference_of_transforms_is_printed_from_them() {
    let path = "skill/platform-integration/references/transforms.md";
    let page = text(path);
    let (before, rest) = page.split_once("skill::documents -->\n").expect("the block begins");
    let (block, after) = rest.split_once("<!-- end -->").expect("the block ends");
    let fresh = platform_integration::mapping::transforms::markdown();
    if std::env::var_os("UPDATE_SKILL").is_some() && block != fresh {
        let page = format!("{before}skill::documents -->\n{fresh}<!-- end -->{after}");
        std::fs::write(root().join(path), page).unwrap();
        return;
    }
    assert_eq!(block, fresh, "run the tests with UPDATE_SKILL=1 and look at the difference");
}

/// The first words of the first column of every table in a document.
fn first_column(page: &str) -> Vec<String> {
    let code = Regex::new(r"(?m)^\| `([a-z0-9-]+)` \|").unwrap();
    code.captures_iter(page).map(|c| c[1].to_owned()).collect()
}

#[test]
fn every_refusal_of_the_program_is_in_its_table_and_no_other() {
    // Where a refusal is made, its code stands first; a guardrail's stands in its table.
    let made = Regex::new(r#"Refusal::new\(\s*"([a-z-]+)""#).unwrap();
    let guard = Regex::new(r#"Guardrail = Guardrail \{ code: "([a-z-]+)""#).unwrap();
    let mut codes: BTreeMap<String, String> = BTreeMap::new();
    for entry in walkdir::WalkDir::new(root().join("src")).sort_by_file_name() {
        let entry = entry.unwrap();
        let path = entry.path().strip_prefix(root()).unwrap().display().to_string();
        // What a mock answers is its system's refusal, not ours.
        if !path.ends_with(".rs") || path.starts_with("src/lab/") {
            continue;
        }
        let source = text(&path);
        for found in made.captures_iter(&source).chain(guard.captures_iter(&source)) {
            codes.insert(found[1].to_owned(), path.clone());
        }
        // `Self::new("code"` of the three kinds of no.
        if path == "src/app/no.rs" {
            codes.insert("unreadable-file".to_owned(), path.clone());
        }
    }
    for (code, path) in [("unreadable-description", "src/app/context.rs"), ("bad-argument", "src/app/conditions.rs")] {
        assert!(text(path).contains(code), "{path} makes {code}");
        codes.insert(code.to_owned(), path.to_owned());
    }
    assert!(codes.len() > 60, "{codes:?}");
    let page = text("skill/platform-integration/references/refusals.md");
    let mut listed: Vec<String> = first_column(&page);
    // The operator's codes stand in rows of a list.
    let (_, operator) = page.split_once("## For whoever runs the program").expect("the section");
    let code = Regex::new(r"`([a-z0-9-]+)`").unwrap();
    listed.extend(code.captures_iter(operator).map(|c| c[1].to_owned()));
    let twice: Vec<&String> = listed.iter().filter(|c| listed.iter().filter(|d| d == c).count() > 1).collect();
    assert!(twice.is_empty(), "listed twice: {twice:?}");
    let listed: BTreeSet<String> = listed.into_iter().collect();
    let missing: Vec<_> = codes.iter().filter(|(c, _)| !listed.contains(*c)).collect();
    assert!(missing.is_empty(), "not in references/refusals.md: {missing:?}");
    let invented: Vec<_> = listed.iter().filter(|c| !codes.contains_key(*c)).collect();
    assert!(invented.is_empty(), "no code of the program: {invented:?}");
    // The short table of the skill names none that is not in the long one.
    let main = text(MAIN);
    let (_, short) = main.split_once("### When it refuses").expect("the section");
    let (short, _) = short.split_once("\n### ").expect("its end");
    for named in code.captures_iter(short).map(|c| c[1].to_owned()).filter(|c| c.contains('-')) {
        assert!(listed.contains(&named) || named == "decisions", "{named} of the short table");
    }
}

#[test]
fn every_drill_is_described() {
    let described = first_column(&text("skill/platform-integration/references/drills.md"));
    let drills: BTreeSet<String> = platform_integration::lab::codes().into_iter().map(str::to_owned).collect();
    let verdicts = ["PASS", "PARTIAL", "FAIL", "UNPROVEN"];
    let described: BTreeSet<String> = described.into_iter().filter(|c| !verdicts.contains(&c.as_str())).collect();
    assert_eq!(described, drills);
}

#[test]
fn every_reference_is_named_by_the_skill_and_no_deeper() {
    let main = text(MAIN);
    let dir = root().join("skill/platform-integration/references");
    let mut count = 0;
    for entry in std::fs::read_dir(dir).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        assert!(main.contains(&format!("(references/{name})")), "{name} is not named");
        count += 1;
    }
    assert!(count >= 7);
}

#[test]
fn what_is_to_be_filled_in_by_hand_can_be() {
    let constraints = super::yaml("resources/templates/by-hand/constraints.yaml");
    let kinds: Vec<&str> =
        constraints["constraints"].as_array().unwrap().iter().map(|c| c["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["hard", "soft", "inferred"]);
    // Put into a contract, they have the shape that the schema of the contract wants.
    let mut contract = super::yaml("examples/billing-to-crm/integration.yaml");
    contract["constraints"] = constraints["constraints"].clone();
    let misfits = super::misfits("resources/schemas/integration.schema.json", &contract);
    assert!(misfits.is_empty(), "{misfits:?}");
    for page in ["runbook.md", "risk-rollback.md"] {
        let page = text(&format!("resources/templates/by-hand/{page}"));
        assert!(page.contains("Confidence: 0.70 (ceiling: inference 0.70)"));
    }
}

#[test]
fn every_resource_of_the_skill_is_in_the_list_of_resources() {
    let list = text("resources/README.md");
    for (path, _) in platform_integration::skill::SHIPPED {
        if let Some(path) = path.strip_prefix("resources/")
            && path != "README.md"
        {
            assert!(list.contains(&format!("`{path}`")), "{path} is not listed");
        }
    }
}

#[test]
fn a_lock_has_the_shape_that_its_schema_says() {
    let schema = "resources/schemas/skill-lock.schema.json";
    let files: serde_json::Map<String, Value> = platform_integration::skill::SHIPPED
        .iter()
        .map(|(path, bytes)| {
            let digest = platform_integration::base::digest::Digest::of_bytes(bytes);
            ((*path).to_owned(), json!({"sha256": digest.to_string(), "size": bytes.len()}))
        })
        .collect();
    let lock = |version: u64, files: &Value| {
        json!({"lock_version": version, "skill": "platform-integration", "version": "0.1.0", "files": files,
            "tools": {}, "server": {"name": "platform-integration", "version": "0.1.0"}})
    };
    let files = Value::Object(files);
    assert_eq!(super::misfits(schema, &lock(1, &files)), [""; 0]);
    for bad in [lock(2, &files), lock(1, &json!({})), lock(1, &json!({"SKILL.md": {"sha256": "no", "size": 1}}))] {
        assert!(!super::misfits(schema, &bad).is_empty(), "{bad}");
    }
    let kept = root().join("skill/platform-integration/skill.lock.json");
    if let Ok(kept) = std::fs::read_to_string(kept) {
        assert_eq!(super::misfits(schema, &serde_json::from_str(&kept).unwrap()), [""; 0]);
    }
}
