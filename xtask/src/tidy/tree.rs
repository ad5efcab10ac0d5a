//! The files of the clone, read once for all rules.

use std::fmt;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

/// One file: its path from the root, with `/`, and its text unless it is binary.
#[derive(Debug)]
pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) text: Option<String>,
}

/// Every file that git tracks or would track.
#[derive(Debug)]
pub(crate) struct Tree {
    pub(crate) files: Vec<File>,
}

/// A place that breaks a rule, and what to do about it. `line` counts from 1; 0 stands for the whole file.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Fault {
    pub(crate) path: String,
    pub(crate) line: usize,
    pub(crate) message: String,
}

impl Fault {
    pub(crate) fn new(path: &str, line: usize, message: impl Into<String>) -> Fault {
        Fault {
            path: path.to_owned(),
            line,
            message: message.into(),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        match self.line {
            0 => write!(out, "{}: {}", self.path, self.message),
            line => write!(out, "{}:{line}: {}", self.path, self.message),
        }
    }
}

impl Tree {
    /// Reads the clone at `root`. New files count too, unless `.gitignore` names them.
    pub(crate) fn read(root: &Path) -> Result<Tree> {
        let listing = Command::new("git")
            // The check only reads, so it does not matter whose folder this is.
            .args(["-c", "safe.directory=*", "-C"])
            .arg(root)
            .args([
                "ls-files",
                "-z",
                "--cached",
                "--others",
                "--exclude-standard",
            ])
            .output()
            .context("cannot start git, which knows the files of this clone")?;
        if !listing.status.success() {
            let said = String::from_utf8_lossy(&listing.stderr);
            bail!(
                "git cannot list the files of {}: {}",
                root.display(),
                said.trim()
            );
        }
        let listing = String::from_utf8(listing.stdout).context("a file name is not UTF-8")?;
        let mut files = Vec::new();
        for path in listing.split('\0').filter(|path| !path.is_empty()) {
            // A file that is deleted, but not yet committed so, is still listed.
            if let Ok(bytes) = std::fs::read(root.join(path)) {
                files.push(File {
                    path: path.to_owned(),
                    text: String::from_utf8(bytes).ok(),
                });
            }
        }
        Ok(Tree { files })
    }

    /// A tree made up for a test.
    #[cfg(test)]
    pub(crate) fn planted(files: &[(&str, &str)]) -> Tree {
        let file = |(path, text): &(&str, &str)| File {
            path: (*path).to_owned(),
            text: Some((*text).to_owned()),
        };
        Tree {
            files: files.iter().map(file).collect(),
        }
    }

    /// Path and text of every text file whose name ends so.
    pub(crate) fn texts<'a>(&'a self, ending: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.files
            .iter()
            .filter(move |file| file.path.ends_with(ending))
            .filter_map(|file| Some((file.path.as_str(), file.text.as_deref()?)))
    }

    /// The text of the file at this path.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        let file = self.files.iter().find(|file| file.path == path)?;
        file.text.as_deref()
    }

    /// Whether there is a file or a folder at this path; the root has the empty path.
    pub(crate) fn holds(&self, path: &str) -> bool {
        path.is_empty()
            || self.files.iter().any(|file| {
                let rest = file.path.strip_prefix(path);
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_clone_is_read_with_this_file_in_it() {
        let tree = Tree::read(&crate::cargo::root()).unwrap();
        assert!(tree.text("xtask/src/tidy/tree.rs").is_some());
        assert!(!tree.holds("target"));
    }

    #[test]
    fn files_and_folders_are_found_by_whole_names() {
        let tree = Tree::planted(&[("docs/formats.md", "")]);
        assert!(tree.holds("docs/formats.md") && tree.holds("docs") && tree.holds(""));
        assert!(!tree.holds("docs/formats") && !tree.holds("doc"));
    }

    #[test]
    fn faults_name_file_and_line() {
        assert_eq!(
            Fault::new("a.rs", 3, "is wrong").to_string(),
            "a.rs:3: is wrong"
        );
        assert_eq!(
            Fault::new("a.rs", 0, "is long").to_string(),
            "a.rs: is long"
        );
    }
}
