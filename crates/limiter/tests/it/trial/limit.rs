//! One true limit, counted in one of four ways. It knows no requests.

/// How a server may count; all times in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Model {
    /// A window opens at the first arrival after the last one has ended.
    FirstArrival,
    /// Windows follow a wall clock that is ahead by this much.
    Aligned(u64),
    /// Each arrival counts for one window.
    Log,
    /// A bucket that leaks evenly.
    Leaky,
}

#[derive(Clone, Debug)]
pub(crate) struct Limit {
    model: Model,
    /// How many, at present.
    most: u64,
    window: u64,
    /// Until when each accepted arrival counts; ascending, as arrivals are.
    until: Vec<u64>,
}

impl Limit {
    pub(crate) fn new(model: Model, most: u64, window: u64) -> Self {
        Self { model, most, window, until: Vec::new() }
    }

    /// Lets the time come, with the size that the limit has at it.
    pub(crate) fn come(&mut self, at: u64, most: u64) {
        self.until.retain(|until| *until > at);
        self.most = most;
    }

    /// How long until there is room for one of `most`, if nobody else comes. It changes nothing, so the
    /// moment may lie ahead.
    pub(crate) fn wait(&self, at: u64, most: u64) -> u64 {
        let over = self.until.partition_point(|until| *until <= at);
        let used = (self.until.len() - over) as u64;
        let Some(excess) = used.checked_sub(most) else { return 0 };
        self.until.get(over + index(excess)).map_or(0, |until| until - at)
    }

    pub(crate) fn take(&mut self, at: u64) {
        self.until.push(match self.model {
            Model::FirstArrival => self.until.first().copied().unwrap_or(at + self.window),
            Model::Aligned(ahead) => ((at + ahead) / self.window + 1) * self.window - ahead,
            Model::Log => at + self.window,
            Model::Leaky => self.until.last().copied().unwrap_or(at) + self.window / self.most,
        });
    }

    pub(crate) fn most(&self) -> u64 {
        self.most
    }

    pub(crate) fn remaining(&self) -> u64 {
        self.most.saturating_sub(self.until.len() as u64)
    }

    pub(crate) fn reset_after(&self, at: u64) -> u64 {
        self.until.last().map_or(0, |until| until - at)
    }
}

fn index(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}
