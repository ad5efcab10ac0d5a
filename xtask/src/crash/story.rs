//! Many independent stories at once, one for each core, and what went wrong in any of them.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use anyhow::Result;

/// Tells every story; those that fail give a line each, which begins with what `name` calls them.
pub(crate) fn each<S: Sync>(
    stories: &[S],
    name: impl Fn(usize, &S) -> String + Sync,
    tell: impl Fn(usize, &S) -> Result<()> + Sync,
) -> Vec<String> {
    let (next, failures) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(story) = stories.get(index) else {
                return;
            };
            if let Err(error) = tell(index, story)
                && let Ok(mut failures) = failures.lock()
            {
                failures.push(format!("{}: {error:#}", name(index, story)));
            }
        }
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    failures
        .into_inner()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}
