//! A link of a page to a file, or to a test in one. Whether the test passes is the tests' matter.

use std::path::Path;

/// `[text](path)`, seen from `docs`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reference<'a> {
    text: &'a str,
    /// Below the project's root.
    path: &'a str,
}

impl<'a> Reference<'a> {
    /// The links of a cell to files of the project.
    pub(super) fn all(cell: &'a str) -> Vec<Self> {
        let parts = cell.split('[').skip(1);
        let link = |part: &'a str| {
            let (text, rest) = part.split_once("](")?;
            let (path, _) = rest.split_once(')')?;
            let path = path.split('#').next().unwrap_or_default();
            // A page links beside itself; everything else lies above it.
            let path = path.strip_prefix("../")?;
            Some(Self { text: text.trim_matches('`'), path })
        };
        parts.filter_map(link).collect()
    }

    /// Whether it names a test: a function's name, and a Rust file.
    pub(super) fn is_test(&self) -> bool {
        let is_of_a_name =
            |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
        let is_source = Path::new(self.path).extension().is_some_and(|extension| extension == "rs");
        is_source && self.text.contains('_') && self.text.chars().all(is_of_a_name)
    }

    /// What is wrong with it, if anything.
    pub(super) fn missing(&self, root: &Path) -> Option<String> {
        let Self { text, path } = self;
        if !self.is_test() {
            return (!root.join(path).exists()).then(|| format!("{path} is not there"));
        }
        match std::fs::read_to_string(root.join(path)) {
            Ok(source) => (!has_test(&source, text)).then(|| format!("{path} has no test {text}")),
            Err(_) => Some(format!("{path} is not there")),
        }
    }
}

/// Whether the source has this function, with an attribute that makes it a test.
fn has_test(source: &str, name: &str) -> bool {
    let lines: Vec<_> = source.lines().map(str::trim).collect();
    let opens = format!("fn {name}(");
    let is_it = |line: &str| line.strip_prefix("async ").unwrap_or(line).starts_with(&opens);
    let places = lines.iter().enumerate().filter(|(_, line)| is_it(line)).map(|(at, _)| at);
    places.into_iter().any(|at| {
        let above =
            lines[..at].iter().rev().take_while(|line| line.starts_with("#[") || line.starts_with("//"));
        above.into_iter().any(|line| line.starts_with("#[test]") || line.starts_with("#[tokio::test"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_read_and_tests_told_from_files() {
        let cell = "[`a_fox_runs`](../a/b.rs), [b.rs](../a/b.rs#L3) and [elsewhere](https://x.y)";
        let read: Vec<_> =
            Reference::all(cell).iter().map(|one| (one.text, one.path, one.is_test())).collect();
        assert_eq!(read, [("a_fox_runs", "a/b.rs", true), ("b.rs", "a/b.rs", false)]);
    }

    #[test]
    fn a_function_is_a_test_only_with_its_attribute_and_by_its_whole_name() {
        let source = "#[test]\nfn a_fox_runs() {}\n\nfn a_fox_sits() {}\n#[tokio::test]\n#[cfg(unix)]\n// Why.\nasync fn a_hen_sits() {}\n// fn a_dog_runs() {}\n";
        for (name, is_there) in [
            ("a_fox_runs", true),
            ("a_fox", false),
            ("a_fox_sits", false),
            ("a_hen_sits", true),
            ("a_dog_runs", false),
        ] {
            assert_eq!(has_test(source, name), is_there, "{name}");
        }
    }
}
