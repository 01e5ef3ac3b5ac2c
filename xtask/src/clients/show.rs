//! A round's scores, as a table for people or as lines of JSON. It measures nothing.

use std::io::Write as _;

use journeyman_sim::RateLimited;
use serde_json::json;

use super::limits::REQUESTS;
use super::round::{ClientScore, Scored};

pub(super) fn print(scored: &Scored, as_json: bool) {
    let text = if as_json { lines(scored) } else { table(scored) };
    // Nobody is left to tell when stdout is closed.
    let _ = std::io::stdout().write_all(text.as_bytes());
}

fn lines(scored: &Scored) -> String {
    let line = |client: &ClientScore| {
        let limited = client.limited.unwrap_or(scored.limited);
        let object = json!({
            "round": scored.round.name,
            "client": client.name,
            "requests": REQUESTS,
            "ok": client.ok,
            "failed": client.failed,
            "got_429": client.got_429,
            "rate_limited_at_simulator": limited,
            "at_simulator_of": if client.limited.is_some() { "this client" } else { "all three" },
            "made_by_proxy_for_all": scored.made_by_proxy,
            "seconds": client.seconds,
            "bound_seconds": scored.bound.as_secs_f64(),
            "goodput": scored.goodput_of(client),
            "errors": client.errors,
        });
        format!("{object}\n")
    };
    scored.clients.iter().map(line).collect()
}

fn table(scored: &Scored) -> String {
    let head = format!(
        "  {:<16} {:>8} {:>5} {:>6} {:>8} {:>22} {:>8} {:>6} {:>8}",
        "client",
        "requests",
        "ok",
        "failed",
        "429 seen",
        "429 at the simulator",
        "seconds",
        "bound",
        "goodput"
    );
    let together = format!(
        "  together: {} at the simulator, {} made by the proxy, goodput {:.2}\n\n",
        by_scope(scored.limited),
        scored.made_by_proxy,
        scored.goodput()
    );
    let mut rows = vec![scored.round.name.to_owned(), head];
    for client in &scored.clients {
        rows.push(row(scored, client));
        rows.extend(client.errors.iter().map(|error| format!("    error: {error}")));
    }
    rows.push(together);
    rows.join("\n")
}

fn row(scored: &Scored, client: &ClientScore) -> String {
    format!(
        "  {:<16} {:>8} {:>5} {:>6} {:>8} {:>22} {:>8.1} {:>6.1} {:>8.2}",
        client.name,
        REQUESTS,
        client.ok,
        client.failed,
        client.got_429.map_or_else(|| "hidden".to_owned(), |count| count.to_string()),
        client.limited.map_or_else(|| "see below".to_owned(), by_scope),
        client.seconds,
        scored.bound.as_secs_f64(),
        scored.goodput_of(client),
    )
}

fn by_scope(limited: RateLimited) -> String {
    if limited.total() == 0 {
        return "0".to_owned();
    }
    let scopes = [
        ("user", limited.user),
        ("global", limited.global),
        ("shared", limited.shared),
        ("edge", limited.edge),
    ];
    let told = scopes.into_iter().filter(|(_, count)| *count > 0);
    told.map(|(scope, count)| format!("{count} {scope}")).collect::<Vec<_>>().join(", ")
}
