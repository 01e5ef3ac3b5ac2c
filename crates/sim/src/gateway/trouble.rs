//! What faults do to sockets and sessions.
//!
//! When they strike is `fault`'s business; what they do to an event is `spread`'s.

use std::time::Duration;

use serde_json::json;

use super::fault::{GatewayFault, GatewayFaultKind, When};
use super::session::SessionKey;
use super::socket::{Frame, SocketKey};
use super::{Duty, Gateway};
use crate::timers::Timers;
use crate::world::Due;

impl Gateway {
    /// Sets the alarms of the faults that strike at a time.
    pub(crate) fn expect_faults(&self, timers: &mut Timers<Due>) {
        for (rule, fault) in self.troubles.rules() {
            if let When::At(at) = fault.when {
                timers.set(at, Due::Gateway(Duty::StrikeAll { rule }));
            }
        }
    }

    /// What strikes every session at its time.
    pub(super) fn strike_all(&mut self, now: Duration, rule: usize) {
        if self.troubles.comes(rule)
            && let Some(fault) = self.troubles.fault(rule)
        {
            self.disturb(now, &fault, None);
        }
    }

    /// What strikes a session every so often, as long as it keeps its socket.
    pub(super) fn strike_again(
        &mut self,
        now: Duration,
        rule: usize,
        session: SessionKey,
        socket: SocketKey,
        timers: &mut Timers<Due>,
    ) {
        if self.sessions.get(&session).is_none_or(|session| session.socket != Some(socket)) {
            return;
        }
        self.expect_strike(now, rule, session, socket, timers);
        if self.troubles.comes(rule) {
            self.strike(now, rule, session);
        }
    }

    pub(super) fn expect_strikes(
        &self,
        now: Duration,
        session: SessionKey,
        socket: SocketKey,
        timers: &mut Timers<Due>,
    ) {
        for (rule, _) in self.troubles.rules() {
            self.expect_strike(now, rule, session, socket, timers);
        }
    }

    fn expect_strike(
        &self,
        now: Duration,
        rule: usize,
        session: SessionKey,
        socket: SocketKey,
        timers: &mut Timers<Due>,
    ) {
        if let Some(span) = self.troubles.period(rule) {
            // No period is so short that time could not pass.
            let at = now + span.max(Duration::from_millis(1));
            timers.set(at, Due::Gateway(Duty::Strike { rule, session, socket }));
        }
    }

    pub(super) fn strike(&mut self, now: Duration, rule: usize, key: SessionKey) {
        if let Some(fault) = self.troubles.fault(rule) {
            self.disturb_session(now, &fault, key);
        }
    }

    /// Does a fault's deed now, to one session or to every socket.
    pub(crate) fn disturb(&mut self, now: Duration, fault: &GatewayFault, session_id: Option<&str>) -> usize {
        if fault.kind == GatewayFaultKind::Down {
            self.report.count_fault(fault.kind.name());
            self.go_down(now, fault.span);
            return self.sockets.len();
        }
        let keys: Vec<_> = match session_id {
            Some(id) => self.by_id.get(id).copied().into_iter().collect(),
            None => self.sessions.keys().copied().collect(),
        };
        let connected = |key: &SessionKey| self.sessions.get(key).is_some_and(|s| s.socket.is_some());
        let keys: Vec<_> = keys.into_iter().filter(connected).collect();
        for key in &keys {
            self.disturb_session(now, fault, *key);
        }
        keys.len()
    }

    fn disturb_session(&mut self, now: Duration, fault: &GatewayFault, key: SessionKey) {
        let Some(socket) = self.sessions.get(&key).and_then(|session| session.socket) else { return };
        self.report.count_fault(fault.kind.name());
        match fault.kind {
            GatewayFaultKind::Cut => self.end(now, socket, Frame::Cut),
            GatewayFaultKind::Close => self.close(now, socket, fault.code),
            GatewayFaultKind::Zombie => {
                self.detach(now, key);
                if let Some(socket) = self.sockets.get_mut(&socket) {
                    socket.silent = true;
                }
            }
            GatewayFaultKind::Reconnect => {
                self.send(socket, json!({ "t": null, "s": null, "op": 7, "d": null }));
            }
            GatewayFaultKind::InvalidSession => {
                self.forget(key);
                self.invalidate(socket, false);
            }
            GatewayFaultKind::InvalidSessionResumable => {
                self.detach(now, key);
                self.invalidate(socket, true);
            }
            GatewayFaultKind::HeartbeatRequest => {
                self.send(socket, json!({ "t": null, "s": null, "op": 1, "d": null }));
            }
            GatewayFaultKind::Down => self.go_down(now, fault.span),
            // These are of events, and there is none.
            GatewayFaultKind::Duplicate | GatewayFaultKind::Delay | GatewayFaultKind::Reorder => {}
        }
    }

    fn go_down(&mut self, now: Duration, span: Duration) {
        self.down_until = self.down_until.max(Some(now + span));
        let open: Vec<_> =
            self.sockets.iter().filter(|(_, socket)| !socket.ended).map(|(key, _)| *key).collect();
        for key in open {
            self.end(now, key, Frame::Cut);
        }
    }
}
