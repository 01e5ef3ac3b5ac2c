//! `help`: a command's help, or a topic's. The texts come from the tables they describe.

use std::fmt::Write as _;

use crate::args;
use crate::error::Error;
use crate::{exit, show};

const TOPICS: &str = "the topics are exit-codes, scenarios and scripts; `journeyman help` lists the commands";

/// The format of a script, as a script.
const SCRIPTS: &str = include_str!("help/script.toml");

pub(super) fn run(topic: Option<&str>) -> Result<(), Error> {
    let text = match topic {
        None => args::definition().render_long_help().to_string(),
        Some("exit-codes") => exit::table(),
        Some("scenarios") => scenarios(),
        Some("scripts") => SCRIPTS.to_owned(),
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
    let mut text = String::from(
        "Scenarios of the simulator, the error that each ends in when all that the bot sends is seen, and the error \
         that reading the channel ends in with `--errors visible --progress visible`:\n\n",
    );
    let _ = writeln!(
        text,
        "{:<30} {:<22} {:<22} WHAT HAPPENS",
        "SCENARIO", "SEEN BY THE GATEWAY", "READ BY POLLING"
    );
    for scenario in journeyman_sim::scenarios() {
        let seen = scenario.error.unwrap_or("-");
        let read = if scenario.gateway_only { "NoResponse (gateway)" } else { seen };
        let _ = writeln!(text, "{:<30} {seen:<22} {read:<22} {}", scenario.name, scenario.summary);
    }
    text.push_str(
        "\n(gateway): only a gateway session, or nothing at all, shows what happened, whatever is visible.\n\
         The channel is followed by the gateway, and read by REST while that is down or with --watch poll. What is \
         read then assumes --errors visible. Errors are ephemeral by default, and reading sees no notice: a refusal \
         before any progress ends in NoResponse, and one whose progress message vanishes in EphemeralModeration. \
         With ephemeral progress as well (--era 2026, the default) both end in NoResponse.\n",
    );
    text
}
