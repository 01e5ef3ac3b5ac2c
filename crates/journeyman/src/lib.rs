//! Makes images with Midjourney through Discord, and says exactly what went wrong when it cannot.
//!
//! Unofficial. Driving a user account by program is against Discord's and Midjourney's terms and
//! may cost the account; the simulator needs none.
//!
//! A [`Client`] has one account and one channel; [`Client::imagine`] gives a [`Job`] to await,
//! watch or cancel; an [`Error`] has a [kind](ErrorKind), a hint, and says whether to try again.
//!
//! ```
//! use journeyman::{Client, Clock, ErrorKind, Event, Settings, Token};
//!
//! # let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
//! # runtime.block_on(async {
//! // A simulator in this process; a real account needs a token of its own and no `api_base`.
//! let clock = Clock::scaled(50.0);
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
//! let scaled = journeyman_sim::ScaledClock { origin: clock.origin(), scale: clock.scale() };
//! let sim = journeyman_sim::serve(listener, journeyman_sim::Settings::default(), scaled).await?;
//!
//! # let folder = tempfile::tempdir()?;
//! let mut settings = Settings::new(Token::parse(&sim.ready.token)?, sim.ready.channel_id.parse()?);
//! settings.guild = Some(sim.ready.guild_id.parse()?);
//! settings.api_base = sim.ready.rest.parse()?;
//! # settings.out = folder.path().to_owned();
//! let client = Client::new(&settings, clock)?;
//!
//! let mut job = client.imagine("a lighthouse at dawn --ar 3:2").await?;
//! while let Some(event) = job.next_event().await {
//!     match event {
//!         Event::Progress { percent, .. } => println!("{percent} %"),
//!         Event::Saved { file } => {
//!             println!("{}", file.display());
//!             break;
//!         }
//!         _ => {}
//!     }
//! }
//! assert_eq!(job.outcome().await?.files.len(), 1);
//!
//! // The interesting failure: nothing is sent, and the error says what to do.
//! let error = client.imagine("   ").await.unwrap_err();
//! assert_eq!(error.kind(), ErrorKind::InvalidPrompt);
//! println!("{error}; {}", error.hint().unwrap_or_default());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod archive;
mod client;
mod drift;
mod driver;
mod error;
mod event;
mod gateway;
mod job;
mod judge;
mod lint;
mod panel;
pub mod queue;
mod record;
mod replay;
mod settings;
mod wall;
mod words;

pub use client::{Client, ImagineOptions};
pub use drift::Drift;
pub use driver::core::WatchedBy;
pub use error::{Error, ErrorKind, Side};
pub use event::{Event, Finished};
pub use gateway::try_gateway;
pub use job::Job;
pub use panel::Panel;
pub use replay::{Difference, Ends, Happening, NoRecording, Replay, Voice, replay};
pub use settings::{Poll, ProgressVisibility, Settings, WatchMode};
pub use wall::{scaled_unix_micros, unix_micros};

pub use journeyman_discord::gateway::{BadGatewayAddress, GatewayAddress};
pub use journeyman_discord::{ApiBase, Token};
pub use journeyman_midjourney::button::Press;
pub use journeyman_midjourney::generation::{Deadlines, GenerationRecord, Reason, RecordError};
pub use journeyman_midjourney::invocation::{Dimensions, Invocation, PlainCommand};
pub use journeyman_midjourney::lint::{Code, Finding, Severity, Suggestion};
pub use journeyman_midjourney::order::{FormAnswer, Order};
pub use journeyman_midjourney::region::Mask;
pub use journeyman_midjourney::reply::{AccountInfo, Described, Reply, SettingsPanel, Shortened};
pub use journeyman_midjourney::screen::{Hit, Model, Opinion, Past, Screen, Screening, WordList};
pub use journeyman_midjourney::{Button, Failure, FailureKind, Lint, LintSettings, Mode, Notice, Version};
pub use journeyman_model::{ChannelId, GuildId, MessageId};
pub use journeyman_moment::{Clock, Moment};
