//! Words that no file of the clone should hold.

use super::tree::{Fault, Tree};

/// Folders of one particular machine. Put together here, so that this file does not name them itself.
const MACHINE_FOLDERS: [&str; 4] = [
    concat!("/wo", "rk/"),
    concat!("/tm", "p/"),
    concat!("/ro", "ot/"),
    concat!("/ho", "me/"),
];

const LOOSE_ENDS: [&str; 2] = [concat!("TO", "DO"), concat!("FIX", "ME")];

/// No path of the machine that a file was written on.
pub(crate) fn name_no_machine(tree: &Tree) -> Vec<Fault> {
    faults(tree, |line| {
        let folder = MACHINE_FOLDERS
            .iter()
            .find(|folder| names_path(line, folder))?;
        Some(format!("names a path of one machine, {folder}"))
    })
}

/// Whether the line has this folder as the start of a path, not in the middle of one.
fn names_path(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || "_-./~}>)".contains(c))
    })
}

/// What is left to do is an issue, and the mark in the source names it: `(#12)`.
pub(crate) fn leave_no_loose_ends(tree: &Tree) -> Vec<Fault> {
    faults(tree, |line| {
        let mark = LOOSE_ENDS.iter().find(|mark| is_loose(line, mark))?;
        Some(format!(
            "{mark} without an issue: write {mark}(#12), or do it"
        ))
    })
}

fn is_loose(line: &str, mark: &str) -> bool {
    line.match_indices(mark).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = &line[at + mark.len()..];
        let in_word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        let issue = after
            .strip_prefix("(#")
            .and_then(|rest| rest.chars().next());
        let named = issue.is_some_and(|c| c.is_ascii_digit());
        !in_word(before) && !in_word(after.chars().next()) && !named
    })
}

fn faults(tree: &Tree, objection: impl Fn(&str) -> Option<String>) -> Vec<Fault> {
    let mut found = Vec::new();
    for (path, text) in tree.texts("") {
        for (at, line) in text.lines().enumerate() {
            if let Some(message) = objection(line) {
                found.push(Fault::new(path, at + 1, message));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(rule: fn(&Tree) -> Vec<Fault>, text: &str) -> Vec<usize> {
        let found = rule(&Tree::planted(&[("README.md", text)]));
        found.into_iter().map(|fault| fault.line).collect()
    }

    #[test]
    fn every_machine_folder_is_a_fault() {
        for folder in MACHINE_FOLDERS {
            let text = format!("fine\nsee {folder}x and \"{folder}y\"\n");
            assert_eq!(lines(name_no_machine, &text), [2], "{folder}");
        }
    }

    #[test]
    fn folders_inside_a_relative_path_are_no_fault() {
        for folder in MACHINE_FOLDERS {
            let text = format!("runs{folder}x ..{folder}y https://example.org{folder}z\n");
            assert_eq!(lines(name_no_machine, &text), [], "{folder}");
        }
    }

    #[test]
    fn loose_end_without_an_issue_is_a_fault() {
        for mark in LOOSE_ENDS {
            let text =
                format!("// {mark}: later\n// {mark}(#12): later\n// {mark}(me)\nMAS{mark}N\n");
            assert_eq!(lines(leave_no_loose_ends, &text), [1, 3], "{mark}");
        }
    }
}
