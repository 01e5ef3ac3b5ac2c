//! A bounded queue into a thread: whoever finds it full waits, by blocking or as a future. It looks at no item.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

#[derive(Debug)]
pub(super) struct Lane<T> {
    inside: Mutex<Inside<T>>,
    most: usize,
    changed: Condvar,
}

#[derive(Debug)]
struct Inside<T> {
    items: VecDeque<T>,
    is_closed: bool,
    /// Who found it full.
    waiting: Vec<Waker>,
}

/// It is closed: nothing is taken any more.
#[derive(Debug)]
pub(super) struct Closed;

impl<T> Lane<T> {
    pub(super) fn new(most: usize) -> Self {
        let inside = Inside { items: VecDeque::new(), is_closed: false, waiting: Vec::new() };
        Self { inside: Mutex::new(inside), most, changed: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Inside<T>> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Blocks while it is full.
    pub(super) fn push(&self, item: T) -> Result<(), Closed> {
        let mut inside = self.lock();
        while inside.items.len() >= self.most && !inside.is_closed {
            inside = self.changed.wait(inside).unwrap_or_else(PoisonError::into_inner);
        }
        if inside.is_closed {
            return Err(Closed);
        }
        inside.items.push_back(item);
        drop(inside);
        self.changed.notify_all();
        Ok(())
    }

    /// Takes the item out of `item` once there is room.
    pub(super) fn poll_push(
        &self,
        context: &mut Context<'_>,
        item: &mut Option<T>,
    ) -> Poll<Result<(), Closed>> {
        let mut inside = self.lock();
        if inside.is_closed {
            return Poll::Ready(Err(Closed));
        }
        if inside.items.len() >= self.most {
            inside.waiting.push(context.waker().clone());
            return Poll::Pending;
        }
        inside.items.extend(item.take());
        drop(inside);
        self.changed.notify_all();
        Poll::Ready(Ok(()))
    }

    /// Blocks until something is there, and takes items until their weights make `most`; `None` once it is
    /// closed and empty.
    pub(super) fn take(&self, most: usize, weight: impl Fn(&T) -> usize) -> Option<Vec<T>> {
        let mut inside = self.lock();
        while inside.items.is_empty() && !inside.is_closed {
            inside = self.changed.wait(inside).unwrap_or_else(PoisonError::into_inner);
        }
        let (mut taken, mut sum) = (Vec::new(), 0);
        while sum < most
            && let Some(item) = inside.items.pop_front()
        {
            sum += weight(&item).max(1);
            taken.push(item);
        }
        let waiting = std::mem::take(&mut inside.waiting);
        drop(inside);
        self.changed.notify_all();
        waiting.into_iter().for_each(Waker::wake);
        (!taken.is_empty()).then_some(taken)
    }

    /// What is in it is taken still.
    pub(super) fn close(&self) {
        self.end(false);
    }

    /// What is in it is dropped: nobody is there to take it.
    pub(super) fn abandon(&self) {
        self.end(true);
    }

    fn end(&self, drops: bool) {
        let mut inside = self.lock();
        inside.is_closed = true;
        let dropped = if drops { std::mem::take(&mut inside.items) } else { VecDeque::new() };
        let waiting = std::mem::take(&mut inside.waiting);
        drop(inside);
        drop(dropped);
        self.changed.notify_all();
        waiting.into_iter().for_each(Waker::wake);
    }
}
