//! Two processes on one file: no job twice, nobody writes for what he lost. It is no test of an engine.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use journeyman_jobs::change::{Applied, Change, Fence, Moved};
use journeyman_jobs::job::{Job, JobId, State};
use journeyman_jobs::store::sqlite::Sqlite;
use journeyman_jobs::store::{Class, Filter, Store};

use crate::{at, open};

/// Set for the second process, which is this program again: the file that it shares.
const SHARED: &str = "JOURNEYMAN_JOBS_SHARED_FILE";

/// How its lines begin, among those of the test's frame.
const SAYS: &str = "second process: ";

fn lease(store: &mut Sqlite, owner: &str, account: &str, now: i64, until: i64) -> Applied {
    let (account, owner) = (account.to_owned(), owner.to_owned());
    let change = Change::Lease { account, owner, until: at(until) };
    store.apply(at(now), &[change]).expect("a write").remove(0)
}

fn leased(store: &mut Sqlite, owner: &str, account: &str, now: i64, until: i64) -> Fence {
    match lease(store, owner, account, now, until) {
        Applied::Leased(fence) => fence,
        other @ (Applied::Done
        | Applied::Added(_)
        | Applied::Exists(_)
        | Applied::NoParent
        | Applied::Held { .. }
        | Applied::Lost
        | Applied::Refused) => panic!("{account} is leased, not {other:?}"),
    }
}

fn heads(store: &mut Sqlite, account: &str) -> Vec<Job> {
    store.heads(&Class::default(), account, at(1), 3).expect("heads")
}

fn finish(fence: &Fence, job: JobId) -> Change {
    let to = Moved { state: Some(State::Finished), is_send: true, ..Moved::default() };
    Change::Move { fence: fence.clone(), job, from: vec![State::WaitingForSlot], to: Box::new(to) }
}

/// Claims and finishes what it finds until nothing is left; tells how many it did and how many others had.
fn work(store: &mut Sqlite, fence: &Fence) -> (u64, u64) {
    let (mut done, mut lost) = (0, 0);
    loop {
        let found = heads(store, &fence.account);
        if found.is_empty() {
            return (done, lost);
        }
        for job in found {
            let claim = Change::Claim { fence: fence.clone(), job: job.id };
            if store.apply(at(1), &[claim]).expect("a write") == [Applied::Done] {
                assert_eq!(store.apply(at(2), &[finish(fence, job.id)]).expect("a write"), [Applied::Done]);
                done += 1;
            } else {
                lost += 1;
            }
        }
    }
}

fn add(store: &mut Sqlite, count: usize) {
    let changes: Vec<Change> = (0..count).map(|_| Change::Add(Box::default())).collect();
    store.apply(at(0), &changes).expect("a write");
}

fn no_job_was_done_twice(store: &mut Sqlite, count: u64) -> BTreeMap<String, u64> {
    let mut shares = BTreeMap::new();
    for job in store.list(&Filter::default()).expect("a list") {
        let notes = store.notes(job.id).expect("notes");
        let claims = notes.iter().filter(|note| note.what == "claimed").count();
        assert_eq!((claims, job.state, job.sends, job.tries), (1, State::Finished, 1, 1), "job {}", job.id);
        *shares.entry(job.account.unwrap_or_default()).or_default() += 1;
    }
    assert_eq!(shares.values().sum::<u64>(), count);
    assert_eq!(store.check().expect("a check"), [] as [&str; 0]);
    shares
}

#[test]
fn two_connections_claim_no_job_twice() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("jobs.db");
    add(&mut open(&path), 300);
    let share = |account: &str| {
        let mut store = open(&path);
        let fence = leased(&mut store, account, account, 0, 60);
        work(&mut store, &fence).0
    };
    let done = std::thread::scope(|scope| {
        let threads = ["a", "b", "c"].map(|account| scope.spawn(move || share(account)));
        threads.map(|thread| thread.join().expect("a thread"))
    });
    assert_eq!(done.iter().sum::<u64>(), 300);
    let shares = no_job_was_done_twice(&mut open(&path), 300);
    assert_eq!(
        shares.values().copied().collect::<Vec<_>>(),
        done.into_iter().filter(|n| *n > 0).collect::<Vec<_>>()
    );
}

#[test]
fn many_connections_open_a_new_file_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    for round in 0..10 {
        let path = folder.path().join(format!("{round}.db"));
        let go = std::sync::Barrier::new(6);
        std::thread::scope(|scope| {
            for _ in 0..6 {
                scope.spawn(|| {
                    go.wait();
                    add(&mut open(&path), 1);
                });
            }
        });
        assert_eq!(open(&path).counts().expect("counts")[&State::WaitingForSlot], 6);
    }
}

#[test]
fn the_version_changes_when_another_connection_writes() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("jobs.db");
    let (mut one, mut two) = (open(&path), open(&path));
    let mut reader = one.reader().expect("a reader");
    let before = (one.version().expect("a version"), reader.version().expect("a version"));
    add(&mut two, 1);
    let after = (one.version().expect("a version"), reader.version().expect("a version"));
    assert!(after.0 != before.0 && after.1 != before.1);
    assert!(reader.apply(at(0), &[]).is_err(), "a reader writes nothing");
}

/// The second process, from the first one's side.
struct Second {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Second {
    fn start(path: &Path) -> Self {
        let test = "processes::two_processes_on_one_file_are_safe";
        let mut process = Command::new(std::env::current_exe().expect("this program"))
            .args([test, "--exact", "--nocapture"])
            .env(SHARED, path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a process");
        let input = process.stdin.take().expect("its input");
        let output = BufReader::new(process.stdout.take().expect("its output"));
        Self { process, input, output }
    }

    fn tell(&mut self, order: &str) {
        writeln!(self.input, "{order}").expect("it listens");
    }

    fn hear(&mut self) -> String {
        loop {
            let mut line = String::new();
            assert!(self.output.read_line(&mut line).expect("its output") > 0, "it ended too soon");
            if let Some((_, said)) = line.trim_end().split_once(SAYS) {
                return said.to_owned();
            }
        }
    }
}

impl Drop for Second {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What the second process does: orders come as lines, and each is answered by one.
fn be_the_second(path: &Path) {
    let mut store = open(path);
    let mut fences: BTreeMap<String, Fence> = BTreeMap::new();
    for order in std::io::stdin().lines() {
        let order = order.expect("an order");
        let words: Vec<&str> = order.split(' ').collect();
        let said = match words.as_slice() {
            ["lease", account, now] => {
                let now = now.parse().expect("a time");
                let applied = lease(&mut store, "second", account, now, now + 30);
                if let Applied::Leased(fence) = &applied {
                    fences.insert((*account).to_owned(), fence.clone());
                }
                format!("{applied:?}")
            }
            ["work", account] => format!("{:?}", work(&mut store, &fences[*account])),
            ["claim", account] => {
                let job = heads(&mut store, account)[0].id;
                let claim = Change::Claim { fence: fences[*account].clone(), job };
                format!("{job} {:?}", store.apply(at(1), &[claim]).expect("a write"))
            }
            other => panic!("no such order: {other:?}"),
        };
        writeln!(std::io::stdout(), "{SAYS}{said}").expect("the first one listens");
    }
}

#[test]
fn two_processes_on_one_file_are_safe() {
    if let Some(path) = std::env::var_os(SHARED) {
        return be_the_second(Path::new(&path));
    }
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("jobs.db");
    let mut store = open(&path);
    add(&mut store, 400);
    let ours = leased(&mut store, "first", "a", 0, 30);

    // The second waits for what the first holds, or works on another account.
    let mut second = Second::start(&path);
    second.tell("lease a 10");
    assert_eq!(second.hear(), format!("{:?}", Applied::Held { owner: "first".to_owned(), until: at(30) }));
    second.tell("lease b 10");
    assert!(second.hear().starts_with("Leased"));
    second.tell("work b");
    let (done, lost) = work(&mut store, &ours);
    let said = second.hear();
    let shares = no_job_was_done_twice(&mut store, 400);
    let theirs = shares.get("b").copied().unwrap_or_default();
    assert!(said.starts_with(&format!("({theirs}, ")), "the second did {theirs}, and says {said}");
    assert_eq!(done, 400 - theirs, "both together did all, and the first lost {lost} races");

    // After its lease the account is the second's, and the first writes nothing for it.
    add(&mut store, 2);
    second.tell("lease a 31");
    assert_eq!(second.hear(), format!("{:?}", Applied::Leased(Fence { account: "a".to_owned(), token: 2 })));
    let job = heads(&mut store, "a")[0].id;
    let changes = [Change::Claim { fence: ours.clone(), job }, finish(&ours, job), Change::Release(ours)];
    assert_eq!(
        store.apply(at(32), &changes).expect("a write"),
        [Applied::Lost, Applied::Lost, Applied::Lost]
    );

    // Killed with a job in its hands, it leaves the job to who takes its account over.
    second.tell("claim a");
    assert_eq!(second.hear(), format!("{job} {:?}", [Applied::Done]));
    drop(second);
    assert!(matches!(lease(&mut store, "first", "a", 60, 90), Applied::Held { .. }), "within the lease");
    let again = leased(&mut store, "first", "a", 61, 90);
    assert_eq!(again.token, 3);
    assert_eq!(heads(&mut store, "a")[0].id, job);
    assert_eq!(work(&mut store, &again), (2, 0));
    let tries: Vec<u32> =
        [job, JobId(job.0 + 1)].map(|id| store.job(id).expect("a read").expect("a job").tries).into();
    assert_eq!(tries, [2, 1]);
    assert_eq!(store.check().expect("a check"), [] as [&str; 0]);
}
