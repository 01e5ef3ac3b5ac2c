//! One session: its numbers, what it keeps for a resume, and what it may see.
//!
//! Sockets come and go under it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::report::SessionReport;
use super::socket::SocketKey;
use crate::account::User;
use crate::discord::Event;

/// Real: Discord's docs, "Gateway Intents".
const GUILD_MESSAGES: u64 = 1 << 9;
const MESSAGE_CONTENT: u64 = 1 << 15;

/// One session of a world, in the order of their beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SessionKey(pub(super) u64);

#[derive(Debug)]
struct Kept {
    seq: u64,
    name: &'static str,
    data: Arc<str>,
}

impl Kept {
    fn text(&self) -> String {
        format!(r#"{{"t":"{}","s":{},"op":0,"d":{}}}"#, self.name, self.seq, self.data)
    }
}

#[derive(Debug)]
pub(super) struct Session {
    pub(super) id: String,
    pub(super) user: User,
    pub(super) seq: u64,
    pub(super) socket: Option<SocketKey>,
    pub(super) gone_at: Option<Duration>,
    /// Events that go out after the next one.
    pub(super) after_next: Vec<u64>,
    /// A bot says what it wants to hear; a user account hears all.
    intents: Option<u64>,
    kept: VecDeque<Kept>,
    most_kept: usize,
    resumes: u64,
}

impl Session {
    pub(super) fn new(id: String, user: User, intents: Option<u64>, most_kept: usize) -> Self {
        Self {
            id,
            intents: intents.filter(|_| user.bot),
            user,
            seq: 0,
            socket: None,
            gone_at: None,
            after_next: Vec::new(),
            kept: VecDeque::new(),
            most_kept,
            resumes: 0,
        }
    }

    pub(super) fn report(&self) -> SessionReport {
        SessionReport {
            session_id: self.id.clone(),
            user_id: self.user.id.to_string(),
            connected: self.socket.is_some(),
            seq: self.seq,
            resumes: self.resumes,
        }
    }

    /// Whether an event of an open channel is for this session.
    pub(super) fn sees(&self, event: &Event) -> bool {
        if event.only_for.is_some_and(|user| user != self.user.id) {
            return false;
        }
        match self.intents {
            Some(intents) => event.name.starts_with("MESSAGE_") && intents & GUILD_MESSAGES != 0,
            None => true,
        }
    }

    /// What the session is shown of an event's data.
    ///
    /// Real: without the intent a bot sees no content but its own and what mentions it (Discord's docs); mentions are
    /// left out here.
    pub(super) fn shown(&self, event: &Event, full: &Arc<str>) -> Arc<str> {
        let hidden = self.intents.is_some_and(|intents| intents & MESSAGE_CONTENT == 0)
            && event.data["content"].is_string()
            && event.data["author"]["id"] != self.user.id.to_string().as_str();
        if !hidden {
            return Arc::clone(full);
        }
        let mut data: Value = event.data.clone();
        data["content"] = json!("");
        for list in ["embeds", "attachments", "components"] {
            data[list] = json!([]);
        }
        Arc::from(data.to_string())
    }

    /// Gives an event its number, keeps it, and returns its frame.
    pub(super) fn number(&mut self, name: &'static str, data: &Arc<str>) -> String {
        self.seq += 1;
        let kept = Kept { seq: self.seq, name, data: Arc::clone(data) };
        let text = kept.text();
        if self.kept.len() >= self.most_kept {
            self.kept.pop_front();
        }
        self.kept.push_back(kept);
        if name == "RESUMED" {
            self.resumes += 1;
        }
        text
    }

    /// The frames after a number, or nothing if some of them are not kept any more.
    pub(super) fn missed(&self, seq: u64) -> Option<Vec<String>> {
        let oldest = self.kept.front().map_or(self.seq + 1, |kept| kept.seq);
        if seq + 1 < oldest {
            return None;
        }
        let missed = self.kept.iter().filter(|kept| kept.seq > seq && kept.name != "RESUMED");
        Some(missed.map(Kept::text).collect())
    }
}
