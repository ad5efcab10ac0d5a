//! candle-datasets against the own reader (feature `hub`): the embedded MNIST, pixel for pixel. No network.
#![cfg(feature = "hub")]

use std::fs::{self, File};
use std::io::{self, BufReader};

use aae_data::{DataError, hub, load, locate};
use flate2::bufread::GzDecoder;

#[test]
fn candle_datasets_reads_the_embedded_mnist_as_we_do() {
    let embedded = locate(None, None).unwrap();
    let unzipped = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(&embedded).unwrap() {
        let path = entry.unwrap().path();
        let mut stream = GzDecoder::new(BufReader::new(File::open(&path).unwrap()));
        let target = unzipped.path().join(path.file_stem().unwrap());
        io::copy(&mut stream, &mut File::create(target).unwrap()).unwrap();
    }

    // Its tensors, before our conversion to bytes: the same pixels in the same order, each within f32 rounding of `pixel / 255`.
    let theirs = candle_datasets::vision::mnist::load_dir(unzipped.path()).unwrap();
    let ours = load(&embedded).unwrap();
    for (tensor, dataset) in [
        (&theirs.train_images, &ours.train),
        (&theirs.test_images, &ours.test),
    ] {
        assert_eq!(tensor.dims(), [dataset.len(), dataset.pixels()]);
        let values = tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        let pixels = (0..dataset.len()).flat_map(|index| dataset.image(index));
        for (value, &pixel) in values.iter().zip(pixels) {
            assert!(
                (value - f32::from(pixel) / 255.0).abs() < 1e-6,
                "{value} is not {pixel} / 255"
            );
        }
    }
    assert_eq!(
        theirs.train_labels.to_vec1::<u8>().unwrap(),
        ours.train.labels()
    );
    assert_eq!(
        theirs.test_labels.to_vec1::<u8>().unwrap(),
        ours.test.labels()
    );

    // And through our door: equal to the byte, whether the own reader was given plain or gzipped files.
    let through_the_hub = hub::load_dir(unzipped.path()).unwrap();
    assert!(through_the_hub.train == ours.train && through_the_hub.test == ours.test);
    let plain = load(unzipped.path()).unwrap();
    assert!(plain.train == ours.train && plain.test == ours.test);
}

#[test]
fn a_directory_that_candle_datasets_cannot_read_is_named() {
    let empty = tempfile::tempdir().unwrap();
    let error = hub::load_dir(empty.path()).unwrap_err();
    assert!(matches!(error, DataError::Hub { .. }));
    assert!(
        error
            .to_string()
            .starts_with(&empty.path().display().to_string()),
        "{error}"
    );
}
