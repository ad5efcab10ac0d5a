//! Where a command computes: device and threads.

use aae_train::device::DeviceChoice;
use candle_core::Device;
use clap::Args;

use crate::args::MACHINE;
use crate::text::plural;

/// Flags that choose device and threads; results on the CPU do not depend on the number of threads.
#[derive(Args, Clone, Debug)]
pub(crate) struct DeviceArgs {
    /// Where to compute: auto, cpu, cuda, cuda:N or metal
    #[arg(long, value_name = "DEVICE", help_heading = MACHINE, default_value = "auto")]
    device: DeviceChoice,
    /// CPU threads that compute; one more makes batches, and one draws figures [default: one for each core]
    #[arg(long, value_name = "N", help_heading = MACHINE, value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
}

/// A device that is open.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) device: Device,
    /// `cpu`, `cuda:0`.
    pub(crate) name: String,
    pub(crate) threads: usize,
}

impl DeviceArgs {
    /// Opens the device.
    pub(crate) fn open(&self) -> anyhow::Result<Place> {
        let (device, found) = self.device.open()?;
        let threads = match self.threads {
            Some(threads) => usize::from(threads),
            None => std::thread::available_parallelism().map_or(1, usize::from),
        };
        let name = found.to_string();
        tracing::debug!("device {name}, {}", plural(threads as u64, "thread"));
        Ok(Place {
            device,
            name,
            threads,
        })
    }
}

impl Place {
    /// Runs `work` in a thread pool of its own.
    pub(crate) fn run<T: Send>(
        &self,
        work: impl FnOnce(&Device) -> anyhow::Result<T> + Send,
    ) -> anyhow::Result<T> {
        aae_ops::with_threads(self.threads, || work(&self.device))?
    }
}
