//! `ipclab check`: from a folder to a report, and every way that submissions differ.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::common::{GOOD, SPEC, Workdir, json, submission};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use predicates::prelude::*;
use predicates::str::contains;
use serde_json::Value;

pub(crate) fn report(workdir: &Workdir) -> (Option<i32>, Value) {
    let output = workdir.check().args(["--format", "json"]).output().unwrap();
    (output.status.code(), json(&output))
}

/// Checks a submission and wants full marks; gives the report.
pub(crate) fn full_marks(workdir: &Workdir) -> Value {
    let (code, report) = report(workdir);
    assert_eq!(
        (code, &report["score"]["earned"]),
        (Some(0), &Value::from(4)),
        "{report:#}"
    );
    report
}

#[test]
fn a_good_program_gets_full_marks_and_leaves_no_scratch() {
    let workdir = Workdir::with(&[("hello.c", GOOD)]);
    workdir
        .check()
        .assert()
        .code(0)
        .stdout(contains("4 of 4 points").and(contains("greets")));
    assert_eq!(workdir.scratch(), Vec::<std::path::PathBuf>::new());
}

#[test]
fn json_is_what_it_is_promised_to_be() {
    let report = full_marks(&Workdir::with(&[("hello.c", GOOD)]));
    assert_eq!(report["schema"], "ipclab/report/v1");
    assert_eq!(report["lab"], "greet");
    assert_eq!(report["score"]["tiers"]["core"]["max"], 3);
    assert_eq!(report["cases"][0]["findings"][0]["verdict"], "pass");
}

#[test]
fn a_fault_is_graded_as_the_folder_that_it_stands_for() {
    let workdir = Workdir::with(&[]);
    workdir.write("lab/accepted/whole/hello.c", GOOD);
    workdir.write(
        "lab/accepted/whole/expected.toml",
        "about = \"all of it\"\n",
    );
    let fault = |replace: &str| {
        format!(
            "base = \"whole\"\nabout = \"is rude\"\n[[change]]\nfile = \"hello.c\"\n\
             replace = \"{replace}\"\nwith = \"Go away\"\n"
        )
    };
    workdir.write("lab/rejected/rude.toml", fault("Hello"));
    workdir.write("rude/hello.c", GOOD.replace("Hello", "Go away"));
    let report = |path: &str| {
        let mut command = workdir.ipclab();
        command.args(["check", path, "--spec", "greet.toml", "--format", "json"]);
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        json(&output)
    };
    let (of_file, of_folder) = (report("lab/rejected/rude.toml"), report("rude"));
    for part in ["score", "programs"] {
        assert_eq!(of_file[part], of_folder[part]);
    }
    let seen = |report: &Value| report["cases"][0]["findings"][0]["seen"].clone();
    assert_eq!(seen(&of_file), seen(&of_folder));

    workdir.write("lab/rejected/rude.toml", fault("Hallo"));
    workdir
        .ipclab()
        .args(["check", "lab/rejected/rude.toml", "--spec", "greet.toml"])
        .assert()
        .code(2)
        .stderr(
            contains("lab/rejected/rude.toml makes no submission:")
                .and(contains("--> lab/rejected/rude.toml:5:12"))
                .and(contains("`hello.c` of `whole` does not contain this")),
        );
    // The lab is told by the programs, as that of a folder.
    workdir
        .ipclab()
        .arg("check")
        .arg(submission("shm-hello", "rejected/writer-wrong-key"))
        .args(["--case", "writer-stores-hello"])
        .assert()
        .code(1)
        .stdout(contains("shm-hello"));
}

#[test]
fn a_wrong_program_loses_its_points_and_what_requires_it_is_skipped() {
    let workdir = Workdir::with(&[(
        "hello.c",
        "#include <stdio.h>\nint main(void) { puts(\"Bye\"); return 0; }\n",
    )]);
    let (code, report) = report(&workdir);
    assert_eq!(code, Some(1));
    let verdicts: Vec<&Value> = [0, 1]
        .iter()
        .map(|n| &report["cases"][n]["verdict"])
        .collect();
    assert_eq!(verdicts, ["fail", "skipped"]);
    assert_eq!(report["score"]["earned"], 1);
    let repeat = report["cases"][0]["repeat"].as_str().unwrap();
    assert_eq!(repeat, "ipclab check work --spec greet.toml --case greets");
    // A case alone stands alone: what it requires was not asked for.
    workdir
        .check()
        .args(["--case", "greets-again"])
        .assert()
        .code(1)
        .stdout(contains("skipped").not());
}

#[test]
fn a_build_that_fails_names_file_and_line_and_skips_the_cases() {
    let workdir = Workdir::with(&[("src/hello.c", "int main(void) {\n  return x\n}\n")]);
    let (code, report) = report(&workdir);
    assert_eq!(code, Some(1));
    let problem = &report["programs"][0]["problem"];
    assert_eq!(problem["message"], "the compiler refused src/hello.c");
    assert_eq!(
        (&problem["errors"][0]["file"], &problem["errors"][0]["line"]),
        (&"src/hello.c".into(), &2.into())
    );
    assert_eq!(report["cases"][0]["verdict"], "skipped");
}

#[test]
fn what_textbooks_print_builds() {
    let code = "main()\n{\n  char line[100];\n  if (0) gets(line);\n  printf(\"Hello\\n\");\n  exit(helper(\"x\"));\n}\nhelper(s) char *s; { return 0; }\n";
    full_marks(&Workdir::with(&[("hello.c", code)]));
}

#[test]
fn students_hand_in_what_they_like() {
    let crlf = GOOD.replace('\n', "\r\n");
    let bom = format!("\u{feff}{GOOD}");
    let no_newline = GOOD.trim_end();
    // No C++: compilers take a capital C for that.
    let only_c = "#include <stdio.h>\n#include <stdlib.h>\nint main(void) {\n    char *class = malloc(6);\n    return puts(\"Hello\") < 0 || !class;\n}\n";
    for (name, code) in [
        ("HELLO.C", only_c),
        ("Hello.c", &*crlf),
        ("Lab 5/Unit V/hello.c", GOOD),
        ("hello (1).c", &*bom),
        ("greet.c", no_newline),
        ("hello/hello.c", GOOD),
    ] {
        full_marks(&Workdir::with(&[(name, code)]));
    }
    // Latin-1 in a comment, as editors of old wrote it.
    let workdir = Workdir::with(&[]);
    workdir.write(
        "work/hello.c",
        [b"/* gr\xfc\xdfe */\n", GOOD.as_bytes()].concat(),
    );
    full_marks(&workdir);
}

#[test]
fn a_committed_binary_is_never_run() {
    let workdir = Workdir::with(&[("hello.c", GOOD)]);
    fs::copy("/bin/false", workdir.path("work/hello")).unwrap();
    let report = full_marks(&workdir);
    assert_eq!(
        report["programs"][0]["warnings"][0],
        "ignored the binary hello: what is graded is built from source"
    );

    // Not even by a Makefile that finds it up to date.
    workdir.write("work/Makefile", "hello: hello.c\n\tcc -o hello hello.c\n");
    full_marks(&workdir);
}

#[test]
fn a_makefile_with_the_target_is_used_whatever_its_name_and_line_ends() {
    let code = "#include <stdio.h>\nint main(void) { puts(WORD); return 0; }\n";
    for name in [
        "Makefile",
        "makefile",
        "MakeFile",
        "GNUmakefile",
        "sub folder/makefile",
    ] {
        let folder = Path::new(name).parent().unwrap();
        let source = folder.join("hello.c");
        let makefile = "hello: hello.c\n\tcc -DWORD='\"Hello\"' -o hello hello.c\n";
        full_marks(&Workdir::with(&[
            (source.to_str().unwrap(), code),
            (name, makefile),
        ]));
    }
    let crlf = "hello: hello.c\r\n\tcc -DWORD='\"Hello\"' -o hello hello.c\r\n";
    full_marks(&Workdir::with(&[("hello.c", code), ("Makefile", crlf)]));
}

#[test]
fn a_makefile_that_fails_costs_nothing_when_the_compiler_alone_succeeds() {
    let makefile = ("Makefile", "hello: hello.c\n\tno-such-compiler hello.c\n");
    // In several files, the compiler needs a second try: what the first one lacked is no word about the Makefile.
    let main = "void say(void);\nint main(void) { say(); return 0; }\n";
    let say = "#include <stdio.h>\nvoid say(void) { puts(\"Hello\"); }\n";
    for files in [
        vec![("hello.c", GOOD), makefile],
        vec![("hello.c", main), ("say.c", say), makefile],
    ] {
        let report = full_marks(&Workdir::with(&files));
        let warning = report["programs"][0]["warnings"][0].as_str().unwrap();
        assert_eq!(
            warning,
            "Makefile did not build it (make hello failed, with Makefile: make: no-such-compiler: No such file or \
             directory): built with the compiler instead"
        );
    }
}

/// The Makefile says what the program needs, and calls it what its author does.
#[test]
fn a_makefile_that_calls_the_program_otherwise_builds_it() {
    const WORD: &str = "#include <stdio.h>\nint main(void) { puts(WORD); return 0; }\n";
    let check = |source: &str, makefile: &str, expect: &str| {
        let report = full_marks(&Workdir::with(&[(source, WORD), ("Makefile", makefile)]));
        let warning = report["programs"][0]["warnings"][0].as_str();
        assert_eq!(warning.unwrap_or_default(), expect);
    };
    let flags = "CFLAGS = -DWORD='\"Hello\"'\n";
    check(
        "greet.c",
        &format!("{flags}all: greet\ngreet: greet.o\n\tcc -o $@ $^\n"),
        "built with Makefile: make greet, which left greet",
    );
    check(
        "src/greet.c",
        &format!(
            "{flags}all: bin/greet\nbin/%: src/%.c\n\tmkdir -p bin\n\tcc $(CFLAGS) -o $@ $<\n"
        ),
        "built with Makefile: make all, which left bin/greet",
    );
    check(
        "greet.c",
        flags,
        "built with Makefile: make greet, which left greet",
    );
    // No source is called like the lab's.
    check(
        "part1.c",
        &format!("{flags}my-hello: part1.c\n\tcc $(CFLAGS) -o $@ $<\n"),
        "built with Makefile: make my-hello, which left my-hello",
    );
}

#[test]
fn a_makefile_that_is_not_used_is_named_with_the_reason() {
    let check = |files: &[(&str, &str)], expect: &str| {
        let report = full_marks(&Workdir::with(files));
        let warnings = report["programs"][0]["warnings"].to_string();
        assert!(warnings.contains(expect), "{warnings}");
    };
    let clean = ("Makefile", "clean:\n\trm -f *.o\n");
    check(
        &[("hello.c", GOOD), clean],
        "Makefile was not used: it has no target for hello",
    );
    let other = ("Makefile", "all: other\nother:\n\ttouch other\n");
    check(
        &[("hello.c", GOOD), other],
        "Makefile did not build it (make all with Makefile ended well and left no file hello or greet): built with the \
         compiler instead",
    );
    let mapping = ("ipclab.toml", "[program.hello]\nsource = \"x.c\"\n");
    let makefile = ("Makefile", "hello: x.c\n\tcc -o hello x.c\n");
    check(
        &[("x.c", GOOD), mapping, makefile],
        "Makefile was not used: ipclab.toml names the sources",
    );
}

#[test]
fn files_that_belong_together_are_linked() {
    let main = "#include \"say.h\"\nint main(void) { say(); return 0; }\n";
    let say = "#include <stdio.h>\n#include \"say.h\"\nvoid say(void) { puts(\"Hello\"); }\n";
    let other = "int main(void) { return 1; }\n";
    let workdir = Workdir::with(&[
        ("src/hello.c", main),
        ("lib/say.c", say),
        ("include/say.h", "void say(void);\n"),
        ("src/other.c", other),
    ]);
    full_marks(&workdir);
}

/// An old copy of a helper lay in the folder: with both, the build with sanitizers failed, and its cases with it.
#[test]
fn a_build_with_sanitizers_takes_the_files_that_the_makefile_takes() {
    let say = "#include <stdio.h>\nvoid say(void) { puts(\"Hello\"); }\n";
    let workdir = Workdir::with(&[
        (
            "hello.c",
            "void say(void);\nint main(void) { say(); return 0; }\n",
        ),
        ("say.c", say),
        ("say_old.c", say),
        (
            "Makefile",
            "hello: hello.o say.o\n\tcc -o hello hello.o say.o\n",
        ),
    ]);
    let with_memory = format!(
        "{}\n[[case]]\nid = \"memory\"\ntitle = \"no memory errors\"\ntier = \"robust\"\npoints = {{ memory = 1 }}\n\
         covers = [\"Q1\"]\nhint = \"None.\"\nsanitize = true\n[case.actor.greeter]\nstudent = \"hello\"\n",
        crate::common::SPEC
    );
    workdir.write("greet.toml", with_memory);
    // The second time the plain build comes from the cache, which knows what it was made of.
    for tier in ["core", "robust"] {
        let check = workdir.check().args(["--tier", tier]).assert();
        check.code(0).stdout(contains("could not be built").not());
    }
    workdir.check().assert().code(0).stdout(contains("5 of 5"));
}

/// A hook that ended the program, a function that stood in for the runtime's, an attribute that took a function out: with each
/// of them two overflows got full marks.
#[test]
fn a_program_does_not_silence_its_sanitizers() {
    let overflow = "static char *volatile at;\nstatic void write_behind(void) { char text[4]; at = text; at[4] = 'x'; }\n";
    let main = "int main(void) { write_behind(); puts(\"Hello\"); return 0; }\n";
    let head = "#include <stdio.h>\n#include <unistd.h>\n#include <stdlib.h>\n";
    let attribute = "#define JOIN(a, b) a##b\n__attribute__((JOIN(no_san, itize)(\"address\")))\n";
    let asks = "#ifdef __SANITIZE_ADDRESS__\n#define write_behind()\n#endif\n";
    for (name, source, says) in [
        (
            "a hook of its own",
            format!("{head}{overflow}void __asan_on_error(void) {{ _exit(0); }}\n{main}"),
            "interferes with the sanitizers",
        ),
        (
            "a function of the runtime's, by a name that no text shows",
            format!(
                "{head}{overflow}void store(unsigned long at) __asm__(\"__asan\" \"_report_store1\");\nvoid store(unsigned long at) {{}}\n{main}"
            ),
            "interferes with the sanitizers",
        ),
        (
            "an attribute",
            format!(
                "{head}{}{main}",
                overflow.replace("static void", &format!("{attribute}static void"))
            ),
            "memory error",
        ),
        (
            "an attribute whose name is defined anew",
            format!(
                "#undef no_sanitize\n{head}{}{main}",
                overflow.replace("static void", &format!("{attribute}static void"))
            ),
            "hello.c defines, undefines or asks for no_sanitize",
        ),
        (
            "asks whether it is sanitized",
            format!("{head}{overflow}{asks}{main}"),
            "memory error",
        ),
        (
            "a pipe for stderr that no process reads",
            format!(
                "{head}#include <signal.h>\n{overflow}static void end(int signal) {{ _exit(0 * signal); }}\n\
                 int main(void) {{ int p[2]; if (pipe(p)) return 1; dup2(p[1], 2); close(p[0]); close(p[1]);\n\
                 signal(SIGPIPE, end); write_behind(); return 0; }}\n"
            ),
            "memory error",
        ),
        (
            "a closed stderr and another status",
            format!(
                "{head}{overflow}static void end(void) {{ _exit(0); }}\nint main(void) {{ close(2); atexit(end); write_behind(); return 0; }}\n"
            ),
            "memory error",
        ),
    ] {
        let workdir = Workdir::with(&[("hello.c", source.as_str())]);
        let with_memory = format!(
            "{}\n[[case]]\nid = \"memory\"\ntitle = \"no memory errors\"\ntier = \"robust\"\npoints = {{ memory = 1 }}\n\
             covers = [\"Q1\"]\nhint = \"None.\"\nsanitize = true\n[case.actor.greeter]\nstudent = \"hello\"\n",
            crate::common::SPEC
        );
        workdir.write("greet.toml", with_memory);
        println!("{name}");
        let check = workdir.check().args(["--case", "memory"]).assert();
        check
            .code(1)
            .stdout(contains(says).and(contains("is not C").not()));
    }
}

/// A compiler without the library of its sanitizers: "the compiler refused hello.c", as if the file were wrong.
#[test]
fn a_sanitizer_library_that_is_missing_is_the_machines_trouble() {
    let check = |line: &str, library: &str, package: &str| {
        let workdir = Workdir::with(&[("hello.c", GOOD)]);
        let with_memory = format!(
            "{}\n[[case]]\nid = \"memory\"\ntitle = \"no memory errors\"\ntier = \"robust\"\npoints = {{ memory = 1 }}\n\
             covers = [\"Q1\"]\nhint = \"None.\"\nsanitize = true\n[case.actor.greeter]\nstudent = \"hello\"\n",
            crate::common::SPEC
        );
        workdir.write("greet.toml", with_memory);
        let other = Workdir::with(&[]);
        let compiler = other.path("tools/bin/cc");
        let script = format!(
            "#!/bin/sh\ncase \"$*\" in *-fsanitize*) cat >&2 <<-'END'\n{line}\nEND\nexit 1;; esac\nexec gcc \"$@\"\n"
        );
        other.script("tools/bin/cc", &script);
        let mut command = workdir.check();
        command.env("CC", &compiler).args(["--case", "memory"]);
        let said = command.assert().code(3).get_output().stdout.clone();
        let said = String::from_utf8_lossy(&said).replace('\n', " ");
        let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(said.contains(library) && said.contains(package), "{said}");
        assert!(!said.contains("refused"), "{said}");
    };
    check(
        "/usr/bin/ld: cannot find -lasan: No such file or directory",
        "libasan, which the compiler's sanitizers need, is not installed here",
        "libubsan",
    );
    // It is there, for another C library than the compiler's.
    check(
        "libasan.so: undefined reference to `sigaltstack@GLIBC_2.2.5'",
        "libasan, which the compiler's sanitizers need, is not installed here for this C library",
        "musl-gcc",
    );
    check(
        "/usr/bin/ld: cannot find /usr/lib/llvm-14/lib/clang/14.0.6/lib/linux/libclang_rt.asan-x86_64.a: No such file",
        "libclang_rt.asan, which the compiler's sanitizers need, is not installed here",
        "apt-get install libclang-rt-14-dev",
    );
}

#[test]
fn of_two_candidates_one_is_taken_and_the_report_says_which() {
    let bad = "int main(void) { return 1; }\n";
    let workdir = Workdir::with(&[("v9/hello.c", bad), ("v10/hello.c", GOOD)]);
    let report = full_marks(&workdir);
    assert_eq!(
        report["programs"][0]["warnings"][0],
        "took v10/hello.c, not v9/hello.c"
    );
}

#[test]
fn a_mapping_takes_odd_names_and_other_languages() {
    let by_source = "[program.hello]\nsource = \"My Programs/main one.c\"\n";
    full_marks(&Workdir::with(&[
        ("ipclab.toml", by_source),
        ("My Programs/main one.c", GOOD),
    ]));

    let by_build = "[program.hello]\nbuild = \"cc -DMINE -o hello 'a b.c'\"\n";
    let code =
        "#include <stdio.h>\n#ifdef MINE\nint main(void) { puts(\"Hello\"); return 0; }\n#endif\n";
    full_marks(&Workdir::with(&[
        ("ipclab.toml", by_build),
        ("a b.c", code),
    ]));

    let by_run = "[program.hello]\nrun = \"sh say.sh\"\n";
    full_marks(&Workdir::with(&[
        ("ipclab.toml", by_run),
        ("say.sh", ". ./words.sh\necho $WORD\n"),
        ("words.sh", "WORD=Hello\n"),
    ]));

    let both = "[program.hello]\nbuild = \"cc -o made hello.c\"\nrun = \"./made\"\n";
    full_marks(&Workdir::with(&[("ipclab.toml", both), ("hello.c", GOOD)]));
}

#[test]
fn a_kept_check_is_judged_again_to_the_identical_report() {
    let workdir = Workdir::with(&[(
        "hello.c",
        "#include <stdio.h>\nint main(void) { puts(\"Bye\"); return 3; }\n",
    )]);
    for format in ["text", "json", "html", "markdown", "junit"] {
        let checked = workdir
            .check()
            .args(["--keep", "kept", "--format", format])
            .output()
            .unwrap();
        let judged = workdir
            .ipclab()
            .args(["judge", "kept", "--all", "--format", format])
            .output()
            .unwrap();
        assert_eq!(
            String::from_utf8(judged.stdout).unwrap(),
            String::from_utf8(checked.stdout).unwrap()
        );
        assert_eq!(
            (judged.status.code(), checked.status.code()),
            (Some(1), Some(1))
        );
    }
    for file in [
        "record.json",
        "greets/plan.json",
        "greets/evidence.json",
        "greets/run.json",
    ] {
        assert!(workdir.path("kept").join(file).is_file(), "{file}");
    }
    // Only what was observed decides: a changed observation changes the report.
    let evidence = workdir.path("kept/greets/evidence.json");
    let text = fs::read_to_string(&evidence).unwrap();
    fs::write(&evidence, text.replace("Bye", "Hello")).unwrap();
    let judged = workdir
        .ipclab()
        .args(["judge", "kept", "--format", "json"])
        .output()
        .unwrap();
    let report = json(&judged);
    assert_eq!(report["cases"][0]["earned"], 2);

    workdir.write("full/of/other things", "");
    workdir
        .check()
        .args(["--keep", "full"])
        .assert()
        .code(2)
        .stderr(contains("not empty"));
}

#[test]
fn a_build_is_used_again_and_only_for_the_same_files() {
    let workdir = Workdir::with(&[("hello.c", GOOD)]);
    full_marks(&workdir);
    let entries = || -> Vec<_> {
        let all = fs::read_dir(workdir.path("cache/ipclab/builds")).unwrap();
        all.map(|entry| entry.unwrap().path()).collect()
    };
    let [entry] = <[_; 1]>::try_from(entries()).unwrap();
    // The entry is marked, so that its use shows.
    fs::copy("/bin/false", entry.join("program")).unwrap();
    assert_eq!(report(&workdir).0, Some(1));
    workdir.check().arg("--no-cache").assert().code(0);
    workdir.write("work/hello.c", GOOD.replace("puts", " puts"));
    full_marks(&workdir);
    assert_eq!(entries().len(), 2);
}

#[test]
fn unknown_cases_and_empty_choices_are_the_command_lines_fault() {
    let workdir = Workdir::with(&[("hello.c", GOOD)]);
    workdir
        .check()
        .args(["--case", "greet"])
        .assert()
        .code(2)
        .stderr(contains("did you mean greets?"));
    workdir
        .check()
        .args(["--tier", "stretch"])
        .assert()
        .code(2)
        .stderr(contains("its tiers are: core, robust"));
    workdir
        .check()
        .args(["--tier", "cor"])
        .assert()
        .code(2)
        .stderr(contains("core"));
    workdir.check().args(["--jobs", "0"]).assert().code(2);
    workdir
        .check()
        .args(["--tier", "core"])
        .assert()
        .code(0)
        .stdout(contains("3 of 3 points"));
}

#[test]
fn colours_come_only_when_asked_for_or_on_a_terminal() {
    let workdir = Workdir::with(&[("hello.c", GOOD)]);
    workdir.check().assert().stdout(contains("\u{1b}[").not());
    workdir
        .check()
        .args(["--color", "always"])
        .assert()
        .stdout(contains("\u{1b}["));
}

/// A program that sleeps longer than anybody waits.
fn sleeper() -> Workdir {
    let workdir = Workdir::with(&[(
        "hello.c",
        "#include <unistd.h>\nint main(void) { write(1, \"up\", 2); sleep(1000); return 0; }\n",
    )]);
    workdir.write(
        "greet.toml",
        SPEC.replace("limit  = \"10s\"", "limit  = \"60s\""),
    );
    workdir
}

/// Starts a check and waits until it is at work: its scratch folder is there and the program was built.
fn started(workdir: &Workdir) -> std::process::Child {
    let child = workdir
        .beside(&["check", "work", "--spec", "greet.toml", "--case", "greets"])
        .spawn()
        .unwrap();
    let until = Instant::now() + Duration::from_secs(60);
    let built = || {
        fs::read_dir(workdir.path("cache/ipclab/builds"))
            .is_ok_and(|mut builds| builds.next().is_some())
    };
    while !built() || workdir.scratch().is_empty() {
        assert!(Instant::now() < until, "the check never got to work");
        std::thread::sleep(Duration::from_millis(5));
    }
    child
}

#[test]
fn ctrl_c_ends_everything_and_says_so() {
    let workdir = sleeper();
    let child = started(&workdir);
    kill(Pid::from_raw(child.id() as i32), Signal::SIGINT).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("interrupted"),
        "{output:?}"
    );
    assert_eq!(workdir.scratch(), Vec::<std::path::PathBuf>::new());
}

#[test]
fn what_a_killed_check_left_is_cleared_up_by_the_next_one() {
    let workdir = sleeper();
    let child = started(&workdir);
    kill(Pid::from_raw(child.id() as i32), Signal::SIGKILL).unwrap();
    child.wait_with_output().unwrap();
    assert_eq!(workdir.scratch().len(), 1);
    workdir.write("work/hello.c", GOOD);
    workdir.check().assert().code(0);
    assert_eq!(workdir.scratch(), Vec::<std::path::PathBuf>::new());
}

#[test]
fn a_lab_that_is_named_as_a_spec_is_told_by_its_option() {
    Workdir::with(&[("hello.c", GOOD)])
        .ipclab()
        .args(["check", "work", "--spec", "tcp-echo"])
        .assert()
        .code(2)
        .stderr(contains("it is a lab of the tool's own: --lab tcp-echo"));
}
