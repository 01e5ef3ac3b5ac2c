//! A small picture of a picture. It keeps no file.

use std::io::Cursor;
use std::path::Path;

use image::codecs::jpeg::JpegEncoder;
use image::{ImageError, ImageReader};

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

#[cfg(test)]
mod tests {
    use super::*;

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
