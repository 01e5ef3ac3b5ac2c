//! What is no plain image: answers that end an order, and forms that a press opens. It sends nothing.

use super::{Generation, Output, Report, State};
use crate::expect::{AnswerKind, Expect};
use crate::failure::{Failure, FailureKind};
use crate::modal::Modal;
use crate::outcome::Outcome;
use crate::sighting::{Meaning, Sighting};

impl Generation {
    /// Whether a sighting is all that was asked for, without being the images of a job.
    pub(super) fn is_answered_by(&self, sighting: &Sighting) -> bool {
        // To an unknown notice, as /help is one, a command is right to have been answered.
        let is_failure = matches!(&sighting.meaning, Meaning::Failed(failure) if failure.kind != FailureKind::UnknownNotice);
        match self.expect {
            Expect::Acknowledgement => sighting.meaning == Meaning::Acknowledged,
            Expect::Answer(AnswerKind::Shown) => sighting.meaning == Meaning::Finished,
            Expect::Answer(_) => sighting.reply.is_some() && !is_failure,
            Expect::Unknown => sighting.reply.is_some() && !matches!(sighting.meaning, Meaning::Failed(_)),
            Expect::Images(_) | Expect::Modal { .. } | Expect::Page { .. } => false,
        }
    }

    /// A form is answered as the caller said beforehand; there is no time to ask.
    pub(super) fn on_form(&mut self, modal: &Modal) {
        if self.seen.asked || !matches!(self.state, State::Sending | State::Watching { .. }) {
            return;
        }
        self.seen.asked = true;
        // What comes now belongs to another interaction.
        self.seen.interaction = None;
        match self.plan.order.answer(modal.clone()) {
            Ok(answered) => {
                self.state = State::Sending;
                self.outputs.push_back(Output::Journal);
                self.outputs.push_back(Output::Report(Report::FormOpened { title: modal.title.clone() }));
                self.outputs.push_back(Output::Answer(answered));
            }
            Err(why) => {
                let mut failure = Failure::new(FailureKind::InvalidRequest);
                failure.notice.text = Some(why);
                self.end(Outcome::Failed(failure));
            }
        }
    }

    /// Whether a form must come first, and has not.
    pub(super) fn awaits_form(&self) -> bool {
        matches!(self.expect, Expect::Modal { .. } | Expect::Page { .. }) && !self.seen.asked
    }

    /// Somebody presses Cancel Job for it: being stopped is no moderation then.
    pub fn expect_stop(&mut self) {
        self.seen.cancelled = true;
    }
}
