//! The flight recorder: what passed between us and Discord, and what the driver was told and said, as JSON lines
//! without secrets. It decides nothing, and it reads no recording.

mod redact;
pub(crate) mod said;
mod snowflake;
mod text;
mod writer;

use std::collections::BTreeMap;
use std::fmt;
use std::hash::RandomState;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use journeyman_discord::gateway::Event;
use journeyman_discord::wire::{Answer, Request};
use journeyman_discord::{Passing, Tap};
use journeyman_moment::Moment;
use serde_json::{Map, Value, json};

use self::redact::Redactor;
use self::writer::{Entry, Writer};
use crate::driver::core::{Core, Input, JobNumber, Output};
use crate::error::Error;
use crate::settings::Settings;
use crate::wall;

/// The version of the lines' format.
pub(crate) const VERSION: u32 = 1;

/// How many recordings this process began: two clients may begin in the same microsecond.
static RECORDINGS: AtomicU64 = AtomicU64::new(0);

/// Where things are recorded; cheap to clone. Without a folder it does nothing.
#[derive(Clone, Default)]
pub(crate) struct Recorder {
    inner: Option<Arc<Inner>>,
}

struct Inner {
    writer: Writer,
    lines: AtomicU64,
    seen: Mutex<Seen>,
}

/// What later lines refer to.
#[derive(Default)]
struct Seen {
    /// The line of the newest event.
    event: u64,
    /// The newest call of each request that was sent for a job.
    calls: BTreeMap<String, u64>,
    nonces: BTreeMap<JobNumber, String>,
}

impl Recorder {
    /// Begins a recording where the settings ask for one.
    ///
    /// # Errors
    /// `Storage` when the folder cannot be written.
    pub(crate) fn begin(settings: &Settings) -> Result<Self, Error> {
        let Some(folder) = &settings.record else { return Ok(Self::default()) };
        let unix_us = wall::unix_micros();
        let redactor =
            Redactor::new(settings.token.clone(), settings.record_prompts, RandomState::new(), unix_us);
        let number = RECORDINGS.fetch_add(1, Ordering::Relaxed);
        let stem = format!("recording-{unix_us}-{}-{number}", std::process::id());
        let writer = Writer::begin(folder, &stem, head(settings, unix_us), redactor)?;
        let inner = Inner { writer, lines: AtomicU64::new(0), seen: Mutex::new(Seen::default()) };
        Ok(Self { inner: Some(Arc::new(inner)) })
    }

    /// Ends the recording: what was taken is on disk when this returns, or after the time that it waits for that.
    pub(crate) fn end(&self) {
        if let Some(inner) = &self.inner {
            inner.writer.end();
        }
    }

    /// Hears requests, answers and the gateway's own frames.
    pub(crate) fn tap(&self) -> Option<Tap> {
        let inner = Arc::clone(self.inner.as_ref()?);
        Some(Tap::new(move |passing| inner.passed(passing)))
    }

    /// An event of the gateway that is wanted.
    pub(crate) fn event(&self, event: &Event) {
        let Some(inner) = &self.inner else { return };
        let weight = event.data.to_string().len();
        let data = json!({"name": event.name, "data": event.data});
        let line = inner.put(event.received, "event", json!({}), data, weight);
        inner.seen().event = line;
    }

    /// What the core is told.
    pub(crate) fn input(&self, now: Moment, input: &Input, core: &Core) {
        let Some(inner) = &self.inner else { return };
        let (plain, data) = inner.input(now, input, core);
        inner.put(now, "input", plain, data, 256);
    }

    /// What the core says.
    pub(crate) fn output(&self, now: Moment, output: &Output) {
        let Some(inner) = &self.inner else { return };
        if let Output::Send { job, nonce, .. } | Output::Answer { job, nonce, .. } = output {
            inner.seen().nonces.insert(*job, nonce.clone());
        }
        inner.put(now, "output", json!({}), said::output(output), 256);
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").field("is_on", &self.inner.is_some()).finish()
    }
}

impl Inner {
    fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, at: Moment, kind: &str, plain: Value, data: Value, weight: usize) -> u64 {
        self.put_with_headers(at, kind, plain, data, (Vec::new(), weight))
    }

    fn put_with_headers(
        &self,
        at: Moment,
        kind: &str,
        plain: Value,
        data: Value,
        (headers, weight): (Vec<(String, String)>, usize),
    ) -> u64 {
        let line = self.lines.fetch_add(1, Ordering::Relaxed) + 1;
        let mut all = Map::new();
        all.insert("line".to_owned(), line.into());
        all.insert("at_us".to_owned(), at.as_micros().into());
        all.insert("unix_us".to_owned(), wall::unix_micros().into());
        all.insert("kind".to_owned(), kind.into());
        if let Value::Object(plain) = plain {
            all.extend(plain);
        }
        self.writer.put(Entry { plain: all, data, headers, weight });
        line
    }

    fn passed(&self, passing: Passing<'_>) {
        match passing {
            Passing::Request { call, at, request } => self.request(call, at, request),
            Passing::Answer { call, at, answer } => self.answer(call, at, answer),
            Passing::NoAnswer { call, at, may_have_left } => {
                self.put(
                    at,
                    "no_answer",
                    json!({"call": call, "may_have_left": may_have_left}),
                    json!({}),
                    0,
                );
            }
            Passing::GatewayOpened { at } => {
                self.put(at, "gateway_opened", json!({}), json!({}), 0);
            }
            Passing::GatewayClosed { at, code } => {
                self.put(at, "gateway_closed", json!({"code": code}), json!({}), 0);
            }
            Passing::FrameSent { at, op } => {
                self.put(at, "frame_sent", json!({"op": op}), json!({}), 0);
            }
            Passing::Frame { at, frame } => {
                self.put(at, "frame", json!({}), json!({"frame": frame}), 256);
            }
            _ => {}
        }
    }

    fn request(&self, call: u64, at: Moment, request: &Request) {
        let nonce = request.body.as_ref().and_then(|body| body["nonce"].as_str());
        {
            let mut seen = self.seen();
            if let Some(nonce) = nonce.filter(|nonce| seen.nonces.values().any(|known| known == nonce)) {
                seen.calls.insert(nonce.to_owned(), call);
            }
        }
        let data = json!({
            "purpose": request.purpose,
            "target": request.target(),
            "body": request.body,
        });
        let method = format!("{:?}", request.method).to_uppercase();
        self.put(at, "request", json!({"call": call, "method": method}), data, 1_024);
    }

    fn answer(&self, call: u64, at: Moment, answer: &Answer) {
        let body = answer.json().unwrap_or_else(|| String::from_utf8_lossy(&answer.body).into());
        let plain = json!({"call": call, "status": answer.status});
        let extra = (answer.headers.clone(), answer.body.len());
        self.put_with_headers(at, "answer", plain, json!({ "body": body }), extra);
    }

    /// What needs no redacting, and what does.
    fn input(&self, now: Moment, input: &Input, core: &Core) -> (Value, Value) {
        let (mut plain, data) = said::input(now, input);
        let answers = match input {
            Input::Sent { job, .. } => ("call", self.call_of(core, *job)),
            Input::Heard(_) => ("event", Some(self.seen().event)),
            Input::Start { .. }
            | Input::Resume { .. }
            | Input::Cancel { .. }
            | Input::Withdrawn { .. }
            | Input::Unpause
            | Input::Identified(_)
            | Input::Page(_)
            | Input::PageFailed(_)
            | Input::GatewayUp { .. }
            | Input::GatewayDown
            | Input::GatewayGap
            | Input::GatewayEnded(_)
            | Input::Tick => return (plain, data),
        };
        if let (Value::Object(plain), (name, number)) = (&mut plain, answers) {
            plain.insert(name.to_owned(), number.into());
        }
        (plain, data)
    }

    /// The call that sent a job's request.
    fn call_of(&self, core: &Core, job: JobNumber) -> Option<u64> {
        let mut seen = self.seen();
        let nonce = seen.nonces.get(&job).cloned();
        let call = nonce.and_then(|nonce| seen.calls.remove(&nonce));
        seen.nonces.retain(|job, _| core.knows(*job));
        call
    }
}

/// What a recording begins with.
fn head(settings: &Settings, unix_us: i64) -> Value {
    let micros = |span: Duration| u64::try_from(span.as_micros()).unwrap_or(u64::MAX);
    let (deadlines, poll) = (settings.deadlines, settings.poll);
    json!({
        "kind": "begin",
        "version": VERSION,
        "program": concat!("journeyman ", env!("CARGO_PKG_VERSION")),
        "unix_us": unix_us,
        "channel": settings.channel.to_string(),
        "guild": settings.guild.map(|guild| guild.to_string()),
        "watch": format!("{:?}", settings.watch).to_lowercase(),
        "progress": format!("{:?}", settings.progress).to_lowercase(),
        "gateway_patience_us": micros(settings.gateway_patience),
        "seed": format!("{:x}", settings.seed),
        "poll_us": { "min": micros(poll.min), "max": micros(poll.max), "late": micros(poll.late) },
        "deadlines_us": {
            "first_sign": micros(deadlines.first_sign), "form": micros(deadlines.form), "progress": micros(deadlines.progress),
            "slow": micros(deadlines.slow), "grace": micros(deadlines.grace), "cap": micros(deadlines.cap),
        },
        "grace_looks": deadlines.grace_looks,
    })
}
