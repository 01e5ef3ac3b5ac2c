//! The flags of what looks after the store: `jobs`, `store`, `stats`, `audit`. What they do is theirs.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand, ValueHint};
use journeyman_jobs::job::State;

#[derive(Debug, Args)]
pub(crate) struct Kept {
    /// The file in which jobs are kept. Default: as configured, else in the platform's data folder.
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath)]
    pub(crate) store: Option<PathBuf>,
}

/// Where to look, and how to tell it.
#[derive(Debug, Args)]
pub(crate) struct Telling {
    #[command(flatten)]
    pub(crate) kept: Kept,
    /// Print JSON objects, one a line.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Jobs {
    /// List jobs, and count them by state.
    List(List),
    /// Show one job: what was asked, how it stands, its files, its charges, and a drawing of its time.
    Show(One),
    /// End jobs. What was sent already may go on at Midjourney, and be charged: it is told.
    Cancel {
        #[command(flatten)]
        chosen: Chosen,
        #[command(flatten)]
        telling: Telling,
    },
    /// Begin failed and cancelled jobs again. What is paid and only lacks its files is not sent again.
    Retry {
        #[command(flatten)]
        chosen: Chosen,
        /// Of a batch, those that failed; cancelled ones stay so.
        #[arg(long, requires = "batch")]
        failed: bool,
        #[command(flatten)]
        telling: Telling,
    },
    /// Decide a job that is unknown: it may have been executed, and nothing that the program sees tells.
    ///
    /// Look into the channel first. The evidence is printed in any case; without --why nothing is decided.
    Resolve {
        /// The job's number.
        id: u64,
        /// What it is. `send-again` may be paid twice, if it was executed after all.
        #[arg(long = "as", value_name = "WHAT", value_parser = PossibleValuesParser::new(["finished", "failed", "send-again"]))]
        to: String,
        /// How you know; it stays in the job's history.
        #[arg(long, value_name = "TEXT")]
        why: Option<String>,
        #[command(flatten)]
        telling: Telling,
    },
    /// Begin nothing more of the queue, an account or a batch. What is out goes on to its end.
    Pause {
        #[command(flatten)]
        scope: Scoped,
        /// Why, for whoever finds it paused.
        #[arg(long, value_name = "TEXT")]
        why: Option<String>,
        #[command(flatten)]
        telling: Telling,
    },
    /// End a pause, also one that an error of the account's began.
    Resume {
        #[command(flatten)]
        scope: Scoped,
        #[command(flatten)]
        telling: Telling,
    },
    /// Follow a job until it is over, whichever process works on it. Ends in its error's exit code.
    Watch(One),
    /// Really remove jobs that are over, with their prompts and history. Images on disk stay.
    Purge {
        /// The jobs' numbers.
        #[arg(value_name = "ID", required_unless_present = "older_than")]
        ids: Vec<u64>,
        /// Those that ended longer ago than this, such as 30d, 12h or 90m, with all their steps; unknown ones stay.
        #[arg(long, value_name = "AGE", value_parser = age, conflicts_with = "ids")]
        older_than: Option<Duration>,
        #[command(flatten)]
        telling: Telling,
    },
}

#[derive(Debug, Args)]
pub(crate) struct List {
    /// Only jobs in this state; may be given several times.
    #[arg(long, value_parser = PossibleValuesParser::new(State::ALL.iter().map(|state| state.name())))]
    pub(crate) state: Vec<String>,
    /// Only jobs of this batch.
    #[arg(long)]
    pub(crate) batch: Option<String>,
    /// Only jobs of this account.
    #[arg(long, value_name = "NAME")]
    pub(crate) account: Option<String>,
    /// Only jobs with this in their title, whatever its case.
    #[arg(long)]
    pub(crate) text: Option<String>,
    /// At most so many, the last ones.
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) last: u32,
    #[command(flatten)]
    pub(crate) telling: Telling,
}

#[derive(Debug, Args)]
pub(crate) struct One {
    /// The job's number.
    pub(crate) id: u64,
    #[command(flatten)]
    pub(crate) telling: Telling,
}

/// Which jobs.
#[derive(Debug, Args)]
pub(crate) struct Chosen {
    /// The jobs' numbers.
    #[arg(value_name = "ID", required_unless_present = "batch")]
    pub(crate) ids: Vec<u64>,
    /// All jobs of this batch.
    #[arg(long, conflicts_with = "ids")]
    pub(crate) batch: Option<String>,
}

/// What a pause is over: the whole queue, unless one of these is given.
#[derive(Debug, Args)]
pub(crate) struct Scoped {
    /// This account alone.
    #[arg(long, value_name = "NAME", conflicts_with = "batch")]
    pub(crate) account: Option<String>,
    /// This batch alone.
    #[arg(long)]
    pub(crate) batch: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Store {
    /// Look at every page, index and count of the file. Ends in 7 where something is wrong.
    Check(Telling),
    /// Write a copy of the file as it is now, while others go on.
    Backup {
        /// A file that is not there yet.
        #[arg(value_hint = ValueHint::FilePath)]
        file: PathBuf,
        #[command(flatten)]
        telling: Telling,
    },
    /// Write every job with its history and charges, as JSON lines.
    Export {
        /// A file that is not there yet; standard output unless given.
        #[arg(value_hint = ValueHint::FilePath)]
        file: Option<PathBuf>,
        #[command(flatten)]
        kept: Kept,
    },
    /// Really remove old jobs that are over, with their steps, oldest first. Unknown ones and images on disk stay.
    Prune {
        /// Those that ended longer ago than this, such as 30d, 12h or 90m.
        #[arg(long, value_name = "AGE", value_parser = age, required_unless_present = "keep_bytes")]
        older_than: Option<Duration>,
        /// As many as it takes until the file needs no more than this, such as 500M or 2G.
        #[arg(long, value_name = "SIZE", value_parser = size)]
        keep_bytes: Option<u64>,
        #[command(flatten)]
        telling: Telling,
    },
    /// Print where the file is, or would be.
    Path(Kept),
}

#[derive(Debug, Args)]
pub(crate) struct Stats {
    /// From how long ago, such as 24h or 30d; by the hour.
    #[arg(long, value_name = "AGE", default_value = "24h", value_parser = age)]
    pub(crate) since: Duration,
    #[command(flatten)]
    pub(crate) telling: Telling,
}

#[derive(Debug, Args)]
pub(crate) struct Audit {
    #[command(flatten)]
    pub(crate) telling: Telling,
}

/// A span such as `30d`.
fn age(text: &str) -> Result<Duration, String> {
    let wanted = || "expected a number and s, m, h, d or w, such as 30d".to_owned();
    let unit = match text.chars().last() {
        Some('s') => 1,
        Some('m') => 60,
        Some('h') => 3_600,
        Some('d') => 86_400,
        Some('w') => 604_800,
        Some(_) | None => return Err(wanted()),
    };
    let number = text.get(..text.len() - 1).and_then(|number| number.parse::<u64>().ok());
    // What is older than a century is older than any job.
    let seconds =
        number.and_then(|number| number.checked_mul(unit)).filter(|seconds| *seconds <= 3_155_760_000);
    seconds.map(Duration::from_secs).ok_or_else(wanted)
}

/// A size such as `500M`.
fn size(text: &str) -> Result<u64, String> {
    let (number, power) = match text.chars().last() {
        Some('k' | 'K') => (&text[..text.len() - 1], 1),
        Some('M') => (&text[..text.len() - 1], 2),
        Some('G') => (&text[..text.len() - 1], 3),
        Some(_) | None => (text, 0),
    };
    let bytes = number.parse::<u64>().ok().and_then(|number| number.checked_mul(1_000_u64.pow(power)));
    bytes.ok_or_else(|| "expected bytes, or a number and k, M or G, such as 500M".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_a_number_with_its_unit() {
        assert_eq!(age("30d"), Ok(Duration::from_hours(720)));
        assert_eq!(age("90m"), Ok(Duration::from_mins(90)));
        for bad in ["", "30", "d", "-1d", "1.5h", "30 d", "99999999999w", "3é"] {
            assert!(age(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_size_is_a_number_with_a_power_of_a_thousand() {
        assert_eq!(size("500M"), Ok(500_000_000));
        assert_eq!(size("12"), Ok(12));
        for bad in ["", "M", "-1", "1.5G", "99999999999999G", "3é"] {
            assert!(size(bad).is_err(), "{bad}");
        }
    }
}
