//! What follows from how a job ended: it is over, it waits again, its account pauses. It sends nothing.

use std::time::Duration;

use super::desk::Purpose;
use super::live::{Live, Phase};
use super::{Engine, Output, note};
use crate::backend::How;
use crate::change::{Change, Moved, Scope};
use crate::job::{Charge, End, JobId, State};
use crate::store::Paused;
use crate::time::Timestamp;

/// How many ended jobs are remembered for a late result.
const MOST_LATE: usize = 1_024;

/// How many times a send that nothing decides may be repeated, where its owner allows it.
const MOST_UNDECIDED_SENDS: u32 = 2;

impl Engine {
    pub(super) fn end(&mut self, now: Timestamp, job: JobId, how: &How, end: End, charge: Option<Charge>) {
        let Some(live) = self.jobs.get(&job) else { return self.end_late(now, job, how, end, charge) };
        if live.phase == Phase::Ending {
            return self.end_late(now, job, how, end, charge);
        }
        let mut moved = self.next_of(now, job, how, end);
        moved.charge = charge;
        if let How::AccountPaused { until } = how {
            self.pause(now, job, &moved, *until);
        }
        self.learn(now, job, how, &moved);
        let Some(live) = self.jobs.get_mut(&job) else { return };
        let from = live.stored();
        live.phase = Phase::Ending;
        live.state = moved.state.unwrap_or(live.state);
        let (state, detail) = (live.state, moved.note.as_ref().map(|note| note.detail.clone()));
        self.outputs.push_back(Output::Moved { job, state, detail: detail.unwrap_or_default() });
        self.move_job(job, from, moved, Purpose::End(job));
    }

    /// What is written of the job.
    fn next_of(&mut self, now: Timestamp, job: JobId, how: &How, end: End) -> Moved {
        let spread = self.random();
        let Some(live) = self.jobs.get(&job) else { return Moved::default() };
        let delay = self.delay(live.tries, spread);
        match how {
            How::Finished => over(now, State::Finished, end),
            How::Failed => over(now, State::Failed, end),
            How::Cancelled => over(now, State::Cancelled, end),
            How::NotExecuted { .. } if !self.may_try_again(live) => {
                let mut end = end;
                end.hint =
                    format!("it was tried {} times; journeyman jobs retry {job} tries again", live.tries);
                over(now, State::Failed, end)
            }
            How::NotExecuted { after } => again(now, live, end, after.unwrap_or_default().max(delay)),
            How::QueueFull => again(now, live, end, super::account::FULL),
            How::AccountPaused { .. } => Moved { unbind: false, ..again(now, live, end, Duration::ZERO) },
            How::Undecided if may_resend(live) => {
                let mut moved = again(now, live, end, delay);
                if let Some(note) = &mut moved.note {
                    "resent_undecided".clone_into(&mut note.what);
                }
                Moved { unbind: false, ..moved }
            }
            How::Undecided => over(now, State::Unknown, end),
        }
    }

    fn may_try_again(&self, live: &Live) -> bool {
        live.tries < self.settings.most_tries && live.most_sends.is_none_or(|most| live.sends < most)
    }

    /// Full jitter above the first delay, doubling.
    fn delay(&self, tries: u32, spread: u64) -> Duration {
        let first = self.settings.retry_first;
        let most = first.saturating_mul(1 << tries.min(16)).min(self.settings.retry_most).max(first);
        let span = u64::try_from(most.saturating_sub(first).as_micros()).unwrap_or(u64::MAX);
        first + Duration::from_micros(if span == 0 { 0 } else { spread % span })
    }

    /// `SplitMix64`.
    fn random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn pause(&mut self, now: Timestamp, job: JobId, moved: &Moved, until: Option<Timestamp>) {
        let Some(account) = self.jobs.get(&job).map(|live| live.account.clone()) else { return };
        let scope = Scope::Account(account.clone());
        if self.pauses.iter().any(|pause| pause.scope == scope) {
            return;
        }
        let why = moved.note.as_ref().map(|note| note.detail.clone()).unwrap_or_default();
        let kind = moved.reason.clone().unwrap_or_default();
        self.pauses.push(Paused {
            scope: scope.clone(),
            kind: kind.clone(),
            why: why.clone(),
            since: now,
            until,
        });
        self.desk.put(Change::Pause { scope, kind, why, until }, Purpose::Aside(account));
    }

    /// What an end teaches: slots, durations, outcomes.
    fn learn(&mut self, now: Timestamp, job: JobId, how: &How, moved: &Moved) {
        let Some(live) = self.jobs.get(&job) else { return };
        let (name, step) = (live.account.clone(), live.step.clone());
        let was_held_up = live.was_queued;
        let lasted = micros(now.since(live.begun));
        let waited = micros(live.begun.since(live.waited_since));
        if let Some(account) = self.accounts.get_mut(&name) {
            let before = account.slots.limit();
            match how {
                How::Finished if !was_held_up => account.slots.on_clean(),
                How::QueueFull => account.on_full(now),
                How::Finished
                | How::NotExecuted { .. }
                | How::Failed
                | How::AccountPaused { .. }
                | How::Undecided
                | How::Cancelled => {}
            }
            if account.slots.limit() != before {
                self.remember_slots(&name);
            }
        }
        let mut observe = |series: String, value: u64| {
            self.desk.put(Change::Observe { series, value }, Purpose::Aside(name.clone()));
        };
        if *how == How::Finished {
            observe(format!("duration/{step}"), lasted);
            observe("wait/slots".to_owned(), waited);
        }
        let kind = moved.end.as_ref().map(|end| end.kind.clone()).or_else(|| moved.reason.clone());
        observe(format!("outcome/{}", kind.unwrap_or_default()), 1);
    }

    /// A result that comes after the job was given up.
    fn end_late(&mut self, now: Timestamp, job: JobId, how: &How, end: End, charge: Option<Charge>) {
        if *how != How::Finished {
            return;
        }
        let account = self.late.iter().find(|(late, _)| *late == job).map(|(_, account)| account.clone());
        let Some(account) = account else { return };
        let Some(fence) = self.accounts.get(&account).and_then(|one| one.fence.clone()) else { return };
        let mut moved = over(now, State::Finished, end);
        moved.charge = charge;
        if let Some(note) = &mut moved.note {
            "finished_late".clone_into(&mut note.what);
        }
        let from = vec![State::Failed, State::Unknown, State::Cancelled];
        self.desk.put(Change::Move { fence, job, from, to: Box::new(moved) }, Purpose::Aside(account));
        self.outputs.push_back(Output::Moved { job, state: State::Finished, detail: "late".to_owned() });
    }

    /// The end is written.
    pub(super) fn on_ended(&mut self, now: Timestamp, job: JobId) {
        let Some(live) = self.jobs.remove(&job) else { return };
        self.ended_since.insert(job);
        if live.state.is_over() && live.state != State::Finished {
            if self.late.len() >= MOST_LATE {
                self.late.pop_front();
            }
            self.late.push_back((job, live.account));
        }
        // A slot is free.
        self.look_at = now;
    }
}

fn may_resend(live: &Live) -> bool {
    live.resend_undecided && live.sends < live.most_sends.unwrap_or(MOST_UNDECIDED_SENDS)
}

fn over(now: Timestamp, state: State, end: End) -> Moved {
    Moved {
        state: Some(state),
        reason: Some(String::new()),
        note: Some(note(now, state.name(), &end.text)),
        end: Some(end),
        ..Moved::default()
    }
}

/// It waits again, as if nothing of it had been sent.
fn again(now: Timestamp, live: &Live, end: End, wait: Duration) -> Moved {
    Moved {
        state: Some(State::WaitingForSlot),
        forget_checkpoint: true,
        reason: Some(end.kind),
        run_at: Some(now.after(wait)),
        unbind: live.is_free,
        note: Some(note(now, "waits_again", &end.text)),
        ..Moved::default()
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
