//! What a check found, collected so that one run names everything. It decides nothing about what is wrong.

use std::fmt::Display;
use std::io::Write as _;
use std::process::ExitCode;

/// Everything that a task found wrong, and how much it looked at.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    wrong: Vec<String>,
    looked_at: usize,
}

impl Findings {
    /// Counts one thing that was looked at, so that a check of nothing shows.
    pub(crate) fn look(&mut self) {
        self.looked_at += 1;
    }

    /// Notes one thing that is wrong.
    pub(crate) fn wrong(&mut self, what: impl Display) {
        self.wrong.push(what.to_string());
    }

    /// Everything found so far.
    #[cfg(test)]
    pub(crate) fn all(&self) -> &[String] {
        &self.wrong
    }

    /// Prints the findings and turns them into an exit code.
    pub(crate) fn report(&self, task: &str) -> ExitCode {
        let mut err = std::io::stderr().lock();
        for finding in &self.wrong {
            let _ = writeln!(err, "error: {finding}");
        }
        if self.wrong.is_empty() && self.looked_at > 0 {
            // Standard output is for what a task measures.
            let _ = writeln!(err, "xtask {task}: {} looked at, nothing wrong", self.looked_at);
            return ExitCode::SUCCESS;
        }
        let _ = writeln!(err, "xtask {task}: {} wrong of {} looked at", self.wrong.len(), self.looked_at);
        ExitCode::FAILURE
    }
}
