//! Whether a prompt is sent: linted and screened before it costs. It never changes one.

use journeyman_midjourney::screen::{Screen, Screening};
use journeyman_midjourney::{Lint, LintSettings};

use crate::client::Client;
use crate::error::{Error, ErrorKind};
use crate::settings::Settings;

/// By what prompts are judged.
#[derive(Debug)]
pub(crate) struct Judge {
    lint: Option<LintSettings>,
    screen: Screen,
}

impl Judge {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self { lint: settings.lint.clone(), screen: settings.screen.clone() }
    }

    /// Refuses what the bot is known to refuse, and what the operator does not want sent.
    pub(crate) fn judge(&self, prompt: &str) -> Result<(), Error> {
        let wrong = self.lint.as_ref().and_then(|settings| refused(&Client::lint(prompt, settings)));
        wrong.or_else(|| screened(&self.screen.screen(prompt))).map_or(Ok(()), Err)
    }
}

/// The error of a prompt that the bot would refuse, by its first reason.
fn refused(lint: &Lint) -> Option<Error> {
    let first = lint.errors().next()?;
    let error = Error::new(
        ErrorKind::InvalidPrompt,
        format!("send the prompt: Midjourney would refuse it: {}", first.message),
    );
    let cure = first.suggestion.as_ref().map(|suggestion| format!("{}; ", suggestion.words));
    Some(
        error.with_hint(format!(
            "{}`ImagineOptions::unjudged` sends it all the same",
            cure.unwrap_or_default()
        )),
    )
}

/// The error of a prompt that the operator does not want sent, by its first reason.
fn screened(screening: &Screening) -> Option<Error> {
    let error = |message: String| {
        Error::new(ErrorKind::InvalidPrompt, message).with_hint("write another prompt; nothing was sent")
    };
    if let Some(hit) = screening.hits.first() {
        let (entry, list, line) = (&hit.entry, &hit.list, hit.line);
        return Some(error(format!(
            "send the prompt: `{entry}` is on the operator's list {list}, line {line}"
        )));
    }
    let opinion = screening.opinion.as_ref().filter(|_| screening.is_refused_by_model)?;
    let percent = opinion.probability * 100.0;
    Some(error(format!("send the prompt: past outcomes give a refusal a probability of {percent:.0} %")))
}
