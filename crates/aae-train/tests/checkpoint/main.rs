//! A checkpoint comes back whole or not at all, equal states have equal bytes, and a run goes on from the newest good one.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot be set up has failed"
)]

mod file;
mod header;
mod store;

use std::path::PathBuf;

use aae_train::checkpoint::{Checkpoint, CheckpointMeta};
use aae_train::config::Config;
use aae_train::tensor_file::{HostTensor, Tensors};

pub(crate) fn config() -> Config {
    Config::resolve("aae", None, &[]).unwrap()
}

pub(crate) fn tensors(list: &[(&str, &[usize])]) -> Tensors {
    let tensor = |shape: &[usize]| HostTensor {
        shape: shape.to_vec(),
        data: (0..shape.iter().product())
            .map(|i| i as f32 * 0.37 - 1.5)
            .collect(),
    };
    list.iter()
        .map(|(name, shape)| ((*name).to_owned(), tensor(shape)))
        .collect()
}

pub(crate) fn checkpoint(step: u64) -> Checkpoint {
    let mut meta = CheckpointMeta::new(&config(), step, step / 468, "mnist-0123");
    meta.counters.insert("generator.steps".into(), step);
    let shapes: [(&str, &[usize]); 4] = [
        ("b.weight", &[2, 3]),
        ("a.bias", &[2]),
        ("empty", &[0, 5]),
        ("scalar", &[]),
    ];
    Checkpoint {
        tensors: tensors(&shapes),
        meta,
    }
}

pub(crate) fn written(checkpoint: &Checkpoint) -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.safetensors");
    checkpoint.write(&path).unwrap();
    (directory, path)
}
