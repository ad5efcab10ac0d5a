//! Directories of four IDX files: which names are found, what must agree between the files, and what the errors say.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::io::Write;
use std::path::Path;

use aae_data::{DataError, TrainTest, load, locate};
use flate2::{Compression, write::GzEncoder};
use proptest::prelude::*;
use tempfile::TempDir;

const NAMES: [&str; 4] = [
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
];

fn idx(dimensions: &[u32], data: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, dimensions.len() as u8];
    bytes.extend(
        dimensions
            .iter()
            .flat_map(|dimension| dimension.to_be_bytes()),
    );
    bytes.extend(data);
    bytes
}

/// Four training and two test images of 3 × 2 pixels, with the labels given.
fn files(train_labels: &[u8], test_labels: &[u8]) -> [Vec<u8>; 4] {
    let image = |count: u32| idx(&[count, 3, 2], &(0..count as u8 * 6).collect::<Vec<u8>>());
    [
        image(4),
        idx(&[train_labels.len() as u32], train_labels),
        image(2),
        idx(&[test_labels.len() as u32], test_labels),
    ]
}

fn directory(names: [&str; 4], files: [Vec<u8>; 4]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, bytes) in names.iter().zip(files) {
        fs::write(dir.path().join(name), bytes).unwrap();
    }
    dir
}

fn check(data: &TrainTest) {
    assert_eq!(
        (
            data.train.height(),
            data.train.width(),
            data.train.classes()
        ),
        (3, 2, 8)
    );
    assert_eq!(
        (data.test.height(), data.test.width(), data.test.classes()),
        (3, 2, 8)
    );
    assert_eq!(data.train.labels(), [0, 7, 3, 3]);
    assert_eq!(data.test.labels(), [1, 6]);
    assert_eq!(data.train.image(3), [18, 19, 20, 21, 22, 23]);
    assert_eq!(data.test.image(1), [6, 7, 8, 9, 10, 11]);
}

#[test]
fn other_sizes_and_other_labels_than_mnist_are_read() {
    check(&load(directory(NAMES, files(&[0, 7, 3, 3], &[1, 6])).path()).unwrap());
}

#[test]
fn gzipped_and_dotted_names_are_found_in_any_mixture() {
    let gzip = |bytes: &[u8]| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    let names = [
        "train-images-idx3-ubyte.gz",
        "train-labels.idx1-ubyte",
        "t10k-images.idx3-ubyte.gz",
        "t10k-labels-idx1-ubyte",
    ];
    let [a, b, c, d] = files(&[0, 7, 3, 3], &[1, 6]);
    check(&load(directory(names, [gzip(&a), b, gzip(&c), d]).path()).unwrap());
}

#[test]
fn a_plain_file_comes_before_a_gzipped_one() {
    let dir = directory(NAMES, files(&[0, 7, 3, 3], &[1, 6]));
    fs::write(
        dir.path().join("train-images-idx3-ubyte.gz"),
        "not looked at",
    )
    .unwrap();
    check(&load(dir.path()).unwrap());
}

#[test]
fn images_without_their_labels_are_refused() {
    let dir = directory(NAMES, files(&[0, 7, 3], &[1, 6]));
    let at = |name: &str| dir.path().join(name).display().to_string();
    assert_eq!(
        load(dir.path()).unwrap_err().to_string(),
        format!(
            "{}: expected one label per image, found 3 labels for the 4 images of {}; check that both files belong together",
            at("train-labels-idx1-ubyte"),
            at("train-images-idx3-ubyte")
        )
    );
}

#[test]
fn a_test_label_of_a_class_never_trained_is_refused_with_its_index() {
    let dir = directory(NAMES, files(&[0, 7, 3, 3], &[1, 8]));
    let error = load(dir.path()).unwrap_err();
    assert!(matches!(
        error,
        DataError::LabelOutOfRange {
            index: 1,
            value: 8,
            classes: 8,
            ..
        }
    ));
    assert_eq!(
        error.to_string(),
        format!(
            "{}: expected labels below 8 (the number of classes), found 8 at index 1; \
             training and test labels must share their classes",
            dir.path().join("t10k-labels-idx1-ubyte").display()
        )
    );
}

#[test]
fn labels_reach_up_to_255() {
    let data = load(directory(NAMES, files(&[0, 255, 3, 3], &[254, 255])).path()).unwrap();
    assert_eq!((data.train.classes(), data.test.classes()), (256, 256));
}

#[test]
fn test_images_of_another_size_are_refused() {
    let mut files = files(&[0, 7, 3, 3], &[1, 6]);
    files[2] = idx(&[2, 2, 3], &[0; 12]);
    let error = load(directory(NAMES, files).path()).unwrap_err();
    assert!(matches!(
        error,
        DataError::SizeMismatch {
            expected: (3, 2),
            found: (2, 3),
            ..
        }
    ));
    assert!(error.to_string().contains(
        "expected images of 3 x 2 pixels (height x width) as in the training set, found 2 x 3"
    ));
}

#[test]
fn swapped_images_and_labels_are_told() {
    let [a, b, c, d] = files(&[0, 7, 3, 3], &[1, 6]);
    let error = load(directory(NAMES, [b, a, c, d]).path()).unwrap_err();
    assert!(matches!(
        error,
        DataError::WrongRank {
            expected: 3,
            found: 1,
            ..
        }
    ));
}

#[test]
fn missing_files_are_listed_by_name() {
    let dir = directory(NAMES, files(&[0, 7, 3, 3], &[1, 6]));
    fs::remove_file(dir.path().join(NAMES[1])).unwrap();
    fs::remove_file(dir.path().join(NAMES[2])).unwrap();
    let error = locate(Some(dir.path()), None).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "{}: expected the four MNIST files, plain or with .gz, found no train-labels-idx1-ubyte, \
             no t10k-images-idx3-ubyte; see data/README.md for the names",
            dir.path().display()
        )
    );
}

#[test]
fn a_directory_in_place_of_a_file_is_told() {
    let dir = directory(NAMES, files(&[0, 7, 3, 3], &[1, 6]));
    fs::remove_file(dir.path().join(NAMES[0])).unwrap();
    fs::create_dir(dir.path().join(NAMES[0])).unwrap();
    let error = load(dir.path()).unwrap_err();
    assert!(
        matches!(
            error,
            DataError::NotARegularFile {
                found: "a directory",
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn a_named_directory_that_is_none_is_told() {
    let dir = directory(NAMES, files(&[0], &[0]));
    for (path, found) in [("no/such/place", "nothing"), (NAMES[0], "a file")] {
        let path = dir.path().join(path);
        let text = load(&path).unwrap_err().to_string();
        assert!(
            text.ends_with(&format!(
                "with the four MNIST files, found {found}; check the path"
            )),
            "{text}"
        );
    }
}

#[test]
fn the_argument_comes_before_the_environment_and_that_before_the_embedded_data() {
    let argument = directory(NAMES, files(&[0, 7, 3, 3], &[1, 6]));
    let environment = directory(NAMES, files(&[0, 7, 3, 3], &[1, 6]));
    let (argument, environment) = (argument.path(), environment.path());
    assert_eq!(locate(Some(argument), Some(environment)).unwrap(), argument);
    assert_eq!(locate(None, Some(environment)).unwrap(), environment);
    for unset in [None, Some(Path::new(""))] {
        assert!(locate(None, unset).unwrap().ends_with("data/mnist"));
    }
}

#[test]
fn a_wrong_directory_that_was_named_is_never_passed_over() {
    let wrong = Path::new("/no/such/place");
    assert!(matches!(
        locate(Some(wrong), None),
        Err(DataError::NotADirectory { .. })
    ));
    assert!(matches!(
        locate(None, Some(wrong)),
        Err(DataError::NotADirectory { .. })
    ));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn labels_are_accepted_exactly_if_their_number_and_classes_fit(
        train in prop::collection::vec(0..6_u8, 3..6), test in prop::collection::vec(0..6_u8, 1..4)
    ) {
        let fits = train.len() == 4 && test.len() == 2 && test.iter().max() <= train.iter().max();
        let dir = directory(NAMES, files(&train, &test));
        match load(dir.path()) {
            Ok(data) => {
                prop_assert!(fits);
                prop_assert_eq!(data.train.labels(), train);
                prop_assert_eq!(data.test.labels(), test);
            }
            Err(DataError::CountMismatch { n_images, n_labels, .. }) => prop_assert_ne!(n_images, n_labels),
            Err(DataError::LabelOutOfRange { index, value, .. }) => {
                prop_assert!(!fits);
                prop_assert_eq!(test[index], value);
            }
            Err(error) => prop_assert!(false, "{}", error),
        }
    }
}
