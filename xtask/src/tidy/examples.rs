//! Every crate shows how it is used by itself.

use super::tree::{Fault, Tree};

const CRATES: &str = "crates/";

/// A library has an example, which its users run and the tests build.
pub(crate) fn are_there(tree: &Tree) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (path, _) in tree.texts("/src/lib.rs") {
        let Some(folder) = path.strip_suffix("src/lib.rs") else {
            continue;
        };
        let examples = format!("{folder}examples/");
        let shown = tree
            .texts(".rs")
            .any(|(example, _)| example.starts_with(&examples));
        if folder.starts_with(CRATES) && !shown {
            let message = format!("{examples} has no example of how this crate is used");
            faults.push(Fault::new(path, 0, message));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn library_without_an_example_is_a_fault() {
        let faults = |files: &[(&str, &str)]| are_there(&Tree::planted(files)).len();
        let library = ("crates/aae-viz/src/lib.rs", "");
        assert_eq!(faults(&[library]), 1);
        let of_another = ("crates/aae-data/examples/digit.rs", "");
        assert_eq!(faults(&[library, of_another]), 1);
        let example = ("crates/aae-viz/examples/gallery.rs", "");
        assert_eq!(faults(&[library, example]), 0);
        assert_eq!(faults(&[("crates/aae-cli/src/main.rs", "")]), 0);
    }
}
