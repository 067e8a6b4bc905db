//! What a run stands on while it goes on: the files that were checked and approved, and that no other process runs the same flows.

use std::path::PathBuf;
use std::sync::Arc;

use super::super::subject::Compiled;
use super::super::{App, No, Refusal, description};
use super::Options;
use crate::base::digest::Digest;
use crate::base::fs::{self, MAX_CONTRACT};
use crate::connector::Plan;
use crate::contract::{Contract, tables};
use crate::evidence::{Ledger, LedgerError};
use crate::workflow::GONE;

/// The files that a contract consists of, as they were when it was compiled.
#[derive(Debug)]
pub(in crate::app) struct Basis {
    files: Vec<(String, PathBuf, String, Kind)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The contract, or a table of values.
    Plain,
    /// A description, with its overlays and all that it refers to.
    Description,
}

impl Basis {
    pub(super) fn of(app: &App, compiled: &Compiled, contract: &Contract, named: &str) -> Self {
        let full = app.path(named);
        let dir = full.parent().map(std::path::Path::to_owned).unwrap_or_default();
        let mut files = vec![(named.to_owned(), full, contract.digest.as_str().to_owned(), Kind::Plain)];
        for table in &contract.tables {
            let path = dir.join(table);
            let digest = plain(&path);
            files.push((table.clone(), path, digest, Kind::Plain));
        }
        for (name, used) in &contract.systems {
            let (Some(system), named) = (compiled.systems.get(name), used.description()) else { continue };
            let path = description::below(&dir, &named);
            files.push((named, path, system.digest.as_str().to_owned(), Kind::Description));
        }
        Self { files }
    }

    /// The first file that is another one by now, or gone.
    pub(super) fn changed(&self, app: &App) -> Option<&str> {
        let moved = self.files.iter().find(|(_, path, digest, kind)| {
            let now = match kind {
                Kind::Plain => plain(path),
                Kind::Description => app.digest_of(path),
            };
            now != *digest
        });
        moved.map(|(named, ..)| named.as_str())
    }
}

fn plain(path: &std::path::Path) -> String {
    fs::read_bytes(path, MAX_CONTRACT.max(tables::MOST_BYTES))
        .map_or_else(|_| GONE.to_owned(), |bytes| Digest::of_bytes(&bytes).as_str().to_owned())
}

/// The sole right to run these flows, between their passes too; given back when it is dropped, and by the system when the process dies.
/// Each pass takes its flow by itself, so that a replay or a rollback can be done beside a service that waits.
pub(super) struct Sole {
    ledger: Arc<dyn Ledger>,
    names: Vec<String>,
}

impl Sole {
    /// # Errors
    /// Refused where another process runs one of the flows. A fault when the ledger fails.
    pub(super) fn take(app: &App, options: &Options, plans: &[Plan]) -> Result<Self, No> {
        let mut sole = Self { ledger: Arc::clone(&app.ledger), names: Vec::new() };
        for plan in plans {
            let name = format!("{}@process", plan.flow);
            match app.ledger.acquire(&name) {
                Ok(()) => sole.names.push(name),
                Err(LedgerError::Busy { pid, .. }) => {
                    return Err(Refusal::new(
                        "flow-busy",
                        format!("process {pid} runs flow {} on the same store", plan.flow),
                        format!(
                            "stop process {pid}, or wait for its end; then platform-integration run {}{}. Beside it go status, pause, resume, \
                             dead-letters and rollback",
                            options.contract,
                            options.flags()
                        ),
                    )
                    .saw("the lock of the flow beside the store")
                    .into());
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(sole)
    }
}

impl Drop for Sole {
    fn drop(&mut self) {
        for name in &self.names {
            self.ledger.release(name);
        }
    }
}
