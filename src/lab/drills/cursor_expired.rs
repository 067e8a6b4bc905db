//! A cursor that the source no longer takes leads back to the checkpoint: the list is read anew, nothing is lost, nothing
//! is done twice. Lists of Google (410 on `syncToken`), Salesforce (`INVALID_QUERY_LOCATOR`) and Notion end their cursors.
//!
//! Source: Google Calendar, "Synchronize resources efficiently" (410 on `syncToken`); Salesforce `INVALID_QUERY_LOCATOR`; RFC
//! 9110 section 15.5.11.

use serde_json::Value;

use super::super::faults::{Aim, CursorExpired};
use super::{Drill, Setup, paged};
use crate::base::rng::Rng;
use crate::lab::bench::{Bench, Purpose};
use crate::model::{CursorFrom, PageStyle};

/// See the module.
pub(super) struct CursorExpiredDrill;

impl Drill for CursorExpiredDrill {
    fn code(&self) -> &'static str {
        "cursor-expired"
    }

    fn hypothesis(&self) -> &'static str {
        "A cursor that the source no longer takes leads back to the checkpoint: nothing is lost, and nothing done twice."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        if bench.plan.source.by_graphql() {
            return Err("GraphQL refuses a cursor inside a 200: see error-envelope-200".to_owned());
        }
        match (paged(bench)?.style, &paged(bench)?.next) {
            (PageStyle::Page | PageStyle::Offset, _) => Err("the client counts by itself".to_owned()),
            (_, Some(CursorFrom::LastItem(_))) => Err("the key of a record is the cursor, and does not end".to_owned()),
            _ => Ok(()),
        }
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let _ = records;
        let p = bench.plan.source.pagination.as_ref();
        // A link names the parameter by which the mock leads on.
        let param = p.and_then(|p| p.param.clone()).unwrap_or_else(|| "page_token".to_owned());
        let status = if rng.one_in(2) { 410 } else { 400 };
        let fault = CursorExpired::new(Aim::at([Purpose::List]).after(rng.below(2)), status, Some(param));
        let mut setup = Setup::with(fault).passes(2).honest();
        // Now and then it ends while nobody runs: a connector that keeps its place comes back with a dead cursor.
        setup.crashes = usize::from(rng.one_in(2));
        setup
    }
}
