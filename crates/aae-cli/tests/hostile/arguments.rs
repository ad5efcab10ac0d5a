//! Values of arguments, and the environment.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use crate::support::Place;
use crate::{Case, check, run_with, trained_place};

const fn refused(args: &'static [&'static str], says: &'static str) -> Case {
    fn nothing(_: &Place) {}
    let name = "an argument";
    Case {
        name,
        prepare: nothing,
        args,
        code: 2,
        says,
    }
}

#[test]
fn arguments() {
    check(&[
        refused(&["train", "--epochs", "99999999999999999999"], "--epochs"),
        refused(
            &["train", "--epochs", "-9223372036854775808"],
            "expected a whole number from 0 on",
        ),
        refused(
            &["train", "--batch-size", "9223372036854775807"],
            "at most the 200 images",
        ),
        refused(&["train", "--limit-train", "0"], "data.limit_train"),
        refused(&["train", "--seed", "-1"], "seed"),
        refused(&["train", "--set", ""], "found no `=`"),
        refused(&["train", "--set", "="], "found an empty key"),
        refused(
            &["train", "--set", "a.b.c.d.e.f.g.h.i=1"],
            "at most 8 keys, found 9",
        ),
        refused(
            &["train", "--set", "optimizer.generator.lr=NaN"],
            "optimizer.generator.lr",
        ),
        refused(
            &["train", "--set", "optimizer.generator.lr=nan"],
            "found NaN",
        ),
        refused(&["train", "--set", "\u{1b}[2J=\u{1b}[31m"], "unknown key"),
        refused(&["train", "--preset", ""], "unknown preset"),
        refused(&["train", "--preset", "\u{1b}[2J"], "unknown preset"),
        refused(&["train", "--name", ""], "not a name for a run folder"),
        refused(&["train", "--name", "a\nb"], "not a name for a run folder"),
        refused(&["train", "--threads", "1000000000"], "--threads"),
        refused(
            &["train", "--device", "cuda:99999999999999999999"],
            "--device",
        ),
        refused(&["train", "--data", ""], "a value is required"),
        refused(&["sample", ""], "a value is required"),
        refused(
            &["sample", "--z", "1e39,0"],
            "expected a number from -1000000 to 1000000",
        ),
        refused(&["sample", "--z", ""], "expected a number"),
        refused(&["sample", "--grid=-inf..inf"], "expected a number"),
        refused(&["sample", "--n", "NaN"], "--n"),
        refused(&["sample", "--label", "256"], "--label"),
        refused(&["sample", "--style-of", "4294967295"], "--style-of"),
        refused(
            &["eval", "--likelihood", "99999999999999999999"],
            "--likelihood",
        ),
        refused(
            &["eval", "--likelihood", "100", "--window", "nan"],
            "--window",
        ),
        refused(
            &["eval", "--likelihood", "100", "--window", "1e7"],
            "expected a number from 0.000001 to 1000000",
        ),
        refused(
            &["experiment", "aae", "--seeds", "0..18446744073709551615"],
            "--seeds",
        ),
        refused(
            &["experiment", "aae", "--seeds", "0..9223372036854775807"],
            "at most 1000 seeds",
        ),
        refused(
            &["experiment", "aae", "--at", "18446744073709551615"],
            "--at",
        ),
        refused(&["experiment", "\u{1b}[2J"], "unknown preset"),
        refused(&["report", "\u{1b}[2J"], "not found"),
        refused(&["report", ""], "a value is required"),
    ]);
}

/// Bytes that are no text.
fn bytes() -> OsString {
    OsString::from_vec(vec![b'x', 0xff, 0xfe, b'/', 0x80])
}

#[test]
fn names_that_are_no_text() {
    let place = trained_place();
    let mut long = "x".repeat(5000);
    long.push_str(".png");
    for (args, code, says) in [
        (
            vec!["train".into(), "--data".into(), bytes()],
            2,
            "expected a directory",
        ),
        (
            vec!["train".into(), "--config".into(), bytes()],
            2,
            "could not read",
        ),
        (
            vec!["train".into(), "--set".into(), bytes()],
            2,
            "invalid UTF-8",
        ),
        (
            vec!["train".into(), "--resume".into(), bytes()],
            2,
            "not a run folder",
        ),
        (vec!["sample".into(), bytes()], 2, "not found"),
        (vec!["report".into(), bytes()], 2, "not found"),
        (vec!["runs".into(), bytes()], 0, "no runs in"),
        (vec![bytes()], 2, "unrecognized subcommand"),
        (
            vec!["sample".into(), "--out".into(), long.clone().into()],
            74,
            "could not",
        ),
        (
            vec!["sample".into(), "x".repeat(5000).into()],
            2,
            "not found",
        ),
    ] {
        run_with(&place, &args, &[], code, says);
    }
}

#[test]
fn environments() {
    let place = trained_place();
    let samples: Vec<OsString> = ["sample", "--n", "1", "--out", "x.png"]
        .map(OsString::from)
        .to_vec();
    let dry: Vec<OsString> = ["train", "--dry-run"].map(OsString::from).to_vec();
    for (name, value) in [
        ("RAYON_NUM_THREADS", "banana".into()),
        ("RAYON_NUM_THREADS", "-1".into()),
        ("RAYON_NUM_THREADS", "0".into()),
        ("RUST_LOG", "\u{1b}[2J=trace,,==".into()),
        ("RUST_BACKTRACE", "full".into()),
        ("RUST_MIN_STACK", "banana".into()),
        ("TERM", "".into()),
        ("COLUMNS", "0".into()),
        ("COLUMNS", "99999999999".into()),
        ("CLICOLOR_FORCE", "1".into()),
        ("TZ", ":/dev/zero".into()),
        ("TMPDIR", "/nowhere".into()),
        ("HOME", bytes()),
        ("PATH", "".into()),
        ("GIT_DIR", "/dev/zero".into()),
        ("LC_ALL", bytes()),
    ] {
        run_with(&place, &samples, &[(name, value)], 0, "wrote x.png");
    }
    for (value, says) in [
        (bytes(), "expected a directory"),
        ("/dev/zero".into(), "found a pipe, socket or device"),
        ("x".repeat(5000).into(), ""),
    ] {
        let code = if says.is_empty() { 74 } else { 2 };
        run_with(&place, &dry, &[("AAE_DATA", value)], code, says);
    }
}
