//! A picture to be uploaded, checked before anything is sent. It is neither decoded nor changed.

use std::fmt;

use bytes::Bytes;
use thiserror::Error;

/// The most bytes of a file that an account without Nitro may upload (Discord's docs, "Uploading Files").
pub const MOST_UPLOAD_BYTES: u64 = 10 * 1024 * 1024;

/// The longest file name that is kept; the rest of a longer one is cut off.
const LONGEST_NAME: usize = 100;

/// A type of picture that Midjourney takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PictureKind {
    /// PNG.
    Png,
    /// JPEG.
    Jpeg,
    /// `WebP`.
    Webp,
    /// GIF.
    Gif,
}

impl PictureKind {
    /// Tells the type by the first bytes; a name proves nothing.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(Self::Png),
            [0xff, 0xd8, 0xff, ..] => Some(Self::Jpeg),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(Self::Webp),
            [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(Self::Gif),
            _ => None,
        }
    }

    /// The endings of its file names, the usual one first.
    const fn endings(self) -> &'static [&'static str] {
        match self {
            Self::Png => &["png"],
            Self::Jpeg => &["jpg", "jpeg"],
            Self::Webp => &["webp"],
            Self::Gif => &["gif"],
        }
    }
}

/// A picture that may be uploaded.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    name: String,
    kind: PictureKind,
    bytes: Bytes,
}

impl Picture {
    /// Checks a file's size and type.
    ///
    /// The name loses its folders, and gets the ending of its true type: hosts tell the type by it.
    ///
    /// # Errors
    /// [`UnusablePicture`], with what to do.
    pub fn try_new(name: &str, bytes: Bytes, most_bytes: u64) -> Result<Self, UnusablePicture> {
        let shown = || base(name).to_owned();
        let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if size == 0 {
            return Err(UnusablePicture::Empty { name: shown() });
        }
        if size > most_bytes {
            return Err(UnusablePicture::TooLarge { name: shown(), size, most_bytes });
        }
        let kind = PictureKind::of(&bytes).ok_or_else(|| UnusablePicture::OtherType { name: shown() })?;
        Ok(Self { name: named(name, kind), kind, bytes })
    }

    /// The name that people see.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The type, by its first bytes.
    pub const fn kind(&self) -> PictureKind {
        self.kind
    }

    /// The file; cloning it copies nothing.
    pub fn bytes(&self) -> Bytes {
        self.bytes.clone()
    }
}

impl fmt::Debug for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Picture({:?}, {:?}, {} bytes)", self.name, self.kind, self.bytes.len())
    }
}

/// The name without its folders, of either kind of system.
fn base(name: &str) -> &str {
    name.rsplit(['/', '\\']).next().unwrap_or(name).trim()
}

fn named(name: &str, kind: PictureKind) -> String {
    let base = base(name);
    let (stem, ending) = base.rsplit_once('.').unwrap_or((base, ""));
    let is_right = kind.endings().iter().any(|known| known.eq_ignore_ascii_case(ending));
    let stem = if is_right { stem } else { base };
    let stem = stem.get(..stem.floor_char_boundary(LONGEST_NAME)).filter(|stem| !stem.is_empty());
    let ending = if is_right { ending } else { kind.endings().first().copied().unwrap_or_default() };
    format!("{}.{ending}", stem.unwrap_or("image"))
}

/// Why a file cannot be uploaded as a picture.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum UnusablePicture {
    /// There is nothing in it.
    #[error("upload {name}: the file is empty")]
    Empty {
        /// The file.
        name: String,
    },
    /// It is larger than the account may upload.
    #[error("upload {name}: it has {size} bytes, and at most {most_bytes} may be uploaded; make it smaller")]
    TooLarge {
        /// The file.
        name: String,
        /// Its size in bytes.
        size: u64,
        /// The most that may be uploaded.
        most_bytes: u64,
    },
    /// It is none of the types that Midjourney takes.
    #[error("upload {name}: it is no PNG, JPEG, WebP or GIF by its first bytes; convert it")]
    OtherType {
        /// The file.
        name: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n...";

    fn picture(name: &str, bytes: &'static [u8]) -> Result<Picture, UnusablePicture> {
        Picture::try_new(name, Bytes::from_static(bytes), 100)
    }

    #[test]
    fn sizes_and_types_are_checked_before_sending() {
        let kinds: [(&'static [u8], PictureKind); 4] = [
            (PNG, PictureKind::Png),
            (b"\xff\xd8\xff\xe0", PictureKind::Jpeg),
            (b"RIFF\0\0\0\0WEBPVP8 ", PictureKind::Webp),
            (b"GIF89a", PictureKind::Gif),
        ];
        for (bytes, kind) in kinds {
            assert_eq!(picture("a", bytes).unwrap().kind(), kind);
        }
        for (bytes, expect) in [
            (b"".as_slice(), "is empty"),
            (b"RIFF\0\0\0\0WAVE", "convert it"),
            (b"<svg/>", "convert it"),
            (b"\x89PNG\n\n", "convert it"),
            ([0; 101].as_slice(), "has 101 bytes, and at most 100"),
        ] {
            let error =
                Picture::try_new("dir/a.png", Bytes::copy_from_slice(bytes), 100).unwrap_err().to_string();
            assert!(error.starts_with("upload a.png: ") && error.contains(expect), "{error}");
        }
    }

    #[test]
    fn a_name_loses_its_folders_and_gets_its_true_ending() {
        for (name, expected) in [
            ("cat.png", "cat.png"),
            ("/home/me/cat.PNG", "cat.PNG"),
            ("C:\\pictures\\cat", "cat.png"),
            ("cat.jpg", "cat.jpg.png"),
            ("", "image.png"),
            (".png", "image.png"),
        ] {
            assert_eq!(picture(name, PNG).unwrap().name(), expected, "{name}");
        }
        let long = picture(&"я".repeat(500), PNG).unwrap().name().to_owned();
        assert_eq!(long.len(), LONGEST_NAME + 4);
    }
}
