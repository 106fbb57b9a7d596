//! Arguments that several commands have. Each stands here once, and is flattened into the commands.

use std::path::PathBuf;

use clap_complete::ArgValueCompleter;

use super::complete::{case_ids, lab_names};
use super::values::{AudienceArg, Isolation, PassMark, ReportFormat, SystemArg, TierArg};

/// Which lab.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct LabArgs {
    /// The lab's name, or the path of a spec
    #[arg(long, conflicts_with = "spec", add = ArgValueCompleter::new(lab_names))]
    pub(crate) lab: Option<String>,
    /// A spec file
    #[arg(long, value_name = "FILE")]
    pub(crate) spec: Option<PathBuf>,
}

/// Which labs.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct LabsArgs {
    /// Labs by name, or spec files; left out: every lab
    #[arg(value_name = "LAB|SPEC", add = ArgValueCompleter::new(lab_names))]
    pub(crate) labs: Vec<String>,
}

/// Which cases of it.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct SelectArgs {
    /// Only this case; can be given several times
    #[arg(long = "case", value_name = "ID", add = ArgValueCompleter::new(case_ids))]
    pub(crate) cases: Vec<String>,
    #[command(flatten)]
    pub(crate) tiers: TierArgs,
}

/// Which tiers of it.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct TierArgs {
    /// Only this tier; can be given several times
    #[arg(long = "tier", value_enum, value_name = "TIER")]
    pub(crate) tiers: Vec<TierArg>,
}

/// How programs are built and run.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct RunArgs {
    /// How programs are kept apart
    #[arg(long, value_enum, default_value_t = Isolation::Auto, value_name = "LEVEL")]
    pub(crate) isolation: Isolation,
    /// A toolchain that submissions may name beside the system's: the folder that has its bin; boxes show all of it; can be
    /// given several times. The default one of rustup is found by itself
    #[arg(long = "toolchain", value_name = "DIR")]
    pub(crate) toolchains: Vec<PathBuf>,
    /// Build everything anew and keep no builds
    #[arg(long)]
    pub(crate) no_cache: bool,
}

/// Whether strangers' programs may have the grader's own rights.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct TrustArgs {
    /// Run the submissions' programs with your own rights where they can have no others: at the shared level without root
    #[arg(long)]
    pub(crate) trust_submissions: bool,
}

/// How much is done at a time.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct JobsArgs {
    /// How many submissions are graded at a time; left out: one a processor
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) jobs: Option<u16>,
}

/// What is drawn.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct SeedArgs {
    /// Seed of what random cases draw; the same seed draws the same
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,
}

/// Where a class and its students come from.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ClassArgs {
    /// A CSV file that says who is who: name, number, login, email, section, late
    #[arg(long, value_name = "FILE")]
    pub(crate) roster: Option<PathBuf>,
    /// Where the class comes from; left out: told by the names in it
    #[arg(long, value_enum, value_name = "SYSTEM")]
    pub(crate) from: Option<SystemArg>,
}

/// A report's form, audience and destination.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Presentation {
    /// Form of the report
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    pub(crate) format: ReportFormat,
    /// Show the whole report as text: every case, finding and conversation; left out: what to mend first. One case is always
    /// shown whole
    #[arg(long)]
    pub(crate) all: bool,
    /// Show so many steps of a hint that has several
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=9))]
    pub(crate) hint: u8,
    /// Write the report into this file instead of stdout
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Points, or a share of the points like 80%, from which on the exit status is 0; left out: all points
    #[arg(long, value_name = "MARK")]
    pub(crate) pass_mark: Option<PassMark>,
    /// Who reads the report: cases that they may not see are left out of it
    #[arg(long = "for", value_enum, default_value_t = AudienceArg::Students, value_name = "WHO")]
    pub(crate) audience: AudienceArg,
}
