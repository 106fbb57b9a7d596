//! The sanitized build: what keeps a submission from silencing the sanitizers, and what is found where it tries.
//!
//! The runtime's own hooks at a report's beginning are ours: an object that is linked to the program defines them, and makes a
//! call that the tracer sees. So nothing that the program does afterwards undoes a report: a hook of its own, a closed
//! stderr, a handler, `_exit(2)`. Two definitions of a hook do not link, and other symbols of the runtime's are looked for in
//! the program.

use std::path::Path;

use super::directives::{Blanks, first_name, last, without_splices};
use super::synchronisation;
use ipclab_evidence::SANITIZER_WITNESS;
use ipclab_intake::submission::source;
use ipclab_spec::Sanitizers;
use object::Endianness;
use object::elf::FileHeader64;
use object::read::elf::{FileHeader, Sym};

/// Names of the runtimes' symbols begin like this.
const PREFIXES: [&str; 6] = [
    "__asan_",
    "__ubsan_",
    "__sanitizer_",
    "__lsan_",
    "__tsan_",
    "__interceptor_",
];

/// The hooks that the witness defines.
pub(super) const fn hooks(sanitizers: Sanitizers) -> &'static [&'static str] {
    match sanitizers {
        Sanitizers::Memory => &[
            "__asan_on_error",
            "__ubsan_on_report",
            "__sanitizer_on_print",
        ],
        Sanitizers::Threads => &["__tsan_on_report"],
    }
}

/// The hooks of all sanitizers.
fn all_hooks() -> impl Iterator<Item = &'static str> {
    let kinds = [Sanitizers::Memory, Sanitizers::Threads];
    kinds.into_iter().flat_map(hooks).copied()
}

/// Whether it is one of the hooks.
pub(super) fn is_hook(name: &str) -> bool {
    all_hooks().any(|hook| hook == name)
}

/// The C library's own names of what the runtimes stand before: memory from there is not watched.
const ALLOCATORS: [&str; 6] = [
    "__libc_malloc",
    "__libc_calloc",
    "__libc_realloc",
    "__libc_memalign",
    "__libc_valloc",
    "__libc_free",
];

/// What compilers themselves make a program call of the runtimes that watch memory.
const BY_COMPILERS: [&str; 25] = [
    "__asan_init",
    "__asan_version_",
    "__asan_report_",
    "__asan_load",
    "__asan_store",
    "__asan_exp_",
    "__asan_register_",
    "__asan_unregister_",
    "__asan_handle_no_return",
    "__asan_stack_",
    "__asan_alloca",
    "__asan_option_",
    "__asan_before_",
    "__asan_after_",
    "__asan_poison_stack_memory",
    "__asan_unpoison_stack_memory",
    "__asan_poison_cxx",
    "__asan_set_shadow_",
    "__asan_mem",
    "__asan_shadow_",
    "__asan_globals_",
    "__asan_gen_",
    "__ubsan_handle_",
    "__ubsan_vptr_",
    UNCHECKED,
];

/// What they make it call of the runtime that watches threads.
const BY_COMPILERS_FOR_THREADS: [&str; 10] = [
    "__tsan_init",
    "__tsan_func_",
    "__tsan_read",
    "__tsan_write",
    "__tsan_unaligned_",
    "__tsan_volatile_",
    "__tsan_vptr_",
    "__tsan_atomic",
    "__tsan_mem",
    UNCHECKED,
];

/// That runtime takes a program's word under these names for what its threads do.
const ANNOTATIONS: [&str; 2] = ["Annotate", "WTFAnnotate"];

/// The runtime's own copies of `memcpy`, `memmove` and `memset`, which look at no address. The start of a program by gcc 14 names
/// them; a program that calls one has kept its bytes from being looked at.
const UNCHECKED: &str = "__sanitizer_internal_mem";

/// Attributes that take a function out, without their arguments.
const ATTRIBUTES: [&str; 5] = [
    "no_sanitize_address",
    "no_sanitize_undefined",
    "no_sanitize_thread",
    "no_address_safety_analysis",
    "disable_sanitizer_instrumentation",
];
/// The one that has arguments.
const ATTRIBUTE: &str = "no_sanitize";
/// What tells a source that it is sanitized.
const QUESTIONS: [&str; 2] = ["__SANITIZE_ADDRESS__", "__SANITIZE_THREAD__"];
/// The same of clang and newer gcc, with an argument.
const FEATURES: &str = "__has_feature";

/// So much of what stands before a name is looked at, to see whether it is in an attribute.
const ATTRIBUTE_MAX: usize = 4096;

/// Flags that make the same source the same program: an attribute that takes a function out is nothing, and what tells a source
/// that it is sanitized says no.
pub(super) fn flags(has_features: bool) -> Vec<String> {
    let mut flags: Vec<String> = QUESTIONS.map(|name| format!("-U{name}")).into();
    flags.extend(has_features.then(|| format!("-D{FEATURES}(x)=0")));
    for name in [ATTRIBUTE.to_owned(), format!("__{ATTRIBUTE}__")] {
        flags.push(format!("-D{name}(...)="));
    }
    for name in ATTRIBUTES {
        flags.extend([format!("-D{name}="), format!("-D__{name}__=")]);
    }
    for call in ["cpy", "move", "set"] {
        flags.push(format!("-D{UNCHECKED}{call}=mem{call}"));
    }
    flags
}

/// The name of [`flags`] that a source defines anew or undefines, which would let it ask again not to be instrumented; or that it
/// uses elsewhere than in an attribute, which would tell it that the name stands for nothing, and so that it is sanitized.
pub(super) fn unmasked(source: &[u8]) -> Option<String> {
    let text = without_splices(&String::from_utf8_lossy(source));
    if text.contains(UNCHECKED) {
        return Some(UNCHECKED.to_owned());
    }
    in_directive(&text).or_else(|| outside_of_attributes(&text))
}

/// Directives are looked for in comments and strings, too: nothing else has these names in them, and what is a comment to a
/// compiler depends on more than is known here.
fn in_directive(text: &str) -> Option<String> {
    let mut blanks = Blanks::of(text);
    let directives = text.match_indices(['#', ':', '=']);
    directives.into_iter().find_map(|(at, mark)| {
        let before = &text[..at];
        let is_directive = match mark {
            "#" => true,
            ":" => before.ends_with('%'),
            _ => before.ends_with("??"),
        };
        let rest = is_directive.then(|| &text[blanks.end(at + 1)..])?;
        if let Some(rest) = ["undef", "define"]
            .iter()
            .find_map(|word| rest.strip_prefix(word))
        {
            let name = first_name(&text[blanks.end(text.len() - rest.len())..]);
            let is_ours = is_attribute(name) || name == FEATURES || QUESTIONS.contains(&name);
            return is_ours.then(|| name.to_owned());
        }
        // `if`, `ifdef`, `ifndef`, `elif`, `elifdef`, `elifndef`.
        let condition = ["if", "elif"]
            .iter()
            .find_map(|word| rest.strip_prefix(word))?;
        let condition = condition.lines().next().unwrap_or_default();
        names(condition)
            .map(|(_, name)| name)
            .find(|name| is_attribute(name))
            .map(str::to_owned)
    })
}

/// The first such name in the code itself that is no attribute: made into a string, or called like a function.
fn outside_of_attributes(text: &str) -> Option<String> {
    // Where a raw string begins, comments cannot be told from code without more of a lexer than this.
    let bare = match text.contains("R\"") {
        true => text.as_bytes().to_vec(),
        false => source::without_comments_and_strings(text.as_bytes()),
    };
    let code = String::from_utf8_lossy(&bare);
    names(&code)
        .find(|(at, name)| is_attribute(name) && !is_in_attribute(&code[..*at]))
        .map(|(_, name)| name.to_owned())
}

/// Whether what comes behind this text stands in `__attribute__((...))`, or behind a vendor's name in `[[...]]`.
fn is_in_attribute(before: &str) -> bool {
    let before = last(before, ATTRIBUTE_MAX);
    if before.trim_end().ends_with("::") {
        return true;
    }
    let mut closed = 0;
    let opened = before.char_indices().rev().find(|(_, c)| {
        match c {
            ')' => closed += 1,
            '(' if closed == 0 => return true,
            '(' => closed -= 1,
            _ => {}
        }
        false
    });
    let Some((at, _)) = opened else {
        return false;
    };
    let outer = before[..at].trim_end().strip_suffix('(');
    outer.is_some_and(|outer| {
        let outer = outer.trim_end();
        outer.ends_with("__attribute__") || outer.ends_with("__attribute")
    })
}

/// Whether a name is one of the attributes, with or without underscores around it.
fn is_attribute(name: &str) -> bool {
    let bare = name
        .strip_prefix("__")
        .and_then(|name| name.strip_suffix("__"));
    let bare = bare.unwrap_or(name);
    bare == ATTRIBUTE || ATTRIBUTES.contains(&bare)
}

/// The identifiers of a text, and where they begin.
fn names(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let words = text.split(move |c| !is_part(c));
    let words = words.filter(|word| !word.is_empty());
    words.map(|word| (word.as_ptr().addr() - text.as_ptr().addr(), word))
}

/// The source of the object that is linked to the program.
pub(super) fn witness(sanitizers: Sanitizers) -> String {
    let hooks = match sanitizers {
        Sanitizers::Memory => memory_hooks(),
        Sanitizers::Threads => format!(
            "ALONE void __tsan_on_report(void *report) {{ (void)report; WITNESS; }}\n{}",
            synchronisation::source()
        ),
    };
    format!(
        r#"#undef no_sanitize
#define ALONE __attribute__((no_sanitize("address", "undefined", "thread"), used))
#ifdef __aarch64__
#define WITNESS \
    do {{ \
        register long call __asm__("x8") = 129L; \
        register long first __asm__("x0") = {SANITIZER_WITNESS}L; \
        register long second __asm__("x1") = 0L; \
        __asm__ volatile("svc #0" : "+r"(first) : "r"(call), "r"(second) : "memory"); \
    }} while (0)
#else
#define WITNESS \
    do {{ \
        long result; \
        __asm__ volatile("syscall" : "=a"(result) : "0"(62L), "D"({SANITIZER_WITNESS}L), "S"(0L) : "rcx", "r11", "memory"); \
    }} while (0)
#endif
#ifdef __cplusplus
extern "C" {{
#endif
{hooks}
#ifdef __cplusplus
}}
#endif
"#
    )
}

/// What begins with a report about memory.
fn memory_hooks() -> String {
    const BANNER: &str = "ERROR: AddressSanitizer";
    let letters = BANNER.chars().enumerate();
    // Letter by letter, so that the code is the same bytes wherever it is linked.
    let begins: Vec<String> = letters
        .map(|(at, letter)| format!("text[{at}] == '{letter}'"))
        .collect();
    let begins = begins.join(" && ");
    format!(
        r#"ALONE void __asan_on_error(void) {{ WITNESS; }}
ALONE void __ubsan_on_report(void) {{ WITNESS; }}
ALONE void __sanitizer_on_print(const char *text)
{{
    for (; *text; text++) {{
        if ({begins}) {{
            WITNESS;
            return;
        }}
    }}
}}
"#
    )
}

/// The symbol by which a program interferes with its sanitizers.
pub(super) fn silencer(program: &Path, sanitizers: Sanitizers) -> Option<String> {
    let by_compilers: &[&str] = match sanitizers {
        Sanitizers::Memory => &BY_COMPILERS,
        Sanitizers::Threads => &BY_COMPILERS_FOR_THREADS,
    };
    let bytes = std::fs::read(program).ok()?;
    symbols(&bytes).into_iter().find_map(|(name, is_defined)| {
        // A variable of the runtime's that compilers read is copied into the program by the linker.
        let copied = [
            "__ubsan_vptr_",
            "__asan_option_",
            "__asan_shadow_",
            "__asan_gen_",
            "__asan_globals_",
        ];
        let ours = is_defined
            && (hooks(sanitizers).contains(&name.as_str())
                || is_check(&name)
                || copied.iter().any(|start| name.starts_with(start)));
        let compilers = !is_defined && by_compilers.iter().any(|start| name.starts_with(start));
        let meant = PREFIXES.iter().any(|start| name.starts_with(start));
        let round_about = !is_defined
            && (ALLOCATORS.contains(&name.as_str())
                || ANNOTATIONS.iter().any(|start| name.starts_with(start)));
        ((meant && !ours && !compilers) || round_about).then_some(name)
    })
}

/// Whether it is one of the checks that clang links to every program, for an option that nothing uses:
/// `__asan_check_load_add_8_RAX`.
pub(super) fn is_check(name: &str) -> bool {
    let rest = ["__asan_check_load_add_", "__asan_check_store_add_"]
        .iter()
        .find_map(|start| name.strip_prefix(start));
    let Some((bytes, register)) = rest.and_then(|rest| rest.split_once('_')) else {
        return false;
    };
    let is_register = register.len() <= 3
        && register.starts_with('R')
        && register
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    is_register && ["1", "2", "4", "8", "16"].contains(&bytes)
}

/// The hook of which a linker has found two definitions.
pub(super) fn doubled(output: &str) -> Option<String> {
    let lines = output
        .lines()
        .filter(|line| line.contains("multiple definition"));
    let mut hooks = lines.flat_map(|line| all_hooks().filter(|hook| line.contains(hook)));
    hooks.next().map(str::to_owned)
}

/// Global symbols of an executable, and whether it defines them.
fn symbols(file: &[u8]) -> Vec<(String, bool)> {
    let mut all = Vec::new();
    let Ok(header) = FileHeader64::<Endianness>::parse(file) else {
        return all;
    };
    let Ok(endian) = header.endian() else {
        return all;
    };
    let Ok(sections) = header.sections(endian, file) else {
        return all;
    };
    for kind in [object::elf::SHT_SYMTAB, object::elf::SHT_DYNSYM] {
        let Ok(table) = sections.symbols(endian, file, kind) else {
            continue;
        };
        for symbol in table.iter().filter(|symbol| !symbol.is_local()) {
            let Ok(name) = symbol.name(endian, table.strings()) else {
                continue;
            };
            // In one table names are followed by their versions: `__asan_init@V8`.
            let name = String::from_utf8_lossy(name);
            let name = name.split('@').next().unwrap_or_default().to_owned();
            all.push((name, !symbol.is_undefined(endian)));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::{doubled, is_check, unmasked};

    #[test]
    fn what_clang_links_to_every_program_is_known_by_name() {
        assert!(is_check("__asan_check_load_add_16_RAX"));
        assert!(is_check("__asan_check_store_add_1_R8"));
        for other in [
            "__asan_check_load_add_3_RAX",
            "__asan_check_load_add_8_RAX2",
            "__asan_check_load_add_8_rax",
            "__asan_check_mine",
            "__asan_report_load8",
        ] {
            assert!(!is_check(other), "{other}");
        }
    }

    #[test]
    fn a_name_that_is_undefined_or_defined_anew_is_found() {
        let check = |source: &str, name: Option<&str>| {
            assert_eq!(unmasked(source.as_bytes()).as_deref(), name, "{source:?}");
        };
        check("#undef no_sanitize\n", Some("no_sanitize"));
        check("  #  undef __no_sanitize__", Some("__no_sanitize__"));
        check("#/* a */undef/* b */no_sanitize", Some("no_sanitize"));
        check("#un\\\ndef no_\\ \nsanitize\n", Some("no_sanitize"));
        check("%:undef no_sanitize_address", Some("no_sanitize_address"));
        check("??=undef no_sanitize", Some("no_sanitize"));
        check("#define no_sanitize no_sanitize", Some("no_sanitize"));
        check("#define no_sanitize(x) no_sanitize(x)", Some("no_sanitize"));
        check("#undef __has_feature", Some("__has_feature"));
        check(
            "char *a = R\"(/*)\";\n#undef no_sanitize\n/**/",
            Some("no_sanitize"),
        );
        check("__attribute__((no_sanitize(\"address\")))", None);
        check("#ifdef __SANITIZE_ADDRESS__\n#define CALM 1\n#endif", None);
        check(
            "#define NO_SANITIZE __attribute__((no_sanitize_address))",
            None,
        );
        check("/* we undefine no_sanitize */", None);
        check(
            "void *f(void *, void *, long) __asm__(\"__sanitizer_internal_memcpy\");",
            Some("__sanitizer_internal_mem"),
        );
        // What asks whether the names stand for something.
        check("#ifdef no_sanitize\n", Some("no_sanitize"));
        check(
            "# if defined(X) || defined( __no_sanitize_address__ )\n",
            Some("__no_sanitize_address__"),
        );
        check("#elifdef no_sanitize\n", Some("no_sanitize"));
        check("#if X\nint no;\n#endif", None);
        check(
            "#define S(x) #x\n#define T(x) S(x)\nchar a[] = T(no_sanitize_address);",
            Some("no_sanitize_address"),
        );
        check("int a = 1 + no_sanitize(1) - 0;", Some("no_sanitize"));
        check(
            "char *a = R\"(/*)\"; int b = 1 + no_sanitize(1) - 0; /**/",
            Some("no_sanitize"),
        );
        check(
            "__attribute__ (( noinline, no_sanitize ( \"address\" ) ))",
            None,
        );
        check("__attribute((__no_sanitize_address__)) void f(void);", None);
        check("[[gnu::no_sanitize(\"address\")]] void f();", None);
        check(
            "puts(\"no_sanitize\"); // no_sanitize\nputs(\"\\\"\"); /* no_sanitize */",
            None,
        );
        check("char c = '\"'; /* no_sanitize */ char d = '\"';", None);
        check("it's /* no_sanitize */\nok", None);
    }

    #[test]
    fn a_hook_that_is_defined_twice_is_named() {
        let output = "/usr/bin/ld: /tmp/cc1.o: in function `__asan_on_error':\nw.c:9: multiple definition of `__asan_on_error'; /tmp/cc0.o:a.c:3: first defined here\n";
        assert_eq!(doubled(output).as_deref(), Some("__asan_on_error"));
        assert_eq!(doubled("multiple definition of `main'"), None);
    }
}
