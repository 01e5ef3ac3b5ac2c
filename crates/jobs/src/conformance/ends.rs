//! Cases: how a job goes on and how it ends: moves, cancel, retry, resolve, purge. They know no parent.

use super::{
    add, add_one, at, claim, ended, job, lease, line, listed, move_job, notes, one, over, sent, state,
    step_of, to_state,
};
use crate::change::{Applied, Change, Moved};
use crate::job::{Charge, End, JobId, NewJob, SavedFile, State};
use crate::store::{Filter, Store};

pub fn a_move_writes_what_it_names_and_leaves_the_rest(store: &mut dyn Store) {
    let fence = lease(store, "a");
    let id = sent(store, &fence);
    let before = job(store, id);
    assert_eq!((before.state, before.sends), (State::Sending, 1));
    assert_eq!(before.checkpoint.as_deref(), Some("here"));
    let nothing = move_job(store, &fence, id, &[State::Accepted, State::Sending], Moved::default());
    assert_eq!(nothing, Applied::Done);
    assert_eq!(job(store, id), before);
    let file = SavedFile { path: "1.png".to_owned(), bytes: u64::MAX, ..SavedFile::default() };
    let end = End { result: "grid".to_owned(), files: vec![file], retryable: true, ..End::default() };
    let to = Moved {
        state: Some(State::Finished),
        forget_checkpoint: true,
        reason: Some("done".to_owned()),
        end: Some(end.clone()),
        run_at: Some(at(77)),
        ..Moved::default()
    };
    assert_eq!(move_job(store, &fence, id, &[State::Sending], to), Applied::Done);
    let after = job(store, id);
    assert_eq!((after.state, after.end, after.checkpoint), (State::Finished, Some(end), None));
    assert_eq!((after.reason.as_str(), after.run_at, after.updated), ("done", at(77), at(2)));
    assert_eq!((after.sends, after.account, after.asked), (1, before.account, before.asked));
}

pub fn a_move_from_another_state_is_refused(store: &mut dyn Store) {
    let (fence, other) = (lease(store, "a"), lease(store, "b"));
    let id = sent(store, &fence);
    let to = || Moved { note: Some(line("no")), charge: Some(Charge::default()), ..to_state(State::Failed) };
    assert_eq!(move_job(store, &fence, id, &[State::Accepted], to()), Applied::Refused);
    assert_eq!(move_job(store, &fence, id, &[], to()), Applied::Refused);
    assert_eq!(move_job(store, &other, id, &[State::Sending], to()), Applied::Refused, "another account's");
    assert_eq!(move_job(store, &fence, JobId(99), &[State::Sending], to()), Applied::Refused);
    let unbound = add_one(store);
    assert_eq!(move_job(store, &fence, unbound, &[State::WaitingForSlot], to()), Applied::Refused);
    assert_eq!(state(store, id), State::Sending);
    assert_eq!(notes(store, id), ["added", "claimed"]);
    assert_eq!(store.charges(id).expect("the store can be read"), []);
}

pub fn notes_and_charges_are_only_ever_added(store: &mut dyn Store) {
    let fence = lease(store, "a");
    let id = sent(store, &fence);
    let charge = |certainty: &str, milliminutes| Charge {
        certainty: certainty.to_owned(),
        nonce: "7".to_owned(),
        interaction: "8".to_owned(),
        remote_job: "9".to_owned(),
        mode: "fast".to_owned(),
        milliminutes,
        sha256: "ab".to_owned(),
    };
    let charges = [charge("undecided", None), charge("certain", Some(1_250)), charge("certain", Some(1_250))];
    for (n, charge) in charges.iter().enumerate() {
        let to =
            Moved { note: Some(line(&format!("n{n}"))), charge: Some(charge.clone()), ..Moved::default() };
        assert_eq!(move_job(store, &fence, id, &[State::Sending], to), Applied::Done);
    }
    assert_eq!(store.charges(id).expect("the store can be read"), charges);
    assert_eq!(notes(store, id), ["added", "claimed", "n0", "n1", "n2"]);
    let all = store.notes(id).expect("the store can be read");
    assert_eq!(all.last(), Some(&line("n2")), "a note says when it was, not when it was written");
}

pub fn a_job_that_lets_go_is_anybodys_again(store: &mut dyn Store) {
    let (fence, other) = (lease(store, "a"), lease(store, "b"));
    let free = add_one(store);
    let bound = add(store, NewJob { account: Some("a".to_owned()), ..NewJob::default() });
    let to = || Moved { unbind: true, run_at: Some(at(30)), ..to_state(State::WaitingForSlot) };
    for id in [free, bound] {
        claim(store, &fence, id);
        assert_eq!(move_job(store, &fence, id, &[State::WaitingForSlot], to()), Applied::Done);
    }
    assert_eq!(claim(store, &other, free), Applied::Done);
    assert_eq!(claim(store, &other, bound), Applied::Refused, "it was asked of that account");
    assert_eq!(job(store, free).run_at, at(30));
}

pub fn cancel_of_what_waits_ends_it_at_once(store: &mut dyn Store) {
    let fence = lease(store, "a");
    let (free, bound) = (add_one(store), add_one(store));
    claim(store, &fence, bound);
    for id in [free, bound] {
        assert_eq!(one(store, at(5), Change::Cancel(id)), Applied::Done);
        let cancelled = job(store, id);
        assert_eq!((cancelled.state, cancelled.updated), (State::Cancelled, at(5)));
        let end = cancelled.end.expect("an end");
        assert_eq!((end.kind.as_str(), end.text.as_str()), ("Cancelled", "nothing of it was sent"));
        assert_eq!(notes(store, id).last().map(String::as_str), Some("cancelled"));
        assert_eq!(one(store, at(6), Change::Cancel(id)), Applied::Refused);
    }
    let to = Moved { is_send: true, ..to_state(State::Sending) };
    assert_eq!(
        move_job(store, &fence, bound, &[State::WaitingForSlot], to),
        Applied::Refused,
        "it must not be sent"
    );
}

pub fn cancel_of_what_is_out_is_told_to_its_account(store: &mut dyn Store) {
    let fence = lease(store, "a");
    let id = sent(store, &fence);
    assert_eq!(one(store, at(5), Change::Cancel(id)), Applied::Done);
    assert_eq!(one(store, at(6), Change::Cancel(id)), Applied::Done, "asked twice is asked once");
    let asked = job(store, id);
    assert_eq!((asked.state, asked.cancel_asked), (State::Sending, true));
    assert_eq!(notes(store, id), ["added", "claimed", "cancel_asked"]);
    assert_eq!(move_job(store, &fence, id, &[State::Sending], over(State::Cancelled)), Applied::Done);
    for state in [State::Finished, State::Failed, State::Unknown] {
        let id = ended(store, &fence, state);
        assert_eq!(one(store, at(7), Change::Cancel(id)), Applied::Refused);
    }
}

pub fn what_waits_again_after_its_end_was_asked_for_is_cancelled(store: &mut dyn Store) {
    let fence = lease(store, "a");
    let id = sent(store, &fence);
    one(store, at(5), Change::Cancel(id));
    let to = Moved { unbind: true, note: Some(line("waits_again")), ..to_state(State::WaitingForSlot) };
    assert_eq!(move_job(store, &fence, id, &[State::Sending], to), Applied::Done);
    assert_eq!(state(store, id), State::Cancelled);
    assert_eq!(notes(store, id), ["added", "claimed", "cancel_asked", "waits_again", "cancelled"]);
}

pub fn what_failed_or_was_cancelled_is_retried(store: &mut dyn Store) {
    let fence = lease(store, "a");
    for over in [State::Failed, State::Cancelled] {
        let id = ended(store, &fence, over);
        assert_eq!(one(store, at(8), Change::Retry(id)), Applied::Done);
        let again = job(store, id);
        assert_eq!((again.state, again.account, again.end), (State::WaitingForSlot, None, None));
        assert_eq!((again.checkpoint, again.cancel_asked, again.ready), (None, false, true));
        assert_eq!((again.tries, again.sends), (0, 1), "what was sent stays counted");
        assert_eq!(notes(store, id).last().map(String::as_str), Some("retried"));
        assert_eq!(one(store, at(9), Change::Retry(id)), Applied::Refused);
        assert_eq!(claim(store, &fence, id), Applied::Done);
    }
    for state in [State::Finished, State::Unknown] {
        let id = ended(store, &fence, state);
        assert_eq!(one(store, at(8), Change::Retry(id)), Applied::Refused);
    }
    let bound = add(store, NewJob { account: Some("z".to_owned()), ..NewJob::default() });
    one(store, at(8), Change::Cancel(bound));
    one(store, at(8), Change::Retry(bound));
    assert_eq!(job(store, bound).account.as_deref(), Some("z"));
}

pub fn what_is_unknown_is_resolved_and_not_retried(store: &mut dyn Store) {
    let fence = lease(store, "a");
    let resolve = |job, to| Change::Resolve { job, to, why: "I looked".to_owned() };
    for to in [State::Finished, State::Failed] {
        let id = ended(store, &fence, State::Unknown);
        assert_eq!(one(store, at(8), resolve(id, to)), Applied::Done);
        let decided = job(store, id);
        assert_eq!((decided.state, decided.account.as_deref()), (to, Some("a")));
        assert_eq!(decided.end.map(|end| end.text).as_deref(), Some("I looked"));
        assert_eq!(notes(store, id).last().map(String::as_str), Some("resolved"));
        assert_eq!(one(store, at(9), resolve(id, to)), Applied::Refused);
    }
    let id = ended(store, &fence, State::Unknown);
    for to in [State::Sending, State::Accepted, State::Rendering, State::Cancelled, State::Unknown] {
        assert_eq!(one(store, at(8), resolve(id, to)), Applied::Refused);
    }
    assert_eq!(one(store, at(8), resolve(id, State::WaitingForSlot)), Applied::Done);
    let again = job(store, id);
    assert_eq!((again.state, again.end, again.checkpoint), (State::WaitingForSlot, None, None));
    assert_eq!(claim(store, &fence, id), Applied::Done);
    let failed = ended(store, &fence, State::Failed);
    assert_eq!(one(store, at(8), resolve(failed, State::Finished)), Applied::Refused);
}

pub fn a_late_result_is_taken(store: &mut dyn Store) {
    let fence = lease(store, "a");
    let from = [State::Failed, State::Unknown, State::Cancelled];
    for over_first in from {
        let id = ended(store, &fence, over_first);
        assert_eq!(move_job(store, &fence, id, &from, over(State::Finished)), Applied::Done);
        assert_eq!(state(store, id), State::Finished);
        assert_eq!(move_job(store, &fence, id, &from, over(State::Failed)), Applied::Refused);
    }
}

pub fn a_purge_leaves_nothing_of_a_job(store: &mut dyn Store) {
    let fence = lease(store, "a");
    let asked = || NewJob { key: Some("k".to_owned()), title: "secret".to_owned(), ..NewJob::default() };
    let id = add(store, asked());
    claim(store, &fence, id);
    let to = Moved { charge: Some(Charge::default()), ..over(State::Finished) };
    move_job(store, &fence, id, &[State::WaitingForSlot], to);
    assert_eq!(one(store, at(9), Change::Purge(id)), Applied::Done);
    assert_eq!(store.job(id).expect("the store can be read"), None);
    assert_eq!(notes(store, id), [] as [&str; 0]);
    assert_eq!(store.charges(id).expect("the store can be read"), []);
    assert_eq!(listed(store, &Filter::default()), [] as [u64; 0]);
    assert_eq!(one(store, at(9), Change::Purge(id)), Applied::Refused);
    assert_eq!(one(store, at(9), Change::Retry(id)), Applied::Refused);
    assert_eq!(add(store, asked()), JobId(id.0 + 1), "its key is free again");
}

pub fn what_still_goes_on_is_not_purged(store: &mut dyn Store) {
    let fence = lease(store, "a");
    let (waiting, out) = (add_one(store), sent(store, &fence));
    let parent = ended(store, &fence, State::Finished);
    let step = add(store, step_of(parent));
    for id in [waiting, out, parent, step] {
        assert_eq!(one(store, at(9), Change::Purge(id)), Applied::Refused, "{id}");
    }
    one(store, at(9), Change::Cancel(step));
    assert_eq!(one(store, at(9), Change::Purge(parent)), Applied::Done);
    assert_eq!(one(store, at(9), Change::Retry(step)), Applied::Refused, "what it continues is gone");
    assert_eq!(one(store, at(9), Change::Purge(step)), Applied::Done);
}
