//! SIGINT, SIGTERM and SIGHUP: the first one asks training to save and stop, a later one ends the program at once.

use std::fs;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

#[cfg(unix)]
use signal_hook::consts::SIGXFSZ;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// A second signal sooner than this is the same key pressed twice, not a change of mind: saving takes less.
const SAME: Duration = Duration::from_secs(1);

/// Lets a write beyond `ulimit -f` fail, as on a full disk, instead of ending the program. Where it cannot be done, that stays.
pub(crate) fn outlive_file_limits() {
    // What takes the signal is enough: nobody looks at the flag.
    #[cfg(unix)]
    let _ = signal_hook::flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false)));
}

/// Whether a signal has come, and which.
#[derive(Debug)]
pub(crate) struct Stop {
    asked: Arc<AtomicBool>,
    signal: Arc<AtomicUsize>,
}

impl Stop {
    /// From now on signals are caught, by a thread of their own.
    pub(crate) fn install() -> io::Result<Self> {
        let stop = Self {
            asked: Arc::new(AtomicBool::new(false)),
            signal: Arc::new(AtomicUsize::new(0)),
        };
        let (asked, signal) = (Arc::clone(&stop.asked), Arc::clone(&stop.signal));
        let mut caught = vec![SIGINT, SIGTERM];
        if ends_at_hangup() {
            caught.push(SIGHUP);
        }
        let mut signals = Signals::new(caught)?;
        thread::Builder::new()
            .name("signals".to_owned())
            .spawn(move || {
                let mut first: Option<Instant> = None;
                for number in signals.forever() {
                    match first {
                        None => {
                            first = Some(Instant::now());
                            signal.store(number as usize, Ordering::SeqCst);
                            asked.store(true, Ordering::SeqCst);
                            // On a thread of its own: where nobody reads what is said, saying it waits, and the next signal has to
                            // be heard all the same.
                            let _ = thread::Builder::new().spawn(|| {
                                tracing::info!("saving and stopping; once more to quit without");
                            });
                        }
                        Some(first) if first.elapsed() < SAME => {}
                        Some(_) => std::process::exit(code(number).into()),
                    }
                }
            })?;
        Ok(stop)
    }

    /// Set by the first signal.
    pub(crate) fn flag(&self) -> &AtomicBool {
        &self.asked
    }

    /// Whether a signal has come.
    pub(crate) fn is_asked(&self) -> bool {
        self.asked.load(Ordering::SeqCst)
    }

    /// Name and exit code of the signal that came.
    pub(crate) fn signal(&self) -> (&'static str, u8) {
        match self.signal.load(Ordering::SeqCst) as i32 {
            SIGTERM => ("SIGTERM", code(SIGTERM)),
            SIGHUP => ("SIGHUP", code(SIGHUP)),
            _ => ("SIGINT", code(SIGINT)),
        }
    }
}

/// Whether SIGHUP, which comes when the terminal is closed, would end the program: where it is ignored, as under `nohup`, that stays.
///
/// Only Linux tells without `unsafe` code; elsewhere the signal does what it did.
fn ends_at_hangup() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    // A bit for each signal, from signal 1 on.
    ignored.is_some_and(|mask| (mask >> (SIGHUP - 1)) & 1 == 0)
}

/// 129 for SIGHUP, 130 for SIGINT, 143 for SIGTERM, as shells have it.
fn code(signal: i32) -> u8 {
    128 + signal as u8
}
