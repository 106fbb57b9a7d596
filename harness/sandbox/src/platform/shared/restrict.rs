//! Landlock: what an actor may touch of the host.

use std::io;
use std::os::fd::BorrowedFd;
use std::path::{Path, PathBuf};

use ipclab_evidence::World;
use landlock::{
    ABI, Access, AccessFs, CompatLevel, Compatible, PathBeneath, Ruleset, RulesetAttr,
    RulesetCreatedAttr, Scope, path_beneath_rules,
};

use crate::withheld;

/// Folders of the host that actors may read and execute from.
const READ: [&str; 9] = [
    "/usr",
    "/lib",
    "/lib32",
    "/lib64",
    "/bin",
    "/sbin",
    "/etc",
    "/proc",
    "/sys/devices/system/cpu",
];

/// What actors may read of the host.
pub(super) struct Seen {
    read: Vec<PathBuf>,
    /// Folders of which only the names may be read, since something in them is withheld.
    listed: Vec<PathBuf>,
}

impl Seen {
    /// The system's folders and what the plan shows beside them, without what it withholds.
    pub(super) fn of(world: &World) -> Self {
        let shown = world.binds.iter().filter(|bind| {
            !bind.trusted_only && !bind.inside.starts_with(&world.cwd) && bind.host == bind.inside
        });
        let mut folders: Vec<&Path> = READ.iter().map(Path::new).collect();
        folders.extend(shown.map(|bind| bind.host.as_path()));
        let (listed, read) = withheld::around(&folders, &world.withheld);
        Self { read, listed }
    }
}

/// The devices that programs have a use for. Not the terminals: those of the others are among them, and the user's.
const DEVICES: [&str; 5] = [
    "/dev/null",
    "/dev/zero",
    "/dev/full",
    "/dev/random",
    "/dev/urandom",
];

/// Whether this kernel has Landlock, in whatever version.
pub(super) fn works() -> bool {
    let ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(ABI::V1))
        .and_then(Ruleset::create);
    ruleset.is_ok()
}

/// Bounds what this process and all that it starts may do with files and signals, as far as this kernel can.
/// `open`: the folders beside the working directory that it may write to. `seen`: what it may read.
/// `terminal`: its own, the only one that it may open, by whatever name.
pub(super) fn restrict(
    cwd: &Path,
    open: &[&Path],
    seen: &Seen,
    terminal: BorrowedFd<'_>,
) -> io::Result<()> {
    let all = ABI::V6;
    let ruleset = || -> Result<(), landlock::RulesetError> {
        Ruleset::default()
            .set_compatibility(CompatLevel::BestEffort)
            .handle_access(AccessFs::from_all(all))?
            .scope(Scope::Signal)?
            .create()?
            .add_rules(path_beneath_rules(&seen.read, AccessFs::from_read(all)))?
            .add_rules(path_beneath_rules(&seen.listed, AccessFs::ReadDir))?
            .add_rules(path_beneath_rules(DEVICES, AccessFs::from_file(all)))?
            .add_rule(PathBeneath::new(terminal, AccessFs::from_file(all)))?
            .add_rules(path_beneath_rules(
                open,
                AccessFs::from_all(all) & !AccessFs::Execute,
            ))?
            .add_rules(path_beneath_rules([cwd], AccessFs::from_all(all)))?
            .restrict_self()
            .map(drop)
    };
    ruleset().map_err(io::Error::other)
}
