//! `help`: a command's help, or a topic's. The texts come from the tables they describe.

use std::fmt::Write as _;

use crate::args;
use crate::error::Error;
use crate::{exit, show};

const TOPICS: &str = "the topics are exit-codes and scenarios; `journeyman help` lists the commands";

pub(super) fn run(topic: Option<&str>) -> Result<(), Error> {
    let text = match topic {
        None => args::definition().render_long_help().to_string(),
        Some("exit-codes") => exit::table(),
        Some("scenarios") => scenarios(),
        Some(name) => {
            let mut cli = args::definition();
            // Fills in what subcommands inherit, such as the name of the program.
            cli.build();
            let command = cli.find_subcommand_mut(name);
            let command = command.ok_or_else(|| Error::usage(format!("no help on `{name}`"), TOPICS))?;
            command.render_long_help().to_string()
        }
    };
    show::print(&text)
}

fn scenarios() -> String {
    let mut text = String::from("Scenarios of the simulator, and the error each ends in:\n\n");
    for scenario in journeyman_sim::scenarios() {
        let error = scenario.error.unwrap_or("-");
        let _ = writeln!(text, "{:<28} {error:<22} {}", scenario.name, scenario.summary);
    }
    text.push_str("\nWith ephemeral errors, which is the default, reading the channel shows no refusal: it ends in NoResponse.\n");
    text
}
