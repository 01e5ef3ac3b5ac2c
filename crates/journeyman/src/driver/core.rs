//! The pure core of the driver: inputs in, outputs out. It feeds the generations, decides whose
//! turn it is, and says when the channel is read. It does no input or output and reads no clock.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use journeyman_midjourney::claim::{By, Claim, Standing, claim};
use journeyman_midjourney::generation::{
    Deadlines, Generation, GenerationRecord, Input as Step, Look as Seen, Output as Wish, Plan,
    ProgressVisibility, Reason, Report, Sent,
};
use journeyman_midjourney::outcome::{NotSent, Outcome};
use journeyman_midjourney::{Failure, Meaning, Sighting};
use journeyman_model::{MessageId, UserId};
use journeyman_moment::Moment;

use super::watch::{Look, Next, Page, Urgency, Watch};
use crate::settings::Poll;

/// How many ids of jobs that are over are remembered.
const MOST_OVER: usize = 1_024;

/// A job's number, in the order of their coming.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct JobNumber(pub(crate) u64);

/// What the core is made with.
#[derive(Debug, Clone)]
pub(crate) struct CoreSettings {
    pub(crate) deadlines: Deadlines,
    pub(crate) poll: Poll,
    pub(crate) progress: ProgressVisibility,
    pub(crate) seed: u64,
}

/// What happens.
#[derive(Debug)]
pub(crate) enum Input {
    /// A new job.
    Start { job: JobNumber, prompt: String, nonce: String, queued_is_error: bool },
    /// A job that was stored.
    Resume { job: JobNumber, generation: Box<Generation> },
    /// The caller of a job stops waiting.
    Cancel { job: JobNumber },
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
    /// Time passed.
    Tick,
}

/// What is to be done, in order.
#[derive(Debug)]
pub(crate) enum Output {
    /// Find out who we are.
    Identify,
    /// Read one page of the channel, and answer with [`Input::Page`] or [`Input::PageFailed`].
    Read { before: Option<MessageId>, limit: u8 },
    /// Store the job's record before anything that follows.
    Journal { job: JobNumber },
    /// Send the job's request, and answer with [`Input::Sent`].
    Send { job: JobNumber, prompt: String, nonce: String, rediscover: bool },
    /// Tell the job's caller.
    Report { job: JobNumber, report: Report },
    /// The job ended; comes again with a late result.
    Ended { job: JobNumber, outcome: Outcome },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Identity {
    Unknown,
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
    /// What a human must act on before anything more is sent. Nothing is ever pressed or tried for it.
    pause: Option<Failure>,
    outputs: VecDeque<Output>,
}

impl Core {
    pub(crate) fn new(settings: CoreSettings) -> Self {
        Self {
            watch: Watch::new(settings.poll, settings.seed),
            settings,
            identity: Identity::Unknown,
            jobs: BTreeMap::new(),
            progress_seen: None,
            taken: BTreeSet::new(),
            over: VecDeque::new(),
            pause: None,
            outputs: VecDeque::new(),
        }
    }

    /// Takes one input.
    pub(crate) fn on(&mut self, now: Moment, input: Input) {
        match input {
            Input::Start { job, prompt, nonce, queued_is_error } => {
                let plan = Plan {
                    prompt,
                    nonce,
                    deadlines: self.settings.deadlines,
                    progress_visible: self.progress_visible(),
                    queued_is_error,
                };
                self.jobs.insert(job, Generation::new(now, plan));
            }
            Input::Resume { job, generation } => {
                self.jobs.insert(job, *generation);
            }
            Input::Cancel { job } => self.step(now, job, Step::Cancel),
            Input::Unpause => self.pause = None,
            Input::Identified(who) => self.on_identified(now, who),
            Input::Sent { job, sent } => self.step(now, job, Step::Sent(sent)),
            Input::Page(page) => self.on_page(now, page),
            Input::PageFailed(why) => self.on_page_failed(now, &why),
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
        caps.chain(self.watch.due(self.urgency())).min()
    }

    /// A job's record; `None` for a job that is over and forgotten.
    pub(crate) fn record(&self, job: JobNumber, now: Moment, unix_us: i64) -> Option<GenerationRecord> {
        self.jobs.get(&job).map(|one| one.to_record(now, unix_us))
    }

    /// What a job waits for.
    pub(crate) fn reason(&self, job: JobNumber) -> Option<Reason> {
        self.jobs.get(&job)?.reason()
    }

    /// The ids a caller may need to look a job up in Discord.
    pub(crate) fn ids(&self, job: JobNumber) -> (Option<MessageId>, Option<String>) {
        let Some(one) = self.jobs.get(&job) else { return (None, None) };
        (one.message(), one.job_id().map(str::to_owned))
    }

    fn on_identified(&mut self, now: Moment, who: Result<UserId, NotSent>) {
        match who {
            Ok(user) => self.identity = Identity::Known(user),
            Err(why) => {
                self.identity = Identity::Unknown;
                self.step_all(now, |_| Some(Step::Hindered(why.clone())));
            }
        }
    }

    fn on_page(&mut self, now: Moment, page: Page) {
        match self.watch.page(now, page) {
            Some(Next::Done(look)) => self.on_look(now, &look),
            Some(Next::Before { message, limit }) => {
                self.outputs.push_back(Output::Read { before: Some(message), limit });
            }
            None => {}
        }
    }

    fn on_page_failed(&mut self, now: Moment, why: &NotSent) {
        self.watch.failed(now);
        self.step_all(now, |one| {
            Some(if one.waits_for_baseline() { Step::Hindered(why.clone()) } else { Step::Blind })
        });
    }

    fn on_look(&mut self, now: Moment, look: &Look) {
        for (message, sighting) in &look.messages {
            if sighting.meaning != Meaning::NotASighting
                && !self.taken.contains(message)
                && !self.is_over(sighting)
            {
                self.on_sighting(now, *message, sighting);
            }
        }
        // Those that run hold a slot; a later one without a sign may stand in the queue behind them.
        let first_running = self.jobs.iter().find(|(_, one)| one.is_running()).map(|(job, _)| *job);
        let numbers: Vec<JobNumber> = self.jobs.keys().copied().collect();
        for job in numbers {
            let Some(one) = self.jobs.get(&job) else { continue };
            let seen = Seen {
                began: look.began,
                tracked: look.tracked(one.message()),
                held_up: first_running.is_some_and(|first| first < job),
            };
            self.step(now, job, Step::Looked(seen));
        }
        self.forget_taken();
    }

    fn on_sighting(&mut self, now: Moment, message: MessageId, sighting: &Sighting) {
        let Some((job, by)) = self.owner(sighting) else { return };
        tracing::debug!(job = job.0, message = message.get(), ?by, meaning = ?sighting.meaning, "sighting bound");
        self.learn_visibility(job, sighting);
        if sighting.is_result() {
            self.taken.insert(message);
        }
        self.step(now, job, Step::Sighting(Box::new(sighting.clone())));
    }

    fn is_over(&self, sighting: &Sighting) -> bool {
        sighting.keys.job_id.as_ref().is_some_and(|job_id| self.over.contains(job_id))
    }

    /// Remembers the id of a job that nothing more is wanted of.
    fn note_over(&mut self, job: JobNumber) {
        let Some(one) = self.jobs.get(&job).filter(|one| one.standing().is_none()) else { return };
        let Some(job_id) = one.job_id() else { return };
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
            Identity::Unknown | Identity::Asked => None,
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
    fn learn_visibility(&mut self, job: JobNumber, sighting: &Sighting) {
        if self.settings.progress != ProgressVisibility::Auto {
            return;
        }
        let before = self.progress_seen;
        if matches!(sighting.meaning, Meaning::Waiting | Meaning::Progress { .. }) {
            self.progress_seen = Some(true);
        } else if sighting.meaning == Meaning::Finished
            && self.jobs.get(&job).is_some_and(|one| one.message().is_none())
        {
            self.progress_seen = self.progress_seen.or(Some(false));
        }
        if self.progress_seen != before {
            let visible = self.progress_visible();
            self.jobs.values_mut().for_each(|one| one.set_progress_visible(visible));
        }
    }

    fn progress_visible(&self) -> bool {
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
        }
        self.identify();
        self.give_turns(now);
        self.give_baselines(now);
        self.read_when_due(now);
        self.forget(now);
    }

    fn identify(&mut self) {
        if self.identity == Identity::Unknown && self.jobs.values().any(Generation::waits_for_turn) {
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
            let is_clear = !self
                .jobs
                .values()
                .any(|other| other.is_unbound() && other.normalised().is_confusable_with(one.normalised()));
            if is_clear {
                self.step(now, job, Step::Turn);
            }
        }
    }

    fn give_baselines(&mut self, now: Moment) {
        let Some(baseline) = self.watch.baseline(now) else { return };
        self.step_all(now, |one| one.waits_for_baseline().then_some(Step::Baseline(baseline.newest)));
    }

    fn urgency(&self) -> Urgency {
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
        if self.watch.due(self.urgency()).is_some_and(|due| due <= now) {
            let tracked = self.jobs.values().filter(|one| one.is_out()).filter_map(Generation::message).min();
            let limit = self.watch.begin(now, tracked);
            self.outputs.push_back(Output::Read { before: None, limit });
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
        one.on(now, input);
        let mut has_ended = false;
        while let Some(wish) = one.poll() {
            self.outputs.push_back(match wish {
                Wish::Journal => Output::Journal { job },
                Wish::Send { rediscover } => Output::Send {
                    job,
                    prompt: one.prompt().to_owned(),
                    nonce: one.nonce().to_owned(),
                    rediscover,
                },
                Wish::Report(report) => Output::Report { job, report },
                Wish::Ended(outcome) => {
                    has_ended = true;
                    if let Outcome::Failed(failure) = &outcome
                        && failure.kind.pauses_account()
                    {
                        self.pause = Some(failure.clone());
                    }
                    Output::Ended { job, outcome }
                }
            });
        }
        if has_ended {
            self.note_over(job);
        }
    }

    /// An ended job is kept while a late result may still be its own, and until its outputs were read.
    fn forget(&mut self, now: Moment) {
        let is_mentioned = |job: &JobNumber, outputs: &VecDeque<Output>| {
            outputs.iter().any(|output| {
                matches!(output, Output::Journal { job: one } | Output::Ended { job: one, .. } if one == job)
            })
        };
        let outputs = &self.outputs;
        self.jobs.retain(|job, one| {
            let is_over = one.outcome().is_some() && (one.standing().is_none() || now >= one.cap());
            !is_over || is_mentioned(job, outputs)
        });
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
