//! Blocks of code marked `run`, in the order of their document, in one copy of the project for each document.

use super::bench::{Bench, limits, said};
use crate::skill::{Block, Document};
use crate::verify::runs::Ran;
use crate::verify::{expected, is_code};

/// Runs them.
pub(super) fn run(bench: &Bench<'_>) -> Vec<Ran> {
    let to_run = |b: &&Block| is_code(&b.language) && expected(b.mark.as_ref()).is_some();
    let documents = bench.project.skills.iter().flat_map(|s| &s.documents);
    let documents: Vec<&Document> = documents.filter(|d| d.blocks.iter().any(|b| to_run(&b))).collect();
    let ran = bench.each(&documents, |document| {
        let Some(room) = bench.room(&bench.project.tree) else { return Vec::new() };
        let mut out = Vec::new();
        for block in document.blocks.iter().filter(to_run) {
            let Some(wanted) = expected(block.mark.as_ref()) else { continue };
            let argv = argv(block);
            if !argv.first().is_some_and(|program| bench.sandbox.has(program)) {
                bench.skip(format!("blocks of {}: there is no program to run them", block.language));
                continue;
            }
            let Some(outcome) = bench.run(&room, &argv, "") else { break };
            let fault = (!outcome.exited(wanted)).then(|| {
                let how = outcome.how(&limits());
                if wanted == 0 { how } else { format!("{how}, not {wanted}") }
            });
            let said = if fault.is_some() { said(&room, &outcome) } else { String::new() };
            out.push(Ran { file: document.file.clone(), at: block.at, name: block.language.clone(), fault, said });
        }
        out
    });
    ran.into_iter().flatten().collect()
}

/// How a block is started. A shell stops at the first command that fails, as a reader would.
fn argv(block: &Block) -> Vec<&str> {
    let text = block.text.as_str();
    match block.language.to_ascii_lowercase().as_str() {
        "bash" => vec!["bash", "-e", "-o", "pipefail", "-c", text],
        "python" | "python3" | "py" => vec!["python3", "-c", text],
        "js" | "javascript" | "node" | "mjs" => {
            let module = text.lines().any(|l| l.starts_with("import ") || l.starts_with("export "));
            let kind = if module { "--input-type=module" } else { "--input-type=commonjs" };
            vec!["node", kind, "-e", text]
        }
        _ => vec!["sh", "-e", "-c", text],
    }
}
