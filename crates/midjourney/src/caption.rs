//! The text of a Midjourney message, read from its end. Embeds and buttons are not looked at.
//!
//! `[lead ]**PROMPT** - [VERB by ]<@USER> [(STATE)] [(MODE)]`, with a link to the website in
//! between and further lines behind. The prompt may hold anything, even text of this very
//! form, so only the last one counts.

use journeyman_model::UserId;

use crate::job_id;
use crate::sighting::{Action, Mode};

/// What separates the prompt from the rest.
const SEAM: &str = "** - ";
/// The longest text behind the seam: a verb, a mention, a link, brackets. It bounds the search.
const LONGEST_TAIL: usize = 500;

/// What a message's text says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Caption {
    /// The prompt as shown.
    pub prompt: String,
    /// Whose job it is.
    pub mentioned: Option<UserId>,
    /// The verb as shown, without "by": `Variations`, `Pan Left`, `Image #4`; empty for a plain job.
    pub verb: String,
    /// What the verb means; `None` for a plain job or an unknown verb.
    pub action: Option<Action>,
    /// What stands in brackets behind the verb: `Strong`, `Subtle`, `2x` …
    pub variant: Option<String>,
    /// Which of the four images.
    pub image: Option<u8>,
    /// How far the job is.
    pub state: State,
    /// The percentage, where shown.
    pub percent: Option<u8>,
    /// The speed mode, where shown.
    pub mode: Option<Mode>,
    /// Whether stealth is shown.
    pub stealth: bool,
    /// The job id in the link to the website.
    pub job_id: Option<String>,
    /// Brackets that are not understood, as shown.
    pub others: Vec<String>,
}

/// How far a job is, by its caption.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Nothing says that it goes on: the result.
    #[default]
    Done,
    /// `(Waiting to start)`.
    Waiting,
    /// `(N%)`.
    Progress,
    /// `(paused)`.
    Paused,
    /// `(Stopped)`.
    Stopped,
}

impl Caption {
    /// Reads a message's text; `None` for a text of another form.
    pub fn parse(content: &str) -> Option<Self> {
        let begin = content.find("**")?;
        let prompt_at = begin + 2;
        content.rmatch_indices(SEAM).find_map(|(seam, _)| {
            let mut caption = Self::default();
            caption.read_lead(&content[..begin]);
            caption.read_tail(first_line(&content[seam + SEAM.len()..]))?;
            content.get(prompt_at..seam)?.clone_into(&mut caption.prompt);
            Some(caption)
        })
    }

    /// A pan's direction as shown: `Left`, `Right`, `Up` or `Down`.
    pub fn direction(&self) -> Option<&str> {
        self.verb
            .rsplit_once(' ')
            .map(|(_, direction)| direction)
            .filter(|_| self.action == Some(Action::Pan))
    }

    /// `Making variations for image #1 with prompt`, `Upscaling image #2 with`.
    fn read_lead(&mut self, lead: &str) {
        let lead = lead.trim().to_lowercase();
        let leads = [("making variations", Action::Variation), ("upscaling image", Action::Upscale)];
        self.action = leads.iter().find(|(begin, _)| lead.starts_with(begin)).map(|(_, action)| *action);
        self.image = self.action.and_then(|_| image_number(&lead));
    }

    fn read_tail(&mut self, tail: &str) -> Option<()> {
        let at = tail.find("<@")?;
        self.read_verb(tail[..at].trim())?;
        let (mention, rest) = tail[at + 2..].split_once('>')?;
        self.mentioned = mention.trim_start_matches('!').parse().ok();
        self.read_brackets(rest)
    }

    fn read_verb(&mut self, shown: &str) -> Option<()> {
        if shown.is_empty() {
            return Some(());
        }
        if let Some(image) = image_number(&shown.to_lowercase()) {
            (self.verb, self.action, self.image) = (shown.to_owned(), Some(Action::Upscale), Some(image));
            return Some(());
        }
        let verb = shown.strip_suffix("by")?.trim_end();
        let (verb, variant) = match verb.strip_suffix(')').and_then(|open| open.rsplit_once('(')) {
            Some((verb, variant)) => (verb.trim_end(), Some(variant.trim().to_owned())),
            None => (verb, None),
        };
        self.action = action(verb, variant.as_deref());
        (self.verb, self.variant) = (verb.to_owned(), variant);
        Some(())
    }

    /// Brackets and links only; any other text says that this is not a caption.
    fn read_brackets(&mut self, rest: &str) -> Option<()> {
        let mut rest = rest.trim();
        while !rest.is_empty() {
            let (inside, after) = if let Some(link) = rest.strip_prefix('[') {
                let (_, address) = link.split_once("](")?;
                address.split_once(')')?
            } else {
                rest.strip_prefix('(')?.split_once(')')?
            };
            if rest.starts_with('[') {
                self.job_id = job_id::last_in(inside);
            } else {
                self.read_bracket(inside);
            }
            rest = after.trim_start();
        }
        Some(())
    }

    fn read_bracket(&mut self, inside: &str) {
        let lower = inside.trim().to_lowercase();
        let state = match lower.as_str() {
            "open on website for full quality" => return,
            "waiting to start" => State::Waiting,
            "paused" => State::Paused,
            "stopped" => State::Stopped,
            _ => return self.read_words(inside, &lower),
        };
        self.state = self.state.max(state);
    }

    /// `fast`, `relaxed, stealth`, `metered, fast`, `31%`, `fast 25%`.
    fn read_words(&mut self, inside: &str, lower: &str) {
        let words: Vec<_> = lower.split([',', ' ']).filter(|word| !word.is_empty()).collect();
        let is_known = |word: &&str| {
            matches!(*word, "stealth" | "metered")
                || Mode::from_word(word).is_some()
                || percent(word).is_some()
        };
        if words.is_empty() || !words.iter().all(is_known) {
            self.others.push(inside.to_owned());
            return;
        }
        for word in words {
            self.stealth |= word == "stealth";
            self.mode = Mode::from_word(word).or(self.mode);
            if let Some(percent) = percent(word) {
                self.percent = Some(percent);
                self.state = self.state.max(State::Progress);
            }
        }
    }
}

/// The first line, cut where no caption is that long.
fn first_line(tail: &str) -> &str {
    let tail = &tail[..tail.floor_char_boundary(LONGEST_TAIL)];
    tail.lines().next().unwrap_or_default()
}

fn action(verb: &str, variant: Option<&str>) -> Option<Action> {
    let verb = verb.to_lowercase();
    match verb.as_str() {
        "variations" if variant.is_some_and(|variant| variant.eq_ignore_ascii_case("region")) => {
            Some(Action::Region)
        }
        "variations" => Some(Action::Variation),
        "remix" => Some(Action::Remix),
        "upscaled" | "upscaling" => Some(Action::Upscale),
        "zoom out" => Some(Action::Zoom),
        "animate" => Some(Action::Animate),
        pan if pan.starts_with("pan ") => Some(Action::Pan),
        _ => None,
    }
}

/// The number behind `image #`, from text in small letters.
fn image_number(text: &str) -> Option<u8> {
    let (_, number) = text.split_once("image #")?;
    let digits = number.split(|next: char| !next.is_ascii_digit()).next()?;
    digits.parse().ok().filter(|image| (1..=4).contains(image))
}

fn percent(word: &str) -> Option<u8> {
    word.strip_suffix('%')?.parse().ok().filter(|percent| *percent <= 100)
}
