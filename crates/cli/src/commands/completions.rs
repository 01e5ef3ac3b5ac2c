//! `completions`: what shells need to complete our flags. It installs nothing.

use crate::args;
use crate::error::Error;
use crate::show;

pub(super) fn run(shell: clap_complete::Shell) -> Result<(), Error> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut args::definition(), "journeyman", &mut text);
    show::print(&String::from_utf8_lossy(&text))
}
