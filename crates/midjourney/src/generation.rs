//! One generation as a state machine: inputs in, outputs out, storable at every step.
//!
//! It does no input or output, and it does not decide whose a sighting is (`claim` does).
//!
//! Absence is only ever decided by a successful look that began after the deadline, so a
//! network that fails for an hour ends no generation; only the hard cap runs on regardless.

mod deadline;
mod form;
mod record;
mod silence;
mod view;

use std::collections::VecDeque;

use journeyman_model::{ApplicationId, InteractionId, MessageId};
use journeyman_moment::Moment;

use crate::expect::Expect;
use crate::failure::{Failure, FailureKind};
use crate::normalise::Normalised;
use crate::order::{Answered, Order};
use crate::outcome::{Finished, NotSent, Outcome};
use crate::sighting::{Button, Meaning, Mode, Sighting};

pub use deadline::{Deadlines, ProgressVisibility};
pub use record::{ButtonRecord, ChoiceRecord, FileRecord, GenerationRecord, OutcomeRecord, RecordError};

/// What happens to a generation.
#[derive(Debug, Clone)]
pub enum Input {
    /// It is its turn: no generation with a confusable prompt is unbound.
    Turn,
    /// The newest message of the channel; `None` for an empty channel.
    Baseline(Option<MessageId>),
    /// What became of the request.
    Sent(Sent),
    /// A sighting that belongs to this generation.
    Sighting(Box<Sighting>),
    /// The channel was read with success.
    Looked(Look),
    /// Everything that happened up to now was heard, so nothing was missed.
    Heard,
    /// The channel could not be read.
    Blind,
    /// Events were lost for good. What was public is read back; what only the account was shown is not told again.
    Missed,
    /// Nothing can be sent; ends a generation whose request has not left.
    Hindered(NotSent),
    /// The account is paused until a human acted; ends a generation whose request has not left.
    Paused(Failure),
    /// The request was kept from leaving, and this is what that means.
    Withdrawn(Outcome),
    /// The channel cannot be read any more, and will not be.
    Lost(Failure),
    /// The caller stops waiting.
    Cancel {
        /// Whether the request has left. Only asked while it is being sent.
        has_left: bool,
    },
    /// Time passed.
    Tick,
}

/// What became of the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sent {
    /// Discord took it (204). That is not yet acceptance by the bot.
    Accepted,
    /// Discord answered and refused; it was not executed.
    Refused(Failure),
    /// No answer: it may have been executed.
    Unsure(String),
    /// It certainly was not executed.
    NotSent(NotSent),
}

/// One successful read of the channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// When the read began.
    pub began: Moment,
    /// What it said of the progress message.
    pub tracked: Tracked,
    /// Whether a job of the same account that was sent earlier is still running, so that
    /// this one may stand in Midjourney's queue without a visible sign.
    pub held_up: bool,
    /// What the gateway tells besides.
    pub events: Events,
}

/// What the gateway tells of events that no read shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Events {
    /// Nothing: there is no gateway.
    Untold,
    /// It is down, and may tell later what happened meanwhile: silence proves nothing yet.
    Pending,
    /// Every one, at once: a single look is proof enough.
    Told,
}

/// What a read says of the progress message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tracked {
    /// It is there.
    Present,
    /// It is gone.
    Absent,
    /// There is none, or the read did not reach back to it.
    Unknown,
}

/// What a generation wants done, or tells.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// Store the record, before anything that follows.
    Journal,
    /// Send the request.
    Send {
        /// Whether the command must be discovered anew first.
        rediscover: bool,
    },
    /// Send the answer to the form that opened.
    Answer(Answered),
    /// Tell the caller.
    Report(Report),
    /// It ended. May come a second time, with a late result.
    Ended(Outcome),
}

/// What a caller is told on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Report {
    /// The request left.
    Submitted,
    /// Discord took the request.
    Accepted,
    /// The bot opened a form, which is being answered.
    FormOpened {
        /// Its title.
        title: Option<String>,
    },
    /// No answer came; watching for a sign instead of sending again.
    Unsure,
    /// Midjourney will start it.
    Waiting,
    /// It stands in Midjourney's queue.
    Queued,
    /// It runs.
    Progress {
        /// 0 to 100.
        percent: u8,
        /// A preview picture's address.
        preview: Option<String>,
    },
    /// It is paused.
    Paused,
    /// The progress message is gone; the final is awaited.
    Vanished,
}

/// What a generation waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// An equal prompt that is not yet bound.
    Turn,
    /// The newest message of the channel.
    Baseline,
    /// Discord's answer to the request.
    Answer,
    /// The first sign of the job.
    FirstSign,
    /// A form that a press opens.
    Form,
    /// Progress.
    Progress,
    /// Midjourney's queue.
    Queue,
    /// The final, after the progress message vanished.
    Grace,
}

impl Reason {
    /// One word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Turn => "turn",
            Self::Baseline => "baseline",
            Self::Answer => "answer",
            Self::FirstSign => "first-sign",
            Self::Form => "form",
            Self::Progress => "progress",
            Self::Queue => "queue",
            Self::Grace => "grace",
        }
    }
}

/// What a generation is made of.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What is asked.
    pub order: Order,
    /// The request's nonce.
    pub nonce: String,
    /// The nonce of a form's answer.
    pub form_nonce: String,
    /// How long to wait for what.
    pub deadlines: Deadlines,
    /// Whether progress messages can be seen. Resolve `Auto` before.
    pub progress_visible: bool,
    /// Whether being queued ends the generation as an error.
    pub queued_is_error: bool,
}

/// One generation.
#[derive(Debug, Clone)]
pub struct Generation {
    plan: Plan,
    expect: Expect,
    /// Of what has a prompt, for matching.
    normalised: Option<Normalised>,
    state: State,
    seen: Seen,
    attempts: u8,
    /// When silence is too long, given a look that began later.
    deadline: Moment,
    /// When waiting ends regardless.
    cap: Moment,
    /// Since when the channel could not be read.
    blind_since: Option<Moment>,
    last_look: Moment,
    /// A cancelled one has seen its final: nothing more is its own.
    spent: bool,
    /// It ended because nothing could be read any more; it goes on at Midjourney.
    lost: bool,
    outputs: VecDeque<Output>,
}

#[derive(Debug, Clone, PartialEq)]
enum State {
    WaitingForTurn,
    WaitingForBaseline,
    Sending,
    /// The request left; `unsure` keeps what is known when no answer came.
    Watching {
        unsure: Option<String>,
        vanished: Option<Vanished>,
    },
    Ended(Outcome),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Vanished {
    since: Moment,
    looks: u32,
}

/// What has been seen of the job.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Seen {
    baseline: Option<MessageId>,
    message: Option<MessageId>,
    job_id: Option<String>,
    interaction: Option<InteractionId>,
    percent: Option<u8>,
    /// Whether only the gateway shows the progress message.
    ephemeral: bool,
    sign: bool,
    queued: bool,
    paused: bool,
    relaxed: bool,
    /// A form opened and was answered.
    asked: bool,
    /// Somebody pressed Cancel Job for it.
    cancelled: bool,
    /// Events were lost while it was out; not stored, since one that is taken up again has missed some anyway.
    missed: bool,
    /// What may be pressed on the progress message; not stored, since it comes again.
    buttons: Vec<Button>,
    application: Option<ApplicationId>,
}

impl Generation {
    /// A generation that waits for its turn.
    pub fn new(now: Moment, plan: Plan) -> Self {
        let normalised = plan.order.shown_prompt().map(|prompt| Normalised::of(&prompt));
        let relaxed = normalised.as_ref().is_some_and(|prompt| prompt.has_flag("relax"));
        Self {
            expect: plan.order.expects(),
            normalised,
            state: State::WaitingForTurn,
            seen: Seen { relaxed, ..Seen::default() },
            attempts: 0,
            deadline: Moment::MAX,
            // Waiting for a turn is bounded by the caps of those before.
            cap: Moment::MAX,
            blind_since: None,
            last_look: now,
            spent: false,
            lost: false,
            outputs: VecDeque::new(),
            plan,
        }
    }

    /// Takes one input.
    pub fn on(&mut self, now: Moment, input: Input) {
        match input {
            Input::Turn => self.on_turn(),
            Input::Baseline(newest) => self.on_baseline(now, newest),
            Input::Sent(sent) => self.on_sent(now, sent),
            Input::Sighting(sighting) => self.on_sighting(now, &sighting),
            Input::Looked(look) => self.on_looked(now, look),
            Input::Heard => {
                self.catch_up(now);
                self.last_look = now;
            }
            Input::Blind => {
                self.blind_since.get_or_insert(self.last_look);
            }
            Input::Missed => self.seen.missed |= self.is_out(),
            Input::Hindered(not_sent) => self.end_unsent(Outcome::NotSent(not_sent)),
            Input::Paused(failure) => self.end_unsent(Outcome::Failed(failure)),
            Input::Withdrawn(outcome) => self.on_withdrawn(outcome),
            Input::Lost(failure) => self.on_lost(failure),
            Input::Cancel { has_left } => self.on_cancel(has_left),
            Input::Tick => self.on_tick(now),
        }
    }

    /// The next output, in order, until `None`.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When [`Input::Tick`] is due, and what is waited for. Earlier ticks are harmless.
    pub fn next_wakeup(&self) -> Option<(Moment, Reason)> {
        let reason = self.reason()?;
        (self.cap != Moment::MAX).then_some((self.cap, reason))
    }

    /// What is waited for; `None` when it ended.
    pub fn reason(&self) -> Option<Reason> {
        match &self.state {
            State::WaitingForTurn => Some(Reason::Turn),
            State::WaitingForBaseline => Some(Reason::Baseline),
            State::Sending => Some(Reason::Answer),
            State::Watching { vanished: Some(_), .. } => Some(Reason::Grace),
            State::Watching { .. } if self.seen.queued && !self.seen.sign => Some(Reason::Queue),
            State::Watching { .. } if self.awaits_form() => Some(Reason::Form),
            State::Watching { .. } if !self.seen.sign => Some(Reason::FirstSign),
            State::Watching { .. } => Some(Reason::Progress),
            State::Ended(_) => None,
        }
    }

    fn on_turn(&mut self) {
        if self.state == State::WaitingForTurn {
            self.state = State::WaitingForBaseline;
        }
    }

    fn on_baseline(&mut self, now: Moment, newest: Option<MessageId>) {
        if self.state != State::WaitingForBaseline {
            return;
        }
        self.seen.baseline = newest;
        self.cap = now + self.plan.deadlines.cap;
        self.send(false);
        self.outputs.push_back(Output::Report(Report::Submitted));
    }

    /// Journals first: after a crash between the two, the record says that a request may be out.
    fn send(&mut self, rediscover: bool) {
        self.state = State::Sending;
        self.attempts = self.attempts.saturating_add(1);
        self.outputs.push_back(Output::Journal);
        self.outputs.push_back(Output::Send { rediscover });
    }

    fn on_sent(&mut self, now: Moment, sent: Sent) {
        if self.state != State::Sending {
            return;
        }
        match sent {
            Sent::Accepted => self.watch(now, None, Report::Accepted),
            Sent::Unsure(detail) => self.watch(now, Some(detail), Report::Unsure),
            // A sign is stronger than a refusal that came after it.
            Sent::Refused(_) | Sent::NotSent(_) if self.seen.sign => self.watch(now, None, Report::Accepted),
            Sent::Refused(failure) if failure.kind == FailureKind::CommandOutdated && self.attempts < 2 => {
                self.send(true);
            }
            Sent::Refused(failure) => self.end(Outcome::Failed(failure)),
            Sent::NotSent(not_sent) => self.end(Outcome::NotSent(not_sent)),
        }
    }

    fn watch(&mut self, now: Moment, unsure: Option<String>, report: Report) {
        self.state = State::Watching { unsure, vanished: None };
        self.blind_since = None;
        self.deadline = now + self.patience();
        self.last_look = now;
        self.outputs.push_back(Output::Journal);
        self.outputs.push_back(Output::Report(report));
    }

    fn on_sighting(&mut self, now: Moment, sighting: &Sighting) {
        match &self.state {
            State::WaitingForTurn | State::WaitingForBaseline => {}
            State::Sending | State::Watching { .. } => self.on_live_sighting(now, sighting),
            State::Ended(_) => self.on_late_sighting(sighting),
        }
    }

    fn on_live_sighting(&mut self, now: Moment, sighting: &Sighting) {
        let is_news = self.bind(sighting);
        if self.is_answered_by(sighting) {
            self.end(Outcome::Finished(finished(sighting, false)));
            return;
        }
        match &sighting.meaning {
            Meaning::Waiting if is_news => self.on_sign(now, Report::Waiting),
            Meaning::Progress { percent } => self.on_progress(now, *percent, is_news, sighting),
            Meaning::Paused if !self.seen.paused => {
                self.seen.paused = true;
                self.on_sign(now, Report::Paused);
            }
            Meaning::Queued if !self.seen.queued => self.on_queued(now),
            Meaning::Accepted => self.on_sent(now, Sent::Accepted),
            Meaning::Finished if sighting.is_result() => {
                self.end(Outcome::Finished(finished(sighting, false)));
            }
            Meaning::ModalOpened(modal) => self.on_form(modal),
            Meaning::Stopped if self.seen.cancelled => self.end(Outcome::Cancelled { may_be_charged: true }),
            Meaning::Stopped => self.end(Outcome::Failed(stopped(sighting))),
            Meaning::Failed(failure) => self.end(Outcome::Failed(failure.clone())),
            Meaning::Deleted if self.seen.message == sighting.keys.message => self.on_absent(now, now),
            // Seen before, or nothing that moves a generation.
            Meaning::Waiting
            | Meaning::Paused
            | Meaning::Queued
            | Meaning::Finished
            | Meaning::Deleted
            | Meaning::UpstreamFailed { .. }
            | Meaning::Acknowledged
            | Meaning::Info
            | Meaning::Describe
            | Meaning::Shorten
            | Meaning::Settings
            | Meaning::Seed { .. }
            | Meaning::Unknown
            | Meaning::NotASighting => {}
        }
    }

    /// Learns the keys of a sighting; says whether it is the first of its message.
    fn bind(&mut self, sighting: &Sighting) -> bool {
        let keys = &sighting.keys;
        // A form names the job that it changes, not the one that it begins.
        let is_form = matches!(sighting.meaning, Meaning::ModalOpened(_));
        if self.seen.job_id.is_none() && !is_form {
            self.seen.job_id.clone_from(&keys.job_id);
        }
        if self.seen.interaction.is_none() {
            self.seen.interaction = keys.interaction;
        }
        self.seen.relaxed |= sighting.mode == Some(Mode::Relaxed);
        let is_progress =
            matches!(sighting.meaning, Meaning::Waiting | Meaning::Progress { .. } | Meaning::Paused);
        if !is_progress {
            return true;
        }
        let is_news = self.seen.message != keys.message || !self.seen.sign;
        self.seen.message = keys.message.or(self.seen.message);
        self.seen.ephemeral = sighting.is_ephemeral();
        if !sighting.buttons.is_empty() {
            self.seen.buttons.clone_from(&sighting.buttons);
            self.seen.application = sighting.application;
        }
        is_news
    }

    fn on_progress(&mut self, now: Moment, percent: u8, is_news: bool, sighting: &Sighting) {
        if !is_news && self.seen.percent == Some(percent) && !self.seen.paused {
            return;
        }
        self.seen.percent = Some(percent);
        self.seen.paused = false;
        let preview = sighting.files.first().map(|file| file.url.clone());
        self.on_sign(now, Report::Progress { percent, preview });
    }

    fn on_sign(&mut self, now: Moment, report: Report) {
        self.seen.sign = true;
        if let State::Watching { vanished, .. } = &mut self.state {
            *vanished = None;
        }
        self.renew(now);
        self.outputs.push_back(Output::Journal);
        self.outputs.push_back(Output::Report(report));
    }

    /// A deadline that starts now needs no correction for what could not be seen before.
    fn renew(&mut self, now: Moment) {
        self.blind_since = None;
        self.deadline = now + self.patience();
    }

    fn on_queued(&mut self, now: Moment) {
        self.seen.queued = true;
        self.renew(now);
        self.outputs.push_back(Output::Journal);
        self.outputs.push_back(Output::Report(Report::Queued));
        if self.plan.queued_is_error {
            self.end(Outcome::Failed(Failure::new(FailureKind::JobQueued)));
        }
    }

    /// A generation that was given up takes a late final, and nothing else; a cancelled one only
    /// notes that its final has come. One that finished stays finished.
    fn on_late_sighting(&mut self, sighting: &Sighting) {
        if !sighting.is_result() {
            return;
        }
        self.bind(sighting);
        if self.awaits_late_result() {
            self.end(Outcome::Finished(finished(sighting, true)));
        } else {
            self.spent = true;
        }
    }

    fn on_cancel(&mut self, has_left: bool) {
        let may_be_charged = match &self.state {
            State::WaitingForTurn | State::WaitingForBaseline => false,
            State::Sending => has_left,
            State::Watching { .. } => true,
            State::Ended(_) => return,
        };
        self.end(Outcome::Cancelled { may_be_charged });
    }

    fn on_lost(&mut self, failure: Failure) {
        if self.is_out() {
            self.lost = true;
            self.end(Outcome::Failed(failure));
        }
    }

    fn on_withdrawn(&mut self, outcome: Outcome) {
        if self.state == State::Sending {
            self.end(outcome);
        }
    }

    fn on_tick(&mut self, now: Moment) {
        if now < self.cap {
            return;
        }
        match &self.state {
            State::WaitingForTurn | State::WaitingForBaseline | State::Ended(_) => {}
            State::Sending => {
                self.end(Outcome::Undecided { detail: "no answer to the request".to_owned() });
            }
            State::Watching { unsure: Some(detail), .. } if !self.seen.sign => {
                let detail = detail.clone();
                self.end(Outcome::Undecided { detail });
            }
            State::Watching { .. } => self.end(Outcome::Failed(self.no_response())),
        }
    }

    /// What keeps others from sending keeps this one too, unless its request has left.
    fn end_unsent(&mut self, outcome: Outcome) {
        if matches!(self.state, State::WaitingForTurn | State::WaitingForBaseline) {
            self.end(outcome);
        }
    }

    fn end(&mut self, outcome: Outcome) {
        self.state = State::Ended(outcome.clone());
        self.outputs.push_back(Output::Journal);
        self.outputs.push_back(Output::Ended(outcome));
    }
}

fn finished(sighting: &Sighting, late: bool) -> Finished {
    Finished {
        message: sighting.keys.message,
        job_id: sighting.keys.job_id.clone(),
        files: sighting.files.clone(),
        prompt: sighting.prompt.clone(),
        mode: sighting.mode,
        buttons: sighting.buttons.clone(),
        application: sighting.application,
        flags: sighting.flags,
        reply: sighting.reply.clone(),
        late,
    }
}

fn stopped(sighting: &Sighting) -> Failure {
    let mut failure = Failure::new(FailureKind::PostModeration);
    failure.notice.text = sighting.prompt.as_ref().map(|prompt| format!("{prompt} (Stopped)"));
    failure
}

#[cfg(test)]
mod tests;
