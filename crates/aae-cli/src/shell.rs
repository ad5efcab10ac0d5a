//! Command lines as they can be typed into a shell.

/// The words, each quoted if a shell would otherwise read it as something else.
pub(crate) fn line(words: &[String]) -> String {
    let words: Vec<String> = words.iter().map(|word| quoted(word)).collect();
    words.join(" ")
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=,:@%+".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_a_shell_would_read_otherwise_are_quoted() {
        let words = ["train", "--set", "a.b=[8]", "", "it's", "$(x)", "0..4"];
        assert_eq!(
            line(&words.map(str::to_owned)),
            r"train --set 'a.b=[8]' '' 'it'\''s' '$(x)' 0..4"
        );
    }
}
