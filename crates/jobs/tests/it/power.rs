//! Power loss: whatever was not synced is dropped, in any mixture of sectors, and the store is opened again. It shows
//! that each write is whole or not at all, and that what was acknowledged is there. It does not show that the disk
//! does what a sync asks of it; that the store asks, its settings' own test shows.
//!
//! A write appends to the log and syncs it; only then may it move the log into the file, and syncs that. So a loss
//! finds either the old file beside a log whose new sectors are there or not, or the new log beside a file whose new
//! sectors are there or not. Copies before and after each write give both.

use std::path::{Path, PathBuf};

use journeyman_jobs::change::{Change, Fence, Moved};
use journeyman_jobs::job::{JobId, NewJob, State};
use journeyman_jobs::store::sqlite::Sqlite;
use journeyman_jobs::store::{Filter, Store};

use crate::{at, lease, open};

/// What a disk writes whole.
const SECTOR: usize = 512;

/// How many losses are tried of each kind after each write.
const LOSSES: usize = 3;

/// The file and its log.
#[derive(Clone, Default)]
struct Files {
    file: Vec<u8>,
    log: Vec<u8>,
}

impl Files {
    fn read(path: &Path) -> Self {
        Self {
            file: std::fs::read(path).expect("the file"),
            log: std::fs::read(log_of(path)).unwrap_or_default(),
        }
    }

    /// Opened as after a restart: without the shared memory.
    fn open(&self, path: &Path) -> Sqlite {
        std::fs::write(path, &self.file).expect("a copy");
        std::fs::write(log_of(path), &self.log).expect("a copy");
        let shared = format!("{}-shm", path.display());
        let _ = std::fs::remove_file(shared);
        open(path)
    }
}

fn log_of(path: &Path) -> PathBuf {
    PathBuf::from(format!("{}-wal", path.display()))
}

/// Sectors of the new bytes where `is_new` says so, else of the old ones; beyond the old end, nothing or zeros.
fn mixed(old: &[u8], new: &[u8], mut is_new: impl FnMut() -> bool) -> Vec<u8> {
    let mut mixed = new.to_vec();
    let mut end = mixed.len();
    for start in (0..new.len()).step_by(SECTOR) {
        let stop = (start + SECTOR).min(new.len());
        let before = old.get(start..stop.min(old.len())).unwrap_or_default();
        if before == &new[start..stop] || is_new() {
            end = stop;
            continue;
        }
        mixed[start..stop].fill(0);
        mixed[start..start + before.len()].copy_from_slice(before);
        if !before.is_empty() {
            end = stop;
        }
    }
    mixed.truncate(end);
    mixed
}

fn told(store: &mut Sqlite) -> String {
    let all = store.list(&Filter { most: usize::MAX >> 1, ..Filter::default() }).expect("a list");
    let notes: Vec<_> = all.iter().map(|job| store.notes(job.id).expect("notes")).collect();
    format!("{all:?} {notes:?} {:?}", store.counts().expect("counts"))
}

/// The next changes: small and large ones, adds and moves.
fn changes(random: &mut fastrand::Rng, fence: &Fence, jobs: u64) -> Vec<Change> {
    let mut changes = Vec::new();
    for _ in 0..random.usize(1..=3) {
        let length = if random.u8(..3) == 0 { 200_000 } else { 300 };
        let title = format!("{} {}", random.u64(..), "z".repeat(random.usize(..length)));
        changes.push(Change::Add(Box::new(NewJob { title, ..NewJob::default() })));
        if jobs > 0 {
            let job = JobId(random.u64(1..=jobs));
            changes.push(Change::Claim { fence: fence.clone(), job });
            let to = Moved { state: Some(State::Finished), is_send: true, ..Moved::default() };
            let from = vec![State::WaitingForSlot];
            changes.push(Change::Move { fence: fence.clone(), job, from, to: Box::new(to) });
        }
    }
    changes
}

#[test]
fn a_power_loss_drops_nothing_that_was_acknowledged_and_leaves_no_half_write() {
    let seed = 11;
    let mut random = fastrand::Rng::with_seed(seed);
    let folder = tempfile::tempdir().expect("a folder");
    let (path, copy) = (folder.path().join("jobs.db"), folder.path().join("copy.db"));
    let mut store = open(&path);
    let fence = lease(&mut store, "a");
    let (mut before, mut known) = (Files::read(&path), told(&mut store));
    let (mut old_seen, mut new_seen, mut moved_into_file, mut begun_anew) = (0, 0, 0, 0);
    let writes = if std::env::var_os("JOURNEYMAN_LONG").is_some() { 300 } else { 60 };
    for write in 0..writes {
        let jobs = store.counts().expect("counts").values().sum();
        store.apply(at(write), &changes(&mut random, &fence, jobs)).expect("a write");
        let version = store.version().expect("a version");
        let (after, known_after) = (Files::read(&path), told(&mut store));
        let mut losses = vec![after.clone()];
        for loss in 0..LOSSES {
            let share = random.u8(..);
            // A cut at one place, torn within a sector; or any mixture of sectors.
            let log = if loss % 3 == 0 && after.log.len() > before.log.len() {
                let cut = random.usize(before.log.len()..after.log.len());
                after.log[..cut].to_vec()
            } else {
                mixed(&before.log, &after.log, || random.u8(..) < share)
            };
            losses.push(Files { file: before.file.clone(), log });
            if after.file != before.file {
                let file = mixed(&before.file, &after.file, || random.u8(..) < share);
                losses.push(Files { file, log: after.log.clone() });
            }
        }
        moved_into_file += usize::from(after.file != before.file);
        begun_anew += usize::from(before.log.get(..32) != after.log.get(..32));
        for files in losses {
            let mut found = files.open(&copy);
            let is_new = found.version().expect("a version") == version;
            let expected = if is_new { &known_after } else { &known };
            assert_eq!(found.version().expect("a version"), version - u64::from(!is_new), "write {write}");
            assert!(
                told(&mut found) == *expected,
                "seed {seed}, write {write}: it is neither as before nor as after"
            );
            assert_eq!(found.check().expect("a check"), [] as [&str; 0], "seed {seed}, write {write}");
            // With the log synced, the write was acknowledged.
            assert!(
                is_new || files.log != after.log,
                "seed {seed}, write {write}: an acknowledged write is gone"
            );
            *(if is_new { &mut new_seen } else { &mut old_seen }) += 1;
        }
        (before, known) = (after, known_after);
    }
    assert!(old_seen > 60 && new_seen > 60, "both were seen: {old_seen} and {new_seen}");
    assert!(
        moved_into_file > 1 && begun_anew > 1,
        "so was the log's end: {moved_into_file} and {begun_anew}"
    );
}
