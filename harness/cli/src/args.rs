//! The command line, as its user sees it.

mod examples;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use ipclab_report::Audience;
use ipclab_sandbox::Wish;
use ipclab_spec::Tier;

use crate::batch::Shard;
use examples::{
    CERTIFY_EXAMPLES, CHECK_EXAMPLES, EXAMPLES, EXPORT_EXAMPLES, GOLDEN_EXAMPLES, GRADE_EXAMPLES,
    INIT_EXAMPLES, INTEROP_EXAMPLES, MERGE_EXAMPLES, SLURM_EXAMPLES, VALIDATE_EXAMPLES,
};
use ipclab_intake::import::System;

/// Grades C programs on System V shared memory and sockets by running them beside reference programs.
#[derive(Debug, Parser)]
#[command(name = "ipclab", version, subcommand_required = true, arg_required_else_help = true, after_help = EXAMPLES)]
pub(crate) struct Args {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Colours in the output
    #[arg(long, value_enum, default_value_t = When::Auto, global = true, value_name = "WHEN")]
    pub(crate) color: When,
}

/// Commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Build a submission, run every case and report
    #[command(after_help = CHECK_EXAMPLES)]
    Check(Check),
    /// Grade a whole class
    #[command(after_help = GRADE_EXAMPLES)]
    Grade(Grade),
    /// Let everybody's programs meet everybody else's
    #[command(after_help = INTEROP_EXAMPLES)]
    Interop(Interop),
    /// Bring together parts of a class that were graded apart
    #[command(after_help = MERGE_EXAMPLES)]
    Merge(Merge),
    /// Write what other systems need to grade with this tool
    #[command(subcommand)]
    Package(PackageCommand),
    /// Prove specs on programs of which it is known what they must get
    #[command(after_help = VALIDATE_EXAMPLES)]
    Validate(Validate),
    /// Run the same programs again and again in different ways: every verdict must stay the same
    #[command(after_help = CERTIFY_EXAMPLES)]
    Certify(Certify),
    /// Compare what every submission of a lab gets with what is written down
    #[command(after_help = GOLDEN_EXAMPLES)]
    Golden(Golden),
    /// Show what the unit asks, and which cases test it
    Coverage {
        /// Form of the table
        #[arg(long, value_enum, default_value_t = TableFormat::Text)]
        format: TableFormat,
    },
    /// Judge again what `check --keep DIR` observed, without running anything
    Judge {
        /// Folder that was written by --keep
        folder: PathBuf,
        #[command(flatten)]
        presentation: Presentation,
    },
    /// Write a class's marks as other systems take them
    #[command(after_help = EXPORT_EXAMPLES)]
    Export(Export),
    /// Write a folder to start working in, or a workflow that grades every push
    #[command(after_help = INIT_EXAMPLES)]
    Init(Init),
    /// Print completions for a shell
    Completions {
        /// Which shell
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
    /// Write man pages into a folder
    Man {
        /// The folder
        folder: PathBuf,
    },
    /// Help for writing labs
    #[command(subcommand)]
    Spec(SpecCommand),
    /// Play a reference program: `ipclab reference iserver 2`
    Reference {
        /// The program; left out: all of them are listed
        name: Option<String>,
        /// Its own arguments
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<OsString>,
    },
    /// Try what the sandbox needs, and say what to do where it does not work
    Doctor,
    /// Say in words what a lab's cases do and want
    Explain {
        /// A lab's name, or a spec file
        lab: String,
        /// One of its cases
        case: Option<String>,
    },
    /// List the labs, or show a lab's handout
    Labs {
        /// Show the handout of this lab
        lab: Option<String>,
        /// Write the lab's starter files into this folder
        #[arg(long, value_name = "DIR", requires = "lab")]
        starter: Option<PathBuf>,
    },
}

/// Arguments of `check`.
#[derive(Debug, clap::Args)]
pub(crate) struct Check {
    /// The student's folder
    #[arg(default_value = ".")]
    pub(crate) folder: PathBuf,
    /// The lab's name, or the path of a spec; left out: told by the programs in the folder
    #[arg(long, conflicts_with = "spec")]
    pub(crate) lab: Option<String>,
    /// A spec file
    #[arg(long, value_name = "FILE")]
    pub(crate) spec: Option<PathBuf>,
    /// Only this case; can be given several times
    #[arg(long = "case", value_name = "ID")]
    pub(crate) cases: Vec<String>,
    /// Only this tier; can be given several times
    #[arg(long = "tier", value_enum, value_name = "TIER")]
    pub(crate) tiers: Vec<TierArg>,
    #[command(flatten)]
    pub(crate) presentation: Presentation,
    /// Keep plans and evidence in this folder
    #[arg(long, value_name = "DIR")]
    pub(crate) keep: Option<PathBuf>,
    /// How programs are kept apart
    #[arg(long, value_enum, default_value_t = Isolation::Auto, value_name = "LEVEL")]
    pub(crate) isolation: Isolation,
    /// How many cases run at a time; left out: one a processor
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) jobs: Option<u16>,
    /// Seed of what random cases draw; the same seed draws the same
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,
    /// Build everything anew and keep no builds
    #[arg(long)]
    pub(crate) no_cache: bool,
    /// Grade again whenever a file was saved, until Ctrl-C
    #[arg(long)]
    pub(crate) watch: bool,
}

/// Arguments of `grade`.
#[derive(Debug, clap::Args)]
pub(crate) struct Grade {
    /// A folder or an archive with everybody's submissions
    pub(crate) submissions: PathBuf,
    /// The lab's name, or the path of a spec
    #[arg(long, conflicts_with = "spec")]
    pub(crate) lab: Option<String>,
    /// A spec file
    #[arg(long, value_name = "FILE")]
    pub(crate) spec: Option<PathBuf>,
    /// The folder for the results; what is there already is gone on with
    #[arg(short, long, value_name = "DIR", required_unless_present = "list")]
    pub(crate) out: Option<PathBuf>,
    /// How many submissions are graded at a time; left out: one a processor
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) jobs: Option<u16>,
    /// Only who is called so, by id, name or number; can be given several times
    #[arg(long, value_name = "NAME", num_args = 1..)]
    pub(crate) only: Vec<String>,
    /// Grade again what has not changed, too
    #[arg(long)]
    pub(crate) regrade: bool,
    /// A CSV file that says who is who: name, number, login, email, section, late
    #[arg(long, value_name = "FILE")]
    pub(crate) roster: Option<PathBuf>,
    /// Where the class comes from; left out: told by the names in it
    #[arg(long, value_enum, value_name = "SYSTEM")]
    pub(crate) from: Option<SystemArg>,
    /// Only the part K of N, for several machines: 1/3
    #[arg(long, value_name = "K/N")]
    pub(crate) shard: Option<Shard>,
    /// Show who is in the class, and grade nobody
    #[arg(long)]
    pub(crate) list: bool,
    /// Only this case; can be given several times
    #[arg(long = "case", value_name = "ID")]
    pub(crate) cases: Vec<String>,
    /// Only this tier; can be given several times
    #[arg(long = "tier", value_enum, value_name = "TIER")]
    pub(crate) tiers: Vec<TierArg>,
    /// How programs are kept apart
    #[arg(long, value_enum, default_value_t = Isolation::Auto, value_name = "LEVEL")]
    pub(crate) isolation: Isolation,
    /// Seed of what random cases draw; the same seed draws the same
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,
    /// Build everything anew, keep no builds, and run the same program again for each who handed it in
    #[arg(long)]
    pub(crate) no_cache: bool,
}

/// Arguments of `interop`.
#[derive(Debug, clap::Args)]
pub(crate) struct Interop {
    /// A folder or an archive with everybody's submissions
    pub(crate) submissions: PathBuf,
    /// The lab's name, or the path of a spec
    #[arg(long, conflicts_with = "spec")]
    pub(crate) lab: Option<String>,
    /// A spec file
    #[arg(long, value_name = "FILE")]
    pub(crate) spec: Option<PathBuf>,
    /// The folder for the results
    #[arg(short, long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// How many pairs meet at a time; left out: one a processor
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) jobs: Option<u16>,
    /// A CSV file that says who is who: name, number, login, email, section, late
    #[arg(long, value_name = "FILE")]
    pub(crate) roster: Option<PathBuf>,
    /// Where the class comes from; left out: told by the names in it
    #[arg(long, value_enum, value_name = "SYSTEM")]
    pub(crate) from: Option<SystemArg>,
    /// Only this case; can be given several times
    #[arg(long = "case", value_name = "ID")]
    pub(crate) cases: Vec<String>,
    /// Only this tier; can be given several times
    #[arg(long = "tier", value_enum, value_name = "TIER")]
    pub(crate) tiers: Vec<TierArg>,
    /// How programs are kept apart
    #[arg(long, value_enum, default_value_t = Isolation::Auto, value_name = "LEVEL")]
    pub(crate) isolation: Isolation,
    /// Build everything anew and keep no builds
    #[arg(long)]
    pub(crate) no_cache: bool,
}

/// Arguments of `merge`.
#[derive(Debug, clap::Args)]
pub(crate) struct Merge {
    /// Folders that `grade --shard` wrote
    #[arg(required = true, value_name = "DIR")]
    pub(crate) folders: Vec<PathBuf>,
    /// The folder for what comes of them together
    #[arg(short, long, value_name = "DIR")]
    pub(crate) out: PathBuf,
}

/// Arguments of `validate`.
#[derive(Debug, clap::Args)]
pub(crate) struct Validate {
    /// Labs by name, or spec files; left out: every lab
    #[arg(value_name = "LAB|SPEC")]
    pub(crate) labs: Vec<String>,
    /// Only this tier; can be given several times
    #[arg(long = "tier", value_enum, value_name = "TIER")]
    pub(crate) tiers: Vec<TierArg>,
    /// How many submissions are tried at a time; left out: one a processor
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) jobs: Option<u16>,
    /// Write what came out into the expected.toml files that say otherwise
    #[arg(long)]
    pub(crate) update: bool,
    /// Instead of trying submissions, make programs that pass wrong, one call at a time: every change must cost points
    #[arg(long, conflicts_with = "update")]
    pub(crate) mutants: bool,
    /// Form of the result
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

/// Arguments of `golden`.
#[derive(Debug, clap::Args)]
pub(crate) struct Golden {
    /// Labs by name, or spec files; left out: every lab
    #[arg(value_name = "LAB|SPEC")]
    pub(crate) labs: Vec<String>,
    /// Write down what came out, instead of comparing it
    #[arg(long)]
    pub(crate) record: bool,
    /// Write each report into this folder, too, without what is another in every run
    #[arg(long, value_name = "DIR")]
    pub(crate) reports: Option<PathBuf>,
    /// How many submissions are graded at a time; left out: one a processor
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) jobs: Option<u16>,
}

/// Arguments of `certify`.
#[derive(Debug, clap::Args)]
pub(crate) struct Certify {
    /// Labs by name, or spec files; left out: every lab
    #[arg(value_name = "LAB|SPEC")]
    pub(crate) labs: Vec<String>,
    /// How many runs, over all ways together
    #[arg(long, value_name = "N", default_value_t = 2000)]
    pub(crate) runs: usize,
    /// Only this way of running; can be given several times
    #[arg(long = "way", value_enum, value_name = "WAY")]
    pub(crate) ways: Vec<crate::certify::Way>,
    /// Only this case; can be given several times
    #[arg(long = "case", value_name = "ID")]
    pub(crate) cases: Vec<String>,
    /// Only this tier; can be given several times
    #[arg(long = "tier", value_enum, value_name = "TIER")]
    pub(crate) tiers: Vec<TierArg>,
    /// Seed of the order, of the delays and of what random cases draw
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,
    /// How many boxes run at a time; left out: one a processor
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) jobs: Option<u16>,
    /// Where the runs go that disagree; it is made only when there are some
    #[arg(long, value_name = "DIR", default_value_os_t = crate::certify::keep_default())]
    pub(crate) keep: PathBuf,
    /// Form of the result
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

/// Systems that the tool can be packed for.
#[derive(Debug, Subcommand)]
pub(crate) enum PackageCommand {
    /// A script for Slurm: a class as an array of jobs, and a last one that merges
    #[command(after_help = SLURM_EXAMPLES)]
    Slurm(Slurm),
    /// A zip for Gradescope: the tool, what installs it and what runs it
    Gradescope(Gradescope),
}

/// Arguments of `package gradescope`.
#[derive(Debug, clap::Args)]
pub(crate) struct Gradescope {
    /// The lab's name, or the path of a spec
    #[arg(long)]
    pub(crate) lab: String,
    /// The zip
    #[arg(short, long, value_name = "FILE", default_value = "autograder.zip")]
    pub(crate) output: PathBuf,
    /// The executable to put in; left out: this one
    #[arg(long, value_name = "FILE")]
    pub(crate) tool: Option<PathBuf>,
}

/// Arguments of `init`.
#[derive(Debug, clap::Args)]
pub(crate) struct Init {
    /// Write this lab's starter files and handout
    pub(crate) lab: Option<String>,
    /// Into this folder; left out: one called like the lab, or the current one
    pub(crate) folder: Option<PathBuf>,
    /// Write a workflow that grades every push
    #[arg(long, value_enum, value_name = "SYSTEM")]
    pub(crate) ci: Option<Ci>,
}

/// CI systems.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Ci {
    /// GitHub Actions
    Github,
}

/// Arguments of `export`.
#[derive(Debug, clap::Args)]
pub(crate) struct Export {
    /// What it is for
    #[arg(value_enum)]
    pub(crate) form: ExportForm,
    /// Folder that `grade` wrote
    pub(crate) class: PathBuf,
    /// The file that was downloaded and is to be filled
    #[arg(long, value_name = "FILE")]
    pub(crate) fill: Option<PathBuf>,
    /// Canvas: the assignment's title. Moodle: the header of the column of grades, where it is not known
    #[arg(long, value_name = "NAME")]
    pub(crate) column: Option<String>,
    /// Moodle: the header of the column of feedback, where it is not known
    #[arg(long, value_name = "NAME")]
    pub(crate) feedback: Option<String>,
    /// Write into this file instead of stdout
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// What a class can be exported for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportForm {
    /// Canvas's gradebook, filled
    Canvas,
    /// Moodle's grading worksheet, filled
    Moodle,
    /// A table for spreadsheets
    Csv,
    /// The page of the class
    Html,
}

/// Arguments of `package slurm`.
#[derive(Debug, clap::Args)]
pub(crate) struct Slurm {
    /// A folder or an archive with everybody's submissions, where every node sees it
    pub(crate) submissions: PathBuf,
    /// The lab's name, or the path of a spec
    #[arg(long)]
    pub(crate) lab: String,
    /// The folder for the results, where every node sees it
    #[arg(short, long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// How many jobs the class is spread over
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(crate) parts: u16,
    /// A CSV file that says who is who, where every node sees it
    #[arg(long, value_name = "FILE")]
    pub(crate) roster: Option<PathBuf>,
    /// Where the class comes from; left out: told by the names in it
    #[arg(long, value_enum, value_name = "SYSTEM")]
    pub(crate) from: Option<SystemArg>,
    /// Only this tier; can be given several times
    #[arg(long = "tier", value_enum, value_name = "TIER")]
    pub(crate) tiers: Vec<TierArg>,
    /// Processors of each job
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) processors: u16,
}

/// Commands for authors of labs.
#[derive(Debug, Subcommand)]
pub(crate) enum SpecCommand {
    /// Check specs and show every mistake
    Check {
        /// Spec files
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Print a JSON Schema of the spec language, for editors
    Schema,
}

/// Whether to colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum When {
    /// On a terminal
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// What a report looks like, who reads it and where it goes.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Presentation {
    /// Form of the report
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    pub(crate) format: ReportFormat,
    /// Write the report into this file instead of stdout
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Who reads the report: cases that they may not see are left out of it
    #[arg(long = "for", value_enum, default_value_t = AudienceArg::Students, value_name = "WHO")]
    pub(crate) audience: AudienceArg,
}

/// Forms of a report about one submission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportFormat {
    /// For people, on a terminal
    Text,
    /// For programs: ipclab/report/v1
    Json,
    /// A page, self-contained, with diagrams
    Html,
    /// For comments and summaries
    Markdown,
    /// JUnit XML, for CI systems
    Junit,
    /// A table of the cases
    Csv,
    /// Test Anything Protocol 14
    Tap,
    /// Common Test Report Format, for dashboards
    Ctrf,
    /// Gradescope's results.json
    Gradescope,
    /// Annotations and step summary of GitHub Actions
    Github,
    /// Classroom 50's result.json
    Classroom50,
}

/// Readers of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum AudienceArg {
    /// Cases that are hidden, or shown after the deadline, are left out and not counted
    Students,
    /// Only hidden cases are left out
    StudentsAfterDeadline,
    /// Everything
    Staff,
}

impl From<AudienceArg> for Audience {
    fn from(audience: AudienceArg) -> Self {
        match audience {
            AudienceArg::Students => Self::Students,
            AudienceArg::StudentsAfterDeadline => Self::StudentsAfterDeadline,
            AudienceArg::Staff => Self::Staff,
        }
    }
}

/// Forms of other results.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Text,
    /// For programs: ipclab/report/v1
    Json,
}

/// Forms of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TableFormat {
    /// For people
    Text,
    /// For documents
    Markdown,
    /// For programs: ipclab/coverage/v1
    Json,
}

/// Tiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TierArg {
    /// What the unit's own listings do
    Core,
    /// What a careful engineer adds
    Robust,
    /// What the unit promises beyond its listings
    Stretch,
}

impl From<TierArg> for Tier {
    fn from(tier: TierArg) -> Self {
        match tier {
            TierArg::Core => Self::Core,
            TierArg::Robust => Self::Robust,
            TierArg::Stretch => Self::Stretch,
        }
    }
}

/// What a spec calls them.
pub(crate) fn tiers(named: &[TierArg]) -> Vec<Tier> {
    named.iter().map(|tier| Tier::from(*tier)).collect()
}

/// Levels of isolation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Isolation {
    /// Namespaces where they work
    Auto,
    /// A world of its own for each case
    Namespaces,
    /// This machine's own world, one case after another
    Shared,
}

impl From<Isolation> for Wish {
    fn from(isolation: Isolation) -> Self {
        match isolation {
            Isolation::Auto => Self::Auto,
            Isolation::Namespaces => Self::Namespaces,
            Isolation::Shared => Self::Shared,
        }
    }
}

/// Where a class can come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SystemArg {
    /// Canvas: "Download Submissions"
    Canvas,
    /// Moodle: "Download all submissions"
    Moodle,
    /// Gradescope: "Export Submissions"
    Gradescope,
    /// Clones of GitHub Classroom or Classroom 50
    Github,
    /// A folder with a folder, an archive or a .c file for each student
    Folders,
}

impl From<SystemArg> for System {
    fn from(system: SystemArg) -> Self {
        match system {
            SystemArg::Canvas => Self::Canvas,
            SystemArg::Moodle => Self::Moodle,
            SystemArg::Gradescope => Self::Gradescope,
            SystemArg::Github => Self::Github,
            SystemArg::Folders => Self::Folders,
        }
    }
}
