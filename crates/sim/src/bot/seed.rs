//! Seeds of jobs, told in a direct message.
//!
//! They are made up: nothing is drawn from them.

use std::time::Duration;

use serde_json::Value;

use super::{Bot, Job, Stage};
use crate::account::User;
use crate::caption;
use crate::message::Draft;

impl Bot {
    /// Tells a job's seed to the account whose job it is.
    ///
    /// Real: the text (zenghr0820's fork of trueai). Inferred: nobody else is told, and it comes at once.
    pub(crate) fn tell_seed(&mut self, stage: &mut Stage<'_>, at: Duration, user: &User, message: &Value) {
        let Some(job) = self.job_shown(message).filter(|job| job.order.user.id == user.id) else { return };
        let content = format!("**{}**\n**Job ID**: {}\n**seed** {}", job.shown(), job.id, seed(job));
        let channel_id = stage.discord.direct_channel(at, user.id);
        stage.discord.post(at, channel_id, Draft { content, ..Draft::of_bot(job.order.application) }, None);
    }

    /// The job whose result a message shows, read from its buttons.
    fn job_shown(&self, message: &Value) -> Option<&Job> {
        let rows = message["components"].as_array().into_iter().flatten();
        let mut ids = rows.filter_map(|row| row["components"].as_array()).flatten();
        ids.find_map(|button| button["custom_id"].as_str()?.split("::").find_map(|part| self.job_of(part)))
    }
}

/// The prompt's `--seed`, else one that depends on the job.
fn seed(job: &Job) -> u64 {
    let given = job.shown().split_whitespace().skip_while(|word| *word != "--seed").nth(1);
    let made = caption::fold(0, &job.id) & 0xffff_ffff;
    given.and_then(|seed| seed.parse().ok()).unwrap_or(made)
}
