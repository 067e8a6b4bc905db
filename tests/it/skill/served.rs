//! The skill over MCP (SEP-2640): in both eras, over pipes and over HTTP, what is served is what lies on the disk.

use std::path::Path;

use platform_integration::skill::SHIPPED;
use rmcp::handler::server::skill_catalog::SkillCatalog;
use rmcp::model::*;
use rmcp::service::{RoleClient, RunningService, Service};
use serde_json::{Value, json};

use super::root;
use crate::mcp::{Human, connect};

const MAIN: &str = "skill://platform-integration/SKILL.md";

/// The skill as it is packed: what the directory of a skill must hold to stand alone.
fn packed() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path().join("platform-integration");
    let copy = |from: &str, to: &Path| crate::skill::walks::copy(&root().join(from), to);
    copy("skill/platform-integration", &at);
    copy("examples", &at.join("examples"));
    for resources in ["schemas", "templates/by-hand", "templates/dossier", "templates/scaffold"] {
        copy(&format!("resources/{resources}"), &at.join("resources").join(resources));
    }
    std::fs::copy(root().join("resources/README.md"), at.join("resources/README.md")).unwrap();
    std::fs::create_dir_all(at.join("tests")).unwrap();
    for file in ["README.md", "matrix.yaml"] {
        std::fs::copy(root().join("tests").join(file), at.join("tests").join(file)).unwrap();
    }
    dir
}

#[test]
fn what_was_built_in_is_what_lies_on_the_disk() {
    let dir = packed();
    let at = dir.path().join("platform-integration");
    let mut on_disk: Vec<String> = walkdir::WalkDir::new(&at)
        .into_iter()
        .map(Result::unwrap)
        .filter(|e| e.file_type().is_file())
        .map(|e| e.path().strip_prefix(&at).unwrap().to_string_lossy().into_owned())
        .collect();
    on_disk.sort();
    assert_eq!(SHIPPED.iter().map(|(path, _)| *path).collect::<Vec<_>>(), on_disk);
    for (path, bytes) in SHIPPED {
        assert!(std::fs::read(at.join(path)).unwrap() == *bytes, "{path} was built in otherwise");
    }
    for promised in ["SKILL.md", "references/tools.md", "examples/README.md", "tests/matrix.yaml", "evals/evals.json"] {
        assert!(on_disk.iter().any(|p| p == promised), "{promised} is not served");
    }
}

/// rmcp's own catalog over the same files is the yardstick.
async fn agrees<S: Service<RoleClient>>(client: &RunningService<RoleClient, S>) {
    let offered = client.peer_info().unwrap().capabilities.clone();
    assert!(offered.supports_skills() && offered.supports_directory_read() && offered.resources.is_some());
    let dir = packed();
    let catalog = SkillCatalog::from_dir(dir.path()).unwrap();
    let ask = |request: ClientRequest| client.send_request(request);
    let plain = |value: Value, keys: &[&str]| {
        let mut value = value;
        // How long it may be kept is ours to say.
        keys.iter().for_each(|k| drop(value.as_object_mut().unwrap().shift_remove(*k)));
        value
    };
    let cache = ["ttlMs", "cacheScope", "resultType"];

    let ServerResult::ListSkillsResult(listed) =
        ask(ClientRequest::ListSkillsRequest(ListSkillsRequest::default())).await.unwrap()
    else {
        panic!("skills were expected")
    };
    let [skill] = listed.skills.as_slice() else { panic!("one skill was expected") };
    let yardstick = &catalog.skills()[0];
    assert_eq!((&skill.uri, &skill.frontmatter), (&yardstick.uri, &yardstick.frontmatter));
    assert!(skill.resources == yardstick.resources, "other files, digests or sizes than lie on the disk");
    assert_eq!(skill.frontmatter.extra["metadata"]["x-version"], "3.2.0");

    let got =
        ask(ClientRequest::GetSkillRequest(GetSkillRequest::new(GetSkillRequestParams::new(MAIN)))).await.unwrap();
    let ServerResult::GetSkillResult(got) = got else { panic!("a skill was expected") };
    assert_eq!(got.skill, *skill);

    let SkillResources::Files(files) = &skill.resources else { panic!("files were expected") };
    assert_eq!(files.len(), SHIPPED.len());
    for file in files {
        let read = client.read_resource(ReadResourceRequestParams::new(&file.uri)).await.unwrap();
        let ours = serde_json::to_value(&read.contents).unwrap();
        let theirs = serde_json::to_value(&catalog.read_resource(&file.uri).unwrap().contents).unwrap();
        if ours != theirs {
            // A type that rmcp does not know goes out as a blob there too.
            assert_eq!(ours[0]["blob"], theirs[0]["blob"], "{}", file.uri);
        }
        let ResourceContents::TextResourceContents { text, .. } = &read.contents[0] else { continue };
        file.verify(text.as_bytes()).unwrap();
    }

    for dir in ["", "/references", "/examples", "/examples/billing-to-crm", "/resources/templates"] {
        let uri = format!("skill://platform-integration{dir}");
        let params = ReadResourceDirectoryRequestParams::new(&uri);
        let read =
            ask(ClientRequest::ReadResourceDirectoryRequest(ReadResourceDirectoryRequest::new(params))).await.unwrap();
        let ours = plain(serde_json::to_value(read).unwrap(), &cache);
        let theirs = plain(serde_json::to_value(catalog.read_resource_directory(&uri).unwrap()).unwrap(), &cache);
        let names = |v: &Value| {
            let mut all: Vec<Value> = v["resources"].as_array().unwrap().clone();
            all.sort_by_key(|r| r["uri"].to_string());
            all.into_iter().map(|r| json!([r["uri"], r["name"], r["size"]])).collect::<Vec<_>>()
        };
        assert_eq!(names(&ours), names(&theirs), "{uri}");
    }

    let resources = client.list_resources(None).await.unwrap().resources;
    assert_eq!(resources[0].uri, MAIN);
    assert_eq!(resources[0], catalog.resources()[0]);
}

#[tokio::test]
async fn it_is_served_over_pipes_in_both_eras() {
    for modern in [true, false] {
        let s = connect(Human::default(), modern, tempfile::tempdir().unwrap()).await;
        agrees(&s.client).await;
    }
}

#[tokio::test]
async fn it_is_served_over_http_in_both_eras_to_every_principal() {
    let served = crate::http::serve(|o| o.principals = crate::http::both()).await;
    for token in [crate::http::ADA, crate::http::GRACE] {
        for modern in [true, false] {
            agrees(&served.connect(Some(token), modern, ()).await).await;
        }
    }
}

#[tokio::test]
async fn what_is_not_there_is_said() {
    let s = connect(Human::default(), true, tempfile::tempdir().unwrap()).await;
    let mut page = String::new();
    for uri in [
        "skill://platform-integration/references/tool.md",
        "skill://platform-integration/../Cargo.toml",
        "skill://platform-integration/references",
        "skill://other/SKILL.md",
        "skill:///etc/passwd",
    ] {
        let error = s.client.read_resource(ReadResourceRequestParams::new(uri)).await.unwrap_err();
        page.push_str(&format!("{uri}\n{error}\n\n"));
    }
    let other = GetSkillRequest::new(GetSkillRequestParams::new("skill://other/SKILL.md"));
    page.push_str(&format!("{}\n", s.client.send_request(ClientRequest::GetSkillRequest(other)).await.unwrap_err()));
    let params = ReadResourceDirectoryRequestParams::new("skill://platform-integration/reference");
    let request = ClientRequest::ReadResourceDirectoryRequest(ReadResourceDirectoryRequest::new(params));
    page.push_str(&format!("{}\n", s.client.send_request(request).await.unwrap_err()));
    insta::assert_snapshot!(page);
}
