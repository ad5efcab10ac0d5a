//! The `aae` program: arguments, run folders, and everything that is printed or drawn. One file per command.
//!
//! Every mistake that a file, a flag or a signal can bring about ends in [`exit::code`], never in a panic.

mod args;
mod briefing;
mod commands;
mod costs;
mod data;
mod device;
mod evaluate;
mod exit;
mod experiment;
mod figures;
mod logging;
mod output;
mod page;
mod pictures;
mod program;
mod progress;
mod quantity;
mod shell;
mod signals;
mod summary;
mod text;
mod trained;

use std::io::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = args::parse();
    let log = logging::start(cli.level());
    signals::outlive_file_limits();
    match commands::run(cli.command, &log) {
        Ok(code) => code,
        Err(error) => {
            // The terminal may be gone; the exit code says it all the same.
            let message = exit::message(&error);
            let _ = writeln!(std::io::stderr(), "error: {message}");
            log.error(&message);
            ExitCode::from(exit::code(&error))
        }
    }
}
