//! Every preset has its results.

use super::tree::{Fault, Tree};

const FOLDER: &str = "crates/aae-train/presets/";

const PAGE: &str = "docs/experiments.md";

/// The table of `docs/experiments.md` has a row for every preset.
pub(crate) fn are_documented(tree: &Tree) -> Vec<Fault> {
    let page = tree.texts(".md").find(|(path, _)| *path == PAGE);
    let page = page.map_or("", |(_, text)| text);
    let mut faults = Vec::new();
    for (path, _) in tree.texts(".toml") {
        let file = path.strip_prefix(FOLDER);
        if let Some(name) = file.and_then(|file| file.strip_suffix(".toml"))
            && !page
                .lines()
                .any(|line| line.starts_with(&format!("| `{name}`<br>")))
        {
            let message = format!(
                "{PAGE} has no row of the preset `{name}`: `cargo xtask experiment {name} --docs {PAGE}`"
            );
            faults.push(Fault::new(path, 0, message));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(page: &str) -> usize {
        let preset = "crates/aae-train/presets/aae.toml";
        are_documented(&Tree::planted(&[(preset, ""), (PAGE, page)])).len()
    }

    #[test]
    fn preset_without_a_row_is_a_fault() {
        assert_eq!(faults("nothing"), 1);
        assert_eq!(faults("`aae` is named\n| `aae-8d`<br>seed 0 | - |\n"), 1);
        assert_eq!(
            faults("| experiment | the paper |\n| `aae`<br>seed 0 | - |\n"),
            0
        );
    }
}
