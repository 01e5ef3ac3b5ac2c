//! The one table of exit codes. It maps kinds of errors; it prints no error.

use std::fmt::Write as _;

use journeyman::ErrorKind;

/// Everything went well.
pub(crate) const OK: u8 = 0;
/// The command line, or its input, cannot be understood.
pub(crate) const USAGE: u8 = 2;
/// A recording is not replayed as it was recorded.
pub(crate) const DIFFERS: u8 = 45;
/// Stopped by Ctrl-C: what shells report for it (128 + 2).
pub(crate) const INTERRUPTED: u8 = 130;

/// One row: a kind, its code, and what the code means.
type Row = (ErrorKind, u8, &'static str);

/// Every kind of error has its own code.
const TABLE: &[Row] = &[
    (ErrorKind::Configuration, 3, "the configuration is missing something or contradicts itself"),
    (ErrorKind::InvalidPrompt, 4, "the prompt was refused before anything was sent"),
    (ErrorKind::Unreachable, 5, "Discord could not be reached; nothing was sent"),
    (ErrorKind::UpstreamFailed, 6, "Discord failed until the retries were used up"),
    (ErrorKind::Storage, 7, "a file could not be read or written"),
    (ErrorKind::Undecided, 8, "the request may or may not have been executed; it was not sent again"),
    (ErrorKind::Internal, 9, "a defect of this program"),
    (ErrorKind::PreModeration, 10, "the prompt was refused before the job began"),
    (ErrorKind::PostModeration, 11, "moderation stopped the running job"),
    (ErrorKind::EphemeralModeration, 12, "the job's message vanished and no image followed"),
    (ErrorKind::InvalidRequest, 13, "the request was refused as malformed"),
    (ErrorKind::QueueFull, 14, "the account's queue is full"),
    (ErrorKind::JobQueued, 15, "the job was queued, and --fail-if-queued was given"),
    (ErrorKind::JobFailed, 16, "the job crashed at Midjourney"),
    (ErrorKind::InteractionFailed, 17, "the bot did not answer Discord in time"),
    (ErrorKind::NoResponse, 18, "nothing was heard of the job within its deadline"),
    (ErrorKind::UnknownNotice, 19, "Midjourney sent a notice that this version does not know"),
    (ErrorKind::HumanVerification, 20, "a captcha: a human must act in Discord"),
    (ErrorKind::AccountActionRequired, 21, "a notice: a human must acknowledge it in Discord"),
    (ErrorKind::AccountBlocked, 22, "Midjourney has blocked the account"),
    (ErrorKind::SubscriptionRequired, 23, "the account has no active subscription"),
    (ErrorKind::CreditsExhausted, 24, "the account's fast hours are used up"),
    (ErrorKind::PlanRestricted, 25, "the plan or mode does not allow this request"),
    (ErrorKind::Cooldown, 26, "too soon for this image"),
    (ErrorKind::CommandOutdated, 30, "the command's version is outdated, even after a new discovery"),
    (ErrorKind::RateLimited, 31, "Discord asks for a longer wait than allowed"),
    (ErrorKind::Unauthorized, 32, "Discord refused the token or the access to the channel"),
    (ErrorKind::Cancelled, INTERRUPTED, "stopped by Ctrl-C; the job goes on and may be charged"),
];

/// Why a client under test gave no score.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unscored {
    CommandNotStarted,
    CommandFailed,
    NothingSent,
    OutOfTime,
}

/// As `TABLE`, for `sim score`.
const UNSCORED: &[(Unscored, u8, &str, &str)] = &[
    (Unscored::CommandNotStarted, 40, "CommandNotStarted", "sim score: the command could not be started"),
    (Unscored::CommandFailed, 41, "CommandFailed", "sim score: the command ended with an error"),
    (Unscored::NothingSent, 42, "NothingSent", "sim score: the command sent nothing to the simulator"),
    (Unscored::OutOfTime, 43, "OutOfTime", "sim score: the command did not end in time"),
];

impl Unscored {
    /// Its exit code.
    pub(crate) fn code(self) -> u8 {
        self.row().map_or_else(|| code(ErrorKind::Internal), |row| row.1)
    }

    /// Its name for programs.
    pub(crate) fn name(self) -> &'static str {
        self.row().map_or("Unscored", |row| row.2)
    }

    fn row(self) -> Option<&'static (Self, u8, &'static str, &'static str)> {
        UNSCORED.iter().find(|row| row.0 == self)
    }
}

/// The exit code of a kind.
pub(crate) fn code(kind: ErrorKind) -> u8 {
    let row = TABLE.iter().find(|(of, _, _)| *of == kind);
    row.map_or_else(|| code(ErrorKind::Internal), |(_, code, _)| *code)
}

/// The table as people read it.
pub(crate) fn table() -> String {
    let mut text = String::from("Exit codes of journeyman:\n\n");
    let mut line = |code: u8, name: &str, meaning: &str| {
        let _ = writeln!(text, "{code:>5}  {name:<22} {meaning}");
    };
    line(OK, "-", "everything went well");
    line(USAGE, "-", "the command line or its input cannot be understood");
    for (kind, code, meaning) in TABLE {
        line(*code, kind.name(), meaning);
    }
    for (_, code, name, meaning) in UNSCORED {
        line(*code, name, meaning);
    }
    line(DIFFERS, "-", "replay: the machines say otherwise than was recorded");
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_kind_has_a_code_of_its_own() {
        let kinds: BTreeSet<ErrorKind> = TABLE.iter().map(|(kind, _, _)| *kind).collect();
        for kind in ErrorKind::ALL {
            assert!(kinds.contains(kind), "{kind} has no exit code");
        }
        let unscored = UNSCORED.iter().map(|(why, code, ..)| {
            assert_eq!(why.code(), *code);
            *code
        });
        let codes: BTreeSet<u8> =
            TABLE.iter().map(|(_, code, _)| *code).chain([OK, USAGE, DIFFERS]).chain(unscored).collect();
        assert_eq!(codes.len(), TABLE.len() + 3 + UNSCORED.len(), "two kinds share a code");
        assert_eq!(kinds.len(), TABLE.len(), "a kind has two rows");
    }

    #[test]
    fn no_code_is_one_that_shells_use_themselves() {
        for (kind, code, _) in TABLE {
            assert!(*code == INTERRUPTED || (3..=125).contains(code), "{kind}");
        }
    }
}
