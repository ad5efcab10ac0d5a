//! Variants with labels: what training leaves, and what can be asked of it.

mod support;

use support::{Place, TEST, TINY, png_size};

/// A run of ten steps of `preset` with the three classes of the tests' images.
fn trained(place: &Place, preset: &str, more: &[&str]) {
    let all = [&["--preset", preset, "--epochs", "1"], more].concat();
    place.train(&all).succeeds();
}

const THREE: [&str; 2] = ["--set", "model.categories=3"];

#[test]
fn a_supervised_model_draws_any_label_and_transfers_styles() {
    let place = Place::new();
    // With the preset's small weights a label moves no pixel by a whole shade of gray in so few steps.
    let more = [&THREE[..], &["--set", "model.init=kaiming_uniform"]].concat();
    trained(&place, "supervised", &more);
    let figures = "runs/supervised-s0/figures";
    for name in ["styles", "reconstructions", "latent", "samples", "losses"] {
        png_size(&place.path(&format!("{figures}/{name}.png")));
    }
    assert!(!place.exists(&format!("{figures}/manifold.png")));
    let labelled = place.json("runs/supervised-s0/labelled.json");
    assert_eq!(labelled["indices"].as_array().unwrap().len(), 200);
    for args in [
        &["--label", "2", "--n", "4"][..],
        &["--styles", "3"],
        &["--style-of", "0", "--style-of", "59"],
        &["--grid=-2..2", "--steps", "3", "--label", "1"],
    ] {
        let command = [&["sample", "--out", "out.png"], args].concat();
        place.run(&command).succeeds().prints("wrote out.png");
    }
    let grid = ["sample", "--grid=-2..2", "--steps", "3", "--label", "1"];
    place.run(&grid).succeeds().prints("grid-2to2-label1.png");
    // Another label is another picture of the same codes.
    for label in ["0", "1"] {
        let out = format!("label{label}.png");
        let command = ["sample", "--label", label, "--n", "4", "--out", &out];
        place.run(&command).succeeds();
    }
    assert!(place.read("label0.png") != place.read("label1.png"));
    place
        .run(&["sample", "--label", "3"])
        .ends(2)
        .says("expected a label below 3, found 3");
    place
        .run(&["sample", "--style-of", "60"])
        .ends(2)
        .says("expected a number below 60");
}

#[test]
fn fewer_samples_than_labels_are_a_shorter_row() {
    let place = Place::new();
    let ten = [
        "--set",
        "model.categories=10",
        "--set",
        "data.validation=20",
    ];
    trained(&place, "clustering-16", &ten);
    for n in ["1", "5", "10", "11"] {
        let sample = ["sample", "--n", n, "--out", "out.png"];
        place.run(&sample).succeeds().prints("wrote out.png");
    }
}

#[test]
fn codes_of_ones_choice_are_told_label_0_or_lie_between_heads() {
    let place = Place::new();
    let sampled = |run: &str, more: &[&str]| {
        let command = ["sample", run, "--z", "0.5,-1", "--out", "out.png"];
        place.run(&[&command[..], more].concat()).succeeds();
        place.read("out.png")
    };
    let labelled = [
        "--set",
        "model.init=kaiming_uniform",
        "--set",
        "data.labelled=9",
    ];
    let more = [&THREE[..], &labelled, &["--set", "model.latent_dim=2"]].concat();
    trained(&place, "semi-supervised-100", &more);
    let run = "semi-supervised-100-s0";
    assert!(sampled(run, &[]) == sampled(run, &["--label", "0"]));
    trained(
        &place,
        "reduction-2d-100",
        &[&THREE[..], &labelled].concat(),
    );
    let run = "reduction-2d-100-s0";
    assert!(sampled(run, &[]) != sampled(run, &["--label", "0"]));
}

#[test]
fn labels_are_not_for_a_model_without_them() {
    let place = Place::trained();
    for flag in [
        &["--label", "1"][..],
        &["--styles", "2"],
        &["--style-of", "0"],
    ] {
        place
            .run(&[&["sample"], flag].concat())
            .ends(2)
            .says("expected a model whose decoder has labels, found aae");
    }
}

#[test]
fn labels_that_have_their_place_in_the_prior_are_drawn_from_there() {
    let place = Place::new();
    let more = [
        &THREE[..],
        &["--set", "data.labelled=30", "--set", "data.limit_train=150"],
    ];
    trained(&place, "labelled-mixture", &more.concat());
    let last = place.metrics("runs/labelled-mixture-s0").pop().unwrap();
    assert!(last["component_accuracy"].is_number(), "{last}");
    for label in ["0", "1"] {
        let out = format!("label{label}.png");
        let command = ["sample", "--label", label, "--n", "4", "--out", &out];
        place
            .run(&command)
            .succeeds()
            .prints(&format!("wrote {out}"));
    }
    assert!(place.read("label0.png") != place.read("label1.png"));
    place
        .run(&["sample", "--label", "3"])
        .ends(2)
        .says("expected a label below 3, found 3");
    // Its decoder is told nothing.
    for args in [
        &["--grid=-2..2", "--label", "1"][..],
        &["--z", "0,0", "--label", "1"],
        &["--styles", "2"],
    ] {
        let command = [&["sample"], args].concat();
        place
            .run(&command)
            .ends(2)
            .says("expected a model whose decoder has labels, found label_regularized");
    }
}

#[test]
fn a_denoising_model_shows_what_it_restores() {
    let place = Place::new();
    trained(&place, "denoising", &[]);
    let run = "runs/denoising-s0";
    png_size(&place.path(&format!("{run}/figures/denoised.png")));
    let last = place.metrics(run).pop().unwrap();
    let error = |name: &str| last[name].as_f64().unwrap();
    assert!(
        error("denoising_error") != error("reconstruction_error"),
        "{last}"
    );
    place
        .run(&["eval"])
        .succeeds()
        .prints("from corrupted images");
    let command = [
        "reconstruct",
        "--corrupted",
        "--n",
        "7",
        "--out",
        "seen.png",
    ];
    place.run(&command).succeeds().prints("wrote seen.png");
    // A row more than without: what the encoder sees.
    place
        .run(&["reconstruct", "--n", "7", "--out", "clean.png"])
        .succeeds();
    assert!(png_size(&place.path("seen.png")).1 > png_size(&place.path("clean.png")).1);
    place
        .train(&["--preset", "aae", "--epochs", "1"])
        .succeeds();
    assert!(!place.exists("runs/aae-s0/figures/denoised.png"));
    place
        .run(&["reconstruct", "runs/aae-s0", "--corrupted"])
        .ends(2)
        .says("expected a model whose images were corrupted in training");
}

#[test]
fn a_semi_supervised_model_is_measured_by_its_labels() {
    let place = Place::new();
    let more = [&THREE[..], &["--set", "data.labelled=9"]].concat();
    trained(&place, "semi-supervised-100", &more);
    let run = "runs/semi-supervised-100-s0";
    let labelled = place.json(&format!("{run}/labelled.json"));
    let labels: Vec<u64> = labelled["labels"]
        .as_array()
        .unwrap()
        .iter()
        .map(|label| label.as_u64().unwrap())
        .collect();
    assert_eq!(
        [0, 1, 2].map(|class| labels.iter().filter(|x| **x == class).count()),
        [3; 3]
    );
    let last = place.metrics(run).pop().unwrap();
    let error = last["classification_error"].as_f64().unwrap();
    assert!((0.0..=1.0).contains(&error), "{last}");
    png_size(&place.path(&format!("{run}/figures/clusters.png")));
    place
        .run(&["eval"])
        .succeeds()
        .prints("of the test images labelled wrongly");
    place.run(&["encode", "--out", "codes.csv"]).succeeds();
    let csv = String::from_utf8(place.read("codes.csv")).unwrap();
    assert!(csv.starts_with("index,label,inferred,z_0,"), "{csv}");
    assert_eq!(csv.lines().count(), TEST + 1);
}

#[test]
fn clusters_and_heads_leave_their_pictures_and_figures() {
    let place = Place::new();
    trained(&place, "clustering-16", &["--set", "data.validation=20"]);
    let run = "runs/clustering-16-s0";
    let last = place.metrics(run).pop().unwrap();
    for name in [
        "clustering_error",
        "clustering_error_majority",
        "clusters_dead",
    ] {
        assert!(last[name].is_number(), "{last}");
    }
    png_size(&place.path(&format!("{run}/figures/clusters.png")));
    assert!(!place.exists(&format!("{run}/labelled.json")));
    place
        .run(&["eval"])
        .succeeds()
        .prints("normalized mutual information ");
    trained(
        &place,
        "reduction-2d-unsupervised",
        &["--set", "data.validation=20"],
    );
    for name in ["clusters", "manifold", "latent"] {
        let path = format!("runs/reduction-2d-unsupervised-s0/figures/{name}.png");
        png_size(&place.path(&path));
    }
}

#[test]
fn a_classifier_judges_samples_and_makes_none() {
    let place = Place::new();
    trained(&place, "nn-all", &THREE);
    place
        .run(&["sample"])
        .ends(2)
        .says("expected a run with a decoder, found a classifier");
    place.run(&["reconstruct"]).ends(2);
    place
        .run(&["encode", "--out", "codes.npy"])
        .ends(2)
        .says("expected a run with codes, found a classifier");
    place.run(&["encode", "--out", "labels.csv"]).succeeds();
    let csv = String::from_utf8(place.read("labels.csv")).unwrap();
    assert!(csv.starts_with("index,label,inferred\n0,"), "{csv}");
    place.run(&["eval"]).succeeds();
    trained(&place, "supervised", &THREE);
    let judged = place.run(&["eval", "--probes", "--judge", "nn-all-s0", "--json"]);
    let report: serde_json::Value = serde_json::from_str(&judged.succeeds().stdout).unwrap();
    for name in [
        "probe_linear_accuracy",
        "probe_network_accuracy",
        "probe_10_nearest_accuracy",
        "samples_label_agreement",
        "samples_class_entropy",
        "samples_classifier_frechet_distance",
    ] {
        assert!(report[name].is_number(), "{name} in {report}");
    }
    place
        .run(&["eval", "nn-all-s0", "--judge", "supervised-s0"])
        .ends(2);
    place
        .run(&["eval", "--likelihood", "200", "--window", "0.3"])
        .succeeds()
        .prints("Parzen window 0.300 on 200 samples");
    // More than are drawn at a time.
    place
        .run(&["eval", "--likelihood", "20001", "--window", "0.3"])
        .succeeds()
        .prints("Parzen window 0.300 on 20,001 samples");
}

#[test]
fn probes_and_a_judge_measure_every_seed_of_an_experiment() {
    let place = Place::new();
    trained(&place, "nn-all", &THREE);
    let page = "<!-- results:begin -->\n<!-- results:end -->\n";
    std::fs::write(place.path("page.md"), page).unwrap();
    let experiment = |preset, more: &[&str]| {
        let words = [&["experiment", preset], &TINY[..], &THREE[..], more].concat();
        place.run(&words)
    };
    let asked = ["--probes", "--judge", "runs/nn-all-s0"];
    let more = ["--seeds", "0,1", "--epochs", "1", "--docs", "page.md"];
    experiment("supervised", &[&more[..], &asked[..]].concat()).succeeds();
    let results = place.json("experiments/supervised/results.json");
    for seed in [0, 1] {
        let run = format!("experiments/supervised/s{seed}");
        let eval = place.run(&[&["eval", &run, "--json"], &asked[..]].concat());
        let eval: serde_json::Value = serde_json::from_str(&eval.succeeds().stdout).unwrap();
        for name in ["probe_linear_accuracy", "samples_label_agreement"] {
            let found = &results["evaluations"][0]["figures"][name]["values"][seed];
            assert_eq!(found, &eval[name], "{name}, seed {seed}");
        }
    }
    let page = String::from_utf8(place.read("page.md")).unwrap();
    for part in [
        "linear probe ",
        "asked-for label ",
        "--probes --judge runs/nn-all-s0",
    ] {
        assert!(page.contains(part), "{part} in {page}");
    }
    // What cannot be measured is said before anything is trained.
    let judge = "experiments/supervised/s0";
    experiment(
        "supervised",
        &["--out", "experiments/other", "--judge", judge],
    )
    .ends(2)
    .says("expected a run that infers classes");
    let wide = [
        "--set",
        "model.encoder.hidden=[4097]",
        "--max-steps",
        "1",
        "--name",
        "wide",
    ];
    let words = [&["train", "--preset", "nn-all"], &THREE[..], &wide].concat();
    place.run(&words).succeeds();
    experiment(
        "supervised",
        &["--out", "experiments/other", "--judge", "runs/wide"],
    )
    .ends(2)
    .says("expected a last hidden layer of at most 4096 units, found 4097");
    experiment("nn-100", &["--probes"])
        .ends(2)
        .says("--probes: nn-100 has no decoder");
    assert!(!place.exists("experiments/other"));
}

#[test]
fn classes_that_are_plain_to_see_are_learned() {
    let place = Place::new();
    let learned = |preset, epochs, init| {
        let words = ["--preset", preset, "--epochs", epochs, "--no-figures"];
        let words = [&words[..], &THREE[..], &["--set", init]].concat();
        place.train(&words).succeeds();
    };
    learned("nn-all", "5", "model.init=xavier_uniform");
    let last = place.metrics("runs/nn-all-s0").pop().unwrap();
    let error = last["classification_error"].as_f64().unwrap();
    assert!(error < 0.05, "{last}");
    learned("supervised", "50", "model.init=kaiming_uniform");
    let judged = place.run(&["eval", "--judge", "nn-all-s0", "--json"]);
    let report: serde_json::Value = serde_json::from_str(&judged.succeeds().stdout).unwrap();
    assert!(
        report["samples_label_agreement"].as_f64().unwrap() > 0.8,
        "{report}"
    );
}

#[test]
fn labels_that_do_not_fit_the_data_are_refused_before_anything_is_written() {
    let place = Place::new();
    place
        .train(&["--preset", "semi-supervised-100"])
        .ends(2)
        .says("model.categories: expected 3, the number of classes of the data, found 10");
    let all = [
        &["--preset", "supervised"],
        &THREE[..],
        &["--set", "data.labelled=5"],
    ]
    .concat();
    place
        .train(&all)
        .ends(2)
        .says("data.labelled: expected no such key: this variant needs the label of every image");
    assert!(!place.exists("runs"));
}
