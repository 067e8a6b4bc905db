//! Answers about real descriptions: small, and without a name that is not there. Of the corpus a third, and no giants: a
//! build for tests is not optimised. `cargo run --release --example answers-check -- PATH` takes all.

use std::path::{Path, PathBuf};

use super::application;
use super::invented::{faults, files};

/// Larger ones are for the command.
const MOST_BYTES: u64 = 700_000;
/// Ranking larger ones takes seconds in a build that is not optimised.
const RANKED_BYTES: u64 = 200_000;

fn size(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |m| m.len())
}

#[test]
fn answers_are_small_and_nothing_in_them_is_invented() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all = files(&root.join("examples"));
    all.extend(files(&root.join("tests/fixtures/readers")));
    let corpus = std::env::var_os("CORPUS").map_or_else(|| root.join("../shared/corpus"), PathBuf::from).join("specs");
    all.extend(files(&corpus).into_iter().step_by(3).filter(|path| size(path) <= MOST_BYTES));
    let app = application(Path::new("/"));
    let (mut seen, mut wrong) = (0, Vec::new());
    for path in all {
        if let Some(faults) = faults(&app, &path, size(&path) <= RANKED_BYTES) {
            seen += 1;
            wrong.extend(faults);
        }
    }
    assert!(seen >= 10, "{seen}");
    assert!(wrong.is_empty(), "{} of {seen}:\n{}", wrong.len(), wrong.join("\n"));
}
