//! One file: what goes in comes out, and damage is found.

use std::fs;

use aae_models::ImageShape;
use aae_train::checkpoint::{BestValidation, Checkpoint, CheckpointMeta, load};
use aae_train::model_file::{ModelFile, ModelMeta};
use aae_train::tensor_file::HostTensor;
use proptest::prelude::*;

use crate::{checkpoint, config, tensors, written};

#[test]
fn a_checkpoint_comes_back_as_it_was() {
    let mut original = checkpoint(1 << 53);
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
fn a_small_file_that_asks_for_a_huge_model_is_refused_before_that_is_made() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("model.safetensors");
    for (height, width, expected) in [
        (
            4000,
            4000,
            "a model of 32018008002 weights, found 2 in the file",
        ),
        (1 << 32, 1, "weights, found 2 in the file"),
        (usize::MAX, 1, "weights, found 2 in the file"),
        (usize::MAX, 2, "images of 18446744073709551615 x 2 pixels"),
        (0, 5, "images of 0 x 5 pixels"),
    ] {
        let meta = ModelMeta {
            config: config(),
            image: ImageShape { height, width },
            step: 9,
        };
        let tensors = tensors(&[("encoder.style.bias", &[2])]);
        ModelFile { tensors, meta }.write(&path).unwrap();
        let error = ModelFile::read(&path).unwrap_err();
        assert_eq!(error.exit_code(), 65);
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[test]
fn a_number_of_steps_that_no_run_takes_is_refused() {
    let changes: [fn(&mut CheckpointMeta); 3] = [
        |meta| meta.step = u64::MAX,
        |meta| meta.epoch = (1 << 53) + 1,
        |meta| meta.counters.values_mut().for_each(|n| *n = u64::MAX),
    ];
    for change in changes {
        let mut bad = checkpoint(5);
        change(&mut bad.meta);
        let (_directory, path) = written(&bad);
        let error = load(&path).unwrap_err();
        assert_eq!(error.exit_code(), 65);
        let expected = "expected at most 9007199254740992, found ";
        assert!(error.to_string().contains(expected), "{error}");
    }
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
        step in 0..=1_u64 << 53,
    ) {
        let tensor = |data: Vec<f32>| HostTensor { shape: vec![1, data.len()], data };
        let tensors = list.into_iter().map(|(name, data)| (name, tensor(data))).collect();
        let meta = CheckpointMeta::new(&config(), step, 0, "");
        let original = Checkpoint { tensors, meta };
        let (_directory, path) = written(&original);
        prop_assert_eq!(load(&path).unwrap(), original);
    }
}
