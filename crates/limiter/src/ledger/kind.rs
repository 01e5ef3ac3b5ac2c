//! What is known of a method and template whatever the resource. It counts no requests.

use std::sync::Arc;
use std::time::Duration;

use journeyman_moment::Moment;

use crate::config::Config;
use crate::headers::Answer;
use crate::ledger::lane::CREDENTIAL;
use crate::ledger::lesson::Lessons;
use crate::limit::Shape;
use crate::priors::Prior;
use crate::reason::Reason;
use crate::saved::{RouteRecord, ShapeRecord};

/// After this many answers without headers a route counts as header-less.
const ENOUGH: u8 = 5;
/// A route without limits of its own is not made to wait longer than this between two requests.
const WIDEST: Duration = Duration::from_mins(1);
/// How long without a 429 until the distance shrinks by a twentieth.
const CALM: Duration = Duration::from_mins(10);

/// One method and template of one credential.
#[derive(Debug)]
pub(crate) struct Kind {
    pub(crate) account: u32,
    /// Credential, method and template.
    pub(crate) key: Box<str>,
    /// How many routes refer to it.
    pub(crate) lanes: u32,
    pub(crate) used_at: Moment,
    /// The limit that answers named last, for resources not met before.
    pub(crate) prior: Option<(Arc<str>, Shape)>,
    /// A limit that only a 429 has named: good answers describe another one (discord-api-docs#5646).
    pub(crate) revealed: Option<(Arc<str>, Shape)>,
    /// The hidden limits that its resources have met.
    pub(crate) lessons: Lessons,
    bare_answers: u8,
    /// Set by a 429; until then the configured distance holds.
    spacing: Option<Duration>,
    /// By how much it shrinks after a calm while: a twentieth of what the 429 set.
    step: Duration,
    /// What the table of priors says.
    start: Option<Prior>,
    calm_since: Moment,
    /// Until then each resource may have been used by an earlier process just before it ended.
    pub(crate) used_until: Moment,
}

impl Kind {
    pub(crate) fn new(account: u32, key: &str, start: Option<Prior>) -> Self {
        Self {
            account,
            key: key.into(),
            lanes: 0,
            used_at: Moment::ORIGIN,
            prior: None,
            revealed: None,
            lessons: Lessons::default(),
            bare_answers: 0,
            spacing: None,
            step: Duration::ZERO,
            start,
            calm_since: Moment::ORIGIN,
            used_until: Moment::ORIGIN,
        }
    }

    /// Method and template, as `GET/channels/:id/messages`.
    pub(crate) fn template(&self) -> &str {
        self.key.get(CREDENTIAL..).unwrap_or_default()
    }

    /// As it is saved, if there is anything to say of it.
    pub(crate) fn to_record(&self, credential: u64) -> RouteRecord {
        let shape =
            |known: &Option<(Arc<str>, Shape)>| known.as_ref().map(|(name, shape)| shape.to_record(name));
        RouteRecord {
            credential,
            key: self.key.to_string(),
            bucket: shape(&self.prior),
            revealed: shape(&self.revealed),
            spacing_us: self.spacing.map(|spacing| u64::try_from(spacing.as_micros()).unwrap_or(u64::MAX)),
            headerless: self.is_headerless(),
            lessons: self.lessons.to_records(),
        }
    }

    /// Takes over what an earlier process knew; what this one has learnt itself is newer.
    pub(crate) fn restore(&mut self, now: Moment, record: &RouteRecord) {
        let shape = |known: &Option<ShapeRecord>| {
            known.as_ref().map(|record| (Arc::from(record.name.as_str()), Shape::of_record(record)))
        };
        self.used_at = now;
        self.calm_since = now;
        self.prior = self.prior.take().or_else(|| shape(&record.bucket));
        self.revealed = self.revealed.take().or_else(|| shape(&record.revealed));
        self.spacing =
            self.spacing.or(record.spacing_us.map(Duration::from_micros)).map(|span| span.min(WIDEST));
        if record.headerless {
            self.bare_answers = ENOUGH;
        }
        if self.lessons.is_empty() {
            self.lessons = Lessons::of_records(&record.lessons);
        }
    }

    pub(crate) fn is_headerless(&self) -> bool {
        self.bare_answers >= ENOUGH
    }

    pub(crate) fn reason(&self) -> Reason {
        if self.is_headerless() { Reason::Headerless } else { Reason::Learning }
    }

    pub(crate) fn spacing(&self, config: &Config) -> Duration {
        self.spacing.unwrap_or_else(|| self.least(config))
    }

    /// The distance without any 429.
    fn least(&self, config: &Config) -> Duration {
        self.start.map_or(config.headerless, |start| start.spacing())
    }

    /// How many may be in flight or held where answers describe nothing, and how long each is held after its
    /// answer. Once a 429 has shown that the table is wrong, there are no bursts.
    pub(crate) fn allowance(&self, config: &Config) -> (u32, Duration) {
        match (self.spacing, self.start) {
            (None, Some(start)) => (start.limit, start.window),
            (Some(_), _) | (None, None) => (1, self.spacing(config)),
        }
    }

    /// When the distance has passed after an answer whose slot is held for the whole window.
    pub(crate) fn free_at(&self, held_until: Moment) -> Moment {
        let (None, Some(start)) = (self.spacing, self.start) else { return held_until };
        let longer = start.window.saturating_sub(start.spacing()).as_micros();
        Moment::from_micros(held_until.as_micros().saturating_sub(u64::try_from(longer).unwrap_or(u64::MAX)))
    }

    /// Whether the table's limit also holds where answers describe one.
    pub(crate) fn is_always_limited(&self) -> bool {
        self.start.is_some_and(|start| start.always)
    }

    /// An answer described the limit; gives back what all its resources together have shown.
    pub(crate) fn knows(&mut self, name: &Arc<str>, shape: Shape, answer: &Answer) -> Shape {
        self.bare_answers = 0;
        let refused = answer.status == 429;
        let is_it =
            |known: &Option<(Arc<str>, Shape)>| known.as_ref().is_some_and(|(known, _)| known == name);
        if !refused && is_it(&self.revealed) {
            self.revealed = None;
        }
        let hidden = refused && self.prior.is_some() && !is_it(&self.prior);
        match if hidden { &mut self.revealed } else { &mut self.prior } {
            Some((known, prior)) if known == name => {
                *prior = shape.with(prior);
                *prior
            }
            prior => {
                *prior = Some((name.clone(), shape));
                shape
            }
        }
    }

    /// An answer described nothing.
    pub(crate) fn answered_without_headers(&mut self, now: Moment, answer: &Answer, config: &Config) {
        // An error of the server's says nothing about the route, and a 429 is not a calm answer.
        if answer.status >= 500 || answer.status == 429 {
            return;
        }
        self.bare_answers = self.bare_answers.saturating_add(1);
        let Some(spacing) = self.spacing else { return };
        if now.since(self.calm_since) >= CALM {
            self.calm_since = now;
            let (least, step) = (self.least(config), self.step.max(spacing / 20));
            // A window of the table is not trusted again: slots were held for the distance, not for the window.
            self.spacing = Some(spacing.saturating_sub(step).max(least))
                .filter(|spacing| *spacing > least || self.start.is_some());
        }
    }

    /// A 429 without headers: the wait that it asked for, and a quarter, is the distance from now on.
    ///
    /// One that comes although a distance was kept shows only what was left of the window, so the
    /// distance itself grows by a quarter: step by step it reaches any window. Several of one burst
    /// count once.
    pub(crate) fn widen(&mut self, now: Moment, wait: Duration, config: &Config) {
        let asked = and_a_quarter(wait);
        let grown = self.spacing.filter(|spacing| now.since(self.calm_since) >= *spacing);
        let wider = asked.max(and_a_quarter(grown.unwrap_or_default())).min(WIDEST);
        self.spacing = Some(self.spacing(config).max(wider));
        self.step = self.spacing(config) / 20;
        self.calm_since = now;
    }
}

/// A span may be as long as a server likes to say.
fn and_a_quarter(span: Duration) -> Duration {
    span.saturating_add(span / 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A limit of one in eight seconds, met by an outsider: each 429 asked for two seconds only, and
    /// every second request was refused for ever.
    #[test]
    fn a_distance_that_was_not_enough_grows_until_it_is() {
        let (mut kind, config) = (Kind::new(0, "GET/x", None), Config::default());
        let window = Duration::from_secs(8);
        let mut now = Moment::from_secs(100);
        let mut refusals = 0;
        for _ in 0..20 {
            // Admitted at `now`; the next one follows at the distance kept.
            let next = now + kind.spacing(&config);
            if next < now + window {
                refusals += 1;
                kind.widen(next, (now + window).since(next), &config);
                now = now + window;
            } else {
                now = next;
            }
        }
        assert!(kind.spacing(&config) >= window && kind.spacing(&config) <= window.mul_f64(1.25 * 1.25));
        assert!(refusals <= 3, "{refusals}");
    }

    #[test]
    fn several_refusals_of_one_burst_count_once() {
        let (mut kind, config) = (Kind::new(0, "GET/x", None), Config::default());
        for _ in 0..10 {
            kind.widen(Moment::from_secs(100), Duration::from_secs(4), &config);
        }
        assert_eq!(kind.spacing(&config), Duration::from_secs(5));
    }

    #[test]
    fn spacing_backs_off_on_429_and_recovers_additively_over_clean_minutes() {
        let start = Prior { limit: 5, window: Duration::from_secs(5), always: false };
        let bare = Answer { status: 204, via: true, ..Answer::default() };
        for (start, least) in [(None, Duration::from_secs(1)), (Some(start), Duration::from_secs(1))] {
            let (mut kind, config) = (Kind::new(0, "GET/x", start), Config::default());
            let begun = Moment::from_secs(100);
            kind.widen(begun, Duration::from_secs(16), &config);
            assert_eq!(
                kind.allowance(&config),
                (1, Duration::from_secs(20)),
                "a quarter more than was asked for"
            );
            for calm in 1..=18 {
                kind.answered_without_headers(begun + CALM * calm, &bare, &config);
                let left = Duration::from_secs(u64::from(20 - calm));
                assert_eq!(kind.spacing(&config), left, "a second, the same each time");
                kind.answered_without_headers(begun + CALM * calm + Duration::from_secs(1), &bare, &config);
                assert_eq!(kind.spacing(&config), left, "ten minutes have to pass");
            }
            for calm in 19..30 {
                kind.answered_without_headers(begun + CALM * calm, &bare, &config);
                assert_eq!(
                    kind.allowance(&config),
                    (1, least),
                    "never less than it began with, and no burst"
                );
            }
        }
    }
}
