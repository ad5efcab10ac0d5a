//! One thread pool for a whole run.

use thiserror::Error;

/// Why a thread pool could not be made.
#[derive(Debug, Error)]
#[error("cannot start {threads} threads: {reason}; try a smaller number")]
pub struct ThreadsError {
    threads: usize,
    reason: String,
}

/// Runs `f` inside a rayon pool of `threads` threads (0: one for each core) and returns its result.
///
/// A call into rayon from outside its pool costs a wake-up each time; a step makes dozens, so the whole run belongs
/// inside. Results do not depend on the number of threads. `f` runs on a thread of the pool: [`with_precision`](crate::with_precision)
/// and the other settings belong inside it, not around it.
///
/// Errors: if the operating system refuses the threads.
pub fn with_threads<T: Send>(
    threads: usize,
    f: impl FnOnce() -> T + Send,
) -> Result<T, ThreadsError> {
    let threads = match threads {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        threads => threads,
    };
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(|i| format!("aae-{i}"))
        .build()
        .map_err(|e| ThreadsError {
            threads,
            reason: e.to_string(),
        })?;
    Ok(pool.install(f))
}
