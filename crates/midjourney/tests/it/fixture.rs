//! Finding and reading fixtures. It expects nothing of them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// The folder of fixtures.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures")
}

/// Every JSON file below the folder, by its base name.
pub(crate) fn all() -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    for scenario in fs::read_dir(folder()).expect("the fixtures are there") {
        let scenario = scenario.expect("a folder is readable").path();
        if !scenario.is_dir() {
            continue;
        }
        for file in fs::read_dir(scenario).expect("a folder is readable") {
            let path = file.expect("a file is readable").path();
            let name = path.file_name().and_then(|name| name.to_str()).expect("a file has a name").to_owned();
            let text = fs::read_to_string(&path).expect("a fixture is readable");
            let value = serde_json::from_str(&text).expect("a fixture is JSON");
            assert!(found.insert(name, value).is_none(), "two fixtures are called {}", path.display());
        }
    }
    found
}

/// The fixture with this base name.
pub(crate) fn named(name: &str) -> Value {
    all().remove(name).unwrap_or_else(|| panic!("no fixture is called {name}"))
}
