//! Cuts an ordered list into pages, in each of the styles that APIs use.

use std::cmp::Ordering;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::Quirk;
use super::collection::{Collection, Kept, position_order};
use crate::model::{CursorFrom, PageStyle, Pagination};

/// What is asked for.
pub(super) struct Ask<'a> {
    /// How the operation is paged.
    pub(super) pagination: &'a Pagination,
    /// The query.
    pub(super) query: &'a [(String, String)],
    /// The field that orders the list.
    pub(super) field: Option<&'a str>,
    /// The field that is the key.
    pub(super) key: &'a str,
    /// Records on a page where the query does not say.
    pub(super) size: u64,
    /// Records on a page at most, whatever the query says.
    pub(super) cap: Option<u64>,
    /// Bends the answer.
    pub(super) quirk: Option<Quirk>,
}

/// The records that a list shows, in its order.
pub(super) struct Listed<'c> {
    /// Those of this collection
    pub(super) collection: &'c Collection,
    /// at these places, the oldest first.
    pub(super) places: &'c [u32],
    /// From the newest back.
    pub(super) newest_first: bool,
    /// In the order of change, and not of making.
    pub(super) by_change: bool,
}

impl<'c> Listed<'c> {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    /// The one at an index.
    pub(super) fn get(&self, index: usize) -> Option<&'c Kept> {
        let last = self.places.len().checked_sub(1)?;
        let index = if self.newest_first { last.checked_sub(index)? } else { index };
        self.collection.at(*self.places.get(index)?)
    }

    /// What a place in the list is remembered by.
    const fn rank(&self, kept: &Kept) -> u64 {
        if self.by_change { kept.changed } else { kept.serial }
    }

    /// Those from one index up to another.
    pub(super) fn page(&self, from: usize, to: usize) -> Vec<&'c Kept> {
        (from..to).filter_map(|i| self.get(i)).collect()
    }

    /// How many from the first on hold; those that do come before those that do not.
    fn leading(&self, holds: impl Fn(&Kept) -> bool) -> usize {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low + (high - low) / 2;
            if self.get(middle).is_some_and(&holds) { low = middle + 1 } else { high = middle }
        }
        low
    }
}

/// One page and how to go on.
#[derive(Debug, PartialEq)]
pub(super) struct Cut {
    /// First record and the one after the last, as indexes into the ordered list.
    pub(super) from: usize,
    pub(super) to: usize,
    /// More records follow.
    pub(super) more: bool,
    /// The value of the page parameter that leads on, where more follow.
    pub(super) next: Option<String>,
    /// The value of the page parameter that stands for the last record of this page, whether more follow or not.
    pub(super) last: Option<String>,
    /// Page size used.
    pub(super) limit: u64,
    /// Page number or offset as understood.
    pub(super) position: u64,
    /// The quirk changed something.
    pub(super) bent: bool,
}

/// Cuts. An unreadable parameter is an error in words.
pub(super) fn cut(list: &Listed<'_>, ask: &Ask<'_>) -> Result<Cut, String> {
    let p = ask.pagination;
    let value = |name: &Option<String>| {
        name.as_ref().and_then(|n| ask.query.iter().find(|(q, _)| q == n)).map(|(_, v)| v.as_str())
    };
    let limit = match value(&p.limit_param) {
        None => ask.size,
        Some(text) => {
            let n: u64 = text.parse().map_err(|_| format!("the page size {text:?} is not a number"))?;
            if n == 0 {
                return Err("the page size must be at least 1".to_owned());
            }
            n
        }
    };
    let limit = limit.min(p.limit_max.unwrap_or(u64::MAX)).min(ask.cap.unwrap_or(u64::MAX)).max(1);
    let size = usize::try_from(limit).unwrap_or(usize::MAX);
    let sent = value(&p.param).filter(|v| !v.is_empty());
    let token_style = matches!(p.style, PageStyle::Cursor | PageStyle::LinkHeader | PageStyle::LinkBody);
    let last_item = match &p.next {
        Some(CursorFrom::LastItem(field)) => Some(field.as_str()),
        // No place for a token is known: the key of the last record is the one thing a client can send back.
        None if p.style == PageStyle::Cursor => Some(ask.key),
        _ => None,
    };
    let (mut from, position) = match p.style {
        PageStyle::Offset => {
            let skip = number(sent, 0)?;
            (usize::try_from(skip).unwrap_or(usize::MAX), skip)
        }
        PageStyle::Page => {
            let page = number(sent, p.first_page)?;
            let before = page.checked_sub(p.first_page).ok_or("the page number is below the first page")?;
            (usize::try_from(before.saturating_mul(limit)).unwrap_or(usize::MAX), page)
        }
        _ => match (sent, last_item) {
            (None, _) => (0, 0),
            (Some(text), Some(field)) => (after_key(list, field, text)?, 0),
            (Some(text), None) => (after_token(list, ask, text)?, 0),
        },
    };
    from = from.min(list.len());
    let mut to = from.saturating_add(size).min(list.len());
    let mut bent = false;
    match ask.quirk {
        Some(Quirk::Short(keep)) if to - from > keep && keep > 0 && p.style != PageStyle::Page => {
            to = from + keep;
            bent = true;
        }
        // An empty page as the last one would prove nothing.
        Some(Quirk::Empty) if token_style && last_item.is_none() && from < list.len() => {
            to = from;
            bent = true;
        }
        Some(Quirk::Overlap(by)) if from > 0 && by > 0 && p.style != PageStyle::Offset => {
            from -= by.min(from);
            bent = true;
        }
        _ => {}
    }
    let more = to < list.len();
    let here = match p.style {
        PageStyle::Offset => Some(to.to_string()),
        PageStyle::Page => Some((position + 1).to_string()),
        _ if last_item.is_some() => {
            to.checked_sub(1).and_then(|i| list.get(i)?.value.get(last_item.unwrap_or_default())).map(text_of)
        }
        // A bent page hands out a token of its own even where the place is the same: a new token, not a loop.
        _ => Some(token(list, ask, to, if bent { sent.map_or(0, nonce_of) + 1 } else { 0 })),
    };
    let next = here.clone().filter(|_| more);
    let last = here.filter(|_| to > from);
    let mut cut = Cut { from, to, more, next, last, limit, position, bent };
    if ask.quirk == Some(Quirk::RepeatCursor) && token_style && cut.more {
        repeat(&mut cut, sent, last_item.is_some(), size);
    }
    let by_url = matches!(p.style, PageStyle::LinkHeader | PageStyle::LinkBody);
    cut.bent |= matches!(ask.quirk, Some(Quirk::NextAt(_))) && by_url && cut.more;
    Ok(cut)
}

/// The cursor leads to itself: an opaque one is handed out again; by last item, the page before is served again.
fn repeat(cut: &mut Cut, sent: Option<&str>, by_last_item: bool, size: usize) {
    let Some(sent) = sent else { return };
    if by_last_item {
        cut.to = cut.from;
        cut.from = cut.from.saturating_sub(size);
    }
    cut.next = Some(sent.to_owned());
    cut.bent = true;
}

fn number(text: Option<&str>, default: u64) -> Result<u64, String> {
    match text {
        None => Ok(default),
        Some(t) => t.parse().map_err(|_| format!("{t:?} is not a number")),
    }
}

fn text_of(value: &Value) -> String {
    match value {
        Value::String(s) => s.clone(),
        other => other.to_string(),
    }
}

fn after_key(list: &Listed<'_>, field: &str, text: &str) -> Result<usize, String> {
    (0..list.len())
        .position(|i| list.get(i).and_then(|k| k.value.get(field)).is_some_and(|v| text_of(v) == text))
        .map(|i| i + 1)
        .ok_or_else(|| "no record has the key given as cursor".to_owned())
}

/// What every token ends with: opaque tokens are often base64, and what that holds a query writes in another way (RFC 3986
/// section 2.1). Who puts it there as it stands asks for another page.
const SIGNS: &str = "+/==";

/// An opaque token: the place of the last record before it, so that records made meanwhile do not shift the rest.
fn token(list: &Listed<'_>, ask: &Ask<'_>, to: usize, nonce: u64) -> String {
    let place = match to.checked_sub(1).and_then(|i| list.get(i)) {
        None => json!([nonce]),
        Some(last) => {
            json!([nonce, list.rank(last), ask.field.and_then(|f| last.value.get(f)).cloned().unwrap_or(Value::Null)])
        }
    };
    URL_SAFE_NO_PAD.encode(place.to_string()) + SIGNS
}

fn nonce_of(token: &str) -> u64 {
    let place = token.strip_suffix(SIGNS).and_then(|code| URL_SAFE_NO_PAD.decode(code).ok());
    let place = place.and_then(|b| serde_json::from_slice::<Vec<Value>>(&b).ok());
    place.and_then(|p| p.first()?.as_u64()).unwrap_or(0)
}

fn after_token(list: &Listed<'_>, ask: &Ask<'_>, text: &str) -> Result<usize, String> {
    let bad = || "the cursor is not one of ours".to_owned();
    let code = text.strip_suffix(SIGNS).ok_or_else(bad)?;
    let bytes = URL_SAFE_NO_PAD.decode(code).map_err(|_| bad())?;
    let place: Vec<Value> = serde_json::from_slice(&bytes).map_err(|_| bad())?;
    let Some(serial) = place.get(1) else { return Ok(0) };
    let serial = serial.as_u64().ok_or_else(bad)?;
    let value = place.get(2).filter(|v| !v.is_null());
    Ok(list.leading(|k| {
        let order = position_order((ask.field.and_then(|f| k.value.get(f)), list.rank(k)), (value, serial));
        let order = if list.newest_first { order.reverse() } else { order };
        order != Ordering::Greater
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Basis;

    fn pagination(style: PageStyle, next: Option<CursorFrom>) -> Pagination {
        Pagination {
            style,
            param: Some("p".into()),
            limit_param: Some("limit".into()),
            limit_max: Some(3),
            next,
            more: None,
            total: None,
            first_page: 1,
            basis: Basis::Stated { pointer: "#".into() },
        }
    }

    fn walk(p: &Pagination, newest_first: bool, quirk_on: Option<(usize, Quirk)>) -> Vec<Vec<u64>> {
        let mut collection = Collection::default();
        (0..7).for_each(|i| collection.put(&format!("r{i}"), json!({"id": format!("r{i}"), "at": i / 2})));
        let list = Listed { collection: &collection, places: &[0, 1, 2, 3, 4, 5, 6], newest_first, by_change: false };
        let mut query = vec![("limit".to_owned(), "50".to_owned())];
        let mut pages = Vec::new();
        for n in 0..9 {
            let quirk = quirk_on.filter(|(at, _)| *at == n).map(|(_, q)| q);
            let ask = Ask { pagination: p, query: &query, field: Some("at"), key: "id", size: 2, cap: None, quirk };
            let cut = cut(&list, &ask).expect("our own parameters are read");
            pages.push(list.page(cut.from, cut.to).iter().map(|k| k.serial).collect());
            let Some(next) = cut.next else { break };
            query = vec![("limit".to_owned(), "50".to_owned()), ("p".to_owned(), next)];
        }
        pages
    }

    #[test]
    fn every_style_gives_every_record_once() {
        for (style, next) in [
            (PageStyle::Cursor, Some(CursorFrom::Body(vec!["next".into()]))),
            (PageStyle::Cursor, Some(CursorFrom::LastItem("id".into()))),
            (PageStyle::Cursor, None),
            (PageStyle::Page, None),
            (PageStyle::Offset, None),
            (PageStyle::LinkHeader, None),
            (PageStyle::LinkBody, Some(CursorFrom::Body(vec!["next".into()]))),
        ] {
            let p = pagination(style, next);
            assert_eq!(walk(&p, false, None), [vec![0, 1, 2], vec![3, 4, 5], vec![6]], "{p:?}");
            assert_eq!(walk(&p, true, None), [vec![6, 5, 4], vec![3, 2, 1], vec![0]], "{p:?}");
        }
    }

    #[test]
    fn a_quirk_bends_one_page_and_loses_nothing() {
        let body = || pagination(PageStyle::Cursor, Some(CursorFrom::Body(vec!["next".into()])));
        assert_eq!(walk(&body(), false, Some((1, Quirk::Empty))), [vec![0, 1, 2], vec![], vec![3, 4, 5], vec![6]]);
        assert_eq!(walk(&body(), false, Some((1, Quirk::Short(1)))), [vec![0, 1, 2], vec![3], vec![4, 5, 6]]);
        assert_eq!(walk(&body(), false, Some((1, Quirk::Overlap(1)))), [vec![0, 1, 2], vec![2, 3, 4, 5], vec![6]]);
        let last = pagination(PageStyle::Cursor, Some(CursorFrom::LastItem("id".into())));
        assert_eq!(walk(&last, false, Some((1, Quirk::Short(1)))), [vec![0, 1, 2], vec![3], vec![4, 5, 6]]);
        assert_eq!(walk(&last, false, Some((1, Quirk::Overlap(2)))), [vec![0, 1, 2], vec![1, 2, 3, 4, 5], vec![6]]);
    }
}
