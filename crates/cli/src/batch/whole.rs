//! Files that are whole or not there. What stands in them is not its matter.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Writes a file under a name of its own, syncs it and gives it its name: whatever was there before stays until the new
/// one is on the disk. Its folder is made if need be.
pub(crate) fn write_whole(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    };
    std::fs::create_dir_all(&folder)?;
    let mut file = temporary(&folder)?;
    let mut buffer = BufWriter::new(file.as_file_mut());
    write(&mut buffer)?;
    buffer.flush()?;
    drop(buffer);
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    // The name is in the folder, which has to reach the disk as well; only Unix lets a folder be synced.
    #[cfg(unix)]
    std::fs::File::open(&folder)?.sync_all()?;
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
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).unwrap();
        entries.map(|one| one.unwrap().file_name().to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn a_write_that_fails_leaves_what_was_there_and_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/a.txt");
        write_whole(&path, |file| file.write_all(b"first")).unwrap();
        let failed = write_whole(&path, |file| {
            file.write_all(b"half")?;
            Err(io::Error::other("full"))
        });
        assert_eq!(failed.unwrap_err().to_string(), "full");
        assert_eq!(std::fs::read(&path).unwrap(), b"first");
        write_whole(&path, |file| file.write_all(b"second")).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"second");
        assert_eq!(names(path.parent().unwrap()), ["a.txt"]);
    }
}
