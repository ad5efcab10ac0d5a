//! Data sets: IDX files, plain and gzipped.

use std::fs;

use crate::bomb::bomb;
use crate::bytes::{gzip, images};
use crate::support::Place;
use crate::{Case, check, clear, ends, link, pipe, write};

const IMAGES: &str = "data/train-images-idx3-ubyte";
const LABELS: &str = "data/train-labels-idx1-ubyte";
const TEST_LABELS: &str = "data/t10k-labels-idx1-ubyte";
const ARGS: &[&str] = &["train", "--dry-run"];

const fn bad(name: &'static str, prepare: fn(&Place), says: &'static str) -> Case {
    ends(name, prepare, ARGS, 65, says)
}

/// The training images as they should be, changed.
fn changed(place: &Place, path: &str, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = place.read(path);
    change(&mut bytes);
    write(place, path, bytes);
}

#[test]
fn data_sets() {
    check(&[
        bad(
            "empty",
            |p| write(p, IMAGES, ""),
            "expected 16 bytes (unzipped), found 0",
        ),
        bad(
            "a PNG",
            |p| write(p, IMAGES, "\u{89}PNG\r\n"),
            "magic number 0x00000803",
        ),
        bad(
            "floats",
            |p| changed(p, IMAGES, |b| b[2] = 0x0d),
            "type 0x0d (32-bit float)",
        ),
        bad(
            "labels for images",
            |p| write(p, IMAGES, p.read(LABELS)),
            "expected 3 dimension(s), found 1",
        ),
        bad(
            "no rows",
            |p| write(p, IMAGES, images(2, 0, 6, &[])),
            "dimensions of at least 1",
        ),
        bad(
            "2^32 - 1 images",
            |p| write(p, IMAGES, images(u32::MAX, 4, 6, &[])),
            "at most 4294967296 bytes",
        ),
        bad(
            "a product beyond 64 bits",
            |p| write(p, IMAGES, images(u32::MAX, u32::MAX, u32::MAX, &[])),
            "at most 4294967296 bytes",
        ),
        bad(
            "a product that wraps to 12",
            |p| write(p, IMAGES, images(1 << 31, 1 << 31, 4, &[1; 12])),
            "at most 4294967296 bytes",
        ),
        bad(
            "a claim of 4 GiB",
            |p| write(p, IMAGES, images(1 << 22, 32, 32, &[1])),
            "expected 4294967312 bytes",
        ),
        bad(
            "a claim of 4 GiB, gzipped",
            |p| write(p, IMAGES, gzip(&images(1 << 22, 32, 32, &[1]))),
            "expected 4294967312 bytes",
        ),
        bad(
            "cut short",
            |p| changed(p, IMAGES, |b| b.truncate(4815)),
            "found 4815; the file is cut short",
        ),
        bad(
            "a byte too many",
            |p| changed(p, IMAGES, |b| b.push(0)),
            "found at least 4817",
        ),
        bad(
            "10 GiB in 10 MB",
            |p| write(p, IMAGES, bomb(&images(200, 4, 6, &[]))),
            "found at least 4817",
        ),
        bad(
            "10 GiB after labels",
            |p| write(p, LABELS, bomb(&[0, 0, 8, 1, 0, 0, 0, 200])),
            "found at least 209",
        ),
        bad(
            "gzip with a wrong checksum",
            |p| {
                changed(p, IMAGES, |b| {
                    *b = gzip(b);
                    let at = b.len() - 8;
                    b[at] ^= 1;
                })
            },
            "intact gzip stream",
        ),
        bad(
            "gzip cut in its checksum",
            |p| {
                changed(p, IMAGES, |b| {
                    *b = gzip(b);
                    b.truncate(b.len() - 3);
                })
            },
            "intact gzip stream",
        ),
        bad(
            "a second gzip member",
            |p| changed(p, IMAGES, |b| *b = [gzip(b), gzip(b)].concat()),
            "end of the file after its gzip stream",
        ),
        bad(
            "gzip in gzip",
            |p| changed(p, IMAGES, |b| *b = gzip(&gzip(b))),
            "magic number 0x00000803",
        ),
        bad(
            "a label too few",
            |p| {
                write(
                    p,
                    LABELS,
                    [&[0, 0, 8, 1, 0, 0, 0, 199][..], &[0; 199]].concat(),
                )
            },
            "found 199 labels for the 200 images",
        ),
        bad(
            "a class that training lacks",
            |p| changed(p, TEST_LABELS, |b| b[9] = 7),
            "found 7 at index 1",
        ),
        bad(
            "a folder",
            |p| {
                clear(p, IMAGES);
                fs::create_dir(p.path(IMAGES)).unwrap();
            },
            "found a directory",
        ),
        bad(
            "a pipe",
            |p| pipe(p, IMAGES),
            "found a pipe, socket or device",
        ),
        bad(
            "a device",
            |p| link(p, LABELS, "/dev/zero"),
            "found a pipe, socket or device",
        ),
        Case {
            code: 74,
            ..bad(
                "a link to itself",
                |p| link(p, IMAGES, "train-images-idx3-ubyte"),
                "train-images-idx3-ubyte: cannot read",
            )
        },
        Case {
            code: 2,
            ..bad(
                "a pipe for the folder",
                |p| pipe(p, "data"),
                "expected a directory",
            )
        },
        Case {
            name: "images that no network is made for",
            prepare: |p| {
                for name in ["train", "t10k"] {
                    let pixels = vec![0; 4000 * 4000];
                    write(
                        p,
                        &format!("data/{name}-images-idx3-ubyte"),
                        images(1, 4000, 4000, &pixels),
                    );
                    write(
                        p,
                        &format!("data/{name}-labels-idx1-ubyte"),
                        [0, 0, 8, 1, 0, 0, 0, 1, 0],
                    );
                }
            },
            args: &["train", "--dry-run", "--batch-size", "1"],
            code: 2,
            says: "for images of 4000 x 4000 pixels",
        },
    ]);
}
