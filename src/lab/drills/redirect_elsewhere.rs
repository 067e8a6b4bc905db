//! A redirect to another host is not followed with credentials, keys or records.
//!
//! Source: RFC 9110 section 15.4: a redirect to another origin takes no credentials along.

use serde_json::Value;

use super::super::faults::Redirect;
use super::everywhere;
use super::{Drill, Setup, owed};
use crate::base::rng::Rng;
use crate::lab::bench::Bench;

/// See the module.
pub(super) struct RedirectElsewhere;

impl Drill for RedirectElsewhere {
    fn code(&self) -> &'static str {
        "redirect-elsewhere"
    }

    fn hypothesis(&self) -> &'static str {
        "A redirect to another host is not followed with credentials, keys or records."
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let status = [301, 302, 307, 308][usize::try_from(rng.below(4)).unwrap_or(0)];
        Setup::with(Redirect { aim: everywhere(bench, owed(bench, records), rng), status }).passes(2).lenient()
    }
}
