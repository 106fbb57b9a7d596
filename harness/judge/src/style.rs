//! The lint of text for users, by `report/STYLE.md`: length of sentences, words, reading grade. Tests hold messages and hints
//! against it.

/// Words of a sentence at most.
const WORDS_MAX: usize = 25;
/// Words that leave the reader guessing.
const RIDDLES: [&str; 6] = [
    "whoever",
    "whomever",
    "somebody",
    "truthfully",
    "to be known",
    "everybody",
];
/// Reading grade by Flesch and Kincaid at most.
const GRADE_MAX: f64 = 9.0;
/// Of fewer words the formula says nothing.
const GRADED_WORDS_MIN: usize = 12;

/// What is wrong with a text, in the order of the style page.
#[must_use]
pub fn mistakes(text: &str) -> Vec<String> {
    let mut mistakes = Vec::new();
    let plain = without_quotes(text);
    let sentences = sentences(&plain);
    for sentence in &sentences {
        let words = sentence.split_whitespace().count();
        if words > WORDS_MAX {
            mistakes.push(format!("{words} words: {}", sentence.trim()));
        }
    }
    let lower = plain.to_lowercase();
    for riddle in RIDDLES {
        let mut words = lower.split(|c: char| !c.is_alphanumeric() && c != ' ');
        if words.any(|part| format!(" {part} ").contains(&format!(" {riddle} "))) {
            mistakes.push(format!("says {riddle}"));
        }
    }
    let grade = grade(&sentences);
    if grade > GRADE_MAX {
        mistakes.push(format!("reading grade {grade:.1}: {}", plain.trim()));
    }
    if text.chars().any(|c| c.is_control() && c != '\n') {
        mistakes.push("has a character that cannot be seen".to_owned());
    }
    mistakes
}

/// What a program printed counts as one word.
fn without_quotes(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['`', '"']) {
        let (before, quoted) = rest.split_at(at);
        out.push_str(before);
        let mark = &quoted[..1];
        let Some(end) = quoted[1..].find(mark) else {
            rest = &quoted[1..];
            continue;
        };
        out.push_str("text");
        rest = &quoted[end + 2..];
    }
    out + rest
}

/// `sa.sa_flags` and `127.0.0.1:80` are no ends of sentences.
fn sentences(text: &str) -> Vec<String> {
    let mut sentences = vec![String::new()];
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let ends = matches!(c, '.' | ':' | ';' | '!' | '?')
            && chars.peek().is_none_or(|next| next.is_whitespace());
        match sentences.last_mut() {
            Some(last) if !ends && c != '\n' => last.push(c),
            _ => sentences.push(String::new()),
        }
    }
    sentences.retain(|sentence| !sentence.trim().is_empty());
    sentences
}

/// The school year in which a text is read with ease (Flesch and Kincaid, 1975). Names of calls, numbers and other code count as
/// words of one syllable.
fn grade(sentences: &[String]) -> f64 {
    // `stack-buffer-overflow` is read as three words.
    let words: Vec<&str> = sentences
        .iter()
        .flat_map(|sentence| sentence.split(|c: char| c.is_whitespace() || c == '-'))
        .filter(|word| word.chars().any(char::is_alphanumeric))
        .collect();
    if words.len() < GRADED_WORDS_MIN {
        return 0.0;
    }
    let syllables: usize = words.iter().map(|word| syllables(word)).sum();
    let (words, sentences) = (words.len() as f64, sentences.len() as f64);
    0.39 * words / sentences + 11.8 * syllables as f64 / words - 15.59
}

fn syllables(word: &str) -> usize {
    let word = word.trim_matches(|c: char| !c.is_alphanumeric());
    let is_code = !word
        .chars()
        .all(|c| c.is_ascii_lowercase() || c == '\'' || c == '-')
        && !word.chars().skip(1).all(|c| c.is_ascii_lowercase());
    if is_code || word.is_empty() {
        return 1;
    }
    let is_vowel = |c: char| "aeiouy".contains(c.to_ascii_lowercase());
    let letters: Vec<char> = word.chars().collect();
    let mut count = 0;
    for (at, c) in letters.iter().enumerate() {
        if is_vowel(*c) && (at == 0 || !is_vowel(letters[at - 1])) {
            count += 1;
        }
    }
    let silent = word.ends_with('e') && !word.ends_with("le") || word.ends_with("ed");
    (count - usize::from(silent && count > 1)).max(1)
}
