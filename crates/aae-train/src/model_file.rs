//! `model.safetensors`: the trained autoencoder alone, which is all that sampling, reconstructing and encoding need.
//!
//! PyTorch's names and layouts (`weight` is `[out, in]`); the config and the images' shape are in the metadata.

use std::path::Path;

use aae_models::{Autoencoder, ImageShape};
use candle_core::Device;
use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::state::{RestoreError, restore_autoencoder};
use crate::tensor_file::{self, TensorFileCause, TensorFileError, Tensors};

const KIND: &str = "model";

/// So many weights may be missing for every difference to be listed: the whole of a model of the usual size.
const MOST_MISSING: u64 = 1 << 24;

/// A trained autoencoder.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelFile {
    /// Encoder and decoder, by name.
    pub tensors: Tensors,
    /// How to build the networks, and how they came about.
    pub meta: ModelMeta,
}

/// What a model file says of its networks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelMeta {
    /// The configuration of the run.
    pub config: Config,
    /// Size of the images.
    pub image: ImageShape,
    /// Steps trained.
    pub step: u64,
}

impl ModelFile {
    /// Writes the model durably to `path`.
    ///
    /// Errors: any I/O error; what that leaves is said at [`DurableError`](crate::durable::DurableError).
    pub fn write(&self, path: &Path) -> Result<(), TensorFileError> {
        tensor_file::write(path, KIND, &self.tensors, &self.meta)
    }

    /// Reads and verifies a model. Whether its tensors fit its config is for [`autoencoder`](Self::autoencoder).
    ///
    /// Errors: if it cannot be read, is damaged, of another format, not finite, or if its config or image shape is not valid.
    pub fn read(path: &Path) -> Result<Self, TensorFileError> {
        let (tensors, meta) = tensor_file::read(path, KIND)?;
        Self::new(tensors, meta, path)
    }

    /// As [`read`](Self::read), of a file's bytes; `path` is only named in errors.
    pub fn from_bytes(bytes: &[u8], path: &Path) -> Result<Self, TensorFileError> {
        let (tensors, meta) = tensor_file::parse(bytes, path, KIND)?;
        Self::new(tensors, meta, path)
    }

    /// A model of these tensors, which were read from `path`.
    ///
    /// Errors: if its config or image shape is not valid, or asks for networks far larger than the tensors.
    pub fn new(tensors: Tensors, meta: ModelMeta, path: &Path) -> Result<Self, TensorFileError> {
        let bad = |message| TensorFileError {
            path: path.to_path_buf(),
            cause: TensorFileCause::Meta(message),
        };
        meta.config
            .validate()
            .map_err(|errors| bad(errors.to_string()))?;
        let ImageShape { height, width } = meta.image;
        if height.checked_mul(width).is_none_or(|pixels| pixels == 0) {
            return Err(bad(format!("images of {height} x {width} pixels")));
        }
        // Nobody is made to allocate, and to fill with random numbers, networks that the file has no weights for.
        let label = meta.config.variant.label_use();
        let needed = meta.config.model.autoencoder_weights(meta.image, label);
        let found: u64 = tensors
            .values()
            .map(|tensor| tensor.data.len() as u64)
            .sum();
        if needed > found.saturating_add(MOST_MISSING) {
            return Err(bad(format!(
                "for images of {height} x {width} pixels its configuration makes a model of {needed} weights, found {found} in the file"
            )));
        }
        Ok(Self { tensors, meta })
    }

    /// The trained networks, on `device`.
    ///
    /// ```no_run
    /// use aae_train::model_file::ModelFile;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let model = ModelFile::read("runs/aae-s0/model.safetensors".as_ref())?;
    /// let autoencoder = model.autoencoder(&candle_core::Device::Cpu)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Errors: if the tensors are not those of the networks that the config describes, with every difference; if the device refuses.
    pub fn autoencoder(&self, device: &Device) -> Result<Autoencoder, RestoreError> {
        let ModelMeta { config, image, .. } = &self.meta;
        let label = config.variant.label_use();
        let autoencoder = Autoencoder::new(&config.model, *image, label, config.seed, device)?;
        restore_autoencoder(&autoencoder, &self.tensors)?;
        Ok(autoencoder)
    }
}
