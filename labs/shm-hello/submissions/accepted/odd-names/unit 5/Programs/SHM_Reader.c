/* Prog 3 - reader process */
#include <unistd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/ipc.h>
#include <sys/shm.h>

int main(int argc, char **argv)
{
	int shmid;
	char *shm, *s;

	if ((shmid = shmget(0x64, 1 << 10, 0)) < 0) {
		perror("shmget");
		return 1;
	}
	if ((shm = shmat(shmid, NULL, SHM_RDONLY)) == (char *) -1) {
		perror("shmat");
		return 1;
	}
	write(1, "The memory says: ", 17);
	for (s = shm; s < shm + 1024 && *s != '\0'; s++)
		write(1, s, 1);
	write(1, "\n", 1);
	if (shmctl(shmid, IPC_RMID, NULL) < 0) {
		perror("shmctl");
		return 1;
	}
	shmdt(shm);
	return 0;
}