//! Whether a prompt should be sent at all, by the operator's own lists and their own past refusals.
//!
//! It advises and refuses. It never rewrites a prompt, and it knows nothing of Midjourney's filters:
//! no list is shipped.

mod list;
mod model;
mod words;

pub use list::{Hit, WordList};
pub use model::{Evidence, Model, Opinion, Past};

/// What a prompt is screened with.
#[derive(Debug, Clone, Default)]
pub struct Screen {
    /// The operator's lists; what is on one is refused.
    pub lists: Vec<WordList>,
    /// What was learnt from the operator's outcomes; `None` without enough of them.
    pub model: Option<Model>,
    /// From this probability on the model refuses; `None`, the default, lets it only advise.
    pub refuse_above: Option<f64>,
}

/// What screening found.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Screening {
    /// What stands on a list, by place.
    pub hits: Vec<Hit>,
    /// What the model thinks.
    pub opinion: Option<Opinion>,
    /// Whether the model refuses.
    pub is_refused_by_model: bool,
}

impl Screen {
    /// Screens a prompt.
    ///
    /// ```
    /// use journeyman_midjourney::screen::{Screen, WordList};
    ///
    /// let list = WordList::parse("house rules", "# ours\nred herring\n");
    /// let screen = Screen { lists: vec![list], ..Screen::default() };
    /// assert!(screen.screen("A Red  HERRING on ice --ar 3:2").is_refused());
    /// assert!(!screen.screen("an infrared herring").is_refused());
    /// ```
    pub fn screen(&self, prompt: &str) -> Screening {
        let mut hits: Vec<Hit> = self.lists.iter().flat_map(|list| list.hits(prompt)).collect();
        hits.sort_by_key(|hit| (hit.span.start, hit.span.end));
        let opinion = self.model.as_ref().map(|model| model.judge(prompt));
        let probability = opinion.as_ref().map(|opinion| opinion.probability);
        let is_refused_by_model =
            probability.zip(self.refuse_above).is_some_and(|(probability, most)| probability >= most);
        Screening { hits, opinion, is_refused_by_model }
    }
}

impl Screening {
    /// Whether the prompt should not be sent.
    pub fn is_refused(&self) -> bool {
        self.is_refused_by_model || !self.hits.is_empty()
    }
}
