//! `imagine`: one job from a prompt to files, with the simulator in this process where asked for.

use std::net::{Ipv4Addr, SocketAddr};

use journeyman::{
    Client, Clock, ErrorKind, Finished, ImagineOptions, Job, ProgressVisibility, Settings, Token,
};
use journeyman_midjourney::prompt::Prompt;
use journeyman_sim as sim;

use super::{lint, screen, sim as simulator, world};
use crate::args::Imagine;
use crate::config::{Configuration, Environment};
use crate::error::Error;
use crate::show::{self, Lines, Progress, Terminal};

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
        Ok(finished) if args.json => Lines::finished(finished)?,
        Ok(finished) => show_files(args, finished, terminal)?,
        Err(error) if args.json => {
            Lines::failed(error, known.message_id.as_deref(), known.job_id.as_deref())?;
        }
        Err(_) => known.tell(),
    }
    ended.map(drop)
}

/// What is known of a job that did not end well, so that a person can look for it.
#[derive(Default)]
struct Known {
    message_id: Option<String>,
    job_id: Option<String>,
}

impl Known {
    fn of(job: &Job) -> Self {
        Self { message_id: job.message_id().map(|id| id.to_string()), job_id: job.job_id() }
    }

    fn tell(&self) {
        if let Some(id) = &self.message_id {
            show::tell(&format!("message: {id}"));
        }
        if let Some(id) = &self.job_id {
            show::tell(&format!("job: {id}"));
        }
    }
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
    if !args.sim {
        let (settings, scale) = configuration.account()?;
        let ended = work(args, &settings, Clock::scaled(scale), terminal, known).await;
        // Of a simulated world nothing is recorded: its bot refuses by script.
        screen::record(&args.prompt, &configuration, &ended);
        return ended;
    }
    let clock = Clock::scaled(args.world.speed);
    let mut there = world::settings(&args.world.world)?;
    there.time_scale = clock.scale();
    let progress = seen(there.progress);
    let running = simulate(there, clock).await?;
    let settings = of_simulator(&configuration, &running.ready, progress);
    let ended = match settings {
        Ok(settings) => work(args, &settings, clock, terminal, known).await,
        Err(error) => Err(error),
    };
    running.shutdown().await;
    ended
}

/// Starts the simulator in this process, on the client's own clock.
async fn simulate(settings: sim::Settings, clock: Clock) -> Result<sim::Running, Error> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let listener = tokio::net::TcpListener::bind(address).await.map_err(|why| {
        journeyman::Error::new(ErrorKind::Internal, format!("listen on {address}"))
            .with_hint("check that this machine has a loopback interface")
            .with_source(why)
    })?;
    simulator::serve(clock, listener, settings).await
}

/// Settings for the simulator's own account; everything else is configured as for a real one.
fn of_simulator(
    configuration: &Configuration,
    ready: &sim::Ready,
    progress: ProgressVisibility,
) -> Result<Settings, Error> {
    let unreadable =
        |what: &str| journeyman::Error::new(ErrorKind::Internal, format!("read the simulator's {what}"));
    let token = Token::parse(&ready.token).map_err(|why| unreadable("token").with_source(why))?;
    let mut settings = Settings::new(token, id(&ready.channel_id).ok_or_else(|| unreadable("channel"))?);
    settings.guild = Some(id(&ready.guild_id).ok_or_else(|| unreadable("guild"))?);
    settings.api_base = ready.rest.parse().map_err(|why| unreadable("address").with_source(why))?;
    // What can be seen there is known beforehand, unless the configuration says otherwise.
    configuration.apply(&mut settings)?;
    if settings.progress == ProgressVisibility::Auto {
        settings.progress = progress;
    }
    Ok(settings)
}

fn id<T: std::str::FromStr>(text: &impl ToString) -> Option<T> {
    text.to_string().parse().ok()
}

fn seen(progress: sim::Visibility) -> ProgressVisibility {
    match progress {
        sim::Visibility::Visible => ProgressVisibility::Visible,
        sim::Visibility::Ephemeral => ProgressVisibility::Hidden,
    }
}

/// The same for every world: send, watch, and stop watching on Ctrl-C.
async fn work(
    args: &Imagine,
    settings: &Settings,
    clock: Clock,
    terminal: Terminal,
    known: &mut Known,
) -> Result<Finished, Error> {
    let client = Client::new(settings, clock)?;
    let options = ImagineOptions { queued_is_error: args.fail_if_queued };
    let mut job = client.imagine_with(&args.prompt, options).await?;
    let mut progress = (!args.json).then(|| Progress::on(terminal));
    // A line that cannot be written does not end the job that it tells of.
    let mut tell = |event: &journeyman::Event| match &mut progress {
        Some(progress) => progress.event(event),
        None => drop(Lines::event(event)),
    };
    let ended = tokio::select! {
        // Both arms may be dropped: watching goes on in the driver, and a signal is heard once.
        ended = job.watch(&mut tell) => ended,
        Ok(()) = tokio::signal::ctrl_c() => {
            job.cancel().await;
            job.outcome().await
        }
    };
    match (&progress, &ended) {
        (Some(progress), Ok(_)) => progress.finished(),
        (Some(progress), Err(_)) => progress.failed(),
        (None, _) => {}
    }
    *known = Known::of(&job);
    Ok(ended?)
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
