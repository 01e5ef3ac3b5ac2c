//! The configuration: flag over environment over file over default, each value with its origin.
//!
//! It gathers texts and parses them at the door; it connects to nothing.

mod key;
mod meaning;
mod place;
mod prompt;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use journeyman::{Error, ErrorKind};
use journeyman_midjourney::nearest::nearest;

pub(crate) use key::{KEYS, Key};
pub(crate) use place::Environment;

/// How all of our variables begin.
const PREFIX: &str = "JOURNEYMAN_";
/// Variables that are read elsewhere, or that `sim score` tells a client.
const NO_SETTINGS: [&str; 6] = [
    "JOURNEYMAN_CONFIG",
    "JOURNEYMAN_LOG",
    "JOURNEYMAN_SIM_CHANNEL",
    "JOURNEYMAN_SIM_SCENARIO",
    "JOURNEYMAN_SIM_TOKEN",
    "JOURNEYMAN_SIM_URL",
];

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    Flag(&'static str),
    Variable(String),
    File(PathBuf),
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) => f.write_str(name),
            Self::Variable(name) => f.write_str(name),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Default => f.write_str("default"),
        }
    }
}

/// One value as text, and where it comes from.
#[derive(Clone)]
pub(crate) struct Setting {
    pub(crate) text: String,
    pub(crate) origin: Origin,
}

/// What was typed as a flag: the key's name, the flag, the text.
pub(crate) type Flag = (&'static str, &'static str, String);

/// Every setting that has a value.
pub(crate) struct Configuration {
    settings: BTreeMap<&'static str, Setting>,
    /// The file that was read, or would be.
    pub(crate) file: Option<PathBuf>,
    /// Whether that file is there.
    pub(crate) file_was_read: bool,
    /// Where what is seen of Midjourney's changing is kept.
    pub(crate) drift_file: Option<PathBuf>,
}

impl Configuration {
    /// Gathers all layers. `file` is what `--config` named.
    pub(crate) fn gather(
        flags: Vec<Flag>,
        environment: &Environment,
        file: Option<&Path>,
    ) -> Result<Self, Error> {
        let (gathered, wrong) = Self::survey(flags, environment, file);
        wrong.into_iter().next().map_or(Ok(gathered), Err)
    }

    /// Gathers what can be gathered, beside everything that is wrong with the file.
    pub(crate) fn survey(
        flags: Vec<Flag>,
        environment: &Environment,
        file: Option<&Path>,
    ) -> (Self, Vec<Error>) {
        let (path, asked_for) = match (file, environment.get("JOURNEYMAN_CONFIG")) {
            (Some(path), _) => (Some(path.to_path_buf()), true),
            (None, Some(path)) => (Some(PathBuf::from(path)), true),
            (None, None) => (environment.usual_file(), false),
        };
        let mut gathered = Self {
            settings: defaults(),
            file: path,
            file_was_read: false,
            drift_file: environment.drift_file(),
        };
        let path = gathered.file.clone();
        let wrong = path.map(|path| gathered.read_file(&path, asked_for)).unwrap_or_default();
        for key in KEYS.iter().filter(|key| key.in_environment) {
            let name = key.variable();
            // An empty variable is how shells and containers say "not set".
            if let Some(text) = environment.get(&name).filter(|text| !text.is_empty()) {
                gathered.set(key, text.to_owned(), Origin::Variable(name));
            }
        }
        for (name, flag, text) in flags {
            if let Some(key) = key::find(name) {
                gathered.set(key, text, Origin::Flag(flag));
            }
        }
        (gathered, wrong)
    }

    /// The setting, where it has a value.
    pub(crate) fn get(&self, name: &str) -> Option<&Setting> {
        self.settings.get(name)
    }

    /// The value of a setting, parsed.
    pub(crate) fn read<T>(&self, name: &'static str) -> Result<Option<T>, Error>
    where
        T: FromStr,
        T::Err: fmt::Display,
    {
        let Some(setting) = self.get(name) else { return Ok(None) };
        setting.text.parse().map(Some).map_err(|why: T::Err| {
            let shown = if key::find(name).is_some_and(|key| key.secret) { "…" } else { &setting.text };
            let message = format!("read {name} = {shown} (from {}): {why}", setting.origin);
            Error::new(ErrorKind::Configuration, message)
                .with_hint(format!("correct {name}; {}", about(name)))
        })
    }

    /// The value of a setting that must be there.
    pub(crate) fn need<T>(&self, name: &'static str) -> Result<T, Error>
    where
        T: FromStr,
        T::Err: fmt::Display,
    {
        self.read(name)?.ok_or_else(|| missing(name))
    }

    fn set(&mut self, key: &'static Key, text: String, origin: Origin) {
        // Two ways to name one thing: the nearer layer wins as a whole, or a file's token
        // would outlive the `JOURNEYMAN_TOKEN_FILE` that was meant to replace it.
        if let Some(rival) = key.rival
            && self.settings.get(rival).is_some_and(|other| layer(&other.origin) != layer(&origin))
        {
            self.settings.remove(rival);
        }
        self.settings.insert(key.name, Setting { text, origin });
    }

    /// Reads the file; returns what is wrong with it.
    fn read_file(&mut self, path: &Path, asked_for: bool) -> Vec<Error> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(why) if why.kind() == std::io::ErrorKind::NotFound && !asked_for => return Vec::new(),
            Err(why) => {
                let message = format!("read the configuration file {}", path.display());
                let error = Error::new(ErrorKind::Configuration, message).with_source(why);
                return vec![error.with_hint("check the path, or leave out --config and JOURNEYMAN_CONFIG")];
            }
        };
        self.file_was_read = true;
        match text.parse::<toml::Table>() {
            Ok(table) => {
                let line = |(name, value): (String, toml::Value)| self.set_line(path, &name, &value).err();
                table.into_iter().filter_map(line).collect()
            }
            Err(why) => vec![malformed(path, &text, &why)],
        }
    }

    fn set_line(&mut self, path: &Path, name: &str, value: &toml::Value) -> Result<(), Error> {
        let key = key::find(name).filter(|key| key.in_file).ok_or_else(|| unknown(path, name))?;
        let text = plain(value).ok_or_else(|| not_plain(path, name))?;
        self.set(key, text, Origin::File(path.to_path_buf()));
        Ok(())
    }
}

fn defaults() -> BTreeMap<&'static str, Setting> {
    let with_default = KEYS.iter().filter_map(|key| key.default.map(|text| (key.name, text)));
    with_default
        .map(|(name, text)| (name, Setting { text: text.to_owned(), origin: Origin::Default }))
        .collect()
}

fn layer(origin: &Origin) -> u8 {
    match origin {
        Origin::Default => 0,
        Origin::File(_) => 1,
        Origin::Variable(_) => 2,
        Origin::Flag(_) => 3,
    }
}

/// Text, numbers and switches are plain; tables, arrays and dates are not.
fn plain(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Float(number) => Some(number.to_string()),
        toml::Value::Boolean(switch) => Some(switch.to_string()),
        toml::Value::Datetime(_) | toml::Value::Array(_) | toml::Value::Table(_) => None,
    }
}

/// The parser's own text quotes the line, which may hold a token: only its message and the line's number are told.
fn malformed(path: &Path, text: &str, why: &toml::de::Error) -> Error {
    let before = why.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let first = why.message().lines().next().unwrap_or_default().to_owned();
    let message = format!("read {}, line {line}: not TOML: {first}", path.display());
    Error::new(ErrorKind::Configuration, message)
        .with_hint("a line reads `name = \"text\"`, `name = 5` or `name = true`")
}

fn unknown(path: &Path, name: &str) -> Error {
    let known: Vec<&str> = KEYS.iter().filter(|key| key.in_file).map(|key| key.name).collect();
    let hint = match nearest(name, &known) {
        Some(near) => format!("did you mean `{near}`? `journeyman config show` lists every key"),
        None => format!("known keys: {}", known.join(", ")),
    };
    let message = format!("read {}: unknown key `{name}`", path.display());
    Error::new(ErrorKind::Configuration, message).with_hint(hint)
}

/// The variables that look like settings and are none, each with what to do.
pub(crate) fn strays(environment: &Environment) -> Vec<String> {
    let keys: Vec<String> = KEYS.iter().filter(|key| key.in_environment).map(Key::variable).collect();
    let variables = keys.iter().map(String::as_str).chain(NO_SETTINGS);
    // Without the prefix, whose letters would make any two names look alike.
    let known: Vec<&str> = variables.filter_map(|name| name.strip_prefix(PREFIX)).collect();
    let ours = environment.names().filter_map(|name| name.strip_prefix(PREFIX));
    ours.filter(|name| !known.contains(name)).map(|name| stray(name, &known)).collect()
}

fn stray(name: &str, known: &[&str]) -> String {
    let in_file = key::find(&name.to_lowercase()).filter(|key| key.in_file && !key.in_environment);
    let hint = match (in_file, nearest(name, known)) {
        (Some(key), _) => format!("write `{}` into the configuration file instead", key.name),
        (None, Some(near)) => format!("did you mean {PREFIX}{near}?"),
        (None, None) => "unset it; `journeyman config show` lists every setting".to_owned(),
    };
    format!("the variable {PREFIX}{name} is not read; {hint}")
}

fn not_plain(path: &Path, name: &str) -> Error {
    let message =
        format!("read {}: `{name}` is neither a text, nor a number, nor true or false", path.display());
    Error::new(ErrorKind::Configuration, message).with_hint(about(name))
}

fn missing(name: &str) -> Error {
    let variable = key::find(name).map(Key::variable).unwrap_or_default();
    let hint = format!(
        "set {variable}, or `{name}` in the configuration file, or use imagine --sim, which needs none"
    );
    Error::new(ErrorKind::Configuration, format!("no {name} is configured")).with_hint(hint)
}

fn about(name: &str) -> String {
    key::find(name).map(|key| format!("it is {}", key.about)).unwrap_or_default()
}

#[cfg(test)]
mod tests;
