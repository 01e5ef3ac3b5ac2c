//! Links in prompts: of files on disk, and of Discord's files whose signature has expired. It sends no prompt.

use std::path::Path;

use journeyman_discord::wire::link;

use super::Client;
use super::orders::read;
use crate::error::{Error, ErrorKind};
use crate::wall;

impl Client {
    /// Shares images as [`Client::share`] does, each in a message of its own, and gives their links in order.
    /// All are checked before the first is sent.
    ///
    /// # Errors
    /// As [`Client::share`].
    ///
    /// # Cancel safety
    /// Dropped late, some messages may have been posted.
    pub async fn share_all(&self, images: &[&Path]) -> Result<Vec<String>, Error> {
        let mut links = Vec::with_capacity(images.len());
        for picture in read(images)? {
            links.push(self.io.share(&[picture]).await?);
        }
        Ok(links)
    }

    /// The prompt with a new link for each signed link of Discord's that has expired; without one, the same
    /// prompt, and nothing is sent.
    ///
    /// # Errors
    /// `InvalidPrompt` for a link whose file is gone; those of asking for new links.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing.
    pub async fn fresh_links(&self, prompt: &str) -> Result<String, Error> {
        let now_unix_s = wall::unix_micros() / 1_000_000;
        let expired: Vec<String> = prompt
            .split_whitespace()
            .filter(|word| link::is_expired(word, now_unix_s))
            .map(str::to_owned)
            .collect();
        if expired.is_empty() {
            return Ok(prompt.to_owned());
        }
        let fresh = self.io.refresh(&expired).await?;
        expired.iter().zip(fresh).try_fold(prompt.to_owned(), |prompt, (old, new)| match new {
            Some(new) => Ok(prompt.replace(old.as_str(), &new)),
            None => Err(gone(old)),
        })
    }
}

fn gone(old: &str) -> Error {
    let file = link::without_signature(old);
    Error::new(ErrorKind::InvalidPrompt, format!("refresh the expired link to {file}: the file is gone"))
        .with_hint("give the image again, with --image or as another link")
}
