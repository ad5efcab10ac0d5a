//! Checkpoints and models.

use std::fs;

use aae_models::ImageShape;
use aae_train::checkpoint::{self, CheckpointMeta};
use aae_train::model_file::ModelFile;

use crate::bytes::tensors;
use crate::support::Place;
use crate::{Case, LAST, MODEL, RESUME, check, clear, ends, link, pipe, sparse, write};

const SAMPLE: &[&str] = &["sample"];

const fn bad(
    name: &'static str,
    prepare: fn(&Place),
    args: &'static [&'static str],
    says: &'static str,
) -> Case {
    ends(name, prepare, args, 65, says)
}

/// Leaves one checkpoint in the run and no model, so that everything needs this one.
fn only_checkpoint(place: &Place) {
    clear(place, MODEL);
    clear(place, "runs/aae-s0/checkpoints/step-5.safetensors");
}

/// Writes the checkpoint again with another description, and the right hash.
fn described(place: &Place, change: impl FnOnce(&mut CheckpointMeta)) {
    only_checkpoint(place);
    let mut checkpoint = checkpoint::load(&place.path(LAST)).unwrap();
    change(&mut checkpoint.meta);
    checkpoint.write(&place.path(LAST)).unwrap();
}

/// Writes the model again, changed, and with the right hash.
fn model(place: &Place, change: impl FnOnce(&mut ModelFile)) {
    let mut model = ModelFile::read(&place.path(MODEL)).unwrap();
    change(&mut model);
    model.write(&place.path(MODEL)).unwrap();
}

fn checkpoint_is(place: &Place, bytes: impl AsRef<[u8]>) {
    only_checkpoint(place);
    write(place, LAST, bytes);
}

/// Puts so much of nothing behind what a file has that it is as long as one may be.
fn lengthen(place: &Place, path: &str) {
    let file = fs::File::options().write(true).open(place.path(path));
    file.unwrap().set_len(8 << 30).unwrap();
}

const TWICE: &str = r#"{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"w":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#;
const HALF: &str = r#"{"w":{"dtype":"F16","shape":[4],"data_offsets":[0,8]}}"#;

#[test]
fn checkpoints() {
    check(&[
        bad(
            "empty",
            |p| checkpoint_is(p, ""),
            SAMPLE,
            "it is 0 bytes long",
        ),
        bad(
            "a header of 2^64 - 1 bytes",
            |p| checkpoint_is(p, [0xff; 64]),
            SAMPLE,
            "claims 18446744073709551615 bytes",
        ),
        bad(
            "a name twice",
            |p| checkpoint_is(p, tensors(TWICE, 8)),
            SAMPLE,
            "duplicate key `w`",
        ),
        bad(
            "half precision",
            |p| checkpoint_is(p, tensors(HALF, 8)),
            SAMPLE,
            "type F16, expected F32",
        ),
        bad(
            "a hundred thousand brackets",
            |p| {
                checkpoint_is(
                    p,
                    tensors(&format!("{{\"__metadata__\":{}", "[".repeat(100_000)), 0),
                )
            },
            SAMPLE,
            "recursion limit",
        ),
        bad(
            "a mebibyte of spaces",
            |p| checkpoint_is(p, tensors(&" ".repeat(1 << 20), 0)),
            SAMPLE,
            "header cannot be read",
        ),
        bad(
            "a tebibyte of nothing",
            |p| {
                only_checkpoint(p);
                sparse(p, LAST);
            },
            SAMPLE,
            "expected at most 8589934592 bytes, found 1099511627776",
        ),
        bad(
            "eight gibibytes of nothing",
            |p| {
                checkpoint_is(p, "");
                lengthen(p, LAST);
            },
            SAMPLE,
            "header cannot be read",
        ),
        bad(
            "a pipe",
            |p| {
                only_checkpoint(p);
                pipe(p, LAST);
            },
            SAMPLE,
            "found a pipe, socket or device",
        ),
        bad(
            "a folder",
            |p| {
                only_checkpoint(p);
                clear(p, LAST);
                fs::create_dir(p.path(LAST)).unwrap();
            },
            RESUME,
            "found a directory",
        ),
        bad(
            "a device",
            |p| {
                only_checkpoint(p);
                link(p, LAST, "/dev/zero");
            },
            RESUME,
            "found a link",
        ),
        bad(
            "a model",
            |p| {
                fs::copy(p.path(MODEL), p.path(LAST)).unwrap();
                only_checkpoint(p);
            },
            RESUME,
            "found a model file",
        ),
        bad(
            "2^64 - 1 steps",
            |p| described(p, |meta| meta.step = u64::MAX),
            RESUME,
            "step: expected at most",
        ),
        bad(
            "an optimizer's 2^64 - 1 steps",
            |p| {
                described(p, |meta| {
                    meta.counters.values_mut().for_each(|n| *n = u64::MAX)
                })
            },
            RESUME,
            "expected at most",
        ),
        bad(
            "no counters but one too many",
            |p| {
                described(p, |meta| {
                    meta.counters = [("x\u{1b}[31m".to_owned(), 1)].into()
                })
            },
            RESUME,
            "optimizer.generator.steps: missing",
        ),
        bad(
            "another configuration",
            |p| described(p, |meta| meta.config_hash = "0".repeat(64)),
            RESUME,
            "expected config hash",
        ),
        bad(
            "a configuration that is none",
            |p| described(p, |meta| meta.config.model.latent_dim = 0),
            SAMPLE,
            "model.latent_dim",
        ),
        bad(
            "layers of 2^14 units that are not there, and no model",
            |p| {
                described(p, |meta| {
                    meta.config.model.encoder.hidden = vec![16_000; 2];
                    meta.config_hash = meta.config.hash();
                })
            },
            SAMPLE,
            "its configuration makes a model of",
        ),
        bad(
            "other data",
            |p| {
                described(p, |meta| {
                    meta.data_fingerprint = "\u{1b}]0;x\u{7}".to_owned()
                })
            },
            RESUME,
            "holds a run on other training images",
        ),
    ]);
}

#[test]
fn models() {
    check(&[
        bad(
            "cut short",
            |p| {
                let bytes = p.read(MODEL);
                write(p, MODEL, &bytes[..bytes.len() / 2]);
            },
            SAMPLE,
            "model.safetensors",
        ),
        bad(
            "a flipped bit",
            |p| {
                let mut bytes = p.read(MODEL);
                let last = bytes.len() - 1;
                bytes[last] ^= 1;
                write(p, MODEL, bytes);
            },
            SAMPLE,
            "damaged: restore it from a copy",
        ),
        bad(
            "a tebibyte of nothing",
            |p| sparse(p, MODEL),
            SAMPLE,
            "expected at most 8589934592 bytes",
        ),
        bad(
            "gibibytes of nothing behind it",
            |p| lengthen(p, MODEL),
            SAMPLE,
            "bytes of data",
        ),
        bad(
            "not a number",
            |p| {
                model(p, |m| {
                    m.tensors.get_mut("encoder.style.bias").unwrap().data[1] = f32::NAN
                })
            },
            SAMPLE,
            "tensor `encoder.style.bias` holds NaN at element 1",
        ),
        bad(
            "images of 2^32 x 2^32 pixels",
            |p| {
                model(p, |m| {
                    m.meta.image = ImageShape {
                        height: 1 << 32,
                        width: 1 << 32,
                    }
                })
            },
            SAMPLE,
            "images of 4294967296 x 4294967296 pixels",
        ),
        bad(
            "images of 2^40 pixels",
            |p| model(p, |m| m.meta.image.height = 1 << 40),
            SAMPLE,
            "found 4",
        ),
        bad(
            "layers of 2^14 units that are not there",
            |p| model(p, |m| m.meta.config.model.encoder.hidden = vec![16_000; 2]),
            SAMPLE,
            "its configuration makes a model of",
        ),
        bad(
            "all kinds of tensors",
            |p| {
                model(p, |m| {
                    let bias = m.tensors.remove("encoder.style.bias").unwrap();
                    m.tensors.insert("encoder.style\u{1b}[2J".to_owned(), bias);
                    m.tensors
                        .get_mut("decoder.output.weight")
                        .unwrap()
                        .shape
                        .reverse();
                })
            },
            SAMPLE,
            "(3 differ)",
        ),
        Case {
            code: 0,
            ..bad(
                "a pipe, and a good checkpoint",
                |p| pipe(p, MODEL),
                SAMPLE,
                "the run has no model.safetensors",
            )
        },
        Case {
            code: 2,
            ..bad(
                "a pipe by its name",
                |p| pipe(p, MODEL),
                &["sample", MODEL],
                "not a run folder",
            )
        },
        Case {
            code: 2,
            ..bad(
                "a device by its name",
                |p| clear(p, MODEL),
                &["sample", "/dev/zero"],
                "not a run folder",
            )
        },
    ]);
}
