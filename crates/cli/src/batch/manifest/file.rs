//! A manifest as a file. What stands in it is not its matter.

use std::io;
use std::path::Path;

use journeyman::{Error, ErrorKind};
use serde::Serialize;

use super::super::place::{Place, Problem};
use super::super::whole::write_whole;
use super::Manifest;

impl Manifest {
    /// Reads a file.
    ///
    /// # Errors
    /// See [`Manifest::parse`], and a file that cannot be read.
    pub(crate) fn read(path: &Path) -> Result<Self, Problem> {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|why| {
            Place::file(&name).problem(format!("it cannot be read: {why}"), "check the path")
        })?;
        Self::parse(&name, &text)
    }

    /// Writes a file, whole or not at all: whatever was there before stays until the new one is on the disk.
    ///
    /// # Errors
    /// `Storage`.
    pub(crate) fn write(&self, path: &Path) -> Result<(), Error> {
        let lines =
            |file: &mut dyn io::Write| self.lines().try_for_each(|line| file.write_all(line.as_bytes()));
        write_whole(path, lines).map_err(|why| {
            Error::new(ErrorKind::Storage, format!("write the manifest {}", path.display()))
                .with_hint("check the folder, its permissions and the free space")
                .with_source(why)
        })
    }

    /// The lines as they are written.
    pub(super) fn lines(&self) -> impl Iterator<Item = String> {
        std::iter::once(line(&self.head)).chain(self.steps.iter().map(line))
    }
}

/// A record as a line. Texts and numbers in structs always have one.
fn line(record: &impl Serialize) -> String {
    serde_json::to_string(record).unwrap_or_default() + "\n"
}

#[cfg(test)]
mod tests {
    use super::super::tests::manifest;
    use super::*;

    #[test]
    fn a_manifest_is_written_atomically() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/b.jsonl");
        let mut manifest = manifest();
        manifest.write(&path).unwrap();
        assert_eq!(Manifest::read(&path), Ok(manifest.clone()));
        manifest.steps[1].state = "unknown".to_owned();
        manifest.write(&path).unwrap();
        assert_eq!(Manifest::read(&path), Ok(manifest.clone()));
        let names: Vec<_> =
            std::fs::read_dir(path.parent().unwrap()).unwrap().map(|one| one.unwrap().file_name()).collect();
        assert_eq!(names, ["b.jsonl"], "nothing is left beside it");
        // A folder in the file's place cannot be replaced: what is there stays, and nothing is left.
        let taken = folder.path().join("taken");
        std::fs::create_dir_all(taken.join("x")).unwrap();
        let why = manifest.write(&taken).unwrap_err();
        assert_eq!(why.kind(), ErrorKind::Storage);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}
