//! What this machine can do, found out by doing it, and what would mend what it cannot.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::cgroup;
use crate::level::{self, LevelChoice};
use crate::platform::shared::user;
use crate::sandbox::Sandbox;
use ipclab_kernel::affinity::usable_cpus;

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
    vec![
        namespaces(),
        tracing(),
        landlock(),
        own_user(),
        cgroups(),
        compiler(),
        program("make", "make"),
        program("python3", "python3"),
    ]
}

fn namespaces() -> Capability {
    let refusal = level::refusal();
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
        remedy: refusal.map(|_| namespace_remedy()),
    }
}

/// The remedy for where user namespaces are refused, by what refuses them.
fn namespace_remedy() -> String {
    let setting = |name: &str| fs::read_to_string(Path::new("/proc/sys").join(name)).ok();
    let is = |name: &str, value: &str| setting(name).is_some_and(|text| text.trim() == value);
    if is("kernel/apparmor_restrict_unprivileged_userns", "1") {
        "AppArmor restricts user namespaces (Ubuntu 23.10 and later): \
         `sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0`, or give the tool a profile that says `userns,`"
            .to_owned()
    } else if is("user/max_user_namespaces", "0") {
        "user namespaces are switched off: `sudo sysctl -w user.max_user_namespaces=15000`"
            .to_owned()
    } else if is("kernel/unprivileged_userns_clone", "0") {
        "user namespaces are for root only: `sudo sysctl -w kernel.unprivileged_userns_clone=1`"
            .to_owned()
    } else if Path::new("/.dockerenv").exists() || Path::new("/run/.containerenv").exists() {
        "this is a container: start it with `--security-opt seccomp=unconfined --security-opt apparmor=unconfined \
         --security-opt systempaths=unconfined`, or with `--privileged`"
            .to_owned()
    } else {
        "ask whoever runs this machine to allow user namespaces".to_owned()
    }
}

fn tracing() -> Capability {
    let plan = ipclab_evidence::Plan {
        name: "doctor".to_owned(),
        world: ipclab_evidence::World {
            cwd: "/lab".into(),
            ..Default::default()
        },
        actors: Vec::new(),
        tampers: Vec::new(),
        watches: Vec::new(),
        limits: ipclab_evidence::Limits::default(),
        traced: true,
        chaos: None,
        turns: None,
        objects: Default::default(),
    };
    let actor = ipclab_evidence::Actor {
        name: "true".to_owned(),
        trusted: false,
        party: 0,
        run: ipclab_evidence::Run::Program {
            path: "/usr/bin/true".into(),
            argv: vec!["true".into()],
            env: Vec::new(),
        },
        stdin: ipclab_evidence::Stdin::Text(ipclab_evidence::Bytes::default()),
        stdout: Default::default(),
        start: Vec::new(),
        ready: None,
        fills: Vec::new(),
        serves: false,
        descriptors: 0,
        watched: Vec::new(),
        random_addresses: false,
        lines: None,
    };
    let plan = ipclab_evidence::Plan {
        actors: vec![actor],
        ..plan
    };
    let run = Sandbox::start(LevelChoice::Auto).and_then(|mut sandbox| sandbox.run(&plan));
    let worked = match &run {
        Ok(evidence) => {
            evidence.actors[0].exit == ipclab_evidence::Exit::Code(0) && evidence.trouble.is_empty()
        }
        Err(_) => false,
    };
    Capability {
        name: "tracing",
        works: worked,
        optional: false,
        detail: match run {
            Ok(evidence) if worked => format!("ran /usr/bin/true in a box in {} µs", evidence.spent.actors_us),
            Ok(evidence) => format!("/usr/bin/true: {:?} {}", evidence.actors[0].exit, evidence.trouble.join("; ")),
            Err(error) => error.to_string(),
        },
        remedy: (!worked).then(|| {
            "ptrace and seccomp must be allowed: in a container, a seccomp profile that allows them (Docker's own does since \
             Linux 4.8), or `--security-opt seccomp=unconfined`"
                .to_owned()
        }),
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

fn own_user() -> Capability {
    let works = user::is_separate();
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
        remedy: (!works).then(|| {
            "run the tool as root, also in a container with its default capabilities".to_owned()
        }),
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
