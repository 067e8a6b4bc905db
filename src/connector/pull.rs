//! Reads pages. What is not a whole, readable page with records is an error; it is never taken for an empty one.

use serde_json::Value;

use super::body::{Content, at, content, take_at};
use super::envelope::{self, Holds};
use super::exchange::{self, Again, Miss, Refused, Side, Tries};
use super::gate::Gate;
use super::page::{Listing, Next, Pager, Position};
use super::run::Run;
use super::trace::Trace;
use super::{FeedPlan, Response};

/// A page.
#[derive(Debug)]
pub(super) struct Page {
    /// Its records.
    pub records: Vec<Value>,
    /// What comes after it.
    pub next: Next,
    /// How many records there are in all, where the answer says so.
    pub total: Option<u64>,
    /// The token from which changes after it are followed, where it gives one.
    pub token: Option<String>,
}

/// Reads the page at `position`, with as many attempts as the contract allows.
pub(super) async fn page(
    run: &Run<'_>,
    side: Side,
    pager: &mut Pager<'_>,
    position: &Position,
    filter: &[(&str, &str)],
    tries: &mut Tries,
    trace: &mut Trace,
) -> Result<Page, Miss> {
    let gate = run.gate(side);
    let url = pager.url(position, filter);
    let ask = pager.ask(position, &url, filter);
    let listing = pager.listing;
    let read = |response: Response| read(run, gate, &listing, response);
    let (records, body, response) = exchange::repeat(run, side, &ask, tries, trace, read).await?;
    let mut next = pager.next(position, &url, &body, &response, &records);
    if let Next::At(Position::Link(link)) = &mut next {
        // What is checkpointed and logged holds no key; it is added again when the link is followed.
        *link = gate.strip(link);
    }
    let token = pager.token(&url, &body).map_err(Miss::Stop)?.map(|token| match listing.feed {
        Some(FeedPlan { param: None, .. }) => gate.strip(&token),
        _ => token,
    });
    Ok(Page { records, next, total: pager.total(&body), token })
}

/// The records of an answer, moved out of its body.
fn read(
    run: &Run<'_>,
    gate: &Gate,
    listing: &Listing<'_>,
    response: Response,
) -> Result<(Vec<Value>, Value, Response), Miss> {
    let mut body = match content(&response) {
        Content::Json(body) => body,
        Content::Broken(why) => return Err(unreadable(why)),
        Content::Empty if response.status == 204 => return Ok((Vec::new(), Value::Null, response)),
        Content::Empty => return Err(unreadable("the answer is empty".to_owned())),
        Content::Other => return Err(unreadable("the answer is no JSON".to_owned())),
    };
    let found = at(&body, listing.items);
    let holds = match found.and_then(Value::as_array) {
        Some(records) if !records.is_empty() => Holds::Records,
        _ => Holds::Nothing,
    };
    if let Some(envelope) = envelope::find(&body, holds) {
        return Err(exchange::from_envelope(run, gate, &response, envelope));
    }
    match found {
        Some(Value::Array(_)) => {}
        // Some languages write an empty list as null.
        // GraphQL has empty lists: null says that something could not be told.
        Some(Value::Null) if !listing.items.is_empty() && listing.call.query.is_none() => {
            return Ok((Vec::new(), body, response));
        }
        _ => {
            let path = if listing.items.is_empty() { "the top".to_owned() } else { listing.items.join(".") };
            return Err(unreadable(format!("the answer holds no list of records at {path}")));
        }
    }
    match take_at(&mut body, listing.items) {
        Some(Value::Array(mut records)) => {
            if !listing.inside.is_empty() {
                // An item without a record stays, as null: it has no key, so it is among the dead letters and not lost.
                records.iter_mut().for_each(|item| *item = take_at(item, listing.inside).unwrap_or(Value::Null));
            }
            Ok((records, body, response))
        }
        _ => Err(unreadable("the answer holds no list of records".to_owned())),
    }
}

fn unreadable(why: String) -> Miss {
    Miss::Again(Again::unknown("unexpected-answer", why))
}

/// A cursor that the source no longer takes.
pub(super) fn is_expired(refused: &Refused, position: &Position) -> bool {
    let told = refused.code == "error-envelope" && refused.says.to_lowercase().contains("cursor");
    (matches!(refused.status, 400 | 410) || told) && !matches!(position, Position::Start | Position::Number(_))
}
