//! Whether a training can fit into the memory that is left, before it is begun: found out half-way, it would be killed.
//!
//! The estimate is a lower bound, so that nothing is refused that could run: weights, moments, and the copy of a checkpoint.

use std::fs;
use std::path::Path;

use aae_models::ImageShape;

use crate::config::{Config, OptimizerConfig, OptimizerKind, VariantKind};

/// A training that cannot fit into memory.
#[derive(Debug, thiserror::Error)]
#[error(
    "the networks need at least {} MiB of memory to train, found {} MiB left ({limit}); free some, or make the layers smaller (model.<network>.hidden)",
    .needed >> 20,
    .left >> 20
)]
pub struct MemoryError {
    /// Bytes that training needs at the least.
    pub needed: u64,
    /// Bytes that are left.
    pub left: u64,
    /// What limits them.
    pub limit: &'static str,
}

/// Errors: if a training of this configuration needs more memory than is left to this process.
pub fn check(config: &Config, image: ImageShape) -> Result<(), MemoryError> {
    let needed = needed(config, image);
    match left().into_iter().min() {
        Some((left, limit)) if left < needed => Err(MemoryError {
            needed,
            left,
            limit,
        }),
        _ => Ok(()),
    }
}

/// Bytes that training on the CPU needs at the least, beside the images.
pub fn needed(config: &Config, image: ImageShape) -> u64 {
    let (model, variant) = (&config.model, config.variant);
    let label = variant.label_use();
    let optimizer = &config.optimizer;
    let phases = [
        (variant.has_decoder(), &optimizer.reconstruction),
        (variant.is_adversarial(), &optimizer.generator),
        (
            variant == VariantKind::Classifier,
            &optimizer.classification,
        ),
    ];
    let of_encoder = phases.iter().filter(|(trains, _)| *trains);
    let of_encoder = of_encoder.map(|(_, optimizer)| moments(optimizer)).sum();
    let networks = [
        // Batch norm's running statistics are counted as if they had moments, which is far less than a process needs besides.
        (model.encoder_weights(image, label), of_encoder),
        (
            u64::from(variant.has_decoder()) * model.decoder_weights(image, label),
            moments(&optimizer.reconstruction),
        ),
        (
            u64::from(variant.is_adversarial()) * model.discriminator_weights(model.latent_dim),
            moments(&optimizer.discriminator),
        ),
    ];
    // The weights, the moments, and at a save a copy of both. Gradients of weights are never whole, unless their norm is asked for.
    let floats = |(parameters, moments): (u64, u64)| parameters.saturating_mul(2 + 2 * moments);
    let floats = networks
        .map(floats)
        .into_iter()
        .fold(0, u64::saturating_add);
    floats.saturating_mul(size_of::<f32>() as u64)
}

/// Numbers that an optimizer keeps for each parameter.
fn moments(optimizer: &OptimizerConfig) -> u64 {
    match optimizer.kind {
        OptimizerKind::Adam => 2,
        OptimizerKind::Sgd => u64::from(optimizer.momentum > 0.0),
    }
}

/// Bytes that this process may still take, by each limit that there is. On systems without `/proc` none is known.
fn left() -> Vec<(u64, &'static str)> {
    let limits = [
        (available(), "of the machine"),
        (group(), "of the control group"),
        (address_space(), "of the address space, `ulimit -v`"),
    ];
    let known = limits
        .into_iter()
        .filter_map(|(left, limit)| Some((left?, limit)));
    known.collect()
}

/// The most memory in bytes that this process has held at a time so far. `None` on systems without `/proc`.
pub fn peak() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    Some(field(&status, "VmHWM:")? << 10)
}

fn available() -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    Some(field(&text, "MemAvailable:")? << 10)
}

/// What the process's own control group still allows, of either version; those above it are not looked at.
fn group() -> Option<u64> {
    let text = fs::read_to_string("/proc/self/cgroup").ok()?;
    let left = text.lines().filter_map(|line| {
        let mut parts = line.splitn(3, ':').skip(1);
        let (controllers, path) = (parts.next()?, parts.next()?.trim_start_matches('/'));
        let root = Path::new("/sys/fs/cgroup");
        let (folder, limit, used) = match controllers {
            "" => (root.join(path), "memory.max", "memory.current"),
            "memory" => (
                root.join("memory").join(path),
                "memory.limit_in_bytes",
                "memory.usage_in_bytes",
            ),
            _ => return None,
        };
        let read = |name: &str| fs::read_to_string(folder.join(name)).ok();
        let number = |name: &str| read(name)?.trim().parse::<u64>().ok();
        // What it keeps of files is given back when it is needed.
        let kept = read("memory.stat").map_or(0, |stat| {
            ["inactive_file ", "active_file "]
                .into_iter()
                .filter_map(|word| field(&stat, word))
                .sum()
        });
        let used = number(used)?.saturating_sub(kept);
        Some(number(limit)?.saturating_sub(used))
    });
    left.min()
}

fn address_space() -> Option<u64> {
    let limits = fs::read_to_string("/proc/self/limits").ok()?;
    // "unlimited" is no number.
    let limit = field(&limits, "Max address space")?;
    let status = fs::read_to_string("/proc/self/status").ok()?;
    Some(limit.saturating_sub(field(&status, "VmSize:")? << 10))
}

/// The number after a word at the beginning of a line.
fn field(text: &str, word: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(word))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Override;

    const IMAGE: ImageShape = ImageShape {
        height: 28,
        width: 28,
    };

    fn with(preset: &str, sets: &[&str]) -> Config {
        let sets: Vec<Override> = sets.iter().map(|text| Override::set(text)).collect();
        Config::resolve(preset, None, &sets).unwrap()
    }

    #[test]
    fn the_default_needs_what_its_weights_moments_and_copies_are() {
        // 784·1000 + 1000 + 1000·1000 + 1000 + 1000·2 + 2, and so on, as `train --dry-run` prints them.
        let (encoder, decoder, discriminator) = (1_788_002, 1_788_784, 1_005_001);
        let needed = needed(&with("aae", &[]), IMAGE);
        assert_eq!(needed, 4 * (encoder * 10 + (decoder + discriminator) * 6));
    }

    #[test]
    fn what_cannot_fit_is_refused_and_what_can_is_not() {
        for preset in crate::presets::presets() {
            check(&with(preset.name, &[]), IMAGE).unwrap();
        }
        // Wider than any that a configuration may ask for: more than any machine has.
        let mut config = with("ae", &[]);
        config.model.encoder.hidden = vec![10_000_000; 2];
        let error = check(&config, IMAGE);
        let error = error.unwrap_err().to_string();
        assert!(error.starts_with("the networks need at least 2"), "{error}");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn the_peak_grows_with_what_is_held_and_stays() {
        // The system counts pages in batches.
        const SLACK: u64 = 8 << 20;
        let held = vec![1u8; 128 << 20];
        std::hint::black_box(&held);
        let while_held = peak().unwrap();
        assert!(while_held + SLACK >= 128 << 20, "{while_held}");
        drop(held);
        assert!(peak().unwrap() + SLACK >= while_held);
    }

    #[test]
    fn numbers_are_found_behind_their_words() {
        let text = "MemTotal: 5 kB\nMemAvailable:    7 kB\nMax address space  unlimited";
        assert_eq!(field(text, "MemAvailable:"), Some(7));
        assert_eq!(field(text, "Max address space"), None);
    }
}
