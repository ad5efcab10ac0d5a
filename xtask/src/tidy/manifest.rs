//! The dependencies that a `Cargo.toml` names. Not a TOML parser: it reads the layout that this project's manifests
//! keep, a key a line, in plain, dotted or table form.

/// One dependency of a crate.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Dependency {
    /// The name of the package, even where the manifest calls it otherwise.
    pub(crate) package: String,
    /// Whether tests alone see it.
    pub(crate) dev: bool,
    /// Whether a feature turns it on.
    pub(crate) optional: bool,
    /// Where the manifest names it first, from 1.
    pub(crate) line: usize,
}

/// All dependencies of a manifest: ordinary, build, development and those of one platform.
pub(crate) fn dependencies(manifest: &str) -> Vec<Dependency> {
    let mut found: Vec<Dependency> = Vec::new();
    // The kind of the section that the line is in, and the dependency that has this section for its own.
    let mut section: Option<(bool, Option<String>)> = None;
    let mut open = 0_usize;
    for (at, line) in manifest.lines().enumerate() {
        let line = without_comment(line).trim();
        let depth = open;
        open = (open + line.matches(['[', '{']).count())
            .saturating_sub(line.matches([']', '}']).count());
        if depth > 0 {
            continue;
        }
        if let Some(header) = line
            .strip_prefix('[')
            .and_then(|line| line.strip_suffix(']'))
        {
            section = dependency_section(header);
        } else if let (Some((dev, own)), Some((key, value))) = (&section, line.split_once('=')) {
            let (name, field) = match own {
                Some(name) => (name.clone(), Some(key.trim())),
                None => match key.trim().split_once('.') {
                    Some((name, field)) => (unquoted(name), Some(field)),
                    None => (unquoted(key), None),
                },
            };
            if !found
                .iter()
                .any(|known| known.package == name && known.dev == *dev)
            {
                found.push(Dependency {
                    package: name.clone(),
                    dev: *dev,
                    optional: false,
                    line: at + 1,
                });
            }
            let known = found.iter_mut().rev().find(|known| known.package == name);
            if let Some(dependency) = known {
                describe(dependency, field, value);
            }
        }
    }
    found
}

/// Whether the section with this header holds development dependencies, and whose section it is; none for others.
fn dependency_section(header: &str) -> Option<(bool, Option<String>)> {
    const KINDS: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];
    // A platform may be an expression with dots of its own, so the kind is somewhere after it.
    let parts: Vec<&str> = header.split('.').collect();
    let at = parts.iter().position(|part| KINDS.contains(part))?;
    if at > 0 && parts[0] != "target" {
        return None;
    }
    let own = parts.get(at + 1).map(|name| unquoted(name));
    Some((parts[at] == KINDS[1], own))
}

/// Takes from one key, or from an inline table, what the rules ask about.
fn describe(dependency: &mut Dependency, field: Option<&str>, value: &str) {
    let setting = |name: &str| match field {
        Some(field) => (field == name).then(|| value.trim().to_owned()),
        None => value.trim().strip_prefix('{').and_then(|table| {
            let pairs = table.trim_end_matches('}').split(',');
            let mut pairs = pairs.filter_map(|pair| pair.split_once('='));
            let (_, value) = pairs.find(|(key, _)| key.trim() == name)?;
            Some(value.trim().to_owned())
        }),
    };
    if setting("optional").as_deref() == Some("true") {
        dependency.optional = true;
    }
    if let Some(package) = setting("package") {
        dependency.package = unquoted(&package);
    }
}

fn without_comment(line: &str) -> &str {
    line.split('#').next().unwrap_or_default()
}

fn unquoted(word: &str) -> String {
    word.trim().trim_matches(['"', '\'']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(manifest: &str) -> Vec<(String, bool, bool)> {
        let found = dependencies(manifest);
        found
            .into_iter()
            .map(|d| (d.package, d.dev, d.optional))
            .collect()
    }

    fn entry(name: &str, dev: bool, optional: bool) -> (String, bool, bool) {
        (name.to_owned(), dev, optional)
    }

    #[test]
    fn dependencies_are_read_in_every_form() {
        let manifest = r#"
[package]
name = "a-crate"
[dependencies]
plain = "1"  # a comment
inline = { version = "2", optional = true }
dotted.workspace = true
dotted.optional = true
"quoted" = "1"
renamed = { package = "real-name", version = "1" }
many = { version = "1", features = [
    "one",
] }

[dependencies.table]
version = "1"
optional = true

[dev-dependencies]
for-tests = { workspace = true }

[features]
hub = ["dep:inline"]
"#;
        let expected = [
            entry("plain", false, false),
            entry("inline", false, true),
            entry("dotted", false, true),
            entry("quoted", false, false),
            entry("real-name", false, false),
            entry("many", false, false),
            entry("table", false, true),
            entry("for-tests", true, false),
        ];
        assert_eq!(names(manifest), expected);
    }

    #[test]
    fn dependencies_of_one_platform_count() {
        let manifest = "[target.'cfg(target_os = \"macos\")'.dependencies]\nmetal = \"1\"\n\
            [target.x86_64-unknown-linux-gnu.dev-dependencies]\nlinux = \"1\"\n";
        let expected = [entry("metal", false, false), entry("linux", true, false)];
        assert_eq!(names(manifest), expected);
    }

    #[test]
    fn workspace_tables_and_features_are_no_dependencies() {
        assert_eq!(
            names("[workspace.dependencies]\nx = \"1\"\n[features]\ny = []\n"),
            []
        );
    }

    #[test]
    fn line_of_a_dependency_is_known() {
        assert_eq!(dependencies("[dependencies]\n\nx = \"1\"\n")[0].line, 3);
    }
}
