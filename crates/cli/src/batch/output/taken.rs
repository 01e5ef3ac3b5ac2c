//! Paths that are taken: a second file of the same path gets a number. It looks at no disk.

use std::collections::BTreeMap;

use super::super::safe;

/// The paths that are given out. Two that differ only in the case of letters are the same on some systems.
#[derive(Debug, Clone, Default)]
pub(crate) struct Taken(BTreeMap<String, u64>);

impl Taken {
    /// The path, or the same with `-2`, `-3` … before the ending; asked in the same order, it gives the same.
    pub(crate) fn take(&mut self, path: &str) -> String {
        let (folder, file) = path.rsplit_once('/').map_or(("", path), |(folder, file)| (folder, file));
        let mut number = self.0.get(&folded(path)).copied().unwrap_or(0);
        let mut given = path.to_owned();
        while self.0.contains_key(&folded(&given)) {
            number = number.saturating_add(1).max(2);
            let name = safe::numbered(file, number);
            given = if folder.is_empty() { name } else { format!("{folder}/{name}") };
        }
        // From the last number on, so that a thousand equal paths are not tried a thousand times each.
        self.0.insert(folded(path), number.max(1));
        self.0.entry(folded(&given)).or_insert(1);
        given
    }
}

fn folded(path: &str) -> String {
    path.to_lowercase()
}
