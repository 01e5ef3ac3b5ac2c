//! A stream that remembers how the other side's answer began, so that a refused upgrade can be read. It parses one header.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf, Result};

use crate::wire::Answer;

/// No answer to an upgrade has a longer head.
const MOST: usize = 16 * 1024;

/// How an answer began; `None` when nobody wants to know any more.
#[derive(Debug, Clone)]
pub(super) struct Head(Arc<Mutex<Option<Vec<u8>>>>);

impl Head {
    /// The wait that it asks for, once; from then on nothing is remembered.
    pub(super) fn take_retry_after(&self) -> Option<Duration> {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        retry_after(&bytes)
    }

    fn remember(&self, bytes: &[u8]) {
        let mut head = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(head) = head.as_mut() {
            let room = MOST.saturating_sub(head.len()).min(bytes.len());
            head.extend_from_slice(bytes.get(..room).unwrap_or_default());
        }
    }
}

/// The stream.
#[derive(Debug)]
pub(super) struct Headed<S> {
    stream: S,
    head: Head,
}

impl<S> Headed<S> {
    pub(super) fn new(stream: S) -> (Self, Head) {
        let head = Head(Arc::new(Mutex::new(Some(Vec::new()))));
        (Self { stream, head: head.clone() }, head)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Headed<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        let before = into.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, into);
        self.head.remember(into.filled().get(before..).unwrap_or_default());
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Headed<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// As REST reads it; a date, or what makes no sense, is none.
fn retry_after(head: &[u8]) -> Option<Duration> {
    let text = String::from_utf8_lossy(head);
    let (head, _) = text.split_once("\r\n\r\n")?;
    let fields = head.lines().skip(1).filter_map(|line| line.split_once(':'));
    let headers = fields.map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim()));
    Answer::new(429, headers, Vec::new()).facts().retry_after
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_is_read_from_the_head_and_from_nowhere_else() {
        let of = |text: &str| retry_after(text.as_bytes());
        let wait = Some(Duration::from_secs(17));
        assert_eq!(of("HTTP/1.1 429 Too Many Requests\r\nRetry-After: 17\r\n\r\n"), wait);
        assert_eq!(of("HTTP/1.1 429 x\r\nServer: y\r\nretry-after:17\r\nContent-Length: 2\r\n\r\n{}"), wait);
        assert_eq!(of("HTTP/1.1 429 x\r\n\r\nRetry-After: 17\r\n\r\n"), None);
        assert_eq!(of("HTTP/1.1 429 x\r\nRetry-After: 17"), None);
        // A wait without end is one, which the session bounds.
        for odd in ["", "-1", "NaN", "Wed, 21 Oct 2026 07:28:00 GMT"] {
            assert_eq!(of(&format!("HTTP/1.1 429 x\r\nRetry-After: {odd}\r\n\r\n")), None, "{odd}");
        }
    }

    #[test]
    fn no_more_than_a_head_is_remembered_and_nothing_once_it_was_asked_for() {
        let (_stream, head) = Headed::new(tokio::io::empty());
        for _ in 0..100 {
            head.remember(&[b'x'; 1_000]);
        }
        assert_eq!(head.0.lock().unwrap().as_ref().map(Vec::len), Some(MOST));
        assert_eq!(head.take_retry_after(), None);
        head.remember(b"x");
        assert_eq!(*head.0.lock().unwrap(), None);
    }
}
