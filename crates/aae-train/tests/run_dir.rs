//! A run folder belongs to one process, is never overwritten, and is found again.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot be set up has failed"
)]

use std::fs;
use std::io::ErrorKind;
use std::process::{Command, Stdio};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, SystemTime};

use aae_train::run_dir::{RunDir, RunDirError, default_name, list, newest};

/// As [`RunDir::create`], with the file that makes a folder a run.
fn create(runs: &std::path::Path, name: &str) -> RunDir {
    let run = RunDir::create(runs, name).unwrap();
    fs::write(run.config(), "").unwrap();
    run
}

#[test]
fn runs_of_one_name_are_numbered() {
    let directory = tempfile::tempdir().unwrap();
    let runs = directory.path().join("runs");
    let name = default_name("aae", 7);
    let names: Vec<String> = (0..3).map(|_| create(&runs, &name).name()).collect();
    assert_eq!(names, ["aae-s7", "aae-s7-2", "aae-s7-3"]);
    assert!(runs.join("aae-s7-3/checkpoints").is_dir());
    assert!(runs.join("aae-s7-3/figures").is_dir());
}

#[test]
fn a_hundred_racers_get_a_hundred_folders() {
    let directory = tempfile::tempdir().unwrap();
    let barrier = Arc::new(Barrier::new(100));
    let threads: Vec<_> = (0..100)
        .map(|_| {
            let (barrier, runs) = (Arc::clone(&barrier), directory.path().to_path_buf());
            thread::spawn(move || {
                barrier.wait();
                RunDir::create(&runs, "aae-s0").unwrap()
            })
        })
        .collect();
    let runs: Vec<RunDir> = threads
        .into_iter()
        .map(|thread| thread.join().unwrap())
        .collect();
    let mut names: Vec<String> = runs.iter().map(RunDir::name).collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 100);
}

#[test]
fn of_a_hundred_racers_for_one_folder_one_wins_and_the_others_learn_its_pid() {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("deep/out");
    let barrier = Arc::new(Barrier::new(100));
    let threads: Vec<_> = (0..100)
        .map(|_| {
            let (barrier, out) = (Arc::clone(&barrier), out.clone());
            thread::spawn(move || {
                barrier.wait();
                RunDir::create_at(&out)
            })
        })
        .collect();
    let results: Vec<_> = threads
        .into_iter()
        .map(|thread| thread.join().unwrap())
        .collect();
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    for error in results.iter().filter_map(|result| result.as_ref().err()) {
        assert_eq!(error.exit_code(), 73);
        let pid = Some(std::process::id());
        assert!(
            matches!(error, RunDirError::Locked { pid: found, .. } if *found == pid),
            "{error}"
        );
    }
}

#[test]
fn a_folder_with_something_in_it_is_not_taken() {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("out");
    fs::create_dir(&out).unwrap();
    fs::write(out.join("thesis.tex"), "").unwrap();
    let error = RunDir::create_at(&out).unwrap_err();
    assert_eq!(error.exit_code(), 73);
    assert!(
        error
            .to_string()
            .contains("already exists and is not empty"),
        "{error}"
    );
    assert_eq!(fs::read_dir(&out).unwrap().count(), 1, "nothing was added");
}

#[test]
fn an_empty_folder_and_a_missing_one_are_taken() {
    let directory = tempfile::tempdir().unwrap();
    for name in ["empty", "missing"] {
        let out = directory.path().join(name);
        if name == "empty" {
            fs::create_dir(&out).unwrap();
        }
        assert_eq!(RunDir::create_at(&out).unwrap().name(), name);
    }
}

#[test]
fn a_finished_run_is_not_overwritten() {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("out");
    let run = RunDir::create_at(&out).unwrap();
    fs::write(run.config(), "").unwrap();
    drop(run);
    assert!(matches!(
        RunDir::create_at(&out),
        Err(RunDirError::Exists { .. })
    ));
}

#[test]
fn a_run_in_use_cannot_be_resumed_and_can_be_read() {
    let directory = tempfile::tempdir().unwrap();
    let run = create(directory.path(), "aae-s0");
    let error = RunDir::resume(run.path()).unwrap_err();
    assert_eq!(error.exit_code(), 73);
    let expected = format!("locked by another run (process {})", std::process::id());
    assert!(error.to_string().contains(&expected), "{error}");
    assert!(RunDir::open(run.path()).is_ok());
    let path = run.path().to_path_buf();
    drop(run);
    assert!(RunDir::resume(&path).is_ok());
}

/// Not a test of its own: the other process of the next one.
#[test]
#[ignore = "run by `the_lock_of_a_killed_process_is_free_again`"]
fn another_process_holds_the_lock() {
    if let Some(path) = std::env::var_os("AAE_TEST_RUN") {
        let _run = RunDir::resume(path.as_ref()).unwrap();
        thread::sleep(Duration::from_secs(60));
    }
}

#[test]
fn the_lock_of_a_killed_process_is_free_again() {
    let directory = tempfile::tempdir().unwrap();
    let path = create(directory.path(), "aae-s0").path().to_path_buf();
    let mut other = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "another_process_holds_the_lock"])
        .env("AAE_TEST_RUN", &path)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let pid = Some(other.id());
    let locked = (0..1000).any(|_| {
        thread::sleep(Duration::from_millis(10));
        matches!(RunDir::resume(&path), Err(RunDirError::Locked { pid: found, .. }) if found == pid)
    });
    other.kill().unwrap();
    other.wait().unwrap();
    assert!(
        locked,
        "the other process took the lock, and its id is known"
    );
    RunDir::resume(&path).unwrap();
}

#[test]
fn litter_is_removed_on_resuming_and_nothing_else() {
    let directory = tempfile::tempdir().unwrap();
    let run = create(directory.path(), "aae-s0");
    let path = run.path().to_path_buf();
    fs::create_dir(run.epoch_figures(3)).unwrap();
    let litter = [
        ".config.toml.4711-0.aae.tmp",
        ".summary.json.4711-12.aae.tmp",
        ".metrics.jsonl.damaged-1.4711-0.aae.tmp",
        "checkpoints/.step-5.safetensors.4711-0.aae.tmp",
        "checkpoints/.diverged-step-5.safetensors.4711-0.aae.tmp",
        "figures/.latent.png.4711-0.aae.tmp",
        "figures/epoch-0003/.latent.png.4711-0.aae.tmp",
    ]
    .map(|name| path.join(name));
    // Of a command without the lock, of another program, and of the user.
    let others = [
        ".report.html.4711-0.aae.tmp",
        ".thesis.tex.4711-0.aae.tmp",
        "metrics.jsonl.damaged-1",
        "checkpoints/notes.tmp",
        "checkpoints/.step-05.safetensors.4711-0.aae.tmp",
        "checkpoints/.step-5.safetensors.aae.tmp",
        "checkpoints/step-5.safetensors.4711-0.aae.tmp",
    ]
    .map(|name| path.join(name));
    for file in litter.iter().chain(&others) {
        fs::write(file, "half").unwrap();
    }
    let folder = run.checkpoints().join(".step-6.safetensors.4711-0.aae.tmp");
    fs::create_dir(&folder).unwrap();
    RunDir::open(&path).unwrap();
    assert!(
        litter.iter().all(|file| file.exists()),
        "a reader removes nothing"
    );
    drop(run);
    RunDir::resume(&path).unwrap();
    for file in &litter {
        assert!(!file.exists(), "{}", file.display());
    }
    for file in others.iter().chain([&folder]) {
        assert!(file.exists(), "{}", file.display());
    }
}

#[cfg(unix)]
#[test]
fn a_link_that_is_called_like_litter_stays_and_so_does_what_it_points_to() {
    let directory = tempfile::tempdir().unwrap();
    let run = create(directory.path(), "aae-s0");
    let (path, mine) = (run.path().to_path_buf(), directory.path().join("mine"));
    fs::write(&mine, "dear").unwrap();
    let link = run.checkpoints().join(".step-5.safetensors.4711-0.aae.tmp");
    std::os::unix::fs::symlink(&mine, &link).unwrap();
    drop(run);
    RunDir::resume(&path).unwrap();
    assert!(link.is_symlink() && mine.exists());
}

#[test]
fn a_folder_that_a_killed_process_only_began_is_taken() {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("out");
    drop(RunDir::create_at(&out).unwrap());
    let litter = out.join(".config.toml.4711-0.aae.tmp");
    fs::write(&litter, "half").unwrap();
    let run = RunDir::create_at(&out).unwrap();
    assert!(!litter.exists());
    // As soon as there is anything in it, it is a run.
    for name in ["checkpoints/x", "figures/x", "notes", "config.toml"] {
        fs::write(out.join(name), "").unwrap();
        let error = RunDir::create_at(&out).unwrap_err();
        assert_eq!(error.exit_code(), 73, "{name}");
        fs::remove_file(out.join(name)).unwrap();
    }
    drop(run);
}

#[test]
fn the_newest_run_is_the_one_last_written_to() {
    let directory = tempfile::tempdir().unwrap();
    assert_eq!(
        newest(directory.path(), |_| true).unwrap_err().exit_code(),
        2
    );
    assert!(list(&directory.path().join("none")).unwrap().is_empty());
    let written = |run: &RunDir, seconds| {
        let file = fs::File::options()
            .append(true)
            .create(true)
            .open(run.metrics())
            .unwrap();
        file.set_modified(SystemTime::now() + Duration::from_secs(seconds))
            .unwrap();
    };
    let (a, b) = (create(directory.path(), "a"), create(directory.path(), "b"));
    fs::create_dir(directory.path().join("no-run")).unwrap();
    fs::write(directory.path().join("file"), "").unwrap();
    written(&b, 100);
    assert_eq!(newest(directory.path(), |_| true).unwrap().name(), "b");
    written(&a, 200);
    assert_eq!(newest(directory.path(), |_| true).unwrap().name(), "a");
    // Of those that suit, or of all.
    for suits in ["b", "neither"] {
        let found = newest(directory.path(), |run| run.name() == suits).unwrap();
        assert_eq!(found.name(), if suits == "b" { "b" } else { "a" });
    }
    let names: Vec<String> = list(directory.path())
        .unwrap()
        .iter()
        .map(RunDir::name)
        .collect();
    assert_eq!(names, ["a", "b"]);
}

#[test]
fn what_is_no_run_is_not_opened() {
    let directory = tempfile::tempdir().unwrap();
    for path in [
        directory.path().to_path_buf(),
        directory.path().join("none"),
    ] {
        let error = RunDir::open(&path).unwrap_err();
        assert_eq!(error.exit_code(), 2);
        assert!(error.to_string().contains("not a run folder"), "{error}");
        assert!(RunDir::resume(&path).is_err());
    }
}

#[test]
fn names_that_lead_elsewhere_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    for name in ["", ".", "..", "../x", "a/b", ".hidden", "a b", "a\0b", "ä"] {
        let error = RunDir::create(directory.path(), name).unwrap_err();
        assert!(matches!(error, RunDirError::BadName { .. }), "{name}");
        assert_eq!(error.exit_code(), 2);
    }
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[test]
fn only_what_is_read_can_be_bad() {
    for (action, kind, code) in [
        ("read", ErrorKind::FileTooLarge, 65),
        ("read", ErrorKind::PermissionDenied, 74),
        ("list", ErrorKind::PermissionDenied, 74),
        ("create the folder", ErrorKind::PermissionDenied, 73),
        ("create the folder", ErrorKind::InvalidInput, 74),
        ("write the lock file", ErrorKind::FileTooLarge, 74),
    ] {
        let error = RunDirError::Io {
            path: "aae-s0".into(),
            action,
            source: kind.into(),
        };
        assert_eq!(error.exit_code(), code, "{error}");
    }
}

#[test]
fn a_file_in_the_way_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let runs = directory.path().join("runs");
    fs::write(&runs, "").unwrap();
    for error in [
        RunDir::create(&runs, "a").unwrap_err(),
        RunDir::create_at(&runs).unwrap_err(),
    ] {
        assert_eq!(error.exit_code(), 73);
        assert!(
            error
                .to_string()
                .contains("runs: could not create the folder"),
            "{error}"
        );
    }
}
