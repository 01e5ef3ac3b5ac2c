//! Who knows each limit and each delay: a request goes when it will arrive just as there is room. It learns nothing.

use std::collections::BTreeMap;

use journeyman_limiter::Method;

use super::scenario::Scenario;
use super::score::Score;
use super::server::Server;

pub(crate) fn run(scenario: &Scenario, seed: u64) -> Score {
    let mut server = Server::new(scenario);
    let mut score = Score::new(scenario);
    let mut lines = lines(scenario, seed, &server, &mut score);
    let mut ends = Vec::new();
    let mut now = 0;
    while !lines.is_empty() {
        let (at, line) = first(scenario, seed, &server, &lines, now);
        if let Some(change) = server.next_change(now).filter(|change| *change < at) {
            now = change;
            continue;
        }
        now = at;
        let Some(numbers) = lines.get_mut(&line) else { continue };
        let number = numbers.remove(0);
        if numbers.is_empty() {
            lines.remove(&line);
        }
        let (call, fate) = (&scenario.calls[number], scenario.fate(seed, number, 0));
        let reply = server.arrive(now, call);
        ends.push((now + fate.down, now - fate.up, number, reply));
    }
    ends.sort_by_key(|(answered, left, number, _)| (*answered, *left, *number));
    if let Some(begun) = ends.iter().map(|(_, left, ..)| *left).min() {
        score.departed(begun);
    }
    for (answered, left, number, reply) in ends {
        let call = &scenario.calls[number];
        score.answered(answered, call, left - call.asked, &reply);
    }
    score.close(&server)
}

/// Requests that fall under the same limits, in order; the oracle also knows who will hang up or be refused.
type Lines = BTreeMap<Line, Vec<usize>>;

type Line = (u64, u64, u64, Method);

fn lines(scenario: &Scenario, seed: u64, server: &Server, score: &mut Score) -> Lines {
    let mut lines = Lines::new();
    for (number, call) in scenario.calls.iter().enumerate() {
        if scenario.cancelled_after(seed, number).is_some() || server.refuses(call.asked, call) {
            score.cancelled += 1;
            continue;
        }
        lines.entry((call.resource, call.parent, call.sort, call.request.method)).or_default().push(number);
    }
    lines
}

/// The line whose first can arrive earliest; among equals the longest.
fn first(scenario: &Scenario, seed: u64, server: &Server, lines: &Lines, now: u64) -> (u64, Line) {
    let mut best: Option<(u64, usize, Line)> = None;
    for (line, numbers) in lines {
        let Some(number) = numbers.first().copied() else { continue };
        let call = &scenario.calls[number];
        let reached = now.max(call.asked + scenario.fate(seed, number, 0).up);
        let at = reached + server.wait(reached, call);
        let better = best.is_none_or(|(than, long, _)| (at, long) < (than, numbers.len()));
        if better {
            best = Some((at, numbers.len(), *line));
        }
    }
    best.map(|(at, _, line)| (at, line)).expect("there is a line")
}
