//! The arithmetic that a step cannot do without: its matrix products, counted from the networks and phases of a configuration.
//!
//! A layer of `in·out` weights needs as many multiply-adds per image forward, for the gradient of its weights, and for that of
//! its input. Counted is what the algorithm asks for: no gradient of a constant input or of frozen weights, and one encoder pass
//! for discriminators and generator. Everything that is not a product (activations, losses, optimizers) is left out.

use aae_models::{LabelUse, PosteriorConfig};
use aae_train::config::Config;

/// Floating-point operations of one step on images of `pixels` pixels; a multiply-add counts as two.
pub(crate) fn of_step(config: &Config, pixels: usize) -> u64 {
    let model = &config.model;
    let (latent, ways) = (model.latent_dim, model.categories);
    let label = config.variant.label_use();
    let noise = match model.posterior {
        PosteriorConfig::Universal { noise_dim } => noise_dim,
        PosteriorConfig::Deterministic {} | PosteriorConfig::Gaussian {} => 0,
    };
    let styles = match model.posterior {
        PosteriorConfig::Gaussian {} => 2 * latent,
        PosteriorConfig::Deterministic {} | PosteriorConfig::Universal { .. } => latent,
    };
    let inferred = if label.is_inferred() { ways } else { 0 };
    let inputs = pixels + noise;
    // Heads side by side cost what one layer of their common width does.
    let encoder = Network::new(inputs, &model.encoder.hidden, styles + inferred);
    let codes = match label {
        LabelUse::Absent | LabelUse::Heads => latent,
        LabelUse::Given | LabelUse::Inferred => latent + ways,
    };
    let decoder = Network::new(codes, &model.decoder.hidden, pixels);

    let images = config.batch_size as u64;
    let mut per_image = 0;
    if config.variant.has_decoder() {
        per_image += encoder.all() + encoder.backward_to_constant();
        per_image += decoder.all() + decoder.backward_to_codes();
    }
    if label == LabelUse::Heads {
        // `W_C·y`, and the gradients of both.
        per_image += 3 * (ways * latent) as u64;
    }
    if config.variant.is_adversarial() {
        per_image += encoder.all() + encoder.backward_to_constant();
        for inputs in judged(config) {
            let discriminator = Network::new(inputs, &model.discriminator.hidden, 1);
            // Real and fake, both constant; then the generator phase, through frozen weights.
            per_image += 2 * (discriminator.all() + discriminator.backward_to_constant());
            per_image += discriminator.all() + discriminator.all();
        }
    }
    let classifier = Network::new(inputs, &model.encoder.hidden, ways);
    let labelled = labelled(config) as u64;
    2 * (images * per_image + labelled * (classifier.all() + classifier.backward_to_constant()))
}

/// How many labelled images a step classifies: a batch, or all if there are fewer.
pub(crate) fn labelled(config: &Config) -> usize {
    match config.variant.classifies() {
        true => config
            .batch_size
            .min(config.data.labelled.unwrap_or(usize::MAX)),
        false => 0,
    }
}

/// How many numbers of a sample each discriminator sees.
fn judged(config: &Config) -> Vec<usize> {
    let (latent, ways) = (config.model.latent_dim, config.model.categories);
    match config.variant.label_use() {
        LabelUse::Inferred | LabelUse::Heads => vec![latent, ways],
        // The label, and one more way for one that is not known.
        LabelUse::Absent if config.variant.sees_own_labels() => vec![latent + ways + 1],
        LabelUse::Given if config.regularization.label_in_discriminator => vec![latent + ways],
        LabelUse::Absent | LabelUse::Given => vec![latent],
    }
}

/// The numbers of weights in a stack of layers.
struct Network {
    /// Of the layer that reads the network's input.
    first: u64,
    rest: u64,
}

impl Network {
    fn new(inputs: usize, hidden: &[usize], outputs: usize) -> Self {
        let sizes = [&[inputs], hidden, &[outputs]].concat();
        let layers: Vec<u64> = sizes
            .windows(2)
            .map(|pair| (pair[0] * pair[1]) as u64)
            .collect();
        Self {
            first: layers[0],
            rest: layers[1..].iter().sum(),
        }
    }

    /// Multiply-adds of a forward pass.
    fn all(&self) -> u64 {
        self.first + self.rest
    }

    /// Gradients of the weights, and of every layer's input but the network's own.
    fn backward_to_constant(&self) -> u64 {
        self.all() + self.rest
    }

    /// Gradients of the weights and of every layer's input.
    fn backward_to_codes(&self) -> u64 {
        2 * self.all()
    }
}
