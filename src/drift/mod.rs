//! Row 6: what changed between two descriptions of one system, and what of it breaks. Works on the model, never on a
//! format: a description rewritten in another format, with its components renamed, inlined or put in another order, has
//! not changed. A rule is one file in [`rules`]; it judges one pair of things that belong together, for requests and for
//! answers separately. What is allowed in a request and promised in an answer is the contract: a change breaks where
//! somebody who kept to the old one can fail under the new one.

mod change;
mod compared;
mod matching;
mod ops;
mod pair;
mod rules;
mod told;
mod touch;
mod walk;

pub use change::{Change, Side};
pub use compared::{Drift, compare};
pub use rules::{ALL, Rule};
pub use touch::Touched;
