//! The metrics file of an interrupted run grows to that of an uninterrupted one.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot be set up has failed"
)]

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

use aae_train::metrics::{EvaluationLine, Line, MetricsError, MetricsWriter, TrainLine, read};

fn train(step: u64) -> Line {
    let map = |list: &[(&str, f64)]| {
        list.iter()
            .map(|(name, value)| ((*name).to_owned(), *value))
            .collect::<BTreeMap<_, _>>()
    };
    Line::Train(TrainLine {
        step,
        epoch: 1,
        losses: map(&[("reconstruction", 0.1 + 0.2), ("discriminator", 1.386)]),
        lr: map(&[("reconstruction", 1e-3)]),
        images_per_second: 1500.5,
        seconds: 2.25,
    })
}

fn evaluation(step: u64) -> Line {
    let metrics = BTreeMap::from([("sliced_wasserstein".to_owned(), 0.4)]);
    Line::Evaluation(EvaluationLine {
        step,
        epoch: 2,
        split: "test".into(),
        reconstruction_error: 0.035,
        metrics,
    })
}

fn file() -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("metrics.jsonl");
    (directory, path)
}

fn write(path: &std::path::Path, lines: &[Line]) {
    let mut writer = MetricsWriter::resume(path, 0).unwrap().0;
    lines.iter().for_each(|line| writer.write(line).unwrap());
    writer.sync().unwrap();
}

#[test]
fn lines_look_as_documented_and_come_back() {
    let (_directory, path) = file();
    let lines = [train(50), evaluation(100)];
    write(&path, &lines);
    assert_eq!(
        fs::read_to_string(&path).unwrap(),
        "{\"kind\":\"train\",\"step\":50,\"epoch\":1,\"losses\":{\"discriminator\":1.386,\
         \"reconstruction\":0.30000000000000004},\"lr\":{\"reconstruction\":0.001},\"images_per_second\":1500.5,\
         \"seconds\":2.25}\n\
         {\"kind\":\"evaluation\",\"step\":100,\"epoch\":2,\"split\":\"test\",\"reconstruction_error\":0.035,\
         \"sliced_wasserstein\":0.4}\n"
    );
    assert_eq!(read(&path).unwrap(), lines);
    assert_eq!(lines[1].step(), 100);
}

#[test]
fn numbers_that_are_not_finite_become_null_and_are_read_as_nan() {
    let (_directory, path) = file();
    let Line::Train(mut line) = train(50) else {
        unreachable!()
    };
    line.losses.insert("discriminator".into(), f64::INFINITY);
    line.images_per_second = f64::NAN;
    let Line::Evaluation(mut test) = evaluation(50) else {
        unreachable!()
    };
    test.reconstruction_error = f64::NEG_INFINITY;
    test.metrics.insert("mmd".into(), f64::NAN);
    write(&path, &[Line::Train(line), Line::Evaluation(test)]);
    let text = fs::read_to_string(&path).unwrap();
    assert_eq!(text.matches("null").count(), 4, "{text}");
    let lines = read(&path).unwrap();
    let [Line::Train(line), Line::Evaluation(test)] = &lines[..] else {
        panic!("{lines:?}")
    };
    assert!(line.losses["discriminator"].is_nan() && line.images_per_second.is_nan());
    assert_eq!(line.losses["reconstruction"], 0.1 + 0.2);
    assert!(test.reconstruction_error.is_nan() && test.metrics["mmd"].is_nan());
}

#[test]
fn a_resumed_file_cut_anywhere_grows_to_the_uninterrupted_one() {
    let (_directory, path) = file();
    let lines = [
        train(50),
        train(100),
        evaluation(100),
        train(150),
        train(200),
        evaluation(200),
    ];
    write(&path, &lines);
    let whole = fs::read(&path).unwrap();
    let at_100 = lines.iter().position(|line| line.step() > 100).unwrap();
    let synced: usize = whole
        .split_inclusive(|b| *b == b'\n')
        .take(at_100)
        .map(<[u8]>::len)
        .sum();
    // The checkpoint of step 100 was saved after its lines were made durable; what came later may be torn anywhere.
    for length in synced..=whole.len() {
        fs::write(&path, &whole[..length]).unwrap();
        let (mut writer, cut) = MetricsWriter::resume(&path, 100).unwrap();
        assert_eq!(cut.kept, lines[..at_100]);
        assert_eq!(cut.dropped == 0, length == synced);
        lines[at_100..]
            .iter()
            .for_each(|line| writer.write(line).unwrap());
        assert_eq!(fs::read(&path).unwrap(), whole, "cut at {length}");
    }
}

#[test]
fn a_run_that_starts_anew_from_step_0_has_an_empty_file() {
    let (_directory, path) = file();
    let (_writer, cut) = MetricsWriter::resume(&path, 0).unwrap();
    assert_eq!((cut.kept.len(), cut.dropped), (0, 0));
    assert_eq!(cut.copy, None);
    fs::write(&path, "{\"kind\":\"train\"").unwrap();
    let (_writer, cut) = MetricsWriter::resume(&path, 0).unwrap();
    assert_eq!((cut.kept.len(), cut.dropped), (0, 1));
    // Nobody knows what a torn line has said.
    assert!(cut.copy.is_some());
    assert_eq!(fs::read(&path).unwrap(), b"");
}

#[test]
fn from_garbage_on_everything_is_cut_and_kept_aside() {
    let (_directory, path) = file();
    write(&path, &[train(50)]);
    let good = fs::read(&path).unwrap();
    let damaged = [&good[..], b"\0\0\0\n", &good[..]].concat();
    fs::write(&path, &damaged).unwrap();
    let error = read(&path).unwrap_err();
    assert_eq!(error.exit_code(), 65);
    assert!(
        error
            .to_string()
            .contains("metrics.jsonl:2: not a line of metrics"),
        "{error}"
    );
    for k in 1..3 {
        fs::write(&path, &damaged).unwrap();
        let (_writer, cut) = MetricsWriter::resume(&path, 100).unwrap();
        assert_eq!((cut.kept.as_slice(), cut.dropped), (&[train(50)][..], 2));
        assert_eq!(fs::read(&path).unwrap(), good);
        // Nothing is thrown away, nor what was set aside before.
        let copy = path.with_file_name(format!("metrics.jsonl.damaged-{k}"));
        assert_eq!(fs::read(&copy).unwrap(), damaged);
        assert_eq!(cut.copy, Some(copy));
    }
}

#[test]
fn only_what_is_read_can_be_bad_and_only_what_is_made_cannot_be_created() {
    for (action, kind, code) in [
        ("read", ErrorKind::FileTooLarge, 65),
        ("open", ErrorKind::InvalidInput, 65),
        ("read", ErrorKind::PermissionDenied, 74),
        ("open", ErrorKind::PermissionDenied, 74),
        ("create", ErrorKind::PermissionDenied, 73),
        ("write", ErrorKind::FileTooLarge, 74),
    ] {
        let error = MetricsError::Io {
            path: "metrics.jsonl".into(),
            action,
            source: kind.into(),
        };
        assert_eq!(error.exit_code(), code, "{error}");
    }
    let (directory, _) = file();
    let path = directory.path().join("none/metrics.jsonl");
    let error = MetricsWriter::resume(&path, 0).unwrap_err();
    assert_eq!(error.exit_code(), 73, "{error}");
    let error = read(&path).unwrap_err();
    assert_eq!(error.exit_code(), 74, "{error}");
}

#[test]
fn a_reader_beside_a_run_leaves_out_the_line_that_is_being_written() {
    let (_directory, path) = file();
    write(&path, &[train(50), train(100)]);
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
    assert_eq!(read(&path).unwrap(), [train(50)]);
}
