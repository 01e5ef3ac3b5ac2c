//! The bot's pictures: drawn from the prompt and the job, and provably theirs.
//!
//! Nothing is drawn before somebody asks for the bytes, yet the file's size is known at once.

mod mp4;
mod png;
mod scene;
mod webp;

use crate::settings::{PictureFormat, Pictures};

/// Whose picture a file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PictureOwner {
    /// The job's id.
    pub job_id: String,
    /// The prompt as the bot repeated it.
    pub prompt: String,
}

/// Reads from a picture of this simulator whose it is.
///
/// Works on the bytes as downloaded (PNG, `WebP`, or MP4); a picture that was coded
/// anew has lost its owner.
pub fn picture_owner(bytes: &[u8]) -> Option<PictureOwner> {
    png::owner(bytes).or_else(|| webp::owner(bytes)).or_else(|| mp4::owner(bytes))
}

/// A picture that can be drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Drawing {
    pub(crate) job_id: String,
    pub(crate) prompt: String,
    pub(crate) view: View,
    pub(crate) format: FileFormat,
    pub(crate) size: Size,
}

/// In what form a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileFormat {
    Png,
    Webp,
    /// A film without a track: the boxes of an MP4 file, and no picture in it.
    Mp4,
}

impl From<PictureFormat> for FileFormat {
    fn from(format: PictureFormat) -> Self {
        match format {
            PictureFormat::Png => Self::Png,
            PictureFormat::Webp => Self::Webp,
        }
    }
}

/// What of a job is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum View {
    /// Four variants, two by two.
    Grid,
    /// One of the four, 1 to 4, of the grid with this seed.
    One { image: u8, grid: u64 },
    /// The unfinished grid, the coarser the earlier.
    Preview { percent: u8 },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) width: u32,
    pub(crate) height: u32,
}

impl Size {
    /// About as many pixels as asked for, in the shape of the prompt's `--ar`.
    pub(crate) fn of(prompt: &str, pictures: Pictures) -> Self {
        let (side, grain) = match pictures {
            Pictures::Full => (1024, 32),
            Pictures::Tiny => (64, 4),
        };
        let (across, down) = aspect(prompt);
        let width = (u64::from(side) * u64::from(side) * u64::from(across) / u64::from(down)).isqrt();
        let width = u32::try_from(width).unwrap_or(side);
        let height = side * side / width.max(1);
        let round = |length: u32| (length / grain).max(1) * grain;
        Self { width: round(width), height: round(height) }
    }
}

/// The prompt's `--ar`, tamed to at most 4:1; 1:1 when it has none that reads as one.
fn aspect(prompt: &str) -> (u32, u32) {
    match read_aspect(prompt) {
        Some((across, down)) if across > 4 * down => (4, 1),
        Some((across, down)) if down > 4 * across => (1, 4),
        Some(pair) => pair,
        None => (1, 1),
    }
}

fn read_aspect(prompt: &str) -> Option<(u32, u32)> {
    let value = prompt.split_whitespace().skip_while(|word| *word != "--ar").nth(1)?;
    let (across, down) = value.split_once(':')?;
    let (across, down) = (across.parse::<u32>().ok()?, down.parse::<u32>().ok()?);
    let fits = (1..=1_000).contains(&across) && (1..=1_000).contains(&down);
    fits.then_some((across, down))
}

impl Drawing {
    /// The preview of an unfinished grid: 512 by 512, `WebP` (real: yokonsan/midjourney-api#68).
    pub(crate) fn preview(job_id: &str, prompt: &str, percent: u8, pictures: Pictures) -> Self {
        let side = match pictures {
            Pictures::Full => 512,
            Pictures::Tiny => 32,
        };
        Self {
            job_id: job_id.to_owned(),
            prompt: prompt.to_owned(),
            view: View::Preview { percent },
            format: FileFormat::Webp,
            size: Size { width: side, height: side },
        }
    }

    pub(crate) fn width(&self) -> u32 {
        self.size.width
    }

    pub(crate) fn height(&self) -> u32 {
        self.size.height
    }

    pub(crate) fn content_type(&self) -> &'static str {
        match self.format {
            FileFormat::Png => "image/png",
            FileFormat::Webp => "image/webp",
            FileFormat::Mp4 => "video/mp4",
        }
    }

    pub(crate) fn extension(&self) -> &'static str {
        match self.format {
            FileFormat::Png => "png",
            FileFormat::Webp => "webp",
            FileFormat::Mp4 => "mp4",
        }
    }

    /// The exact length of what [`draw`](Self::draw) gives.
    pub(crate) fn file_size(&self) -> usize {
        match self.format {
            FileFormat::Png => png::file_size(self),
            FileFormat::Webp => webp::file_size(self),
            FileFormat::Mp4 => mp4::write(self).len(),
        }
    }

    /// The file.
    pub(crate) fn draw(&self) -> Vec<u8> {
        match self.format {
            FileFormat::Png => png::write(self, &scene::paint(self)),
            FileFormat::Webp => webp::write(self, &scene::paint(self)),
            FileFormat::Mp4 => mp4::write(self),
        }
    }
}

/// Pixels as indices into a palette.
#[derive(Debug)]
struct Canvas {
    width: usize,
    height: usize,
    pixels: Vec<u8>,
    palette: Vec<[u8; 3]>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawing(prompt: &str, view: View, format: FileFormat, pictures: Pictures) -> Drawing {
        Drawing {
            job_id: "a7cb1552-f779-4094-9afe-2acf22dae280".to_owned(),
            prompt: prompt.to_owned(),
            view,
            format,
            size: Size::of(prompt, pictures),
        }
    }

    fn check_size(prompt: &str, width: u32, height: u32) {
        assert_eq!(Size::of(prompt, Pictures::Full), Size { width, height }, "{prompt}");
    }

    #[test]
    fn a_picture_has_the_shape_its_prompt_asks_for() {
        check_size("a cat", 1024, 1024);
        check_size("a cat --ar 3:2", 1248, 832);
        check_size("a cat --ar 2:3", 832, 1248);
        check_size("a cat --ar 0:0", 1024, 1024);
        check_size("a cat --ar wide", 1024, 1024);
        check_size("a cat --ar 999:1", 2048, 512);
    }

    #[test]
    fn a_picture_is_as_long_as_announced_and_tells_its_owner() {
        for format in [FileFormat::Png, FileFormat::Webp, FileFormat::Mp4] {
            for prompt in ["a cat", "ein Bär — 猫 --ar 3:2", ""] {
                let drawing = drawing(prompt, View::Grid, format, Pictures::Tiny);
                let bytes = drawing.draw();
                assert_eq!(bytes.len(), drawing.file_size(), "{format:?} {prompt}");
                let owner = picture_owner(&bytes).expect("an owner");
                assert_eq!((owner.job_id, owner.prompt), (drawing.job_id, drawing.prompt));
            }
        }
    }

    #[test]
    fn a_foreign_decoder_reads_both_formats() {
        for format in [FileFormat::Png, FileFormat::Webp] {
            let drawing = drawing("a lighthouse at dawn --ar 3:2", View::Grid, format, Pictures::Tiny);
            let image = image::load_from_memory(&drawing.draw()).expect("a picture");
            assert_eq!((image.width(), image.height()), (drawing.width(), drawing.height()));
        }
    }

    #[test]
    fn each_quarter_of_a_grid_is_different() {
        let bytes = drawing("a cat", View::Grid, FileFormat::Png, Pictures::Tiny).draw();
        let image = image::load_from_memory(&bytes).expect("a picture").to_rgb8();
        let (width, height) = (image.width() / 2, image.height() / 2);
        let quarters: std::collections::BTreeSet<Vec<u8>> = [(0, 0), (1, 0), (0, 1), (1, 1)]
            .into_iter()
            .map(|(column, row)| {
                image::imageops::crop_imm(&image, column * width, row * height, width, height)
                    .to_image()
                    .into_raw()
            })
            .collect();
        assert_eq!(quarters.len(), 4);
    }

    #[test]
    fn two_jobs_of_one_prompt_have_different_pictures() {
        let one = drawing("a cat", View::Grid, FileFormat::Png, Pictures::Tiny);
        let other = Drawing { job_id: "875fbd3a-ef43-4134-a4e8-cd853565cbfd".to_owned(), ..one.clone() };
        let pixels =
            |drawing: &Drawing| image::load_from_memory(&drawing.draw()).expect("a picture").into_rgb8();
        assert_eq!(pixels(&one), pixels(&one));
        assert_ne!(pixels(&one), pixels(&other));
    }

    /// The bytes are as many as announced, and a foreign decoder sees the colours that were painted.
    fn check_file(drawing: &Drawing) {
        let bytes = drawing.draw();
        let what = format!("{:?} {} {:?}", drawing.format, drawing.prompt, drawing.view);
        assert_eq!(bytes.len(), drawing.file_size(), "{what}");
        let image = image::load_from_memory(&bytes).expect("a picture").into_rgb8();
        assert_eq!((image.width(), image.height()), (drawing.width(), drawing.height()), "{what}");
        let canvas = scene::paint(drawing);
        let painted = canvas.pixels.iter().flat_map(|index| canvas.palette[usize::from(*index)]);
        assert!(image.into_raw().into_iter().eq(painted), "{what}");
    }

    #[test]
    fn a_file_is_as_long_as_announced_for_every_seed_shape_and_format() {
        let shapes = ["", " --ar 3:2", " --ar 2:3", " --ar 16:9", " --ar 4:1", " --ar 1:4", " --ar 7:5"];
        for format in [FileFormat::Png, FileFormat::Webp] {
            for (seed, shape) in (0..70).zip(shapes.into_iter().cycle()) {
                let prompt = format!("the sea {}{shape}", "é".repeat(seed % 3));
                let view = if seed % 2 == 0 { View::Grid } else { View::One { image: 2, grid: 7 } };
                let job_id = format!("job-{seed}");
                check_file(&Drawing { job_id, ..drawing(&prompt, view, format, Pictures::Tiny) });
            }
        }
    }

    #[test]
    fn a_full_webp_is_as_long_as_announced() {
        // These had more to say than fitted into a guessed length.
        for (job, prompt) in
            [("job-1", "a cat"), ("job-2", "the sea at night --ar 3:2"), ("job-4", "fog --ar 1:4")]
        {
            let job_id = job.to_owned();
            check_file(&Drawing { job_id, ..drawing(prompt, View::Grid, FileFormat::Webp, Pictures::Full) });
        }
    }

    #[test]
    fn previews_fit_the_size_that_was_announced_for_them() {
        for seed in 0..6 {
            for percent in [0, 46, 93] {
                let job_id = format!("job-{seed}");
                check_file(&Drawing::preview(&job_id, "the sea at night", percent, Pictures::Tiny));
            }
        }
        check_file(&Drawing::preview("job-6", "the sea at night", 93, Pictures::Full));
    }

    #[test]
    fn bytes_of_others_have_no_owner() {
        assert_eq!(picture_owner(b""), None);
        assert_eq!(picture_owner(b"\x89PNG\r\n\x1a\n\xff\xff\xff\xfftEXt"), None);
        assert_eq!(picture_owner(b"RIFF\xff\xff\xff\xffWEBPJOBI\xff\xff\xff\xff"), None);
    }
}
