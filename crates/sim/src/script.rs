//! Scripts: outcomes per prompt, faults, timings, limits and traffic, written in TOML.
//!
//! A script is data; it decides nothing by itself.

mod bot;
mod gateway;

use std::str::FromStr;
use std::time::Duration;

use serde::Deserialize;
use thiserror::Error;

use crate::fault::{FaultKind, FaultRule};
use crate::limits::{EdgeAnswer, InvalidLimit, Kind, Limits, Per, Rate, RouteLimit, Who, WindowModel};
use crate::scenario::Scenario;
use crate::settings::{Disorder, Settings, Timing};
use crate::traffic::Traffic;
use bot::{BotText, RewritingText};
use gateway::{GatewayFaultText, GatewayText};

/// A script that could not be read.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("script, line {line}: {reason}")]
pub struct ScriptError {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong there, and what is allowed.
    pub reason: String,
}

/// What a script says.
///
/// All sections and keys are optional but for those marked; an unknown one is an error.
///
/// - `locked_channels`: a list of channel ids, in quotes or not; these exist, and answer 403. It stands before all
///   sections.
/// - `[[outcome]]`: `prompt` (needed; `*` is any text, and without one the prompt must contain it), `scenario`
///   (needed), `after` (so many fitting jobs go by first), `times` (so many are claimed). The first fitting outcome
///   counts; a prompt that none claims meets the world's scenario.
/// - `[[fault]]`: `kind` (needed; [`FaultKind::NAMES`]), `method`, `route`, `after`, `count`, `probability`, `status`,
///   `delay_ms`.
/// - `[[limit]]`: `limit` and `per_ms` (needed), `method`, `route`, `who` ([`Who::NAMES`]), `by` ([`Per::NAMES`]),
///   `kind` ([`Kind::NAMES`]), `window` ([`WindowModel::NAMES`]), `hash`, `counter`. They come before the built-in
///   ones, and of the ordinary buckets the first that fits counts.
/// - `[global]`: `limit` (needed; 0 for none), `per_ms`, `window`.
/// - `[invalid]`: `limit` (needed), `per_ms`, `ban_ms`, `answer` ([`EdgeAnswer::NAMES`]).
/// - `[timing]`: `interaction_ms`, `reply_ms`, `first_percent_ms`, `step_ms`, `last_ms`, `handover_ms`, `queued_ms`,
///   `upscale_ms`, `answer_ms`, `jitter`.
/// - `[traffic]`: `messages_per_minute`, `jobs_per_minute`, `same_prompt`.
/// - `[disorder]`: `duplicate_final`, `final_before_delete`, `progress_backwards`.
/// - `[gateway]`: `heartbeat_interval_ms`, `heartbeat_grace_ms`, `resumable_ms`, `kept_events`, `most_waiting_bytes`,
///   `identify_every_ms`, `max_concurrency`, `session_starts`.
/// - `[[gateway_fault]]`: `kind` (needed; [`GatewayFaultKind::NAMES`](crate::GatewayFaultKind::NAMES)), then when: one of
///   `after_event`, `before_event` (an event's name, `*` for any), `at_ms`, `every_ms`; `after`, `count`,
///   `probability`, `code`, `delay_ms`, `span_ms`.
/// - `[bot]`: `slots`, `relaxed_slots`, `queue`, `niji`, `suffix`, `cancel_button`, `mode`, `stealth`, `remix`,
///   `answers` ([`Visibility::NAMES`](crate::Visibility::NAMES)), `old_openings`, `check_parameters`, `batch`, `modal_ms`,
///   `upscale_cooldown_ms`, `pictures`, `picture_format`.
/// - `[rewriting]`: a switch for each way in which prompts are changed, named as the fields of
///   [`Rewriting`](crate::Rewriting).
///
/// ```
/// let script = journeyman_sim::Script::from_toml(
///     r#"
///     [[outcome]]
///     prompt = "*gore*"
///     scenario = "pre-moderation"
///
///     [[fault]]
///     method = "POST"
///     route = "/interactions"
///     kind = "lose-answer"
///     count = 1
///     "#,
/// )?;
/// assert_eq!(script.outcomes().count(), 1);
///
/// let error = journeyman_sim::Script::from_toml("[[outcome]]\npromt = \"x\"\n").unwrap_err();
/// assert_eq!(error.line, 2);
/// assert!(error.reason.contains("`promt`") && error.reason.contains("`prompt`"));
/// # Ok::<(), journeyman_sim::ScriptError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    #[serde(default)]
    locked_channels: Vec<ChannelId>,
    #[serde(default)]
    outcome: Vec<OutcomeText>,
    #[serde(default)]
    fault: Vec<FaultText>,
    #[serde(default)]
    limit: Vec<LimitText>,
    global: Option<GlobalText>,
    invalid: Option<InvalidText>,
    timing: Option<TimingText>,
    traffic: Option<TrafficText>,
    bot: Option<BotText>,
    disorder: Option<DisorderText>,
    gateway: Option<GatewayText>,
    #[serde(default)]
    gateway_fault: Vec<GatewayFaultText>,
    rewriting: Option<RewritingText>,
}

/// What happens to jobs with certain prompts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// `*` stands for any text; without one, the prompt must contain this text.
    pub prompt: String,
    /// What happens.
    pub scenario: Scenario,
    /// So many fitting jobs go by first.
    pub after: u64,
    /// So many jobs are claimed; without bound when absent.
    pub times: Option<u64>,
}

impl Outcome {
    pub(crate) fn fits(&self, prompt: &str) -> bool {
        if self.prompt.contains('*') { glob(&self.prompt, prompt) } else { prompt.contains(&self.prompt) }
    }
}

/// Whether the whole text matches the pattern, in which `*` is any text.
fn glob(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|head| text.strip_prefix(head)) else { return false };
    let Some(tail) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        // The first place is as good as any, since a star takes what is left.
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(tail)
}

impl Script {
    /// Reads a script.
    ///
    /// # Errors
    /// Names the line, the key, and what is allowed there; an unknown key is an error.
    pub fn from_toml(text: &str) -> Result<Self, ScriptError> {
        toml::from_str(text).map_err(|error| {
            let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
            ScriptError { line, reason: error.message().replace('\n', " ") }
        })
    }

    /// The outcomes per prompt, in the order of the script.
    pub fn outcomes(&self) -> impl Iterator<Item = Outcome> {
        self.outcome.iter().map(|text| Outcome {
            prompt: text.prompt.clone(),
            scenario: text.scenario,
            after: text.after,
            times: text.times,
        })
    }

    /// Puts the script's sections over the settings.
    pub(crate) fn apply(&self, settings: &mut Settings) {
        settings.locked_channels.extend(self.locked_channels.iter().map(|id| id.0));
        settings.faults.extend(self.fault.iter().map(FaultText::rule));
        self.apply_limits(&mut settings.limits);
        settings.gateway.faults.extend(self.gateway_fault.iter().map(|text| text.0.clone()));
        if let Some(gateway) = &self.gateway {
            gateway.apply(&mut settings.gateway);
        }
        if let Some(timing) = &self.timing {
            timing.apply(&mut settings.timing);
        }
        if let Some(traffic) = &self.traffic {
            settings.traffic = Traffic {
                messages_per_minute: traffic.messages_per_minute,
                jobs_per_minute: traffic.jobs_per_minute,
                same_prompt: traffic.same_prompt,
            };
        }
        if let Some(disorder) = &self.disorder {
            settings.disorder = Disorder {
                duplicate_final: disorder.duplicate_final,
                final_before_delete: disorder.final_before_delete,
                progress_backwards: disorder.progress_backwards,
            };
        }
        if let Some(rewriting) = &self.rewriting {
            rewriting.apply(&mut settings.rewriting);
        }
        if let Some(bot) = &self.bot {
            bot.apply(settings);
        }
    }

    fn apply_limits(&self, limits: &mut Limits) {
        // The script's come first, and the first fitting bucket counts.
        limits.routes.splice(0..0, self.limit.iter().map(LimitText::rule));
        if let Some(global) = &self.global {
            limits.global = (global.limit > 0).then(|| Rate {
                limit: global.limit,
                per: Duration::from_millis(global.per_ms),
                window: global.window,
            });
        }
        if let Some(invalid) = &self.invalid {
            limits.invalid = InvalidLimit {
                limit: invalid.limit,
                per: Duration::from_millis(invalid.per_ms),
                ban: Duration::from_millis(invalid.ban_ms),
                answer: invalid.answer,
            };
        }
    }
}

impl FromStr for Script {
    type Err = ScriptError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::from_toml(text)
    }
}

/// A channel's id as people copy it: in quotes as in Discord's JSON, or bare.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "toml::Value")]
struct ChannelId(u64);

impl TryFrom<toml::Value> for ChannelId {
    type Error = String;

    fn try_from(value: toml::Value) -> Result<Self, Self::Error> {
        if let Some(text) = value.as_str() {
            let number = text.parse().map(Self);
            return number.map_err(|_| format!("`{text}` is not a channel's id, expected digits alone"));
        }
        let number = value.as_integer().and_then(|number| u64::try_from(number).ok());
        let expected = "expected a channel's id, such as \"1099511627776000000\"";
        number.map(Self).ok_or_else(|| expected.to_owned())
    }
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct OutcomeText {
    prompt: String,
    scenario: Scenario,
    #[serde(default)]
    after: u64,
    times: Option<u64>,
}

fn any() -> String {
    "*".to_owned()
}

fn certain() -> f64 {
    1.0
}

fn bad_gateway() -> u16 {
    502
}

fn half_a_second() -> u64 {
    500
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct FaultText {
    kind: FaultKind,
    #[serde(default = "any")]
    method: String,
    #[serde(default = "any")]
    route: String,
    #[serde(default)]
    after: u64,
    count: Option<u64>,
    #[serde(default = "certain")]
    probability: f64,
    #[serde(default = "bad_gateway")]
    status: u16,
    #[serde(default = "half_a_second")]
    delay_ms: u64,
}

impl FaultText {
    fn rule(&self) -> FaultRule {
        FaultRule {
            method: self.method.clone(),
            route: self.route.clone(),
            kind: self.kind,
            after: self.after,
            count: self.count,
            probability: self.probability,
            status: self.status,
            delay: Duration::from_millis(self.delay_ms),
        }
    }
}

fn anyone() -> Who {
    Who::Anyone
}

fn by_resource() -> Per {
    Per::Resource
}

fn a_bucket() -> Kind {
    Kind::Bucket
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct LimitText {
    #[serde(default = "anyone")]
    who: Who,
    #[serde(default = "any")]
    method: String,
    #[serde(default = "any")]
    route: String,
    #[serde(default = "by_resource")]
    by: Per,
    #[serde(default = "a_bucket")]
    kind: Kind,
    limit: u32,
    per_ms: u64,
    #[serde(default)]
    window: WindowModel,
    hash: Option<String>,
    counter: Option<String>,
}

impl LimitText {
    fn rule(&self) -> RouteLimit {
        RouteLimit {
            who: self.who,
            method: self.method.clone(),
            template: self.route.clone(),
            per: self.by,
            rate: Rate { limit: self.limit, per: Duration::from_millis(self.per_ms), window: self.window },
            kind: self.kind,
            hash: self.hash.clone(),
            counter: self.counter.clone(),
        }
    }
}

fn a_second() -> u64 {
    1_000
}

/// A limit of 0 means none.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct GlobalText {
    limit: u32,
    #[serde(default = "a_second")]
    per_ms: u64,
    #[serde(default)]
    window: WindowModel,
}

fn ten_minutes() -> u64 {
    600_000
}

fn an_hour() -> u64 {
    3_600_000
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct InvalidText {
    limit: u64,
    #[serde(default = "ten_minutes")]
    per_ms: u64,
    #[serde(default = "an_hour")]
    ban_ms: u64,
    #[serde(default)]
    answer: EdgeAnswer,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct TimingText {
    interaction_ms: Option<u64>,
    reply_ms: Option<u64>,
    first_percent_ms: Option<u64>,
    step_ms: Option<u64>,
    last_ms: Option<u64>,
    handover_ms: Option<u64>,
    queued_ms: Option<u64>,
    upscale_ms: Option<u64>,
    answer_ms: Option<u64>,
    jitter: Option<f64>,
}

impl TimingText {
    fn apply(&self, timing: &mut Timing) {
        let put = |span: &mut Duration, ms: Option<u64>| {
            if let Some(ms) = ms {
                *span = Duration::from_millis(ms);
            }
        };
        put(&mut timing.interaction, self.interaction_ms);
        put(&mut timing.reply, self.reply_ms);
        put(&mut timing.first_percent, self.first_percent_ms);
        put(&mut timing.step, self.step_ms);
        put(&mut timing.last, self.last_ms);
        put(&mut timing.handover, self.handover_ms);
        put(&mut timing.queued, self.queued_ms);
        put(&mut timing.upscale, self.upscale_ms);
        put(&mut timing.answer, self.answer_ms);
        timing.jitter = self.jitter.unwrap_or(timing.jitter);
    }
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct TrafficText {
    #[serde(default)]
    messages_per_minute: f64,
    #[serde(default)]
    jobs_per_minute: f64,
    #[serde(default)]
    same_prompt: f64,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct DisorderText {
    #[serde(default)]
    duplicate_final: f64,
    #[serde(default)]
    final_before_delete: f64,
    #[serde(default)]
    progress_backwards: f64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{PictureFormat, Rewriting};

    fn check_error(text: &str, line: usize, words: &[&str]) {
        let error = Script::from_toml(text).expect_err("an error");
        assert_eq!(error.line, line, "{error}");
        for word in words {
            assert!(error.reason.contains(word), "{word} in: {error}");
        }
    }

    #[test]
    fn an_error_names_its_line_its_key_and_what_is_allowed() {
        check_error("[[outcome]]\nprompt = \"x\"\nscenari = \"happy\"\n", 3, &["`scenari`", "`scenario`"]);
        check_error(
            "[[outcome]]\nprompt = \"x\"\nscenario = \"sad\"\n",
            3,
            &["`sad`", "happy", "queue-full"],
        );
        check_error("[[fault]]\nkind = \"reset\"\n", 2, &["`reset`", "reset-before", "lose-answer"]);
        check_error("[timing]\nstep_ms = \"long\"\n", 2, &["string"]);
        check_error("\n\n[weather]\n", 3, &["`weather`", "`outcome`", "`traffic`"]);
        check_error("[[limit]]\nlimit = 5\n", 1, &["per_ms"]);
        check_error("locked_channels = [\"general\"]\n", 1, &["`general`", "digits"]);
        check_error("locked_channels = [true]\n", 1, &["channel's id"]);
        check_error("x = \n", 1, &[]);
    }

    #[test]
    fn a_pattern_with_a_star_is_the_whole_prompt_and_one_without_is_a_part_of_it() {
        let fits = |pattern: &str, prompt: &str| {
            let prompt_text = pattern.to_owned();
            Outcome { prompt: prompt_text, scenario: Scenario::default(), after: 0, times: None }.fits(prompt)
        };
        assert!(fits("cat", "a cat --v 5"));
        assert!(fits("a*cat*", "a black cat --v 5"));
        assert!(!fits("cat*", "a cat"));
        assert!(fits("*", "") && fits("*é*", "café"));
        assert!(!fits("dog", "a cat"));
    }

    #[test]
    fn sections_are_put_over_the_settings() {
        let script = Script::from_toml(
            "[timing]\nstep_ms = 10\n[global]\nlimit = 0\n[bot]\nslots = 1\npicture_format = \"webp\"\nremix = true\n\
             [rewriting]\nsref = true\nlinks = false\n[[limit]]\nlimit = 1\nper_ms = 9\n",
        );
        let mut settings = Settings::default();
        script.expect("a script").apply(&mut settings);
        assert_eq!(settings.timing.step, Duration::from_millis(10));
        assert_eq!(settings.timing.last, Timing::default().last, "what is not said stays");
        assert_eq!(settings.limits.global, None);
        assert_eq!((settings.slots, settings.picture_format), (Some(1), PictureFormat::Webp));
        assert_eq!(settings.limits.routes[0].rate.per, Duration::from_millis(9));
        assert!(settings.remix);
        assert_eq!(settings.rewriting, Rewriting { sref: true, links: false, ..Rewriting::default() });
    }
}
