//! Other people's clients against the simulator's limits, directly and through the proxy, in real time.
//! It drives them and counts; what they do is theirs.

mod install;
mod limits;
mod round;
mod show;

use crate::findings::Findings;
use round::{Round, Scored, Tokens, Way};

/// Longer than any wait of a run: the limits' own doing is looked at, not the hold's.
const RAISED: u32 = 60;

/// What share of the rate that the limits allow must come through the proxy.
const LEAST_GOODPUT: f64 = 0.9;

const ROUNDS: &[Round] = &[
    Round { name: "directly", way: Way::Direct, tokens: Tokens::OneEach },
    Round {
        name: "through the proxy, hold 60 s",
        way: Way::Proxy { hold: Some(RAISED) },
        tokens: Tokens::OneEach,
    },
    Round {
        name: "through the proxy, default hold",
        way: Way::Proxy { hold: None },
        tokens: Tokens::OneEach,
    },
    Round {
        name: "through the proxy, hold 60 s, one token for all three",
        way: Way::Proxy { hold: Some(RAISED) },
        tokens: Tokens::Shared,
    },
];

pub(crate) fn measure(findings: &mut Findings) {
    let json = std::env::args().any(|argument| argument == "--json");
    if let Err(why) = run(json, findings) {
        findings.wrong(why);
    }
}

/// How often a round is played until it is fast enough: other work on the machine makes it slower, nothing makes
/// it faster than the limits allow.
const PLAYS: u32 = 3;

/// Plays a round, again if it was slow. What the proxy promises is judged each time, its speed by the fastest.
fn play(
    round: &'static Round,
    json: bool,
    findings: &mut Findings,
    mut run: impl FnMut() -> Result<Scored, String>,
) -> Result<(), String> {
    let mut fastest: f64 = 0.0;
    for _ in 0..PLAYS {
        let scored = run()?;
        show::print(&scored, json);
        round::judge(&scored, findings);
        fastest = fastest.max(scored.goodput());
        if !round.is_timed() || fastest >= LEAST_GOODPUT {
            return Ok(());
        }
    }
    findings.wrong(format_args!(
        "{}: goodput is {fastest:.2} of the bound in the best of {PLAYS} plays, less than {LEAST_GOODPUT}",
        round.name
    ));
    Ok(())
}

fn run(json: bool, findings: &mut Findings) -> Result<(), String> {
    let installed = install::install()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.map_err(|why| format!("start the runtime: {why}"))?;
    for round in ROUNDS {
        findings.look();
        play(round, json, findings, || round::run(round, &installed, &runtime))?;
    }
    runtime.shutdown_background();
    Ok(())
}
