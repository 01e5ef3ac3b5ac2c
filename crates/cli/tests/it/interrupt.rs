//! Ctrl-C: watching stops, and the person hears what goes on without them.
#![cfg(unix)]

use std::io::{BufRead as _, BufReader, Read};
use std::process::{Child, Command, Stdio};

use crate::harness::{Place, Ran, Sim};

/// A command that has begun, with what it has said so far.
struct Begun {
    child: Child,
    stdout: String,
    stderr: String,
}

impl Begun {
    /// Starts it, and reads one of its outputs until `is_time`.
    fn until(place: &Place, args: &[&str], output: Output, is_time: impl Fn(&str) -> bool) -> Self {
        let mut command = place.command(args);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        let source: Box<dyn Read + '_> = match output {
            Output::Stdout => Box::new(child.stdout.as_mut().expect("its stdout")),
            Output::Stderr => Box::new(child.stderr.as_mut().expect("its stderr")),
        };
        // Of single bytes: what a buffer held back would be lost for the rest.
        let mut source = BufReader::with_capacity(1, source);
        let mut said = String::new();
        while !is_time(&said) {
            assert_ne!(source.read_line(&mut said).expect("a line"), 0, "it ended: {said}");
        }
        drop(source);
        match output {
            Output::Stdout => Self { child, stdout: said, stderr: String::new() },
            Output::Stderr => Self { child, stdout: String::new(), stderr: said },
        }
    }

    /// Interrupts it, and reads stderr until the words come.
    fn interrupt_until(mut self, words: &str) -> Self {
        ask(&self.child);
        let mut source = BufReader::with_capacity(1, self.child.stderr.as_mut().expect("its stderr"));
        while !self.stderr.contains(words) {
            assert_ne!(source.read_line(&mut self.stderr).expect("a line"), 0, "it ended: {}", self.stderr);
        }
        drop(source);
        self
    }

    /// Interrupts it, and reads it to its end.
    fn interrupt(self, place: &Place) -> Ran {
        let Self { mut child, mut stdout, mut stderr } = self;
        ask(&child);
        child.stdout.take().expect("its stdout").read_to_string(&mut stdout).expect("the rest");
        child.stderr.take().expect("its stderr").read_to_string(&mut stderr).expect("all of it");
        let code = child.wait().expect("it ends").code();
        let ran = Ran { stdout, stderr, code };
        place.search(&ran);
        ran
    }
}

fn ask(child: &Child) {
    let asked = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill runs");
    assert!(asked.success());
}

#[derive(Clone, Copy)]
enum Output {
    Stdout,
    Stderr,
}

/// The last line says that it was stopped.
fn is_stopped(ran: &Ran) {
    assert_eq!(ran.code, Some(130), "{}", ran.stderr);
    let last = ran.last();
    assert_eq!(
        (last["event"].as_str(), last["error"].as_str()),
        (Some("failed"), Some("Cancelled")),
        "{last}"
    );
}

#[test]
fn ctrl_c_says_that_the_job_goes_on_and_leaves_nothing_half_written() {
    let sim = Sim::start(&[]);
    let place = sim.place().with("JOURNEYMAN_PROGRESS", "visible").with("JOURNEYMAN_LOG", "off");
    let args = ["imagine", "--json", "--out", "images", "a fox"];
    // Until the job has shown itself, so that its message is known.
    let has_begun = |said: &str| said.contains("\"waiting\"") || said.contains("\"progress\"");
    let ran = Begun::until(&place, &args, Output::Stdout, has_begun).interrupt(&place);
    is_stopped(&ran);
    let last = ran.last();
    assert!(last["message"].as_str().is_some_and(|text| text.contains("charged")), "{last}");
    assert!(last["message_id"].as_str().is_some_and(|id| !id.is_empty()), "{last}");
    assert_eq!(place.files_in("images"), Vec::<std::path::PathBuf>::new());
}

#[test]
fn ctrl_c_during_an_upload_ends_it_and_begins_no_job() {
    let mut place = Place::bare();
    let stalled = "[[fault]]\nkind = \"latency\"\nmethod = \"POST\"\nroute = \"/channels/{channel.id}/attachments\"\ndelay_ms = 600000\n";
    let script = place.write("script.toml", stalled).display().to_string();
    let sim = Sim::start(&["--script", &script]);
    let place = sim.place().with("JOURNEYMAN_LOG", "trace");
    image::RgbImage::new(8, 8).save(place.path("a.png")).expect("a file");
    image::RgbImage::from_pixel(8, 8, image::Rgb([9, 9, 9])).save(place.path("b.png")).expect("a file");
    for args in [
        &["imagine", "--json", "--image", "a.png", "a fox"][..],
        &["describe", "--json", "a.png"],
        &["blend", "--json", "a.png", "b.png"],
    ] {
        let has_left = |said: &str| said.contains("attachments");
        let ran = Begun::until(&place, args, Output::Stderr, has_left).interrupt(&place);
        is_stopped(&ran);
        assert_eq!(ran.json().len(), 1, "nothing happened to a job: {}", ran.stdout);
        ran.says(&["hint: no job was begun"]);
    }
    assert_eq!(sim.report()["interactions"], 0);
}

#[test]
fn ctrl_c_ends_a_recipe_with_what_was_not_begun_and_what_goes_on() {
    let sim = Sim::start(&[]);
    let mut place = sim.place().with("JOURNEYMAN_LOG", "off");
    place
        .write("recipe.toml", "prompts = [\"a fox\", \"a hen\"]\nparallel = 1\n[[step]]\npress = [\"U1\"]\n");
    let has_begun = |said: &str| said.contains("1 a fox: begun");
    let ran = Begun::until(&place, &["recipe", "recipe.toml"], Output::Stderr, has_begun).interrupt(&place);
    assert_eq!(ran.code, Some(130), "{}", ran.stderr);
    ran.says(&["stop the recipe: jobs not begun: 1, no longer watched: 1", "hint: "]);
    assert!(ran.stdout.contains("a hen  not begun"), "{}", ran.stdout);
}

#[test]
fn ctrl_c_once_ends_a_batch_when_what_is_out_has_ended_and_twice_at_once_and_resume_goes_on() {
    let sim = Sim::start(&[]);
    let mut place = sim.place().with("JOURNEYMAN_LOG", "off");
    place.write("foxes.txt", "a fox\na hen\na cat\na dog\n");
    let args = |more: &[&'static str]| [&["batch", "foxes.txt", "--store", "jobs.sqlite3"], more].concat();
    let out = |said: &str| said.contains("1 a fox: accepted");
    let begun = Begun::until(&place, &args(&["--parallel", "1"]), Output::Stderr, out);
    let ran = begun.interrupt_until("stopping: nothing more is begun").interrupt(&place);
    assert_eq!(ran.code, Some(130), "{}", ran.stderr);
    ran.says(&["stop the batch foxes: steps left: 4; what is out goes on at Midjourney", "--resume goes on"]);
    let out = |said: &str| said.contains("2 a hen: accepted");
    let begun = Begun::until(&place, &args(&["--resume", "--parallel", "1"]), Output::Stderr, out);
    let ran = begun.interrupt(&place);
    assert_eq!(ran.code, Some(130), "{}", ran.stderr);
    ran.says(&["steps left: 2; what was out has ended", "2 a hen: finished, foxes/0002-a-hen/imagine-1.png"]);
    assert!(ran.stdout.contains("2 of 4 items complete"), "{}", ran.stdout);
    let ran = place.run(&args(&["--resume"]));
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let report = sim.report();
    let jobs = report["jobs"].as_array().expect("jobs");
    assert!(jobs.len() == 4 && jobs.iter().all(|job| job["charged"] == 1), "{report}");
}
