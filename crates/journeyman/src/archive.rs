//! Images on disk: checked, named, written whole or not at all. It fetches nothing.

use std::fs;
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
            let mut probe = tempfile::tempfile_in(folder)?;
            probe.write_all(b"probe")
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
    /// `Storage` when the bytes are no image, or when they cannot be written. Then no
    /// half-written file is left.
    pub(crate) fn save(
        &self,
        prompt: &str,
        job_id: Option<&str>,
        bytes: &[u8],
    ) -> Result<Vec<PathBuf>, Error> {
        let is_named = job_id.is_some();
        if is_film(bytes) {
            return Ok(vec![self.place(&stem(prompt, job_id), "mp4", bytes, is_named)?]);
        }
        let (picture, format) = decode(bytes)?;
        let extension = extension(format);
        let stem = stem(prompt, job_id);
        let mut files = vec![self.place(&stem, extension, bytes, is_named)?];
        if self.split {
            // The quarters are named after the file that they are of.
            let stem = files[0].file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or(stem);
            for (index, quarter) in quarters(&picture).into_iter().enumerate() {
                let name = format!("{stem}_{}", index + 1);
                files.push(self.place(&name, "png", &encode_png(&quarter)?, is_named)?);
            }
        }
        Ok(files)
    }

    /// Writes a new file: under its own name, or with a number where that is taken.
    ///
    /// Where the name has the job's id in it, the same image under it is not written again.
    fn place(&self, stem: &str, extension: &str, bytes: &[u8], is_named: bool) -> Result<PathBuf, Error> {
        let numbered = (2..=u32::MAX).map(|count| format!("{stem}-{count}"));
        for stem in std::iter::once(stem.to_owned()).chain(numbered) {
            let path = self.folder.join(format!("{stem}.{extension}"));
            if path.exists() {
                // A process that ended after it saved saves again: a job's own image is there once.
                if is_named && fs::read(&path).is_ok_and(|there| there == bytes) {
                    return Ok(path);
                }
                continue;
            }
            match write_whole(&self.folder, &path, |file| file.write_all(bytes)) {
                Ok(()) => return Ok(path),
                // Somebody else was quicker.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(cannot_write(&path, bytes.len(), error)),
            }
        }
        Err(cannot_write(&self.folder, bytes.len(), io::ErrorKind::AlreadyExists.into()))
    }
}

fn cannot_write(path: &Path, bytes: usize, error: io::Error) -> Error {
    Error::new(ErrorKind::Storage, format!("write {} ({bytes} bytes)", path.display()))
        .with_hint("free some space or choose another folder with --out; the image is still in Discord")
        .with_source(error)
}

/// Whether the bytes begin as an MP4 does (ISO 14496-12, the box `ftyp`).
fn is_film(bytes: &[u8]) -> bool {
    bytes.get(4..8) == Some(b"ftyp")
}

/// What the bytes are, whatever the server called them.
fn decode(bytes: &[u8]) -> Result<(DynamicImage, ImageFormat), Error> {
    let broken = |error: image::ImageError| {
        Error::new(ErrorKind::Storage, format!("read the {} downloaded bytes as an image", bytes.len()))
            .with_hint("the image is finished and paid: fetch it from the message in Discord")
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

/// Writes a temporary file of its own beside `path`, syncs it, and gives it its name: whole, or not
/// there. It never replaces a file; whatever fails, nothing is left behind.
fn write_whole(
    folder: &Path,
    path: &Path,
    write: impl FnOnce(&mut fs::File) -> io::Result<()>,
) -> io::Result<()> {
    let mut file = temporary(folder)?;
    write(file.as_file_mut())?;
    file.as_file().sync_all()?;
    file.persist_noclobber(path).map_err(|error| error.error)?;
    Ok(())
}

/// As readable as any other file that the user makes.
fn temporary(folder: &Path) -> io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".journeyman-").suffix(".part");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // Less what the umask takes.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
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
    fn a_jobs_own_image_is_there_once_however_often_it_is_saved() {
        let folder = tempfile::tempdir().unwrap();
        let archive = Archive::open(folder.path(), true).unwrap();
        let first = archive.save("cat", Some("1a-2b"), &picture()).unwrap();
        assert_eq!(archive.save("cat", Some("1a-2b"), &picture()).unwrap(), first);
        assert_eq!(left_in(folder.path()).len(), 5);
        // Another image under its name is another file.
        fs::write(&first[0], b"something else").unwrap();
        assert_ne!(archive.save("cat", Some("1a-2b"), &picture()).unwrap()[0], first[0]);
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
        assert_eq!(error.kind(), ErrorKind::Storage);
        assert!(!error.is_retryable(), "it is paid: nobody should make it again");
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

    #[test]
    fn a_full_disk_leaves_no_half_written_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cat.png");
        let error = write_whole(folder.path(), &path, |file| {
            file.write_all(&[7; 100])?;
            Err(io::ErrorKind::StorageFull.into())
        });
        assert_eq!(error.unwrap_err().kind(), io::ErrorKind::StorageFull);
        assert!(left_in(folder.path()).is_empty());
    }

    #[test]
    fn what_a_crash_left_behind_hinders_nobody() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("cat.png.part"), b"half").unwrap();
        fs::write(folder.path().join(".journeyman-x.part"), b"half").unwrap();
        let archive = Archive::open(folder.path(), false).unwrap();
        assert!(archive.save("cat", None, &picture()).is_ok());
    }

    #[test]
    fn saves_of_one_name_at_once_all_keep_their_file() {
        let folder = tempfile::tempdir().unwrap();
        let archive = Archive::open(folder.path(), true).unwrap();
        let bytes = picture();
        let saved: Vec<PathBuf> = std::thread::scope(|scope| {
            let threads: Vec<_> =
                (0..4).map(|_| scope.spawn(|| archive.save("cat", None, &bytes).unwrap())).collect();
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        });
        let distinct: std::collections::BTreeSet<_> = saved.iter().collect();
        assert_eq!((saved.len(), distinct.len(), left_in(folder.path()).len()), (20, 20, 20));
    }
}
