//! Our source files as text with their tests set apart. It parses no Rust beyond that.

use std::path::{Path, PathBuf};

/// One source file.
#[derive(Debug)]
pub(crate) struct Source {
    /// The path below the project's root, with `/`.
    pub(crate) path: String,
    /// The whole text.
    pub(crate) text: String,
}

impl Source {
    /// The lines that ship, each with its number: before the unit tests, comments and texts cut off.
    pub(crate) fn shipped(&self) -> impl Iterator<Item = (usize, String)> {
        let lines = self.text.lines().enumerate();
        lines.take_while(|(_, line)| line.trim() != "#[cfg(test)]").map(|(at, line)| (at + 1, code_of(line)))
    }

    /// Whether the file is below one of these folders, or is one of these files.
    pub(crate) fn is_in(&self, places: &[&str]) -> bool {
        places.iter().any(|place| {
            self.path == *place || self.path.strip_prefix(place).is_some_and(|rest| rest.starts_with('/'))
        })
    }
}

/// The line without its comment and without what stands between quotes.
fn code_of(line: &str) -> String {
    let mut code = String::new();
    let mut quoted = false;
    let mut chars = line.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '\\' if quoted => drop(chars.next()),
            '"' => quoted = !quoted,
            '/' if !quoted && chars.peek() == Some(&'/') => break,
            _ if quoted => {}
            _ => code.push(char),
        }
    }
    code
}

/// The project's root, two folders above nothing: the one that holds `xtask`.
pub(crate) fn root() -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask).to_path_buf()
}

/// Every Rust file of the crates and of `xtask`, in order.
pub(crate) fn all() -> std::io::Result<Vec<Source>> {
    let root = root();
    let mut found = Vec::new();
    for folder in ["crates", "xtask"] {
        collect(&root, &root.join(folder), &mut found)?;
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

fn collect(root: &Path, folder: &Path, found: &mut Vec<Source>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            if path.file_name().is_some_and(|name| name != "target") {
                collect(root, &path, found)?;
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path)?;
            let below = path.strip_prefix(root).unwrap_or(&path);
            found.push(Source { path: below.to_string_lossy().replace('\\', "/"), text });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_texts_are_not_code() {
        assert_eq!(code_of(r#"let a = "Instant::now"; // Instant::now"#), "let a = ; ");
        assert_eq!(code_of(r#"let a = "\"x"; b"#), "let a = ; b");
    }

    #[test]
    fn unit_tests_do_not_ship() {
        let text = "//! Head.\nfn a() {}\n#[cfg(test)]\nmod tests {}\n".to_owned();
        let source = Source { path: "crates/x/src/a.rs".to_owned(), text };
        assert_eq!(source.shipped().last(), Some((2, "fn a() {}".to_owned())));
    }
}
