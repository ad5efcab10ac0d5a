//! Configurations, of one's own and of runs.

use std::fs;

use crate::support::Place;
use crate::{Case, RESUME, check, ends, link, pipe, sparse, write};

const CONFIG: &str = "my.toml";
const RUN_CONFIG: &str = "runs/aae-s0/config.toml";
const TRAIN: &[&str] = &["train", "--config", CONFIG];

const fn config(name: &'static str, prepare: fn(&Place), says: &'static str) -> Case {
    ends(name, prepare, TRAIN, 2, says)
}

#[test]
fn configurations() {
    check(&[
        config(
            "bytes",
            |p| write(p, CONFIG, [0xff; 64]),
            "expected text in UTF-8",
        ),
        config(
            "a tebibyte of nothing",
            |p| sparse(p, CONFIG),
            "expected at most 262144 bytes",
        ),
        config(
            "a pipe",
            |p| pipe(p, CONFIG),
            "found a pipe, socket or device",
        ),
        config(
            "a device",
            |p| link(p, CONFIG, "/dev/zero"),
            "found a pipe, socket or device",
        ),
        config(
            "a folder",
            |p| fs::create_dir(p.path(CONFIG)).unwrap(),
            "found a directory",
        ),
        config(
            "a link to itself",
            |p| link(p, CONFIG, CONFIG),
            "could not read",
        ),
        config(
            "a hundred thousand lists",
            |p| write(p, CONFIG, format!("epochs = {}", "[".repeat(100_000))),
            "my.toml:1:",
        ),
        config(
            "a hundred thousand tables",
            |p| write(p, CONFIG, format!("{}x = 1", "a.".repeat(100_000))),
            "my.toml: recursion limit",
        ),
        config(
            "twenty thousand keys",
            |p| {
                write(
                    p,
                    CONFIG,
                    (0..20_000)
                        .map(|i| format!("k{i} = 1\n"))
                        .collect::<String>(),
                )
            },
            "unknown key",
        ),
        config(
            "a key of 200,000 letters",
            |p| write(p, CONFIG, format!("{} = 1", "k".repeat(200_000))),
            "unknown key",
        ),
        config(
            "a terminal's commands",
            |p| write(p, CONFIG, "\"\\u001b[2Jx\" = \"\\u001b]0;\\u0007\"\n"),
            "unknown key",
        ),
        config(
            "10^12 units",
            |p| write(p, CONFIG, "[model.encoder]\nhidden = [1000000000000]\n"),
            "expected 1 to 65536, found 1000000000000",
        ),
        config(
            "layers of 65536 units",
            |p| write(p, CONFIG, "[model.encoder]\nhidden = [65536, 65536]\n"),
            "expected at most 268435456 weights",
        ),
        config(
            "10^18 epochs",
            |p| write(p, CONFIG, "epochs = 1000000000000000000\n"),
            "at most 1000000000",
        ),
        config(
            "more ways than labels",
            |p| {
                write(
                    p,
                    CONFIG,
                    "variant = \"clustering\"\n[model]\ncategories = 9999999999\n",
                )
            },
            "2 to 255 ways",
        ),
        config(
            "more components than memory",
            |p| {
                write(
                    p,
                    CONFIG,
                    "[prior]\nkind = \"gaussian_mixture\"\ncomponents = 9223372036854775807\nradius = 1.0\nstd_radial = 1.0\nstd_tangential = 1.0\n",
                )
            },
            "prior.components",
        ),
        config(
            "a batch of all there is, and one",
            |p| write(p, CONFIG, "batch_size = 201\n"),
            "at most the 200 images",
        ),
        ends(
            "of a run: a pipe",
            |p| pipe(p, RUN_CONFIG),
            RESUME,
            65,
            "config.toml: expected a regular file of the run's own, found a pipe, socket or device",
        ),
        ends(
            "of a run: a tebibyte of nothing",
            |p| sparse(p, RUN_CONFIG),
            RESUME,
            65,
            "config.toml: could not read: expected at most 262144 bytes",
        ),
        ends(
            "of a run: nothing",
            |p| write(p, RUN_CONFIG, "\n"),
            RESUME,
            65,
            "config.toml: expected the run's configuration, found nothing\n  this file is the run's own",
        ),
        ends(
            "of a run: cut short",
            |p| {
                let bytes = p.read(RUN_CONFIG);
                write(p, RUN_CONFIG, &bytes[..200]);
            },
            RESUME,
            65,
            "undo the change, or put back a copy",
        ),
        ends(
            "of a run: given in place of the run",
            |_| {},
            &["train", "--resume", RUN_CONFIG],
            2,
            "config.toml: expected a run folder, found a file; give the folder that it is in",
        ),
        ends(
            "of a run: a tebibyte of nothing, listed",
            |p| sparse(p, RUN_CONFIG),
            &["runs"],
            0,
            "aae-s0",
        ),
    ]);
}
