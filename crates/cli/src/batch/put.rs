//! A file under a second name: a hard link where the disk has them, else a copy. It takes no other file's place.

use std::io;
use std::path::Path;

use super::keys;

/// Gives the file `from`, whose bytes have this digest, the name `to` as well. The same bytes there already are well.
///
/// # Errors
/// `AlreadyExists` where another file has the name; it stays. `InvalidData` where `from` has other bytes.
pub(crate) fn put(from: &Path, to: &Path, sha256: &str) -> io::Result<()> {
    if is_there(to, sha256)? {
        return Ok(());
    }
    if digest(from)? != sha256 {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "it is not as it was saved"));
    }
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    // Both fail where the name was taken meanwhile.
    if let Err(why) = std::fs::hard_link(from, to)
        && why.kind() != io::ErrorKind::AlreadyExists
    {
        copy(from, to, folder)?;
    }
    #[cfg(unix)]
    std::fs::File::open(folder)?.sync_all()?;
    if is_there(to, sha256)? { Ok(()) } else { Err(io::Error::other("it vanished")) }
}

/// Whether a file has these bytes; none has them where there is no file.
pub(crate) fn has_bytes(path: &Path, sha256: &str) -> bool {
    digest(path).is_ok_and(|found| found == sha256)
}

fn is_there(path: &Path, sha256: &str) -> io::Result<bool> {
    match digest(path) {
        Ok(found) if found == sha256 => Ok(true),
        Ok(_) => Err(io::Error::new(io::ErrorKind::AlreadyExists, "another file has this name")),
        Err(why) if why.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(why) => Err(why),
    }
}

fn copy(from: &Path, to: &Path, folder: &Path) -> io::Result<()> {
    let mut file = tempfile::Builder::new().prefix(".journeyman-").suffix(".part").tempfile_in(folder)?;
    io::copy(&mut std::fs::File::open(from)?, file.as_file_mut())?;
    file.as_file().set_permissions(std::fs::metadata(from)?.permissions())?;
    file.as_file().sync_all()?;
    match file.persist_noclobber(to) {
        Err(error) if error.error.kind() != io::ErrorKind::AlreadyExists => Err(error.error),
        _ => Ok(()),
    }
}

fn digest(path: &Path) -> io::Result<String> {
    Ok(keys::sha256(&std::fs::read(path)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_gets_a_second_name_and_no_other_file_loses_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("a.png"), folder.path().join("b/0001/u1.png"));
        std::fs::write(&from, "bytes").unwrap();
        let sha256 = keys::sha256(b"bytes");
        for _ in 0..2 {
            put(&from, &to, &sha256).unwrap();
            assert_eq!(std::fs::read(&to).unwrap(), b"bytes");
        }
        let taken = folder.path().join("taken.png");
        std::fs::write(&taken, "mine").unwrap();
        assert_eq!(put(&from, &taken, &sha256).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read(&taken).unwrap(), b"mine");
        let changed = put(&from, &folder.path().join("c.png"), &keys::sha256(b"other"));
        assert_eq!(changed.unwrap_err().kind(), io::ErrorKind::InvalidData);
        std::fs::remove_file(&from).unwrap();
        put(&from, &to, &sha256).unwrap();
        assert!(put(&from, &folder.path().join("d.png"), &sha256).is_err());
    }

    #[test]
    fn where_a_disk_has_no_links_a_copy_is_whole_or_not_there() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("a.png"), folder.path().join("b.png"));
        std::fs::write(&from, "bytes").unwrap();
        copy(&from, &to, folder.path()).unwrap();
        assert_eq!(std::fs::read(&to).unwrap(), b"bytes");
        std::fs::write(&from, "others").unwrap();
        copy(&from, &to, folder.path()).unwrap();
        assert_eq!(std::fs::read(&to).unwrap(), b"bytes", "no other file's place");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "nothing is left beside it");
    }
}
