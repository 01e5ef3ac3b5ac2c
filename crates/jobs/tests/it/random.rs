//! Random histories on both stores, the file opened anew in between: the same answers, and the same to read. It
//! judges no answer.

use std::path::Path;

use journeyman_jobs::change::{Change, Fence, Moved, Scope};
use journeyman_jobs::job::{Charge, End, JobId, NewJob, Note, State};
use journeyman_jobs::store::memory::Memory;
use journeyman_jobs::store::sqlite::Sqlite;
use journeyman_jobs::store::{Filter, Store};
use journeyman_jobs::time::Timestamp;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

/// Few names and few jobs, so that changes meet.
const ACCOUNTS: [&str; 2] = ["a", "b"];
const MOST_JOBS: u64 = 10;

#[derive(Debug, Clone)]
enum Step {
    /// Seconds later, these changes.
    Apply(i64, Vec<Change>),
    /// The file is closed and opened again.
    Reopen,
}

fn name(names: &'static [&'static str]) -> impl Strategy<Value = String> {
    select(names).prop_map(str::to_owned)
}

fn time() -> impl Strategy<Value = Timestamp> {
    (0_i64..200).prop_map(|seconds| Timestamp::from_unix_micros(seconds * 1_000_000))
}

fn id() -> impl Strategy<Value = JobId> {
    (1..=MOST_JOBS).prop_map(JobId)
}

fn state() -> impl Strategy<Value = State> {
    select(State::ALL)
}

fn asked() -> impl Strategy<Value = NewJob> {
    let place = (name(&["", "t"]), name(&["", "x", "y"]), 0_u32..4, -1_i8..=1);
    let bounds = (option::of(name(&ACCOUNTS)), option::weighted(0.4, id()), option::of(name(&["k", "l"])));
    let rest = (name(&["a Boat", "ÄRGER", "it's 100%"]), time(), option::of(time()), any::<bool>());
    (place, bounds, rest).prop_map(|((tenant, batch, index, priority), (account, parent, key), rest)| {
        NewJob {
            tenant,
            batch,
            index,
            priority,
            account,
            parent,
            key,
            title: rest.0,
            run_at: rest.1,
            deadline: rest.2,
            resend_undecided: rest.3,
            ..NewJob::default()
        }
    })
}

fn fence() -> impl Strategy<Value = Fence> {
    (name(&ACCOUNTS), 1_u64..3).prop_map(|(account, token)| Fence { account, token })
}

fn moved() -> impl Strategy<Value = Moved> {
    let end =
        select(&["Finished", "Refused"]).prop_map(|kind| End { kind: kind.to_owned(), ..End::default() });
    let line = (time(), name(&["sending", "queued"]));
    let charge = option::of(0_u64..9).prop_map(|milliminutes| Charge { milliminutes, ..Charge::default() });
    let first = (option::of(state()), option::of(name(&["c", "d"])), any::<bool>(), any::<bool>());
    let second = (option::of(name(&["", "slots"])), option::of(end), option::of(time()), any::<bool>());
    (first, second, option::of(line), option::of(charge)).prop_map(|(first, second, line, charge)| Moved {
        state: first.0,
        checkpoint: first.1,
        forget_checkpoint: first.2,
        is_send: first.3,
        reason: second.0,
        end: second.1,
        run_at: second.2,
        unbind: second.3,
        note: line.map(|(at, what)| Note { at, what, detail: String::new() }),
        charge,
    })
}

fn scope() -> impl Strategy<Value = Scope> {
    let named = name(&ACCOUNTS);
    prop_oneof![Just(Scope::Queue), named.prop_map(Scope::Account), name(&["x", "y"]).prop_map(Scope::Batch)]
}

fn change() -> impl Strategy<Value = Change> {
    let text = || name(&["one", "two"]);
    prop_oneof![
        4 => asked().prop_map(|asked| Change::Add(Box::new(asked))),
        3 => (name(&ACCOUNTS), text(), time())
            .prop_map(|(account, owner, until)| Change::Lease { account, owner, until }),
        1 => fence().prop_map(Change::Release),
        4 => (fence(), id()).prop_map(|(fence, job)| Change::Claim { fence, job }),
        8 => (fence(), id(), vec(state(), 1..8), moved())
            .prop_map(|(fence, job, from, to)| Change::Move { fence, job, from, to: Box::new(to) }),
        2 => id().prop_map(Change::Cancel),
        2 => id().prop_map(Change::Retry),
        2 => (id(), state(), text()).prop_map(|(job, to, why)| Change::Resolve { job, to, why }),
        1 => (scope(), text(), text(), option::of(time()))
            .prop_map(|(scope, kind, why, until)| Change::Pause { scope, kind, why, until }),
        1 => scope().prop_map(Change::Resume),
        1 => (fence(), text(), text()).prop_map(|(fence, name, value)| Change::Remember { fence, name, value }),
        1 => (text(), any::<u64>()).prop_map(|(series, value)| Change::Observe { series, value }),
        2 => id().prop_map(Change::Purge),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0_i64..20, vec(change(), 0..12)).prop_map(|(later, changes)| Step::Apply(later, changes)),
        1 => Just(Step::Reopen),
    ]
}

/// Everything that a store tells of itself.
fn told(store: &mut dyn Store, now: Timestamp, filters: &[Filter]) -> Vec<String> {
    let mut told = vec![
        format!("{:?}", store.counts().expect("counts")),
        format!("{:?}", store.next_due(now).expect("the next due")),
        format!("{:?}", store.pauses().expect("pauses")),
        format!("{:?}", store.observed("", i64::MIN, i64::MAX).expect("histograms")),
    ];
    let classes = store.classes().expect("classes");
    for account in ACCOUNTS {
        told.push(format!("{:?}", store.remembered(account).expect("what is remembered")));
        for (class, _) in &classes {
            told.push(format!("{:?}", store.heads(class, account, now, 3).expect("heads")));
        }
    }
    told.push(format!("{classes:?}"));
    for filter in filters {
        let listed = store.list(filter).expect("a list");
        told.push(format!("{filter:?}: {listed:?}"));
    }
    for job in (1..=2 * MOST_JOBS).map(JobId) {
        let (notes, charges) = (store.notes(job).expect("notes"), store.charges(job).expect("charges"));
        told.push(format!("{job}: {notes:?} {charges:?}"));
    }
    told
}

fn filter() -> impl Strategy<Value = Filter> {
    let first = (vec(state(), 0..4), option::of(name(&["", "x", "y"])), option::of(name(&ACCOUNTS)));
    let second = (option::of(id()), option::of(name(&["boat", "ä", "%"])), option::of(id()));
    (first, second, any::<bool>(), 0_usize..5).prop_map(|(first, second, newest_first, most)| Filter {
        states: first.0,
        batch: first.1,
        account: first.2,
        parent: second.0,
        text: second.1,
        after: second.2,
        newest_first,
        most,
    })
}

fn open(path: &Path) -> Sqlite {
    Sqlite::open(path).expect("the file")
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if std::env::var_os("JOURNEYMAN_LONG").is_some() { 500 } else { 60 },
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_random_history_gives_the_same_in_memory_and_in_sqlite(
        steps in vec(step(), 1..25),
        filters in vec(filter(), 4),
    ) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("jobs.db");
        let (mut memory, mut sqlite) = (Memory::new(), open(&path));
        let mut now = Timestamp::default();
        for step in steps {
            match step {
                Step::Reopen => {
                    drop(sqlite);
                    sqlite = open(&path);
                }
                Step::Apply(later, changes) => {
                    now = now.after(std::time::Duration::from_secs(later.unsigned_abs()));
                    let one = memory.apply(now, &changes).expect("memory is written");
                    let other = sqlite.apply(now, &changes).expect("the file is written");
                    prop_assert_eq!(one, other);
                }
            }
            let (one, other) = (told(&mut memory, now, &filters), told(&mut sqlite, now, &filters));
            prop_assert_eq!(one, other);
        }
    }
}
