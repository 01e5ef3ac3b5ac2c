//! What people and programs see: data on stdout, everything else on stderr. It decides nothing.

mod batch;
mod job;
mod json;
mod lint;
mod panel;
mod picture;
mod progress;
mod reply;
mod score;
mod screen;
mod steps;
mod summary;

use std::io::{IsTerminal as _, Write as _};

use journeyman::ErrorKind;

pub(crate) use batch::{
    BatchTotals, changes_object, changes_text, object as batch_object, problem_object, problem_text,
    several_jobs, slip_object, slip_text, text as batch_text,
};
pub(crate) use job::{
    Standing, charge_object, charge_text, job_object, note_object, plain, span, table, timeline, utc,
};
pub(crate) use json::{Lines, line, of_error, of_finished};
pub(crate) use lint::{Paint, findings, object as lint_object, summary as lint_summary};
pub(crate) use panel::{object as panel_object, text as panel_text};
pub(crate) use picture::draw;
pub(crate) use progress::Progress;
pub(crate) use reply::text as reply_text;
pub(crate) use score::score;
pub(crate) use screen::{hit, object as screening_object, opinion};
pub(crate) use steps::Steps;
pub(crate) use summary::{object as summary_object, text as summary_text};

use crate::config::Environment;
use crate::error::Error;

/// What the terminal can do.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terminal {
    /// Whether a person sees stderr, so that a line may move.
    pub(crate) moves: bool,
    /// Whether it shows pictures of coloured half blocks.
    pub(crate) pictures: bool,
}

impl Terminal {
    /// What stderr and the environment say.
    pub(crate) fn of(environment: &Environment) -> Self {
        let dumb = environment.get("TERM") == Some("dumb");
        let moves = std::io::stderr().is_terminal() && !dumb;
        let truecolour = matches!(environment.get("COLORTERM"), Some("truecolor" | "24bit"));
        Self { moves, pictures: moves && truecolour && !environment.has("NO_COLOR") }
    }
}

/// Prints data. A reader that has gone, as `head` goes, is no error.
pub(crate) fn print(text: &str) -> Result<(), Error> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(why) if why.kind() != std::io::ErrorKind::BrokenPipe => {
            let error =
                journeyman::Error::new(ErrorKind::Storage, "write to standard output").with_source(why);
            Err(error.with_hint("check where the output goes, and the free space there").into())
        }
        _ => Ok(()),
    }
}

/// Tells people some lines on stderr, where there are any.
pub(crate) fn tell_lines(text: &str) {
    if !text.is_empty() {
        tell(text.trim_end());
    }
}

/// Tells people something, on stderr.
pub(crate) fn tell(text: &str) {
    // Nobody is left to tell when stderr is closed.
    let _ = writeln!(std::io::stderr(), "{text}");
}
