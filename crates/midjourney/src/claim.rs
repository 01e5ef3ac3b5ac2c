//! Whose sighting is it? By nonce, interaction, reference, job id; by prompt last, and only when unambiguous.
//!
//! It changes nothing: the caller feeds the sighting to the generation that owns it.

use journeyman_model::{InteractionId, MessageId, UserId};

use crate::expect::Expect;
use crate::normalise::Normalised;
use crate::sighting::{Action, Meaning, Sighting};

/// What is known of one generation that may own a sighting.
#[derive(Debug, Clone)]
pub struct Claimant<'a> {
    /// The nonces that its requests carry: the first, and that of a form's answer.
    pub nonces: [&'a str; 2],
    /// Its interaction, once known.
    pub interaction: Option<InteractionId>,
    /// Its progress message, once known.
    pub message: Option<MessageId>,
    /// Its job id, once known.
    pub job_id: Option<&'a str>,
    /// The newest message of the channel before its request left.
    pub baseline: Option<MessageId>,
    /// What would be its own.
    pub wants: Wants<'a>,
    /// Whether it still waits, or ended by silence and only a late result counts.
    pub standing: Standing,
}

/// What a generation recognises as its own without a strong key.
#[derive(Debug, Clone, Copy)]
pub enum Wants<'a> {
    /// What shows this prompt.
    Prompt(&'a Normalised),
    /// What replies to the message that was pressed, or edits it.
    Press {
        /// The message that was pressed.
        parent: MessageId,
        /// What comes back.
        expect: Expect,
    },
    /// What answers our own command of this name.
    Command(&'a str),
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
    /// The message that was pressed: it replies to that, or it is that.
    Parent,
    /// The command's name, and who gave it.
    Command,
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
    by_strong_key(sighting, claimants)
        .or_else(|| by_parent(sighting, user, claimants))
        .or_else(|| by_command(sighting, user, claimants))
        .unwrap_or_else(|| by_prompt(sighting, user, claimants))
}

/// A result of a button is a reply to the message that was pressed (captures of July 2023), and a
/// panel's answer is an edit of it. Presses that could be taken for each other are never unbound at
/// once, so that more than one that fits is a notice which could be about either.
fn by_parent(sighting: &Sighting, user: Option<UserId>, claimants: &[Claimant<'_>]) -> Option<Claim> {
    let keys = &sighting.keys;
    if user.is_some_and(|user| is_somebody_elses(sighting, user)) {
        return None;
    }
    let fits = |one: &Claimant<'_>| match one.wants {
        Wants::Press { parent, expect } if keys.reference == Some(parent) => {
            // A notice need not say which image it is about.
            let is_notice = matches!(sighting.meaning, Meaning::Failed(_) | Meaning::Queued);
            let fits = is_notice || expect.images().is_none_or(|awaited| awaited.fits(sighting));
            may_own(one, sighting) && fits
        }
        Wants::Press { parent, expect } if keys.message == Some(parent) => {
            matches!(expect, Expect::Answer(_)) && sighting.reply.is_some()
        }
        Wants::Press { .. } | Wants::Prompt(_) | Wants::Command(_) => false,
    };
    only(claimants, fits, By::Parent)
}

/// Where no nonce tells whose answer it is, the command's name and the user do.
fn by_command(sighting: &Sighting, user: Option<UserId>, claimants: &[Claimant<'_>]) -> Option<Claim> {
    let keys = &sighting.keys;
    let (name, user) = (keys.command.as_deref()?, user?);
    if keys.interaction_user != Some(user) {
        return None;
    }
    let fits = |one: &Claimant<'_>| {
        matches!(one.wants, Wants::Command(own) if own == name) && may_own(one, sighting)
    };
    only(claimants, fits, By::Command)
}

fn only(claimants: &[Claimant<'_>], fits: impl Fn(&Claimant<'_>) -> bool, by: By) -> Option<Claim> {
    let fitting: Vec<(Standing, usize)> = claimants
        .iter()
        .enumerate()
        .filter(|(_, one)| fits(one))
        .map(|(index, one)| (one.standing, index))
        .collect();
    let live = fitting.iter().filter(|(standing, _)| *standing == Standing::Live).count();
    match fitting.as_slice() {
        [] => None,
        _ if live > 1 => Some(Claim::Ambiguous),
        many => many.iter().min().map(|(_, index)| Claim::Owner(*index, by)),
    }
}

fn by_strong_key(sighting: &Sighting, claimants: &[Claimant<'_>]) -> Option<Claim> {
    let keys = &sighting.keys;
    let find = |by: By, test: &dyn Fn(&Claimant<'_>) -> bool| {
        claimants.iter().position(test).map(|index| Claim::Owner(index, by))
    };
    if let Some(nonce) = &keys.nonce
        && let Some(found) = find(By::Nonce, &|one| one.nonces.contains(&nonce.as_str()))
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
    shown.zip(prompt(one)).map_or(0, |(shown, prompt)| prompt.unsent(shown))
}

fn prompt<'a>(one: &Claimant<'a>) -> Option<&'a Normalised> {
    match one.wants {
        Wants::Prompt(prompt) => Some(prompt),
        Wants::Press { .. } | Wants::Command(_) => None,
    }
}

/// Upscales, variations and the like echo the prompt too, and are not the imagine itself. A reply
/// without a verb is the beginning of one of those (capture of 2023-07: a zoom).
fn is_about_an_imagine(sighting: &Sighting) -> bool {
    let keys = &sighting.keys;
    let command = keys.command.as_deref().is_none_or(|name| matches!(name, "imagine" | "blend"));
    let action = match sighting.action {
        Some(action) => matches!(action, Action::Imagine | Action::Blend),
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
    let Some(prompt) = prompt(one) else { return false };
    match (&sighting.meaning, shown) {
        (Meaning::Failed(_) | Meaning::Queued, None) => {
            // Only a notice that is surely ours may be bound without a prompt.
            sighting.keys.interaction_user.is_some() && one.standing == Standing::Live
        }
        (Meaning::Finished, Some(shown)) => prompt.matches(shown),
        (
            Meaning::Waiting
            | Meaning::Progress { .. }
            | Meaning::Paused
            | Meaning::Stopped
            | Meaning::Queued
            | Meaning::Failed(_),
            Some(shown),
        ) => one.standing == Standing::Live && prompt.matches(shown),
        _ => false,
    }
}
