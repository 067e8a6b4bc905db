//! A list whose changes are followed by a token: it runs in the order of change, so that a record that changes while pages are
//! read comes once more at the end, and its last page gives the token from which later changes are asked for.

use serde_json::Value;

use super::blueprint::{Kind, put};
use super::collection::Collection;
use super::pages::Cut;
use super::read::end_of;
use super::{Call, MockSystem, url};
use crate::connector::FeedPlan;

/// The parameter of a link from which changes are followed, as OData writes it.
pub(crate) const LINK_PARAM: &str = "$deltatoken";

/// What a token begins and ends with. Who puts its last signs into a query as they stand asks for something else.
const BEGINS: &str = "since-";
const ENDS: &str = "+/==";

/// Whether a text is such a token.
pub(crate) fn is_feed_token(text: &str) -> bool {
    text.starts_with(BEGINS) && text.ends_with(ENDS)
}

/// Where a list is asked to begin.
pub(super) struct Since {
    feed: FeedPlan,
    /// The number of the last change that is known; nothing: all is asked for.
    after: Option<u64>,
}

impl MockSystem {
    /// How changes of this list are followed, where by a token: what the options say goes before what the description lets guess.
    pub(super) fn feed_of(&self, call: &Call<'_>, kind: &Kind) -> Option<FeedPlan> {
        let told = || call.op.feed.as_ref().map(|f| FeedPlan { token: f.token.clone(), param: f.param.clone() });
        self.options.feed.get(&kind.name).cloned().or_else(told)
    }
}

impl Since {
    /// What a query asks for.
    ///
    /// # Errors
    /// The token is none that this collection gave, in words.
    pub(super) fn asked(
        feed: FeedPlan,
        query: &[(String, String)],
        page: Option<&str>,
        collection: &Collection,
    ) -> Result<Self, String> {
        let param = feed.param.as_deref().unwrap_or(LINK_PARAM);
        let sent = query.iter().find(|(name, _)| name == param).map(|(_, value)| value.as_str());
        // One parameter may take the token and the place in the list.
        let sent = sent.filter(|text| !text.is_empty() && (page != Some(param) || text.starts_with(BEGINS)));
        let Some(sent) = sent else { return Ok(Self { feed, after: None }) };
        let number = sent.strip_prefix(BEGINS).and_then(|rest| rest.strip_suffix(ENDS)?.parse::<u64>().ok());
        match number.filter(|n| *n <= collection.changes()) {
            Some(n) => Ok(Self { feed, after: Some(n) }),
            None => Err(format!("{param} is no token that is known here any more; read all anew without it")),
        }
    }

    /// The rest of a query: without a token that stands where a place in the list may stand.
    pub(super) fn rest(&self, query: &[(String, String)]) -> Vec<(String, String)> {
        let token = |(name, value): &&(String, String)| {
            self.feed.param.as_ref() == Some(name) && value.starts_with(BEGINS) && self.after.is_some()
        };
        query.iter().filter(|pair| !token(pair)).cloned().collect()
    }

    /// Those of these places that changed since, in the order of change.
    pub(super) fn narrow(&self, collection: &Collection, places: impl Iterator<Item = u32>) -> Vec<u32> {
        let changed = |place: &u32| collection.at(*place).map_or(0, |kept| kept.changed);
        let mut out: Vec<u32> = places.filter(|p| self.after.is_none_or(|n| changed(p) > n)).collect();
        out.sort_by_key(changed);
        out
    }

    /// Puts the token where the last page gives it; on any other there is none.
    pub(super) fn tell(&self, call: &Call<'_>, body: &mut Value, cut: Option<&Cut>, collection: &Collection) {
        let more = cut.is_some_and(|c| c.more);
        let pagination = call.op.pagination.as_ref();
        let of_pages = pagination.and_then(|p| p.param.as_deref());
        if more {
            // Where one field is both, the place of the next page stands there.
            let next = pagination.and_then(|p| p.next.as_ref());
            if !matches!(next, Some(crate::model::CursorFrom::Body(path)) if *path == self.feed.token) {
                let answer = call.op.success().and_then(|r| r.schema);
                put(body, &self.feed.token, end_of(&call.blueprint.system.schemas, answer, &self.feed.token));
            }
            return;
        }
        let token = format!("{BEGINS}{}{ENDS}", collection.changes());
        let told = match self.feed.param {
            Some(_) => token,
            None => {
                let there = url::without_param(&call.request.url, of_pages.unwrap_or("page_token"));
                url::with_param(&there, LINK_PARAM, &token)
            }
        };
        put(body, &self.feed.token, Value::String(told));
    }
}
