//! One websocket as the gateway sees it: what waits to be sent, how fast the client sends, when it last beat.
//!
//! It knows no session's content.

use std::collections::VecDeque;
use std::time::Duration;

use super::session::SessionKey;

/// What a client may send (real: Discord's docs, 120 in 60 s, else 4008).
const MOST_RECEIVED: usize = 120;
const RECEIVED_PER: Duration = Duration::from_mins(1);

/// One socket of a world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SocketKey(pub(super) u64);

/// What a socket is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// A payload as JSON text.
    Text(String),
    /// A close frame; the last one.
    Close {
        /// The close code.
        code: u16,
        /// The reason, in Discord's words.
        reason: &'static str,
    },
    /// The connection breaks without a close frame; the last one.
    Cut,
}

#[derive(Debug)]
pub(super) struct Socket {
    /// Of the API, as the address asked.
    pub(super) version: u64,
    pub(super) session: Option<SessionKey>,
    pub(super) beat_by: Duration,
    /// Open, but nothing comes or is heard any more.
    pub(super) silent: bool,
    /// The last frame waits to be sent.
    pub(super) ended: bool,
    outbox: VecDeque<Frame>,
    waiting: usize,
    received: VecDeque<Duration>,
}

impl Socket {
    pub(super) fn new(version: u64, beat_by: Duration) -> Self {
        Self {
            version,
            session: None,
            beat_by,
            silent: false,
            ended: false,
            outbox: VecDeque::new(),
            waiting: 0,
            received: VecDeque::new(),
        }
    }

    /// Whether it takes part at all.
    pub(super) fn hears(&self) -> bool {
        !self.silent && !self.ended
    }

    /// Counts a frame of the client's; false if it is one too many.
    pub(super) fn may_receive(&mut self, now: Duration) -> bool {
        while self.received.front().is_some_and(|first| *first + RECEIVED_PER <= now) {
            self.received.pop_front();
        }
        self.received.push_back(now);
        self.received.len() <= MOST_RECEIVED
    }

    /// Adds a text; false if too much waits, which cuts the socket.
    pub(super) fn push(&mut self, text: String, most_waiting: usize) -> bool {
        if self.waiting + text.len() > most_waiting {
            // What has not been read by now never will be.
            self.outbox.clear();
            self.end(Frame::Cut);
            return false;
        }
        self.waiting += text.len();
        self.outbox.push_back(Frame::Text(text));
        true
    }

    pub(super) fn end(&mut self, last: Frame) {
        self.ended = true;
        self.outbox.push_back(last);
    }

    pub(super) fn pop(&mut self) -> Option<Frame> {
        let frame = self.outbox.pop_front()?;
        if let Frame::Text(text) = &frame {
            self.waiting -= text.len();
        }
        Some(frame)
    }
}
