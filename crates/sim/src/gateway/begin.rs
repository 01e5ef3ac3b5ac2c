//! How sessions begin and go on: IDENTIFY, RESUME, and the limits of both.
//!
//! Who a token belongs to has been looked up before.

use std::sync::Arc;
use std::time::Duration;

use super::Gateway;
use super::payload::Resume;
use super::session::{Session, SessionKey};
use super::socket::{Frame, SocketKey};
use crate::account::User;
use crate::timers::Timers;
use crate::world::Due;

const DAY: Duration = Duration::from_hours(24);

impl Gateway {
    /// A new session, if the account may begin one now.
    pub(crate) fn identify(
        &mut self,
        now: Duration,
        key: SocketKey,
        user: &User,
        intents: Option<u64>,
        timers: &mut Timers<Due>,
    ) -> Option<SessionKey> {
        self.report.identifies += 1;
        let moments = self.identified.entry(user.id).or_default();
        // Real: `max_concurrency` identifies per 5 s, else op 9 (Discord's docs).
        let recent = moments.iter().filter(|at| now < **at + self.settings.identify_every).count();
        if recent >= usize::try_from(self.settings.max_concurrency).unwrap_or(usize::MAX) {
            self.report.identifies_too_soon += 1;
            self.invalidate(key, false);
            return None;
        }
        while moments.front().is_some_and(|first| *first + DAY <= now) {
            moments.pop_front();
        }
        if u64::try_from(moments.len()).unwrap_or(u64::MAX) >= self.settings.session_starts {
            self.end_account(now, key, user.id);
            return None;
        }
        moments.push_back(now);
        self.begun += 1;
        let session_key = SessionKey(self.begun);
        let id = format!("{:032x}", self.random.u128(..));
        self.by_id.insert(id.clone(), session_key);
        self.sessions.insert(session_key, Session::new(id, user.clone(), intents, self.settings.kept_events));
        self.attach(now, session_key, key, timers);
        Some(session_key)
    }

    /// Real: beyond the day's session starts all sessions end (Discord's docs; the token's reset is left out).
    fn end_account(&mut self, now: Duration, key: SocketKey, user_id: u64) {
        let theirs = self.sessions.iter().filter(|(_, session)| session.user.id == user_id);
        let sockets: Vec<_> = theirs.filter_map(|(_, session)| session.socket).collect();
        for socket in sockets {
            self.close(now, socket, 4004);
        }
        self.close(now, key, 4004);
    }

    /// How many sessions an account may still begin today, and when the first of them is forgotten.
    pub(crate) fn starts_left(&self, now: Duration, user_id: u64) -> (u64, Duration) {
        let moments = self.identified.get(&user_id);
        let today: Vec<_> = moments.into_iter().flatten().filter(|at| now < **at + DAY).collect();
        let used = u64::try_from(today.len()).unwrap_or(u64::MAX);
        let reset = today.first().map_or(Duration::ZERO, |at| (**at + DAY).saturating_sub(now));
        (self.settings.session_starts.saturating_sub(used), reset)
    }

    fn attach(&mut self, now: Duration, session_key: SessionKey, key: SocketKey, timers: &mut Timers<Due>) {
        let Some(session) = self.sessions.get_mut(&session_key) else { return };
        session.socket = Some(key);
        session.gone_at = None;
        if let Some(socket) = self.sockets.get_mut(&key) {
            socket.session = Some(session_key);
        }
        self.expect_strikes(now, session_key, key, timers);
    }

    /// Continues a session: what was missed, then RESUMED; else op 9, so that the client identifies.
    pub(crate) fn resume(
        &mut self,
        now: Duration,
        key: SocketKey,
        user: &User,
        resume: &Resume,
        timers: &mut Timers<Due>,
    ) {
        let known = self.by_id.get(&resume.session_id).copied();
        let known = known.filter(|known| self.sessions.get(known).is_some_and(|s| s.user.id == user.id));
        let Some(session_key) = known else {
            self.report.resumes_refused += 1;
            self.invalidate(key, false);
            return;
        };
        let Some(session) = self.sessions.get(&session_key) else { return };
        if resume.seq > session.seq {
            // Real: 4007, "invalid seq", begin anew (Discord's docs).
            self.report.resumes_refused += 1;
            self.close(now, key, 4007);
            self.forget(session_key);
            return;
        }
        let Some(missed) = session.missed(resume.seq) else {
            self.report.resumes_refused += 1;
            self.forget(session_key);
            self.invalidate(key, false);
            return;
        };
        if let Some(old) = session.socket {
            // Inferred: a session has one socket, and the newest wins.
            self.end(now, old, Frame::Cut);
        }
        self.report.resumes += 1;
        self.report.replayed += u64::try_from(missed.len()).unwrap_or_default();
        self.attach(now, session_key, key, timers);
        for text in missed {
            self.send_text(key, text);
        }
        self.pass_on(now, session_key, "RESUMED", &Arc::from("{}"), timers);
    }
}
