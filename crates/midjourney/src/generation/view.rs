//! What others may ask a generation. It changes nothing but what it is told of the channel.

use journeyman_model::{ApplicationId, MessageId};
use journeyman_moment::Moment;

use super::{Generation, State};
use crate::claim::{Claimant, Standing, Wants};
use crate::failure::FailureKind;
use crate::order::{Ask, Order};
use crate::outcome::Outcome;
use crate::sighting::{Button, EPHEMERAL};

impl Generation {
    /// What is asked.
    pub fn order(&self) -> &Order {
        &self.plan.order
    }

    /// Whether the results of the two could be taken for each other, so that they must not be unbound at
    /// once.
    pub fn is_confusable_with(&self, other: &Self) -> bool {
        if let (Some(own), Some(theirs)) = (&self.normalised, &other.normalised) {
            return own.is_confusable_with(theirs);
        }
        match (&self.plan.order.ask, &other.plan.order.ask) {
            (Ask::Command(own), Ask::Command(theirs)) => own.name == theirs.name,
            (Ask::Press(own), Ask::Press(theirs)) if own.on().message == theirs.on().message => {
                match (self.expect.images(), other.expect.images()) {
                    // The beginning of most jobs says nothing of what they are (capture of July 2023: a zoom).
                    (Some(own), Some(theirs)) => match (own.is_out_of_a_grid(), theirs.is_out_of_a_grid()) {
                        (true, true) => own.overlaps(&theirs),
                        (true, false) | (false, true) => false,
                        (false, false) => true,
                    },
                    _ => true,
                }
            }
            (Ask::Command(_) | Ask::Press(_), _) => false,
        }
    }

    /// The request's nonce.
    pub fn nonce(&self) -> &str {
        &self.plan.nonce
    }

    /// The progress message, once known; the final one after the end.
    pub fn message(&self) -> Option<MessageId> {
        let last = match self.outcome() {
            Some(Outcome::Finished(finished)) => finished.message,
            _ => None,
        };
        last.or(self.seen.message)
    }

    /// Midjourney's job id, once known.
    pub fn job_id(&self) -> Option<&str> {
        self.seen.job_id.as_deref()
    }

    /// How it ended.
    pub fn outcome(&self) -> Option<&Outcome> {
        if let State::Ended(outcome) = &self.state { Some(outcome) } else { None }
    }

    /// Whether it waits for its turn to be sent.
    pub fn waits_for_turn(&self) -> bool {
        self.state == State::WaitingForTurn
    }

    /// Whether it needs to know the newest message of the channel.
    pub fn waits_for_baseline(&self) -> bool {
        self.state == State::WaitingForBaseline
    }

    /// Whether its request has left, or may have, and its end is not known.
    pub fn is_out(&self) -> bool {
        matches!(self.state, State::Sending | State::Watching { .. })
    }

    /// Whether its request is on its way and Discord has not answered.
    pub fn is_sending(&self) -> bool {
        self.state == State::Sending
    }

    /// The message after which everything of it came, for one that still wants something.
    pub fn began_after(&self) -> Option<MessageId> {
        self.standing()?;
        // Where the channel was empty, everything came after.
        Some(self.seen.baseline.unwrap_or(MessageId::new(0)))
    }

    /// Whether a sign of it was seen and it has not ended: it holds one of Midjourney's slots.
    pub fn is_running(&self) -> bool {
        self.is_out() && self.seen.sign
    }

    /// Whether its request is out and it cannot yet be told from an equal one.
    pub fn is_unbound(&self) -> bool {
        match self.state {
            State::WaitingForTurn | State::Ended(_) => false,
            State::WaitingForBaseline => true,
            State::Sending | State::Watching { .. } => self.seen.job_id.is_none(),
        }
    }

    /// How much it still claims of what is seen; `None` for nothing.
    ///
    /// A cancelled one whose job goes on claims its late final too, so that it is not taken for
    /// the result of a prompt that is merely alike.
    pub fn standing(&self) -> Option<Standing> {
        let is_cancelled =
            matches!(self.outcome(), Some(Outcome::Cancelled { may_be_charged: true })) && !self.spent;
        if self.is_out() {
            Some(Standing::Live)
        } else if is_cancelled || self.awaits_late_result() {
            Some(Standing::Late)
        } else {
            None
        }
    }

    /// Whether it was given up without an end of its own, and a late final still finishes it.
    pub fn awaits_late_result(&self) -> bool {
        match self.outcome() {
            Some(Outcome::Undecided { .. }) => true,
            Some(Outcome::Failed(failure)) => {
                let is_silence = matches!(
                    failure.kind,
                    FailureKind::NoResponse | FailureKind::EphemeralModeration | FailureKind::JobQueued
                );
                is_silence || self.lost
            }
            _ => false,
        }
    }

    /// The progress message, who wrote it, its flags, and what may be pressed on it.
    pub fn progress_panel(&self) -> Option<(MessageId, Option<ApplicationId>, u64, &[Button])> {
        let flags = if self.seen.ephemeral { EPHEMERAL } else { 0 };
        let buttons = self.seen.buttons.as_slice();
        Some((self.seen.message?, self.seen.application, flags, buttons)).filter(|_| !buttons.is_empty())
    }

    /// Whether its progress message is one that reading the channel never shows.
    pub fn is_ephemeral(&self) -> bool {
        self.seen.ephemeral
    }

    /// When its silence is to be decided by a look; `None` when it is not out.
    pub fn decides_at(&self) -> Option<Moment> {
        match &self.state {
            State::Watching { vanished: Some(vanished), .. } => {
                Some(vanished.since + self.plan.deadlines.grace)
            }
            State::Watching { vanished: None, .. } => Some(self.deadline),
            State::WaitingForTurn | State::WaitingForBaseline | State::Sending | State::Ended(_) => None,
        }
    }

    /// This generation as one that may own a sighting.
    pub fn claimant(&self, standing: Standing) -> Claimant<'_> {
        Claimant {
            nonces: [&self.plan.nonce, &self.plan.form_nonce],
            interaction: self.seen.interaction,
            message: self.seen.message,
            job_id: self.seen.job_id.as_deref(),
            baseline: self.seen.baseline,
            wants: self.wants(),
            standing,
        }
    }

    fn wants(&self) -> Wants<'_> {
        match (&self.normalised, &self.plan.order.ask) {
            (Some(prompt), _) => Wants::Prompt(prompt),
            (None, Ask::Press(press)) => Wants::Press { parent: press.on().message, expect: self.expect },
            (None, Ask::Command(invocation)) => Wants::Command(&invocation.name),
        }
    }

    /// The nonce of a form's answer.
    pub fn form_nonce(&self) -> &str {
        &self.plan.form_nonce
    }

    /// When waiting ends regardless, and with it the claim on a late result.
    pub fn cap(&self) -> Moment {
        self.cap
    }

    /// Tells that progress messages can, or cannot, be seen in this channel.
    pub fn set_progress_visible(&mut self, now: Moment, visible: bool) {
        self.plan.progress_visible = visible;
        if self.is_out() && !self.seen.sign {
            self.deadline = now + self.patience();
        }
    }
}
