//! SIGINT and SIGTERM: the first one asks training to save and stop, a second one ends the program at once.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// Whether a signal has come, and which.
#[derive(Debug)]
pub(crate) struct Stop {
    asked: Arc<AtomicBool>,
    signal: Arc<AtomicUsize>,
}

impl Stop {
    /// From now on signals are caught.
    pub(crate) fn install() -> io::Result<Self> {
        let (asked, signal) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(AtomicUsize::new(0)),
        );
        for number in [SIGINT, SIGTERM] {
            // In this order: the first signal finds the flag unset, sets it, and the second one finds it set.
            flag::register_conditional_shutdown(number, code(number).into(), Arc::clone(&asked))?;
            flag::register_usize(number, Arc::clone(&signal), number as usize)?;
            flag::register(number, Arc::clone(&asked))?;
        }
        Ok(Self { asked, signal })
    }

    /// Set by the first signal.
    pub(crate) fn flag(&self) -> &AtomicBool {
        &self.asked
    }

    /// Name and exit code of the signal that came.
    pub(crate) fn signal(&self) -> (&'static str, u8) {
        match self.signal.load(Ordering::SeqCst) as i32 {
            SIGTERM => ("SIGTERM", code(SIGTERM)),
            _ => ("SIGINT", code(SIGINT)),
        }
    }
}

/// 130 for SIGINT, 143 for SIGTERM, as shells have it.
fn code(signal: i32) -> u8 {
    128 + signal as u8
}
