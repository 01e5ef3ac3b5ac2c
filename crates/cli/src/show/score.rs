//! How a client was scored in one scenario, as lines for people or as JSON. It judges nothing.

use serde_json::{Value, json};

use crate::commands::{Ended, Scored};
use crate::error::Error;

/// Prints one score: a block for people, or one object on a line.
pub(crate) fn score(scored: &Scored, as_json: bool) -> Result<(), Error> {
    let text = if as_json { format!("{}\n", object(scored)) } else { block(scored) };
    super::print(&text)
}

fn object(scored: &Scored) -> Value {
    let code = match scored.ended {
        Ended::By(status) => status.code(),
        Ended::OutOfTime => None,
    };
    json!({
        "scenario": scored.scenario.name,
        "requests": scored.requests(),
        "accepted": scored.accepted.requests,
        "rate_limited": scored.report.rate_limited,
        "bans": scored.report.bans,
        "invalid_requests": scored.report.invalid_requests,
        "seconds": scored.accepted.span().as_secs_f64(),
        "least_seconds": scored.accepted.least_span().as_secs_f64(),
        "efficiency": scored.efficiency(),
        "goodput_per_s": scored.goodput(),
        "command_exit_code": code,
        "out_of_time": matches!(scored.ended, Ended::OutOfTime),
    })
}

fn block(scored: &Scored) -> String {
    let limited = scored.report.rate_limited;
    let number = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.2}"));
    format!(
        "{}: {}\n  requests {}, accepted {}\n  429s: user {}, global {}, shared {}, edge {}; bans {}\n  \
         efficiency {} (at least {:.1} s, took {:.1} s), goodput {} per s\n",
        scored.scenario.name,
        scored.scenario.summary,
        scored.requests(),
        scored.accepted.requests,
        limited.user,
        limited.global,
        limited.shared,
        limited.edge,
        scored.report.bans,
        number(scored.efficiency()),
        scored.accepted.least_span().as_secs_f64(),
        scored.accepted.span().as_secs_f64(),
        number(scored.goodput()),
    )
}
