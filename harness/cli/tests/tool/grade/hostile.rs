//! Hostile submissions: each is refused or graded by itself, and no other submission notices.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use serde_json::Value;

use super::class::{grade, marks};
use crate::common::archives::{Entry, file, gz, link, tar, tar_entry, zeros, zip};
use crate::common::{GOOD, Workdir};

/// Why each submission was not graded.
pub(crate) fn reasons(workdir: &Workdir, out: &str) -> BTreeMap<String, String> {
    let text = fs::read(workdir.path(out).join("class.json")).expect("class.json");
    let class: Value = serde_json::from_slice(&text).expect("JSON");
    let members = class["submissions"].as_array().expect("submissions");
    members
        .iter()
        .filter_map(|member| {
            let why = member["standing"]["not-graded"]["why"].as_str()?;
            Some((member["who"]["id"].as_str()?.to_owned(), why.to_owned()))
        })
        .collect()
}

/// Archives that are refused, and why.
fn archives() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let with = |entry: Entry| zip(&[file("hello.c", GOOD), entry]);
    let tar_with = |entry: Vec<u8>| {
        gz(&tar(&[
            tar_entry(b"hello.c", b'0', GOOD.as_bytes(), ""),
            entry,
        ]))
    };
    let mut encrypted = file("secret.c", GOOD);
    encrypted.flags |= 1;
    let mut pipe = file("fifo", "");
    pipe.mode = 0o010_644;
    let many: Vec<Entry> = (0..20_100).map(|n| file(format!("f{n}"), "")).collect();
    let sparse_name = tar_entry(b"././@LongLink", b'L', &vec![b'x'; 5_000], "");
    vec![
        (
            "absolute.zip",
            with(file("/etc/cron.d/x", "x")),
            "/etc/cron.d/x has an absolute name",
        ),
        (
            "up.zip",
            with(file("a/../../x.c", "x")),
            "a/../../x.c leads out of the archive",
        ),
        (
            "backslash.zip",
            with(file("..\\..\\x.c", "x")),
            "../../x.c leads out of the archive",
        ),
        (
            "link.zip",
            with(link("passwd.c", "/etc/passwd")),
            "passwd.c is a link that leads out of the archive",
        ),
        ("pipe.zip", with(pipe), "fifo is a pipe"),
        (
            "twice.zip",
            with(file("hello.c", "x")),
            "hello.c is in it twice",
        ),
        (
            "case.zip",
            with(file("Hello.c", "x")),
            "Hello.c and hello.c differ in upper and lower case only",
        ),
        (
            "both.zip",
            with(file("hello.c/x.c", "x")),
            "hello.c/x.c is both a file and a folder",
        ),
        (
            "nul.zip",
            with(file(b"a\0b.c", "x")),
            "a\\x00b.c has \\u{0} in its name",
        ),
        (
            "newline.zip",
            with(file("a\nb.c", "x")),
            "a\\nb.c has \\n in its name",
        ),
        (
            "long.zip",
            with(file("x".repeat(4000), "x")),
            "has a name of 4000 bytes",
        ),
        (
            "utf8.zip",
            with(file(b"\xff\xfe.c", "x")),
            "has a name that is not UTF-8",
        ),
        (
            "secret.zip",
            with(encrypted),
            "secret.zip is encrypted (secret.c)",
        ),
        (
            "bomb.zip",
            with(zeros("zeros", 300 << 20)),
            "more than 58 MiB unpacked",
        ),
        ("many.zip", zip(&many), "has 20100 entries"),
        (
            "cut.zip",
            zip(&[file("hello.c", GOOD)])[..60].to_vec(),
            "cut.zip is damaged",
        ),
        (
            "none.zip",
            b"not a zip at all".to_vec(),
            "none.zip is damaged",
        ),
        (
            "up.tar.gz",
            tar_with(tar_entry(b"../x.c", b'0', b"x", "")),
            "../x.c leads out of the archive",
        ),
        (
            "hard.tar.gz",
            tar_with(tar_entry(b"x.c", b'1', b"", "../../etc/passwd")),
            "x.c is a link that leads out",
        ),
        (
            "hardno.tar.gz",
            tar_with(tar_entry(b"x.c", b'1', b"", "y.c")),
            "x.c is a link to y.c, which is no file before it",
        ),
        (
            "soft.tar.gz",
            tar_with(tar_entry(b"x.c", b'2', b"", "../../../etc/shadow")),
            "x.c is a link that leads out",
        ),
        (
            "device.tar.gz",
            tar_with(tar_entry(b"sda", b'3', b"", "")),
            "sda is a device",
        ),
        (
            "named.tar.gz",
            tar_with([sparse_name, tar_entry(b"x", b'0', b"", "")].concat()),
            "has a name of 5000 bytes",
        ),
        (
            "bytes.tar.gz",
            tar_with(tar_entry(b"\xff.c", b'0', b"x", "")),
            "has a name that is not UTF-8",
        ),
        (
            "zeros.tar.gz",
            gz(&tar(&[tar_entry(b"zeros", b'0', &vec![0; 40 << 20], "")])),
            "more than 16 MiB unpacked",
        ),
        (
            "torn.tar.gz",
            tar_with(tar_entry(b"y.c", b'0', GOOD.as_bytes(), ""))[..90].to_vec(),
            "torn.tar.gz is damaged",
        ),
    ]
}

#[test]
fn unsafe_archives_are_refused_with_student_and_entry_and_the_others_are_graded() {
    let workdir = Workdir::with(&[]);
    workdir.write("class/ada/hello.c", GOOD);
    let archives = archives();
    let mut expect = BTreeMap::new();
    for (n, (name, bytes, why)) in archives.iter().enumerate() {
        // Both as the archive of a student, and in the folder of one.
        match n % 2 {
            0 => workdir.write(&format!("class/{name}"), bytes),
            _ => workdir.write(&format!("class/{name}.d/{name}"), bytes),
        }
        let id = match n % 2 {
            0 => name
                .trim_end_matches(".zip")
                .trim_end_matches(".tar.gz")
                .to_owned(),
            _ => format!("{name}.d"),
        };
        expect.insert(id, *why);
    }
    grade(&workdir, "out").assert().code(3);
    let reasons = reasons(&workdir, "out");
    for (id, why) in &expect {
        let said = reasons.get(id).map_or("it was graded", String::as_str);
        assert!(said.contains(why), "{id}: {said:?}, not {why:?}");
    }
    assert_eq!(reasons.len(), expect.len(), "{reasons:#?}");
    assert_eq!(marks(&workdir, "out")["ada"], Some(4));
    assert_eq!(workdir.scratch(), Vec::<std::path::PathBuf>::new());
    // Nothing was written anywhere but where it belongs.
    assert!(!workdir.path("x.c").exists() && !workdir.path("class/x.c").exists());
}

#[test]
fn in_the_archive_of_a_class_only_who_is_hostile_is_refused() {
    let workdir = Workdir::with(&[]);
    let class = zip(&[
        file("ada/hello.c", GOOD),
        file("eve/hello.c", GOOD),
        file("eve/../ada/hello.c", "mine"),
        file("../../nobody.c", "x"),
        file("mal/hello.c", GOOD),
        file("mal/hello.c", "again"),
        link("lin/hello.c", "../ada/hello.c"),
        zeros("zed/zeros", 300 << 20),
        file("two/hello.c", GOOD),
        file("two", "a file, too"),
        file("bob/hello.c", GOOD),
        file("mia/", ""),
        // In the code page of DOS, as older Windows writes it.
        Entry {
            flags: 0,
            ..file(b"j\x94rg/hello.c", GOOD)
        },
    ]);
    workdir.write("class.zip", class);
    workdir
        .ipclab()
        .args(["grade", "class.zip", "--spec", "greet.toml", "-o", "out"])
        .assert()
        .code(3);
    let reasons = reasons(&workdir, "out");
    let check = |id: &str, why: &str| assert!(reasons[id].contains(why), "{id}: {reasons:?}");
    check("eve", "eve/../ada/hello.c leads out of the archive");
    check("mal", "hello.c is in it twice");
    check("lin", "is a link that leads out");
    check("zed", "more than 256 MiB");
    check("two", "two of its entries want the same place");
    let marks = marks(&workdir, "out");
    assert_eq!((marks["ada"], marks["bob"]), (Some(4), Some(4)));
    assert_eq!((marks["mia"], marks["jörg"]), (Some(0), Some(4)));
    assert_eq!(marks.len(), 9, "{marks:?}");
    let class = fs::read_to_string(workdir.path("out/class.json")).expect("class.json");
    assert!(
        class.contains("without an owner, and left out: ../../nobody.c"),
        "{class}"
    );
}

#[test]
fn folders_that_cannot_be_read_or_lead_elsewhere_stop_nobody() {
    let workdir = Workdir::with(&[]);
    workdir.write("class/ada/hello.c", GOOD);
    workdir.write("class/lin/real.txt", "x");
    symlink("/etc/passwd", workdir.path("class/lin/hello.c")).expect("a link");
    workdir.write("class/zed/hello.c", GOOD);
    fs::File::create(workdir.path("class/zed/big.c"))
        .expect("a file")
        .set_len(100 << 20)
        .expect("holes");
    workdir.write("class/tom/ipclab.toml", "[program.hello\n");
    workdir.write("class/tom/hello.c", GOOD);
    nix::unistd::mkfifo(&workdir.path("class/pip.c"), nix::sys::stat::Mode::S_IRWXU)
        .expect("a pipe");
    workdir.write("class/una/hello.c", GOOD);
    fs::set_permissions(workdir.path("class/una"), fs::Permissions::from_mode(0o000))
        .expect("mode");
    grade(&workdir, "out").assert().code(3);
    fs::set_permissions(workdir.path("class/una"), fs::Permissions::from_mode(0o755))
        .expect("mode");
    let (reasons, marks) = (reasons(&workdir, "out"), marks(&workdir, "out"));
    assert_eq!((marks["ada"], marks["lin"]), (Some(4), Some(0)));
    assert!(reasons["zed"].contains("big.c is 100 MiB"), "{reasons:?}");
    assert!(
        reasons["tom"].contains("ipclab.toml is wrong"),
        "{reasons:?}"
    );
    // The superuser reads it all the same.
    if !nix::unistd::geteuid().is_root() {
        assert!(reasons["una"].contains("permission denied"), "{reasons:?}");
    }
    assert_eq!(marks.len(), 5, "{marks:?}");
}
