//! Each recording in `tests/recordings` is replayed, and must end as it says. `cargo xtask fixture` puts them there.

use journeyman::replay;

/// Those that the simulator made: a success, two kinds of moderation, and a refusal that only the gateway shows.
const LEAST: usize = 4;

#[test]
fn a_fixture_from_a_recording_is_a_test() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings");
    let files = crate::bench::files(&folder);
    assert!(files.len() >= LEAST, "{files:?}");
    for file in files {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&file).expect("a recording");
        let replayed = replay(&text).unwrap_or_else(|why| panic!("{name}: {why}; {}", why.hint));
        assert!(replayed.outcomes.values().any(|ends| ends.expected.is_some()), "{name} expects nothing");
        assert!(replayed.is_same(), "{name}: {:#?} {:#?}", replayed.outcomes, replayed.differences);
    }
}
