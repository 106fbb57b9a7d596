//! Files and shared memory that programs map: what only they can tell of a wrong program, and right programs in other styles.

use super::one_case;

/// The file that the program `mapper` finds, of four windows of 64 KiB, which are whole pages everywhere; and files that it may leave.
const BEFORE: &str = "[case.given]\nfiles.\"/tmp/data\" = { text = \"a text of many words\", size = 262144 }\n\
    [case.leaves]\nmay = [\"/tmp/data\", \"/tmp/copy\", \"/tmp/shared\", \"posix-shm:/board\"]\n";

const HEADERS: &str = "#define _GNU_SOURCE\n#include <ctype.h>\n#include <fcntl.h>\n#include <iconv.h>\n#include <locale.h>\n\
    #include <pthread.h>\n#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n#include <sys/mman.h>\n#include <sys/stat.h>\n\
    #include <sys/wait.h>\n#include <unistd.h>\n#include <dlfcn.h>\n\
    enum { WINDOW = 65536, SIZE = 4 * WINDOW, RW = PROT_READ | PROT_WRITE };\n\
    static void *kept;\n\
    /* What a program does beside: large blocks, streams, a thread with memory of its own, libraries. */\n\
    static void *blocks(void *arg) { for (int i = 0; i < 5; i++) free(malloc(1 << 20)); kept = malloc(1 << 20); return arg; }\n\
    static void noise(void)\n{\n    pthread_t thread;\n    blocks(0);\n    pthread_create(&thread, 0, blocks, 0);\n    pthread_join(thread, 0);\n    \
    setlocale(LC_ALL, \"en_US.UTF-8\");\n    iconv_open(\"UTF-16\", \"ISO-8859-2\");\n    FILE *f = fopen(\"/tmp/data\", \"r\");\n    \
    fgetc(f);\n    fclose(f);\n}\n\
    static void upper(char *at, size_t n) { for (size_t i = 0; i < n; i++) at[i] = toupper((unsigned char)at[i]); }\n";

/// The findings of each program that does this and did not pass have these words; none did not, where there are none. The first of
/// them is the reference.
#[track_caller]
fn check(expectations: &str, programs: &[(&str, &str)]) {
    let source = |body: &str| {
        format!("{HEADERS}int main(void)\n{{\n    noise();\n{body}\n    return 0;\n}}\n")
    };
    let all = format!("exit    = 0\n\n{BEFORE}{expectations}");
    let spec = one_case::spec("mapper", "mapper", &all);
    one_case::check("mapper", &spec, source, programs);
}

const OPEN: &str = "int fd = open(\"/tmp/data\", O_RDWR);";

/// A file is changed in its place, and given back. Large blocks of malloc() and all else take and give memory beside it.
#[test]
fn a_file_that_is_mapped_is_given_back() {
    let maps = format!(
        "{OPEN} char *p = mmap(0, SIZE, RW, MAP_SHARED, fd, 0); close(fd); upper(p, SIZE);"
    );
    let shared = |rest: &str| format!("{maps} {rest}");
    let private = format!(
        "{OPEN} char *p = mmap(0, SIZE, RW, MAP_PRIVATE, fd, 0); upper(p, SIZE); pwrite(fd, p, SIZE, 0); munmap(p, SIZE);"
    );
    check(
        "[case.mappings]\nof = \"/tmp/data\"\nshared = 1\nprivate = 0\nat_end = 0\n",
        &[
            (&shared("munmap(p, SIZE);"), ""),
            (
                &shared("munmap(p, WINDOW); munmap(p + WINDOW, 3 * WINDOW);"),
                "",
            ),
            (
                &format!(
                    "{OPEN} char *p = mmap(0, SIZE, RW, MAP_SHARED_VALIDATE, fd, 0); upper(p, SIZE); munmap(p, SIZE);"
                ),
                "",
            ),
            (
                &format!(
                    "{OPEN} char *p = mmap(0, WINDOW, RW, MAP_SHARED, fd, 0); p = mremap(p, WINDOW, SIZE, MREMAP_MAYMOVE); upper(p, SIZE); munmap(p, SIZE);"
                ),
                "",
            ),
            (
                &format!(
                    "{OPEN} char *p = mmap(0, SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); mmap(p, SIZE, RW, MAP_SHARED | MAP_FIXED, fd, 0); upper(p, SIZE); munmap(p, SIZE);"
                ),
                "",
            ),
            // Two neighbours, given back together.
            (
                &format!(
                    "{OPEN} char *p = mmap(0, SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); mmap(p, WINDOW, RW, MAP_SHARED | MAP_FIXED, fd, 0); mmap(p + WINDOW, 3 * WINDOW, RW, MAP_SHARED | MAP_FIXED, fd, WINDOW); upper(p, SIZE); munmap(p, SIZE);"
                ),
                "",
            ),
            (
                &format!(
                    "{OPEN} for (int i = 0; i < 4; i++) {{ char *p = mmap(0, WINDOW, RW, MAP_SHARED, fd, i * WINDOW); upper(p, WINDOW); munmap(p, WINDOW); }}"
                ),
                "",
            ),
            // A child has what its parent mapped, and ends with it.
            (
                &shared("if (fork() == 0) { upper(p, SIZE); _exit(0); } wait(0); munmap(p, SIZE);"),
                "",
            ),
            (
                &shared(
                    "chdir(\"/tmp\"); rename(\"data\", \"copy\"); munmap(p, SIZE); rename(\"copy\", \"data\");",
                ),
                "",
            ),
            // Its copy in another name is it.
            (
                "link(\"/tmp/data\", \"/tmp/copy\"); int fd = open(\"/tmp/copy\", O_RDWR); char *p = mmap(0, SIZE, RW, MAP_SHARED, fd, 0); upper(p, SIZE); munmap(p, SIZE);",
                "",
            ),
            (
                &shared(""),
                "mapper ended with /tmp/data still mapped (262144 bytes, mapped at mapper.c:",
            ),
            (&shared("exit(0);"), "still mapped (262144 bytes"),
            (
                &shared("munmap(p, WINDOW);"),
                "still mapped (196608 of 262144 bytes, mapped at mapper.c:",
            ),
            (
                &shared("munmap(p, strlen(p));"),
                "; munmap() takes the length that mmap() was given",
            ),
            (
                &shared(
                    "munmap(p, SIZE); if (fork() == 0) { fd = open(\"/tmp/data\", O_RDWR); mmap(0, SIZE, RW, MAP_SHARED, fd, 0); _exit(0); } wait(0);",
                ),
                " of mapper ended with /tmp/data still mapped",
            ),
            (
                &private,
                "did not map /tmp/data for sharing (MAP_SHARED): it was mapped with MAP_PRIVATE at mapper.c:",
            ),
            (&private, "mapped /tmp/data at mapper.c:"),
            ("", "did not map /tmp/data for sharing"),
            (
                "int fd = open(\"/tmp/copy\", O_RDWR | O_CREAT, 0600); ftruncate(fd, SIZE); char *p = mmap(0, SIZE, RW, MAP_SHARED, fd, 0); munmap(p, SIZE);",
                "it mapped /tmp/copy at mapper.c:",
            ),
        ],
    );
}

/// Patterns of calls pass what only the mappings can tell, or fail right programs.
#[test]
fn what_patterns_of_calls_cannot_tell() {
    let maps = format!("{OPEN} char *p = mmap(0, SIZE, RW, MAP_SHARED, fd, 0); upper(p, SIZE);");
    let others = "char *q = mmap(0, SIZE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0); munmap(q, SIZE);";
    check(
        "[case.calls]\nmapper = [\"mmap(_, 262144, ...) > 0\", \"munmap(...) = 0\"]\n",
        &[
            (&format!("{maps} munmap(p, SIZE);"), ""),
            (&maps, ""),
            (&format!("{maps} munmap(p, WINDOW);"), ""),
            (
                &format!(
                    "{OPEN} {others} char *p = mmap(0, SIZE, RW, MAP_PRIVATE, fd, 0); upper(p, SIZE); pwrite(fd, p, SIZE, 0);"
                ),
                "",
            ),
        ],
    );
}

/// Windows on a file for reading and for writing, and how much of it is mapped at once.
#[test]
fn a_window_on_a_file_that_is_read() {
    let each = |protection: &str, rest: &str| {
        format!(
            "int fd = open(\"/tmp/data\", O_RDWR); for (int i = 0; i < 4; i++) {{ char *p = mmap(0, WINDOW, {protection}, MAP_SHARED, fd, i * WINDOW); volatile char c = *p; (void)c; {rest} }}"
        )
    };
    check(
        "[case.mappings]\nof = \"/tmp/data\"\nwritable = 0\nat_once = { at_most = 65536 }\n",
        &[
            (&each("PROT_READ", "munmap(p, WINDOW);"), ""),
            // The next one takes the place of the last one.
            (
                &format!(
                    "{OPEN} char *p = 0; for (int i = 0; i < 4; i++) p = mmap(p, WINDOW, PROT_READ, MAP_SHARED | (p ? MAP_FIXED : 0), fd, i * WINDOW);"
                ),
                "",
            ),
            (
                &each("PROT_READ", ""),
                "had 262144 bytes of /tmp/data mapped at once instead of at most 65536 at mapper.c:",
            ),
            (
                &format!("{OPEN} mmap(0, SIZE, PROT_READ, MAP_PRIVATE, fd, 0);"),
                "had 262144 bytes of /tmp/data mapped at once",
            ),
            (
                &each("RW", "munmap(p, WINDOW);"),
                "for writing (PROT_WRITE); PROT_READ alone is enough to read",
            ),
            (
                &each("PROT_READ", "mprotect(p, WINDOW, RW); munmap(p, WINDOW);"),
                "mapped /tmp/data at mapper.c:",
            ),
            ("", "mapped no part of /tmp/data"),
        ],
    );
}

/// A parent and its child share memory that has no name, and the parent gives it back before it waits.
#[test]
fn memory_that_a_parent_shares_with_its_child() {
    let child = "if (fork() == 0) { *p = 1; _exit(0); }";
    let shares = |flags: &str, rest: &str| {
        format!("int *p = mmap(0, sizeof *p, RW, {flags}, -1, 0); {child} {rest}")
    };
    let file = format!(
        "int fd = open(\"/tmp/shared\", O_RDWR | O_CREAT, 0600); ftruncate(fd, WINDOW); int *p = mmap(0, WINDOW, RW, MAP_SHARED, fd, 0); {child} munmap(p, WINDOW); wait(0);"
    );
    let named = format!(
        "int fd = shm_open(\"/board\", O_RDWR | O_CREAT, 0600); ftruncate(fd, WINDOW); int *p = mmap(0, WINDOW, RW, MAP_SHARED, fd, 0); shm_unlink(\"/board\"); {child} munmap(p, WINDOW); wait(0);"
    );
    check(
        "[[case.mappings]]\nof = \"anonymous\"\nshared = 1\nat_wait = 0\n[[case.mappings]]\nof = \"files\"\nshared = 0\n",
        &[
            (
                &shares(
                    "MAP_SHARED | MAP_ANONYMOUS",
                    "munmap(p, sizeof *p); wait(0);",
                ),
                "",
            ),
            (
                &format!(
                    "int zero = open(\"/dev/zero\", O_RDWR); int *p = mmap(0, WINDOW, RW, MAP_SHARED, zero, 0); {child} munmap(p, WINDOW); wait(0);"
                ),
                "",
            ),
            (
                &shares(
                    "MAP_SHARED | MAP_ANONYMOUS",
                    "wait(0); munmap(p, sizeof *p);",
                ),
                "mapper waited with 1 piece of shared memory still mapped at #",
            ),
            (
                &shares(
                    "MAP_PRIVATE | MAP_ANONYMOUS",
                    "munmap(p, sizeof *p); wait(0);",
                ),
                "mapped 0 pieces of shared memory for sharing (MAP_SHARED) instead of 1; a child has a copy",
            ),
            (
                &file,
                "mapped 1 file for sharing (MAP_SHARED) instead of 0: /tmp/shared at mapper.c:",
            ),
            (
                &named,
                "mapped 1 file for sharing (MAP_SHARED) instead of 0: /dev/shm/board at mapper.c:",
            ),
        ],
    );
    check(
        "[case.mappings]\nof = \"/dev/shm/board\"\nshared = 1\nat_wait = 0\n",
        &[
            (&named, ""),
            (
                &file,
                "did not map /dev/shm/board for sharing (MAP_SHARED); it mapped /tmp/shared at mapper.c:",
            ),
        ],
    );
}

/// A program with tens of thousands of mappings is not followed for ever, and its number is told.
#[test]
fn a_crowd_of_mappings_is_its_programs_own_failure() {
    check(
        "[case.mappings]\nof = \"/tmp/data\"\nat_end = 0\n",
        &[
            (
                &format!("{OPEN} munmap(mmap(0, SIZE, RW, MAP_SHARED, fd, 0), SIZE);"),
                "",
            ),
            (
                &format!(
                    "{OPEN} for (long i = 0; i < 70000; i++) if (mmap(0, 4096, PROT_READ, MAP_PRIVATE, fd, i % 2 * 2 * WINDOW) == MAP_FAILED) break; exit(0);"
                ),
                "what mapper has mapped is not proved: it had 65",
            ),
        ],
    );
}
