//! Rubbish in: a clear message, the right exit status, no panic.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Output};

use crate::common::{GOOD, Workdir, install};
use predicates::prelude::*;
use predicates::str::contains;

#[test]
fn an_empty_folder() {
    let workdir = Workdir::with(&[]);
    workdir
        .ipclab()
        .args(["check", "work"])
        .assert()
        .code(2)
        .stderr(contains("the folder is empty").and(contains("--lab")));
    workdir
        .check()
        .assert()
        .code(1)
        .stdout(contains("no source of hello found: the folder is empty"));
}

#[test]
fn a_folder_of_pictures() {
    let workdir = Workdir::with(&[("a.png", "\u{89}PNG"), ("proof.JPG", "x")]);
    workdir
        .ipclab()
        .args(["check", "work"])
        .assert()
        .code(2)
        .stderr(contains("a.png (not a source)"));
    workdir
        .check()
        .assert()
        .code(1)
        .stdout(contains("looked for hello.c, greet.c").and(contains("proof.JPG")));
}

#[test]
fn a_folder_that_is_none() {
    let workdir = Workdir::with(&[("hello.c", GOOD)]);
    let check = |folder: &str| {
        let mut command = workdir.ipclab();
        command.args(["check", folder, "--spec", "greet.toml"]);
        command.assert().code(2)
    };
    check("nowhere").stderr(contains(
        "opening the submission nowhere: no such file or directory",
    ));
    check("work/hello.c").stderr(contains("work/hello.c is a file, not a folder"));
    check("").stderr(contains("FOLDER"));
}

#[test]
fn a_spec_that_is_none() {
    let workdir = Workdir::with(&[("hello.c", GOOD)]);
    let check = |spec: &str| {
        let mut command = workdir.ipclab();
        command.args(["check", "work", "--spec", spec]);
        command.assert().code(2)
    };
    check("nowhere.toml").stderr(contains(
        "reading the spec nowhere.toml: no such file or directory",
    ));
    check("work").stderr(contains("reading the spec work: is a directory"));
    workdir.write("bytes.toml", [0xff, 0xfe, 0]);
    check("bytes.toml").stderr(contains("not UTF-8"));
    workdir
        .ipclab()
        .args(["check", "work", "--lab", "tcp-ecko"])
        .assert()
        .code(2)
        .stderr(contains("did you mean tcp-echo?"));
}

#[test]
fn a_source_of_100_mb() {
    let workdir = Workdir::with(&[]);
    fs::File::create(workdir.path("work/hello.c"))
        .unwrap()
        .set_len(100 << 20)
        .unwrap();
    workdir
        .check()
        .assert()
        .code(2)
        .stderr(contains("work/hello.c is 100 MiB"));
}

/// The client's file was suggested as the server's source.
#[test]
fn the_source_of_another_program_is_not_suggested() {
    let workdir = Workdir::with(&[("udp_client.c", GOOD)]);
    let check = || {
        let mut command = workdir.ipclab();
        command.args([
            "check",
            "work",
            "--lab",
            "udp-datagram",
            "--case",
            "server-ready",
        ]);
        command.assert().code(1)
    };
    check().stdout(
        contains("put the program's source into the folder as udp_server.c")
            .and(contains("source = \"udp_client.c\"").not()),
    );
    workdir.write("work/Aufgabe3.c", GOOD);
    check().stdout(contains("source = \"Aufgabe3.c\""));
}

#[test]
fn a_source_that_is_something_else() {
    let workdir = Workdir::with(&[]);
    nix::unistd::mkfifo(&workdir.path("work/hello.c"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    workdir
        .check()
        .assert()
        .code(1)
        .stdout(contains("hello.c was not taken in: not a regular file"));
    fs::remove_file(workdir.path("work/hello.c")).unwrap();
    fs::create_dir(workdir.path("work/hello.c")).unwrap();
    workdir
        .check()
        .assert()
        .code(1)
        .stdout(contains("no source of hello found"));
}

#[test]
fn a_link_out_of_the_folder() {
    let workdir = Workdir::with(&[]);
    workdir.write("secret.c", GOOD);
    symlink("../secret.c", workdir.path("work/hello.c")).unwrap();
    workdir.check().assert().code(1).stdout(contains(
        "hello.c was not taken in: a link that leaves the submission",
    ));
    // A link within is the file itself.
    workdir.write("work/real.c", GOOD);
    fs::remove_file(workdir.path("work/hello.c")).unwrap();
    symlink("real.c", workdir.path("work/hello.c")).unwrap();
    workdir.check().assert().code(0);
}

#[test]
fn an_unreadable_file() {
    let workdir = Workdir::with(&[("hello.c", GOOD)]);
    fs::set_permissions(
        workdir.path("work/hello.c"),
        fs::Permissions::from_mode(0o000),
    )
    .unwrap();
    let output = as_unprivileged_user(&workdir, &["check", "work", "--spec", "greet.toml"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(
        text.contains("hello.c was not taken in: permission denied") && text.contains("chmod u+r"),
        "{text}"
    );
}

/// Runs the tool as a user other than root: root may read everything.
fn as_unprivileged_user(workdir: &Workdir, args: &[&str]) -> Output {
    // The build folder may be closed to others: the tool is copied to where anybody can run it.
    let tool = workdir.path("ipclab");
    install(&assert_cmd::cargo::cargo_bin("ipclab"), &tool);
    let mut command = Command::new(&tool);
    command
        .args(args)
        .current_dir(workdir.path("."))
        .env("HOME", workdir.path("."))
        .env("XDG_CACHE_HOME", workdir.path("cache"));
    if nix::unistd::geteuid().is_root() {
        give_away(&workdir.path("."));
        command.uid(65534).gid(65534);
    }
    command.output().unwrap()
}

fn give_away(path: &Path) {
    let nobody = (
        Some(nix::unistd::Uid::from_raw(65534)),
        Some(nix::unistd::Gid::from_raw(65534)),
    );
    nix::unistd::chown(path, nobody.0, nobody.1).unwrap();
    for entry in fs::read_dir(path).into_iter().flatten().flatten() {
        if entry.file_type().unwrap().is_dir() {
            give_away(&entry.path());
        } else {
            nix::unistd::chown(&entry.path(), nobody.0, nobody.1).unwrap();
        }
    }
}

#[test]
fn names_with_newlines_and_escapes() {
    let workdir = Workdir::with(&[
        ("a\n::error::\u{1b}[31m.c", GOOD),
        ("hello.c", "int main(void) { return }\n"),
    ]);
    let output = workdir.check().output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(!String::from_utf8_lossy(&output.stdout).contains('\u{1b}'));

    let workdir = Workdir::with(&[("a\n\u{1b}]0;x\u{7}/hello.c", GOOD)]);
    let output = workdir.check().output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(!text.contains('\u{1b}') && !text.contains('\u{7}'));

    // A name that a compiler would take for an option or a list of options.
    let workdir = Workdir::with(&[("-fplugin=x/hello.c", GOOD), ("@x.c", "int x;\n")]);
    workdir.check().assert().code(0);
}

#[test]
fn a_mapping_with_mistakes() {
    let workdir = Workdir::with(&[
        ("hello.c", GOOD),
        ("ipclab.toml", "[program.hello]\nsorce = \"hello.c\"\n"),
    ]);
    workdir
        .check()
        .assert()
        .code(2)
        .stderr(contains("ipclab.toml is wrong").and(contains("source")));
    workdir.write("work/ipclab.toml", "[program.hello]\nsource = \"nope.c\"\n");
    workdir
        .check()
        .assert()
        .code(1)
        .stdout(contains("names nope.c as hello"));
}

#[test]
fn no_compiler() {
    let workdir = Workdir::with(&[("hello.c", GOOD)]);
    workdir
        .check()
        .env("PATH", "/nowhere")
        .assert()
        .code(3)
        .stderr(contains("no C compiler").and(contains("apt-get install gcc")));
    workdir
        .check()
        .env("CC", "no-such-cc")
        .assert()
        .code(3)
        .stderr(contains("CC says no-such-cc"));
    // A submission that needs none does without.
    let workdir = Workdir::with(&[(
        "ipclab.toml",
        "[program.hello]\nrun = \"no-such-language hello.x\"\n",
    )]);
    workdir
        .check()
        .assert()
        .code(1)
        .stdout(contains("begins with no-such-language"));
}

/// Each of these was run, shown or looked for as whoever graded: a shim of the student's outside of every box, another
/// student's program with its folders, the tool as the reference.
#[test]
fn a_mapping_that_leads_out() {
    let other = Workdir::with(&[("hello.sh", "#!/bin/sh\necho Hello\n")]);
    let bin = other.path("work/bin");
    std::fs::create_dir(&bin).unwrap();
    for name in ["rustup", "hello", "shims"] {
        std::os::unix::fs::symlink(other.path("mark.sh"), bin.join(name)).unwrap();
    }
    other.script(
        "mark.sh",
        "#!/bin/sh\ntouch $(dirname $(realpath $0))/marked\necho /usr\n",
    );
    let outside = |name: &str| other.path("work").join(name).display().to_string();
    for line in [
        outside("hello.sh"),
        outside("bin/rustup"),
        outside("bin/hello"),
        format!("sh {}", outside("hello.sh")),
        "/proc/self/cwd/work/hello.sh".to_owned(),
        "./../work/hello.sh".to_owned(),
        "hello".to_owned(),
        "ipclab reference iserver".to_owned(),
    ] {
        for key in ["run", "build"] {
            let desk = Workdir::with(&[
                (
                    "ipclab.toml",
                    &format!("[program.hello]\n{key} = {line:?}\n"),
                ),
                ("hello.sh", "echo Hello\n"),
            ]);
            let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
            desk.check()
                .env("PATH", path)
                .assert()
                .code(1)
                .stdout(contains(format!("{key} of hello in ipclab.toml")).and(contains("0 of")));
        }
    }
    assert!(!other.path("marked").exists(), "it ran outside of a box");
}

#[test]
#[ignore = "takes long: cargo test --workspace -- --ignored"]
fn a_build_that_never_ends_is_stopped() {
    let workdir = Workdir::with(&[(
        "hello.c",
        "#include \"/dev/zero\"\nint main(void) { return 0; }\n",
    )]);
    let output = workdir.check().output().unwrap();
    assert_eq!(
        output.status.code(),
        Some(1),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
    let workdir = Workdir::with(&[
        ("hello.c", GOOD),
        ("Makefile", "hello:\n\t@while :; do :; done\n"),
    ]);
    let output = workdir.check().output().unwrap();
    assert!(
        String::from_utf8_lossy(&output.stdout).contains("Makefile did not build it"),
        "{output:?}"
    );
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn a_makefile_cannot_plant_a_link_for_a_program() {
    let makefile = "hello: hello.c\n\tln -s /bin/echo hello\n";
    let workdir = Workdir::with(&[("hello.c", "no C at all"), ("Makefile", makefile)]);
    // The compiler's own complaint is what counts then, and nothing is run.
    let refused =
        contains("the compiler refused hello.c").and(contains("hello could not be built"));
    workdir.check().assert().code(1).stdout(refused);
}

#[test]
fn no_writable_home() {
    let workdir = Workdir::with(&[("hello.c", GOOD)]);
    let temporary = workdir.path("tmp");
    fs::create_dir(&temporary).unwrap();
    let mut check = workdir.check();
    check
        .env("HOME", "/proc")
        .env("XDG_CACHE_HOME", "/proc/nowhere")
        .env("TMPDIR", &temporary);
    check.assert().code(0);
    assert_eq!(
        fs::read_dir(&temporary).unwrap().count(),
        0,
        "the private folder goes at the end"
    );
}

/// Checks with everything that the tool writes going to a disk of that size; `None`: this user may not mount.
fn on_a_disk_of(size: &str, workdir: &Workdir) -> Option<Output> {
    fs::create_dir_all(workdir.path("full")).unwrap();
    let mount = format!("mount -t tmpfs -o size={size} none full");
    let run = |script: &str| {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount", "sh", "-c", script]);
        with_little_room(command, workdir)
    };
    run(&mount).status.success().then(|| {
        let tool = assert_cmd::cargo::cargo_bin("ipclab");
        run(&format!(
            "{mount} && exec {} check work --spec greet.toml",
            tool.display()
        ))
    })
}

fn with_little_room(mut command: Command, workdir: &Workdir) -> Output {
    command
        .current_dir(workdir.path("."))
        .env("HOME", workdir.path("full"))
        .env("TMPDIR", workdir.path("full"))
        .env_remove("XDG_CACHE_HOME");
    command.output().unwrap()
}

#[test]
fn a_full_disk() {
    let workdir = Workdir::with(&[("hello.c", &format!("{GOOD}/*{}*/", "x".repeat(300_000)))]);
    let (output, expect) = match on_a_disk_of("128k", &workdir) {
        Some(output) => (output, "no space left on device"),
        None => {
            // Where the user may not mount, a bound on the size of files stands in for the disk's.
            let tool = assert_cmd::cargo::cargo_bin("ipclab");
            let check = format!("exec {} check work --spec greet.toml", tool.display());
            let mut command = Command::new("sh");
            command.args(["-c", &format!("trap '' XFSZ; ulimit -f 100; {check}")]);
            (with_little_room(command, &workdir), "file too large")
        }
    };
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "{text}");
    assert!(
        text.contains(expect) && !text.contains("panicked"),
        "{text}"
    );
}

#[test]
fn a_disk_that_fills_up_while_the_linker_writes_costs_nobody_a_point() {
    let workdir = Workdir::with(&[("hello.c", GOOD)]);
    // The sources fit, and the program does not.
    let Some(output) = on_a_disk_of("40k", &workdir) else {
        return;
    };
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    // However it is wrapped.
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(output.status.code(), Some(3), "{text}");
    let names_it = contains("no space left on device").and(contains("free some space"));
    assert!(names_it.eval(&text), "{text}");
    assert!(!text.contains("refused"), "{text}");
}
