//! A thread that draws while training goes on.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SendError, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use aae_train::durable;

use crate::pictures::{self, Drawing};

/// Sheets that wait while one is being drawn. Whoever brings another waits, too, so that no sheet is lost and memory has a bound.
const WAITING: usize = 1;

/// Pictures that are drawn together.
pub(super) struct Sheet {
    /// Where they go; it is made if it is not there.
    pub(super) folder: PathBuf,
    pub(super) drawings: Vec<(PathBuf, Drawing)>,
}

/// Draws sheets in the order in which they come. Dropping it waits until all are done.
#[derive(Debug)]
pub(super) struct Painter {
    sheets: Option<SyncSender<Sheet>>,
    thread: Option<JoinHandle<()>>,
}

impl Painter {
    /// Where no thread can be had, whoever brings a sheet draws it.
    pub(super) fn start() -> Self {
        let (sheets, work) = sync_channel(WAITING);
        let thread = thread::Builder::new()
            .name("figures".to_owned())
            .spawn(move || paint_all(&work));
        match thread {
            Ok(thread) => Self {
                sheets: Some(sheets),
                thread: Some(thread),
            },
            Err(error) => {
                tracing::warn!("figures are drawn between the steps: no thread for them: {error}");
                Self {
                    sheets: None,
                    thread: None,
                }
            }
        }
    }

    /// Has a sheet drawn; waits only if two others are not done yet.
    pub(super) fn paint(&self, sheet: Sheet) {
        let refused = match &self.sheets {
            Some(sheets) => sheets.send(sheet).err(),
            None => Some(SendError(sheet)),
        };
        if let Some(SendError(sheet)) = refused {
            paint(sheet);
        }
    }
}

impl Drop for Painter {
    fn drop(&mut self) {
        // Without a sender the thread ends after the last sheet.
        self.sheets = None;
        if let Some(thread) = self.thread.take() {
            // Its panics are caught where they arise.
            let _ = thread.join();
        }
    }
}

/// A picture that fails is only warned of.
pub(super) fn not_drawn(path: &Path, error: &anyhow::Error) {
    tracing::warn!("{}: not drawn: {error:#}", path.display());
}

fn paint_all(sheets: &Receiver<Sheet>) {
    sheets.iter().for_each(paint);
}

fn paint(sheet: Sheet) {
    let Sheet { folder, drawings } = sheet;
    let began = Instant::now();
    if folder.is_symlink() {
        tracing::warn!(
            "{}: expected a folder, found a link: nothing is drawn through it",
            folder.display()
        );
        return;
    }
    if let Err(error) = durable::create_directories(&folder) {
        tracing::warn!("{}: could not create the folder: {error}", folder.display());
        return;
    }
    for (path, drawing) in drawings {
        // A bug in one picture costs neither the others nor the run.
        let drawn = catch_unwind(AssertUnwindSafe(|| pictures::write(&path, drawing)));
        match drawn.unwrap_or_else(|_| Err(anyhow::anyhow!("a panic, which is a bug"))) {
            Ok(()) => tracing::debug!("wrote {}", path.display()),
            Err(error) => not_drawn(&path, &error),
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    tracing::debug!("drawing took {seconds:.2} s");
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Arc, mpsc};
    use std::time::Duration;

    use aae_viz::{GridLabels, Images, grid};

    use super::*;

    fn picture() -> anyhow::Result<aae_viz::Picture> {
        let images = Images::new(&[0.5; 4], 2, 2)?;
        Ok(grid(&images, 1, &GridLabels::default())?)
    }

    fn sheet(folder: &Path, drawings: Vec<(&str, Drawing)>) -> Sheet {
        let drawings = drawings.into_iter();
        Sheet {
            folder: folder.to_path_buf(),
            drawings: drawings
                .map(|(name, drawing)| (folder.join(name), drawing))
                .collect(),
        }
    }

    #[test]
    fn a_picture_that_fails_or_panics_leaves_the_others_and_dropping_waits_for_all() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("epoch-0001");
        let painter = Painter::start();
        painter.paint(sheet(
            &folder,
            vec![
                ("failed.png", Box::new(|| anyhow::bail!("no"))),
                ("panicked.png", Box::new(|| panic!("a bug, on purpose"))),
                ("good.png", Box::new(picture)),
            ],
        ));
        painter.paint(sheet(place.path(), vec![("last.png", Box::new(picture))]));
        drop(painter);
        let mut names: Vec<_> = std::fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        names.sort();
        assert_eq!(names, ["good.png"]);
        assert!(place.path().join("last.png").is_file());
    }

    #[test]
    fn one_sheet_waits_and_whoever_brings_another_waits_until_there_is_room() {
        let place = tempfile::tempdir().unwrap();
        let (open, gate) = mpsc::channel::<()>();
        let brought = Arc::new(AtomicUsize::new(0));
        let (count, folder) = (Arc::clone(&brought), place.path().to_path_buf());
        let bringing = thread::spawn(move || {
            let painter = Painter::start();
            let wait: Drawing = Box::new(move || {
                gate.recv()?;
                picture()
            });
            painter.paint(sheet(&folder, vec![("0.png", wait)]));
            count.fetch_add(1, Ordering::SeqCst);
            for name in ["1.png", "2.png", "3.png"] {
                painter.paint(sheet(&folder, vec![(name, Box::new(picture))]));
                count.fetch_add(1, Ordering::SeqCst);
            }
        });
        // Long enough for a painter without a bound to have taken them all.
        thread::sleep(Duration::from_millis(200));
        assert!(brought.load(Ordering::SeqCst) <= 1 + WAITING);
        open.send(()).unwrap();
        bringing.join().unwrap();
        for name in ["0.png", "1.png", "2.png", "3.png"] {
            assert!(place.path().join(name).is_file(), "{name}");
        }
    }
}
