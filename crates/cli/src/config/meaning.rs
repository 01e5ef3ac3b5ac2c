//! What the configuration means to a client: texts become the library's settings. It gathers nothing.

use std::fmt;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use journeyman::{
    ApiBase, ChannelId, Error, ErrorKind, GatewayAddress, GuildId, ProgressVisibility, Settings, Token,
    WatchMode,
};

use super::prompt::{DefaultMode, DefaultVersion, Probability};
use super::{Configuration, KEYS, missing};

/// More than any token has, so that a wrong file is not read whole.
const LONGEST_TOKEN_FILE: u64 = 1_024;

impl Configuration {
    /// Settings for the configured account, and how many times faster its time runs.
    ///
    /// # Errors
    /// `Configuration` for what is missing, malformed or not allowed; nothing was sent.
    pub(crate) fn account(&self) -> Result<(Settings, f64), Error> {
        let mut settings = Settings::new(self.token()?, self.need("channel")?);
        settings.guild = self.read("guild")?;
        settings.api_base = self.api_base()?;
        self.accept_risk(&settings.api_base)?;
        let scale = self.scale_against(&settings.api_base)?;
        self.apply(&mut settings)?;
        Ok((settings, scale))
    }

    /// Puts everything into the settings that is not about the account.
    pub(crate) fn apply(&self, settings: &mut Settings) -> Result<(), Error> {
        if let Some(out) = self.read::<PathBuf>("out")? {
            settings.out = out;
        }
        settings.split = self.switch("split")?;
        settings.record = self.read("record")?;
        if let Some(Switch(keeps)) = self.read("record_prompts")? {
            settings.record_prompts = keeps;
        }
        if let Some(Millis(pace)) = self.read("pace_ms")? {
            settings.pace = (!pace.is_zero()).then_some(pace);
        }
        if let Some(retries) = self.read("max_retries")? {
            settings.max_retries = retries;
        }
        if let Some(seed) = self.read("seed")? {
            settings.seed = seed;
        }
        if let Some(Watch(watch)) = self.read("watch")? {
            settings.watch = watch;
        }
        settings.gateway = self.read("gateway")?;
        if let Some(Progress(progress)) = self.read("progress")? {
            settings.progress = progress;
        }
        self.seconds("poll_min_s", &mut settings.poll.min)?;
        self.seconds("poll_max_s", &mut settings.poll.max)?;
        if settings.poll.min > settings.poll.max {
            return Err(Error::new(ErrorKind::Configuration, "poll_min_s is more than poll_max_s")
                .with_hint("`journeyman config show` tells where each comes from"));
        }
        self.seconds("first_sign_s", &mut settings.deadlines.first_sign)?;
        self.seconds("no_progress_s", &mut settings.deadlines.progress)?;
        self.seconds("slow_s", &mut settings.deadlines.slow)?;
        self.seconds("grace_s", &mut settings.deadlines.grace)?;
        self.seconds("cap_s", &mut settings.deadlines.cap)
    }

    /// What is wrong with the values that are set, one by one; what is missing is not looked at.
    pub(crate) fn unreadable(&self) -> Vec<Error> {
        let has_token = self.get("token").is_some() || self.get("token_file").is_some();
        let token = has_token.then(|| self.token().err()).flatten();
        token.into_iter().chain(KEYS.iter().filter_map(|key| self.check(key.name).err())).collect()
    }

    fn check(&self, name: &'static str) -> Result<(), Error> {
        match name {
            "channel" => self.read::<ChannelId>(name).map(drop),
            "guild" => self.read::<GuildId>(name).map(drop),
            "api_base" => self.read::<ApiBase>(name).map(drop),
            "accept_account_risk" | "split" | "record_prompts" => self.read::<Switch>(name).map(drop),
            "pace_ms" => self.read::<Millis>(name).map(drop),
            "max_retries" => self.read::<u32>(name).map(drop),
            "seed" => self.read::<u64>(name).map(drop),
            "progress" => self.read::<Progress>(name).map(drop),
            "prompt_version" => self.read::<DefaultVersion>(name).map(drop),
            "screen_refuse_above" => self.read::<Probability>(name).map(drop),
            "prompt_mode" => self.read::<DefaultMode>(name).map(drop),
            "watch" => self.read::<Watch>(name).map(drop),
            "gateway" => self.read::<GatewayAddress>(name).map(drop),
            "time_scale" => self.read::<Factor>(name).map(drop),
            spans if spans.ends_with("_s") => self.read::<Seconds>(name).map(drop),
            // Any text is a path, and the token was judged as a whole.
            _ => Ok(()),
        }
    }

    /// The token, from wherever it is named.
    pub(crate) fn token(&self) -> Result<Token, Error> {
        if let (Some(token), Some(file)) = (self.get("token"), self.get("token_file")) {
            let message =
                format!("two tokens are configured, by {} and as a file by {}", token.origin, file.origin);
            return Err(Error::new(ErrorKind::Configuration, message).with_hint("leave out one of the two"));
        }
        let (text, origin) = if let Some(setting) = self.get("token") {
            (setting.text.clone(), format!("from {}", setting.origin))
        } else {
            let file: PathBuf = self.read("token_file")?.ok_or_else(|| missing("token"))?;
            (read_token(&file)?, format!("in {}", file.display()))
        };
        Token::parse(&text).map_err(|why| {
            Error::new(ErrorKind::Configuration, format!("read the token {origin}"))
                .with_hint("copy the token again, whole and without quotes")
                .with_source(why)
        })
    }

    pub(crate) fn api_base(&self) -> Result<ApiBase, Error> {
        self.need("api_base")
    }

    /// Whether the risk to the account was accepted, or there is none.
    pub(crate) fn accept_risk(&self, api_base: &ApiBase) -> Result<(), Error> {
        if api_base.is_loopback() || self.switch("accept_account_risk")? {
            return Ok(());
        }
        let file = self.file.as_deref().map_or_else(String::new, |file| format!(" ({})", file.display()));
        let hint = format!(
            "driving a user account by program breaks Discord's and Midjourney's terms and can cost the account; if \
             you accept that, write `accept_account_risk = true` into the configuration file{file}; imagine --sim \
             needs no account"
        );
        let message = format!("use a real account at {}: its risk is not accepted", api_base.host());
        Err(Error::new(ErrorKind::Configuration, message).with_hint(hint))
    }

    /// How much faster than real time everything runs; for what speaks to nobody.
    pub(crate) fn time_scale(&self) -> Result<f64, Error> {
        let Factor(scale) = self.read("time_scale")?.unwrap_or(Factor(1.0));
        Ok(scale)
    }

    fn scale_against(&self, api_base: &ApiBase) -> Result<f64, Error> {
        let scale = self.time_scale()?;
        // A real Discord does not run faster: scaled waits would break its limits.
        if api_base.is_loopback() || (scale - 1.0).abs() < f64::EPSILON {
            return Ok(scale);
        }
        let message = format!("scale time by {scale} against {}", api_base.host());
        Err(Error::new(ErrorKind::Configuration, message)
            .with_hint("unset JOURNEYMAN_TIME_SCALE, or give a loopback API base"))
    }

    fn switch(&self, name: &'static str) -> Result<bool, Error> {
        Ok(self.read::<Switch>(name)?.is_some_and(|Switch(on)| on))
    }

    fn seconds(&self, name: &'static str, into: &mut Duration) -> Result<(), Error> {
        if let Some(Seconds(span)) = self.read(name)? {
            *into = span;
        }
        Ok(())
    }
}

fn read_token(path: &Path) -> Result<String, Error> {
    let read = || {
        let mut text = String::new();
        std::fs::File::open(path)?.take(LONGEST_TOKEN_FILE).read_to_string(&mut text)?;
        Ok(text)
    };
    read().map_err(|why: std::io::Error| {
        Error::new(ErrorKind::Configuration, format!("read the token file {}", path.display()))
            .with_hint("check the path in JOURNEYMAN_TOKEN_FILE, --token-file or the configuration file")
            .with_source(why)
    })
}

/// A text that is not what a setting takes.
#[derive(Debug)]
pub(super) struct Wanted(pub(super) &'static str);

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {}", self.0)
    }
}

struct Switch(bool);

impl FromStr for Switch {
    type Err = Wanted;

    fn from_str(text: &str) -> Result<Self, Wanted> {
        match text {
            "true" | "1" => Ok(Self(true)),
            "false" | "0" => Ok(Self(false)),
            _ => Err(Wanted("true or false")),
        }
    }
}

struct Millis(Duration);

impl FromStr for Millis {
    type Err = Wanted;

    fn from_str(text: &str) -> Result<Self, Wanted> {
        text.parse()
            .map(Duration::from_millis)
            .map(Self)
            .map_err(|_| Wanted("a whole number of milliseconds"))
    }
}

struct Seconds(Duration);

impl FromStr for Seconds {
    type Err = Wanted;

    fn from_str(text: &str) -> Result<Self, Wanted> {
        let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        seconds.map(Self).ok_or(Wanted("a number of seconds"))
    }
}

struct Factor(f64);

impl FromStr for Factor {
    type Err = Wanted;

    fn from_str(text: &str) -> Result<Self, Wanted> {
        let factor = text.parse().ok().filter(|factor| (0.01..=1_000.0).contains(factor));
        factor.map(Self).ok_or(Wanted("a number from 0.01 to 1000"))
    }
}

struct Watch(WatchMode);

impl FromStr for Watch {
    type Err = Wanted;

    fn from_str(text: &str) -> Result<Self, Wanted> {
        match text {
            "auto" => Ok(Self(WatchMode::Auto)),
            "gateway" => Ok(Self(WatchMode::Gateway)),
            "poll" => Ok(Self(WatchMode::Poll)),
            _ => Err(Wanted("auto, gateway or poll")),
        }
    }
}

struct Progress(ProgressVisibility);

impl FromStr for Progress {
    type Err = Wanted;

    fn from_str(text: &str) -> Result<Self, Wanted> {
        match text {
            "auto" => Ok(Self(ProgressVisibility::Auto)),
            "visible" => Ok(Self(ProgressVisibility::Visible)),
            "hidden" => Ok(Self(ProgressVisibility::Hidden)),
            _ => Err(Wanted("auto, visible or hidden")),
        }
    }
}
