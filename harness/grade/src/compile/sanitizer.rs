//! The sanitized build: what keeps a submission from silencing the sanitizers, and what is found where it tries.
//!
//! The runtime's own hooks at a report's beginning are ours: an object that is linked to the program defines them, and makes a
//! call that the tracer sees. So nothing that the program does afterwards undoes a report: a hook of its own, a closed
//! stderr, a handler, `_exit(2)`. Two definitions of a hook do not link, and other symbols of the runtime's are looked for in
//! the program.

use std::path::Path;

use ipclab_evidence::SANITIZER_WITNESS;
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
const HOOKS: [&str; 3] = [
    "__asan_on_error",
    "__ubsan_on_report",
    "__sanitizer_on_print",
];

/// What compilers themselves make a program call of the runtimes.
const BY_COMPILERS: [&str; 24] = [
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
];

/// Flags that make the same source the same program: an attribute that takes a function out is nothing, and what tells a source
/// that it is sanitized says no.
pub(super) fn flags(has_features: bool) -> Vec<String> {
    let mut flags = vec!["-U__SANITIZE_ADDRESS__".to_owned()];
    flags.extend(has_features.then(|| "-D__has_feature(x)=0".to_owned()));
    for name in ["no_sanitize", "__no_sanitize__"] {
        flags.push(format!("-D{name}(...)="));
    }
    for name in [
        "no_sanitize_address",
        "no_sanitize_undefined",
        "no_address_safety_analysis",
    ] {
        flags.extend([format!("-D{name}="), format!("-D__{name}__=")]);
    }
    flags
}

/// The source of the object that is linked to the program.
pub(super) fn witness() -> String {
    format!(
        r#"#undef no_sanitize
#define ALONE __attribute__((no_sanitize("address", "undefined"), used))
#ifdef __cplusplus
extern "C" {{
#endif
ALONE static void witness(void)
{{
    long result;
    __asm__ volatile("syscall" : "=a"(result) : "0"(62L), "D"({SANITIZER_WITNESS}L), "S"(0L) : "rcx", "r11", "memory");
}}
ALONE void __asan_on_error(void) {{ witness(); }}
ALONE void __ubsan_on_report(void) {{ witness(); }}
ALONE void __sanitizer_on_print(const char *text)
{{
    static const char begin[] = "ERROR: AddressSanitizer";
    for (; *text; text++) {{
        int at = 0;
        while (begin[at] && text[at] == begin[at])
            at++;
        if (!begin[at]) {{
            witness();
            return;
        }}
    }}
}}
#ifdef __cplusplus
}}
#endif
"#
    )
}

/// The symbol by which a program interferes with its sanitizers.
pub(super) fn silencer(program: &Path) -> Option<String> {
    let bytes = std::fs::read(program).ok()?;
    symbols(&bytes).into_iter().find_map(|(name, is_defined)| {
        let ours = is_defined && HOOKS.contains(&name.as_str());
        let compilers = !is_defined && BY_COMPILERS.iter().any(|start| name.starts_with(start));
        let meant = PREFIXES.iter().any(|start| name.starts_with(start));
        (meant && !ours && !compilers).then_some(name)
    })
}

/// The hook of which a linker has found two definitions.
pub(super) fn doubled(output: &str) -> Option<String> {
    let lines = output
        .lines()
        .filter(|line| line.contains("multiple definition"));
    let mut hooks = lines.flat_map(|line| HOOKS.into_iter().filter(|hook| line.contains(hook)));
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
    use super::doubled;

    #[test]
    fn a_hook_that_is_defined_twice_is_named() {
        let output = "/usr/bin/ld: /tmp/cc1.o: in function `__asan_on_error':\nw.c:9: multiple definition of `__asan_on_error'; /tmp/cc0.o:a.c:3: first defined here\n";
        assert_eq!(doubled(output).as_deref(), Some("__asan_on_error"));
        assert_eq!(doubled("multiple definition of `main'"), None);
    }
}
