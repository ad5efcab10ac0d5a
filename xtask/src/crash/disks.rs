//! Real file systems that are too small, or may only be read: each is mounted for one program, and gone with it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result, bail};

use super::Report;
use super::calls::EVERY_STEP;
use super::faults::says_where;
use super::story::each;
use super::tiny::{End, Ended, Tiny, saved_and_resumed, temporaries};

/// Sizes from less than the first checkpoint needs to more than the whole run does.
const SIZES: std::ops::Range<u64> = 4..1604;
const APART: usize = 40;

/// Room for two checkpoints and no third.
const TWO_CHECKPOINTS: u64 = 640;

/// Mounts a file system, fills it, runs the program, and keeps what is there afterwards.
const MOUNTED: &str = r#"
set -e
disk=$1 kib=$2 mode=$3 before=$4 after=$5
shift 5
mount -t tmpfs -o "size=${kib}k" none "$disk"
cp -a "$before/." "$disk"
mount -o "remount,$mode" "$disk"
code=0
"$@" || code=$?
cp -a "$disk/." "$after"
exit "$code"
"#;

const IN_NAMESPACE: [&str; 4] = ["unshare", "--user", "--map-root-user", "--mount"];

/// Whether a file system can be mounted here that only one process sees.
pub(crate) fn can_be_mounted(folder: &Path) -> bool {
    let mut command = Command::new(IN_NAMESPACE[0]);
    command
        .args(&IN_NAMESPACE[1..])
        .args(["mount", "-t", "tmpfs", "none"])
        .arg(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

pub(super) fn run(tiny: &Tiny) -> Result<Report> {
    let (whole, _) = tiny.whole("whole", EVERY_STEP)?;
    let (not_begun, stopped, finished) = <(AtomicU64, AtomicU64, AtomicU64)>::default();
    let sizes: Vec<u64> = SIZES.step_by(APART).collect();
    let mut failures = each(
        &sizes,
        |_, kib| format!("a disk of {kib} KiB"),
        |_, kib| {
            let left = train_on(tiny, *kib)?;
            let begun = left.run.join("config.toml").is_file();
            let count = match (left.ended.status.code(), begun) {
                (Some(0), _) => &finished,
                (_, true) => &stopped,
                (_, false) => &not_begun,
            };
            count.fetch_add(1, Ordering::Relaxed);
            goes_on(tiny, left, &whole)
        },
    );
    let run = train_on(tiny, TWO_CHECKPOINTS)?.run;
    let (saved, _) = saved_and_resumed(&run);
    if saved == 0 {
        bail!("expected a run with a checkpoint on {TWO_CHECKPOINTS} KiB, found none");
    }
    let others: [(&str, &dyn Fn() -> Result<()>); 3] = [
        ("a new run on a read-only disk", &|| {
            let before = empty(tiny, "empty")?;
            read_only(tiny, "new-read-only", &before, |run| {
                tiny.train(run, EVERY_STEP)
            })
        }),
        ("a run to go on with on a read-only disk", &|| {
            let before = run.parent().context("a run without a folder")?;
            read_only(tiny, "old-read-only", before, |run| tiny.resume(run))
        }),
        ("no room for pictures", &|| {
            without_pictures(tiny, &run, &whole)
        }),
    ];
    for (name, story) in others {
        if let Err(error) = story() {
            failures.push(format!("{name}: {error:#}"));
        }
    }
    Ok(Report {
        done: sizes.len() as u64 + others.len() as u64,
        notes: vec![
            format!("on small disks {} not begun", not_begun.into_inner()),
            format!("{} stopped with 74", stopped.into_inner()),
            format!("{} finished", finished.into_inner()),
            "2 refused on a read-only disk".to_owned(),
            "1 without room for pictures".to_owned(),
        ],
        failures,
    })
}

/// What a training on a disk of its own left.
struct Left {
    ended: Ended,
    disk: PathBuf,
    /// The run, copied from there.
    run: PathBuf,
}

/// Trains on a disk of so many KiB.
fn train_on(tiny: &Tiny, kib: u64) -> Result<Left> {
    let name = format!("disk-{kib}");
    let (disk, before) = (empty(tiny, &name)?, empty(tiny, &format!("{name}-before"))?);
    let after = empty(tiny, &format!("{name}-after"))?;
    let args = tiny.train(&disk.join("run"), EVERY_STEP);
    let ended = mounted(tiny, &disk, (kib, "rw"), &before, &after, &args)?;
    let run = after.join("run");
    Ok(Left { ended, disk, run })
}

/// Looks at what is left of a training on a small disk, and goes on with it where there is room.
fn goes_on(tiny: &Tiny, left: Left, whole: &End) -> Result<()> {
    let Left { ended, disk, run } = left;
    let run = run.as_path();
    let metrics_missing = ended.stderr.contains("metrics.jsonl");
    if ended.status.success() {
        return match metrics_missing {
            true => End::of(run, EVERY_STEP)?.must_equal_but_for_metrics(whole),
            false => End::of(run, EVERY_STEP)?.must_equal(whole),
        };
    }
    says_where(&ended.with_code(74)?, &disk)?;
    let litter = temporaries(run);
    if !litter.is_empty() {
        bail!("left behind: {}", litter.join(", "));
    }
    let (saved, _) = saved_and_resumed(run);
    let end = tiny.finish(run, EVERY_STEP)?;
    let (_, resumed) = saved_and_resumed(run);
    if resumed < saved {
        bail!("step {saved} was saved, and the run went on from step {resumed}");
    }
    match metrics_missing {
        true => end.must_equal_but_for_metrics(whole),
        false => end.must_equal(whole),
    }
}

/// Asks for 73 and an unchanged disk.
fn read_only(
    tiny: &Tiny,
    name: &str,
    before: &Path,
    args: impl Fn(&Path) -> Vec<String>,
) -> Result<()> {
    let (disk, after) = (empty(tiny, name)?, empty(tiny, &format!("{name}-after"))?);
    let args = args(&disk.join("run"));
    let ended = mounted(tiny, &disk, (4096, "ro"), before, &after, &args)?;
    says_where(&ended.with_code(73)?, &disk)?;
    let mut diff = Command::new("diff");
    let same = diff.arg("-r").args([before, &after]).output();
    let same = same.context("cannot start diff")?;
    if !same.status.success() {
        bail!("changed: {}", String::from_utf8_lossy(&same.stdout).trim());
    }
    Ok(())
}

/// Goes on with a run whose pictures find no room: it warns, and ends as ever.
fn without_pictures(tiny: &Tiny, run: &Path, whole: &End) -> Result<()> {
    let figures = run.join("figures");
    fs::create_dir_all(&figures)?;
    let (before, after) = (empty(tiny, "no-pictures")?, empty(tiny, "pictures")?);
    let mut args = tiny.resume(run);
    args.retain(|arg| arg != "--no-figures");
    let ended = mounted(tiny, &figures, (8, "rw"), &before, &after, &args)?.succeeded()?;
    if !ended.stderr.contains("warning: ") || !ended.stderr.contains("not drawn") {
        bail!(
            "expected a warning of a picture, found: {}",
            ended.stderr.trim()
        );
    }
    End::of(run, EVERY_STEP)?.must_equal(whole)
}

/// Runs the program with `before`'s content on a file system of its own at `disk`, and copies that to `after`.
fn mounted(
    tiny: &Tiny,
    disk: &Path,
    (kib, mode): (u64, &str),
    before: &Path,
    after: &Path,
    args: &[String],
) -> Result<Ended> {
    let path = |path: &Path| path.display().to_string();
    let mut prefix: Vec<String> = IN_NAMESPACE.map(str::to_owned).into();
    prefix.extend(["sh", "-c", MOUNTED, "sh"].map(str::to_owned));
    prefix.extend([path(disk), kib.to_string(), mode.to_owned()]);
    prefix.extend([path(before), path(after)]);
    tiny.run_behind(&prefix, args)
}

/// A new, empty folder.
fn empty(tiny: &Tiny, name: &str) -> Result<PathBuf> {
    let path = tiny.place(name)?;
    fs::create_dir_all(&path).with_context(|| format!("cannot create {}", path.display()))?;
    Ok(path)
}
