//! Cases: who may write for an account, who may take a job, and what is paused. They send nothing.

use super::{
    add, add_one, at, claim, ended, job, lease, move_job, notes, one, sent, state, step_of, to_state,
};
use crate::change::{Applied, Change, Fence, Scope};
use crate::job::{NewJob, State};
use crate::store::{Paused, Store};

fn lease_by(store: &mut dyn Store, owner: &str, now: i64, until: i64) -> Applied {
    let change = Change::Lease { account: "a".to_owned(), owner: owner.to_owned(), until: at(until) };
    one(store, at(now), change)
}

fn fence(token: u64) -> Fence {
    Fence { account: "a".to_owned(), token }
}

pub fn an_account_has_one_owner_at_a_time(store: &mut dyn Store) {
    assert_eq!(lease_by(store, "one", 0, 30), Applied::Leased(fence(1)));
    let held = Applied::Held { owner: "one".to_owned(), until: at(30) };
    assert_eq!(lease_by(store, "two", 10, 60), held);
    assert_eq!(lease_by(store, "one", 20, 50), Applied::Leased(fence(1)), "whoever has it prolongs it");
    let held = Applied::Held { owner: "one".to_owned(), until: at(50) };
    assert_eq!(lease_by(store, "two", 49, 80), held);
    assert_eq!(lease(store, "b").token, 1, "another account is another matter");
}

pub fn a_lease_that_ran_out_goes_to_who_asks_and_the_token_grows(store: &mut dyn Store) {
    assert_eq!(lease_by(store, "one", 0, 30), Applied::Leased(fence(1)));
    assert_eq!(lease_by(store, "one", 40, 50), Applied::Leased(fence(1)), "nobody else was there meanwhile");
    assert_eq!(lease_by(store, "two", 50, 80), Applied::Leased(fence(2)));
    assert_eq!(lease_by(store, "one", 90, 120), Applied::Leased(fence(3)));
}

pub fn an_account_that_is_given_back_is_free_at_once(store: &mut dyn Store) {
    assert_eq!(lease_by(store, "one", 0, 30), Applied::Leased(fence(1)));
    assert_eq!(one(store, at(1), Change::Release(fence(1))), Applied::Done);
    assert_eq!(one(store, at(1), Change::Release(fence(1))), Applied::Lost);
    assert_eq!(lease_by(store, "two", 2, 30), Applied::Leased(fence(2)));
    assert_eq!(one(store, at(3), Change::Release(fence(1))), Applied::Lost, "it is another's now");
}

pub fn whoever_lost_an_account_writes_nothing_for_it(store: &mut dyn Store) {
    let old = lease(store, "a");
    let (id, waiting) = (sent(store, &old), add_one(store));
    // Its lease ran out, but nobody else took the account.
    assert_eq!(move_job(store, &old, id, &[State::Sending], to_state(State::Accepted)), Applied::Done);
    let later = at(1_000_000).after(std::time::Duration::from_secs(1));
    let taken = Change::Lease { account: "a".to_owned(), owner: "other".to_owned(), until: later };
    assert_eq!(one(store, later, taken), Applied::Leased(fence(2)));
    let before = (job(store, id), notes(store, id));
    assert_eq!(move_job(store, &old, id, &[State::Accepted], to_state(State::Finished)), Applied::Lost);
    assert_eq!(claim(store, &old, waiting), Applied::Lost);
    let remember = Change::Remember { fence: old, name: "slots".to_owned(), value: "1".to_owned() };
    assert_eq!(one(store, later, remember), Applied::Lost);
    assert_eq!((job(store, id), notes(store, id)), before, "nothing was written");
    let never = Fence { account: "nobody".to_owned(), token: 0 };
    assert_eq!(claim(store, &never, waiting), Applied::Lost);
    // Whoever holds it now goes on with what it finds.
    assert_eq!(move_job(store, &fence(2), id, &[State::Accepted], to_state(State::Finished)), Applied::Done);
}

pub fn what_is_remembered_of_an_account_is_its_holders(store: &mut dyn Store) {
    let (fence, other) = (lease(store, "a"), lease(store, "b"));
    for (fence, name, value) in
        [(&fence, "slots", "1"), (&fence, "slots", "2"), (&fence, "x", "y"), (&other, "slots", "9")]
    {
        let change =
            Change::Remember { fence: fence.clone(), name: name.to_owned(), value: value.to_owned() };
        assert_eq!(one(store, at(1), change), Applied::Done);
    }
    let remembered = store.remembered("a").expect("the store can be read");
    let pairs: Vec<_> = remembered.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(pairs, [("slots", "2"), ("x", "y")]);
    assert!(store.remembered("c").expect("the store can be read").is_empty());
}

pub fn no_job_is_claimed_by_two_accounts(store: &mut dyn Store) {
    let (fence, other) = (lease(store, "a"), lease(store, "b"));
    let id = add_one(store);
    assert_eq!(claim(store, &fence, id), Applied::Done);
    assert_eq!(claim(store, &other, id), Applied::Refused);
    let claimed = job(store, id);
    assert_eq!((claimed.state, claimed.account.as_deref()), (State::WaitingForSlot, Some("a")));
    assert_eq!((claimed.tries, claimed.sends), (1, 0));
    assert_eq!(notes(store, id), ["added", "claimed"]);
    assert_eq!(claim(store, &fence, id), Applied::Done, "whoever takes the account over claims it anew");
    assert_eq!(job(store, id).tries, 2);
    let of_b = add(store, NewJob { account: Some("b".to_owned()), ..NewJob::default() });
    assert_eq!(claim(store, &fence, of_b), Applied::Refused, "it was asked of another account");
    assert_eq!(claim(store, &other, of_b), Applied::Done);
}

pub fn only_what_waits_and_is_ready_is_claimed(store: &mut dyn Store) {
    let fence = lease(store, "a");
    let parent = add_one(store);
    let step = add(store, step_of(parent));
    assert_eq!(claim(store, &fence, step), Applied::Refused, "its parent has not finished");
    for over in [State::Finished, State::Failed, State::Cancelled, State::Unknown] {
        let id = ended(store, &fence, over);
        assert_eq!(claim(store, &fence, id), Applied::Refused);
        assert_eq!(state(store, id), over);
    }
    let out = sent(store, &fence);
    assert_eq!(claim(store, &fence, out), Applied::Refused);
    assert_eq!(claim(store, &fence, crate::job::JobId(999)), Applied::Refused);
}

pub fn pauses_are_kept_until_they_are_ended(store: &mut dyn Store) {
    let pause = |scope: Scope, why: &str, until| Change::Pause {
        scope,
        kind: "Asked".to_owned(),
        why: why.to_owned(),
        until,
    };
    let (account, batch) = (Scope::Account("a".to_owned()), Scope::Batch("a".to_owned()));
    let changes = [
        (0, pause(batch.clone(), "lunch", None)),
        (1, pause(account.clone(), "verify it", None)),
        (2, pause(Scope::Queue, "later", Some(at(60)))),
        (3, pause(account.clone(), "verify it, please", Some(at(90)))),
    ];
    for (seconds, change) in changes {
        assert_eq!(one(store, at(seconds), change), Applied::Done);
    }
    let paused = |scope: &Scope, why: &str, since, until| Paused {
        scope: scope.clone(),
        kind: "Asked".to_owned(),
        why: why.to_owned(),
        since: at(since),
        until,
    };
    let expected = [
        paused(&Scope::Queue, "later", 2, Some(at(60))),
        paused(&account, "verify it, please", 1, Some(at(90))),
        paused(&batch, "lunch", 0, None),
    ];
    assert_eq!(store.pauses().expect("the store can be read"), expected);
    assert_eq!(one(store, at(4), Change::Resume(account.clone())), Applied::Done);
    assert_eq!(one(store, at(4), Change::Resume(account)), Applied::Refused);
    assert_eq!(store.pauses().expect("the store can be read").len(), 2);
}
