//! An empty cursor is the end of the list, as null or no cursor is: it is not sent back (Google AIP-158; Slack's
//! `next_cursor`).
//!
//! Source: Google AIP-158 (an empty `next_page_token` is the end); Slack, "Pagination" (`next_cursor`).

use serde_json::Value;

use super::super::faults::{Aim, EmptyCursor};
use super::{Drill, Setup, paged, strangers};
use crate::base::rng::Rng;
use crate::lab::bench::{Bench, Purpose};
use crate::model::{CursorFrom, PageStyle, Pagination, TypeSet};

/// See the module.
pub(super) struct EmptyCursorString;

impl Drill for EmptyCursorString {
    fn code(&self) -> &'static str {
        "empty-cursor-string"
    }

    fn hypothesis(&self) -> &'static str {
        "An empty cursor is the end of the list, and is not sent back."
    }

    fn applies(&self, bench: &Bench) -> Result<(), String> {
        let Some(path) = cursor(paged(bench)?) else { return Err("no cursor stands in the answer".to_owned()) };
        if bench.plan.source.by_graphql() {
            return Err("a connection says by hasNextPage that it ends".to_owned());
        }
        if bench.plan.source.feed.as_ref().is_some_and(|feed| feed.token == path) {
            return Err("the cursor of the last page leads to later changes, and is never empty".to_owned());
        }
        let schemas = &bench.source.system.schemas;
        let answer = bench.list_operation().and_then(|op| op.success()?.schema);
        let found = answer.and_then(|s| path.iter().try_fold(s, |at, name| schemas.property(at, name).map(|p| p.0)));
        match found.map(|id| schemas.get(id)) {
            Some(s) if !s.types.allows(TypeSet::STRING) || s.min_length.is_some_and(|m| m > 0) => {
                Err("the description rules an empty cursor out".to_owned())
            }
            _ => Ok(()),
        }
    }

    fn schedule(&self, bench: &Bench, records: &mut Vec<Value>, rng: &mut Rng) -> Setup {
        let _ = (records, rng);
        let path = bench.plan.source.pagination.as_ref().and_then(cursor).map(<[String]>::to_vec).unwrap_or_default();
        strangers::unheard(
            bench,
            Setup::with(EmptyCursor { aim: Aim::at([Purpose::List]).times(u64::MAX / 2), path }).passes(2),
        )
    }

    fn fired(&self, evidence: &super::super::judge::Evidence<'_>) -> u64 {
        let Some(path) = evidence.bench.plan.source.pagination.as_ref().and_then(cursor) else { return 0 };
        let empty = |body: &bytes::Bytes| {
            let body: Option<Value> = serde_json::from_slice(body).ok();
            body.is_some_and(|b| super::super::mock::dig(&b, path).is_some_and(|v| v == ""))
        };
        let lists = evidence.trace.exchanges.iter().filter(|x| x.purpose == Purpose::List);
        lists.filter(|x| x.answer().is_some_and(|a| empty(&a.body))).count() as u64
    }
}

fn cursor(p: &Pagination) -> Option<&[String]> {
    match (&p.next, p.style) {
        (Some(CursorFrom::Body(path)), PageStyle::Cursor | PageStyle::LinkBody) => Some(path),
        _ => None,
    }
}
