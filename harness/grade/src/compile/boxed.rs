//! Building in a box: a build is a plan whose actor is the compiler.
//!
//! The student's files, and what they make the compiler do, are not trusted: includes of `/dev/zero`, Makefiles that run
//! anything, programs that never end. The box sees the staged files and the system's `/usr`; it has limits of its own;
//! and what it leaves is opened with the same care as the student's folder itself.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use ipclab_evidence::{
    Actor, Bind, Bytes, Ended, Evidence, Exit, LimitKind, Limits, Plan, Run, World,
};
use ipclab_sandbox::{Sandbox, executables};
use nix::errno::Errno;
use nix::fcntl::{OFlag, OpenHow, ResolveFlag, openat2, posix_fallocate};

use super::shown::Shown;
use super::{overlay, sanitizer, scripts, strip};
use ipclab_intake::failure::{FULL_DISK_REMEDY, Failure, reason};
use ipclab_intake::store;
use ipclab_plan::Tool;
use ipclab_spec::Sanitizers;

/// Where the staged files lie inside.
pub(super) const INSIDE: &str = "/lab";
/// A folder that no submission has, since hidden ones are not copied: what we ask the compiler for goes there.
const TOOL_FOLDER: &str = ".ipclab";
/// What is linked to a program with sanitizers.
const WITNESS: &str = "witness.c";
/// Scripts that stand before the compilers.
const SCRIPTS: &str = "bin";
/// What a linker that the submission calls gets for a program with sanitizers.
pub(super) const WITNESS_OBJECT: &str = "witness.o";
/// No program of a lab is larger, sanitizers included.
const PROGRAM_MAX: u64 = 64 << 20;

/// What a build must have had at least, in bytes: several times what any program of a lab takes.
const FREE_BYTES_MIN: i64 = 8 << 20;

/// Bounds of a build.
fn limits() -> Limits {
    Limits {
        wall_ms: 60_000,
        cpu_ms: 10_000,
        memory_mib: 1024,
        file_mib: 128,
        processes: 64,
        open_files: 256,
        output_bytes: 1 << 20,
        output_lines: 20_000,
        output_kept: 128 << 10,
        ..Limits::default()
    }
}

/// A command of a build.
pub(super) struct Step {
    /// The program that is run.
    pub tool: Tool,
    /// Its words, its own name first.
    pub argv: Vec<String>,
    /// Where the built program may then lie, relative to the submission, likeliest first.
    pub places: Vec<PathBuf>,
    /// Whether the student chose the program, so that it is theirs when it cannot be executed.
    pub by_student: bool,
    /// What a compiler that it starts itself is started by.
    pub scripts: Scripts,
}

/// What the scripts before the compilers are to a command that starts a compiler itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scripts {
    /// Nothing: all options are ours.
    None,
    /// They add debug information, for which an option does.
    DebugInfo,
    /// They add the sanitizers, and start it.
    Sanitizers,
}

/// A folder in which one program is built.
pub(super) struct BuildFolder {
    /// Closed to all other users of the host.
    parent: PathBuf,
    /// Inside of it, open to the box's user, which is another user on the host.
    pub folder: PathBuf,
    /// What lies over the compilers in boxes of commands that start one themselves.
    overlay: Vec<Bind>,
}

impl BuildFolder {
    /// Lays what is shown of the staged files out in `parent`, which must be there.
    ///
    /// # Errors
    /// Our own disk's.
    pub(super) fn lay_out(
        parent: PathBuf,
        staged: &Path,
        shown: &Shown,
        sanitizers: Sanitizers,
    ) -> Result<Self, Failure> {
        let folder = parent.join("lab");
        let failed = |error: &std::io::Error| {
            Failure::disk(format_args!("making {}", folder.display()), error)
        };
        store::make_folders(&parent, Path::new("lab").join(TOOL_FOLDER).as_path())
            .map_err(|error| failed(&error))?;
        shown.copy(staged, &folder)?;
        let witness = sanitizer::witness(sanitizers);
        fs::write(folder.join(TOOL_FOLDER).join(WITNESS), witness)
            .map_err(|error| failed(&error))?;
        open_folders(&folder).map_err(|error| failed(&error))?;
        Ok(Self {
            parent,
            folder,
            overlay: Vec::new(),
        })
    }

    /// Puts the scripts that stand before the compilers, and those that lie over them, where its boxes have them.
    ///
    /// # Errors
    /// Our own disk's.
    pub(super) fn add_scripts(
        &mut self,
        before: &[(String, String)],
        over: &[(PathBuf, String)],
    ) -> Result<(), Failure> {
        self.overlay = overlay::write(&self.parent.join("overlay"), over)?;
        scripts::write(&self.folder.join(TOOL_FOLDER).join(SCRIPTS), before)
    }

    /// Whether there is room left for a program: asked after a build that failed. The compiler and the linker remove what
    /// they could not finish, so that it is not enough to see whether the disk is full to the last byte.
    ///
    /// # Errors
    /// There is none.
    pub(super) fn has_room(&self) -> Result<(), Failure> {
        let tried = tempfile::tempfile_in(&self.parent).and_then(|file| {
            match posix_fallocate(&file, 0, FREE_BYTES_MIN) {
                // Not every file system can say so beforehand.
                Ok(()) | Err(Errno::EOPNOTSUPP | Errno::EINVAL) => Ok(()),
                Err(errno) => Err(errno.into()),
            }
        });
        tried.map_err(|error| {
            Failure::disk(
                format_args!("building in {}", self.folder.display()),
                &error,
            )
        })
    }

    /// Where the scripts that lie over the compilers find what is the tool's, inside.
    pub(super) fn own() -> String {
        format!("{INSIDE}/{TOOL_FOLDER}")
    }

    /// Where the compiler is told to put the program, inside.
    pub(super) fn output(name: &str) -> String {
        format!("./{TOOL_FOLDER}/{name}")
    }

    /// The source that a program with sanitizers is linked with, inside.
    pub(super) fn witness() -> String {
        format!("./{TOOL_FOLDER}/{WITNESS}")
    }

    /// The command that makes that object, by a compiler of ours: before anything of the submission's runs here.
    pub(super) fn witness_step(compiler: &Tool, sanitizers: Sanitizers) -> Step {
        let object = format!("./{TOOL_FOLDER}/{WITNESS_OBJECT}");
        // Of threads it has more than hooks, which the sanitizer is to see as it sees the rest.
        let kind: &[&str] = match sanitizers {
            Sanitizers::Memory => &["-g0"],
            Sanitizers::Threads => &["-g", "-fsanitize=thread"],
        };
        let rest = [
            "-O1",
            "-fPIE",
            "-w",
            "-fno-stack-protector",
            "-c",
            &Self::witness(),
            "-o",
            &object,
        ];
        let argv = ["cc"].iter().chain(kind).chain(&rest);
        Step {
            tool: compiler.clone(),
            argv: argv.map(|word| (*word).to_owned()).collect(),
            places: Vec::new(),
            by_student: false,
            scripts: Scripts::None,
        }
    }

    /// That object, as long as nothing else has run here.
    pub(super) fn read_witness(&self) -> Vec<u8> {
        fs::read(self.folder.join(TOOL_FOLDER).join(WITNESS_OBJECT)).unwrap_or_default()
    }

    /// Runs one command of the build in `folder`, relative to the submission.
    ///
    /// # Errors
    /// What went wrong on our side or the machine's.
    pub(super) fn run(
        &self,
        name: &str,
        step: &Step,
        withheld: &[PathBuf],
        sandbox: &mut Sandbox,
    ) -> Result<Outcome, String> {
        let (tool, argv) = (&step.tool, &step.argv);
        let (mut program, mut words) = (tool.path.clone(), argv.clone());
        let before = format!("{INSIDE}/{TOOL_FOLDER}/{SCRIPTS}");
        let mut overlay: &[Bind] = &self.overlay;
        let path = match (scripts::compiler_of(argv), step.scripts) {
            (Some(at), Scripts::Sanitizers) => {
                let name = Path::new(&argv[at]).file_name().unwrap_or_default();
                let script = Path::new(&before).join(name);
                words[at] = script.display().to_string();
                if at == 0 {
                    program = script;
                }
                format!("{before}:{}", tool.search_path())
            }
            // A compiler that is started by its bare name looks for its parts beside the first of that name.
            (Some(at), Scripts::DebugInfo) => {
                words.insert(at + 1, "-g".to_owned());
                overlay = &[];
                tool.search_path()
            }
            (Some(_), Scripts::None) => {
                overlay = &[];
                tool.search_path()
            }
            (None, _) => format!("{before}:{}", tool.search_path()),
        };
        let environment = [
            ("PATH", path),
            ("HOME", INSIDE.to_owned()),
            ("USER", "student".to_owned()),
            ("LOGNAME", "student".to_owned()),
            ("SHELL", "/bin/sh".to_owned()),
            ("TERM", "dumb".to_owned()),
            ("TMPDIR", "/tmp".to_owned()),
            // Messages in English and ASCII, whatever the instructor's own language.
            ("LC_ALL", "C".to_owned()),
            // gcc and clang then say what they read, headers of the system included, even when make calls them.
            (
                "SUNPRO_DEPENDENCIES",
                format!("{INSIDE}/{TOOL_FOLDER}/inputs"),
            ),
        ];
        let mut binds: Vec<Bind> = tool.binds().collect();
        binds.extend_from_slice(overlay);
        binds.push(Bind {
            host: self.folder.clone(),
            inside: INSIDE.into(),
            writable: true,
            trusted_only: false,
            party: None,
        });
        let world = World {
            binds,
            cwd: INSIDE.into(),
            withheld: withheld.to_vec(),
            ..World::default()
        };
        let run = Run::Program {
            path: program,
            argv: words
                .iter()
                .map(|word| Bytes::from(word.as_str()))
                .collect(),
            env: environment
                .map(|(name, value)| (name.to_owned(), value))
                .into(),
        };
        let compiler = Actor::new("compiler", run);
        let plan = Plan {
            limits: limits(),
            traced: false,
            ..Plan::new(format!("build {name}"), world, vec![compiler])
        };
        let evidence = sandbox
            .run(&plan)
            .map_err(|error| our_trouble(&error.to_string()))?;
        let outcome = outcome(&evidence, &argv[0], step.by_student)?;
        Ok(Outcome {
            output: overlay::with_usual_names(outcome.output),
            ..outcome
        })
    }

    /// Takes the program out of the first of these places, relative to the folder, that has one.
    pub(super) fn collect_product(&self, places: &[PathBuf]) -> Product {
        let mut refused = None;
        for place in places {
            match self.take(place) {
                Ok(program) => return Product::Program(program),
                Err(None) => {}
                Err(Some(why)) => refused = refused.or(Some(why)),
            }
        }
        refused.map_or(Product::Nothing, Product::Refused)
    }

    /// Every program that the build left, relative to the folder.
    pub(super) fn programs(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        self.look_for_programs(Path::new(""), 0, &mut found);
        found.sort();
        found
    }

    fn look_for_programs(&self, under: &Path, depth: usize, found: &mut Vec<PathBuf>) {
        const DEPTH_MAX: usize = 8;
        const PROGRAMS_MAX: usize = 100;
        for entry in fs::read_dir(self.folder.join(under))
            .into_iter()
            .flatten()
            .flatten()
        {
            let path = under.join(entry.file_name());
            let Ok(kind) = entry.file_type() else {
                continue;
            };
            if kind.is_dir() && depth < DEPTH_MAX {
                self.look_for_programs(&path, depth + 1, found);
            } else if kind.is_file() && found.len() < PROGRAMS_MAX && self.is_built_program(&path) {
                found.push(path);
            }
        }
    }

    fn is_built_program(&self, path: &Path) -> bool {
        let mut head = Vec::new();
        let open = File::options()
            .read(true)
            .custom_flags((OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK).bits())
            .open(self.folder.join(path));
        let about = open.as_ref().ok().and_then(|file| file.metadata().ok());
        let executable = about.is_some_and(|about| about.permissions().mode() & 0o111 != 0);
        let library = path.extension().is_some_and(|ending| ending == "so");
        let read = open.and_then(|file| file.take(18).read_to_end(&mut head));
        executable && !library && read.is_ok() && is_program(&head)
    }

    /// `Err(None)`: nothing is there.
    fn take(&self, place: &Path) -> Result<PathBuf, Option<String>> {
        let display = place.display();
        let folder = File::open(&self.folder).map_err(|error| Some(reason(&error)))?;
        let how = OpenHow::new()
            .flags(OFlag::O_RDONLY | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK | OFlag::O_NOFOLLOW)
            .resolve(ResolveFlag::RESOLVE_BENEATH | ResolveFlag::RESOLVE_NO_SYMLINKS);
        let opened = match openat2(&folder, place, how) {
            // Where openat2 is refused, the last component at least is never followed.
            Err(Errno::ENOSYS) => nix::fcntl::openat(
                &folder,
                place,
                OFlag::O_RDONLY | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK | OFlag::O_NOFOLLOW,
                nix::sys::stat::Mode::empty(),
            ),
            other => other,
        };
        let file = match opened {
            Ok(file) => File::from(file),
            Err(Errno::ENOENT | Errno::ENOTDIR) => return Err(None),
            Err(Errno::ELOOP) => return Err(Some(format!("{display} is a link, not a program"))),
            Err(errno) => {
                return Err(Some(format!(
                    "{display} cannot be opened: {}",
                    reason(&errno.into())
                )));
            }
        };
        let about = file.metadata().map_err(|error| Some(reason(&error)))?;
        if about.is_dir() {
            return Err(None);
        }
        if !about.is_file() {
            return Err(Some(format!("{display} is not a regular file")));
        }
        if about.len() > PROGRAM_MAX {
            return Err(Some(format!(
                "{display} is larger than {} MiB",
                PROGRAM_MAX >> 20
            )));
        }
        if about.permissions().mode() & 0o111 == 0 {
            return Err(Some(format!("{display} is not executable")));
        }
        let mut bytes = Vec::new();
        file.take(PROGRAM_MAX)
            .read_to_end(&mut bytes)
            .map_err(|error| Some(reason(&error)))?;
        if !is_program(&bytes) {
            return Err(Some(format!(
                "{display} is not a program of this machine (no ELF executable)"
            )));
        }
        let taken = self.parent.join("program");
        let stripped = strip::strip(&bytes);
        let debug = match &stripped {
            Some(_) => fs::write(strip::debug_file(&taken), &bytes),
            None => Ok(()),
        };
        let written = executables::write(|| {
            debug?;
            fs::write(&taken, stripped.unwrap_or(bytes))?;
            fs::set_permissions(&taken, fs::Permissions::from_mode(0o755))
        });
        written.map_err(|error| Some(reason(&error)))?;
        Ok(taken)
    }

    /// What the compiler said that it read.
    pub(super) fn inputs(&self) -> String {
        let path = self.folder.join(TOOL_FOLDER).join("inputs");
        // A build may have made anything of it, a link or a pipe included.
        let plain =
            fs::symlink_metadata(&path).is_ok_and(|about| about.is_file() && about.len() < 4 << 20);
        if plain {
            fs::read(path)
                .map(|text| overlay::with_usual_names(String::from_utf8_lossy(&text).into_owned()))
                .unwrap_or_default()
        } else {
            String::new()
        }
    }

    /// Removes a file that a failed way may have left in another one's place.
    pub(super) fn forget(&self, place: &Path) {
        let _ = fs::remove_file(self.folder.join(place));
    }
}

/// What the build left where its program should be.
pub(super) enum Product {
    /// A copy of the program, ours.
    Program(PathBuf),
    /// Something is there, but no program, for this reason.
    Refused(String),
    /// Nothing is there.
    Nothing,
}

/// How a command of a build ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Outcome {
    /// It exited with 0.
    pub succeeded: bool,
    /// Why not, where it is not for what it printed: a limit, a signal.
    pub stopped: Option<String>,
    /// What it printed, errors last.
    pub output: String,
}

impl Outcome {
    /// Whether something looked for a file that was not there.
    pub(super) fn misses_a_file(&self) -> bool {
        let missing = [
            "No such file",
            "file not found",
            "cannot find",
            "annot open",
        ];
        !self.succeeded && missing.iter().any(|words| self.output.contains(words))
    }

    /// Whether a limit may have decided it: another time, or on another machine, it may end otherwise.
    pub(super) fn is_by_a_limit(&self) -> bool {
        let short = [
            "out of memory",
            "memory exhausted",
            "annot allocate memory",
            "No space left",
            "File too large",
            "File size limit",
            "Resource temporarily unavailable",
            "Too many open files",
            "illed signal",
            "Killed",
            "CPU time limit",
        ];
        self.stopped.is_some()
            || !self.succeeded && short.iter().any(|words| self.output.contains(words))
    }
}

/// Trouble of the box's; a full disk gets the remedy that it needs.
fn our_trouble(trouble: &str) -> String {
    let full = std::io::Error::from_raw_os_error(nix::libc::ENOSPC).to_string();
    match trouble.strip_suffix(&full) {
        Some(doing) => format!("{doing}no space left on device: {FULL_DISK_REMEDY}"),
        None => trouble.to_owned(),
    }
}

/// Facts to words. `Err`: our trouble. `by_student`: they chose the program.
fn outcome(evidence: &Evidence, command: &str, by_student: bool) -> Result<Outcome, String> {
    if let Some(trouble) = evidence.trouble.first() {
        return Err(our_trouble(trouble));
    }
    let Some(actor) = evidence.actors.first() else {
        return Err("the box brought no evidence of the build".to_owned());
    };
    let command = Path::new(command)
        .file_name()
        .unwrap_or_default()
        .to_string_lossy();
    let limit = actor.limits.first().or(match &actor.exit {
        Exit::Stopped(limit) => Some(limit),
        _ => None,
    });
    let mut stopped = limit.map(|limit| {
        format!(
            "{command} was stopped: {}",
            too_much(limit.kind, limit.limit)
        )
    });
    let succeeded = match &actor.exit {
        Exit::Code(code) => *code == 0,
        Exit::Signal { name, .. } => {
            stopped = stopped.or_else(|| Some(format!("{command} was killed by {name}")));
            false
        }
        Exit::Running { .. } => {
            match evidence.ended {
                Ended::DeadlineExceeded { limit_ms, .. } => {
                    stopped = stopped.or_else(|| {
                        Some(format!(
                            "{command} did not end within {} s",
                            limit_ms / 1000
                        ))
                    });
                }
                Ended::Stuck { .. } | Ended::ClockRanOut { .. } => {
                    stopped = stopped.or_else(|| {
                        Some(format!("{command} waited for something that never comes"))
                    });
                }
                Ended::LimitHit { .. } => {}
                // The harness is at fault: a student must not lose anything by it.
                Ended::AllExited => return Err(format!("{command} was ended before it was done")),
            }
            false
        }
        Exit::Stopped(_) => false,
        Exit::NotStarted => return Err(format!("{command} was never started")),
        Exit::NotExecuted(errno) if by_student => {
            stopped = Some(format!("{command} could not be executed: {errno}"));
            false
        }
        Exit::NotExecuted(errno) => {
            return Err(format!(
                "{command} could not be executed in the box: {errno}"
            ));
        }
    };
    let mut output = actor.stdout.kept().to_text();
    output.push_str(&actor.stderr.kept().to_text());
    Ok(Outcome {
        succeeded,
        stopped: stopped.filter(|_| !succeeded),
        output,
    })
}

fn too_much(kind: LimitKind, limit: u64) -> String {
    match kind {
        LimitKind::Cpu => format!("more than {} s of computing", limit / 1000),
        LimitKind::Output => format!("more than {} KiB of messages", limit >> 10),
        LimitKind::Lines => format!("more than {limit} lines of messages"),
        LimitKind::Processes => format!("more than {limit} processes"),
        LimitKind::Memory => format!("more than {limit} MiB of memory"),
        LimitKind::FileSize => format!("a file of more than {limit} MiB"),
        LimitKind::OpenFiles => format!("more than {limit} open files"),
        LimitKind::Calls => format!("more than {limit} system calls"),
        LimitKind::IpcObjects => format!("more than {limit} System V objects"),
        LimitKind::Files => format!("more than {limit} files"),
        LimitKind::Accesses => format!("more than {limit} accesses to shared memory"),
        LimitKind::UnseenMemory => "memory in a way that cannot be watched".to_owned(),
        LimitKind::UnreadablePrograms => "a program that may not be read".to_owned(),
        LimitKind::Terminals => "a terminal that is not its own".to_owned(),
        LimitKind::Neighbours => "a process or service of this machine".to_owned(),
    }
}

/// An ELF executable, by its header: `elf(5)`.
fn is_program(bytes: &[u8]) -> bool {
    // ET_EXEC or ET_DYN, in the byte order of this machine.
    let kind = bytes
        .get(16..18)
        .map(|kind| u16::from_ne_bytes([kind[0], kind[1]]));
    bytes.starts_with(b"\x7fELF") && matches!(kind, Some(2 | 3))
}

/// Lets the box's user write into every folder and read every file, whatever mask the tool was called with; its host uid is
/// not known here. The parent keeps all others out.
fn open_folders(folder: &Path) -> std::io::Result<()> {
    fs::set_permissions(folder, fs::Permissions::from_mode(0o777))?;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            open_folders(&entry.path())?;
        } else {
            let mode = entry.metadata()?.permissions().mode() | 0o444;
            fs::set_permissions(entry.path(), fs::Permissions::from_mode(mode))?;
        }
    }
    Ok(())
}

/// A path as an argument that no compiler takes for an option or a response file.
pub(super) fn argument(path: &Path) -> String {
    // Names that are not UTF-8 do not reach here: `find` and mappings know none.
    format!("./{}", String::from_utf8_lossy(path.as_os_str().as_bytes()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn build_folder() -> (tempfile::TempDir, BuildFolder) {
        let root = tempfile::tempdir().unwrap();
        let staged = root.path().join("staged");
        fs::create_dir_all(staged.join("src")).unwrap();
        fs::create_dir(root.path().join("parent")).unwrap();
        let build_folder = BuildFolder::lay_out(
            root.path().join("parent"),
            &staged,
            &Shown::Everything,
            Sanitizers::Memory,
        )
        .unwrap();
        (root, build_folder)
    }

    #[test]
    fn a_folder_that_a_signal_removed_is_not_created_again() {
        let root = tempfile::tempdir().unwrap();
        let gone = root.path().join("run-1");
        assert!(
            BuildFolder::lay_out(
                gone.join("build"),
                root.path(),
                &Shown::Everything,
                Sanitizers::Memory
            )
            .is_err()
        );
        assert!(!gone.exists());
    }

    fn refused(product: Product) -> String {
        match product {
            Product::Refused(why) => why,
            Product::Program(_) => "a program".to_owned(),
            Product::Nothing => "nothing".to_owned(),
        }
    }

    #[test]
    fn only_a_program_is_a_product() {
        let (_root, build_folder) = build_folder();
        let place = [PathBuf::from("iserver")];
        let at = build_folder.folder.join("iserver");
        assert_eq!(refused(build_folder.collect_product(&place)), "nothing");

        symlink("/bin/sh", &at).unwrap();
        assert_eq!(
            refused(build_folder.collect_product(&place)),
            "iserver is a link, not a program"
        );
        fs::remove_file(&at).unwrap();

        nix::unistd::mkfifo(&at, nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert_eq!(
            refused(build_folder.collect_product(&place)),
            "iserver is not a regular file"
        );
        fs::remove_file(&at).unwrap();

        fs::write(&at, "#!/bin/sh\n").unwrap();
        assert_eq!(
            refused(build_folder.collect_product(&place)),
            "iserver is not executable"
        );
        fs::set_permissions(&at, fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(
            refused(build_folder.collect_product(&place)),
            "iserver is not a program of this machine (no ELF executable)"
        );

        fs::copy("/bin/sh", &at).unwrap();
        assert_eq!(refused(build_folder.collect_product(&place)), "a program");

        fs::rename(&at, build_folder.folder.join("src/iserver")).unwrap();
        symlink("src", build_folder.folder.join("linked")).unwrap();
        let through = [PathBuf::from("linked/iserver")];
        assert_eq!(
            refused(build_folder.collect_product(&through)),
            "linked/iserver is a link, not a program"
        );
    }

    #[test]
    fn the_boxs_user_can_write_where_others_cannot_look() {
        let (_root, build_folder) = build_folder();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&build_folder.folder.join("src")), 0o777);
    }
}
