//! The verifier: each check finds its own fault and no other, in skills written for it; our own skill has none.

mod documents;
mod files;
mod live;
mod manifests;
mod neglected;
#[cfg(target_os = "linux")]
mod runs;

use platform_integration::finding::Finding;
use platform_integration::probe::{Surface, Tool};
use platform_integration::skill::{LoadError, Project, Tree, load};
use platform_integration::verify::facts::{Facts, Program, Server};
use platform_integration::verify::{Profile, Subject, rules, run};

const GOOD: &str = "---
name: demo
description: Connects two systems. Use when records must flow from one to the other.
license: Apache-2.0
metadata:
  version: \"0.1.0\"
---

# Demo

## Purpose
Basic authentication and token endpoints are words, not secrets.
## Trigger Conditions
See [the reference](references/contract.md#fields) and [the site](https://example.com/a).
## Guardrails
## Required Artifacts
`examples/one-to-two/integration.yaml`
## Execution Phases
Call `map_system`, then `check_contract`; a `page_token` is a field, no tool.

```json
{\"tool\": \"map_system\", \"arguments\": {\"name\": \"a\"}}
```

```sh
platform-integration check integration.yaml   # the platform-integration binary
platform-integration --version
```
## Output Format
## Validation Checklist
Confidence: 0.70 (ceiling: inference 0.70)
";

const REFERENCE: &str = "# Contract\n\n## Fields\nBack to [the skill](../SKILL.md).\n";

/// A project in memory, shown as `demo/…`.
pub(crate) fn project(texts: &[(&str, &str)]) -> Project {
    Project::of_tree("demo", Tree::of_texts(texts), None)
}

/// A server that lists these tools, each without arguments.
pub(crate) fn listing(tools: &[&str]) -> Server {
    let tool = |name: &&str| Tool {
        name: (*name).to_owned(),
        input: serde_json::json!({"type": "object"}),
        ..Tool::default()
    };
    Server {
        declared_in: None,
        at: platform_integration::base::yaml::Span::default(),
        key: "demo".to_owned(),
        command: vec!["demo".to_owned()],
        answered: Ok(Surface {
            name: "demo".to_owned(),
            tools: tools.iter().map(tool).collect(),
            ..Surface::default()
        }),
    }
}

/// What the checks of a profile say.
pub(crate) fn found(project: &Project, facts: &Facts, profile: Profile) -> Vec<Finding> {
    run(&Subject { project, facts }, profile)
}

fn facts() -> Facts {
    Facts {
        servers: vec![listing(&["map_system", "check_contract"])],
        program: Some(Program {
            name: "platform-integration".to_owned(),
            commands: vec!["map".to_owned(), "check".to_owned()],
            ..Program::default()
        }),
        ..Facts::default()
    }
}

fn findings_of(main: &str, test: &str) -> Vec<Finding> {
    let project = project(&[
        ("SKILL.md", main),
        ("references/contract.md", REFERENCE),
        ("examples/one-to-two/integration.yaml", "x"),
        ("tests/run", test),
    ]);
    found(&project, &facts(), Profile::Full)
}

pub(crate) fn line(f: &Finding) -> String {
    format!("{}: {}: {}: {}\n    {}", f.location, f.severity.as_str(), f.code, f.message, f.fix)
}

#[test]
fn a_good_skill_has_no_findings() {
    let found = findings_of(GOOD, "drill one-to-two");
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn every_check_finds_its_fault_and_no_other() {
    let replace = |from: &str, to: &str| {
        assert!(GOOD.contains(from), "{from}");
        GOOD.replacen(from, to, 1)
    };
    let cases: Vec<(&str, String)> = vec![
        ("front-matter-missing", GOOD.splitn(3, "---\n").nth(2).unwrap().to_owned()),
        ("front-matter-displaced", format!("<!-- a banner -->\n{GOOD}")),
        ("front-matter-malformed", replace("license: Apache-2.0", "license: [a, b]")),
        ("metadata-not-text", replace("version: \"0.1.0\"", "version: 0.1")),
        ("front-matter-malformed", replace("license: Apache-2.0", "name: demo")),
        ("front-matter-malformed", replace("records must flow", "this: breaks")),
        ("key-not-portable", replace("license:", "licence:")),
        ("name-not-folder", replace("name: demo", "name: other")),
        ("name-not-folder", replace("name: demo", "name: De--mo")),
        ("description-unfit", replace("Connects two systems.", &"long ".repeat(250))),
        ("description-unfit", replace("Connects two systems.", "Connects <two> systems.")),
        ("section-missing", replace("## Guardrails", "## Guard rails")),
        ("over-budget", format!("{GOOD}{}", "one more line\n".repeat(500))),
        (
            "broken-link",
            replace("references/contract.md#fields", "references/contracts.md) or [it](references/contract.md"),
        ),
        ("broken-link", replace("#fields", "#field")),
        ("broken-link", replace("references/contract.md#fields", "../../secret.md) or [it](references/contract.md")),
        ("tool-unknown", replace("`check_contract`;", "`check_contract` or `check_contracts`;")),
        ("tool-unknown", replace("\"tool\": \"map_system\"", "\"tool\": \"draw_map\"")),
        ("tool-undocumented", replace("`check_contract`;", "it;")),
        ("command-unknown", replace("platform-integration check", "platform-integration chekc")),
        ("example-not-named", replace("`examples/one-to-two/integration.yaml`", "`examples/`")),
        ("confidence-malformed", replace("0.70 (ceiling: inference 0.70)", "high")),
        ("confidence-malformed", replace("inference 0.70)", "hunch 0.70)")),
        ("confidence-over-ceiling", replace("0.70 (ceiling: inference", "0.75 (ceiling: inference")),
        ("confidence-over-ceiling", replace("0.70 (ceiling: inference 0.70)", "0.70 (ceiling: inference 0.95)")),
        ("hidden-characters", replace("## Purpose", "## Purpose\nplain\u{200b}text")),
        ("secret-in-document", replace("## Purpose", "## Purpose\nuse sk_live_abcdefgh12345678")),
        ("secret-in-document", replace("## Purpose", "## Purpose\nAuthorization: Bearer abc123def456")),
    ];
    let mut page = Vec::new();
    for (code, text) in &cases {
        let found = findings_of(text, "drill one-to-two");
        let codes: Vec<&str> = found.iter().map(|f| f.code).collect();
        assert_eq!(codes, [*code], "{found:#?}");
        page.extend(found.iter().map(line));
    }
    let found = findings_of(GOOD, "drill one-to-two-more");
    assert_eq!(found.iter().map(|f| f.code).collect::<Vec<_>>(), ["example-without-test"]);
    page.extend(found.iter().map(line));
    insta::assert_snapshot!(page.join("\n"));
    for rule in rules() {
        let elsewhere = documents::TRIPPED.contains(&rule.code)
            || files::TRIPPED.contains(&rule.code)
            || live::TRIPPED.contains(&rule.code)
            || neglected::TRIPPED.contains(&rule.code)
            || rule.code == "evidence-unknown"
            || rule.code == "lock-behind"
            || rule.id == "PI050"
            // `runs` has them: they are found by running.
            || matches!(rule.id, "PI030" | "PI031" | "PI032" | "PI033");
        let tripped =
            elsewhere || rule.code == "example-without-test" || cases.iter().any(|(code, _)| *code == rule.code);
        assert!(tripped, "{} has no example", rule.code);
        assert!(rule.finds.ends_with('.') && rule.id.starts_with("PI"));
    }
}

#[test]
fn a_secret_is_not_repeated_in_its_finding() {
    let text = GOOD.replace("## Purpose", "## Purpose\nsk_live_abcdefgh12345678");
    for finding in findings_of(&text, "drill one-to-two") {
        assert!(!line(&finding).contains("abcdefgh"));
    }
}

#[test]
fn a_skill_is_loaded_from_its_directory() {
    let dir = tempfile::tempdir().unwrap();
    let skill = dir.path().join("demo");
    assert!(matches!(load(&skill, "demo"), Err(LoadError::NoDirectory { .. })));
    std::fs::create_dir_all(skill.join("references")).unwrap();
    assert!(matches!(load(&skill, "demo"), Err(LoadError::NoSkill { .. })));
    std::fs::write(skill.join("SKILL.md"), GOOD.replace("`examples/one-to-two/integration.yaml`", "Nothing.")).unwrap();
    std::fs::write(skill.join("references/contract.md"), REFERENCE).unwrap();
    std::fs::write(skill.join("logo.png"), b"\x89PNG\0").unwrap();
    let loaded = load(&skill, "./x").unwrap();
    assert_eq!(loaded.skills[0].folder, "demo", "the directory's own name, however it was reached");
    assert_eq!(loaded.skills[0].main().file, "./x/SKILL.md");
    assert_eq!(
        loaded.tree.iter().map(|(p, _)| p).collect::<Vec<_>>(),
        ["SKILL.md", "logo.png", "references/contract.md"]
    );
    assert!(found(&loaded, &facts(), Profile::Full).is_empty());
}

#[test]
fn what_lies_around_the_only_skill_of_a_project_belongs_to_it() {
    let texts = [("skill/demo/SKILL.md", GOOD), ("examples/one-to-two/integration.yaml", "x"), ("plugin.json", "{}")];
    let loaded = project(&texts);
    let skill = &loaded.skills[0];
    assert_eq!((skill.base.as_str(), skill.folder.as_str()), ("skill/demo", "demo"));
    assert_eq!(skill.dirs(&loaded.tree, "examples"), ["examples"]);
    assert!(skill.owns("examples/one-to-two/integration.yaml") && !skill.owns("plugin.json"));
    let two = [texts.as_slice(), &[("skill/other/SKILL.md", GOOD)]].concat();
    let loaded = project(&two);
    assert_eq!(loaded.skills.len(), 2);
    assert!(
        !loaded.skills[0].owns("examples/one-to-two/integration.yaml"),
        "of two, neither owns what lies above both"
    );
}

#[cfg(unix)]
#[test]
fn a_link_through_a_symbolic_link_leads_nowhere() {
    let dir = tempfile::tempdir().unwrap();
    let skill = dir.path().join("demo");
    std::fs::create_dir_all(&skill).unwrap();
    std::fs::write(dir.path().join("outside.md"), "secret").unwrap();
    std::os::unix::fs::symlink(dir.path().join("outside.md"), skill.join("inside.md")).unwrap();
    std::fs::write(skill.join("SKILL.md"), GOOD.replace("references/contract.md#fields", "inside.md")).unwrap();
    let loaded = load(&skill, "demo").unwrap();
    assert_eq!(loaded.tree.get("inside.md").unwrap().text(), None, "it is not followed");
}
