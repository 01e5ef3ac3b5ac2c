//! A client and a simulator that share one fast clock, and a token with a canary in it.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, Once};

use journeyman::{
    ApiBase, Client, Clock, Error, ErrorKind, Event, Finished, Job, ProgressVisibility, Settings, Token,
    WatchMode,
};
use journeyman_sim::{Running, ScaledClock, Visibility};
use tempfile::TempDir;
use tokio::net::TcpListener;

/// How much faster than real time everything runs.
const SCALE: f64 = 40.0;

/// A word that must never leave the token.
const CANARY: &str = "canarybird";

/// A word that the account's name and address have; no recording has it.
const NAME: &str = "goldcrest";

/// One account at one simulator.
pub(crate) struct Bench {
    pub(crate) sim: Running,
    pub(crate) client: Client,
    pub(crate) settings: Settings,
    pub(crate) clock: Clock,
    pub(crate) folder: TempDir,
    /// Every flow is recorded here.
    pub(crate) recordings: TempDir,
}

/// The simulator's settings of an era, with small pictures.
pub(crate) fn of_era(scenario: &str, era: journeyman_sim::Era) -> journeyman_sim::Settings {
    journeyman_sim::Settings {
        scenario: scenario.parse().expect("a scenario of the simulator"),
        pictures: journeyman_sim::Pictures::Tiny,
        ..journeyman_sim::Settings::for_era(era)
    }
}

/// The simulator's settings that most flows use: small pictures, everything visible.
pub(crate) fn visible(scenario: &str) -> journeyman_sim::Settings {
    journeyman_sim::Settings {
        scenario: scenario.parse().expect("a scenario of the simulator"),
        errors: Visibility::Visible,
        progress: Visibility::Visible,
        pictures: journeyman_sim::Pictures::Tiny,
        ..journeyman_sim::Settings::for_era(journeyman_sim::Era::E2023)
    }
}

impl Bench {
    /// A client that reads the channel.
    pub(crate) async fn new(sim: journeyman_sim::Settings) -> Self {
        Self::watching(sim, WatchMode::Poll).await
    }

    /// A client that follows the channel in this way.
    pub(crate) async fn watching(mut sim: journeyman_sim::Settings, watch: WatchMode) -> Self {
        collect_log();
        let clock = Clock::scaled(SCALE);
        let progress = match sim.progress {
            Visibility::Visible => ProgressVisibility::Visible,
            Visibility::Ephemeral => ProgressVisibility::Hidden,
        };
        sim.token = Some(format!("{CANARY}AAAAAAAAAAAAAAAA.BBBBBB.CCCCCCCCCCCCCCCCCCCCCCCCCCC"));
        sim.account_name = format!("{NAME}.of_1");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port on loopback");
        let scaled = ScaledClock { origin: clock.origin(), scale: SCALE };
        let sim = journeyman_sim::serve(listener, sim.starting_now(), scaled).await.expect("a simulator");
        let folder = tempfile::tempdir().expect("a folder");
        let recordings = tempfile::tempdir().expect("a folder");
        let record = Some(recordings.path().to_owned());
        let settings = Settings { watch, record, ..settings(&sim, folder.path(), progress) };
        let client = Client::new(&settings, clock).expect("a client");
        Self { sim, client, settings, clock, folder, recordings }
    }

    /// Runs one job to its end; returns its events too.
    pub(crate) async fn imagine(&self, prompt: &str) -> (Result<Finished, Error>, Vec<Event>) {
        let mut job = self.client.imagine(prompt).await.expect("a job");
        let outcome = job.outcome().await;
        if let Err(error) = &outcome {
            assert_no_canary_in(error);
        }
        (outcome, drain(&mut job).await)
    }

    /// Runs one job that must fail.
    pub(crate) async fn fail(&self, prompt: &str) -> Error {
        self.imagine(prompt).await.0.expect_err("the job must fail")
    }

    /// Nothing was limited, nothing invalid, and each job was executed and charged once.
    pub(crate) fn assert_each_once(&self, jobs: usize) {
        let report = self.sim.report();
        assert_eq!(report.rate_limited.total(), 0, "{report:?}");
        assert_eq!(report.invalid_requests, 0, "{report:?}");
        assert_eq!(report.jobs.len(), jobs, "{report:?}");
        for job in &report.jobs {
            assert_eq!((job.executions, job.charged), (1, 1), "{job:?}");
        }
    }

    /// No token, name, address or id of the account is in a recording, nor where it works.
    pub(crate) fn assert_redacted(&self, recording: &str) {
        let ready = &self.sim.ready;
        let ids = [ready.channel_id.as_str(), &ready.guild_id, &ready.user_id];
        for secret in ids.into_iter().chain([ready.token.as_str(), CANARY, NAME, "mail.example"]) {
            let line = recording.lines().find(|line| line.contains(secret));
            assert_eq!(line, None, "{secret} is recorded");
        }
    }

    /// The canary is in no file, no file name and no `Debug`.
    fn assert_no_canary(&self) {
        assert!(!format!("{:?} {:?}", self.client, self.settings).contains(CANARY));
        for file in files(self.folder.path()).into_iter().chain(files(self.recordings.path())) {
            let bytes = match std::fs::read(&file) {
                Ok(bytes) => bytes,
                // A store that closes takes the files beside it away.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                Err(error) => panic!("read {}: {error}", file.display()),
            };
            let found = bytes.windows(CANARY.len()).any(|window| window == CANARY.as_bytes());
            assert!(!found && !file.to_string_lossy().contains(CANARY), "{}", file.display());
        }
        for file in files(self.recordings.path()) {
            let text = std::fs::read_to_string(&file).expect("a recording");
            self.assert_redacted(&text);
        }
        let log = LOG.lock().expect("the log");
        assert!(!log.is_empty(), "the log is not collected");
        assert!(!String::from_utf8_lossy(&log).contains(CANARY), "a log line holds the token");
    }
}

/// Every flow ends with the search for the canary.
impl Drop for Bench {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.assert_no_canary();
        }
    }
}

fn assert_no_canary_in(error: &Error) {
    let mut told = format!("{error} {error:?} {:?}", error.hint());
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        told = format!("{told} {cause} {cause:?}");
        source = cause.source();
    }
    assert!(!told.contains(CANARY), "{told}");
}

/// Everything that is logged, at every level, by all flows.
static LOG: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct Log;

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LOG.lock().expect("the log").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn collect_log() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::level_filters::LevelFilter::TRACE)
            .with_writer(|| Log)
            .finish();
        tracing::subscriber::set_global_default(subscriber).expect("the first subscriber");
    });
}

pub(crate) fn settings(sim: &Running, folder: &Path, progress: ProgressVisibility) -> Settings {
    let token = Token::parse(&sim.ready.token).expect("a token");
    let mut settings = Settings::new(token, sim.ready.channel_id.parse().expect("a channel"));
    settings.guild = Some(sim.ready.guild_id.parse().expect("a guild"));
    settings.api_base = sim.ready.rest.parse::<ApiBase>().expect("an origin");
    folder.clone_into(&mut settings.out);
    settings.progress = progress;
    settings.watch = WatchMode::Poll;
    settings.seed = 1;
    settings
}

/// The events that have come so far; all of them once the outcome is known.
pub(crate) async fn drain(job: &mut Job) -> Vec<Event> {
    let mut events = Vec::new();
    loop {
        // Biased: whatever is in the channel is taken, and nothing is waited for.
        tokio::select! {
            biased;
            event = job.next_event() => match event {
                Some(event) => events.push(event),
                None => break,
            },
            () = std::future::ready(()) => break,
        }
    }
    events
}

pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    files
}

/// Asserts the kind of an error, and that it says what happened and what to do.
pub(crate) fn assert_kind(error: &Error, kind: ErrorKind) {
    assert_eq!(error.kind(), kind, "{error:?}");
    let message = error.to_string();
    assert!(!message.is_empty() && !message.ends_with('.'), "{message}");
    assert!(error.hint().is_some(), "{error:?}");
}
