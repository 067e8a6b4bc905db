//! A certificate that is refused is not asked again and not got around: the run ends and says so (RFC 9110 section 4.3.4;
//! CWE-295).
//!
//! Source: RFC 9110 section 4.3.4; CWE-295.

use serde_json::Value;

use super::super::faults::TransportFails;
use super::super::judge::Evidence;
use super::super::mock::url::origin_of;
use super::{Drill, Setup, owed, somewhere};
use crate::base::rng::Rng;
use crate::lab::bench::Bench;

/// See the module.
pub(super) struct TlsRefused;

impl Drill for TlsRefused {
    fn code(&self) -> &'static str {
        "tls-refused"
    }

    fn hypothesis(&self) -> &'static str {
        "A certificate that is refused is neither asked again in the same run nor got around."
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let aim = somewhere(bench, owed(bench, records), rng).times(u64::MAX / 2);
        let mut setup = Setup::with(TransportFails::no_tls(aim)).passes(2).lenient();
        setup.faults_end_with_first_pass = true;
        setup
    }

    fn judge(&self, evidence: &Evidence<'_>) -> Vec<String> {
        let mut out = Vec::new();
        for told in evidence.trace.exchanges.iter().filter(|x| x.fault == Some("tls-refused")) {
            let later = || evidence.trace.run(told.run).filter(|x| x.nth > told.nth);
            if let Some(again) = later().find(|x| x.asks_as(told)) {
                let (first, second) = (told.nth, again.nth);
                out.push(format!("request {second} repeats request {first}, whose certificate was refused"));
            }
            let secure = origin_of(&told.request.url).starts_with("https://");
            if let Some(plain) =
                later().find(|x| secure && x.system == told.system && x.request.url.starts_with("http://"))
            {
                out.push(format!("request {} goes to {} without TLS", plain.nth, told.system));
            }
            if !out.is_empty() {
                break;
            }
        }
        out
    }
}
