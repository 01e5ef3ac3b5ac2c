//! Whose turn it is: fair between tenants, by priority within one, nobody starves. It starts nothing.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use crate::job::Job;
use crate::store::Class;
use crate::time::Timestamp;

/// A job's priority grows by one for each of these that it waits.
pub const AGEING: Duration = Duration::from_mins(10);

/// What a turn adds to its tenant's account.
const TURN: u64 = 1;

/// The jobs that may be begun now: the first ones of each class.
#[derive(Debug, Clone, Default)]
pub struct Queue {
    lines: BTreeMap<Class, VecDeque<Job>>,
    /// How much each tenant, and each batch within it, has had.
    tenants: BTreeMap<String, u64>,
    batches: BTreeMap<(String, String), u64>,
}

impl Queue {
    /// Replaces what is known of the lines.
    pub fn refresh(&mut self, lines: impl IntoIterator<Item = (Class, Vec<Job>)>) {
        let old: Vec<Class> = self.lines.keys().cloned().collect();
        self.lines = lines
            .into_iter()
            .filter(|(_, heads)| !heads.is_empty())
            .map(|(class, heads)| (class, heads.into()))
            .collect();
        // Whoever comes, or comes back, has had as much as the one who has had least: waiting elsewhere earns nothing.
        let stayed = |class: &Class| old.contains(class);
        let least = self.lines.keys().filter(|class| stayed(class)).map(|class| self.had(class)).min();
        if let Some((tenant_least, batch_least)) = least {
            for class in self.lines.keys().filter(|class| !stayed(class)) {
                let had = self.tenants.entry(class.tenant.clone()).or_default();
                *had = (*had).max(tenant_least);
                let had = self.batches.entry(batch_of(class)).or_default();
                *had = (*had).max(batch_least.min(*had + 1));
            }
        }
        let Self { lines, tenants, batches } = self;
        tenants.retain(|tenant, _| lines.keys().any(|class| class.tenant == *tenant));
        batches.retain(|batch, _| lines.keys().any(|class| batch_of(class) == *batch));
    }

    /// Takes the job whose turn it is, among the classes that may go.
    pub fn take(&mut self, now: Timestamp, may_go: impl Fn(&Class) -> bool) -> Option<(Class, Job)> {
        let class = self
            .lines
            .iter()
            .filter(|(class, _)| may_go(class))
            .filter_map(|(class, heads)| heads.front().map(|head| (class, head)))
            .min_by_key(|(class, head)| {
                let (tenant, batch) = self.had(class);
                (tenant, std::cmp::Reverse(effective(class, head, now)), batch, head.id)
            })
            .map(|(class, _)| class.clone())?;
        let head = self.lines.get_mut(&class)?.pop_front()?;
        if self.lines.get(&class).is_some_and(VecDeque::is_empty) {
            self.lines.remove(&class);
        }
        *self.tenants.entry(class.tenant.clone()).or_default() += TURN;
        *self.batches.entry(batch_of(&class)).or_default() += TURN;
        Some((class, head))
    }

    fn had(&self, class: &Class) -> (u64, u64) {
        let tenant = self.tenants.get(&class.tenant).copied().unwrap_or_default();
        (tenant, self.batches.get(&batch_of(class)).copied().unwrap_or_default())
    }
}

fn batch_of(class: &Class) -> (String, String) {
    (class.tenant.clone(), class.batch.clone())
}

/// The priority with what waiting adds to it.
fn effective(class: &Class, head: &Job, now: Timestamp) -> i64 {
    let aged = now.since(head.waiting_since()).as_micros() / AGEING.as_micros();
    i64::from(class.priority).saturating_add(i64::try_from(aged).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::{JobId, NewJob};

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_micros(seconds * 1_000_000)
    }

    fn class(tenant: &str, batch: &str, priority: i8) -> Class {
        Class { tenant: tenant.to_owned(), batch: batch.to_owned(), priority }
    }

    fn heads(ids: std::ops::Range<u64>, since: i64) -> Vec<Job> {
        ids.map(|id| Job::new(JobId(id), NewJob::default(), at(since))).collect()
    }

    fn taken(queue: &mut Queue, now: i64, count: usize) -> Vec<u64> {
        let one = |_| queue.take(at(now), |_| true).map(|(_, head)| head.id.0);
        (0..count).map_while(one).collect()
    }

    #[test]
    fn shares_are_fair_between_tenants_and_batches() {
        let mut queue = Queue::default();
        queue.refresh([
            (class("a", "big", 0), heads(1..100, 0)),
            (class("a", "small", 0), heads(200..203, 0)),
            (class("b", "", 0), heads(300..303, 0)),
        ]);
        assert_eq!(taken(&mut queue, 0, 8), [1, 300, 200, 301, 2, 302, 201, 3]);
    }

    #[test]
    fn priorities_go_first_and_age() {
        let mut queue = Queue::default();
        let lines = [(class("", "", 0), heads(1..4, 0)), (class("", "", 2), heads(10..12, 0))];
        queue.refresh(lines.clone());
        assert_eq!(taken(&mut queue, 0, 5), [10, 11, 1, 2, 3]);
        // The low ones have waited 20 minutes longer than the high ones: as urgent, and first by number.
        queue.refresh([lines[0].clone(), (class("", "", 2), heads(10..12, 1_200))]);
        assert_eq!(taken(&mut queue, 1_200, 5), [1, 2, 3, 10, 11]);
    }

    #[test]
    fn a_tenant_that_comes_late_gets_no_arrears() {
        let mut queue = Queue::default();
        queue.refresh([(class("a", "", 0), heads(1..100, 0))]);
        assert_eq!(taken(&mut queue, 0, 20).len(), 20);
        queue.refresh([(class("a", "", 0), heads(21..100, 0)), (class("b", "", 0), heads(200..300, 0))]);
        let first = taken(&mut queue, 0, 10);
        assert_eq!(first.iter().filter(|id| **id >= 200).count(), 5);
    }

    #[test]
    fn what_may_not_go_is_passed_over() {
        let mut queue = Queue::default();
        queue.refresh([(class("", "paused", 9), heads(1..3, 0)), (class("", "", 0), heads(5..6, 0))]);
        let next = queue.take(at(0), |class| class.batch != "paused");
        assert_eq!(next.map(|(_, head)| head.id), Some(JobId(5)));
        assert_eq!(queue.take(at(0), |class| class.batch != "paused"), None);
        assert_eq!(taken(&mut queue, 0, 5), [1, 2]);
    }
}
