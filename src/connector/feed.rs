//! Changes that are followed by a token: the last page of a list gives one, and the next pass asks with it for what changed
//! since. Tokens end (Google answers 410, Microsoft 410 with `syncStateNotFound`, others 400 or 409): then all is read anew, and
//! what was deleted meanwhile is what the whole list does not show any more.
//!
//! Source: Google Calendar, "Synchronize resources efficiently"; Microsoft Graph, "Use delta query to track changes"; OData JSON
//! Format 4.01 section 4.5.6.

use serde_json::Value;

use super::address;
use super::body::{at, scalar};
use super::exchange::Refused;
use super::page::Position;
use super::run::Stop;
use super::{DeletesPlan, FeedPlan, SourcePlan};
use crate::evidence::Checkpoint;

/// What a checkpoint writes before a token, so that nobody takes one for a time, or a time for one.
const MARK: &str = "feed:";

/// Whether a watermark is of the kind that this source keeps. A URL that leads to another origin than the contract does now is not:
/// the credential is not sent there.
pub(super) fn fits(source: &SourcePlan, watermark: &str) -> bool {
    match (watermark.strip_prefix(MARK), &source.feed) {
        (None, None) => true,
        (Some(""), Some(_)) => true,
        (Some(link), Some(FeedPlan { param: None, .. })) => address::origin(link) == address::origin(&source.base_url),
        (Some(_), Some(_)) => true,
        (None, Some(_)) | (Some(_), None) => false,
    }
}

/// The token to ask with; nothing: from the beginning.
pub(super) fn since<'c>(source: &SourcePlan, checkpoint: &'c Checkpoint) -> Option<&'c str> {
    source.feed.as_ref()?;
    checkpoint.watermark.as_deref()?.strip_prefix(MARK).filter(|token| !token.is_empty())
}

/// Whether there was a token once that is taken no more, and deletions are carried over: of those since no feed tells.
pub(super) fn lost(source: &SourcePlan, checkpoint: &Checkpoint) -> bool {
    let carried = source.deletes != DeletesPlan::Ignore;
    source.feed.is_some() && carried && checkpoint.watermark.as_deref() == Some(MARK)
}

/// What a checkpoint keeps of a token; of none, that there was one.
pub(super) fn kept(token: Option<&str>) -> String {
    format!("{MARK}{}", token.unwrap_or_default())
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
    let told = refused.code == "error-envelope" && ["token", "cursor", "sync"].iter().any(|word| says.contains(word));
    matches!(refused.status, 400 | 409 | 410 | 422) || told
}
