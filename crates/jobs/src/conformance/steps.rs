//! Cases: steps, which continue what another job found. They begin with nothing else.

use super::{
    add, add_one, at, claim, ended, job, lease, listed, move_job, one, over, sent, state, step_of, to_state,
};
use crate::change::{Applied, Change, Moved};
use crate::job::{JobId, NewJob, State};
use crate::store::{Filter, Store};

pub fn a_step_waits_for_its_parent_and_goes_to_its_account(store: &mut dyn Store) {
    let (fence, other) = (lease(store, "a"), lease(store, "b"));
    let parent = sent(store, &fence);
    let step = add(store, NewJob { account: Some("b".to_owned()), ..step_of(parent) });
    let before = job(store, step);
    assert!(!before.ready);
    move_job(store, &fence, parent, &[State::Sending], to_state(State::Rendering));
    assert!(!job(store, step).ready);
    move_job(store, &fence, parent, &[State::Rendering], over(State::Finished));
    let after = job(store, step);
    assert_eq!((after.ready, after.account.as_deref()), (true, Some("a")));
    assert_eq!(claim(store, &other, step), Applied::Refused);
    assert_eq!(claim(store, &fence, step), Applied::Done);
    let to = Moved { unbind: true, ..Moved::default() };
    move_job(store, &fence, step, &[State::WaitingForSlot], to);
    assert_eq!(job(store, step).account.as_deref(), Some("a"), "it can be done there only");
    let late = add(store, step_of(parent));
    let late = job(store, late);
    assert_eq!((late.ready, late.account.as_deref()), (true, Some("a")), "the parent had finished before");
}

pub fn a_step_stays_waiting_when_its_parent_fails(store: &mut dyn Store) {
    let fence = lease(store, "a");
    let parent = sent(store, &fence);
    let (step, cancelled) = (add(store, step_of(parent)), add(store, step_of(parent)));
    move_job(store, &fence, parent, &[State::Sending], over(State::Failed));
    one(store, at(4), Change::Cancel(cancelled));
    assert_eq!((state(store, step), job(store, step).ready), (State::WaitingForSlot, false));
    assert_eq!(listed(store, &Filter { parent: Some(parent), ..Filter::default() }), [step.0, cancelled.0]);
    one(store, at(5), Change::Retry(parent));
    claim(store, &fence, parent);
    move_job(store, &fence, parent, &[State::WaitingForSlot], over(State::Finished));
    assert!(job(store, step).ready, "a retry of the parent is enough");
    assert_eq!(state(store, cancelled), State::Cancelled);
    assert_eq!(one(store, at(6), Change::Retry(cancelled)), Applied::Done);
    let retried = job(store, cancelled);
    assert_eq!((retried.ready, retried.account.as_deref()), (true, Some("a")));
}

pub fn a_step_of_what_is_not_there_or_failed_is_not_added(store: &mut dyn Store) {
    let fence = lease(store, "a");
    let add = |store: &mut dyn Store, parent| one(store, at(5), Change::Add(Box::new(step_of(parent))));
    assert_eq!(add(store, JobId(77)), Applied::NoParent);
    for over in [State::Failed, State::Cancelled] {
        let parent = ended(store, &fence, over);
        assert_eq!(add(store, parent), Applied::NoParent);
    }
    let parent = ended(store, &fence, State::Unknown);
    assert!(matches!(add(store, parent), Applied::Added(_)), "it may have finished");
    let next = add_one(store);
    assert_eq!(next.0, parent.0 + 2, "what is not added takes no number");
}

pub fn a_parent_that_is_resolved_lets_its_steps_go(store: &mut dyn Store) {
    let fence = lease(store, "a");
    let parent = ended(store, &fence, State::Unknown);
    let step = add(store, step_of(parent));
    let resolve = Change::Resolve { job: parent, to: State::Finished, why: "it is there".to_owned() };
    assert_eq!(one(store, at(9), resolve), Applied::Done);
    assert_eq!((job(store, step).ready, job(store, step).account.as_deref()), (true, Some("a")));
}
