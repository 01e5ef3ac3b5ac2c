//! What happened, in a few words for people. It decides nothing.

use std::fmt::Write as _;

use journeyman_midjourney::{Explanation, Sighting};
use journeyman_model::ChannelId;
use journeyman_moment::Moment;
use serde_json::Value;

use super::Voice;
use super::line::Line;
use crate::driver::core::Input;
use crate::driver::translate;

/// Seconds on the recording's clock.
pub(super) fn at(moment: Moment) -> String {
    let micros = moment.as_micros();
    format!("{}.{:03} s", micros / 1_000_000, micros % 1_000_000 / 1_000)
}

/// What passed between us and Discord; `None` for what this program does not know.
pub(super) fn of_wire(line: &Line, channel: ChannelId) -> Option<(Voice, String)> {
    let call = line.field("call");
    Some(match line.kind.as_str() {
        "request" => (
            Voice::Sent,
            format!(
                "call {call}: {} {} ({})",
                line.word("method"),
                line.word("target"),
                line.word("purpose")
            ),
        ),
        "answer" => (Voice::Heard, format!("call {call}: {}{}", line.field("status"), of_answer(line))),
        "no_answer" if line.is("may_have_left") => {
            (Voice::Heard, format!("call {call}: no answer; it may have been executed"))
        }
        "no_answer" => (Voice::Heard, format!("call {call}: it did not leave")),
        "gateway_opened" => (Voice::Heard, "the gateway's connection stands".to_owned()),
        "gateway_closed" => {
            (Voice::Heard, format!("the gateway's connection is closed, code {}", line.field("code")))
        }
        "frame_sent" => (Voice::Sent, format!("gateway: {}", opcode(line.field("op")))),
        "frame" => {
            let frame = line.field("frame");
            let name = frame["t"].as_str().map_or_else(|| opcode(&frame["op"]), str::to_owned);
            (Voice::Heard, format!("gateway: {name}"))
        }
        "event" => {
            let name = line.word("name");
            let heard = translate::heard(name, line.field("data"), channel).unwrap_or_default();
            (Voice::Heard, format!("{name}{}", in_brackets(heard.sightings.iter())))
        }
        _ => return None,
    })
}

/// The names of Discord's docs, "Gateway Opcodes".
fn opcode(op: &Value) -> String {
    let name = match op.as_u64() {
        Some(1) => "heartbeat",
        Some(2) => "identify",
        Some(6) => "resume",
        Some(7) => "reconnect",
        Some(9) => "invalid session",
        Some(10) => "hello",
        Some(11) => "heartbeat ack",
        Some(_) | None => return format!("opcode {op}"),
    };
    name.to_owned()
}

fn of_answer(line: &Line) -> String {
    let body = line.field("body");
    let mut text = String::new();
    if let Some(message) = body.get("message").and_then(Value::as_str) {
        let _ = write!(text, " {message}");
    }
    let wait = line.field("headers").as_array().into_iter().flatten();
    let wait = wait.filter(|pair| pair[0] == "retry-after").find_map(|pair| pair[1].as_str());
    if let Some(wait) = wait {
        let _ = write!(text, ", retry after {wait} s");
    }
    text
}

/// What messages mean, without those that mean nothing for a job.
fn in_brackets<'a>(sightings: impl Iterator<Item = &'a Sighting>) -> String {
    let words: Vec<String> = sightings.filter_map(word).collect();
    if words.is_empty() { String::new() } else { format!(": {}", words.join(", ")) }
}

fn word(sighting: &Sighting) -> Option<String> {
    let explanation = Explanation::of(sighting);
    let percent = explanation.percent.map(|percent| format!(" {percent} %")).unwrap_or_default();
    let error = explanation.error.map(|error| format!(" {error}")).unwrap_or_default();
    (explanation.kind != "not_a_sighting").then(|| format!("{}{percent}{error}", explanation.kind))
}

/// What the core is told.
pub(super) fn of_input(line: &Line, input: &Input) -> String {
    let job = |number: u64| format!("job {number}");
    match input {
        Input::Start { job: number, start } => format!("{} begins: {}", job(number.0), start.order),
        Input::Resume { job: number, .. } => format!("{} goes on where its record left off", job(number.0)),
        Input::Cancel { job: number, .. } => format!("{} is cancelled", job(number.0)),
        Input::Withdrawn { job: number } => format!("the request of {} was kept back", job(number.0)),
        Input::Unpause => "the account's pause ends".to_owned(),
        Input::Identified(Ok(user)) => format!("we are {user}"),
        Input::Identified(Err(why)) => format!("who we are is not known: {}", why.detail),
        Input::Sent { job: number, .. } => {
            let detail = Some(line.word("detail")).filter(|detail| !detail.is_empty());
            let detail = detail.map(|detail| format!(" ({detail})")).unwrap_or_default();
            format!("the request of {} is {}{detail}", job(number.0), line.word("sent").replace('_', " "))
        }
        Input::Page(page) => {
            let meanings = in_brackets(page.messages.iter().map(|(_, sighting)| sighting));
            format!("a page of {} messages{meanings}", page.messages.len())
        }
        Input::PageFailed(why) => format!("the channel could not be read: {}", why.detail),
        Input::GatewayUp { user, resumed: true } => {
            format!("the gateway is up again, for {user}, and nothing was missed")
        }
        Input::GatewayUp { user, resumed: false } => format!("the gateway is up, for {user}"),
        Input::GatewayDown => "the gateway is down".to_owned(),
        Input::GatewayGap => "events of the gateway were lost".to_owned(),
        Input::GatewayEnded(why) => format!("the gateway is gone: {}", why.detail),
        Input::Heard(heard) => format!("the event{}", in_brackets(heard.sightings.iter())),
        Input::Tick => "time passed".to_owned(),
    }
}

/// What the core says, or said when it was recorded.
pub(super) fn of_output(output: &Value) -> String {
    let word = |name: &str| output[name].as_str().unwrap_or_default();
    let job = output["job"].as_u64().map(|job| format!("job {job}: ")).unwrap_or_default();
    match word("output") {
        "identify" => "ask who we are".to_owned(),
        "connect" => "connect the gateway".to_owned(),
        "watched_by" => format!("the channel is watched by {}", word("by")),
        "read" => format!("read the channel, {} {}", word("side"), output["limit"]),
        "journal" => format!("{job}store its record"),
        "send" => format!("{job}send its request"),
        "answer" => format!("{job}answer the form"),
        "withdraw" => format!("{job}keep its request back"),
        "report" if word("report") == "progress" => format!("{job}progress {} %", output["percent"]),
        "report" => format!("{job}{}", word("report").replace('_', " ")),
        "ended" => {
            let detail = Some(word("detail")).filter(|detail| !detail.is_empty());
            format!(
                "{job}ended: {}{}",
                word("outcome"),
                detail.map(|text| format!(" ({text})")).unwrap_or_default()
            )
        }
        _ => output.to_string(),
    }
}
