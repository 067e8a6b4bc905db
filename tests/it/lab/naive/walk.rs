//! How it reads the list, page by page, and where it notes that it has come.

use serde_json::Value;

use super::*;

impl Run<'_> {
    /// Reads the list once. False where its counts say that its pages have moved.
    pub(super) async fn look(&mut self, since: &Option<String>) -> Result<bool, String> {
        let source = &self.plan.source;
        let mut since = since.clone();
        let mut token = None;
        let mut all = Vec::new();
        let mut newest: Option<Value> = None;
        // A cursor that lies in the ledger: this connector leaves none there, and goes on from one that it finds.
        let kept = self.kept(self.world.ledger.checkpoint(&self.plan.flow))?.cursor;
        let mut resumed = kept.is_some();
        let mut next = kept.map_or(Next::End, Next::Param);
        // The request that stands and falls with the token.
        let mut by_token = source.feed.is_some() && since.is_some() && !resumed;
        if let (true, Some(feed), Some(link)) = (by_token, &source.feed, &since)
            && feed.param.is_none()
        {
            next = Next::Url(link.clone());
        }
        let mut followed = BTreeSet::new();
        let mut page_number = source.pagination.as_ref().map_or(1, |p| p.first_page);
        let (mut first_total, mut last_total) = (None, None);
        self.here = BTreeSet::new();
        self.read_here = 0;
        self.moved = false;
        loop {
            let page = match self.page(&since, &next).await {
                Err(why) if by_token && (why.contains("410") || why.contains("400")) => {
                    if self.bug == Bug::TokenExpiredIsEnd {
                        break;
                    }
                    (by_token, since, next) = (false, None, Next::End);
                    continue;
                }
                Err(why) if self.bug == Bug::CursorExpiredIsEnd && (why.contains("410") || why.contains("400")) => {
                    break;
                }
                Err(why) if resumed && (why.contains("410") || why.contains("400")) => {
                    (resumed, next) = (false, Next::End);
                    continue;
                }
                page => page?,
            };
            by_token = false;
            if let Some(feed) = &source.feed {
                token = dig(&page, &feed.token).filter(|t| !t.is_null()).map(text).filter(|t| !t.is_empty());
            }
            let total = source.pagination.as_ref().and_then(|p| dig(&page, p.total.as_ref()?)?.as_u64());
            first_total = first_total.or(total);
            last_total = total.or(last_total);
            if since.is_none() && self.bug != Bug::IgnoresTotal {
                self.counts.expected = last_total;
            }
            let items = match (dig(&page, &source.items).and_then(Value::as_array), self.bug) {
                (Some(items), _) => items.clone(),
                (None, Bug::EnvelopeIsEmpty | Bug::GarbageIsEmpty | Bug::SwallowsErrors | Bug::TooLargeIsEmpty) => {
                    Vec::new()
                }
                (None, _) => return Err("the answer holds no records".to_owned()),
            };
            self.read_here += items.len() as u64;
            self.here.extend(items.iter().filter_map(|i| dig(i, &source.key)).map(text));
            let after = self.next(&page, &items, &next, &mut page_number);
            let enough = first_total.is_some_and(|t| self.read_here >= t) && self.bug == Bug::FirstTotalIsAll;
            let after = if enough { Next::End } else { after };
            if self.bug == Bug::DropsLastPage && after.is_end() && !next.is_end() {
                break;
            }
            if let Some((path, _)) = &source.incremental {
                for value in items.iter().filter_map(|i| dig(i, path)) {
                    if newest.as_ref().is_none_or(|n| compare(value, n).is_gt()) {
                        newest = Some(value.clone());
                    }
                }
            }
            if self.bug == Bug::CheckpointFirst {
                self.checkpoint(&newest)?;
            }
            let mut items = items;
            match self.bug {
                Bug::ReadsAllFirst | Bug::LastReadFirst => all.extend(items.iter().cloned()),
                Bug::Backwards => {
                    items.reverse();
                    self.records(&items).await?;
                }
                Bug::StopMovesOn => {
                    if let Err(why) = self.records(&items).await {
                        self.checkpoint(&newest)?;
                        return Err(why);
                    }
                }
                _ => self.records(&items).await?,
            }
            self.stops()?;
            let short = source.limit.is_some_and(|l| (items.len() as u64) < l);
            if (self.bug == Bug::StopsAtShortPage && short) || (self.bug == Bug::StopsAtEmptyPage && items.is_empty()) {
                break;
            }
            if after.is_end() {
                break;
            }
            if !followed.insert(after.clone()) {
                match self.bug {
                    Bug::IgnoresCursorRepeat => {}
                    Bug::RepeatIsTheEnd => break,
                    _ => return Err("the cursor leads to itself".to_owned()),
                }
            }
            if let Next::Url(url) = &after
                && !url.starts_with(&source.base_url)
            {
                match self.bug {
                    Bug::FollowsAnyLink => {}
                    Bug::ForeignLinkIsTheEnd => break,
                    _ => return Err("the next page lies at another host".to_owned()),
                }
            }
            next = after;
        }
        if self.bug == Bug::LastReadFirst {
            all.reverse();
        }
        self.records(&all).await?;
        if matches!(self.bug, Bug::WallClockCheckpoint | Bug::FirstTotalIsAll) && newest.is_some() {
            newest = Some(match &newest {
                Some(Value::Number(_)) => Value::from(self.world.clock.now().0 / 1000),
                _ => Value::from(self.world.clock.now().rfc3339()),
            });
        }
        if source.feed.is_some() {
            newest = token.map(Value::from);
        }
        let slipped =
            last_total.is_some_and(|t| t != self.here.len() as u64) || first_total != last_total || self.moved;
        if !slipped || matches!(self.bug, Bug::IgnoresShift | Bug::FirstTotalIsAll) {
            self.checkpoint(&newest)?;
        }
        Ok(!slipped)
    }

    fn checkpoint(&self, newest: &Option<Value>) -> Result<(), String> {
        let Some(newest) = newest.as_ref().filter(|_| !matches!(self.bug, Bug::Forgetful | Bug::NeverCheckpoints))
        else {
            return Ok(());
        };
        let checkpoint = Checkpoint { watermark: Some(text(newest)), ..Checkpoint::default() };
        self.kept(self.world.ledger.set_checkpoint(&self.plan.flow, &checkpoint))
    }

    /// A time more than a day from now: no source has seen it.
    pub(super) fn lies_ahead(&self, since: &str) -> bool {
        let at = match since.parse::<i64>() {
            Ok(number) if number > 100_000_000_000 => Some(number),
            Ok(number) => Some(number * 1000),
            Err(_) => platform_integration::base::clock::Timestamp::parse(since).map(|t| t.0),
        };
        at.is_some_and(|at| at > self.world.clock.now().0 + 24 * 3_600_000)
    }

    async fn page(&mut self, since: &Option<String>, next: &Next) -> Result<Value, String> {
        let source = &self.plan.source;
        let mut query = Vec::new();
        if let (Some((_, param)), Some(since)) = (&source.incremental, since) {
            let bound = match (self.bug, source.overlap_ms) {
                (Bug::ExclusiveBoundary, _) => just_after(since),
                (Bug::NoOverlap, _) | (_, 0) => since.clone(),
                (_, ms) => earlier(since, ms),
            };
            query.push((param.clone(), bound));
        }
        let same = source.feed.as_ref().is_some_and(|f| {
            matches!(next, Next::Param(_)) && source.pagination.as_ref().is_some_and(|p| p.param == f.param)
        });
        if let (Some(param), Some(token), false) = (source.feed.as_ref().and_then(|f| f.param.clone()), since, same) {
            query.push((param, token.clone()));
        }
        if let Some(p) = &source.pagination {
            if let (Some(name), Some(limit)) = (&p.limit_param, source.limit) {
                query.push((name.clone(), limit.to_string()));
            }
            if let (Some(name), Next::Param(value)) = (&p.param, next) {
                query.push((name.clone(), value.clone()));
            }
        }
        let url = if let Next::Url(url) = next { Some(url.clone()) } else { None };
        let trace = ids::trace_id(&mut self.world.rng.lock().unwrap());
        let ask = Ask {
            call: source.list.as_ref().unwrap(),
            path: &[],
            query,
            body: None,
            key: None,
            trace: &trace,
            url,
            only: None,
        };
        if self.bug == Bug::AsksManyAtOnce {
            self.wire.ask_at_once(&source.system, &ask, 40).await;
        }
        match self.wire.json(&source.system, &ask).await {
            Ok(page) => Ok(page),
            Err(Failure::Stopped) => Err("asked to stop".to_owned()),
            Err(_) if self.bug == Bug::SwallowsErrors => Ok(Value::Null),
            Err(Failure::Refused(_, why) | Failure::Exhausted(why)) => Err(why),
        }
    }

    fn next(&self, page: &Value, items: &[Value], now: &Next, page_number: &mut u64) -> Next {
        let Some(p) = &self.plan.source.pagination else { return Next::End };
        let more = p.more.as_ref().and_then(|path| dig(page, path)).and_then(Value::as_bool);
        if more == Some(false) {
            return Next::End;
        }
        let total = p.total.as_ref().and_then(|path| dig(page, path)).and_then(Value::as_u64);
        // A page that repeats a record brings one record less than it seems to.
        let (read, unique) = (self.read_here, self.here.len() as u64);
        match (p.style, &p.next) {
            (PageStyle::Page, _) => {
                if items.is_empty() || total.is_some_and(|t| unique >= t) {
                    return Next::End;
                }
                *page_number += 1;
                Next::Param(page_number.to_string())
            }
            (PageStyle::Offset, _) if items.is_empty() || total.is_some_and(|t| unique >= t) => Next::End,
            (PageStyle::Offset, _) => Next::Param(read.to_string()),
            (PageStyle::LinkBody, Some(CursorFrom::Body(path))) => {
                let link = dig(page, path).and_then(Value::as_str).filter(|u| !u.is_empty());
                link.map_or(Next::End, |u| Next::Url(u.to_owned()))
            }
            (_, Some(CursorFrom::Body(path))) => {
                let token = dig(page, path).filter(|v| !v.is_null()).map(text);
                let token = token.filter(|t| !t.is_empty() || self.bug == Bug::EmptyCursorSent);
                token.map_or(Next::End, Next::Param)
            }
            (_, Some(CursorFrom::LastItem(field))) => match items.last().and_then(|i| i.get(field)) {
                Some(key) => Next::Param(text(key)),
                // Nothing to go on from: the same place once more.
                None => now.clone(),
            },
            _ => Next::End,
        }
    }
}

/// Where the next page is.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Next {
    #[default]
    End,
    Param(String),
    Url(String),
}

impl Next {
    fn is_end(&self) -> bool {
        *self == Self::End
    }
}

/// The bound that leaves out what was read last.
fn just_after(since: &str) -> String {
    if let Ok(seconds) = since.parse::<i64>() {
        return (seconds + 1).to_string();
    }
    platform_integration::base::clock::Timestamp::parse(since).unwrap().plus_ms(1).rfc3339()
}

/// The bound that goes back to what may have been committed late.
fn earlier(since: &str, ms: u64) -> String {
    if let Ok(seconds) = since.parse::<u64>() {
        return (seconds - ms / 1000).to_string();
    }
    platform_integration::base::clock::Timestamp::parse(since).unwrap().plus_ms(-ms.cast_signed()).rfc3339()
}
