//! What is packaged: the self-contained skill, every client's manifests, archives of the same bytes for the same files.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use platform_integration::package::{ALL, Place, Source, ships, text};
use platform_integration::skill::{SHIPPED, Tree, load};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn run(dir: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_platform-integration")).args(arguments).current_dir(dir).output().unwrap()
}

fn said(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    format!("{}{}", text(&output.stdout), text(&output.stderr))
}

#[test]
fn the_repositorys_manifests_are_what_their_source_gives() {
    let checked = run(&root(), &["package", "--check"]);
    assert_eq!(checked.status.code(), Some(0), "{}", said(&checked));
    for manifest in ALL {
        assert!(root().join(manifest.path).is_file(), "{}", manifest.path);
    }
}

#[test]
fn every_manifest_of_ours_is_as_it_was_read() {
    let project = load(&root(), ".").unwrap();
    let source = Source::read(&project.tree).unwrap().unwrap();
    let built = Place::Built { platform: "linux".to_owned(), bundle: Some(("x.mcpb".to_owned(), "0".repeat(64))) };
    let mut page = String::new();
    for manifest in ALL {
        for (where_, place) in [("repository", &Place::Repository), ("built", &built)] {
            page.push_str(&format!("--- {} ({where_})\n{}", manifest.path, text(&(manifest.make)(&source, place))));
        }
    }
    let version = format!("\"{}\"", source.version);
    insta::assert_snapshot!(
        page.replace(&version, "\"@@VERSION@@\"").replace(&format!("/v{}/", source.version), "/v@@VERSION@@/")
    );
}

#[test]
fn the_packaged_skill_is_the_served_skill() {
    let project = load(&root(), ".").unwrap();
    let source = Source::read(&project.tree).unwrap().unwrap();
    let shipped = ships(&source, &project.tree).unwrap();
    let packaged: Vec<(&str, &[u8])> = shipped.iter().map(|e| (e.path.as_str(), e.bytes.as_slice())).collect();
    let names = |files: &[(&str, &[u8])]| files.iter().map(|(p, _)| (*p).to_owned()).collect::<Vec<_>>();
    let (packs, served) = (names(&packaged), names(SHIPPED));
    let apart = |of: &[String], other: &[String]| of.iter().filter(|n| !other.contains(n)).cloned().collect::<Vec<_>>();
    assert_eq!(
        (apart(&packs, &served), apart(&served, &packs)),
        (Vec::new(), Vec::new()),
        "packaged alone, served alone"
    );
    assert!(packaged == SHIPPED, "no link of ours leads elsewhere once packaged");
}

/// The names of the tools under every client's prefix: beyond 64 characters a client cuts or refuses them.
#[test]
fn tool_names_fit_under_every_clients_prefix() {
    let project = load(&root(), ".").unwrap();
    let source = Source::read(&project.tree).unwrap().unwrap();
    let (key, plugin) = (&source.server_key, &source.plugin);
    assert_eq!(key, "integ");
    for tool in platform_integration::mcp::names() {
        assert!(tool.len() <= 24, "{tool}");
        for full in [
            format!("mcp__{key}__{tool}"),
            format!("mcp__plugin_{plugin}_{key}__{tool}"),
            format!("mcp_{key}_{tool}"),
            format!("{key}__{tool}"),
            format!("{plugin}__{key}__{tool}"),
        ] {
            assert!(
                full.len() <= 64 && full.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b)),
                "{full}"
            );
        }
        assert!(key.len() + tool.len() <= 60, "{key} {tool}");
    }
}

#[test]
fn links_out_of_the_skill_lead_into_the_package_or_to_the_source() {
    let source = "display_name = \"D\"\ndescription = \"d\"\nserver_key = \"d\"\ncommand = [\"d\"]\nskill = \"skill/d\"\nartifacts = [\"examples\"]\nauthor = { name = \"A\" }\nplugin = \"d\"\nversion = \"1.0.0\"\nrepository = \"https://example.com/r\"\n";
    let tree = Tree::of_texts(&[
        ("integ.toml", source),
        (
            "skill/d/SKILL.md",
            "see [one](../../examples/one/x.yaml#a), [all](../../examples/), [docs](../../docs/a.md), [more](references/m.md), [web](https://a.b/c), `[code](../../docs/a.md)`\n",
        ),
        ("skill/d/references/m.md", "back to [it](../SKILL.md) and [one](../../../examples/one/x.yaml)\n"),
        ("examples/one/x.yaml", "a: 1\n"),
        ("examples/README.md", "of [the skill](../skill/d/SKILL.md)\n"),
        ("docs/a.md", "# A\n"),
    ]);
    let source = Source::read(&tree).unwrap().unwrap();
    let shipped = ships(&source, &tree).unwrap();
    let text = |path: &str| String::from_utf8(shipped.iter().find(|e| e.path == path).unwrap().bytes.clone()).unwrap();
    assert_eq!(
        text("SKILL.md"),
        "see [one](examples/one/x.yaml#a), [all](examples), [docs](https://example.com/r/blob/v1.0.0/docs/a.md), [more](references/m.md), [web](https://a.b/c), `[code](../../docs/a.md)`\n"
    );
    assert_eq!(text("references/m.md"), "back to [it](../SKILL.md) and [one](../examples/one/x.yaml)\n");
    assert_eq!(text("examples/README.md"), "of [the skill](../SKILL.md)\n");
}

#[test]
fn a_package_is_built_twice_alike_and_verifies() {
    let dir = tempfile::tempdir().unwrap();
    let binary = dir.path().join("program");
    std::fs::write(&binary, b"a program").unwrap();
    let binary = binary.to_str().unwrap();
    let build = |from: &[&str], out: &str| {
        let arguments = [&["package"][..], from, &["--out", out, "--binary", binary, "--format", "json"]].concat();
        let output = run(dir.path(), &arguments);
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        let mut answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        answer["files"].take()
    };
    let repository = root().display().to_string();
    let one = build(&[&repository], "one");
    assert_eq!(one, build(&[&repository], "two"), "the same files, the same bytes");
    assert_eq!(one, build(&["--own"], "three"), "the program holds what it was built from");
    // What is left of an earlier build goes, and nothing else.
    std::fs::write(dir.path().join("one/kept.txt"), "mine").unwrap();
    let index = std::fs::read_to_string(dir.path().join("one/packages.json")).unwrap();
    let index = index.replacen("[", "[{\"path\": \"old/file\", \"size\": 1, \"sha256\": \"\"},", 1);
    std::fs::create_dir(dir.path().join("one/old")).unwrap();
    std::fs::write(dir.path().join("one/old/file"), "x").unwrap();
    std::fs::write(dir.path().join("one/packages.json"), index).unwrap();
    build(&[&repository], "one");
    assert!(dir.path().join("one/kept.txt").exists() && !dir.path().join("one/old").exists());
    let verified = run(dir.path(), &["verify", "one/skills/platform-integration", "--profile", "spec"]);
    assert_eq!(verified.status.code(), Some(0), "{}", said(&verified));
}

#[test]
fn without_a_source_it_says_so() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("s")).unwrap();
    std::fs::write(dir.path().join("s/SKILL.md"), "---\nname: s\ndescription: Does it.\n---\n").unwrap();
    let output = run(dir.path(), &["package", "s"]);
    assert_eq!(output.status.code(), Some(2));
    insta::assert_snapshot!(said(&output));
    let over = run(&root(), &["package", "--out", "."]);
    assert_eq!(over.status.code(), Some(2), "{}", said(&over));
}

#[test]
fn there_is_a_man_page_for_every_command() {
    let dir = tempfile::tempdir().unwrap();
    let output = run(dir.path(), &["man", "--out", "man"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    for sub in platform_integration::cli::command().get_subcommands() {
        let page = dir.path().join(format!("man/platform-integration-{}.1", sub.get_name()));
        let text = std::fs::read_to_string(&page).unwrap_or_else(|e| panic!("{}: {e}", page.display()));
        assert!(text.contains(".SH SYNOPSIS"), "{}", page.display());
    }
}
