//! The flags of everything that is asked of the bot besides an image from a prompt. What they mean is `commands`'
//! subject.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand, ValueHint};

use super::{Connection, ImagineWorld};

/// The names of the commands below, of `recipe`, `batch` and `imagine`: those with the flags of a simulated world.
pub(crate) const NAMES: [&str; 18] = [
    "press",
    "describe",
    "blend",
    "shorten",
    "info",
    "settings",
    "fast",
    "relax",
    "turbo",
    "stealth",
    "public",
    "show",
    "seed",
    "prefer",
    "help-midjourney",
    "recipe",
    "batch",
    "imagine",
];

/// What each of them takes.
#[derive(Debug, Args)]
pub(crate) struct Door {
    /// Use a simulated Discord in this process: no account, no network.
    #[arg(long)]
    pub(crate) sim: bool,
    /// Save images in this folder. Default: journeyman-images.
    #[arg(long, short, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) out: Option<PathBuf>,
    /// Also save a grid's four quarters.
    #[arg(long)]
    pub(crate) split: bool,
    /// Print JSON objects on stdout, one a line; a job's last one is `finished` or `failed`.
    #[arg(long)]
    pub(crate) json: bool,
    /// Record in this folder what passes, without secrets; `journeyman replay` reads it.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) record: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) world: ImagineWorld,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

/// A command or a press.
#[derive(Debug, Subcommand)]
pub(crate) enum Order {
    /// Press a button of a message, or choose in its lists; without a label, list what can be pressed.
    Press(Press),
    /// Ask for four prompts that describe an image.
    Describe {
        /// A file, or a link that begins with http.
        #[arg(value_name = "IMAGE_OR_LINK", value_hint = ValueHint::FilePath)]
        image: String,
        #[command(flatten)]
        door: Door,
    },
    /// Blend 2 to 5 images.
    Blend {
        /// The files.
        #[arg(required = true, value_name = "IMAGE", value_hint = ValueHint::FilePath)]
        images: Vec<PathBuf>,
        /// The shape. Default: what the bot does without being told, a square.
        #[arg(long, value_name = "SHAPE", value_parser = PossibleValuesParser::new(["portrait", "square", "landscape"]))]
        dimensions: Option<String>,
        #[command(flatten)]
        door: Door,
    },
    /// Ask which words of a prompt matter, and for shorter prompts.
    Shorten {
        /// The prompt, as one argument.
        prompt: String,
        #[command(flatten)]
        door: Door,
    },
    /// Ask what the account has left, and what runs.
    Info(Door),
    /// Show the account's settings at Midjourney, and change them.
    Settings(Settings),
    /// From now on jobs are fast.
    Fast(Door),
    /// From now on jobs are relaxed.
    Relax(Door),
    /// From now on jobs are turbo.
    Turbo(Door),
    /// From now on jobs are hidden from others.
    Stealth(Door),
    /// From now on jobs can be seen by others.
    Public(Door),
    /// Show a finished job of this account once more, and save its images.
    Show {
        /// Its job id.
        job: String,
        #[command(flatten)]
        door: Door,
    },
    /// Ask for the seed of a finished job of this account.
    Seed {
        /// The id of its message, or its own: then its newest result in the channel.
        #[arg(value_name = "JOB_OR_MESSAGE")]
        target: String,
        #[command(flatten)]
        door: Door,
    },
    /// Change a preference: remix, variability and auto-dm are switched, a suffix and options are set.
    Prefer(Prefer),
    /// Ask the bot for its own help.
    HelpMidjourney(Door),
}

impl Order {
    pub(crate) fn door(&self) -> &Door {
        match self {
            Self::Press(Press { door, .. })
            | Self::Describe { door, .. }
            | Self::Blend { door, .. }
            | Self::Shorten { door, .. }
            | Self::Show { door, .. }
            | Self::Seed { door, .. }
            | Self::Settings(Settings { door, .. })
            | Self::Prefer(Prefer { door, .. })
            | Self::Info(door)
            | Self::Fast(door)
            | Self::Relax(door)
            | Self::Turbo(door)
            | Self::Stealth(door)
            | Self::Public(door)
            | Self::HelpMidjourney(door) => door,
        }
    }

    pub(crate) fn door_mut(&mut self) -> &mut Door {
        match self {
            Self::Press(Press { door, .. })
            | Self::Describe { door, .. }
            | Self::Blend { door, .. }
            | Self::Shorten { door, .. }
            | Self::Show { door, .. }
            | Self::Seed { door, .. }
            | Self::Settings(Settings { door, .. })
            | Self::Prefer(Prefer { door, .. })
            | Self::Info(door)
            | Self::Fast(door)
            | Self::Relax(door)
            | Self::Turbo(door)
            | Self::Stealth(door)
            | Self::Public(door)
            | Self::HelpMidjourney(door) => door,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Press {
    /// The id of a message, or a job's id: then its newest result in the channel.
    #[arg(value_name = "JOB_OR_MESSAGE")]
    pub(crate) target: String,
    /// The label as shown, such as U1 or "Vary (Strong)", a name such as reroll, or the custom id.
    pub(crate) label: Option<String>,
    /// Choose this in a list; may be given several times.
    #[arg(long = "value", value_name = "VALUE", requires = "label", allow_hyphen_values = true)]
    pub(crate) values: Vec<String>,
    /// The prompt for a form that opens. Default: what stands in it.
    #[arg(long, value_name = "PROMPT", requires = "label", allow_hyphen_values = true)]
    pub(crate) prompt: Option<String>,
    /// The mask for Vary (Region): a PNG of the image's size, white where it is to change.
    #[arg(long, value_name = "FILE", requires = "label", value_hint = ValueHint::FilePath)]
    pub(crate) mask: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) door: Door,
}

/// The settings are shown to the account alone, so that no later command finds their message: they are pressed here.
#[derive(Debug, Args)]
pub(crate) struct Settings {
    /// Press this button of the settings, such as "Remix mode", or choose in its list `VersionSelector`.
    #[arg(long, value_name = "LABEL")]
    pub(crate) press: Option<String>,
    /// Choose this in the list.
    #[arg(long = "value", value_name = "VALUE", requires = "press", allow_hyphen_values = true)]
    pub(crate) values: Vec<String>,
    #[command(flatten)]
    pub(crate) door: Door,
}

#[derive(Debug, Args)]
pub(crate) struct Prefer {
    /// What: `suffix` and `option` take what follows, `option` alone lists the options.
    #[arg(value_parser = PossibleValuesParser::new(["remix", "variability", "auto-dm", "suffix", "option"]))]
    pub(crate) what: String,
    /// The suffix, or the option's name; without a suffix there is none any more.
    #[arg(value_name = "SUFFIX_OR_NAME", allow_hyphen_values = true)]
    pub(crate) first: Option<String>,
    /// What the option stands for; without it the option is removed.
    #[arg(value_name = "VALUE", allow_hyphen_values = true)]
    pub(crate) second: Option<String>,
    #[command(flatten)]
    pub(crate) door: Door,
}

#[derive(Debug, Args)]
pub(crate) struct Recipe {
    /// The recipe, as TOML: prompts, and the steps that follow from their results.
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
    /// How many jobs run at once. Default: the recipe's `parallel`, or 3.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=64))]
    pub(crate) parallel: Option<u8>,
    /// Print what would be done, and how many jobs that is; nothing is sent.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Send prompts even if Midjourney is known to refuse them.
    #[arg(long)]
    pub(crate) no_lint: bool,
    #[command(flatten)]
    pub(crate) door: Door,
}
