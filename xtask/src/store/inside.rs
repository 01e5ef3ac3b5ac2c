//! The measured processes: one works on a million jobs, one holds the file open. They judge nothing.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use journeyman_jobs::change::{Applied, Change, Fence, Moved};
use journeyman_jobs::job::{Charge, End, JobId, NewJob, Note, SavedFile, State};
use journeyman_jobs::store::sqlite::Sqlite;
use journeyman_jobs::store::{Filter, Store, StoreError};
use journeyman_jobs::time::Timestamp;
use journeyman_jobs::writer::{StoreHandle, Writer};
use serde_json::{Map, Value, json};

pub(super) const WORK: &str = "--inside-work";
pub(super) const IDLE: &str = "--inside-idle";

/// Callers that each wait for the answer to one change: as many as share a commit at most.
const CALLERS: u64 = 64;
/// The part of the jobs that comes by single changes; the rest comes a thousand at a time.
const SINGLY: u64 = 10;
/// Three accounts with twelve slots each.
const ACCOUNTS: [&str; 3] = ["a", "b", "c"];
const SLOTS: usize = 12;
/// Pairs of claim and finish.
const PAIRS: u64 = 30_000;
/// A month of histograms: series, and buckets in each hour.
const HOURS: i64 = 720;
const SERIES: u64 = 10;
const BUCKETS: u64 = 8;
/// Each read is taken so often.
const READS: usize = 15;

const HOUR: i64 = 3_600_000_000;

/// The time of the measured process: only the histograms need it to move.
static NOW: AtomicI64 = AtomicI64::new(1_700_000_000_000_000);

fn now() -> Timestamp {
    Timestamp::from_unix_micros(NOW.load(Ordering::Relaxed))
}

type Measured = Map<String, Value>;

pub(super) fn work(arguments: &[String]) -> Result<Value, String> {
    let [path, jobs] = arguments else { return Err("a path and a number are needed".to_owned()) };
    let jobs: u64 = jobs.parse().map_err(|why| format!("read the number of jobs: {why}"))?;
    let mut measured = Map::new();
    measured.insert("jobs".to_owned(), json!(jobs));
    on_file(Path::new(path), jobs, &mut measured).map_err(|why| format!("{why} ({})", why.hint))?;
    measured.insert("peak_mb".to_owned(), json!(status("VmHWM:")?));
    Ok(Value::Object(measured))
}

pub(super) fn idle(arguments: &[String]) -> Result<Value, String> {
    let [path] = arguments else { return Err("a path is needed".to_owned()) };
    let since = Instant::now();
    let writer = Writer::sqlite(path, now).map_err(|why| why.to_string())?;
    let asked = writer.handle().read(|store| Ok((store.counts()?, store.list(&newest())?)));
    asked.wait().map_err(|why| why.to_string())?;
    let opened = ms(since);
    let told = json!({ "open_ms": opened, "idle_mb": status("VmRSS:")? });
    drop(writer);
    Ok(told)
}

fn on_file(path: &Path, jobs: u64, measured: &mut Measured) -> Result<(), StoreError> {
    let writer = Writer::sqlite(path, now)?;
    let handle = writer.handle();
    let single = jobs / SINGLY;
    let seconds = enqueue_singly(&handle, single)?;
    put(measured, "enqueue_per_s", per(single, seconds));
    let since = Instant::now();
    for first in (single..jobs).step_by(1_000) {
        let changes = (first..jobs.min(first + 1_000)).map(add).collect();
        handle.apply(changes).wait()?;
    }
    put(measured, "enqueue_in_thousands_per_s", per(jobs - single, since.elapsed().as_secs_f64()));
    observe(&handle)?;
    claim_and_finish(&handle, PAIRS.min(jobs / 2), measured)?;
    read(&handle, jobs, measured)?;
    drop(writer);
    put(measured, "peak_before_upkeep_mb", status("VmHWM:").map_err(|why| odd(&why))?);
    let mut store = Sqlite::open(path)?;
    put(measured, "file_mb", mb(store.bytes()?));
    let since = Instant::now();
    let copy = path.with_extension("copy");
    store.backup(&copy)?;
    put(measured, "backup_s", since.elapsed().as_secs_f64());
    let since = Instant::now();
    store.check()?;
    put(measured, "check_s", since.elapsed().as_secs_f64());
    put(measured, "peak_before_scrub_mb", status("VmHWM:").map_err(|why| odd(&why))?);
    let finished = store.list(&Filter { states: vec![State::Finished], most: 1, ..Filter::default() })?;
    let purges: Vec<Change> = finished.iter().map(|job| Change::Purge(job.id)).collect();
    store.apply(now(), &purges)?;
    let since = Instant::now();
    let is_clean = store.scrub()?;
    measured.insert("is_scrubbed".to_owned(), json!(is_clean));
    put(measured, "scrub_s", since.elapsed().as_secs_f64());
    Ok(())
}

/// A job of about the size that a prompt of 150 characters makes.
fn add(n: u64) -> Change {
    let title = format!(
        "{n} a lighthouse on a cliff at dawn, waves, gulls, thin fog over the water, seen from the sea, volumetric light, long exposure --ar 3:2 --s 250"
    );
    let request =
        json!({ "kind": "imagine", "prompt": title, "channel": "1094892992281718894", "mode": "fast" });
    Change::Add(Box::new(NewJob {
        request: request.to_string(),
        title,
        tenant: format!("tenant {}", n % 3),
        batch: format!("batch {}", n / 1_000),
        index: u32::try_from(n % 1_000).unwrap_or_default(),
        step: "imagine".to_owned(),
        key: Some(format!("batch {}/{}", n / 1_000, n % 1_000)),
        ..NewJob::default()
    }))
}

fn enqueue_singly(handle: &StoreHandle, jobs: u64) -> Result<f64, StoreError> {
    let next = AtomicU64::new(0);
    let since = Instant::now();
    std::thread::scope(|scope| {
        let caller = || -> Result<(), StoreError> {
            loop {
                let n = next.fetch_add(1, Ordering::Relaxed);
                if n >= jobs {
                    return Ok(());
                }
                handle.apply(vec![add(n)]).wait()?;
            }
        };
        let callers: Vec<_> = (0..CALLERS).map(|_| scope.spawn(caller)).collect();
        callers.into_iter().try_for_each(|caller| caller.join().unwrap_or_else(|_| Err(panicked())))
    })?;
    Ok(since.elapsed().as_secs_f64())
}

/// Each slot claims a job, waits until that is durable, finishes it, and waits again.
fn claim_and_finish(handle: &StoreHandle, pairs: u64, measured: &mut Measured) -> Result<(), StoreError> {
    let mut fences = Vec::new();
    for account in ACCOUNTS {
        let until = now().after(std::time::Duration::from_hours(1));
        let change = Change::Lease { account: account.to_owned(), owner: "measure".to_owned(), until };
        fences.extend(handle.apply(vec![change]).wait()?.into_iter().filter_map(|applied| match applied {
            Applied::Leased(fence) => Some(fence),
            Applied::Done
            | Applied::Added(_)
            | Applied::Exists(_)
            | Applied::NoParent
            | Applied::Held { .. }
            | Applied::Lost
            | Applied::Refused => None,
        }));
    }
    let line = Line { handle, ready: Mutex::default(), given: Mutex::default(), left: AtomicU64::new(pairs) };
    let took = Mutex::new(Vec::new());
    let since = Instant::now();
    std::thread::scope(|scope| {
        let mut slots = Vec::new();
        for fence in &fences {
            for _ in 0..SLOTS {
                slots.push(scope.spawn(|| line.work(fence, &took)));
            }
        }
        slots.into_iter().try_for_each(|slot| slot.join().unwrap_or_else(|_| Err(panicked())))
    })?;
    put(measured, "claim_and_finish_per_s", per(pairs, since.elapsed().as_secs_f64()));
    let mut took = took.into_inner().unwrap_or_else(PoisonError::into_inner);
    took.sort_unstable_by(f64::total_cmp);
    put(measured, "pair_p50_ms", quantile(&took, 50));
    put(measured, "pair_p99_ms", quantile(&took, 99));
    Ok(())
}

/// The jobs whose turn it is, read many at once as an engine does.
struct Line<'a> {
    handle: &'a StoreHandle,
    ready: Mutex<Vec<JobId>>,
    /// What was handed out, and may not be claimed yet where the store reads it.
    given: Mutex<BTreeSet<JobId>>,
    left: AtomicU64,
}

impl Line<'_> {
    fn work(&self, fence: &Fence, took: &Mutex<Vec<f64>>) -> Result<(), StoreError> {
        while self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
        {
            let job = self.next()?;
            let since = Instant::now();
            let claimed = self.handle.apply(vec![Change::Claim { fence: fence.clone(), job }]).wait()?;
            let finished = self.handle.apply(vec![finish(fence, job)]).wait()?;
            if claimed != [Applied::Done] || finished != [Applied::Done] {
                return Err(odd("a job was taken twice"));
            }
            took.lock().unwrap_or_else(PoisonError::into_inner).push(ms(since));
        }
        Ok(())
    }

    fn next(&self) -> Result<JobId, StoreError> {
        let mut ready = self.ready.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(job) = ready.pop() {
            return Ok(job);
        }
        let found = self.handle.read(|store| {
            let classes = store.classes()?;
            let mut found = Vec::new();
            for (class, _) in classes.iter().take(4) {
                found.extend(store.heads(class, "nobody's", now(), 400)?);
            }
            Ok(found)
        });
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        ready.extend(found.wait()?.into_iter().rev().map(|job| job.id).filter(|job| given.insert(*job)));
        ready.pop().ok_or_else(|| odd("no job is left"))
    }
}

fn finish(fence: &Fence, job: JobId) -> Change {
    let file = SavedFile {
        path: format!("out/{job}.png"),
        sha256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".to_owned(),
        bytes: 1_500_000,
        url: "https://cdn.example/attachments/1/2/grid.png".to_owned(),
    };
    let to = Moved {
        state: Some(State::Finished),
        is_send: true,
        end: Some(End { kind: "Finished".to_owned(), files: vec![file], ..End::default() }),
        note: Some(Note { at: now(), what: "finished".to_owned(), detail: String::new() }),
        charge: Some(Charge { certainty: "certain".to_owned(), nonce: job.to_string(), ..Charge::default() }),
        ..Moved::default()
    };
    Change::Move { fence: fence.clone(), job, from: vec![State::WaitingForSlot], to: Box::new(to) }
}

/// A month of histograms.
fn observe(handle: &StoreHandle) -> Result<(), StoreError> {
    let begun = NOW.load(Ordering::Relaxed);
    for hour in 0..HOURS {
        NOW.store(begun - (HOURS - hour) * HOUR, Ordering::Relaxed);
        let values =
            (0..SERIES).flat_map(|series| (0..BUCKETS).map(move |bucket| (series, 1_000_000 << bucket)));
        let observe = |(series, value)| Change::Observe { series: format!("duration/{series}"), value };
        handle.apply(values.map(observe).collect()).wait()?;
    }
    NOW.store(begun, Ordering::Relaxed);
    Ok(())
}

fn newest() -> Filter {
    Filter { newest_first: true, most: 50, ..Filter::default() }
}

type Reading = (&'static str, Arc<dyn Fn(&mut dyn Store) -> Result<usize, StoreError> + Send + Sync>);

fn lists(jobs: u64) -> Vec<Reading> {
    let list = |name, filter: Filter| -> Reading {
        (name, Arc::new(move |store: &mut dyn Store| store.list(&filter).map(|jobs| jobs.len())))
    };
    let states = |states: &[State]| Filter { states: states.to_vec(), ..newest() };
    let over = [State::Finished, State::Failed, State::Cancelled, State::Unknown];
    vec![
        list("list_newest_ms", newest()),
        list("list_thousand_ms", Filter { most: 1_000, ..newest() }),
        list("list_deep_ms", Filter { after: Some(JobId(jobs / 2)), ..newest() }),
        list("list_failed_ms", states(&[State::Failed])),
        list("list_over_ms", states(&over)),
        list(
            "list_batch_ms",
            Filter { batch: Some("batch 700".to_owned()), most: 1_000, ..Filter::default() },
        ),
        list("list_account_ms", Filter { account: Some("b".to_owned()), ..newest() }),
        list("list_text_ms", Filter { text: Some("Gulls".to_owned()), ..newest() }),
    ]
}

fn stats() -> Vec<Reading> {
    let hour = now().hour();
    vec![
        ("counts_ms", Arc::new(|store: &mut dyn Store| store.counts().map(|counts| counts.len()))),
        ("classes_ms", Arc::new(|store: &mut dyn Store| store.classes().map(|classes| classes.len()))),
        (
            "observed_month_ms",
            Arc::new(move |store: &mut dyn Store| {
                store.observed("", hour - HOURS, hour).map(|rows| rows.len())
            }),
        ),
    ]
}

fn read(handle: &StoreHandle, jobs: u64, measured: &mut Measured) -> Result<(), StoreError> {
    for (slowest, readings) in [("slowest_list_ms", lists(jobs)), ("slowest_stats_ms", stats())] {
        let mut most: f64 = 0.0;
        for (name, reading) in readings {
            let mut took = Vec::new();
            for _ in 0..READS {
                let reading = Arc::clone(&reading);
                let since = Instant::now();
                handle.read(move |store| reading(store)).wait()?;
                took.push(ms(since));
            }
            took.sort_unstable_by(f64::total_cmp);
            put(measured, name, quantile(&took, 50));
            most = most.max(took.last().copied().unwrap_or_default());
        }
        put(measured, slowest, most);
    }
    // What no index has: a text that no title holds is looked for in every one.
    let since = Instant::now();
    let nowhere = Filter { text: Some("not in any of them".to_owned()), ..newest() };
    handle.read(move |store| store.list(&nowhere)).wait()?;
    put(measured, "list_text_nowhere_ms", ms(since));
    Ok(())
}

fn put(measured: &mut Measured, name: &str, value: f64) {
    measured.insert(name.to_owned(), json!((value * 100.0).round() / 100.0));
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
fn per(count: u64, seconds: f64) -> f64 {
    (count as f64 / seconds).round()
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
fn mb(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

fn ms(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}

fn quantile(sorted: &[f64], percent: usize) -> f64 {
    sorted
        .get((sorted.len() * percent / 100).min(sorted.len().saturating_sub(1)))
        .copied()
        .unwrap_or_default()
}

fn panicked() -> StoreError {
    odd("a thread panicked")
}

fn odd(what: &str) -> StoreError {
    StoreError { tried: what.to_owned(), hint: String::new(), source: None }
}

/// A line of `/proc/self/status`, in megabytes.
fn status(name: &str) -> Result<f64, String> {
    let status = std::fs::read_to_string("/proc/self/status")
        .map_err(|why| format!("read /proc/self/status: {why}; this measure needs Linux"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse::<f64>().ok());
    kilobytes
        .map(|kilobytes| kilobytes * 1_024.0 / 1e6)
        .ok_or_else(|| format!("no {name} in /proc/self/status"))
}
