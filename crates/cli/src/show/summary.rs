//! A batch's summary, in words or as JSON. It counts nothing.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::batch::{Failures, Summary};

/// How many items of one kind of error people see.
const SHOWN: usize = 8;

/// The summary for people.
pub(crate) fn text(summary: &Summary) -> String {
    let mut text = format!(
        "{}: {} of {} items complete; {} steps",
        summary.batch, summary.complete, summary.items, summary.steps
    );
    for (index, (state, count)) in summary.states.iter().enumerate() {
        let before = if index == 0 { ": " } else { ", " };
        let _ = write!(text, "{before}{count} {}", state.replace('_', " "));
    }
    let _ = write!(text, "\n  {} files, {:.1} MB", summary.files, megabytes(summary.bytes));
    for (certainty, count) in &summary.charges {
        let _ = write!(text, "; {count} charged ({certainty})");
    }
    if summary.milliminutes > 0 {
        let _ = write!(text, "; {} GPU minutes as far as known", minutes(summary.milliminutes));
    }
    text.push('\n');
    for (kind, failures) in &summary.errors {
        text.push_str(&failed(kind, failures));
    }
    text
}

fn failed(kind: &str, failures: &Failures) -> String {
    let numbers = failures.items.iter().take(SHOWN).map(u64::to_string).collect::<Vec<_>>().join(", ");
    let more = if failures.items.len() > SHOWN { " …" } else { "" };
    let (steps, items) = (
        if failures.steps == 1 { "step" } else { "steps" },
        if failures.items.len() == 1 { "item" } else { "items" },
    );
    let mut text = format!("  {kind}: {} {steps} of {items} {numbers}{more}\n", failures.steps);
    if !failures.hint.is_empty() {
        let _ = writeln!(text, "    hint: {}", failures.hint);
    }
    text
}

/// The summary for programs, with the contact sheet's file.
pub(crate) fn object(summary: &Summary, sheet: &str) -> Value {
    let states: serde_json::Map<String, Value> =
        summary.states.iter().map(|(state, count)| (state.clone(), json!(count))).collect();
    let errors = summary.errors.iter().map(|(kind, failures)| {
        json!({"kind": kind, "steps": failures.steps, "items": failures.items, "hint": failures.hint})
    });
    json!({
        "event": "summary",
        "batch": summary.batch,
        "items": summary.items,
        "complete": summary.complete,
        "steps": summary.steps,
        "states": states,
        "files": summary.files,
        "bytes": summary.bytes,
        "charges": summary.charges,
        "milliminutes": summary.milliminutes,
        "errors": errors.collect::<Vec<_>>(),
        "sheet": sheet,
    })
}

fn minutes(milliminutes: u64) -> String {
    format!("{}.{}", milliminutes / 1_000, milliminutes % 1_000 / 100)
}

/// Exact for less than 2⁵³ bytes.
#[expect(clippy::cast_precision_loss, reason = "shown with one decimal")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
