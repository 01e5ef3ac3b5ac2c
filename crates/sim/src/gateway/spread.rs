//! Which event reaches which session, and in what state.
//!
//! What is on the wire is numbered here; sockets only carry it.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::fault::EventTrouble;
use super::session::SessionKey;
use super::{Duty, Gateway, Held};
use crate::discord::Event;
use crate::timers::Timers;
use crate::world::Due;

/// How many interactions' sessions are remembered; an interaction is over in seconds to minutes.
const KEPT_INTERACTIONS: usize = 10_000;

impl Gateway {
    /// Sends an event that is this session's own, such as READY; naming it in a fault can strike it.
    pub(crate) fn tell(
        &mut self,
        now: Duration,
        session_key: SessionKey,
        name: &'static str,
        data: &Value,
        timers: &mut Timers<Due>,
    ) {
        self.pass_on(now, session_key, name, &Arc::from(data.to_string()), timers);
    }

    /// Remembers in which session an interaction was begun.
    pub(crate) fn remember_interaction(&mut self, user_id: u64, nonce: String, session_id: &str) {
        let known = self.by_id.get(session_id).and_then(|key| self.sessions.get(key));
        if known.is_none_or(|session| session.user.id != user_id) {
            return;
        }
        if self.interaction_order.len() == KEPT_INTERACTIONS
            && let Some(oldest) = self.interaction_order.pop_front()
        {
            self.interactions.remove(&oldest);
        }
        let key = (user_id, nonce);
        if self.interactions.insert(key.clone(), session_id.to_owned()).is_none() {
            self.interaction_order.push_back(key);
        }
    }

    /// Hands the world's new events to the sessions that see them.
    pub(crate) fn hear<'a>(
        &mut self,
        emitted: u64,
        new: impl Iterator<Item = &'a Event>,
        closed: &[u64],
        timers: &mut Timers<Due>,
    ) {
        self.heard = emitted;
        if self.sessions.is_empty() {
            return;
        }
        for event in new {
            let Some(seen_by) = self.seen_by(event, closed) else { continue };
            let full: Arc<str> = Arc::from(event.data.to_string());
            for key in seen_by {
                let shown = match self.sessions.get(&key) {
                    Some(session) => session.shown(event, &full),
                    None => continue,
                };
                self.pass_on(event.at, key, event.name, &shown, timers);
            }
        }
    }

    pub(crate) fn heard(&self) -> u64 {
        self.heard
    }

    /// The sessions that are told of an event, if there is any.
    fn seen_by(&self, event: &Event, closed: &[u64]) -> Option<Vec<SessionKey>> {
        if closed.contains(&event.channel_id) {
            return None;
        }
        let own = self.interaction_session(event);
        let only_own = matches!(event.name, "INTERACTION_MODAL_CREATE" | "INTERACTION_IFRAME_MODAL_CREATE");
        let of_interaction = event.name.starts_with("INTERACTION_");
        let seen_by: Vec<_> = match own {
            Some(own) if of_interaction => vec![own],
            // Peer: a modal reaches only the session whose READY's session_id was used (trueai's docs).
            None if only_own => Vec::new(),
            Some(_) | None => {
                self.sessions.iter().filter(|(_, session)| session.sees(event)).map(|(key, _)| *key).collect()
            }
        };
        (!seen_by.is_empty()).then_some(seen_by)
    }

    fn interaction_session(&self, event: &Event) -> Option<SessionKey> {
        let nonce = event.data["nonce"].as_str()?;
        let id = self.interactions.get(&(event.only_for?, nonce.to_owned()))?;
        self.by_id.get(id).copied()
    }

    /// One event on its way to one session, through the faults.
    pub(super) fn pass_on(
        &mut self,
        now: Duration,
        key: SessionKey,
        name: &'static str,
        data: &Arc<str>,
        timers: &mut Timers<Due>,
    ) {
        if self.sessions.get(&key).is_none_or(|session| session.socket.is_none()) {
            // What is only kept for a resume is no occasion for a fault.
            return self.send_dispatch(key, name, data);
        }
        let hit = self.troubles.meet(name);
        for trouble in &hit.before {
            self.strike(now, *trouble, key);
        }
        match hit.event {
            None => self.send_dispatch(key, name, data),
            Some(EventTrouble::Duplicate) => {
                self.report.count_fault("duplicate");
                self.send_dispatch(key, name, data);
                self.send_dispatch(key, name, data);
            }
            Some(EventTrouble::Delay(span) | EventTrouble::Reorder(span)) => {
                let reorder = matches!(hit.event, Some(EventTrouble::Reorder(_)));
                self.report.count_fault(if reorder { "reorder" } else { "delay" });
                self.holds += 1;
                self.held.insert(self.holds, Held { session: key, name, data: Arc::clone(data) });
                timers.set(now + span, Due::Gateway(Duty::Release(self.holds)));
                if reorder && let Some(session) = self.sessions.get_mut(&key) {
                    session.after_next.push(self.holds);
                }
            }
        }
        let overtaken = match (&hit.event, self.sessions.get_mut(&key)) {
            (None | Some(EventTrouble::Duplicate), Some(session)) => std::mem::take(&mut session.after_next),
            (Some(_), _) | (_, None) => Vec::new(),
        };
        for hold in overtaken {
            self.release(hold);
        }
        for trouble in hit.after {
            self.strike(now, trouble, key);
        }
    }

    pub(super) fn release(&mut self, hold: u64) {
        if let Some(held) = self.held.remove(&hold) {
            self.send_dispatch(held.session, held.name, &held.data);
        }
    }

    /// Numbers an event, keeps it for a resume and sends it.
    fn send_dispatch(&mut self, key: SessionKey, name: &'static str, data: &Arc<str>) {
        let Some(session) = self.sessions.get_mut(&key) else { return };
        let text = session.number(name, data);
        let Some(socket) = session.socket else { return };
        self.report.events += 1;
        self.send_text(socket, text);
    }
}
