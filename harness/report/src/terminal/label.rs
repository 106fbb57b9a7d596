//! What stands on an arrow: how many bytes, and as much of them as there is room for.

use super::glyphs::Glyphs;
use crate::width;

/// `49 bytes "This is a…\x00"`: the count always, of the text what there is room for, its end included, since that is
/// where a NUL is or is not.
pub(crate) fn label(count: &str, text: &str, whole: bool, room: usize, glyphs: &Glyphs) -> String {
    let room = room.saturating_sub(width(count) + 3);
    let units = units(text);
    let full: usize = units.iter().map(|unit| width(unit)).sum();
    let more = width(glyphs.more);
    if full == 0 || room < more + 4 {
        return count.to_owned();
    }
    if full <= room && whole {
        return format!("{count} \"{text}\"");
    }
    let room = room - more;
    let tail_room = if whole { room / 2 } else { 0 };
    let mut tail: Vec<&str> = Vec::new();
    let mut used = 0;
    for unit in units.iter().rev() {
        if used + width(unit) > tail_room {
            break;
        }
        used += width(unit);
        tail.push(unit);
    }
    let mut head = String::new();
    for unit in &units[..units.len() - tail.len()] {
        if used + width(unit) > room {
            break;
        }
        used += width(unit);
        head.push_str(unit);
    }
    tail.reverse();
    format!("{count} \"{head}{}{}\"", glyphs.more, tail.concat())
}

/// Characters of escaped text, each escape as one: half of a `\x00` would be a lie.
fn units(text: &str) -> Vec<&str> {
    let mut units = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = match (first, rest.as_bytes().get(1)) {
            ('\\', Some(b'x')) => 4,
            ('\\', Some(b'u')) => rest.find('}').map_or(2, |end| end + 1),
            ('\\', Some(next)) if next.is_ascii() => 2,
            _ => first.len_utf8(),
        };
        let (unit, more) = rest.split_at_checked(length).unwrap_or((rest, ""));
        units.push(unit);
        rest = more;
    }
    units
}

#[cfg(test)]
mod tests {
    use super::super::glyphs::Glyphs;
    use super::{label, units};

    #[test]
    fn escapes_stay_whole() {
        assert_eq!(units("a\\x00\\n\\\\é"), ["a", "\\x00", "\\n", "\\\\", "é"]);
        assert_eq!(units("\\"), ["\\"]);
        assert_eq!(units("\\x0"), ["\\x0"]);
    }

    #[test]
    fn a_label_keeps_the_end_of_its_text() {
        let check = |text: &str, whole, room, expected: &str| {
            assert_eq!(
                label("49 bytes", text, whole, room, Glyphs::of(true)),
                expected
            );
        };
        check("Hello\\x00", true, 40, "49 bytes \"Hello\\x00\"");
        check(
            "This is a test\\x00",
            true,
            27,
            "49 bytes \"This is …est\\x00\"",
        );
        check("This is a test", false, 24, "49 bytes \"This is a te…\"");
        check("This is a test", true, 12, "49 bytes");
        check("", true, 40, "49 bytes");
    }
}
