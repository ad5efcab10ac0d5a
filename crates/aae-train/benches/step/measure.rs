//! One measurement: rounds of our step, the plain one and PyTorch's, in turns.

use std::time::{Duration, Instant};

use aae_data::Split;
use aae_train::config::Config;

use crate::args::Args;
use crate::failure::Failure;
use crate::roofline::Probe;
use crate::steps::{PlainKind, Step};
use crate::torch::Torch;
use crate::{flops, steps};

/// What was measured, and of what.
pub(crate) struct Measured {
    pub(crate) preset: String,
    pub(crate) config: Config,
    pub(crate) threads: usize,
    pub(crate) steps: usize,
    pub(crate) plain_kind: PlainKind,
    pub(crate) rounds: Vec<Round>,
    /// Floating-point operations of a step's products.
    pub(crate) flops: u64,
    /// The best rate of a large product, in floating-point operations per second.
    pub(crate) rate: f64,
}

/// Milliseconds per step of one round.
pub(crate) struct Round {
    pub(crate) ours: f64,
    pub(crate) plain: f64,
    pub(crate) torch: Option<f64>,
}

impl Measured {
    pub(crate) fn ours(&self) -> f64 {
        median(self.rounds.iter().map(|round| round.ours))
    }

    /// Milliseconds of plain candle, and the ratio of ours to it.
    pub(crate) fn plain(&self) -> (f64, f64) {
        self.beside(self.rounds.iter().map(|round| round.plain).collect())
    }

    /// Milliseconds of PyTorch, and the ratio of ours to it.
    pub(crate) fn torch(&self) -> Option<(f64, f64)> {
        let torch: Option<Vec<f64>> = self.rounds.iter().map(|round| round.torch).collect();
        torch.map(|torch| self.beside(torch))
    }

    /// Milliseconds that the step's products take at the machine's rate.
    pub(crate) fn bound(&self) -> f64 {
        1e3 * self.flops as f64 / self.rate
    }

    /// How many times as long as that ours takes.
    pub(crate) fn to_bound(&self) -> f64 {
        self.ours() / self.bound()
    }

    /// The median of the others, and the median of the rounds' ratios: a machine whose speed drifts slows both of a round alike.
    fn beside(&self, others: Vec<f64>) -> (f64, f64) {
        let pairs = self.rounds.iter().zip(&others);
        let ratio = median(pairs.map(|(round, other)| round.ours / other));
        (median(others.into_iter()), ratio)
    }
}

/// Measures the step that `args` ask for, on `threads` threads and so many `steps` per round.
pub(crate) fn measure(
    args: &Args,
    threads: usize,
    steps: usize,
    train: &Split,
) -> Result<Measured, Failure> {
    let config = args.config()?;
    let classes = usize::from(train.labels().into_iter().max().unwrap_or(0)) + 1;
    config.validate_for(train.len(), classes, steps::image(train))?;
    let torch = match &args.torch {
        Some(python) => Some(Torch::start(
            python,
            args.torch_mode(),
            threads,
            steps,
            &config,
        )?),
        None => None,
    };
    let run = || in_turns(&config, train, steps, args.rounds, torch);
    let (rounds, rate) = aae_ops::with_threads(threads, run)
        .map_err(|error| Failure::broken(error.to_string()))??;
    Ok(Measured {
        preset: args.preset_name()?,
        threads,
        steps,
        plain_kind: PlainKind::of(&config),
        rounds,
        flops: flops::of_step(&config, train.dataset().height() * train.dataset().width()),
        rate,
        config,
    })
}

fn in_turns(
    config: &Config,
    train: &Split,
    steps: usize,
    rounds: usize,
    mut torch: Option<Torch>,
) -> Result<(Vec<Round>, f64), Failure> {
    let mut ours = steps::ours(config, train)?;
    let mut plain = steps::plain(config, train)?;
    let mut probe = Probe::new(config.precision)?;
    let mut timed = Vec::new();
    for round in 0..=rounds {
        settle();
        probe.round()?;
        let result = Round {
            ours: time(steps, &mut ours)?,
            // Several times as slow, and so as well measured by fewer steps.
            plain: time(steps.div_ceil(5), &mut plain)?,
            torch: match &mut torch {
                Some(torch) => {
                    settle();
                    Some(torch.round()?)
                }
                None => None,
            },
        };
        // The first round warms caches and allocators.
        if round > 0 {
            timed.push(result);
        }
    }
    Ok((timed, probe.rate()))
}

/// Threads of whoever was timed before may wait in a loop for more work before they sleep, OpenMP's for 200 ms: they would take the
/// time of whoever comes next.
fn settle() {
    std::thread::sleep(Duration::from_millis(400));
}

fn time(steps: usize, step: &mut Step) -> Result<f64, Failure> {
    settle();
    let start = Instant::now();
    for i in 0..steps {
        step(i)?;
    }
    Ok(start.elapsed().as_secs_f64() * 1e3 / steps as f64)
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let (low, high) = ((values.len() - 1) / 2, values.len() / 2);
    (values[low] + values[high]) / 2.0
}
