//! Names of people as they are compared and sorted: without accents, whatever their case and order.
//!
//! A registry writes `Müller, Jürgen`, a course system `mullerjurgen`, a student `Juergen Mueller`: all three are one name.

/// Latin letters with marks, by what they are without.
const WITHOUT_MARKS: [(&str, &str); 29] = [
    ("a", "àáâãäåāăąǎǟǡǻȁȃȧḁẚạảấầẩẫậắằẳẵặ"),
    ("ae", "æǣǽ"),
    ("b", "ḃḅḇƀɓ"),
    ("c", "çćĉċčḉ"),
    ("d", "ďđðḋḍḏḑḓɖ"),
    ("e", "èéêëēĕėęěȅȇȩḕḗḙḛḝẹẻẽếềểễệəǝ"),
    ("f", "ḟƒ"),
    ("g", "ĝğġģǥǧǵḡ"),
    ("h", "ĥħȟḣḥḧḩḫẖ"),
    ("i", "ìíîïĩīĭįıǐȉȋḭḯỉị"),
    ("j", "ĵǰ"),
    ("k", "ķǩḱḳḵƙ"),
    ("l", "ĺļľŀłḷḹḻḽ"),
    ("m", "ḿṁṃ"),
    ("n", "ñńņňŉŋǹṅṇṉṋ"),
    ("o", "òóôõöøōŏőơǒǫǭǿȍȏȫȭȯȱṍṏṑṓọỏốồổỗộớờởỡợ"),
    ("oe", "œ"),
    ("p", "ṕṗ"),
    ("r", "ŕŗřȑȓṙṛṝṟ"),
    ("s", "śŝşšșṡṣṥṧṩ"),
    ("ss", "ß"),
    ("t", "ţťŧțṫṭṯṱẗ"),
    ("th", "þ"),
    ("u", "ùúûüũūŭůűųưǔǖǘǚǜȕȗṳṵṷṹṻụủứừửữự"),
    ("v", "ṽṿ"),
    ("w", "ŵẁẃẅẇẉ"),
    ("x", "ẋẍ"),
    ("y", "ýÿŷȳẏỳỵỷỹ"),
    ("z", "źżžẑẓẕƶ"),
];

/// Letters that languages spell with two where they lack the mark.
const SPELT: [(char, &str); 5] = [
    ('ä', "ae"),
    ('ö', "oe"),
    ('ü', "ue"),
    ('å', "aa"),
    ('ø', "oe"),
];

/// A way in which systems write a letter that ASCII lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// `Müller` is `muller`.
    WithoutMark,
    /// `Müller` is `mueller`.
    Spelt,
    /// `Müller` is `mller`.
    LeftOut,
}

/// The words of a name, in lower case and without accents: `Müller-Lüdenscheidt, Zoë` is `zoe muller ludenscheidt`.
#[must_use]
pub fn folded(name: &str) -> Vec<String> {
    words(name, Way::WithoutMark)
}

/// The same in each way that systems write it; the first is [`folded`].
#[must_use]
pub fn spellings(name: &str) -> Vec<Vec<String>> {
    let mut all: Vec<Vec<String>> = Vec::new();
    for way in [Way::WithoutMark, Way::Spelt, Way::LeftOut] {
        let words = words(name, way);
        if !words.is_empty() && !all.contains(&words) {
            all.push(words);
        }
    }
    all
}

/// A name for comparison: the same whatever the order of its words, their case and their accents.
#[must_use]
pub fn key(name: &str) -> String {
    let mut words = folded(name);
    words.sort();
    words.join(" ")
}

/// A name as a list is sorted by it: the last name first, as far as the name says which that is.
#[must_use]
pub fn by_last(name: &str) -> String {
    let (last, first) = match name.split_once(',') {
        Some((last, first)) => (last.to_owned(), first.to_owned()),
        None => {
            let words: Vec<&str> = name.split_whitespace().collect();
            let small = |word: &&str| word.chars().all(char::is_lowercase);
            let mut at = words.len().saturating_sub(1);
            // `Ludwig van Beethoven`: what stands before the last name in small letters belongs to it.
            while at > 1 && small(&words[at - 1]) {
                at -= 1;
            }
            (words[at..].join(" "), words[..at].join(" "))
        }
    };
    let words = [folded(&last), folded(&first)].concat();
    words.join(" ")
}

fn words(name: &str, way: Way) -> Vec<String> {
    // `Müller, Jürgen` is Jürgen Müller.
    let (last, first) = name.split_once(',').unwrap_or(("", name));
    let mut words: Vec<String> = Vec::new();
    for part in [first, last] {
        let mut word = String::new();
        for c in part.to_lowercase().chars() {
            match c {
                // D'Arcy is written with and without it.
                '\'' | '’' | '`' | '´' | 'ʼ' => {}
                c if c.is_alphanumeric() || is_mark(c) => fold(c, way, &mut word),
                _ => words.extend((!word.is_empty()).then(|| std::mem::take(&mut word))),
            }
        }
        words.extend((!word.is_empty()).then_some(word));
    }
    words
}

/// Marks that stand behind their letter, as macOS writes names of files.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}')
}

fn fold(c: char, way: Way, out: &mut String) {
    if c.is_ascii() {
        out.push(c);
        return;
    }
    match (way, c) {
        (Way::LeftOut, _) => {}
        // Two dots behind the letter are the same letter.
        (Way::Spelt, '\u{308}') if out.ends_with(['a', 'o', 'u']) => out.push('e'),
        (Way::Spelt, '\u{30a}') if out.ends_with('a') => out.push('a'),
        (_, c) if is_mark(c) => {}
        (Way::Spelt, c) if SPELT.iter().any(|(letter, _)| *letter == c) => {
            out.extend(
                SPELT
                    .iter()
                    .filter(|(letter, _)| *letter == c)
                    .map(|(_, to)| *to),
            );
        }
        (Way::WithoutMark | Way::Spelt, c) => {
            match WITHOUT_MARKS.iter().find(|(_, with)| with.contains(c)) {
                Some((plain, _)) => out.push_str(plain),
                None => out.push(c),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{by_last, folded, key, spellings};

    #[test]
    fn a_name_is_one_name_however_it_is_written() {
        let check = |a: &str, b: &str, same: bool| assert_eq!(key(a) == key(b), same, "{a} {b}");
        check("Müller, Jürgen", "JÜRGEN MULLER", true);
        check("Zoë Ångström", "Angstrom Zoe", true);
        // A mark of its own, as macOS writes it.
        check("Zoe\u{308} Noe\u{301}", "Noé Zoë", true);
        check("Nguyễn Thị Ánh", "nguyen thi anh", true);
        check("Łukasz Żółw", "Lukasz Zolw", true);
        check("Jean-Luc O'Neill", "O’Neill Jean Luc", true);
        check("李 雷", "雷 李", true);
        check("李雷", "李明", false);
        check("Ada Lovelace", "Ada Love", false);
    }

    #[test]
    fn systems_write_a_name_in_several_ways() {
        let joined: Vec<String> = spellings("Jürgen Größe")
            .iter()
            .map(|words| words.concat())
            .collect();
        assert_eq!(joined, ["jurgengrosse", "juergengroesse", "jrgengre"]);
        assert_eq!(spellings("Ada Love").len(), 1);
        assert_eq!(spellings("李雷"), [vec!["李雷".to_owned()]]);
        assert_eq!(folded(" , - "), Vec::<String>::new());
    }

    #[test]
    fn lists_are_sorted_by_the_last_name() {
        let check = |name: &str, expected: &str| assert_eq!(by_last(name), expected, "{name}");
        check("Ada Lovelace", "lovelace ada");
        check("Lovelace, Ada", "lovelace ada");
        check("Ludwig van Beethoven", "van beethoven ludwig");
        check("García López, María José", "garcia lopez maria jose");
        check("doejane_101", "doejane 101");
        check("Plato", "plato");
        check("", "");
    }
}
