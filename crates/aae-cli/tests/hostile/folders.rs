//! Run folders with pipes, links, devices and folders in place of what belongs there.

use std::fs;

use crate::support::Place;
use crate::{MODEL, RESUME, RUN, check, clear, ends, link, pipe, write};

/// Makes the run one that is to be gone on with.
fn unfinished(place: &Place) {
    clear(place, "runs/aae-s0/summary.json");
    clear(place, "runs/aae-s0/checkpoints/step-10.safetensors");
}

fn instead(place: &Place, path: &str) {
    unfinished(place);
    pipe(place, path);
}

#[test]
fn folders() {
    check(&[
        ends(
            "a lock that is a pipe",
            |p| instead(p, "runs/aae-s0/lock"),
            RESUME,
            65,
            "lock: expected a regular file of the run's own, found a pipe, socket or device",
        ),
        ends(
            "a lock that is a folder",
            |p| {
                unfinished(p);
                clear(p, "runs/aae-s0/lock");
                fs::create_dir(p.path("runs/aae-s0/lock")).unwrap();
            },
            RESUME,
            65,
            "lock: expected a regular file of the run's own, found a directory",
        ),
        ends(
            "a log that is a pipe",
            |p| instead(p, "runs/aae-s0/train.log"),
            RESUME,
            65,
            "train.log: expected a regular file of the run's own, found a pipe, socket or device",
        ),
        ends(
            "a log that is a link to a full device",
            |p| {
                unfinished(p);
                link(p, "runs/aae-s0/train.log", "/dev/full");
            },
            RESUME,
            65,
            "train.log: expected a regular file of the run's own, found a link",
        ),
        ends(
            "checkpoints that are a pipe",
            |p| instead(p, "runs/aae-s0/checkpoints"),
            RESUME,
            65,
            "checkpoints: expected a directory of the run's own, found a pipe, socket or device",
        ),
        ends(
            "checkpoints that are a link to themselves",
            |p| {
                unfinished(p);
                link(p, "runs/aae-s0/checkpoints", "checkpoints");
            },
            RESUME,
            65,
            "checkpoints: expected a directory of the run's own, found a link",
        ),
        ends(
            "figures that are a pipe",
            |p| instead(p, "runs/aae-s0/figures"),
            RESUME,
            65,
            "figures: expected a directory of the run's own, found a pipe, socket or device",
        ),
        ends(
            "a summary that is a pipe",
            |p| instead(p, "runs/aae-s0/summary.json"),
            RESUME,
            65,
            "summary.json: expected a regular file of the run's own, found a pipe, socket or device",
        ),
        ends(
            "a model that is a link",
            |p| {
                unfinished(p);
                link(p, MODEL, "../elsewhere");
            },
            RESUME,
            65,
            "model.safetensors: expected a regular file of the run's own, found a link",
        ),
        ends(
            "a checkpoint that is a pipe",
            |p| instead(p, "runs/aae-s0/checkpoints/step-10.safetensors"),
            RESUME,
            65,
            "step-10.safetensors: expected a regular file of the run's own, found a pipe, socket or device",
        ),
        ends(
            "a run without its checkpoints",
            |p| {
                clear(p, "runs/aae-s0/summary.json");
                clear(p, "runs/aae-s0/checkpoints");
            },
            RESUME,
            0,
            "metrics.jsonl: reaches step 10, but no good checkpoint after step 0 was found",
        ),
        ends(
            "pictures that are pipes and links",
            |p| {
                pipe(p, "runs/aae-s0/figures/latent.png");
                link(p, "runs/aae-s0/figures/samples.png", "/dev/zero");
                link(p, "runs/aae-s0/figures/losses.png", "losses.png");
                clear(p, "runs/aae-s0/figures/manifold.png");
                fs::create_dir(p.path("runs/aae-s0/figures/manifold.png")).unwrap();
            },
            &["report"],
            0,
            "wrote",
        ),
        ends(
            "a picture of 2^31 x 2^31 pixels",
            |p| {
                let path = "runs/aae-s0/figures/latent.png";
                let mut bytes = p.read(path);
                bytes[16..24].copy_from_slice(&[0x7f, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff]);
                write(p, path, bytes);
            },
            &["report"],
            0,
            "latent.png: left out",
        ),
        ends(
            "a folder that is called like litter, and left alone",
            |p| {
                unfinished(p);
                fs::create_dir(p.path("runs/aae-s0/.x.aae.tmp")).unwrap();
            },
            RESUME,
            0,
            "test: pixel ",
        ),
        ends(
            "a run that is a link to itself",
            |p| link(p, RUN, "aae-s0"),
            RESUME,
            74,
            "config.toml: could not look at",
        ),
        ends(
            "runs of all kinds, listed",
            |p| {
                pipe(p, "runs/pipe");
                link(p, "runs/loop", "loop");
                link(p, "runs/device", "/dev/zero");
                fs::create_dir(p.path("runs/empty")).unwrap();
                fs::create_dir(p.path("runs/other")).unwrap();
                pipe(p, "runs/other/config.toml");
                fs::create_dir(p.path("runs/\u{1b}[2J")).unwrap();
                write(p, "runs/\u{1b}[2J/config.toml", "");
            },
            &["runs"],
            0,
            "aae-s0",
        ),
        ends(
            "a picture to a pipe",
            |p| pipe(p, "x.png"),
            &["sample", "--n", "1", "--out", "x.png"],
            73,
            "x.png: could not replace what is there: expected a regular file, found a pipe, socket or device; \
             choose another place with --out",
        ),
        ends(
            "a picture to a device, behind a link",
            |p| link(p, "x.png", "/dev/full"),
            &["compare", RUN, "--out", "x.png"],
            73,
            "x.png: could not replace what is there: expected a regular file, found a pipe, socket or device",
        ),
        ends(
            "a picture to a folder",
            |p| fs::create_dir(p.path("x.png")).unwrap(),
            &["sample", "--n", "1", "--out", "x.png"],
            73,
            "x.png: could not replace what is there: expected a regular file, found a directory",
        ),
        ends(
            "codes to a pipe",
            |p| pipe(p, "x.csv"),
            &["encode", "--out", "x.csv"],
            73,
            "x.csv: could not replace what is there: expected a regular file, found a pipe, socket or device",
        ),
        ends(
            "a report to a pipe",
            |p| pipe(p, "runs/aae-s0/report.html"),
            &["report"],
            73,
            "report.html: could not replace what is there: expected a regular file, found a pipe, socket or device",
        ),
        ends(
            "a report to a link that leads nowhere",
            |p| link(p, "x.html", "nowhere"),
            &["report", "--out", "x.html"],
            73,
            "x.html: could not follow the link: No such file or directory",
        ),
        ends(
            "samples that are a pipe",
            |p| pipe(p, "runs/aae-s0/samples"),
            &["sample", "--n", "1"],
            73,
            "samples: could not create the folder",
        ),
        ends(
            "a page that is a pipe",
            |p| pipe(p, "page.md"),
            &["experiment", "aae", "--docs", "page.md"],
            65,
            "page.md",
        ),
        ends(
            "another run that is a model",
            |p| clear(p, "runs/aae-s0/config.toml"),
            &["sample", RUN],
            2,
            "not a run folder",
        ),
        ends(
            "a model without its run",
            |p| clear(p, "runs/aae-s0/config.toml"),
            &["sample", MODEL, "--n", "1", "--out", "x.png"],
            0,
            "wrote",
        ),
    ]);
}
