//! One answer from another thread, to wait for by blocking or as a future of any runtime. It carries nothing else.

use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// The side that waits.
#[derive(Debug)]
pub(super) struct Answer<T>(Arc<Slot<T>>);

/// The side that answers; dropped without an answer, it tells that there will be none.
#[derive(Debug)]
pub(super) struct Promise<T>(Arc<Slot<T>>);

#[derive(Debug)]
struct Slot<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
}

#[derive(Debug)]
enum State<T> {
    Open(Option<Waker>),
    Told(T),
    /// Taken, or never to come.
    Gone,
}

pub(super) fn pair<T>() -> (Promise<T>, Answer<T>) {
    let slot = Arc::new(Slot { state: Mutex::new(State::Open(None)), changed: Condvar::new() });
    (Promise(Arc::clone(&slot)), Answer(slot))
}

impl<T> Slot<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self, end: State<T>) {
        let before = {
            let mut state = self.lock();
            if !matches!(*state, State::Open(_)) {
                return;
            }
            std::mem::replace(&mut *state, end)
        };
        self.changed.notify_all();
        if let State::Open(Some(waker)) = before {
            waker.wake();
        }
    }
}

impl<T> Promise<T> {
    pub(super) fn tell(self, value: T) {
        self.0.end(State::Told(value));
    }
}

impl<T> Drop for Promise<T> {
    fn drop(&mut self) {
        self.0.end(State::Gone);
    }
}

impl<T> Answer<T> {
    /// Blocks until it is there; `None` where it never comes.
    pub(super) fn wait(self) -> Option<T> {
        let mut state = self.0.lock();
        while matches!(*state, State::Open(_)) {
            state = self.0.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        take(&mut state)
    }

    pub(super) fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        let mut state = self.0.lock();
        if let State::Open(waker) = &mut *state {
            *waker = Some(context.waker().clone());
            return Poll::Pending;
        }
        Poll::Ready(take(&mut state))
    }
}

fn take<T>(state: &mut State<T>) -> Option<T> {
    match std::mem::replace(state, State::Gone) {
        State::Told(value) => Some(value),
        State::Open(_) | State::Gone => None,
    }
}
