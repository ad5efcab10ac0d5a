//! Configurations that are too large: for memory, or for their file.

use aae_models::ImageShape;
use aae_train::config::{Config, Override};

use crate::only_error;

#[test]
fn the_weights_of_a_model_are_counted_as_they_are_made() {
    let image = ImageShape {
        height: 3,
        width: 4,
    };
    for preset in aae_train::presets::presets() {
        let small = [
            "model.encoder.hidden=[5, 6]",
            "model.decoder.hidden=[7]",
            "model.discriminator.hidden=[8]",
        ];
        let small: Vec<Override> = small.iter().map(|text| Override::set(text)).collect();
        let config = Config::resolve(preset.name, None, &small).unwrap();
        let label = config.variant.label_use();
        let device = candle_core::Device::Cpu;
        let made = aae_models::Autoencoder::new(&config.model, image, label, 0, &device).unwrap();
        let made: usize = made.state().iter().map(aae_ops::Param::len).sum();
        let counted = config.model.autoencoder_weights(image, label);
        assert_eq!(counted, made as u64, "{}", preset.name);
    }
}

#[test]
fn widths_that_are_too_much_together_are_refused_though_each_is_possible() {
    for set in [
        "model.encoder.hidden=[65536, 65536]",
        "model.discriminator.hidden=[65536, 65536]",
        "model.latent_dim=65536",
    ] {
        let sets = [set, "model.decoder.hidden=[5000]"];
        let text = only_error("", &sets);
        assert!(
            text.starts_with(
                "expected at most 268435456 weights in the networks of `model`, found "
            ),
            "{text}"
        );
    }
}

#[test]
fn a_configuration_that_could_not_be_read_again_is_refused() {
    let epochs: Vec<u64> = (1..=60_000).collect();
    let set =
        format!("optimizer.generator.schedule={{kind=\"step\", at_epochs={epochs:?}, factor=0.5}}");
    let text = only_error("", &[&set]);
    assert!(
        text.starts_with("expected at most 262144 bytes as `config.toml`, found 4"),
        "{text}"
    );
}

#[test]
fn networks_for_huge_images_are_refused_before_they_are_made() {
    let config = Config::resolve("aae", None, &[]).unwrap();
    let image = ImageShape {
        height: 65_536,
        width: 65_536,
    };
    let text = config.validate_for(60_000, 10, image).unwrap_err();
    assert!(
        text.to_string().contains(
            "expected at most 268435456 weights in the networks of `model` \
             for images of 65536 x 65536 pixels, found 8594"
        ),
        "{text}"
    );
}
