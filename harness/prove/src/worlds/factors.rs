//! What must not matter, and the values of it that this machine can make.
//!
//! What a box shows a program (its environment, its mask, its terminal) is always the same. What varies is the surroundings
//! of the tool and of the machine, and what a program's author can choose: how it is built.

use std::process::{Command, Stdio};

/// Something that must not matter. The first value is the usual one.
#[derive(Clone, Debug)]
pub(super) struct Factor {
    /// `umask`
    pub name: &'static str,
    /// At least one.
    pub values: Vec<Value>,
}

/// A value of a factor.
#[derive(Clone, Debug)]
pub(super) struct Value {
    /// As tables write it.
    pub name: &'static str,
    /// What is done for it.
    pub effect: Effect,
}

/// What is done for a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// Nothing.
    Usual,
    /// A line of the shell that starts the tool.
    Shell(&'static str),
    /// A variable of its environment.
    Variable(&'static str, &'static str),
    /// That variable is not set.
    Unset(&'static str),
    /// It has no environment but `PATH` and its cache.
    EmptyEnvironment,
    /// It has a hundred kilobytes of it.
    LargeEnvironment,
    /// `HOME` is a folder that is new.
    NewHome,
    /// `TMPDIR` is a folder with a long and odd name.
    OddTemporary,
    /// The submissions lie deep, in folders with odd names.
    OddFolder,
    /// Another user runs it.
    OtherUser,
    /// Words before the command.
    Prefix(&'static [&'static str]),
    /// Every processor is busy meanwhile.
    Load,
    /// An option of `validate` itself.
    Option(&'static str),
}

impl Effect {
    /// Whether this machine can do it.
    fn is_possible(self) -> bool {
        match self {
            Self::Prefix(words) => works(words),
            Self::OtherUser => works(OTHER_USER),
            Self::Variable("CC", compiler) => works(&[compiler, "--version"]),
            _ => true,
        }
    }
}

/// How another user is taken on.
pub(super) const OTHER_USER: &[&str] = &[
    "setpriv",
    "--reuid=65534",
    "--regid=65534",
    "--clear-groups",
];

/// Whether a command succeeds, with `true` behind it where it is the beginning of one.
fn works(words: &[&str]) -> bool {
    let [program, rest @ ..] = words else {
        return false;
    };
    let whole = rest.last().is_some_and(|last| *last == "--version");
    let mut command = Command::new(program);
    command.args(rest).args((!whole).then_some("true"));
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// All factors with the values that this machine can make.
pub(super) fn factors() -> Vec<Factor> {
    use Effect::{
        EmptyEnvironment, LargeEnvironment, Load, NewHome, OddFolder, OddTemporary, Option,
        OtherUser, Prefix, Shell, Unset, Usual, Variable,
    };
    let all: [(&str, &[(&str, Effect)]); 16] = [
        // The dearest ones first: their values are spread over the fewest worlds.
        (
            "build",
            &[
                ("-O0", Usual),
                ("-O2", Option("--build-flags=-O2")),
                ("-O3", Option("--build-flags=-O3")),
                ("-static", Option("--build-flags=-static")),
                ("-fPIE", Option("--build-flags=-fPIE -pie")),
            ],
        ),
        (
            "compiler",
            &[
                ("cc", Usual),
                ("gcc", Variable("CC", "gcc")),
                ("clang", Variable("CC", "clang")),
            ],
        ),
        ("user", &[("as is", Usual), ("nobody", OtherUser)]),
        (
            "umask",
            &[
                ("022", Shell("umask 022")),
                ("000", Shell("umask 000")),
                ("077", Shell("umask 077")),
            ],
        ),
        (
            "locale",
            &[
                ("C.UTF-8", Variable("LC_ALL", "C.UTF-8")),
                ("C", Variable("LC_ALL", "C")),
                ("none such", Variable("LC_ALL", "tr_TR.ISO-8859-9")),
            ],
        ),
        (
            "home",
            &[("as is", Usual), ("new", NewHome), ("none", Unset("HOME"))],
        ),
        ("tmpdir", &[("as is", Usual), ("odd", OddTemporary)]),
        (
            "environment",
            &[
                ("as is", Usual),
                ("empty", EmptyEnvironment),
                ("large", LargeEnvironment),
            ],
        ),
        (
            "descriptors",
            &[
                ("3", Usual),
                (
                    "10",
                    Shell(
                        "n=3; while [ $n -lt 10 ]; do eval \"exec $n</dev/null\"; n=$((n+1)); done",
                    ),
                ),
                ("programs'", Option("--occupied=40")),
            ],
        ),
        ("folder", &[("as is", Usual), ("deep, odd", OddFolder)]),
        (
            "zone",
            &[
                ("UTC", Variable("TZ", "UTC")),
                ("+5:45", Variable("TZ", "Asia/Kathmandu")),
            ],
        ),
        (
            "clock",
            &[
                ("as is", Usual),
                (
                    "later",
                    Prefix(&[
                        "unshare",
                        "-T",
                        "--monotonic",
                        "9000000",
                        "--boottime",
                        "9000000",
                    ]),
                ),
            ],
        ),
        (
            "addresses",
            &[("fixed", Usual), ("drawn", Option("--random-addresses"))],
        ),
        (
            "processors",
            &[("all", Usual), ("one", Prefix(&["taskset", "-c", "0"]))],
        ),
        ("load", &[("none", Usual), ("busy", Load)]),
        (
            "stack",
            &[
                ("8 MiB", Shell("ulimit -S -s 8192")),
                ("1 MiB", Shell("ulimit -S -s 1024")),
            ],
        ),
    ];
    let possible = |(name, effect): &(&'static str, Effect)| {
        effect.is_possible().then_some(Value {
            name,
            effect: *effect,
        })
    };
    all.into_iter()
        .map(|(name, values)| Factor {
            name,
            values: values.iter().filter_map(possible).collect(),
        })
        .collect()
}
