//! Measures that a case can be run without, so that a benchmark sees what each of them costs.
//!
//! A case that is judged has all of them. What a keeper leaves out is an argument of its start: no plan, spec or program has a
//! word for it, and the evidence of a case that lacked a measure says so in its notes.

/// Something that every case has for the sake of what the threat model promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Time is the case's own; without it, it is the machine's. For programs that neither wait for a time nor ask for one.
    Clock,
    /// The tracer receives in the stead of a program that talks to another student's.
    Witness,
    /// A segment is attached far from all else, and what lies between its end and its page's is filled.
    Placement,
    /// Students' programs have pid and mount namespaces of their own.
    Apart,
    /// Each student's actor has terminals of its own.
    Terminals,
    /// `/proc/sys` is read-only to students' programs.
    Settings,
    /// Calls that name an address are made in the program's stead, at the `shared` level.
    Addresses,
    /// Landlock bounds what programs may do with files, at the `shared` level.
    Landlock,
    /// Pipes are counted: each call that makes one stops.
    Pipes,
    /// Memory that is mapped for sharing is counted: each such call stops, and what is mapped is read.
    Mapped,
}

impl Measure {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Clock,
        Self::Witness,
        Self::Placement,
        Self::Apart,
        Self::Terminals,
        Self::Settings,
        Self::Addresses,
        Self::Landlock,
        Self::Pipes,
        Self::Mapped,
    ];

    /// What notes call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Clock => "the case's clock",
            Self::Witness => "witnessed bytes",
            Self::Placement => "segments far from all else",
            Self::Apart => "students' programs apart",
            Self::Terminals => "terminals of its own",
            Self::Settings => "closed /proc/sys",
            Self::Addresses => "checked addresses",
            Self::Landlock => "Landlock",
            Self::Pipes => "counted pipes",
            Self::Mapped => "counted mappings",
        }
    }

    fn bit(self) -> u32 {
        1 << self as u32
    }
}

/// The measures that a keeper's cases lack.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct LeftOut(u32);

impl LeftOut {
    pub(crate) fn new(measures: &[Measure]) -> Self {
        Self(
            measures
                .iter()
                .fold(0, |bits, measure| bits | measure.bit()),
        )
    }

    /// Whether cases lack it.
    pub(crate) fn lacks(self, measure: Measure) -> bool {
        self.0 & measure.bit() != 0
    }

    /// As an argument of a keeper's start.
    pub(crate) fn to_argument(self) -> String {
        self.0.to_string()
    }

    /// What such an argument says; what is no such argument leaves nothing out.
    pub(crate) fn from_argument(argument: &std::ffi::OsStr) -> Self {
        let bits = argument.to_str().and_then(|bits| bits.parse().ok());
        Self(bits.unwrap_or(0))
    }

    /// What the evidence says of it; `None`: nothing is left out.
    pub(crate) fn note(self) -> Option<String> {
        let names: Vec<_> = Measure::ALL
            .into_iter()
            .filter(|measure| self.lacks(*measure))
            .map(Measure::name)
            .collect();
        (!names.is_empty()).then(|| format!("measured without: {}", names.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_argument_says_what_is_left_out_and_a_note_names_it() {
        let check = |measures: &[Measure], note: Option<&str>| {
            let left_out = LeftOut::new(measures);
            let again = LeftOut::from_argument(left_out.to_argument().as_ref());
            assert_eq!(again, left_out);
            assert_eq!(again.note().as_deref(), note);
            for measure in Measure::ALL {
                assert_eq!(again.lacks(measure), measures.contains(&measure));
            }
        };
        check(&[], None);
        check(
            &[Measure::Landlock, Measure::Clock],
            Some("measured without: the case's clock, Landlock"),
        );
        check(
            &[Measure::Apart],
            Some("measured without: students' programs apart"),
        );
        assert_eq!(LeftOut::from_argument("x".as_ref()), LeftOut::default());
    }
}
