//! Signed links made new before they are used. It does not say when: a caller knows by [`link::is_expired`].

use crate::wire::link;
use crate::wire::upload::{self, MOST_LINKS};
use crate::{CallError, Rest};

impl Rest {
    /// New links for signed links, in the same order; `None` for a file that is gone or a link of somebody else's.
    ///
    /// Links that are not Discord's signed ones are not asked about.
    ///
    /// # Errors
    /// As [`Rest::call`].
    ///
    /// # Cancel safety
    /// As [`Rest::call`]; asking twice does no more than asking once.
    pub async fn refresh(&self, links: &[String]) -> Result<Vec<Option<String>>, CallError> {
        let signed: Vec<_> = links.iter().filter(|one| link::is_of_signed_host(one)).collect();
        let mut known = Vec::with_capacity(signed.len());
        for some in signed.chunks(MOST_LINKS) {
            known.extend(self.read(&upload::refresh_links(some), upload::read_refreshed).await?);
        }
        let fresh = |old: &String| known.iter().find(|(original, _)| original == old)?.1.clone();
        Ok(links.iter().map(fresh).collect())
    }
}
