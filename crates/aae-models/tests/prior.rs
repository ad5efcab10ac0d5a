//! A prior as a config names it: the TOML of every kind, what is refused, and what all kinds have in common.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use aae_models::prior::PriorConfig;
use aae_ops::stream::stream;

const EVERY_KIND: [(&str, &str); 6] = [
    ("kind = 'gaussian'\nmean = 0\nstd = 5.0", "N(0, 5²)"),
    (
        "kind = 'uniform'\nlow = -10.0\nhigh = 10.0",
        "uniform on [-10, 10]",
    ),
    (
        "kind = 'gamma'\nshape = 2.0\nscale = 2.5",
        "Gamma(shape 2, scale 2.5)",
    ),
    (
        "kind = 'laplace'\nmean = 0.0\nscale = 3.0",
        "Laplace(mean 0, scale 3)",
    ),
    (
        "kind = 'gaussian_mixture'\ncomponents = 10\nradius = 4.0\nstd_radial = 0.5\nstd_tangential = 0.1",
        "10 Gaussians on a ring of radius 4",
    ),
    (
        "kind = 'swiss_roll'\nradius = 3.0\nturns = 2.0",
        "Swiss roll of 2 turns, radius 3",
    ),
];

fn parse(text: &str) -> PriorConfig {
    toml::from_str(text).unwrap()
}

#[test]
fn every_kind_is_read_from_toml_described_and_written_back() {
    for (text, description) in EVERY_KIND {
        let prior = parse(text);
        assert_eq!(prior.validate(2), [], "{description}");
        assert_eq!(prior.describe(), description);
        assert_eq!(parse(&toml::to_string(&prior).unwrap()), prior);
    }
}

#[test]
fn unknown_missing_and_foreign_fields_are_refused() {
    for text in [
        "kind = 'gaussian'\nmean = 0.0\nstd = 5.0\nsdt = 5.0",
        "kind = 'gaussian'\nmean = 0.0",
        "kind = 'uniform'\nlow = 0.0\nhigh = 1.0\nstd = 5.0",
        "kind = 'gausian'\nmean = 0.0\nstd = 5.0",
    ] {
        assert!(toml::from_str::<PriorConfig>(text).is_err(), "{text}");
    }
}

#[test]
fn the_same_stream_gives_the_same_draws_and_the_next_one_others() {
    for (text, description) in EVERY_KIND {
        let prior = parse(text);
        let draw = |counter| prior.sample(100, 2, &mut stream(0, "prior.style", counter));
        assert_eq!(draw(1), draw(1), "{description}");
        assert_ne!(draw(1), draw(2), "{description}");
        assert_eq!(draw(1).len(), 200);
        assert!(draw(1).iter().all(|x| x.is_finite()));
        assert!(
            prior
                .sample(0, 2, &mut stream(0, "prior.style", 0))
                .is_empty()
        );
    }
}

#[test]
fn independent_coordinates_come_in_any_number_and_planar_priors_in_two() {
    for (text, description) in EVERY_KIND {
        let prior = parse(text);
        if prior.components().is_none() {
            assert_eq!(prior.validate(8), [], "{description}");
            assert_eq!(
                prior.sample(3, 8, &mut stream(0, "prior.style", 0)).len(),
                24
            );
        } else {
            assert_eq!(prior.validate(8).len(), 1, "{description}");
        }
    }
}

#[test]
fn components_are_drawn_by_number_and_only_where_there_are_any() {
    for (text, description) in EVERY_KIND {
        let prior = parse(text);
        let draw = |components: &[usize]| {
            prior.sample_components(components, &mut stream(0, "prior.style", 0))
        };
        match prior.components() {
            Some(count) => {
                assert_eq!(count, 10, "{description}");
                assert_eq!(draw(&[0, 9, 3]).unwrap().len(), 6);
                assert_eq!(draw(&[0, 10]), None);
            }
            None => assert_eq!(draw(&[0]), None, "{description}"),
        }
    }
}

#[test]
fn outlines_surround_or_follow_what_is_drawn() {
    for (text, description) in EVERY_KIND {
        let prior = parse(text);
        let outline = prior.outline();
        let reach = outline
            .iter()
            .flatten()
            .flatten()
            .fold(0.0f32, |most, x| most.max(x.abs()));
        let draws = prior.sample(10_000, 2, &mut stream(0, "prior.style", 0));
        let inside = draws.iter().filter(|x| x.abs() <= reach).count() as f64 / 20_000.0;
        assert!(inside > 0.98, "{description}: {inside}");
    }
}
