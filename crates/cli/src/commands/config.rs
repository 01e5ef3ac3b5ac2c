//! `config show`: every setting with its origin, and what is wrong with them. It asks nobody.

use std::fmt::Write as _;

use crate::config::{Configuration, KEYS};
use crate::error::Error;
use crate::show;

/// Shows everything, then tells each error; `wrong` is what gathering found already.
pub(super) fn show(configuration: &Configuration, wrong: Vec<journeyman::Error>) -> Result<(), Error> {
    show::print(&listing(configuration))?;
    let mut errors: Vec<Error> =
        wrong.into_iter().chain(configuration.unreadable()).map(Error::from).collect();
    // The last one is told as the command's own end.
    let last = errors.pop();
    for error in errors {
        show::tell(error.text().trim_end());
    }
    last.map_or(Ok(()), Err)
}

/// The settings as lines of a configuration file, each with its origin; those without a value are comments.
fn listing(configuration: &Configuration) -> String {
    let mut text = String::new();
    match &configuration.file {
        Some(file) if configuration.file_was_read => drop(writeln!(text, "# file: {}", file.display())),
        Some(file) => drop(writeln!(text, "# file: {} (not there)", file.display())),
        None => text.push_str("# file: none\n"),
    }
    for key in KEYS {
        let _ = match configuration.get(key.name) {
            Some(setting) => {
                let shown = if key.secret { "…" } else { &setting.text };
                writeln!(text, "{} = {}  # {}", key.name, quoted(shown), setting.origin)
            }
            None => writeln!(text, "# {} is not set: {}", key.name, key.about),
        };
    }
    text
}

/// A number or a switch as it is, everything else as TOML writes a text.
fn quoted(text: &str) -> String {
    let plain = text.parse::<f64>().is_ok() || text.parse::<bool>().is_ok();
    if plain { text.to_owned() } else { toml::Value::String(text.to_owned()).to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Environment;

    #[test]
    fn every_origin_is_told_and_no_token() {
        let environment = Environment::of(&[
            ("JOURNEYMAN_TOKEN", "MTAwMDAwMDAwMDAwMDAwMDAw.Gcanary.in-the-mine"),
            ("JOURNEYMAN_CHANNEL", "1077800642086703114"),
        ]);
        let flags = vec![("out", "--out", "images".to_owned())];
        let configuration = Configuration::gather(flags, &environment, None).expect("a configuration");
        let text = listing(&configuration);
        insta::assert_snapshot!(text);
        assert!(!text.contains("canary"));
    }
}
