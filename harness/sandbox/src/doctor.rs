//! What this machine can do, found out by doing it, and what would mend what it cannot.

mod machine;
mod refused;

use std::net::{Ipv6Addr, UdpSocket};
use std::path::Path;
use std::process::Command;

use crate::cgroup;
use crate::level::{self, LevelChoice};
use crate::platform::shared::user;
use crate::sandbox::Sandbox;
use ipclab_kernel::affinity::usable_cpus;

use machine::Machine;
use refused::Cause;

/// One capability of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capability {
    /// What it is.
    pub name: &'static str,
    /// Whether it works here.
    pub works: bool,
    /// Whether grading works without it.
    pub optional: bool,
    /// What was seen.
    pub detail: String,
    /// What would make it work.
    pub remedy: Option<String>,
}

/// Tries everything that grading uses.
#[must_use]
pub fn doctor() -> Vec<Capability> {
    let machine = Machine::look();
    vec![
        namespaces(&machine),
        tracing(&machine),
        landlock(),
        own_user(&machine),
        ipv6(&machine),
        cgroups(),
        compiler(),
        program("make", "make"),
        program("python3", "python3"),
    ]
}

fn namespaces(machine: &Machine) -> Capability {
    let refusal = level::refusal();
    let causes = refusal.map(|refusal| refused::namespaces(machine, refusal));
    Capability {
        name: "namespaces",
        works: refusal.is_none(),
        optional: true,
        detail: match refusal {
            None => {
                "a whole box was made and thrown away: cases are kept apart and run in parallel"
                    .to_owned()
            }
            Some(why) => format!("{why}; the shared level is used instead"),
        },
        remedy: causes.map(|causes| in_lines(&causes)),
    }
}

/// Each cause, and below it what can be done about it.
fn in_lines(causes: &[Cause]) -> String {
    let lines = causes.iter().flat_map(|cause| {
        let remedies = cause.remedies.iter().map(|remedy| format!("  {remedy}"));
        std::iter::once(format!("{}:", cause.why)).chain(remedies)
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn tracing(machine: &Machine) -> Capability {
    let world = ipclab_evidence::World {
        cwd: "/lab".into(),
        ..Default::default()
    };
    let program = ipclab_evidence::Run::Program {
        path: "/usr/bin/true".into(),
        argv: vec!["true".into()],
        env: Vec::new(),
    };
    let actor = ipclab_evidence::Actor::new("true", program);
    let plan = ipclab_evidence::Plan::new("doctor", world, vec![actor]);
    let run = Sandbox::start(LevelChoice::Auto).and_then(|mut sandbox| sandbox.run(&plan));
    let worked = match &run {
        Ok(evidence) => {
            evidence.actors[0].exit == ipclab_evidence::Exit::Code(0) && evidence.trouble.is_empty()
        }
        Err(_) => false,
    };
    let said = run
        .as_ref()
        .err()
        .map(ToString::to_string)
        .unwrap_or_default();
    Capability {
        name: "tracing",
        works: worked,
        optional: false,
        detail: match run {
            Ok(evidence) if worked => format!(
                "ran /usr/bin/true in a box in {} µs",
                evidence.spent.actors_us
            ),
            Ok(evidence) => format!(
                "/usr/bin/true: {:?} {}",
                evidence.actors[0].exit,
                evidence.trouble.join("; ")
            ),
            Err(error) => error.to_string(),
        },
        remedy: (!worked).then(|| in_lines(&refused::tracing(machine, &said))),
    }
}

fn landlock() -> Capability {
    let abi = landlock::ABI::V6;
    use landlock::{Access, AccessFs, CompatLevel, Compatible, Ruleset, RulesetAttr};
    let works = Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(abi))
        .and_then(Ruleset::create)
        .is_ok();
    Capability {
        name: "landlock",
        works,
        optional: true,
        detail: if works {
            "the shared level can bound what files programs touch".to_owned()
        } else {
            "at the shared level programs can touch every file that this user can".to_owned()
        },
        remedy: (!works).then(|| "a kernel of version 6.12 or later with Landlock".to_owned()),
    }
}

fn own_user(machine: &Machine) -> Capability {
    let works = user::is_separate();
    let lacking = Machine::lacking(&user::NEEDED);
    let remedy = if !machine.root {
        "run the tool as root, also in a container with its default capabilities".to_owned()
    } else if lacking.is_empty() {
        "the user namespace that this is in lacks user ids: it needs those from 0 to 65535"
            .to_owned()
    } else {
        format!(
            "this root lacks capabilities: start the container without `--cap-drop ALL`, or with `--cap-add {}`",
            lacking.join(" --cap-add ")
        )
    };
    Capability {
        name: "own user",
        works,
        optional: true,
        detail: if works {
            "the shared level gives programs a user of their own, who owns nothing".to_owned()
        } else {
            "at the shared level programs have this user's own rights over files and processes"
                .to_owned()
        },
        remedy: (!works).then_some(remedy),
    }
}

fn ipv6(machine: &Machine) -> Capability {
    let bound = UdpSocket::bind((Ipv6Addr::LOCALHOST, 0));
    // A world of the case's own has a loopback device of its own, whatever is on this one.
    let own_world = level::refusal().is_none();
    let works = own_world || bound.is_ok();
    let remedy = match machine.container {
        Some(_) => "start the container with `--sysctl net.ipv6.conf.all.disable_ipv6=0`",
        None => "`sudo sysctl -w net.ipv6.conf.lo.disable_ipv6=0`",
    };
    Capability {
        name: "IPv6",
        works,
        optional: true,
        detail: match bound {
            _ if own_world => "each box has a loopback device of its own".to_owned(),
            Ok(_) => "the loopback device has ::1".to_owned(),
            Err(error) => {
                format!(
                    "the loopback device has no ::1, so cases that need it are not graded: {error}"
                )
            }
        },
        remedy: (!works).then(|| remedy.to_owned()),
    }
}

fn cgroups() -> Capability {
    let here = match Sandbox::start(LevelChoice::Namespaces) {
        Ok(_sandbox) => cgroup::here(),
        Err(_) => Err("only the namespaces level uses it".to_owned()),
    };
    let works = here.is_ok();
    Capability {
        name: "cgroup v2",
        works,
        optional: true,
        detail: match here {
            Ok(folder) => format!(
                "{} was divided: the kernel counts memory and processes of each actor",
                folder.display()
            ),
            Err(why) => format!("{why}; memory and processes are counted by rlimits and by the supervisor"),
        },
        // Asked for by name: a manager of cgroups delegates none unasked.
        remedy: (!works && Path::new("/run/systemd/system").exists()).then(|| {
            "start the tool in a cgroup of its own: `systemd-run --user --scope -p Delegate=yes ipclab ...`".to_owned()
        }),
    }
}

fn compiler() -> Capability {
    // The names that grading tries, in its order.
    let found = ["cc", "gcc", "clang"].map(|name| program("C compiler", name));
    let [first, ..] = &found;
    let compiler = found.iter().find(|one| one.works).unwrap_or(first).clone();
    Capability {
        optional: false,
        ..compiler
    }
}

fn program(name: &'static str, command: &str) -> Capability {
    let output = Command::new(command).arg("--version").output();
    let works = output.as_ref().is_ok_and(|output| output.status.success());
    Capability {
        name,
        works,
        optional: true,
        detail: match &output {
            Ok(output) => String::from_utf8_lossy(&output.stdout)
                .lines()
                .next()
                .unwrap_or_default()
                .to_owned(),
            Err(error) => format!("`{command}`: {error}"),
        },
        remedy: (!works).then(|| {
            format!(
                "install it: `sudo apt-get install {}`",
                if command == "cc" { "gcc" } else { command }
            )
        }),
    }
}

/// Processors that keepers can be spread over; for `doctor`'s last line and for the default of `--jobs`.
#[must_use]
pub fn processors() -> usize {
    usable_cpus().len().max(1)
}
