//! Serde's complaints, kept apart by cause and put into a reader's words.

use std::fmt;

use serde::de::{Error, Expected, Unexpected};

use super::super::error::suggestion;

/// Why a value cannot be decoded.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Fault {
    /// A key that the table does not have.
    UnknownKey {
        found: String,
        expected: &'static [&'static str],
    },
    /// A word that is not one of those allowed.
    UnknownWord {
        found: String,
        expected: &'static [&'static str],
    },
    /// A key that the table needs.
    Missing(&'static str),
    /// Anything else, such as a wrong type.
    Other(String),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::UnknownKey { found, expected } => {
                write!(f, "unknown key{}", suggestion(found, expected))
            }
            Self::UnknownWord { found, expected } => {
                write!(f, "unknown value `{found}`{}", suggestion(found, expected))
            }
            Self::Missing(_) => f.write_str("missing"),
            Self::Other(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for Fault {}

impl Error for Fault {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::Other(message.to_string())
    }

    fn invalid_type(found: Unexpected, expected: &dyn Expected) -> Self {
        Self::Other(format!(
            "expected {}, found {}",
            wanted(expected),
            given(found)
        ))
    }

    fn invalid_value(found: Unexpected, expected: &dyn Expected) -> Self {
        Self::invalid_type(found, expected)
    }

    fn unknown_variant(found: &str, expected: &'static [&'static str]) -> Self {
        Self::UnknownWord {
            found: found.to_owned(),
            expected,
        }
    }

    fn unknown_field(found: &str, expected: &'static [&'static str]) -> Self {
        Self::UnknownKey {
            found: found.to_owned(),
            expected,
        }
    }

    fn missing_field(field: &'static str) -> Self {
        Self::Missing(field)
    }
}

/// What Rust calls a type, in words for whoever writes the file.
fn wanted(expected: &dyn Expected) -> String {
    let text = expected.to_string();
    match text.as_str() {
        "u64" | "usize" | "u32" => "a whole number from 0 on".to_owned(),
        "f64" | "f32" => "a number".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "a sequence" => "a list".to_owned(),
        "string or map" => "a word in quotes".to_owned(),
        _ if text.starts_with("struct ") => "a table".to_owned(),
        _ if text.starts_with("enum ") => "a word in quotes".to_owned(),
        _ if text.starts_with("internally tagged enum") => "a table with a `kind`".to_owned(),
        _ => text,
    }
}

/// What was found, in the words of TOML.
fn given(found: Unexpected) -> String {
    match found {
        Unexpected::Map => "a table".to_owned(),
        Unexpected::Seq => "a list".to_owned(),
        Unexpected::Bool(value) => value.to_string(),
        Unexpected::Signed(value) => value.to_string(),
        Unexpected::Unsigned(value) => value.to_string(),
        Unexpected::Float(value) => format!("{value:?}"),
        Unexpected::Str(value) => format!("{value:?}"),
        other => other.to_string(),
    }
}
