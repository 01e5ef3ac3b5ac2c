//! Screening before it costs: the operator's lists and past outcomes, from files to an answer. It sends nothing.

use std::path::{Path, PathBuf};

use journeyman::{Error, ErrorKind, Finished};
use journeyman_midjourney::Prompt;
use journeyman_midjourney::screen::{Model, Screen, Screening, WordList};

use crate::args;
use crate::config::{Configuration, Environment, Flag};
use crate::outcomes::{self, Outcomes};
use crate::show::{self, Paint};

/// From this probability on the model's opinion is told.
const WORTH_TELLING: f64 = 0.5;

/// The flags that are settings.
pub(super) fn flags(args: &args::Screening) -> Result<Vec<Flag>, Error> {
    let mut flags = Vec::new();
    if !args.lists.is_empty() {
        let lists = std::env::join_paths(&args.lists)
            .map_err(|why| Error::new(ErrorKind::Configuration, "read --screen-list").with_source(why))?;
        flags.push(("screen_lists", "--screen-list", super::text(Path::new(&lists))?));
    }
    if let Some(file) = &args.outcomes {
        flags.push(("screen_outcomes", "--screen-outcomes", super::text(file)?));
    }
    if let Some(threshold) = args.refuse_above {
        flags.push(("screen_refuse_above", "--screen-refuse-above", threshold.to_string()));
    }
    Ok(flags)
}

/// What prompts are screened with, and the past that is shown as evidence.
pub(super) struct Screener {
    screen: Screen,
    past: Outcomes,
}

impl Screener {
    /// Reads the lists and the outcomes that are configured, if any.
    ///
    /// # Errors
    /// `Configuration` for a file that cannot be read. An outcomes file that is not there yet is none.
    pub(super) fn load(configuration: &Configuration) -> Result<Self, Error> {
        let lists = configuration.screen_lists().iter().map(list).collect::<Result<_, _>>()?;
        let past = match configuration.screen_outcomes()? {
            Some(path) => Outcomes::read(&path)?,
            None => Outcomes::default(),
        };
        if past.unreadable > 0 {
            show::tell(&format!("warning: {} lines of past outcomes cannot be read", past.unreadable));
        }
        let refuse_above = configuration.screen_refuse_above()?;
        Ok(Self { screen: Screen { lists, model: Model::learn(&past.past), refuse_above }, past })
    }

    pub(super) fn screen(&self, prompt: &str) -> Screening {
        self.screen.screen(prompt)
    }

    /// Screens a prompt, and what to tell people about it; empty when there is nothing.
    pub(super) fn judge(&self, prompt: &str, number: Option<usize>, paint: Paint) -> (Screening, String) {
        let screening = self.screen(prompt);
        let mut text: String =
            screening.hits.iter().map(|hit| show::hit(prompt, number, hit, paint)).collect();
        let opinion = screening.opinion.as_ref();
        if let Some(opinion) =
            opinion.filter(|one| screening.is_refused_by_model || one.probability >= WORTH_TELLING)
        {
            text.push_str(&show::opinion(
                opinion,
                screening.is_refused_by_model,
                &self.past.past,
                number,
                paint,
            ));
        }
        (screening, text)
    }
}

/// Screens the prompt of `imagine`: tells what was found, and refuses what the operator does not want sent.
pub(super) fn before_sending(
    prompt: &str,
    configuration: &Configuration,
    environment: &Environment,
) -> Result<(), Error> {
    let screener = Screener::load(configuration)?;
    let (screening, told) = screener.judge(prompt, None, Paint::of_stderr(environment));
    show::tell_lines(&told);
    refusal(&screening).map_or(Ok(()), Err)
}

/// Appends how a job ended to the operator's outcomes, where they are configured. A file that cannot be
/// written is told, and changes nothing about the job.
pub(super) fn record(
    prompt: &str,
    configuration: &Configuration,
    ended: &Result<Finished, crate::error::Error>,
) {
    let ended = match ended {
        Ok(_) => Ok(()),
        Err(crate::error::Error::Client(error)) => Err(error.kind()),
        // Nothing was sent.
        Err(
            crate::error::Error::Usage { .. }
            | crate::error::Error::Unscored { .. }
            | crate::error::Error::Differs { .. },
        ) => return,
    };
    if matches!(ended, Err(ErrorKind::Configuration | ErrorKind::InvalidPrompt)) {
        return;
    }
    let as_sent = Prompt::parse(prompt).to_string();
    let recorded = match configuration.screen_outcomes() {
        Ok(Some(path)) => outcomes::append(&path, &as_sent, ended),
        Ok(None) => Ok(()),
        Err(why) => Err(why),
    };
    if let Err(why) = recorded {
        show::tell(&format!("warning: {}", crate::error::chain(&why)));
    }
}

/// The error of a prompt that is not sent.
fn refusal(screening: &Screening) -> Option<Error> {
    let error = |message: String, hint: &str| Error::new(ErrorKind::InvalidPrompt, message).with_hint(hint);
    if let Some(hit) = screening.hits.first() {
        let message = format!("`{}` is on the operator's list {}, line {}", hit.entry, hit.list, hit.line);
        return Some(error(message, "write another prompt, or take it off the list; nothing was sent"));
    }
    let opinion = screening.opinion.as_ref().filter(|_| screening.is_refused_by_model)?;
    let message = format!(
        "past outcomes say that the prompt will be refused, with a probability of {:.0} %",
        opinion.probability * 100.0
    );
    Some(error(message, "write another prompt, or raise screen_refuse_above; nothing was sent"))
}

fn list(path: &PathBuf) -> Result<WordList, Error> {
    let text = std::fs::read_to_string(path).map_err(|why| {
        Error::new(ErrorKind::Configuration, format!("read the word list {}", path.display()))
            .with_hint("check the path in screen_lists or --screen-list; it is a text file, one word or phrase a line")
            .with_source(why)
    })?;
    Ok(WordList::parse(&path.display().to_string(), &text))
}
