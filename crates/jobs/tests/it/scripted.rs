//! A backend that follows a script: it journals, sends, watches, and looks up after a crash. No sockets.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use journeyman_jobs::backend::{How, Told, What, Work};
use journeyman_jobs::job::{Charge, End, JobId};
use journeyman_jobs::time::Timestamp;

use crate::remote::{Remote, Said};

/// How likely each fault is, in per cent.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Faults {
    /// The request is lost before it arrives, and that is known.
    pub(crate) unreachable: u32,
    /// The request arrives, and its answer is lost.
    pub(crate) answer_lost: u32,
    /// The request is lost on its way, and that is not known.
    pub(crate) request_lost: u32,
}

/// Where one job stands here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The journal is being written.
    Journal { sequence: u64 },
    /// The request arrives then.
    Flies { arrives: Timestamp, before: Timestamp },
    /// Watched until it ends, or until nothing decides it.
    Watched { until: Timestamp, is_sure: bool, is_told: bool },
}

#[derive(Debug, Clone)]
struct One {
    account: String,
    nonce: u64,
    phase: Phase,
}

/// The backend of one process.
#[derive(Debug)]
pub(crate) struct Scripted {
    remote: Rc<RefCell<Remote>>,
    random: fastrand::Rng,
    faults: Faults,
    jobs: BTreeMap<JobId, One>,
    told: VecDeque<Told>,
    sequence: u64,
}

/// How long nothing may be seen of a request before it is undecided.
const PATIENCE: Duration = Duration::from_mins(1);

impl Scripted {
    pub(crate) fn new(remote: Rc<RefCell<Remote>>, seed: u64, faults: Faults) -> Self {
        Self {
            remote,
            random: fastrand::Rng::with_seed(seed),
            faults,
            jobs: BTreeMap::new(),
            told: VecDeque::new(),
            sequence: 0,
        }
    }

    pub(crate) fn start(&mut self, work: &Work) {
        let id = work.job.id;
        if self.jobs.contains_key(&id) {
            return;
        }
        assert_eq!(work.base.is_some(), work.job.asked.parent.is_some(), "a step gets what its parent found");
        let account = work.job.account.clone().expect("a started job has its account");
        let is_resumed = work.job.checkpoint.is_some();
        let nonce = match &work.job.checkpoint {
            Some(text) => text.parse().expect("a checkpoint is a nonce"),
            None => self.random.u64(1..),
        };
        self.sequence += 1;
        let phase = if is_resumed {
            // It may have left; the channel is read. Patience does not begin anew with every crash.
            Phase::Watched { until: work.job.updated.after(PATIENCE), is_sure: false, is_told: false }
        } else {
            Phase::Journal { sequence: self.sequence }
        };
        if !is_resumed {
            let sends = Some(Charge {
                nonce: nonce.to_string(),
                certainty: "undecided".to_owned(),
                ..Charge::default()
            });
            self.say(id, What::Checkpoint { sequence: self.sequence, text: nonce.to_string(), sends });
        }
        self.jobs.insert(id, One { account, nonce, phase });
    }

    pub(crate) fn durable(&mut self, now: Timestamp, job: JobId, sequence: u64, before: Timestamp) {
        let Some(one) = self.jobs.get_mut(&job) else { return };
        if one.phase == (Phase::Journal { sequence }) {
            let arrives = now.after(Duration::from_millis(self.random.u64(20..400)));
            one.phase = Phase::Flies { arrives, before };
        }
    }

    pub(crate) fn cancel(&mut self, job: JobId) {
        let Some(one) = self.jobs.remove(&job) else { return };
        let is_out = matches!(one.phase, Phase::Watched { .. });
        let text = if is_out { "it goes on and is charged" } else { "nothing was sent" };
        self.end(job, How::Cancelled, "Cancelled", text, None);
    }

    pub(crate) fn drop_job(&mut self, job: JobId) {
        self.jobs.remove(&job);
    }

    pub(crate) fn told(&mut self) -> Option<Told> {
        self.told.pop_front()
    }

    pub(crate) fn next_wakeup(&self) -> Option<Timestamp> {
        let due = |one: &One| match one.phase {
            Phase::Journal { .. } => None,
            Phase::Flies { arrives, .. } => Some(arrives),
            Phase::Watched { until, .. } => {
                let ends = self.remote.borrow().find(one.nonce).map(|execution| execution.ends);
                Some(ends.unwrap_or(until))
            }
        };
        self.jobs.values().filter_map(due).min()
    }

    pub(crate) fn advance(&mut self, now: Timestamp) {
        let ids: Vec<JobId> = self.jobs.keys().copied().collect();
        for id in ids {
            let Some(one) = self.jobs.get(&id).cloned() else { continue };
            match one.phase {
                Phase::Flies { before, .. } if before < now => {
                    self.jobs.remove(&id);
                    self.end(id, How::NotExecuted { after: None }, "Late", "the lease is over", None);
                }
                Phase::Flies { arrives, .. } if arrives <= now => self.arrive(now, id, &one),
                Phase::Watched { until, is_sure, is_told } => {
                    self.watch(now, id, &one, until, is_sure, is_told);
                }
                Phase::Journal { .. } | Phase::Flies { .. } => {}
            }
        }
    }

    fn arrive(&mut self, now: Timestamp, id: JobId, one: &One) {
        let dice = self.random.u32(0..100);
        let Faults { unreachable, answer_lost, request_lost } = self.faults;
        if dice < unreachable {
            self.jobs.remove(&id);
            return self.end(id, How::NotExecuted { after: None }, "Unreachable", "no connection", None);
        }
        let is_lost = dice < unreachable + request_lost;
        let is_unsure = is_lost || dice < unreachable + request_lost + answer_lost;
        let said = (!is_lost).then(|| self.remote.borrow_mut().post(now, id, &one.account, one.nonce));
        if is_unsure {
            let phase = Phase::Watched { until: now.after(PATIENCE), is_sure: false, is_told: false };
            return self.set(id, phase);
        }
        match said {
            Some(Said::Accepted { is_queued }) => {
                self.say(id, What::Accepted { charge: charge(one.nonce, "likely") });
                if is_queued {
                    self.say(id, What::Queued);
                }
                self.set(id, Phase::Watched { until: Timestamp::MAX, is_sure: true, is_told: false });
            }
            Some(Said::QueueFull) => {
                self.jobs.remove(&id);
                self.end(
                    id,
                    How::QueueFull,
                    "QueueFull",
                    "the queue is full",
                    Some(charge(one.nonce, "none")),
                );
            }
            Some(Said::Refused) | None => {
                self.jobs.remove(&id);
                self.end(id, How::Failed, "PreModeration", "refused", Some(charge(one.nonce, "none")));
            }
            Some(Said::AccountBlocked) => {
                self.jobs.remove(&id);
                let how = How::AccountPaused { until: None };
                self.end(id, how, "AccountBlocked", "a human must act", Some(charge(one.nonce, "none")));
            }
        }
    }

    fn watch(
        &mut self,
        now: Timestamp,
        id: JobId,
        one: &One,
        until: Timestamp,
        is_sure: bool,
        is_told: bool,
    ) {
        let found = self.remote.borrow().find(one.nonce).cloned();
        match found {
            Some(execution) if execution.ends <= now => {
                self.jobs.remove(&id);
                self.end(id, How::Finished, "Finished", "1 file", Some(charge(one.nonce, "certain")));
            }
            Some(execution) if execution.begins <= now && !is_told => {
                if !is_sure {
                    self.say(id, What::Accepted { charge: charge(one.nonce, "likely") });
                }
                self.say(id, What::Progress { percent: Some(10) });
                self.set(id, Phase::Watched { until: Timestamp::MAX, is_sure: true, is_told: true });
            }
            None if now >= until => {
                self.jobs.remove(&id);
                let text = "no answer, and no sign in the channel";
                self.end(id, How::Undecided, "Undecided", text, Some(charge(one.nonce, "undecided")));
            }
            Some(_) | None => {}
        }
    }

    fn set(&mut self, id: JobId, phase: Phase) {
        if let Some(one) = self.jobs.get_mut(&id) {
            one.phase = phase;
        }
    }

    fn end(&mut self, job: JobId, how: How, kind: &str, text: &str, charge: Option<Charge>) {
        let end = End {
            kind: kind.to_owned(),
            text: text.to_owned(),
            result: format!("result of {job}"),
            ..End::default()
        };
        self.say(job, What::Ended { how, end, charge });
    }

    fn say(&mut self, job: JobId, what: What) {
        self.told.push_back(Told { job, what });
    }
}

fn charge(nonce: u64, certainty: &str) -> Charge {
    Charge { nonce: nonce.to_string(), certainty: certainty.to_owned(), ..Charge::default() }
}
