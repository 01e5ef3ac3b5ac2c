//! Pictures of this machine to Discord: a place, the bytes, and a link where one is wanted. What they are for it does not know.

use journeyman_model::ChannelId;
use thiserror::Error;

use super::{DownloadError, Downloader, Rest};
use crate::wire::upload::{self, Announced, UploadPlace, UploadedFile};
use crate::{CallError, Picture};

/// Pictures that could not be uploaded.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum UploadError {
    /// Discord gave no place, or took no message.
    #[error(transparent)]
    Call(CallError),
    /// The bytes did not arrive.
    #[error("upload {name}")]
    Transfer {
        /// The file.
        name: String,
        /// What went wrong; it tells the host, never the signed address.
        source: DownloadError,
    },
    /// Discord gave places for other files.
    #[error("upload {name}: Discord gave no place for it; try again")]
    NoPlace {
        /// The file.
        name: String,
    },
}

impl Rest {
    /// Uploads pictures to a channel, one after the other, in order.
    ///
    /// What comes back is for a command's attachments or for [`Rest::share`]; Discord forgets it when it is
    /// not used soon. The bytes go to a signed address through `files`, which holds no token.
    ///
    /// # Errors
    /// [`UploadError`]; nothing of it can be seen by others then.
    ///
    /// # Cancel safety
    /// Dropping the future ends it; what was uploaded is used by nothing and is forgotten.
    pub async fn upload(
        &self,
        files: &Downloader,
        channel: ChannelId,
        pictures: &[Picture],
    ) -> Result<Vec<UploadedFile>, UploadError> {
        if pictures.is_empty() {
            return Ok(Vec::new());
        }
        let announced: Vec<_> = pictures
            .iter()
            .map(|picture| Announced { filename: picture.name(), size: size(picture) })
            .collect();
        let request = upload::announce_files(channel, &announced);
        let places = self.read(&request, upload::read_places).await.map_err(UploadError::Call)?;
        let mut uploaded = Vec::with_capacity(pictures.len());
        for (index, picture) in pictures.iter().enumerate() {
            let place = places.iter().find(|place| place.index == index);
            uploaded.push(put(files, picture, place).await?);
        }
        Ok(uploaded)
    }

    /// Posts uploaded files as a message, and returns their links: what a prompt can name.
    ///
    /// # Errors
    /// As [`Rest::call`]; a message without files is [`Unexpected`](crate::CallErrorKind::Unexpected).
    ///
    /// # Cancel safety
    /// As [`Rest::call`]: the message may have been posted.
    pub async fn share(
        &self,
        channel: ChannelId,
        files: &[UploadedFile],
        nonce: &str,
    ) -> Result<Vec<String>, CallError> {
        self.read(&upload::post_files(channel, files, nonce), upload::read_links).await
    }
}

fn size(picture: &Picture) -> u64 {
    u64::try_from(picture.bytes().len()).unwrap_or(u64::MAX)
}

async fn put(
    files: &Downloader,
    picture: &Picture,
    place: Option<&UploadPlace>,
) -> Result<UploadedFile, UploadError> {
    let name = || picture.name().to_owned();
    let place = place.ok_or_else(|| UploadError::NoPlace { name: name() })?;
    let put = files.upload(&place.upload_url, picture.bytes()).await;
    put.map_err(|source| UploadError::Transfer { name: name(), source })?;
    Ok(UploadedFile { filename: name(), uploaded_filename: place.uploaded_filename.clone() })
}
