//! In what two configurations differ, key by key.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Config;

/// A key with another value in another configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Its dotted path, such as `prior.std`.
    pub key: String,
    /// The value here, or `absent`.
    pub here: String,
    /// The value in the other, or `absent`.
    pub there: String,
}

impl Config {
    /// Every key whose value is another in `other`, by name.
    pub fn differences(&self, other: &Self) -> Vec<Difference> {
        let (here, there) = (leaves(self), leaves(other));
        let keys: BTreeSet<&String> = here.keys().chain(there.keys()).collect();
        let value = |leaves: &BTreeMap<String, String>, key| {
            leaves.get(key).map_or("absent", String::as_str).to_owned()
        };
        let all = keys.into_iter().map(|key| Difference {
            key: key.clone(),
            here: value(&here, key),
            there: value(&there, key),
        });
        all.filter(|difference| difference.here != difference.there)
            .collect()
    }
}

/// Every value of a configuration by its dotted path.
fn leaves(config: &Config) -> BTreeMap<String, String> {
    let mut leaves = BTreeMap::new();
    // A configuration has neither keys that are not strings nor numbers beyond JSON's.
    let value = serde_json::to_value(config).unwrap_or_default();
    add_leaves("", &value, &mut leaves);
    leaves
}

fn add_leaves(path: &str, value: &Value, leaves: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(entries) => entries.iter().for_each(|(key, value)| {
            let dot = if path.is_empty() { "" } else { "." };
            add_leaves(&format!("{path}{dot}{key}"), value, leaves);
        }),
        value => {
            leaves.insert(path.to_owned(), value.to_string());
        }
    }
}
