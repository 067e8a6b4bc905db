//! Manifests (PI050): each rule finds its fault and no other; manifests that agree have no findings.

use std::collections::BTreeSet;

use platform_integration::finding::{Change, Finding};
use platform_integration::package::{self, Place, Source};
use platform_integration::skill::{Project, Tree};
use platform_integration::verify::facts::Facts;
use platform_integration::verify::{Profile, rules};

use super::{found, line};

const SKILL: &str = "---\nname: demo\ndescription: Does one thing. Use when it is wanted.\nmetadata:\n  version: \"1.2.0\"\n---\n\n# Demo\n";

const PACKAGE: &str = "[package]\nname = \"demo\"\nversion = \"1.2.0\"\n";

/// A project whose manifests agree, written by hand: no `integ.toml`.
fn good() -> Vec<(&'static str, &'static str)> {
    vec![
        ("skills/demo/SKILL.md", SKILL),
        ("Cargo.toml", PACKAGE),
        ("README.md", "# Demo\n\nmcp-name: io.github.ada/demo\n"),
        (
            ".mcp.json",
            "{\"mcpServers\": {\"demo\": {\"command\": \"${CLAUDE_PLUGIN_ROOT}/bin/demo\", \"args\": [\"serve\"]}}}\n",
        ),
        (
            ".claude-plugin/plugin.json",
            "{\n  \"name\": \"demo\",\n  \"version\": \"1.2.0\",\n  \"description\": \"Does one thing.\",\n  \"skills\": [\"./skills/demo\"]\n}\n",
        ),
        (
            ".claude-plugin/marketplace.json",
            "{\"name\": \"ours\", \"owner\": {\"name\": \"Ada\"}, \"metadata\": {\"version\": \"9.0.0\"}, \"plugins\": [{\"name\": \"demo\", \"source\": \"./\", \"version\": \"1.2.0\"}, {\"name\": \"other\", \"source\": {\"source\": \"github\", \"repo\": \"a/b\"}, \"version\": \"3.0.0\"}]}\n",
        ),
        (
            "plugin.json",
            "{\n  \"$schema\": \"https://agent-plugins.org/schemas/1.0.0/plugin.schema.json\",\n  \"name\": \"demo\",\n  \"version\": \"1.2.0\",\n  \"description\": \"Does one thing.\"\n}\n",
        ),
        (
            "mcp.json",
            "{\n  \"$schema\": \"https://agent-plugins.org/schemas/1.0.0/mcp.schema.json\",\n  \"mcpServers\": {\n    \"demo\": {\n      \"type\": \"stdio\",\n      \"command\": \"./bin/demo\",\n      \"args\": [\"serve\"],\n      \"env\": {\"STORE\": \"${PLUGIN_DATA}/store\"}\n    }\n  }\n}\n",
        ),
        (
            "gemini-extension.json",
            "{\"name\": \"demo\", \"version\": \"1.2.0\", \"mcpServers\": {\"demo\": {\"command\": \"${extensionPath}${/}bin/demo\", \"args\": [\"serve\"]}}}\n",
        ),
        (
            "server.json",
            "{\n  \"$schema\": \"https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json\",\n  \"name\": \"io.github.ada/demo\",\n  \"description\": \"Does one thing.\",\n  \"version\": \"1.2.0\",\n  \"packages\": [{\"registryType\": \"cargo\", \"identifier\": \"demo\", \"version\": \"1.2.0\", \"transport\": {\"type\": \"stdio\"}}]\n}\n",
        ),
        // Of the same name, and something else: a browser's, another program's.
        ("manifest.json", "{\"manifest_version\": 3, \"name\": \"an extension\", \"version\": \"7\"}\n"),
    ]
}

/// What is found in a tree.
fn found_in(tree: &Tree) -> Vec<Finding> {
    found(&Project::of_tree("p", tree.clone(), None), &Facts::default(), Profile::Sync)
}

fn findings(texts: &[(&str, &str)]) -> Vec<Finding> {
    let mut out = found_in(&Tree::of_texts(texts));
    out.retain(|f| rules().any(|r| r.code == f.code && r.id == "PI050"));
    out
}

/// The good project with one file changed.
fn with(path: &str, from: &str, to: &str) -> Vec<Finding> {
    let mut texts: Vec<(&str, String)> = good().into_iter().map(|(p, t)| (p, t.to_owned())).collect();
    let file = texts.iter_mut().find(|(p, _)| *p == path).unwrap_or_else(|| panic!("{path}"));
    assert!(file.1.contains(from), "{path} has no {from}");
    file.1 = file.1.replacen(from, to, 1);
    let texts: Vec<(&str, &str)> = texts.iter().map(|(p, t)| (*p, t.as_str())).collect();
    findings(&texts)
}

#[test]
fn manifests_that_agree_have_no_findings() {
    let found = findings(&good());
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn each_fault_of_a_manifest_is_found_by_its_rule_alone() {
    let long = "x".repeat(101);
    let cases: Vec<(&str, &str, &str, &str)> = vec![
        ("manifest-malformed", ".claude-plugin/plugin.json", "\"1.2.0\",", "\"1.2.0\""),
        ("manifest-malformed", "gemini-extension.json", "{\"name\"", "{\"version\": \"1.2.0\", \"name\""),
        ("manifest-malformed", ".mcp.json", "{\"mcpServers\"", "\u{feff}{\"mcpServers\""),
        ("manifest-key-missing", "gemini-extension.json", "\"version\": \"1.2.0\", ", ""),
        ("manifest-key-missing", "mcp.json", "      \"type\": \"stdio\",\n", ""),
        ("manifest-key-missing", "server.json", "\"transport\": {\"type\": \"stdio\"}", "\"runtimeHint\": \"x\""),
        ("manifest-key-missing", "server.json", "\"registryType\": \"cargo\"", "\"registryType\": \"mcpb\""),
        ("manifest-key-missing", ".claude-plugin/marketplace.json", "\"owner\": {\"name\": \"Ada\"}, ", ""),
        ("manifest-key-unknown", "plugin.json", "\"name\"", "\"skills\": \"./skills/\",\n  \"name\""),
        (
            "manifest-key-unknown",
            "plugin.json",
            "\"description\"",
            "\"author\": {\"nmae\": \"Ada\"},\n  \"description\"",
        ),
        ("manifest-key-unknown", "mcp.json", "\"args\"", "\"arguments\": [],\n      \"args\""),
        ("manifest-value-unfit", "mcp.json", "/1.0.0/", "/1.1.0/"),
        ("manifest-value-unfit", "mcp.json", "\"stdio\"", "\"pipe\""),
        ("manifest-value-unfit", "mcp.json", "\"STORE\"", "\"PLUGIN_DATA\""),
        ("manifest-value-unfit", "mcp.json", "\"args\"", "\"cwd\": \"data\",\n      \"args\""),
        (
            "manifest-value-unfit",
            "server.json",
            "\"version\": \"1.2.0\", \"transport\"",
            "\"version\": \"latest\", \"transport\"",
        ),
        ("manifest-too-long", "server.json", "Does one thing.", &long),
        ("manifest-path-absolute", "mcp.json", "${PLUGIN_DATA}/store", "/home/ada/store"),
        ("manifest-path-missing", ".claude-plugin/plugin.json", "./skills/demo", "./skills/dmeo"),
        (
            "manifest-path-missing",
            ".claude-plugin/marketplace.json",
            "\"source\": \"./\"",
            "\"source\": \"./plugins/demo\"",
        ),
        ("secret-in-manifest", "mcp.json", "${PLUGIN_DATA}/store", "sk_live_abcdefgh12345678"),
        ("manifest-version-differs", "plugin.json", "1.2.0", "1.1.0"),
        ("manifest-version-differs", "skills/demo/SKILL.md", "1.2.0", "1.1.0"),
        (
            "manifest-version-differs",
            ".claude-plugin/marketplace.json",
            "\"version\": \"1.2.0\"",
            "\"version\": \"1.3.0\"",
        ),
        ("manifest-differs", "gemini-extension.json", "\"name\": \"demo\"", "\"name\": \"demonstration\""),
        ("manifest-wording-differs", "plugin.json", "Does one thing.", "Does two things."),
        ("manifest-differs", ".mcp.json", "{\"demo\":", "{\"dmeo\":"),
        ("manifest-differs", "gemini-extension.json", "\"serve\"", "\"run\""),
        ("registry-proof-missing", "README.md", "io.github.ada/demo", "io.github.ada/other"),
    ];
    let mut page = Vec::new();
    for (code, path, from, to) in &cases {
        let found = with(path, from, to);
        let codes: BTreeSet<&str> = found.iter().map(|f| f.code).collect();
        assert_eq!(codes, BTreeSet::from([*code]), "{path}: {from} -> {to}: {found:#?}");
        for finding in &found {
            assert!(finding.location.at.line > 0 && !finding.fix.is_empty(), "{finding:#?}");
            assert!(!line(finding).contains("abcdefgh"), "a secret is not repeated");
        }
        page.extend(found.iter().map(line));
    }
    insta::assert_snapshot!(page.join("\n"));
    for rule in rules().filter(|r| r.id == "PI050") {
        let tripped = rule.code == "manifest-stale" || cases.iter().any(|(code, ..)| *code == rule.code);
        assert!(tripped, "{} has no example", rule.code);
    }
}

#[test]
fn a_name_that_its_format_forbids_differs_from_the_others_too() {
    let found = with("plugin.json", "\"name\": \"demo\"", "\"name\": \"de--mo\"");
    assert_eq!(found.iter().map(|f| f.code).collect::<Vec<_>>(), ["manifest-value-unfit", "manifest-differs"]);
}

#[test]
fn a_tie_is_broken_by_the_package_file_that_bears_the_plugins_name() {
    let found = with("Cargo.toml", "1.2.0", "1.3.0");
    assert!(found.len() > 3 && found.iter().all(|f| f.message.ends_with("\"1.3.0\" in p/Cargo.toml")), "{found:#?}");
    // Another package's versions are its own.
    let texts: Vec<(&str, &str)> = good()
        .into_iter()
        .map(|(p, t)| if p == "Cargo.toml" { (p, "[package]\nname = \"x\"\nversion = \"8.0.0\"\n") } else { (p, t) })
        .collect();
    assert!(findings(&texts).is_empty());
}

#[test]
fn a_path_that_only_the_disk_knows_is_there() {
    let texts = [
        ("skills/demo/SKILL.md", SKILL),
        (".claude-plugin/plugin.json", "{\"name\": \"demo\", \"commands\": \"./more/commands\"}"),
    ];
    let project = Project::of_tree("p", Tree::of_texts(&texts), None);
    let codes = |facts: &Facts| -> Vec<&str> {
        found(&project, facts, Profile::Sync).iter().map(|f| f.code).filter(|c| c.starts_with("manifest")).collect()
    };
    assert_eq!(codes(&Facts::default()), ["manifest-path-missing"]);
    let there = Some(BTreeSet::from(["more/commands".to_owned()]));
    assert!(codes(&Facts { named_and_there: there, ..Facts::default() }).is_empty());
}

const SOURCE: &str = "display_name = \"Demo\"\ndescription = \"Does one thing.\"\nregistry_name = \"io.github.ada/demo\"\nserver_key = \"demo\"\ncommand = [\"demo\", \"serve\"]\nskill = \"skills/demo\"\nauthor = { name = \"Ada\" }\n";

#[test]
fn generated_manifests_are_held_to_their_source_and_mended() {
    let base = [
        ("skills/demo/SKILL.md", SKILL),
        ("Cargo.toml", PACKAGE),
        ("README.md", "mcp-name: io.github.ada/demo"),
        ("integ.toml", SOURCE),
    ];
    let mut tree = Tree::of_texts(&base);
    let source = Source::read(&tree).unwrap().unwrap();
    let stale = |tree: &Tree| {
        let mut found = found_in(tree);
        found.retain(|f| f.code.contains("manifest"));
        found
    };
    let absent = stale(&tree);
    assert_eq!(absent.len(), package::ALL.len(), "{absent:#?}");
    // Each finding carries the whole file; with them all nothing is left to say.
    for edit in absent.iter().flat_map(|f| &f.edits) {
        let Change::Whole { text } = &edit.change else { panic!("{edit:?}") };
        tree.put(&edit.file, text.as_bytes());
    }
    assert!(stale(&tree).is_empty(), "{:#?}", stale(&tree));
    let text = tree.text(".codex-plugin/plugin.json").unwrap().replace("\"1.2.0\"", "\"1.1.0\"");
    tree.put(".codex-plugin/plugin.json", text.as_bytes());
    let said: Vec<String> = stale(&tree).iter().map(line).collect();
    assert_eq!(
        said,
        [
            "p/.codex-plugin/plugin.json:3:14: error: manifest-stale: version is \"1.1.0\", and the source gives \"1.2.0\"\n    run platform-integration package --write, or verify --fix"
        ]
    );
    // The skill's own version is held to the source too.
    tree.put("skills/demo/SKILL.md", SKILL.replace("1.2.0", "1.0.0").as_bytes());
    let codes: Vec<&str> = stale(&tree).iter().map(|f| f.code).collect();
    assert_eq!(codes, ["manifest-stale", "manifest-version-differs"]);
    let want = (package::ALL[0].make)(&source, &Place::Repository);
    assert_eq!(want.pointer("/mcpServers/demo/command").unwrap(), "demo");
}

#[test]
fn a_source_that_is_wrong_says_where() {
    for (from, to, at, because) in [
        ("server_key", "server_kye", "4:1", "unknown field `server_kye`"),
        ("skill = \"skills/demo\"", "skill = \"../demo\"", "6:1", "../demo is no path below"),
        ("command = [\"demo\", \"serve\"]", "command = []", "5:1", "names no program"),
        ("description", "clients = [\"emacs\"]\ndescription", "2:1", "no client is called emacs; there are claude, "),
    ] {
        let text = SOURCE.replacen(from, to, 1);
        let tree = Tree::of_texts(&[("skills/demo/SKILL.md", SKILL), ("integ.toml", &text), ("Cargo.toml", PACKAGE)]);
        let found = found_in(&tree);
        let wrong: Vec<String> = found.iter().filter(|f| f.code == "manifest-malformed").map(line).collect();
        assert_eq!(wrong.len(), 1, "{found:#?}");
        assert!(wrong[0].starts_with(&format!("p/integ.toml:{at}: ")) && wrong[0].contains(because), "{wrong:?}");
    }
}

#[test]
fn no_text_makes_a_check_panic() {
    for text in [
        "",
        "{",
        "[]",
        "null",
        "{\"mcpServers\": 1}",
        "{\"plugins\": [1, {}]}",
        "{\"packages\": {}}",
        "\t{\"a\":\t1}",
        "{\"a\": \"\\ud83d\\ude00\\/\"}",
    ] {
        for path in [
            ".mcp.json",
            "mcp.json",
            "plugin.json",
            "server.json",
            "gemini-extension.json",
            "package.json",
            "integ.toml",
            ".claude-plugin/marketplace.json",
            ".claude-plugin/plugin.json",
            "mcpb/manifest.json",
        ] {
            let _ = findings(&[("skills/demo/SKILL.md", SKILL), (path, text)]);
        }
    }
}
