//! Where jobs are made: the configured account, or that of a simulator in this process. It sends nothing.

use std::cell::OnceCell;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use journeyman::{Client, Clock, Drift, ErrorKind, ProgressVisibility, Settings, Token};
use journeyman_sim as sim;

use super::{sim as simulator, world};
use crate::args::ImagineWorld;
use crate::config::Configuration;
use crate::drift;
use crate::error::Error;
use crate::show;

/// An account, and the simulator that it is of, if it is of one.
pub(super) struct Account {
    settings: Settings,
    clock: Clock,
    simulator: Option<sim::Running>,
    client: OnceCell<Client>,
    /// Where what is seen of Midjourney's changing is kept; nowhere for a simulated world in this process.
    drift_file: Option<PathBuf>,
}

impl Account {
    /// The configured account, or a simulator's with its flags.
    pub(super) async fn open(
        simulated: bool,
        flags: &ImagineWorld,
        configuration: &Configuration,
    ) -> Result<Self, Error> {
        if !simulated {
            let (settings, scale) = configuration.account()?;
            return Ok(Self {
                settings,
                clock: Clock::scaled(scale),
                simulator: None,
                client: OnceCell::new(),
                drift_file: configuration.drift_file.clone(),
            });
        }
        let clock = Clock::scaled(flags.speed);
        let mut there = world::settings(&flags.world)?;
        there.time_scale = clock.scale();
        let progress = seen(there.progress);
        let running = simulate(there, clock).await?;
        match of_simulator(configuration, &running.ready, progress) {
            Ok(settings) => Ok(Self {
                settings,
                clock,
                simulator: Some(running),
                client: OnceCell::new(),
                drift_file: None,
            }),
            Err(error) => {
                running.shutdown().await;
                Err(error)
            }
        }
    }

    /// The same, with images saved in this folder. To be said before the client is asked for.
    pub(super) fn saving_in(mut self, folder: PathBuf) -> Self {
        self.settings.out = folder;
        self
    }

    /// What a store of jobs knows it by: its channel. It is no secret.
    pub(super) fn name(&self) -> String {
        self.settings.channel.to_string()
    }

    /// The clock that it runs on.
    pub(super) fn clock(&self) -> Clock {
        self.clock
    }

    /// The account's client.
    pub(super) fn client(&self) -> Result<Client, Error> {
        if let Some(client) = self.client.get() {
            return Ok(client.clone());
        }
        let client = Client::new(&self.settings, self.clock)?;
        Ok(self.client.get_or_init(|| client).clone())
    }

    /// Ends the recording, if there is one, and stops the simulator, if there is one.
    pub(super) async fn close(self) {
        if let Some(client) = self.client.get() {
            client.end_recording().await;
            if let Some(path) = &self.drift_file {
                keep(path, &client.drift());
            }
        }
        if let Some(running) = self.simulator {
            running.shutdown().await;
        }
    }
}

/// Adds what a run saw to what is kept. A file that cannot be written is told, and changes nothing about the job.
fn keep(path: &Path, seen: &Drift) {
    if *seen == Drift::default() {
        return;
    }
    let before = drift::Kept::read(path);
    let mut kept = before.clone();
    kept.add(seen, journeyman::unix_micros() / 1_000_000);
    if kept != before
        && let Err(why) = kept.write(path)
    {
        show::tell(&format!("warning: {} could not be written: {why}", path.display()));
    }
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
