//! `lint`: what is wrong with prompts, and what they will make. It sends nothing.

use std::io::Read as _;
use std::path::Path;

use journeyman::{Client, ErrorKind, Lint, LintSettings};
use journeyman_midjourney::typography;

use super::screen::Screener;
use crate::args;
use crate::config::{Configuration, Environment, Flag};
use crate::error::Error;
use crate::show::{self, Paint};

/// More than any list of prompts has; what is longer is another kind of file.
const MOST_BYTES: u64 = 64 * 1024 * 1024;

/// The flags that are settings.
pub(super) fn defaults(version: Option<&String>, mode: Option<&String>) -> Vec<Flag> {
    let typed = [("prompt_version", "--default-version", version), ("prompt_mode", "--default-mode", mode)];
    typed.into_iter().filter_map(|(name, flag, text)| Some((name, flag, text?.clone()))).collect()
}

/// Judges every prompt. An error when the bot would refuse one.
pub(super) fn run(
    args: &args::Lint,
    configuration: &Configuration,
    environment: &Environment,
) -> Result<(), Error> {
    let settings = configuration.lint()?;
    let screener = Screener::load(configuration)?;
    let prompts = prompts(args)?;
    let paint = if args.fix { Paint::of_stderr(environment) } else { Paint::of_stdout(environment) };
    let mut refused = 0;
    for (index, prompt) in prompts.iter().enumerate() {
        let lint = Client::lint(prompt, &settings);
        let number = (prompts.len() > 1).then_some(index + 1);
        let (screening, told) = screener.judge(prompt, number, paint);
        refused += usize::from(lint.errors().next().is_some() || screening.is_refused());
        let found = show::findings(prompt, number, &lint, paint) + &told;
        if args.json {
            let screening = show::screening_object(&screening);
            show::print(&format!(
                "{}\n",
                show::lint_object(prompt, &typography::fix(prompt), &lint, &screening)
            ))?;
        } else if args.fix {
            show::tell_lines(&found);
            show::print(&format!("{}\n", typography::fix(prompt)))?;
        } else {
            show::print(&(found + &show::lint_summary(number, &lint)))?;
        }
    }
    if refused == 0 {
        return Ok(());
    }
    let message = match prompts.len() {
        1 => "the prompt would be refused".to_owned(),
        all => format!("{refused} of {all} prompts would be refused"),
    };
    Err(journeyman::Error::new(ErrorKind::InvalidPrompt, message)
        .with_hint("see above what is wrong with each; `imagine --no-lint` sends a prompt all the same")
        .into())
}

/// Judges the prompt of `imagine`: tells the warnings, and refuses what the bot would refuse.
pub(super) fn before_sending(
    prompt: &str,
    settings: &LintSettings,
    environment: &Environment,
) -> Result<(), journeyman::Error> {
    let lint = Client::lint(prompt, settings);
    show::tell_lines(&show::findings(prompt, None, &lint, Paint::of_stderr(environment)));
    refusal(&lint).map_or(Ok(()), Err)
}

/// The error of a prompt that the bot would refuse, by its first reason.
fn refusal(lint: &Lint) -> Option<journeyman::Error> {
    let first = lint.errors().next()?;
    let cure = first.suggestion.as_ref().map(|suggestion| format!("{}; ", suggestion.words));
    let hint = format!("{}--no-lint sends it all the same", cure.unwrap_or_default());
    let message = format!("Midjourney would refuse the prompt: {}", first.message);
    Some(journeyman::Error::new(ErrorKind::InvalidPrompt, message).with_hint(hint))
}

/// The prompts as arguments, from standard input and from the file, in this order.
fn prompts(args: &args::Lint) -> Result<Vec<String>, Error> {
    let mut prompts = Vec::new();
    for prompt in &args.prompts {
        match prompt.as_str() {
            "-" => prompts.extend(lines("standard input", std::io::stdin().lock())?),
            prompt => prompts.push(prompt.to_owned()),
        }
    }
    if let Some(path) = &args.file {
        prompts.extend(open(path)?);
    }
    if prompts.is_empty() {
        return Err(Error::usage("there are no prompts to judge", "write one prompt a line"));
    }
    Ok(prompts)
}

fn open(path: &Path) -> Result<Vec<String>, Error> {
    let name = path.display().to_string();
    let file = std::fs::File::open(path).map_err(|why| unreadable(&name, &why))?;
    lines(&name, file)
}

/// One prompt a line; empty lines are none.
fn lines(name: &str, source: impl std::io::Read) -> Result<Vec<String>, Error> {
    let mut text = String::new();
    source.take(MOST_BYTES).read_to_string(&mut text).map_err(|why| unreadable(name, &why))?;
    Ok(text.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect())
}

fn unreadable(name: &str, why: &std::io::Error) -> Error {
    Error::usage(
        format!("read {name}: {why}"),
        "give a text file with one prompt a line, or - for standard input",
    )
}
