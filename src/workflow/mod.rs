//! Row 6: how the work goes: phases, gates, guardrails, the checklist and the confidence that follows from it. Pure
//! functions over facts, and facts are folded from the log; nothing here reads or writes anything.
//!
//! * [`record`]: the shape of each event's data, for the side that writes it and the side that reads it.
//! * [`approvals`]: what a person approves, and whether it still stands.
//! * [`facts`]: what the events of a session add up to.
//! * [`constraint`]: what was said last, and what was decided about exactly that.
//! * [`standing`]: what still stands after something changed; [`chain`]: what rests on what, as a table.
//! * [`looked`]: the evidence that a refusal names.
//! * [`phases`]: the table of phases, gates and tools.
//! * [`guardrails`]: what is refused, one rule a file.
//! * [`stated`]: finds confidence that an agent states by itself; [`lookalike`]: however it is written.
//! * [`checklist`], [`claim`], [`readiness`]: the checklist, the claims with their confidence, the verdict.

pub mod approvals;
pub mod chain;
pub mod checklist;
pub mod claim;
pub mod constraint;
pub mod drilled;
pub mod facts;
pub mod guardrails;
pub mod lookalike;
pub mod looked;
pub mod observed;
pub mod phases;
pub mod readiness;
pub mod record;
pub mod standing;
pub mod stated;

pub use chain::{Row, RowState, chain};
pub use checklist::{Item, ItemState};
pub use claim::{Claim, Loss, Support};
pub use constraint::{ConstraintFact, ConstraintState, Lapsed};
pub use facts::{Facts, Seen};
pub use guardrails::{Ask, Proposal, Refusal, Ruling, rule};
pub use looked::Looked;
pub use observed::{RunSaw, Saw};
pub use phases::{Call, Gate, Met, Shut, Unmet, next_call, required};
pub use readiness::{Readiness, assess, readiness};
pub use standing::{Change, GONE, Standing, short};
