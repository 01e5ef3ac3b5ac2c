//! What the machine asks guard and breakers, what it tells them, and whom it sends away for them. It counts nothing itself.

use std::time::Duration;

use journeyman_moment::Moment;

use super::{Entry, Machine, Output, Refusal, Stage, entry};
use crate::breaker::Circuit;
use crate::class::Class;
use crate::credential::Credential;
use crate::egress::Egress;
use crate::event::Event;
use crate::explain::{Explanation, Hold};
use crate::guard::{Denial, Denied, mix};
use crate::ledger::footprint_of;
use crate::limit::Room;
use crate::lineup::Ticket;
use crate::priority::Priority;
use crate::reason::Reason;
use crate::request::Request;
use crate::route::{Route, without_query};
use crate::safeguards::{Ending, Passes, Whose};

/// Credential, method and path as a number: the same for the same request, and no way back to a token in it.
pub(super) fn path_of(request: &Request) -> u64 {
    let path = without_query(&request.path);
    mix(request.credential.fingerprint() ^ (request.method as u64), path.as_bytes())
}

/// How long until a denial ends.
pub(super) fn wait_of(now: Moment, denial: &Denial) -> Duration {
    denial.until.map_or(Duration::MAX, |until| until.since(now))
}

impl Machine {
    /// The next thing that a person or a dashboard should hear of.
    pub fn event(&mut self) -> Option<Event> {
        self.safeguards.event()
    }

    /// What each circuit breaker lets through: that of the edge, which stands before all routes, has no class.
    pub fn breakers(&self) -> Vec<(Option<Class>, Circuit)> {
        self.safeguards.breakers().collect()
    }

    /// How many answers with 401, 403 or 429 there were in the guard's window to the default address, of scope
    /// `shared` excepted.
    pub fn invalid_requests(&self, now: Moment) -> usize {
        self.invalid_requests_from(now, Egress::DEFAULT)
    }

    /// As [`invalid_requests`](Self::invalid_requests), of another address.
    pub fn invalid_requests_from(&self, now: Moment, egress: Egress) -> usize {
        self.safeguards.invalid(self.now.max(now), egress, &self.config)
    }

    /// Whether a 401 has latched the credential: all that it asks for is refused until [`unlatch`](Self::unlatch).
    pub fn is_latched(&self, credential: Credential) -> bool {
        self.safeguards.is_latched(credential)
    }

    /// Somebody has seen to a credential that a 401 had latched, and it may be tried again. False if it was not.
    pub fn unlatch(&mut self, credential: Credential) -> bool {
        self.safeguards.unlatch(credential, &self.config)
    }

    /// Somebody has seen to the webhook of a request, and it may be asked again. False if it was not latched.
    pub fn unlatch_webhook(&mut self, request: &Request) -> bool {
        let route = Route::of(request);
        let resource = mix(0, route.resource().unwrap_or_default().as_bytes());
        self.safeguards.unlatch_webhook(resource, &self.config)
    }

    /// Stops everything before a human acts: what waits is refused, and nothing is tried. What is on its way goes on.
    pub fn isolate(&mut self, now: Moment, why: &str) {
        let now = self.advance(now);
        self.safeguards.isolate(why);
        self.send_away(now, None);
        self.pump(now);
    }

    /// Why everything is stopped, if it is.
    pub fn isolation(&self) -> Option<&str> {
        self.safeguards.isolation()
    }

    /// Starts everything again: all breakers are closed. What a 401 or a 404 has latched stays so.
    pub fn resume(&mut self, now: Moment) {
        let now = self.advance(now);
        self.safeguards.reset_breakers(&self.config);
        self.look_again(now, None);
        self.pump(now);
    }

    /// The retries of a request are used up: the breaker of its class opens.
    #[cfg(feature = "tokio")]
    pub(crate) fn exhausted(&mut self, now: Moment, request: &Request) {
        let now = self.advance(now);
        let class = Route::of(request).class();
        if self.safeguards.exhausted(now, class, &self.config).room.is_some() {
            self.look_again(now, Some(class));
            self.pump(now);
        }
    }

    /// Why a request must not go at all.
    pub(super) fn denial(&mut self, now: Moment, ticket: Ticket) -> Option<Denial> {
        let Entry { lane, path, sender, .. } = *entry(&mut self.entries, ticket)?;
        let ledger = &self.ledger;
        self.safeguards.denies(now, || ledger.footprint(lane, path, sender), &self.config)
    }

    /// Whether breakers, guard and the limits of the route have room for a ticket; without one, for the most
    /// urgent of those who wait.
    pub(super) fn room(&mut self, now: Moment, lane: u32, ticket: Option<Ticket>) -> (Room, Reason) {
        let own = self.ledger.room(now, lane, &self.config);
        let Some(hold) = self.hold(now, lane, ticket) else { return own };
        let both = own.0.and(hold.0);
        if both == hold.0 { hold } else { own }
    }

    /// A moment before which a ticket cannot go, so many of its line and of others being before it.
    pub(super) fn earliest(
        &self,
        now: Moment,
        lane: u32,
        ticket: Ticket,
        before: (usize, usize),
    ) -> (Moment, Reason) {
        let own = self.ledger.earliest(now, lane, before, &self.config);
        match self.hold(now, lane, Some(ticket)) {
            Some((Room::Until(until), reason)) if until > own.0 => (until, reason),
            _ => own,
        }
    }

    fn hold(&self, now: Moment, lane: u32, ticket: Option<Ticket>) -> Option<(Room, Reason)> {
        let is_critical = || match ticket {
            Some(ticket) => self.entries.get(ticket.place).is_some_and(|entry| entry.is_critical),
            None => self.ledger.is_exempt(lane) || self.lineup.is_waited_for_by(lane, Priority::Critical),
        };
        let egress = || {
            // A line waits for whose turn it is.
            let ticket = ticket.or_else(|| self.lineup.first_of(lane));
            let entry = ticket.and_then(|ticket| self.entries.get(ticket.place));
            entry.map_or(Egress::DEFAULT, |entry| entry.sender.1)
        };
        self.safeguards.hold(now, (self.ledger.class_of(lane), egress), is_critical, &self.config)
    }

    /// Tells guard and breakers of an ending, and everybody else what follows from it.
    pub(super) fn protect(
        &mut self,
        now: Moment,
        lane: u32,
        (path, sender): (u64, (u64, Egress)),
        passes: Passes,
        ending: Ending<'_>,
    ) {
        let (ledger, class) = (&self.ledger, self.ledger.class_of(lane));
        let print = || ledger.footprint(lane, path, sender);
        let effect = self.safeguards.ended(now, passes, class, ending, print, &self.config);
        if effect.is_tenant_stopped || effect.denied == Some(Denied::Webhook) {
            self.send_away(now, None);
        } else if effect.denied == Some(Denied::Credential) {
            self.send_away(now, Some(self.ledger.account_of(lane)));
        } else if effect.denied.is_some() {
            self.send_away_of(now, lane);
        }
        match effect.room {
            Some(Whose::All) => self.look_again(now, None),
            Some(Whose::Class) => self.look_again(now, Some(class)),
            None => {}
        }
    }

    /// Refuses those who wait and must not go any more.
    fn send_away(&mut self, now: Moment, account: Option<u32>) {
        let lanes: Vec<u32> =
            self.ledger.lanes_of(account).filter(|lane| self.lineup.is_waited_for(*lane)).collect();
        for lane in lanes {
            self.send_away_of(now, lane);
        }
    }

    fn send_away_of(&mut self, now: Moment, lane: u32) {
        for (_, ticket) in self.lineup.each(lane) {
            let Some(denial) = self.denial(now, ticket) else { continue };
            let Some(Entry { stage: Stage::Waiting { give_up, .. }, .. }) = entry(&mut self.entries, ticket)
            else {
                continue;
            };
            let allowed = give_up.since(now);
            self.leave(now, ticket);
            let (reason, wait) = (denial.reason, wait_of(now, &denial));
            let refusal = Refusal { reason, wait, allowed, code: denial.code };
            self.outputs.push_back(Output::Refused { ticket, refusal });
        }
        self.stale.push(self.ledger.account_of(lane));
    }

    /// Asks again for all routes of a class, or for all.
    fn look_again(&mut self, now: Moment, class: Option<crate::class::Class>) {
        let concerned = |lane: &u32| class.is_none_or(|class| class == self.ledger.class_of(*lane));
        let lanes = self.ledger.lanes_of(None).filter(|lane| self.lineup.is_waited_for(*lane));
        let lanes: Vec<u32> = lanes.filter(concerned).collect();
        for lane in lanes {
            self.refuse_late(now, lane);
            self.look_at(now, lane);
            self.stale.push(self.ledger.account_of(lane));
        }
    }

    /// Adds to an explanation what guard and breakers say.
    pub(super) fn explain_safeguards(&self, now: Moment, request: &Request, explanation: &mut Explanation) {
        let class = explanation.route.class();
        let is_critical = || request.priority == Priority::Critical || explanation.route.is_exempt();
        let hold = match self.safeguards.hold(now, (class, || request.egress), is_critical, &self.config) {
            Some((Room::Until(until), reason)) => Some(Hold { reason, wait: Some(until.since(now)) }),
            Some((Room::Settling, reason)) => Some(Hold { reason, wait: None }),
            Some((Room::Free, _)) | None => None,
        };
        let own = explanation.hold.and_then(|hold| hold.wait);
        if hold.is_some_and(|hold| hold.wait.is_none() || hold.wait >= own) {
            explanation.hold = hold;
        }
        let print = || footprint_of(request, path_of(request));
        if let Some(denial) = self.safeguards.denies(now, print, &self.config) {
            explanation.hold = Some(Hold { reason: denial.reason, wait: Some(wait_of(now, &denial)) });
        }
    }
}
