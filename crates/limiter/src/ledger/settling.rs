//! How a grant ends: what is given back, what is spent, and whom a 429 blocks. It finds no routes.

use std::time::Duration;

use journeyman_moment::Moment;

use crate::config::{Config, Mutation};
use crate::headers::Answer;
use crate::ledger::learning::Hit;
use crate::ledger::{Bucket, End, Grant, Ledger, Reach};
use crate::limit::Recognition;
use crate::reason::Reason;
use crate::slab::Slab;
use crate::verdict::Verdict;

impl Ledger {
    /// Ends a grant.
    pub(crate) fn settle(&mut self, now: Moment, grant: &mut Grant, end: End<'_>, config: &Config) -> Reach {
        match end {
            End::NotSent => {
                self.refund(grant);
                Reach::Lane
            }
            End::MaybeSent => {
                self.depart(now, grant);
                self.lost(now, grant, config);
                Reach::Lane
            }
            End::Answered(answer) => {
                self.depart(now, grant);
                self.answered(now, grant, answer, config)
            }
        }
    }

    pub(super) fn refund(&mut self, grant: &Grant) {
        self.refund_learnt(grant);
        for (bucket, seat) in &grant.seats {
            self.buckets[*bucket].limit.refund(*seat);
        }
        let lane = &mut self.lanes[grant.lane];
        lane.in_flight -= 1;
        if grant.alone {
            lane.alone.refund();
        }
        self.accounts[lane.account].refund(lane.exempt, grant.departed.is_some());
    }

    pub(super) fn lost(&mut self, now: Moment, grant: &Grant, config: &Config) {
        self.lose_learnt(now, grant, config.lost_margin);
        for (bucket, seat) in &grant.seats {
            self.buckets[*bucket].limit.lost(now, *seat, config.lost_margin);
        }
        for bound in &self.lanes[grant.lane].buckets {
            if !grant.seats.iter().any(|(bucket, _)| *bucket == bound.bucket) {
                self.buckets[bound.bucket].limit.hold_until(now, now + config.lost_margin);
            }
        }
        let lane = &mut self.lanes[grant.lane];
        lane.in_flight -= 1;
        if grant.alone {
            let kind = &self.kinds[lane.kind];
            let (_, hold) = kind.allowance(config);
            lane.alone.settle(now, now + hold + config.lost_margin);
        }
        self.accounts[lane.account].spend(now, now + config.lost_margin, lane.exempt, config);
    }

    pub(super) fn answered(&mut self, now: Moment, grant: &Grant, answer: &Answer, config: &Config) -> Reach {
        let named = answer.has_bucket().then(|| self.named(now, grant.lane, answer));
        let departed = grant.departed.unwrap_or(now);
        let transit = self.transit.counted_from(departed, now, answer, config);
        let from = counted_from(transit, grant, config);
        let is_named = |buckets: &Slab<Bucket>, other: u32| {
            named.is_some_and(|named| named == other || buckets[named].name == buckets[other].name)
        };
        for (bucket, seat) in &grant.seats {
            let is_it = is_named(&self.buckets, *bucket);
            let Bucket { limit, lanes, .. } = &mut self.buckets[*bucket];
            // Routes that share a name may be counted apart: the ends that they tell are then of two windows.
            let recognition = if config.mutation == Mutation::GuessesFixed {
                Recognition::GuessesFixed
            } else if config.window_kinds && lanes.len() == 1 {
                Recognition::ByEvidence
            } else {
                Recognition::Off
            };
            match (*seat, is_it) {
                (Some(seat), true) => limit.answered(now, from, seat, answer, recognition),
                // Another limit answered: here the request counts as spent.
                (seat, _) => limit.lost(now, seat, Duration::ZERO),
            }
        }
        let lane = &mut self.lanes[grant.lane];
        lane.in_flight -= 1;
        if let Some(bucket) = named {
            let kind = &self.kinds[lane.kind];
            if grant.alone && kind.is_always_limited() {
                lane.alone.settle(now, from + kind.allowance(config).1);
            } else if grant.alone {
                lane.alone.refund();
            }
            for bound in &lane.buckets {
                let is_seated = grant.seats.iter().any(|(taken, _)| *taken == bound.bucket);
                if !is_seated && is_named(&self.buckets, bound.bucket) {
                    let limit = &mut self.buckets[bound.bucket].limit;
                    limit.adopt(now, grant.departed.unwrap_or(now), answer);
                }
            }
            let Bucket { name, limit, .. } = &mut self.buckets[bucket];
            limit.reshape(self.kinds[lane.kind].knows(name, limit.shape(), answer));
            self.compare(now, grant, bucket, answer);
        } else if grant.alone {
            let kind = &mut self.kinds[lane.kind];
            kind.answered_without_headers(now, answer, config);
            // A 429 has not been counted; it is only not to be followed at once.
            let limited = answer.status == 429;
            let hold = if limited { kind.spacing(config) } else { kind.allowance(config).1 };
            lane.alone.settle(now, from + hold);
        }
        let lane = &self.lanes[grant.lane];
        self.accounts[lane.account].spend(now, from, lane.exempt, config);
        let Some(verdict) = Verdict::of(answer) else {
            self.accept_learnt(now, grant);
            return Reach::Lane;
        };
        if matches!(verdict, Verdict::Global { .. }) {
            let departed = grant.departed.unwrap_or(now);
            self.accounts[lane.account].lower(now, departed, config);
        }
        self.refund_learnt(grant);
        self.obey(now, grant, (named, answer), verdict, config)
    }

    /// Blocks what a 429 is about, and nothing else.
    pub(super) fn obey(
        &mut self,
        now: Moment,
        grant: &Grant,
        (named, answer): (Option<u32>, &Answer),
        verdict: Verdict,
        config: &Config,
    ) -> Reach {
        let lane = &mut self.lanes[grant.lane];
        match verdict {
            Verdict::User { wait } => match named {
                Some(bucket) => self.buckets[bucket].limit.block(now, wait),
                // Good answers describe the bucket, and this one does not: it is another limit's.
                None if !lane.buckets.is_empty() => {
                    return self.learn(now, grant, Hit::of(wait, answer));
                }
                None => {
                    self.kinds[lane.kind].widen(now, wait, config);
                    lane.blocked.extend(now + wait, Reason::RetryAfter);
                }
            },
            Verdict::Shared { wait } => lane.blocked.extend(now + wait, Reason::Shared),
            Verdict::SubLimit { wait } => return self.learn(now, grant, Hit::of(wait, answer)),
            Verdict::Global { wait } => {
                self.accounts[lane.account].pause.extend(now + wait, Reason::Global);
                return Reach::Account;
            }
            // The breaker of the edge follows those; they say nothing about a limit.
            Verdict::EdgeBan { .. } | Verdict::EdgeBanStatic => return Reach::Lane,
        }
        Reach::Block
    }
}

/// A slot counts from the receipt of the answer, or what rule R' makes of it; from the departure only where a test breaks the rule.
fn counted_from(now: Moment, grant: &Grant, config: &Config) -> Moment {
    if config.mutation == Mutation::CountFromDeparture { grant.departed.unwrap_or(now) } else { now }
}
