//! Other people's clients against the simulator's limits, directly and through the proxy, in real time.
//! It drives them and counts; what they do is theirs.

mod install;
mod limits;
mod round;
mod show;

use crate::findings::Findings;
use round::{Round, Tokens, Way};

/// Longer than any wait of a run: the limits' own doing is looked at, not the hold's.
const RAISED: u32 = 60;

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

fn run(json: bool, findings: &mut Findings) -> Result<(), String> {
    let installed = install::install()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.map_err(|why| format!("start the runtime: {why}"))?;
    for round in ROUNDS {
        findings.look();
        let scored = round::run(round, &installed, &runtime)?;
        show::print(&scored, json);
        round::judge(&scored, findings);
    }
    runtime.shutdown_background();
    Ok(())
}
