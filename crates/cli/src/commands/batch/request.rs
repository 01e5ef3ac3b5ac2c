//! What a step of a batch asks of the queue. It adds nothing.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::{Path, PathBuf};

use journeyman::queue::Request;
use journeyman::{Client, FormAnswer};

use super::Batch;
use crate::batch::{Ask, Item, PlannedJob};
use crate::commands::order;
use crate::error::Error;

/// The links of the images that lie on this disk, shared once each.
#[derive(Debug, Default)]
pub(super) struct Links(BTreeMap<PathBuf, String>);

impl Links {
    /// Shares the images of these items in the channel.
    pub(super) async fn share(
        batch: &Batch,
        items: impl Iterator<Item = &Item>,
        client: &Client,
    ) -> Result<Self, Error> {
        let mut links = Self::default();
        for image in items.flat_map(|item| &item.images).filter(|image| !order::is_link(image)) {
            let path = batch.folder.join(image);
            if let Entry::Vacant(entry) = links.0.entry(path) {
                let link = client.share_all(&[entry.key()]).await?.into_iter().next();
                entry.insert(link.unwrap_or_default());
            }
        }
        Ok(links)
    }

    fn of<'a>(&'a self, folder: &Path, image: &'a str) -> &'a str {
        self.0.get(&folder.join(image)).map_or(image, String::as_str)
    }
}

/// The request of a step, as it is stored.
pub(super) fn request(batch: &Batch, item: &Item, job: &PlannedJob, links: &Links) -> Result<String, Error> {
    let request = match &job.ask {
        Ask::Imagine => {
            let images = item.images.iter().map(|image| links.of(&batch.folder, image));
            let prompt = images.chain([item.prompt.as_str()]).collect::<Vec<_>>().join(" ");
            Request::Imagine { prompt }
        }
        Ask::Press { step, label } => {
            let step = item.steps.get(*step);
            let mask = step.and_then(|step| step.mask.as_ref());
            let mask = mask.map(|mask| order::mask(&mask.path)).transpose()?;
            let form = FormAnswer { prompt: step.and_then(|step| step.prompt.clone()), mask };
            let values = step.map(|step| step.values.clone()).unwrap_or_default();
            Request::Press { label: label.clone(), values, form }
        }
    };
    Ok(request.to_text())
}
