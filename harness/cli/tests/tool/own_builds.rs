//! Own builds and memory: a build line, a Makefile or a `run` of the submission's decides how a program is built, and not whether the
//! sanitizers look at it.

use crate::common::host::levels;
use crate::common::{Workdir, json};
use serde_json::Value;

const SPEC: &str = r#"
format = 2
lab    = "greet"
title  = "A greeting"
unit   = ["Q1"]

[program.hello]
source = ["hello.c"]

[[case]]
id       = "memory"
title    = "your program says Hello, and keeps to its memory"
tier     = "core"
points   = { output = 1, memory = 2 }
covers   = ["Q1"]
hint     = "char text[6]"
sanitize = true
[case.actor.greeter]
student = "hello"
stdout.lines = ["Hello"]
"#;

/// Says Hello out of a buffer that has one byte too few, or enough.
const GREETS: &str = r#"#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static char *copied(const char *from)
{
	char *text = malloc(strlen(from) + ROOM);
	strcpy(text, from);
	return text;
}
int main(void)
{
	char *text = copied("Hello");
	puts(text);
	free(text);
	return 0;
}
"#;

/// What came of a submission: `right`, `memory error`, or why not. It is the same at both levels: where nothing can be mounted, a build
/// lies elsewhere.
fn judged(files: &[(&str, &str)], room: usize) -> String {
    let here = judged_at("auto", files, room);
    let shared = judged_at("shared", files, room);
    assert_eq!(here, shared, "at the shared level: {files:?}");
    here
}

fn judged_at(level: &str, files: &[(&str, &str)], room: usize) -> String {
    let room = room.to_string();
    let texts: Vec<(&str, String)> = files
        .iter()
        .map(|(name, text)| (*name, text.replace("GREETS", GREETS).replace("ROOM", &room)))
        .collect();
    let files: Vec<(&str, &str)> = texts
        .iter()
        .map(|(name, text)| (*name, text.as_str()))
        .collect();
    let workdir = Workdir::with(&files);
    workdir.write("greet.toml", SPEC);
    let line = [
        ["check", "work"],
        ["--spec", "greet.toml"],
        ["--format", "json"],
        ["--isolation", level],
    ];
    let output = workdir.ipclab().args(line.concat()).output().unwrap();
    let report = json(&output);
    let case: &Value = &report["cases"][0];
    let findings = case["findings"].as_array().expect("findings").iter();
    let memory = findings.filter(|finding| finding["aspect"] == "memory");
    let said: Vec<String> = memory
        .map(|finding| format!("{}: {}", finding["verdict"], finding["message"]))
        .collect();
    let said = said.join("\n");
    match (case["verdict"].as_str(), output.status.code()) {
        (Some("pass"), Some(0)) => match case["notes"].to_string().contains("without sanitizers") {
            true => "right, without sanitizers".to_owned(),
            false => "right".to_owned(),
        },
        (Some("fail"), Some(1)) if said.contains("has a memory error") => "memory error".to_owned(),
        (Some("fail"), Some(1))
            if ["is not proved: ", "interferes", "never ran"]
                .iter()
                .any(|words| said.contains(words)) =>
        {
            said
        }
        _ => format!("{report:#}"),
    }
}

/// The right program keeps its points, and the one with the error loses them for the error.
fn is_judged(files: &[(&str, &str)]) {
    assert_eq!(judged(files, 1), "right", "{files:?}");
    assert_eq!(judged(files, 0), "memory error", "{files:?}");
}

/// A submission that has no point on memory, right or wrong as the rest of it is; `why`: what its author reads.
/// Where nothing can be mounted, some of them cannot even be built or run: what a submission brings into /tmp is not executed there.
fn is_not_proved(files: &[(&str, &str)], why: &str) {
    let shared = judged_at("shared", files, 0);
    assert!(!shared.starts_with("right"), "{files:?}: {shared}");
    let said = judged_at("auto", files, 0);
    let lost = ["is not proved: ", "interferes with the sanitizers"];
    assert!(
        lost.iter().any(|words| said.contains(words)) && said.contains(why),
        "{files:?}: {said}"
    );
}

fn line(text: &str) -> String {
    format!("[program.hello]\n{text}\n")
}

#[test]
fn a_build_line_does_not_keep_the_sanitizers_away() {
    for build in [
        r#"build = "gcc -o hello hello.c""#,
        r#"build = "make hello""#,
        r#"build = "cc -Wall -Wextra -Werror -pedantic -std=c11 -D_GNU_SOURCE -s -o hello hello.c -lm""#,
        r#"build = "sh -c 'mkdir -p out && gcc -c -O2 -o out/hello.o hello.c && gcc -static -o hello out/hello.o && strip hello'""#,
        r#"build = "gcc -D_FORTIFY_SOURCE=1 -O1 -flto -o hello hello.c""#,
        // Scripts that start a compiler by its name.
        r#"build = "c99 -o hello hello.c""#,
        r#"build = "sh -c 'c89 -c hello.c && c99 -o hello hello.o'""#,
        "build = \"make\"\nrun = \"./bin/greeter\"",
        "build = \"make\"\nrun = \"sh start.sh\"",
    ] {
        is_judged(&[
            ("hello.c", "GREETS"),
            ("start.sh", "exec ./bin/greeter\n"),
            (
                "Makefile",
                "all: bin/greeter\nbin/greeter: hello.c\n\tmkdir -p bin\n\t$(CC) -O2 -o $@ $^\n",
            ),
            ("ipclab.toml", &line(build)),
        ]);
    }
}

#[test]
fn a_makefile_does_not_keep_the_sanitizers_away() {
    // Not what our compiler makes of the same file.
    is_judged(&[
        ("hello.c", "#ifndef PORT\n#error no port\n#endif\nGREETS"),
        (
            "Makefile",
            "hello: hello.o\n\tgcc -s -o $@ $^\n%.o: %.c\n\t$(CC) -DPORT=5 -Werror -c $<\n",
        ),
    ]);
    is_judged(&[
        ("src/main.c", "GREETS"),
        ("Makefile", "hello: src/main.c\n\tgcc -o $@ $^\n"),
    ]);
    // The error is in what only the Makefile has.
    let two = "#include <stdio.h>\n#ifndef OTHER\nint main(void) { puts(\"Hello\"); return 0; }\n#else\nGREETS#endif\n";
    is_judged(&[
        ("hello.c", two),
        ("Makefile", "hello: hello.c\n\tgcc -DOTHER -o $@ $^\n"),
    ]);
}

#[test]
fn a_compiler_that_is_called_by_its_path_builds_a_right_program() {
    for makefile in [
        "hello: hello.c\n\t/usr/bin/gcc -g -o $@ $^\n",
        "CC = /usr/bin/gcc\nCFLAGS = -O2 -g\nhello: hello.c\n",
    ] {
        for extra in [
            &[][..],
            &[("ipclab.toml", "[program.hello]\nbuild = \"make hello\"\n")],
        ] {
            let mut files = vec![("hello.c", "GREETS"), ("Makefile", makefile)];
            files.extend(extra);
            is_judged(&files);
        }
    }
}

/// Each of these had "that hello has no memory error is not proved", right or wrong, since no script stood before that name. Where
/// nothing can lie over a compiler it has that still.
#[test]
fn a_build_line_that_names_a_compiler_by_its_place_gets_the_sanitizers() {
    if !levels(&Workdir::with(&[])).contains(&"namespaces") {
        return;
    }
    for build in [
        "sh -c '/usr/bin/gcc -o hello hello.c'",
        "sh -c '/usr/bin/cc -O2 -c hello.c && /usr/bin/gcc -s -o hello hello.o'",
        "sh -c 'PATH=/usr/bin:/bin; gcc -o hello hello.c && /usr/bin/strip hello'",
        "env -i PATH=/usr/bin /bin/gcc -o hello hello.c",
        "sh -c 'cp /usr/bin/gcc /tmp/mine && /tmp/mine -g -o hello hello.c'",
        "sh -c '/usr/bin/gcc -S hello.c -o a.s && gcc -o hello a.s'",
        "sh -c 'rm -f .ipclab/bin/*; gcc -fno-sanitize=all -o hello hello.c'",
    ] {
        let mapping = line(&format!("build = {build:?}"));
        let files = [("hello.c", "GREETS"), ("ipclab.toml", mapping.as_str())];
        assert_eq!(judged_at("namespaces", &files, 1), "right", "{build}");
        let wrong = judged_at("namespaces", &files, 0);
        assert_eq!(wrong, "memory error", "{build}");
        assert_ne!(judged_at("shared", &files, 0), "right", "{build}");
    }
}

/// A program whose Makefile says `-s` was taken for the one that our compiler makes of the same files.
#[test]
fn a_makefile_that_names_its_compiler_by_its_place_hides_nothing() {
    if !levels(&Workdir::with(&[])).contains(&"namespaces") {
        return;
    }
    let two = "#include <stdio.h>\n#ifndef OTHER\nint main(void) { puts(\"Hello\"); return 0; }\n#else\nGREETS#endif\n";
    for makefile in [
        "hello: hello.c\n\t/usr/bin/gcc -s -DOTHER -o $@ $<\n",
        "CC = /usr/bin/gcc\nCFLAGS = -DOTHER -g0\nhello: hello.c\n",
    ] {
        let files = [("hello.c", two), ("Makefile", makefile)];
        assert_eq!(judged_at("namespaces", &files, 1), "right", "{makefile}");
        let wrong = judged_at("namespaces", &files, 0);
        assert_eq!(wrong, "memory error", "{makefile}");
    }
}

/// `CC = /usr/bin/gcc` is an ordinary line.
#[test]
fn a_compiler_that_a_makefile_names_by_its_place() {
    for (makefile, build) in [
        ("CC = /usr/bin/gcc\nCFLAGS = -Wall -O2\nall: hello\n", None),
        (
            "CC = /usr/bin/gcc\nhello: hello.c\n\t$(CC) -s -o $@ $<\n",
            None,
        ),
        (
            "hello: hello.c\n\t/usr/bin/gcc -g -o $@ $<\n",
            Some("build = \"make hello\""),
        ),
        (
            "hello: hello.c\n\t/usr/bin/gcc -o $@ $<\n",
            Some("build = \"make hello\""),
        ),
    ] {
        let mapping = build.map(line).unwrap_or_default();
        let mut files = vec![("hello.c", "GREETS"), ("Makefile", makefile)];
        files.extend(build.map(|_| ("ipclab.toml", mapping.as_str())));
        is_judged(&files);
    }
}

#[test]
fn who_takes_the_sanitizers_out_has_proved_nothing() {
    for build in [
        // Options behind which ours stand.
        r#"build = "gcc -fno-sanitize=all -o hello hello.c""#,
        r#"build = "gcc @options -o hello hello.c""#,
        r#"build = "gcc --param=asan-instrument-writes=0 --param=asan-memintrin=0 -o hello hello.c""#,
    ] {
        let files = [
            ("hello.c", "GREETS"),
            ("options", "-fno-sanitize=all -w"),
            ("ipclab.toml", &line(build)),
        ];
        assert_eq!(judged(&files, 0), "memory error", "{build}");
    }
    for (build, why) in [
        // Ways round the scripts, with what our compiler would not build from the same files.
        (
            r#"build = "sh -c '/.ipclab/usr/bin/gcc -DOTHER -o hello hello.c'""#,
            "say how it was compiled",
        ),
        (
            r#"build = "sh -c 'cp /.ipclab/usr/bin/gcc /tmp/mine; /tmp/mine -DOTHER -g -o hello hello.c'""#,
            "hello.c was compiled without the sanitizer",
        ),
        (
            r#"build = "sh -c '/.ipclab/usr/bin/gcc -DOTHER -S hello.c -o a.s && gcc -o hello a.s'""#,
            "",
        ),
        (
            r#"build = "sh -c '/.ipclab/usr/bin/gcc -DOTHER -c hello.c -o a.o && gcc -o hello a.o'""#,
            "say how it was compiled",
        ),
        (
            r#"build = "sh -c 'rm .ipclab/bin/*; ln -s /.ipclab/usr/bin/gcc .ipclab/bin/gcc; gcc -DOTHER -g -o hello hello.c'""#,
            "hello.c was compiled without the sanitizer",
        ),
        // A hook of its own in the place of ours.
        (
            r#"build = "sh -c 'gcc -c hook.c -o .ipclab/witness.o; gcc -DOTHER -o hello hello.c'""#,
            "interferes with the sanitizers",
        ),
        (
            r#"build = "sh -c 'printf \"void a(void){}\" >.ipclab/witness.c; gcc -DOTHER -o hello hello.c hook.c'""#,
            "",
        ),
    ] {
        let two = "#include <stdio.h>\n#ifndef OTHER\nint main(void) { puts(\"Hello\"); return 0; }\n#else\nGREETS#endif\n";
        is_not_proved(
            &[
                ("hello.c", two),
                (
                    "hook.c",
                    "void _exit(int);\nvoid __asan_on_error(void) { _exit(0); }\nvoid __ubsan_on_report(void) { }\nvoid __sanitizer_on_print(const char *t) { (void) t; }\n",
                ),
                ("ipclab.toml", &line(build)),
            ],
            why,
        );
    }
}

#[test]
fn other_languages_lose_nothing() {
    let python = ("hello.py", "print('Hello')\n");
    let run = line("run = \"python3 hello.py\"");
    let files = [python, ("ipclab.toml", run.as_str()), ("other.c", "GREETS")];
    assert_eq!(judged(&files, 1), "right, without sanitizers");
    let built = line("build = \"sh -c 'cp hello.py greeter'\"\nrun = \"python3 greeter\"");
    let files = [python, ("ipclab.toml", built.as_str())];
    assert_eq!(judged(&files, 1), "right, without sanitizers");
}

/// What is compiled while the case runs is in no build of ours.
#[test]
fn a_program_that_is_made_during_the_case_has_proved_nothing() {
    for (name, text) in [
        ("go.sh", "gcc -o /tmp/x hello.c && exec /tmp/x\n"),
        (
            "go.py",
            "import os\nos.system('gcc -o /tmp/x hello.c')\nos.execv('/tmp/x', ['x'])\n",
        ),
        (
            "go.py",
            "import os, ctypes\nos.system('gcc -shared -fPIC -o /tmp/x.so hello.c')\nx = ctypes.CDLL('/tmp/x.so')\nos.remove('/tmp/x.so')\nx.main()\n",
        ),
    ] {
        let run = match name {
            "go.sh" => line("run = \"sh go.sh\""),
            _ => line("run = \"python3 go.py\""),
        };
        let files = [
            ("hello.c", "GREETS"),
            (name, text),
            ("ipclab.toml", run.as_str()),
        ];
        is_not_proved(&files, "was made during the case");
    }
    // A program that never ran.
    let files = [
        ("go.sh", ""),
        ("ipclab.toml", "[program.hello]\nrun = \"./go.sh\"\n"),
    ];
    let said = judged(&files, 1);
    assert!(
        said.contains("never ran, so that nothing is known of its memory"),
        "{said}"
    );
}

/// Each was "could not be graded", since what the build had left could not be copied back.
#[test]
fn no_build_is_trouble_of_ours_by_what_it_leaves() {
    for leaves in [
        "rm .ipclab/bin/*; ln -s /usr/bin/gcc .ipclab/bin/gcc",
        "rm -rf .ipclab; ln -s /etc .ipclab",
        "rm -rf folder; touch folder",
        "n=$$(printf %0200d 1); for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24; do mkdir $$n; cd $$n; done; true",
    ] {
        let makefile = format!("hello: hello.c\n\tgcc -o $@ $^\n\t{leaves}\n");
        let said = judged(
            &[
                ("hello.c", "GREETS"),
                ("folder/x", ""),
                ("Makefile", &makefile),
                ("ipclab.toml", "[program.hello]\nbuild = \"make hello\"\n"),
            ],
            1,
        );
        assert_eq!(said, "right", "{leaves}");
    }
}

/// Options for the sanitizers are the tool's, and so is the memory that they look at.
#[test]
fn who_takes_other_options_or_other_memory_has_proved_nothing() {
    let again = "#include <unistd.h>\n#include <stdlib.h>\n__attribute__((constructor)) static void again(void)\n{\n\tchar *argv[] = {\"hello\", 0};\n\tif (getenv(\"AGAIN\"))\n\t\treturn;\n\tsetenv(\"AGAIN\", \"1\", 1);\n\tsetenv(\"ASAN_OPTIONS\", \"detect_leaks=0:poison_heap=0:replace_str=0:replace_intrin=0\", 1);\n\texecv(\"/proc/self/exe\", argv);\n}\nGREETS";
    is_not_proved(&[("hello.c", again)], "other options for the sanitizer");
    let own =
        "#include <stddef.h>\nvoid *__libc_malloc(size_t);\nvoid __libc_free(void *);\nGREETS";
    let own = own
        .replace("GREETS", GREETS)
        .replace("malloc(strlen", "__libc_malloc(strlen")
        .replace("free(text)", "__libc_free(text)");
    let said = judged(&[("hello.c", &own)], 0);
    assert!(said.contains("interferes with the sanitizers"), "{said}");
}

/// An expression that the sanitizer for undefined behaviour computes is no constant: such a program was "not graded". One whose words sound like a
/// linker's made that "not installed here".
#[test]
fn a_program_that_a_sanitizer_does_not_take_is_judged_all_the_same() {
    for words in [
        "",
        "#line 1 \"/usr/bin/ld: cannot find -lasan: \"\n#warning x\n",
        "#warning undefined reference to `__asan_init'\n",
    ] {
        let constant = "int f(int n) { switch (n) { case 1 << 31: return 1; } return 0; }\n";
        let source = format!("{words}{constant}GREETS");
        is_judged(&[("hello.c", source.as_str())]);
    }
}
