//! Which event of the simulator is which of a caller's, and how far they are apart. It measures no time itself.

use std::collections::BTreeMap;
use std::time::Duration;

use journeyman::Event;
use journeyman_sim as sim;

/// What can be told of a job once only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sign {
    Waiting,
    Progress(u8),
    Finished,
}

impl Sign {
    /// What a caller is told.
    pub(super) fn told(event: &Event) -> Option<Self> {
        if let Event::Progress { percent, .. } = event {
            return Some(Self::Progress(*percent));
        }
        // The final message is told of before anything is fetched.
        let alone = [(Event::Waiting, Self::Waiting), (Event::Downloading, Self::Finished)];
        alone.into_iter().find(|(one, _)| one == event).map(|(_, sign)| sign)
    }

    /// What the simulator's event says of a job.
    fn sent(event: &sim::Event) -> Option<Self> {
        let content = event.data["content"].as_str()?;
        match event.name {
            "MESSAGE_CREATE" if content.contains("(Waiting to start)") => Some(Self::Waiting),
            "MESSAGE_CREATE"
                if event.data["attachments"].as_array().is_some_and(|files| !files.is_empty()) =>
            {
                Some(Self::Finished)
            }
            "MESSAGE_UPDATE" => percent(content).map(Self::Progress),
            _ => None,
        }
    }
}

/// The number in `(31%)`.
fn percent(content: &str) -> Option<u8> {
    let (before, _) = content.rsplit_once("%)")?;
    before.rsplit_once('(')?.1.parse().ok()
}

/// A sign of one of our jobs.
pub(super) type Key = (usize, Sign);

/// When each was first there, since the origin of both clocks.
pub(super) type Times = BTreeMap<Key, Duration>;

/// The prompt of one of our jobs, told apart from all others.
pub(super) fn prompt(number: usize) -> String {
    format!("a lighthouse, take {number} of many")
}

fn number(content: &str) -> Option<usize> {
    let (_, rest) = content.split_once("a lighthouse, take ")?;
    rest.split_once(" of many")?.0.parse().ok()
}

/// When the simulator told what of our jobs.
pub(super) fn sent<'a>(events: impl Iterator<Item = &'a sim::Event>) -> Times {
    let mut times = Times::new();
    for event in events {
        let number = event.data["content"].as_str().and_then(number);
        if let (Some(number), Some(sign)) = (number, Sign::sent(event)) {
            times.entry((number, sign)).or_insert(event.at);
        }
    }
    times
}

/// The lags in order, and how many signs were sent and never told.
pub(super) fn lags(sent: &Times, told: &Times) -> (Vec<Duration>, usize) {
    let pairs = sent.iter().map(|(key, at)| Some(told.get(key)?.saturating_sub(*at)));
    let mut lags: Vec<Duration> = pairs.clone().flatten().collect();
    lags.sort_unstable();
    (lags, pairs.filter(Option::is_none).count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_and_the_percentage_of_a_message_are_read() {
        let content = format!("**{} --v 7** - <@1> (31%) (fast)", prompt(12));
        assert_eq!((number(&content), percent(&content)), (Some(12), Some(31)));
        let other = "**a red fox in the snow --v 7** - <@1> (fast)";
        assert_eq!((number(other), percent(other)), (None, None));
    }

    #[test]
    fn what_was_sent_and_not_told_is_counted() {
        let at = Duration::from_millis;
        let sent = Times::from([((1, Sign::Waiting), at(5)), ((1, Sign::Finished), at(9))]);
        let told = Times::from([((1, Sign::Waiting), at(8))]);
        assert_eq!(lags(&sent, &told), (vec![at(3)], 1));
    }
}
