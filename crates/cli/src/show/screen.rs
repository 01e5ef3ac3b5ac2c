//! What screening found, in words or as JSON. It judges nothing.

use std::fmt::Write as _;

use journeyman::Severity;
use journeyman_midjourney::screen::{Hit, Opinion, Past, Screening};
use serde_json::{Value, json};

use super::lint::{Paint, marked};

/// How many terms are told to people.
const TERMS: usize = 5;
/// How much of a past prompt is shown, in characters.
const PROMPT: usize = 60;

/// What stands on a list, drawn under the prompt.
pub(crate) fn hit(prompt: &str, number: Option<usize>, hit: &Hit, paint: Paint) -> String {
    let message = format!("`{}` is on the list {}, line {}", hit.entry, hit.list, hit.line);
    marked(prompt, number, (Severity::Error, "screened"), &message, &hit.span, None, paint)
}

/// What the model thinks, and why.
pub(crate) fn opinion(
    opinion: &Opinion,
    is_refused: bool,
    past: &[Past],
    number: Option<usize>,
    paint: Paint,
) -> String {
    let severity = if is_refused { Severity::Error } else { Severity::Warning };
    let head = paint.word(severity, &format!("{}[past-refusals]", severity.word()));
    let mut text = format!(
        "{head}: the probability of a refusal is {:.0} % by past outcomes ({:.0} % of those were refused)\n",
        opinion.probability * 100.0,
        opinion.base_rate * 100.0
    );
    if let Some(number) = number {
        let _ = writeln!(text, " --> prompt {number}");
    }
    for evidence in opinion.evidence.iter().take(TERMS) {
        let _ = writeln!(
            text,
            "  | `{}`: odds times {:.2}; in {} refused and {} accepted prompts",
            evidence.term, evidence.odds, evidence.refused, evidence.accepted
        );
        if let Some(example) = evidence.examples.first().and_then(|place| past.get(*place)) {
            let shown: String = example.prompt.chars().take(PROMPT).map(super::lint::visible).collect();
            let _ = writeln!(text, "  |   refused: {shown}");
        }
    }
    text
}

/// The same for programs.
pub(crate) fn object(screening: &Screening) -> Value {
    let hits = screening.hits.iter().map(|hit| {
        json!({"list": hit.list, "line": hit.line, "entry": hit.entry, "start": hit.span.start, "end": hit.span.end})
    });
    let opinion = screening.opinion.as_ref().map(|opinion| {
        let evidence = opinion.evidence.iter().map(|one| {
            json!({"term": one.term, "odds": one.odds, "refused": one.refused, "accepted": one.accepted})
        });
        json!({
            "probability": opinion.probability,
            "base_rate": opinion.base_rate,
            "evidence": evidence.collect::<Vec<_>>(),
        })
    });
    json!({"refused": screening.is_refused(), "hits": hits.collect::<Vec<_>>(), "opinion": opinion})
}
