//! Landlock: what an actor may touch of the host.

use std::io;
use std::path::Path;

use landlock::{
    ABI, Access, AccessFs, CompatLevel, Compatible, Ruleset, RulesetAttr, RulesetCreatedAttr,
    Scope, path_beneath_rules,
};

/// Bounds what this process and all that it starts may do with files and signals, as far as this kernel can.
/// `open`: the folders beside the working directory that it may write to.
pub(super) fn restrict(cwd: &Path, open: &[&Path]) -> io::Result<()> {
    let all = ABI::V6;
    let ruleset = || -> Result<(), landlock::RulesetError> {
        Ruleset::default()
            .set_compatibility(CompatLevel::BestEffort)
            .handle_access(AccessFs::from_all(all))?
            .scope(Scope::Signal)?
            .create()?
            .add_rules(path_beneath_rules(
                [
                    "/usr",
                    "/lib",
                    "/lib32",
                    "/lib64",
                    "/bin",
                    "/sbin",
                    "/etc",
                    "/proc",
                    "/sys/devices/system/cpu",
                ],
                AccessFs::from_read(all),
            ))?
            .add_rules(path_beneath_rules(
                ["/dev"],
                AccessFs::from_all(all) & !AccessFs::MakeBlock & !AccessFs::MakeChar,
            ))?
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
