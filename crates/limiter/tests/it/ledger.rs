//! A naive server with true limits, by which the limiter is judged. It shares nothing with the limiter but the request.

use std::collections::BTreeMap;

use journeyman_limiter::Request;

/// The four ways in which a server may count; all times in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Model {
    /// A window opens at the first arrival after the last one has ended.
    FirstArrival,
    /// Windows follow the server's wall clock, which is ahead by this much.
    Aligned(u64),
    /// Each arrival counts for one window.
    Log,
    /// A bucket that leaks evenly.
    Leaky,
}

#[derive(Clone, Debug)]
pub(crate) struct Limit {
    pub(crate) model: Model,
    pub(crate) most: u64,
    pub(crate) window: u64,
    /// Until when each accepted arrival counts.
    until: Vec<u64>,
}

/// What a limit says to one arrival: the headers, and the wait if it is refused.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Said {
    pub(crate) accepted: bool,
    pub(crate) remaining: u64,
    pub(crate) reset_after: u64,
    pub(crate) retry_after: u64,
}

impl Limit {
    pub(crate) fn new(model: Model, most: u64, window: u64) -> Self {
        Self { model, most, window, until: Vec::new() }
    }

    pub(crate) fn arrive(&mut self, at: u64) -> Said {
        self.until.retain(|until| *until > at);
        let accepted = (self.until.len() as u64) < self.most;
        if accepted {
            self.until.push(match self.model {
                Model::FirstArrival => self.until.first().copied().unwrap_or(at + self.window),
                Model::Aligned(ahead) => ((at + ahead) / self.window + 1) * self.window - ahead,
                Model::Log => at + self.window,
                Model::Leaky => self.until.last().copied().unwrap_or(at) + self.window / self.most,
            });
        }
        let remaining = self.most - self.until.len() as u64;
        let (next, full) = (self.until[0], self.until[self.until.len() - 1]);
        Said { accepted, remaining, reset_after: full - at, retry_after: next - at }
    }
}

/// One limit for each channel, and perhaps one over all: `Err` is a refusal by that one.
pub(crate) struct Server {
    pub(crate) channel: Limit,
    pub(crate) global: Option<Limit>,
    pub(crate) channels: BTreeMap<String, Limit>,
}

impl Server {
    pub(crate) fn new(channel: Limit, global: Option<Limit>) -> Self {
        Self { channel, global, channels: BTreeMap::new() }
    }

    pub(crate) fn arrive(&mut self, at: u64, request: &Request) -> Result<Said, Said> {
        let said = self.global.as_mut().map(|global| global.arrive(at));
        if let Some(refused) = said.filter(|said| !said.accepted) {
            return Err(refused);
        }
        let name = request.path.split('/').nth(2).unwrap_or_default().to_owned();
        Ok(self.channels.entry(name).or_insert_with(|| self.channel.clone()).arrive(at))
    }
}
