//! `imagine`: one job from a prompt to files, with the simulator in this process where asked for.

use std::path::PathBuf;

use journeyman::{Client, ErrorKind, Finished, ImagineOptions};
use journeyman_midjourney::prompt::Prompt;

use super::account::Account;
use super::watching::{Known, before_a_job, watch};
use super::{lint, screen};
use crate::args::Imagine;
use crate::config::{Configuration, Environment};
use crate::error::Error;
use crate::show::{self, Lines, Terminal};

/// Runs one job. With `--json`, the last line tells how it ended, whatever ended it.
pub(super) async fn run(
    args: &Imagine,
    configuration: impl FnOnce() -> Result<Configuration, journeyman::Error>,
    terminal: Terminal,
    environment: &Environment,
) -> Result<(), Error> {
    let mut known = Known::default();
    let ended = imagine(args, configuration, terminal, environment, &mut known).await;
    match &ended {
        Ok(finished) if args.door.json => Lines::finished(finished)?,
        Ok(finished) => show_files(args, finished, terminal)?,
        Err(error) if args.door.json => {
            known.failed(error)?;
        }
        Err(_) => known.tell(),
    }
    ended.map(drop)
}

async fn imagine(
    args: &Imagine,
    configuration: impl FnOnce() -> Result<Configuration, journeyman::Error>,
    terminal: Terminal,
    environment: &Environment,
    known: &mut Known,
) -> Result<Finished, Error> {
    // Before anything else: a prompt that nobody takes needs no token to be refused.
    Prompt::try_new(&args.prompt).map_err(|why| {
        journeyman::Error::new(ErrorKind::InvalidPrompt, why.to_string()).with_hint(why.hint())
    })?;
    let configuration = configuration()?;
    if !args.no_lint {
        lint::before_sending(&args.prompt, &configuration.lint()?, environment)?;
    }
    screen::before_sending(&args.prompt, &configuration, environment)?;
    let account = Account::open(args.door.sim, &args.door.world, &configuration).await?;
    let ended = work(args, &account, terminal, known).await;
    account.close().await;
    if !args.door.sim {
        // Of a simulated world nothing is recorded: its bot refuses by script.
        screen::record(&args.prompt, &configuration, &ended);
    }
    ended
}

/// The same for every world: share the images, send, and watch.
async fn work(
    args: &Imagine,
    account: &Account,
    terminal: Terminal,
    known: &mut Known,
) -> Result<Finished, Error> {
    let client = account.client()?;
    // It was judged as it was typed, with its findings drawn.
    let options = ImagineOptions { queued_is_error: args.fail_if_queued, unjudged: true };
    let begun = async { Ok(client.imagine_with(&prompt(args, &client).await?, options).await?) };
    let mut job = before_a_job("begin the job", begun).await?;
    watch(&mut job, args.door.json, terminal, known).await
}

/// The prompt as it is sent: the links of the images before it, and no link that has expired.
async fn prompt(args: &Imagine, client: &Client) -> Result<String, Error> {
    let images: Vec<_> = args.images.iter().map(PathBuf::as_path).collect();
    let mut words = client.share_all(&images).await?;
    words.push(client.fresh_links(&args.prompt).await?);
    Ok(words.join(" "))
}

/// The files on stdout; a small picture of the first on a terminal that can show it.
fn show_files(args: &Imagine, finished: &Finished, terminal: Terminal) -> Result<(), Error> {
    if let Some(first) = finished.files.first().filter(|_| terminal.pictures && !args.no_picture)
        && let Ok(picture) = image::open(first)
    {
        show::tell(show::draw(&picture).trim_end());
    }
    finished.files.iter().try_for_each(|file| show::print(&format!("{}\n", file.display())))
}
