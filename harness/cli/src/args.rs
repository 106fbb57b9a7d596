//! The command line, as its user sees it: low arguments. [`high`] makes of them what the commands work with.

mod complete;
mod examples;
mod high;
pub(crate) mod shared;
pub(crate) mod values;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Parser, Subcommand};
use clap_complete::ArgValueCompleter;
use ipclab_class::batch::Shard;

use crate::about;
use complete::{case_ids, lab_names, reference_names};
use examples::{
    CERTIFY_EXAMPLES, CHECK_EXAMPLES, DIFF_EXAMPLES, EXAMPLES, EXPORT_EXAMPLES, GOLDEN_EXAMPLES,
    GRADE_EXAMPLES, INIT_EXAMPLES, INTEROP_EXAMPLES, MERGE_EXAMPLES, REFRESH_EXAMPLES,
    SLURM_EXAMPLES, VALIDATE_EXAMPLES, VERIFY_EXAMPLES,
};
use shared::{
    ClassArgs, JobsArgs, LabArgs, LabsArgs, Presentation, RunArgs, SeedArgs, SelectArgs, TierArgs,
    TrustArgs,
};
use values::{
    Ci, DiffForm, ExportForm, Format, PassMark, TableFormat, WayArg, When, address, sha256,
};

/// Grades C programs on System V shared memory and sockets by running them beside reference programs.
#[derive(Debug, Parser)]
#[command(name = "ipclab", version = about::version(), long_version = about::long_version(), subcommand_required = true, arg_required_else_help = true, after_help = EXAMPLES)]
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
    /// Let the programs of all students meet each other's
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
    /// Compare two gradings of a class: who gained, who lost, by which case and cause
    #[command(after_help = DIFF_EXAMPLES)]
    Diff(Diff),
    /// Write pages and tables anew, by what class.toml and overrides.toml say now; nothing is graded
    #[command(after_help = REFRESH_EXAMPLES)]
    Refresh(Refresh),
    /// Build and run submissions of a graded class again, and compare
    #[command(after_help = VERIFY_EXAMPLES)]
    Verify(Verify),
    /// Write a class's marks as other systems take them
    #[command(after_help = EXPORT_EXAMPLES)]
    Export(Export),
    /// Write a folder to start working in, a workflow that grades every push, or a container to work in
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
        #[arg(add = ArgValueCompleter::new(reference_names))]
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
        #[arg(add = ArgValueCompleter::new(lab_names))]
        lab: String,
        /// One of its cases
        #[arg(add = ArgValueCompleter::new(case_ids))]
        case: Option<String>,
    },
    /// List the labs, or show a lab's handout
    Labs {
        /// Show the handout of this lab
        #[arg(add = ArgValueCompleter::new(lab_names))]
        lab: Option<String>,
        /// Write the lab's starter files into this folder
        #[arg(long, value_name = "DIR", requires = "lab")]
        starter: Option<PathBuf>,
        /// Write one of the lab's rejected submissions as a folder
        #[arg(
            long,
            value_name = "NAME",
            requires = "lab",
            requires = "out",
            conflicts_with = "starter"
        )]
        fault: Option<String>,
        /// The folder for it
        #[arg(short, long, value_name = "DIR", requires = "fault")]
        out: Option<PathBuf>,
    },
}

/// Arguments of `check`.
#[derive(Debug, clap::Args)]
#[command(mut_arg("lab", |arg| arg.help("The lab's name, or the path of a spec; left out: told by the programs in the folder")))]
#[command(mut_arg("jobs", |arg| arg.help("How many cases run at a time; left out: one a processor")))]
pub(crate) struct Check {
    /// The student's folder, or the file of a fault: labs/LAB/submissions/rejected/NAME.toml
    #[arg(default_value = ".")]
    pub(crate) folder: PathBuf,
    #[command(flatten)]
    pub(crate) lab: LabArgs,
    #[command(flatten)]
    pub(crate) select: SelectArgs,
    #[command(flatten)]
    pub(crate) presentation: Presentation,
    /// Keep plans and evidence in this folder
    #[arg(long, value_name = "DIR")]
    pub(crate) keep: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) run: RunArgs,
    #[command(flatten)]
    pub(crate) jobs: JobsArgs,
    #[command(flatten)]
    pub(crate) seed: SeedArgs,
    /// Follow this schedule, which --keep wrote, in cases that would try many
    #[arg(long, value_name = "FILE")]
    pub(crate) schedule: Option<PathBuf>,
    /// Grade again whenever a file was saved, until Ctrl-C
    #[arg(long)]
    pub(crate) watch: bool,
}

/// Arguments of `grade`.
#[derive(Debug, clap::Args)]
#[command(mut_arg("jobs", |arg| arg.short('j')))]
#[command(mut_arg("no_cache", |arg| arg.help("Build everything anew, keep no builds, and run the same program again for each who handed it in")))]
pub(crate) struct Grade {
    /// A folder or an archive with all submissions
    pub(crate) submissions: PathBuf,
    #[command(flatten)]
    pub(crate) lab: LabArgs,
    /// The folder for the results; what is there already is gone on with
    #[arg(short, long, value_name = "DIR", required_unless_present = "list")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) jobs: JobsArgs,
    /// Only who is called so, by id, name or number; can be given several times
    #[arg(long, value_name = "NAME", num_args = 1..)]
    pub(crate) only: Vec<String>,
    /// Grade again what has not changed, too
    #[arg(long)]
    pub(crate) regrade: bool,
    /// Let what another spec or tool says take the place of the class's marks without asking
    #[arg(long)]
    pub(crate) replace: bool,
    #[command(flatten)]
    pub(crate) class: ClassArgs,
    /// Only the part K of N, for several machines: 1/3
    #[arg(long, value_name = "K/N")]
    pub(crate) shard: Option<Shard>,
    /// Show who is in the class, and grade no submission
    #[arg(long)]
    pub(crate) list: bool,
    #[command(flatten)]
    pub(crate) select: SelectArgs,
    #[command(flatten)]
    pub(crate) run: RunArgs,
    #[command(flatten)]
    pub(crate) trust: TrustArgs,
    #[command(flatten)]
    pub(crate) seed: SeedArgs,
}

/// Arguments of `interop`.
#[derive(Debug, clap::Args)]
#[command(mut_arg("jobs", |arg| arg.short('j').help("How many pairs meet at a time; left out: one a processor")))]
pub(crate) struct Interop {
    /// A folder or an archive with all submissions
    pub(crate) submissions: PathBuf,
    #[command(flatten)]
    pub(crate) lab: LabArgs,
    /// The folder for the results
    #[arg(short, long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    #[command(flatten)]
    pub(crate) jobs: JobsArgs,
    #[command(flatten)]
    pub(crate) class: ClassArgs,
    #[command(flatten)]
    pub(crate) select: SelectArgs,
    #[command(flatten)]
    pub(crate) run: RunArgs,
    #[command(flatten)]
    pub(crate) trust: TrustArgs,
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
    /// Let these take the place of other marks that are in that folder
    #[arg(long)]
    pub(crate) replace: bool,
}

/// Arguments of `validate`.
#[derive(Debug, clap::Args)]
#[command(mut_arg("jobs", |arg| arg.help("How many submissions are tried at a time; left out: one a processor")))]
pub(crate) struct Validate {
    #[command(flatten)]
    pub(crate) labs: LabsArgs,
    #[command(flatten)]
    pub(crate) tiers: TierArgs,
    #[command(flatten)]
    pub(crate) jobs: JobsArgs,
    /// Write what came out into the expected.toml files, and those of faults, that say otherwise
    #[arg(long)]
    pub(crate) update: bool,
    /// Instead of trying submissions, make programs that pass wrong, one call at a time: every change must cost points
    #[arg(long, conflicts_with = "update")]
    pub(crate) mutants: bool,
    /// Instead of trying submissions, try programs that do not do the task: none may have more than one that does nothing
    #[arg(long, conflicts_with_all = ["update", "mutants"])]
    pub(crate) cheats: bool,
    /// Instead of trying submissions, look at the reports of rejected ones: do they name the line that was changed?
    ///
    /// Also: how many causes they have, how long the default report is, and which sentences are hard to read.
    #[arg(long, conflicts_with_all = ["update", "mutants", "cheats", "worlds", "tiers"])]
    pub(crate) reports: bool,
    /// With --reports: judge the checks that are kept in this folder again; submissions without one are graded, and kept there
    ///
    /// Remove a submission's folder there when the submission has changed. A check of an older spec is made anew.
    #[arg(long, value_name = "DIR", requires = "reports")]
    pub(crate) kept: Option<PathBuf>,
    /// Instead of trying submissions once, try them in other surroundings, too: every verdict must stay
    ///
    /// Umask, locale, environment, folders, user, zone, clock, processors, load, stack, addresses, compiler and its flags:
    /// any two values of them meet in one of the worlds. `--worlds=N` tries the first N worlds only.
    #[arg(
        long,
        value_name = "N",
        num_args = 0..=1,
        require_equals = true,
        conflicts_with_all = ["update", "mutants", "cheats"]
    )]
    pub(crate) worlds: Option<Option<usize>>,
    /// Flags that C sources are compiled with, too: one of the things that --worlds varies
    #[arg(
        long,
        value_name = "FLAGS",
        hide = true,
        allow_hyphen_values = true,
        default_value = ""
    )]
    pub(crate) build_flags: String,
    /// Let the kernel draw programs' addresses, as --worlds does
    #[arg(long, hide = true)]
    pub(crate) random_addresses: bool,
    /// How many descriptors programs find open, as --worlds does
    #[arg(long, value_name = "N", hide = true, default_value_t = 0)]
    pub(crate) occupied: u32,
    /// Form of the result
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

/// Arguments of `golden`.
#[derive(Debug, clap::Args)]
pub(crate) struct Golden {
    #[command(flatten)]
    pub(crate) labs: LabsArgs,
    /// Write down what came out, instead of comparing it
    #[arg(long)]
    pub(crate) record: bool,
    /// Write each report into this folder, too, without what is another in every run
    #[arg(long, value_name = "DIR")]
    pub(crate) reports: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) jobs: JobsArgs,
}

/// Arguments of `certify`.
#[derive(Debug, clap::Args)]
#[command(mut_arg("jobs", |arg| arg.help("How many boxes run at a time; left out: one a processor")))]
#[command(mut_arg("seed", |arg| arg.help("Seed of the order, of the delays and of what random cases draw")))]
pub(crate) struct Certify {
    #[command(flatten)]
    pub(crate) labs: LabsArgs,
    /// How many runs, over all ways together
    #[arg(long, value_name = "N", default_value_t = 2000)]
    pub(crate) runs: usize,
    /// Only this way of running; can be given several times
    #[arg(long = "way", value_enum, value_name = "WAY")]
    pub(crate) ways: Vec<WayArg>,
    #[command(flatten)]
    pub(crate) select: SelectArgs,
    #[command(flatten)]
    pub(crate) seed: SeedArgs,
    #[command(flatten)]
    pub(crate) jobs: JobsArgs,
    /// Where the runs go that disagree; it is made only when there are some
    #[arg(long, value_name = "DIR", default_value = "ipclab-differing")]
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
    #[arg(long, add = ArgValueCompleter::new(lab_names))]
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
    #[arg(add = ArgValueCompleter::new(lab_names))]
    pub(crate) lab: Option<String>,
    /// Into this folder; left out: one called like the lab, or the current one
    pub(crate) folder: Option<PathBuf>,
    /// Write a workflow that grades every push
    #[arg(long, value_enum, value_name = "SYSTEM")]
    pub(crate) ci: Option<Ci>,
    /// Write a container to work in, for editors that know devcontainers
    #[arg(long)]
    pub(crate) devcontainer: bool,
    /// Where they get the tool from: its repository, or an archive of it that ends with .tar.gz
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    pub(crate) from: Option<String>,
    /// The checksum that the tool's archive must have; left out: the one that the release says
    #[arg(long, value_name = "SUM", value_parser = sha256)]
    pub(crate) sha256: Option<String>,
    /// The tier that the workflow grades; can be given several times; left out: all
    #[command(flatten)]
    pub(crate) tiers: TierArgs,
    /// Points, or a share of the points like 80%, from which on the workflow succeeds; left out: all points
    #[arg(long, value_name = "MARK")]
    pub(crate) pass_mark: Option<PassMark>,
}

/// Arguments of `diff`.
#[derive(Debug, clap::Args)]
pub(crate) struct Diff {
    /// Folder of results of before, or a class.json
    pub(crate) before: PathBuf,
    /// Folder of results of after, or a class.json
    pub(crate) after: PathBuf,
    /// Form of the comparison
    #[arg(long, value_enum, default_value_t = DiffForm::Text)]
    pub(crate) format: DiffForm,
    /// Write into this file instead of stdout
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// Arguments of `refresh`.
#[derive(Debug, clap::Args)]
pub(crate) struct Refresh {
    /// Folder that `grade` wrote
    pub(crate) class: PathBuf,
}

/// Arguments of `verify`.
#[derive(Debug, clap::Args)]
#[command(mut_arg("jobs", |arg| arg.short('j')))]
pub(crate) struct Verify {
    /// Folder that `grade` wrote
    pub(crate) results: PathBuf,
    /// Submissions by id, name or number; left out: some of them, spread over the class
    #[arg(value_name = "ID")]
    pub(crate) ids: Vec<String>,
    /// How many are tried where none is named
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) sample: u16,
    /// Where the submissions lie now; left out: where they lay
    #[arg(long, value_name = "PATH")]
    pub(crate) submissions: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) jobs: JobsArgs,
    #[command(flatten)]
    pub(crate) run: RunArgs,
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
    /// Canvas: the assignment's title or number. Moodle: the header of the column of grades, where it is not known
    #[arg(long, value_name = "NAME")]
    pub(crate) column: Option<String>,
    /// Moodle: the header of the column of feedback, where it is not known
    #[arg(long, value_name = "NAME")]
    pub(crate) feedback: Option<String>,
    /// Write into this file instead of stdout
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// Arguments of `package slurm`.
#[derive(Debug, clap::Args)]
#[command(mut_arg("roster", |arg| arg.help("A CSV file that says who is who, where every node sees it")))]
pub(crate) struct Slurm {
    /// A folder or an archive with all submissions, where every node sees it
    pub(crate) submissions: PathBuf,
    /// The lab's name, or the path of a spec
    #[arg(long, add = ArgValueCompleter::new(lab_names))]
    pub(crate) lab: String,
    /// The folder for the results, where every node sees it
    #[arg(short, long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// How many jobs the class is spread over
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(crate) parts: u16,
    #[command(flatten)]
    pub(crate) class: ClassArgs,
    #[command(flatten)]
    pub(crate) tiers: TierArgs,
    /// Processors of each job
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) processors: u16,
    #[command(flatten)]
    pub(crate) trust: TrustArgs,
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
    Schema {
        /// Of a submission's ipclab.toml instead
        #[arg(long)]
        submission: bool,
    },
    /// List the calls that a spec can speak of, their arguments and what can be injected
    Calls,
    /// List every key of a spec, where it stands and what it means
    Keys,
    /// List the steps of scripted peers, by example
    Steps,
    /// List the placeholders, and where they may stand
    Placeholders,
    /// List the patterns of calls and the faults, by example
    Patterns,
    /// Write the files of a new lab that proves itself: a spec, a reference, a handout, a starter, submissions
    New {
        /// The lab's name
        name: String,
        /// Into this folder
        #[arg(default_value = ".")]
        folder: PathBuf,
    },
}
