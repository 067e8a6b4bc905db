//! Row 3: answers and findings as text, JSON, SARIF and JUnit. Styles are ANSI; the caller strips them where the output
//! is no terminal.

mod approvals;
mod brief;
mod drift;
mod evidence;
mod findings;
mod junit;
mod lock;
mod matrix;
mod operate;
mod package;
pub mod page;
mod sarif;
mod text;
mod verify;

pub use brief::brief;
pub use findings::drawn;
pub use junit::{junit_drift, junit_drills, junit_findings};
pub use matrix::matrix;
pub use sarif::{sarif, sarif_with};
pub use text::Text;
pub use verify::{github, github_findings, in_toto};
