//! `completions`: a script with which a shell completes commands and flags.

use clap::Args;
use clap_complete::Shell;

use crate::{args, output};

/// Print the completion script for a shell
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  aae completions bash > ~/.local/share/bash-completion/completions/aae"
)]
pub(crate) struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

pub(crate) fn run(args: &CompletionsArgs) -> anyhow::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut args::command(), "aae", &mut script);
    output::print(&String::from_utf8_lossy(&script))
}
