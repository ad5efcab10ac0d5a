//! From a merged table to a [`Config`], with every mistake found in one go.
//!
//! Serde stops at the first mistake. So each is noted, the offending key gets the preset's value back, and decoding starts over until it
//! succeeds; the values are checked last.

use serde_path_to_error::Segment;
use toml::{Table, Value};

use super::layers::{Layers, Origin, join};
use super::{Config, ConfigError, ConfigErrors, validate};

mod fault;
mod node;
mod tagged;

use fault::Fault;
use node::Node;

/// After so many mistakes the others are not looked for: each one is another walk through the tables.
const MOST_ERRORS: usize = 100;

/// Decodes and validates `layers`; `base` is a table that is known to be good, and `errors` what has gone wrong before.
pub(super) fn decode(
    layers: &Layers,
    base: &Table,
    errors: Vec<ConfigError>,
) -> Result<Config, ConfigErrors> {
    let mut notes = Notes { layers, errors };
    let config = repair_and_decode(base, &mut notes);
    let problems = config.as_ref().map(validate::problems).unwrap_or_default();
    for (path, message) in problems {
        notes.add(&path, message);
    }
    match config {
        Some(config) if notes.errors.is_empty() => Ok(config),
        _ => Err(ConfigErrors::new(notes.errors)),
    }
}

/// The mistakes so far, each with where it came from.
struct Notes<'a> {
    layers: &'a Layers,
    errors: Vec<ConfigError>,
}

impl Notes<'_> {
    fn add(&mut self, path: &str, message: String) {
        self.add_from(path, path, message);
    }

    /// Notes a mistake that was made at the key `source`.
    fn add_from(&mut self, source: &str, path: &str, message: String) {
        let Origin { place, excerpt } = self.layers.origin(source);
        self.errors.push(ConfigError {
            path: path.to_owned(),
            origin: place,
            message,
            excerpt,
        });
    }
}

/// Decodes the layers, with every mistake noted and repaired from `base`; `None` if that does not lead to a configuration.
fn repair_and_decode(base: &Table, notes: &mut Notes) -> Option<Config> {
    let mut root = Value::Table(notes.layers.table.clone());
    for path in tagged::paths(&root) {
        let mistakes = tagged::mistakes(&root, &path);
        for mistake in &mistakes {
            let key = [path.as_slice(), std::slice::from_ref(&mistake.key)].concat();
            restore(&mut root, base, &key);
        }
        // The other keys stay, so that their values are looked at, too, unless `base` has another kind.
        if !mistakes.is_empty() && !tagged::mistakes(&root, &path).is_empty() {
            restore(&mut root, base, &path);
        }
        for mistake in mistakes {
            let path = path.join(".");
            notes.add_from(
                &join(&path, mistake.source),
                &join(&path, mistake.key),
                mistake.message,
            );
        }
    }
    loop {
        let error = match serde_path_to_error::deserialize(Node(&root)) {
            Ok(config) => return Some(config),
            Err(error) => error,
        };
        let mut path = keys(error.path());
        let fault = error.into_inner();
        if let Fault::Missing(field) = fault {
            path.push(field.to_owned());
        }
        notes.add(&path.join("."), fault.to_string());
        if notes.errors.len() >= MOST_ERRORS {
            return None;
        }
        if !restore(&mut root, base, &path) {
            return None;
        }
    }
}

/// The keys of a path, up to the first element of a list.
fn keys(path: &serde_path_to_error::Path) -> Vec<String> {
    let key = |segment: &Segment| match segment {
        Segment::Map { key } => Some(key.clone()),
        _ => None,
    };
    path.iter().map_while(key).collect()
}

/// Gives `path` the value that it has in `base`, or removes it if it has none there; whether that changed anything.
fn restore(root: &mut Value, base: &Table, path: &[String]) -> bool {
    let Some((last, parents)) = path.split_last() else {
        return false;
    };
    let step = |table: Option<&'_ Value>, key: &String| table?.get(key).cloned();
    let good = path[1..]
        .iter()
        .fold(base.get(&path[0]).cloned(), |value, key| {
            step(value.as_ref(), key)
        });
    let Some(Value::Table(table)) = parents
        .iter()
        .try_fold(root, |value, key| value.get_mut(key))
    else {
        return false;
    };
    match good {
        Some(good) => table.insert(last.clone(), good.clone()) != Some(good),
        None => table.remove(last).is_some(),
    }
}
