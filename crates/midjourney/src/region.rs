//! Vary (Region): the mask, and the request that answers its embedded page. It is sent by others, without a token.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use journeyman_model::ApplicationId;
use serde_json::{Value, json};

use crate::modal::{Modal, ModalKind};

/// The first bytes of a PNG (its specification, "PNG signature").
const SIGNATURE: [u8; 8] = *b"\x89PNG\r\n\x1a\n";

/// A mask: a PNG of the image's size, white where the image is to change (trueai/midjourney-proxy, Mutiny-SDK).
#[derive(Clone, PartialEq, Eq)]
pub struct Mask {
    png: Vec<u8>,
    width: u32,
    height: u32,
}

impl Mask {
    /// Checks that the bytes begin as a PNG does, and reads its size.
    ///
    /// # Errors
    /// [`WrongRegion::NotPng`].
    pub fn try_new(png: Vec<u8>) -> Result<Self, WrongRegion> {
        let (width, height) = size(&png).ok_or(WrongRegion::NotPng)?;
        Ok(Self { png, width, height })
    }

    /// The same mask, if it has this size in pixels: that of the image that was pressed.
    ///
    /// # Errors
    /// [`WrongRegion::Size`].
    pub fn of_size(self, width: u32, height: u32) -> Result<Self, WrongRegion> {
        if (self.width, self.height) == (width, height) {
            return Ok(self);
        }
        Err(WrongRegion::Size { found: (self.width, self.height), wanted: (width, height) })
    }

    /// As text, to be stored.
    pub fn to_base64(&self) -> String {
        STANDARD.encode(&self.png)
    }

    /// Reads what was stored.
    ///
    /// # Errors
    /// [`WrongRegion::NotPng`].
    pub fn from_base64(text: &str) -> Result<Self, WrongRegion> {
        Self::try_new(STANDARD.decode(text).map_err(|_| WrongRegion::NotPng)?)
    }

    /// Width and height in pixels.
    pub const fn size(&self) -> (u32, u32) {
        (self.width, self.height)
    }
}

impl fmt::Debug for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mask({}x{}, {} bytes)", self.width, self.height, self.png.len())
    }
}

/// The size that a PNG's first chunk tells (its specification, "IHDR").
fn size(png: &[u8]) -> Option<(u32, u32)> {
    let header = png.strip_prefix(&SIGNATURE)?;
    (header.get(4..8)? == b"IHDR").then_some(())?;
    let number = |at: usize| header.get(at..at + 4)?.try_into().ok().map(u32::from_be_bytes);
    let size = (number(8)?, number(12)?);
    (size.0 > 0 && size.1 > 0).then_some(size)
}

/// A request to the embedded page's own server: JSON, by POST, and never with a token.
#[derive(Clone, PartialEq, Eq)]
pub struct PageRequest {
    /// The path, below the page's base.
    pub path: &'static str,
    /// The body. It holds the page's own token, which opens this one page.
    pub body: Value,
}

impl fmt::Debug for PageRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PageRequest").field("path", &self.path).finish_non_exhaustive()
    }
}

/// Where an application's embedded pages are: `https://<application>.discordsays.com`.
pub fn page_base(application: ApplicationId) -> String {
    format!("https://{application}.discordsays.com")
}

/// The answer to the page that a press on Vary (Region) opened.
///
/// The form is that of trueai/midjourney-proxy, cipher-x-sudo's bot and Mutiny-SDK; success is a 200.
///
/// # Errors
/// [`WrongRegion`] when the modal is no such page, or the prompt is empty.
pub fn submit(page: &Modal, mask: &Mask, prompt: &str) -> Result<PageRequest, WrongRegion> {
    let token = page.custom_id.rsplit_once("::").map(|(_, token)| token).filter(|token| !token.is_empty());
    let Some(token) = token.filter(|_| page.kind == ModalKind::Region) else {
        return Err(WrongRegion::NotItsPage);
    };
    if prompt.trim().is_empty() {
        return Err(WrongRegion::NoPrompt);
    }
    Ok(PageRequest {
        path: "/inpaint/api/submit-job",
        body: json!({
            "customId": token,
            "mask": STANDARD.encode(&mask.png),
            "prompt": prompt,
            "userId": "0",
            "username": "0",
        }),
    })
}

/// Why a region cannot be varied so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum WrongRegion {
    /// The mask is no PNG.
    NotPng,
    /// The mask is not as large as the image.
    Size {
        /// The mask's width and height.
        found: (u32, u32),
        /// The image's.
        wanted: (u32, u32),
    },
    /// There is no prompt.
    NoPrompt,
    /// What opened is not the page of Vary (Region).
    NotItsPage,
}

impl fmt::Display for WrongRegion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("vary a region: ")?;
        match self {
            Self::NotPng => f.write_str("the mask is not a PNG image"),
            Self::Size { found: (width, height), wanted } => {
                write!(f, "the mask is {width}x{height}, and the image is {}x{}", wanted.0, wanted.1)
            }
            Self::NoPrompt => f.write_str("it needs a prompt"),
            Self::NotItsPage => f.write_str("what the bot opened is not its page"),
        }
    }
}

impl std::error::Error for WrongRegion {}
