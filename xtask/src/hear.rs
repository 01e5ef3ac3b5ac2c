//! How long it takes from an event of the simulator to the caller of a job, over a real websocket, while a thousand
//! other messages a second go through the channel. It judges nothing but that each image costs one request.

mod lag;
mod round;
mod show;

use crate::findings::Findings;
use round::{Round, Traffic};

/// Rounds of each case; each is a world of its own.
const ROUNDS: usize = 3;

/// What is measured: the bots of both eras. In 2026 other people's progress is for themselves alone, so that they
/// must say more to be as many; in 2023 all of it passes by.
const CASES: [(&str, Traffic); 2] = [
    (
        "2026",
        Traffic { era: journeyman_sim::Era::E2026, remarks_per_minute: 59_400.0, jobs_per_minute: 600.0 },
    ),
    (
        "2023",
        Traffic { era: journeyman_sim::Era::E2023, remarks_per_minute: 30_000.0, jobs_per_minute: 3_300.0 },
    ),
];

/// The rounds of one case.
pub(crate) struct Measured {
    name: &'static str,
    rounds: Vec<Round>,
}

pub(crate) fn measure(findings: &mut Findings) {
    let as_json = std::env::args().any(|argument| argument == "--json");
    let load = load_average();
    let mut all: Vec<Measured> =
        CASES.iter().map(|(name, _)| Measured { name, rounds: Vec::new() }).collect();
    // In turns, so that a busy moment of the machine does not fall on one case alone.
    for seed in 1..=ROUNDS {
        for (measured, (name, traffic)) in all.iter_mut().zip(&CASES) {
            findings.look();
            match round::run(traffic, seed as u64) {
                Ok(round) => {
                    judge(name, &round, findings);
                    measured.rounds.push(round);
                }
                Err(why) => findings.wrong(format_args!("{name}: {why}")),
            }
        }
    }
    show::print(&all, &[load, load_average()], as_json);
}

/// What must hold however slow the machine is.
fn judge(name: &str, round: &Round, findings: &mut Findings) {
    if round.unheard > 0 {
        findings.wrong(format_args!("{name}: {} events of our jobs reached no caller", round.unheard));
    }
    if round.requests != round.images {
        findings.wrong(format_args!(
            "{name}: {} requests for {} images while connected",
            round.requests, round.images
        ));
    }
    if round.limited + round.losses > 0 {
        findings.wrong(format_args!(
            "{name}: {} requests limited or invalid, {} connections lost",
            round.limited, round.losses
        ));
    }
}

/// How busy the machine was in the last minute; `?` where the system does not tell.
fn load_average() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().next().unwrap_or("?").to_owned()
}
