//! What a client is made with: a plain struct with documented defaults. It reads no file and no environment.

use std::path::PathBuf;
use std::time::Duration;

use journeyman_discord::gateway::GatewayAddress;
use journeyman_discord::{ApiBase, Token};
use journeyman_midjourney::LintSettings;
use journeyman_midjourney::generation::Deadlines;
use journeyman_midjourney::screen::Screen;
use journeyman_model::{ChannelId, GuildId};

/// Settings of a [`Client`](crate::Client).
#[derive(Debug, Clone)]
pub struct Settings {
    /// The account's token. Printed as `…`.
    pub token: Token,
    /// The channel to work in.
    pub channel: ChannelId,
    /// The channel's guild; `None` for a direct message with the bot.
    pub guild: Option<GuildId>,
    /// Where Discord's API is. Default `https://discord.com`.
    pub api_base: ApiBase,
    /// The least time between two departures. Default 350 ms: a courteous pace from an
    /// article, not a rule of Discord's. `None` for no pace.
    pub pace: Option<Duration>,
    /// How the channel is followed. Default [`WatchMode::Auto`].
    pub watch: WatchMode,
    /// How long the gateway is awaited before the channel is read instead. Default 15 s.
    pub gateway_patience: Duration,
    /// Where the bot's embedded pages are (Vary Region). Default `None`: Discord's own, or a local API base.
    pub page_base: Option<String>,
    /// Where the gateway is. Default `None`: Discord's own, or what an API base on this machine says.
    pub gateway: Option<GatewayAddress>,
    /// How often the channel is read while something waits and the gateway is not up.
    pub poll: Poll,
    /// How long a generation is waited for.
    pub deadlines: Deadlines,
    /// Whether progress messages can be seen by reading the channel.
    pub progress: ProgressVisibility,
    /// By what the prompt of an imagine is judged before it is sent; what the bot is known to refuse is not.
    /// Default: no defaults of the account's are known. `None` judges nothing.
    pub lint: Option<LintSettings>,
    /// The operator's own lists and past outcomes, by which the prompt of an imagine is screened before it is
    /// sent. Default: nothing is screened.
    pub screen: Screen,
    /// Where images are saved. Default `journeyman-images`. Made when missing.
    pub out: PathBuf,
    /// Whether a grid's four quarters are saved beside it. Default off.
    pub split: bool,
    /// A folder in which everything that passes between this client and Discord is recorded, without secrets.
    /// Default `None`: nothing is.
    pub record: Option<PathBuf>,
    /// Whether a recording keeps prompts; other words stand for theirs if not. Default on.
    pub record_prompts: bool,
    /// How many times a request is sent again after a failure that allows it. Default 3.
    pub max_retries: u32,
    /// Seeds all jitter, so that a run can be repeated. Default: from the time.
    pub seed: u64,
}

impl Settings {
    /// Settings with the defaults named at each field.
    pub fn new(token: Token, channel: ChannelId) -> Self {
        Self {
            token,
            channel,
            guild: None,
            api_base: ApiBase::default(),
            pace: Some(Duration::from_millis(350)),
            watch: WatchMode::default(),
            gateway_patience: Duration::from_secs(15),
            page_base: None,
            gateway: None,
            poll: Poll::default(),
            deadlines: Deadlines::default(),
            progress: ProgressVisibility::default(),
            lint: Some(LintSettings::default()),
            screen: Screen::default(),
            out: PathBuf::from("journeyman-images"),
            split: false,
            record: None,
            record_prompts: true,
            max_retries: 3,
            seed: crate::wall::seed(),
        }
    }
}

/// How the channel is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum WatchMode {
    /// By the gateway, and by reading the channel while the gateway is down.
    #[default]
    Auto,
    /// By the gateway only: the channel is read for what was missed, and before silence is taken
    /// for an end. While the gateway is down nothing is sent.
    Gateway,
    /// By reading the channel only. Ephemeral messages, which most errors are, are not seen.
    Poll,
}

/// How often the channel is read: a random time between the two after each read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Poll {
    /// Default 3 s.
    pub min: Duration,
    /// Default 5 s.
    pub max: Duration,
    /// Between reads when only late results are waited for. Default 30 s.
    pub late: Duration,
}

impl Default for Poll {
    fn default() -> Self {
        Self { min: Duration::from_secs(3), max: Duration::from_secs(5), late: Duration::from_secs(30) }
    }
}

pub use journeyman_midjourney::generation::ProgressVisibility;
