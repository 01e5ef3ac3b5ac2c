//! A naive server with true limits, by which the limiter is judged. It shares nothing with the limiter but the request.

use std::collections::BTreeMap;

use journeyman_limiter::Request;

pub(crate) use crate::trial::limit::{Limit, Model};

/// What a limit says to one arrival: the headers, and the wait if it is refused.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Said {
    pub(crate) accepted: bool,
    pub(crate) remaining: u64,
    pub(crate) reset_after: u64,
    pub(crate) retry_after: u64,
}

impl Said {
    /// Lets one arrive at a limit of this size, and counts it if there is room.
    pub(crate) fn on_arrival(limit: &mut Limit, at: u64, most: u64) -> Self {
        limit.come(at, most);
        let retry_after = limit.wait(at, most);
        if retry_after == 0 {
            limit.take(at);
        }
        let (remaining, reset_after) = (limit.remaining(), limit.reset_after(at));
        Self { accepted: retry_after == 0, remaining, reset_after, retry_after }
    }
}

/// One limit for each channel, and perhaps one over all: `Err` is a refusal by that one.
pub(crate) struct Server {
    /// Of each channel.
    pub(crate) model: Model,
    pub(crate) most: u64,
    pub(crate) window: u64,
    pub(crate) global: Option<Limit>,
    pub(crate) channels: BTreeMap<String, Limit>,
}

impl Server {
    pub(crate) fn new((model, most, window): (Model, u64, u64), global: Option<Limit>) -> Self {
        Self { model, most, window, global, channels: BTreeMap::new() }
    }

    pub(crate) fn arrive(&mut self, at: u64, request: &Request) -> Result<Said, Said> {
        let said = self.global.as_mut().map(|global| Said::on_arrival(global, at, global.most()));
        if let Some(refused) = said.filter(|said| !said.accepted) {
            return Err(refused);
        }
        let name = request.path.split('/').nth(2).unwrap_or_default().to_owned();
        let channel =
            self.channels.entry(name).or_insert_with(|| Limit::new(self.model, self.most, self.window));
        Ok(Said::on_arrival(channel, at, self.most))
    }
}
