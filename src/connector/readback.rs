//! Looks one record of the target up again: by the key that the target gave it, else by its natural key.

use serde_json::Value;

use super::body::{Content, at, content, has_broken_text, scalar};
use super::envelope::{self, Holds};
use super::exchange::{self, Again, Ask, Miss, Refused, Side, Tries};
use super::find::{self, Found};
use super::page::Listing;
use super::run::{Run, Stop};
use super::trace::Trace;
use super::{Response, WritePlan, address};
use crate::model::back::NO_GET;

/// What is there.
#[derive(Debug)]
pub(super) enum There {
    /// The record, with its key in the target.
    Record(String, Value),
    /// None.
    Gone,
    /// Nobody can tell; the words say why.
    Unreadable(String),
}

/// Looks for the record that was written for a source key. `id`: its key in the target, where known; `wrote`: what it was
/// given, which holds its natural key.
pub(super) async fn there(
    run: &Run<'_>,
    source_key: &str,
    id: Option<&str>,
    wrote: Option<&Value>,
    trace: &mut Trace,
) -> Result<There, Stop> {
    let back = &run.plan.target.back;
    // A later attempt may have learned what an earlier one did not.
    let known = match id {
        Some(id) => Some(id.to_owned()),
        None => run.world.ledger.effect(&run.plan.flow, source_key)?.and_then(|e| e.target_id),
    };
    if let (Some(id), Some(get)) = (&known, &back.get) {
        let ask = Ask::read(get, address::of_record(&run.plan.target.base_url, get, id));
        let mut tries = Tries::default();
        let read = |response: Response| record(run, &response);
        return match exchange::repeat(run, Side::Target, &ask, &mut tries, trace, read).await {
            Ok(Some(record)) => Ok(There::Record(id.clone(), inner(record, &back.key, id))),
            Ok(None) => Ok(There::Unreadable(format!("{} answers with no record", get.id))),
            Err(Miss::Refused(refused)) if matches!(refused.status, 404 | 410) => Ok(There::Gone),
            Err(miss) => unreadable(miss),
        };
    }
    if let (WritePlan::Upsert { target_key, .. }, Some(wrote)) = (&run.plan.target.write, wrote) {
        return Ok(match searched(run, wrote, trace).await? {
            Hit::None => There::Gone,
            Hit::One(record) => match record.get(target_key).and_then(scalar) {
                // The natural key belongs to another record by now.
                Some(found) if known.as_ref().is_some_and(|id| *id != found) => There::Gone,
                Some(found) => There::Record(found, record),
                None => There::Unreadable(format!("the record found has no {target_key}")),
            },
            Hit::Many(because) | Hit::Unreadable(because) => There::Unreadable(because),
        });
    }
    Ok(There::Unreadable(match (known, &back.get) {
        (_, None) => NO_GET.to_owned(),
        (None, _) => "the target's key of it is not known: nobody acknowledged the write".to_owned(),
        (Some(_), Some(_)) => "it cannot be looked up".to_owned(),
    }))
}

/// What a search by the natural key found.
pub(super) enum Hit {
    /// Nothing.
    None,
    /// One record.
    One(Value),
    /// Several; in words.
    Many(String),
    /// Nobody can tell; in words.
    Unreadable(String),
}

/// Searches the target of an upsert for the record that this would match.
pub(super) async fn searched(run: &Run<'_>, wrote: &Value, trace: &mut Trace) -> Result<Hit, Stop> {
    let WritePlan::Upsert { matching, find, find_param, find_items, find_pages, .. } = &run.plan.target.write else {
        return Ok(Hit::Unreadable("the flow does not search".to_owned()));
    };
    let named = matching.join(".");
    let Some(wanted) = at(wrote, matching).and_then(scalar) else {
        return Ok(Hit::Unreadable(format!("{named} is not known, and records are found by it")));
    };
    let listing = Listing {
        call: find,
        base_url: &run.plan.target.base_url,
        items: find_items,
        inside: &[],
        pagination: find_pages.as_ref(),
        limit: find_pages.as_ref().and_then(|p| p.limit_max),
        feed: None,
    };
    let mut tries = Tries::default();
    Ok(match find::find(run, listing, find_param, matching, &wanted, &mut tries, trace).await {
        Ok(Found::One(record)) if has_broken_text(&record) => {
            Hit::Unreadable("a text of it holds half a character".to_owned())
        }
        Ok(Found::One(record)) => Hit::One(record),
        Ok(Found::None) => Hit::None,
        Ok(Found::Many) => Hit::Many(format!("several records have this {named}")),
        Ok(Found::Unclear(why)) => Hit::Unreadable(why),
        Err(miss) => Hit::Unreadable(words(miss)?),
    })
}

fn unreadable(miss: Miss) -> Result<There, Stop> {
    words(miss).map(There::Unreadable)
}

fn words(miss: Miss) -> Result<String, Stop> {
    match miss {
        Miss::Stop(stop) => Err(stop),
        Miss::Refused(refused) => Ok(format!("status {}: {}", refused.status, refused.says)),
        Miss::Again(again) | Miss::Exhausted(again) => Ok(format!("{} ({})", again.because, again.code)),
    }
}

fn record(run: &Run<'_>, response: &Response) -> Result<Option<Value>, Miss> {
    match content(response) {
        Content::Json(body) if body.is_object() => match envelope::find(&body, Holds::Record) {
            Some(envelope) => Err(exchange::from_envelope(run, &run.target, response, envelope)),
            // What cannot be told to the last letter cannot be written back either.
            None if has_broken_text(&body) => {
                let says = "a text of it holds half a character".to_owned();
                Err(Miss::Refused(Refused { status: response.status, code: "broken-text", says, wait: None }))
            }
            None => Ok(Some(body)),
        },
        Content::Broken(why) => Err(Miss::Again(Again::unknown("unexpected-answer", why))),
        Content::Json(_) | Content::Empty | Content::Other => Ok(None),
    }
}

/// The record itself, where one wrapper lies around it: `{"data": {"id": …}}`.
fn inner(body: Value, key: &str, id: &str) -> Value {
    let is = |record: &Value| record.get(key).and_then(scalar).is_some_and(|found| found == id);
    if is(&body) {
        return body;
    }
    let wrapped = body.as_object().and_then(|map| map.values().find(|v| is(v)).cloned());
    // Or an object alone in it, whose key has another name.
    let alone = || body.as_object().filter(|map| map.len() == 1)?.values().find(|v| v.is_object()).cloned();
    wrapped.or_else(alone).unwrap_or(body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_record_is_found_in_its_wrapper() {
        for body in
            [json!({"id": 7, "a": 1}), json!({"data": {"id": "7", "a": 1}}), json!({"contact": {"uuid": "x", "a": 1}})]
        {
            assert_eq!(inner(body.clone(), "id", "7")["a"], 1, "{body}");
        }
    }
}
