//! Tables with a `kind` that decides which other keys they have: prior, posterior, corruption, and each optimizer's schedule.
//!
//! Serde buffers such a table, and so does not say at which key it stopped. Here each key is tried alone, beside the `kind`.

use aae_models::PosteriorConfig;
use aae_models::prior::PriorConfig;
use serde::de::DeserializeOwned;
use toml::{Table, Value};

use super::super::error::suggestion;
use super::super::layers::is_tagged;
use super::{Fault, Node};
use crate::corruption::CorruptionConfig;
use crate::schedule::Schedule;

/// One mistake in a table with a `kind`.
pub(super) struct Mistake {
    /// The key that it is about.
    pub(super) key: String,
    /// The key that brought it about.
    pub(super) source: String,
    pub(super) message: String,
}

/// The paths of the tables with a `kind`.
pub(super) fn paths(root: &Value) -> Vec<Vec<String>> {
    let mut paths = vec![
        vec!["prior".to_owned()],
        vec!["corruption".to_owned()],
        vec!["model".to_owned(), "posterior".to_owned()],
    ];
    if let Some(Value::Table(phases)) = root.get("optimizer") {
        let path = |phase: &String| vec!["optimizer".into(), phase.clone(), "schedule".into()];
        paths.extend(phases.keys().map(path));
    }
    debug_assert!(paths.iter().all(|path| is_tagged(&path.join("."))));
    paths
}

/// Everything that is wrong with the keys of the table at `path`; nothing if there is no table.
pub(super) fn mistakes(root: &Value, path: &[String]) -> Vec<Mistake> {
    let Some(Value::Table(table)) = path.iter().try_fold(root, |value, key| value.get(key)) else {
        return Vec::new();
    };
    match path[0].as_str() {
        "prior" => mistakes_in::<PriorConfig>(table),
        "corruption" => mistakes_in::<CorruptionConfig>(table),
        "model" => mistakes_in::<PosteriorConfig>(table),
        _ => mistakes_in::<Schedule>(table),
    }
}

fn mistakes_in<T: DeserializeOwned>(table: &Table) -> Vec<Mistake> {
    let about = |key: &str, message: String| Mistake {
        key: key.to_owned(),
        source: key.to_owned(),
        message,
    };
    let Some(kind) = table.get("kind") else {
        return vec![about("kind", "missing".to_owned())];
    };
    let (name, fields) = match (kind, probe::<T>(kind, Some(("", &Value::Boolean(true))))) {
        (Value::String(name), Err(Fault::UnknownKey { expected, .. })) => (name, expected),
        (Value::String(_), Err(fault)) => return vec![about("kind", fault.to_string())],
        (other, _) => {
            let message = format!("expected a word in quotes, found {other}");
            return vec![about("kind", message)];
        }
    };
    let mut mistakes = Vec::new();
    let mut unknown = false;
    for (key, value) in table.iter().filter(|(key, _)| *key != "kind") {
        match probe::<T>(kind, Some((key, value))) {
            Ok(()) | Err(Fault::Missing(_)) => {}
            Err(Fault::UnknownKey { .. }) => {
                unknown = true;
                let names = suggestion(key, fields);
                mistakes.push(about(key, format!("unknown key for kind `{name}`{names}")));
            }
            Err(fault) => mistakes.push(about(key, fault.to_string())),
        }
    }
    // A misspelt key explains what is missing better than a second message would.
    if !unknown {
        for field in fields.iter().filter(|field| !table.contains_key(**field)) {
            let message = format!("missing: kind `{name}` needs it");
            mistakes.push(Mistake {
                source: "kind".to_owned(),
                ..about(field, message)
            });
        }
    }
    mistakes
}

/// Decodes a table of `kind` and at most one other key.
fn probe<T: DeserializeOwned>(kind: &Value, key: Option<(&str, &Value)>) -> Result<(), Fault> {
    let mut table = Table::from_iter([("kind".to_owned(), kind.clone())]);
    table.extend(key.map(|(key, value)| (key.to_owned(), value.clone())));
    T::deserialize(Node(&Value::Table(table))).map(drop)
}
