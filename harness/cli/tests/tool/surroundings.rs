//! What a program finds around it, whoever calls the tool from wherever: the files that were handed in, the environment.

use std::os::unix::fs::symlink;

use super::check::{full_marks, report};
use crate::common::{GOOD, SPEC, Workdir};

/// `greet.toml` where leftovers cost a point of five.
fn with_cleanup(workdir: &Workdir) {
    let points = "points = { output = 2, exit = 1";
    let spec = SPEC.replace(points, &format!("{points}, cleanup = 1"));
    workdir.write("greet.toml", spec);
}

#[test]
fn what_was_handed_in_lies_in_the_working_folder_of_a_compiled_program() {
    const READS: &str = r#"
#include <stdio.h>
#include <sys/ipc.h>
#include <unistd.h>
int main(void)
{
    char line[9] = "";
    FILE *data = fopen("data.txt", "r+");
    if (!data || !fgets(line, sizeof line, data)) { perror("data.txt"); return 1; }
    rewind(data);
    fputs("written over", data);
    if (fclose(data) || ftok("sub folder/key", 65) == -1) { perror("key"); return 2; }
    if (!access("program", F_OK) || !access("link", F_OK)) return 3;
    fputs(line, stdout);
    return 0;
}
"#;
    let files = [
        ("hello.c", READS),
        ("data.txt", "Hello\n"),
        ("sub folder/key", ""),
    ];
    for folder in ["", "lab5/"] {
        let workdir = Workdir::with(&[]);
        with_cleanup(&workdir);
        let work = format!("work/{folder}");
        for (name, text) in files {
            workdir.write(&format!("{work}{name}"), text);
        }
        std::fs::copy("/bin/true", workdir.path(&format!("{work}program"))).unwrap();
        symlink("/etc/passwd", workdir.path(&format!("{work}link"))).unwrap();
        let (code, report) = report(&workdir);
        assert_eq!(code, Some(0), "{folder}: {report:#}");
        // It is a copy.
        let data = std::fs::read_to_string(workdir.path(&format!("{work}data.txt"))).unwrap();
        assert_eq!(data, "Hello\n");
    }
}

#[test]
fn only_what_was_handed_in_is_no_leftover() {
    let leaves = GOOD.replace("return 0", "fclose(fopen(\"out.txt\", \"w\")); return 0");
    let check = |files: &[(&str, &str)], expect: i32| {
        let workdir = Workdir::with(files);
        with_cleanup(&workdir);
        workdir.write("work/hello.c", &leaves);
        let (code, report) = report(&workdir);
        assert_eq!(code, Some(expect), "{files:?}: {report:#}");
    };
    check(&[], 1);
    check(&[("out.txt", "")], 0);
    check(&[("sub/out.txt", "")], 1);
}

#[test]
fn a_folder_of_the_programs_name_is_in_nobodys_way() {
    full_marks(&Workdir::with(&[
        ("hello/hello.c", GOOD),
        ("README.txt", ""),
    ]));
}

#[test]
fn a_spec_beside_a_whole_class_is_graded() {
    let workdir = Workdir::with(&[("hello.c", GOOD)]);
    let source = "source = [\"hello.c\", \"greet.c\"]";
    let reference = format!("{source}\nreference = {{ source = [\"ref/hello.c\"] }}");
    workdir.write("greet.toml", SPEC.replace(source, &reference));
    workdir.write(
        "ref/hello.c",
        "#include \"word.h\"\nint main(void) { say(); return 0; }\n",
    );
    workdir.write("ref/word.h", "void say(void);\n");
    workdir.write(
        "ref/word.c",
        "#include <stdio.h>\nvoid say(void) { puts(\"Hello\"); }\n",
    );
    for n in 0..2_100 {
        workdir.write(&format!("class/{n}/hello.c"), "");
    }
    full_marks(&workdir);
}

/// The box's `/etc` got the mask of whoever called the tool.
#[test]
fn the_callers_mask_is_not_the_boxs() {
    const MASK: &str = r#"
#include <pwd.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
int main(void)
{
    if (umask(0) != 022 || !getpwuid(getuid())) return 1;
    puts("Hello");
    return 0;
}
"#;
    for mask in ["000", "007", "027", "077"] {
        let workdir = Workdir::with(&[("hello.c", MASK)]);
        let output = checked_by(&format!("umask {mask}"), &workdir);
        assert_eq!(output.status.code(), Some(0), "{mask}: {output:?}");
    }
}

/// The usual spec, and a case that runs with sanitizers, which reserve terabytes.
fn with_memory() -> String {
    format!(
        "{SPEC}\n[[case]]\nid = \"memory\"\ntitle = \"no memory errors\"\ntier = \"robust\"\npoints = 1\ncovers = [\"Q1\"]\nsanitize = true\n\
         [case.actor.hello]\nstudent = \"hello\"\nexit = 0\n"
    )
}

/// A check by a shell that does something first.
fn checked_by(caller: &str, workdir: &Workdir) -> std::process::Output {
    let tool = workdir.check();
    let tool = tool.get_program().to_string_lossy();
    let run = format!("{caller}; exec {tool} check work --spec greet.toml");
    let mut command = assert_cmd::Command::new("sh");
    command.args(["-c", &run]).current_dir(workdir.path(""));
    command
        .env("HOME", workdir.path(""))
        .env("XDG_CACHE_HOME", workdir.path("cache"));
    command.output().unwrap()
}

/// What a caller may hand on that the tool itself cannot work with: a right program lost everything where `SIGCHLD` was ignored, was
/// not graded where the mask takes rights from the owner, and a small stack ended the tool.
#[test]
fn what_the_caller_hands_on_is_put_right() {
    const CHILD: &str = "#include <stdio.h>\n#include <sys/wait.h>\n#include <unistd.h>\n\
        int main(void) { int s; if (!fork()) _exit(3); if (wait(&s) < 0 || WEXITSTATUS(s) != 3) return 1; puts(\"Hello\"); }\n";
    let mut usual = None;
    for caller in [
        ":",
        "trap '' CHLD",
        "trap '' CHLD INT TERM PIPE HUP QUIT ALRM USR1",
        "umask 0777",
        "umask 0700",
        "ulimit -S -s 200",
        "ulimit -S -v 4000000",
        "ulimit -S -d 200000",
        "ulimit -S -f 10",
        "ulimit -S -l 0",
    ] {
        let workdir = Workdir::with(&[("hello.c", CHILD)]);
        workdir.write("greet.toml", with_memory());
        let output = checked_by(caller, &workdir);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(0), "{caller}: {text}");
        // The level, too, is the same.
        let usual = usual.get_or_insert_with(|| text.clone());
        assert_eq!(&text, usual, "{caller}");
    }
}

/// A limit that may not be raised takes no point: what needs more is not graded, and the limit is named.
#[test]
fn a_limit_of_the_callers_takes_no_point() {
    for caller in ["ulimit -v 4000000", "ulimit -d 200000", "ulimit -s 4000"] {
        let workdir = Workdir::with(&[("hello.c", GOOD)]);
        workdir.write("greet.toml", with_memory());
        let output = checked_by(caller, &workdir);
        let text = String::from_utf8_lossy(&output.stdout);
        match output.status.code() {
            // Root may raise it.
            Some(0) => {}
            Some(3) => assert!(text.contains("(ulimit -"), "{caller}: {text}"),
            code => panic!("{caller}: {code:?} {text}"),
        }
    }
}

#[test]
fn the_environment_of_a_box_is_a_students() {
    const ENVIRONMENT: &str = r#"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
int main(void)
{
    if (strcmp(getenv("USER"), getenv("LOGNAME")) || strcmp(getenv("USER"), "student")) return 1;
    if (strcmp(getenv("SHELL"), "/bin/sh") || strcmp(getenv("TERM"), "dumb")) return 2;
    if (strcmp(getenv("HOME"), "/lab") || !strlen(getenv("LANG")) || !strlen(getenv("PATH"))) return 3;
    puts("Hello");
    return 0;
}
"#;
    full_marks(&Workdir::with(&[("hello.c", ENVIRONMENT)]));
}

/// The kernel's tables of interfaces and routes can be read and not changed.
#[test]
fn interfaces_are_listed_and_left_as_they_are() {
    const LISTS: &str = r#"
#include <errno.h>
#include <ifaddrs.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
int main(void)
{
    struct ifaddrs *all, *one;
    int found = 0, s;
    char back[4096];
    struct { struct nlmsghdr head; struct ifinfomsg link; } down;
    if (getifaddrs(&all) == -1) { perror("getifaddrs"); return 1; }
    for (one = all; one; one = one->ifa_next)
        found |= !strcmp(one->ifa_name, "lo") && one->ifa_addr && one->ifa_addr->sa_family == AF_INET;
    freeifaddrs(all);
    if (!found) return 2;
    s = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
    memset(&down, 0, sizeof down);
    down.head.nlmsg_len = sizeof down;
    down.head.nlmsg_type = RTM_SETLINK;
    down.head.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
    down.link.ifi_index = if_nametoindex("lo");
    down.link.ifi_change = IFF_UP;
    if (send(s, &down, sizeof down, 0) == -1 || recv(s, back, sizeof back, 0) == -1) return 3;
    if (((struct nlmsgerr *)NLMSG_DATA((struct nlmsghdr *)back))->error != -EPERM) return 4;
    if (socket(AF_NETLINK, SOCK_RAW, 9) != -1 || errno != EAFNOSUPPORT) return 5;
    puts("Hello");
    return 0;
}
"#;
    for level in ["namespaces", "shared"] {
        let workdir = Workdir::with(&[("hello.c", LISTS)]);
        let mut command = workdir.check();
        command.args(["--isolation", level]).assert().code(0);
    }
}
