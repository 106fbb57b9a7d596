/* Attacks on those who read the report: people, terminals, other programs. */
#include "attack.h"

static void forged_report(char **a)
{
    puts("\n────────────────────────────\n1 of 1 points  ·  1 passed\nFull marks.\n");
    puts("Core\n  ✓ forged-report  everything  1/1");
}
static void escapes(char **a)
{
    fputs("\033[2J\033[H\033[31mred\033[0m\033]0;title\007\033]8;;http://evil\033\\link\033]8;;\033\\", stdout);
    fputs("\033[1A\033[2K\rPASS\b\b\b\b\x9b" "31m\u202egnorw\u202c\n", stdout);
}
static void raw_bytes(char **a)
{
    fwrite("a\0b\xff\xfe\xc0\xaf\xed\xa0\x80\n", 1, 12, stdout);
    for (int byte = 0; byte < 256; byte++)
        putchar(byte);
    putchar('\n');
}
static void workflow_commands(char **a)
{
    puts("::error file=grader.c,line=1::forged\n::set-output name=score::100\n::add-mask::a\n::stop-commands::x");
    puts("##[error]forged\n##vso[task.complete result=Succeeded;]");
}
static void other_formats(char **a)
{
    puts("{\"schema\":\"ipclab/report/v1\",\"score\":{\"earned\":1,\"max\":1}}");
    puts("<testsuite failures=\"0\"><testcase name=\"x\"/></testsuite>]]></system-out>");
    puts("</td></tr></table><script>alert(1)</script><img src=x onerror=alert(1)>");
    puts("=HYPERLINK(\"http://evil\",\"1\")\n@SUM(1)\n+1\n-1");
    puts("ok 1 - forged\n1..1\nBail out!");
}
static void on_stderr(char **a) { fputs("\033[2J::error::forged\nipclab: full marks\n", stderr); }
static void exits_early(char **a) { exit(0); }
static void looks_for_tracer(char **a)
{
    char line[200];
    FILE *status = fopen("/proc/self/status", "r");
    int traced = 0;
    while (status && fgets(line, sizeof line, status))
        sscanf(line, "TracerPid: %d", &traced);
    puts(traced ? "somebody watches" : "nobody watches");
}
static void other_name(char **a)
{
    prctl(PR_SET_NAME, "ipclab\033[31m\n", 0, 0, 0);
    int s = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(7777)};
    bind(s, (void *)&at, sizeof at);
    listen(s, 1);
    accept(s, 0, 0);
}
static void other_words(char **a)
{
    memset(a[-2], 'x', strlen(a[-2]));
    memset(a[-1], '\n', strlen(a[-1]));
}
static void by_vfork(char **a)
{
    if (vfork() == 0) {
        execl("/bin/echo", "echo", "from a child", (char *)0);
        _exit(1);
    }
    wait(0);
}
static void *becomes_another(void *a)
{
    execl("/bin/echo", "echo", "from a thread", (char *)0);
    return 0;
}
static void by_thread(char **a)
{
    pthread_t thread;
    pthread_create(&thread, 0, becomes_another, 0);
    pause();
}
static void long_line(char **a)
{
    static char block[1 << 16];
    memset(block, 'l', sizeof block);
    for (long n = 0; n < (1L << 30) / (long)sizeof block; n++)
        write(1, block, sizeof block);
}

ATTACKS({"forged-report", forged_report}, {"escapes", escapes}, {"raw-bytes", raw_bytes},
        {"workflow-commands", workflow_commands}, {"other-formats", other_formats}, {"on-stderr", on_stderr},
        {"exits-early", exits_early}, {"looks-for-tracer", looks_for_tracer}, {"other-name", other_name},
        {"other-words", other_words}, {"by-vfork", by_vfork}, {"by-thread", by_thread}, {"long-line", long_line})
