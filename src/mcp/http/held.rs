//! An answer that holds something until it has been sent, and what a call under way holds until its work has ended.

use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};

use axum::body::{Body, HttpBody};
use bytes::Bytes;
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::task::task_tracker::TaskTrackerToken;

use crate::base::stop::Stop;

/// The place of a call among those at once, and the sign that it is under way. Blocking work goes on when its client has
/// gone, so it holds this itself.
#[derive(Debug)]
pub(in crate::mcp) struct Hold {
    /// The place.
    pub(super) _permit: OwnedSemaphorePermit,
    /// The sign; who only listens gives none.
    pub(super) _sign: Option<TaskTrackerToken>,
}

/// What a request carries to the handler. It does not hold by itself: a session remembers the request that opened it.
#[derive(Debug, Clone)]
pub(in crate::mcp) struct UnderWay {
    pub(super) hold: Weak<Hold>,
    /// Set when the client has gone.
    pub(in crate::mcp) stop: Stop,
}

impl UnderWay {
    /// The hold; nothing when the client has gone already.
    pub(in crate::mcp) fn hold(&self) -> Option<Arc<Hold>> {
        self.hold.upgrade()
    }
}

/// Says that the work is no longer wanted once this is dropped. After the end of the work that changes nothing.
#[derive(Debug)]
pub(in crate::mcp) struct Unwanted(pub(in crate::mcp) Stop);

impl Drop for Unwanted {
    fn drop(&mut self) {
        self.0.set();
    }
}

/// A body that drops `held` when it ends, or when the client goes away.
pub(super) struct Held<T> {
    body: Body,
    held: Option<T>,
}

impl<T: Send + Unpin + 'static> Held<T> {
    /// `body`, holding `held`.
    pub(super) fn body(body: Body, held: T) -> Body {
        Body::new(Self { body, held: Some(held) })
    }
}

impl<T: Unpin> HttpBody for Held<T> {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<hyper::body::Frame<Bytes>, Self::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if let Poll::Ready(None) = &polled {
            self.held = None;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> hyper::body::SizeHint {
        self.body.size_hint()
    }
}
