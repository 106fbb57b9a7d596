//! A world of its own for each test.
//!
//! The programs' ports, keys and paths are fixed, so that two tests at once would meet. Each test therefore runs this same
//! test binary again, for itself alone, in fresh user, network, IPC, mount and pid namespaces with an own `/tmp` and hosts file.
//! Where namespaces are refused (many containers) the tests take turns in the open instead, one at a time on the whole
//! machine. Either way the world is looked over when the test is through: nothing may be left behind.
#![allow(dead_code, unused_imports, reason = "each test file uses a part of it")]

mod look;
mod running;

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixDatagram;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use assert_cmd::assert::Assert;
use ipclab_reference::sysv::Segment;
use nix::mount::{MsFlags, mount};

pub(crate) use look::{SegmentRow, segments, socket_files, sockets};
pub(crate) use running::{LIMIT, Running, run, until};

const INSIDE: &str = "IPCLAB_REFERENCE_TEST_WORLD";
const NAMESPACES: &[&str] = &[
    "--user",
    "--map-root-user",
    "--net",
    "--ipc",
    "--mount",
    "--pid",
    "--fork",
    "--mount-proc",
    "--kill-child",
];

/// Declares tests that each run in a [`World`].
macro_rules! in_a_world {
    ($(fn $name:ident($world:ident) $body:block)*) => {
        $(#[test]
        fn $name() {
            $crate::world::enter(concat!(module_path!(), "::", stringify!($name)), |$world: &$crate::world::World| $body);
        })*
    };
}

/// Where a test runs: a folder with the programs under their names, and no other process.
pub(crate) struct World {
    folder: PathBuf,
    isolated: bool,
    /// Whether it was empty to begin with, so that all there is now is this test's.
    entered: bool,
}

/// Runs the body of a test in a world, here or in a run of this binary for it alone. `path` is the test's, crate included.
pub(crate) fn enter(path: &str, body: impl FnOnce(&World)) {
    let (_crate, test) = path.split_once("::").expect("a path in this crate");
    if std::env::var_os(INSIDE).is_some() {
        let mut world = World::isolated().expect("setting up the world");
        world.take(body);
    } else if namespaces_are_allowed() {
        let this = std::env::current_exe().expect("the test binary");
        let mut command = Command::new("unshare");
        command.args(NAMESPACES).arg("--").arg(this);
        command.args(["--exact", test, "--nocapture", "--test-threads=1"]);
        command.env(INSIDE, "1");
        // Ended by us, `unshare` takes all that is in the world along.
        let output = assert_cmd::Command::from_std(command)
            .timeout(2 * LIMIT)
            .output()
            .expect("unshare");
        let said = String::from_utf8_lossy(&output.stdout);
        let complained = String::from_utf8_lossy(&output.stderr);
        let ran = said.contains("1 passed");
        assert!(
            output.status.success() && ran,
            "{test} in its world: {}\n{said}\n{complained}",
            output.status
        );
    } else {
        // The lock goes with the descriptor, and a folder that is always there leaves no lock file.
        let turn = File::open("/tmp").expect("/tmp");
        turn.lock().expect("taking a turn");
        let folder = tempfile::tempdir().expect("a folder");
        let mut world = World::in_the_open(folder.path()).expect("setting up the world");
        world.take(body);
    }
}

fn namespaces_are_allowed() -> bool {
    static ALLOWED: OnceLock<bool> = OnceLock::new();
    *ALLOWED.get_or_init(|| {
        let mut probe = Command::new("unshare");
        probe.args(NAMESPACES).args(["--", "sh", "-c"]);
        probe.arg("ip link set lo up && mount -t tmpfs none /tmp");
        let allowed = probe.output().is_ok_and(|o| o.status.success());
        if !allowed {
            eprintln!("namespaces are refused here: the tests run in the open, one after another");
        }
        allowed
    })
}

impl World {
    fn isolated() -> io::Result<Self> {
        // Opened before the own /tmp hides whatever build folder may be in the old one.
        let mut programs = File::open(env!("CARGO_BIN_EXE_ipclab-reference"))?;
        let lo = Command::new("ip")
            .args(["link", "set", "lo", "up"])
            .status()?;
        assert!(lo.success(), "loopback is up");
        let none = None::<&str>;
        mount(
            Some("none"),
            "/tmp",
            Some("tmpfs"),
            MsFlags::empty(),
            Some("mode=1777"),
        )?;
        fs::write(
            "/tmp/hosts",
            "127.0.0.1 localhost bakawali\n::1 twofold\n127.0.0.1 twofold\n",
        )?;
        mount(
            Some("/tmp/hosts"),
            "/etc/hosts",
            none,
            MsFlags::MS_BIND,
            none,
        )?;
        let folder = PathBuf::from("/tmp/programs");
        fs::create_dir(&folder)?;
        install(&mut programs, &folder)?;
        Ok(Self {
            folder,
            isolated: true,
            entered: false,
        })
    }

    fn in_the_open(folder: &Path) -> io::Result<Self> {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755))?;
        install(
            &mut File::open(env!("CARGO_BIN_EXE_ipclab-reference"))?,
            folder,
        )?;
        Ok(Self {
            folder: folder.to_owned(),
            isolated: false,
            entered: false,
        })
    }

    /// Runs a test, which has to leave the world as empty as it finds it.
    fn take(&mut self, body: impl FnOnce(&World)) {
        self.check_empty();
        self.entered = true;
        body(self);
        self.check_empty();
    }

    /// Whether the world is fresh in all respects, its hosts file and IPv6 included.
    pub(crate) fn is_isolated(&self) -> bool {
        self.isolated
    }

    /// The folder of the programs. It goes with the world.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// A name of this machine: the unit's where the world has an own hosts file.
    pub(crate) fn host(&self) -> &'static str {
        if self.isolated {
            "bakawali"
        } else {
            "127.0.0.1"
        }
    }

    /// A program of the unit, called as in the unit: `./iserver 2`.
    pub(crate) fn command(&self, name: &str, args: &[&str]) -> Command {
        let mut command = Command::new(format!("./{name}"));
        command.args(args).current_dir(&self.folder);
        command
    }

    /// Any other command, in the programs' folder.
    pub(crate) fn tool(&self, name: &str, args: &[&str]) -> Command {
        let mut command = Command::new(name);
        command.args(args).current_dir(&self.folder);
        command
    }

    /// The same program without any privilege over the world: it passes no permission check that it should not.
    pub(crate) fn powerless(&self, name: &str) -> Command {
        if self.isolated {
            self.tool("unshare", &["--user", "--", &format!("./{name}")])
        } else {
            let mut command = self.command(name, &[]);
            if !self.powerless_owns() {
                command.uid(65534).gid(65534);
            }
            command
        }
    }

    /// Whether what this test makes belongs to the user of [`World::powerless`] all the same.
    pub(crate) fn powerless_owns(&self) -> bool {
        self.isolated || !nix::unistd::geteuid().is_root()
    }

    /// The same program with its system calls tampered with (`strace --inject`). `None` where there is no strace.
    /// The process that starts is the program itself (`-D`), so that a signal to it is one to the program.
    pub(crate) fn injected(&self, inject: &str, name: &str, args: &[&str]) -> Option<Command> {
        let strace = Command::new("strace").arg("-V").output();
        if !strace.is_ok_and(|o| o.status.success()) {
            eprintln!("no strace here: {name} is not tested with {inject}");
            return None;
        }
        let mut command = self.tool("strace", &["-D", "-f", "-qq", "-o", "/dev/null", "-e"]);
        command.arg(format!("inject={inject}"));
        command.arg(format!("./{name}")).args(args);
        Some(command)
    }

    /// Runs a program to its end, with `stdin` as its input.
    pub(crate) fn run(&self, name: &str, args: &[&str], stdin: impl Into<Vec<u8>>) -> Assert {
        run(self.command(name, args), stdin)
    }

    /// Starts a program that goes on by itself.
    pub(crate) fn start(&self, name: &str, args: &[&str]) -> Running {
        Running::start(self.command(name, args))
    }

    /// Starts `uc_server` and waits until it can be reached: it says nothing of itself when it is ready.
    pub(crate) fn start_uc_server(&self) -> Running {
        let server = self.start("uc_server", &[]);
        let probe = UnixDatagram::unbound().expect("a socket");
        // It can be reached before it knows which file is its own.
        until("uc_server can be reached and waits", || {
            probe.connect("/tmp/uc_srv_socket").is_ok() && server.is_asleep()
        });
        server
    }

    /// Fails when there is a segment or a socket file; in the open, only those of the unit are looked at.
    fn check_empty(&self) {
        let segments: Vec<_> = segments()
            .into_iter()
            .filter(|s| self.isolated || s.key == 100)
            .collect();
        assert!(segments.is_empty(), "there are segments: {segments:?}");
        let files = socket_files();
        assert!(files.is_empty(), "there are socket files: {files:?}");
    }
}

impl Drop for World {
    /// In the open, a test that failed half-way must not spoil the next one's turn.
    fn drop(&mut self) {
        if self.entered && !self.isolated && std::thread::panicking() {
            let _ = Segment::get(100, 0, 0).map(Segment::remove);
            for file in socket_files() {
                let _ = fs::remove_file(Path::new("/tmp").join(file));
            }
        }
    }
}

fn install(programs: &mut File, folder: &Path) -> io::Result<()> {
    let target = folder.join("ipclab-reference");
    io::copy(programs, &mut File::create(&target)?)?;
    fs::set_permissions(&target, fs::Permissions::from_mode(0o755))?;
    for (name, _) in ipclab_reference::PROGRAMS {
        symlink("ipclab-reference", folder.join(name))?;
    }
    Ok(())
}
