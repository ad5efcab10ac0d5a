//! `model.safetensors`: the trained autoencoder alone, which is all that sampling, reconstructing and encoding need.
//!
//! PyTorch's names and layouts (`weight` is `[out, in]`); the config and the images' shape are in the metadata.

use std::path::Path;

use aae_models::ImageShape;
use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::tensor_file::{self, TensorFileCause, TensorFileError, Tensors};

const KIND: &str = "model";

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
    /// Errors: any I/O error; the file that was there before stays.
    pub fn write(&self, path: &Path) -> Result<(), TensorFileError> {
        tensor_file::write(path, KIND, &self.tensors, &self.meta)
    }

    /// Reads and verifies a model. Whether its tensors fit its config is for
    /// [`match_tensors`](crate::tensor_file::match_tensors).
    ///
    /// Errors: if it cannot be read, is damaged, of another format, not finite, or if its config or image shape is not valid.
    pub fn read(path: &Path) -> Result<Self, TensorFileError> {
        let (tensors, meta) = tensor_file::read::<ModelMeta>(path, KIND)?;
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
        Ok(Self { tensors, meta })
    }
}
