//! What can go wrong on the way: one fault a file. A fault sees every exchange that passes and disposes of it.

mod accepted_then_failed;
mod committed_then_503;
mod committed_then_lost;
mod connection_refused;
mod connection_reset;
mod cursor_expired;
mod empty_cursor;
mod empty_page;
mod error_envelope;
mod feed_token_expired;
mod hang;
mod html_page;
mod item_refused;
mod item_unsaid;
mod key_in_progress;
mod key_refused;
mod key_reused;
mod link_elsewhere;
mod odd_wait;
mod older_first;
mod outage;
mod page;
mod page_overlap;
mod quota;
mod rate_limited;
mod record_refused;
mod redirect;
mod repeating_cursor;
mod scope_missing;
mod secret_echoed;
mod short_page;
mod slow_answer;
mod slow_way;
mod source_changed;
mod stale_again;
mod stored_error;
mod throttled_envelope;
mod token_refused;
mod token_revoked;
mod total_off;
mod transport_fails;
mod truncated_body;
mod unavailable;
mod wrong_type;

pub use accepted_then_failed::AcceptedThenFailed;
pub use committed_then_503::CommittedThen503;
pub use committed_then_lost::CommittedThenLost;
pub use connection_refused::ConnectionRefused;
pub use connection_reset::ConnectionReset;
pub use cursor_expired::CursorExpired;
pub use empty_cursor::EmptyCursor;
pub use empty_page::EmptyPage;
pub use error_envelope::{ErrorEnvelope, Partial};
pub use feed_token_expired::FeedTokenExpired;
pub use hang::Hang;
pub use html_page::HtmlPage;
pub use item_refused::ItemRefused;
pub use item_unsaid::ItemUnsaid;
pub use key_in_progress::KeyInProgress;
pub use key_refused::KeyRefused;
pub use key_reused::KeyReused;
pub use link_elsewhere::LinkElsewhere;
pub use odd_wait::OddWait;
pub use older_first::OlderFirst;
pub use outage::Outage;
pub use page::PageShape;
pub use page_overlap::PageOverlap;
pub use quota::{Quota, Tell};
pub use rate_limited::RateLimited;
pub use record_refused::RecordRefused;
pub use redirect::{ELSEWHERE, Redirect};
pub use repeating_cursor::RepeatingCursor;
pub use scope_missing::ScopeMissing;
pub use secret_echoed::SecretEchoed;
pub use short_page::ShortPage;
pub use slow_answer::SlowAnswer;
pub use slow_way::SlowWay;
pub use source_changed::SourceChanged;
pub use stale_again::StaleAgain;
pub use stored_error::StoredError;
pub use throttled_envelope::{Shape, ThrottledEnvelope};
pub use token_refused::TokenRefused;
pub use token_revoked::TokenRevoked;
pub use total_off::TotalOff;
pub use transport_fails::TransportFails;
pub use truncated_body::TruncatedBody;
pub use unavailable::Unavailable;
pub use wrong_type::WrongType;

use serde_json::Value;

use super::bench::Purpose;
use super::mock::{MockSystem, Quirk};
use crate::base::clock::Timestamp;
use crate::connector::{Request, Response, TransportError};

/// Makes a fault with nothing special about it.
pub type Make = fn(Aim) -> Box<dyn Fault>;

/// Every fault, by the name under which traces show it.
pub const ALL: [(&str, Make); 45] = [
    ("accepted-then-failed", |aim| Box::new(AcceptedThenFailed { aim })),
    ("answer-too-large", |aim| Box::new(TransportFails::too_large(aim))),
    ("committed-then-503", |aim| Box::new(CommittedThen503 { aim })),
    ("committed-then-lost", |aim| Box::new(CommittedThenLost { aim })),
    ("connection-refused", |aim| Box::new(ConnectionRefused { aim })),
    ("connection-reset", |aim| Box::new(ConnectionReset { aim })),
    ("cursor-expired", |aim| Box::new(CursorExpired::new(aim, 410, None))),
    ("feed-token-expired", |aim| Box::new(FeedTokenExpired::new(aim, 410))),
    ("empty-cursor", |aim| Box::new(EmptyCursor { aim, path: vec!["next".to_owned()] })),
    ("empty-page", |aim| Box::new(EmptyPage { aim })),
    ("error-envelope", |aim| Box::new(ErrorEnvelope { aim, graph: None })),
    ("hang", |aim| Box::new(Hang { aim, commit: false })),
    ("html-page", |aim| Box::new(HtmlPage { aim })),
    ("item-refused", |aim| Box::new(ItemRefused { aim, status: 422, any_order: false })),
    ("item-unsaid", |aim| Box::new(ItemUnsaid { aim })),
    ("key-in-progress", |aim| Box::new(KeyInProgress { aim, answer: None })),
    ("key-refused", |aim| Box::new(KeyRefused { aim, challenge: "Bearer" })),
    ("key-reused", |aim| Box::new(KeyReused::new(aim, None))),
    ("link-elsewhere", |aim| Box::new(LinkElsewhere { aim })),
    ("name-not-resolved", |aim| Box::new(TransportFails::no_name(aim))),
    ("odd-wait", |aim| Box::new(OddWait { aim, value: "soon".to_owned() })),
    ("older-first", |aim| {
        let (record, older, page) = ("1".to_owned(), Value::Null, PageShape::default());
        Box::new(OlderFirst { aim, record, older, page, version: Vec::new() })
    }),
    ("outage", |aim| Box::new(Outage::new(aim, 3_600_000))),
    ("page-overlap", |aim| Box::new(PageOverlap { aim, by: 1 })),
    ("quota", |aim| Box::new(Quota::new(aim, 5_000, Tell::Seconds))),
    ("rate-limited", |aim| Box::new(RateLimited { aim, status: 429, seconds: 3, as_date: false, clock_off_ms: 0 })),
    ("record-refused", |aim| Box::new(RecordRefused { aim, status: 422 })),
    ("redirect", |aim| Box::new(Redirect { aim, status: 307 })),
    ("repeating-cursor", |aim| Box::new(RepeatingCursor { aim })),
    ("scope-missing", |aim| Box::new(ScopeMissing { aim, scope: "write".to_owned() })),
    ("secret-echoed", |aim| Box::new(SecretEchoed { aim, status: 500 })),
    ("short-page", |aim| Box::new(ShortPage { aim, keep: 1 })),
    ("slow-answer", |aim| Box::new(SlowAnswer { aim, ms: 1_000 })),
    ("slow-way", |aim| Box::new(SlowWay { aim, ms: 1_000 })),
    ("source-changed", |aim| Box::new(SourceChanged { aim, change: None })),
    ("stale-again", |aim| Box::new(StaleAgain::new(aim, "1".to_owned(), Value::Null, PageShape::default()))),
    ("stored-error", |aim| Box::new(StoredError::new(aim, "idempotency-key"))),
    ("throttled-envelope", |aim| Box::new(ThrottledEnvelope { aim, shape: Shape::Errors })),
    ("tls-refused", |aim| Box::new(TransportFails::no_tls(aim))),
    ("token-refused", |aim| Box::new(TokenRefused { aim, status: 400, error: "invalid_grant" })),
    ("token-revoked", |aim| Box::new(TokenRevoked { aim })),
    ("total-off", |aim| Box::new(TotalOff { aim, path: vec!["total".to_owned()], by: 1 })),
    ("truncated-body", |aim| Box::new(TruncatedBody { aim })),
    ("unavailable", |aim| Box::new(Unavailable { aim, status: 503, turns: false })),
    ("wrong-type", |aim| Box::new(WrongType { aim, content_type: "text/plain", body: "OK" })),
];

/// A request on its way, as a fault sees it.
#[derive(Debug)]
pub struct Exchange<'a> {
    /// Counts up from 1 over the whole schedule.
    pub nth: u64,
    /// When it was sent.
    pub at: Timestamp,
    /// To whom.
    pub system: &'a str,
    /// What for.
    pub purpose: Purpose,
    /// Identity of the target record it is about, where it is about one.
    pub identity: Option<&'a str>,
    /// Of a bulk request: the identities of its records, in its order.
    pub batch: &'a [Option<String>],
    /// The request.
    pub request: &'a Request,
}

/// What becomes of an exchange.
pub enum Disposition {
    /// It passes.
    Pass,
    /// The system does it at once; its answer comes after so many milliseconds more.
    Delay(u64),
    /// It reaches the system after so many milliseconds more.
    Late(u64),
    /// The system never sees it; this is the answer.
    Reply(Response),
    /// The system does it; this is the answer.
    ReplyAfterCommit(Response),
    /// No connection is made.
    Refuse,
    /// The connection ends before the system has it.
    LoseBeforeCommit,
    /// The system does it; the connection ends before the answer.
    LoseAfterCommit,
    /// No answer ever comes.
    Hang {
        /// The system does it all the same.
        commit: bool,
    },
    /// The system does it; its answer is changed on the way.
    Mutate(Box<dyn FnOnce(Response) -> Response + Send>),
    /// The system answers in a legal but unkind way.
    Bend(Quirk),
    /// The system forgets every token before it looks at the request.
    Revoke,
    /// The exchange ends with this error of the transport.
    Fail {
        /// What the connector is told.
        error: TransportError,
        /// The system does it all the same.
        commit: bool,
    },
    /// Somebody else changes the system just before it looks at the request.
    Alter(Alter),
    /// Something that exists only on a real socket, or is done to a real process.
    Wire(Wire),
}

/// What only a real socket can do, and what happens to the process behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wire {
    /// The system does it; its answer comes a byte at a time, with so many milliseconds between, and does not end.
    Drip(u64),
    /// The system does it; no byte of an answer comes, the sending side is closed and the receiving side stays open.
    HalfClose,
    /// The system does it; bytes come that are no HTTP.
    Garbage,
    /// The system does it; half of the body comes under the length of the whole, then the end.
    Truncate,
    /// The system does it; the body comes in chunks, and the connection ends before the last of them.
    CutChunks,
    /// The system does it; the body has no length and ends with the connection, after so many thousandths of it.
    CutClosed(u64),
    /// The system does not see it; a body without end comes, as long as somebody takes it.
    Flood,
    /// The system does it and answers; then the connection is closed without a word.
    CloseAfter,
    /// The system does it and answers in a way that is legal and rare: chunks of few bytes, header names in any case.
    Odd,
    /// The switch is set; the exchange passes.
    Disable,
    /// The process is asked to end; the exchange passes.
    Terminate,
}

/// Changes a system while a connector is at work on it.
pub type Alter = Box<dyn FnOnce(&mut MockSystem) -> Altered + Send>;

/// What somebody else did to a system.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Altered {
    /// In words, for the timeline.
    pub what: String,
    /// Keys of records that are new: whoever read their page before cannot know them.
    pub born: Vec<String>,
    /// Records that are gone: what was made of them before may be left over.
    pub gone: Vec<Value>,
}

/// One thing that can go wrong.
pub trait Fault: Send {
    /// Its name, kebab-case.
    fn code(&self) -> &'static str;

    /// Disposes of an exchange. Whether what it wanted made a difference is counted by the world.
    fn on_exchange(&mut self, exchange: &Exchange<'_>) -> Disposition;
}

impl Fault for Box<dyn Fault> {
    fn code(&self) -> &'static str {
        (**self).code()
    }

    fn on_exchange(&mut self, exchange: &Exchange<'_>) -> Disposition {
        (**self).on_exchange(exchange)
    }
}

/// Which exchanges a fault hits.
#[derive(Debug, Clone)]
pub struct Aim {
    purposes: Vec<Purpose>,
    record: Option<String>,
    skip: u64,
    times: u64,
    seen: u64,
    /// What it hits as well, each counted by itself.
    more: Vec<Self>,
}

impl Aim {
    /// Hits the first exchange for one of these purposes.
    #[must_use]
    pub fn at(purposes: impl Into<Vec<Purpose>>) -> Self {
        Self { purposes: purposes.into(), record: None, skip: 0, times: 1, seen: 0, more: Vec::new() }
    }

    /// Lets so many pass first.
    #[must_use]
    pub const fn after(mut self, skip: u64) -> Self {
        self.skip = skip;
        self
    }

    /// Hits so many in a row, wherever it hits.
    #[must_use]
    pub fn times(mut self, times: u64) -> Self {
        self.times = times;
        self.more = self.more.into_iter().map(|aim| aim.times(times)).collect();
        self
    }

    /// Hits what this one hits as well.
    #[must_use]
    pub fn also(mut self, other: Self) -> Self {
        self.more.push(other);
        self
    }

    /// Hits only what is about this record.
    #[must_use]
    pub fn record(mut self, identity: String) -> Self {
        self.record = Some(identity);
        self
    }

    /// The record that it hits alone.
    #[must_use]
    pub fn about(&self) -> Option<&str> {
        self.record.as_deref()
    }

    /// The place of that record in a batch, else the first.
    #[must_use]
    pub fn place_in(&self, batch: &[Option<String>]) -> usize {
        batch.iter().position(|i| i.is_some() && i.as_deref() == self.about()).unwrap_or(0)
    }

    /// The exchange is one of those that are counted: for a purpose, and about a record, that it aims at.
    #[must_use]
    pub fn wants(&self, exchange: &Exchange<'_>) -> bool {
        self.is_for(exchange) || self.more.iter().any(|aim| aim.wants(exchange))
    }

    fn is_for(&self, exchange: &Exchange<'_>) -> bool {
        let among = |r| exchange.batch.iter().any(|i| i.as_deref() == Some(r));
        let about = self.record.as_deref().is_none_or(|r| exchange.identity == Some(r) || among(r));
        about && self.purposes.contains(&exchange.purpose)
    }

    /// This exchange is hit.
    pub fn hits(&mut self, exchange: &Exchange<'_>) -> bool {
        let mut elsewhere = false;
        for aim in &mut self.more {
            elsewhere |= aim.hits(exchange);
        }
        if elsewhere || !self.is_for(exchange) {
            return elsewhere;
        }
        self.seen += 1;
        self.seen > self.skip && self.seen - self.skip <= self.times
    }
}

/// A JSON answer.
fn json(status: u16, body: &Value) -> Response {
    Response {
        status,
        headers: vec![("content-type".to_owned(), "application/json".to_owned())],
        body: body.to_string().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Method;

    #[test]
    fn every_fault_has_the_name_it_is_listed_under_and_hits_what_it_aims_at() {
        let request = Request {
            method: Method::Post,
            url: "https://t.example/x?since=since-1%2B%2F%3D%3D".into(),
            headers: vec![],
            body: bytes::Bytes::new(),
        };
        let exchange = |purpose| Exchange {
            nth: 1,
            at: Timestamp(0),
            system: "t",
            purpose,
            identity: Some("a"),
            batch: &[],
            request: &request,
        };
        for (name, make) in ALL {
            let mut fault = make(Aim::at([Purpose::Create]).after(1));
            assert_eq!(fault.code(), name);
            let passes = |d: Disposition| matches!(d, Disposition::Pass);
            assert!(passes(fault.on_exchange(&exchange(Purpose::List))), "{name} hits another purpose");
            assert!(passes(fault.on_exchange(&exchange(Purpose::Create))), "{name} does not wait");
            assert!(!passes(fault.on_exchange(&exchange(Purpose::Create))), "{name} does not hit");
        }
        let mut aim = Aim::at([Purpose::Create]).record("b".into());
        assert!(!aim.hits(&exchange(Purpose::Create)));
        // Each part of an aim counts by itself, and hits as often as the whole is told to.
        let mut both = Aim::at([Purpose::Create]).also(Aim::at([Purpose::List]).after(1)).times(2);
        let hits = [
            Purpose::List,
            Purpose::Create,
            Purpose::List,
            Purpose::Create,
            Purpose::List,
            Purpose::List,
            Purpose::Create,
        ]
        .map(|purpose| both.hits(&exchange(purpose)));
        assert_eq!(hits, [false, true, true, true, true, false, false]);
    }
}
