//! The process that tries inputs: it counts panics, and a second thread watches the time of each input and the memory of all.

use std::collections::HashSet;
use std::fs;
use std::panic;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crate::mutate::Mutator;
use crate::{Parser, Plan, kept_inputs, seeds};

/// Longest time on a processor for one input.
const LONGEST: Duration = Duration::from_secs(1);
/// Most resident memory of the whole process, in kibibytes.
const MOST_MEMORY: u64 = 256 << 10;
/// After so many panics enough is known.
const MOST_PANICS: u64 = 5;

/// So many different outcomes are told apart.
const MOST_OUTCOMES: usize = 100_000;

/// What the watching thread sees.
#[derive(Default)]
struct Shared {
    /// Inputs begun.
    count: AtomicU64,
    input: Mutex<Vec<u8>>,
}

pub(crate) fn run(parser: &Parser, plan: &Plan) -> ExitCode {
    let seeds = seeds::all(parser.name);
    let first = (parser.run)(&seeds[0]);
    assert!(
        first.contains("accepted"),
        "the first seed is not good: {first}"
    );
    let mut mutator = Mutator::new(plan.seed, seeds, parser.words);
    let shared = Arc::new(Shared::default());
    let name = parser.name;
    let watched = Arc::clone(&shared);
    // The thread that works is this one, whose number is that of the process.
    thread::spawn(move || watch(name, &watched));
    panic::set_hook(Box::new(|_| {}));

    let (began, mut panics, mut outcomes) = (Instant::now(), 0, HashSet::new());
    let executions = plan.executions.unwrap_or(u64::MAX);
    let limit = plan.seconds.map(Duration::from_secs);
    let (mut input, mut count) = (Vec::new(), 0);
    while count < executions && panics < MOST_PANICS {
        // The clock is looked at now and then.
        if count % 256 == 0 && limit.is_some_and(|limit| began.elapsed() >= limit) {
            break;
        }
        mutator.next(&mut input);
        shared.input.lock().unwrap().clone_from(&input);
        if let Some(path) = &plan.trace {
            fs::write(path, &input).unwrap();
        }
        count += 1;
        shared.count.store(count, Ordering::Release);
        match panic::catch_unwind(|| (parser.run)(&input)) {
            Ok(outcome) => {
                if outcomes.len() < MOST_OUTCOMES && outcomes.insert(outcome) {
                    mutator.keep(&input);
                }
            }
            Err(cause) => {
                panics += 1;
                let text = cause.downcast_ref::<String>().cloned();
                let text = text.or(cause.downcast_ref::<&str>().map(|text| (*text).to_owned()));
                keep(name, "panic", count, &input, &text.unwrap_or_default());
            }
        }
    }
    let memory = peak_memory().map_or("unknown".to_owned(), |kb| format!("{} MiB", kb >> 10));
    println!(
        "{name}: {count} executions in {:.1} s, {panics} panics, 0 time-outs, peak memory {memory}, \
         {} different outcomes, seed {}",
        began.elapsed().as_secs_f64(),
        outcomes.len(),
        plan.seed,
    );
    match panics {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

/// Ends the process when one input takes too long, or all too much memory.
fn watch(name: &str, shared: &Shared) {
    let (mut seen, mut since) = (0, processor_time());
    loop {
        thread::sleep(Duration::from_millis(50));
        let count = shared.count.load(Ordering::Acquire);
        let now = processor_time();
        if count != seen {
            (seen, since) = (count, now);
        } else if count > 0 && now.saturating_sub(since) > LONGEST {
            end(name, "time-out", count, shared, "1 s on a processor");
        }
        if let Some(memory) = peak_memory().filter(|kb| *kb > MOST_MEMORY) {
            end(
                name,
                "memory",
                count,
                shared,
                &format!("{} MiB", memory >> 10),
            );
        }
    }
}

fn end(name: &str, what: &str, count: u64, shared: &Shared, why: &str) {
    let input = shared.input.lock().unwrap();
    keep(name, what, count, &input, why);
    std::process::exit(1)
}

fn keep(name: &str, what: &str, count: u64, input: &[u8], why: &str) {
    let path = kept_inputs().join(format!("{name}-{what}-{count}"));
    fs::write(&path, input).unwrap();
    eprintln!(
        "{name}: {what} in execution {count}: {why}; the input is {}",
        path.display()
    );
}

/// Time that the first thread has spent on a processor, so that a busy machine makes no time-outs.
fn processor_time() -> Duration {
    let path = format!("/proc/self/task/{}/schedstat", std::process::id());
    let text = fs::read_to_string(path).unwrap_or_default();
    let nanoseconds = text
        .split_whitespace()
        .next()
        .and_then(|text| text.parse().ok());
    Duration::from_nanos(nanoseconds.unwrap_or(0))
}

/// In kibibytes, where the system tells.
fn peak_memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}
