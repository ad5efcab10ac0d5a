//! A configuration is laid together from its layers, and what is wrong with it is said all at once.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot be set up has failed"
)]

mod keys;
mod layers;
mod sizes;
mod sources;
mod values;

use aae_train::config::{Config, Override};

/// The errors of preset `aae` with a file `my.toml` of this text and these `--set`.
pub(crate) fn errors(file: &str, sets: &[&str]) -> String {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("my.toml");
    std::fs::write(&path, file).unwrap();
    let sets: Vec<Override> = sets.iter().map(|text| Override::set(text)).collect();
    let errors = Config::resolve("aae", Some(&path), &sets).unwrap_err();
    assert_eq!(errors.exit_code(), 2);
    errors
        .to_string()
        .replace(&format!("{}/", directory.path().display()), "")
}

/// The errors without the lines of the file that they show.
pub(crate) fn without_excerpts(errors: &str) -> String {
    let is_excerpt = |line: &&str| line.starts_with("    ");
    let lines: Vec<&str> = errors.lines().filter(|line| !is_excerpt(line)).collect();
    lines.join("\n")
}

/// The one error, without the words before it and without the line of the file.
pub(crate) fn only_error(file: &str, sets: &[&str]) -> String {
    let text = without_excerpts(&errors(file, sets));
    match text.strip_prefix("error in the configuration: ") {
        Some(error) => error.to_owned(),
        None => panic!("expected one error, found: {text}"),
    }
}
