//! A full refresh: the next pass of a flow reads its source from the beginning, whatever was read before. What the mapping
//! makes of a record as it was delivered costs no request; what it makes otherwise is delivered, as any other change.

use super::Plan;
use super::runtime::Taken;
use crate::evidence::{Checkpoint, Ledger, LedgerError};

/// Moves the checkpoint of the flow to the beginning of its source; false where the source only sends, and is never read.
///
/// # Errors
/// [`LedgerError::Busy`] where another process runs the flow; faults of the ledger.
pub fn refresh(plan: &Plan, ledger: &dyn Ledger) -> Result<bool, LedgerError> {
    if plan.source.list.is_none() {
        return Ok(false);
    }
    ledger.acquire(&plan.flow)?;
    let _taken = Taken(ledger, &plan.flow);
    ledger.set_checkpoint(&plan.flow, &Checkpoint::default())?;
    Ok(true)
}
