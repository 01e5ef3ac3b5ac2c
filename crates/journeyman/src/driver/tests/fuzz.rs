//! A million broken frames, pages and answers through everything that reads them: the gateway's session, classification,
//! the claim and the core. It judges no meaning: only that nothing panics, comes to no rest, or grows without end.

mod corpus;
mod mutate;

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use journeyman_discord::Token;
use journeyman_discord::gateway::session::{Input as Wire, Output as Wished, Session};
use journeyman_discord::gateway::{GatewayConfig, Heard};
use journeyman_discord::wire::{self, Answer};
use journeyman_midjourney::Order;
use journeyman_midjourney::application::MIDJOURNEY;
use journeyman_midjourney::button::{FoundOn, Press};
use journeyman_midjourney::generation::{Deadlines, ProgressVisibility, Sent};
use journeyman_midjourney::invocation::{Invocation, PlainCommand};
use journeyman_midjourney::outcome::Outcome;
use journeyman_moment::Moment;
use serde_json::{Value, json};

use self::corpus::Corpus;
use crate::driver::core::{
    Core, CoreSettings, Input, JobNumber, Kept, MOST_GONE, MOST_OVER, MOST_TAKEN, Output, Start,
};
use crate::driver::translate;
use crate::driver::watch::{Page, Wanted};
use crate::settings::{Poll, WatchMode};

/// As many jobs as the largest plan runs.
const LIVE: usize = 12;

/// All that the core may be keeping, printed: 12 jobs with what was seen of each, those that may still end late, and the
/// three bounded memories. It is far less than what went through.
const MOST_PRINTED: usize = 8 << 20;

const HELLO: &str = r#"{"op":10,"d":{"heartbeat_interval":41250}}"#;

#[test]
fn a_million_arbitrary_and_mutated_gateway_frames_and_messages_no_panic_memory_bounded() {
    let frames: u64 = if std::env::var_os("JOURNEYMAN_LONG").is_some() { 1_000_000 } else { 20_000 };
    let mut storm = Storm::new(20_261_124);
    for frame in 0..frames {
        storm.step();
        storm.assert_bounded(frame % 1_000 == 0);
    }
    storm.assert_it_meant_something(frames);
}

/// Without a look, which forgets what it does not need any more, and without an end.
#[test]
fn what_is_remembered_of_jobs_that_are_over_and_of_their_finals_is_bounded() {
    let corpus = Corpus::new();
    let (data, job_id) = corpus.a_final();
    let (mut core, now, mut finished) = (core(), Moment::from_secs(1), 0);
    let jobs = u64::try_from(MOST_TAKEN).expect("a count") + 10;
    for number in 0..jobs {
        let (nonce, form_nonce) = (corpus::nonce(number), corpus::form_nonce(number));
        let start =
            Start { order: Order::imagine(corpus::PROMPTS[0]), nonce, form_nonce, queued_is_error: false };
        let job = JobNumber(number);
        core.on(now, Input::Start { job, start: Box::new(start) });
        if number == 0 {
            core.on(now, Input::GatewayUp { user: corpus.user, resumed: false });
            core.on(now, Input::Page(Page { messages: Vec::new(), is_last: true, call: 0 }));
        }
        core.on(now, Input::Sent { job, sent: Sent::Accepted });
        let own_id = format!("{number:08x}{}", job_id.get(8..).expect("a uuid"));
        let mut data: Value =
            serde_json::from_str(&data.to_string().replace(&job_id, &own_id)).expect("still JSON");
        data["id"] = json!((number + 1).to_string());
        data["nonce"] = json!(corpus::nonce(number));
        let heard = translate::heard("MESSAGE_CREATE", &data, corpus.channel).expect("of the channel");
        core.on(now, Input::Heard(heard));
        while let Some(output) = core.poll() {
            finished += u64::from(matches!(output, Output::Ended { outcome: Outcome::Finished(_), .. }));
        }
        core.forget(now);
        let kept = core.kept();
        assert!(kept.jobs <= 1 && kept.over <= MOST_OVER && kept.taken <= MOST_TAKEN, "{kept:?}");
    }
    let kept = core.kept();
    assert_eq!((finished, kept.over, kept.taken), (jobs, MOST_OVER, MOST_TAKEN), "each bound was reached");
}

/// What became of the frames.
#[derive(Debug, Default)]
struct Tally {
    events: u64,
    bound: u64,
    finished: u64,
    failed: u64,
    cancelled: u64,
    pages: u64,
    broken_pages: u64,
    ups: u64,
    downs: u64,
    most: Kept,
}

/// A session and a core as a client has them, between broken messages on all sides.
struct Storm {
    corpus: Corpus,
    rng: fastrand::Rng,
    now: Moment,
    session: Session,
    core: Core,
    live: BTreeSet<JobNumber>,
    next_job: u64,
    reads: VecDeque<Wanted>,
    sends: VecDeque<JobNumber>,
    /// What may be pressed.
    presses: Vec<Press>,
    tally: Tally,
    /// What was read last, shown when it was too much.
    last: String,
}

impl Storm {
    fn new(seed: u64) -> Self {
        let corpus = Corpus::new();
        Self {
            rng: fastrand::Rng::with_seed(seed),
            now: Moment::ORIGIN,
            session: session(&corpus, Moment::ORIGIN),
            core: core(),
            live: BTreeSet::new(),
            next_job: 0,
            reads: VecDeque::new(),
            sends: VecDeque::new(),
            presses: Vec::new(),
            tally: Tally::default(),
            last: String::new(),
            corpus,
        }
    }

    /// One frame, and now and then something else.
    fn step(&mut self) {
        let pause = if self.rng.u8(..) == 0 { 600_000 } else { 400 };
        self.now = self.now + Duration::from_millis(self.rng.u64(0..pause));
        self.start_jobs();
        self.keep_connected();
        let text = self.corpus.frame(&mut self.rng);
        self.last.clone_from(&text);
        self.wire(Wire::Frame(&text));
        match self.rng.u8(0..40) {
            0..=15 => self.answer_a_request(),
            16..=20 => self.answer_a_read(),
            21 => self.answer_as_identity(),
            22 => self.read_other_bodies(),
            23 => self.cancel_one(),
            24..=28 => self.feed(Input::Unpause),
            29 => self.close(),
            30 if self.rng.u8(0..20) == 0 => self.feed(Input::GatewayGap),
            _ => {}
        }
        self.tick();
        self.core.forget(self.now);
    }

    fn start_jobs(&mut self) {
        // Of a paused account each ends at once: no more than are wanted at a time.
        for _ in self.live.len()..LIVE {
            let job = JobNumber(self.next_job);
            self.next_job += 1;
            let order = self.order();
            let (nonce, form_nonce) = (corpus::nonce(job.0), corpus::form_nonce(job.0));
            self.corpus.ids.learn(&nonce);
            self.corpus.nonces = [nonce.clone(), form_nonce.clone()];
            let start = Start { order, nonce, form_nonce, queued_is_error: self.rng.u8(0..8) == 0 };
            self.live.insert(job);
            self.feed(Input::Start { job, start: Box::new(start) });
        }
    }

    fn order(&mut self) -> Order {
        let press = match self.presses.len() {
            0 => None,
            many => Some(self.presses.swap_remove(self.rng.usize(0..many))),
        };
        match (self.rng.u8(0..8), press) {
            (0..=3, Some(press)) => Order::press(press).with_form_prompt("a prompt for a form"),
            (4, _) => Order::command(Invocation::plain(PlainCommand::Info)),
            (5, _) => Order::command(Invocation::shorten("a long prompt")),
            _ => Order::imagine(corpus::PROMPTS[self.rng.usize(0..corpus::PROMPTS.len())]),
        }
    }

    /// A session that is down connects when it may; what greets it is whole, so that it stands most of the time.
    fn keep_connected(&mut self) {
        for _ in 0..50 {
            if self.session.state().is_over() {
                // The client of a session that has ended reads on; here another one begins.
                self.session = session(&self.corpus, self.now);
                self.core = core();
                self.live.clear();
                self.reads.clear();
                self.sends.clear();
                self.start_jobs();
            }
            if self.session.state().is_connected() || self.rng.u8(0..8) == 0 {
                return;
            }
            let at = self.session.next_wakeup().map_or(self.now, |(at, _)| at);
            self.now = self.now.max(at);
            self.drain_session();
        }
        panic!("it does not connect: {:?}", self.session.state());
    }

    fn wire(&mut self, input: Wire<'_>) {
        self.session.on(self.now, input);
        self.drain_session();
    }

    /// By the other side, with one of the codes that say why.
    fn close(&mut self) {
        let code = if self.rng.u16(0..500) == 0 { self.rng.u16(4_000..4_015) } else { 4_000 };
        self.wire(Wire::Closed(Some(code)));
    }

    fn drain_session(&mut self) {
        for _ in 0..1_000 {
            match self.session.poll(self.now) {
                None => return,
                Some(Wished::Connect { .. }) => {
                    self.session.on(self.now, Wire::Opened);
                    self.session.on(self.now, Wire::Frame(HELLO));
                }
                Some(Wished::Send(frame)) => {
                    let answer = self.corpus.greeting(frame.op());
                    self.session.on(self.now, Wire::Frame(&answer));
                }
                Some(Wished::Close { .. }) => {}
                Some(Wished::Tell(heard)) => self.hear(heard),
            }
        }
        panic!("the session never comes to rest");
    }

    /// As the shell does it.
    fn hear(&mut self, heard: Heard) {
        match heard {
            Heard::Up(up) => {
                self.tally.ups += 1;
                self.feed(Input::GatewayUp { user: up.user, resumed: up.resumed });
            }
            Heard::Down(_) => {
                self.tally.downs += 1;
                self.feed(Input::GatewayDown);
            }
            Heard::Gap(_) => self.feed(Input::GatewayGap),
            Heard::Ended(error) => self.feed(Input::GatewayEnded(translate::gateway_ended(&error))),
            Heard::Event(event) => {
                self.tally.events += 1;
                if let Some(heard) = translate::heard(&event.name, &event.data, self.corpus.channel) {
                    self.feed(Input::Heard(heard));
                }
            }
        }
    }

    fn answer_a_request(&mut self) {
        let Some(job) = self.sends.pop_front() else { return };
        let status = [204, 204, 204, 204, 200, 400, 403, 404, 429, 500][self.rng.usize(0..10)];
        let body = if status == 204 { Vec::new() } else { self.corpus.body(&mut self.rng) };
        let headers = [("retry-after", mutate::header(&mut self.rng))];
        let sent = translate::sent(&Answer::new(status, headers, body));
        self.feed(Input::Sent { job, sent });
    }

    fn answer_a_read(&mut self) {
        let Some(wanted) = self.reads.pop_front() else { return };
        let status = if self.rng.u8(0..20) == 0 { self.rng.u16(..) } else { 200 };
        let body = self.corpus.page(usize::from(wanted.limit), &mut self.rng);
        self.last = String::from_utf8_lossy(&body).into_owned();
        let answer = Answer::new(status, [("retry-after", mutate::header(&mut self.rng))], body);
        self.tally.pages += 1;
        match translate::page(&answer, self.corpus.channel, wanted.limit) {
            Ok(page) => self.feed(Input::Page(page)),
            Err(why) => {
                self.tally.broken_pages += 1;
                self.feed(Input::PageFailed(why));
            }
        }
    }

    fn answer_as_identity(&mut self) {
        let body = self.corpus.body(&mut self.rng);
        let who = translate::user(&Answer::new(200, [("date", "now")], body));
        self.feed(Input::Identified(who));
    }

    /// What else is read from answers.
    fn read_other_bodies(&mut self) {
        let answer = Answer::new(200, [("etag", "x")], self.corpus.body(&mut self.rng));
        let _ = (wire::read::gateway(&answer), wire::read::commands(&answer));
    }

    fn cancel_one(&mut self) {
        if let Some(job) = self.live.first().copied() {
            let has_left = self.rng.bool();
            self.feed(Input::Cancel { job, has_left });
        }
    }

    /// The shell sleeps until the wake-up: one that stays due would keep it awake for ever.
    fn tick(&mut self) {
        let due = |core: &Core, now| core.next_wakeup().is_some_and(|at| at <= now);
        for _ in 0..4 {
            if !due(&self.core, self.now) {
                return;
            }
            self.feed(Input::Tick);
            self.core.forget(self.now);
        }
        assert!(!due(&self.core, self.now), "what is due stays due: {:?}", self.core);
    }

    fn feed(&mut self, input: Input) {
        self.core.on(self.now, input);
        for _ in 0..10_000 {
            match self.core.poll() {
                None => return,
                Some(output) => self.perform(output),
            }
        }
        panic!("the core never comes to rest");
    }

    fn perform(&mut self, output: Output) {
        match output {
            Output::Read(wanted) => self.reads.push_back(wanted),
            Output::Send { job, .. } | Output::Answer { job, .. } => self.sends.push_back(job),
            Output::Withdraw { job } => {
                if self.rng.bool() {
                    self.core.on(self.now, Input::Withdrawn { job });
                }
            }
            Output::Report { .. } => self.tally.bound += 1,
            Output::Journal { job } => {
                let _ = (
                    self.core.record(job, self.now, 0),
                    self.core.progress_panel(job),
                    self.core.reason(job),
                );
            }
            Output::Ended { job, outcome } => self.ended(job, outcome),
            Output::Identify | Output::Connect | Output::WatchedBy(_) => {}
        }
    }

    fn ended(&mut self, job: JobNumber, outcome: Outcome) {
        self.live.remove(&job);
        match outcome {
            Outcome::Finished(finished) => {
                self.tally.finished += 1;
                let Some(message) = finished.message else { return };
                self.corpus.ids.learn(&message.to_string());
                let application = finished.application.unwrap_or(MIDJOURNEY);
                let on = FoundOn { application, message, flags: finished.flags };
                let presses = finished.buttons.iter().filter_map(|button| Press::button(button, on).ok());
                self.presses.extend(presses.take(3));
                self.presses.truncate(30);
            }
            Outcome::Failed(_) | Outcome::NotSent(_) | Outcome::Undecided { .. } => self.tally.failed += 1,
            Outcome::Cancelled { .. } => self.tally.cancelled += 1,
        }
    }

    fn assert_bounded(&mut self, is_printed: bool) {
        let kept = self.core.kept();
        self.tally.most = self.tally.most.max_of(&kept);
        assert!(kept.over <= MOST_OVER && kept.taken <= MOST_TAKEN && kept.gone <= MOST_GONE, "{kept:?}");
        assert!(kept.withdrawn <= kept.jobs && kept.outputs == 0 && self.reads.len() <= 1, "{kept:?}");
        if is_printed {
            let printed = format!("{:?}", self.core).len();
            assert!(printed < MOST_PRINTED, "{printed} bytes to print {kept:?}");
            let printed = format!("{:?}", self.session).len();
            assert!(printed < MOST_PRINTED, "{printed} bytes to print the session");
        }
    }

    /// A storm that nothing notices proves nothing.
    fn assert_it_meant_something(&self, frames: u64) {
        let tally = &self.tally;
        let share = |count: u64, of: u64| count >= frames / of;
        assert!(share(tally.events, 3) && share(tally.bound, 20), "{tally:?}");
        assert!(share(tally.finished, 400) && share(tally.failed, 20), "{tally:?}");
        assert!(share(tally.cancelled, 400) && share(tally.pages, 400), "{tally:?}");
        assert!(tally.ups > 10 && tally.downs > 10 && tally.broken_pages > 5, "{tally:?}");
        assert_eq!(tally.most.gone, MOST_GONE, "the bound was reached: {tally:?}");
        println!("{frames} frames: {tally:?}");
    }
}

impl Drop for Storm {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let shown: String = self.last.chars().take(20_000).collect();
            eprintln!("at {:?}, after reading: {shown}", self.now);
        }
    }
}

fn session(corpus: &Corpus, now: Moment) -> Session {
    let token = Token::parse("MTAwMDAwMDAwMDAwMDAwMDAw.Gabcde.made-up-signature").expect("a token");
    Session::new(GatewayConfig::new(token).with_channels([corpus.channel]), now)
}

fn core() -> Core {
    Core::new(CoreSettings {
        deadlines: Deadlines::default(),
        poll: Poll::default(),
        progress: ProgressVisibility::Auto,
        watch: WatchMode::Auto,
        gateway_patience: Duration::from_secs(15),
        seed: 1,
    })
}
