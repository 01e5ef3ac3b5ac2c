//! The answer to `/describe`: prompts that fit an image. It presses none of them.

/// Described prompts, in the order of their buttons.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Described {
    /// Usually four.
    pub prompts: Vec<String>,
}

impl Described {
    /// Reads the text of a `/describe` answer: a keycap before each prompt, a blank line between
    /// two (erictik/midjourney-api splits there).
    pub fn parse(text: &str) -> Self {
        Self { prompts: super::prompts(text) }
    }
}
