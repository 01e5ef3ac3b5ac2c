//! The whole system in virtual time: the driver's core, the limiter's machine and the simulator's
//! world, stepped by one loop. No socket, no clock, bit for bit the same for one seed.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use journeyman_discord::wire::{self, Answer, Request};
use journeyman_limiter::{
    Attempt, Certainty, Credential, Decision, End, Machine, Output as Limited, RetryPolicy, Ticket, decide,
};
use journeyman_midjourney::application::MIDJOURNEY;
use journeyman_midjourney::generation::{Deadlines, ProgressVisibility, Report, Sent};
use journeyman_midjourney::outcome::{Finished, Hindrance, NotSent, Outcome};
use journeyman_midjourney::{Invocation, Order, command};
use journeyman_model::{ChannelId, Command, GuildId, MessageId, UserId};
use journeyman_moment::Moment;
use journeyman_sim::{Event, Fault, HttpAnswer, HttpRequest, Settings, World};

use crate::driver::core::{Core, CoreSettings, Input, JobNumber, Output, Start, WatchedBy};
use crate::driver::translate;
use crate::settings::{Poll, WatchMode};

/// What a call is for.
#[derive(Debug, Clone)]
enum Purpose {
    Identify,
    Read(u8),
    Discover(JobNumber),
    Send(JobNumber),
}

struct Call {
    purpose: Purpose,
    request: Request,
    attempts: u32,
    departed: Moment,
}

enum Happening {
    Arrives(u64),
    Answered(u64, HttpAnswer),
    Lost(u64),
    Resubmit(u64),
    Start(JobNumber, String),
    Told(Event),
    Connected { resumed: bool },
    Cut { down: Duration, resumes: bool },
    CutHourly,
}

/// The gateway between the world and the core: an ideal one, which can be cut.
#[derive(Default)]
struct Line {
    is_wanted: bool,
    is_up: bool,
    /// How many of the world's events were passed on.
    passed: usize,
    /// Cuts after so many events, and for how long; whether the session goes on then.
    cuts: BTreeMap<usize, (Duration, bool)>,
    /// A cut an hour, for so long.
    hourly: Option<Duration>,
    cuts_made: u64,
    reads: u64,
    reads_while_up: u64,
    never_connects: bool,
}

/// How a job of the virtual world ended.
#[derive(Debug, Clone)]
pub(super) struct Ending {
    pub(super) outcome: Outcome,
    pub(super) at: Moment,
}

/// The whole system.
pub(super) struct Virtual {
    pub(super) now: Moment,
    pub(super) world: World,
    core: Core,
    machine: Machine,
    credential: Credential,
    token: String,
    channel: ChannelId,
    guild: GuildId,
    command: Option<Command>,
    calls: BTreeMap<u64, Call>,
    tickets: BTreeMap<Ticket, u64>,
    agenda: BTreeMap<(Moment, u64), Happening>,
    waiting_for_command: VecDeque<(JobNumber, Order, String)>,
    seq: u64,
    rng: fastrand::Rng,
    /// Every end, in order; a late result is a second one.
    pub(super) ends: BTreeMap<JobNumber, Vec<Ending>>,
    pub(super) reports: BTreeMap<JobNumber, Vec<Report>>,
    pub(super) started: BTreeMap<JobNumber, Moment>,
    /// When the request of each job was answered.
    pub(super) accepted: BTreeMap<JobNumber, Moment>,
    /// How many requests left.
    pub(super) departures: u64,
    pending: BTreeSet<JobNumber>,
    line: Line,
    user: u64,
    pub(super) watched_by: Vec<(Moment, WatchedBy)>,
    pub(super) prompts: BTreeMap<JobNumber, String>,
}

impl Virtual {
    pub(super) fn new(settings: Settings) -> Self {
        let progress = match settings.progress {
            journeyman_sim::Visibility::Visible => ProgressVisibility::Visible,
            journeyman_sim::Visibility::Ephemeral => ProgressVisibility::Hidden,
        };
        let seed = settings.seed;
        let world = World::new(settings);
        let ready = world.ready();
        let limits = journeyman_limiter::Config {
            pace: Some(Duration::from_millis(350)),
            ..journeyman_limiter::Config::default()
        };
        Self {
            now: Moment::ORIGIN,
            core: Core::new(CoreSettings {
                deadlines: Deadlines::default(),
                poll: Poll::default(),
                progress,
                watch: WatchMode::Poll,
                gateway_patience: Duration::from_secs(15),
                seed,
            }),
            machine: Machine::new(limits),
            credential: Credential::of_token(&ready.token),
            channel: ready.channel_id.parse().expect("a channel id"),
            guild: ready.guild_id.parse().expect("a guild id"),
            token: ready.token,
            world,
            command: None,
            calls: BTreeMap::new(),
            tickets: BTreeMap::new(),
            agenda: BTreeMap::new(),
            waiting_for_command: VecDeque::new(),
            seq: 0,
            rng: fastrand::Rng::with_seed(seed ^ 0x51ed),
            ends: BTreeMap::new(),
            reports: BTreeMap::new(),
            started: BTreeMap::new(),
            accepted: BTreeMap::new(),
            departures: 0,
            pending: BTreeSet::new(),
            line: Line::default(),
            user: ready.user_id.parse().expect("a user id"),
            watched_by: Vec::new(),
            prompts: BTreeMap::new(),
        }
    }

    /// The same world for a client that has not been told what it can see.
    pub(super) fn with_unknown_visibility(mut self) -> Self {
        self.core = Core::new(CoreSettings {
            deadlines: Deadlines::default(),
            poll: Poll::default(),
            progress: ProgressVisibility::Auto,
            watch: WatchMode::Poll,
            gateway_patience: Duration::from_secs(15),
            seed: 1,
        });
        self
    }

    /// The same world for a client that follows the channel by the gateway.
    pub(super) fn with_gateway(mut self, watch: WatchMode) -> Self {
        self.core = Core::new(CoreSettings {
            deadlines: Deadlines::default(),
            poll: Poll::default(),
            progress: ProgressVisibility::Auto,
            watch,
            gateway_patience: Duration::from_secs(15),
            seed: 1,
        });
        self
    }

    /// Cuts the gateway after so many events of the world, for so long.
    pub(super) fn with_cut(mut self, after: usize, down: Duration, resumes: bool) -> Self {
        self.line.cuts.insert(after, (down, resumes));
        self
    }

    /// Cuts the gateway once an hour.
    pub(super) fn with_a_cut_an_hour(mut self, down: Duration) -> Self {
        self.line.hourly = Some(down);
        self.schedule(Moment::from_secs(3_600), Happening::CutHourly);
        self
    }

    /// The gateway never comes up.
    pub(super) fn without_connection(mut self) -> Self {
        self.line.never_connects = true;
        self
    }

    /// How often the gateway was cut.
    pub(super) fn cuts_made(&self) -> u64 {
        self.line.cuts_made
    }

    /// How many pages were asked for.
    pub(super) fn reads(&self) -> u64 {
        self.line.reads
    }

    /// When the account was last shown something, up to a moment.
    pub(super) fn shown_until(&self, end: Moment) -> Option<Moment> {
        let mine = |event: &&Event| event.only_for.is_none_or(|user| user == self.user);
        let times = self.world.events().filter(mine).map(|event| Moment::ORIGIN + event.at);
        times.filter(|at| *at <= end).max()
    }

    /// How many events the world has told.
    pub(super) fn events(&self) -> usize {
        self.world.events().count()
    }

    /// How many pages were asked for while the gateway was up.
    pub(super) fn reads_while_hearing(&self) -> u64 {
        self.line.reads_while_up
    }

    /// Begins a job at a moment.
    pub(super) fn start_at(&mut self, at: Moment, number: u64, prompt: &str) {
        let job = JobNumber(number);
        self.pending.insert(job);
        self.prompts.insert(job, prompt.to_owned());
        self.schedule(at, Happening::Start(job, prompt.to_owned()));
    }

    /// Begins jobs one after another: each when the one before has ended.
    pub(super) fn run_one_after_another(&mut self, prompts: &[String]) {
        for (number, prompt) in (0_u64..).zip(prompts) {
            self.start_at(self.now, number, prompt);
            self.run_until_settled();
        }
    }

    /// Steps until every job that was begun has ended.
    pub(super) fn run_until_settled(&mut self) {
        while !self.pending.is_empty() {
            assert!(self.step(), "nothing is due and {:?} have not ended at {:?}", self.pending, self.now);
            assert!(self.now < Moment::from_secs(86_400 * 30), "a month passed: {:?}", self.pending);
        }
    }

    /// Steps until a moment.
    pub(super) fn run_until(&mut self, until: Moment) {
        while self.next_due().is_some_and(|due| due <= until) {
            self.step();
        }
        self.now = self.now.max(until);
    }

    /// The only end of a job.
    pub(super) fn end(&self, number: u64) -> &Outcome {
        let ends = &self.ends[&JobNumber(number)];
        assert_eq!(ends.len(), 1, "{ends:?}");
        &ends[0].outcome
    }

    /// The only end of a job, which must be a finish.
    pub(super) fn finished(&self, number: u64) -> &Finished {
        let end = self.end(number);
        if let Outcome::Finished(finished) = end { finished } else { panic!("job {number} ended in {end:?}") }
    }

    /// How long a job took.
    pub(super) fn took(&self, number: u64) -> Duration {
        let job = JobNumber(number);
        self.ends[&job][0].at.since(self.started[&job])
    }

    fn next_due(&self) -> Option<Moment> {
        let agenda = self.agenda.keys().next().map(|(at, _)| *at);
        let limiter = self.machine.next_wakeup().map(|(at, _)| at);
        let world = self.world.next_wakeup().map(|at| Moment::ORIGIN + at);
        [agenda, limiter, world, self.core.next_wakeup()].into_iter().flatten().min()
    }

    fn step(&mut self) -> bool {
        let Some(due) = self.next_due() else { return false };
        self.now = self.now.max(due);
        let now = self.now;
        self.world.poll(now.since(Moment::ORIGIN));
        while let Some(entry) = self.agenda.first_entry().filter(|entry| entry.key().0 <= now) {
            let happening = entry.remove();
            self.happen(happening);
        }
        if self.core.next_wakeup().is_some_and(|at| at <= now) {
            self.core.on(now, Input::Tick);
        }
        self.drain();
        self.core.forget(now);
        self.grant();
        self.pass_on();
        true
    }

    /// What the world told since the last step goes down the line.
    fn pass_on(&mut self) {
        if !self.line.is_up {
            return;
        }
        let events: Vec<Event> = self.world.events().skip(self.line.passed).cloned().collect();
        for event in events {
            self.line.passed += 1;
            if event.only_for.is_none_or(|user| user == self.user) {
                let at = self.now + Duration::from_millis(self.rng.u64(5..60));
                let at = at.max(self.line_free());
                self.schedule(at, Happening::Told(event));
            }
            if let Some((down, resumes)) = self.line.cuts.remove(&self.line.passed) {
                let at = self.line_free();
                self.schedule(at, Happening::Cut { down, resumes });
                self.line.is_up = false;
                return;
            }
        }
    }

    fn cut(&mut self, down: Duration, resumes: bool) {
        self.line.cuts_made += 1;
        self.core.on(self.now, Input::GatewayDown);
        self.schedule(self.now + down, Happening::Connected { resumed: resumes });
    }

    /// When everything that is on the line has arrived: it keeps the order.
    fn line_free(&self) -> Moment {
        let told = self.agenda.iter().rev().find(|(_, one)| matches!(one, Happening::Told(_)));
        told.map_or(self.now, |((at, _), _)| *at)
    }

    fn schedule(&mut self, at: Moment, happening: Happening) {
        self.seq += 1;
        self.agenda.insert((at, self.seq), happening);
    }

    fn drain(&mut self) {
        while let Some(output) = self.core.poll() {
            match output {
                Output::Identify => self.submit(Purpose::Identify, wire::me()),
                Output::Connect => {
                    assert!(!self.line.is_wanted, "asked for twice");
                    self.line.is_wanted = true;
                    if !self.line.never_connects {
                        let at = self.now + Duration::from_millis(700);
                        self.schedule(at, Happening::Connected { resumed: false });
                    }
                }
                Output::WatchedBy(by) => self.watched_by.push((self.now, by)),
                Output::Read(wanted) => {
                    self.line.reads += 1;
                    self.line.reads_while_up += u64::from(self.line.is_up);
                    let request = translate::page_request(self.channel, wanted);
                    self.submit(Purpose::Read(wanted.limit), request);
                }
                Output::Send { job, order, nonce, rediscover, .. } => {
                    self.send(job, *order, nonce, rediscover);
                }
                Output::Answer { job, .. } => panic!("no form was expected for {job:?}"),
                Output::Withdraw { job } => {
                    if self.keep_back(job) {
                        self.core.on(self.now, Input::Withdrawn { job });
                    }
                }
                Output::Journal { .. } => {}
                Output::Report { job, report } => self.reports.entry(job).or_default().push(report),
                Output::Ended { job, outcome } => {
                    self.pending.remove(&job);
                    self.ends.entry(job).or_default().push(Ending { outcome, at: self.now });
                }
            }
        }
    }

    /// The caller of a job stops waiting, now.
    pub(super) fn cancel(&mut self, number: u64) {
        let job = JobNumber(number);
        let is_kept = self.keep_back(job);
        self.core.on(self.now, Input::Cancel { job, has_left: !is_kept });
        self.drain();
        self.grant();
    }

    /// Keeps a job's request from leaving, if it still waits in the limiter.
    fn keep_back(&mut self, job: JobNumber) -> bool {
        let waiting = self
            .calls
            .iter()
            .find(|(_, call)| matches!(call.purpose, Purpose::Send(one) if one == job) && call.attempts == 0);
        let Some(id) = waiting.map(|(id, _)| *id) else { return false };
        let ticket = self.ticket(id);
        self.machine.cancel(self.now, ticket);
        self.calls.remove(&id);
        true
    }

    fn send(&mut self, job: JobNumber, order: Order, nonce: String, rediscover: bool) {
        if rediscover {
            self.command = None;
        }
        let is_asked = !self.waiting_for_command.is_empty();
        self.waiting_for_command.push_back((job, order, nonce));
        if self.command.is_some() {
            self.send_waiting();
        } else if !is_asked {
            self.submit(Purpose::Discover(job), wire::command_index(self.guild));
        }
    }

    fn send_waiting(&mut self) {
        let Some(command) = self.command.clone() else { return };
        while let Some((job, order, nonce)) = self.waiting_for_command.pop_front() {
            let place = command::Place {
                channel: self.channel,
                guild: Some(self.guild),
                session_id: "00000000000000000000000000000000",
            };
            let imagine = Invocation::imagine(order.prompt().expect("a prompt"));
            let payload = command::payload(&imagine, &command, &place, &nonce).expect("it fits");
            self.submit(Purpose::Send(job), wire::post_interaction(payload, self.channel));
        }
    }

    fn submit(&mut self, purpose: Purpose, request: Request) {
        self.seq += 1;
        let id = self.seq;
        self.calls.insert(id, Call { purpose, request, attempts: 0, departed: self.now });
        self.enqueue(id);
    }

    fn enqueue(&mut self, id: u64) {
        let limits = self.calls[&id].request.limits(self.credential);
        let ticket = self.machine.enqueue(self.now, &limits);
        self.tickets.insert(ticket, id);
    }

    fn grant(&mut self) {
        while let Some(output) = self.machine.poll(self.now) {
            match output {
                Limited::Granted(ticket) => {
                    let id = self.tickets[&ticket];
                    self.machine.departed(self.now, ticket);
                    self.departures += 1;
                    let call = self.calls.get_mut(&id).expect("a call");
                    call.departed = self.now;
                    call.attempts += 1;
                    let at = self.now + self.latency();
                    self.schedule(at, Happening::Arrives(id));
                }
                Limited::Refused { ticket, .. } => {
                    let id = self.tickets.remove(&ticket).expect("a ticket");
                    let call = self.calls.remove(&id).expect("a call");
                    self.give_up(&call, Certainty::NotSent);
                }
            }
        }
    }

    fn latency(&mut self) -> Duration {
        Duration::from_micros(self.rng.u64(10_000..120_000))
    }

    fn happen(&mut self, happening: Happening) {
        let now = self.now;
        match happening {
            Happening::Start(job, prompt) => {
                self.started.insert(job, now);
                let nonce = format!("14000000000{:08}", job.0);
                let form_nonce = format!("15000000000{:08}", job.0);
                let start =
                    Start { order: Order::imagine(prompt), nonce, form_nonce, queued_is_error: false };
                self.core.on(now, Input::Start { job, start: Box::new(start) });
            }
            Happening::Told(event) => {
                if let Some(heard) = translate::heard(event.name, &event.data, self.channel) {
                    self.core.on(now, Input::Heard(heard));
                }
            }
            Happening::Cut { down, resumes } => {
                self.cut(down, resumes);
            }
            Happening::CutHourly => {
                let down = self.line.hourly.unwrap_or_default();
                self.line.is_up = false;
                self.cut(down, true);
                self.schedule(now + Duration::from_hours(1), Happening::CutHourly);
            }
            Happening::Connected { resumed } => {
                self.line.is_up = true;
                if !resumed {
                    self.line.passed = self.world.events().count();
                }
                self.core.on(now, Input::GatewayUp { user: UserId::new(self.user), resumed });
                self.pass_on();
            }
            Happening::Resubmit(id) => self.enqueue(id),
            Happening::Arrives(id) => self.arrive(id),
            Happening::Answered(id, answer) => self.answered(id, &answer),
            Happening::Lost(id) => {
                let ticket = self.ticket(id);
                self.machine.settle(now, ticket, End::MaybeSent);
                self.decide(id, Certainty::MaybeSent, None);
            }
        }
        self.drain();
        self.grant();
    }

    fn arrive(&mut self, id: u64) {
        let call = &self.calls[&id];
        let mut headers = vec![("Authorization".to_owned(), self.token.clone())];
        if call.request.body.is_some() {
            headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
        }
        let request = HttpRequest {
            method: call.request.method.as_str().to_owned(),
            path: call.request.target(),
            headers,
            body: call.request.body_bytes(),
        };
        let answer = self.world.handle(self.now.since(Moment::ORIGIN), request);
        let mut at = self.now + self.latency();
        match answer.fault {
            Some(Fault::LoseAnswer | Fault::ResetBefore | Fault::ResetAfter) => {
                self.schedule(at, Happening::Lost(id));
            }
            Some(Fault::Delay(more)) => {
                at = at + more;
                self.schedule(at, Happening::Answered(id, answer));
            }
            Some(_) | None => self.schedule(at, Happening::Answered(id, answer)),
        }
    }

    fn ticket(&mut self, id: u64) -> Ticket {
        let ticket = *self.tickets.iter().find(|(_, one)| **one == id).expect("a ticket").0;
        self.tickets.remove(&ticket);
        ticket
    }

    fn answered(&mut self, id: u64, answer: &HttpAnswer) {
        let answer = Answer::new(answer.status, answer.headers.clone(), answer.body.clone());
        let ticket = self.ticket(id);
        self.machine.settle(self.now, ticket, End::Answered(&answer.facts()));
        if answer.status == 429 || answer.status >= 500 {
            return self.decide(id, Certainty::Answered, Some(answer));
        }
        let call = self.calls.remove(&id).expect("a call");
        self.conclude(&call, &answer);
    }

    /// What `rest/call.rs` does after an attempt, in virtual time.
    fn decide(&mut self, id: u64, certainty: Certainty, answer: Option<Answer>) {
        let call = self.calls.get(&id).expect("a call");
        let attempt = Attempt {
            retries: call.attempts.saturating_sub(1),
            repeatable: call.request.repeatable,
            certainty,
            status: answer.as_ref().map(|answer| answer.status),
            retry_after: answer.as_ref().and_then(Answer::retry_after),
            deadline: None,
        };
        match decide(&RetryPolicy::default(), &attempt, self.now, &mut self.rng) {
            Decision::Again { after } => {
                let at = self.now + after;
                self.schedule(at, Happening::Resubmit(id));
            }
            Decision::Stop { .. } => {
                let call = self.calls.remove(&id).expect("a call");
                match answer {
                    Some(answer) if answer.status < 500 => self.conclude(&call, &answer),
                    // A 5xx may have been executed (resilience: reconcile, never resend).
                    Some(_) => self.give_up(&call, Certainty::MaybeSent),
                    None => self.give_up(&call, certainty),
                }
            }
        }
    }

    fn conclude(&mut self, call: &Call, answer: &Answer) {
        let now = self.now;
        match call.purpose {
            Purpose::Identify => self.core.on(now, Input::Identified(translate::user(answer))),
            Purpose::Read(limit) => {
                let input = match translate::page(answer, self.channel, limit) {
                    Ok(page) => Input::Page(page),
                    Err(why) => Input::PageFailed(why),
                };
                self.core.on(now, input);
            }
            Purpose::Discover(_) => {
                let index = wire::read::commands(answer).expect("the command index");
                self.command = index.find(MIDJOURNEY, "imagine").cloned();
                assert!(self.command.is_some(), "no imagine command");
                self.send_waiting();
            }
            Purpose::Send(job) => {
                self.accepted.insert(job, now);
                self.core.on(now, Input::Sent { job, sent: translate::sent(answer) });
            }
        }
    }

    fn give_up(&mut self, call: &Call, certainty: Certainty) {
        let why = NotSent {
            why: Hindrance::UpstreamFailed,
            detail: format!("{}: gave up after {} attempts", call.request.purpose, call.attempts),
            retry_after: None,
        };
        let now = self.now;
        match call.purpose {
            Purpose::Identify => self.core.on(now, Input::Identified(Err(why))),
            Purpose::Read(_) => self.core.on(now, Input::PageFailed(why)),
            Purpose::Send(job) => {
                let sent = match certainty {
                    Certainty::NotSent => Sent::NotSent(why),
                    Certainty::MaybeSent | Certainty::Answered => Sent::Unsure(why.detail),
                };
                self.core.on(now, Input::Sent { job, sent });
            }
            Purpose::Discover(job) => {
                self.core.on(now, Input::Sent { job, sent: Sent::NotSent(why) });
            }
        }
    }

    /// The image behind a finished job, fetched from the world's own file host.
    pub(super) fn picture(&mut self, finished: &Finished) -> Vec<u8> {
        let url = &finished.files[0].url;
        let path =
            url.split_once("://").and_then(|(_, rest)| rest.split_once('/')).map_or("", |(_, path)| path);
        let request =
            HttpRequest { method: "GET".to_owned(), path: format!("/{path}"), ..HttpRequest::default() };
        let answer = self.world.handle(self.now.since(Moment::ORIGIN), request);
        assert_eq!(answer.status, 200, "{url}");
        answer.body
    }

    /// The message ids of all finals, each of which must belong to one job only.
    pub(super) fn finals(&self) -> Vec<MessageId> {
        let finished = |end: &Ending| {
            if let Outcome::Finished(finished) = &end.outcome { finished.message } else { None }
        };
        self.ends.values().flatten().filter_map(finished).collect()
    }
}
