//! Programs that open no file: what lies in their folder cannot decide what they do.
//!
//! That is read off the executable: it calls nothing of its libraries but what stands here, none of which opens a file by a name or
//! looks at one's content, and makes no system call of its own. This holds for programs whose authors want it to be found out, as those of a lab's own
//! submissions do. A program that hides it can compute the address of any function, so that nothing is concluded from it about
//! strangers' programs.

use std::collections::BTreeSet;
use std::ops::Range;

use object::Endianness;
use object::elf::{
    DT_JMPREL, DT_PLTRELSZ, DT_RELA, DT_RELASZ, DT_STRSZ, DT_STRTAB, DT_SYMTAB, DynamicTag,
    FileHeader64, PF_X, PT_INTERP, PT_LOAD,
};
use object::read::elf::{Dyn, FileHeader, ProgramHeader};

/// Beginnings of names, each of functions that open nothing.
const FAMILIES: [&str; 16] = [
    "__asan_",
    "__ubsan_handle_",
    "__sanitizer_",
    "_ITM_",
    "epoll_",
    "inet_",
    "mem",
    "msg",
    "pthread_",
    "sched_",
    "sem",
    "shm",
    "sig",
    "str",
    "timer",
    "wcs",
];
/// Functions and variables that open nothing.
const NAMES: &str = "\
    __assert_fail __ctype_b_loc __ctype_tolower_loc __ctype_toupper_loc __cxa_atexit __cxa_finalize __errno_location \
    __fdelt_chk __fprintf_chk __gmon_start__ __h_errno_location __isoc99_scanf __isoc99_sscanf __libc_current_sigrtmax \
    __libc_current_sigrtmin __libc_start_main __printf_chk __sigsetjmp __snprintf_chk __sprintf_chk __stack_chk_fail \
    __strcpy_chk __tls_get_addr __vfprintf_chk _exit _setjmp abort abs accept accept4 alarm atexit atoi atol atoll bind bsearch \
    bzero calloc clock clock_getres clock_gettime clock_nanosleep close connect ctime difftime dprintf dup dup2 dup3 environ err errx \
    eventfd exit fcntl fdopen feof ferror fflush fgetc fgets fileno fork fprintf fputc fputs fread free freeaddrinfo fscanf \
    fwrite gai_strerror getaddrinfo getc getchar getegid geteuid getgid gethostbyname gethostname getitimer getline getnameinfo \
    getopt getpagesize getpeername getpgid getpgrp getpid getppid getpriority getrlimit getrusage getsockname getsockopt gettid \
    gettimeofday getuid gmtime hstrerror htonl htons index ioctl isatty isdigit kill killpg labs localtime longjmp lseek malloc \
    mmap mprotect munmap nanosleep ntohl ntohs optarg optind opterr optopt pause perror pipe pipe2 poll ppoll prctl printf pselect \
    psignal putc putchar puts qsort raise rand random read readv realloc recv recvfrom recvmsg rindex scanf select send sendmsg \
    sendto setbuf setitimer setpgid setrlimit setsid setsockopt setvbuf shutdown siglongjmp sleep snprintf sockatmark socket \
    socketpair sprintf srand srandom sscanf stderr stdin stdout sysconf time tolower toupper umask ungetc unlink usleep vdprintf \
    vfprintf vprintf vsnprintf vsprintf wait wait3 wait4 waitid waitpid warn warnx write writev";

/// Whether the executable opens no file, as far as can be read off it.
pub(super) fn opens_nothing(file: &[u8]) -> bool {
    let names: BTreeSet<&str> = NAMES.split_whitespace().collect();
    let is_harmless =
        |name: &str| names.contains(name) || FAMILIES.iter().any(|family| name.starts_with(family));
    Image::of(file).is_some_and(|image| {
        let imports = image.imports();
        !image.makes_system_calls()
            && imports.is_some_and(|imports| imports.into_iter().all(is_harmless))
    })
}

/// An executable that the loader links, as it is mapped.
struct Image<'a> {
    file: &'a [u8],
    /// Addresses, offset in the file, whether it is code.
    segments: Vec<(Range<u64>, u64, bool)>,
    /// Tags and values.
    dynamic: Vec<(DynamicTag, u64)>,
}

impl<'a> Image<'a> {
    fn of(file: &'a [u8]) -> Option<Self> {
        let header = FileHeader64::<Endianness>::parse(file).ok()?;
        let endian = header.endian().ok()?;
        let headers = header.program_headers(endian, file).ok()?;
        let is_linked = headers.iter().any(|it| it.p_type(endian) == PT_INTERP);
        let loaded = headers.iter().filter(|it| it.p_type(endian) == PT_LOAD);
        let segments = loaded.map(|it| {
            let begin = it.p_vaddr(endian);
            let end = begin.checked_add(it.p_filesz(endian))?;
            let is_code = it.p_flags(endian).contains(PF_X);
            Some((begin..end, it.p_offset(endian), is_code))
        });
        let segments = segments.collect::<Option<Vec<_>>>()?;
        let mut dynamic = Vec::new();
        for header in headers {
            let entries = header.dynamic(endian, file).ok()?.unwrap_or_default();
            let entries = entries.iter();
            dynamic.extend(entries.map(|it| (it.tag(endian), it.val(endian))));
        }
        is_linked.then_some(Self {
            file,
            segments,
            dynamic,
        })
    }

    fn value(&self, tag: DynamicTag) -> Option<u64> {
        let entry = self.dynamic.iter().find(|(own, _)| *own == tag)?;
        Some(entry.1)
    }

    /// What is mapped there.
    fn at(&self, address: u64, size: u64) -> Option<&'a [u8]> {
        let end = address.checked_add(size)?;
        let holds =
            |(range, _, _): &&(Range<u64>, u64, bool)| range.start <= address && end <= range.end;
        let (range, offset, _) = self.segments.iter().find(holds)?;
        let from = usize::try_from(offset.checked_add(address - range.start)?).ok()?;
        self.file
            .get(from..from.checked_add(size.try_into().ok()?)?)
    }

    /// The symbols that the loader looks up, its own ones among them; `None`: it is not known which.
    fn imports(&self) -> Option<BTreeSet<&'a str>> {
        /// `Elf64_Rela` and `Elf64_Sym`, in bytes.
        const ENTRY: u64 = 24;
        let texts = self.at(self.value(DT_STRTAB)?, self.value(DT_STRSZ)?)?;
        let symbols = self.value(DT_SYMTAB)?;
        let mut imports = BTreeSet::new();
        for (table, size) in [(DT_RELA, DT_RELASZ), (DT_JMPREL, DT_PLTRELSZ)] {
            let Some(table) = self.value(table) else {
                continue;
            };
            let entries = self.at(table, self.value(size)?)?;
            for entry in entries.chunks_exact(ENTRY as usize) {
                let number = u32::from_le_bytes(entry[12..16].try_into().ok()?);
                if number == 0 {
                    continue;
                }
                let symbol = symbols.checked_add(u64::from(number) * ENTRY)?;
                let name = u32::from_le_bytes(self.at(symbol, 4)?.try_into().ok()?);
                let text = texts.get(name as usize..)?;
                let text = &text[..text.iter().position(|byte| *byte == 0)?];
                imports.insert(std::str::from_utf8(text).ok()?);
            }
        }
        (!imports.is_empty()).then_some(imports)
    }

    /// Whether its code has the bytes of an instruction that calls the kernel, `syscall`, `sysenter`, `int $0x80` or `svc #0`.
    fn makes_system_calls(&self) -> bool {
        const CALLS: [&[u8]; 4] = [
            &[0x0f, 0x05],
            &[0x0f, 0x34],
            &[0xcd, 0x80],
            &[0x01, 0x00, 0x00, 0xd4],
        ];
        let code = self.segments.iter().filter(|(_, _, is_code)| *is_code);
        code.into_iter().any(|(range, _, _)| {
            self.at(range.start, range.end - range.start)
                .is_none_or(|code| {
                    CALLS
                        .iter()
                        .any(|call| code.windows(call.len()).any(|at| at == *call))
                })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn what_a_program_opens_is_read_off_it() {
        let check = |body: &str, flags: &[&str], expect: bool| {
            let folder = tempfile::tempdir().unwrap();
            let source = format!(
                "#include <stdio.h>\n#include <stdlib.h>\n#include <unistd.h>\n#include <fcntl.h>\n#include <dirent.h>\n\
                 #include <sys/stat.h>\n#include <sys/socket.h>\nint main(void) {{ {body} return 0; }}\n"
            );
            std::fs::write(folder.path().join("a.c"), source).unwrap();
            let mut cc = Command::new("cc");
            cc.args(["-o", "a", "a.c"]).args(flags);
            let built = cc.current_dir(folder.path()).status().unwrap();
            assert!(built.success());
            let file = std::fs::read(folder.path().join("a")).unwrap();
            assert_eq!(opens_nothing(&file), expect, "{body} {flags:?}");
            if let Some(stripped) = crate::compile::stripped(&file) {
                assert_eq!(opens_nothing(&stripped), expect, "{body} {flags:?}");
            }
        };
        let talks = "int fd = socket(AF_INET, SOCK_STREAM, 0); printf(\"%d\\n\", fd); close(fd);";
        check(talks, &[], true);
        check(talks, &["-no-pie"], true);
        check(talks, &["-g", "-fsanitize=address,undefined"], true);
        check(talks, &["-static"], false);
        for opens in [
            "return open(\"a.c\", O_RDONLY);",
            "return fopen(\"a.c\", \"r\") == NULL;",
            "return opendir(\".\") == NULL;",
            "struct stat about; return stat(\"a.c\", &about);",
            "return system(\"cat a.c\");",
            "return execlp(\"cat\", \"cat\", \"a.c\", NULL);",
            "return (int) syscall(2, \"a.c\", 0);",
            "int (*of)(const char *, int, ...) = open; return of(\"a.c\", 0);",
            "long got; __asm__ volatile(\"syscall\" : \"=a\"(got) : \"a\"(39) : \"rcx\", \"r11\"); return (int) got;",
        ] {
            check(opens, &[], false);
            check(opens, &["-fsanitize=address"], false);
        }
        assert!(!opens_nothing(b"#!/usr/bin/python3\n"));
        assert!(!opens_nothing(b""));
    }
}
