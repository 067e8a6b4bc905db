//! The documents say what the code computes with.

use platform_integration::finding::ceilings_markdown;

/// Between these markers a document holds the table of ceilings as the code has it.
const BEGIN: &str = "<!-- ceilings: the table in src/finding/confidence.rs; a test compares -->\n";
const END: &str = "<!-- /ceilings -->";

#[test]
fn the_table_of_ceilings_is_the_same_in_code_documents_and_skill() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    for (file, must) in [
        ("docs/confidence.md", true),
        ("skill/platform-integration/SKILL.md", false),
        ("skill/platform-integration/references/confidence.md", true),
        ("README.md", false),
    ] {
        let text = std::fs::read_to_string(root.join(file)).unwrap();
        let blocks: Vec<&str> = text.split(BEGIN).skip(1).collect();
        assert!(!must || blocks.len() == 1, "{file} has {} tables of ceilings", blocks.len());
        for block in blocks {
            let (table, _) = block.split_once(END).unwrap_or_else(|| panic!("{file}: the table has no end"));
            assert_eq!(table, ceilings_markdown(), "{file}");
        }
    }
}
