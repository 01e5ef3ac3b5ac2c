//! Where jobs are kept: a file of the user's, or memory. What is kept there is the store's matter.

use std::path::{Path, PathBuf};

use journeyman::queue::QueueStore;
use journeyman::{Clock, ErrorKind};

use crate::config::{Configuration, Environment, Flag, Origin};

/// The word for a store that ends with the process.
const MEMORY: &str = "memory";

/// Where a store is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum StorePlace {
    /// It ends with the process.
    Memory,
    /// In this file; it may not be there yet.
    File(PathBuf),
}

/// What was typed as `--store`, as a setting.
pub(super) fn flag(typed: Option<&Path>) -> Result<Option<Flag>, journeyman::Error> {
    Ok(typed.map(super::text).transpose()?.map(|store| ("store", "--store", store)))
}

/// Where the store is: as configured, else in the platform's data folder.
///
/// Of a simulated Discord nothing is kept unless `--store` says so itself: its jobs are not the account's.
///
/// # Errors
/// `Configuration` where nothing says where the data folder is.
pub(super) fn place(
    configuration: &Configuration,
    environment: &Environment,
    simulated: bool,
) -> Result<StorePlace, journeyman::Error> {
    let configured = configuration.get("store");
    let counts = configured.filter(|setting| !simulated || matches!(setting.origin, Origin::Flag(_)));
    match counts.map(|setting| setting.text.as_str()) {
        Some(MEMORY) => Ok(StorePlace::Memory),
        Some(path) => Ok(StorePlace::File(PathBuf::from(path))),
        None if simulated => Ok(StorePlace::Memory),
        None => environment.usual_store().map(StorePlace::File).ok_or_else(|| {
            journeyman::Error::new(ErrorKind::Configuration, "find the folder of the user's data")
                .with_hint("set HOME, or say where jobs are kept with --store")
        }),
    }
}

/// Opens it; a file is made where it is missing. Its times run with the clock.
///
/// # Errors
/// Those of [`place`], and `Storage` when it cannot be opened.
pub(super) fn store(
    configuration: &Configuration,
    environment: &Environment,
    simulated: bool,
    clock: Clock,
) -> Result<QueueStore, journeyman::Error> {
    match place(configuration, environment, simulated)? {
        StorePlace::Memory => QueueStore::memory(clock),
        StorePlace::File(path) => QueueStore::open(&path, clock),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placed(flag: Option<&str>, variables: &[(&str, &str)], simulated: bool) -> StorePlace {
        let environment = Environment::of(variables);
        let flags = super::flag(flag.map(Path::new)).unwrap().into_iter().collect();
        let configuration = Configuration::gather(flags, &environment, None).unwrap();
        place(&configuration, &environment, simulated).unwrap()
    }

    #[test]
    fn jobs_are_kept_where_a_flag_says_then_the_configuration_then_in_the_data_folder() {
        let file = |path: &str| StorePlace::File(PathBuf::from(path));
        let variables = [("HOME", "/home/a"), ("JOURNEYMAN_STORE", "mine.sqlite3")];
        assert_eq!(placed(Some("a.sqlite3"), &variables, false), file("a.sqlite3"));
        assert_eq!(placed(None, &variables, false), file("mine.sqlite3"));
        assert_eq!(placed(Some("memory"), &variables, false), StorePlace::Memory);
        if cfg!(target_os = "linux") {
            let usual = "/home/a/.local/share/journeyman/jobs.sqlite3";
            assert_eq!(placed(None, &variables[..1], false), file(usual));
            let data = [("HOME", "/home/a"), ("XDG_DATA_HOME", "/data")];
            assert_eq!(placed(None, &data, false), file("/data/journeyman/jobs.sqlite3"));
        }
        let environment = Environment::of(&[]);
        let configuration = Configuration::gather(Vec::new(), &environment, None).unwrap();
        let why = place(&configuration, &environment, false).unwrap_err();
        assert_eq!(why.kind(), ErrorKind::Configuration);
        assert!(why.hint().is_some());
    }

    #[test]
    fn a_simulated_discords_jobs_are_kept_only_where_the_flag_says_so() {
        let variables = [("HOME", "/home/a"), ("JOURNEYMAN_STORE", "mine.sqlite3")];
        assert_eq!(placed(None, &variables, true), StorePlace::Memory);
        assert_eq!(placed(Some("a"), &variables, true), StorePlace::File(PathBuf::from("a")));
    }
}
