//! What the driver's core is told and what it says, as a recording holds it. It redacts nothing.

use journeyman_midjourney::generation::{Report, Sent};
use journeyman_midjourney::order::OrderRecord;
use journeyman_midjourney::outcome::{NotSent, Outcome};
use journeyman_moment::Moment;
use serde_json::{Value, json};

use crate::driver::core::{Input, JobNumber, Output};
use crate::driver::watch::{Side, Wanted};
use crate::wall;

/// An input: what needs no redacting, and what does. Which call or event it is about is for the caller to add.
pub(crate) fn input(now: Moment, input: &Input) -> (Value, Value) {
    match input {
        Input::Start { job, start } => (
            json!({"input": "start", "job": job.0, "queued_is_error": start.queued_is_error}),
            json!({
                "order": OrderRecord::from(&start.order),
                "nonce": start.nonce, "form_nonce": start.form_nonce,
            }),
        ),
        Input::Resume { job, generation } => {
            let record = serde_json::to_value(generation.to_record(now, wall::unix_micros()));
            (json!({"input": "resume", "job": job.0}), json!({ "record": record.unwrap_or_default() }))
        }
        Input::Cancel { job, has_left } => {
            (json!({"input": "cancel", "job": job.0, "has_left": has_left}), json!({}))
        }
        Input::Withdrawn { job } => (json!({"input": "withdrawn", "job": job.0}), json!({})),
        Input::Unpause => (json!({"input": "unpause"}), json!({})),
        Input::Identified(Ok(user)) => (json!({"input": "identified"}), json!({"user": user.to_string()})),
        Input::Identified(Err(why)) => (json!({"input": "not_identified"}), not_sent(why)),
        Input::Sent { job, sent } => self::sent(*job, sent),
        Input::Page(page) => {
            (json!({"input": "page", "call": page.call, "is_last": page.is_last}), json!({}))
        }
        Input::PageFailed(why) => (json!({"input": "page_failed"}), not_sent(why)),
        Input::GatewayUp { user, resumed } => {
            (json!({"input": "gateway_up", "resumed": resumed}), json!({"user": user.to_string()}))
        }
        Input::GatewayDown => (json!({"input": "gateway_down"}), json!({})),
        Input::GatewayGap => (json!({"input": "gateway_gap"}), json!({})),
        Input::GatewayEnded(why) => (json!({"input": "gateway_ended"}), not_sent(why)),
        Input::Heard(_) => (json!({"input": "heard"}), json!({})),
        Input::Tick => (json!({"input": "tick"}), json!({})),
    }
}

fn sent(job: JobNumber, sent: &Sent) -> (Value, Value) {
    let (word, data) = match sent {
        Sent::Accepted => ("accepted", json!({})),
        Sent::Refused(failure) => ("refused", json!({"error": failure.kind.name()})),
        Sent::Unsure(detail) => ("unsure", json!({ "detail": detail })),
        Sent::NotSent(why) => ("not_sent", not_sent(why)),
    };
    (json!({"input": "sent", "job": job.0, "sent": word}), data)
}

fn report(report: &Report) -> Value {
    match report {
        Report::Submitted => json!({"report": "submitted"}),
        Report::Accepted => json!({"report": "accepted"}),
        Report::FormOpened { title } => json!({"report": "form_opened", "title": title}),
        Report::Unsure => json!({"report": "unsure"}),
        Report::Waiting => json!({"report": "waiting"}),
        Report::Queued => json!({"report": "queued"}),
        Report::Progress { percent, preview } => {
            json!({"report": "progress", "percent": percent, "preview": preview.is_some()})
        }
        Report::Paused => json!({"report": "paused"}),
        Report::Vanished => json!({"report": "vanished"}),
    }
}

/// An output as a recording holds it. Ids of pages are left out: they may be one less than a message's, and what
/// stands for an id has no neighbours.
pub(crate) fn output(output: &Output) -> Value {
    match output {
        Output::Identify => json!({"output": "identify"}),
        Output::Connect => json!({"output": "connect"}),
        Output::WatchedBy(by) => json!({"output": "watched_by", "by": by.word()}),
        Output::Read(Wanted { side, limit }) => {
            let side = match side {
                Side::Newest => "newest",
                Side::Before(_) => "before",
                Side::After(_) => "after",
            };
            json!({"output": "read", "side": side, "limit": limit})
        }
        Output::Journal { job } => json!({"output": "journal", "job": job.0}),
        Output::Send { job, order, nonce, rediscover, deadline } => json!({
            "output": "send", "job": job.0, "order": order.to_string(), "nonce": nonce, "rediscover": rediscover,
            "deadline_us": deadline.as_micros(),
        }),
        Output::Answer { job, nonce, deadline, .. } => json!({
            "output": "answer", "job": job.0, "nonce": nonce, "deadline_us": deadline.as_micros(),
        }),
        Output::Withdraw { job } => json!({"output": "withdraw", "job": job.0}),
        Output::Report { job, report } => {
            let mut line = json!({"output": "report", "job": job.0});
            if let (Value::Object(line), Value::Object(report)) = (&mut line, self::report(report)) {
                line.extend(report);
            }
            line
        }
        Output::Ended { job, outcome } => ended(*job, outcome),
    }
}

fn ended(job: JobNumber, outcome: &Outcome) -> Value {
    let (word, message, detail) = match outcome {
        Outcome::Finished(finished) => ("finished", finished.message, finished.prompt.clone()),
        Outcome::Failed(failure) => (failure.kind.name(), None, failure.notice.text.clone()),
        Outcome::NotSent(why) => ("not_sent", None, Some(why.detail.clone())),
        Outcome::Undecided { detail } => ("undecided", None, Some(detail.clone())),
        Outcome::Cancelled { .. } => ("cancelled", None, None),
    };
    let message = message.map(|message| message.to_string());
    json!({"output": "ended", "job": job.0, "outcome": word, "message": message, "detail": detail})
}

fn not_sent(not_sent: &NotSent) -> Value {
    let wait = not_sent.retry_after.and_then(|wait| u64::try_from(wait.as_micros()).ok());
    json!({"why": not_sent.why.word(), "detail": not_sent.detail, "retry_after_us": wait})
}
