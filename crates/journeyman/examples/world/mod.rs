//! The world of the examples: a simulator in this process, and a client of it. It needs no account and no network.

use std::path::Path;

use journeyman::{ApiBase, Client, Clock, Finished, Settings, Token};
use journeyman_sim::{Running, ScaledClock};
use tempfile::TempDir;
use tokio::net::TcpListener;

pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// How much faster than real time everything runs.
const SCALE: f64 = 50.0;

/// One account at one simulator.
pub(crate) struct World {
    pub(crate) client: Client,
    folder: TempDir,
    _sim: Running,
}

impl World {
    /// A real account needs a token of its own, and neither `api_base` nor a scaled clock.
    pub(crate) async fn open() -> Result<Self, BoxError> {
        let clock = Clock::scaled(SCALE);
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let there = journeyman_sim::Settings {
            pictures: journeyman_sim::Pictures::Tiny,
            niji: Some(journeyman_sim::Settings::NIJI),
            ..journeyman_sim::Settings::default()
        };
        let scaled = ScaledClock { origin: clock.origin(), scale: SCALE };
        let sim = journeyman_sim::serve(listener, there, scaled).await?;

        let folder = tempfile::tempdir()?;
        let mut settings = Settings::new(Token::parse(&sim.ready.token)?, sim.ready.channel_id.parse()?);
        settings.guild = Some(sim.ready.guild_id.parse()?);
        settings.api_base = sim.ready.rest.parse::<ApiBase>()?;
        folder.path().clone_into(&mut settings.out);
        Ok(Self { client: Client::new(&settings, clock)?, folder, _sim: sim })
    }

    /// What came of a job, in one line.
    pub(crate) fn tell(&self, what: &str, made: &Finished) {
        let below = |file: &Path| file.strip_prefix(self.folder.path()).unwrap_or(file).display().to_string();
        let files: Vec<_> = made.files.iter().map(|file| below(file)).collect();
        println!("{what}: {}", files.join(", "));
    }
}
