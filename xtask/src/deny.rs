//! `cargo xtask ci deny`: every dependency has a licence, a source and as few versions as `deny.toml` wants.
//!
//! cargo-deny does more, and is run where it is installed, as `.ci/run` does: building it takes minutes.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::cargo::{cargo, root};

/// Every feature but `mkl`, which `deny.toml` leaves out.
const FEATURES: &str = "aae-data/hub,aae-cli/cuda,aae-cli/metal,aae-cli/accelerate";

pub(crate) fn run() -> Result<()> {
    let rules = std::fs::read_to_string(root().join("deny.toml")).context("deny.toml")?;
    let tree = output(
        cargo()
            .args(["tree", "--workspace", "--locked", "--features", FEATURES])
            .args([
                "--target=all",
                "--edges=normal,build,dev",
                "--prefix=none",
                "--format={p}|{l}",
            ]),
    )?;
    let packages = packages(&tree);
    if packages.is_empty() {
        bail!("`cargo tree` named no package");
    }
    let faults = faults(&packages, &rules)?;
    faults.iter().for_each(|fault| eprintln!("{fault}"));
    if !faults.is_empty() {
        bail!("deny found {} faults", faults.len());
    }
    eprintln!("deny: {} packages, no faults", packages.len());
    let there = Command::new("cargo-deny")
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if !there.is_ok_and(|status| status.success()) {
        eprintln!(
            "deny: cargo-deny is not installed, and was left out; to have it: cargo install --locked cargo-deny"
        );
        return Ok(());
    }
    let mut check = cargo();
    check.args([
        "deny",
        "--locked",
        "check",
        "--hide-inclusion-graph",
        "bans",
        "licenses",
        "sources",
    ]);
    match check
        .current_dir(root())
        .status()
        .context("cannot start cargo-deny")?
        .success()
    {
        true => Ok(()),
        false => bail!("cargo-deny found faults"),
    }
}

fn output(command: &mut Command) -> Result<String> {
    let output = command
        .current_dir(root())
        .stderr(Stdio::inherit())
        .output()
        .context("cannot start cargo")?;
    if !output.status.success() {
        bail!("cargo tree ended with {}", output.status);
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// A package of the tree.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Package {
    name: String,
    version: String,
    /// What cargo says of where it is from; nothing of what is from crates.io.
    source: Option<String>,
    license: String,
}

/// The packages of `cargo tree`, each once. A line is `name v1.2.3 (proc-macro) (/a/path)|MIT (*)`.
fn packages(tree: &str) -> Vec<Package> {
    let package = |line: &str| {
        let (what, license) = line.strip_suffix(" (*)").unwrap_or(line).split_once('|')?;
        let mut words = what.splitn(3, ' ');
        let (name, version) = (words.next()?, words.next()?.strip_prefix('v')?);
        let source = words.next().unwrap_or_default().replace("(proc-macro)", "");
        let source = source.trim().trim_matches(['(', ')']);
        Some(Package {
            name: name.to_owned(),
            version: version.to_owned(),
            source: (!source.is_empty()).then(|| source.to_owned()),
            license: license.to_owned(),
        })
    };
    let mut packages: Vec<Package> = tree.lines().filter_map(package).collect();
    packages.sort();
    packages.dedup();
    packages
}

fn faults(packages: &[Package], rules: &str) -> Result<Vec<String>> {
    let (allowed, skipped) = (list(rules, "allow")?, list(rules, "skip")?);
    let mut faults = Vec::new();
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let root = root();
    for package in packages {
        let Package {
            name,
            version,
            source,
            license,
        } = package;
        match source.as_deref() {
            Some(path)
                if root.join("crates") == std::path::Path::new(path).parent().unwrap_or(&root) =>
            {
                continue;
            }
            Some(path) if root.join("xtask") == std::path::Path::new(path) => continue,
            Some(source) => faults.push(format!(
                "{name} {version}: expected a package of crates.io, found {source}"
            )),
            None => {}
        }
        if !is_allowed(license, &allowed) {
            faults.push(format!(
                "{name} {version}: its licence, `{license}`, is not allowed by deny.toml"
            ));
        }
        versions.entry(name).or_default().push(version);
    }
    for (name, mut versions) in versions {
        versions.retain(|version| !skipped.contains(&format!("{name}@{version}").as_str()));
        if versions.len() > 1 {
            let versions = versions.join(", ");
            faults.push(format!("{name}: expected one version, or the others in `skip` of deny.toml, found {versions}"));
        }
    }
    Ok(faults)
}

/// The words of the first list of this name: one in quotes a line.
fn list<'a>(rules: &'a str, name: &str) -> Result<Vec<&'a str>> {
    let begin = format!("\n{name} = [\n");
    let (_, rest) = rules
        .split_once(&begin)
        .with_context(|| format!("deny.toml: no list `{name}`"))?;
    let (lines, _) = rest
        .split_once("\n]")
        .with_context(|| format!("deny.toml: `{name}` has no end"))?;
    Ok(lines
        .lines()
        .filter_map(|line| line.split('"').nth(1))
        .collect())
}

/// Whether an SPDX expression can be satisfied by the allowed licences. A licence with an exception is another licence.
fn is_allowed(expression: &str, allowed: &[&str]) -> bool {
    let spaced = expression
        .replace('(', " ( ")
        .replace(')', " ) ")
        .replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let (satisfied, rest) = any_of(&words, allowed);
    satisfied && rest.is_empty()
}

fn any_of<'a, 'b>(words: &'a [&'b str], allowed: &[&str]) -> (bool, &'a [&'b str]) {
    let (mut satisfied, mut rest) = all_of(words, allowed);
    while let ["OR", more @ ..] = rest {
        let (also, after) = all_of(more, allowed);
        (satisfied, rest) = (satisfied || also, after);
    }
    (satisfied, rest)
}

fn all_of<'a, 'b>(words: &'a [&'b str], allowed: &[&str]) -> (bool, &'a [&'b str]) {
    let (mut satisfied, mut rest) = one(words, allowed);
    while let ["AND", more @ ..] = rest {
        let (also, after) = one(more, allowed);
        (satisfied, rest) = (satisfied && also, after);
    }
    (satisfied, rest)
}

fn one<'a, 'b>(words: &'a [&'b str], allowed: &[&str]) -> (bool, &'a [&'b str]) {
    match words {
        ["(", inner @ ..] => match any_of(inner, allowed) {
            (satisfied, [")", rest @ ..]) => (satisfied, rest),
            (_, rest) => (false, rest),
        },
        [_, "WITH", _, rest @ ..] => (false, rest),
        [license, rest @ ..] => (allowed.contains(license), rest),
        [] => (false, words),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: &str = "[licenses]\nallow = [\n    \"MIT\",\n    \"ISC\",\n]\n[bans]\nskip = [\n    \"a@1.0.0\",\n]\n";

    #[test]
    fn an_expression_is_satisfied_or_not() {
        let allowed = ["MIT", "ISC"];
        for good in [
            "MIT",
            "MIT/Apache-2.0",
            "Apache-2.0 OR MIT",
            "MIT AND ISC",
            "ISC AND (GPL-3.0 OR MIT)",
            "Apache-2.0 WITH LLVM-exception OR MIT",
        ] {
            assert!(is_allowed(good, &allowed), "{good}");
        }
        for bad in [
            "",
            "GPL-3.0",
            "MIT AND GPL-3.0",
            "(MIT",
            "MIT MIT",
            "MIT WITH Something",
            "OR MIT",
        ] {
            assert!(!is_allowed(bad, &allowed), "{bad}");
        }
    }

    #[test]
    fn each_kind_of_fault_is_found() {
        let tree = "a v1.0.0|MIT\na v2.0.0|MIT (*)\n\nb v0.1.0 (proc-macro)|MIT\nb v0.2.0|ISC\nc v1.0.0|GPL-3.0\n\
                    d v1.0.0 (https://example.org/d?rev=1#1)|MIT\na v2.0.0|MIT\n";
        let packages = packages(tree);
        assert_eq!(packages.len(), 6);
        let faults = faults(&packages, RULES).unwrap();
        assert_eq!(
            faults,
            [
                "c 1.0.0: its licence, `GPL-3.0`, is not allowed by deny.toml",
                "d 1.0.0: expected a package of crates.io, found https://example.org/d?rev=1#1",
                "b: expected one version, or the others in `skip` of deny.toml, found 0.1.0, 0.2.0",
            ]
        );
    }

    #[test]
    fn the_rules_of_this_clone_can_be_read() {
        let rules = std::fs::read_to_string(root().join("deny.toml")).unwrap();
        assert!(list(&rules, "allow").unwrap().contains(&"MIT"));
        assert!(!list(&rules, "skip").unwrap().is_empty());
    }
}
