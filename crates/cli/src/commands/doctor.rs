//! `doctor`: is everything set up? It looks, says what it found, and changes nothing; it never prints a token.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use journeyman::{Clock, Error, ErrorKind, Settings, WatchMode};
use journeyman_discord::{CallError, CallErrorKind, Config, Rest};
use journeyman_limiter::Limiter;

use crate::config::Configuration;
use crate::drift;
use crate::error;
use crate::show;

/// A clock that is further off than this makes nonces and records lie.
const MOST_SKEW: Duration = Duration::from_secs(10);

/// Runs every check that can be run; the first one that fails gives the exit code.
pub(super) async fn run(configuration: Result<Configuration, Error>) -> Result<(), error::Error> {
    let mut visit = Visit::default();
    visit.good("version", format!("journeyman {}", env!("CARGO_PKG_VERSION")));
    if let Some(configuration) = visit.judge("configuration", configuration, read_from) {
        examine(&mut visit, &configuration).await;
        tell_drift(&mut visit, configuration.drift_file.as_deref());
    }
    show::print(&visit.text)?;
    visit.first.map_or(Ok(()), |error| Err(error.into()))
}

/// What earlier runs saw that this version does not know. It is no failure: jobs may still go well.
fn tell_drift(visit: &mut Visit, file: Option<&Path>) {
    let Some(file) = file else { return visit.skipped("midjourney", "no folder is known to keep data in") };
    match drift::Kept::read(file).told() {
        None => visit.good("midjourney", "no run saw anything that this version does not know"),
        Some(told) => {
            visit.line("note", "midjourney", &told);
            let cure = "look for a newer journeyman, or report it with a recording (`journeyman record`)";
            visit.line("", "", &format!("{cure}; remove {} when it is settled", file.display()));
        }
    }
}

fn read_from(configuration: &Configuration) -> String {
    match &configuration.file {
        Some(file) if configuration.file_was_read => file.display().to_string(),
        Some(file) => format!("no file at {}; environment and flags only", file.display()),
        None => "no file; environment and flags only".to_owned(),
    }
}

async fn examine(visit: &mut Visit, configuration: &Configuration) {
    let shape =
        |token: &journeyman::Token| if token.is_bot() { "a bot's" } else { "a user account's" }.to_owned();
    visit.judge("token", configuration.token(), shape);
    visit.judge("channel", configuration.need::<journeyman::ChannelId>("channel"), ToString::to_string);
    let risk = configuration.api_base().and_then(|base| configuration.accept_risk(&base).map(|()| base));
    visit.judge("account risk", risk, |base| {
        if base.is_loopback() { "none: the API base is this machine" } else { "accepted" }.to_owned()
    });
    if visit.first.is_some() {
        visit.skipped("discord", "correct the above first");
        visit.skipped("clock", "needs an answer of Discord's");
        visit.skipped("gateway", "correct the above first");
        return;
    }
    let Some((settings, scale)) = visit.judge("settings", configuration.account(), |_| "complete".to_owned())
    else {
        return;
    };
    let clock = Clock::scaled(scale);
    ask_discord(visit, &settings, clock).await;
    match settings.watch {
        WatchMode::Poll => visit.skipped("gateway", "watch is poll"),
        WatchMode::Auto | WatchMode::Gateway if visit.first.is_some() => {
            visit.skipped("gateway", "correct the above first");
        }
        WatchMode::Auto | WatchMode::Gateway => ask_gateway(visit, &settings, clock).await,
    }
}

/// Begins one session with the gateway, and ends it.
async fn ask_gateway(visit: &mut Visit, settings: &Settings, clock: Clock) {
    let found = journeyman::try_gateway(settings, clock).await;
    visit.judge("gateway", found, |took| format!("connected after {:.1} s", took.as_secs_f64()));
}

async fn ask_discord(visit: &mut Visit, settings: &Settings, clock: Clock) {
    let limiter = Limiter::new(journeyman_limiter::Config::default(), clock);
    let mut config = Config::new(settings.token.clone()).with_api_base(settings.api_base.clone());
    // A person waits for this.
    config.retry.max_retries = 1;
    let rest = match Rest::new(config, limiter, clock) {
        Ok(rest) => rest,
        Err(why) => {
            let error = Error::new(ErrorKind::Configuration, "set up HTTP").with_source(why);
            visit.judge("discord", Err::<(), _>(error), |()| String::new());
            return;
        }
    };
    let host = settings.api_base.host();
    let account = rest.me().await.map_err(of_call);
    visit.judge("discord", account, |user| format!("{host} answers; the token is account {user}'s"));
    let is_scaled = (clock.scale() - 1.0).abs() > f64::EPSILON;
    match rest.server_date() {
        // A simulator whose time runs faster is soon ahead of this machine's wall clock.
        Some(_) if is_scaled => visit.skipped("clock", "means nothing where time is scaled"),
        Some(date) => {
            let there = i64::try_from(date.unix_s).unwrap_or(i64::MAX);
            let since = i64::try_from(clock.to_real(clock.now().since(date.received)).as_secs()).unwrap_or(0);
            let here = journeyman::unix_micros() / 1_000_000;
            visit.judge("clock", skew(here, there.saturating_add(since)), |off| {
                format!("{off} s off Discord's")
            });
        }
        None => visit.skipped("clock", "needs an answer of Discord's"),
    }
}

/// How far apart two clocks are, in seconds.
fn skew(here: i64, there: i64) -> Result<i64, Error> {
    let off = here.saturating_sub(there);
    if off.unsigned_abs() <= MOST_SKEW.as_secs() {
        return Ok(off);
    }
    Err(Error::new(ErrorKind::Configuration, format!("this machine's clock is {off} s off Discord's"))
        .with_hint("set the clock, for instance with NTP"))
}

fn of_call(error: CallError) -> Error {
    let kind = if matches!(error.kind, CallErrorKind::Unreachable { .. }) {
        ErrorKind::Unreachable
    } else if matches!(error.kind, CallErrorKind::RateLimited { .. }) {
        ErrorKind::RateLimited
    } else if matches!(error.kind, CallErrorKind::Unauthorized { .. }) {
        ErrorKind::Unauthorized
    } else {
        ErrorKind::UpstreamFailed
    };
    let hint = error.hint().unwrap_or("try again later");
    Error::new(kind, "reach Discord").with_hint(hint).with_retry_after(error.retry_after).with_source(error)
}

/// What was found so far.
#[derive(Default)]
struct Visit {
    text: String,
    first: Option<Error>,
}

impl Visit {
    fn judge<T>(
        &mut self,
        name: &str,
        found: Result<T, Error>,
        tell: impl FnOnce(&T) -> String,
    ) -> Option<T> {
        match found {
            Ok(value) => {
                self.good(name, tell(&value));
                Some(value)
            }
            Err(error) => {
                self.line("bad", name, &error::chain(&error));
                self.first.get_or_insert(error);
                None
            }
        }
    }

    fn good(&mut self, name: &str, what: impl AsRef<str>) {
        self.line("ok", name, what.as_ref());
    }

    fn skipped(&mut self, name: &str, why: &str) {
        self.line("--", name, &format!("not tried: {why}"));
    }

    fn line(&mut self, mark: &str, name: &str, what: &str) {
        let _ = writeln!(self.text, "{mark:<4} {name:<14} {what}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_may_be_a_little_off_and_no_more() {
        assert_eq!(skew(1_010, 1_000).ok(), Some(10));
        assert_eq!(skew(1_000, 1_011).err().map(|error| error.kind()), Some(ErrorKind::Configuration));
    }
}
