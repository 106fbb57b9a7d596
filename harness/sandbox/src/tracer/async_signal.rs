//! Functions of the C library that a handler of signals must not call, signal-safety(7).
//!
//! Those that take a lock, allocate memory or change what the interrupted code may be in the middle of: to call one of them is
//! wrong on every system. What POSIX leaves out of its list and does no harm (`snprintf(3)`, `strlen(3)`) is not here.

/// Them by their symbols.
#[rustfmt::skip]
pub(super) const UNSAFE: &[&str] = &[
    // Streams are locked, and their buffers are changed.
    "printf", "fprintf", "vprintf", "vfprintf", "__printf_chk", "__fprintf_chk", "__vprintf_chk", "__vfprintf_chk",
    "puts", "fputs", "putchar", "putc", "fputc", "_IO_putc", "putchar_unlocked", "fwrite", "perror", "psignal",
    "scanf", "fscanf", "__isoc99_scanf", "__isoc99_fscanf", "__isoc23_scanf", "__isoc23_fscanf",
    "gets", "fgets", "__fgets_chk", "getchar", "getc", "fgetc", "_IO_getc", "getline", "fread", "__fread_chk", "ungetc",
    "fopen", "fopen64", "fdopen", "freopen", "fclose", "fflush", "setvbuf", "setbuf", "popen", "pclose",
    // Memory is allocated, under a lock.
    "malloc", "calloc", "realloc", "free", "strdup", "strndup", "asprintf", "vasprintf", "__asprintf_chk", "posix_memalign", "aligned_alloc",
    "opendir", "readdir", "closedir",
    // Functions of the program run, and buffers are written.
    "exit", "system", "syslog", "openlog", "closelog",
    // Locks of the program's own, and new threads.
    "pthread_mutex_lock", "pthread_mutex_trylock", "pthread_mutex_unlock", "pthread_cond_wait", "pthread_cond_signal",
    "pthread_cond_broadcast", "pthread_create", "pthread_join", "pthread_exit",
    // Tables that are read under a lock.
    "localtime", "ctime", "mktime", "strftime", "getpwnam", "getpwuid", "getaddrinfo", "gethostbyname", "rand", "srand", "random",
    // The C++ library's new and delete.
    "_Znwm", "_Znam", "_ZdlPv", "_ZdaPv", "_ZdlPvm",
];

/// Those that leave a handler without returning from it.
pub(super) const LEAVES: &[&str] = &[
    "siglongjmp",
    "longjmp",
    "_longjmp",
    "__longjmp_chk",
    "setcontext",
    "swapcontext",
    "__cxa_throw",
];
