//! The catalogue in docs/lab.md is that of the code.

use platform_integration::lab::drills::ALL;

const FROM: &str = "<!-- drills -->\n";
const TO: &str = "<!-- /drills -->";

fn file(path: &str) -> String {
    let path = format!("{}/{path}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// What the doc comment of a drill names as its source: from `Source:` to the end of the paragraph.
fn source_of(code: &str) -> Option<String> {
    let text = file(&format!("src/lab/drills/{}.rs", code.replace('-', "_")));
    let doc: Vec<&str> = text.lines().map_while(|l| l.strip_prefix("//!")).map(str::trim).collect();
    let from = doc.iter().position(|l| l.starts_with("Source:"))?;
    let lines = doc[from..].iter().take_while(|l| !l.is_empty());
    Some(
        lines
            .copied()
            .collect::<Vec<_>>()
            .join(" ")
            .trim_start_matches("Source:")
            .trim()
            .trim_end_matches('.')
            .to_owned(),
    )
}

fn table() -> String {
    let mut out = format!("| drill ({}) | what must hold | source |\n|---|---|---|\n", ALL.len());
    for drill in ALL {
        let source = source_of(drill.code()).unwrap_or_else(|| "-".to_owned()).replace('|', "\\|");
        out.push_str(&format!("| `{}` | {} | {source} |\n", drill.code(), drill.hypothesis()));
    }
    out
}

#[test]
fn the_list_of_drills_in_the_docs_is_that_of_the_code() {
    let docs = file("docs/lab.md");
    let (before, rest) = docs.split_once(FROM).unwrap();
    let (listed, after) = rest.split_once(TO).unwrap();
    if std::env::var("UPDATE_DRILLS").is_ok() {
        let path = format!("{}/docs/lab.md", env!("CARGO_MANIFEST_DIR"));
        std::fs::write(path, format!("{before}{FROM}{}{TO}{after}", table())).unwrap();
        return;
    }
    assert_eq!(listed, table(), "docs/lab.md is stale: UPDATE_DRILLS=1 cargo test --test it lab::catalogue");
}
