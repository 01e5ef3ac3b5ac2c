//! One connection: served until it ends, falls idle, stalls or the proxy drains. What is asked on it is the
//! door's subject.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::rt::Executor;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use journeyman_moment::{Clock, Moment};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::answer;
use crate::door;
use crate::forward::Forward;

/// The least buffer that hyper takes.
const LEAST_HEAD_BYTES: usize = 8 * 1024;
/// How long a connection that was told to end may take, when nothing is asked on it.
const FAREWELL: Duration = Duration::from_secs(5);

/// One connection, request after request, in either version of HTTP.
///
/// # Cancel safety
/// Dropping the future closes the connection, and ends every request on it.
pub(crate) async fn converse(stream: TcpStream, forward: Arc<Forward>, mut drains: watch::Receiver<()>) {
    // Small answers must not wait for more to send; without this they are only slower.
    let _ = stream.set_nodelay(true);
    let pulse = Arc::new(Pulse::new(&forward));
    let listening = Arc::clone(&pulse);
    let asked = Arc::clone(&forward);
    let service = service_fn(move |request: Request<Incoming>| {
        let visit = Visit::begin(&listening);
        let forward = Arc::clone(&asked);
        async move { Ok::<_, Infallible>(visit.deliver(door::answer(&forward, request).await)) }
    });
    let streams = Streams::default();
    let builder = builder(&forward, streams.clone());
    let _ends_with_it = Owner(streams);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let mut is_leaving = false;
    loop {
        tokio::select! {
            // An error is a closed connection, ours or the client's.
            _ = connection.as_mut() => return,
            // Said once; a sender that is gone says the same.
            _ = drains.changed(), if !is_leaving => {
                is_leaving = true;
                connection.as_mut().graceful_shutdown();
                pulse.allow(FAREWELL);
            }
            () = forward.clock.sleep_until(pulse.due()) => match pulse.look() {
                Pace::Alive => {}
                Pace::Idle if is_leaving => return,
                Pace::Idle => {
                    is_leaving = true;
                    connection.as_mut().graceful_shutdown();
                    pulse.allow(FAREWELL);
                }
                Pace::Stalled => {
                    tracing::debug!("an answer did not go on; its connection is cut");
                    forward.metrics.stalled();
                    return;
                }
            },
        }
    }
}

fn builder(forward: &Forward, streams: Streams) -> auto::Builder<Streams> {
    let config = &forward.config;
    let mut builder = auto::Builder::new(streams);
    builder.http1().timer(TokioTimer::new()).max_buf_size(config.max_head_bytes.max(LEAST_HEAD_BYTES));
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(config.max_streams)
        .max_header_list_size(u32::try_from(config.max_head_bytes).unwrap_or(u32::MAX))
        .max_send_buf_size(config.max_head_bytes);
    builder
}

/// The streams of one connection of HTTP/2.
#[derive(Clone, Debug, Default)]
struct Streams {
    tasks: Arc<Mutex<JoinSet<()>>>,
}

/// Ends the streams with their connection: each holds a clone of the set it is in.
struct Owner(Streams);

impl Drop for Owner {
    fn drop(&mut self) {
        self.0.tasks.lock().unwrap_or_else(PoisonError::into_inner).abort_all();
    }
}

impl<F> Executor<F> for Streams
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, stream: F) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        // Those that have ended are not kept.
        while tasks.try_join_next().is_some() {}
        tasks.spawn(stream);
    }
}

/// Whether a connection goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pace {
    Alive,
    /// Nothing was asked for a while, or a head does not end.
    Idle,
    /// An answer has not gone on for a while: its client does not read, or the upstream does not write.
    Stalled,
}

/// What goes on on one connection.
#[derive(Debug)]
struct Pulse {
    clock: Clock,
    /// Both as the clock counts.
    idle: Duration,
    stall: Duration,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Requests between their head and the end of their answer.
    open: usize,
    /// When each answer that is on its way went on last.
    answers: BTreeMap<u64, Moment>,
    next: u64,
    /// Since when nothing is asked.
    quiet_since: Moment,
    /// How long it may stay so.
    patience: Duration,
}

impl Pulse {
    fn new(forward: &Forward) -> Self {
        let clock = forward.clock;
        let idle = forward.in_scale(forward.config.idle);
        let stall = forward.in_scale(forward.config.stall);
        let state =
            State { open: 0, answers: BTreeMap::new(), next: 0, quiet_since: clock.now(), patience: idle };
        Self { clock, idle, stall, state: Mutex::new(state) }
    }

    /// When to look next.
    fn due(&self) -> Moment {
        let state = self.state();
        if state.open == 0 {
            // What begins in the meantime may stall before the idle time is over.
            return (state.quiet_since + state.patience).min(self.clock.now() + self.stall);
        }
        let slowest = state.answers.values().min().copied();
        // While all requests wait, the limiter and the upstream have bounds of their own.
        slowest.unwrap_or_else(|| self.clock.now()) + self.stall
    }

    fn look(&self) -> Pace {
        let now = self.clock.now();
        let state = self.state();
        if state.open == 0 {
            let is_idle = state.quiet_since + state.patience <= now;
            return if is_idle { Pace::Idle } else { Pace::Alive };
        }
        let is_stalled = state.answers.values().any(|last| *last + self.stall <= now);
        if is_stalled { Pace::Stalled } else { Pace::Alive }
    }

    /// Says how long it may stay quiet from here on.
    fn allow(&self, farewell: Duration) {
        let mut state = self.state();
        state.quiet_since = self.clock.now();
        state.patience = farewell.min(self.idle);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // What is counted here stays useful whatever happened elsewhere.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One request, from its head to the end of its answer or of its connection.
#[derive(Debug)]
struct Visit {
    pulse: Arc<Pulse>,
    answer: Option<u64>,
}

impl Visit {
    fn begin(pulse: &Arc<Pulse>) -> Self {
        pulse.state().open += 1;
        Self { pulse: Arc::clone(pulse), answer: None }
    }

    fn deliver(mut self, response: Response<answer::Body>) -> Response<Delivery> {
        let now = self.pulse.clock.now();
        let mut state = self.pulse.state();
        let number = state.next;
        state.next += 1;
        state.answers.insert(number, now);
        drop(state);
        self.answer = Some(number);
        response.map(|body| Delivery { body, visit: self })
    }

    fn went_on(&self) {
        let Some(number) = self.answer else { return };
        let now = self.pulse.clock.now();
        self.pulse.state().answers.insert(number, now);
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        let now = self.pulse.clock.now();
        let mut state = self.pulse.state();
        state.open = state.open.saturating_sub(1);
        if let Some(number) = self.answer {
            state.answers.remove(&number);
        }
        if state.open == 0 {
            state.quiet_since = now;
        }
    }
}

/// An answer's body, whose progress is seen.
#[derive(Debug)]
struct Delivery {
    body: answer::Body,
    visit: Visit,
}

impl Body for Delivery {
    type Data = Bytes;
    type Error = <answer::Body as Body>::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        if frame.is_some() && !self.body.is_end_stream() {
            self.visit.went_on();
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
