//! Rules about each Rust file: its length, its first line, and `unsafe`.

use super::code::{code_only, has_word};
use super::tree::{Fault, Tree};

/// A file that needs more lines holds two ideas.
const MOST_LINES: usize = 400;

/// The one crate that may hold `unsafe` code.
const UNSAFE_HOME: &str = "crates/aae-ops/";

/// No file is longer than [`MOST_LINES`].
pub(crate) fn are_short(tree: &Tree) -> Vec<Fault> {
    let lengths = tree
        .texts(".rs")
        .map(|(path, text)| (path, text.lines().count()));
    let too_long = lengths.filter(|(_, lines)| *lines > MOST_LINES);
    too_long
        .map(|(path, lines)| {
            let message = format!("{lines} lines, at most {MOST_LINES}: split it by ideas");
            Fault::new(path, 0, message)
        })
        .collect()
}

/// Every file says in its first line what it is.
pub(crate) fn open_with_their_purpose(tree: &Tree) -> Vec<Fault> {
    let silent = tree
        .texts(".rs")
        .filter(|(_, text)| !text.starts_with("//! "));
    silent
        .map(|(path, _)| Fault::new(path, 1, "the file opens with `//! ` and what it is"))
        .collect()
}

/// Only aae-ops has `unsafe` code, and says above each piece why it is sound.
pub(crate) fn keep_unsafe_code_in_its_place(tree: &Tree) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (path, text) in tree.texts(".rs") {
        let lines: Vec<&str> = text.lines().collect();
        for (at, code) in code_only(text).lines().enumerate() {
            if !has_word(code, "unsafe") {
                continue;
            }
            if !path.starts_with(UNSAFE_HOME) {
                faults.push(Fault::new(path, at + 1, "unsafe code belongs in aae-ops"));
            } else if !is_justified(&lines[..at]) {
                let message = "say in a `// SAFETY:` comment right above why this is sound";
                faults.push(Fault::new(path, at + 1, message));
            }
        }
    }
    faults
}

/// Whether the comment that ends these lines gives a reason; attributes may stand between it and the code.
fn is_justified(above: &[&str]) -> bool {
    above
        .iter()
        .rev()
        .map(|line| line.trim())
        .take_while(|line| line.starts_with("//") || line.starts_with("#["))
        .any(|line| line.starts_with("// SAFETY:") || line == "/// # Safety")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_of_401_lines_is_a_fault_and_of_400_is_not() {
        let tree = |lines: usize| Tree::planted(&[("a.rs", "x\n".repeat(lines).as_str())]);
        assert_eq!(are_short(&tree(400)), []);
        assert!(are_short(&tree(401))[0].message.contains("401 lines"));
    }

    #[test]
    fn file_without_a_purpose_is_a_fault() {
        let tree = Tree::planted(&[("a.rs", "use std::fmt;\n"), ("b.rs", "//! A b.\n")]);
        let found = open_with_their_purpose(&tree);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].path, "a.rs");
    }

    fn unsafe_faults(path: &str, text: &str) -> Vec<usize> {
        let found = keep_unsafe_code_in_its_place(&Tree::planted(&[(path, text)]));
        found.into_iter().map(|fault| fault.line).collect()
    }

    #[test]
    fn unsafe_code_outside_aae_ops_is_a_fault_justified_or_not() {
        let text = "//! A.\n// SAFETY: x is in bounds.\nlet y = unsafe { x() };\n";
        assert_eq!(unsafe_faults("crates/aae-viz/src/lib.rs", text), [3]);
        assert_eq!(unsafe_faults("crates/aae-ops/src/lib.rs", text), []);
    }

    #[test]
    fn unsafe_code_without_a_reason_is_a_fault() {
        let path = "crates/aae-ops/src/gemm.rs";
        assert_eq!(unsafe_faults(path, "let y = unsafe { x() };\n"), [1]);
        let far = "// SAFETY: of another line.\nlet x = 1;\nunsafe { f() }\n";
        assert_eq!(unsafe_faults(path, far), [3]);
    }

    #[test]
    fn reasons_may_be_long_and_attributes_may_follow_them() {
        let path = "crates/aae-ops/src/gemm.rs";
        let text = "// SAFETY: the slices have `n` items,\n// as checked above.\n#[inline]\nunsafe { f() }\n\
            /// Does f.\n///\n/// # Safety\n///\n/// `n` is in bounds.\nunsafe fn f() {}\n";
        assert_eq!(unsafe_faults(path, text), []);
    }

    #[test]
    fn word_unsafe_in_comments_and_strings_is_no_fault() {
        let text = "// unsafe\nlet x = \"unsafe { }\";\n#![allow(unsafe_code)]\n";
        assert_eq!(unsafe_faults("crates/aae-cli/src/main.rs", text), []);
    }
}
