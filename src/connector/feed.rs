//! Changes that are followed by a token: the last page of a list gives one, and the next pass asks with it for what changed
//! since. Tokens end (Google answers 410, Microsoft 410 with `syncStateNotFound`, others 400 or 409): then all is read anew, and
//! what was deleted meanwhile is what the whole list does not show any more.
//!
//! Source: Google Calendar, "Synchronize resources efficiently"; Microsoft Graph, "Use delta query to track changes"; OData JSON
//! Format 4.01 section 4.5.6.

use serde_json::{Value, json};

use super::address;
use super::body::{at, scalar};
use super::exchange::Refused;
use super::page::Position;
use super::run::Stop;
use super::{DeletesPlan, FeedPlan, SourcePlan};
use crate::base::digest::Digest;
use crate::evidence::Checkpoint;

/// What a checkpoint writes before a token, so that nobody takes one for a time, or a time for one. What it was asked for follows,
/// then the token: `feed:1f0c9a2b:CAIS…`.
const MARK: &str = "feed:";

/// Whether a watermark is of the kind that this source keeps. A token goes on with the list for which it was given: from another
/// system, with other parameters or in another form it is none, and is not sent.
pub(super) fn fits(source: &SourcePlan, watermark: &str) -> bool {
    match (watermark.strip_prefix(MARK), &source.feed) {
        (None, None) | (Some(""), Some(_)) => true,
        (Some(kept), Some(_)) => kept.split_once(':').is_some_and(|(of, _)| of == list(source)),
        (None, Some(_)) | (Some(_), None) => false,
    }
}

/// What the list is that a token goes on with.
fn list(source: &SourcePlan) -> String {
    let call = source.list.as_ref();
    let fixed = |call: &super::Call| -> Vec<Value> {
        call.params.iter().map(|p| json!([p.name, format!("{:?}", p.place), p.value])).collect()
    };
    let feed = source.feed.as_ref().map(|f| json!([f.token, f.param]));
    let asked = json!([source.base_url, call.map(|c| &c.path), call.map(fixed), feed]);
    Digest::of_json(&asked).short().to_owned()
}

/// The token to ask with; nothing: from the beginning.
pub(super) fn since<'c>(source: &SourcePlan, checkpoint: &'c Checkpoint) -> Option<&'c str> {
    source.feed.as_ref()?;
    let (_, token) = checkpoint.watermark.as_deref()?.strip_prefix(MARK)?.split_once(':')?;
    Some(token).filter(|token| !token.is_empty())
}

/// Whether deletions are carried over by what a feed tells.
pub(super) fn tells_deletions(source: &SourcePlan) -> bool {
    source.feed.is_some() && source.deletes != DeletesPlan::Ignore
}

/// Whether something was delivered and no token holds, where deletions are carried over: of those since no feed tells.
pub(super) fn lost(source: &SourcePlan, checkpoint: &Checkpoint) -> bool {
    tells_deletions(source) && checkpoint.watermark.as_deref() == Some(MARK)
}

/// What a checkpoint keeps of a token.
pub(super) fn kept(source: &SourcePlan, token: &str) -> String {
    format!("{MARK}{}:{token}", list(source))
}

/// What a checkpoint keeps where no token holds.
pub(super) fn none() -> String {
    MARK.to_owned()
}

/// Where a list begins that is asked with a token which is a URL.
pub(super) fn start(feed: &FeedPlan, token: &str) -> Option<Position> {
    feed.param.is_none().then(|| Position::Link(token.to_owned()))
}

/// The token that a page gives; `url` is where it was read.
///
/// # Errors
/// It is a URL of another origin than `base`.
pub(super) fn given(feed: &FeedPlan, base: &str, url: &str, body: &Value) -> Result<Option<String>, Stop> {
    let Some(token) = at(body, &feed.token).and_then(scalar).filter(|t| !t.is_empty()) else { return Ok(None) };
    if feed.param.is_some() {
        return Ok(Some(token));
    }
    let because = "the link to later changes lies at another origin than base_url; the credential is not sent there";
    address::follow(base, url, &token).map(Some).ok_or_else(|| Stop::new("foreign-link", because))
}

/// Whether the source takes a token no more. A wrong guess costs one look at everything.
pub(super) fn expired(refused: &Refused) -> bool {
    let says = refused.says.to_lowercase();
    let mut words = says.split(|c: char| !c.is_ascii_alphanumeric());
    let told = refused.code == "error-envelope"
        && words.any(|word| word.ends_with("token") || ["cursor", "sync", "tokens"].contains(&word));
    matches!(refused.status, 400 | 409 | 410 | 422) || told
}
