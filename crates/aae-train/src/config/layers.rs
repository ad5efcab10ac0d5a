//! From preset, file, flags and `--set` to one table, and for each of its keys where it came from.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::path::Path;

use toml::de::{DeTable, DeValue, ValueDeserializer};
use toml::{Table, Value};

use super::{ConfigError, ConfigErrors, Excerpt};
use crate::presets::Preset;
use crate::regular_file;

/// No value lies deeper.
const MOST_KEYS: usize = 8;

/// A value given on the command line.
#[derive(Debug, Clone, PartialEq)]
pub struct Override {
    origin: String,
    /// Path and value, or what is wrong with the text that should have held them.
    assignment: Result<(Vec<String>, Value), String>,
}

impl Override {
    /// The value of a flag: `Override::flag("--epochs", "epochs", 3)`.
    pub fn flag(flag: &str, path: &str, value: impl Into<Value>) -> Self {
        let path = path.split('.').map(str::to_owned).collect();
        Self {
            origin: flag.to_owned(),
            assignment: Ok((path, value.into())),
        }
    }

    /// The text after `--set`: `optimizer.reconstruction.lr=1e-3`. What follows `=` is read as TOML, or else as a bare string.
    /// A mistake in the text is reported by [`Config::resolve`](super::Config::resolve), together with all others.
    pub fn set(text: &str) -> Self {
        let assignment = match text.split_once('=') {
            None => Err("expected a.b.c=value, found no `=`".to_owned()),
            Some((path, value)) => {
                let keys: Vec<String> = path.split('.').map(|key| key.trim().to_owned()).collect();
                let value = value.trim();
                let deep = keys.len() > MOST_KEYS;
                match keys.iter().any(String::is_empty) {
                    true => Err("expected a.b.c=value, found an empty key".to_owned()),
                    false if deep => Err(format!(
                        "expected at most {MOST_KEYS} keys, found {}",
                        keys.len()
                    )),
                    false => Ok((keys, parse(value))),
                }
            }
        };
        Self {
            origin: format!("--set {text}"),
            assignment,
        }
    }
}

fn parse(value: &str) -> Value {
    ValueDeserializer::parse(value)
        .and_then(serde::Deserialize::deserialize)
        .unwrap_or_else(|_| Value::String(value.to_owned()))
}

/// A merged table, and the origin of every key in it by dotted path.
#[derive(Debug, Clone, Default)]
pub(super) struct Layers {
    pub(super) table: Table,
    origins: BTreeMap<String, Source>,
    texts: Vec<Text>,
}

/// Where a value came from.
#[derive(Debug, Clone)]
enum Source {
    /// A preset, a flag or `--set`, in these words.
    Words(String),
    /// A text of the layers by its number, and the bytes of the key in it.
    Text(usize, Range<usize>),
}

/// A text, and what it is called.
#[derive(Debug, Clone)]
struct Text {
    name: String,
    text: String,
}

impl Text {
    fn place(&self, span: Range<usize>) -> Origin {
        let excerpt = Excerpt::new(&self.text, span);
        Origin {
            place: format!("{}:{}:{}", self.name, excerpt.line, excerpt.column),
            excerpt: Some(Box::new(excerpt)),
        }
    }
}

/// Where a value came from, for a reader.
#[derive(Debug, Clone, Default)]
pub(super) struct Origin {
    /// ``preset `aae` ``, `my.toml:3:1`, `--epochs`, `--set ...`.
    pub(super) place: String,
    /// The line, if it is one of a file.
    pub(super) excerpt: Option<Box<Excerpt>>,
}

impl Layers {
    /// The table of a preset alone.
    pub(super) fn preset(preset: &Preset) -> Result<Self, ConfigErrors> {
        let mut layers = Self::default();
        let origin = format!("preset `{}`", preset.name);
        layers
            .add_text(preset.toml, &origin)
            .map_err(|error| ConfigErrors::new(vec![error]))?;
        // A line number in an embedded file helps nobody.
        layers
            .origins
            .values_mut()
            .for_each(|value| *value = Source::Words(origin.clone()));
        Ok(layers)
    }

    /// Adds a file; if it cannot be read or parsed, that is an error and nothing is added.
    pub(super) fn add_file(&mut self, path: &Path, errors: &mut Vec<ConfigError>) {
        let origin = path.display().to_string();
        let added = match regular_file::read_to_string(path, regular_file::MOST_CONFIG) {
            Ok(text) => self.add_text(&text, &origin),
            Err(error) => Err(whole(&origin, format!("could not read: {error}"))),
        };
        errors.extend(added.err());
    }

    /// Adds TOML text.
    pub(super) fn add_text(&mut self, text: &str, origin: &str) -> Result<(), ConfigError> {
        let number = self.texts.len();
        self.texts.push(Text {
            name: origin.to_owned(),
            text: text.to_owned(),
        });
        let syntax = |error: toml::de::Error| {
            let place = error.span().map(|span| self.texts[number].place(span));
            let Origin { place, excerpt } = place.unwrap_or_else(|| Origin {
                place: origin.to_owned(),
                excerpt: None,
            });
            ConfigError {
                excerpt,
                ..whole(&place, error.message().to_owned())
            }
        };
        let spanned = DeTable::parse(text).map_err(syntax)?;
        let table: Table = toml::from_str(text).map_err(syntax)?;
        self.merge(table);
        note_origins(spanned.get_ref(), "", number, &mut self.origins);
        Ok(())
    }

    /// Adds what the command line says, as one layer, so that the order of two `--set` for one table does not matter.
    pub(super) fn add_overrides(&mut self, overrides: &[Override], errors: &mut Vec<ConfigError>) {
        let mut layer = Table::new();
        for Override { origin, assignment } in overrides {
            match assignment {
                Ok((keys, value)) => {
                    insert(&mut layer, keys, value.clone());
                    let path = keys.join(".");
                    self.blame_for_parents(keys, origin);
                    forget_below(&mut self.origins, &path);
                    self.origins.insert(path, Source::Words(origin.to_owned()));
                }
                Err(message) => errors.push(whole(origin, message.clone())),
            }
        }
        self.merge(layer);
    }

    /// Where the value at `path` came from: its own origin, or that of the table it is in.
    pub(super) fn origin(&self, path: &str) -> Origin {
        // An element of a list came from where the list came from.
        let mut path = path.split('[').next().unwrap_or(path);
        loop {
            match self.origins.get(path) {
                Some(Source::Words(words)) => {
                    return Origin {
                        place: words.clone(),
                        excerpt: None,
                    };
                }
                Some(Source::Text(number, span)) => {
                    return self.texts[*number].place(span.clone());
                }
                None => {}
            }
            match path.rsplit_once('.') {
                Some((parent, _)) => path = parent,
                None => return Origin::default(),
            }
        }
    }

    /// Where a key on the way to a new value is no table so far, it becomes one, and `origin` is to blame.
    fn blame_for_parents(&mut self, keys: &[String], origin: &str) {
        let mut table = Some(&self.table);
        for n in 1..keys.len() {
            table = table.and_then(|table| table.get(&keys[n - 1])?.as_table());
            if table.is_none() {
                self.origins
                    .insert(keys[..n].join("."), Source::Words(origin.to_owned()));
            }
        }
    }

    fn merge(&mut self, layer: Table) {
        merge(&mut self.table, layer, "");
    }
}

/// Whether the table at `path` has a `kind` that decides which other keys it has.
pub(super) fn is_tagged(path: &str) -> bool {
    matches!(path, "prior" | "corruption" | "model.posterior")
        || (path.starts_with("optimizer.") && path.ends_with(".schedule"))
}

/// A dotted path.
pub(super) fn join(parent: &str, key: impl fmt::Display) -> String {
    match parent {
        "" => key.to_string(),
        _ => format!("{parent}.{key}"),
    }
}

fn whole(origin: &str, message: String) -> ConfigError {
    ConfigError {
        path: String::new(),
        origin: origin.to_owned(),
        message,
        excerpt: None,
    }
}

fn merge(base: &mut Table, layer: Table, parent: &str) {
    for (key, value) in layer {
        let path = join(parent, &key);
        match (base.get_mut(&key), value) {
            (Some(Value::Table(base)), Value::Table(layer)) => {
                if is_tagged(&path)
                    && layer
                        .get("kind")
                        .is_some_and(|kind| base.get("kind") != Some(kind))
                {
                    base.clear();
                }
                merge(base, layer, &path);
            }
            (_, value) => {
                base.insert(key, value);
            }
        }
    }
}

/// Sets a value; what is in the way of its path is replaced.
fn insert(table: &mut Table, keys: &[String], value: Value) {
    let Some((key, rest)) = keys.split_first() else {
        return;
    };
    if rest.is_empty() {
        // Two tables for one key add up, as they do between layers.
        merge(table, Table::from_iter([(key.clone(), value)]), "");
        return;
    }
    let entry = table
        .entry(key.clone())
        .or_insert_with(|| Value::Table(Table::new()));
    if !entry.is_table() {
        *entry = Value::Table(Table::new());
    }
    if let Value::Table(inner) = entry {
        insert(inner, rest, value);
    }
}

/// Drops what is known of keys below `path`, which a new value for `path` itself has set anew.
fn forget_below(origins: &mut BTreeMap<String, Source>, path: &str) {
    let below = format!("{path}.");
    origins.retain(|key, _| !key.starts_with(&below));
}

fn note_origins(
    table: &DeTable<'_>,
    parent: &str,
    text: usize,
    origins: &mut BTreeMap<String, Source>,
) {
    for (key, value) in table {
        let path = join(parent, key.get_ref());
        if let DeValue::Table(inner) = value.get_ref() {
            note_origins(inner, &path, text, origins);
        }
        origins.insert(path, Source::Text(text, key.span()));
    }
}
