//! The pure core of the driver: inputs in, outputs out. It feeds the generations, decides whose
//! turn it is, and says when the channel is read. It does no input or output and reads no clock.

mod gateway;
#[cfg(test)]
mod kept;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use journeyman_midjourney::claim::{By, Claim, Standing, claim};
use journeyman_midjourney::generation::{
    Deadlines, Generation, GenerationRecord, Input as Step, Look as Seen, Output as Wish, Plan,
    ProgressVisibility, Reason, Report, Sent, Tracked,
};
use journeyman_midjourney::order::{Answered, Order};
use journeyman_midjourney::outcome::{Hindrance, NotSent, Outcome};
use journeyman_midjourney::{Failure, FailureKind, Meaning, Sighting};
use journeyman_model::{CommandVersion, MessageId, UserId};
use journeyman_moment::Moment;

pub(crate) use gateway::Heard;
pub use gateway::WatchedBy;
#[cfg(test)]
pub(super) use {gateway::MOST_GONE, kept::Kept};

use self::gateway::Link;
use super::watch::{Look, Next, Page, Urgency, Wanted, Watch};
use crate::drift::Alarm;
use crate::panel::Panel;
use crate::settings::{Poll, WatchMode};

/// How many ids of jobs that are over are remembered.
pub(super) const MOST_OVER: usize = 1_024;

/// How many final messages are remembered at most; older ones are known by their job's id.
pub(super) const MOST_TAKEN: usize = 4_096;

/// How many refusals to read the channel in a row end what is watched.
const MOST_DENIED: u32 = 3;

/// A job's number, in the order of their coming.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct JobNumber(pub(crate) u64);

/// What the core is made with.
#[derive(Debug, Clone)]
pub(crate) struct CoreSettings {
    pub(crate) deadlines: Deadlines,
    pub(crate) poll: Poll,
    pub(crate) progress: ProgressVisibility,
    pub(crate) watch: WatchMode,
    /// How long the gateway is awaited before the channel is read instead.
    pub(crate) gateway_patience: Duration,
    pub(crate) seed: u64,
}

/// A new job.
#[derive(Debug)]
pub(crate) struct Start {
    pub(crate) order: Order,
    pub(crate) nonce: String,
    pub(crate) form_nonce: String,
    pub(crate) queued_is_error: bool,
}

/// What happens.
#[derive(Debug)]
pub(crate) enum Input {
    /// A new job.
    Start { job: JobNumber, start: Box<Start> },
    /// A job that was stored.
    Resume { job: JobNumber, generation: Box<Generation> },
    /// The caller of a job stops waiting. A request that was still waiting to be sent was kept back.
    Cancel { job: JobNumber, has_left: bool },
    /// A request was kept from leaving, as [`Output::Withdraw`] asked.
    Withdrawn { job: JobNumber },
    /// A human acted: the account's pause ends.
    Unpause,
    /// Our own account is known, or cannot be.
    Identified(Result<UserId, NotSent>),
    /// What became of a request.
    Sent { job: JobNumber, sent: Sent },
    /// A page that was asked for.
    Page(Page),
    /// A page that was asked for could not be read.
    PageFailed(NotSent),
    /// The gateway is up, for this account: with all that was missed replayed, or as a session that knows nothing of it.
    GatewayUp { user: UserId, resumed: bool },
    /// The gateway is down, and will be up again.
    GatewayDown,
    /// The gateway is up, and some events were lost.
    GatewayGap,
    /// The gateway will not be up again.
    GatewayEnded(NotSent),
    /// The gateway told an event.
    Heard(Heard),
    /// Time passed.
    Tick,
}

/// What is to be done, in order.
#[derive(Debug)]
pub(crate) enum Output {
    /// Find out who we are.
    Identify,
    /// Keep the gateway connected from here on.
    Connect,
    /// How the channel is followed has changed.
    WatchedBy(WatchedBy),
    /// Read one page of the channel, and answer with [`Input::Page`] or [`Input::PageFailed`].
    Read(Wanted),
    /// Store the job's record before anything that follows.
    Journal { job: JobNumber },
    /// Send the job's request before `deadline`, and answer with [`Input::Sent`].
    Send { job: JobNumber, order: Box<Order>, nonce: String, rediscover: bool, deadline: Moment },
    /// Send the answer to the form that the job's request opened, and answer with [`Input::Sent`].
    Answer { job: JobNumber, answered: Answered, nonce: String, deadline: Moment },
    /// Keep the job's request from leaving if it still can be, and answer with [`Input::Withdrawn`].
    Withdraw { job: JobNumber },
    /// Tell the job's caller.
    Report { job: JobNumber, report: Report },
    /// The job ended; comes again with a late result.
    Ended { job: JobNumber, outcome: Outcome },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Identity {
    /// Not known; asked for from this moment on.
    Unknown {
        ask_at: Moment,
    },
    Asked,
    Known(UserId),
}

/// The core.
#[derive(Debug)]
pub(crate) struct Core {
    settings: CoreSettings,
    identity: Identity,
    jobs: BTreeMap<JobNumber, Generation>,
    watch: Watch,
    /// Whether progress can be seen in this channel, once learnt.
    progress_seen: Option<bool>,
    /// Final messages that belong to a job already; they are read again and again.
    taken: BTreeSet<MessageId>,
    /// Midjourney's ids of jobs that are over, newest last: a message that comes twice is not
    /// taken for another job's with the same prompt.
    over: VecDeque<String>,
    /// Jobs whose request was asked to be kept back.
    withdrawn: BTreeSet<JobNumber>,
    /// Messages that were heard to be deleted; a page that was read before may still hold them.
    gone: BTreeSet<MessageId>,
    link: Link,
    shown_watched_by: Option<WatchedBy>,
    /// How many reads in a row were refused.
    denied: u32,
    /// What a human must act on before anything more is sent. Nothing is ever pressed or tried for it.
    pause: Option<Failure>,
    /// What Midjourney shows that this program does not know.
    alarm: Alarm,
    outputs: VecDeque<Output>,
}

impl Core {
    pub(crate) fn new(settings: CoreSettings) -> Self {
        Self {
            watch: Watch::new(settings.poll, settings.seed),
            settings,
            identity: Identity::Unknown { ask_at: Moment::ORIGIN },
            jobs: BTreeMap::new(),
            progress_seen: None,
            taken: BTreeSet::new(),
            over: VecDeque::new(),
            withdrawn: BTreeSet::new(),
            gone: BTreeSet::new(),
            link: Link::Unused,
            shown_watched_by: None,
            denied: 0,
            pause: None,
            alarm: Alarm::default(),
            outputs: VecDeque::new(),
        }
    }

    /// Takes one input.
    pub(crate) fn on(&mut self, now: Moment, input: Input) {
        match input {
            Input::Start { job, start } => {
                let Start { order, nonce, form_nonce, queued_is_error } = *start;
                self.note_cancel(&order);
                let plan = Plan {
                    order,
                    nonce,
                    form_nonce,
                    deadlines: self.settings.deadlines,
                    progress_visible: self.progress_visible(),
                    queued_is_error,
                };
                self.jobs.insert(job, Generation::new(now, plan));
            }
            Input::Resume { job, mut generation } => {
                // The gateway tells nothing of what was before.
                generation.on(now, Step::Missed);
                if let Some(outcome) = generation.outcome().cloned() {
                    self.outputs.push_back(Output::Journal { job });
                    self.outputs.push_back(Output::Ended { job, outcome });
                }
                self.jobs.insert(job, *generation);
            }
            Input::Cancel { job, has_left } => self.step(now, job, Step::Cancel { has_left }),
            Input::Withdrawn { job } => {
                if let Some(failure) = self.pause.clone() {
                    self.step(now, job, Step::Withdrawn(Outcome::Failed(failure)));
                }
            }
            Input::Unpause => self.pause = None,
            Input::Identified(who) => self.on_identified(now, who),
            Input::Sent { job, sent } => self.step(now, job, Step::Sent(sent)),
            Input::Page(page) => self.on_page(now, page),
            Input::PageFailed(why) => self.on_page_failed(now, &why),
            Input::GatewayUp { user, resumed } => self.on_gateway_up(now, user, resumed),
            Input::GatewayDown => self.on_gateway_down(now),
            Input::GatewayGap => self.on_gateway_gap(now),
            Input::GatewayEnded(why) => self.on_gateway_ended(now, &why),
            Input::Heard(heard) => self.on_heard(now, heard),
            Input::Tick => self.step_all(now, |_| Some(Step::Tick)),
        }
        self.settle(now);
    }

    /// The next output, in order, until `None`.
    pub(crate) fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When [`Input::Tick`] is due at the latest. Earlier ticks are harmless.
    pub(crate) fn next_wakeup(&self) -> Option<Moment> {
        let caps = self.jobs.values().filter(|one| one.standing().is_some()).map(Generation::cap);
        let ask = match self.identity {
            Identity::Unknown { ask_at } if self.asks_itself() => Some(ask_at),
            Identity::Unknown { .. } | Identity::Asked | Identity::Known(_) => None,
        };
        caps.chain(self.watch.due(self.urgency(), self.decides_at()))
            .chain(ask)
            .chain(self.patience_ends())
            .min()
    }

    /// A job's record; `None` for a job that is over and forgotten.
    pub(crate) fn record(&self, job: JobNumber, now: Moment, unix_us: i64) -> Option<GenerationRecord> {
        self.jobs.get(&job).map(|one| one.to_record(now, unix_us))
    }

    /// Whether anything may still come of a job.
    pub(crate) fn knows(&self, job: JobNumber) -> bool {
        self.jobs.contains_key(&job)
    }

    /// What a job waits for.
    pub(crate) fn reason(&self, job: JobNumber) -> Option<Reason> {
        self.jobs.get(&job)?.reason()
    }

    /// What was seen that this program does not know.
    pub(crate) fn alarm(&self) -> &Alarm {
        &self.alarm
    }

    /// A command was sent in this version.
    pub(crate) fn note_version(&mut self, command: &str, version: CommandVersion) {
        self.alarm.sent(command, version);
    }

    /// What each job waits for, where it waits.
    pub(crate) fn reasons(&self) -> impl Iterator<Item = (JobNumber, Reason)> {
        self.jobs.iter().filter_map(|(job, one)| Some((*job, one.reason()?)))
    }

    /// What may be pressed on a job's progress message.
    pub(crate) fn progress_panel(&self, job: JobNumber) -> Option<Panel> {
        let one = self.jobs.get(&job)?;
        let (message, application, flags, buttons) = one.progress_panel()?;
        Some(Panel::new(message, application, flags, buttons.to_vec()))
    }

    /// The ids a caller may need to look a job up in Discord.
    pub(crate) fn ids(&self, job: JobNumber) -> (Option<MessageId>, Option<String>) {
        let Some(one) = self.jobs.get(&job) else { return (None, None) };
        (one.message(), one.job_id().map(str::to_owned))
    }

    /// A job that this order cancels is stopped by ourselves, and not by moderation.
    fn note_cancel(&mut self, order: &Order) {
        let Some(job_id) = order.cancels() else { return };
        let is_it = |one: &&mut Generation| one.job_id() == Some(job_id.as_str());
        if let Some(one) = self.jobs.values_mut().find(is_it) {
            one.expect_stop();
        }
    }

    fn on_identified(&mut self, now: Moment, who: Result<UserId, NotSent>) {
        match who {
            Ok(user) => self.identity = Identity::Known(user),
            Err(why) => {
                self.identity = Identity::Unknown { ask_at: now + self.settings.poll.late };
                self.step_all(now, |_| Some(Step::Hindered(why.clone())));
                self.on_denied(now, &why);
            }
        }
    }

    fn on_page(&mut self, now: Moment, page: Page) {
        match self.watch.page(now, page) {
            Some(Next::Done(look)) => self.on_look(now, &look),
            Some(Next::More(wanted)) => self.outputs.push_back(Output::Read(wanted)),
            None => {}
        }
    }

    fn on_page_failed(&mut self, now: Moment, why: &NotSent) {
        self.watch.failed(now);
        self.on_denied(now, why);
        self.step_all(now, |one| {
            Some(if one.waits_for_baseline() { Step::Hindered(why.clone()) } else { Step::Blind })
        });
    }

    /// A refusal to let us look ends what is watched: at once for a dead token, after a few for a channel,
    /// which can be closed for a moment. The jobs go on, and a late result still counts.
    fn on_denied(&mut self, now: Moment, why: &NotSent) {
        let is_dead = why.why == Hindrance::TokenRefused;
        let is_denied = is_dead || matches!(why.why, Hindrance::Unauthorized | Hindrance::ChannelUnknown);
        self.denied = if is_denied { self.denied.saturating_add(1) } else { 0 };
        if !is_denied || self.denied < MOST_DENIED && !is_dead {
            return;
        }
        let mut failure = Failure::new(FailureKind::Unauthorized);
        let detail = format!("{}; the job goes on at Midjourney and may be charged", why.detail);
        failure.notice.text = Some(detail);
        self.step_all(now, |one| one.is_out().then(|| Step::Lost(failure.clone())));
    }

    fn on_look(&mut self, now: Moment, look: &Look) {
        self.denied = 0;
        for (message, sighting) in &look.messages {
            if !self.gone.contains(message) {
                self.on_news(now, Some(*message), sighting);
            }
        }
        let events = self.events(now);
        // Those that run hold a slot; a later one without a sign may stand in the queue behind them.
        let first_running = self.jobs.iter().find(|(_, one)| one.is_running()).map(|(job, _)| *job);
        let numbers: Vec<JobNumber> = self.jobs.keys().copied().collect();
        for job in numbers {
            let Some(one) = self.jobs.get(&job) else { continue };
            let seen = Seen {
                began: look.began,
                tracked: self.tracked(one, look),
                held_up: first_running.is_some_and(|first| first < job),
                events,
            };
            self.step(now, job, Step::Looked(seen));
        }
        self.forget_taken();
    }

    /// What a look or the gateway says of a job's progress message.
    fn tracked(&self, one: &Generation, look: &Look) -> Tracked {
        let message = one.message();
        if message.is_some_and(|message| self.gone.contains(&message)) {
            Tracked::Absent
        } else if one.is_ephemeral() {
            // No page ever shows it, so its absence there says nothing.
            Tracked::Unknown
        } else {
            look.tracked(message)
        }
    }

    /// A message that was read, or an event that was heard. What both show is one.
    fn on_news(&mut self, now: Moment, message: Option<MessageId>, sighting: &Sighting) {
        self.alarm.saw(message, sighting);
        let is_taken = message.is_some_and(|message| self.taken.contains(&message));
        if sighting.meaning != Meaning::NotASighting && !is_taken && !self.is_over(sighting) {
            self.on_sighting(now, message, sighting);
        }
    }

    fn on_sighting(&mut self, now: Moment, message: Option<MessageId>, sighting: &Sighting) {
        let Some((job, by)) = self.owner(sighting) else { return };
        tracing::debug!(job = job.0, ?message, ?by, meaning = ?sighting.meaning, "sighting bound");
        let is_first = |one: &Generation| one.message().is_none() && one.job_id().is_none();
        if by == By::Prompt
            && self.watched_by() == WatchedBy::Gateway
            && self.jobs.get(&job).is_some_and(is_first)
        {
            self.alarm.bound_by_prompt();
        }
        self.learn_visibility(now, job, sighting);
        if sighting.is_result() {
            self.taken.extend(message);
            // Looks, which forget them, are rare while the gateway tells everything.
            if self.taken.len() > MOST_TAKEN {
                self.taken.pop_first();
            }
        }
        self.step(now, job, Step::Sighting(Box::new(sighting.clone())));
    }

    /// Whether it tells of a job that is over, and answers nothing that was asked since.
    fn is_over(&self, sighting: &Sighting) -> bool {
        let keys = &sighting.keys;
        let is_answer = keys.nonce.is_some() || keys.interaction.is_some();
        !is_answer && keys.job_id.as_ref().is_some_and(|job_id| self.over.contains(job_id))
    }

    /// Remembers the id of a job that nothing more is wanted of.
    fn note_over(&mut self, job: JobNumber) {
        let Some(job_id) = self.jobs.get(&job).and_then(Generation::job_id) else { return };
        if self.over.len() >= MOST_OVER {
            self.over.pop_front();
        }
        self.over.push_back(job_id.to_owned());
    }

    fn owner(&self, sighting: &Sighting) -> Option<(JobNumber, By)> {
        let (numbers, claimants): (Vec<JobNumber>, Vec<_>) =
            self.jobs.iter().filter_map(|(job, one)| Some((*job, one.claimant(one.standing()?)))).unzip();
        let user = match self.identity {
            Identity::Known(user) => Some(user),
            Identity::Unknown { .. } | Identity::Asked => None,
        };
        match claim(sighting, user, &claimants) {
            Claim::Owner(index, by) => Some((*numbers.get(index)?, by)),
            Claim::Nobody => None,
            Claim::Ambiguous => {
                tracing::warn!(message = ?sighting.keys.message, "a sighting fits more than one job and is given to none");
                None
            }
        }
    }

    /// In the mode `Auto`, what is seen of one job tells what can be seen of the others.
    fn learn_visibility(&mut self, now: Moment, job: JobNumber, sighting: &Sighting) {
        if self.settings.progress != ProgressVisibility::Auto {
            return;
        }
        let before = self.progress_seen;
        if matches!(sighting.meaning, Meaning::Waiting | Meaning::Progress { .. }) {
            self.progress_seen = Some(!sighting.is_ephemeral());
        } else if sighting.meaning == Meaning::Finished
            && self.jobs.get(&job).is_some_and(|one| one.message().is_none())
        {
            self.progress_seen = self.progress_seen.or(Some(false));
        }
        if self.progress_seen != before {
            let visible = self.progress_visible();
            self.jobs.values_mut().for_each(|one| one.set_progress_visible(now, visible));
        }
    }

    fn progress_visible(&self) -> bool {
        if self.link == Link::Up {
            return true;
        }
        match self.settings.progress {
            ProgressVisibility::Visible => true,
            ProgressVisibility::Hidden => false,
            ProgressVisibility::Auto => self.progress_seen.unwrap_or(false),
        }
    }

    /// Everything that follows from the state alone.
    fn settle(&mut self, now: Moment) {
        if let Some(failure) = self.pause.clone() {
            self.step_all(now, |_| Some(Step::Paused(failure.clone())));
            self.withdraw();
        }
        self.connect(now);
        self.identify(now);
        self.give_turns(now);
        self.give_baselines(now);
        self.read_when_due(now);
    }

    fn wants_identity(&self) -> bool {
        self.jobs.values().any(|one| one.waits_for_turn() || one.standing().is_some())
    }

    /// The gateway says who we are; only where there is none it must be asked.
    fn asks_itself(&self) -> bool {
        self.wants_identity() && self.watched_by() == WatchedBy::Polling
    }

    fn identify(&mut self, now: Moment) {
        let Identity::Unknown { ask_at } = self.identity else { return };
        if ask_at <= now && self.asks_itself() {
            self.identity = Identity::Asked;
            self.outputs.push_back(Output::Identify);
        }
    }

    /// Confusable prompts are never unbound at once: nothing could tell their results apart.
    fn give_turns(&mut self, now: Moment) {
        if !matches!(self.identity, Identity::Known(_)) {
            return;
        }
        let waiting: Vec<JobNumber> =
            self.jobs.iter().filter(|(_, one)| one.waits_for_turn()).map(|(job, _)| *job).collect();
        for job in waiting {
            let Some(one) = self.jobs.get(&job) else { continue };
            let is_clear =
                !self.jobs.values().any(|other| other.is_unbound() && other.is_confusable_with(one));
            if is_clear {
                self.step(now, job, Step::Turn);
            }
        }
    }

    /// Requests that still wait in the limiter do not leave a paused account.
    fn withdraw(&mut self) {
        for (job, one) in &self.jobs {
            if one.is_sending() && self.withdrawn.insert(*job) {
                self.outputs.push_back(Output::Withdraw { job: *job });
            }
        }
    }

    fn give_baselines(&mut self, now: Moment) {
        let Some(baseline) = self.watch.baseline(now) else { return };
        self.step_all(now, |one| one.waits_for_baseline().then_some(Step::Baseline(baseline.newest)));
    }

    fn urgency(&self) -> Urgency {
        // Before we know who we are, nothing that is read can be told from other people's.
        if !matches!(self.identity, Identity::Known(_)) || self.watched_by() == WatchedBy::Nothing {
            return Urgency::Idle;
        }
        let of = |one: &Generation| {
            if one.waits_for_baseline() {
                Urgency::Now
            } else if one.is_out() {
                Urgency::Live
            } else if one.awaits_late_result() {
                Urgency::Late
            } else {
                Urgency::Idle
            }
        };
        self.jobs.values().map(of).max().unwrap_or(Urgency::Idle)
    }

    fn read_when_due(&mut self, now: Moment) {
        if self.watch.due(self.urgency(), self.decides_at()).is_some_and(|due| due <= now) {
            let tracked = if self.watch.has_looked() {
                self.jobs.values().filter(|one| one.is_out()).filter_map(Generation::message).min()
            } else {
                // The first look reaches back to where the oldest job began.
                self.jobs.values().filter_map(Generation::began_after).min()
            };
            let wanted = self.watch.begin(now, tracked);
            self.outputs.push_back(Output::Read(wanted));
        }
    }

    fn step_all(&mut self, now: Moment, step: impl Fn(&Generation) -> Option<Step>) {
        let numbers: Vec<JobNumber> = self.jobs.keys().copied().collect();
        for job in numbers {
            if let Some(input) = self.jobs.get(&job).and_then(&step) {
                self.step(now, job, input);
            }
        }
    }

    fn step(&mut self, now: Moment, job: JobNumber, input: Step) {
        let Some(one) = self.jobs.get_mut(&job) else { return };
        let before = one.standing();
        one.on(now, input);
        while let Some(wish) = one.poll() {
            self.outputs.push_back(match wish {
                Wish::Journal => Output::Journal { job },
                Wish::Send { rediscover } => Output::Send {
                    job,
                    order: Box::new(one.order().clone()),
                    nonce: one.nonce().to_owned(),
                    rediscover,
                    deadline: one.cap(),
                },
                Wish::Answer(answered) => {
                    Output::Answer { job, answered, nonce: one.form_nonce().to_owned(), deadline: one.cap() }
                }
                Wish::Report(report) => Output::Report { job, report },
                Wish::Ended(outcome) => {
                    if let Outcome::Failed(failure) = &outcome
                        && failure.kind.pauses_account()
                    {
                        self.pause = Some(failure.clone());
                    }
                    Output::Ended { job, outcome }
                }
            });
        }
        if before.is_some() && one.standing().is_none() {
            self.note_over(job);
        }
    }

    /// Forgets jobs of which nothing more can come. Call it when the outputs have been read, since
    /// they speak of them.
    pub(crate) fn forget(&mut self, now: Moment) {
        self.jobs.retain(|_, one| one.outcome().is_none() || one.standing().is_some() && now < one.cap());
        let Self { jobs, withdrawn, .. } = self;
        withdrawn.retain(|job| jobs.contains_key(job));
    }

    /// A taken message matters only to those whose baseline is older.
    fn forget_taken(&mut self) {
        let oldest = self
            .jobs
            .values()
            .filter(|one| one.standing().is_some())
            .map(|one| one.claimant(Standing::Live).baseline.unwrap_or(MessageId::new(0)))
            .min();
        match oldest {
            Some(oldest) => self.taken = self.taken.split_off(&oldest),
            None => self.taken.clear(),
        }
    }
}
