//! What a run saw of the systems themselves. It rests on nothing that anybody wrote: this server sent the requests and read
//! the answers. Only `app` writes it, from a run that it executed; there is no call that takes one.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::record::Record;
use crate::evidence::EventKind;

/// The part of a run's record that says what was seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunSaw {
    /// Digest of the contract that ran.
    pub digest: String,
    /// What was seen; empty in records of older versions, of rehearsals and of runs against stand-ins.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub observed: Vec<Saw>,
}

/// One fact of a system, as seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Saw {
    /// The system, by its name in the contract.
    pub system: String,
    /// Named as in `map --format json`.
    pub fact: String,
    /// Shaped as in the map.
    pub value: Value,
    /// What was counted: `7 pages of listCustomers, read to their end`.
    pub says: String,
}

impl Record for RunSaw {
    const KIND: EventKind = EventKind::ConnectorRun;
}
