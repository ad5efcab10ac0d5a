//! Every preset is written about.

use super::tree::{Fault, Tree};

const FOLDER: &str = "crates/aae-train/presets/";

/// README.md or a page of `docs/` names every preset, as `` `name` `` or `--preset name`.
pub(crate) fn are_documented(tree: &Tree) -> Vec<Fault> {
    let pages: Vec<&str> = tree
        .texts(".md")
        .filter(|(path, _)| *path == "README.md" || path.starts_with("docs/"))
        .map(|(_, text)| text)
        .collect();
    let mut faults = Vec::new();
    for (path, _) in tree.texts(".toml") {
        let file = path.strip_prefix(FOLDER);
        if let Some(name) = file.and_then(|file| file.strip_suffix(".toml"))
            && !pages.iter().any(|page| names(page, name))
        {
            let message = format!("neither README.md nor docs/ names the preset `{name}`");
            faults.push(Fault::new(path, 0, message));
        }
    }
    faults
}

fn names(page: &str, preset: &str) -> bool {
    let option = format!("--preset {preset}");
    page.contains(&format!("`{preset}`"))
        || page.match_indices(&option).any(|(at, _)| {
            let after = page[at + option.len()..].chars().next();
            !after.is_some_and(|c| c.is_alphanumeric() || c == '-')
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(page: &str) -> usize {
        let preset = "crates/aae-train/presets/aae.toml";
        are_documented(&Tree::planted(&[
            (preset, ""),
            ("docs/experiments.md", page),
        ]))
        .len()
    }

    #[test]
    fn preset_that_no_page_names_is_a_fault() {
        assert_eq!(faults("nothing"), 1);
        assert_eq!(
            faults("cargo xtask train --preset aae-mixture, `aae-8d`, aae"),
            1
        );
    }

    #[test]
    fn preset_is_named_in_code_or_in_a_command() {
        assert_eq!(faults("| `aae` | 13 minutes |"), 0);
        assert_eq!(faults("cargo xtask train --preset aae\n"), 0);
    }
}
