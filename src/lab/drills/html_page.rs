//! A web page in place of an answer is an error, not an empty page.
//!
//! Source: login pages and proxies answer 200 with HTML.

use serde_json::Value;

use super::super::faults::HtmlPage;
use super::{Drill, Setup};
use super::{read, reads, survivable};
use crate::base::rng::Rng;
use crate::lab::bench::Bench;

/// See the module.
pub(super) struct HtmlPageDrill;

impl Drill for HtmlPageDrill {
    fn code(&self) -> &'static str {
        "html-page"
    }

    fn hypothesis(&self) -> &'static str {
        "A web page in place of an answer is an error, not an empty page."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        reads(bench)
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let aim = read(bench, records.len(), rng);
        let times = survivable(bench, 2, rng);
        let aim = aim.times(times);
        // A connector may stop at such an answer; what it may not do is go on as if there were nothing.
        let mut setup = Setup::with(HtmlPage { aim }).passes(2).lenient();
        setup.faults_end_with_first_pass = true;
        setup
    }
}
