//! Data sets through candle-datasets (feature `hub`): fetched from the Hugging Face hub, or read from a directory.
//!
//! Off by default, for its dependencies make a first build several times as long. The program trains without it: the embedded MNIST and
//! any other directory are read by [`crate::load`], which unlike candle-datasets checks what it reads.

use std::path::Path;

use candle_core::Tensor;
use candle_datasets::vision;

use crate::{DataError, Dataset, TrainTest};

/// Images of MNIST and its kin: 28 × 28 pixels, which candle-datasets flattens.
const SIDE: usize = 28;

/// MNIST from the Hugging Face hub (`ylecun/mnist`), or from its local cache once fetched.
///
/// Errors: if it cannot be fetched or read.
pub fn mnist() -> Result<TrainTest, DataError> {
    convert("mnist", vision::mnist::load())
}

/// Fashion-MNIST from the Hugging Face hub (`zalando-datasets/fashion_mnist`), or from its local cache once fetched.
///
/// Errors: if it cannot be fetched or read.
pub fn fashion_mnist() -> Result<TrainTest, DataError> {
    convert("fashion-mnist", vision::fashion_mnist::load())
}

/// A directory with the four standard IDX files of 28 × 28 images, **not** gzipped, by candle-datasets' own reader.
///
/// That reader believes the header, whatever it claims: give it trusted files only, and prefer [`crate::load`].
///
/// Errors: if a file is missing or ends early, or the images are not 28 × 28.
pub fn load_dir(dir: &Path) -> Result<TrainTest, DataError> {
    convert(&dir.display().to_string(), vision::mnist::load_dir(dir))
}

fn convert(
    name: &str,
    loaded: candle_core::Result<vision::Dataset>,
) -> Result<TrainTest, DataError> {
    let failed = |source| DataError::Hub {
        name: name.into(),
        source,
    };
    let data = loaded.map_err(failed)?;
    let half = |images: &Tensor, labels: &Tensor| {
        let pixels = bytes(images).map_err(failed)?;
        let labels = labels.to_vec1::<u8>().map_err(failed)?;
        Dataset::new(pixels, labels, SIDE, SIDE, data.labels)
    };
    Ok(TrainTest {
        train: half(&data.train_images, &data.train_labels)?,
        test: half(&data.test_images, &data.test_labels)?,
    })
}

/// Pixels back from `[0, 1]` to bytes. Exact: 255 steps lie much further apart than f32 rounds.
fn bytes(images: &Tensor) -> candle_core::Result<Vec<u8>> {
    let values = images.flatten_all()?.to_vec1::<f32>()?;
    Ok(values
        .into_iter()
        .map(|value| (value * 255.0).round() as u8)
        .collect())
}
