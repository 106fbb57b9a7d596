#ifndef COMMON_H
#define COMMON_H
struct client { int fd; size_t from, to; char *data; int ended; struct client *next; };
int start_listening(const char *port);
extern volatile int quit_now;
void catch_signals(void);
struct client *welcome(int listener, struct client *list, int most);
int fill(struct client *c);
int drain(struct client *c);
struct client *bury(struct client *list);
#endif
