//! The URL of a next page that lies at another host is not asked with the credential, and what is behind it is not taken for
//! read.
//!
//! Source: RFC 8288 section 5 (the target of a link may be anywhere); OWASP API Security 2023, API10 (unsafe consumption of
//! APIs).

use serde_json::Value;

use super::super::bench::Purpose;
use super::super::faults::{Aim, LinkElsewhere};
use super::paged;
use super::{Drill, Setup};
use crate::base::rng::Rng;
use crate::lab::bench::Bench;
use crate::model::PageStyle;

/// See the module.
pub(super) struct NextPageElsewhere;

impl Drill for NextPageElsewhere {
    fn code(&self) -> &'static str {
        "next-page-elsewhere"
    }

    fn hypothesis(&self) -> &'static str {
        "The URL of a next page at another host is not asked with the credential, and the list does not count as read."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        match paged(bench)?.style {
            PageStyle::LinkHeader | PageStyle::LinkBody => Ok(()),
            PageStyle::Cursor | PageStyle::Page | PageStyle::Offset => {
                Err("the source gives no URL of the next page".to_owned())
            }
        }
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let _ = (bench, records, rng);
        let aim = Aim::at([Purpose::List]).times(u64::MAX / 2);
        let mut setup = Setup::with(LinkElsewhere { aim }).passes(2).honest();
        setup.faults_end_with_first_pass = true;
        setup
    }
}
