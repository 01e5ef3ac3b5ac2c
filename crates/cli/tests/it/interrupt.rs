//! Ctrl-C: watching stops, and the person hears what goes on without them.
#![cfg(unix)]

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Command, Stdio};

use crate::harness::{Ran, Sim};

#[test]
fn ctrl_c_says_that_the_job_goes_on_and_leaves_nothing_half_written() {
    let sim = Sim::start(&[]);
    let place = sim.place().with("JOURNEYMAN_PROGRESS", "visible").with("JOURNEYMAN_LOG", "off");
    let mut command = place.command(&["imagine", "--json", "--out", "images", "a fox"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    let mut stdout = BufReader::new(child.stdout.take().expect("its stdout"));
    let mut said = String::new();
    // Until the job has shown itself, so that its message is known.
    while !said.contains("\"waiting\"") && !said.contains("\"progress\"") {
        assert_ne!(stdout.read_line(&mut said).expect("a line"), 0, "it ended: {said}");
    }
    let asked = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill runs");
    assert!(asked.success());
    stdout.read_to_string(&mut said).expect("the rest");
    let mut stderr = String::new();
    child.stderr.take().expect("its stderr").read_to_string(&mut stderr).expect("all of it");
    let code = child.wait().expect("it ends").code();

    let ran = Ran { stdout: said, stderr, code };
    place.search(&ran);
    assert_eq!(ran.code, Some(130), "{}", ran.stderr);
    let last = ran.last();
    assert_eq!(
        (last["event"].as_str(), last["error"].as_str()),
        (Some("failed"), Some("Cancelled")),
        "{last}"
    );
    assert!(last["message"].as_str().is_some_and(|text| text.contains("charged")), "{last}");
    assert!(last["message_id"].as_str().is_some_and(|id| !id.is_empty()), "{last}");
    assert_eq!(place.files_in("images"), Vec::<std::path::PathBuf>::new());
}
