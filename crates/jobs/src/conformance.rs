//! What every store does, as one suite: a new store runs it unchanged. It knows no store.
//!
//! ```
//! mod memory {
//!     journeyman_jobs::store_conforms!(journeyman_jobs::store::memory::Memory::new());
//! }
//! # fn main() {}
//! ```
//!
//! Each case is a function that takes an empty store and panics where the store does otherwise.

#![expect(
    clippy::missing_panics_doc,
    reason = "every case panics where the store does not do what its name says"
)]
#![expect(missing_docs, reason = "a case's name is its sentence")]

mod accounts;
mod ends;
mod reads;
mod steps;

pub use accounts::*;
pub use ends::*;
pub use reads::*;
pub use steps::*;

use crate::change::{Applied, Change, Fence, Moved};
use crate::job::{End, Job, JobId, NewJob, Note, State};
use crate::store::Store;
use crate::time::Timestamp;

/// Makes a test of each case; the expression makes an empty store.
#[macro_export]
macro_rules! store_conforms {
    ($make:expr) => {
        $crate::store_conforms!(
            $make;
            what_is_added_is_read_back_whole
            numbers_are_given_once_and_in_order
            a_second_job_with_the_same_key_is_not_added
            the_changes_of_one_call_are_applied_in_order_and_each_is_answered
            counts_and_classes_follow_every_change
            heads_are_in_order_of_index_and_number
            heads_are_due_and_bound_to_nobody_else
            the_next_due_is_the_first_that_is_not_yet
            a_list_takes_what_its_filter_says
            histograms_are_kept_by_hour_and_series
            the_version_changes_with_every_write
            an_account_has_one_owner_at_a_time
            a_lease_that_ran_out_goes_to_who_asks_and_the_token_grows
            an_account_that_is_given_back_is_free_at_once
            whoever_lost_an_account_writes_nothing_for_it
            what_is_remembered_of_an_account_is_its_holders
            no_job_is_claimed_by_two_accounts
            only_what_waits_and_is_ready_is_claimed
            pauses_are_kept_until_they_are_ended
            a_move_writes_what_it_names_and_leaves_the_rest
            a_move_from_another_state_is_refused
            notes_and_charges_are_only_ever_added
            a_job_that_lets_go_is_anybodys_again
            cancel_of_what_waits_ends_it_at_once
            cancel_of_what_is_out_is_told_to_its_account
            what_waits_again_after_its_end_was_asked_for_is_cancelled
            what_failed_or_was_cancelled_is_retried
            what_is_unknown_is_resolved_and_not_retried
            a_late_result_is_taken
            a_purge_leaves_nothing_of_a_job
            what_still_goes_on_is_not_purged
            a_step_waits_for_its_parent_and_goes_to_its_account
            a_step_stays_waiting_when_its_parent_fails
            a_step_of_what_is_not_there_or_failed_is_not_added
            a_parent_that_is_resolved_lets_its_steps_go
        );
    };
    ($make:expr; $($case:ident)*) => {
        $(#[test]
        fn $case() {
            $crate::conformance::$case(&mut $make);
        })*
    };
}

/// A point in time of the cases.
fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_micros(1_700_000_000_000_000 + seconds * 1_000_000)
}

fn one(store: &mut dyn Store, now: Timestamp, change: Change) -> Applied {
    let applied = store.apply(now, &[change]).expect("the store can be written");
    assert_eq!(applied.len(), 1, "one answer for one change");
    applied.into_iter().next().expect("one answer")
}

fn add(store: &mut dyn Store, asked: NewJob) -> JobId {
    let applied = one(store, at(0), Change::Add(Box::new(asked)));
    let Applied::Added(id) = applied else { panic!("a new job is added, not {applied:?}") };
    id
}

fn add_one(store: &mut dyn Store) -> JobId {
    add(store, NewJob { title: "a boat".to_owned(), ..NewJob::default() })
}

fn step_of(parent: JobId) -> NewJob {
    NewJob { parent: Some(parent), step: "U1".to_owned(), ..NewJob::default() }
}

fn lease(store: &mut dyn Store, account: &str) -> Fence {
    let change = Change::Lease { account: account.to_owned(), owner: "me".to_owned(), until: at(1_000_000) };
    let applied = one(store, at(0), change);
    let Applied::Leased(fence) = applied else { panic!("a free account is leased, not {applied:?}") };
    fence
}

fn job(store: &mut dyn Store, id: JobId) -> Job {
    store.job(id).expect("the store can be read").expect("the job is there")
}

fn state(store: &mut dyn Store, id: JobId) -> State {
    job(store, id).state
}

fn notes(store: &mut dyn Store, id: JobId) -> Vec<String> {
    let notes = store.notes(id).expect("the store can be read");
    notes.into_iter().map(|note| note.what).collect()
}

fn claim(store: &mut dyn Store, fence: &Fence, job: JobId) -> Applied {
    one(store, at(1), Change::Claim { fence: fence.clone(), job })
}

fn move_job(store: &mut dyn Store, fence: &Fence, job: JobId, from: &[State], to: Moved) -> Applied {
    let change = Change::Move { fence: fence.clone(), job, from: from.to_vec(), to: Box::new(to) };
    one(store, at(2), change)
}

fn to_state(state: State) -> Moved {
    Moved { state: Some(state), ..Moved::default() }
}

/// A job that is out at an account.
fn sent(store: &mut dyn Store, fence: &Fence) -> JobId {
    let id = add_one(store);
    assert_eq!(claim(store, fence, id), Applied::Done);
    let to = Moved { is_send: true, checkpoint: Some("here".to_owned()), ..to_state(State::Sending) };
    assert_eq!(move_job(store, fence, id, &[State::WaitingForSlot], to), Applied::Done);
    id
}

/// A job that is over.
fn ended(store: &mut dyn Store, fence: &Fence, state: State) -> JobId {
    let id = sent(store, fence);
    assert_eq!(move_job(store, fence, id, &[State::Sending], over(state)), Applied::Done);
    id
}

fn over(state: State) -> Moved {
    let end = End { kind: "Kind".to_owned(), text: "what happened".to_owned(), ..End::default() };
    Moved { end: Some(end), ..to_state(state) }
}

fn line(what: &str) -> Note {
    Note { at: at(3), what: what.to_owned(), detail: "more".to_owned() }
}

fn listed(store: &mut dyn Store, filter: &crate::store::Filter) -> Vec<u64> {
    let jobs = store.list(filter).expect("the store can be read");
    jobs.into_iter().map(|job| job.id.0).collect()
}
