//! The Midjourney bot: who runs, who waits, and what each job shows when.
//!
//! Timings are the captured ones; the texts and forms are in `caption`, `message` and `notice`.

mod answer;
mod describe;
mod job;
mod modal;
mod preference;
mod press;
mod prompt;
mod seed;
mod work;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use serde_json::Value;

use crate::caption::{self, Running};
use crate::cdn::{Content, File};
use crate::discord::Discord;
use crate::notice;
use crate::picture::{Drawing, View};
use crate::report::JobReport;
use crate::scenario::{Course, Ending};
use crate::settings::{Mode, Settings};
use crate::timers::Timers;
use crate::world::Due;

pub(crate) use answer::{Answer, AnswerStep, Ask};
pub(crate) use job::{Job, Order, State};
pub(crate) use modal::{Refusal, Submission};
pub(crate) use preference::Preferences;
pub(crate) use press::Press;
pub(crate) use work::Work;

use answer::Told;
use modal::Windows;

/// The percentages a job shows (real: novicezk/midjourney-proxy#175 and #262).
const PERCENTS: [u8; 7] = [0, 15, 31, 46, 62, 78, 93];

/// Where a job that does not reach the end leaves the steps: at 46 %.
const HALFWAY: usize = 3;

/// What the bot does next with a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Discord tells the session that the interaction exists.
    Acknowledge,
    /// The bot's first answer.
    Answer,
    /// A queued job's turn.
    Start,
    /// One of the percentages.
    Percent(usize),
    /// A notice ends the job before any progress.
    ReplyAtOnce,
    /// After the last percentage.
    End,
    /// The final picture.
    Deliver,
    /// The progress message goes after the picture came.
    DeleteLate,
    /// Discord tells the session that the bot did not answer.
    Fail,
}

/// What the bot works with.
#[derive(Debug)]
pub(crate) struct Stage<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) discord: &'a mut Discord,
    pub(crate) timers: &'a mut Timers<Due>,
}

/// One account's jobs at Midjourney.
#[derive(Debug, Default)]
struct Slots {
    running: BTreeSet<u64>,
    waiting: VecDeque<u64>,
}

#[derive(Debug)]
pub(crate) struct Bot {
    seed: u64,
    jobs: BTreeMap<u64, Job>,
    slots: BTreeMap<u64, Slots>,
    /// The jobs by their ids.
    by_id: BTreeMap<String, u64>,
    accounts: BTreeMap<u64, Preferences>,
    answers: Vec<Answer>,
    /// What described and shortened messages say.
    told: BTreeMap<u64, Told>,
    windows: Windows,
    /// When a picture may be upscaled in the same way again.
    cooldowns: BTreeMap<(String, String), Duration>,
    random: fastrand::Rng,
}

impl Bot {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            seed,
            jobs: BTreeMap::new(),
            slots: BTreeMap::new(),
            by_id: BTreeMap::new(),
            accounts: BTreeMap::new(),
            answers: Vec::new(),
            told: BTreeMap::new(),
            windows: Windows::default(),
            cooldowns: BTreeMap::new(),
            random: fastrand::Rng::with_seed(seed),
        }
    }

    /// The latest prompt that an account of the world sent.
    pub(crate) fn latest_prompt(&self) -> Option<&str> {
        self.jobs.values().rev().find(|job| !job.order.stranger).map(|job| job.order.prompt.as_str())
    }

    /// What the bot remembers of an account.
    pub(crate) fn account(&mut self, user: u64, settings: &Settings) -> &mut Preferences {
        self.accounts.entry(user).or_insert_with(|| Preferences::new(settings))
    }

    /// How many of an account's jobs wait in fast and in relaxed mode, and how many run.
    fn load(&self, user: u64) -> (usize, usize, usize) {
        let Some(slots) = self.slots.get(&user) else { return (0, 0, 0) };
        let waiting = slots.waiting.iter().filter_map(|key| self.jobs.get(key));
        let relaxed = waiting.filter(|job| job.mode() == Mode::Relaxed).count();
        (slots.waiting.len() - relaxed, relaxed, slots.running.len())
    }

    fn job_of(&self, id: &str) -> Option<&Job> {
        self.jobs.get(self.by_id.get(id)?)
    }

    /// Takes the prompt of an imagine, which may ask for several jobs or for what cannot be.
    pub(crate) fn imagine(&mut self, stage: &mut Stage<'_>, at: Duration, order: Order) {
        if !matches!(order.course, Course::Render(_) | Course::Queue) {
            self.take(stage, at, order);
            return;
        }
        let account = self.account(order.user.id, stage.settings).clone();
        let refuse = |notice, detail| Order { course: Course::Refuse(notice), detail, ..order.clone() };
        if let Some((notice, detail)) = prompt::problem(stage, at, &account.applied(&order.prompt)) {
            let order = refuse(notice, detail);
            self.take(stage, at, order);
            return;
        }
        let parts = match prompt::parts(&order.prompt, stage.settings.batch) {
            Ok(parts) => parts,
            Err(detail) => {
                let order = refuse(&notice::INVALID_VALUE, detail);
                self.take(stage, at, order);
                return;
            }
        };
        let is_relaxed =
            |part: &String| Running::of(part, account.mode, account.stealth).mode == Mode::Relaxed;
        if parts.len() > 1 && parts.iter().any(is_relaxed) {
            let order = refuse(&notice::RESTRICTED, String::new());
            self.take(stage, at, order);
            return;
        }
        for (part, prompt) in (0..).zip(parts) {
            self.take(stage, at, Order { prompt, part, ..order.clone() });
        }
    }

    /// Whether the bot can read what a link leads to.
    #[expect(clippy::unused_self, reason = "the bot is who reads")]
    pub(crate) fn reads(&self, stage: &Stage<'_>, at: Duration, link: &str) -> bool {
        prompt::opens(stage, at, link)
    }

    /// Takes one job.
    pub(crate) fn take(&mut self, stage: &mut Stage<'_>, at: Duration, order: Order) {
        let (key, acknowledged) = self.add(stage, at, order);
        let Some(job) = self.jobs.get_mut(&key) else { return };
        let timing = &stage.settings.timing;
        let step = if job.order.course == Course::InteractionFailure { Step::Fail } else { Step::Answer };
        let answer = match step {
            // Real: Discord waits three seconds for an answer.
            Step::Fail => acknowledged + Duration::from_secs(3).div_f64(stage.settings.speed),
            Step::Acknowledge
            | Step::Answer
            | Step::Start
            | Step::Percent(_)
            | Step::ReplyAtOnce
            | Step::End
            | Step::Deliver
            | Step::DeleteLate => acknowledged.max(at + job.span(timing.reply, stage.settings)),
        };
        stage.timers.set(acknowledged, Due::Bot { job: key, step: Step::Acknowledge });
        stage.timers.set(answer, Due::Bot { job: key, step });
    }

    /// Adds a job that nothing is due for yet; also when its acknowledgement will be.
    fn add(&mut self, stage: &mut Stage<'_>, at: Duration, order: Order) -> (u64, Duration) {
        let key = u64::try_from(self.jobs.len()).unwrap_or(u64::MAX);
        let random = fastrand::Rng::with_seed(caption::fold(self.seed, &format!("job {key}")));
        let view = self.view_of(&order);
        let account = self.account(order.user.id, stage.settings);
        let mut job = Job::new(order, random, stage.settings, account, view);
        let acknowledged = at + job.span(stage.settings.timing.interaction, stage.settings);
        self.by_id.insert(job.id.clone(), key);
        self.jobs.insert(key, job);
        (key, acknowledged)
    }

    /// What a job's picture shows: a grid of its own, or its parent's picture.
    fn view_of(&self, order: &Order) -> View {
        let Some(parent) = &order.parent else { return View::Grid };
        match order.work {
            Work::Single => View::One { image: parent.image, grid: caption::fold(0, &parent.job_id) },
            Work::Upscale(_) => self.job_of(&parent.job_id).map_or(View::Grid, |job| job.view),
            Work::Imagine
            | Work::Blend
            | Work::Variation
            | Work::Reroll
            | Work::VaryStrong
            | Work::VarySubtle
            | Work::VaryRegion
            | Work::ZoomOut
            | Work::CustomZoom
            | Work::MakeSquare
            | Work::Pan(_)
            | Work::Animate(_)
            | Work::Extend(_) => View::Grid,
        }
    }

    /// Does a job's step.
    pub(crate) fn step(&mut self, stage: &mut Stage<'_>, at: Duration, key: u64, step: Step) {
        let Some(job) = self.jobs.get_mut(&key) else { return };
        if job.state.is_over() && step != Step::DeleteLate {
            return;
        }
        match step {
            Step::Acknowledge => job.acknowledge(stage, at),
            Step::Fail => job.fail_interaction(stage, at),
            Step::Answer => self.answer(stage, at, key),
            Step::Start => self.start(stage, at, key),
            Step::Percent(index) => self.percent(stage, at, key, index),
            Step::ReplyAtOnce | Step::End => self.end(stage, at, key),
            Step::Deliver => self.deliver(stage, at, key),
            Step::DeleteLate => job.delete_progress(stage, at),
        }
    }

    fn answer(&mut self, stage: &mut Stage<'_>, at: Duration, key: u64) {
        let has_room = self.has_room(stage.settings, key);
        let Some(job) = self.jobs.get_mut(&key) else { return };
        let slots = self.slots.entry(job.order.user.id).or_default();
        match job.order.course {
            // A captcha frame and silence have no message; a rejection never comes here.
            Course::Silence | Course::InteractionFailure | Course::Reject(_) => job.state = State::Ignored,
            Course::CaptchaFrame => job.open_captcha(stage, at),
            Course::Refuse(notice) => job.refuse(stage, at, notice),
            Course::Queue => {
                job.tell_queued(stage, at);
                let start = at + job.span(stage.settings.timing.queued, stage.settings);
                stage.timers.set(start, Due::Bot { job: key, step: Step::Start });
            }
            Course::Render(_) if has_room => self.start(stage, at, key),
            Course::Render(_)
                if slots.waiting.len() < usize::try_from(stage.settings.queue).unwrap_or(usize::MAX) =>
            {
                job.tell_queued(stage, at);
                slots.waiting.push_back(key);
            }
            Course::Render(_) => job.refuse(stage, at, &notice::QUEUE_FULL),
        }
    }

    fn start(&mut self, stage: &mut Stage<'_>, at: Duration, key: u64) {
        let Some(job) = self.jobs.get_mut(&key) else { return };
        self.slots.entry(job.order.user.id).or_default().running.insert(key);
        job.show_waiting(stage, at);
        let timing = &stage.settings.timing;
        let (step, span) = match job.order.course {
            // Inferred: a bad parameter is noticed before rendering.
            Course::Render(Ending::ReplyAtOnce(_)) => (Step::ReplyAtOnce, timing.step / 4),
            Course::Render(_)
            | Course::Queue
            | Course::Refuse(_)
            | Course::InteractionFailure
            | Course::CaptchaFrame
            | Course::Silence
            | Course::Reject(_) => (Step::Percent(0), timing.first_percent),
        };
        let next = at + job.span(span, stage.settings);
        stage.timers.set(next, Due::Bot { job: key, step });
    }

    fn charge(&mut self, stage: &Stage<'_>, key: u64) {
        let Some(job) = self.jobs.get_mut(&key) else { return };
        if std::mem::replace(&mut job.charged, true) {
            return;
        }
        let (user, mode, time) = (job.order.user.id, job.mode(), job.gpu_time());
        let images = if job.order.work.result() == work::Yield::Grid { 4 } else { 1 };
        self.account(user, stage.settings).spend(mode, time, images);
    }

    fn percent(&mut self, stage: &mut Stage<'_>, at: Duration, key: u64, index: usize) {
        if index == 0 {
            // Inferred: what is rendered is paid, whatever becomes of it.
            self.charge(stage, key);
        }
        let Some(job) = self.jobs.get_mut(&key) else { return };
        let ending = job.ending();
        let early = matches!(ending, Ending::Stop | Ending::Reply(_) | Ending::Replace(_));
        if early && index > HALFWAY {
            self.end(stage, at, key);
            return;
        }
        let timing = &stage.settings.timing;
        if ending == Ending::PauseThenDeliver && index == HALFWAY + 1 && !job.paused {
            job.pause(stage, at);
            let next = at + job.span(timing.step * 2, stage.settings);
            stage.timers.set(next, Due::Bot { job: key, step: Step::Percent(index) });
            return;
        }
        job.show_percent(stage, at, PERCENTS[index]);
        if index > 0 && job.happens(stage.settings.disorder.progress_backwards) {
            job.show_percent(stage, at, PERCENTS[index - 1]);
        }
        let (step, span) = if index + 1 < PERCENTS.len() {
            (Step::Percent(index + 1), timing.step)
        } else {
            (Step::End, timing.last)
        };
        let next = at + job.span(span, stage.settings);
        stage.timers.set(next, Due::Bot { job: key, step });
    }

    fn end(&mut self, stage: &mut Stage<'_>, at: Duration, key: u64) {
        let Some(job) = self.jobs.get_mut(&key) else { return };
        match job.ending() {
            Ending::Deliver | Ending::PauseThenDeliver => {
                // Real: the progress message is deleted, and then the final one comes.
                let late = job.happens(stage.settings.disorder.final_before_delete);
                if !late {
                    job.delete_progress(stage, at);
                }
                let handover = job.span(stage.settings.timing.handover, stage.settings);
                stage.timers.set(at + handover, Due::Bot { job: key, step: Step::Deliver });
                if late {
                    stage.timers.set(at + handover * 2, Due::Bot { job: key, step: Step::DeleteLate });
                }
                return;
            }
            Ending::Stop => job.stop(stage, at, State::Stopped),
            Ending::Vanish => {
                job.delete_progress(stage, at);
                job.state = State::Vanished;
            }
            Ending::Reply(notice) | Ending::ReplyAtOnce(notice) => job.reply(stage, at, notice),
            Ending::Replace(notice) => job.replace(stage, at, notice),
        }
        self.release(stage, at, key);
    }

    fn deliver(&mut self, stage: &mut Stage<'_>, at: Duration, key: u64) {
        self.charge(stage, key);
        let Some(job) = self.jobs.get_mut(&key) else { return };
        job.deliver(stage, at);
        if job.happens(stage.settings.disorder.duplicate_final) {
            job.deliver(stage, at);
        }
        self.release(stage, at, key);
    }

    /// A slot is free: whoever waits longest and may begin takes it.
    fn release(&mut self, stage: &mut Stage<'_>, at: Duration, key: u64) {
        let Some(user) = self.jobs.get(&key).map(|job| job.order.user.id) else { return };
        let Some(slots) = self.slots.get_mut(&user) else { return };
        slots.running.remove(&key);
        slots.waiting.retain(|waiting| *waiting != key);
        let waiting: Vec<u64> = slots.waiting.iter().copied().collect();
        for next in waiting {
            if !self.has_room(stage.settings, next) {
                continue;
            }
            let Some(slots) = self.slots.get_mut(&user) else { return };
            slots.waiting.retain(|waiting| *waiting != next);
            slots.running.insert(next);
            stage.timers.set(at, Due::Bot { job: next, step: Step::Start });
        }
    }

    /// Whether a job may begin: a slot is free, and of relaxed jobs fewer run than the mode allows.
    fn has_room(&self, settings: &Settings, key: u64) -> bool {
        let Some(job) = self.jobs.get(&key) else { return false };
        let Some(slots) = self.slots.get(&job.order.user.id) else { return true };
        let is_relaxed = |job: &Job| job.mode() == Mode::Relaxed;
        let relaxed =
            || slots.running.iter().filter(|key| self.jobs.get(key).is_some_and(is_relaxed)).count();
        let bound = usize::try_from(settings.relaxed_slots).unwrap_or(usize::MAX);
        slots.running.len() < settings.slots() && (!is_relaxed(job) || relaxed() < bound)
    }

    /// The jobs of accounts; a repeat has the nonce, the prompt and the origin of the one before.
    pub(crate) fn reports(&self) -> Vec<JobReport> {
        let mut reports: Vec<JobReport> = Vec::new();
        let mut places = BTreeMap::new();
        for job in self.jobs.values().filter(|job| !job.order.stranger) {
            let place = match &job.order.nonce {
                Some(nonce) => {
                    let of = &job.order;
                    let same = (of.user.id, nonce, &of.prompt, of.work, &of.parent, of.part);
                    *places.entry(same).or_insert(reports.len())
                }
                None => reports.len(),
            };
            match reports.get_mut(place) {
                Some(report) => job.add_to(report),
                None => reports.push(job.report()),
            }
        }
        reports
    }
}

/// Makes a file and returns its attachment object.
fn attach(
    stage: &mut Stage<'_>,
    at: Duration,
    channel_id: u64,
    name: String,
    drawing: Drawing,
    ephemeral: bool,
) -> Value {
    let id = stage.discord.next_id(at);
    let file = File { channel_id, name, content: Content::Drawn(drawing) };
    let attachment = file.attachment(id, &stage.settings.origin, ephemeral);
    stage.discord.files.insert(id, file);
    attachment
}

/// A version 4 UUID.
fn uuid(random: &mut fastrand::Rng) -> String {
    let bits = (random.u128(..) & !(0xf << 76) & !(0x3 << 62)) | (0x4 << 76) | (0x2 << 62);
    let hex = format!("{bits:032x}");
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}
