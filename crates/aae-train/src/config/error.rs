//! What can be wrong with a configuration, and how it is said.

use std::borrow::Cow;
use std::fmt;

use super::excerpt::Excerpt;
use crate::exit;

/// One thing that is wrong with a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// Dotted path of the key, such as `optimizer.reconstruction.lr`; empty where the error is about a whole file or flag.
    pub path: String,
    /// Where the value came from: ``preset `aae` ``, `my.toml:3:1`, `--epochs`, `--set`; empty where that is not known.
    pub origin: String,
    /// What was expected and what was found.
    pub message: String,
    /// The line of the file, where the value came from one.
    pub excerpt: Option<Box<Excerpt>>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        if !self.origin.is_empty() {
            write!(f, "{}: ", clipped(&self.origin))?;
        }
        // A flag that is called like its key has said it already.
        if !self.path.is_empty() && !self.origin_names_path() {
            write!(f, "{}: ", clipped(&self.path))?;
        }
        f.write_str(&clipped(&self.message))?;
        match &self.excerpt {
            Some(excerpt) => write!(f, "\n{excerpt}"),
            None => Ok(()),
        }
    }
}

/// A text as it is, or of a very long one the beginning: a key may have a hundred thousand characters.
fn clipped(text: &str) -> Cow<'_, str> {
    const MOST: usize = 1000;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}... ({} bytes)", &text[..end], text.len()).into(),
        None => text.into(),
    }
}

impl ConfigError {
    fn origin_names_path(&self) -> bool {
        let flag = self.origin.strip_prefix("--");
        flag.is_some_and(|flag| flag.replace('-', "_") == self.path)
    }
}

/// Everything that is wrong with a configuration; at least one error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigErrors {
    /// The errors.
    pub errors: Vec<ConfigError>,
}

impl ConfigErrors {
    pub(crate) fn new(errors: Vec<ConfigError>) -> Self {
        Self { errors }
    }

    pub(super) fn if_any(problems: Vec<(String, String)>) -> Result<(), Self> {
        if problems.is_empty() {
            return Ok(());
        }
        let error = |(path, message)| ConfigError {
            path,
            origin: String::new(),
            message,
            excerpt: None,
        };
        Err(Self::new(problems.into_iter().map(error).collect()))
    }

    /// Names the file of a whole configuration in those errors that are at no line of it: of a key that is missing.
    pub(super) fn in_file(mut self, name: &str) -> Self {
        for error in &mut self.errors {
            if error.origin.is_empty() {
                name.clone_into(&mut error.origin);
            }
        }
        self
    }

    /// 2: a usage or configuration error.
    pub fn exit_code(&self) -> u8 {
        exit::USAGE
    }
}

impl std::error::Error for ConfigErrors {}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self.errors.as_slice() {
            [error] => write!(f, "error in the configuration: {error}"),
            errors => {
                write!(f, "{} errors in the configuration:", errors.len())?;
                errors.iter().try_for_each(|error| write!(f, "\n  {error}"))
            }
        }
    }
}

/// "; did you mean `x`?" if one of the names is close, else the names.
pub(crate) fn suggestion<S: AsRef<str>>(found: &str, names: &[S]) -> String {
    let near = names
        .iter()
        .map(|name| {
            (
                strsim::damerau_levenshtein(found, name.as_ref()),
                name.as_ref(),
            )
        })
        .filter(|(distance, name)| *distance <= (name.len().max(found.len()) / 3).clamp(1, 3))
        .min();
    let list = || {
        names
            .iter()
            .map(|name| format!("`{}`", name.as_ref()))
            .collect::<Vec<_>>()
    };
    match near {
        Some((_, name)) => format!("; did you mean `{name}`?"),
        None if names.is_empty() => String::new(),
        None => format!("; expected {}", list().join(", ")),
    }
}
