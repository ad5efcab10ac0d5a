//! Rust source with everything but the code blanked out, so that a rule can look for a word without finding it in a
//! comment or a string.

/// The text with comments, strings and character literals replaced by blanks. Line ends stay where they are.
pub(crate) fn code_only(source: &str) -> String {
    let chars: Vec<char> = source.chars().collect();
    let mut code = String::with_capacity(source.len());
    let mut at = 0;
    while at < chars.len() {
        let end = match literal_end(&chars, at) {
            Some(end) => end.min(chars.len()),
            None => {
                code.push(chars[at]);
                at += 1;
                continue;
            }
        };
        code.extend(
            chars[at..end]
                .iter()
                .map(|&c| if c == '\n' { '\n' } else { ' ' }),
        );
        at = end;
    }
    code
}

/// Where the comment or literal that begins at `at` ends, if one begins there.
fn literal_end(chars: &[char], at: usize) -> Option<usize> {
    let next = chars.get(at + 1).copied();
    let within_word = at > 0 && (chars[at - 1].is_alphanumeric() || chars[at - 1] == '_');
    match chars[at] {
        '/' if next == Some('/') => Some(find(chars, at, |c| c == '\n')),
        '/' if next == Some('*') => Some(block_comment_end(chars, at)),
        '"' => Some(string_end(chars, at + 1)),
        'r' if !within_word || chars[at - 1] == 'b' => raw_string_end(chars, at + 1),
        '\'' if next == Some('\\') => Some(find(chars, at + 3, |c| c == '\'') + 1),
        // Not a lifetime: those have no closing quote after one character.
        '\'' if chars.get(at + 2) == Some(&'\'') => Some(at + 3),
        _ => None,
    }
}

fn find(chars: &[char], from: usize, wanted: impl Fn(char) -> bool) -> usize {
    let from = from.min(chars.len());
    let found = chars[from..].iter().position(|&c| wanted(c));
    found.map_or(chars.len(), |offset| from + offset)
}

fn block_comment_end(chars: &[char], start: usize) -> usize {
    let mut depth = 0;
    let mut at = start;
    while at + 1 < chars.len() {
        match (chars[at], chars[at + 1]) {
            ('/', '*') => depth += 1,
            ('*', '/') => depth -= 1,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
        if depth == 0 {
            return at;
        }
    }
    chars.len()
}

fn string_end(chars: &[char], mut at: usize) -> usize {
    while at < chars.len() {
        match chars[at] {
            '\\' => at += 2,
            '"' => return at + 1,
            _ => at += 1,
        }
    }
    at
}

/// The end of `"…"` or `#"…"#` and so on, with any number of `#`; none if there is no such string here.
fn raw_string_end(chars: &[char], start: usize) -> Option<usize> {
    let quote = find(chars, start, |c| c != '#');
    if chars.get(quote) != Some(&'"') {
        return None;
    }
    let hashes = quote - start;
    let mut at = quote + 1;
    loop {
        at = find(chars, at, |c| c == '"') + 1;
        let closed = chars
            .get(at..at + hashes)
            .is_none_or(|tail| tail.iter().all(|&c| c == '#'));
        if closed {
            return Some(at + hashes);
        }
    }
}

/// Whether the line of code has this word, whole.
pub(crate) fn has_word(code: &str, word: &str) -> bool {
    code.split(|c: char| !c.is_alphanumeric() && c != '_')
        .any(|found| found == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn squeezed(source: &str) -> String {
        code_only(source)
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn comments_are_blanked() {
        assert_eq!(squeezed("a // word\nb"), "a b");
        assert_eq!(squeezed("a /* word /* nested */ word */ b"), "a b");
        assert_eq!(squeezed("//! word"), "");
    }

    #[test]
    fn strings_and_characters_are_blanked() {
        assert_eq!(squeezed(r#"f("word \" word", x)"#), "f( , x)");
        assert_eq!(
            squeezed(r##"f(r#"word " word"#, br"\", x)"##),
            "f( , b , x)"
        );
        assert_eq!(squeezed(r"f('\'', 'w', '\u{41}', x)"), "f( , , , x)");
    }

    #[test]
    fn lifetimes_and_names_with_an_r_are_code() {
        assert_eq!(
            squeezed("fn f<'a>(x: &'a str, bar: r#type)"),
            "fn f<'a>(x: &'a str, bar: r#type)"
        );
    }

    #[test]
    fn lines_keep_their_numbers() {
        let source = "a\n/* \n */ b \"\n\" c\n";
        assert_eq!(code_only(source).lines().count(), source.lines().count());
    }

    #[test]
    fn unfinished_literals_reach_to_the_end() {
        for source in ["a \"word", "a /* word", "a r#\"word\"", "a '\\"] {
            assert_eq!(squeezed(source), "a", "{source}");
        }
    }

    #[test]
    fn words_are_found_whole() {
        assert!(has_word("let x = unsafe { y };", "unsafe"));
        assert!(!has_word("#![allow(unsafe_code)]", "unsafe"));
    }
}
