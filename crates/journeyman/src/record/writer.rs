//! The thread that writes a recording: redacts, writes, begins the next file. It never holds up who records.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::redact::Redactor;
use crate::error::{Error, ErrorKind};

/// How long the end waits for the last lines to be on disk.
const LAST_LINES: Duration = Duration::from_secs(2);

/// What a recording may use.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// How many lines may wait for the disk.
    waiting: usize,
    /// How many bytes of bodies may wait with them.
    bytes_waiting: usize,
    /// How large a file becomes before the next begins.
    file: u64,
    /// How many files are kept of one recording.
    files: u32,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { waiting: 2_048, bytes_waiting: 32 * 1024 * 1024, file: 64 * 1024 * 1024, files: 8 }
    }
}

/// One line before it is redacted.
pub(super) struct Entry {
    /// Written as it is: kinds, numbers and times.
    pub(super) plain: Map<String, Value>,
    /// Redacted by its fields.
    pub(super) data: Value,
    /// Redacted by their names.
    pub(super) headers: Vec<(String, String)>,
    /// Some number of bytes, for the bound.
    pub(super) weight: usize,
}

/// Where lines go in.
pub(super) struct Writer {
    queue: Arc<Queue>,
    bounds: Bounds,
}

#[derive(Default)]
struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    entries: VecDeque<Entry>,
    bytes: usize,
    /// Lines for which there was no room, and of which nothing is written yet.
    dropped: u64,
    /// No more lines are taken.
    is_closed: bool,
    /// Everything is written, or nothing can be.
    has_ended: bool,
}

impl Queue {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Writer {
    /// Makes the folder and the first file, and begins to write.
    pub(super) fn begin(folder: &Path, stem: &str, head: Value, redactor: Redactor) -> Result<Self, Error> {
        let cannot = |why: std::io::Error| {
            Error::new(ErrorKind::Storage, format!("begin a recording in {}", folder.display()))
                .with_hint("give a folder that can be written")
                .with_source(why)
        };
        std::fs::create_dir_all(folder).map_err(cannot)?;
        let path = folder.join(stem);
        Self::begin_with(path, head, redactor, Bounds::default(), Box::new(open)).map_err(cannot)
    }

    fn begin_with(
        path: PathBuf,
        head: Value,
        redactor: Redactor,
        bounds: Bounds,
        open: Open,
    ) -> std::io::Result<Self> {
        let queue = Arc::new(Queue::default());
        let mut pen = Pen {
            path,
            head,
            redactor,
            bounds,
            open,
            part: 0,
            written: 0,
            file: None,
            queue: Arc::clone(&queue),
        };
        pen.turn_page()?;
        std::thread::Builder::new().name("recording".to_owned()).spawn(move || pen.run())?;
        Ok(Self { queue, bounds })
    }

    /// Takes a line; where there is no room it is counted instead.
    pub(super) fn put(&self, entry: Entry) {
        let mut state = self.queue.state();
        if state.is_closed {
            return;
        }
        let has_room = state.entries.len() < self.bounds.waiting && state.bytes <= self.bounds.bytes_waiting;
        if has_room && !state.has_ended {
            state.bytes += entry.weight;
            state.entries.push_back(entry);
            self.queue.changed.notify_all();
        } else {
            state.dropped += 1;
        }
    }

    /// Takes no more lines, and waits until those that were taken are on disk; a disk that is too slow for that
    /// keeps the end without its last lines.
    pub(super) fn end(&self) {
        let mut state = self.queue.state();
        state.is_closed = true;
        self.queue.changed.notify_all();
        let waited = self.queue.changed.wait_timeout_while(state, LAST_LINES, |state| !state.has_ended);
        drop(waited);
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.end();
    }
}

type Open = Box<dyn FnMut(&Path) -> std::io::Result<Box<dyn Write + Send>> + Send>;

/// A new file that nobody else may read: prompts are in it.
fn open(path: &Path) -> std::io::Result<Box<dyn Write + Send>> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    Ok(Box::new(BufWriter::new(options.open(path)?)))
}

/// What writes.
struct Pen {
    /// The file's path without the part's number and the ending.
    path: PathBuf,
    head: Value,
    redactor: Redactor,
    bounds: Bounds,
    open: Open,
    part: u32,
    written: u64,
    file: Option<Box<dyn Write + Send>>,
    queue: Arc<Queue>,
}

impl Pen {
    fn run(mut self) {
        if let Err(error) = self.write_all() {
            tracing::error!(%error, recording = %self.path.display(), "the recording ends here");
        }
        let queue = Arc::clone(&self.queue);
        // The file is closed before anybody hears that it is.
        drop(self);
        let mut state = queue.state();
        state.has_ended = true;
        (state.entries, state.bytes) = (VecDeque::new(), 0);
        queue.changed.notify_all();
    }

    fn write_all(&mut self) -> std::io::Result<()> {
        let queue = Arc::clone(&self.queue);
        let mut state = queue.state();
        loop {
            let dropped = std::mem::take(&mut state.dropped);
            let Some(entry) = state.entries.pop_front() else {
                let is_closed = state.is_closed;
                drop(state);
                self.write_dropped(dropped)?;
                if is_closed {
                    self.write(&json!({"kind": "end"}))?;
                }
                self.flush()?;
                state = queue.state();
                if is_closed {
                    return Ok(());
                }
                let is_idle = |state: &mut State| state.entries.is_empty() && !state.is_closed;
                state = queue.changed.wait_while(state, is_idle).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            state.bytes = state.bytes.saturating_sub(entry.weight);
            drop(state);
            self.write_dropped(dropped)?;
            self.write_entry(&entry)?;
            state = queue.state();
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.as_mut().map_or(Ok(()), Write::flush)
    }

    fn write_entry(&mut self, entry: &Entry) -> std::io::Result<()> {
        let mut line = entry.plain.clone();
        let Some(data) = self.redactor.json(&entry.data) else { return self.write_dropped(1) };
        if let Value::Object(data) = data {
            line.extend(data);
        }
        if !entry.headers.is_empty() {
            let headers = entry.headers.iter().map(|(name, value)| {
                let name = name.to_lowercase();
                let value = self.redactor.header(&name, value);
                json!([name, value])
            });
            line.insert("headers".to_owned(), headers.collect());
        }
        self.write(&Value::Object(line))
    }

    /// Where lines are missing, the recording says how many.
    fn write_dropped(&mut self, count: u64) -> std::io::Result<()> {
        if count == 0 { Ok(()) } else { self.write(&json!({"kind": "dropped", "count": count})) }
    }

    fn write(&mut self, line: &Value) -> std::io::Result<()> {
        if self.written >= self.bounds.file {
            self.turn_page()?;
        }
        let text = line.to_string();
        self.written += text.len() as u64 + 1;
        self.file.as_mut().map_or(Ok(()), |file| writeln!(file, "{text}"))
    }

    fn turn_page(&mut self) -> std::io::Result<()> {
        self.flush()?;
        self.part += 1;
        let oldest = (self.part + 1).saturating_sub(self.bounds.files).max(1);
        if oldest > 1 {
            // One that is gone already needs no removing.
            let _ = std::fs::remove_file(self.place(oldest - 1));
        }
        self.redactor.turn_to(self.part, oldest);
        let place = self.place(self.part);
        self.file = Some((self.open)(&place)?);
        self.written = 0;
        let mut head = self.redactor.json(&self.head).unwrap_or_default();
        if let Value::Object(head) = &mut head {
            head.insert("part".to_owned(), self.part.into());
        }
        self.write(&head)
    }

    fn place(&self, part: u32) -> PathBuf {
        let stem = self.path.file_name().unwrap_or_default().to_string_lossy();
        self.path.with_file_name(format!("{stem}-{part:04}.jsonl"))
    }
}

#[cfg(test)]
mod tests {
    use std::hash::RandomState;
    use std::sync::mpsc::{Receiver, Sender, channel};

    use journeyman_discord::Token;

    use super::*;

    fn redactor() -> Redactor {
        let token = Token::parse("canarybirdAAAAAAAAAAAAAAAA.BBBBBB.CCCCCCCCCCCCCCCCCCCCCCCCCCC").unwrap();
        Redactor::new(token, true, RandomState::new(), 1_790_000_000_000_000)
    }

    fn entry(number: u64) -> Entry {
        let plain = json!({"kind": "test", "number": number});
        let Value::Object(plain) = plain else { unreachable!("an object") };
        Entry { plain, data: json!({"channel_id": "1300000000000000001"}), headers: Vec::new(), weight: 10 }
    }

    fn lines(folder: &Path) -> Vec<(String, Vec<Value>)> {
        let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
        files.sort();
        let read = |path: &PathBuf| {
            let text = std::fs::read_to_string(path).unwrap();
            let lines = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            (path.file_name().unwrap().to_string_lossy().into_owned(), lines)
        };
        files.iter().map(read).collect()
    }

    #[test]
    fn a_recording_goes_on_in_another_file_and_the_oldest_goes() {
        let folder = tempfile::tempdir().unwrap();
        let bounds = Bounds { file: 400, files: 3, ..Bounds::default() };
        let writer = Writer::begin_with(
            folder.path().join("r"),
            json!({"kind": "begin"}),
            redactor(),
            bounds,
            Box::new(open),
        )
        .unwrap();
        (0..40).for_each(|number| writer.put(entry(number)));
        writer.end();
        let files = lines(folder.path());
        assert_eq!(files.len(), 3, "{files:?}");
        let parts: Vec<u64> = files.iter().map(|(_, lines)| lines[0]["part"].as_u64().unwrap()).collect();
        assert_eq!(parts, [parts[0], parts[0] + 1, parts[0] + 2]);
        assert!(parts[0] > 1);
        let mut all: Vec<&Value> = files.iter().flat_map(|(_, lines)| &lines[1..]).collect();
        assert_eq!(all.pop().unwrap()["kind"], "end");
        assert_eq!(all.last().unwrap()["number"], 39, "nothing of the end is lost: {files:?}");
        assert!(
            all.iter().all(|line| line["channel_id"] == all[0]["channel_id"]),
            "one id in all parts: {all:?}"
        );
    }

    /// A disk on which each write waits for a word.
    struct Slow(Receiver<()>, Arc<Mutex<Vec<u8>>>);

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            // After the last word it is quick.
            let _ = self.0.recv();
            self.1.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn slow(bounds: Bounds) -> (Writer, Sender<()>, Arc<Mutex<Vec<u8>>>) {
        let (word, words) = channel();
        let written = Arc::new(Mutex::new(Vec::new()));
        let mut disk = Some(Slow(words, Arc::clone(&written)));
        let open: Open = Box::new(move |_| Ok(Box::new(BufWriter::with_capacity(0, disk.take().unwrap()))));
        // The head is written before the thread begins.
        (0..64).for_each(|_| word.send(()).unwrap());
        let writer =
            Writer::begin_with(PathBuf::from("r"), json!({"kind": "begin"}), redactor(), bounds, open)
                .unwrap();
        (writer, word, written)
    }

    #[test]
    fn a_slow_disk_costs_lines_which_are_counted_and_holds_up_nobody() {
        let bounds = Bounds { waiting: 4, ..Bounds::default() };
        let (writer, word, written) = slow(bounds);
        // The disk stands still after what the first words let it write, and yet each line is taken or counted.
        (0..1_000).for_each(|number| writer.put(entry(number)));
        drop(word);
        writer.end();
        let text = String::from_utf8(written.lock().unwrap().clone()).unwrap();
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let kept = lines.iter().filter(|line| line["kind"] == "test").count() as u64;
        let dropped: u64 = lines.iter().filter_map(|line| line["count"].as_u64()).sum();
        assert!(dropped > 0, "{text}");
        assert_eq!(kept + dropped, 1_000, "{text}");
    }

    #[test]
    fn a_disk_that_fails_ends_the_recording_and_nothing_else() {
        struct Broken(u8);
        impl Write for Broken {
            fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
                self.0 += 1;
                if self.0 > 4 { Err(std::io::ErrorKind::StorageFull.into()) } else { Ok(bytes.len()) }
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        let open: Open = Box::new(|_| Ok(Box::new(Broken(0))));
        let bounds = Bounds::default();
        let writer = Writer::begin_with(PathBuf::from("r"), json!({}), redactor(), bounds, open).unwrap();
        (0..100).for_each(|number| writer.put(entry(number)));
        writer.end();
        writer.put(entry(101));
    }
}
