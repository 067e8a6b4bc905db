//! Each check of a skill finds its own fault and no other; our own skill has none.

use platform_integration::finding::Finding;
use platform_integration::skill::verify::{ALL, Subject, run};
use platform_integration::skill::{LoadError, Skill, load};

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

fn findings_of(dir: &str, main: &str, reference: &str, examples: &[&str], tests: &str) -> Vec<Finding> {
    let skill = Skill::of_texts(dir, &[("SKILL.md", main), ("references/contract.md", reference)]);
    run(&Subject {
        skill: &skill,
        known_tools: &["map_system", "check_contract"],
        known_commands: &["map", "check"],
        examples,
        tests,
    })
}

fn line(f: &Finding) -> String {
    format!("{}: {}: {}: {}\n    {}", f.location, f.severity.as_str(), f.code, f.message, f.fix)
}

#[test]
fn a_good_skill_has_no_findings() {
    let found = findings_of("skills/demo", GOOD, REFERENCE, &["one-to-two"], "drill one-to-two");
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn every_check_finds_its_fault_and_no_other() {
    let replace = |from: &str, to: &str| {
        assert!(GOOD.contains(from), "{from}");
        GOOD.replacen(from, to, 1)
    };
    let cases: Vec<(&str, String)> = vec![
        ("front-matter-missing", format!("<!-- a banner -->\n{GOOD}")),
        ("front-matter-malformed", replace("license: Apache-2.0", "license: [a, b]")),
        ("front-matter-malformed", replace("version: \"0.1.0\"", "version: 0.1")),
        ("front-matter-malformed", replace("license: Apache-2.0", "name: demo")),
        ("front-matter-malformed", replace("records must flow", "this: breaks")),
        ("front-matter-unknown-key", replace("license:", "licence:")),
        ("name-not-folder", replace("name: demo", "name: other")),
        ("name-not-folder", replace("name: demo", "name: De--mo")),
        ("description-unfit", replace("Connects two systems.", &"long ".repeat(250))),
        ("description-unfit", replace("Connects two systems.", "Connects <two> systems.")),
        ("section-missing", replace("## Guardrails", "## Guard rails")),
        ("over-budget", format!("{GOOD}{}", "one more line\n".repeat(500))),
        ("broken-link", replace("references/contract.md#fields", "references/contracts.md")),
        ("broken-link", replace("#fields", "#field")),
        ("broken-link", replace("references/contract.md#fields", "../../secret.md")),
        ("unknown-tool", replace("`check_contract`;", "`check_contract` or `check_contracts`;")),
        ("unknown-tool", replace("\"tool\": \"map_system\"", "\"tool\": \"draw_map\"")),
        ("tool-undocumented", replace("`check_contract`;", "it;")),
        ("unknown-command", replace("platform-integration check", "platform-integration chekc")),
        ("example-not-named", replace("one-to-two", "one-to-two-b")),
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
        let found = findings_of("skills/demo", text, REFERENCE, &["one-to-two"], "drill one-to-two");
        let codes: Vec<&str> = found.iter().map(|f| f.code).collect();
        assert_eq!(codes, [*code], "{found:#?}");
        page.extend(found.iter().map(line));
    }
    let found = findings_of("skills/demo", GOOD, REFERENCE, &["one-to-two"], "drill one-to-two-more");
    assert_eq!(found.iter().map(|f| f.code).collect::<Vec<_>>(), ["example-without-test"]);
    page.extend(found.iter().map(line));
    insta::assert_snapshot!(page.join("\n"));
    for check in ALL {
        let tripped = check.code == "example-without-test" || cases.iter().any(|(code, _)| *code == check.code);
        assert!(tripped, "{} has no example", check.code);
        assert!(check.finds.ends_with('.'));
    }
}

#[test]
fn a_secret_is_not_repeated_in_its_finding() {
    let text = GOOD.replace("## Purpose", "## Purpose\nsk_live_abcdefgh12345678");
    for finding in findings_of("skills/demo", &text, REFERENCE, &[], "") {
        assert!(!line(&finding).contains("abcdefgh"));
    }
}

#[test]
fn a_skill_is_loaded_from_its_directory() {
    let dir = tempfile::tempdir().unwrap();
    let skill = dir.path().join("demo");
    assert!(matches!(load(&skill, "demo"), Err(LoadError::Unreadable(_))));
    std::fs::create_dir_all(skill.join("references")).unwrap();
    std::fs::write(skill.join("SKILL.md"), GOOD).unwrap();
    std::fs::write(skill.join("references/contract.md"), REFERENCE).unwrap();
    std::fs::write(skill.join("logo.png"), b"\x89PNG\0").unwrap();
    let loaded = load(&skill, "./x").unwrap();
    assert_eq!(loaded.folder, "demo", "the directory's own name, however it was reached");
    assert_eq!(loaded.main().file, "./x/SKILL.md");
    assert_eq!(loaded.files.iter().collect::<Vec<_>>(), ["SKILL.md", "logo.png", "references/contract.md"]);
    let subject = Subject {
        skill: &loaded,
        known_tools: &["map_system", "check_contract"],
        known_commands: &["map", "check"],
        examples: &[],
        tests: "",
    };
    assert!(run(&subject).is_empty());
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
    let subject = Subject {
        skill: &loaded,
        known_tools: &["map_system", "check_contract"],
        known_commands: &["check"],
        examples: &[],
        tests: "",
    };
    assert_eq!(run(&subject).iter().map(|f| f.code).collect::<Vec<_>>(), ["broken-link"]);
}
