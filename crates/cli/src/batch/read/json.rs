//! A batch as JSON objects, one a line. What a field means is the row's matter.

use std::fmt;
use std::io::Read;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;

use super::super::place::{Place, Problem};
use super::super::row::{Row, known};
use super::lines::Lines;

/// The next object; blank lines are none.
pub(super) fn next<R: Read>(lines: &mut Lines<R>) -> Option<Result<Row, Problem>> {
    loop {
        match lines.next()? {
            Ok((_, line)) if line.trim().is_empty() => {}
            Ok((place, line)) => return Some(row(&place, &line)),
            Err(problem) => return Some(Err(problem)),
        }
    }
}

fn row(place: &Place, line: &str) -> Result<Row, Problem> {
    let Fields(fields) = serde_json::from_str(line).map_err(|why| {
        let hint = "write an object on one line, such as {\"prompt\": \"a fox\", \"name\": \"fox\"}";
        place.problem(format!("it is no JSON object: {}", reason(&why)), hint)
    })?;
    let mut cells: Vec<(String, String)> = Vec::with_capacity(fields.len());
    for (name, value) in fields {
        let name = known(&name).map_or(name, str::to_owned);
        if cells.iter().any(|(other, _)| *other == name) {
            let problem = place.problem("the field is there twice", "leave one of them out");
            return Err(problem.in_column(&name));
        }
        if let Some(text) = text(place, &name, &value)? {
            cells.push((name, text));
        }
    }
    Row::of_cells(place, cells)
}

/// The value as a cell's text; `None` where there is none.
fn text(place: &Place, name: &str, value: &Value) -> Result<Option<String>, Problem> {
    let between = match name {
        "images" => Some("; "),
        "parameters" => Some(" "),
        _ => None,
    };
    match (value, between) {
        (Value::Null, _) => Ok(None),
        // What is no text is no variable.
        (Value::Array(_) | Value::Object(_), None) if known(name).is_none() => Ok(None),
        (Value::Array(parts), Some(between)) => {
            let parts = parts.iter().map(|part| scalar(place, name, part)).collect::<Result<Vec<_>, _>>()?;
            Ok(Some(parts.join(between)))
        }
        _ => scalar(place, name, value).map(Some),
    }
}

fn scalar(place: &Place, name: &str, value: &Value) -> Result<String, Problem> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(is_so) => Ok(is_so.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => {
            let what = match name {
                "images" | "parameters" => "a text, or a list of texts",
                _ => "a text or a number",
            };
            let message = format!("{value} is not {what}");
            Err(place.problem(message, format!("write {what}")).in_column(name))
        }
    }
}

/// What is wrong, with the place in the line: the line's own number is told already.
fn reason(why: &serde_json::Error) -> String {
    let said = why.to_string();
    let said = said.split(" at line ").next().unwrap_or_default().to_owned();
    format!("{said} (character {})", why.column())
}

/// An object's fields in order, each as often as it is there.
struct Fields(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(Object)
    }
}

struct Object;

impl<'de> Visitor<'de> for Object {
    type Value = Fields;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = map.next_entry()? {
            fields.push(field);
        }
        Ok(Fields(fields))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Format, tests::read};

    #[test]
    fn jsonl_has_the_same_fields_and_unknown_ones_are_variables() {
        let text = "{\"prompt\": \"a fox\", \"parameters\": [\"--ar 3:2\", \"--v 7\"], \"images\": [\"a.png\", \"b.png\"], \
            \"recipe\": \"zoom.toml\", \"name\": \"fox\", \"priority\": -3, \"style\": \"oil\", \"size\": 1.5, \"big\": true, \"more\": [1, {}]}\n\n\
            {\"prompt\": \"a cat\", \"images\": \"a.png;b.png\", \"name\": null, \"priority\": \"2\"}\n";
        let (rows, problems) = read(Format::JsonLines, text);
        assert_eq!(problems, [""; 0]);
        let (fox, cat) = (&rows[0], &rows[1]);
        assert_eq!(
            (fox.parameters.as_str(), fox.priority, fox.name.as_deref()),
            ("--ar 3:2 --v 7", -3, Some("fox"))
        );
        assert_eq!(fox.images, ["a.png", "b.png"]);
        let variables: Vec<_> =
            fox.variables.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        assert_eq!(variables, [("big", "true"), ("size", "1.5"), ("style", "oil")]);
        assert_eq!(
            (cat.images.len(), cat.name.as_deref(), cat.priority, cat.place.line),
            (2, None, 2, Some(3))
        );
    }

    #[test]
    fn what_is_wrong_is_told_with_file_line_field_and_cure() {
        for (line, told) in [
            ("{\"prompt\": ", "b, line 1: it is no JSON object: EOF"),
            ("[1]", "b, line 1: it is no JSON object: invalid type: sequence, expected an object"),
            ("{\"name\": \"x\"}", "b, line 1, column prompt: there is no prompt"),
            ("{\"prompt\": [\"a\"]}", "b, line 1, column prompt: [\"a\"] is not a text or a number"),
            (
                "{\"prompt\": \"a\", \"images\": [1, {}]}",
                "b, line 1, column images: {} is not a text, or a list",
            ),
            ("{\"prompt\": \"a\", \"priority\": 1.5}", "b, line 1, column priority: `1.5` is no whole"),
            ("{\"prompt\": \"a\", \"x\": 1, \"x\": 2}", "b, line 1, column x: the field is there twice"),
        ] {
            let (rows, problems) = read(Format::JsonLines, format!("{line}\n{{\"prompt\": \"b\"}}\n"));
            assert_eq!((rows.len(), problems.len()), (1, 1), "{line}: {problems:?}");
            assert!(problems[0].starts_with(told), "{line}: {problems:?}");
        }
    }
}
