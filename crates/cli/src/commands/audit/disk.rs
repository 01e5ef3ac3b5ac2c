//! Whether files are on disk as they were saved. It mends nothing.

use std::fmt::Write as _;
use std::io::{self, Read as _};
use std::path::Path;

use journeyman_jobs::job::SavedFile;
use sha2::{Digest as _, Sha256};

/// What is wrong with each file that is not as it was saved.
pub(super) fn what_is_wrong(files: &[SavedFile]) -> Vec<String> {
    files.iter().filter_map(|file| Some(format!("{} {}", file.path, wrong(file)?))).collect()
}

fn wrong(file: &SavedFile) -> Option<String> {
    let path = Path::new(&file.path);
    let found = match std::fs::metadata(path) {
        Ok(found) => found,
        Err(why) if why.kind() == io::ErrorKind::NotFound => return Some("is missing".to_owned()),
        Err(why) => return Some(format!("cannot be looked at: {why}")),
    };
    if found.len() != file.bytes {
        return Some(format!("has {} bytes and not the {} that were saved", found.len(), file.bytes));
    }
    match hash(path) {
        Ok(hash) if hash == file.sha256 => None,
        Ok(_) => Some("has other bytes than those that were saved".to_owned()),
        Err(why) => Some(format!("cannot be read: {why}")),
    }
}

fn hash(path: &Path) -> io::Result<String> {
    let mut file = std::fs::File::open(path)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        let read = file.read(&mut buffer)?;
        let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else { break };
        hash.update(bytes);
    }
    Ok(hash.finalize().iter().fold(String::new(), |mut text, byte| {
        // Writing into a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    }))
}
