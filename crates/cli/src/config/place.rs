//! The environment as a value, and where the configuration file is looked for. It reads no file.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// The environment's variables, read once at the start.
#[derive(Default)]
pub(crate) struct Environment(BTreeMap<String, String>);

impl Environment {
    /// The variables of this process; those that are not text are left out.
    pub(crate) fn of_process() -> Self {
        let texts = std::env::vars_os()
            .filter_map(|(name, text)| Some((name.into_string().ok()?, text.into_string().ok()?)));
        Self(texts.collect())
    }

    #[cfg(test)]
    pub(crate) fn of(pairs: &[(&str, &str)]) -> Self {
        Self(pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect())
    }

    /// The text of a variable.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The names of all variables.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Whether a variable is set to something.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.get(name).is_some_and(|text| !text.is_empty())
    }

    /// The platform's place for the file.
    pub(super) fn usual_file(&self) -> Option<PathBuf> {
        self.folder().map(|folder| folder.join("journeyman").join("config.toml"))
    }

    /// The platform's place for the store of jobs.
    pub(crate) fn usual_store(&self) -> Option<PathBuf> {
        self.data_folder().map(|folder| folder.join("journeyman").join("jobs.sqlite3"))
    }

    /// The platform's place for what is kept of Midjourney's changing.
    pub(super) fn drift_file(&self) -> Option<PathBuf> {
        self.data_folder().map(|folder| folder.join("journeyman").join("drift.json"))
    }

    fn data_folder(&self) -> Option<PathBuf> {
        let home = self.absolute("HOME");
        if cfg!(windows) {
            self.absolute("LOCALAPPDATA")
        } else if cfg!(target_os = "macos") {
            home.map(|home| home.join("Library").join("Application Support"))
        } else {
            self.absolute("XDG_DATA_HOME").or_else(|| home.map(|home| home.join(".local").join("share")))
        }
    }

    /// A variable's path; the XDG specification says to ignore a relative one.
    fn absolute(&self, name: &str) -> Option<PathBuf> {
        self.get(name).map(PathBuf::from).filter(|path| path.is_absolute())
    }

    fn folder(&self) -> Option<PathBuf> {
        let home = self.absolute("HOME");
        if cfg!(windows) {
            self.absolute("APPDATA")
        } else if cfg!(target_os = "macos") {
            home.map(|home| home.join("Library").join("Application Support"))
        } else {
            self.absolute("XDG_CONFIG_HOME").or_else(|| home.map(|home| home.join(".config")))
        }
    }
}
