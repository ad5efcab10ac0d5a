//! `cargo xtask tidy`: the rules of the project that no compiler checks.
//!
//! Each rule is a function from the files of the clone to the faults that it finds, and has a test with a planted fault.

mod arrows;
mod code;
mod examples;
mod links;
mod manifest;
mod presets;
mod sources;
mod tree;
mod words;

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::cargo::root;
use tree::{Fault, Tree};

type Rule = fn(&Tree) -> Vec<Fault>;

const RULES: [Rule; 9] = [
    arrows::point_down,
    sources::are_short,
    sources::open_with_their_purpose,
    sources::keep_unsafe_code_in_its_place,
    links::lead_somewhere,
    words::name_no_machine,
    words::leave_no_loose_ends,
    presets::are_documented,
    examples::are_there,
];

/// `cargo xtask tidy`
pub(crate) fn main(args: &[OsString]) -> Result<ExitCode> {
    if let Some(arg) = args.first() {
        bail!(
            "`cargo xtask tidy` takes no arguments, found `{}`",
            arg.display()
        );
    }
    run()?;
    Ok(ExitCode::SUCCESS)
}

/// Checks every rule on this clone and reports all faults at once.
pub(crate) fn run() -> Result<()> {
    let tree = Tree::read(&root())?;
    let mut faults: Vec<Fault> = RULES.iter().flat_map(|rule| rule(&tree)).collect();
    faults.sort();
    for fault in &faults {
        eprintln!("{fault}");
    }
    match faults.len() {
        0 => {
            eprintln!(
                "tidy: {} files, {} rules, no faults",
                tree.files.len(),
                RULES.len()
            );
            Ok(())
        }
        n => bail!("tidy found {n} fault{}", if n == 1 { "" } else { "s" }),
    }
}
