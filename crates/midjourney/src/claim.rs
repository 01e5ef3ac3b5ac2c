//! Whose sighting is it? By nonce, interaction, reference, job id; by prompt last, and only when unambiguous.
//!
//! It changes nothing: the caller feeds the sighting to the generation that owns it.

use journeyman_model::{InteractionId, MessageId, UserId};

use crate::normalise::Normalised;
use crate::sighting::{Action, Meaning, Sighting};

/// What is known of one generation that may own a sighting.
#[derive(Debug, Clone)]
pub struct Claimant<'a> {
    /// The nonce its request carried.
    pub nonce: &'a str,
    /// Its interaction, once known.
    pub interaction: Option<InteractionId>,
    /// Its progress message, once known.
    pub message: Option<MessageId>,
    /// Its job id, once known.
    pub job_id: Option<&'a str>,
    /// The newest message of the channel before its request left.
    pub baseline: Option<MessageId>,
    /// Its prompt as sent.
    pub prompt: &'a Normalised,
    /// Whether it still waits, or ended by silence and only a late result counts.
    pub standing: Standing,
}

/// How much a generation still wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// It waits for its signs.
    Live,
    /// It was given up; a late final still belongs to it.
    Late,
}

/// By which key a sighting was bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// The nonce echoed by Discord.
    Nonce,
    /// The interaction's id.
    Interaction,
    /// The message is one that was bound before.
    Message,
    /// A reply to a message that was bound before.
    Reference,
    /// The job id.
    JobId,
    /// The prompt, unambiguously.
    Prompt,
    /// A notice that names no prompt, and only one generation was waiting for its first sign.
    Alone,
}

/// Who owns a sighting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// The claimant with this index.
    Owner(usize, By),
    /// None of them.
    Nobody,
    /// More than one could; it is given to none.
    Ambiguous,
}

/// Finds the owner of `sighting` among `claimants`; `user` is our own account, where known.
pub fn claim(sighting: &Sighting, user: Option<UserId>, claimants: &[Claimant<'_>]) -> Claim {
    by_strong_key(sighting, claimants).unwrap_or_else(|| by_prompt(sighting, user, claimants))
}

fn by_strong_key(sighting: &Sighting, claimants: &[Claimant<'_>]) -> Option<Claim> {
    let keys = &sighting.keys;
    let find = |by: By, test: &dyn Fn(&Claimant<'_>) -> bool| {
        claimants.iter().position(test).map(|index| Claim::Owner(index, by))
    };
    if let Some(nonce) = &keys.nonce
        && let Some(found) = find(By::Nonce, &|one| one.nonce == nonce)
    {
        return Some(found);
    }
    if let Some(interaction) = keys.interaction
        && let Some(found) = find(By::Interaction, &|one| one.interaction == Some(interaction))
    {
        return Some(found);
    }
    if let Some(message) = keys.message
        && let Some(found) = find(By::Message, &|one| one.message == Some(message))
    {
        return Some(found);
    }
    // A reply to a progress message speaks of that job. A finished grid is nobody's
    // progress message, so an upscale of it is not taken for the job itself.
    if let Some(reference) = keys.reference
        && let Some(found) = find(By::Reference, &|one| one.message == Some(reference))
    {
        return Some(found);
    }
    let job_id = keys.job_id.as_deref()?;
    find(By::JobId, &|one| one.job_id == Some(job_id))
}

fn by_prompt(sighting: &Sighting, user: Option<UserId>, claimants: &[Claimant<'_>]) -> Claim {
    // Who does not know who they are cannot tell other people's messages from their own.
    let Some(user) = user else { return Claim::Nobody };
    if !is_about_an_imagine(sighting) || is_somebody_elses(sighting, user) {
        return Claim::Nobody;
    }
    let shown = sighting.prompt.as_deref().map(Normalised::of);
    // The prompt that explains most of what is shown comes first; then one that is still waited
    // for; then the eldest. Two that are still waited for are never equal (they take turns), so
    // where they are, something is wrong and neither gets it.
    let mut fitting: Vec<(usize, Standing, usize)> = claimants
        .iter()
        .enumerate()
        .filter(|(_, one)| may_own(one, sighting) && fits(one, sighting, shown.as_ref()))
        .map(|(index, one)| (unexplained(one, shown.as_ref()), one.standing, index))
        .collect();
    fitting.sort_unstable();
    match fitting.as_slice() {
        [] => Claim::Nobody,
        [first, second, ..] if first.1 == Standing::Live && (first.0, first.1) == (second.0, second.1) => {
            Claim::Ambiguous
        }
        [(_, _, index), ..] => {
            let by = if shown.is_some() { By::Prompt } else { By::Alone };
            Claim::Owner(*index, by)
        }
    }
}

/// How many of the shown parameters the claimant did not send.
fn unexplained(one: &Claimant<'_>, shown: Option<&Normalised>) -> usize {
    shown.map_or(0, |shown| one.prompt.unsent(shown))
}

/// Upscales, variations and the like echo the prompt too, and are not the imagine itself. A reply
/// without a verb is the beginning of one of those (capture of 2023-07: a zoom).
fn is_about_an_imagine(sighting: &Sighting) -> bool {
    let keys = &sighting.keys;
    let command = keys.command.as_deref().is_none_or(|name| name == "imagine");
    let action = match sighting.action {
        Some(action) => action == Action::Imagine,
        None => keys.reference.is_none(),
    };
    command && action
}

fn is_somebody_elses(sighting: &Sighting, user: UserId) -> bool {
    let named = [sighting.keys.interaction_user, sighting.keys.mentioned];
    named.into_iter().flatten().any(|named| named != user)
}

/// Whether nothing that is known of the claimant contradicts the sighting.
fn may_own(one: &Claimant<'_>, sighting: &Sighting) -> bool {
    let keys = &sighting.keys;
    let is_newer = keys.message.is_none_or(|message| one.baseline.is_none_or(|baseline| message > baseline));
    let same_job = match (one.job_id, keys.job_id.as_deref()) {
        (Some(ours), Some(theirs)) => ours == theirs,
        _ => true,
    };
    // A claimant that has its progress message can only get its end by prompt, not a second beginning.
    let is_end = matches!(sighting.meaning, Meaning::Finished);
    is_newer && same_job && (one.message.is_none() || is_end)
}

fn fits(one: &Claimant<'_>, sighting: &Sighting, shown: Option<&Normalised>) -> bool {
    match (&sighting.meaning, shown) {
        (Meaning::Failed(_) | Meaning::Queued, None) => {
            // Only a notice that is surely ours may be bound without a prompt.
            sighting.keys.interaction_user.is_some() && one.standing == Standing::Live
        }
        (Meaning::Finished, Some(shown)) => one.prompt.matches(shown),
        (
            Meaning::Waiting
            | Meaning::Progress { .. }
            | Meaning::Paused
            | Meaning::Stopped
            | Meaning::Queued
            | Meaning::Failed(_),
            Some(shown),
        ) => one.standing == Standing::Live && one.prompt.matches(shown),
        _ => false,
    }
}
