/*
 * Preloaded into a process, gives it a disk that is slow to promise, or fails to:
 *
 *   CARDEA_SYNC_DELAY_US  every sync takes so many microseconds more
 *   CARDEA_SYNC_FAILS     while there is a file of this path, every sync fails with EIO
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static int sync_by(const char *name, int fd) {
  int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
  const char *delay = getenv("CARDEA_SYNC_DELAY_US"), *fails = getenv("CARDEA_SYNC_FAILS");
  if (delay != NULL) usleep((useconds_t)atoi(delay));
  if (fails != NULL && access(fails, F_OK) == 0) {
    errno = EIO;
    return -1;
  }
  return real(fd);
}

int fsync(int fd) { return sync_by("fsync", fd); }

int fdatasync(int fd) { return sync_by("fdatasync", fd); }
