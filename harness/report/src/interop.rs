//! The interoperability matrix: every party's programs with every other's.
//!
//! Rows are the parties that play the first program of the lab's common cases (`iserver`), columns those that play the others (`comclient`).
//! The reference is the first of both. What stands out is what the references do not explain: two programs that each work
//! with the reference and not with each other, and a program that fails with the reference and works with another party.

use ipclab_judge::Verdict;
use serde::Serialize;

use crate::{ClassCase, Line, by_name, words};

/// Name and version of the format that a matrix is written in; nothing reads one.
pub const SCHEMA: &str = "ipclab/interop/v1";

/// A matrix. As JSON it is `ipclab/interop/v1`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Interop {
    /// [`SCHEMA`]
    pub schema: &'static str,
    /// The lab's name.
    pub lab: Line,
    /// The lab's title.
    pub title: Line,
    /// The program of the rows.
    pub row_program: Line,
    /// The programs of the columns: all others of the cases.
    pub column_programs: Vec<Line>,
    /// The cases in which they met.
    pub cases: Vec<ClassCase>,
    /// The parties; the first is the reference.
    pub parties: Vec<Party>,
    /// What is said of meetings that failed, each sentence once.
    pub sayings: Vec<Line>,
    /// By row and then by column; `None`: one of the two has no program.
    pub meetings: Vec<Vec<Option<Meeting>>>,
    /// What stands out.
    pub oddities: Vec<Oddity>,
}

/// A party: its programs meet the others'.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Party {
    /// The submission's name in its class; of the reference: `reference`.
    pub id: Line,
    /// How people call it.
    pub name: Line,
    /// Why some or all of its programs meet no other.
    pub problems: Vec<Line>,
}

/// What came of two parties in all cases together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Meeting {
    /// `pass`: both printed what they should, and ended as they should.
    #[serde(with = "by_name::Verdict")]
    pub verdict: Verdict,
    /// The parties that did not.
    pub blames: Vec<Side>,
    /// What is said first of what was not met: a place in [`Interop::sayings`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub says: Option<usize>,
    /// Whether the references do not explain it.
    pub odd: bool,
}

/// A side of a meeting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// The row's program.
    Row,
    /// The column's.
    Column,
}

/// What stands out, as a sentence without a full stop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Oddity {
    /// The party that it is about, a place in [`Interop::parties`].
    pub party: usize,
    /// Which of its programs.
    pub side: Side,
    /// `ada's iserver works with ada's own comclient, and fails with the reference and with everybody else`
    pub says: Line,
}

/// How many names a sentence has at most.
const NAMES_MAX: usize = 6;

impl Interop {
    /// Marks the meetings that stand out, and puts them into sentences: those that say most first.
    #[must_use]
    pub fn judged(mut self) -> Self {
        let mut odd: Vec<(usize, usize)> = Vec::new();
        let mut ranked: Vec<(u8, Oddity)> = Vec::new();
        for (party, side) in self.sides() {
            let with = self.own_ways(party, side);
            let says = self.own_way(party, side, &with);
            // One that no other party can talk to says more than a way that several share.
            let rank = if with == [party] { 0 } else { 1 };
            ranked.extend((!with.is_empty()).then_some((rank, Oddity { party, side, says })));
            odd.extend(with.iter().map(|other| side.place(party, *other)));
        }
        let estranged = self.estranged();
        for (party, side) in self.sides() {
            let without = partners(&estranged, party, side);
            let says = self.estranged_from(party, side, &without);
            ranked.extend((!without.is_empty()).then_some((2, Oddity { party, side, says })));
        }
        for (row, column) in odd.into_iter().chain(estranged) {
            if let Some(meeting) = &mut self.meetings[row][column] {
                meeting.odd = true;
            }
        }
        ranked.sort_by_key(|(rank, oddity)| (*rank, oddity.side, oddity.party));
        self.oddities = ranked.into_iter().map(|(_, oddity)| oddity).collect();
        self
    }

    /// Every party but the reference, on both sides.
    fn sides(&self) -> impl Iterator<Item = (usize, Side)> + use<> {
        let parties = self.parties.len();
        let sides = [Side::Row, Side::Column].into_iter();
        sides.flat_map(move |side| (1..parties).map(move |party| (party, side)))
    }

    /// The parties with which one works that fails with the reference: they have a way of their own.
    fn own_ways(&self, party: usize, side: Side) -> Vec<usize> {
        if self.works(party, 0, side) != Some(false) {
            return Vec::new();
        }
        let others = 1..self.parties.len();
        others
            .filter(|other| self.works(party, *other, side) == Some(true))
            .collect()
    }

    /// Pairs that fail, though each of the two works with the reference.
    fn estranged(&self) -> Vec<(usize, usize)> {
        let sound = |party, side| self.works(party, 0, side) == Some(true);
        let parties = 1..self.parties.len();
        let rows = parties.clone().filter(|row| sound(*row, Side::Row));
        rows.flat_map(|row| {
            let columns = parties.clone();
            columns
                .filter(|column| sound(*column, Side::Column))
                .map(move |column| (row, column))
        })
        .filter(|(row, column)| self.works(*row, *column, Side::Row) == Some(false))
        .collect()
    }

    /// Whether two parties work together, `one` being on this side; `None`: they did not meet, or it is unknown.
    fn works(&self, one: usize, other: usize, side: Side) -> Option<bool> {
        let (row, column) = side.place(one, other);
        match self.meetings[row][column].as_ref()?.verdict {
            Verdict::Pass => Some(true),
            Verdict::Fail => Some(false),
            Verdict::Unknown | Verdict::Skipped => None,
        }
    }

    fn own_way(&self, party: usize, side: Side, with: &[usize]) -> Line {
        let (own, theirs) = (self.programs(side), self.programs(side.other()));
        let name = &self.parties[party].name;
        let others = 1..self.parties.len();
        let met = others.filter(|other| self.works(party, *other, side).is_some());
        let rest = match met.count() - with.len() {
            0 => String::new(),
            1 => " and with one other".to_owned(),
            rest => format!(" and with {rest} others"),
        };
        let with = match with {
            [only] if *only == party => format!("its own {theirs}"),
            with => format!("the {theirs} of {}", self.names(with, party)),
        };
        Line::new(&format!(
            "the {own} of {name} works with {with}, and fails with the reference{rest}"
        ))
    }

    fn estranged_from(&self, party: usize, side: Side, without: &[usize]) -> Line {
        let (own, theirs) = (self.programs(side), self.programs(side.other()));
        let name = &self.parties[party].name;
        let which = match without {
            [_] => "though that works with the reference, too",
            _ => "though those work with the reference, too",
        };
        Line::new(&format!(
            "the {own} of {name} works with the reference, and not with the {theirs} of {}, {which}",
            self.names(without, party)
        ))
    }

    /// `bob, eve and 3 others`
    fn names(&self, parties: &[usize], own: usize) -> String {
        let name = |at: &usize| match *at == own {
            true => "their own".to_owned(),
            false => self.parties[*at].name.to_string(),
        };
        let listed: Vec<String> = parties.iter().take(NAMES_MAX).map(name).collect();
        match parties.len().saturating_sub(NAMES_MAX) {
            0 => listed.join(", "),
            rest => format!("{} and {}", listed.join(", "), words::count(rest, "other")),
        }
    }

    /// What a side's programs are called.
    #[must_use]
    pub fn programs(&self, side: Side) -> String {
        match side {
            Side::Row => self.row_program.to_string(),
            Side::Column => {
                let names: Vec<&str> = self.column_programs.iter().map(Line::as_str).collect();
                names.join(" and ")
            }
        }
    }

    /// How many meetings there were, and how many of them passed, failed, and could not be judged.
    #[must_use]
    pub fn counts(&self) -> (usize, usize, usize, usize) {
        let all = || self.meetings.iter().flatten().flatten();
        let of = |verdict: Verdict| all().filter(|meeting| meeting.verdict == verdict).count();
        let unknown = of(Verdict::Unknown) + of(Verdict::Skipped);
        (all().count(), of(Verdict::Pass), of(Verdict::Fail), unknown)
    }
}

/// The partners that a remark about this party names: each pair is remarked on at the party that has more of them.
fn partners(pairs: &[(usize, usize)], party: usize, side: Side) -> Vec<usize> {
    let count = |party: usize, side: Side| {
        let mine = pairs.iter().filter(|pair| side.of(**pair) == party);
        mine.count()
    };
    let tells = |pair: (usize, usize)| match count(pair.0, Side::Row) < count(pair.1, Side::Column)
    {
        true => Side::Column,
        false => Side::Row,
    };
    let mine = pairs.iter().filter(|pair| side.of(**pair) == party);
    mine.filter(|pair| tells(**pair) == side)
        .map(|pair| side.other().of(*pair))
        .collect()
}

impl Side {
    /// The one of a pair of row and column that is on this side.
    fn of(self, (row, column): (usize, usize)) -> usize {
        match self {
            Self::Row => row,
            Self::Column => column,
        }
    }

    /// Row and column, `one` being on this side.
    fn place(self, one: usize, other: usize) -> (usize, usize) {
        match self {
            Self::Row => (one, other),
            Self::Column => (other, one),
        }
    }

    /// The one across.
    fn other(self) -> Self {
        match self {
            Self::Row => Self::Column,
            Self::Column => Self::Row,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A matrix of a picture: a line a row, `+` works, `-` fails, `?` unknown, a blank: no meeting.
    fn matrix(picture: &[&str]) -> Interop {
        let names = ["reference", "ada", "bob", "eve", "joe"];
        let meeting = |c: char| {
            let verdict = match c {
                '+' => Verdict::Pass,
                '-' => Verdict::Fail,
                '?' => Verdict::Unknown,
                _ => return None,
            };
            Some(Meeting {
                verdict,
                blames: Vec::new(),
                says: None,
                odd: false,
            })
        };
        Interop {
            schema: SCHEMA,
            lab: Line::new("echo"),
            title: Line::new("Echo"),
            row_program: Line::new("server"),
            column_programs: vec![Line::new("client")],
            cases: Vec::new(),
            parties: names[..picture.len()]
                .iter()
                .map(|name| Party {
                    id: Line::new(name),
                    name: Line::new(name),
                    problems: Vec::new(),
                })
                .collect(),
            sayings: Vec::new(),
            meetings: picture
                .iter()
                .map(|row| row.chars().map(meeting).collect())
                .collect(),
            oddities: Vec::new(),
        }
        .judged()
    }

    #[track_caller]
    fn check(picture: &[&str], odd: &[(usize, usize)], says: &[&str]) {
        let matrix = matrix(picture);
        let mut seen = Vec::new();
        for (r, row) in matrix.meetings.iter().enumerate() {
            for (c, meeting) in row.iter().enumerate() {
                seen.extend(meeting.iter().filter(|one| one.odd).map(|_| (r, c)));
            }
        }
        assert_eq!(seen, odd);
        let said: Vec<&str> = matrix
            .oddities
            .iter()
            .map(|one| one.says.as_str())
            .collect();
        assert_eq!(said, says);
    }

    #[test]
    fn everybody_with_everybody_is_not_odd() {
        check(&["+++", "+++", "+++"], &[], &[]);
    }

    #[test]
    fn a_server_that_fails_with_everybody_is_wrong_and_not_odd() {
        check(&["+++", "---", "+++"], &[], &[]);
    }

    #[test]
    fn a_server_that_only_its_own_client_can_talk_to() {
        check(
            &["+-++", "-+--", "+-++", "+-++"],
            &[(1, 1)],
            &[
                "the server of ada works with its own client, and fails with the reference and with 2 others",
                "the client of ada works with its own server, and fails with the reference and with 2 others",
            ],
        );
    }

    #[test]
    fn a_dialect_that_two_share() {
        check(
            &["+++-", "++++", "+++-", "-++-"],
            &[(1, 3), (3, 1), (3, 2)],
            &[
                "the server of eve works with the client of ada, bob, and fails with the reference and with one other",
                "the client of eve works with the server of ada, and fails with the reference and with 2 others",
            ],
        );
    }

    #[test]
    fn two_that_each_work_with_the_reference_and_not_with_each_other() {
        check(
            &["+++", "++-", "+++"],
            &[(1, 2)],
            &[
                "the server of ada works with the reference, and not with the client of bob, though that works with the reference, too",
            ],
        );
    }

    #[test]
    fn a_client_that_many_servers_refuse_is_named_once() {
        check(
            &["++++", "++-+", "++-+", "++++"],
            &[(1, 2), (2, 2)],
            &[
                "the client of bob works with the reference, and not with the server of ada, their own, though those work with the reference, too",
            ],
        );
    }

    #[test]
    fn what_is_not_known_is_not_odd() {
        check(
            &["+++", "+?-", "??+"],
            &[(1, 2)],
            &[
                "the server of ada works with the reference, and not with the client of bob, though that works with the reference, too",
            ],
        );
        check(&["+ +", "   ", "+ +"], &[], &[]);
    }

    #[test]
    fn many_names_are_counted() {
        let matrix = matrix(&["+"]);
        let mut matrix = Interop {
            parties: (0..9)
                .map(|n| Party {
                    id: Line::new(""),
                    name: Line::new(&n.to_string()),
                    problems: Vec::new(),
                })
                .collect(),
            ..matrix
        };
        matrix.column_programs.push(Line::new("probe"));
        assert_eq!(
            matrix.names(&[1, 2, 3, 4, 5, 6, 7, 8], 2),
            "1, their own, 3, 4, 5, 6 and 2 others"
        );
        assert_eq!(matrix.programs(Side::Column), "client and probe");
    }
}
