//! How pages follow each other: which request comes next, and when the end was really seen. A short or empty page is
//! no end while cursor, flag or total say that more follows.

use std::collections::HashSet;

use serde_json::Value;

use super::address;
use super::body::{at, scalar};
use super::exchange::Ask;
use super::reconcile::hash;
use super::run::Stop;
use super::{Call, FeedPlan, Response, feed};
use crate::model::{CursorFrom, PageStyle, Pagination};

/// Empty pages in a row that are read on although a total says that more follows: records may have gone meanwhile.
const EMPTY_PAGES: u32 = 3;

/// Empty pages in a row that are read on because a flag says that more follows.
const MOST_EMPTY: u32 = 1_000;

/// A list operation as it is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Listing<'p> {
    /// The operation.
    pub call: &'p Call,
    /// Without a slash at the end.
    pub base_url: &'p str,
    /// Path of the records in the answer; empty for a bare array.
    pub items: &'p [String],
    /// Path of the record in each of these items; mostly empty.
    pub inside: &'p [String],
    /// How it is paged; nothing: one page.
    pub pagination: Option<&'p Pagination>,
    /// Page size to ask for.
    pub limit: Option<u64>,
    /// How its changes are followed, where by a token.
    pub feed: Option<&'p FeedPlan>,
}

/// Where in the list to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Position {
    /// From the beginning.
    Start,
    /// At an opaque cursor.
    Cursor(String),
    /// At a page number or an offset.
    Number(u64),
    /// At a URL that the server gave.
    Link(String),
}

impl Position {
    /// What the parameter or variable that leads there is set to.
    fn sent(&self) -> Option<String> {
        match self {
            Self::Cursor(cursor) => Some(cursor.clone()),
            Self::Number(n) => Some(n.to_string()),
            Self::Start | Self::Link(_) => None,
        }
    }

    /// What a checkpoint keeps. Page numbers and offsets are not kept: records that come or go between two runs
    /// would shift them, so those passes begin anew, and the ledger tells what is done.
    pub(super) fn save(&self) -> Option<String> {
        match self {
            Self::Start | Self::Number(_) => None,
            Self::Cursor(text) | Self::Link(text) => Some(text.clone()),
        }
    }
}

/// What comes after a page.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Another page.
    At(Position),
    /// Nothing: this was the end.
    End,
    /// More, but there is no way to it.
    Stuck(Stop),
}

/// Walks a list.
#[derive(Debug)]
pub(super) struct Pager<'p> {
    /// The list.
    pub listing: Listing<'p>,
    records: u64,
    empty: u32,
    been: HashSet<u128>,
    last_page: Option<u128>,
}

impl<'p> Pager<'p> {
    /// At the beginning.
    pub(super) fn new(listing: Listing<'p>) -> Self {
        Self { listing, records: 0, empty: 0, been: HashSet::new(), last_page: None }
    }

    /// Where a pass goes on from what a checkpoint kept.
    pub(super) fn resume(&self, saved: Option<&str>) -> Position {
        match (saved, self.listing.pagination.map(|p| p.style)) {
            (Some(text), Some(PageStyle::Cursor)) => Position::Cursor(text.to_owned()),
            (Some(text), Some(PageStyle::LinkHeader | PageStyle::LinkBody)) => Position::Link(text.to_owned()),
            _ => Position::Start,
        }
    }

    /// The URL of the page at this position; `filter` is sent along, except where the server wrote the URL itself.
    pub(super) fn url(&self, position: &Position, filter: &[(&str, &str)]) -> String {
        if let Position::Link(url) = position {
            return url.clone();
        }
        if self.listing.call.query.is_some() {
            return self.listing.base_url.to_owned();
        }
        let search = self.listing.call.search.as_ref();
        let by_url = |name: &str| !search.is_some_and(|s| s.takes(name));
        let bounds: Vec<(&str, &str)> =
            self.bounds(position, filter).into_iter().filter(|(name, _)| by_url(name)).collect();
        let mut url = address::url(self.listing.base_url, self.listing.call, &[], &bounds);
        let Some(pagination) = self.listing.pagination else { return url };
        if let (Some(param), Some(limit)) = (pagination.limit_param.as_ref().filter(|p| by_url(p)), self.listing.limit)
        {
            address::push_query(&mut url, param, &limit.to_string());
        }
        if let (Some(param), Some(at)) = (pagination.param.as_ref().filter(|p| by_url(p)), position.sent()) {
            address::push_query(&mut url, param, &at);
        }
        url
    }

    /// The request for the page at this position; `url` is where it goes.
    pub(super) fn ask(&self, position: &Position, url: &str, filter: &[(&str, &str)]) -> Ask {
        let call = self.listing.call;
        match (&call.query, &call.search) {
            (Some(query), _) => Ask::query(call, url.to_owned(), query.body(self.set(position, filter))),
            (None, Some(search)) => {
                let body = search.body(&call.content_type, self.set(position, filter));
                Ask::search(call, url.to_owned(), body)
            }
            (None, None) => Ask::read(call, url.to_owned()),
        }
    }

    /// What the body of the request is told, by dotted name. Where the server wrote the URL of the next page, that holds the
    /// place in the list, and the rest is asked for as before.
    fn set<'v>(&'v self, position: &Position, filter: &[(&'v str, &'v str)]) -> Vec<(&'v str, String)> {
        let bounds = self.bounds(position, filter).into_iter();
        let mut set: Vec<(&str, String)> = bounds.map(|(name, value)| (name, value.to_owned())).collect();
        let pagination = self.listing.pagination;
        if let (Some(param), Some(limit)) = (pagination.and_then(|p| p.limit_param.as_deref()), self.listing.limit) {
            set.push((param, limit.to_string()));
        }
        if let (Some(param), Some(at)) = (pagination.and_then(|p| p.param.as_deref()), position.sent()) {
            set.push((param, at));
        }
        set
    }

    /// What is sent along: where one parameter takes the token of a feed and the place in the list, the place alone.
    fn bounds<'f>(&self, position: &Position, filter: &[(&'f str, &'f str)]) -> Vec<(&'f str, &'f str)> {
        let param = self.listing.pagination.and_then(|p| p.param.as_deref()).filter(|_| position.sent().is_some());
        filter.iter().copied().filter(|(name, _)| Some(*name) != param).collect()
    }

    /// The token from which changes after this page are followed.
    ///
    /// # Errors
    /// It is a URL of another origin.
    pub(super) fn token(&self, url: &str, body: &Value) -> Result<Option<String>, Stop> {
        self.listing.feed.map_or(Ok(None), |feed| feed::given(feed, self.listing.base_url, url, body))
    }

    /// The number of records that the source says there are in all.
    pub(super) fn total(&self, body: &Value) -> Option<u64> {
        at(body, self.listing.pagination?.total.as_ref()?)?.as_u64()
    }

    /// What comes after this page. `url` is where it was read; `body` is its body without the records.
    pub(super) fn next(
        &mut self,
        position: &Position,
        url: &str,
        body: &Value,
        response: &Response,
        records: &[Value],
    ) -> Next {
        let Some(pagination) = self.listing.pagination else { return Next::End };
        let count = records.len() as u64;
        self.records += count;
        self.empty = if count == 0 { self.empty + 1 } else { 0 };
        let more = pagination.more.as_ref().and_then(|path| at(body, path)).and_then(Value::as_bool);
        let total_says_more = self.total(body).map(|total| self.records < total);
        match pagination.style {
            PageStyle::Cursor => self.by_cursor(pagination, body, records, more, total_says_more),
            PageStyle::Page | PageStyle::Offset => {
                if more == Some(false) {
                    return Next::End;
                }
                if self.same_page_again(records) {
                    return repeating("the same page comes again whatever page is asked for");
                }
                if more == Some(true) && self.empty > MOST_EMPTY {
                    let because = "the source says that more follows, and nothing has come for a thousand pages";
                    return Next::Stuck(Stop::new("pages-without-end", because));
                }
                let says_more = more.or(total_says_more);
                let done = match says_more {
                    // A flag is believed, as a filter that works on whole pages leaves many empty; a total may be of before.
                    Some(says_more) => !says_more || (more.is_none() && self.empty > EMPTY_PAGES),
                    // Nobody says whether more follows: only an empty page is the end, a short one is not.
                    None => count == 0,
                };
                if done { Next::End } else { Next::At(self.counted(pagination, position, count)) }
            }
            PageStyle::LinkHeader => {
                let links = response.headers.iter().filter(|(n, _)| n == "link").map(|(_, v)| v.as_str());
                self.by_link(address::next_link(links), url, more)
            }
            PageStyle::LinkBody => {
                let told = match &pagination.next {
                    Some(CursorFrom::Body(path)) => at(body, path).unwrap_or(&Value::Null),
                    _ => &Value::Null,
                };
                // JSON:API 1.1, "Links": a text, or an object with `href`.
                let link = match told {
                    Value::Object(link) => link.get("href").unwrap_or(told),
                    told => told,
                };
                match link {
                    Value::String(link) if !link.is_empty() => self.by_link(Some(link.clone()), url, more),
                    Value::String(_) | Value::Null | Value::Bool(false) => self.by_link(None, url, more),
                    _ => {
                        let because =
                            "the source gives a link to the next page that is no text, and cannot be followed";
                        Next::Stuck(Stop::new("cursor-missing", because))
                    }
                }
            }
        }
    }

    fn by_cursor(
        &mut self,
        pagination: &Pagination,
        body: &Value,
        records: &[Value],
        more: Option<bool>,
        total_says_more: Option<bool>,
    ) -> Next {
        if more == Some(false) {
            return Next::End;
        }
        if let Some(CursorFrom::Body(path)) = &pagination.next
            && at(body, path).is_some_and(|told| told.is_array() || told.is_object())
        {
            let because = "the source gives a cursor that is neither text nor a number, and that cannot be sent back";
            return Next::Stuck(Stop::new("cursor-missing", because));
        }
        let (cursor, from_record) = match &pagination.next {
            Some(CursorFrom::Body(path)) => {
                (at(body, path).filter(|c| **c != Value::Bool(false)).and_then(scalar), false)
            }
            Some(CursorFrom::LastItem(field)) => (records.last().and_then(|r| r.get(field)).and_then(scalar), true),
            None => (None, false),
        };
        // Where one field is the cursor and the token of a feed there always is one: who says nothing of more ends with a page
        // without records.
        let token = matches!((&pagination.next, self.listing.feed), (Some(CursorFrom::Body(path)), Some(feed)) if *path == feed.token);
        if token && more.is_none() && records.is_empty() {
            return Next::End;
        }
        match cursor.filter(|c| !c.is_empty()) {
            // Where the last record is the cursor there always is one: flag and total decide.
            Some(_) if from_record && more.is_none() && total_says_more == Some(false) => Next::End,
            Some(cursor) => {
                if self.been.insert(hash(&cursor)) {
                    Next::At(Position::Cursor(cursor))
                } else {
                    repeating("the source hands out a cursor that it gave before")
                }
            }
            None if more == Some(true) => {
                Next::Stuck(Stop::new("cursor-missing", "the source says that more follows, but gives no cursor to it"))
            }
            None => Next::End,
        }
    }

    fn by_link(&mut self, link: Option<String>, url: &str, more: Option<bool>) -> Next {
        let Some(link) = link else {
            return if more == Some(true) {
                Next::Stuck(Stop::new("cursor-missing", "the source says that more follows, but gives no link to it"))
            } else {
                Next::End
            };
        };
        match address::follow(self.listing.base_url, url, &link) {
            None => Next::Stuck(Stop::new(
                "foreign-link",
                "the next page lies at another origin than base_url; the credential is not sent there",
            )),
            Some(to) if to != url && self.been.insert(hash(&to)) => Next::At(Position::Link(to)),
            Some(_) => repeating("the source hands out a link that it gave before"),
        }
    }

    fn counted(&self, pagination: &Pagination, position: &Position, count: u64) -> Position {
        let offset = pagination.style == PageStyle::Offset;
        let now = match position {
            Position::Number(n) => *n,
            _ if offset => 0,
            _ => pagination.first_page,
        };
        // Past an empty window, not into it again.
        let step = if !offset {
            1
        } else if count > 0 {
            count
        } else {
            self.listing.limit.unwrap_or(1)
        };
        Position::Number(now.saturating_add(step))
    }

    fn same_page_again(&mut self, records: &[Value]) -> bool {
        if records.is_empty() {
            return false;
        }
        let mut text = String::new();
        for record in [records.first(), records.last()].into_iter().flatten() {
            crate::base::digest::canonical(record, &mut text);
        }
        let now = hash(&text);
        self.last_page.replace(now) == Some(now)
    }
}

fn repeating(because: &str) -> Next {
    Next::Stuck(Stop::new("repeating-cursor", because))
}
