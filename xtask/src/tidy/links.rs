//! Links in the Markdown pages lead to files and headings that exist.

use super::tree::{Fault, Tree};

/// Every relative link and picture of every page is there, and so is the heading after its `#`.
pub(crate) fn lead_somewhere(tree: &Tree) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (path, text) in tree.texts(".md") {
        for (line, target) in targets(text) {
            if let Some(message) = objection(tree, path, &target) {
                faults.push(Fault::new(path, line, message));
            }
        }
    }
    faults
}

fn objection(tree: &Tree, page: &str, target: &str) -> Option<String> {
    if target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let (file, heading) = target.split_once('#').unwrap_or((target, ""));
    let path = match file {
        "" => page.to_owned(),
        file => match resolve(page, file) {
            Some(path) => path,
            None => return Some(format!("the link `{target}` leaves the clone")),
        },
    };
    if !tree.holds(&path) {
        return Some(format!("the link `{target}` leads to no file"));
    }
    if heading.is_empty() || !path.ends_with(".md") {
        return None;
    }
    let there = anchors(tree.text(&path)?)
        .iter()
        .any(|anchor| anchor == heading);
    (!there).then(|| format!("the link `{target}` leads to no heading"))
}

/// The path from the root that a link on this page means; none if it leads out of the clone.
fn resolve(page: &str, link: &str) -> Option<String> {
    let mut parts: Vec<&str> = page.split('/').collect();
    parts.pop();
    for part in link.trim_end_matches('/').split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

/// The lines of a page that are not in a fenced block, numbered from 1.
fn prose(page: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    page.lines().enumerate().filter_map(move |(at, line)| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        (!fenced && !fence).then_some((at + 1, line))
    })
}

/// Where `[text](target)`, `[name]: target` and `src="target"` lead, with the line that says so.
fn targets(page: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, line) in prose(page) {
        // Every second piece between backticks is code.
        let line: String = line.split('`').step_by(2).collect::<Vec<_>>().join("`");
        for (opening, closing) in [
            ("](", [')', ' ']),
            ("src=\"", ['"', '"']),
            ("href=\"", ['"', '"']),
        ] {
            for piece in line.split(opening).skip(1) {
                found.push((
                    number,
                    piece.split(closing).next().unwrap_or_default().to_owned(),
                ));
            }
        }
        if let Some((_, target)) = line.split_once("]: ").filter(|_| line.starts_with('[')) {
            found.push((
                number,
                target.split(' ').next().unwrap_or_default().to_owned(),
            ));
        }
    }
    found
}

/// The anchors that GitHub gives a page's headings.
fn anchors(page: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for (_, line) in prose(page) {
        let title = line.trim_start_matches('#');
        if title.len() == line.len() || !title.starts_with(' ') {
            continue;
        }
        let kept = title
            .trim()
            .chars()
            .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
        let anchor: String = kept.collect::<String>().to_lowercase().replace(' ', "-");
        let mut unique = anchor.clone();
        for n in 1.. {
            if !found.contains(&unique) {
                break;
            }
            unique = format!("{anchor}-{n}");
        }
        found.push(unique);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(page: &str) -> Vec<String> {
        let tree = Tree::planted(&[
            ("docs/page.md", page),
            (
                "docs/formats.md",
                "# Formats\n## The run folder: `runs/`\n## Twice\n## Twice\n",
            ),
            ("README.md", "# aae\n"),
            ("docs/a.png", ""),
        ]);
        lead_somewhere(&tree)
            .into_iter()
            .map(|fault| fault.message)
            .collect()
    }

    #[test]
    fn links_to_files_folders_headings_and_the_web_are_fine() {
        let page = "# Here\n[a](formats.md) [b](../README.md#aae) ![c](a.png) [d](#here) [e](../docs/)\n\
            [f](formats.md#the-run-folder-runs) [g](formats.md#twice-1) [h](https://example.org/x#y)\n\
            <img src=\"a.png\" width=\"9\"> [i](a.png \"title\")\n[j]: formats.md\n";
        assert_eq!(messages(page), Vec::<String>::new());
    }

    #[test]
    fn link_to_nothing_is_a_fault() {
        for link in [
            "[a](format.md)",
            "![a](../a.png)",
            "<img src=\"b.png\">",
            "[a]: b.md",
        ] {
            assert!(messages(link)[0].contains("leads to no file"), "{link}");
        }
        assert!(messages("[a](#there)")[0].contains("leads to no heading"));
        assert!(messages("[a](formats.md#twice-2)")[0].contains("leads to no heading"));
        assert!(messages("[a](../../x)")[0].contains("leaves the clone"));
    }

    #[test]
    fn code_is_no_link() {
        let page = "`[a](nowhere)`\n```text\n[a](nowhere)\n```\n";
        assert_eq!(messages(page), Vec::<String>::new());
    }
}
