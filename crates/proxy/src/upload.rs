//! A request's body on its way to the upstream: read ahead a little, bounded, otherwise as it arrives.
//! It is never held as a whole unless it is small.

use std::collections::VecDeque;
use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::sync::Notify;

/// How much is read before the request has left: a body that is not longer is read whole.
const AHEAD_BYTES: usize = 64 * 1024;

type Cause = Box<dyn Error + Send + Sync>;

/// A body with a bound.
///
/// While a request waits, a small body is read to its end: only then does the server see that
/// the client has hung up.
#[derive(Debug)]
pub(crate) struct Upload {
    ahead: VecDeque<Frame<Bytes>>,
    ahead_bytes: usize,
    failure: Option<Cause>,
    /// How much is still to be handed on, if the client has told the length.
    remaining: Option<u64>,
    rest: Limited<Incoming>,
    progress: Arc<Progress>,
}

/// What can be seen of a body while the HTTP client has it.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    changed: Notify,
    awaits_client: AtomicBool,
    is_broken: AtomicBool,
}

impl Progress {
    /// Waits until more of the body was handed on, or is missing.
    ///
    /// # Cancel safety
    /// A notice that is not taken stays.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Whether the next part is still to come from the client.
    pub(crate) fn awaits_client(&self) -> bool {
        self.awaits_client.load(Ordering::Relaxed)
    }

    /// Whether the client has not kept what it promised: its body broke off, is malformed or too large.
    pub(crate) fn is_broken(&self) -> bool {
        self.is_broken.load(Ordering::Relaxed)
    }

    fn note(&self, awaits_client: bool) {
        self.awaits_client.store(awaits_client, Ordering::Relaxed);
        self.changed.notify_one();
    }
}

impl Upload {
    pub(crate) fn new(body: Incoming, most_bytes: usize) -> Self {
        let remaining = body.size_hint().exact();
        let rest = Limited::new(body, most_bytes);
        Self {
            ahead: VecDeque::new(),
            ahead_bytes: 0,
            failure: None,
            remaining,
            rest,
            progress: Arc::default(),
        }
    }

    /// Reads until the end, a failure, or as much as is read ahead.
    ///
    /// # Cancel safety
    /// What was read is kept.
    pub(crate) async fn read_ahead(&mut self) {
        while self.ahead_bytes < AHEAD_BYTES && self.failure.is_none() && !self.rest.is_end_stream() {
            match self.rest.frame().await {
                Some(Ok(frame)) => {
                    self.ahead_bytes += frame.data_ref().map_or(0, Bytes::len);
                    self.ahead.push_back(frame);
                }
                Some(Err(failure)) => self.failure = Some(failure),
                None => return,
            }
        }
    }

    /// Whether it is told to be small, and not here yet: so it is read whole before anything else.
    pub(crate) fn is_small_and_missing(&self) -> bool {
        self.remaining.is_some_and(|length| 0 < length && length <= AHEAD_BYTES as u64)
            && !self.rest.is_end_stream()
            && self.failure.is_none()
    }

    /// The whole body, if it was read ahead to its end.
    pub(crate) fn whole(&self) -> Option<Bytes> {
        if self.failure.is_some() || !self.rest.is_end_stream() {
            return None;
        }
        let mut parts = self.ahead.iter().filter_map(Frame::data_ref);
        let first = parts.next().cloned().unwrap_or_default();
        let Some(second) = parts.next() else { return Some(first) };
        let mut whole = BytesMut::from(first);
        whole.extend_from_slice(second);
        parts.for_each(|part| whole.extend_from_slice(part));
        Some(whole.freeze())
    }

    /// Tells how it goes on.
    pub(crate) fn progress(&self) -> Arc<Progress> {
        Arc::clone(&self.progress)
    }

    /// What is wrong with the body, as far as it was read.
    pub(crate) fn failure(&self) -> Option<&(dyn Error + Send + Sync + 'static)> {
        self.failure.as_deref()
    }
}

/// Whether an error is, at its bottom, a body longer than its bound.
pub(crate) fn is_too_large(error: &(dyn Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.is::<LengthLimitError>() {
            return true;
        }
        cause = error.source();
    }
    false
}

impl Body for Upload {
    type Data = Bytes;
    type Error = Cause;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Cause>>> {
        let frame = if let Some(frame) = self.ahead.pop_front() {
            Some(Ok(frame))
        } else if let Some(failure) = self.failure.take() {
            Some(Err(failure))
        } else {
            match Pin::new(&mut self.rest).poll_frame(context) {
                Poll::Ready(frame) => {
                    self.progress.note(false);
                    frame
                }
                Poll::Pending => {
                    self.progress.note(true);
                    return Poll::Pending;
                }
            }
        };
        if matches!(frame, Some(Err(_))) {
            self.progress.is_broken.store(true, Ordering::Relaxed);
        }
        if let Some(Ok(frame)) = &frame {
            let length = frame.data_ref().map_or(0, Bytes::len);
            self.remaining = self.remaining.map(|remaining| remaining.saturating_sub(length as u64));
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.ahead.is_empty() && self.failure.is_none() && self.rest.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.remaining.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
