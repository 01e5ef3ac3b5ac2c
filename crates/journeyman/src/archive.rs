//! Images on disk: checked, named, written whole or not at all. It fetches nothing.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use image::{DynamicImage, ImageFormat};

use crate::error::{Error, ErrorKind};

/// The most characters of a prompt in a file name.
const LONGEST_SLUG: usize = 48;

/// A folder of images.
#[derive(Debug, Clone)]
pub(crate) struct Archive {
    folder: PathBuf,
    split: bool,
}

impl Archive {
    /// Opens the folder, making it where it is missing, and proves that it can be written.
    ///
    /// # Errors
    /// `Storage` when it cannot; nothing has been sent then.
    pub(crate) fn open(folder: &Path, split: bool) -> Result<Self, Error> {
        let prove = || -> io::Result<()> {
            fs::create_dir_all(folder)?;
            let probe = folder.join(format!(".journeyman-probe-{}", std::process::id()));
            let result = File::create(&probe).and_then(|mut file| file.write_all(b"probe"));
            let removed = fs::remove_file(&probe);
            result.and(removed)
        };
        prove().map_err(|error| {
            Error::new(ErrorKind::Storage, format!("write into the folder {}", folder.display()))
                .with_hint("choose a folder that can be written with --out, and check the free space")
                .with_source(error)
        })?;
        Ok(Self { folder: folder.to_owned(), split })
    }

    /// Saves one image and, where asked for, its four quarters; returns the files written.
    ///
    /// # Errors
    /// `JobFailed` when the bytes are no image, `Storage` when they cannot be written. Then no
    /// half-written file is left.
    pub(crate) fn save(
        &self,
        prompt: &str,
        job_id: Option<&str>,
        bytes: &[u8],
    ) -> Result<Vec<PathBuf>, Error> {
        let (picture, format) = decode(bytes)?;
        let extension = extension(format);
        let stem = self.free_stem(&stem(prompt, job_id), extension);
        let path = self.folder.join(format!("{stem}.{extension}"));
        write_whole(&path, bytes, create)?;
        let mut files = vec![path];
        if self.split {
            for (index, quarter) in quarters(&picture).into_iter().enumerate() {
                let path = self.folder.join(format!("{stem}_{}.png", index + 1));
                write_whole(&path, &encode_png(&quarter)?, create)?;
                files.push(path);
            }
        }
        Ok(files)
    }

    /// A stem that no file of the folder has.
    fn free_stem(&self, stem: &str, extension: &str) -> String {
        let is_free = |stem: &str| !self.folder.join(format!("{stem}.{extension}")).exists();
        if is_free(stem) {
            return stem.to_owned();
        }
        let numbered = (2..=u32::MAX).map(|count| format!("{stem}-{count}"));
        numbered.into_iter().find(|stem| is_free(stem)).unwrap_or_else(|| stem.to_owned())
    }
}

/// What the bytes are, whatever the server called them.
fn decode(bytes: &[u8]) -> Result<(DynamicImage, ImageFormat), Error> {
    let broken = |error: image::ImageError| {
        Error::new(ErrorKind::JobFailed, format!("read the {} downloaded bytes as an image", bytes.len()))
            .with_hint(
                "the download was not a PNG, WebP or JPEG; fetch the image from the message in Discord",
            )
            .with_source(error)
    };
    let format = image::guess_format(bytes).map_err(broken)?;
    let picture = image::load_from_memory_with_format(bytes, format).map_err(broken)?;
    Ok((picture, format))
}

fn extension(format: ImageFormat) -> &'static str {
    format.extensions_str().first().copied().map_or("img", |one| if one == "jpeg" { "jpg" } else { one })
}

/// Left to right, top to bottom, as Midjourney numbers them.
fn quarters(picture: &DynamicImage) -> [DynamicImage; 4] {
    let (width, height) = (picture.width() / 2, picture.height() / 2);
    [(0, 0), (width, 0), (0, height), (width, height)]
        .map(|(left, top)| picture.crop_imm(left, top, width.max(1), height.max(1)))
}

fn encode_png(picture: &DynamicImage) -> Result<Vec<u8>, Error> {
    let mut bytes = io::Cursor::new(Vec::new());
    picture.write_to(&mut bytes, ImageFormat::Png).map_err(|error| {
        Error::new(ErrorKind::Internal, "encode a quarter of the grid as PNG").with_source(error)
    })?;
    Ok(bytes.into_inner())
}

/// `words_of_the_prompt_<job id>`, of letters, digits and `_-` only.
fn stem(prompt: &str, job_id: Option<&str>) -> String {
    let text = prompt.split(" --").next().unwrap_or_default();
    let mut slug = String::new();
    for one in text.chars().take(LONGEST_SLUG) {
        let keep = one.is_alphanumeric() || one == '-';
        if keep {
            slug.extend(one.to_lowercase());
        } else if !slug.ends_with('_') {
            slug.push('_');
        }
    }
    let slug = slug.trim_matches(['_', '-']);
    let slug = if slug.is_empty() { "image" } else { slug };
    let id: String =
        job_id.unwrap_or_default().chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
    if id.is_empty() { slug.to_owned() } else { format!("{slug}_{id}") }
}

fn create(path: &Path) -> io::Result<File> {
    File::options().write(true).create_new(true).open(path)
}

/// Something that takes bytes and can promise that they are on the disk.
pub(crate) trait Durable: Write {
    /// Waits until everything written is on the disk.
    fn sync(&self) -> io::Result<()>;
}

impl Durable for File {
    fn sync(&self) -> io::Result<()> {
        self.sync_all()
    }
}

/// Writes a temporary file beside `path`, syncs it, and renames it: whole, or not there.
fn write_whole<F: Durable>(
    path: &Path,
    bytes: &[u8],
    create: impl FnOnce(&Path) -> io::Result<F>,
) -> Result<(), Error> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".part");
    let temporary = PathBuf::from(temporary);
    let write = || -> io::Result<()> {
        let mut file = create(&temporary)?;
        file.write_all(bytes)?;
        file.flush()?;
        file.sync()?;
        drop(file);
        fs::rename(&temporary, path)
    };
    write().map_err(|error| {
        // What remains of a failed write is of no use to anyone.
        let _ = fs::remove_file(&temporary);
        Error::new(ErrorKind::Storage, format!("write {} ({} bytes)", path.display(), bytes.len()))
            .with_hint("free some space or choose another folder with --out; the image is still in Discord")
            .with_source(error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture() -> Vec<u8> {
        let picture = DynamicImage::ImageRgb8(image::RgbImage::from_fn(4, 4, |x, y| {
            image::Rgb([u8::from(x >= 2) * 200, u8::from(y >= 2) * 200, 0])
        }));
        encode_png(&picture).unwrap()
    }

    fn left_in(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_grid_is_saved_as_what_it_is_and_split_into_its_four_quarters() {
        let folder = tempfile::tempdir().unwrap();
        let archive = Archive::open(folder.path(), true).unwrap();
        let files = archive.save("a Cat, sleeping --ar 3:2", Some("1a-2b"), &picture()).unwrap();
        assert_eq!(
            left_in(folder.path()),
            [
                "a_cat_sleeping_1a-2b.png",
                "a_cat_sleeping_1a-2b_1.png",
                "a_cat_sleeping_1a-2b_2.png",
                "a_cat_sleeping_1a-2b_3.png",
                "a_cat_sleeping_1a-2b_4.png"
            ]
        );
        let colour = |path: &Path| image::open(path).unwrap().to_rgb8().get_pixel(0, 0).0;
        let corners: Vec<_> = files[1..].iter().map(|path| colour(path)).collect();
        assert_eq!(corners, [[0, 0, 0], [200, 0, 0], [0, 200, 0], [200, 200, 0]]);
    }

    #[test]
    fn an_existing_image_is_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let archive = Archive::open(folder.path(), false).unwrap();
        archive.save("cat", None, &picture()).unwrap();
        archive.save("cat", None, &picture()).unwrap();
        assert_eq!(left_in(folder.path()), ["cat-2.png", "cat.png"]);
    }

    #[test]
    fn a_prompt_cannot_lead_out_of_the_folder() {
        for (prompt, expect) in
            [("../../etc/passwd", "etc_passwd"), ("", "image"), ("--ar 1:1", "ar_1_1"), ("猫 🐈", "猫")]
        {
            assert_eq!(stem(prompt, None), expect);
        }
        assert_eq!(stem("cat", Some("../x")), "cat_x");
    }

    #[test]
    fn bytes_that_are_no_image_are_refused_and_leave_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let archive = Archive::open(folder.path(), false).unwrap();
        let error = archive.save("cat", None, b"<html>").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::JobFailed);
        assert!(left_in(folder.path()).is_empty());
    }

    #[test]
    fn a_folder_below_a_regular_file_is_refused_before_anything_is_sent() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, b"x").unwrap();
        let error = Archive::open(&file.join("below"), false).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Storage);
        assert!(error.hint().is_some());
    }

    struct Full(File);

    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let some = bytes.len().min(8);
            if self.0.metadata()?.len() >= 16 {
                return Err(io::Error::from(io::ErrorKind::StorageFull));
            }
            self.0.write(&bytes[..some])
        }

        fn flush(&mut self) -> io::Result<()> {
            self.0.flush()
        }
    }

    impl Durable for Full {
        fn sync(&self) -> io::Result<()> {
            self.0.sync_all()
        }
    }

    #[test]
    fn a_full_disk_leaves_no_half_written_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cat.png");
        let error = write_whole(&path, &[7; 100], |path| create(path).map(Full)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Storage);
        assert!(left_in(folder.path()).is_empty());
    }
}
