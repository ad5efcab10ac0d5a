//! Where mutation begins: small good files of each format as the program writes it today, and everything in `fuzz/corpus/`.

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use aae_train::checkpoint::{BestValidation, Checkpoint, CheckpointMeta};
use aae_train::config::Config;
use aae_train::metrics::{EvaluationLine, Line, TrainLine};
use aae_train::presets;
use aae_train::tensor_file::{HostTensor, Tensors};
use flate2::{Compression, write::GzEncoder};

/// The folder of the files for a target.
pub(crate) fn corpus(target: &str) -> PathBuf {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus");
    PathBuf::from(root).join(target)
}

/// All there is for a target, good files first.
pub(crate) fn all(target: &str) -> Vec<Vec<u8>> {
    let mut seeds = made(target);
    let entries = fs::read_dir(corpus(target)).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    seeds.extend(paths.iter().map(|path| fs::read(path).unwrap()));
    seeds
}

/// Good files of today.
pub(crate) fn made(target: &str) -> Vec<Vec<u8>> {
    match target {
        "idx" => vec![images(), labels()],
        "gzip" => vec![gzip(&images()), gzip(&labels()), images()],
        "checkpoint" => vec![checkpoint()],
        "config" => configs(),
        "metrics" => vec![metrics()],
        _ => vec![b"planted".to_vec()],
    }
}

fn images() -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 2];
    bytes.extend(0..12);
    bytes
}

fn labels() -> Vec<u8> {
    vec![0, 0, 8, 1, 0, 0, 0, 3, 0, 1, 9]
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn configs() -> Vec<Vec<u8>> {
    let of = |name| {
        Config::resolve(name, None, &[])
            .unwrap()
            .to_toml()
            .into_bytes()
    };
    ["aae", "aae-mixture", "semi-supervised-100", "denoising"]
        .map(of)
        .to_vec()
}

fn checkpoint() -> Vec<u8> {
    let config = Config::resolve(presets::DEFAULT, None, &[]).unwrap();
    let mut meta = CheckpointMeta::new(&config, 9, 1, "0123");
    meta.counters.insert("optimizer.generator.steps".into(), 9);
    meta.best = Some(BestValidation {
        step: 5,
        error: 0.5,
    });
    let tensor = |shape: &[usize]| HostTensor {
        shape: shape.to_vec(),
        data: vec![0.5; shape.iter().product()],
    };
    let tensors = Tensors::from([
        ("decoder.output.bias".to_owned(), tensor(&[2])),
        ("encoder.style.weight".to_owned(), tensor(&[2, 3])),
        ("scalar".to_owned(), tensor(&[])),
    ]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.safetensors");
    Checkpoint { tensors, meta }.write(&path).unwrap();
    fs::read(path).unwrap()
}

fn metrics() -> Vec<u8> {
    let train = Line::Train(TrainLine {
        step: 4,
        epoch: 1,
        losses: [("reconstruction".to_owned(), 0.25)].into(),
        lr: [("generator".to_owned(), 1e-4)].into(),
        images_per_second: 1e3,
        seconds: 0.5,
    });
    let evaluation = Line::Evaluation(EvaluationLine {
        step: 4,
        epoch: 1,
        split: "test".to_owned(),
        reconstruction_error: f64::NAN,
        metrics: [("mean_0".to_owned(), -0.5)].into(),
    });
    let line = |line: &Line| serde_json::to_string(line).unwrap() + "\n";
    (line(&train) + &line(&evaluation)).into_bytes()
}
