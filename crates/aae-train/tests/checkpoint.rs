//! A checkpoint comes back whole or not at all, equal states have equal bytes, and a run goes on from the newest good one.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::fs;
use std::path::{Path, PathBuf};

use aae_models::ImageShape;
use aae_train::checkpoint::{BestValidation, Checkpoint, CheckpointMeta, load, load_newest, save};
use aae_train::config::Config;
use aae_train::model_file::{ModelFile, ModelMeta};
use aae_train::run_dir::RunDir;
use aae_train::tensor_file::{HostTensor, Tensors};
use proptest::prelude::*;

fn config() -> Config {
    Config::resolve("aae", None, &[]).unwrap()
}

fn tensors(list: &[(&str, &[usize])]) -> Tensors {
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

fn checkpoint(step: u64) -> Checkpoint {
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

fn written(checkpoint: &Checkpoint) -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.safetensors");
    checkpoint.write(&path).unwrap();
    (directory, path)
}

#[test]
fn a_checkpoint_comes_back_as_it_was() {
    let mut original = checkpoint(u64::MAX);
    original.meta.best = Some(BestValidation {
        step: 17,
        error: 0.1 + 0.2,
    });
    let (_directory, path) = written(&original);
    assert_eq!(load(&path).unwrap(), original);
}

#[test]
fn equal_states_have_equal_bytes() {
    let (_one, first) = written(&checkpoint(5));
    let (_two, second) = written(&checkpoint(5));
    assert_eq!(fs::read(first).unwrap(), fs::read(second).unwrap());
}

#[test]
fn the_safetensors_crate_reads_the_file_with_names_shapes_and_one_metadata_key() {
    let original = checkpoint(5);
    let (_directory, path) = written(&original);
    let bytes = fs::read(path).unwrap();
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    assert_eq!(file.len(), 4);
    for (name, tensor) in &original.tensors {
        let view = file.tensor(name).unwrap();
        let data: Vec<u8> = tensor
            .data
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        assert_eq!(
            (view.shape(), view.data()),
            (tensor.shape.as_slice(), data.as_slice())
        );
    }
    let (head, metadata) = safetensors::SafeTensors::read_metadata(&bytes).unwrap();
    assert_eq!(head % 8, 0);
    assert_eq!(
        metadata
            .metadata()
            .as_ref()
            .unwrap()
            .keys()
            .collect::<Vec<_>>(),
        ["aae"]
    );
}

#[test]
fn a_checkpoint_cut_short_anywhere_is_refused() {
    let (_directory, path) = written(&checkpoint(5));
    let bytes = fs::read(&path).unwrap();
    for length in 0..bytes.len() {
        fs::write(&path, &bytes[..length]).unwrap();
        assert_eq!(load(&path).unwrap_err().exit_code(), 65, "{length} bytes");
    }
    fs::write(&path, [&bytes[..], b"\0"].concat()).unwrap();
    assert_eq!(load(&path).unwrap_err().exit_code(), 65, "a byte too many");
}

#[test]
fn a_checkpoint_with_any_byte_flipped_is_refused() {
    let (_directory, path) = written(&checkpoint(5));
    let bytes = fs::read(&path).unwrap();
    for index in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[index] ^= 0x01;
        fs::write(&path, &damaged).unwrap();
        assert_eq!(load(&path).unwrap_err().exit_code(), 65, "byte {index}");
    }
}

#[test]
fn the_first_tensor_that_is_not_finite_is_named() {
    for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut bad = checkpoint(5);
        bad.tensors.get_mut("b.weight").unwrap().data[4] = value;
        bad.tensors.get_mut("scalar").unwrap().data[0] = value;
        let (_directory, path) = written(&bad);
        let error = load(&path).unwrap_err();
        assert_eq!(error.exit_code(), 65);
        let expected = format!("tensor `b.weight` holds {value} at element 4");
        assert!(error.to_string().contains(&expected), "{error}");
    }
}

#[test]
fn a_model_is_no_checkpoint_and_comes_back_as_it_was() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("model.safetensors");
    let image = ImageShape {
        height: 28,
        width: 20,
    };
    let meta = ModelMeta {
        config: config(),
        image,
        step: 9,
    };
    let model = ModelFile {
        tensors: tensors(&[("encoder.style.bias", &[2])]),
        meta,
    };
    model.write(&path).unwrap();
    assert_eq!(ModelFile::read(&path).unwrap(), model);
    let error = load(&path).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("expected a checkpoint file, found a model file"),
        "{error}"
    );
    assert_eq!(
        ModelFile::read(&directory.path().join("none"))
            .unwrap_err()
            .exit_code(),
        2
    );
}

#[test]
fn a_file_of_another_program_or_version_is_refused_by_name() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.safetensors");
    let view =
        safetensors::tensor::TensorView::new(safetensors::Dtype::F32, vec![1], &[0; 4]).unwrap();
    let foreign = safetensors::serialize([("w", view)], None).unwrap();
    fs::write(&path, foreign).unwrap();
    let error = load(&path).unwrap_err();
    assert!(error.to_string().contains("no `aae` metadata"), "{error}");

    checkpoint(5).write(&path).unwrap();
    let bytes = fs::read(&path).unwrap();
    let version = br#"format_version\":1"#;
    let at = bytes
        .windows(version.len())
        .position(|window| window == version)
        .unwrap();
    let mut newer = bytes;
    newer[at + version.len() - 1] = b'7';
    fs::write(&path, newer).unwrap();
    let error = load(&path).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("expected format version 1, found 7"),
        "{error}"
    );
}

/// A file with this header and this many bytes of data.
fn with_header(path: &Path, header: &str, data: usize) {
    let length = (header.len() as u64).to_le_bytes();
    fs::write(
        path,
        [&length[..], header.as_bytes(), &vec![0; data]].concat(),
    )
    .unwrap();
}

#[test]
fn hostile_headers_are_refused_before_anything_is_believed() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.safetensors");
    for (header, expected) in [
        ("[]", "header cannot be read"),
        ("{", "header cannot be read"),
        (
            r#"{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"w":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
            "duplicate key `w`",
        ),
        (
            r#"{"w":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#,
            "duplicate field",
        ),
        (
            r#"{"w":{"dtype":"F16","shape":[4],"data_offsets":[0,8]}}"#,
            "type F16, expected F32",
        ),
        (
            r#"{"w":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
            "expected 0..4",
        ),
        (
            r#"{"w":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}"#,
            "expected 0..8",
        ),
        (
            r#"{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,8]}}"#,
            "expected 0..4",
        ),
        (
            r#"{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#,
            "found 8 bytes of data",
        ),
        (
            r#"{"w":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}"#,
            "found 8 bytes of data",
        ),
        (
            r#"{"w":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}}"#,
            "a shape that fits into memory",
        ),
        (
            r#"{"w":{"dtype":"F32","shape":[-1],"data_offsets":[0,8]}}"#,
            "header cannot be read",
        ),
        (
            r#"{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"x":1}}"#,
            "unknown field `x`",
        ),
    ] {
        with_header(&path, header, 8);
        let error = load(&path).unwrap_err();
        assert_eq!(error.exit_code(), 65);
        assert!(error.to_string().contains(expected), "{header}: {error}");
    }
    for claimed in [9_u64, 1 << 40, u64::MAX] {
        fs::write(&path, [&claimed.to_le_bytes()[..], b"{}"].concat()).unwrap();
        let error = load(&path).unwrap_err();
        assert!(
            error
                .to_string()
                .contains(&format!("claims {claimed} bytes")),
            "{error}"
        );
    }
}

/// A run folder with these checkpoints, each knowing `best`.
fn run_with(steps: &[u64], best: Option<u64>) -> (tempfile::TempDir, RunDir) {
    let directory = tempfile::tempdir().unwrap();
    let run = RunDir::create(directory.path(), "aae-s0").unwrap();
    for step in steps {
        let mut checkpoint = checkpoint(*step);
        checkpoint.meta.best = best
            .filter(|best| best <= step)
            .map(|step| BestValidation { step, error: 0.5 });
        assert_eq!(
            save(&run, &checkpoint).unwrap().warnings,
            Vec::<String>::new()
        );
    }
    (directory, run)
}

fn kept(run: &RunDir) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(run.checkpoints())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn the_newest_two_and_the_best_are_kept() {
    let (_directory, run) = run_with(&[1, 9, 10, 11], None);
    assert_eq!(kept(&run), ["step-10.safetensors", "step-11.safetensors"]);
    let (_directory, run) = run_with(&[1, 9, 10, 11], Some(9));
    assert_eq!(
        kept(&run),
        [
            "step-10.safetensors",
            "step-11.safetensors",
            "step-9.safetensors"
        ]
    );
}

#[test]
fn going_on_from_an_older_checkpoint_leaves_the_newer_ones() {
    let (_directory, run) = run_with(&[10, 20, 30], None);
    save(&run, &checkpoint(15)).unwrap();
    save(&run, &checkpoint(16)).unwrap();
    let steps = ["step-15", "step-16", "step-20", "step-30"];
    assert_eq!(kept(&run), steps.map(|step| format!("{step}.safetensors")));
}

#[test]
fn the_newest_good_checkpoint_is_taken_and_bad_newer_ones_are_told() {
    let (_directory, run) = run_with(&[10, 20], None);
    let newest = load_newest(&run).unwrap();
    assert_eq!(
        (newest.checkpoint.meta.step, newest.warnings.len()),
        (20, 0)
    );

    fs::write(run.checkpoint(20), b"torn").unwrap();
    let newest = load_newest(&run).unwrap();
    assert_eq!(
        (newest.checkpoint.meta.step, newest.path),
        (10, run.checkpoint(10))
    );
    assert_eq!(newest.warnings.len(), 1);
    assert!(newest.warnings[0].contains("step-20.safetensors: not a valid safetensors file"));

    fs::write(run.checkpoint(10), b"torn too").unwrap();
    let error = load_newest(&run).unwrap_err();
    assert_eq!(error.exit_code(), 65);
    assert!(error.to_string().contains("step-20") && error.to_string().contains("step-10"));
}

#[test]
fn a_run_without_checkpoints_says_so() {
    let (_directory, run) = run_with(&[], None);
    let error = load_newest(&run).unwrap_err();
    assert_eq!(error.exit_code(), 65);
    assert!(error.to_string().contains("no checkpoint found"), "{error}");
}

#[test]
fn a_state_that_is_not_finite_is_not_saved_over_good_ones() {
    let (_directory, run) = run_with(&[10, 20], None);
    let mut bad = checkpoint(30);
    bad.tensors.get_mut("a.bias").unwrap().data[0] = f32::NAN;
    assert_eq!(save(&run, &bad).unwrap_err().exit_code(), 65);
    assert_eq!(kept(&run), ["step-10.safetensors", "step-20.safetensors"]);
    bad.write(&run.diverged(30)).unwrap();
    assert_eq!(load_newest(&run).unwrap().checkpoint.meta.step, 20);
}

#[test]
fn data_that_does_not_fill_its_shape_is_not_written() {
    let mut bad = checkpoint(5);
    bad.tensors.get_mut("a.bias").unwrap().data.push(0.0);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.safetensors");
    let error = bad.write(&path).unwrap_err();
    assert!(
        error.to_string().contains("tensor `a.bias` has 3 elements"),
        "{error}"
    );
    assert!(!path.exists());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn any_finite_tensors_under_any_names_come_back(
        list in proptest::collection::btree_map(
            any::<String>().prop_filter("reserved by the format", |name| name != "__metadata__"),
            proptest::collection::vec(any::<f32>().prop_filter("finite", |value| value.is_finite()), 0..20),
            0..6,
        ),
        step in any::<u64>(),
    ) {
        let tensor = |data: Vec<f32>| HostTensor { shape: vec![1, data.len()], data };
        let tensors = list.into_iter().map(|(name, data)| (name, tensor(data))).collect();
        let meta = CheckpointMeta::new(&config(), step, 0, "");
        let original = Checkpoint { tensors, meta };
        let (_directory, path) = written(&original);
        prop_assert_eq!(load(&path).unwrap(), original);
    }
}
