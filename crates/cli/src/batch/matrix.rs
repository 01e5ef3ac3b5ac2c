//! Variables with several values each, of which every combination is made. It knows no prompts.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::{Spanned, Value};

use super::place::{Place, Problem};

/// The variables, in order: the first varies slowest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Matrix(Vec<(String, Vec<String>)>);

/// A file with a matrix.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    matrix: BTreeMap<String, Spanned<Vec<Value>>>,
}

impl Matrix {
    /// From flags, each as `name=value,value`; `\,` is a comma in a value.
    ///
    /// # Errors
    /// A flag that has no name or no value, or a name that was there before.
    pub(crate) fn of_flags(flags: &[String]) -> Result<Self, Problem> {
        let place = Place::file("--set");
        let mut matrix = Self::default();
        for flag in flags {
            let (name, values) = flag.split_once('=').ok_or_else(|| {
                place.problem(format!("`{flag}` has no ="), "write it as --set name=value,value")
            })?;
            matrix.add(&place, name.trim(), split(values))?;
        }
        Ok(matrix)
    }

    /// From a TOML file with a table `[matrix]`, in which every key has a list of values.
    ///
    /// # Errors
    /// What cannot be understood, with its line.
    pub(crate) fn of_toml(name: &str, text: &str) -> Result<Self, Problem> {
        let file = Place::file(name);
        let read: File = toml::from_str(text).map_err(|why| {
            let place = why.span().map_or_else(|| file.clone(), |span| line(&file, text, span.start));
            let hint =
                "write a table [matrix], in it a line such as style = [\"oil\", \"ink\"] for each variable";
            place.problem(why.message().replace('\n', " "), hint)
        })?;
        let mut matrix = Self::default();
        let mut lists: Vec<_> = read.matrix.into_iter().collect();
        lists.sort_by_key(|(_, list)| list.span().start);
        for (name, list) in lists {
            let place = line(&file, text, list.span().start);
            let values = list.get_ref().iter().map(|value| scalar(&place, &name, value));
            matrix.add(&place, &name, values.collect::<Result<_, _>>()?)?;
        }
        Ok(matrix)
    }

    /// Both, this one's variables first.
    ///
    /// # Errors
    /// A variable that is in both.
    pub(crate) fn and(mut self, other: Self) -> Result<Self, Problem> {
        for (name, values) in other.0 {
            self.add(&Place::file("--set"), &name, values)?;
        }
        Ok(self)
    }

    fn add(&mut self, place: &Place, name: &str, values: Vec<String>) -> Result<(), Problem> {
        if name.is_empty() || name.contains(['{', '}', ',', '\\', '\n']) {
            let hint = "give it a name without braces, commas and backslashes";
            return Err(place.problem(format!("`{name}` is no name of a variable"), hint));
        }
        if values.is_empty() || values.iter().all(String::is_empty) {
            return Err(place.problem(format!("`{name}` has no values"), "give it one at least"));
        }
        if self.names().any(|other| other == name) {
            return Err(place.problem(format!("`{name}` is there twice"), "leave one of them out"));
        }
        self.0.push((name.to_owned(), values));
        Ok(())
    }

    /// The names of the variables.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// Those of the variables that are wanted.
    pub(crate) fn only(&self, is_wanted: impl Fn(&str) -> bool) -> Self {
        Self(self.0.iter().filter(|(name, _)| is_wanted(name)).cloned().collect())
    }

    /// How many combinations there are; 1 without variables.
    pub(crate) fn count(&self) -> u64 {
        let of = |values: &Vec<String>| u64::try_from(values.len()).unwrap_or(u64::MAX);
        self.0.iter().map(|(_, values)| of(values)).fold(1, u64::saturating_mul)
    }

    /// Every combination, the last variable varying fastest.
    pub(crate) fn combinations(&self) -> impl Iterator<Item = Vec<(&str, &str)>> {
        (0..self.count()).map(|number| self.combination(number))
    }

    fn combination(&self, mut number: u64) -> Vec<(&str, &str)> {
        let mut chosen = Vec::with_capacity(self.0.len());
        for (name, values) in self.0.iter().rev() {
            let among = u64::try_from(values.len()).unwrap_or(u64::MAX).max(1);
            let place = usize::try_from(number % among).unwrap_or(0);
            chosen.push((name.as_str(), values.get(place).map_or("", String::as_str)));
            number /= among;
        }
        chosen.reverse();
        chosen
    }
}

fn split(typed: &str) -> Vec<String> {
    let mut values = Vec::new();
    let mut value = String::new();
    let mut letters = typed.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter == '\\' && letters.next_if_eq(&',').is_some() {
            value.push(',');
        } else if letter == ',' {
            values.push(std::mem::take(&mut value));
        } else {
            value.push(letter);
        }
    }
    values.push(value);
    values.iter().map(|value| value.trim().to_owned()).collect()
}

fn scalar(place: &Place, name: &str, value: &Value) -> Result<String, Problem> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Integer(number) => Ok(number.to_string()),
        Value::Float(number) => Ok(number.to_string()),
        Value::Boolean(is_so) => Ok(is_so.to_string()),
        Value::Datetime(time) => Ok(time.to_string()),
        Value::Array(_) | Value::Table(_) => {
            let message = format!("a value of `{name}` is neither text nor number");
            Err(place.problem(message, "write texts or numbers"))
        }
    }
}

fn line(file: &Place, text: &str, at: usize) -> Place {
    let before = text.get(..at).unwrap_or_default().matches('\n').count();
    file.line(u64::try_from(before).unwrap_or(u64::MAX).saturating_add(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(matrix: &Matrix) -> Vec<String> {
        let one = |combination: Vec<(&str, &str)>| {
            combination.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
        };
        matrix.combinations().map(one).collect()
    }

    #[test]
    fn every_combination_is_made_in_a_stable_order() {
        let flags = ["style=oil, ink".to_owned(), "size=1,2".to_owned(), "say=a\\,b".to_owned()];
        let matrix = Matrix::of_flags(&flags).unwrap();
        let expected = ["style=oil size=1", "style=oil size=2", "style=ink size=1", "style=ink size=2"];
        assert_eq!(drawn(&matrix), expected.map(|one| format!("{one} say=a,b")));
        assert_eq!(drawn(&Matrix::default()), [""], "nothing is one combination");
        assert_eq!(drawn(&matrix.only(|name| name == "size")), ["size=1", "size=2"]);
    }

    #[test]
    fn a_toml_file_keeps_its_own_order_and_takes_numbers() {
        let text = "[matrix]\nstyle = [\"oil\", \"ink\"]\nage = [1, 2.5, true]\n";
        let matrix = Matrix::of_toml("m.toml", text).unwrap();
        assert_eq!(matrix.names().collect::<Vec<_>>(), ["style", "age"]);
        assert_eq!(drawn(&matrix)[1], "style=oil age=2.5");
        let both = matrix.and(Matrix::of_flags(&["x=1".to_owned()]).unwrap()).unwrap();
        assert_eq!((both.count(), both.names().last()), (6, Some("x")));
    }

    #[test]
    fn a_matrix_that_cannot_be_understood_is_told_with_its_line() {
        for (text, told) in [
            ("[matrix]\na = []\n", "m, line 2: `a` has no values"),
            ("[matrix]\na = \"x\"\n", "m, line 2: invalid type"),
            ("[matrix]\n\na = [[1]]\n", "m, line 3: a value of `a`"),
            ("[matrx]\n", "m, line 1: unknown field `matrx`"),
        ] {
            let problem = Matrix::of_toml("m", text).unwrap_err().to_string();
            assert!(problem.starts_with(told), "{text}: {problem}");
        }
        for (flags, told) in [
            (&["style"][..], "has no ="),
            (&["=a"], "no name"),
            (&["a="], "no values"),
            (&["a=1", "a=2"], "there twice"),
        ] {
            let flags: Vec<_> = flags.iter().map(|&flag| flag.to_owned()).collect();
            let problem = Matrix::of_flags(&flags).unwrap_err().to_string();
            assert!(problem.starts_with("--set: ") && problem.contains(told), "{problem}");
        }
    }

    #[test]
    fn a_huge_matrix_is_counted_without_being_made() {
        let values = (0..1_000).map(|n| n.to_string()).collect::<Vec<_>>().join(",");
        let flags: Vec<_> = (0..10).map(|n| format!("v{n}={values}")).collect();
        assert_eq!(Matrix::of_flags(&flags).unwrap().count(), u64::MAX);
    }
}
