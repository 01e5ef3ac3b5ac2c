//! The scenarios: who asks for what when, and what the server does. They say nothing about who should do how well.
//!
//! Numbers are those of facts that others have seen; where none is known, they are chosen so that limits bind.

use std::time::Duration;

use journeyman_limiter::{Credential, Fields, Method, Moment, Priority, Request, Tenant};

use super::limit::Model;
use super::server::{Call, Face, Ill, Rule, Trouble};

const MS: u64 = 1_000;
const SECOND: u64 = 1_000_000;
const DAY: u64 = 86_400 * SECOND;
/// What the wall clock says when a scenario begins, and when snowflakes begin (Discord's docs).
pub(crate) const WALL_MS: u64 = 1_800_000_000_000;
const EPOCH_MS: u64 = 1_420_070_400_000;
/// The shortest way, each direction.
const WAY: u64 = 50 * MS;
/// How much longer a way may be, in four kinds of network, in milliseconds.
pub(crate) const JITTERS: [u64; 4] = [0, 50, 150, 300];

#[derive(Clone, Debug)]
pub(crate) struct Scenario {
    pub(crate) name: String,
    pub(crate) calls: Vec<Call>,
    pub(crate) rules: Vec<Rule>,
    pub(crate) troubles: Vec<Trouble>,
    /// How much longer each way may be, in microseconds.
    pub(crate) jitter: u64,
    /// Parts per thousand.
    pub(crate) lost: u64,
    pub(crate) cancelled: u64,
    /// Whether answers describe limits at all.
    pub(crate) headers: bool,
    /// From when on the server's wall clock is another one, and by how many seconds.
    pub(crate) jump: Option<(u64, i64)>,
    pub(crate) restart: Option<Restart>,
    /// When the operator tells the contender a global limit, if it has ears for that.
    pub(crate) told: Option<(u64, u32)>,
}

/// The end of the process that asks, and the beginning of another.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Restart {
    pub(crate) at: u64,
    pub(crate) pause: u64,
    /// Whether the next process has what the limiter wrote down.
    pub(crate) kept: bool,
}

/// What becomes of one try of one request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fate {
    pub(crate) up: u64,
    pub(crate) down: u64,
    pub(crate) lost_before: bool,
    pub(crate) lost_after: bool,
}

impl Fate {
    pub(crate) fn is_lost(self) -> bool {
        self.lost_before || self.lost_after
    }
}

impl Scenario {
    pub(crate) fn new(name: &str, calls: Vec<Call>, rules: Vec<Rule>) -> Self {
        Self {
            name: name.to_owned(),
            calls,
            rules,
            troubles: Vec::new(),
            jitter: 10 * MS,
            lost: 0,
            cancelled: 0,
            headers: true,
            jump: None,
            restart: None,
            told: None,
        }
    }

    pub(crate) fn with_jitter(&self, ms: u64) -> Self {
        Self { name: format!("{}, jitter {ms}", self.name), jitter: ms * MS, ..self.clone() }
    }

    /// The shortest and the longest round trip.
    pub(crate) fn rtt(&self) -> (u64, u64) {
        (2 * WAY, 2 * (WAY + self.jitter))
    }

    pub(crate) fn fate(&self, seed: u64, number: usize, tries: u64) -> Fate {
        let mut rng = draw(seed, number, tries);
        // Whole milliseconds, since the timers of tokio have no finer ones.
        let mut way = || WAY + rng.u64(0..=self.jitter / MS) * MS;
        let (up, down) = (way(), way());
        let (lost, before) = (rng.u64(0..1_000) < self.lost, rng.bool());
        Fate { up, down, lost_before: lost && before, lost_after: lost && !before }
    }

    /// When somebody hangs up, if at all; it may be at any stage.
    pub(crate) fn cancelled_after(&self, seed: u64, number: usize) -> Option<u64> {
        let mut rng = draw(seed, number, u64::MAX);
        (rng.u64(0..1_000) < self.cancelled).then(|| rng.u64(0..5_000) * MS)
    }
}

fn draw(seed: u64, number: usize, tries: u64) -> fastrand::Rng {
    let mut rng = fastrand::Rng::with_seed(seed);
    let (a, b) = (rng.u64(..), rng.u64(..));
    let mixed = a ^ b.wrapping_mul(number as u64 + 1).rotate_left(17) ^ tries.wrapping_mul(0x9e37_79b9);
    fastrand::Rng::with_seed(mixed)
}

/// All that this limiter has the machinery for.
pub(crate) fn all() -> Vec<Scenario> {
    let mut all = vec![one_sliding_bucket(), one_fixed_bucket(), a_wide_bucket()];
    all.extend(many_channels());
    all.extend([
        distinct_messages(),
        hashes_by_age(),
        one_hash_two_counters("S7 one hash, two counters", Model::Leaky),
        one_hash_two_counters("S7 one hash, two fixed counters", Model::FirstArrival),
        a_loose_limit_shown(),
        a_hidden_limit_of_a_field(),
        a_shared_limit(),
        global("S11 global 50 to 25", 25),
        global("S11 global 50 to 100", 100),
        a_limit_that_changes(),
        no_headers(),
        a_ban(),
        refused_tokens_and_dead_webhooks(),
        cancellations(),
        a_clock_that_jumps(),
        lost_answers(),
        tenants(),
        bad_gateways(),
        webhooks_of_a_channel(),
        reactions(),
        long_among_short(),
        restart(true),
        restart(false),
    ]);
    all
}

/// S1: 5 per 5 s, sliding.
pub(crate) fn one_sliding_bucket() -> Scenario {
    Scenario::new("S1 one bucket, sliding", messages(100, 1), vec![shown(Model::Leaky, 5, 5 * SECOND)])
}

/// S2: 5 per 5 s, fixed.
pub(crate) fn one_fixed_bucket() -> Scenario {
    Scenario::new("S2 one bucket, fixed", messages(100, 1), vec![shown(Model::FirstArrival, 5, 5 * SECOND)])
}

/// S3: 30 per 1 s, far more than one at a time can use.
pub(crate) fn a_wide_bucket() -> Scenario {
    Scenario::new("S3 a wide bucket", messages(300, 1), vec![shown(Model::FirstArrival, 30, SECOND)])
}

/// S4: the global limit, counted in four ways, at four kinds of network.
pub(crate) fn many_channels() -> Vec<Scenario> {
    let models = [
        ("first arrival", Model::FirstArrival),
        ("aligned", Model::Aligned(300 * MS)),
        ("log", Model::Log),
        ("leaky", Model::Leaky),
    ];
    let each = |(name, model): (&str, Model)| {
        let rules = vec![global_rule(model), shown(Model::Leaky, 5, 5 * SECOND)];
        let scenario = Scenario::new(&format!("S4 global {name}"), messages(2_000, 2_000), rules);
        JITTERS.map(|jitter| scenario.with_jitter(jitter))
    };
    models.into_iter().flat_map(each).collect()
}

/// S5: each request names another message.
pub(crate) fn distinct_messages() -> Scenario {
    let calls = (0..100).map(|number| delete(0, number)).collect();
    Scenario::new("S5 distinct messages", calls, vec![shown(Model::FirstArrival, 5, SECOND)])
}

/// S6: the limit depends on the message's age when it is deleted (discord-api-docs#1295, #8330).
///
/// Young messages are asked for a second after they were written, so that who waits for long meets another limit.
pub(crate) fn hashes_by_age() -> Scenario {
    let each = |number: u64| {
        let asked = if number.is_multiple_of(3) { number / 3 * 200 * MS } else { 0 };
        let before = [SECOND, 3_600 * SECOND, 20 * DAY][index(number % 3)];
        let born = asked.cast_signed() - before.cast_signed();
        let id = (WALL_MS.saturating_add_signed(born / 1_000) - EPOCH_MS) << 22 | number;
        let path = format!("/channels/{}/messages/{id}", id_of(0));
        Call { asked, born, sort: number % 3, ..call(Request::new(Method::Delete, path), 0) }
    };
    let rule = |by, hash, most, window| Rule {
        by,
        face: Face::Shown(hash),
        ..shown(Model::FirstArrival, most, window)
    };
    let rules = vec![
        rule(|call, at| (call.age(at) < 10 * SECOND).then_some(call.resource), "young", 5, SECOND),
        rule(
            |call, at| (10 * SECOND..14 * DAY).contains(&call.age(at)).then_some(call.resource),
            "grown",
            3,
            SECOND,
        ),
        rule(|call, at| (call.age(at) >= 14 * DAY).then_some(call.resource), "old", 30, 4 * SECOND),
    ];
    Scenario::new("S6 hashes by age", (0..90).map(each).collect(), rules)
}

/// S7: two routes name one hash and are counted apart (discord-api-docs#1442, #8073).
pub(crate) fn one_hash_two_counters(name: &str, model: Model) -> Scenario {
    let each = |number: u64| {
        if number.is_multiple_of(2) { message(0, 0) } else { delete(0, number) }
    };
    let rule = |by| Rule { by, ..shown(model, 5, 5 * SECOND) };
    let rules = vec![
        rule(|call, _| (call.request.method == Method::Post).then_some(call.resource)),
        rule(|call, _| (call.request.method == Method::Delete).then_some(call.resource)),
    ];
    Scenario::new(name, (0..100).map(each).collect(), rules)
}

/// S8: answers describe a limit per day; what binds shows in a 429 only (discord-api-docs#5646).
pub(crate) fn a_loose_limit_shown() -> Scenario {
    let day = Rule { face: Face::Shown("day"), ..shown(Model::FirstArrival, 50_000, 86_400 * SECOND) };
    let burst = Rule { face: Face::Revealed("burst"), ..shown(Model::Leaky, 5, 5 * SECOND) };
    Scenario::new("S8 a loose limit shown", messages(100, 1), vec![day, burst])
}

/// S9: a new name may be given twice in 10 minutes (discord-api-docs#1909), other changes go on.
pub(crate) fn a_hidden_limit_of_a_field() -> Scenario {
    let each = |number: u64| {
        // A change every second, every tenth of them of the name.
        let sort = u64::from(number.is_multiple_of(10));
        let fields = Fields::of([if sort == 1 { "name" } else { "position" }]);
        let request = Request::new(Method::Patch, format!("/channels/{}", id_of(0))).with_fields(fields);
        Call { sort, asked: number * SECOND, ..call(request, 0) }
    };
    let name = Rule {
        by: |call, _| (call.sort == 1).then_some(call.resource),
        face: Face::Hidden,
        ..shown(Model::FirstArrival, 2, 600 * SECOND)
    };
    let rules = vec![shown(Model::Leaky, 5, 5 * SECOND), name];
    Scenario::new("S9 a hidden limit of a field", (0..60).map(each).collect(), rules)
}

/// S10: others use one guild's emojis up for 1337 s; another guild's are free.
pub(crate) fn a_shared_limit() -> Scenario {
    let each = |number: u64| {
        let guild = number % 2;
        Call { party: 0, ..call(Request::post(format!("/guilds/{}/emojis", id_of(guild))), guild) }
    };
    let shared =
        Trouble { from: 0, until: 1_337 * SECOND, hits: |call| call.resource == 0, ill: Ill::Shared };
    let rules = vec![shown(Model::Leaky, 10, 10 * SECOND)];
    Scenario {
        troubles: vec![shared],
        ..Scenario::new("S10 a shared limit", (0..40).map(each).collect(), rules)
    }
}

/// S11: the global limit is another one from the sixth second on. No header shows it: of a raised one the
/// operator is told, of a lowered one nobody is.
pub(crate) fn global(name: &str, later: u32) -> Scenario {
    let global = Rule { change: Some((5 * SECOND, u64::from(later))), ..global_rule(Model::Log) };
    let rules = vec![global, shown(Model::Leaky, 5, 5 * SECOND)];
    let told = Some((5 * SECOND, later)).filter(|_| later > 50);
    Scenario { told, ..Scenario::new(name, messages(1_000, 200), rules) }
}

/// S12: 5 become 3 and the hash is another one.
pub(crate) fn a_limit_that_changes() -> Scenario {
    let rule = Rule { change: Some((30 * SECOND, 3)), ..shown(Model::FirstArrival, 5, 5 * SECOND) };
    Scenario::new("S12 a limit that changes", messages(60, 1), vec![rule])
}

/// S13: answers describe nothing, as for a user's token (discord-api-docs#1808).
pub(crate) fn no_headers() -> Scenario {
    let rules = vec![shown(Model::Leaky, 5, 5 * SECOND)];
    Scenario { headers: false, ..Scenario::new("S13 no headers", messages(60, 2), rules) }
}

/// S14: the edge bans for ten minutes and does not say so.
pub(crate) fn a_ban() -> Scenario {
    let ban = Trouble { from: 2 * SECOND, until: 602 * SECOND, hits: |_| true, ill: Ill::Ban };
    let rules = vec![global_rule(Model::Log), shown(Model::Leaky, 5, 5 * SECOND)];
    Scenario { troubles: vec![ban], ..Scenario::new("S14 a ban of the edge", messages(200, 10), rules) }
}

/// S15: one of two tokens is not valid any more, one of two webhooks is gone, and nobody has noticed.
pub(crate) fn refused_tokens_and_dead_webhooks() -> Scenario {
    let bot = |number: u64, channel: u64| {
        let token = Credential::of_token(if number == 0 { "Bot refused" } else { "Bot valid" });
        let path = format!("/channels/{}/messages", id_of(10 * number + channel));
        Call { sort: number, ..call(Request::post(path).with_credential(token), 10 * number + channel) }
    };
    let webhook = |number: u64| {
        let path = format!("/webhooks/{}/{}", id_of(100 + number), "t".repeat(68));
        Call { sort: number, parent: 1, ..call(Request::post(path), 100 + number) }
    };
    let each = |number: u64| {
        let asked = number / 4 * 100 * MS;
        let made = if number.is_multiple_of(2) {
            bot(number / 2 % 2, number / 4 % 10)
        } else {
            webhook(number / 2 % 2)
        };
        Call { asked, party: 0, ..made }
    };
    let refused = |hits, ill| Trouble { from: 0, until: u64::MAX, hits, ill };
    let troubles = vec![
        refused(|call| call.parent == 0 && call.sort == 0, Ill::TokenRefused),
        refused(|call| call.parent == 1 && call.sort == 0, Ill::WebhookGone),
    ];
    let rules = vec![shown(Model::Leaky, 5, 5 * SECOND)];
    let name = "S15 refused tokens, dead webhooks";
    Scenario { troubles, ..Scenario::new(name, (0..400).map(each).collect(), rules) }
}

/// S16: a third hangs up: in line, on the wire, or after the answer.
pub(crate) fn cancellations() -> Scenario {
    let rules = vec![global_rule(Model::Log), shown(Model::FirstArrival, 5, 5 * SECOND)];
    Scenario { cancelled: 333, ..Scenario::new("S16 cancellations", messages(400, 20), rules) }
}

/// S17: S1 with a server whose wall clock is set back by an hour.
pub(crate) fn a_clock_that_jumps() -> Scenario {
    let jump = Some((10 * SECOND, -3_600));
    Scenario { name: "S17 a clock that jumps".to_owned(), jump, ..one_sliding_bucket() }
}

/// S18: one try in ten gets no answer, and answers overtake each other.
pub(crate) fn lost_answers() -> Scenario {
    let rules = vec![shown(Model::FirstArrival, 5, SECOND)];
    let calm = Scenario::new("S18 lost answers", messages(120, 4), rules);
    Scenario { lost: 100, jitter: 300 * MS, ..calm }
}

/// S20: tenants that ask 1 : 1 : 8, three times what the global limit gives, with classes and deadlines.
pub(crate) fn tenants() -> Scenario {
    let each = |number: u64| {
        let party = match number % 10 {
            0 => 0,
            1 => 1,
            _ => 2,
        };
        let asked = number * SECOND / 150;
        let turn = number / 10;
        let (class, patience) = match turn % 20 {
            0 => (Priority::Critical, Some(3)),
            1 | 2 => (Priority::Interactive, Some(10)),
            3 => (Priority::Bulk, None),
            4..8 => (Priority::Normal, Some(15)),
            _ => (Priority::Normal, None),
        };
        // Each tenant has channels of its own, and room in each.
        let call = message(1_000 * party + number % 197, party);
        let request = call.request.with_priority(class).with_tenant(Tenant::numbered(party + 1));
        let deadline = |seconds| Moment::from_micros(asked) + Duration::from_secs(seconds);
        let request = Request { deadline: patience.map(deadline), ..request };
        Call { asked, request, ..call }
    };
    let rules = vec![global_rule(Model::Log), shown(Model::Leaky, 5, 5 * SECOND)];
    Scenario::new("S20 tenants 1:1:8", (0..3_000).map(each).collect(), rules)
}

/// S25: five channels with much work, asked for last, among many with little, where the global limit binds.
pub(crate) fn long_among_short() -> Scenario {
    let short = (0..2_000).map(|number| message(100 + number, 0));
    let long = (0..300).map(|number| message(number % 5, 0));
    let rules = vec![global_rule(Model::Log), shown(Model::FirstArrival, 5, 5 * SECOND)];
    Scenario::new("S25 long among short", short.chain(long).collect(), rules)
}

/// S21: ten seconds of 502.
pub(crate) fn bad_gateways() -> Scenario {
    let storm = Trouble { from: 2 * SECOND, until: 12 * SECOND, hits: |_| true, ill: Ill::BadGateway };
    let rules = vec![global_rule(Model::Log), shown(Model::Leaky, 5, 5 * SECOND)];
    Scenario { troubles: vec![storm], ..Scenario::new("S21 bad gateways", messages(200, 10), rules) }
}

/// S22: 5 per 2 s each, 30 per 60 s for all of a channel (discord-api-docs#367).
pub(crate) fn webhooks_of_a_channel() -> Scenario {
    let each = |number: u64| {
        let webhook = number % 3;
        let path = format!("/webhooks/{}/{}", id_of(webhook), "t".repeat(68));
        Call { parent: 1, ..call(Request::post(path), webhook) }
    };
    let channel = Rule {
        by: |call, _| Some(call.parent),
        face: Face::Hidden,
        ..shown(Model::FirstArrival, 30, 60 * SECOND)
    };
    let rules = vec![shown(Model::Leaky, 5, 2 * SECOND), channel];
    Scenario::new("S22 webhooks of a channel", (0..120).map(each).collect(), rules)
}

/// S23: 1 per 0.25 s, one bucket for all reactions of a channel (discord-api-docs#981).
pub(crate) fn reactions() -> Scenario {
    let each = |number: u64| {
        let method = if number.is_multiple_of(2) { Method::Put } else { Method::Delete };
        let message = id_of(1_000 + number);
        let path = format!("/channels/{}/messages/{message}/reactions/%F0%9F%94%A5/@me", id_of(0));
        call(Request::new(method, path), 0)
    };
    let rules = vec![shown(Model::FirstArrival, 1, 250 * MS)];
    Scenario::new("S23 reactions", (0..100).map(each).collect(), rules)
}

/// S24: a process ends while its buckets are used up, and the next one begins half a second later, with or
/// without what was learnt: 10 per 5 s in each of four channels, and a hidden 10 per 60 s of one webhook.
pub(crate) fn restart(kept: bool) -> Scenario {
    let webhook = |number: u64| {
        let path = format!("/webhooks/{}/{}", id_of(9), "t".repeat(68));
        Call { sort: 1, asked: number * 500 * MS, ..call(Request::post(path), 9) }
    };
    let hidden = Rule {
        by: |call, _| (call.sort == 1).then_some(call.resource),
        face: Face::Hidden,
        ..shown(Model::FirstArrival, 10, 60 * SECOND)
    };
    let rules = vec![shown(Model::FirstArrival, 10, 5 * SECOND), hidden];
    let calls = messages(200, 4).into_iter().chain((0..30).map(webhook)).collect();
    let name = if kept { "S24 a restart, state kept" } else { "S24 a restart, state lost" };
    let restart = Some(Restart { at: 11 * SECOND, pause: 500 * MS, kept });
    Scenario { restart, ..Scenario::new(name, calls, rules) }
}

pub(crate) fn shown(model: Model, most: u64, window: u64) -> Rule {
    Rule { by: |call, _| Some(call.resource), model, most, window, face: Face::Shown("b0ca"), change: None }
}

pub(crate) fn global_rule(model: Model) -> Rule {
    Rule { by: |_, _| Some(0), face: Face::Global, ..shown(model, 50, SECOND) }
}

pub(crate) fn messages(requests: u64, channels: u64) -> Vec<Call> {
    // One request for a channel is no contest between channels.
    let party = |channel: u64| if requests > channels { channel } else { 0 };
    (0..requests).map(|number| message(number % channels, party(number % channels))).collect()
}

pub(crate) fn message(channel: u64, party: u64) -> Call {
    Call { party, ..call(Request::post(format!("/channels/{}/messages", id_of(channel))), channel) }
}

fn delete(channel: u64, message: u64) -> Call {
    let path = format!("/channels/{}/messages/{}", id_of(channel), id_of(1_000 + message));
    call(Request::new(Method::Delete, path), channel)
}

fn call(request: Request, resource: u64) -> Call {
    Call { asked: 0, request, resource, parent: 0, sort: 0, born: 0, party: resource }
}

fn id_of(number: u64) -> u64 {
    100_000_000_000_000_000 + number
}

fn index(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
