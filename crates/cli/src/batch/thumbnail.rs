//! A small picture of a picture. It keeps no file.

use std::io::Cursor;
use std::path::Path;

use image::codecs::jpeg::JpegEncoder;
use image::{ImageError, ImageReader};

use super::keys::digest;
use super::manifest::FileRecord;

/// The longest side, in pixels.
const SIDE: u32 = 240;
/// Enough to recognise a picture; a hundred of them take about a megabyte.
const QUALITY: u8 = 70;

/// A JPEG of at most 240 by 240 pixels.
///
/// # Errors
/// What cannot be read, or is no picture.
pub(crate) fn thumbnail(path: &Path) -> Result<Vec<u8>, ImageError> {
    let picture = ImageReader::open(path)?.with_guessed_format()?.decode()?;
    let is_small = picture.width() <= SIDE && picture.height() <= SIDE;
    let small = if is_small { picture } else { picture.thumbnail(SIDE, SIDE) }.to_rgb8();
    let mut bytes = Cursor::new(Vec::new());
    small.write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, QUALITY))?;
    Ok(bytes.into_inner())
}

/// The name of a file's thumbnail: of its bytes where their digest is known, so that equal pictures share one.
pub(crate) fn thumbnail_name(file: &FileRecord) -> String {
    let known = file.sha256.len() == 64 && file.sha256.bytes().all(|byte| byte.is_ascii_hexdigit());
    let name = if known { file.sha256.to_ascii_lowercase() } else { digest(["path", &file.path]) };
    format!("{name}.jpg")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thumbnails_name_is_that_of_the_bytes_and_nothing_else_gets_into_it() {
        let name = |path: &str, sha256: &str| {
            thumbnail_name(&FileRecord { path: path.to_owned(), sha256: sha256.to_owned(), bytes: 1 })
        };
        assert_eq!(name("a", &"AB".repeat(32)), format!("{}.jpg", "ab".repeat(32)));
        for wrong in ["", "../../x", &"/".repeat(64)] {
            assert_eq!(name("a", wrong), name("a", ""), "{wrong}");
        }
        assert_ne!(name("a", ""), name("b", ""));
    }

    #[test]
    fn a_thumbnail_is_a_small_jpeg_and_what_is_no_picture_has_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.png");
        image::RgbaImage::from_pixel(960, 480, image::Rgba([200, 30, 30, 255])).save(&path).unwrap();
        let bytes = thumbnail(&path).unwrap();
        let small = image::load_from_memory_with_format(&bytes, image::ImageFormat::Jpeg).unwrap();
        assert_eq!((small.width(), small.height()), (240, 120));
        assert_eq!(bytes, thumbnail(&path).unwrap(), "the same each time");
        image::RgbImage::new(8, 4).save(&path).unwrap();
        let small = image::load_from_memory(&thumbnail(&path).unwrap()).unwrap();
        assert_eq!((small.width(), small.height()), (8, 4), "a small picture is not blown up");
        std::fs::write(&path, "no picture").unwrap();
        assert!(thumbnail(&path).is_err());
    }
}
