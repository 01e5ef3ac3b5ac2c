//! What is wrong with a prompt, before it costs anything: errors, warnings, and what it will make.
//!
//! An error is what the bot is known to refuse; what nobody verified only warns. It judges no words:
//! that is `screen`'s subject.

mod body;
mod code;
mod given;
mod link;
mod value;

use std::fmt;

pub use code::{Code, Severity};

use crate::cost::{Cost, Order};
use crate::permutation;
use crate::prompt::{InvalidPrompt, Prompt};
use crate::sighting::Mode;
use crate::syntax::{Given, Span, Syntax};
use crate::version::Version;

/// What a prompt means depends on the account, and on the time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LintSettings {
    /// The account's default version; `None` where it is not known, and then no version is missed.
    pub version: Option<Version>,
    /// The account's default speed; `None` where it is not known.
    pub mode: Option<Mode>,
    /// The time in Unix seconds, to tell which links are expired; `None` to tell of none.
    pub now: Option<i64>,
    /// More jobs from one prompt than this are told. Default 40, what the largest plans take
    /// (Midjourney's documentation; Basic takes 4, Standard 10).
    pub most_jobs: u64,
}

impl Default for LintSettings {
    fn default() -> Self {
        Self { version: None, mode: None, now: None, most_jobs: 40 }
    }
}

/// What is known of a prompt before it is sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Lint {
    /// What is wrong, by place.
    pub findings: Vec<Finding>,
    /// How many jobs it makes: choices of alternatives, times `--repeat`.
    pub jobs: u64,
    /// Its speed; `None` where neither the prompt nor the settings say.
    pub mode: Option<Mode>,
    /// Whether it is a draft.
    pub is_draft: bool,
    /// Its version; `None` where neither the prompt nor the settings say.
    pub version: Option<Version>,
    /// An estimate of what it costs.
    pub cost: Cost,
    /// The prompt as it is sent: one space for each gap, two hyphens for a long dash.
    pub normalised: String,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What, for programs.
    pub code: Code,
    /// Whether the bot is known to refuse it.
    pub severity: Severity,
    /// Where, in bytes of the text that was judged.
    pub span: Span,
    /// What, for people: a fragment without a period.
    pub message: String,
    /// What to do.
    pub suggestion: Option<Suggestion>,
}

/// What to do about a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// In words: a fragment without a period.
    pub words: String,
    /// What to write there instead, where that is known.
    pub replacement: Option<(Span, String)>,
}

impl Lint {
    /// The findings that the bot is known to refuse.
    pub fn errors(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.severity == Severity::Error)
    }

    /// The findings that may be a slip.
    pub fn warnings(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.severity == Severity::Warning)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        self.suggestion.iter().try_for_each(|suggestion| write!(f, ": {}", suggestion.words))
    }
}

/// Judges a prompt as it was typed.
///
/// ```
/// use journeyman_midjourney::lint::{Code, LintSettings, lint};
///
/// let lint = lint("a {red, blue} bird --arr 3:2", &LintSettings::default());
/// assert_eq!(lint.jobs, 2);
/// let finding = lint.errors().next().unwrap();
/// assert_eq!((finding.code, finding.span.clone()), (Code::UnknownParameter, 19..24));
/// assert_eq!(finding.suggestion.as_ref().unwrap().words, "did you mean --ar?");
/// ```
pub fn lint(text: &str, settings: &LintSettings) -> Lint {
    let mut report = Report::default();
    as_a_whole(text, &mut report);
    // A text that is no prompt by its length alone is not read: it may be a file.
    let syntax = Syntax::parse(if text.len() > MOST_BYTES { "" } else { text });
    let (body, given) = syntax.split();
    let facts = Facts::of(&syntax, &given, settings);
    body::check(&syntax, body, &facts, settings, &mut report);
    given::check(syntax.pieces(), body, &facts, &mut report);
    jobs(text, &given, &facts, settings, &mut report);
    let mut findings = report.0;
    findings.sort_by_key(|finding| (finding.span.start, finding.span.end, finding.code));
    findings.dedup();
    Lint {
        findings,
        jobs: facts.order.jobs,
        mode: facts.order.mode,
        is_draft: facts.order.is_draft,
        version: facts.version,
        cost: Cost::of(&facts.order),
        normalised: Prompt::parse(text).to_string(),
    }
}

/// Twice what a prompt may have, in bytes of the longest characters.
const MOST_BYTES: usize = 2 * 4 * crate::prompt::LONGEST;

/// What the checks found so far.
#[derive(Default)]
struct Report(Vec<Finding>);

impl Report {
    fn add(&mut self, code: Code, severity: Severity, span: Span, message: String) -> &mut Finding {
        let at = self.0.len();
        self.0.push(Finding { code, severity, span, message, suggestion: None });
        &mut self.0[at]
    }

    fn error(&mut self, code: Code, span: Span, message: String) -> &mut Finding {
        self.add(code, Severity::Error, span, message)
    }

    fn warn(&mut self, code: Code, span: Span, message: String) -> &mut Finding {
        self.add(code, Severity::Warning, span, message)
    }
}

impl Finding {
    fn suggest(&mut self, words: impl Into<String>) {
        self.suggestion = Some(Suggestion { words: words.into(), replacement: None });
    }

    /// Suggests to write something else in a place.
    fn replace(&mut self, words: impl Into<String>, span: Span, with: impl Into<String>) {
        self.suggestion = Some(Suggestion { words: words.into(), replacement: Some((span, with.into())) });
    }
}

/// What the prompt says of itself, or the settings say for it.
struct Facts {
    version: Option<Version>,
    order: Order,
}

impl Facts {
    fn of(syntax: &Syntax, given: &[Given<'_>], settings: &LintSettings) -> Self {
        let mut order = Order { jobs: permutation::jobs(syntax), mode: settings.mode, ..Order::default() };
        let mut version = settings.version;
        for given in given {
            let value = given.value_text();
            let first = value.split_whitespace().next().unwrap_or_default();
            let name = crate::parameter::rows(given.name).next().map_or("", |row| row.name);
            match name {
                "fast" => order.mode = Some(Mode::Fast),
                "relax" => order.mode = Some(Mode::Relaxed),
                "turbo" => order.mode = Some(Mode::Turbo),
                "draft" => order.is_draft = true,
                "q" => order.quality = first.parse().unwrap_or(1.0),
                "stop" => order.stop = first.parse::<f64>().map_or(1.0, |percent| percent / 100.0),
                "ar" => {
                    order.is_wide_or_tall = value::ratio(first).is_none_or(|(width, height)| width != height);
                }
                "oref" => order.has_omni_reference = true,
                "video" => order.is_video = true,
                // Braces, a version of the future or a niji without a number: not known.
                "v" | "niji" => version = Version::of_number(first, name == "niji"),
                _ => {}
            }
        }
        Self { version, order }
    }
}

/// Empty or longer than Discord takes.
fn as_a_whole(text: &str, report: &mut Report) {
    match Prompt::try_new(text) {
        Ok(_) => {}
        Err(why @ InvalidPrompt::Empty) => {
            report.error(Code::Empty, 0..text.len(), why.to_string()).suggest(why.hint());
        }
        Err(why @ InvalidPrompt::TooLong { .. }) => {
            let limit = text.char_indices().nth(crate::prompt::LONGEST).map_or(text.len(), |(at, _)| at);
            report.error(Code::TooLong, limit..text.len(), why.to_string()).suggest(why.hint());
        }
    }
}

/// Several jobs: refused in relax, and limited by the plan.
fn jobs(text: &str, given: &[Given<'_>], facts: &Facts, settings: &LintSettings, report: &mut Report) {
    let jobs = facts.order.jobs;
    if jobs > 1 && facts.order.mode == Some(Mode::Relaxed) {
        let flag = given.iter().rfind(|given| given.name.eq_ignore_ascii_case("relax"));
        let span = flag.map_or(0..text.len(), |flag| flag.piece.span.clone());
        let message =
            format!("it makes {jobs} jobs, and relax mode takes no batches (\"Job action restricted\")");
        report.error(Code::BatchInRelax, span, message).suggest("send each by itself, or with --fast");
    }
    if jobs > settings.most_jobs {
        let message =
            format!("it makes {jobs} jobs, more than a plan takes from one prompt ({})", settings.most_jobs);
        report
            .warn(Code::ManyJobs, 0..text.len(), message)
            .suggest("leave out alternatives, or lower --repeat");
    }
}
