//! Row 6: how the work goes: phases, gates, guardrails, the checklist and the confidence that follows from it. Pure
//! functions over facts, and facts are folded from the log; nothing here reads or writes anything.
//!
//! * [`record`]: the shape of each event's data, for the side that writes it and the side that reads it.
//! * [`facts`]: what the events of a session add up to.
//! * [`phases`]: the table of phases, gates and tools.
//! * [`guardrails`]: what is refused, one rule a file.
//! * [`readiness`]: the checklist, the verdict, the confidence.

pub mod drilled;
pub mod facts;
pub mod guardrails;
pub mod phases;
pub mod readiness;
pub mod record;

pub use facts::{ConstraintFact, ConstraintState, Facts, Seen, Standing};
pub use guardrails::{Ask, Proposal, Refusal, Ruling, rule};
pub use phases::{Call, Gate, Met, Shut, Unmet, next_call, required};
pub use readiness::{Item, ItemState, Readiness, assess, readiness};
