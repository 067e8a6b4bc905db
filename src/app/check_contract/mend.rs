//! `check --fix`: the changes of findings that leave nothing to decide, made in the contract itself.

use super::super::subject::Compiled;
use super::super::{App, Fault, No};
use crate::base::fs;
use crate::finding::{Change, changed};

/// Most rounds: a change may uncover another finding, as a field that is found at last is of the wrong type.
const ROUNDS: usize = 4;

/// Makes the safe changes of a contract and tells how many; comments and the rest of the file stay as they are. The file is
/// written whole, once, and only where something changed.
///
/// # Errors
/// A refusal where it cannot be read, a fault where it cannot be written.
pub fn mend(app: &App, contract: &str) -> Result<usize, No> {
    let full = app.path(contract);
    app.allow(&full, contract)?;
    let mut made = 0;
    for _ in 0..ROUNDS {
        let compiled = Compiled::load_with(app, contract, None)?;
        let own = compiled.findings.iter().flat_map(|f| &f.edits).filter(|e| e.file == contract);
        let changes: Vec<&Change> = own.map(|e| &e.change).collect();
        let text = changed(&compiled.text, changes.iter().copied());
        if text == compiled.text {
            break;
        }
        made += changes.len();
        fs::write_atomic(&full, text.as_bytes()).map_err(|e| {
            No::from(Fault::new(e.to_string(), "see that the file may be written, then check --fix again"))
        })?;
    }
    Ok(made)
}
