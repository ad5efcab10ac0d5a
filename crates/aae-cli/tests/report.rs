//! `report`: pages that are whole, need nothing else, and let no text become markup.
#![allow(clippy::unwrap_used, reason = "for tests")]

mod support;

use std::fs;

use support::{PRESETS, Place, TINY};

/// Asserts that a page is whole and needs nothing else; returns its text.
#[track_caller]
fn page(place: &Place, file: &str) -> String {
    let html = String::from_utf8(place.read(file)).unwrap();
    assert!(html.starts_with("<!DOCTYPE html>") && html.ends_with("</html>\n"));
    for forbidden in [
        "http:", "https:", "//", "url(", "@import", "<script", "<link", "<iframe", " onload",
        " onerror", " onclick",
    ] {
        let found = html
            .match_indices(forbidden)
            .find(|(at, _)| within_tag_or_style(&html, *at));
        assert!(found.is_none(), "{forbidden} at {found:?}");
    }
    for (at, _) in html.match_indices("src=") {
        assert!(
            !within_tag_or_style(&html, at)
                || html[at..].starts_with("src=\"data:image/png;base64,")
        );
    }
    assert_balanced(&html);
    html
}

/// Whether this place is in a tag (but not in the data of a picture) or in the style sheet, and not in a text.
fn within_tag_or_style(html: &str, at: usize) -> bool {
    let before = &html[..at];
    let in_style = before.contains("<style>") && !before.contains("</style>");
    let tag = before
        .rfind('<')
        .filter(|open| before[*open..].find('>').is_none());
    in_style
        || tag.is_some_and(|open| !before[open..].contains("base64,"))
        || html[at..].starts_with('<')
}

/// Every element that is opened is closed, in order.
#[track_caller]
fn assert_balanced(html: &str) {
    const VOID: [&str; 4] = ["!DOCTYPE", "meta", "img", "line"];
    let mut open: Vec<&str> = Vec::new();
    for tag in html.split('<').skip(1) {
        let (tag, _) = tag
            .split_once('>')
            .unwrap_or_else(|| panic!("no `>` after {tag:.40}"));
        let name = tag.split([' ', '/']).find(|part| !part.is_empty()).unwrap();
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "in {tag}");
        } else if !VOID.contains(&name) && !tag.ends_with('/') {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{open:?} not closed");
}

#[cfg(unix)]
#[test]
fn behind_a_link_the_file_there_is_written() {
    let place = Place::trained();
    fs::write(place.path("page.html"), "old").unwrap();
    std::os::unix::fs::symlink("page.html", place.path("link.html")).unwrap();
    place.run(&["report", "--out", "link.html"]).succeeds();
    assert!(place.path("link.html").is_symlink());
    page(&place, "page.html");
}

#[test]
fn the_page_of_a_run_has_its_figures_pictures_configuration_and_commands() {
    let place = Place::new();
    place
        .train(&["--epochs", "3", "--set", "data.validation=20", "-q"])
        .succeeds();
    place
        .run(&["report"])
        .succeeds()
        .prints("wrote runs/aae-s0/report.html");
    let html = page(&place, "runs/aae-s0/report.html");
    let summary = place.json("runs/aae-s0/summary.json");
    let error = summary["evaluations"]["test"]["reconstruction_error"]
        .as_f64()
        .unwrap();
    for part in [
        "<h1>aae-s0</h1>",
        "Adversarial autoencoder, codes of 2 dimensions like N(0, 5²)",
        "<li class=good>finished</li>",
        "Key figures of the test images",
        &format!("<p class=value>{error:.4}</p>"),
        "Mean squared error of a pixel",
        "between two sets of draws from the prior",
        "<svg ",
        "<polyline ",
        "latent_dim = 2",
        "train --config runs/aae-s0/config.toml --name again",
        "--epochs 3",
    ] {
        assert!(html.contains(part), "no {part}");
    }
    assert_eq!(html.matches("<img ").count(), 5);
    // Narrow pictures, as that of samples of so few pixels is, are not stretched until their type is larger than that of others.
    for tag in html.split("<img ").skip(1) {
        let (_, width) = tag.split_once("width=\"").unwrap();
        let width: u32 = width.split_once('"').unwrap().0.parse().unwrap();
        let half = format!("style=\"max-width:max(60%,{}px)\" src=", width / 2);
        assert_eq!(tag.contains(&half), width < 900, "{width}");
    }
    assert!(html.contains("max(60%,"));
    // Three epochs of two splits, the draws, and the head.
    assert_eq!(html.matches("<tr>").count(), 3 * 2 + 1 + 1);
    place
        .run(&["report", "aae-s0", "--out", "mine.html"])
        .succeeds()
        .prints("wrote mine.html");
    assert_eq!(page(&place, "mine.html"), html);
}

#[test]
fn a_run_that_ends_with_a_step_is_not_said_to_have_all_epochs() {
    let place = Place::new();
    place.train(&["--max-steps", "2", "-q"]).succeeds();
    place.run(&["report"]).succeeds();
    let html = page(&place, "runs/aae-s0/report.html");
    assert!(html.contains("<li>2 steps</li>") && !html.contains("epochs</li>"));
}

#[test]
fn every_variant_has_a_page_with_all_of_its_pictures() {
    let place = Place::new();
    for (preset, settings) in PRESETS {
        let mut flags = vec!["--preset", preset, "--epochs", "1"];
        flags.extend(settings.iter().flat_map(|setting| ["--set", setting]));
        place.train(&flags).succeeds();
        let run = format!("runs/{preset}-s0");
        place.run(&["report", &run]).succeeds();
        let html = page(&place, &format!("{run}/report.html"));
        assert!(html.contains(&format!("<h1>{preset}-s0</h1>")), "{preset}");
        let pictures = fs::read_dir(place.path(&format!("{run}/figures"))).unwrap();
        assert_eq!(
            html.matches("data:image/png;base64,").count(),
            pictures.count(),
            "{preset}"
        );
    }
}

#[test]
fn the_page_of_an_experiment_has_every_seed() {
    let place = Place::new();
    let args = [
        &["experiment", "aae"],
        TINY.as_slice(),
        &["--seeds", "0..2", "--epochs", "2", "-q"],
    ]
    .concat();
    place.run(&args).succeeds();
    place
        .run(&["report", "aae"])
        .succeeds()
        .prints("wrote experiments/aae/report.html");
    let html = page(&place, "experiments/aae/report.html");
    for part in [
        "3 runs of the preset aae",
        "<th scope=col>seed 2</th>",
        "mean ± standard error",
        " ± ",
        "experiment aae --seeds 0..2 --epochs 2",
        "<polyline class=\"line many\"",
        "alt=\"The codes of the test images, seed 2\"",
    ] {
        assert!(html.contains(part), "no {part}");
    }
    assert_eq!(html.matches("<img ").count(), 3 * 5);
    assert!(!html.contains("\nseed = "));
    // A run of it is a run like others.
    place.run(&["report", "experiments/aae/s1"]).succeeds();
    assert!(page(&place, "experiments/aae/s1/report.html").contains("<h1>aae/s1</h1>"));
}

#[test]
fn test_images_come_before_the_held_out_ones_and_one_evaluation_makes_no_chart() {
    let place = Place::new();
    let args = [
        &["experiment", "aae"],
        TINY.as_slice(),
        &["--seeds", "0..1", "--epochs", "1", "-q"],
        &["--set", "data.validation=20"],
    ]
    .concat();
    place.run(&args).succeeds();
    place.run(&["report", "aae"]).succeeds();
    let html = page(&place, "experiments/aae/report.html");
    let at = |part: &str| html.find(part).unwrap_or_else(|| panic!("no {part}"));
    assert!(at("<h3>test images after epoch 1") < at("<h3>validation images after epoch 1"));
    assert!(!html.contains("Over the epochs"));
}

#[test]
fn no_text_of_a_run_becomes_markup() {
    let place = Place::trained();
    let evil = "<script>alert('1')</script><img src=x onerror=\"y\">";
    let run = place.path("runs/<b onclick=x>");
    fs::rename(place.path("runs/aae-s0"), &run).unwrap();
    let replace = |file: &str, from: &str, to: &str| {
        let text = fs::read_to_string(run.join(file)).unwrap();
        assert!(text.contains(from), "{file}");
        fs::write(run.join(file), text.replace(from, to)).unwrap();
    };
    let json = serde_json::to_string(evil).unwrap();
    replace(
        "environment.json",
        "\"cpu\"",
        &format!("{json}: 1, \"cpu\""),
    );
    replace("environment.json", "\"train\"", &json);
    replace(
        "metrics.jsonl",
        "\"split\":\"test\"",
        &format!("\"split\":{json}"),
    );
    replace("metrics.jsonl", "\"std_0\"", &json);
    fs::copy(
        run.join("figures/latent.png"),
        run.join("figures").join("\"onload=x><script>.png"),
    )
    .unwrap();
    let comment = format!("# {evil}\nvariant");
    replace("config.toml", "variant", &comment);
    place.run(&["report", "runs/<b onclick=x>"]).succeeds();
    let html = page(&place, "runs/<b onclick=x>/report.html");
    assert!(html.contains("&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;"));
    assert!(html.contains("<h1>&lt;b onclick=x&gt;</h1>"));
}

#[test]
fn a_run_in_progress_has_a_page_and_a_bad_one_an_error() {
    let place = Place::trained();
    for file in [
        "summary.json",
        "environment.json",
        "metrics.jsonl",
        "model.safetensors",
    ] {
        fs::remove_file(place.path(&format!("runs/aae-s0/{file}"))).unwrap();
    }
    fs::remove_dir_all(place.path("runs/aae-s0/figures")).unwrap();
    place.run(&["report"]).succeeds();
    assert!(page(&place, "runs/aae-s0/report.html").contains("not ended"));
    fs::write(place.path("runs/aae-s0/metrics.jsonl"), "nonsense\n").unwrap();
    place.run(&["report"]).ends(65).says("metrics.jsonl:1");
    fs::remove_file(place.path("runs/aae-s0/metrics.jsonl")).unwrap();
    fs::create_dir(place.path("runs/aae-s0/metrics.jsonl")).unwrap();
    place
        .run(&["report"])
        .ends(65)
        .says("expected a regular file");
    let huge = fs::File::create(place.path("runs/aae-s0/config.toml")).unwrap();
    huge.set_len(1 << 40).unwrap();
    place
        .run(&["report"])
        .ends(65)
        .says("expected at most 262144 bytes");
    place
        .run(&["report", "nowhere"])
        .ends(2)
        .says("nowhere: not found");
    place.run(&["report", "data"]).ends(2).says("found neither");
}

#[test]
fn results_that_are_not_ours_are_an_error_that_names_the_file() {
    let place = Place::new();
    let args = [
        &["experiment", "ae"],
        TINY.as_slice(),
        &["--seeds", "0..1", "--max-steps", "2", "-q"],
    ]
    .concat();
    place.run(&args).succeeds();
    let file = place.path("experiments/ae/results.json");
    let good = fs::read_to_string(&file).unwrap();
    for (from, to) in [
        ("{", "{{"),
        ("\"format_version\": 1", "\"format_version\": 2"),
        ("\"batch_size\": 20", "\"batch_size\": 0"),
        ("\"values\": [", "\"values\": [1.0, "),
        ("\"seeds\": [", "\"seeds\": [7, "),
    ] {
        assert!(good.contains(from), "{from}");
        fs::write(&file, good.replacen(from, to, 1)).unwrap();
        place
            .run(&["report", "ae"])
            .ends(65)
            .says("experiments/ae/results.json: not the results of an experiment");
    }
    fs::write(&file, &good).unwrap();
    fs::remove_dir_all(place.path("experiments/ae/s1")).unwrap();
    place
        .run(&["report", "ae"])
        .succeeds()
        .says("seed 1 is left out");
    page(&place, "experiments/ae/report.html");
}
