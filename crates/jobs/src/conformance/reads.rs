//! Cases: what is written is read, in order, counted and filtered. They end no job.

use std::collections::BTreeMap;

use super::{add, add_one, at, claim, ended, job, lease, listed, one, sent};
use crate::analytics;
use crate::change::{Applied, Change};
use crate::job::{Job, JobId, NewJob, State};
use crate::store::{Class, Filter, Store};

fn whole() -> NewJob {
    NewJob {
        request: "{\"imagine\": \"a \u{1F6A4}\"}".to_owned(),
        title: "a boat, 'quoted' \"twice\" — ÄÖÜ".to_owned(),
        tenant: "studio".to_owned(),
        batch: "spring".to_owned(),
        index: 4_000_000_000,
        step: "imagine".to_owned(),
        priority: -7,
        run_at: at(60),
        deadline: Some(at(600)),
        account: Some("second".to_owned()),
        parent: None,
        key: Some("spring/7".to_owned()),
        most_sends: Some(3),
        resend_undecided: true,
    }
}

pub fn what_is_added_is_read_back_whole(store: &mut dyn Store) {
    let id = add(store, whole());
    assert_eq!(job(store, id), Job::new(id, whole(), at(0)));
    assert_eq!(super::notes(store, id), ["added"]);
    assert_eq!(store.charges(id).expect("the store can be read"), []);
    assert_eq!(store.job(JobId(99)).expect("the store can be read"), None);
    assert_eq!(store.job(JobId(u64::MAX)).expect("the store can be read"), None);
}

pub fn numbers_are_given_once_and_in_order(store: &mut dyn Store) {
    let fence = lease(store, "a");
    assert_eq!((add_one(store), add_one(store)), (JobId(1), JobId(2)));
    let last = ended(store, &fence, State::Failed);
    assert_eq!(last, JobId(3));
    assert_eq!(one(store, at(9), Change::Purge(last)), Applied::Done);
    assert_eq!(add_one(store), JobId(4), "a number is not given again");
}

pub fn a_second_job_with_the_same_key_is_not_added(store: &mut dyn Store) {
    let first = add(store, whole());
    let again = NewJob { title: "another".to_owned(), ..whole() };
    assert_eq!(one(store, at(1), Change::Add(Box::new(again))), Applied::Exists(first));
    assert_eq!(job(store, first).asked, whole());
    assert_eq!(listed(store, &Filter::default()), [first.0]);
    // Without a key, equal jobs are two jobs.
    assert_ne!(add_one(store), add_one(store));
}

pub fn the_changes_of_one_call_are_applied_in_order_and_each_is_answered(store: &mut dyn Store) {
    let lease = Change::Lease { account: "a".to_owned(), owner: "me".to_owned(), until: at(60) };
    let changes = [
        lease,
        Change::Add(Box::new(whole())),
        Change::Cancel(JobId(1)),
        Change::Cancel(JobId(1)),
        Change::Cancel(JobId(5)),
        Change::Retry(JobId(1)),
    ];
    let applied = store.apply(at(0), &changes).expect("the store can be written");
    let fence = crate::change::Fence { account: "a".to_owned(), token: 1 };
    let expected = [
        Applied::Leased(fence),
        Applied::Added(JobId(1)),
        Applied::Done,
        Applied::Refused,
        Applied::Refused,
        Applied::Done,
    ];
    assert_eq!(applied, expected);
    assert_eq!(super::notes(store, JobId(1)), ["added", "cancelled", "retried"]);
    assert_eq!(store.apply(at(0), &[]).expect("nothing can be written too"), []);
}

fn counts(store: &mut dyn Store) -> Vec<(State, u64)> {
    let counts: BTreeMap<State, u64> = store.counts().expect("the store can be read");
    counts.into_iter().filter(|(_, count)| *count > 0).collect()
}

pub fn counts_and_classes_follow_every_change(store: &mut dyn Store) {
    assert_eq!(counts(store), []);
    let fence = lease(store, "a");
    let high = NewJob { priority: 5, ..NewJob::default() };
    let of_batch = NewJob { batch: "b".to_owned(), tenant: "t".to_owned(), ..NewJob::default() };
    let step = NewJob { parent: Some(JobId(1)), ..NewJob::default() };
    for asked in [NewJob::default(), high, of_batch, NewJob { run_at: at(900), ..NewJob::default() }, step] {
        add(store, asked);
    }
    let class = |tenant: &str, batch: &str, priority| Class {
        tenant: tenant.to_owned(),
        batch: batch.to_owned(),
        priority,
    };
    let classes = store.classes().expect("the store can be read");
    assert_eq!(classes, [(class("", "", 0), 3), (class("", "", 5), 1), (class("t", "b", 0), 1)]);
    assert_eq!(counts(store), [(State::WaitingForSlot, 5)]);
    one(store, at(1), Change::Cancel(JobId(3)));
    let out = sent(store, &fence);
    assert_eq!(claim(store, &fence, JobId(2)), Applied::Done);
    let expected = [(State::WaitingForSlot, 4), (State::Sending, 1), (State::Cancelled, 1)];
    assert_eq!(counts(store), expected);
    let classes = store.classes().expect("the store can be read");
    assert_eq!(classes, [(class("", "", 0), 3), (class("", "", 5), 1)], "what is claimed waits still");
    super::move_job(store, &fence, out, &[State::Sending], super::over(State::Finished));
    one(store, at(3), Change::Purge(JobId(3)));
    assert_eq!(counts(store), [(State::WaitingForSlot, 4), (State::Finished, 1)]);
}

fn heads(store: &mut dyn Store, batch: &str, account: &str, now: i64, most: usize) -> Vec<u64> {
    let class = Class { batch: batch.to_owned(), ..Class::default() };
    let heads = store.heads(&class, account, at(now), most).expect("the store can be read");
    heads.into_iter().map(|job| job.id.0).collect()
}

pub fn heads_are_in_order_of_index_and_number(store: &mut dyn Store) {
    let of = |batch: &str, index| NewJob { batch: batch.to_owned(), index, ..NewJob::default() };
    for index in [3, 1, 2, 1] {
        add(store, of("b", index));
    }
    add(store, of("other", 0));
    assert_eq!(heads(store, "b", "a", 0, 10), [2, 4, 3, 1]);
    assert_eq!(heads(store, "b", "a", 0, 2), [2, 4]);
    assert_eq!(heads(store, "none", "a", 0, 2), [] as [u64; 0]);
}

pub fn heads_are_due_and_bound_to_nobody_else(store: &mut dyn Store) {
    let (fence, other) = (lease(store, "a"), lease(store, "z"));
    let account = |name: &str| NewJob { account: Some(name.to_owned()), ..NewJob::default() };
    let later = NewJob { run_at: at(60), ..NewJob::default() };
    for asked in [account("z"), NewJob::default(), later, account("a"), NewJob::default(), NewJob::default()]
    {
        add(store, asked);
    }
    add(store, NewJob { parent: Some(JobId(2)), ..NewJob::default() });
    assert_eq!(claim(store, &fence, JobId(5)), Applied::Done);
    assert_eq!(claim(store, &other, JobId(6)), Applied::Done);
    assert_eq!(
        heads(store, "", "a", 0, 10),
        [2, 4, 5],
        "a step that is not ready, and what is due later, wait"
    );
    assert_eq!(heads(store, "", "z", 0, 10), [1, 2, 6]);
    assert_eq!(heads(store, "", "other", 60, 10), [2, 3]);
    one(store, at(1), Change::Cancel(JobId(2)));
    assert_eq!(heads(store, "", "a", 0, 10), [4, 5]);
}

pub fn the_next_due_is_the_first_that_is_not_yet(store: &mut dyn Store) {
    let due = |store: &mut dyn Store, now| store.next_due(at(now)).expect("the store can be read");
    assert_eq!(due(store, 0), None);
    for seconds in [90, 30, 60] {
        add(store, NewJob { run_at: at(seconds), ..NewJob::default() });
    }
    add_one(store);
    add(store, NewJob { run_at: at(10), parent: Some(JobId(1)), ..NewJob::default() });
    assert_eq!(due(store, 0), Some(at(30)), "a step that is not ready does not count");
    assert_eq!(due(store, 30), Some(at(60)));
    one(store, at(1), Change::Cancel(JobId(3)));
    assert_eq!(due(store, 30), Some(at(90)));
    assert_eq!(due(store, 90), None);
}

pub fn a_list_takes_what_its_filter_says(store: &mut dyn Store) {
    let fence = lease(store, "a");
    let asked = |title: &str, batch: &str| NewJob {
        title: title.to_owned(),
        batch: batch.to_owned(),
        ..NewJob::default()
    };
    for (title, batch) in
        [("a red Boat", "x"), ("ÄRGER", "x"), ("boats", "y"), ("100%_sure", ""), ("sea", "x")]
    {
        add(store, asked(title, batch));
    }
    add(store, NewJob { parent: Some(JobId(1)), ..NewJob::default() });
    claim(store, &fence, JobId(2));
    one(store, at(1), Change::Cancel(JobId(3)));
    one(store, at(1), Change::Cancel(JobId(5)));
    let all = Filter::default;
    let text = |text: &str| Filter { text: Some(text.to_owned()), ..all() };
    let states = |states: &[State]| Filter { states: states.to_vec(), ..all() };
    let batch = |batch: &str| Filter { batch: Some(batch.to_owned()), ..all() };
    let both = [State::Cancelled, State::WaitingForSlot];
    let account = |account: &str| Filter { account: Some(account.to_owned()), ..all() };
    let cases: [(Filter, &[u64]); 20] = [
        (all(), &[1, 2, 3, 4, 5, 6]),
        (Filter { newest_first: true, most: 2, ..all() }, &[6, 5]),
        (Filter { newest_first: true, after: Some(JobId(3)), ..all() }, &[2, 1]),
        (Filter { after: Some(JobId(4)), ..all() }, &[5, 6]),
        (text("BOAT"), &[1, 3]),
        (text("ärger"), &[2]),
        (text("%_"), &[4]),
        (text("nothing"), &[]),
        (states(&[State::Cancelled]), &[3, 5]),
        (states(&both), &[1, 2, 3, 4, 5, 6]),
        (Filter { newest_first: true, most: 3, ..states(&both) }, &[6, 5, 4]),
        (Filter { most: 2, after: Some(JobId(2)), ..states(&both) }, &[3, 4]),
        (states(&[State::Finished, State::Unknown]), &[]),
        (batch("x"), &[1, 2, 5]),
        (batch(""), &[4, 6]),
        (Filter { states: both.to_vec(), text: Some("E".to_owned()), ..batch("x") }, &[1, 2, 5]),
        (Filter { states: vec![State::Cancelled], ..batch("x") }, &[5]),
        (account("a"), &[2]),
        (Filter { states: both.to_vec(), newest_first: true, ..account("a") }, &[2]),
        (Filter { parent: Some(JobId(1)), ..all() }, &[6]),
    ];
    for (filter, expected) in cases {
        assert_eq!(listed(store, &filter), expected, "{filter:?}");
    }
}

pub fn histograms_are_kept_by_hour_and_series(store: &mut dyn Store) {
    let observe = |series: &str, value| Change::Observe { series: series.to_owned(), value };
    for (seconds, series, value) in [
        (0, "wait/a", 3),
        (1, "wait/a", 3),
        (2, "wait/a", 900),
        (3_600, "wait/a", 4),
        (5, "wait/b", u64::MAX),
        (6, "wait/b", u64::MAX),
        (7, "duration/a", 1),
    ] {
        assert_eq!(one(store, at(seconds), observe(series, value)), Applied::Done);
    }
    let hour = at(0).hour();
    let mut read = |prefix: &str, from, to| -> Vec<(i64, String, u16, u64, u64)> {
        let rows = store.observed(prefix, hour + from, hour + to).expect("the store can be read");
        rows.into_iter().map(|row| (row.hour - hour, row.series, row.bucket, row.count, row.sum)).collect()
    };
    let a = "wait/a".to_owned();
    let first = [(0, a.clone(), analytics::bucket(3), 2, 6), (0, a.clone(), analytics::bucket(900), 1, 900)];
    assert_eq!(read("wait/a", 0, 0), first);
    assert_eq!(read("wait/a", 1, 9), [(1, a, analytics::bucket(4), 1, 4)]);
    assert_eq!(read("wait/", 0, 1).len(), 4);
    assert_eq!(read("", 0, 1).len(), 5);
    assert_eq!(read("wait", 2, 3), []);
    let largest = read("wait/b", 0, 0);
    assert_eq!(largest[0].4, i64::MAX.unsigned_abs(), "a sum stops at the largest there is");
}

pub fn the_version_changes_with_every_write(store: &mut dyn Store) {
    let before = store.version().expect("the store can be read");
    assert_eq!(store.version().expect("the store can be read"), before);
    add_one(store);
    let after = store.version().expect("the store can be read");
    assert_ne!(after, before);
    one(store, at(1), Change::Cancel(JobId(1)));
    assert_ne!(store.version().expect("the store can be read"), after);
}
