//! The crate against the simulator: what was executed, by the simulator's own count. It follows no job.

use journeyman_discord::{
    CallError, CallErrorKind, Config, Downloader, Hosts, Place, Rest, Timeouts, Token, Wanted, wire,
};
use journeyman_limiter::{Certainty, Config as Limits, Limiter, RetryPolicy};
use journeyman_model::{ApplicationId, ChannelId, Command, CommandVersion, GuildId};
use journeyman_moment::Clock;
use journeyman_sim::{FaultKind, FaultRule, Pictures, Running, ScaledClock, Settings, serve};
use serde_json::{Value, json};
use tokio::net::TcpListener;

const MIDJOURNEY: ApplicationId = ApplicationId::new(936_929_561_302_675_456);
const IMAGINE: Wanted<'_> = Wanted { application: MIDJOURNEY, name: "imagine" };
const SCALE: f64 = 100.0;
const MESSAGES: &str = "/channels/{channel.id}/messages";

/// A world in which this goes wrong, and an account of it.
pub(crate) struct Visit {
    pub(crate) world: Running,
    pub(crate) rest: Rest,
    pub(crate) place: Place,
    pub(crate) clock: Clock,
}

impl Visit {
    async fn start(faults: Vec<FaultRule>) -> Self {
        Self::start_in(Settings { faults, ..Settings::default() }).await
    }

    pub(crate) async fn start_in(settings: Settings) -> Self {
        let clock = Clock::scaled(SCALE);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let settings = Settings { pictures: Pictures::Tiny, ..settings };
        let scaled = ScaledClock { origin: clock.origin(), scale: SCALE };
        let world = serve(listener, settings, scaled).await.unwrap();
        let token = Token::parse(&world.ready.token).unwrap();
        let config = Config::new(token).with_api_base(world.ready.rest.parse().unwrap());
        let rest = Rest::new(config, Limiter::new(Limits::default(), clock), clock).unwrap();
        let channel: ChannelId = world.ready.channel_id.parse().unwrap();
        let guild: Option<GuildId> = Some(world.ready.guild_id.parse().unwrap());
        Self { world, rest, place: Place { channel, guild }, clock }
    }

    async fn imagine(&self, version: CommandVersion) -> Result<wire::Answer, CallError> {
        self.imagine_as("0123456789abcdef0123456789abcdef", version).await
    }

    /// From this session of the gateway.
    pub(crate) async fn imagine_as(
        &self,
        session_id: &str,
        version: CommandVersion,
    ) -> Result<wire::Answer, CallError> {
        let command = self.rest.command(self.place, IMAGINE).await.unwrap();
        let mut payload = payload(&Command { version, ..command }, self.place);
        payload["session_id"] = session_id.into();
        self.rest.call(&wire::post_interaction(payload, self.place.channel)).await
    }

    pub(crate) async fn version(&self) -> CommandVersion {
        self.rest.command(self.place, IMAGINE).await.unwrap().version
    }

    /// What the world executed, once nothing is under way.
    fn executions(&self) -> Vec<u64> {
        self.world.report().jobs.iter().map(|job| job.executions).collect()
    }
}

fn payload(command: &Command, place: Place) -> Value {
    json!({
        "type": 2,
        "application_id": MIDJOURNEY,
        "guild_id": place.guild,
        "channel_id": place.channel,
        "session_id": "0123456789abcdef0123456789abcdef",
        "nonce": "1083788668470304788",
        "data": {
            "version": command.version,
            "id": command.id,
            "name": command.name,
            "type": 1,
            "options": [{"type": 3, "name": "prompt", "value": "a lighthouse at dawn"}],
            "attachments": [],
        },
    })
}

#[tokio::test]
async fn an_imagine_is_executed_once_and_its_picture_can_be_fetched() {
    let visit = Visit::start(Vec::new()).await;
    let user = visit.rest.me().await.unwrap();
    assert_eq!(user.to_string(), visit.world.ready.user_id);
    assert_eq!(visit.imagine(visit.version().await).await.unwrap().status, 204);
    let page = wire::newest_messages(visit.place.channel, 50);
    let link = loop {
        let messages = visit.rest.read(&page, wire::read::messages).await.unwrap();
        // The final message has buttons by which its images can be chosen.
        let last = messages.iter().find(|message| message["components"].to_string().contains("upsample"));
        if let Some(link) = last.and_then(|message| message["attachments"][0]["url"].as_str()) {
            break link.to_owned();
        }
    };
    let files =
        Downloader::new(Timeouts::default(), Hosts::loopback(), RetryPolicy::default(), visit.clock).unwrap();
    let picture = files.fetch(&link, 64 * 1024 * 1024).await.unwrap();
    assert!(picture.starts_with(b"\x89PNG"), "{} bytes", picture.len());
    assert_eq!(visit.executions(), [1]);
    let report = visit.world.report();
    assert_eq!((report.rate_limited.total(), report.invalid_requests), (0, 0));
}

#[tokio::test]
async fn trouble_after_the_execution_leaves_it_executed_once() {
    let table = [
        (FaultKind::LoseAnswer, CallErrorKind::LostAnswer { is_timeout: false }),
        (FaultKind::ResetAfter, CallErrorKind::LostAnswer { is_timeout: false }),
        (FaultKind::StatusAfter, CallErrorKind::UpstreamFailed { status: 502 }),
    ];
    for (fault, kind) in table {
        let visit = Visit::start(vec![FaultRule::once(fault, "POST", "/interactions")]).await;
        let error = visit.imagine(visit.version().await).await.unwrap_err();
        assert_eq!(
            (error.kind, error.certainty, error.attempts),
            (kind, Certainty::MaybeSent, 1),
            "{fault:?}"
        );
        assert_eq!(visit.executions(), [1], "{fault:?}");
    }
}

#[tokio::test]
async fn a_server_that_resets_reused_connections_executes_a_post_once() {
    for fault in [FaultKind::ResetReused, FaultKind::ResetIdle] {
        let rule = FaultRule { count: None, ..FaultRule::once(fault, "*", "*") };
        let visit = Visit::start(vec![rule]).await;
        assert_eq!(visit.imagine(visit.version().await).await.unwrap().status, 204, "{fault:?}");
        assert_eq!(visit.executions(), [1], "{fault:?}");
    }
}

#[tokio::test]
async fn trouble_while_reading_is_overcome() {
    for fault in [FaultKind::StatusBefore, FaultKind::LoseAnswer, FaultKind::ResetBefore] {
        let visit = Visit::start(vec![FaultRule::once(fault, "GET", MESSAGES)]).await;
        let page = wire::newest_messages(visit.place.channel, 50);
        visit.rest.read(&page, wire::read::messages).await.unwrap();
        assert_eq!(visit.world.report().count("GET", MESSAGES), 2, "{fault:?}");
    }
}

#[tokio::test]
async fn an_outdated_command_is_refused_and_discovered_anew() {
    let visit = Visit::start(Vec::new()).await;
    let stale = CommandVersion::new(visit.version().await.get() - 1);
    let refusal = visit.imagine(stale).await.unwrap();
    assert!(refusal.is_invalid_version(), "{:?}", refusal.error());
    let fresh = visit.rest.rediscover(visit.place, IMAGINE, stale).await.unwrap();
    assert_eq!(visit.imagine(fresh.version).await.unwrap().status, 204);
    assert_eq!(visit.executions(), [1]);
}

#[tokio::test]
async fn a_wrong_token_is_asked_about_once() {
    let visit = Visit::start(Vec::new()).await;
    let token = Token::parse("MTAwMDAwMDAwMDAwMDAwMDAw.Gabcde.canary-0123456789").unwrap();
    let config = Config::new(token).with_api_base(visit.world.ready.rest.parse().unwrap());
    let rest = Rest::new(config, Limiter::new(Limits::default(), visit.clock), visit.clock).unwrap();
    for _ in 0..3 {
        let error = rest.me().await.unwrap_err();
        assert!(matches!(error.kind, CallErrorKind::Unauthorized { status: 401, .. }), "{error}");
    }
    assert_eq!(visit.world.report().invalid_requests, 1);
}

#[tokio::test]
async fn many_calls_at_once_meet_no_limit() {
    let visit = Visit::start(Vec::new()).await;
    let page = wire::newest_messages(visit.place.channel, 50);
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let (rest, page) = (visit.rest.clone(), page.clone());
        calls.spawn(async move { rest.call(&page).await.map(|answer| answer.status) });
    }
    let statuses = calls.join_all().await;
    assert!(statuses.iter().all(|status| matches!(status, Ok(200))), "{statuses:?}");
    let report = visit.world.report();
    assert_eq!((report.count("GET", MESSAGES), report.rate_limited.total()), (20, 0));
}
