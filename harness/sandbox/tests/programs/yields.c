/* Two programs of a student, of which one relies on what the other has done by then. */
#include "common.h"

static int family;
static void kind(const char *name) { family = *name == 't' ? AF_INET : AF_UNIX; }

/* Sends letter by letter. */
static void letters(char **a)
{
    kind(a[0]);
    int c = must(accept(listening(family, SOCK_STREAM), 0, 0), "accept");
    unlink(PATH);
    for (const char *at = "hello"; *at; at++)
        must(send(c, at, 1, MSG_NOSIGNAL), "send");
}
/* Prints what one recv() brings. */
static void once(char **a)
{
    char text[9] = "";
    kind(a[0]);
    int s = connected(family, SOCK_STREAM);
    must(recv(s, text, 8, 0), "recv");
    puts(text);
    while (recv(s, text, 8, 0) > 0)
        ;
}
/* Hangs up at once. */
static void hangs_up(char **a)
{
    kind(a[0]);
    int c = must(accept(listening(family, SOCK_STREAM), 0, 0), "accept");
    unlink(PATH);
    close(c);
}
/* Says how each of three sends ends. */
static void talks_on(char **a)
{
    kind(a[0]);
    int s = connected(family, SOCK_STREAM);
    for (int n = 0; n < 3; n++)
        puts(send(s, "x", 1, MSG_NOSIGNAL) == 1 ? "sent" : strerror(errno));
}

/* Asks again and again whether something has come. */
static void spins(char **a)
{
    char text[9];
    int have = 0;
    kind(a[0]);
    int s = connected(family, SOCK_STREAM);
    while (have < 5) {
        int got = recv(s, text + have, 5 - have, MSG_DONTWAIT);
        have += got > 0 ? got : 0;
    }
    text[have] = 0;
    puts(text);
}

static const struct act acts[] = {
    {"letters", letters}, {"once", once}, {"hangs-up", hangs_up}, {"talks-on", talks_on}, {"spins", spins}, {0}};
PLAY(acts)
