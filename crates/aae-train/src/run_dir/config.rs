//! The run's own `config.toml`, which training wrote and nobody should change.

use super::{READ, RunDir, RunDirError};
use crate::config::{Config, ConfigError, ConfigErrors};
use crate::durable::{self, DurableError};
use crate::regular_file;

impl RunDir {
    /// Writes `config.toml` durably: what makes the folder a run, which can be opened, listed and resumed. To be called before
    /// [`fit`](crate::fit).
    ///
    /// Errors: any I/O error.
    pub fn write_config(&self, config: &Config) -> Result<(), DurableError> {
        durable::write(&self.config(), config.to_toml().as_bytes())
    }

    /// Reads `config.toml`.
    ///
    /// Errors: if it cannot be read; everything in it that is wrong or missing, at once.
    pub fn read_config(&self) -> Result<Config, RunDirError> {
        let path = self.config();
        let text = regular_file::read_to_string(&path, regular_file::MOST_CONFIG)
            .map_err(RunDirError::io(&path, READ))?;
        let name = path.display().to_string();
        let config = match text.trim().is_empty() {
            true => Err(ConfigErrors::new(vec![ConfigError {
                path: String::new(),
                origin: name,
                message: "expected the run's configuration, found nothing".to_owned(),
                excerpt: None,
            }])),
            false => Config::from_toml(&text, &name),
        };
        config.map_err(|errors| RunDirError::Config { errors })
    }
}
