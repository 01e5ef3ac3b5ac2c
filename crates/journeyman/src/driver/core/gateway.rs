//! What the core does with the gateway: when it is wanted, what it tells, and what follows when it
//! is gone. It knows no sockets and no frames.

use std::time::Duration;

use journeyman_midjourney::generation::{Events, Generation, Input as Step};
use journeyman_midjourney::outcome::{Hindrance, NotSent};
use journeyman_midjourney::{Meaning, Sighting};
use journeyman_model::{MessageId, UserId};
use journeyman_moment::Moment;

use super::{Core, Identity, Output};
use crate::settings::WatchMode;

/// How many deleted messages are remembered, so that a page that was read before does not revive them.
pub(in crate::driver) const MOST_GONE: usize = 4_096;

/// How long a session that was lost is expected to be resumed, with all that happened meanwhile.
const RESUME: Duration = Duration::from_mins(2);

/// By what the channel is followed at this moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WatchedBy {
    /// The gateway tells every event at once.
    Gateway,
    /// The channel is read every few seconds: what only the gateway shows is not seen.
    Polling,
    /// Neither: the gateway is awaited.
    Nothing,
}

impl WatchedBy {
    /// One word, for people and programs.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Polling => "polling",
            Self::Nothing => "nothing",
        }
    }
}

/// What is known of the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Link {
    /// It was not asked for.
    Unused,
    /// It is awaited, so long.
    Awaited {
        until: Moment,
    },
    Up,
    /// Since when, if there is a session to resume.
    Down {
        since: Option<Moment>,
    },
    /// It will not be up again.
    Ended,
}

/// What one event of the gateway says of the channel.
#[derive(Debug, Clone, Default)]
pub(crate) struct Heard {
    /// The message that is new.
    pub(crate) created: Option<MessageId>,
    /// What it means; of several deleted messages, one for each.
    pub(crate) sightings: Vec<Sighting>,
}

impl Core {
    /// By what the channel is followed.
    pub(crate) fn watched_by(&self) -> WatchedBy {
        match (self.link, self.settings.watch) {
            (Link::Up, _) => WatchedBy::Gateway,
            (Link::Unused | Link::Awaited { .. }, WatchMode::Auto | WatchMode::Gateway)
            | (Link::Down { .. }, WatchMode::Gateway) => WatchedBy::Nothing,
            (Link::Ended, _)
            | (Link::Down { .. }, WatchMode::Auto | WatchMode::Poll)
            | (Link::Unused | Link::Awaited { .. }, WatchMode::Poll) => WatchedBy::Polling,
        }
    }

    /// Asks for the gateway when something wants it, and stops waiting for it in time.
    pub(super) fn connect(&mut self, now: Moment) {
        match self.link {
            Link::Unused if self.settings.watch != WatchMode::Poll && self.wants_identity() => {
                self.link = Link::Awaited { until: now + self.settings.gateway_patience };
                self.outputs.push_back(Output::Connect);
            }
            Link::Awaited { until } if until <= now => {
                self.link = Link::Down { since: None };
                tracing::warn!("the gateway is not up yet; following the channel by reading it");
            }
            Link::Unused | Link::Awaited { .. } | Link::Up | Link::Down { .. } | Link::Ended => {}
        }
        if self.settings.watch == WatchMode::Gateway && self.is_lost(now) {
            self.hinder_unsent(now, "the gateway is not connected, and nothing else may be used");
        }
        self.show_watched_by();
    }

    /// Whether the gateway is down for longer than it is waited for; Discord asks to connect again now and then.
    fn is_lost(&self, now: Moment) -> bool {
        match self.link {
            Link::Down { since } => since.is_none_or(|since| now >= since + self.settings.gateway_patience),
            Link::Unused | Link::Awaited { .. } | Link::Up | Link::Ended => false,
        }
    }

    /// Until when the gateway is waited for, where something waits.
    pub(super) fn patience_ends(&self) -> Option<Moment> {
        let is_waited_for = || self.jobs.values().any(|one| one.waits_for_turn() || one.waits_for_baseline());
        match self.link {
            Link::Awaited { until } => Some(until),
            Link::Down { since: Some(since) }
                if self.settings.watch == WatchMode::Gateway && is_waited_for() =>
            {
                Some(since + self.settings.gateway_patience)
            }
            Link::Unused | Link::Up | Link::Down { .. } | Link::Ended => None,
        }
    }

    pub(super) fn on_gateway_up(&mut self, now: Moment, user: UserId, resumed: bool) {
        self.link = Link::Up;
        if !resumed {
            self.step_all(now, |_| Some(Step::Missed));
        }
        self.identity = Identity::Known(user);
        self.watch.begin_hearing(now);
        self.show_progress(now);
    }

    /// Up, but some events were lost here.
    pub(super) fn on_gateway_gap(&mut self, now: Moment) {
        self.step_all(now, |_| Some(Step::Missed));
        self.watch.begin_hearing(now);
    }

    pub(super) fn on_gateway_down(&mut self, now: Moment) {
        if self.link == Link::Up {
            // Until here everything was heard, and silence counts.
            self.step_all(now, |_| Some(Step::Heard));
        }
        self.watch.stop_hearing();
        if self.link == Link::Up {
            self.link = Link::Down { since: Some(now) };
        }
        self.show_progress(now);
    }

    /// What the gateway tells of what no read shows.
    pub(super) fn events(&self, now: Moment) -> Events {
        match self.link {
            Link::Up if self.watch.hears_all() => Events::Told,
            Link::Up => Events::Pending,
            Link::Down { since: Some(since) } if now.since(since) < RESUME => Events::Pending,
            Link::Unused | Link::Awaited { .. } | Link::Down { .. } | Link::Ended => Events::Untold,
        }
    }

    pub(super) fn on_gateway_ended(&mut self, now: Moment, why: &NotSent) {
        self.on_gateway_down(now);
        self.link = Link::Ended;
        if why.why == Hindrance::TokenRefused {
            self.step_all(now, |_| Some(Step::Hindered(why.clone())));
            self.on_denied(now, why);
        } else if self.settings.watch == WatchMode::Gateway {
            self.hinder_unsent(now, &why.detail);
        }
    }

    fn hinder_unsent(&mut self, now: Moment, detail: &str) {
        let why = NotSent { why: Hindrance::Unreachable, detail: detail.to_owned(), retry_after: None };
        self.step_all(now, |_| Some(Step::Hindered(why.clone())));
    }

    pub(super) fn on_heard(&mut self, now: Moment, heard: Heard) {
        if let Some(created) = heard.created {
            self.watch.heard(created);
        }
        for sighting in heard.sightings {
            if let (Meaning::Deleted, Some(message)) = (&sighting.meaning, sighting.keys.message) {
                self.note_gone(message);
            }
            self.on_news(now, sighting.keys.message, &sighting);
        }
    }

    fn note_gone(&mut self, message: MessageId) {
        if self.gone.len() >= MOST_GONE {
            self.gone.pop_first();
        }
        self.gone.insert(message);
    }

    /// When the gateway shows everything, or no longer does, each job has to know it.
    fn show_progress(&mut self, now: Moment) {
        let visible = self.progress_visible();
        self.jobs.values_mut().for_each(|one| one.set_progress_visible(now, visible));
    }

    fn show_watched_by(&mut self) {
        let by = self.watched_by();
        if self.shown_watched_by != Some(by) {
            self.shown_watched_by = Some(by);
            self.outputs.push_back(Output::WatchedBy(by));
        }
    }

    /// When a silence must be decided, where the gateway tells everything else.
    pub(super) fn decides_at(&self) -> Option<Moment> {
        self.jobs.values().filter_map(Generation::decides_at).min()
    }
}
