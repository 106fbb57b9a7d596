//! Words of Moodle, which writes headers and statuses of its worksheets in the teacher's language.
//!
//! They are those of its language packs (`assign`, `moodle`). What is in another language is not guessed: it is said which text
//! could not be read.

mod header;
mod languages;

use crate::time;
use header::HEADERS;
pub use header::Header;
use languages::{EARLIER_HEADERS, LANGUAGES, Language};

/// Between the parts of a status.
const BETWEEN: &str = " - ";

/// What a status says of time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// By how many seconds the submission is late.
    pub late_by_s: Option<u64>,
    /// The end of an extension, in the words of the system.
    pub due: Option<String>,
    /// A part with a number that says one of both in a way that cannot be read.
    pub unread: Option<String>,
}

/// The column that a header names.
#[must_use]
pub fn header(text: &str) -> Option<Header> {
    let text = plain(text);
    let now = LANGUAGES
        .iter()
        .flat_map(|language| HEADERS.into_iter().zip(language.headers));
    let mut known = now.chain(EARLIER_HEADERS);
    let (header, _) = known.find(|(_, name)| plain(name) == text)?;
    Some(header)
}

/// Whether a cell says no.
pub(crate) fn is_no(text: &str) -> bool {
    let text = plain(text);
    LANGUAGES.iter().any(|language| plain(language.no) == text)
}

/// Reads a status: `Submitted for grading - 2 days 3 hours late - Extension granted until: Sunday, 1 March 2026, 1:00 PM`.
#[must_use]
pub fn status(text: &str) -> Status {
    let mut status = Status::default();
    for part in text.split(BETWEEN) {
        let part = plain(part);
        let within = |around: fn(&Language) -> [&'static str; 2]| {
            let languages = LANGUAGES.iter();
            languages.filter_map(move |language| between(language, around))
        };
        let spans = within(|language| language.late);
        let late = spans
            .filter_map(|around| inside(&part, &around))
            .find_map(time::span);
        // A moment is not checked here: in which zone it is, the class's own file says.
        let due = within(|language| language.extended).find_map(|around| {
            let inside = inside(&part, &around)?;
            has_digit(inside).then(|| inside.to_owned())
        });
        match (late, due) {
            (Some(late), _) => status.late_by_s = Some(late),
            (None, Some(due)) => status.due = Some(due),
            (None, None) if has_digit(&part) => status.unread = Some(part),
            (None, None) => {}
        }
    }
    status
}

fn between(
    language: &'static Language,
    around: fn(&Language) -> [&'static str; 2],
) -> Option<[String; 2]> {
    let [before, behind] = around(language).map(plain_inside);
    (!before.is_empty() || !behind.is_empty()).then_some([before, behind])
}

fn inside<'a>(part: &'a str, [before, behind]: &[String; 2]) -> Option<&'a str> {
    Some(
        part.strip_prefix(before.as_str())?
            .strip_suffix(behind.as_str())?
            .trim(),
    )
}

fn has_digit(text: &str) -> bool {
    text.chars().any(|c| c.is_ascii_digit())
}

/// The same whatever its case, blanks and apostrophes.
fn plain(text: &str) -> String {
    plain_inside(text.trim())
}

fn plain_inside(text: &str) -> String {
    let lower = text.to_lowercase();
    lower.replace(['\u{a0}', '\u{202f}'], " ").replace('’', "'")
}

#[cfg(test)]
mod tests {
    use super::{Header, Status, header, status};

    #[test]
    fn headers_are_known_in_the_languages_of_moodle() {
        let check =
            |text: &str, expected: Option<Header>| assert_eq!(header(text), expected, "{text}");
        check("Last modified (submission)", Some(Header::HandedIn));
        check("Zuletzt geändert (Abgabe)", Some(Header::HandedIn));
        check(
            "Dernière modification (travail remis)",
            Some(Header::HandedIn),
        );
        check("última modificación (entrega)", Some(Header::HandedIn));
        check("Numéro d’identification", Some(Header::Number));
        check("Статус", Some(Header::Status));
        check("Last modified (grade)", None);
        check("Zuletzt geändert (Bewertung)", None);
    }

    #[test]
    fn a_status_is_read_in_the_languages_of_moodle_and_nothing_is_guessed() {
        let check =
            |text: &str, late_by_s: Option<u64>, due: Option<&str>, unread: Option<&str>| {
                let expected = Status {
                    late_by_s,
                    due: due.map(str::to_owned),
                    unread: unread.map(str::to_owned),
                };
                assert_eq!(status(text), expected, "{text}");
            };
        const DAY: u64 = 86_400;
        check("Submitted for grading", None, None, None);
        check("Enviado para avaliação -  - ", None, None, None);
        check(
            "Submitted for grading - 2 days 3 hours late",
            Some(2 * DAY + 3 * 3600),
            None,
            None,
        );
        // What stands behind it, the first version took for no lateness at all.
        check(
            "Submitted for grading - 1 day 1 min late - Graded",
            Some(DAY + 60),
            None,
            None,
        );
        check(
            "Submitted for grading - 5 secs late - Graded - Extension granted until: Sunday, 1 March 2026, 1:00 PM",
            Some(5),
            Some("sunday, 1 march 2026, 1:00 pm"),
            None,
        );
        check(
            "Zur Bewertung abgegeben - 2 Tage 3 Stunden zu spät - Bewertet",
            Some(2 * DAY + 3 * 3600),
            None,
            None,
        );
        check(
            "Zur Bewertung abgegeben - Verlängertes Abgabeende bis: Sonntag, 1. März 2026, 13:00",
            None,
            Some("sonntag, 1. märz 2026, 13:00"),
            None,
        );
        check(
            "Remis pour évaluation - En retard de 1 jour 2 heures - Évalué",
            Some(DAY + 7200),
            None,
            None,
        );
        check(
            "Remis pour évaluation - Prolongation accordée jusqu’au\u{a0}: dimanche 1 mars 2026, 13:00",
            None,
            Some("dimanche 1 mars 2026, 13:00"),
            None,
        );
        check(
            "Enviado para calificar - 45 minutos 10 segundos después",
            Some(2710),
            None,
            None,
        );
        check(
            "Consegnato per la valutazione - 2 giorni 1 ora in ritardo",
            Some(2 * DAY + 3600),
            None,
            None,
        );
        check(
            "Opdracht ingestuurd - 1 dag 2 uren laat",
            Some(DAY + 7200),
            None,
            None,
        );
        check(
            "Submetido para avaliação - '1 dia 3 horas' atrasado",
            Some(DAY + 3 * 3600),
            None,
            None,
        );
        check(
            "Enviado para avaliação - 1 dia 3 horas atrasado",
            Some(DAY + 3 * 3600),
            None,
            None,
        );
        check(
            "Inlämnad för betygsättning - 2 timmar 5 min sent",
            Some(7500),
            None,
            None,
        );
        check(
            "Отправлено для оценивания - Срок выполнения закончился 2 дн. 3 час. назад",
            Some(2 * DAY + 3 * 3600),
            None,
            None,
        );
        check(
            "評定のために提出済み - 2 日 3 時間 遅く提出",
            Some(2 * DAY + 3 * 3600),
            None,
            None,
        );
        check(
            "已提交请评分 - 迟2 天 3 小时",
            Some(2 * DAY + 3 * 3600),
            None,
            None,
        );
        // Polish is in no pack that was at hand.
        check(
            "Przesłane do oceny - spóźnione o 2 dni 3 godz.",
            None,
            None,
            Some("spóźnione o 2 dni 3 godz."),
        );
        // A span that is none.
        check(
            "Submitted for grading - 2 fortnights late",
            None,
            None,
            Some("2 fortnights late"),
        );
    }
}
