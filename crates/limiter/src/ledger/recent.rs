//! When the requests of a route were accepted, in little memory. It draws no conclusion.

use std::time::Duration;

use journeyman_moment::Moment;

use crate::fields::Fields;
use crate::rarely::Rarely;

/// How many runs are kept; beyond it, older ones become coarser.
const MOST: usize = 40;
/// Requests so close together are one run.
const CLOSE: Duration = Duration::from_millis(200);

/// The accepted requests of one route and resource, the latest exactly and older ones in runs.
///
/// Most resources are used once: the first run needs no memory of its own.
#[derive(Debug, Default)]
pub(crate) struct Recent {
    /// Of no requests, while there were none.
    latest: Run,
    /// Before the latest, by their ends.
    older: Rarely<Vec<Run>>,
}

/// Requests of the same fields, answered between two moments.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Run {
    pub(crate) fields: Fields,
    pub(crate) from: Moment,
    pub(crate) to: Moment,
    pub(crate) count: u32,
}

/// The requests of a route, the latest of which had no fields, in few bytes.
#[derive(Debug)]
pub(crate) struct Brief {
    from: Moment,
    older: Rarely<Vec<Run>>,
    /// In microseconds: a run is short.
    span: u32,
    count: u32,
}

impl From<Brief> for Recent {
    fn from(Brief { from, older, span, count }: Brief) -> Self {
        let to = Moment::from_micros(from.as_micros() + u64::from(span));
        Self { latest: Run { fields: Fields::NONE, from, to, count }, older }
    }
}

impl Recent {
    /// The same in few bytes, if it fits into them.
    pub(crate) fn into_brief(self) -> Brief {
        let Run { from, to, count, .. } = self.latest;
        let span = u32::try_from(to.since(from).as_micros()).unwrap_or(u32::MAX);
        Brief { from, older: self.older, span, count }
    }

    pub(crate) fn fits_into_brief(&self) -> bool {
        self.latest.fields == Fields::NONE
    }

    pub(crate) fn accepted(&mut self, now: Moment, fields: Fields) {
        let run = &mut self.latest;
        if run.count > 0 && run.fields == fields && now.since(run.from) < CLOSE {
            run.to = now;
            run.count = run.count.saturating_add(1);
            return;
        }
        let before = std::mem::replace(run, Run { fields, from: now, to: now, count: 1 });
        if before.count == 0 {
            return;
        }
        self.older.push(before);
        if self.older.len() > MOST {
            self.coarsen(now);
        }
    }

    /// Joins runs of the same fields whose span is small beside their age; drops the oldest if that is not enough.
    fn coarsen(&mut self, now: Moment) {
        let mut joined: Vec<Run> = Vec::with_capacity(MOST + 1);
        for run in self.older.drain(..) {
            match joined.iter_mut().rev().find(|last| last.fields == run.fields) {
                Some(last) if is_small(last.from, run.to, now) => {
                    last.to = run.to;
                    last.count = last.count.saturating_add(run.count);
                }
                _ => joined.push(run),
            }
        }
        joined.sort_by_key(|run| run.to);
        let crowd = joined.len().saturating_sub(MOST * 3 / 4);
        joined.drain(..crowd);
        *self.older = joined;
    }

    /// The runs, oldest first, of fields that a limit covers.
    pub(crate) fn runs(&self, covers: impl Fn(Fields) -> bool) -> impl Iterator<Item = Run> {
        self.older
            .iter()
            .chain((self.latest.count > 0).then_some(&self.latest))
            .copied()
            .filter(move |run| covers(run.fields))
    }
}

impl Run {
    /// How many were answered at or after a moment; a share, if the run began before it.
    pub(crate) fn since(&self, from: Moment) -> u32 {
        if from <= self.from {
            return self.count;
        }
        if from > self.to {
            return 0;
        }
        let (span, rest) = (self.to.since(self.from), self.to.since(from));
        let share = u128::from(self.count) * rest.as_micros() / span.as_micros().max(1);
        // The last of a run was answered at its end.
        u32::try_from(share).unwrap_or(u32::MAX).max(1)
    }
}

fn is_small(from: Moment, to: Moment, now: Moment) -> bool {
    to.since(from) <= now.since(to) / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_are_counted_exactly_and_thousands_take_little_memory() {
        let (mut recent, name) = (Recent::default(), Fields::of(["name"]));
        for second in 0..10_000 {
            let fields = if second % 500 == 0 { name } else { Fields::NONE };
            recent.accepted(Moment::from_secs(second), fields);
        }
        assert!(recent.older.len() <= MOST + 1);
        let count = |from, wanted: Fields| -> u32 {
            let runs = recent.runs(|fields| fields == wanted);
            runs.map(|run| run.since(Moment::from_secs(from))).sum()
        };
        assert_eq!(count(9_995, Fields::NONE), 5);
        let hundred = count(9_900, Fields::NONE);
        assert!((90..=101).contains(&hundred), "{hundred}");
        assert_eq!(count(9_400, name), 1);
    }
}
