//! What a world is like: the whole of it follows from these and from what arrives.
//!
//! It reads no flag and no environment; the command line does.

use std::time::{Duration, SystemTime};

use crate::choice::named;
use crate::fault::FaultRule;
use crate::gateway::GatewaySettings;
use crate::limits::Limits;
use crate::scenario::Scenario;
use crate::script::Script;
use crate::traffic::Traffic;

/// Which bot is simulated: what it shows, and in which form.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Era {
    /// Ephemeral errors, visible progress (captures of 2023).
    E2023,
    /// Errors and progress both ephemeral (reported since about 2024).
    #[default]
    E2026,
}
named!(Era, "era", ["2023" => Era::E2023, "2026" => Era::E2026]);

impl Era {
    /// Who saw the bot's refusals then (real: novicezk's and yokonsan's threads, flags 64 since 2023).
    pub fn errors(self) -> Visibility {
        Visibility::Ephemeral
    }

    /// Who saw progress then (real: visible in 2023's captures; erictik/midjourney-api#263 for later).
    pub fn progress(self) -> Visibility {
        match self {
            Self::E2023 => Visibility::Visible,
            Self::E2026 => Visibility::Ephemeral,
        }
    }

    /// What is appended to a prompt without a version (real: captures; 7.0 from peers' tests).
    pub(crate) fn suffix(self) -> &'static str {
        match self {
            Self::E2023 => "--v 5.1",
            Self::E2026 => "--v 7.0",
        }
    }

    /// The imagine command's version (real: captures of June 2023 and May 2024).
    pub(crate) fn imagine_version(self) -> u64 {
        match self {
            Self::E2023 => 1_118_961_510_123_847_772,
            Self::E2026 => 1_237_876_415_471_554_623,
        }
    }
}

/// Who sees a message of the bot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visibility {
    /// Only the invoking user's gateway session (flags 64); REST never lists it.
    Ephemeral,
    /// Everybody, and REST lists it.
    Visible,
}
named!(Visibility, "visibility", ["ephemeral" => Visibility::Ephemeral, "visible" => Visibility::Visible]);

/// The Midjourney plan of every account: how many jobs run and wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Plan {
    /// 3 concurrent jobs.
    #[default]
    Basic,
    /// 12 concurrent jobs.
    Pro,
}
named!(Plan, "plan", ["basic" => Plan::Basic, "pro" => Plan::Pro]);

impl Plan {
    /// Jobs that run at once (peer: useapi.net, trueai).
    pub fn slots(self) -> u32 {
        match self {
            Self::Basic => 3,
            Self::Pro => 12,
        }
    }
}

/// How large the pictures are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pictures {
    /// Grids of about 1024 × 1024.
    #[default]
    Full,
    /// Grids of about 64 × 64, for long runs.
    Tiny,
}
named!(Pictures, "picture size", ["full" => Pictures::Full, "tiny" => Pictures::Tiny]);

/// In what format a finished picture comes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PictureFormat {
    /// PNG.
    #[default]
    Png,
    /// `WebP`, with "(Open on website for full quality)" in the text (real: capture of June 2023).
    Webp,
}
named!(PictureFormat, "picture format", ["png" => PictureFormat::Png, "webp" => PictureFormat::Webp]);

/// The speed a job runs in when its prompt names none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// `(fast)`.
    #[default]
    Fast,
    /// `(relaxed)`.
    Relaxed,
    /// `(turbo)`.
    Turbo,
}
named!(Mode, "mode", ["fast" => Mode::Fast, "relaxed" => Mode::Relaxed, "turbo" => Mode::Turbo]);

/// How long each step of the bot takes, before `speed` and jitter.
///
/// Defaults are the captured cadence (real: novicezk/midjourney-proxy#175 and #262).
#[derive(Clone, Debug, PartialEq)]
pub struct Timing {
    /// From the request to the interaction's acknowledgement. 400 ms.
    pub interaction: Duration,
    /// From the request to the bot's first message. 600 ms.
    pub reply: Duration,
    /// From the first message to 0 %. 10.9 s, so that 0 % comes 11.5 s after the request.
    pub first_percent: Duration,
    /// From one percent step to the next. 6.5 s.
    pub step: Duration,
    /// From 93 % to the end. 7.7 s.
    pub last: Duration,
    /// From the deleted progress message to the final one. 300 ms (peer: erictik waits so long).
    pub handover: Duration,
    /// How long a job of the scenario `job-queued` waits. 20 s.
    pub queued: Duration,
    /// From a pressed U button to the upscaled picture. 3 s (inferred).
    pub upscale: Duration,
    /// From a command's empty answer to the filled one. 2 s (inferred).
    pub answer: Duration,
    /// Each span is off by up to this fraction of itself. 0.08.
    pub jitter: f64,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            interaction: Duration::from_millis(400),
            reply: Duration::from_millis(600),
            first_percent: Duration::from_millis(10_900),
            step: Duration::from_millis(6_500),
            last: Duration::from_millis(7_700),
            handover: Duration::from_millis(300),
            queued: Duration::from_secs(20),
            upscale: Duration::from_secs(3),
            answer: Duration::from_secs(2),
            jitter: 0.08,
        }
    }
}

/// How often a job's messages come doubled or out of order; chances from 0 to 1, all 0 by default.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Disorder {
    /// The final message comes twice.
    pub duplicate_final: f64,
    /// The final message comes before the progress message is deleted.
    pub final_before_delete: f64,
    /// A step is followed once more by the step before it.
    pub progress_backwards: f64,
}

/// In which ways the bot changes a prompt before it repeats it; all but `sref` are on by default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rewriting {
    /// Runs of whitespace collapse (real).
    pub spaces: bool,
    /// An em-dash becomes `--` (real: novicezk/midjourney-proxy PR#270).
    pub dashes: bool,
    /// A link becomes `<https://s.mj.run/…>` (real).
    pub links: bool,
    /// The version moves to the end (real: novicezk/midjourney-proxy#262).
    pub order: bool,
    /// A version is appended to a prompt without one (real).
    pub version: bool,
    /// `--style raw` becomes `raw` within the version (real).
    pub raw: bool,
    /// `--video` becomes `--video 1` (real).
    pub video: bool,
    /// `--aspect` becomes `--ar`, `--version` becomes `--v` (real).
    pub aliases: bool,
    /// What holds anyway is left out, such as `--q 1` (real: novicezk/midjourney-proxy#293).
    pub defaults: bool,
    /// A style reference is added that nobody asked for (peer: Mutiny's tests). Off.
    pub sref: bool,
}

impl Rewriting {
    /// The prompt comes back as it was sent.
    pub const NONE: Self = Self {
        spaces: false,
        dashes: false,
        links: false,
        order: false,
        version: false,
        raw: false,
        video: false,
        aliases: false,
        defaults: false,
        sref: false,
    };
}

impl Default for Rewriting {
    fn default() -> Self {
        Self {
            spaces: true,
            dashes: true,
            links: true,
            order: true,
            version: true,
            raw: true,
            video: true,
            aliases: true,
            defaults: true,
            sref: false,
        }
    }
}

/// Everything that makes a world.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// The seed of every random choice in the world. 1.
    pub seed: u64,
    /// Scales the bot's timings alone: at 10 a generation of 45 s takes 4.5 s. 1.
    pub speed: f64,
    /// How fast the shell's clock runs; the world itself does not read it. 1.
    pub time_scale: f64,
    /// Which bot. 2023.
    pub era: Era,
    /// Who sees refusals. Ephemeral.
    pub errors: Visibility,
    /// Who sees waiting and progress messages. Visible.
    pub progress: Visibility,
    /// The plan of every account. Basic.
    pub plan: Plan,
    /// Accept any token and make any channel on first use. Off.
    pub permissive: bool,
    /// Outcomes per prompt, faults, timings, limits and traffic; its sections win over these settings.
    pub script: Option<Script>,
    /// What happens to each job that no script claims. `happy`.
    pub scenario: Scenario,
    /// Wall time of the world's origin, in microseconds since 1970. 2026-01-01.
    pub epoch_unix_micros: i64,
    /// The token of the world's own account; made from the seed when absent.
    pub token: Option<String>,
    /// The user name of the world's own account; it stands in messages and in file names. `user_a`.
    pub account_name: String,
    /// The label of a button below every grid that no client knows yet, as when Midjourney adds one. None.
    pub new_button: Option<String>,
    /// Where the world says that it lives; `serve` puts its own address here.
    pub origin: String,
    /// True rate limits.
    pub limits: Limits,
    /// What other people do in the channels. Nothing.
    pub traffic: Traffic,
    /// What goes wrong between the client and the world. Nothing.
    pub faults: Vec<FaultRule>,
    /// The size of pictures. Full.
    pub pictures: Pictures,
    /// The format of finished pictures. PNG.
    pub picture_format: PictureFormat,
    /// The mode of a prompt that names none. Fast.
    pub mode: Mode,
    /// Whether jobs say `stealth` beside their mode. Off.
    pub stealth: bool,
    /// Whether accounts begin in remix mode, in which buttons open a window for the prompt. Off.
    pub remix: bool,
    /// Who sees the answers to `/info`, `/settings` and other commands about the account. Ephemeral (real).
    pub answers: Visibility,
    /// Whether variations begin with "Making variations for image #1 with prompt …", as in early 2023 (real: a peer's
    /// collected lines). Off.
    pub old_openings: bool,
    /// How the bot changes prompts.
    pub rewriting: Rewriting,
    /// Whether the bot refuses unknown parameters and values out of range. On.
    pub check_parameters: bool,
    /// How many jobs one interaction may make by `--repeat` and `{a, b}`. 40 (the largest plan's, unverified).
    pub batch: u32,
    /// How long an opened window can be answered. 15 min (real: the life of Discord's interaction tokens).
    pub modal_life: Duration,
    /// How long the same upscale of the same picture is refused with "Slow Down!"; not at all when zero. 60 s
    /// (the notice is a peer's, the span is inferred).
    pub upscale_cooldown: Duration,
    /// The bot's timings.
    pub timing: Timing,
    /// Doubled and reordered messages. None.
    pub disorder: Disorder,
    /// Concurrent jobs per account; by plan when absent.
    pub slots: Option<u32>,
    /// Of these, jobs in relaxed mode. 3 (peer: useapi.net, trueai).
    pub relaxed_slots: u32,
    /// Jobs that wait per account before the queue is full. 10 (peer: an old FAQ; not verified per plan).
    pub queue: u32,
    /// The application id of niji's bot, which takes the same commands under other ids; absent by default, and
    /// [`NIJI`](Self::NIJI) is its real one.
    pub niji: Option<u64>,
    /// What is appended to a prompt without a version; by era when absent, nothing when empty.
    pub suffix: Option<String>,
    /// Whether waiting and progress messages carry the Cancel Job button (real: July 2023; absent in March). On.
    pub cancel_button: bool,
    /// Whether a progress file is named `<job>_grid_0.webp` rather than `grid_0.webp`; by era when absent.
    pub progress_file_names_job: Option<bool>,
    /// How long a signed link of the CDN lives; links are plain when absent. 24 h.
    pub link_lifetime: Option<Duration>,
    /// Whether GET shows a message's nonce (inferred: only its sender's gateway session sees it). Off.
    pub nonce_in_rest: bool,
    /// Channels that exist but answer 403.
    pub locked_channels: Vec<u64>,
    /// How the gateway behaves, and what goes wrong on it. As documented, and nothing.
    pub gateway: GatewaySettings,
}

impl Default for Settings {
    fn default() -> Self {
        Self::for_era(Era::default())
    }
}

impl Settings {
    /// niji's application (peer: trueai, erictik).
    pub const NIJI: u64 = 1_022_952_195_194_359_889;

    /// The defaults with the visibilities of an era.
    pub fn for_era(era: Era) -> Self {
        Self {
            seed: 1,
            speed: 1.0,
            time_scale: 1.0,
            era,
            errors: era.errors(),
            progress: era.progress(),
            plan: Plan::default(),
            permissive: false,
            script: None,
            scenario: Scenario::default(),
            epoch_unix_micros: 1_767_225_600_000_000,
            token: None,
            new_button: None,
            account_name: "user_a".to_owned(),
            origin: "http://127.0.0.1".to_owned(),
            limits: Limits::default(),
            traffic: Traffic::default(),
            faults: Vec::new(),
            pictures: Pictures::default(),
            picture_format: PictureFormat::default(),
            mode: Mode::default(),
            stealth: false,
            remix: false,
            answers: Visibility::Ephemeral,
            old_openings: false,
            rewriting: Rewriting::default(),
            check_parameters: true,
            batch: 40,
            modal_life: Duration::from_mins(15),
            upscale_cooldown: Duration::from_mins(1),
            timing: Timing::default(),
            disorder: Disorder::default(),
            slots: None,
            relaxed_slots: 3,
            queue: 10,
            niji: None,
            suffix: None,
            cancel_button: true,
            progress_file_names_job: None,
            link_lifetime: Some(Duration::from_hours(24)),
            nonce_in_rest: false,
            locked_channels: Vec::new(),
            gateway: GatewaySettings::default(),
        }
    }

    /// The same, with its origin at the machine's wall time; for a world that real clients meet.
    #[must_use]
    pub fn starting_now(mut self) -> Self {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        self.epoch_unix_micros = i64::try_from(since.as_micros()).unwrap_or(i64::MAX);
        self
    }

    /// What a person should know about this world before trusting a result in it.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if self.errors == Visibility::Visible {
            notes.push(
                "errors are visible to REST here; this is an assumption never seen in a capture: Midjourney's \
                 refusals have been ephemeral since 2023, and only a gateway session sees them"
                    .to_owned(),
            );
        }
        if self.progress == Visibility::Visible && self.era == Era::E2026 {
            notes.push(
                "progress is visible to REST here; since about 2024 it is reported to be ephemeral"
                    .to_owned(),
            );
        }
        notes
    }

    pub(crate) fn slots(&self) -> usize {
        usize::try_from(self.slots.unwrap_or(self.plan.slots())).unwrap_or(usize::MAX)
    }

    pub(crate) fn suffix(&self) -> &str {
        self.suffix.as_deref().unwrap_or(self.era.suffix())
    }

    pub(crate) fn progress_file_names_job(&self) -> bool {
        self.progress_file_names_job.unwrap_or(self.era == Era::E2026)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_word_names_what_is_allowed() {
        let error = "2031".parse::<Era>().expect_err("no such era");
        assert_eq!(error.to_string(), "unknown era `2031`, expected one of: 2023, 2026");
    }

    #[test]
    fn the_default_era_is_2026_whose_errors_and_progress_are_ephemeral() {
        let settings = Settings::default();
        assert_eq!(settings.era, Era::E2026);
        assert_eq!((settings.errors, settings.progress), (Visibility::Ephemeral, Visibility::Ephemeral));
    }

    #[test]
    fn every_word_reads_back_as_itself() {
        for name in Era::NAMES {
            assert_eq!(name.parse::<Era>().map(Era::name), Ok(*name));
        }
        for name in Visibility::NAMES {
            assert_eq!(name.parse::<Visibility>().map(Visibility::name), Ok(*name));
        }
    }

    #[test]
    fn visible_errors_are_declared_an_assumption() {
        assert!(Settings::default().notes().is_empty());
        let visible = Settings { errors: Visibility::Visible, ..Settings::default() };
        assert!(visible.notes()[0].contains("assumption"));
    }
}
