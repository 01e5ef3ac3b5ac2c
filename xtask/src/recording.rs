//! The README's recording of a terminal, made from a real run. It invents nothing: what is drawn was written.

use std::fmt::Write as _;
use std::io::Read as _;
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::findings::Findings;
use crate::source::root;

const PROMPT: &str = "a lighthouse at dawn --ar 3:2";
const INTO: &str = "docs/recording.svg";
/// The size of a character, in pixels.
const WIDE: usize = 8;
const HIGH: usize = 16;
const COLUMNS: usize = 96;
/// How long the last picture stands before the recording begins again.
const HOLD_S: f64 = 6.0;

/// One character cell of a picture: its upper and its lower pixel.
type Cell = ([u8; 3], [u8; 3]);

/// What a terminal was shown.
#[derive(Default)]
struct Screen {
    /// The line that moves, each time it changed, with the second at which it did.
    moving: Vec<(f64, String)>,
    /// The lines that stayed.
    lines: Vec<(String, Vec<Cell>)>,
    /// The line that is being written.
    text: String,
    cells: Vec<Cell>,
    colours: Cell,
    returned: bool,
}

pub(crate) fn make(findings: &mut Findings) {
    findings.look();
    let drawn = record().and_then(|(screen, seconds)| {
        let path = root().join(INTO);
        std::fs::create_dir_all(root().join("docs"))?;
        std::fs::write(path, draw(&screen, seconds))
    });
    if let Err(why) = drawn {
        findings.wrong(format_args!(
            "record a run into {INTO} (needs `script` of util-linux and a release build): {why}"
        ));
    }
}

/// Runs the release build in a terminal of its own.
fn record() -> std::io::Result<(Screen, f64)> {
    let folder = std::env::temp_dir().join(format!("journeyman-recording-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let binary = root().join(std::env::var("CARGO_TARGET_DIR").unwrap_or_else(|_| "target".to_owned()));
    let run = format!("{} imagine --sim '{PROMPT}'", binary.join("release/journeyman").display());
    let mut child = Command::new("script")
        .args(["-qec", &run, "/dev/null"])
        .current_dir(&folder)
        .envs([("COLORTERM", "truecolor"), ("TERM", "xterm-256color"), ("COLUMNS", "96")])
        .env("HOME", &folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()?;
    let since = Instant::now();
    let mut screen = Screen::default();
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    let mut stdout = child.stdout.take().ok_or_else(|| std::io::Error::other("no output"))?;
    loop {
        let read = stdout.read(&mut chunk)?;
        bytes.extend_from_slice(chunk.get(..read).unwrap_or_default());
        let whole = if read == 0 { bytes.len() } else { whole(&bytes) };
        let text = String::from_utf8_lossy(bytes.get(..whole).unwrap_or_default()).into_owned();
        bytes.drain(..whole);
        screen.write(since.elapsed().as_secs_f64(), &text);
        if read == 0 {
            break;
        }
    }
    let ended = child.wait()?;
    std::fs::remove_dir_all(&folder)?;
    if ended.success() {
        Ok((screen, since.elapsed().as_secs_f64()))
    } else {
        Err(std::io::Error::other("the run failed"))
    }
}

/// How many of the bytes neither end within a character nor within an escape sequence.
fn whole(bytes: &[u8]) -> usize {
    let escape = bytes.iter().rposition(|byte| *byte == 0x1b).unwrap_or(bytes.len());
    let is_open = bytes.get(escape..).is_some_and(|rest| !rest.iter().skip(2).any(u8::is_ascii_alphabetic));
    let end = if is_open { escape } else { bytes.len() };
    let part = bytes.get(..end).unwrap_or_default();
    std::str::from_utf8(part).map_or_else(|why| why.valid_up_to(), str::len)
}

impl Screen {
    fn write(&mut self, at: f64, text: &str) {
        let mut chars = text.chars();
        while let Some(char) = chars.next() {
            match char {
                '\r' => self.returned = true,
                '\n' => self.end_line(),
                '\x1b' => {
                    let sequence: String =
                        chars.by_ref().take_while(|char| !char.is_ascii_alphabetic()).collect();
                    self.colour(&sequence);
                }
                '▀' => self.cells.push(self.colours),
                _ => {
                    if self.returned {
                        self.move_line(at);
                    }
                    self.text.push(char);
                }
            }
        }
    }

    fn end_line(&mut self) {
        self.returned = false;
        let line = (std::mem::take(&mut self.text), std::mem::take(&mut self.cells));
        self.lines.push(line);
    }

    /// The line is about to be written anew: what stood there was a state of the moving line.
    fn move_line(&mut self, at: f64) {
        self.returned = false;
        let text = std::mem::take(&mut self.text).trim_end().to_owned();
        // The first character only turns.
        let rest = |text: &str| text.chars().skip(1).collect::<String>();
        if !text.is_empty() && self.moving.last().is_none_or(|(_, last)| rest(last) != rest(&text)) {
            self.moving.push((at, text));
        }
    }

    /// `[38;2;r;g;b` colours the upper pixel, `[48;2;r;g;b` the lower one; all else changes nothing that is drawn.
    fn colour(&mut self, sequence: &str) {
        let numbers: Vec<u8> =
            sequence.trim_start_matches('[').split(';').filter_map(|part| part.parse().ok()).collect();
        match numbers.as_slice() {
            [38, 2, r, g, b] => self.colours.0 = [*r, *g, *b],
            [48, 2, r, g, b] => self.colours.1 = [*r, *g, *b],
            _ => {}
        }
    }
}

fn draw(screen: &Screen, seconds: f64) -> String {
    let width = COLUMNS * WIDE + 2 * HIGH;
    let height = (screen.lines.len() + 4) * HIGH;
    let total = seconds + HOLD_S;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-family=\"monospace\" font-size=\"13\">\n\
         <title>journeyman imagine --sim, as it ran</title>\n<rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"#16181d\"/>\n"
    );
    text(&mut svg, 1, &format!("$ journeyman imagine --sim \"{PROMPT}\""), "");
    for (index, (at, line)) in screen.moving.iter().enumerate() {
        let until = screen.moving.get(index + 1).map_or(seconds, |(next, _)| *next);
        text(&mut svg, 2, line, &shown(*at, until, total));
    }
    svg.push_str("<g>");
    svg.push_str(&shown(seconds, total, total));
    for (row, (line, cells)) in screen.lines.iter().enumerate() {
        if cells.is_empty() {
            text(&mut svg, row + 2, line, "");
        }
        pixels(&mut svg, row + 2, cells);
    }
    svg.push_str("</g>\n</svg>\n");
    svg
}

/// Shows what it is put into from one second to another, over and over.
fn shown(from: f64, until: f64, total: f64) -> String {
    let (from, until) = ((from / total).clamp(0.0, 1.0), (until / total).clamp(0.0, 1.0));
    format!(
        "<animate attributeName=\"opacity\" calcMode=\"discrete\" dur=\"{total:.2}s\" repeatCount=\"indefinite\" \
         values=\"0;1;0\" keyTimes=\"0;{from:.4};{until:.4}\"/>"
    )
}

fn text(svg: &mut String, row: usize, line: &str, animation: &str) {
    let line = line.replace('&', "&amp;").replace('<', "&lt;");
    let line: String = line.chars().take(COLUMNS).collect();
    let y = (row + 1) * HIGH - 4;
    // What is animated is hidden where animations are not played; the last state is not.
    let _ = writeln!(
        svg,
        "<text x=\"{HIGH}\" y=\"{y}\" fill=\"#d7dae0\" xml:space=\"preserve\"{}>{line}{animation}</text>",
        if animation.is_empty() { "" } else { " opacity=\"0\"" }
    );
}

fn pixels(svg: &mut String, row: usize, cells: &[Cell]) {
    for (half, of) in [(0, (|cell: &Cell| cell.0) as fn(&Cell) -> [u8; 3]), (1, |cell: &Cell| cell.1)] {
        let mut start = 0;
        for run in cells.chunk_by(|a, b| of(a) == of(b)) {
            let [red, green, blue] = run.first().map(of).unwrap_or_default();
            let (x, y) = (HIGH + start * WIDE, row * HIGH + half * HIGH / 2);
            // A little higher than its row, so that no seam shows between two.
            let _ = write!(
                svg,
                "<path fill=\"#{red:02x}{green:02x}{blue:02x}\" d=\"M{x} {y}h{}v9h-{}z\"/>",
                run.len() * WIDE,
                run.len() * WIDE
            );
            start += run.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moving_line_is_kept_once_per_change_and_a_line_that_stays_is_a_line() {
        let mut screen = Screen::default();
        screen.write(0.1, "⠁ sent   \r\x1b[2K⠉ sent \r\x1b[2K⠙ waiting\r\x1b[2K");
        screen.write(0.2, "\x1b[38;2;1;2;3m\x1b[48;2;4;5;6m▀\x1b[0m\r\na.png\r\n");
        let moving: Vec<&str> = screen.moving.iter().map(|(_, text)| text.as_str()).collect();
        assert_eq!(moving, ["⠁ sent"]);
        assert_eq!(screen.lines.len(), 2);
        assert_eq!(screen.lines[0].1, [([1, 2, 3], [4, 5, 6])]);
        assert_eq!(screen.lines[1].0, "a.png");
    }

    #[test]
    fn a_chunk_ends_before_what_is_not_whole() {
        assert_eq!(whole("a\x1b[2K".as_bytes()), 5);
        assert_eq!(whole("a\x1b[2".as_bytes()), 1);
        assert_eq!(whole(&"a▀".as_bytes()[..2]), 1);
    }
}
