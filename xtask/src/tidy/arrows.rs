//! Which crate may see which: the picture of `docs/architecture.md`, checked from the manifests.

use super::manifest::{Dependency, dependencies};
use super::tree::{Fault, Tree};

/// What one crate may link. A crate's level is where the picture has it, from the bottom.
struct Place {
    name: &'static str,
    level: u8,
    links: &'static [&'static str],
}

const fn place(name: &'static str, level: u8, links: &'static [&'static str]) -> Place {
    Place { name, level, links }
}

const PICTURE: [Place; 8] = [
    place("aae-ops", 0, &[]),
    place("aae-data", 0, &[]),
    place("aae-viz", 0, &[]),
    place("aae-models", 1, &["aae-ops"]),
    place("aae-train", 2, &["aae-data", "aae-models", "aae-ops"]),
    place("aae-eval", 2, &["aae-data", "aae-models", "aae-ops"]),
    place(
        "aae-cli",
        3,
        &[
            "aae-data",
            "aae-eval",
            "aae-models",
            "aae-ops",
            "aae-train",
            "aae-viz",
        ],
    ),
    // Beside the picture: no member of the workspace.
    place("fuzz", 3, &["aae-data", "aae-train"]),
];

/// Packages from elsewhere that one crate has to itself, and why.
const ELSEWHERE: [(&str, &str, &str); 4] = [
    ("kuva", "aae-viz", "pictures are drawn in aae-viz"),
    ("image", "aae-viz", "pictures are drawn in aae-viz"),
    ("clap", "aae-cli", "the terminal belongs to aae-cli"),
    ("indicatif", "aae-cli", "the terminal belongs to aae-cli"),
];

/// Every crate links only crates that the picture puts below it; tests may use any crate of a lower level.
pub(crate) fn point_down(tree: &Tree) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (path, text) in tree.texts("Cargo.toml") {
        let Some(name) = path.strip_suffix("/Cargo.toml") else {
            continue;
        };
        let name = name.strip_prefix("crates/").unwrap_or(name);
        let place = PICTURE.iter().find(|place| place.name == name);
        if place.is_none() && name != "xtask" {
            let message =
                "this crate has no place in the picture: give it one in xtask/src/tidy/arrows.rs";
            faults.push(Fault::new(path, 0, message));
            continue;
        }
        for dependency in dependencies(text) {
            if let Some(message) = objection(name, place, &dependency) {
                faults.push(Fault::new(path, dependency.line, message));
            }
        }
    }
    faults
}

fn objection(name: &str, place: Option<&Place>, dependency: &Dependency) -> Option<String> {
    let package = dependency.package.as_str();
    if let Some(target) = PICTURE.iter().find(|place| place.name == package) {
        let Some(place) = place else {
            return Some(format!(
                "xtask links no crate of the workspace, found {package}"
            ));
        };
        let below = dependency.dev && target.level < place.level;
        return (!below && !place.links.contains(&package)).then(|| {
            format!("{name} may not see {package}: arrows point down, see docs/architecture.md")
        });
    }
    if package == "candle-datasets" && (name != "aae-data" || !dependency.optional) {
        return Some("candle-datasets is aae-data's alone, and optional".to_owned());
    }
    if name == "aae-viz" && package.starts_with("candle-") {
        return Some(format!("aae-viz knows no tensor, found {package}"));
    }
    let (_, owner, why) = ELSEWHERE.iter().find(|(owned, ..)| *owned == package)?;
    let stranger = *owner != name && !dependency.dev;
    stranger.then(|| format!("{name} may not use {package}: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(path: &str, manifest: &str) -> Vec<Fault> {
        point_down(&Tree::planted(&[(path, manifest)]))
    }

    #[test]
    fn arrow_that_points_up_is_a_fault() {
        let found = faults(
            "crates/aae-ops/Cargo.toml",
            "[dependencies]\naae-models.workspace = true\n",
        );
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].line, 2);
        assert!(found[0].message.contains("aae-ops may not see aae-models"));
    }

    #[test]
    fn arrow_to_the_side_is_a_fault() {
        for (path, package) in [
            ("crates/aae-data/Cargo.toml", "aae-ops"),
            ("crates/aae-train/Cargo.toml", "aae-viz"),
            ("crates/aae-train/Cargo.toml", "aae-eval"),
            ("crates/aae-eval/Cargo.toml", "aae-train"),
        ] {
            let manifest = format!("[dependencies]\n{package} = {{ workspace = true }}\n");
            assert_eq!(faults(path, &manifest).len(), 1, "{path} -> {package}");
        }
    }

    #[test]
    fn arrows_of_the_picture_are_no_faults() {
        for place in &PICTURE {
            let links = place
                .links
                .iter()
                .map(|link| format!("{link}.workspace = true\n"));
            let manifest = format!("[dependencies]\n{}", links.collect::<String>());
            let path = format!("crates/{}/Cargo.toml", place.name);
            assert_eq!(faults(&path, &manifest), [], "{path}");
        }
    }

    #[test]
    fn picture_itself_points_down() {
        for place in &PICTURE {
            for link in place.links {
                let target = PICTURE.iter().find(|other| other.name == *link).unwrap();
                assert!(target.level < place.level, "{} -> {link}", place.name);
            }
        }
    }

    #[test]
    fn tests_see_lower_levels_but_not_higher_ones() {
        let dev = |package: &str| format!("[dev-dependencies]\n{package}.workspace = true\n");
        assert_eq!(faults("crates/aae-models/Cargo.toml", &dev("aae-data")), []);
        assert_eq!(
            faults("crates/aae-ops/Cargo.toml", &dev("aae-models")).len(),
            1
        );
        assert_eq!(
            faults("crates/aae-eval/Cargo.toml", &dev("aae-train")).len(),
            1
        );
    }

    #[test]
    fn workspace_crate_in_xtask_is_a_fault() {
        let found = faults(
            "xtask/Cargo.toml",
            "[dependencies]\naae-ops.workspace = true\n",
        );
        assert_eq!(found.len(), 1);
    }

    #[test]
    fn candle_datasets_is_optional_and_in_aae_data() {
        let optional = "[dependencies]\ncandle-datasets = { workspace = true, optional = true }\n";
        let always = "[dependencies]\ncandle-datasets = { workspace = true }\n";
        assert_eq!(faults("crates/aae-data/Cargo.toml", optional), []);
        assert_eq!(faults("crates/aae-data/Cargo.toml", always).len(), 1);
        assert_eq!(faults("crates/aae-train/Cargo.toml", optional).len(), 1);
    }

    #[test]
    fn tensors_in_aae_viz_and_terminals_in_libraries_are_faults() {
        let viz = "[dependencies]\ncandle-core.workspace = true\n";
        assert_eq!(faults("crates/aae-viz/Cargo.toml", viz).len(), 1);
        let train = "[dependencies]\nindicatif.workspace = true\nkuva.workspace = true\n";
        assert_eq!(faults("crates/aae-train/Cargo.toml", train).len(), 2);
    }

    #[test]
    fn crate_without_a_place_is_a_fault() {
        assert_eq!(faults("crates/aae-new/Cargo.toml", "[package]\n").len(), 1);
    }
}
