//! Asks Discord what its documentation leaves open, with an ordinary bot in a server of its operator. It does
//! nothing that a bot may not do, and little of that.

mod plan;
mod report;

use std::future::Future;

use journeyman_limiter::{Answer, Credential, Limiter, Method, Request as Limits, Route, Verdict};
use journeyman_moment::Clock;
use serde_json::Value;
use thiserror::Error;

use crate::config::Config;
use crate::forward::{CannotStart, Heard, Prober};
use crate::settings::authorization;

pub use report::Report;

/// The most requests that one run sends, those that clean up included.
pub const MOST_REQUESTS: usize = 300;
/// Kept back for cleaning up.
const FOR_CLEANING: usize = 60;

/// Where to ask, and as whom. It never prints its token.
pub struct Order {
    /// The bot's token, alone or as it stands in `Authorization`.
    pub token: String,
    /// A text channel where the bot may read, write and react.
    pub channel: String,
}

impl std::fmt::Debug for Order {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Order").field("channel", &self.channel).finish_non_exhaustive()
    }
}

/// Why there is no report.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The HTTP client could not be set up.
    #[error(transparent)]
    CannotStart(#[from] CannotStart),
    /// The channel is not given as an id.
    #[error("the channel {given:?} is no id; copy it from Discord with developer mode on")]
    NoChannel {
        /// What was given.
        given: String,
    },
    /// The first request was not answered well, so nothing else was sent.
    #[error("read the channel: {why}; nothing else was sent")]
    NoAccess {
        /// What was answered, and what to do.
        why: String,
    },
}

/// What was asked and answered, once.
#[derive(Clone, Debug)]
struct Sample {
    route: String,
    answer: Answer,
    header_names: Vec<String>,
    body: Value,
}

/// Why the run ended before its plan.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Halt {
    /// A 429 that the limiter should have prevented, or any other one.
    Limited { route: String, verdict: Option<Verdict> },
    /// As many requests as may be sent.
    Spent,
    /// No answer came, or the limiter let nothing go.
    Failed { route: String, why: String },
}

impl std::fmt::Display for Halt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Limited { route, .. } => write!(f, "{route} was answered with 429"),
            Self::Spent => f.write_str("as many requests were sent as one run may send"),
            Self::Failed { route, why } => write!(f, "{route}: {why}"),
        }
    }
}

/// One run.
struct Run<'a> {
    prober: Prober,
    limiter: Limiter,
    authorization: String,
    channel: &'a str,
    samples: Vec<Sample>,
    sent: usize,
    may_send: usize,
    /// Messages that this run has made and not yet deleted.
    messages: Vec<String>,
}

/// Runs the plan, cleans up, and says what was learnt; `tell` hears how it goes.
///
/// # Errors
/// If nothing could be asked. A run that is stopped has a report that says so.
///
/// # Cancel safety
/// Dropped, it stops at once; messages that it made stay in the channel.
pub async fn verify<F>(
    config: &Config,
    clock: Clock,
    order: &Order,
    mut tell: impl FnMut(String) -> F,
) -> Result<Report, VerifyError>
where
    F: Future<Output = ()>,
{
    let channel = order.channel.trim();
    if channel.is_empty() || channel.len() > 20 || !channel.bytes().all(|digit| digit.is_ascii_digit()) {
        return Err(VerifyError::NoChannel { given: channel.chars().take(32).collect() });
    }
    let mut run = Run {
        prober: Prober::new(config, clock)?,
        limiter: Limiter::new(config.limits.clone(), clock),
        authorization: authorization(&order.token),
        channel,
        samples: Vec::new(),
        sent: 0,
        may_send: MOST_REQUESTS - FOR_CLEANING,
        messages: Vec::new(),
    };
    run.knock().await?;
    let halt = run.follow(&mut tell).await.err();
    if let Some(halt) = &halt {
        tell(format!("stopped: {halt}")).await;
    }
    run.may_send = MOST_REQUESTS;
    let left = run.clean_up().await;
    tell(format!("{} requests sent, {left} messages left behind", run.sent)).await;
    Ok(Report::of(&run.samples, halt.as_ref(), left))
}

impl Run<'_> {
    /// Whether the channel can be read at all.
    async fn knock(&mut self) -> Result<(), VerifyError> {
        let no_access = |why: String| VerifyError::NoAccess { why };
        let path = format!("/channels/{}", self.channel);
        match self.ask(Method::Get, &path, None).await {
            Ok(sample) => match sample.answer.status {
                200..300 => Ok(()),
                401 => Err(no_access("the token was refused (401); check JOURNEYMAN_BOT_TOKEN".to_owned())),
                403 | 404 => Err(no_access(format!(
                    "the bot does not see it ({}); invite the bot to the server and check the id",
                    sample.answer.status
                ))),
                status => Err(no_access(format!("answered with {status}; try again later"))),
            },
            Err(Halt::Failed { why, .. }) => Err(no_access(why)),
            Err(Halt::Limited { .. } | Halt::Spent) => {
                Err(no_access("answered with 429; wait until nothing else uses this bot".to_owned()))
            }
        }
    }

    /// Sends one request when its limits let it, and keeps what was answered.
    async fn ask(&mut self, method: Method, path: &str, body: Option<Value>) -> Result<Sample, Halt> {
        if self.sent >= self.may_send {
            return Err(Halt::Spent);
        }
        let request = Limits::new(method, path).with_credential(Credential::of_token(&self.authorization));
        let route = Route::of(&request);
        let route = format!("{method} /{}", route.template());
        let failed = |why: String| Halt::Failed { route: route.clone(), why };
        let outgoing =
            self.prober.request(method, path, &self.authorization, body.as_ref()).map_err(failed)?;
        let permit = self.limiter.acquire(&request).await.map_err(|refused| failed(refused.to_string()))?;
        self.sent += 1;
        let heard = self.prober.ask(permit, outgoing).await;
        let Heard { answer, verdict, header_names, body } = heard.map_err(failed)?;
        let sample = Sample { route: route.clone(), answer, header_names, body };
        self.samples.push(sample.clone());
        if sample.answer.status == 429 {
            return Err(Halt::Limited { route, verdict });
        }
        Ok(sample)
    }

    /// Deletes what is left of this run's messages; says how many it could not.
    async fn clean_up(&mut self) -> usize {
        let mut left = 0;
        while let Some(message) = self.messages.pop() {
            let path = format!("/channels/{}/messages/{message}", self.channel);
            let is_gone = match self.ask(Method::Delete, &path, None).await {
                Ok(sample) => matches!(sample.answer.status, 200..300 | 404),
                Err(_) => false,
            };
            left += usize::from(!is_gone);
        }
        left
    }
}
