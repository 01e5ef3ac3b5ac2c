//! A small picture out of half blocks: two pixels per character, in 24-bit colour. It reads no terminal.

use std::fmt::Write as _;

use image::imageops::FilterType;
use image::{DynamicImage, Rgb};

/// Narrow enough for any terminal.
const COLUMNS: u32 = 60;
/// Low enough to leave the lines above it in sight.
const ROWS: u32 = 24;

/// The picture as lines of text.
pub(crate) fn draw(picture: &DynamicImage) -> String {
    let small = picture.resize(COLUMNS, ROWS * 2, FilterType::Triangle).into_rgb8();
    let mut text = String::new();
    for top in (0..small.height()).step_by(2) {
        for x in 0..small.width() {
            let Rgb([r, g, b]) = *small.get_pixel(x, top);
            let _ = write!(text, "\x1b[38;2;{r};{g};{b}m");
            if let Some(Rgb([r, g, b])) = small.get_pixel_checked(x, top + 1) {
                let _ = write!(text, "\x1b[48;2;{r};{g};{b}m");
            }
            text.push('▀');
        }
        text.push_str("\x1b[0m\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_keeps_its_shape_and_ends_each_line_plain() {
        let wide = DynamicImage::ImageRgb8(image::RgbImage::from_pixel(300, 200, Rgb([9, 8, 7])));
        let text = draw(&wide);
        assert_eq!(text.lines().count(), 20);
        assert!(text.lines().all(|line| line.matches('▀').count() == 60 && line.ends_with("\x1b[0m")));
        assert!(text.contains("\x1b[38;2;9;8;7m\x1b[48;2;9;8;7m▀"));
    }

    #[test]
    fn one_pixel_is_a_picture_too() {
        assert!(!draw(&DynamicImage::new_rgb8(1, 1)).is_empty());
    }
}
