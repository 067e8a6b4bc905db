//! Looks a record up in the target by its natural key.

use serde_json::Value;

use super::body::{at, scalar};
use super::compare::key_form;
use super::exchange::{Miss, Side, Tries};
use super::page::{Listing, Next, Pager, Position};
use super::pull;
use super::run::Run;
use super::trace::Trace;

/// Pages of one search that are looked through; a search by a unique key has one.
const PAGES: u32 = 50;

/// What a search found.
#[derive(Debug)]
pub(super) enum Found {
    /// No record has this key.
    None,
    /// One has.
    One(Value),
    /// Several have: nobody can tell which one is meant.
    Many,
    /// The search answered with records whose key cannot be seen, or without end.
    Unclear(String),
}

/// Finds the records whose natural key is exactly `wanted`: a search may be fuzzy or fold case, and a list that knows
/// no such filter answers with everything.
pub(super) async fn find(
    run: &Run<'_>,
    listing: Listing<'_>,
    param: &str,
    matching: &[String],
    wanted: &str,
    tries: &mut Tries,
    trace: &mut Trace,
) -> Result<Found, Miss> {
    let mut pager = Pager::new(listing);
    let mut position = Position::Start;
    let mut hit: Option<Value> = None;
    let mut blind = false;
    let form = key_form(wanted);
    for _ in 0..PAGES {
        let filter = [(param, wanted)];
        let page = pull::page(run, Side::Target, &mut pager, &position, &filter, tries, trace).await?;
        for record in page.records {
            match at(&record, matching).and_then(scalar) {
                Some(key) if key_form(&key) == form => {
                    if hit.replace(record).is_some() {
                        return Ok(Found::Many);
                    }
                }
                Some(_) => {}
                None => blind = true,
            }
        }
        match page.next {
            Next::At(next) => position = next,
            Next::End => {
                return Ok(match hit {
                    Some(record) => Found::One(record),
                    None if blind => Found::Unclear(format!(
                        "the search answers with records that do not show {}, so nobody can tell whether one is meant",
                        matching.join(".")
                    )),
                    None => Found::None,
                });
            }
            Next::Stuck(stop) => return Ok(Found::Unclear(stop.because)),
        }
    }
    Ok(Found::Unclear(format!("the search did not end within {PAGES} pages")))
}
