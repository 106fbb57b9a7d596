//! At the shared level: what is this machine's and not the case's is out of reach, and programs lose nothing by that.

use std::fs::{self, Permissions};
use std::io::Read;
use std::net::{TcpListener, UdpSocket};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixListener};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use ipclab_evidence::{Exit, Level};
use ipclab_kernel::{mq, sysv};

use crate::bench::{Seen, Test, both, on_host, plan, run, shared, student};

pub(crate) fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for act in ["tcp", "race", "swap", "shared-memory"] {
        tests.push(shared(
            format!("no_service_of_the_host_by_{act}"),
            move |level| {
                let service = TcpListener::bind("127.0.0.1:0").unwrap();
                let port = service.local_addr().unwrap().port();
                let datagrams = UdpSocket::bind(("127.0.0.1", port)).unwrap();
                let seen = one(level, &format!("outside {act} {port}"));
                assert_eq!(seen.out("one"), "tried\n");
                nothing_came(&service, &datagrams);
            },
        ));
    }
    tests.push(shared("no_datagram_leaves_or_reaches_the_host", |level| {
        let datagrams = UdpSocket::bind("127.0.0.1:0").unwrap();
        let port = datagrams.local_addr().unwrap().port();
        let service = TcpListener::bind(("127.0.0.1", port)).unwrap();
        let seen = one(level, &format!("outside udp {port}"));
        assert_eq!(seen.out("one"), "tried\n");
        nothing_came(&service, &datagrams);
    }));
    tests.push(shared("no_unix_socket_of_the_host", |level| {
        let name = format!("ipclab-outside-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let abstract_socket = UnixListener::bind_addr(&address).unwrap();
        let paths = ["stream", "datagrams"].map(|kind| format!("/tmp/{name}-{kind}"));
        let stream = UnixListener::bind(&paths[0]).unwrap();
        let datagrams = UnixDatagram::bind(&paths[1]).unwrap();
        for path in &paths {
            fs::set_permissions(path, Permissions::from_mode(0o777)).unwrap();
        }
        let seen = one(
            level,
            &format!("outside unix {name} {} {}", paths[0], paths[1]),
        );
        for path in &paths {
            fs::remove_file(path).unwrap();
        }
        assert_eq!(seen.out("one"), "tried\n");
        for listener in [abstract_socket, stream] {
            listener.set_nonblocking(true).unwrap();
            assert!(listener.accept().is_err());
        }
        datagrams.set_nonblocking(true).unwrap();
        assert!(datagrams.recv(&mut [0; 8]).is_err());
    }));
    tests.push(shared("neighbours_are_out_of_reach", |level| {
        let bystander = Bystander::start();
        let seen = one(level, &format!("outside neighbours {}", bystander.0.id()));
        assert_eq!(seen.out("one"), "tried\n");
        bystander.ends_well();
    }));
    tests.push(shared("objects_of_the_host_are_out_of_reach", |level| {
        let key = 0x1234_0000 + (std::process::id() as i32 & 0xffff);
        let create = libc_create();
        let segment = sysv::shm_get(key, 100, create).unwrap();
        let set = sysv::sem_create(key, &[3], 0o666, own_ids()).unwrap();
        let line = format!("outside objects {set} {segment} 0 {key}");
        let seen = one(level, &line);
        let values = sysv::sem_values(set, 1).unwrap();
        sysv::sem_remove(set).unwrap();
        sysv::remove_segment(segment).unwrap();
        assert_eq!(seen.out("one"), "tried\n");
        assert_eq!(values, [3]);
    }));
    tests.push(both("processes_do_as_they_like_with_their_own", |level| {
        let seen = one(level, "outside own");
        seen.all_well();
        assert_eq!(seen.out("one"), "1 done\n");
    }));
    tests.push(both("connections_begin_as_ever", |level| {
        let seen = one(level, "outside connections");
        assert_eq!(
            seen.out("one"),
            "nobody: Connection refused\nlistener: 0\nagain: Transport endpoint is already connected\nunspecified: 0\n\
             no socket: Socket operation on non-socket\nno descriptor: Bad file descriptor\nnowhere: Bad address\n\
             short: Invalid argument\ntaken: Address already in use\nnon-blocking: Operation now in progress\n0 1\n\
             again: 0\ndone\n"
        );
    }));
    tests.push(both("connections_that_are_not_answered", |level| {
        let seen = one(level, "outside unanswered");
        assert_eq!(
            seen.out("one"),
            "timeout: Operation now in progress\nsignal: Interrupted system call\nrestarted: 0\ndone\n"
        );
    }));
    tests.push(shared(
        "files_are_found_where_the_kernel_put_them",
        |level| {
            let folder = tempfile::tempdir_in("/tmp").unwrap();
            fs::set_permissions(folder.path(), Permissions::from_mode(0o777)).unwrap();
            fs::write(folder.path().join("theirs"), "theirs").unwrap();
            let seen = one(level, &format!("outside files {}", folder.path().display()));
            assert_eq!(seen.out("one"), "tried\n");
            let left: Vec<_> = fs::read_dir(folder.path())
                .unwrap()
                .flatten()
                .map(|entry| entry.file_name())
                .collect();
            assert_eq!(left, ["theirs"]);
            for name in [
                "/tmp/ipclab-openat2-top",
                "/tmp/ipclab-dots",
                "/dev/shm/ipclab-openat2",
            ] {
                assert!(!on_host(name), "{name}");
            }
            assert!(!mq::exists(b"ipclab-queue"));
            let listed = |end: &str| {
                let all = seen
                    .leftovers
                    .files
                    .iter()
                    .chain(&seen.leftovers.posix_shm)
                    .chain(&seen.leftovers.posix_queues);
                all.into_iter()
                    .any(|file| file.path.to_text().ends_with(end))
            };
            for name in [
                "openat2",
                "openat2-top",
                "dots",
                "folder/file",
                "mkdirat",
                "symlinkat",
                "linkat",
                "fifo",
                "renamed",
                "relative",
                "by-cwd",
                "bound",
                "linked",
                "queue",
            ] {
                assert!(listed(&format!("ipclab-{name}")), "{name}");
            }
            assert!(!listed("theirs"));
        },
    ));
    tests.push(shared(
        "a_build_reaches_nothing_and_leaves_nothing",
        |level| {
            let mut plan = plan([student("one", "outside build 7")]);
            plan.traced = false;
            assert_eq!(run(level, &plan).out("one"), "tried\n");
        },
    ));
    tests.push(shared("programs_have_a_user_who_owns_nothing", |level| {
        let seen = one(level, "exits code 3");
        assert_eq!(seen.actor("one").exit, Exit::Code(3));
        if nix::unistd::geteuid().is_root() {
            for folder in ["/tmp", "/dev/shm"] {
                for entry in fs::read_dir(folder).unwrap().flatten() {
                    let owner = fs::symlink_metadata(entry.path()).map_or(0, |about| about.uid());
                    assert!(
                        !(64_100..=64_900).contains(&owner),
                        "{}",
                        entry.path().display()
                    );
                }
            }
        }
    }));
    tests
}

fn own_ids() -> (u32, u32) {
    let (uid, gid) = (nix::unistd::geteuid(), nix::unistd::getegid());
    (uid.as_raw(), gid.as_raw())
}

fn libc_create() -> i32 {
    const IPC_CREAT: i32 = 0o1000;
    IPC_CREAT | 0o666
}

fn one(level: Level, line: &str) -> Seen {
    let mut plan = plan([student("one", line)]);
    // A thread of some of them computes for as long as the others try.
    plan.limits.cpu_ms = 60_000;
    run(level, &plan)
}

fn nothing_came(service: &TcpListener, datagrams: &UdpSocket) {
    service.set_nonblocking(true).unwrap();
    assert!(service.accept().is_err(), "a connection came");
    datagrams.set_nonblocking(true).unwrap();
    assert!(datagrams.recv(&mut [0; 8]).is_err(), "a datagram came");
}

/// A process of this user that minds its own business.
struct Bystander(Child, String);

impl Bystander {
    fn start() -> Self {
        let bystander = Command::new("cat")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn();
        let mut new = Self(bystander.unwrap(), String::new());
        new.1 = new.priority();
        new
    }

    fn priority(&self) -> String {
        let stat = self.about("stat");
        let mut fields = stat.split_whitespace().skip(17);
        format!("{:?} {:?}", fields.next(), fields.next())
    }

    fn about(&self, name: &str) -> String {
        fs::read_to_string(format!("/proc/{}/{name}", self.0.id())).unwrap()
    }

    fn ends_well(mut self) {
        assert_eq!(self.priority(), self.1);
        assert!(
            self.about("limits")
                .lines()
                .any(|line| line.starts_with("Max cpu time") && line.contains("unlimited"))
        );
        drop(self.0.stdin.take());
        let mut rest = String::new();
        self.0
            .stdout
            .take()
            .unwrap()
            .read_to_string(&mut rest)
            .unwrap();
        assert!(self.0.wait().unwrap().success());
    }
}
