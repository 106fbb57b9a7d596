/* Recursion makes the children, waitid() waits, and each line is one write(). */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void say(int fd, const char *format, ...)
{
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (write(fd, line, length) != length)
        _exit(100);
}

static long digits(const char **text)
{
    long n = -1;
    for (; **text >= '0' && **text <= '9' && n < 100000; ++*text)
        n = (n < 0 ? 0 : n) * 10 + (**text - '0');
    return n;
}

/* The status, or 1000 and the signal; -1: neither. */
static long meaning(const char *text, long *seconds)
{
    long signal = 0;
    *seconds = 0;
    if (*text == 's') {
        signal = 1000;
        text++;
    }
    long n = digits(&text);
    if (*text == '@') {
        text++;
        if ((*seconds = digits(&text)) < 0)
            return -1;
    }
    if (*text != '\0' || n < 0 || (signal ? n == 0 || n > 64 : n > 255))
        return -1;
    return signal + n;
}

static int make(char **words)
{
    long seconds, means;
    if (*words == NULL)
        return 0;
    pid_t pid = fork();
    if (pid < 0) {
        say(STDERR_FILENO, "fork failed: %s\n", strerror(errno));
        return 1;
    }
    if (pid > 0)
        return make(words + 1);
    means = meaning(*words, &seconds);
    for (unsigned left = seconds; left > 0;)
        left = sleep(left);
    say(STDOUT_FILENO, "%d: my parent is %d\n", (int)getpid(), (int)getppid());
    if (means > 1000) {
        signal(means - 1000, SIG_DFL);
        kill(getpid(), means - 1000);
    }
    _exit(means % 1000);
}

int main(int argc, char **argv)
{
    siginfo_t info;
    long ignored;

    for (int i = 1; i < argc; i++)
        if (meaning(argv[i], &ignored) < 0)
            argc = 0;
    if (argc < 2) {
        say(STDERR_FILENO, "%s: wants statuses (0 to 255) or signals (s1 to s64), each with @SECONDS perhaps\n", argv[0]);
        return 2;
    }
    say(STDOUT_FILENO, argc == 2 ? "%d child\n" : "%d children\n", argc - 1);
    int failures = make(argv + 1);
    while (waitid(P_ALL, 0, &info, WEXITED) == 0) {
        if (info.si_code == CLD_EXITED)
            say(STDOUT_FILENO, "%d exited with %d\n", (int)info.si_pid, info.si_status);
        else
            say(STDOUT_FILENO, "%d was ended by signal %d (%s)\n", (int)info.si_pid, info.si_status, strsignal(info.si_status));
        failures += info.si_code != CLD_EXITED || info.si_status != 0;
    }
    return failures;
}
