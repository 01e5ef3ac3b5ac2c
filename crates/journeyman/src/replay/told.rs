//! What the core was told, read back from a recording: the recorded JSON is classified anew. It feeds nobody.

use std::collections::BTreeMap;

use journeyman_discord::wire::Answer;
use journeyman_midjourney::generation::{Generation, GenerationRecord, Sent};
use journeyman_midjourney::order::{Order, OrderRecord};
use journeyman_midjourney::outcome::{Hindrance, NotSent};
use journeyman_midjourney::{Failure, FailureKind};
use journeyman_model::ChannelId;
use serde_json::Value;

use super::NoRecording;
use super::line::Line;
use crate::driver::core::{Input, JobNumber, Start};
use crate::driver::translate;

/// What passed, until something is told of it.
#[derive(Debug, Default)]
pub(super) struct Wire {
    answers: BTreeMap<u64, Answer>,
    /// The newest event, with the recorder's number.
    event: Option<(u64, String, Value)>,
}

impl Wire {
    /// Keeps what inputs refer to.
    pub(super) fn keep(&mut self, line: &Line) -> Result<(), NoRecording> {
        match line.kind.as_str() {
            "answer" => {
                let call = line.number_of("call")?;
                self.answers.insert(call, answer(line)?);
            }
            "event" => {
                let name = line.text_of("name")?.to_owned();
                self.event = Some((line.id, name, line.field("data").clone()));
            }
            _ => {}
        }
        Ok(())
    }
}

fn answer(line: &Line) -> Result<Answer, NoRecording> {
    let status = u16::try_from(line.number_of("status")?).map_err(|_| line.wrong("status"))?;
    let headers = line.field("headers").as_array().into_iter().flatten();
    let headers = headers.filter_map(|pair| Some((pair.get(0)?.as_str()?, pair.get(1)?.as_str()?)));
    let body = match line.field("body") {
        // What was no JSON is kept as text.
        Value::String(text) => text.clone(),
        body @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
            body.to_string()
        }
    };
    Ok(Answer::new(status, headers, body))
}

/// One input; `None` where what it was about is not in the recording.
pub(super) fn input(line: &Line, wire: &mut Wire, channel: ChannelId) -> Result<Option<Input>, NoRecording> {
    let job = || line.number_of("job").map(JobNumber);
    Ok(Some(match line.text_of("input")? {
        "start" => Input::Start { job: job()?, start: Box::new(start(line)?) },
        "resume" => Input::Resume { job: job()?, generation: Box::new(resumed(line)?) },
        "cancel" => Input::Cancel { job: job()?, has_left: line.is("has_left") },
        "withdrawn" => Input::Withdrawn { job: job()? },
        "unpause" => Input::Unpause,
        "identified" => Input::Identified(Ok(line.parse("user")?)),
        "not_identified" => Input::Identified(Err(not_sent(line)?)),
        "sent" => Input::Sent { job: job()?, sent: sent(line, wire)? },
        "page" => {
            let Some(answer) = wire.answers.remove(&line.number_of("call")?) else { return Ok(None) };
            let page = translate::page(&answer, channel, 0).map_err(|_| line.wrong("page"))?;
            Input::Page(crate::driver::watch::Page { is_last: line.is("is_last"), ..page })
        }
        "page_failed" => Input::PageFailed(not_sent(line)?),
        "gateway_up" => Input::GatewayUp { user: line.parse("user")?, resumed: line.is("resumed") },
        "gateway_down" => Input::GatewayDown,
        "gateway_gap" => Input::GatewayGap,
        "gateway_ended" => Input::GatewayEnded(not_sent(line)?),
        "heard" => {
            let event = line.number_of("event")?;
            let Some((_, name, data)) = wire.event.take().filter(|(id, ..)| *id == event) else {
                return Ok(None);
            };
            let Some(heard) = translate::heard(&name, &data, channel) else { return Ok(None) };
            Input::Heard(heard)
        }
        "tick" => Input::Tick,
        other => {
            let what = format!("the driver is told of {other:?}, which this program does not know");
            return Err(super::line::wrong(
                line.number,
                &what,
                "use the version of this program that recorded it",
            ));
        }
    }))
}

fn start(line: &Line) -> Result<Start, NoRecording> {
    let record: OrderRecord =
        serde_json::from_value(line.field("order").clone()).map_err(|_| line.wrong("order"))?;
    Ok(Start {
        order: Order::try_from(record).map_err(|_| line.wrong("order"))?,
        nonce: line.text_of("nonce")?.to_owned(),
        form_nonce: line.text_of("form_nonce")?.to_owned(),
        queued_is_error: line.is("queued_is_error"),
    })
}

fn resumed(line: &Line) -> Result<Generation, NoRecording> {
    let record: GenerationRecord =
        serde_json::from_value(line.field("record").clone()).map_err(|_| line.wrong("record"))?;
    // It was written for the recording, so that no time passed between.
    let written = record.written_at_unix_us;
    Generation::from_record(&record, line.at, written).map_err(|_| line.wrong("record"))
}

/// What became of a request: by its answer where there was one, which is classified anew.
fn sent(line: &Line, wire: &mut Wire) -> Result<Sent, NoRecording> {
    let answer = line.field("call").as_u64().and_then(|call| wire.answers.remove(&call));
    match (line.text_of("sent")?, answer) {
        ("accepted" | "refused", Some(answer)) => Ok(translate::sent(&answer)),
        ("accepted", None) => Ok(Sent::Accepted),
        ("refused", None) => {
            let name = line.text_of("error")?;
            let kind = FailureKind::ALL.iter().find(|kind| kind.name() == name);
            kind.map(|kind| Sent::Refused(Failure::new(*kind))).ok_or_else(|| line.wrong("error"))
        }
        ("unsure", _) => Ok(Sent::Unsure(line.text_of("detail")?.to_owned())),
        ("not_sent", _) => Ok(Sent::NotSent(not_sent(line)?)),
        _ => Err(line.wrong("sent")),
    }
}

fn not_sent(line: &Line) -> Result<NotSent, NoRecording> {
    Ok(NotSent {
        why: Hindrance::from_word(line.text_of("why")?).ok_or_else(|| line.wrong("why"))?,
        detail: line.text_of("detail")?.to_owned(),
        retry_after: line.span_of("retry_after_us"),
    })
}
