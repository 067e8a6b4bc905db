//! Looks a record up in the target by its natural key.

use serde_json::Value;

use super::body::{Content, at, content, scalar};
use super::compare::key_form;
use super::envelope::{self, Holds};
use super::exchange::{self, Again, Ask, Miss, Side, Tries};
use super::page::{Listing, Next, Pager, Position};
use super::run::Run;
use super::trace::Trace;
use super::{Response, address, pull};

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
    if address::placeholders(&listing.call.path).any(|name| name == param) {
        return by_key(run, listing, param, matching, wanted, tries, trace).await;
    }
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

/// Reads the one record at this key.
async fn by_key(
    run: &Run<'_>,
    listing: Listing<'_>,
    param: &str,
    matching: &[String],
    wanted: &str,
    tries: &mut Tries,
    trace: &mut Trace,
) -> Result<Found, Miss> {
    let ask = Ask::read(listing.call, address::url(listing.base_url, listing.call, &[(param, wanted)], &[]));
    let read = |response: Response| match content(&response) {
        Content::Json(body) => match envelope::find(&body, Holds::Record) {
            Some(envelope) => Err(exchange::from_envelope(run, &run.target, &response, envelope)),
            None => Ok(body),
        },
        Content::Broken(why) => Err(Miss::Again(Again::unknown("unexpected-answer", why))),
        Content::Empty | Content::Other => {
            Err(Miss::Again(Again::unknown("unexpected-answer", "the answer holds no record".to_owned())))
        }
    };
    let body = match exchange::repeat(run, Side::Target, &ask, tries, trace, read).await {
        Ok(body) => body,
        Err(Miss::Refused(refused)) if matches!(refused.status, 404 | 410) => return Ok(Found::None),
        Err(miss) => return Err(miss),
    };
    let shows =
        |record: &Value| at(record, matching).and_then(scalar).is_some_and(|key| key_form(&key) == key_form(wanted));
    // `{"data": {…}}`: one wrapper around the record.
    let inner = body.as_object().into_iter().flat_map(|map| map.values()).find(|v| shows(v)).cloned();
    Ok(match if shows(&body) { Some(body) } else { inner } {
        Some(record) => Found::One(record),
        None => Found::Unclear(format!("the record at this key does not show it as {}", matching.join("."))),
    })
}
