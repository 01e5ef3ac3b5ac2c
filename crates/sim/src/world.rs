//! The world: Discord, the bot, limits, faults and other people, driven by requests and the time.
//!
//! It reads no clock and opens no socket; `rest` is its shell.

mod control;
mod gateway;
mod request;

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use crate::account::{Accounts, User, make_token};
use crate::api;
use crate::bot::{AnswerStep, Bot, Order, Stage, Step};
use crate::caption::fold;
use crate::cdn::Links;
use crate::discord::{Discord, Event};
use crate::fault::Faults;
use crate::gateway::{Duty, Gateway};
use crate::http::{Connection, HttpAnswer, HttpRequest};
use crate::limits::{Acceptance, LimitState, Limits};
use crate::message::Draft;
use crate::report::Report;
use crate::scenario::{Course, Rejection, Scenario};
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
    Answer { index: usize, step: AnswerStep },
    Crowd { channel_id: u64, act: Act },
    Gateway(Duty),
}

/// What a client needs to know to begin; ids are strings, as in Discord's JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Ready {
    /// The origin of the REST API; clients append `/api/v10`.
    pub rest: String,
    /// The base of file links.
    pub cdn: String,
    /// The base of `report`, `sessions`, `scenario` and `gateway`.
    pub control: String,
    /// The gateway's address; clients append `/?v=10&encoding=json`.
    pub gateway: String,
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
    pub(crate) gateway: Gateway,
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
            gateway: Gateway::new(settings.gateway.clone(), seed),
            report: Report::default(),
            settings,
        };
        world.gateway.expect_faults(&mut world.timers);
        let own =
            User { id: number(&world.ready.user_id), name: world.settings.account_name.clone(), bot: false };
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
        Report { jobs: self.bot.reports(), gateway: self.gateway.report(), ..self.report.clone() }
    }

    /// What the rate limits have accepted so far.
    pub fn acceptance(&self) -> Acceptance {
        self.limits.acceptance()
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
            self.spread_events();
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

    /// Whether the scenario has taken the account's access to its channels.
    pub(crate) fn access_is_lost(&self) -> bool {
        self.scenario.course() == Course::Reject(Rejection::MissingAccess)
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
            Due::Answer { index, step } => {
                let (bot, mut stage) = self.bot();
                bot.answer_step(&mut stage, at, index, step);
            }
            Due::Crowd { channel_id, act } => {
                self.crowd_acts(at, channel_id, act);
                self.expect_crowd(at, channel_id, act);
            }
            Due::Gateway(duty) => self.gateway.happen(at, duty, &mut self.timers),
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
                let order = Order { stranger: true, ..Order::imagine(user, channel_id, prompt, course) };
                let (bot, mut stage) = self.bot();
                bot.take(&mut stage, at, order);
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
        gateway: gateway::url(origin),
        token: settings.token.clone().unwrap_or_else(|| make_token(user_id, &mut random)),
        guild_id: id(300, "guild").to_string(),
        channel_id: id(299, "channel").to_string(),
        user_id: user_id.to_string(),
    }
}

fn number(id: &str) -> u64 {
    id.parse().unwrap_or_default()
}
