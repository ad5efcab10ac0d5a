//! Images of one's own: of other sizes and numbers than those that a run was made for.
#![allow(clippy::unwrap_used, reason = "for tests")]

mod support;

use std::fs;

use support::{HEIGHT, Place, WIDTH};

/// Changes a file of the data of a place.
fn change(place: &Place, name: &str, how: impl FnOnce(&mut Vec<u8>)) {
    let path = place.path(&format!("data/{name}-ubyte"));
    let mut bytes = fs::read(&path).unwrap();
    how(&mut bytes);
    fs::write(path, bytes).unwrap();
}

/// Makes images of 6 x 4 pixels of those of 4 x 6.
fn turn(place: &Place) {
    for name in ["train-images-idx3", "t10k-images-idx3"] {
        change(place, name, |bytes| bytes[8..16].rotate_left(4));
    }
}

#[test]
fn commands_that_train_again_name_images_that_are_not_the_project_s() {
    let place = Place::new();
    let data = fs::canonicalize(place.path("data")).unwrap();
    let named = format!("--data {}", data.display());
    let words = ["--max-steps", "1", "--no-figures", "--data"];
    place
        .train(&[&words[..], &[data.to_str().unwrap()]].concat())
        .succeeds()
        .prints(&format!("train --preset ae {named} "));
    place.run(&["report"]).succeeds();
    let page = String::from_utf8(place.read("runs/aae-s0/report.html")).unwrap();
    let again = "train --config runs/aae-s0/config.toml --name again";
    assert!(page.contains(&format!("{again} {named}")), "{page}");
}

#[test]
fn whoever_is_not_for_images_of_this_size_is_named() {
    let place = Place::trained();
    let model = place.path("runs/aae-s0/model.safetensors");
    fs::copy(model, place.path("alone.safetensors")).unwrap();
    turn(&place);
    let turned = ["--max-steps", "1", "--no-figures", "--name", "turned"];
    place.train(&turned).succeeds();
    let sizes = "expected images of 4 x 6 pixels (height x width), found 6 x 4";
    place
        .run(&["compare", "turned", "aae-s0"])
        .ends(65)
        .says(&format!("aae-s0: {sizes}"));
    place
        .run(&["eval", "alone.safetensors"])
        .ends(65)
        .says("alone.safetensors: made for other images than those in ")
        .says(&format!("; --data DIR names its own: {sizes}"));
}

#[test]
fn what_so_few_images_cannot_tell_is_said_before_anything_is_measured() {
    let place = Place::trained();
    for (name, length) in [
        ("t10k-images-idx3", 16 + HEIGHT * WIDTH),
        ("t10k-labels-idx1", 8 + 1),
    ] {
        change(&place, name, |bytes| {
            bytes.truncate(length);
            bytes[7] = 1;
        });
    }
    let one = "expected at least 2 test images, found 1; leave the flag out, or name other images";
    let experiment = ["experiment", "aae", "--threads", "1", "--batch-size", "9"];
    let few = ["--limit-train", "9"];
    for (words, says) in [
        (
            &["eval", "--likelihood", "100"][..],
            format!("--likelihood: {one}"),
        ),
        (&["eval", "--judge", "aae-s0"], format!("--judge: {one}")),
        (
            &[&experiment[..], &["--likelihood"]].concat(),
            format!("--likelihood: {one}"),
        ),
        (
            &[&experiment[..], &few, &["--probes"]].concat(),
            "--probes: expected at least 10 training images, found 9".to_owned(),
        ),
    ] {
        place.run(words).ends(2).says(&says);
    }
    assert!(!place.exists("experiments"));
    place.run(&["eval"]).succeeds().prints("1 test image");
}
