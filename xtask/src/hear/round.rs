//! One round: a simulator on a thread of its own, a client on this one, and what passed between them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use journeyman::{ChannelId, Client, Clock, Event, Job, Settings, Token, WatchedBy};
use journeyman_sim as sim;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;

use super::lag::{self, Sign, Times};

/// How many of our own jobs run at once, which is what the largest plan allows.
const AT_ONCE: usize = 12;
/// How many follow each other in each of these places.
const IN_TURN: usize = 3;
/// How long only other people's messages are heard, before our jobs begin.
const LISTEN: Duration = Duration::from_secs(5);

type Any = Box<dyn std::error::Error + Send + Sync>;

/// Other people, and which bot serves them.
pub(crate) struct Traffic {
    pub(crate) era: sim::Era,
    pub(crate) remarks_per_minute: f64,
    pub(crate) jobs_per_minute: f64,
}

/// What one round showed.
pub(crate) struct Round {
    /// From the moment an event is due in the simulator to the one at which a job's caller has it, in order.
    pub(crate) lags: Vec<Duration>,
    /// Events of our jobs that no caller was told.
    pub(crate) unheard: usize,
    /// Messages a second in the channel.
    pub(crate) messages_per_second: f64,
    /// Processor time of the client's thread for each message while it only listened.
    pub(crate) micros_per_message: f64,
    /// The same while our jobs ran.
    pub(crate) micros_per_message_working: f64,
    pub(crate) images: u64,
    /// REST requests while connected, files not counted.
    pub(crate) requests: u64,
    /// Requests that were limited or invalid.
    pub(crate) limited: u64,
    /// Connections to the gateway that were lost.
    pub(crate) losses: u64,
}

/// How it stands at one moment.
struct Mark {
    at: Duration,
    cpu: Duration,
    messages: u64,
    requests: u64,
}

pub(super) fn run(traffic: &Traffic, seed: u64) -> Result<Round, Any> {
    // The simulator's work is not the client's: each has one thread, and the client's is this one.
    let theirs = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let ours = Builder::new_current_thread().enable_all().build()?;
    let clock = Clock::real();
    let world = theirs.block_on(serve(traffic, seed, clock))?;
    let round = ours.block_on(hear(&world, clock));
    theirs.block_on(world.shutdown());

    let round = round?;
    // What was left to do of a round must not disturb the next one.
    [ours, theirs].into_iter().for_each(Runtime::shutdown_background);
    Ok(round)
}

async fn serve(traffic: &Traffic, seed: u64, clock: Clock) -> Result<sim::Running, Any> {
    let second = Duration::from_secs(1);
    let world = sim::Settings {
        seed,
        plan: sim::Plan::Pro,
        pictures: sim::Pictures::Tiny,
        traffic: sim::Traffic {
            messages_per_minute: traffic.remarks_per_minute,
            jobs_per_minute: traffic.jobs_per_minute,
            same_prompt: 0.0,
        },
        // Quicker than Midjourney is, so that a short run has many events.
        timing: sim::Timing {
            first_percent: second,
            step: second / 2,
            last: second / 2,
            ..sim::Timing::default()
        },
        ..sim::Settings::for_era(traffic.era).starting_now()
    };
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let clock = sim::ScaledClock { origin: clock.origin(), scale: clock.scale() };
    Ok(sim::serve(listener, world, clock).await?)
}

async fn hear(world: &sim::Running, clock: Clock) -> Result<Round, Any> {
    let folder = tempfile::tempdir()?;
    let channel: ChannelId = world.ready.channel_id.parse()?;
    let mut settings = Settings::new(Token::parse(&world.ready.token)?, channel);
    settings.guild = Some(world.ready.guild_id.parse()?);
    settings.api_base = world.ready.rest.parse()?;
    settings.out = folder.path().to_owned();
    settings.pace = None;
    settings.seed = 1;
    let client = Client::new(&settings, clock)?;
    // The first job connects, discovers the command and sees what is there.
    client.imagine("a pebble").await?.outcome().await?;
    if client.watched_by() != WatchedBy::Gateway {
        return Err("the gateway is not up after the first image".into());
    }
    let listening = mark(world, clock)?;
    tokio::time::sleep(LISTEN).await;
    let begun = mark(world, clock)?;
    let told = work(&client, clock).await?;
    let done = mark(world, clock)?;
    let sent = world.with_world(|world| lag::sent(world.events()));
    let (lags, unheard) = lag::lags(&sent, &told);
    let report = world.report();
    Ok(Round {
        lags,
        unheard,
        messages_per_second: ratio(done.messages - begun.messages, done.at.saturating_sub(begun.at)),
        micros_per_message: micros_per_message(&listening, &begun),
        micros_per_message_working: micros_per_message(&begun, &done),
        images: (AT_ONCE * IN_TURN) as u64,
        requests: done.requests - begun.requests,
        limited: report.rate_limited.total() + report.invalid_requests,
        losses: report.gateway.connections - 1,
    })
}

/// Makes images, some at once, and notes when which caller was told what.
async fn work(client: &Client, clock: Clock) -> Result<Times, Any> {
    let told = Arc::new(Mutex::new(Times::new()));
    let mut places = JoinSet::new();
    for place in 0..AT_ONCE {
        let (client, told) = (client.clone(), Arc::clone(&told));
        places.spawn(async move {
            for turn in 0..IN_TURN {
                let number = place * IN_TURN + turn;
                let job = client.imagine(&lag::prompt(number)).await?;
                follow(job, number, clock, &told).await?;
            }
            Ok::<(), journeyman::Error>(())
        });
    }
    while let Some(ended) = places.join_next().await {
        ended??;
    }
    let told = std::mem::take(&mut *told.lock().unwrap_or_else(PoisonError::into_inner));
    Ok(told)
}

async fn follow(
    mut job: Job,
    number: usize,
    clock: Clock,
    told: &Mutex<Times>,
) -> Result<(), journeyman::Error> {
    let note = |event: &Event| {
        let at = Duration::from_micros(clock.now().as_micros());
        if let Some(sign) = Sign::told(event) {
            told.lock().unwrap_or_else(PoisonError::into_inner).entry((number, sign)).or_insert(at);
        }
    };
    job.watch(note).await.map(drop)
}

fn mark(world: &sim::Running, clock: Clock) -> Result<Mark, Any> {
    let report = world.report();
    Ok(Mark {
        at: Duration::from_micros(clock.now().as_micros()),
        cpu: thread_time()?,
        messages: report.gateway.events,
        requests: rest_requests(&report.requests),
    })
}

/// Files come from the CDN, which is not the REST API.
fn rest_requests(requests: &BTreeMap<String, BTreeMap<String, BTreeMap<String, u64>>>) -> u64 {
    let is_rest = |template: &str| !template.contains("cdn") && !template.contains("attachments/");
    let templates = requests.values().flatten().filter(|(template, _)| is_rest(template));
    templates.flat_map(|(_, statuses)| statuses.values()).sum()
}

/// What this thread has computed so far.
fn thread_time() -> Result<Duration, Any> {
    const TIMES: &str = "/proc/thread-self/schedstat";
    let text = std::fs::read_to_string(TIMES)
        .map_err(|why| format!("read {TIMES}: {why}; this measure needs Linux"))?;
    let nanos = text.split_whitespace().next().ok_or("no time in it")?.parse()?;
    Ok(Duration::from_nanos(nanos))
}

fn micros_per_message(from: &Mark, to: &Mark) -> f64 {
    1e6 / ratio(to.messages - from.messages, to.cpu.saturating_sub(from.cpu))
}

fn ratio(count: u64, span: Duration) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / span.as_secs_f64()
}
