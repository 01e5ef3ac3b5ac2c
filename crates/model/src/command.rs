//! The commands of an application, as an index or a search answers them. It sends nothing.

use serde_json::Value;

use crate::field;
use crate::id::{ApplicationId, CommandId, CommandVersion};

/// One application command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// Its id.
    pub id: CommandId,
    /// Its version; Discord refuses any other.
    pub version: CommandVersion,
    /// Its name, for instance `imagine`.
    pub name: String,
    /// Whose it is.
    pub application: Option<ApplicationId>,
    /// Discord's command type: 1 is a slash command, 3 is on a message's menu.
    pub kind: u8,
    /// What can be given with it, in the order of the answer.
    pub options: Vec<CommandOption>,
}

impl Command {
    /// Reads a command; `None` without id, version or name, since it could not be sent.
    pub fn from_json(value: &Value) -> Option<Self> {
        Some(Self {
            id: field::id(value, "id", CommandId::from_json)?,
            version: field::id(value, "version", CommandVersion::from_json)?,
            name: field::text(value, "name")?,
            application: field::id(value, "application_id", ApplicationId::from_json),
            kind: field::number_as(value, "type").unwrap_or(1),
            options: options(value, DEEPEST),
        })
    }
}

/// A group holds subcommands, and a subcommand holds options (Discord's docs, "Subcommands and Subcommand Groups").
const DEEPEST: usize = 3;

/// One option of a command: a value, or a subcommand with options of its own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CommandOption {
    /// Discord's option type: 1 is a subcommand, 2 a group of them, 3 a text, 11 a file.
    pub kind: u8,
    /// Its name.
    pub name: String,
    /// Whether the command cannot be sent without it.
    pub required: bool,
    /// The texts it may have; empty where any will do.
    pub choices: Vec<String>,
    /// A subcommand's or a group's own options.
    pub options: Vec<Self>,
}

impl CommandOption {
    fn from_json(value: &Value, depth: usize) -> Option<Self> {
        Some(Self {
            kind: field::number_as(value, "type")?,
            name: field::text(value, "name")?,
            required: field::flag(value, "required"),
            choices: field::list(value, "choices", |choice| field::text(choice, "value")),
            options: options(value, depth),
        })
    }
}

fn options(value: &Value, depth: usize) -> Vec<CommandOption> {
    let Some(depth) = depth.checked_sub(1) else { return Vec::new() };
    let listed = value.get("options").and_then(Value::as_array).into_iter().flatten();
    listed.filter_map(|option| CommandOption::from_json(option, depth)).collect()
}

/// The commands that can be used in a place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CommandIndex {
    /// In the order of the answer.
    pub commands: Vec<Command>,
}

impl CommandIndex {
    /// Reads the answer of a command index or of a command search; `None` for other JSON.
    pub fn from_json(value: &Value) -> Option<Self> {
        value.get("application_commands")?.as_array()?;
        Some(Self { commands: field::list(value, "application_commands", Command::from_json) })
    }

    /// The slash command `name` of `application`.
    pub fn find(&self, application: ApplicationId, name: &str) -> Option<&Command> {
        let is_it = |command: &&Command| {
            command.kind == 1 && command.name == name && command.application == Some(application)
        };
        self.commands.iter().find(is_it)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_command_of_another_application_is_not_taken() {
        let answer = json!({"application_commands": [
            {"id": "1", "version": "2", "name": "imagine", "application_id": "7", "type": 1},
            {"id": "3", "version": "4", "name": "imagine", "application_id": "9", "type": 3},
            {"id": "5", "version": "6", "name": "imagine", "application_id": "9", "type": 1},
            {"id": "x", "version": "6", "name": "broken", "application_id": "9", "type": 1},
        ]});
        let index = CommandIndex::from_json(&answer).unwrap();
        assert_eq!(index.commands.len(), 3);
        let found = index.find(ApplicationId::new(9), "imagine").unwrap();
        assert_eq!(found.version, CommandVersion::new(6));
        assert_eq!(index.find(ApplicationId::new(9), "broken"), None);
    }

    #[test]
    fn options_are_read_down_to_those_of_subcommands() {
        let text =
            json!({"type": 3, "name": "value", "required": true, "choices": [{"value": "a"}, {"value": 7}]});
        let set = json!({"type": 1, "name": "set", "options": [text, {"name": "of no type"}]});
        let group = json!({"type": 2, "name": "option", "options": [set]});
        let command = json!({"id": "1", "version": "2", "name": "prefer", "options": [group]});
        let options = Command::from_json(&command).unwrap().options;
        let found = &options[0].options[0].options;
        assert_eq!((found.len(), found[0].required, found[0].choices.len()), (1, true, 1));
    }

    #[test]
    fn a_bottomless_nest_of_options_is_cut_off() {
        let mut nest = json!([{"type": 3, "name": "deep"}]);
        for _ in 0..40 {
            nest = json!([{"type": 2, "name": "group", "options": nest}]);
        }
        let command = json!({"id": "1", "version": "2", "name": "x", "options": nest});
        let mut options = Command::from_json(&command).unwrap().options;
        let mut depth = 0;
        while let Some(option) = options.pop() {
            (depth, options) = (depth + 1, option.options);
        }
        assert_eq!(depth, 3);
    }

    #[test]
    fn other_json_is_no_index() {
        assert_eq!(CommandIndex::from_json(&json!({"message": "401: Unauthorized", "code": 0})), None);
        assert_eq!(CommandIndex::from_json(&json!([1])), None);
    }
}
