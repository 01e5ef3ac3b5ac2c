//! The body of an answer, of which the limiter may have read the beginning. It reads no meaning into it.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use journeyman_moment::Clock;

/// More than any refusal of Discord's has.
const MOST: usize = 64 * 1024;
/// How long a refusal's body may take before its headers must do.
const LONGEST: Duration = Duration::from_secs(5);

/// The answer's body as the client below gave it. Of a refusal (see [`Answer::reads_body`](crate::Answer::reads_body))
/// the limiter has read the beginning, and it comes again.
pub struct LimitedBody<R: Body> {
    ahead: VecDeque<Frame<R::Data>>,
    broken: Option<R::Error>,
    rest: R,
}

impl<R: Body<Data = Bytes> + Unpin> LimitedBody<R> {
    pub(super) fn unread(rest: R) -> Self {
        Self { ahead: VecDeque::new(), broken: None, rest }
    }

    /// Reads what the limiter needs of a refusal, and keeps it.
    pub(super) async fn read_ahead(rest: R, clock: Clock) -> Self {
        let mut body = Self::unread(rest);
        let late = clock.now() + LONGEST;
        tokio::select! {
            // Cancel safe: a frame that was taken is kept at once.
            () = poll_fn(|context| body.poll_ahead(context)) => {}
            () = clock.sleep_until(late) => {}
        }
        body
    }

    fn poll_ahead(&mut self, context: &mut Context<'_>) -> Poll<()> {
        while self.broken.is_none() && self.len_ahead() < MOST {
            match Pin::new(&mut self.rest).poll_frame(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(None) => break,
                Poll::Ready(Some(Ok(frame))) => self.ahead.push_back(frame),
                Poll::Ready(Some(Err(error))) => self.broken = Some(error),
            }
        }
        Poll::Ready(())
    }

    fn len_ahead(&self) -> usize {
        self.ahead.iter().filter_map(Frame::data_ref).map(Bytes::len).sum()
    }

    /// What was read ahead; nothing if nothing was.
    pub(super) fn beginning(&self) -> Vec<u8> {
        self.ahead.iter().filter_map(Frame::data_ref).flatten().copied().collect()
    }
}

impl<R: Body<Data = Bytes> + Unpin> Body for LimitedBody<R> {
    type Data = Bytes;
    type Error = R::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, R::Error>>> {
        let this = self.get_mut();
        if let Some(frame) = this.ahead.pop_front() {
            return Poll::Ready(Some(Ok(frame)));
        }
        if let Some(error) = this.broken.take() {
            return Poll::Ready(Some(Err(error)));
        }
        Pin::new(&mut this.rest).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.ahead.is_empty() && self.broken.is_none() && self.rest.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let mut hint = self.rest.size_hint();
        let ahead = u64::try_from(self.len_ahead()).unwrap_or(u64::MAX);
        // The upper bound first: it must not lie below the lower one.
        if let Some(upper) = hint.upper() {
            hint.set_upper(upper.saturating_add(ahead));
        }
        hint.set_lower(hint.lower().saturating_add(ahead));
        hint
    }
}

// What only a frame that was read ahead would need, the body below need not have.
impl<R: Body + Unpin> Unpin for LimitedBody<R> {}

impl<R: Body + fmt::Debug> fmt::Debug for LimitedBody<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LimitedBody")
            .field("frames_ahead", &self.ahead.len())
            .field("rest", &self.rest)
            .finish_non_exhaustive()
    }
}
