//! How a job stands, for people: one line that moves on a terminal, plain lines elsewhere.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use journeyman::{Event, WatchedBy};

use super::{Terminal, tell};

/// Shows progress on stderr.
#[derive(Debug)]
pub(crate) enum Progress {
    /// A line that moves.
    Bar(ProgressBar),
    /// A line per change.
    Plain {
        /// The last line, so that nothing is told twice.
        last: String,
    },
}

impl Progress {
    /// What the terminal can show.
    pub(crate) fn on(terminal: Terminal) -> Self {
        if !terminal.moves {
            return Self::Plain { last: String::new() };
        }
        let bar = ProgressBar::new(100);
        // A template that cannot be read falls back to the library's own.
        if let Ok(style) = ProgressStyle::with_template("{spinner} [{bar:32}] {pos:>3}%  {msg}  {elapsed}") {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.enable_steady_tick(Duration::from_millis(120));
        Self::Bar(bar)
    }

    /// Tells an event.
    pub(crate) fn event(&mut self, event: &Event) {
        let words = words(event);
        match self {
            Self::Bar(bar) => {
                if let Event::Progress { percent, .. } = event {
                    bar.set_position(u64::from(*percent));
                }
                bar.set_message(words);
            }
            Self::Plain { last } if *last == words => {}
            Self::Plain { last } => {
                tell(&words);
                *last = words;
            }
        }
    }

    /// Fills the moving line, and leaves it there.
    pub(crate) fn finished(&self) {
        if let Self::Bar(bar) = self {
            bar.finish_with_message("finished");
            // The bar leaves the cursor behind itself, where the next line would begin.
            tell("");
        }
    }

    /// Takes the moving line of a job away that did not finish.
    pub(crate) fn failed(&self) {
        if let Self::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}

fn words(event: &Event) -> String {
    match event {
        Event::WatchedBy(WatchedBy::Gateway) => "connected to the gateway".to_owned(),
        Event::WatchedBy(WatchedBy::Polling) => {
            "reading the channel; the gateway is not connected".to_owned()
        }
        Event::WatchedBy(_) => "waiting for the gateway".to_owned(),
        Event::Submitted => "sent".to_owned(),
        Event::Accepted => "accepted by Discord".to_owned(),
        Event::Unsure => "no answer came; looking for the job instead of sending again".to_owned(),
        Event::FormOpened { .. } => "answering a form".to_owned(),
        Event::Waiting => "waiting to start".to_owned(),
        Event::Queued => "queued by Midjourney; it starts by itself".to_owned(),
        Event::Progress { percent, .. } => format!("rendering, {percent} %"),
        Event::Paused => "paused".to_owned(),
        Event::Vanished => "the progress message is gone; looking for the result".to_owned(),
        Event::Downloading => "fetching the images".to_owned(),
        Event::Saved { file } => format!("saved {}", file.display()),
        Event::FinishedLate(_) => "finished after it had been given up".to_owned(),
        Event::LateNotSaved { message } => {
            format!("finished after it had been given up, but not saved: {message}")
        }
        // The library may learn to tell more than this version knows how to say.
        _ => "working".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_bar_is_full_and_stays() {
        let bar = ProgressBar::hidden();
        bar.set_length(100);
        let mut progress = Progress::Bar(bar.clone());
        progress.event(&Event::Progress { percent: 93, preview: None });
        progress.event(&Event::Downloading);
        assert_eq!((bar.position(), bar.is_finished()), (93, false));
        progress.finished();
        assert_eq!((bar.position(), bar.is_finished()), (100, true));
        assert_eq!(bar.message(), "finished");
    }

    #[test]
    fn the_bar_of_a_job_that_failed_does_not_fill() {
        let bar = ProgressBar::hidden();
        bar.set_length(100);
        let mut progress = Progress::Bar(bar.clone());
        progress.event(&Event::Progress { percent: 31, preview: None });
        progress.failed();
        assert!(bar.is_finished() && bar.message() != "finished");
    }
}
