//! Real processes, killed with SIGKILL at random instants: no job lost, none charged twice, no file corrupt. It is
//! no test of power loss: the kernel keeps what was written.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use journeyman::queue::{Queue, QueueAccount, QueueStore, Request};
use journeyman::{ApiBase, Client, Clock, ProgressVisibility, Settings, Token, WatchMode};
use journeyman_jobs::engine::EngineSettings;
use journeyman_jobs::job::{Job, JobId, NewJob, State};
use journeyman_jobs::store::sqlite::Sqlite;
use journeyman_jobs::store::{Filter, Store as _};
use journeyman_sim::{JobReport, Running, ScaledClock};
use tokio::net::TcpListener;

use crate::bench::of_era;

/// How much faster than real time everything runs.
const SCALE: f64 = 100.0;

/// Set for the process that is killed, which is this program again: where it works.
const FOLDER: &str = "JOURNEYMAN_CRASH_FOLDER";
const REST: &str = "JOURNEYMAN_CRASH_REST";
const TOKEN: &str = "JOURNEYMAN_CRASH_TOKEN";
const CHANNEL: &str = "JOURNEYMAN_CRASH_CHANNEL";
const GUILD: &str = "JOURNEYMAN_CRASH_GUILD";
const JOBS: &str = "JOURNEYMAN_CRASH_JOBS";
const LIFE: &str = "JOURNEYMAN_CRASH_LIFE";

fn store_in(folder: &Path) -> PathBuf {
    folder.join("jobs.sqlite3")
}

fn jobs(count: usize) -> Vec<NewJob> {
    let job = |number| {
        let prompt = format!("animal number {number}");
        NewJob {
            request: Request::Imagine { prompt: prompt.clone() }.to_text(),
            step: "imagine".to_owned(),
            key: Some(prompt.clone()),
            title: prompt,
            ..NewJob::default()
        }
    };
    (0..count).map(job).collect()
}

/// The process that is killed. Without its environment it is no test and does nothing.
#[test]
fn the_process_that_is_killed() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else { return };
    let told = |name: &str| std::env::var(name).expect("the parent sets it");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let clock = Clock::scaled(SCALE);
        let token = Token::parse(&told(TOKEN)).unwrap();
        let mut settings = Settings::new(token, told(CHANNEL).parse().unwrap());
        settings.guild = Some(told(GUILD).parse().unwrap());
        settings.api_base = told(REST).parse::<ApiBase>().unwrap();
        settings.out.clone_from(&folder);
        settings.progress = ProgressVisibility::Hidden;
        settings.watch = WatchMode::Auto;
        let client = Client::new(&settings, clock).unwrap();
        let store = QueueStore::open(&store_in(&folder), clock).unwrap();
        let account = QueueAccount { name: "mine".to_owned(), client, slots: 3 };
        let queue = Queue::open(store, vec![account], EngineSettings::new(told(LIFE)), clock);
        let ids = queue.add(jobs(told(JOBS).parse().unwrap())).await.unwrap();
        for id in ids {
            queue.ended(id).await.unwrap();
        }
        queue.drain().await;
    });
}

fn begin(sim: &Running, folder: &Path, count: usize, life: usize) -> Child {
    let ready = &sim.ready;
    Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "crash::the_process_that_is_killed", "--nocapture"])
        .env(FOLDER, folder)
        .env(REST, &ready.rest)
        .env(TOKEN, &ready.token)
        .env(CHANNEL, &ready.channel_id)
        .env(GUILD, &ready.guild_id)
        .env(JOBS, count.to_string())
        .env(LIFE, format!("life {life}"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("a process")
}

/// What the judge, who sees both sides, says of a job.
fn judge(job: &Job, executed: &BTreeMap<&str, &JobReport>) -> bool {
    let report = executed.get(job.asked.title.as_str());
    match job.state {
        State::Finished => {
            let end = job.end.as_ref().expect("an end");
            let [file] = &end.files[..] else { panic!("one image of {job:?}") };
            let bytes = std::fs::read(&file.path).expect("the image is on disk");
            assert_eq!(bytes.len() as u64, file.bytes, "{job:?}");
            assert!(bytes.starts_with(b"\x89PNG") && bytes.ends_with(b"IEND\xaeB`\x82"), "{job:?}");
            assert_eq!(report.map(|report| (report.executions, report.charged)), Some((1, 1)), "{job:?}");
            true
        }
        State::Unknown => {
            // Killed between the journal and the request: nothing was executed, and no client can see that.
            assert!(report.is_none(), "{job:?} was executed: {report:?}");
            assert!(job.end.as_ref().is_some_and(|end| !end.text.is_empty()), "{job:?}");
            false
        }
        State::WaitingForSlot
        | State::Sending
        | State::Accepted
        | State::Rendering
        | State::Failed
        | State::Cancelled => panic!("{job:?} is lost"),
    }
}

async fn kill_often(kills: usize, count: usize, seed: u64) -> (usize, usize) {
    let clock = Clock::scaled(SCALE);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port on loopback");
    let scaled = ScaledClock { origin: clock.origin(), scale: SCALE };
    let world = of_era("happy", journeyman_sim::Era::E2026);
    let sim = journeyman_sim::serve(listener, world.starting_now(), scaled).await.expect("a simulator");
    let folder = tempfile::tempdir().expect("a folder");
    let mut random = fastrand::Rng::with_seed(seed);
    let mut killed = 0;
    for life in 0..kills {
        let mut child = begin(&sim, folder.path(), count, life);
        // From before its first write to some minutes of its work.
        let lives = Duration::from_secs(random.u64(2..120));
        clock.sleep_until(clock.now() + lives).await;
        if child.try_wait().expect("a child").is_some() {
            break;
        }
        child.kill().expect("SIGKILL");
        child.wait().expect("a child");
        killed += 1;
    }
    let mut last = begin(&sim, folder.path(), count, kills);
    while last.try_wait().expect("a child").is_none() {
        clock.sleep_until(clock.now() + Duration::from_secs(5)).await;
    }
    let mut store = Sqlite::open(store_in(folder.path())).expect("a store");
    assert_eq!(store.check().expect("a check"), Vec::<String>::new());
    let all = store.list(&Filter { most: count, ..Filter::default() }).expect("a list");
    assert_eq!(
        all.iter().map(|job| job.id).collect::<Vec<_>>(),
        (1..=count as u64).map(JobId).collect::<Vec<_>>()
    );
    let report = sim.report();
    assert_eq!(report.rate_limited.total(), 0, "{report:?}");
    let executed: BTreeMap<&str, &JobReport> =
        report.jobs.iter().map(|job| (job.prompt.as_str(), job)).collect();
    assert_eq!(executed.len(), report.jobs.len(), "a prompt was executed twice");
    let finished = all.iter().filter(|job| judge(job, &executed)).count();
    assert_eq!(finished, executed.len(), "an image is finished there and not here");
    sim.shutdown().await;
    (killed, finished)
}

/// How many processes are killed: few in a plain run, as many as asked for by `JOURNEYMAN_KILLS`.
fn kills() -> usize {
    let asked = std::env::var("JOURNEYMAN_KILLS").ok().and_then(|text| text.parse().ok());
    asked.unwrap_or(if std::env::var_os("JOURNEYMAN_LONG").is_some() { 60 } else { 8 })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_random_instants_no_job_is_lost_and_none_charged_twice() {
    // More work than is done before the last of them dies.
    let (kills, count) = (kills(), kills() * 5);
    let (killed, finished) = kill_often(kills, count, 1).await;
    assert_eq!(killed, kills, "the work was done before all were killed");
    assert!(finished >= count * 3 / 4, "only {finished} of {count} finished: the rest is undecidable");
}
