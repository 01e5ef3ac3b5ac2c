//! The world: Discord, the bot, limits, faults and other people, driven by requests and the time.
//!
//! It reads no clock and opens no socket; `rest` is its shell.

use std::fmt;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};

use crate::account::{Accounts, User, make_token};
use crate::api::{self, Caller};
use crate::bot::{Bot, Order, Origin, Stage, Step};
use crate::caption::fold;
use crate::cdn::Links;
use crate::discord::{Discord, Event};
use crate::error_body;
use crate::fault::{FaultKind, Faults, Hit};
use crate::http::{Connection, Fault, HttpAnswer, HttpRequest, Reply, header};
use crate::limits::{Asker, LimitState, Limits, Ruling, Scope};
use crate::message::Draft;
use crate::report::Report;
use crate::route::{self, Endpoint, Found, Route};
use crate::scenario::{Course, Scenario};
use crate::script::Outcome;
use crate::settings::Settings;
use crate::snowflake;
use crate::timers::Timers;
use crate::traffic::{Act, Crowd};
use crate::wall::Wall;

/// Discord's own bound on a request (real: 413, code 40005).
pub(crate) const LARGEST_BODY: usize = 25 * 1024 * 1024;

/// Something due in the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    Bot { job: u64, step: Step },
    Upscale { index: usize },
    Crowd { channel_id: u64, act: Act },
}

/// What a client needs to know to begin; ids are strings, as in Discord's JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Ready {
    /// The origin of the REST API; clients append `/api/v10`.
    pub rest: String,
    /// The base of file links.
    pub cdn: String,
    /// The base of `report` and `scenario`.
    pub control: String,
    /// The token of the world's own account.
    pub token: String,
    /// The world's guild.
    pub guild_id: String,
    /// The channel with the bot in it.
    pub channel_id: String,
    /// The account's id.
    pub user_id: String,
}

/// A fake Discord with the Midjourney bot in it.
pub struct World {
    pub(crate) settings: Settings,
    pub(crate) discord: Discord,
    pub(crate) accounts: Accounts,
    pub(crate) uploads: api::Uploads,
    /// How often the imagine command's version has changed.
    pub(crate) command_changes: u64,
    now: Duration,
    ready: Ready,
    scenario: Scenario,
    outcomes: Vec<(Outcome, u64)>,
    bot: Bot,
    timers: Timers<Due>,
    limits: LimitState,
    faults: Faults,
    crowd: Crowd,
    report: Report,
}

impl fmt::Debug for World {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("World")
            .field("now", &self.now)
            .field("scenario", &self.scenario)
            .finish_non_exhaustive()
    }
}

impl World {
    /// A world at its origin.
    pub fn new(mut settings: Settings) -> Self {
        let script = settings.script.clone();
        if let Some(script) = &script {
            script.apply(&mut settings);
        }
        if !(settings.speed.is_finite() && settings.speed > 0.0) {
            settings.speed = 1.0;
        }
        let seed = settings.seed;
        let wall = Wall { epoch_unix_micros: settings.epoch_unix_micros };
        let links = Links { lifetime: settings.link_lifetime, seed };
        let mut world = Self {
            discord: Discord::new(wall, links),
            accounts: Accounts::default(),
            uploads: api::Uploads::default(),
            command_changes: 0,
            now: Duration::ZERO,
            ready: ready(&settings, wall),
            scenario: settings.scenario,
            outcomes: script
                .iter()
                .flat_map(|script| script.outcomes().collect::<Vec<_>>())
                .map(|o| (o, 0))
                .collect(),
            bot: Bot::new(seed),
            timers: Timers::default(),
            limits: LimitState::new(settings.limits.clone(), wall),
            faults: Faults::new(settings.faults.clone(), fold(seed, "faults")),
            crowd: Crowd::new(settings.traffic, fold(seed, "crowd")),
            report: Report::default(),
            settings,
        };
        let own = User { id: number(&world.ready.user_id), name: "user_a".to_owned(), bot: false };
        world.accounts.add(world.ready.token.clone(), own);
        world.open_channel(number(&world.ready.channel_id));
        for locked in world.settings.locked_channels.clone() {
            world.discord.add_channel(locked, number(&world.ready.guild_id));
        }
        world
    }

    /// What a client needs to know to begin.
    pub fn ready(&self) -> Ready {
        self.ready.clone()
    }

    /// What a person should know before trusting a result in this world.
    pub fn notes(&self) -> Vec<String> {
        self.settings.notes()
    }

    /// What has arrived and happened so far.
    pub fn report(&self) -> Report {
        Report { jobs: self.bot.reports(), ..self.report.clone() }
    }

    /// Changes what happens to the jobs that come.
    pub fn set_scenario(&mut self, scenario: Scenario) {
        self.scenario = scenario;
    }

    /// Changes the rate limits from here on; a counter whose rate changes begins anew.
    pub fn set_limits(&mut self, limits: Limits) {
        self.limits.set(limits);
    }

    /// What gateway sessions would have been sent, oldest first; the latest 50,000.
    pub fn events(&self) -> impl Iterator<Item = &Event> {
        self.discord.events()
    }

    /// When something happens by itself next.
    pub fn next_wakeup(&self) -> Option<Duration> {
        self.timers.next_at()
    }

    /// Lets happen what is due by `now`, each at its own time.
    pub fn poll(&mut self, now: Duration) {
        while let Some((at, due)) = self.timers.pop(now) {
            self.now = self.now.max(at);
            self.happen(at, due);
        }
        self.now = self.now.max(now);
    }

    /// Answers a request that arrives at `now` on a fresh connection.
    ///
    /// A `now` before that of an earlier call counts as that.
    #[expect(clippy::needless_pass_by_value, reason = "a request is over once it is answered")]
    pub fn handle(&mut self, now: Duration, request: HttpRequest) -> HttpAnswer {
        self.handle_on(now, &request, &Connection::default())
    }

    /// Answers a request that arrives on a certain connection.
    pub fn handle_on(&mut self, now: Duration, request: &HttpRequest, connection: &Connection) -> HttpAnswer {
        self.respond(now, request, connection).finish()
    }

    /// As `handle_on`, with pictures still to be drawn.
    pub(crate) fn respond(&mut self, now: Duration, request: &HttpRequest, connection: &Connection) -> Reply {
        self.poll(now);
        let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
        if let Some(path) = path.strip_prefix("/control") {
            return self.control(&request.method, path, &request.body);
        }
        let mut reply = if let Some(path) = path.strip_prefix("/api/") {
            self.api(path, query, request, connection)
        } else {
            self.file(path, query, request, connection)
        };
        reply.headers.push(header("Date", self.discord.wall.http_date(self.now)));
        reply
    }

    fn control(&mut self, method: &str, path: &str, body: &[u8]) -> Reply {
        match (method, path) {
            ("GET", "/report") => Reply::json(200, &self.report().to_json()),
            ("GET", "/scenarios") => Reply::json(200, &json!(crate::scenarios())),
            ("POST", "/scenario") => {
                let body: Value = serde_json::from_slice(body).unwrap_or_default();
                match body["name"].as_str().map(str::parse::<Scenario>) {
                    Some(Ok(scenario)) => {
                        self.set_scenario(scenario);
                        Reply::json(200, &json!({ "name": scenario.name() }))
                    }
                    Some(Err(error)) => Reply::json(400, &json!({ "error": error.to_string() })),
                    None => Reply::json(400, &json!({ "error": "expected {\"name\": …}" })),
                }
            }
            _ => Reply::json(404, &json!({ "error": "expected GET report, GET scenarios or POST scenario" })),
        }
    }

    fn file(&mut self, path: &str, query: &str, request: &HttpRequest, connection: &Connection) -> Reply {
        let template = api::file_template(path);
        let hit = self.faults.strike(&request.method, template, connection.served > 0);
        if let Some(reply) = self.instead(&request.method, template, hit) {
            return reply;
        }
        let reply = match hit.filter(|hit| hit.kind == FaultKind::StatusBefore) {
            Some(hit) => server_error(hit.status),
            None => api::file(self, path, query, request),
        };
        self.finish(&request.method, template, reply, hit)
    }

    fn api(&mut self, path: &str, query: &str, request: &HttpRequest, connection: &Connection) -> Reply {
        if let Some(reply) = self.limits.at_the_edge(self.now, &connection.peer) {
            self.report.rate_limited.edge += 1;
            self.report.count_request(&request.method, "at the edge", Some(reply.status));
            return reply;
        }
        let Some((_, path)) = path.split_once('/').filter(|(version, _)| matches!(*version, "v9" | "v10"))
        else {
            return self.judged(
                request,
                "other API version",
                error_body::invalid_api_version(),
                None,
                connection,
            );
        };
        let path = format!("/{path}");
        match route::find(&request.method, &path) {
            Found::Route(route) => self.routed(&route, query, request, connection),
            Found::WrongMethod(template) => {
                self.judged(request, template, error_body::method_not_allowed(), None, connection)
            }
            Found::Nothing => {
                self.judged(request, &route::generic(&path), error_body::not_found(), None, connection)
            }
        }
    }

    fn routed(
        &mut self,
        route: &Route,
        query: &str,
        request: &HttpRequest,
        connection: &Connection,
    ) -> Reply {
        let hit = self.faults.strike(&request.method, route.template, connection.served > 0);
        if let Some(reply) = self.instead(&request.method, route.template, hit) {
            return reply;
        }
        let caller = match self.caller(request) {
            None if route.endpoint != Endpoint::Gateway => {
                return self.judged(request, route.template, error_body::unauthorized(), hit, connection);
            }
            caller => caller,
        };
        let body = api::payload(request);
        let asker = Asker {
            method: &request.method,
            template: route.template,
            resource: if route.endpoint == Endpoint::Interact {
                api::channel_of(&body)
            } else {
                route.first_id()
            },
            account: caller.as_ref().map(|caller| (caller.id, caller.bot)),
            peer: &connection.peer,
        };
        let (mut reply, limit_headers) = match self.limits.judge(self.now, asker) {
            Ruling::Refuse(scope, reply) => {
                self.count_limited(scope);
                if scope != Scope::Shared {
                    self.count_invalid(connection);
                }
                return self.finish(&request.method, route.template, with_via(reply), hit);
            }
            Ruling::Pass(headers) => {
                let reply = match hit.filter(|hit| hit.kind == FaultKind::StatusBefore) {
                    Some(hit) => server_error(hit.status),
                    None if request.body.len() > LARGEST_BODY => error_body::entity_too_large(),
                    None => api::dispatch(self, route, query, &body, caller),
                };
                (reply, headers)
            }
        };
        reply.headers.extend(limit_headers);
        self.judged(request, route.template, reply, hit, connection)
    }

    /// Finishes an answer that Discord itself gives, and counts it if it is an invalid request.
    fn judged(
        &mut self,
        request: &HttpRequest,
        template: &str,
        reply: Reply,
        hit: Option<Hit>,
        connection: &Connection,
    ) -> Reply {
        if matches!(reply.status, 401 | 403) {
            self.count_invalid(connection);
        }
        self.finish(&request.method, template, with_via(reply), hit)
    }

    fn count_invalid(&mut self, connection: &Connection) {
        self.report.invalid_requests += 1;
        self.limits.count_invalid(self.now, &connection.peer);
    }

    fn count_limited(&mut self, scope: Scope) {
        let limited = &mut self.report.rate_limited;
        match scope {
            Scope::User => limited.user += 1,
            Scope::Global => limited.global += 1,
            Scope::Shared => limited.shared += 1,
        }
    }

    /// What a fault puts in place of executing.
    fn instead(&mut self, method: &str, template: &str, hit: Option<Hit>) -> Option<Reply> {
        let hit = hit?;
        *self.report.faults.entry(hit.kind.name().to_owned()).or_default() += 1;
        if !matches!(hit.kind, FaultKind::ResetBefore | FaultKind::ResetReused) {
            return None;
        }
        self.report.count_request(method, template, None);
        let mut reply = Reply::empty(0);
        reply.fault = Some(Fault::ResetBefore);
        Some(reply)
    }

    /// Counts the answer and lets the fault have it.
    fn finish(&mut self, method: &str, template: &str, reply: Reply, hit: Option<Hit>) -> Reply {
        self.report.count_request(method, template, Some(reply.status));
        let Some(hit) = hit else { return reply };
        let mut reply = reply;
        reply.fault = match hit.kind {
            FaultKind::StatusAfter => return with_via(server_error(hit.status)),
            FaultKind::StatusBefore | FaultKind::ResetBefore | FaultKind::ResetReused => None,
            FaultKind::LoseAnswer => Some(Fault::LoseAnswer),
            FaultKind::ResetAfter => Some(Fault::ResetAfter),
            FaultKind::ResetIdle => Some(Fault::ResetIdle),
            FaultKind::Latency => Some(Fault::Delay(hit.delay)),
        };
        reply
    }

    fn caller(&mut self, request: &HttpRequest) -> Option<Caller> {
        let token = request.header("authorization")?;
        if let Some(user) = self.accounts.of(token) {
            return Some(user.clone());
        }
        if !self.settings.permissive || token.is_empty() {
            return None;
        }
        let count = u64::try_from(self.accounts.len()).unwrap_or_default();
        let bot = token.starts_with("Bot ");
        let name = if bot { format!("bot_{count}") } else { format!("user_{count}") };
        let user = User { id: number(&self.ready.user_id) + count, name, bot };
        self.accounts.add(token.to_owned(), user.clone());
        Some(user)
    }

    pub(crate) fn now(&self) -> Duration {
        self.now
    }

    pub(crate) fn guild_id(&self) -> u64 {
        number(&self.ready.guild_id)
    }

    /// Whether the channel is there; a permissive world makes it.
    pub(crate) fn has_channel(&mut self, id: u64) -> bool {
        if self.settings.permissive && !self.discord.channels.contains_key(&id) {
            self.open_channel(id);
        }
        self.discord.channels.contains_key(&id)
    }

    fn open_channel(&mut self, id: u64) {
        self.discord.add_channel(id, self.guild_id());
        for act in [Act::Talk, Act::Imagine] {
            self.expect_crowd(self.now, id, act);
        }
    }

    fn expect_crowd(&mut self, at: Duration, channel_id: u64, act: Act) {
        if let Some(wait) = self.crowd.wait(act) {
            self.timers.set(at + wait, Due::Crowd { channel_id, act });
        }
    }

    /// What happens to a job with this prompt: the script's first fitting outcome, else the scenario.
    pub(crate) fn course_of(&mut self, prompt: &str) -> Course {
        for (outcome, met) in &mut self.outcomes {
            if !outcome.fits(prompt) {
                continue;
            }
            *met += 1;
            let turn = met.saturating_sub(outcome.after);
            if turn > 0 && outcome.times.is_none_or(|times| turn <= times) {
                return outcome.scenario.course();
            }
        }
        self.scenario.course()
    }

    /// The scenario's course; one that refuses requests refuses no button.
    pub(crate) fn scenario_course(&self) -> Course {
        self.scenario.course().after_acceptance()
    }

    pub(crate) fn count_interaction(&mut self) {
        self.report.interactions += 1;
    }

    /// The bot, and what it works with.
    pub(crate) fn bot(&mut self) -> (&mut Bot, Stage<'_>) {
        let stage = Stage { settings: &self.settings, discord: &mut self.discord, timers: &mut self.timers };
        (&mut self.bot, stage)
    }

    fn happen(&mut self, at: Duration, due: Due) {
        match due {
            Due::Bot { job, step } => {
                let (bot, mut stage) = self.bot();
                bot.step(&mut stage, at, job, step);
            }
            Due::Upscale { index } => {
                let (bot, mut stage) = self.bot();
                bot.deliver_upscale(&mut stage, at, index);
            }
            Due::Crowd { channel_id, act } => {
                self.crowd_acts(at, channel_id, act);
                self.expect_crowd(at, channel_id, act);
            }
        }
    }

    fn crowd_acts(&mut self, at: Duration, channel_id: u64, act: Act) {
        let user = self.crowd.somebody();
        match act {
            Act::Talk => {
                let draft = Draft::of_user(&user, self.crowd.remark());
                self.discord.post(at, channel_id, draft, None);
            }
            Act::Imagine => {
                let prompt = self.crowd.prompt(self.bot.latest_prompt());
                let course = Scenario::default().course();
                let origin = Origin::Imagine;
                let order = Order { user, channel_id, nonce: None, prompt, origin, course, stranger: true };
                let (bot, mut stage) = self.bot();
                bot.imagine(&mut stage, at, order);
            }
        }
    }
}

/// Ids in the past of the world, so that they are older than all that happens in it.
fn ready(settings: &Settings, wall: Wall) -> Ready {
    const DAY_MS: i64 = 86_400_000;
    let id = |days: i64, what: &str| {
        let past = wall.unix_ms(Duration::ZERO).saturating_sub(days * DAY_MS);
        snowflake::at(past) | (fold(settings.seed, what) & 0x3f_ffff)
    };
    let user_id = id(900, "user");
    let mut random = fastrand::Rng::with_seed(fold(settings.seed, "token"));
    let origin = &settings.origin;
    Ready {
        rest: origin.clone(),
        cdn: format!("{origin}/cdn"),
        control: format!("{origin}/control"),
        token: settings.token.clone().unwrap_or_else(|| make_token(user_id, &mut random)),
        guild_id: id(300, "guild").to_string(),
        channel_id: id(299, "channel").to_string(),
        user_id: user_id.to_string(),
    }
}

fn number(id: &str) -> u64 {
    id.parse().unwrap_or_default()
}

/// Discord's answers tell that they passed its load balancer (real: clients take others for the edge's).
fn with_via(mut reply: Reply) -> Reply {
    reply.headers.push(header("Via", "1.1 google"));
    reply
}

fn server_error(status: u16) -> Reply {
    let name = match status {
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Error",
    };
    error_body::error(status, 0, &format!("{status}: {name}"))
}
